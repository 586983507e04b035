//! The stored form of the domain: how each thing is written in columns, and how it is read back with suspicion.
//!
//! Lives here: the columns and what they may hold, both ways.
//! Stays out: queries and guards.
//! Touch with care: what is on disks already must stay readable. A new form of an event's payload gets a new version.

use dispatch::invariants::Entry;
use dispatch::{
    CallOff, DriverId, Epoch, Event, Generation, GuestStep, RequestKey, RiderId, RiderLeg, SessionId, ShardId, Stage,
    StageName, Timestamp, Trip, TripId,
};
use geo::Cell;
use serde::{Deserialize, Serialize};
use sqlx::sqlite::SqliteRow;

use super::column::Column;
use crate::{DriverRow, StoreError};

mod ending;
mod order;
mod sharing;

pub(super) use ending::bind_called_off;
use ending::{CalledOff, read_called_off};
pub(super) use order::bind_order;
use order::{StoredFare, StoredNeeds, read_order};
pub(super) use sharing::car_column;
use sharing::{StoredGuest, StoredStop, no_host, read_car, read_host};

const NAME: &str = "1 to 64 letters, digits or any of . _ : @ | -";
const SHARD: &str = "the index of an H3 cell";
const TRIP: &str = "a trip's UUID as the server gave it";
const MOMENT: &str = "0 to 281474976710655 milliseconds";
const FROM_ZERO: &str = "a whole number from 0";
const FROM_ONE: &str = "a whole number from 1";
const VERSION: &str = "1 to 4294967295";
const STAGES: &str =
    "scheduled, searching, en_route, arrived, in_progress, driving_on, completed, cancelled or expired";
const STAGE_DRIVER: &str = "a driver in the stages that have one, NULL in the others";
const PAYLOAD: &str =
    "the JSON of this kind of event in version 1, of a request in version 1 to 3, of an ending in version 1 or 2";

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
pub(super) fn shard_number(shard: ShardId) -> i64 {
    shard.0.bits().cast_signed()
}

/// A counter as a number that SQLite can hold. One that does not fit was never issued.
pub(super) fn number(counter: u64) -> i64 {
    i64::try_from(counter).unwrap_or(i64::MAX)
}

/// A moment as a number that SQLite can hold: it has 48 bits.
pub(super) fn moment_number(at: Timestamp) -> i64 {
    number(at.millis())
}

fn shard(stored: i64) -> Option<ShardId> {
    Cell::from_bits(stored.cast_unsigned()).ok().map(ShardId)
}

fn trip_id(stored: &str) -> Option<TripId> {
    stored.parse().ok()
}

fn driver_id(stored: &str) -> Option<DriverId> {
    DriverId::new(stored).ok()
}

