//! The reference store: every rule of the contract as plainly as it can be written. Lasts as long as the process.
//!
//! Lives here: [`MemoryStore`], for simulations in virtual time and as the measure of every other store.
//! Stays out: disks, threads, waiting. Every method of the traits is a synchronous one with a coat.
//! Touch with care: the order of the questions in `Rows::step` and `Rows::relocate` is part of the contract.

mod between;
mod outbox;
mod policies;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use dispatch::invariants::Entry;
use dispatch::{
    DriverChange, DriverId, Epoch, Generation, RequestKey, RiderHas, RiderId, SessionId, ShardId, Stage, StageName,
    Trip, TripId, TripWrite, Write, WriteError,
};

pub use self::between::{Between, Tamper};
use self::outbox::Letters;
use crate::traits::holder_before;
use crate::{
    BoxFuture, Commitment, Done, DriverRow, Fence, Guarded, Journal, LoadedShard, Ownership, PolicyRevision, Records,
    StoreError,
};

/// A store in memory. It never fails; what it holds is gone when it is dropped.
#[derive(Debug, Default)]
pub struct MemoryStore {
    rows: Mutex<Rows>,
    letters: Mutex<Letters>,
    policies: Mutex<Vec<PolicyRevision>>,
}

/// A copy that goes its own way from here: for whoever tries out what may happen next.
impl Clone for MemoryStore {
    fn clone(&self) -> MemoryStore {
        let policies = self.policies.lock().unwrap_or_else(PoisonError::into_inner).clone();
        MemoryStore {
            rows: Mutex::new(self.rows().clone()),
            letters: Mutex::new(self.letters().clone()),
            policies: Mutex::new(policies),
        }
    }
}

/// A map that is asked millions of times in virtual time. Nobody hostile chooses its keys; what is told of many is sorted.
type FastMap<K, V> = HashMap<K, V, foldhash::fast::FixedState>;

#[derive(Clone, Debug, Default)]
struct Rows {
    shards: BTreeMap<ShardId, Owned>,
    drivers: FastMap<DriverId, Driver>,
    trips: FastMap<TripId, Trip>,
    keys: FastMap<RequestKey, TripId>,
    /// Riders with a trip under way, or who have called one off.
    riders: FastMap<RiderId, RiderHas>,
    journal: Vec<Entry>,
}

/// Whose a shard is, and the last number in the journal of that owner.
#[derive(Clone, Debug)]
struct Owned {
    epoch: Epoch,
    seq: u64,
}

#[derive(Clone, Debug)]
struct Driver {
    home: Option<ShardId>,
    generation: Generation,
    session: SessionId,
    trip: Option<TripId>,
}

impl Driver {
    fn new() -> Driver {
        Driver { home: None, generation: Generation(0), session: SessionId(0), trip: None }
    }

    fn moved(&mut self, home: ShardId) -> Generation {
        self.home = Some(home);
        self.generation = Generation(self.generation.0 + 1);
        self.generation
    }
}

impl MemoryStore {
    /// See [`Ownership::claim`].
    pub fn claim_now(&self, shard: ShardId) -> Epoch {
        let mut rows = self.rows();
        let next = rows.shards.get(&shard).map_or(Epoch(1), |owned| Epoch(owned.epoch.0 + 1));
        rows.shards.insert(shard, Owned { epoch: next, seq: 0 });
        next
    }

    /// See [`Ownership::shards_with_work`].
    pub fn shards_with_work_now(&self) -> Vec<ShardId> {
        let rows = self.rows();
        let trips = rows.trips.values().filter(|trip| trip.stage.name().is_active()).map(|trip| trip.id.home());
        let drivers = rows.drivers.values().filter(|driver| driver.trip.is_some()).filter_map(|driver| driver.home);
        trips.chain(drivers).collect::<BTreeSet<ShardId>>().into_iter().collect()
    }

