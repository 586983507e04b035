//! What the store answers without deciding anything.
//!
//! Touch with care: each answer is one statement, so it is of one moment, and no transaction is left open on a connection
//! of the pool by a future that is dropped (sqlx 0.9 hands such a connection on).

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use dispatch::invariants::Entry;
use dispatch::{DriverId, RequestKey, RiderId, ShardId, StageName, Trip, TripId};
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{PgPool, Postgres, Row};

use super::refused;
use crate::rows::{self, number, shard_number};
use crate::{Commitment, DriverRow, LoadedShard, StoreError};

macro_rules! trip_columns {
    () => {
        "trip.id::text AS id, trip.shard, trip.rider, trip.pickup_lat, trip.pickup_lon, trip.dropoff_lat, \
         trip.dropoff_lon, trip.stage, trip.driver, trip.cancelled_by, trip.cancel_reason, trip.cancel_fee, \
         trip.since, trip.requested_at, trip.version, trip.class, trip.seats::bigint AS seats, \
         trip.wheelchair::int::bigint AS wheelchair, trip.pets::int::bigint AS pets, trip.pickup_at, \
         trip.shared::int::bigint AS shared, trip.fare, trip.currency, trip.surge::bigint AS surge, \
         trip.host::text AS host, trip.car::text AS car, trip.route::text AS route"
    };
}

macro_rules! driver_columns {
    () => {
        "driver.id AS driver_id, driver.home AS driver_home, driver.generation AS driver_generation, \
         driver.session AS driver_session, driver.trip::text AS driver_trip"
    };
}

macro_rules! active {
    () => {
        "trip.stage IN ('scheduled', 'searching', 'en_route', 'arrived', 'in_progress', 'driving_on')"
    };
}

const DRIVER_WITH_TRIP: &str = concat!(
    "SELECT ",
    driver_columns!(),
    ", ",
    trip_columns!(),
    " FROM driver LEFT JOIN trip ON trip.id = driver.trip WHERE driver.id = $1"
);

pub(super) const DRIVERS_WITH_TRIPS: &str = concat!(
    "SELECT ",
    driver_columns!(),
    ", ",
    trip_columns!(),
    " FROM driver LEFT JOIN trip ON trip.id = driver.trip WHERE driver.id = ANY($1)"
);

const LOAD: &str = concat!(
    "SELECT ",
    trip_columns!(),
    ", ",
    driver_columns!(),
    " FROM trip LEFT JOIN driver ON driver.trip = trip.id WHERE trip.id IN (SELECT trip.id FROM trip WHERE ",
    active!(),
    " AND trip.shard = $1 UNION SELECT driver.trip FROM driver WHERE driver.home = $1 AND driver.trip IS NOT NULL) \
     ORDER BY trip.id"
);

/// A shard is in one of two columns, so that one which cannot be read is named rightly.
const SHARDS_WITH_WORK: &str = concat!(
    "SELECT trip.shard, NULL::bigint AS driver_home FROM trip WHERE ",
    active!(),
    " UNION SELECT NULL, driver.home FROM driver WHERE driver.trip IS NOT NULL AND driver.home IS NOT NULL"
);

const TRIP: &str = concat!("SELECT ", trip_columns!(), " FROM trip WHERE trip.id = $1::uuid");

const TRIP_BY_KEY: &str = concat!(
    "SELECT ",
    trip_columns!(),
    " FROM idempotency JOIN trip ON trip.id = idempotency.trip WHERE idempotency.rider = $1 AND idempotency.key = $2"
);

const SCHEDULED: &str = "SELECT count(*) AS trips FROM trip WHERE rider = $1 AND stage = 'scheduled'";

const ALL_TRIPS: &str = concat!("SELECT ", trip_columns!(), " FROM trip ORDER BY trip.id");

const ALL_DRIVERS: &str = "SELECT id AS driver_id, trip::text AS driver_trip FROM driver ORDER BY id";

const BY_STAGE: &str = "SELECT stage, count(*) AS trips FROM trip GROUP BY stage";

/// The lines up to the oldest transaction that still runs, and whether later ones can be seen already.
const LINES: &str = "SELECT line, shard, epoch, seq, trip::text AS trip, version, kind, payload::text AS payload, at, \
        line >= ((pg_snapshot_xmin(pg_current_snapshot())::text::bigint + (SELECT base FROM journal)) << 20) AS early \
     FROM trip_event WHERE line > $1 ORDER BY line LIMIT $2";

/// How long a reader of the journal waits for transactions that began before what it can see.
const EARLIER_PATIENCE: Duration = Duration::from_secs(2);

/// How often it looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// The connections that are shared.
#[derive(Debug)]
pub(super) struct Reader {
    pool: PgPool,
}

