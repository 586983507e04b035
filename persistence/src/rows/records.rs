//! How each thing is written in columns, and how it is read back with suspicion.
//!
//! Lives here: the columns and what they may hold, both ways.
//! Stays out: queries and guards, and the parts that have files of their own: orders, endings, shared cars, events.

use dispatch::invariants::Entry;
use dispatch::{
    CallOff, DriverId, Epoch, Generation, RequestKey, RiderId, RiderLeg, SessionId, ShardId, Stage, StageName,
    Timestamp, Trip, TripId,
};
use geo::Cell;

use super::column::{Column, RawRow};
use super::ending::{CalledOff, read_called_off};
use super::order::read_order;
use super::payload::{KINDS, PAYLOAD, event};
use super::route::read_route;
use super::sharing::{no_host, read_car, read_host};
use crate::{DriverRow, LoadedShard, StoreError};

const NAME: &str = "1 to 64 letters, digits or any of . _ : @ | -";
const SHARD: &str = "the index of an H3 cell";
pub(super) const TRIP: &str = "a trip's UUID as the server gave it";
pub(super) const MOMENT: &str = "0 to 281474976710655 milliseconds";
const FROM_ZERO: &str = "a whole number from 0";
const FROM_ONE: &str = "a whole number from 1";
const VERSION: &str = "1 to 4294967295";
const STAGES: &str =
    "scheduled, searching, en_route, arrived, in_progress, driving_on, completed, cancelled or expired";
const STAGE_DRIVER: &str = "a driver in the stages that have one, NULL in the others";

const TRIP_ID: Column = Column::new("trip", "id", TRIP);
const TRIP_SHARD: Column = Column::new("trip", "shard", "the home in the trip's id");
const TRIP_RIDER: Column = Column::new("trip", "rider", NAME);
const TRIP_STAGE: Column = Column::new("trip", "stage", STAGES);
const TRIP_DRIVER: Column = Column::new("trip", "driver", STAGE_DRIVER);
const TRIP_DRIVER_ROW: Column = Column::new("trip", "driver", "a driver whose row names this trip");
const SINCE: Column = Column::new("trip", "since", MOMENT);
const REQUESTED_AT: Column = Column::new("trip", "requested_at", MOMENT);
const TRIP_VERSION: Column = Column::new("trip", "version", VERSION);

// Queries that join a driver to its trip call the driver's columns `driver_…`.
const DRIVER_ID: Column = Column::new("driver", "id", NAME).alias("driver_id");
const DRIVER_HOME: Column = Column::new("driver", "home", SHARD).alias("driver_home");
const DRIVER_GENERATION: Column = Column::new("driver", "generation", FROM_ZERO).alias("driver_generation");
const DRIVER_SESSION: Column = Column::new("driver", "session", FROM_ZERO).alias("driver_session");
const DRIVER_TRIP: Column = Column::new("driver", "trip", TRIP).alias("driver_trip");

const SHARD_ID: Column = Column::new("shard", "shard", SHARD);
const EPOCH: Column = Column::new("shard", "epoch", FROM_ONE);

const LINE: Column = Column::new("trip_event", "line", FROM_ONE);
const EVENT_SHARD: Column = Column::new("trip_event", "shard", SHARD);
const EVENT_EPOCH: Column = Column::new("trip_event", "epoch", FROM_ONE);
const SEQ: Column = Column::new("trip_event", "seq", FROM_ONE);
const EVENT_TRIP: Column = Column::new("trip_event", "trip", TRIP);
const EVENT_VERSION: Column = Column::new("trip_event", "version", VERSION);
const KIND: Column = Column::new("trip_event", "kind", "the name of an event");
const EVENT_PAYLOAD: Column = Column::new("trip_event", "payload", PAYLOAD);
const AT: Column = Column::new("trip_event", "at", MOMENT);

const KEY_RIDER: Column = Column::new("idempotency", "rider", NAME);
const KEY_KEY: Column = Column::new("idempotency", "key", "text");
const KEY_TRIP: Column = Column::new("idempotency", "trip", TRIP);

// ---- what single values mean -------------------------------------------------------------------------------------

/// A shard as a number that SQLite can hold: the highest bit of an H3 index is never set.
pub(crate) fn shard_number(shard: ShardId) -> i64 {
    shard.0.bits().cast_signed()
}

/// A counter as a number that SQLite can hold. One that does not fit was never issued.
pub(crate) fn number(counter: u64) -> i64 {
    i64::try_from(counter).unwrap_or(i64::MAX)
}

/// A moment as a number that SQLite can hold: it has 48 bits.
pub(crate) fn moment_number(at: Timestamp) -> i64 {
    number(at.millis())
}