    /// See [`Records::load`].
    pub fn load_now(&self, shard: ShardId) -> LoadedShard {
        let rows = self.rows();
        let here = rows.trips.values().filter(|trip| trip.stage.name().is_active() && trip.id.home() == shard);
        let home_of = |driver: &DriverId| rows.drivers.get(driver).and_then(|driver| driver.home);
        let mut trips: Vec<(Trip, Option<ShardId>)> =
            here.map(|trip| (trip.clone(), trip.stage.committed_driver().and_then(home_of))).collect();
        trips.sort_by_key(|(trip, _)| trip.id);
        let committed = rows.drivers.iter().filter(|(_, row)| row.home == Some(shard) && row.trip.is_some());
        let mut drivers: Vec<DriverRow> = committed.filter_map(|(id, _)| rows.driver(id)).collect();
        drivers.sort_by(|a, b| a.id.cmp(&b.id));
        LoadedShard { trips, drivers }
    }

    /// See [`Records::trip`].
    pub fn trip_now(&self, id: TripId) -> Option<Trip> {
        self.rows().trips.get(&id).cloned()
    }

    /// See [`Records::trip_by_key`].
    pub fn trip_by_key_now(&self, key: &RequestKey) -> Option<Trip> {
        let rows = self.rows();
        rows.keys.get(key).and_then(|id| rows.trips.get(id)).cloned()
    }

    /// See [`Records::scheduled_trips`].
    pub fn scheduled_trips_now(&self, rider: &RiderId) -> u64 {
        let rows = self.rows();
        let waits = |trip: &&Trip| trip.rider == *rider && trip.stage == Stage::Scheduled;
        rows.trips.values().filter(waits).count() as u64
    }

    /// See [`Records::driver`].
    pub fn driver_now(&self, id: &DriverId) -> Option<DriverRow> {
        self.rows().driver(id)
    }

    /// See [`Records::open_session`].
    pub fn open_session_now(&self, id: DriverId) -> DriverRow {
        let mut rows = self.rows();
        let driver = rows.drivers.entry(id.clone()).or_insert_with(Driver::new);
        driver.session = SessionId(driver.session.0 + 1);
        let driver = driver.clone();
        rows.with_trip(id, driver)
    }

    /// See [`Records::settle`].
    pub fn settle_now(&self, id: DriverId, home: ShardId) -> DriverRow {
        let mut rows = self.rows();
        let driver = rows.drivers.entry(id.clone()).or_insert_with(Driver::new);
        if driver.trip.is_none() && driver.home != Some(home) {
            driver.moved(home);
        }
        let driver = driver.clone();
        rows.with_trip(id, driver)
    }

    /// See [`Records::trips_by_stage`].
    pub fn trips_by_stage_now(&self) -> Vec<(StageName, u64)> {
        let rows = self.rows();
        let count = |stage| rows.trips.values().filter(|trip| trip.stage.name() == stage).count() as u64;
        StageName::ALL.into_iter().map(|stage| (stage, count(stage))).collect()
    }

    /// See [`Records::all_trips`].
    pub fn all_trips_now(&self) -> Vec<Trip> {
        let mut trips: Vec<Trip> = self.rows().trips.values().cloned().collect();
        trips.sort_by_key(|trip| trip.id);
        trips
    }

    /// See [`Records::all_drivers`].
    pub fn all_drivers_now(&self) -> Vec<Commitment> {
        let mut drivers: Vec<Commitment> =
            self.rows().drivers.iter().map(|(id, driver)| (id.clone(), driver.trip)).collect();
        drivers.sort();
        drivers
    }

    /// See [`Journal::commit`].
    pub fn commit_now(&self, writes: Vec<Guarded>) -> Vec<Result<Done, WriteError>> {
        let mut rows = self.rows();
        let write = |guarded: Guarded| match guarded.write {
            Write::Trip(write) => rows.step(guarded.fence, write),
            Write::Move { driver, from, generation, to } => {
                rows.relocate(guarded.fence, &driver, (from, generation), to)
            }
        };
        writes.into_iter().map(write).collect()
    }

