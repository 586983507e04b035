//! What a chunk of writes changes, written in a handful of statements.
//!
//! Touch with care: SQLite checks a unique index row by row, not at the end of a statement, and updates rows in an order
//! of its own; [`Changes::must_be_saved_before`] knows.

use std::collections::BTreeMap;

use dispatch::{DriverId, RequestKey, TripId};
use sqlx::SqliteConnection;
use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;

use super::room::Statement;
use crate::rows::{self, Changes, Line, StoredDriver, TripValues, moment_number, number, shard_number};

/// A trip is written whole, new or not: a step may come before its request has been written.
const TRIPS: Statement = Statement {
    head: "INSERT INTO trip (id, shard, rider, stage, driver, cancelled_by, cancel_reason, cancel_fee, \
         since, requested_at, version, pickup_lat, pickup_lon, dropoff_lat, dropoff_lon, class, seats, wheelchair, pets, \
         pickup_at, shared, fare, currency, surge, host, car, route) SELECT * FROM",
    width: 27,
    tail: "WHERE column1 IS NOT NULL ON CONFLICT (id) DO UPDATE SET rider = excluded.rider, \
         pickup_lat = excluded.pickup_lat, pickup_lon = excluded.pickup_lon, \
         dropoff_lat = excluded.dropoff_lat, dropoff_lon = excluded.dropoff_lon, \
         stage = excluded.stage, driver = excluded.driver, cancelled_by = excluded.cancelled_by, \
         cancel_reason = excluded.cancel_reason, cancel_fee = excluded.cancel_fee, \
         since = excluded.since, requested_at = excluded.requested_at, version = excluded.version, \
         class = excluded.class, seats = excluded.seats, wheelchair = excluded.wheelchair, pets = excluded.pets, \
         pickup_at = excluded.pickup_at, shared = excluded.shared, fare = excluded.fare, \
         currency = excluded.currency, surge = excluded.surge, host = excluded.host, car = excluded.car, \
         route = excluded.route",
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

/// Writes it all: trips before what refers to them.
///
/// # Errors
/// Whatever SQLite says, or [`sqlx::Error::Protocol`] when not every row was written. Nothing of this may then be
/// committed.
pub(super) async fn save(changes: &Changes<'_>, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    save_trips(connection, changes.trips()).await?;
    save_drivers(connection, &changes.drivers).await?;
    save_lines(connection, &changes.lines).await?;
    save_keys(connection, &changes.keys).await
}

async fn save_trips(connection: &mut SqliteConnection, trips: Vec<TripValues>) -> Result<(), sqlx::Error> {
    if trips.is_empty() {
        return Ok(());
    }
    let (mut query, rows) = (TRIPS.over(trips.len()), trips.len());
    for trip in trips {
        query = query
            .bind(trip.id)
            .bind(trip.shard)
            .bind(trip.rider)
            .bind(trip.stage)
            .bind(trip.driver)
            .bind(trip.cancelled_by)
            .bind(trip.cancel_reason)
            .bind(trip.cancel_fee)
            .bind(trip.since)
            .bind(trip.requested_at)
            .bind(trip.version)
            .bind(trip.pickup_lat)
            .bind(trip.pickup_lon)
            .bind(trip.dropoff_lat)
            .bind(trip.dropoff_lon)
            .bind(trip.class)
            .bind(trip.seats)
            .bind(trip.wheelchair)
            .bind(trip.pets)
            .bind(trip.pickup_at)
            .bind(trip.shared)
            .bind(trip.fare)
            .bind(trip.currency)
            .bind(trip.surge)
            .bind(trip.host)
            .bind(trip.car)
            .bind(trip.route);
    }
    run(connection, query, rows).await
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
            .bind(rows::payload(&write.event))
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
