//! A shared car as it is stored: in a column of its host's trip, and in the JSON of the event by which a guest joined.
//!
//! Touch with care: as with all payloads. Another form gets another version.

use std::time::Duration;

use dispatch::{CarStop, Guest, Promise, RiderLeg, SharedCar, StopKind};
use geo::Point;
use serde::{Deserialize, Serialize};

use super::column::{Column, RawRow};
use super::records::{TRIP, moment, moment_number, rider_id, trip_id};
use crate::StoreError;

const HOST: Column = Column::new("trip", "host", TRIP);
const CAR: Column = Column::new("trip", "car", "the JSON of a shared car in version 1, or NULL");

/// The version of the JSON of a car.
const CAR_VERSION: u32 = 1;

/// A shared car.
#[derive(Debug, Serialize, Deserialize)]
struct StoredCar {
    v: u32,
    seats: u8,
    guests: Vec<StoredGuest>,
    stops: Vec<StoredStop>,
}

/// A rider who rides along.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StoredGuest {
    trip: String,
    rider: String,
    /// Latitude and longitude.
    pickup: [f64; 2],
    /// Latitude and longitude.
    dropoff: [f64; 2],
    seats: u8,
    pickup_by: i64,
    /// In milliseconds.
    ride_max: i64,
    leg: String,
    since: i64,
}

/// The trip and what is done for its rider.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StoredStop(String, String);

impl StoredGuest {
    pub(super) fn of(guest: &Guest) -> StoredGuest {
        StoredGuest {
            trip: guest.trip.to_string(),
            rider: guest.rider.to_string(),
            pickup: [guest.pickup.lat(), guest.pickup.lon()],
            dropoff: [guest.dropoff.lat(), guest.dropoff.lon()],
            seats: guest.seats,
            pickup_by: moment_number(guest.promise.pickup_by),
            ride_max: i64::try_from(guest.promise.ride_max.as_millis()).unwrap_or(i64::MAX),
            leg: guest.leg.as_str().to_owned(),
            since: moment_number(guest.since),
        }
    }

    pub(super) fn read(&self) -> Option<Guest> {
        let point = |[lat, lon]: [f64; 2]| Point::new(lat, lon).ok();
        let pickup_by = moment(self.pickup_by)?;
        let ride_max = Duration::from_millis(u64::try_from(self.ride_max).ok()?);
        Some(Guest {
            trip: trip_id(&self.trip)?,
            rider: rider_id(&self.rider)?,
            pickup: point(self.pickup)?,
            dropoff: point(self.dropoff)?,
            seats: self.seats,
            promise: Promise { pickup_by, ride_max },
            leg: RiderLeg::ALL.into_iter().find(|leg| leg.as_str() == self.leg)?,
            since: moment(self.since)?,
        })
    }
}

impl StoredStop {
    pub(super) fn of(stop: &CarStop) -> StoredStop {
        StoredStop(stop.trip.to_string(), stop.kind.as_str().to_owned())
    }

    pub(super) fn read(&self) -> Option<CarStop> {
        let kinds = [StopKind::Pickup, StopKind::Dropoff];
        let kind = kinds.into_iter().find(|kind| kind.as_str() == self.1)?;
        Some(CarStop { trip: trip_id(&self.0)?, kind })
    }
}

/// The column of a car; NULL for one that nobody shares.
pub(super) fn car_column(car: &SharedCar) -> Option<String> {
    (*car != SharedCar::default()).then(|| {
        let guests = car.guests.iter().map(StoredGuest::of).collect();
        let stops = car.stops.iter().map(StoredStop::of).collect();
        let stored = StoredCar { v: CAR_VERSION, seats: car.seats, guests, stops };
        serde_json::to_string(&stored).expect("texts and finite numbers are JSON")
    })
}

/// Reads the car of a trip.
///
/// # Errors
/// [`StoreError::Corrupt`].
pub(super) fn read_car(row: &dyn RawRow) -> Result<SharedCar, StoreError> {
    Ok(CAR.read_optional(row, car)?.unwrap_or_default())
}

fn car(stored: &str) -> Option<SharedCar> {
    let stored: StoredCar = serde_json::from_str(stored).ok()?;
    let guests = stored.guests.iter().map(StoredGuest::read).collect::<Option<Vec<Guest>>>()?;
    let stops = stored.stops.iter().map(StoredStop::read).collect::<Option<Vec<CarStop>>>()?;
    (stored.v == CAR_VERSION).then_some(SharedCar { seats: stored.seats, guests, stops })
}

/// Reads whose car a trip's rider shares.
///
/// # Errors
/// [`StoreError::Corrupt`].
pub(super) fn read_host(row: &dyn RawRow) -> Result<Option<dispatch::TripId>, StoreError> {
    HOST.read_optional(row, trip_id)
}

/// The error of a host in a stage that has none.
pub(super) fn no_host(host: dispatch::TripId) -> StoreError {
    HOST.corrupt(host)
}