    /// See [`Journal::read`].
    pub fn read_now(&self, after: u64, limit: u32) -> Vec<(u64, Entry)> {
        let rows = self.rows();
        // Not by skipping: whoever reads on line by line would count them all each time.
        let rest = usize::try_from(after).ok().and_then(|after| rows.journal.get(after..)).unwrap_or_default();
        // The lines first: behind the last number there is none to count on to.
        let lines = rest.iter().zip(after.saturating_add(1)..).take(limit as usize);
        lines.map(|(entry, line)| (line, entry.clone())).collect()
    }

    /// The whole journal, in the order it was committed.
    pub fn journal_now(&self) -> Vec<Entry> {
        self.rows().journal.clone()
    }

    /// No write stops half-way, so the rows are whole even when a thread panicked while it held them.
    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rows {
    fn driver(&self, id: &DriverId) -> Option<DriverRow> {
        self.drivers.get(id).map(|driver| self.with_trip(id.clone(), driver.clone()))
    }

    fn with_trip(&self, id: DriverId, driver: Driver) -> DriverRow {
        let Driver { home, generation, session, trip } = driver;
        DriverRow { id, home, generation, session, trip: trip.and_then(|trip| self.trips.get(&trip).cloned()) }
    }

    /// Whether the fence gives the right to write for `shard` now.
    fn may_write(&self, fence: Fence, shard: ShardId) -> bool {
        fence.shard == shard && self.shards.get(&shard).is_some_and(|owned| owned.epoch == fence.epoch)
    }

    /// One step of a trip: asks every question first, then writes, so that a refused write leaves no trace.
    fn step(&mut self, fence: Fence, write: TripWrite) -> Result<Done, WriteError> {
        let TripWrite { event, at, after, driver, key, caps } = write;
        let home = after.id.home();
        if !self.may_write(fence, home) {
            return Err(WriteError::Fenced);
        }
        if let Some(trip) = key.as_ref().and_then(|key| self.keys.get(key)) {
            return Err(WriteError::SameKey(*trip));
        }
        if let Some(caps) = caps {
            let has = self.riders.get(&after.rider).cloned().unwrap_or_default();
            caps.allow(&has, &after, at).map_err(|(cap, retry_after)| WriteError::Capped { cap, retry_after })?;
        }
        let before = self.trips.get(&after.id);
        let version_held = before.map_or(0, |trip| trip.version);
        if version_held.checked_add(1) != Some(after.version) {
            return Err(WriteError::Stale);
        }
        let holder = before.and_then(|trip| trip.stage.committed_driver());
        if holder_before(&driver, &after) != Some(holder) {
            return Err(WriteError::Stale);
        }
        self.may_change(&driver, after.id)?;

        match driver {
            DriverChange::None => {}
            DriverChange::Take(id) => self.commit_driver(&id, Some(after.id)),
            DriverChange::Free(id) => self.commit_driver(&id, None),
        }
        if let Some(key) = key {
            self.keys.insert(key, after.id);
        }
        let (trip, version) = (after.id, after.version);
        self.count(&after);
        self.trips.insert(trip, after);
        let seq = self.next_seq(home);
        self.journal.push(Entry { shard: home, epoch: fence.epoch, seq, trip, version, event, at });
        Ok(Done::Journaled { seq })
    }

    fn may_change(&self, change: &DriverChange, trip: TripId) -> Result<(), WriteError> {
        match change {
            DriverChange::None => Ok(()),
            DriverChange::Take(id) => match self.drivers.get(id) {
                Some(driver) if driver.trip.is_none() => Ok(()),
                Some(_) | None => Err(WriteError::DriverTaken),
            },
            DriverChange::Free(id) => match self.drivers.get(id) {
                Some(driver) if driver.trip == Some(trip) => Ok(()),
                Some(_) | None => Err(WriteError::Stale),
            },
        }
    }

    fn commit_driver(&mut self, id: &DriverId, trip: Option<TripId>) {
        if let Some(driver) = self.drivers.get_mut(id) {
            driver.trip = trip;
        }
    }

    /// What the rider of a trip has once the trip stands so.
    fn count(&mut self, after: &Trip) {
        let before = self.trips.get(&after.id).map(|trip| trip.stage.name());
        let has = self.riders.entry(after.rider.clone()).or_default();
        has.stepped(before, after);
        if *has == RiderHas::default() {
            self.riders.remove(&after.rider);
        }
    }

    fn next_seq(&mut self, shard: ShardId) -> u64 {
        self.shards.get_mut(&shard).map_or(0, |owned| {
            owned.seq += 1;
            owned.seq
        })
    }

    /// A driver's new home.
    fn relocate(
        &mut self,
        fence: Fence,
        id: &DriverId,
        (from, generation): (ShardId, Generation),
        to: ShardId,
    ) -> Result<Done, WriteError> {
        if !self.may_write(fence, from) {
            return Err(WriteError::Fenced);
        }
        match self.drivers.get_mut(id) {
            Some(driver) if (driver.home, driver.generation) != (Some(from), generation) => Err(WriteError::Stale),
            Some(driver) if driver.trip.is_some() => Err(WriteError::DriverTaken),
            Some(driver) => Ok(Done::Moved { generation: driver.moved(to) }),
            None => Err(WriteError::Stale),
        }
    }
}

fn ready<'a, T: Send + 'a>(value: T) -> BoxFuture<'a, T> {
    Box::pin(std::future::ready(value))
}

