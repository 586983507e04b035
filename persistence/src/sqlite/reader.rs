//! What the store answers without changing anything.
//!
//! Touch with care: each answer is one statement, so it is of one moment, and there is no transaction that a dropped
//! future could leave open on a connection of the pool.

use std::collections::BTreeSet;
use std::sync::Arc;

use dispatch::invariants::Entry;
use dispatch::{DriverId, RequestKey, RiderId, ShardId, StageName, Trip, TripId};
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Row, Sqlite, SqlitePool};

#[cfg(test)]
use super::outbox::{CURSOR, DEAD, DUE};
use super::refused;
use super::room::Statement;
use crate::rows::{self, RawRow, number, shard_number};
use crate::{Commitment, DriverRow, LoadedShard, StoreError};

/// Every column of a trip, for [`rows::read_trip`].
macro_rules! trip_columns {
    () => {
        "trip.id, trip.shard, trip.rider, trip.pickup_lat, trip.pickup_lon, trip.dropoff_lat, trip.dropoff_lon, \
         trip.stage, trip.driver, trip.cancelled_by, trip.cancel_reason, trip.cancel_fee, \
         trip.since, trip.requested_at, trip.version, \
         trip.class, trip.seats, trip.wheelchair, trip.pets, \
         trip.pickup_at, trip.shared, trip.fare, trip.currency, trip.surge, trip.host, trip.car, trip.route"
    };
}

/// Every column of a driver, for [`rows::read_driver`].
macro_rules! driver_columns {
    () => {
        "driver.id AS driver_id, driver.home AS driver_home, driver.generation AS driver_generation, \
         driver.session AS driver_session, driver.trip AS driver_trip"
    };
}

/// The stages of trips that still change.
macro_rules! active {
    () => {
        "trip.stage IN ('scheduled', 'searching', 'en_route', 'arrived', 'in_progress', 'driving_on')"
    };
}

/// A driver, and the trip its row names.
const DRIVER_WITH_TRIP: &str = concat!(
    "SELECT ",
    driver_columns!(),
    ", ",
    trip_columns!(),
    " FROM driver LEFT JOIN trip ON trip.id = driver.trip WHERE driver.id = ?"
);

/// The same of many drivers.
pub(super) const DRIVERS_WITH_TRIPS: Statement = Statement {
    head: concat!(
        "SELECT ",
        driver_columns!(),
        ", ",
        trip_columns!(),
        " FROM driver LEFT JOIN trip ON trip.id = driver.trip WHERE driver.id IN"
    ),
    width: 1,
    tail: "",
};

/// The active trips of a shard, and the trips of the drivers at home there, each with its driver.
const LOAD: &str = concat!(
    "SELECT ",
    trip_columns!(),
    ", ",
    driver_columns!(),
    " FROM trip LEFT JOIN driver ON driver.trip = trip.id WHERE trip.id IN (SELECT trip.id FROM trip WHERE ",
    active!(),
    " AND trip.shard = ?1 UNION SELECT driver.trip FROM driver WHERE driver.home = ?1 AND driver.trip IS NOT NULL) \
     ORDER BY trip.id"
);

/// A shard is in one of two columns, so that one which cannot be read is named rightly.
const SHARDS_WITH_WORK: &str = concat!(
    "SELECT trip.shard, NULL AS driver_home FROM trip WHERE ",
    active!(),
    " UNION SELECT NULL, driver.home FROM driver WHERE driver.trip IS NOT NULL AND driver.home IS NOT NULL"
);

const TRIP: &str = concat!("SELECT ", trip_columns!(), " FROM trip WHERE trip.id = ?");

const TRIP_BY_KEY: &str = concat!(
    "SELECT ",
    trip_columns!(),
    " FROM idempotency JOIN trip ON trip.id = idempotency.trip WHERE idempotency.rider = ? AND idempotency.key = ?"
);

/// The condition on the stage is that of the partial index.
const SCHEDULED: &str = "SELECT count(*) AS trips FROM trip WHERE rider = ? AND stage = 'scheduled'";

const ALL_TRIPS: &str = concat!("SELECT ", trip_columns!(), " FROM trip ORDER BY trip.id");

const ALL_DRIVERS: &str = "SELECT id AS driver_id, trip AS driver_trip FROM driver ORDER BY id";

pub(super) const BY_STAGE: &str = "SELECT stage, count(*) AS trips FROM trip GROUP BY stage";

const LINES: &str = "SELECT line, shard, epoch, seq, trip, version, kind, payload, at FROM trip_event \
     WHERE line > ? ORDER BY line LIMIT ?";