pub(super) fn shard(stored: i64) -> Option<ShardId> {
    Cell::from_bits(stored.cast_unsigned()).ok().map(ShardId)
}

pub(super) fn trip_id(stored: &str) -> Option<TripId> {
    stored.parse().ok()
}

pub(super) fn driver_id(stored: &str) -> Option<DriverId> {
    DriverId::new(stored).ok()
}

pub(super) fn rider_id(stored: &str) -> Option<RiderId> {
    RiderId::new(stored).ok()
}

fn from_zero(stored: i64) -> Option<u64> {
    u64::try_from(stored).ok()
}

fn from_one(stored: i64) -> Option<u64> {
    from_zero(stored).filter(|&number| number >= 1)
}

fn version(stored: i64) -> Option<u32> {
    u32::try_from(stored).ok().filter(|&version| version >= 1)
}

pub(super) fn moment(stored: i64) -> Option<Timestamp> {
    let millis = from_zero(stored)?;
    let at = Timestamp::from_millis(millis);
    (at.millis() == millis).then_some(at)
}

fn stage_name(stored: &str) -> Option<StageName> {
    StageName::ALL.into_iter().find(|name| name.as_str() == stored)
}

// ---- rows --------------------------------------------------------------------------------------------------------

/// Reads a trip from all columns of its table.
///
/// # Errors
/// [`StoreError::Corrupt`].
pub(crate) fn read_trip(row: &dyn RawRow) -> Result<Trip, StoreError> {
    let id = TRIP_ID.read(row, trip_id)?;
    TRIP_SHARD.read(row, |stored| shard(stored).filter(|&shard| shard == id.home()))?;
    let (order, route) = read_route(row, read_order(row)?)?;
    Ok(Trip {
        id,
        rider: TRIP_RIDER.read(row, rider_id)?,
        order,
        route,
        stage: read_stage(row)?,
        car: read_car(row)?,
        since: SINCE.read(row, moment)?,
        requested_at: REQUESTED_AT.read(row, moment)?,
        version: read_trip_version(row)?,
    })
}

/// Reads the id of a trip alone.
///
/// # Errors
/// [`StoreError::Corrupt`].
pub(crate) fn read_trip_id(row: &dyn RawRow) -> Result<TripId, StoreError> {
    TRIP_ID.read(row, trip_id)
}

/// Reads the rider of a trip alone.
///
/// # Errors
/// [`StoreError::Corrupt`].
pub(crate) fn read_rider(row: &dyn RawRow) -> Result<RiderId, StoreError> {
    TRIP_RIDER.read(row, rider_id)
}

/// Reads since when a trip stands as it does, alone.
///
/// # Errors
/// [`StoreError::Corrupt`].
pub(crate) fn read_since(row: &dyn RawRow) -> Result<Timestamp, StoreError> {
    SINCE.read(row, moment)
}

/// Reads the version of a trip alone.
///
/// # Errors
/// [`StoreError::Corrupt`].
pub(crate) fn read_trip_version(row: &dyn RawRow) -> Result<u32, StoreError> {
    TRIP_VERSION.read(row, version)
}

/// Reads a stage and what is true in it, from the columns `stage`, `driver`, `cancelled_by`, `cancel_reason`,
/// `cancel_fee` and `host`.
///
/// # Errors
/// [`StoreError::Corrupt`].
pub(crate) fn read_stage(row: &dyn RawRow) -> Result<Stage, StoreError> {
    let name = read_stage_name(row)?;
    let driver = TRIP_DRIVER.read_optional(row, driver_id)?;
    let called_off = read_called_off(row)?;
    let may_be = matches!(name, StageName::Cancelled | StageName::DrivingOn);
    if let Some(called_off) = called_off.filter(|_| !may_be) {
        return Err(called_off.misplaced());
    }
    if let Some(host) = read_host(row)? {
        let leg = match name {
            StageName::EnRoute => RiderLeg::Waiting,
            StageName::Arrived => RiderLeg::Arrived,
            StageName::InProgress => RiderLeg::Aboard,
            _ => return Err(no_host(host)),
        };
        let driver = driver.ok_or_else(|| TRIP_DRIVER.corrupt("NULL"))?;
        return Ok(Stage::Shared { host, driver, leg });
    }
    match (name, driver) {
        (StageName::Scheduled, None) => Ok(Stage::Scheduled),
        (StageName::Searching, None) => Ok(Stage::Searching),
        (StageName::EnRoute, Some(driver)) => Ok(Stage::EnRoute { driver }),
        (StageName::Arrived, Some(driver)) => Ok(Stage::Arrived { driver }),
        (StageName::InProgress, Some(driver)) => Ok(Stage::InProgress { driver }),
        (StageName::DrivingOn, Some(driver)) => {
            let off = called_off.map(|CalledOff { by, reason, fee }| CallOff { by, reason, fee });
            Ok(Stage::DrivingOn { driver, off })
        }
        (StageName::Completed, Some(driver)) => Ok(Stage::Completed { driver }),
        (StageName::Cancelled, driver) => {
            let CalledOff { by, reason, fee } = called_off.ok_or_else(CalledOff::missing)?;
            Ok(Stage::Cancelled { by, driver, reason, fee })
        }
        (StageName::Expired, None) => Ok(Stage::Expired),
        (_, Some(driver)) => Err(TRIP_DRIVER.corrupt(driver)),
        (_, None) => Err(TRIP_DRIVER.corrupt("NULL")),
    }
}