impl Ownership for MemoryStore {
    fn claim(&self, shard: ShardId) -> BoxFuture<'_, Result<Epoch, StoreError>> {
        ready(Ok(self.claim_now(shard)))
    }

    fn shards_with_work(&self) -> BoxFuture<'_, Result<Vec<ShardId>, StoreError>> {
        ready(Ok(self.shards_with_work_now()))
    }
}

impl Records for MemoryStore {
    fn load(&self, shard: ShardId) -> BoxFuture<'_, Result<LoadedShard, StoreError>> {
        ready(Ok(self.load_now(shard)))
    }

    fn trip(&self, id: TripId) -> BoxFuture<'_, Result<Option<Trip>, StoreError>> {
        ready(Ok(self.trip_now(id)))
    }

    fn trip_by_key(&self, key: RequestKey) -> BoxFuture<'_, Result<Option<Trip>, StoreError>> {
        ready(Ok(self.trip_by_key_now(&key)))
    }

    fn scheduled_trips(&self, rider: RiderId) -> BoxFuture<'_, Result<u64, StoreError>> {
        ready(Ok(self.scheduled_trips_now(&rider)))
    }

    fn driver(&self, id: DriverId) -> BoxFuture<'_, Result<Option<DriverRow>, StoreError>> {
        ready(Ok(self.driver_now(&id)))
    }

    fn open_session(&self, id: DriverId) -> BoxFuture<'_, Result<DriverRow, StoreError>> {
        ready(Ok(self.open_session_now(id)))
    }

    fn settle(&self, id: DriverId, home: ShardId) -> BoxFuture<'_, Result<DriverRow, StoreError>> {
        ready(Ok(self.settle_now(id, home)))
    }

    fn trips_by_stage(&self) -> BoxFuture<'_, Result<Vec<(StageName, u64)>, StoreError>> {
        ready(Ok(self.trips_by_stage_now()))
    }

    fn all_trips(&self) -> BoxFuture<'_, Result<Vec<Trip>, StoreError>> {
        ready(Ok(self.all_trips_now()))
    }

    fn all_drivers(&self) -> BoxFuture<'_, Result<Vec<Commitment>, StoreError>> {
        ready(Ok(self.all_drivers_now()))
    }
}

impl Journal for MemoryStore {
    fn commit(&self, writes: Vec<Guarded>) -> BoxFuture<'_, Vec<Result<Done, WriteError>>> {
        ready(self.commit_now(writes))
    }

    fn read(&self, after: u64, limit: u32) -> BoxFuture<'_, Result<Vec<(u64, Entry)>, StoreError>> {
        ready(Ok(self.read_now(after, limit)))
    }
}
