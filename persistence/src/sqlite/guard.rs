//! The questions a write must pass, asked of what the store holds.
//!
//! Lives here: [`Known`], the part of the store a chunk of writes looks at, and the rules over it.
//! Stays out: how rows are written ([`super::change`]).
//! Touch with care: the order of the questions is part of the contract, and so is that all are asked before anything
//! is written. Inside a transaction nobody else writes, so what was read stays true but for what this chunk changes.

use std::collections::{BTreeMap, BTreeSet};

use dispatch::{
    DriverChange, DriverId, Epoch, RequestKey, RiderHas, RiderId, ShardId, StageName, Timestamp, Trip, TripId,
    TripWrite, Write, WriteError, is_under_way,
};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};
use tracing::error;

use super::change::Changes;
use super::records::{self, StoredDriver};
use super::room::Statement;
use crate::traits::holder_before;
use crate::{Done, Fence, Guarded, StoreError};

const SHARDS: Statement = Statement {
    head: "SELECT shard, epoch, coalesce((SELECT max(seq) FROM trip_event \
         WHERE trip_event.shard = shard.shard AND trip_event.epoch = shard.epoch), 0) AS seq \
         FROM shard WHERE shard IN",
    width: 1,
    tail: "",
};

const KEYS: Statement =
    Statement { head: "SELECT rider, key, trip FROM idempotency WHERE (rider, key) IN", width: 2, tail: "" };

const TRIPS: Statement = Statement {
    head: "SELECT id, version, stage, driver, cancelled_by, cancel_reason, cancel_fee, host FROM trip WHERE id IN",
    width: 1,
    tail: "",
};

const DRIVERS: Statement = Statement {
    head: "SELECT id AS driver_id, home AS driver_home, generation AS driver_generation, \
         session AS driver_session, trip AS driver_trip FROM driver WHERE id IN",
    width: 1,
    tail: "",
};

/// The trips that riders have under way.
const ACTIVE: Statement = Statement {
    head: "SELECT rider, stage FROM trip WHERE rider IN",
    width: 1,
    tail: "AND stage NOT IN ('completed', 'cancelled', 'expired')",
};

/// When riders called trips off, since a moment that is bound last.
const CALLED_OFF: Statement = Statement {
    head: "SELECT rider, since FROM trip WHERE cancelled_by = 'rider' AND rider IN",
    width: 1,
    tail: "AND since > ? ORDER BY since DESC",
};

/// What is asked before every write.
#[cfg(test)]
pub(super) const QUESTIONS: [Statement; 6] = [SHARDS, KEYS, TRIPS, DRIVERS, ACTIVE, CALLED_OFF];

/// What the store holds of everything a chunk of writes looks at. `None` is a row that is there and cannot be read: the
/// writes that need it are refused.
#[derive(Debug, Default)]
pub(super) struct Known {
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
struct Wanted<'a> {
    shards: BTreeSet<ShardId>,
    keys: BTreeSet<&'a RequestKey>,
    trips: BTreeSet<TripId>,
    drivers: BTreeSet<&'a DriverId>,
    riders: BTreeSet<&'a RiderId>,
    /// Since when their cancellations matter.
    since: Option<Timestamp>,
}