/// Reads the name of a stage alone.
///
/// # Errors
/// [`StoreError::Corrupt`].
pub(crate) fn read_stage_name(row: &dyn RawRow) -> Result<StageName, StoreError> {
    TRIP_STAGE.read(row, stage_name)
}

/// A driver's row without its trip's.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StoredDriver {
    pub(crate) id: DriverId,
    pub(crate) home: Option<ShardId>,
    pub(crate) generation: Generation,
    pub(crate) session: SessionId,
    pub(crate) trip: Option<TripId>,
}

impl StoredDriver {
    /// Gives the driver one more home.
    pub(crate) fn moved(&mut self, home: ShardId) {
        self.home = Some(home);
        self.generation = Generation(self.generation.0 + 1);
    }

    /// The row as callers see it, with the trip as it stands.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when the row names a trip that there is not, or one that does not hold this driver.
    pub(crate) fn with_trip(self, trip: Option<Trip>) -> Result<DriverRow, StoreError> {
        let StoredDriver { id, home, generation, session, trip: named } = self;
        let held = trip.filter(|trip| Some(trip.id) == named && trip.stage.committed_driver() == Some(&id));
        match (named, held) {
            (Some(named), None) => Err(DRIVER_TRIP.corrupt(named)),
            (_, trip) => Ok(DriverRow { id, home, generation, session, trip }),
        }
    }
}

/// Reads a driver from `driver_…` columns.
///
/// # Errors
/// [`StoreError::Corrupt`].
pub(crate) fn read_driver(row: &dyn RawRow) -> Result<StoredDriver, StoreError> {
    Ok(StoredDriver {
        id: read_driver_id(row)?,
        home: read_driver_home(row)?,
        generation: Generation(DRIVER_GENERATION.read(row, from_zero)?),
        session: SessionId(DRIVER_SESSION.read(row, from_zero)?),
        trip: read_driver_trip(row)?,
    })
}

/// Reads a driver from `driver_…` columns, and the trip it is committed to from those beside them.
///
/// # Errors
/// [`StoreError::Corrupt`], also when the two rows disagree.
pub(crate) fn read_driver_with_trip(row: &dyn RawRow) -> Result<DriverRow, StoreError> {
    let trip = TRIP_ID.read_optional(row, trip_id)?.map(|_| read_trip(row)).transpose()?;
    read_driver(row)?.with_trip(trip)
}

/// Reads an active trip, and the row of its committed driver from the `driver_…` columns beside it.
///
/// # Errors
/// [`StoreError::Corrupt`], also when the two rows disagree.
pub(crate) fn read_trip_with_driver(row: &dyn RawRow) -> Result<(Trip, Option<DriverRow>), StoreError> {
    let trip = read_trip(row)?;
    if DRIVER_ID.read_optional(row, driver_id)?.is_some() {
        let driver = read_driver(row)?.with_trip(Some(trip.clone()))?;
        return Ok((trip, Some(driver)));
    }
    match trip.stage.committed_driver() {
        None => Ok((trip, None)),
        Some(driver) => Err(TRIP_DRIVER_ROW.corrupt(driver)),
    }
}

/// What a new owner of a shard loads, from the active trips there and the trips of the drivers at home there, each with
/// its driver.
///
/// # Errors
/// [`StoreError::Corrupt`].
pub(crate) fn read_loaded<'r>(
    shard: ShardId,
    rows: impl Iterator<Item = &'r dyn RawRow>,
) -> Result<LoadedShard, StoreError> {
    let mut loaded = LoadedShard::default();
    for row in rows {
        let (trip, driver) = read_trip_with_driver(row)?;
        if trip.id.home() == shard {
            loaded.trips.push((trip, driver.as_ref().and_then(|driver| driver.home)));
        }
        loaded.drivers.extend(driver.filter(|driver| driver.home == Some(shard)));
    }
    loaded.drivers.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(loaded)
}

