//! The questions a write must pass, asked of what the store holds.
//!
//! Lives here: [`Wanted`], what a chunk of writes looks at, [`Known`], what was found there, and the rules over it.
//! Stays out: how rows are found and written: each database has its own ways.
//! Touch with care: the order of the questions is part of the contract, and so is that all are asked before anything
//! is written. Whoever writes what was decided here makes sure that what was found is still true then: SQLite by letting
//! nobody else write in between, Postgres by comparing it once more in the statement that writes.

use std::collections::{BTreeMap, BTreeSet};

use dispatch::{
    DriverChange, DriverId, Epoch, Generation, RequestKey, RiderHas, RiderId, ShardId, StageName, Timestamp, Trip,
    TripId, TripWrite, Write, WriteError, is_under_way,
};
use tracing::error;

use super::changes::Changes;
use super::column::RawRow;
use super::records::{self, StoredDriver};
use crate::traits::holder_before;
use crate::{Done, Fence, Guarded, StoreError};

/// What the store holds of everything a chunk of writes looks at. `None` is a row that is there and cannot be read: the
/// writes that need it are refused.
#[derive(Debug, Default)]
pub(crate) struct Known {
    shards: BTreeMap<ShardId, Owned>,
    keys: BTreeMap<RequestKey, Option<TripId>>,
    trips: BTreeMap<TripId, Option<Held>>,
    drivers: BTreeMap<DriverId, Option<StoredDriver>>,
    /// Only those whose caps are asked about.
    riders: BTreeMap<RiderId, RiderHas>,
}

/// Whose a shard is, and the last number in the journal of that owner.
#[derive(Debug)]
struct Owned {
    epoch: Epoch,
    seq: u64,
}

/// A trip, as far as a guard must know it.
#[derive(Debug, Default)]
struct Held {
    version: u32,
    driver: Option<DriverId>,
    stage: Option<StageName>,
}

impl Held {
    fn of(trip: &Trip) -> Held {
        Held { version: trip.version, driver: trip.stage.committed_driver().cloned(), stage: Some(trip.stage.name()) }
    }
}

/// What a chunk of writes looks at.
#[derive(Default)]
pub(crate) struct Wanted<'a> {
    pub(crate) shards: BTreeSet<ShardId>,
    pub(crate) keys: BTreeSet<&'a RequestKey>,
    pub(crate) trips: BTreeSet<TripId>,
    pub(crate) drivers: BTreeSet<&'a DriverId>,
    /// Those whose caps are asked about.
    pub(crate) riders: BTreeSet<&'a RiderId>,
    /// Since when their cancellations matter; `None` when nobody's caps are asked about.
    pub(crate) since: Option<Timestamp>,
}

impl<'a> Wanted<'a> {
    pub(crate) fn by(writes: &'a [Guarded]) -> Wanted<'a> {
        let mut wanted = Wanted::default();
        for Guarded { fence, write } in writes {
            wanted.shards.insert(fence.shard);
            match write {
                Write::Move { driver, .. } => {
                    wanted.drivers.insert(driver);
                }
                Write::Trip(write) => {
                    wanted.trips.insert(write.after.id);
                    wanted.keys.extend(&write.key);
                    if let Some(caps) = &write.caps {
                        wanted.riders.insert(&write.after.rider);
                        wanted.since = Some(wanted.since.map_or(caps.since, |since| since.min(caps.since)));
                    }
                    match &write.driver {
                        DriverChange::Take(driver) | DriverChange::Free(driver) => {
                            wanted.drivers.insert(driver);
                        }
                        DriverChange::None => {}
                    }
                }
            }
        }
        wanted
    }
}

impl Known {
    /// What is known of riders before any row of theirs was seen.
    pub(crate) fn of(wanted: &Wanted<'_>) -> Known {
        let riders = wanted.riders.iter().map(|rider| ((*rider).clone(), RiderHas::default())).collect();
        Known { riders, ..Known::default() }
    }

    /// Takes in a shard: its id, its epoch, and the last number in the journal of that epoch as `seq`.
    pub(crate) fn shard(&mut self, row: &dyn RawRow) {
        // Without a readable epoch a shard has no owner: its writes are fenced.
        let read = || Ok((records::read_shard(row)?, records::read_epoch(row)?, records::read_last_seq(row)?));
        if let Some((shard, epoch, seq)) = seen(read()) {
            self.shards.insert(shard, Owned { epoch, seq });
        }
    }

    /// Takes in an idempotency key and what it was used for.
    pub(crate) fn key(&mut self, row: &dyn RawRow) {
        if let Some(key) = seen(records::read_key(row)) {
            self.used(key, row);
        }
    }

    /// Takes in what a key was used for.
    pub(crate) fn used(&mut self, key: RequestKey, row: &dyn RawRow) {
        self.keys.insert(key, seen(records::read_key_trip(row)));
    }

    /// Takes in a trip: its id, its version, and the columns of its stage.
    pub(crate) fn trip(&mut self, row: &dyn RawRow) {
        if let Some(id) = seen(records::read_trip_id(row)) {
            self.trips.insert(id, seen(read_held(row)));
        }
    }

    /// Takes in a driver's row.
    pub(crate) fn driver(&mut self, row: &dyn RawRow) {
        if let Some(id) = seen(records::read_driver_id(row)) {
            self.drivers.insert(id, seen(records::read_driver(row)));
        }
    }