fn rider_id(stored: &str) -> Option<RiderId> {
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

fn moment(stored: i64) -> Option<Timestamp> {
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
pub(super) fn read_trip(row: &SqliteRow) -> Result<Trip, StoreError> {
    let id = TRIP_ID.read(row, trip_id)?;
    TRIP_SHARD.read(row, |stored| shard(stored).filter(|&shard| shard == id.home()))?;
    Ok(Trip {
        id,
        rider: TRIP_RIDER.read(row, rider_id)?,
        order: read_order(row)?,
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
pub(super) fn read_trip_id(row: &SqliteRow) -> Result<TripId, StoreError> {
    TRIP_ID.read(row, trip_id)
}

/// Reads the rider of a trip alone.
///
/// # Errors
/// [`StoreError::Corrupt`].
pub(super) fn read_rider(row: &SqliteRow) -> Result<RiderId, StoreError> {
    TRIP_RIDER.read(row, rider_id)
}

/// Reads since when a trip stands as it does, alone.
///
/// # Errors
/// [`StoreError::Corrupt`].
pub(super) fn read_since(row: &SqliteRow) -> Result<Timestamp, StoreError> {
    SINCE.read(row, moment)
}

/// Reads the version of a trip alone.
///
/// # Errors
/// [`StoreError::Corrupt`].
pub(super) fn read_trip_version(row: &SqliteRow) -> Result<u32, StoreError> {
    TRIP_VERSION.read(row, version)
}

/// Reads a stage and what is true in it, from the columns `stage`, `driver`, `cancelled_by`, `cancel_reason`,
/// `cancel_fee` and `host`.
///
/// # Errors
/// [`StoreError::Corrupt`].
pub(super) fn read_stage(row: &SqliteRow) -> Result<Stage, StoreError> {
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
pub(super) fn read_stage_name(row: &SqliteRow) -> Result<StageName, StoreError> {
    TRIP_STAGE.read(row, stage_name)
}

/// A driver's row without its trip's.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct StoredDriver {
    pub(super) id: DriverId,
    pub(super) home: Option<ShardId>,
    pub(super) generation: Generation,
    pub(super) session: SessionId,
    pub(super) trip: Option<TripId>,
}

impl StoredDriver {
    /// Gives the driver one more home.
    pub(super) fn moved(&mut self, home: ShardId) -> Generation {
        self.home = Some(home);
        self.generation = Generation(self.generation.0 + 1);
        self.generation
    }

    /// The row as callers see it, with the trip as it stands.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when the row names a trip that there is not, or one that does not hold this driver.
    pub(super) fn with_trip(self, trip: Option<Trip>) -> Result<DriverRow, StoreError> {
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
pub(super) fn read_driver(row: &SqliteRow) -> Result<StoredDriver, StoreError> {
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
pub(super) fn read_driver_with_trip(row: &SqliteRow) -> Result<DriverRow, StoreError> {
    let trip = TRIP_ID.read_optional(row, trip_id)?.map(|_| read_trip(row)).transpose()?;
    read_driver(row)?.with_trip(trip)
}

/// Reads an active trip, and the row of its committed driver from the `driver_…` columns beside it.
///
/// # Errors
/// [`StoreError::Corrupt`], also when the two rows disagree.
pub(super) fn read_trip_with_driver(row: &SqliteRow) -> Result<(Trip, Option<DriverRow>), StoreError> {
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

/// Reads the id of a driver alone.
///
/// # Errors
/// [`StoreError::Corrupt`].
pub(super) fn read_driver_id(row: &SqliteRow) -> Result<DriverId, StoreError> {
    DRIVER_ID.read(row, driver_id)
}

/// Reads the home of a driver alone.
///
/// # Errors
/// [`StoreError::Corrupt`].
pub(super) fn read_driver_home(row: &SqliteRow) -> Result<Option<ShardId>, StoreError> {
    DRIVER_HOME.read_optional(row, shard)
}

/// Reads the trip of a driver's row alone.
///
/// # Errors
/// [`StoreError::Corrupt`].
pub(super) fn read_driver_trip(row: &SqliteRow) -> Result<Option<TripId>, StoreError> {
    DRIVER_TRIP.read_optional(row, trip_id)
}

/// Reads the id of a shard.
///
/// # Errors
/// [`StoreError::Corrupt`].
pub(super) fn read_shard(row: &SqliteRow) -> Result<ShardId, StoreError> {
    SHARD_ID.read(row, shard)
}

/// Reads a shard from the column of the driver at home there, or else from that of the trip.
///
/// # Errors
/// [`StoreError::Corrupt`].
pub(super) fn read_shard_with_work(row: &SqliteRow) -> Result<ShardId, StoreError> {
    match read_driver_home(row)? {
        Some(home) => Ok(home),
        None => TRIP_SHARD.read(row, shard),
    }
}

/// Reads the epoch of a shard.
///
/// # Errors
/// [`StoreError::Corrupt`].
pub(super) fn read_epoch(row: &SqliteRow) -> Result<Epoch, StoreError> {
    EPOCH.read(row, from_one).map(Epoch)
}

/// Reads an idempotency key and whose it is.
///
/// # Errors
/// [`StoreError::Corrupt`].
pub(super) fn read_key(row: &SqliteRow) -> Result<RequestKey, StoreError> {
    Ok(RequestKey { rider: KEY_RIDER.read(row, rider_id)?, key: KEY_KEY.read(row, Some)? })
}

/// Reads the trip an idempotency key was used for.
///
/// # Errors
/// [`StoreError::Corrupt`].
pub(super) fn read_key_trip(row: &SqliteRow) -> Result<TripId, StoreError> {
    KEY_TRIP.read(row, trip_id)
}

/// Reads a line of the journal with its number.
///
/// # Errors
/// [`StoreError::Corrupt`].
pub(super) fn read_entry(row: &SqliteRow) -> Result<(u64, Entry), StoreError> {
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

// ---- events ------------------------------------------------------------------------------------------------------

/// What may happen to a trip, as [`Event::name`] calls it.
const KINDS: [&str; 15] = [
    "requested",
    "activated",
    "assigned",
    "shared",
    "guest_joined",
    "guest_arrived",
    "guest_picked_up",
    "guest_dropped_off",
    "guest_left",
    "driver_arrived",
    "picked_up",
    "dropped_off",
    "given_back",
    "cancelled",
    "expired",
];

/// What an event carries beyond its kind.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Payload<'a> {
    v: u32,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    rider: Option<&'a str>,
    /// Latitude and longitude.
    #[serde(skip_serializing_if = "Option::is_none")]
    pickup: Option<[f64; 2]>,
    /// Latitude and longitude.
    #[serde(skip_serializing_if = "Option::is_none")]
    dropoff: Option<[f64; 2]>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    driver: Option<&'a str>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    by: Option<&'a str>,
    /// From version 2: why a trip was called off or given back.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    /// From version 2: what calling off may cost.
    #[serde(borrow, rename = "fee_stage", skip_serializing_if = "Option::is_none")]
    fee: Option<&'a str>,
    /// From version 2: what the vehicle must have.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    needs: Option<StoredNeeds<'a>>,
    /// From version 3: when the rider wants to be picked up, unless that is now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pickup_at: Option<i64>,
    /// From version 3: that others may ride along, if they may.
    #[serde(skip_serializing_if = "Option::is_none")]
    shared: Option<bool>,
    /// From version 3: what the ride costs, if that was agreed.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    fare: Option<StoredFare<'a>>,
    /// Whose car is shared.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    host: Option<&'a str>,
    /// The trip of the rider who rides along.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    guest: Option<&'a str>,
    /// Who joined.
    #[serde(skip_serializing_if = "Option::is_none")]
    joins: Option<Box<StoredGuest>>,
    /// How many riders the car seats.
    #[serde(skip_serializing_if = "Option::is_none")]
    seats: Option<u8>,
    /// What the car has to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    stops: Option<Vec<StoredStop>>,
}

/// The version of most payloads.
const PAYLOAD_VERSION: u32 = 1;

/// The version of a request that needs more than one seat in any vehicle.
const PAYLOAD_WITH_NEEDS: u32 = 2;

/// The version of a request for later, for a shared car, or with a fare.
const PAYLOAD_OF_ORDER: u32 = 3;

/// The JSON of what an event carries.
pub(super) fn payload(event: &Event) -> String {
    let name = match event {
        Event::Shared { host, .. } => host.to_string(),
        Event::GuestDid { guest, .. } => guest.to_string(),
        _ => String::new(),
    };
    let mut payload = Payload { v: PAYLOAD_VERSION, ..Payload::default() };
    match event {
        Event::Requested { rider, order } => {
            payload.rider = Some(rider.as_str());
            payload.put_order(order);
        }
        Event::Assigned { driver } => payload.driver = Some(driver.as_str()),
        Event::Shared { driver, .. } => (payload.host, payload.driver) = (Some(name.as_str()), Some(driver.as_str())),
        Event::GuestJoined { guest, seats, stops } => {
            payload.joins = Some(Box::new(StoredGuest::of(guest)));
            (payload.seats, payload.stops) = (Some(*seats), Some(stops.iter().map(StoredStop::of).collect()));
        }
        Event::GuestDid { .. } => payload.guest = Some(name.as_str()),
        Event::Cancelled { .. } | Event::GivenBack { .. } => payload.put_ending(event),
        Event::Activated | Event::DriverArrived | Event::PickedUp | Event::DroppedOff | Event::Expired => {}
    }
    serde_json::to_string(&payload).expect("texts and finite numbers are JSON")
}

fn event(kind: &str, payload: &str) -> Option<Event> {
    let payload: Payload<'_> = serde_json::from_str(payload).ok()?;
    let version = payload.version_of_order();
    let is_ending = kind == "cancelled" || kind == "given_back";
    if !is_ending && (payload.v != version || payload.reason.is_some()) {
        return None;
    }
    if version != PAYLOAD_VERSION && kind != "requested" {
        return None;
    }
    let did = |step| Some(Event::GuestDid { guest: trip_id(payload.guest?)?, step });
    Some(match kind {
        "shared" => Event::Shared { host: trip_id(payload.host?)?, driver: driver_id(payload.driver?)? },
        "guest_joined" => Event::GuestJoined {
            guest: Box::new(payload.joins?.read()?),
            seats: payload.seats?,
            stops: payload.stops?.iter().map(StoredStop::read).collect::<Option<Vec<_>>>()?,
        },
        "guest_arrived" => did(GuestStep::Arrived)?,
        "guest_picked_up" => did(GuestStep::PickedUp)?,
        "guest_dropped_off" => did(GuestStep::DroppedOff)?,
        "guest_left" => did(GuestStep::Left)?,
        "requested" => Event::Requested { rider: rider_id(payload.rider?)?, order: payload.order()? },
        "assigned" => Event::Assigned { driver: driver_id(payload.driver?)? },
        "activated" => Event::Activated,
        "driver_arrived" => Event::DriverArrived,
        "picked_up" => Event::PickedUp,
        "dropped_off" => Event::DroppedOff,
        "given_back" => payload.given_back()?,
        "cancelled" => payload.cancelled()?,
        "expired" => Event::Expired,
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
