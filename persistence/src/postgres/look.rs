//! What a chunk of writes looks at, asked of Postgres in one statement, so that it is all of one moment.
//!
//! Touch with care: nothing is locked here. Whatever a decision rests on goes into [`Seen`] or is a version, an epoch or
//! a key that [`super::save`] compares once more when it writes.

use std::collections::BTreeMap;

use dispatch::{DriverId, RiderId};
use sqlx::{PgConnection, Row};

use crate::Guarded;
use crate::rows::{self, Known, Wanted, moment_number, shard_number};

/// Each kind of row has its columns, and NULL in those of the others.
const LOOK: &str = "SELECT 'shard' AS of, shard.shard, shard.epoch, coalesce((SELECT max(seq) FROM trip_event \
        WHERE trip_event.shard = shard.shard AND trip_event.epoch = shard.epoch), 0) AS seq, \
        NULL::text AS rider, NULL::bigint AS place, NULL::text AS trip, NULL::text AS id, NULL::bigint AS version, \
        NULL::text AS stage, NULL::text AS driver, NULL::text AS cancelled_by, NULL::text AS cancel_reason, \
        NULL::text AS cancel_fee, NULL::text AS host, NULL::bigint AS since, NULL::text AS driver_id, \
        NULL::bigint AS driver_home, NULL::bigint AS driver_generation, NULL::bigint AS driver_session, \
        NULL::text AS driver_trip, NULL::bigint AS revision \
    FROM shard WHERE shard.shard = ANY($1) \
    UNION ALL SELECT 'key', NULL, NULL, NULL, NULL, w.place, i.trip::text, NULL, NULL, NULL, NULL, NULL, NULL, NULL, \
        NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL \
    FROM idempotency i JOIN unnest($2::text[], $3::bytea[]) WITH ORDINALITY AS w(rider, key, place) ON i.rider = w.rider AND i.key = w.key \
    UNION ALL SELECT 'trip', NULL, NULL, NULL, NULL, NULL, NULL, id::text, version, stage, driver, cancelled_by, \
        cancel_reason, cancel_fee, host::text, NULL, NULL, NULL, NULL, NULL, NULL, NULL \
    FROM trip WHERE id = ANY($4::uuid[]) \
    UNION ALL SELECT 'driver', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, \
        NULL, id, home, generation, session, trip::text, xmin::text::bigint \
    FROM driver WHERE id = ANY($5) \
    UNION ALL SELECT 'active', NULL, NULL, NULL, rider, NULL, NULL, NULL, NULL, stage, NULL, NULL, NULL, NULL, NULL, \
        NULL, NULL, NULL, NULL, NULL, NULL, NULL \
    FROM trip WHERE rider = ANY($6) AND stage NOT IN ('completed', 'cancelled', 'expired') \
    UNION ALL SELECT 'called_off', NULL, NULL, NULL, rider, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, \
        NULL, since, NULL, NULL, NULL, NULL, NULL, NULL \
    FROM trip WHERE rider = ANY($6) AND cancelled_by = 'rider' AND since > $7 \
    UNION ALL SELECT 'rider', NULL, NULL, NULL, id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, \
        NULL, NULL, NULL, NULL, NULL, requests \
    FROM rider WHERE id = ANY($6) \
    ORDER BY since DESC";

/// What rows were at, beyond what decisions are made of: it must still be so when they are written.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// The transaction that last wrote a driver's row.
    pub(super) drivers: BTreeMap<DriverId, i64>,
    /// How many requests of a rider were allowed.
    pub(super) riders: BTreeMap<RiderId, i64>,
}

/// Reads what `writes` will look at.
///
/// # Errors
/// Whatever Postgres says.
pub(super) async fn look(connection: &mut PgConnection, writes: &[Guarded]) -> Result<(Known, Seen), sqlx::Error> {
    let wanted = Wanted::by(writes);
    let (mut known, mut seen) = (Known::of(&wanted), Seen::default());
    let since = wanted.since.map_or(i64::MAX, moment_number);
    let query = sqlx::query(LOOK)
        .bind(wanted.shards.iter().map(|shard| shard_number(*shard)).collect::<Vec<i64>>())
        .bind(wanted.keys.iter().map(|key| key.rider.to_string()).collect::<Vec<String>>())
        .bind(wanted.keys.iter().map(|key| key.key.as_bytes()).collect::<Vec<&[u8]>>())
        .bind(wanted.trips.iter().map(|trip| trip.to_string()).collect::<Vec<String>>())
        .bind(wanted.drivers.iter().map(|driver| driver.to_string()).collect::<Vec<String>>())
        .bind(wanted.riders.iter().map(|rider| rider.to_string()).collect::<Vec<String>>())
        .bind(since);
    for row in &query.fetch_all(connection).await? {
        match row.try_get::<&str, _>("of")? {
            "shard" => known.shard(row),
            "key" => {
                let place = usize::try_from(row.try_get::<i64, _>("place")?).unwrap_or_default();
                let key = wanted.keys.iter().nth(place.saturating_sub(1));
                key.into_iter().for_each(|key| known.used((*key).clone(), row));
            }
            "trip" => known.trip(row),
            "active" => known.active(row),
            "called_off" => known.called_off(row),
            "driver" => {
                known.driver(row);
                if let Ok(id) = rows::read_driver_id(row) {
                    seen.drivers.insert(id, row.try_get("revision")?);
                }
            }
            _ => {
                if let Ok(id) = rows::read_rider(row) {
                    seen.riders.insert(id, row.try_get("revision")?);
                }
            }
        }
    }
    Ok((known, seen))
}
