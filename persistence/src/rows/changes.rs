//! What a set of writes changes, as rows that shall be.
//!
//! Touch with care: databases check a unique index row by row, not at the end of a statement, and update rows in an order
//! of their own. So one set of changes never brings together again what it has parted: see
//! [`Changes::must_be_saved_before`].

use std::collections::{BTreeMap, BTreeSet};

use dispatch::{Class, DriverChange, DriverId, Fare, RequestKey, RiderId, Trip, TripId, TripWrite, Write};

use super::ending::called_off_columns;
use super::records::{StoredDriver, moment_number, shard_number};
use super::route::route_column;
use super::sharing::car_column;
use crate::Fence;

/// Rows as they shall be, lines to add.
#[derive(Debug, Default)]
pub(crate) struct Changes<'a> {
    trips: BTreeMap<TripId, TripChanged<'a>>,
    pub(crate) drivers: BTreeMap<DriverId, StoredDriver>,
    pub(crate) lines: Vec<Line<'a>>,
    pub(crate) keys: Vec<(&'a RequestKey, TripId)>,
    /// Riders whose caps were asked about and allowed one more trip.
    pub(crate) capped: BTreeSet<&'a RiderId>,
    freed: BTreeSet<&'a DriverId>,
    left: BTreeSet<TripId>,
}

/// A trip as it shall be.
#[derive(Clone, Copy, Debug)]
struct TripChanged<'a> {
    /// The version the store holds; 0 when it has no such trip.
    held: u32,
    after: &'a Trip,
}

/// A line to add to the journal.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    pub(crate) fence: Fence,
    pub(crate) seq: u64,
    pub(crate) write: &'a TripWrite,
}

/// The columns of a trip that shall be.
#[derive(Debug)]
pub(crate) struct TripValues {
    /// The version the store holds; 0 when it has no such trip.
    pub(crate) held: i64,
    pub(crate) id: String,
    pub(crate) shard: i64,
    pub(crate) rider: String,
    pub(crate) stage: &'static str,
    pub(crate) driver: Option<String>,
    pub(crate) cancelled_by: Option<&'static str>,
    pub(crate) cancel_reason: Option<&'static str>,
    pub(crate) cancel_fee: Option<&'static str>,
    pub(crate) since: i64,
    pub(crate) requested_at: i64,
    pub(crate) version: i64,
    pub(crate) pickup_lat: f64,
    pub(crate) pickup_lon: f64,
    pub(crate) dropoff_lat: f64,
    pub(crate) dropoff_lon: f64,
    pub(crate) class: Option<&'static str>,
    pub(crate) seats: i64,
    pub(crate) wheelchair: i64,
    pub(crate) pets: i64,
    pub(crate) pickup_at: Option<i64>,
    pub(crate) shared: i64,
    pub(crate) fare: Option<i64>,
    pub(crate) currency: Option<String>,
    pub(crate) surge: Option<i64>,
    pub(crate) host: Option<String>,
    pub(crate) car: Option<String>,
    pub(crate) route: Option<String>,
}

impl TripValues {
    fn of(changed: &TripChanged<'_>) -> TripValues {
        let TripChanged { held, after: trip } = *changed;
        let [cancelled_by, cancel_reason, cancel_fee] = called_off_columns(&trip.stage);
        let order = &trip.order;
        TripValues {
            held: i64::from(held),
            id: trip.id.to_string(),
            shard: shard_number(trip.id.home()),
            rider: trip.rider.to_string(),
            stage: trip.stage.name().as_str(),
            driver: trip.stage.driver().map(DriverId::to_string),
            cancelled_by,
            cancel_reason,
            cancel_fee,
            since: moment_number(trip.since),
            requested_at: moment_number(trip.requested_at),
            version: i64::from(trip.version),
            pickup_lat: order.pickup.lat(),
            pickup_lon: order.pickup.lon(),
            dropoff_lat: order.dropoff.lat(),
            dropoff_lon: order.dropoff.lon(),
            class: order.needs.class().map(Class::as_str),
            seats: i64::from(order.needs.seats()),
            wheelchair: i64::from(order.needs.wheelchair()),
            pets: i64::from(order.needs.pets()),
            pickup_at: order.pickup_at.map(moment_number),
            shared: i64::from(order.shared),
            fare: order.fare.map(Fare::minor),
            currency: order.fare.map(|fare| fare.currency().to_string()),
            surge: order.fare.map(|fare| i64::from(fare.surge().get())),
            host: trip.stage.host().map(|host| host.to_string()),
            car: car_column(&trip.car),
            route: route_column(trip),
        }
    }
}

impl<'a> Changes<'a> {
    /// Notes a step: the trip's row and its line in the journal.
    pub(crate) fn step(&mut self, fence: Fence, seq: u64, write: &'a TripWrite) {
        let after = &write.after;
        // Steps of one trip build on each other: the first says what the store holds.
        let first = TripChanged { held: after.version.saturating_sub(1), after };
        self.trips.entry(after.id).or_insert(first).after = after;
        self.lines.push(Line { fence, seq, write });
        if write.caps.is_some() {
            self.capped.insert(&after.rider);
        }
        if let DriverChange::Free(driver) = &write.driver {
            self.freed.insert(driver);
            self.left.insert(after.id);
        }
    }

    /// Notes a key and what it was used for.
    pub(crate) fn key(&mut self, key: &'a RequestKey, trip: TripId) {
        self.keys.push((key, trip));
    }

    /// Changes a driver's row, and notes it.
    pub(crate) fn driver(&mut self, driver: &mut StoredDriver, change: impl FnOnce(&mut StoredDriver)) {
        change(driver);
        self.drivers.insert(driver.id.clone(), driver.clone());
    }

    /// The rows of trips, in the order of their ids.
    pub(crate) fn trips(&self) -> Vec<TripValues> {
        self.trips.values().map(TripValues::of).collect()
    }

    /// Whether there is nothing to write.
    pub(crate) fn is_empty(&self) -> bool {
        self.trips.is_empty() && self.drivers.is_empty()
    }

    /// Whether `write` takes a driver that these changes free, or takes one for a trip that they leave without. The row
    /// that takes could be written before the row that gives, and for a moment a driver would be on two trips, or a
    /// trip in two drivers' rows.
    pub(crate) fn must_be_saved_before(&self, write: &Write) -> bool {
        match write {
            Write::Trip(TripWrite { driver: DriverChange::Take(driver), after, .. }) => {
                self.freed.contains(driver) || self.left.contains(&after.id)
            }
            Write::Trip(_) | Write::Move { .. } => false,
        }
    }
}