impl<'a> Wanted<'a> {
    fn by(writes: &'a [Guarded]) -> Wanted<'a> {
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
    /// Reads what `writes` will look at.
    ///
    /// # Errors
    /// Whatever SQLite says.
    pub(super) async fn look(connection: &mut SqliteConnection, writes: &[Guarded]) -> Result<Known, sqlx::Error> {
        let wanted = Wanted::by(writes);
        let mut known = Known::default();
        known.look_at_shards(connection, &wanted.shards).await?;
        known.look_at_keys(connection, &wanted.keys).await?;
        known.look_at_trips(connection, &wanted.trips).await?;
        known.look_at_drivers(connection, &wanted.drivers).await?;
        if let Some(since) = wanted.since {
            known.look_at_riders(connection, &wanted.riders, since).await?;
        }
        Ok(known)
    }

    async fn look_at_shards(
        &mut self,
        connection: &mut SqliteConnection,
        shards: &BTreeSet<ShardId>,
    ) -> Result<(), sqlx::Error> {
        let mut query = SHARDS.over(shards.len());
        for shard in shards {
            query = query.bind(records::shard_number(*shard));
        }
        for row in query.fetch_all(connection).await? {
            // Without a readable epoch a shard has no owner: its writes are fenced.
            if let (Some(shard), Some(epoch)) = (seen(records::read_shard(&row)), seen(records::read_epoch(&row))) {
                let seq: i64 = row.try_get("seq")?;
                self.shards.insert(shard, Owned { epoch, seq: seq.cast_unsigned() });
            }
        }
        Ok(())
    }

    async fn look_at_keys(
        &mut self,
        connection: &mut SqliteConnection,
        keys: &BTreeSet<&RequestKey>,
    ) -> Result<(), sqlx::Error> {
        if keys.is_empty() {
            return Ok(());
        }
        let mut query = KEYS.over(keys.len());
        for key in keys {
            query = query.bind(key.rider.to_string()).bind(key.key.clone());
        }
        for row in query.fetch_all(connection).await? {
            if let Some(key) = seen(records::read_key(&row)) {
                self.keys.insert(key, seen(records::read_key_trip(&row)));
            }
        }
        Ok(())
    }

    async fn look_at_trips(
        &mut self,
        connection: &mut SqliteConnection,
        trips: &BTreeSet<TripId>,
    ) -> Result<(), sqlx::Error> {
        if trips.is_empty() {
            return Ok(());
        }
        let mut query = TRIPS.over(trips.len());
        for trip in trips {
            query = query.bind(trip.to_string());
        }
        for row in query.fetch_all(connection).await? {
            if let Some(id) = seen(records::read_trip_id(&row)) {
                self.trips.insert(id, seen(read_held(&row)));
            }
        }
        Ok(())
    }

    async fn look_at_drivers(
        &mut self,
        connection: &mut SqliteConnection,
        drivers: &BTreeSet<&DriverId>,
    ) -> Result<(), sqlx::Error> {
        if drivers.is_empty() {
            return Ok(());
        }
        let mut query = DRIVERS.over(drivers.len());
        for driver in drivers {
            query = query.bind(driver.to_string());
        }
        for row in query.fetch_all(connection).await? {
            if let Some(id) = seen(records::read_driver_id(&row)) {
                self.drivers.insert(id, seen(records::read_driver(&row)));
            }
        }
        Ok(())
    }

    async fn look_at_riders(
        &mut self,
        connection: &mut SqliteConnection,
        riders: &BTreeSet<&RiderId>,
        since: Timestamp,
    ) -> Result<(), sqlx::Error> {
        let mut active = ACTIVE.over(riders.len());
        for rider in riders {
            active = active.bind(rider.to_string());
            self.riders.insert((*rider).clone(), RiderHas::default());
        }
        for row in active.fetch_all(&mut *connection).await? {
            let (Some(rider), Some(stage)) = (seen(records::read_rider(&row)), seen(records::read_stage_name(&row)))
            else {
                continue;
            };
            let has = self.riders.entry(rider).or_default();
            has.active += u32::from(is_under_way(stage));
            has.searching += u32::from(stage == StageName::Searching);
        }
        let mut called_off = CALLED_OFF.over(riders.len());
        for rider in riders {
            called_off = called_off.bind(rider.to_string());
        }
        // Room for more riders than there are comes before the moment.
        for _ in riders.len()..Statement::room(riders.len()) {
            called_off = called_off.bind(None::<String>);
        }
        for row in called_off.bind(records::moment_number(since)).fetch_all(connection).await? {
            if let (Some(rider), Some(at)) = (seen(records::read_rider(&row)), seen(records::read_since(&row))) {
                self.riders.entry(rider).or_default().called_off.push(at);
            }
        }
        Ok(())
    }

    /// Asks every question about a write. When it passes, what it changes is noted here and in `changes`.
    ///
    /// # Errors
    /// The refusal that the contract names.
    pub(super) fn decide<'a>(&mut self, guarded: &'a Guarded, changes: &mut Changes<'a>) -> Result<Done, WriteError> {
        match &guarded.write {
            Write::Trip(write) => self.step(guarded.fence, write, changes),
            Write::Move { driver, from, to } => self.relocate(guarded.fence, driver, *from, *to, changes),
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
                driver.trip = Some(trip);
                changes.driver(driver);
                Ok(())
            }
            Some(_) | None => Err(WriteError::DriverTaken),
        }
    }

    fn free(&mut self, id: &DriverId, trip: TripId, changes: &mut Changes<'_>) -> Result<(), WriteError> {
        match self.drivers.get_mut(id) {
            Some(Some(driver)) if driver.trip == Some(trip) => {
                driver.trip = None;
                changes.driver(driver);
                Ok(())
            }
            Some(_) | None => Err(WriteError::Stale),
        }
    }

    fn relocate(
        &mut self,
        fence: Fence,
        id: &DriverId,
        from: ShardId,
        to: ShardId,
        changes: &mut Changes<'_>,
    ) -> Result<Done, WriteError> {
        self.fenced(fence, from)?;
        let Some(Some(driver)) = self.drivers.get_mut(id) else { return Err(WriteError::Stale) };
        if driver.home != Some(from) {
            return Err(WriteError::Stale);
        }
        if driver.trip.is_some() {
            return Err(WriteError::DriverTaken);
        }
        let generation = driver.moved(to);
        changes.driver(driver);
        Ok(Done::Moved { generation })
    }

    fn next_seq(&mut self, shard: ShardId) -> u64 {
        self.shards.get_mut(&shard).map_or(0, |owned| {
            owned.seq += 1;
            owned.seq
        })
    }
}

fn read_held(row: &SqliteRow) -> Result<Held, StoreError> {
    let stage = records::read_stage(row)?;
    let (driver, stage) = (stage.committed_driver().cloned(), Some(stage.name()));
    Ok(Held { version: records::read_trip_version(row)?, driver, stage })
}

/// What could be read; the rest is said in the log, because a refused write cannot say it.
fn seen<T>(read: Result<T, StoreError>) -> Option<T> {
    read.inspect_err(|corrupt| error!(%corrupt, "a row cannot be read: writes that need it are refused")).ok()
}
