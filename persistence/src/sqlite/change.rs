//! What a chunk of writes changes, written in a handful of statements.
//!
//! Touch with care: SQLite checks a unique index row by row, not at the end of a statement, and updates rows in an order
//! of its own. So one set of changes never brings together again what it has parted: see
//! [`Changes::must_be_saved_before`].

use std::collections::{BTreeMap, BTreeSet};

use dispatch::{DriverChange, DriverId, RequestKey, Trip, TripId, TripWrite, Write};
use sqlx::SqliteConnection;
use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;

use super::records::{self, StoredDriver, moment_number, number, shard_number};
use super::room::Statement;
use crate::Fence;

/// A trip is written whole, new or not: a step may come before its request has been written.
const TRIPS: Statement = Statement {
    head: "INSERT INTO trip (id, shard, rider, stage, driver, cancelled_by, cancel_reason, cancel_fee, \
         since, requested_at, version, pickup_lat, pickup_lon, dropoff_lat, dropoff_lon, class, seats, wheelchair, pets, \
         pickup_at, shared, fare, currency, surge, host, car) SELECT * FROM",
    width: 26,
    tail: "WHERE column1 IS NOT NULL ON CONFLICT (id) DO UPDATE SET rider = excluded.rider, \
         pickup_lat = excluded.pickup_lat, pickup_lon = excluded.pickup_lon, \
         dropoff_lat = excluded.dropoff_lat, dropoff_lon = excluded.dropoff_lon, \
         stage = excluded.stage, driver = excluded.driver, cancelled_by = excluded.cancelled_by, \
         cancel_reason = excluded.cancel_reason, cancel_fee = excluded.cancel_fee, \
         since = excluded.since, requested_at = excluded.requested_at, version = excluded.version, \
         class = excluded.class, seats = excluded.seats, wheelchair = excluded.wheelchair, pets = excluded.pets, \
         pickup_at = excluded.pickup_at, shared = excluded.shared, fare = excluded.fare, \
         currency = excluded.currency, surge = excluded.surge, host = excluded.host, car = excluded.car",
};

/// Without the session, which only [`super::writer`] counts.
const DRIVERS: Statement = Statement {
    head: "UPDATE driver SET home = new.column2, generation = new.column3, trip = new.column4 FROM",
    width: 4,
    tail: "AS new WHERE driver.id = new.column1",
};

const LINES: Statement = Statement {
    head: "INSERT INTO trip_event (shard, epoch, seq, trip, version, kind, payload, at) SELECT * FROM",
    width: 8,
    tail: "WHERE column1 IS NOT NULL",
};

const KEYS: Statement = Statement {
    head: "INSERT INTO idempotency (rider, key, trip) SELECT * FROM",
    width: 3,
    tail: "WHERE column1 IS NOT NULL",
};

/// What is done for every write.
#[cfg(test)]
pub(super) const STATEMENTS: [Statement; 4] = [TRIPS, DRIVERS, LINES, KEYS];

/// Rows as they shall be, lines to add.
#[derive(Debug, Default)]
pub(super) struct Changes<'a> {
    trips: BTreeMap<TripId, &'a Trip>,
    drivers: BTreeMap<DriverId, StoredDriver>,
    lines: Vec<Line<'a>>,
    keys: Vec<(&'a RequestKey, TripId)>,
    freed: BTreeSet<&'a DriverId>,
    left: BTreeSet<TripId>,
}

#[derive(Debug)]
struct Line<'a> {
    fence: Fence,
    seq: u64,
    write: &'a TripWrite,
}

impl<'a> Changes<'a> {
    /// Notes a step: the trip's row and its line in the journal.
    pub(super) fn step(&mut self, fence: Fence, seq: u64, write: &'a TripWrite) {
        self.trips.insert(write.after.id, &write.after);
        self.lines.push(Line { fence, seq, write });
        if let DriverChange::Free(driver) = &write.driver {
            self.freed.insert(driver);
            self.left.insert(write.after.id);
        }
    }

    /// Notes a key and what it was used for.
    pub(super) fn key(&mut self, key: &'a RequestKey, trip: TripId) {
        self.keys.push((key, trip));
    }