/// What is asked in service; the others are for audits.
#[cfg(test)]
pub(super) const IN_SERVICE: [&str; 10] =
    [DRIVER_WITH_TRIP, LOAD, SHARDS_WITH_WORK, TRIP, TRIP_BY_KEY, SCHEDULED, LINES, CURSOR, DEAD, DUE];

/// The connections that only read.
#[derive(Debug)]
pub(super) struct Reader {
    pool: SqlitePool,
}

pub(super) type Question = Query<'static, Sqlite, SqliteArguments>;

impl Reader {
    pub(super) fn new(pool: SqlitePool) -> Reader {
        Reader { pool }
    }

    pub(super) async fn close(&self) {
        self.pool.close().await;
    }

    pub(super) fn refused(&self, failed: sqlx::Error) -> StoreError {
        refused(self.pool.connect_options().get_filename(), Arc::new(failed))
    }

    pub(super) async fn rows(&self, question: Question) -> Result<Vec<SqliteRow>, StoreError> {
        question.fetch_all(&self.pool).await.map_err(|failed| self.refused(failed))
    }

    pub(super) async fn row(&self, question: Question) -> Result<Option<SqliteRow>, StoreError> {
        question.fetch_optional(&self.pool).await.map_err(|failed| self.refused(failed))
    }

    pub(super) async fn shards_with_work(&self) -> Result<Vec<ShardId>, StoreError> {
        let found = self.rows(sqlx::query(SHARDS_WITH_WORK)).await?;
        let shards: BTreeSet<ShardId> =
            found.iter().map(|row| rows::read_shard_with_work(row)).collect::<Result<_, _>>()?;
        Ok(shards.into_iter().collect())
    }

    pub(super) async fn load(&self, shard: ShardId) -> Result<LoadedShard, StoreError> {
        let found = self.rows(sqlx::query(LOAD).bind(shard_number(shard))).await?;
        rows::read_loaded(shard, found.iter().map(|row| row as &dyn RawRow))
    }

    pub(super) async fn trip(&self, id: TripId) -> Result<Option<Trip>, StoreError> {
        let row = self.row(sqlx::query(TRIP).bind(id.to_string())).await?;
        row.as_ref().map(|row| rows::read_trip(row)).transpose()
    }

    pub(super) async fn trip_by_key(&self, key: RequestKey) -> Result<Option<Trip>, StoreError> {
        let row = self.row(sqlx::query(TRIP_BY_KEY).bind(key.rider.to_string()).bind(key.key)).await?;
        row.as_ref().map(|row| rows::read_trip(row)).transpose()
    }

    pub(super) async fn scheduled_trips(&self, rider: RiderId) -> Result<u64, StoreError> {
        let row = self.row(sqlx::query(SCHEDULED).bind(rider.to_string())).await?;
        let trips = row.map(|row| row.try_get::<i64, _>("trips")).transpose().map_err(|failed| self.refused(failed))?;
        Ok(trips.unwrap_or_default().cast_unsigned())
    }

    pub(super) async fn driver(&self, id: DriverId) -> Result<Option<DriverRow>, StoreError> {
        let row = self.row(sqlx::query(DRIVER_WITH_TRIP).bind(id.to_string())).await?;
        row.as_ref().map(|row| rows::read_driver_with_trip(row)).transpose()
    }

    pub(super) async fn trips_by_stage(&self) -> Result<Vec<(StageName, u64)>, StoreError> {
        let found = self.rows(sqlx::query(BY_STAGE)).await?;
        let count = |row: &SqliteRow| row.try_get::<i64, _>("trips").map_err(|failed| self.refused(failed));
        let counted = found.iter().map(|row| Ok((rows::read_stage_name(row)?, count(row)?.cast_unsigned())));
        rows::every_stage(counted)
    }

    pub(super) async fn all_trips(&self) -> Result<Vec<Trip>, StoreError> {
        self.rows(sqlx::query(ALL_TRIPS)).await?.iter().map(|row| rows::read_trip(row)).collect()
    }

    pub(super) async fn all_drivers(&self) -> Result<Vec<Commitment>, StoreError> {
        let commitment = |row: &SqliteRow| Ok((rows::read_driver_id(row)?, rows::read_driver_trip(row)?));
        self.rows(sqlx::query(ALL_DRIVERS)).await?.iter().map(commitment).collect()
    }

    pub(super) async fn lines(&self, after: u64, limit: u32) -> Result<Vec<(u64, Entry)>, StoreError> {
        let question = sqlx::query(LINES).bind(number(after)).bind(i64::from(limit));
        self.rows(question).await?.iter().map(|row| rows::read_entry(row)).collect()
    }
}