/// How many trips are in each stage: every stage, those without a trip too.
///
/// # Errors
/// The first that `counted` has.
pub(crate) fn every_stage(
    counted: impl Iterator<Item = Result<(StageName, u64), StoreError>>,
) -> Result<Vec<(StageName, u64)>, StoreError> {
    let mut counts = StageName::ALL.map(|stage| (stage, 0));
    for found in counted {
        let (stage, trips) = found?;
        counts.iter_mut().filter(|(known, _)| *known == stage).for_each(|(_, count)| *count = trips);
    }
    Ok(counts.to_vec())
}

/// Reads the id of a driver alone.
///
/// # Errors
/// [`StoreError::Corrupt`].
pub(crate) fn read_driver_id(row: &dyn RawRow) -> Result<DriverId, StoreError> {
    DRIVER_ID.read(row, driver_id)
}

/// Reads the home of a driver alone.
///
/// # Errors
/// [`StoreError::Corrupt`].
pub(crate) fn read_driver_home(row: &dyn RawRow) -> Result<Option<ShardId>, StoreError> {
    DRIVER_HOME.read_optional(row, shard)
}

/// Reads the trip of a driver's row alone.
///
/// # Errors
/// [`StoreError::Corrupt`].
pub(crate) fn read_driver_trip(row: &dyn RawRow) -> Result<Option<TripId>, StoreError> {
    DRIVER_TRIP.read_optional(row, trip_id)
}

/// Reads the id of a shard.
///
/// # Errors
/// [`StoreError::Corrupt`].
pub(crate) fn read_shard(row: &dyn RawRow) -> Result<ShardId, StoreError> {
    SHARD_ID.read(row, shard)
}

/// Reads a shard from the column of the driver at home there, or else from that of the trip.
///
/// # Errors
/// [`StoreError::Corrupt`].
pub(crate) fn read_shard_with_work(row: &dyn RawRow) -> Result<ShardId, StoreError> {
    match read_driver_home(row)? {
        Some(home) => Ok(home),
        None => TRIP_SHARD.read(row, shard),
    }
}

/// Reads the epoch of a shard.
///
/// # Errors
/// [`StoreError::Corrupt`].
pub(crate) fn read_epoch(row: &dyn RawRow) -> Result<Epoch, StoreError> {
    EPOCH.read(row, from_one).map(Epoch)
}

/// Reads the last number in the journal of a shard's epoch, 0 when there is none.
///
/// # Errors
/// [`StoreError::Corrupt`].
pub(crate) fn read_last_seq(row: &dyn RawRow) -> Result<u64, StoreError> {
    SEQ.read(row, from_zero)
}

/// Reads an idempotency key and whose it is.
///
/// # Errors
/// [`StoreError::Corrupt`].
pub(crate) fn read_key(row: &dyn RawRow) -> Result<RequestKey, StoreError> {
    Ok(RequestKey { rider: KEY_RIDER.read(row, rider_id)?, key: KEY_KEY.read(row, |key: &str| Some(key.to_owned()))? })
}

/// Reads the trip an idempotency key was used for.
///
/// # Errors
/// [`StoreError::Corrupt`].
pub(crate) fn read_key_trip(row: &dyn RawRow) -> Result<TripId, StoreError> {
    KEY_TRIP.read(row, trip_id)
}

/// Reads a line of the journal with its number.
///
/// # Errors
/// [`StoreError::Corrupt`].
pub(crate) fn read_entry(row: &dyn RawRow) -> Result<(u64, Entry), StoreError> {
    let kind = KIND.read(row, |kind: &str| KINDS.into_iter().find(|&known| known == kind))?;
    let event = EVENT_PAYLOAD.read(row, |payload: &str| event(kind, payload))?;
    let entry = Entry {
        shard: EVENT_SHARD.read(row, shard)?,
        epoch: Epoch(EVENT_EPOCH.read(row, from_one)?),
        seq: SEQ.read(row, from_one)?,
        trip: EVENT_TRIP.read(row, trip_id)?,
        version: EVENT_VERSION.read(row, version)?,
        event,
        at: AT.read(row, moment)?,
    };
    Ok((LINE.read(row, from_one)?, entry))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_does_not_fit_is_none() {
        assert_eq!(version(0), None);
        assert_eq!(version(i64::from(u32::MAX)), Some(u32::MAX));
        assert_eq!(version(i64::from(u32::MAX) + 1), None);
        assert_eq!(moment((1 << 48) - 1), Some(Timestamp::from_millis(u64::MAX)));
        assert_eq!(moment(1 << 48), None);
        assert_eq!(moment(-1), None);
        assert_eq!(shard(0), None);
        assert_eq!(number(u64::MAX), i64::MAX);
    }
}