    /// Notes a driver's row.
    pub(super) fn driver(&mut self, driver: &StoredDriver) {
        self.drivers.insert(driver.id.clone(), driver.clone());
    }

    /// Whether `write` takes a driver that these changes free, or takes one for a trip that they leave without. The row
    /// that takes could be written before the row that gives, and for a moment a driver would be on two trips, or a
    /// trip in two drivers' rows.
    pub(super) fn must_be_saved_before(&self, write: &Write) -> bool {
        match write {
            Write::Trip(TripWrite { driver: DriverChange::Take(driver), after, .. }) => {
                self.freed.contains(driver) || self.left.contains(&after.id)
            }
            Write::Trip(_) | Write::Move { .. } => false,
        }
    }

    /// Writes it all: trips before what refers to them.
    ///
    /// # Errors
    /// Whatever SQLite says, or [`sqlx::Error::Protocol`] when not every row was written. Nothing of this may then be
    /// committed.
    pub(super) async fn save(self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        save_trips(connection, &self.trips).await?;
        save_drivers(connection, &self.drivers).await?;
        save_lines(connection, &self.lines).await?;
        save_keys(connection, &self.keys).await
    }
}

async fn save_trips(connection: &mut SqliteConnection, trips: &BTreeMap<TripId, &Trip>) -> Result<(), sqlx::Error> {
    if trips.is_empty() {
        return Ok(());
    }
    let mut query = TRIPS.over(trips.len());
    for trip in trips.values() {
        query = query
            .bind(trip.id.to_string())
            .bind(shard_number(trip.id.home()))
            .bind(trip.rider.to_string())
            .bind(trip.stage.name().as_str())
            .bind(trip.stage.driver().map(DriverId::to_string));
        query = records::bind_called_off(query, &trip.stage)
            .bind(moment_number(trip.since))
            .bind(moment_number(trip.requested_at))
            .bind(i64::from(trip.version));
        query = records::bind_order(query, &trip.order)
            .bind(trip.stage.host().map(|host| host.to_string()))
            .bind(records::car_column(&trip.car));
    }
    run(connection, query, trips.len()).await
}

async fn save_drivers(
    connection: &mut SqliteConnection,
    drivers: &BTreeMap<DriverId, StoredDriver>,
) -> Result<(), sqlx::Error> {
    if drivers.is_empty() {
        return Ok(());
    }
    let mut query = DRIVERS.over(drivers.len());
    for driver in drivers.values() {
        query = query
            .bind(driver.id.to_string())
            .bind(driver.home.map(shard_number))
            .bind(number(driver.generation.0))
            .bind(driver.trip.map(|trip| trip.to_string()));
    }
    run(connection, query, drivers.len()).await
}

async fn save_lines(connection: &mut SqliteConnection, lines: &[Line<'_>]) -> Result<(), sqlx::Error> {
    if lines.is_empty() {
        return Ok(());
    }
    let mut query = LINES.over(lines.len());
    for Line { fence, seq, write } in lines {
        query = query
            .bind(shard_number(fence.shard))
            .bind(number(fence.epoch.0))
            .bind(number(*seq))
            .bind(write.after.id.to_string())
            .bind(i64::from(write.after.version))
            .bind(write.event.name())
            .bind(records::payload(&write.event))
            .bind(moment_number(write.at));
    }
    run(connection, query, lines.len()).await
}

async fn save_keys(connection: &mut SqliteConnection, keys: &[(&RequestKey, TripId)]) -> Result<(), sqlx::Error> {
    if keys.is_empty() {
        return Ok(());
    }
    let mut query = KEYS.over(keys.len());
    for (key, trip) in keys {
        query = query.bind(key.rider.to_string()).bind(key.key.clone()).bind(trip.to_string());
    }
    run(connection, query, keys.len()).await
}

async fn run(
    connection: &mut SqliteConnection,
    query: Query<'static, sqlx::Sqlite, SqliteArguments>,
    rows: usize,
) -> Result<(), sqlx::Error> {
    let written = query.execute(connection).await?.rows_affected();
    if written == rows as u64 {
        Ok(())
    } else {
        Err(sqlx::Error::Protocol(format!("{written} rows were written, {rows} should be")))
    }
}