    /// Takes in the rider and the stage of a trip that has not ended.
    pub(crate) fn active(&mut self, row: &dyn RawRow) {
        let read = || Ok((records::read_rider(row)?, records::read_stage_name(row)?));
        if let Some((rider, stage)) = seen(read()) {
            let has = self.riders.entry(rider).or_default();
            has.active += u32::from(is_under_way(stage));
            has.searching += u32::from(stage == StageName::Searching);
        }
    }

    /// Takes in the rider of a trip which that rider called off, and when; the latest first.
    pub(crate) fn called_off(&mut self, row: &dyn RawRow) {
        let read = || Ok((records::read_rider(row)?, records::read_since(row)?));
        if let Some((rider, at)) = seen(read()) {
            self.riders.entry(rider).or_default().called_off.push(at);
        }
    }

    /// Asks every question about a write. When it passes, what it changes is noted here and in `changes`.
    ///
    /// # Errors
    /// The refusal that the contract names.
    pub(crate) fn decide<'a>(&mut self, guarded: &'a Guarded, changes: &mut Changes<'a>) -> Result<Done, WriteError> {
        match &guarded.write {
            Write::Trip(write) => self.step(guarded.fence, write, changes),
            Write::Move { driver, from, generation, to } => {
                self.relocate(guarded.fence, driver, (*from, *generation), *to, changes)
            }
        }
    }

    fn step<'a>(&mut self, fence: Fence, write: &'a TripWrite, changes: &mut Changes<'a>) -> Result<Done, WriteError> {
        let after = &write.after;
        self.fenced(fence, after.id.home())?;
        match write.key.as_ref().and_then(|key| self.keys.get(key)) {
            Some(Some(trip)) => return Err(WriteError::SameKey(*trip)),
            Some(None) => return Err(WriteError::Stale),
            None => {}
        }
        if let (Some(caps), Some(has)) = (&write.caps, self.riders.get(&after.rider)) {
            let room = caps.allow(has, after, write.at);
            room.map_err(|(cap, retry_after)| WriteError::Capped { cap, retry_after })?;
        }
        let nothing = Held::default();
        let before = match self.trips.get(&after.id) {
            None => &nothing,
            Some(Some(held)) => held,
            Some(None) => return Err(WriteError::Stale),
        };
        let stage = before.stage;
        let follows = before.version.checked_add(1) == Some(after.version);
        if !follows || holder_before(&write.driver, after) != Some(before.driver.as_ref()) {
            return Err(WriteError::Stale);
        }
        match &write.driver {
            DriverChange::None => {}
            DriverChange::Take(driver) => self.take(driver, after.id, changes)?,
            DriverChange::Free(driver) => self.free(driver, after.id, changes)?,
        }
        if let Some(has) = self.riders.get_mut(&after.rider) {
            has.stepped(stage, after);
        }
        self.trips.insert(after.id, Some(Held::of(after)));
        if let Some(key) = &write.key {
            self.keys.insert(key.clone(), Some(after.id));
            changes.key(key, after.id);
        }
        let seq = self.next_seq(fence.shard);
        changes.step(fence, seq, write);
        Ok(Done::Journaled { seq })
    }

    /// Refuses a fence that gives no right to write for `shard` now.
    fn fenced(&self, fence: Fence, shard: ShardId) -> Result<(), WriteError> {
        let owned = self.shards.get(&fence.shard).is_some_and(|owned| owned.epoch == fence.epoch);
        if owned && fence.shard == shard { Ok(()) } else { Err(WriteError::Fenced) }
    }

    fn take(&mut self, id: &DriverId, trip: TripId, changes: &mut Changes<'_>) -> Result<(), WriteError> {
        match self.drivers.get_mut(id) {
            Some(Some(driver)) if driver.trip.is_none() => {
                changes.driver(driver, |driver| driver.trip = Some(trip));
                Ok(())
            }
            Some(_) | None => Err(WriteError::DriverTaken),
        }
    }

    fn free(&mut self, id: &DriverId, trip: TripId, changes: &mut Changes<'_>) -> Result<(), WriteError> {
        match self.drivers.get_mut(id) {
            Some(Some(driver)) if driver.trip == Some(trip) => {
                changes.driver(driver, |driver| driver.trip = None);
                Ok(())
            }
            Some(_) | None => Err(WriteError::Stale),
        }
    }

    fn relocate(
        &mut self,
        fence: Fence,
        id: &DriverId,
        (from, generation): (ShardId, Generation),
        to: ShardId,
        changes: &mut Changes<'_>,
    ) -> Result<Done, WriteError> {
        self.fenced(fence, from)?;
        let Some(Some(driver)) = self.drivers.get_mut(id) else { return Err(WriteError::Stale) };
        if (driver.home, driver.generation) != (Some(from), generation) {
            return Err(WriteError::Stale);
        }
        if driver.trip.is_some() {
            return Err(WriteError::DriverTaken);
        }
        changes.driver(driver, |driver| driver.moved(to));
        Ok(Done::Moved { generation: driver.generation })
    }

    fn next_seq(&mut self, shard: ShardId) -> u64 {
        self.shards.get_mut(&shard).map_or(0, |owned| {
            owned.seq += 1;
            owned.seq
        })
    }
}

fn read_held(row: &dyn RawRow) -> Result<Held, StoreError> {
    let stage = records::read_stage(row)?;
    let (driver, stage) = (stage.committed_driver().cloned(), Some(stage.name()));
    Ok(Held { version: records::read_trip_version(row)?, driver, stage })
}

/// What could be read; the rest is said in the log, because a refused write cannot say it.
fn seen<T>(read: Result<T, StoreError>) -> Option<T> {
    read.inspect_err(|corrupt| error!(%corrupt, "a row cannot be read: writes that need it are refused")).ok()
}