pub(super) type Question = Query<'static, Postgres, PgArguments>;

impl Reader {
    pub(super) fn new(pool: PgPool) -> Reader {
        Reader { pool }
    }

    pub(super) async fn close(&self) {
        self.pool.close().await;
    }

    pub(super) async fn rows(&self, question: Question) -> Result<Vec<PgRow>, StoreError> {
        question.fetch_all(&self.pool).await.map_err(refused)
    }

    pub(super) async fn row(&self, question: Question) -> Result<Option<PgRow>, StoreError> {
        question.fetch_optional(&self.pool).await.map_err(refused)
    }

    /// How many rows a statement has changed.
    pub(super) async fn change(&self, question: Question) -> Result<u64, StoreError> {
        question.execute(&self.pool).await.map(|done| done.rows_affected()).map_err(refused)
    }

    pub(super) async fn shards_with_work(&self) -> Result<Vec<ShardId>, StoreError> {
        let found = self.rows(sqlx::query(SHARDS_WITH_WORK)).await?;
        let shards: BTreeSet<ShardId> =
            found.iter().map(|row| rows::read_shard_with_work(row)).collect::<Result<_, _>>()?;
        Ok(shards.into_iter().collect())
    }

    pub(super) async fn load(&self, shard: ShardId) -> Result<LoadedShard, StoreError> {
        let found = self.rows(sqlx::query(LOAD).bind(shard_number(shard))).await?;
        rows::read_loaded(shard, found.iter().map(|row| row as &dyn rows::RawRow))
    }

    pub(super) async fn trip(&self, id: TripId) -> Result<Option<Trip>, StoreError> {
        let row = self.row(sqlx::query(TRIP).bind(id.to_string())).await?;
        row.as_ref().map(|row| rows::read_trip(row)).transpose()
    }

    pub(super) async fn trip_by_key(&self, key: RequestKey) -> Result<Option<Trip>, StoreError> {
        let row = self.row(sqlx::query(TRIP_BY_KEY).bind(key.rider.to_string()).bind(key.key.into_bytes())).await?;
        row.as_ref().map(|row| rows::read_trip(row)).transpose()
    }

    pub(super) async fn scheduled_trips(&self, rider: RiderId) -> Result<u64, StoreError> {
        let row = self.row(sqlx::query(SCHEDULED).bind(rider.to_string())).await?;
        let trips = row.map(|row| row.try_get::<i64, _>("trips")).transpose().map_err(refused)?;
        Ok(trips.unwrap_or_default().cast_unsigned())
    }

    pub(super) async fn driver(&self, id: DriverId) -> Result<Option<DriverRow>, StoreError> {
        let row = self.row(sqlx::query(DRIVER_WITH_TRIP).bind(id.to_string())).await?;
        row.as_ref().map(|row| rows::read_driver_with_trip(row)).transpose()
    }

    pub(super) async fn trips_by_stage(&self) -> Result<Vec<(StageName, u64)>, StoreError> {
        let found = self.rows(sqlx::query(BY_STAGE)).await?;
        let count = |row: &PgRow| row.try_get::<i64, _>("trips").map_err(refused);
        let counted = found.iter().map(|row| Ok((rows::read_stage_name(row)?, count(row)?.cast_unsigned())));
        rows::every_stage(counted)
    }

    pub(super) async fn all_trips(&self) -> Result<Vec<Trip>, StoreError> {
        self.rows(sqlx::query(ALL_TRIPS)).await?.iter().map(|row| rows::read_trip(row)).collect()
    }

    pub(super) async fn all_drivers(&self) -> Result<Vec<Commitment>, StoreError> {
        let commitment = |row: &PgRow| Ok((rows::read_driver_id(row)?, rows::read_driver_trip(row)?));
        self.rows(sqlx::query(ALL_DRIVERS)).await?.iter().map(commitment).collect()
    }

    /// Lines of the journal. A line that can be seen while an older transaction still runs is waited for: one of a
    /// lower number may yet come.
    pub(super) async fn lines(&self, after: u64, limit: u32) -> Result<Vec<(u64, Entry)>, StoreError> {
        let since = Instant::now();
        loop {
            let question = sqlx::query(LINES).bind(number(after)).bind(i64::from(limit));
            let found = self.rows(question).await?;
            let early = |row: &PgRow| row.try_get::<bool, _>("early").map_err(refused);
            let mut settled = Vec::with_capacity(found.len());
            for row in &found {
                if early(row)? {
                    break;
                }
                settled.push(rows::read_entry(row)?);
            }
            if settled.len() == found.len() || since.elapsed() > EARLIER_PATIENCE {
                return Ok(settled);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }
}
