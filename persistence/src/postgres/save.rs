//! What a chunk of writes changes, written in one guarded statement: all of it, or nothing.
//!
//! Lives here: the guard. The statement locks the shard's row FOR SHARE at the epoch it was decided for, locks drivers and
//! trips in the order of their ids, compares each with what was seen, writes, and undoes itself when anything is missing.
//! Stays out: what is decided (`rows::known`), when to try again ([`super::writer`]).
//! Touch with care: every part of the guard has a test that fails without it. It is one statement without BEGIN, so that no
//! lock outlives a client that freezes; parts of it wait for each other by what they count.

use sqlx::{PgConnection, Row, SqlSafeStr};

use super::look::Seen;
use crate::rows::{self, Changes, TripValues, moment_number, number, shard_number};

/// Parameters: $1-2 shards and epochs; $3-4 riders and the number of their requests; $5-9 drivers: id, revision seen,
/// home, generation, trip; $10-37 trips, the first the version held; $38-45 lines; $46-48 keys.
pub(super) const SAVE: &str = "WITH \
    guard AS MATERIALIZED (\
        SELECT shard.shard FROM shard JOIN unnest($1::bigint[], $2::bigint[]) AS w(shard, epoch) \
            ON shard.shard = w.shard AND shard.epoch = w.epoch ORDER BY shard.shard FOR SHARE OF shard), \
    guarded AS MATERIALIZED (SELECT count(*) AS n FROM guard), \
    drivers_held AS MATERIALIZED (\
        SELECT d.id FROM driver d JOIN unnest($5::text[], $6::bigint[]) AS w(id, revision) ON d.id = w.id \
            WHERE d.xmin::text::bigint = w.revision AND (SELECT n FROM guarded) = cardinality($1::bigint[]) \
            ORDER BY d.id FOR UPDATE OF d), \
    drivers_counted AS MATERIALIZED (SELECT count(*) AS n FROM drivers_held), \
    trips_held AS MATERIALIZED (\
        SELECT t.id FROM trip t JOIN unnest($10::bigint[], $11::uuid[]) AS w(held, id) ON t.id = w.id \
            WHERE t.version = w.held AND (SELECT n FROM drivers_counted) = cardinality($5::text[]) \
            ORDER BY t.id FOR UPDATE OF t), \
    trips_counted AS MATERIALIZED (SELECT count(*) AS n FROM trips_held), \
    riders_written AS (\
        INSERT INTO rider AS r (id, requests) SELECT w.id, w.requests \
            FROM unnest($3::text[], $4::bigint[]) AS w(id, requests), trips_counted \
            WHERE trips_counted.n >= 0 ORDER BY w.id \
            ON CONFLICT (id) DO UPDATE SET requests = excluded.requests WHERE r.requests = excluded.requests - 1 \
            RETURNING 1), \
    trips_written AS (\
        INSERT INTO trip AS t (id, shard, rider, stage, driver, cancelled_by, cancel_reason, cancel_fee, since, \
            requested_at, version, pickup_lat, pickup_lon, dropoff_lat, dropoff_lon, class, seats, wheelchair, pets, \
            pickup_at, shared, fare, currency, surge, host, car, route) \
        SELECT w.id, w.shard, w.rider, w.stage, w.driver, w.cancelled_by, w.cancel_reason, w.cancel_fee, w.since, \
            w.requested_at, w.version, w.pickup_lat, w.pickup_lon, w.dropoff_lat, w.dropoff_lon, w.class, \
            w.seats::smallint, w.wheelchair = 1, w.pets = 1, w.pickup_at, w.shared = 1, w.fare, w.currency, \
            w.surge::smallint, w.host, w.car::json, w.route::json \
        FROM unnest($11::uuid[], $12::bigint[], $13::text[], $14::text[], $15::text[], $16::text[], $17::text[], \
            $18::text[], $19::bigint[], $20::bigint[], $21::bigint[], $22::float8[], $23::float8[], $24::float8[], \
            $25::float8[], $26::text[], $27::bigint[], $28::bigint[], $29::bigint[], $30::bigint[], $31::bigint[], \
            $32::bigint[], $33::text[], $34::bigint[], $35::uuid[], $36::text[], $37::text[]) \
            AS w(id, shard, rider, stage, driver, cancelled_by, cancel_reason, cancel_fee, since, requested_at, \
            version, pickup_lat, pickup_lon, dropoff_lat, dropoff_lon, class, seats, wheelchair, pets, pickup_at, \
            shared, fare, currency, surge, host, car, route), trips_counted WHERE trips_counted.n >= 0 \
        ON CONFLICT (id) DO UPDATE SET rider = excluded.rider, stage = excluded.stage, driver = excluded.driver, \
            cancelled_by = excluded.cancelled_by, cancel_reason = excluded.cancel_reason, \
            cancel_fee = excluded.cancel_fee, since = excluded.since, requested_at = excluded.requested_at, \
            version = excluded.version, pickup_lat = excluded.pickup_lat, pickup_lon = excluded.pickup_lon, \
            dropoff_lat = excluded.dropoff_lat, dropoff_lon = excluded.dropoff_lon, class = excluded.class, \
            seats = excluded.seats, wheelchair = excluded.wheelchair, pets = excluded.pets, \
            pickup_at = excluded.pickup_at, shared = excluded.shared, fare = excluded.fare, \
            currency = excluded.currency, surge = excluded.surge, host = excluded.host, car = excluded.car, \
            route = excluded.route \
            WHERE EXISTS (SELECT 1 FROM trips_held h WHERE h.id = t.id) RETURNING 1), \
    drivers_written AS (\
        UPDATE driver d SET home = w.home, generation = w.generation, trip = w.trip \
            FROM unnest($5::text[], $7::bigint[], $8::bigint[], $9::uuid[]) AS w(id, home, generation, trip), \
            trips_counted \
            WHERE d.id = w.id AND trips_counted.n >= 0 AND EXISTS (SELECT 1 FROM drivers_held h WHERE h.id = d.id) \
            RETURNING 1), \
    lines_written AS (\
        INSERT INTO trip_event (line, shard, epoch, seq, trip, version, kind, payload, at) \
        SELECT ((pg_current_xact_id()::text::bigint + journal.base) << 20) | w.place, w.shard, w.epoch, w.seq, w.trip, \
            w.version, w.kind, w.payload::json, w.at \
        FROM unnest($38::bigint[], $39::bigint[], $40::bigint[], $41::uuid[], $42::bigint[], $43::text[], \
            $44::text[], $45::bigint[]) WITH ORDINALITY \
            AS w(shard, epoch, seq, trip, version, kind, payload, at, place), journal, trips_counted \
        WHERE trips_counted.n >= 0 RETURNING 1), \
    keys_written AS (\
        INSERT INTO idempotency (rider, key, trip) \
        SELECT w.rider, w.key, w.trip FROM unnest($46::text[], $47::bytea[], $48::uuid[]) AS w(rider, key, trip), \
            trips_counted WHERE trips_counted.n >= 0 \
        ON CONFLICT DO NOTHING RETURNING 1) \
    SELECT CASE WHEN (SELECT n FROM guarded) = cardinality($1::bigint[]) \
        AND (SELECT n FROM drivers_counted) = cardinality($5::text[]) \
        AND (SELECT n FROM trips_counted) = (SELECT count(*) FROM unnest($10::bigint[]) AS w(held) WHERE w.held > 0) \
        AND (SELECT count(*) FROM riders_written) = cardinality($3::text[]) \
        AND (SELECT count(*) FROM trips_written) = cardinality($11::uuid[]) \
        AND (SELECT count(*) FROM drivers_written) = cardinality($5::text[]) \
        AND (SELECT count(*) FROM lines_written) = cardinality($38::bigint[]) \
        AND (SELECT count(*) FROM keys_written) = cardinality($46::text[]) \
        THEN 0::bigint ELSE hansom_refuse() END AS refused";

/// A column of many rows.
fn column<R, T>(rows: &[R], value: impl Fn(&R) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}

/// Writes it all, if everything still is as it was seen.
///
/// # Errors
/// Whatever Postgres says; [`super::writer`] tells a refusal from a broken connection.
pub(super) async fn save(
    connection: &mut PgConnection,
    changes: &Changes<'_>,
    seen: &Seen,
    fences: &[crate::Fence],
) -> Result<(), sqlx::Error> {
    save_by(SAVE, connection, changes, seen, fences).await
}

async fn save_by(
    statement: impl SqlSafeStr,
    connection: &mut PgConnection,
    changes: &Changes<'_>,
    seen: &Seen,
    fences: &[crate::Fence],
) -> Result<(), sqlx::Error> {
    let riders: Vec<_> =
        changes.capped.iter().map(|rider| (rider, seen.riders.get(*rider).unwrap_or(&0) + 1)).collect();
    let drivers: Vec<_> = changes.drivers.values().collect();
    let (trips, lines, keys) = (changes.trips(), &changes.lines, &changes.keys);
    let query = sqlx::query(statement)
        .bind(column(fences, |fence| shard_number(fence.shard)))
        .bind(column(fences, |fence| number(fence.epoch.0)))
        .bind(column(&riders, |(rider, _)| rider.to_string()))
        .bind(column(&riders, |(_, requests)| *requests))
        .bind(column(&drivers, |driver| driver.id.to_string()))
        .bind(column(&drivers, |driver| seen.drivers.get(&driver.id).copied()))
        .bind(column(&drivers, |driver| driver.home.map(shard_number)))
        .bind(column(&drivers, |driver| number(driver.generation.0)))
        .bind(column(&drivers, |driver| driver.trip.map(|trip| trip.to_string())));
    let query = bind_trips(query, &trips)
        .bind(column(lines, |line| shard_number(line.fence.shard)))
        .bind(column(lines, |line| number(line.fence.epoch.0)))
        .bind(column(lines, |line| number(line.seq)))
        .bind(column(lines, |line| line.write.after.id.to_string()))
        .bind(column(lines, |line| i64::from(line.write.after.version)))
        .bind(column(lines, |line| line.write.event.name()))
        .bind(column(lines, |line| rows::payload(&line.write.event)))
        .bind(column(lines, |line| moment_number(line.write.at)))
        .bind(column(keys, |(key, _)| key.rider.to_string()))
        .bind(column(keys, |(key, _)| key.key.as_bytes().to_vec()))
        .bind(column(keys, |(_, trip)| trip.to_string()));
    let refused: i64 = query.fetch_one(connection).await?.try_get("refused")?;
    debug_assert_eq!(refused, 0, "a refusal is an error of the statement");
    Ok(())
}

type Query<'q> = sqlx::query::Query<'q, sqlx::Postgres, sqlx::postgres::PgArguments>;

fn bind_trips<'q>(query: Query<'q>, trips: &[TripValues]) -> Query<'q> {
    query
        .bind(column(trips, |trip| trip.held))
        .bind(column(trips, |trip| trip.id.clone()))
        .bind(column(trips, |trip| trip.shard))
        .bind(column(trips, |trip| trip.rider.clone()))
        .bind(column(trips, |trip| trip.stage))
        .bind(column(trips, |trip| trip.driver.clone()))
        .bind(column(trips, |trip| trip.cancelled_by))
        .bind(column(trips, |trip| trip.cancel_reason))
        .bind(column(trips, |trip| trip.cancel_fee))
        .bind(column(trips, |trip| trip.since))
        .bind(column(trips, |trip| trip.requested_at))
        .bind(column(trips, |trip| trip.version))
        .bind(column(trips, |trip| trip.pickup_lat))
        .bind(column(trips, |trip| trip.pickup_lon))
        .bind(column(trips, |trip| trip.dropoff_lat))
        .bind(column(trips, |trip| trip.dropoff_lon))
        .bind(column(trips, |trip| trip.class))
        .bind(column(trips, |trip| trip.seats))
        .bind(column(trips, |trip| trip.wheelchair))
        .bind(column(trips, |trip| trip.pets))
        .bind(column(trips, |trip| trip.pickup_at))
        .bind(column(trips, |trip| trip.shared))
        .bind(column(trips, |trip| trip.fare))
        .bind(column(trips, |trip| trip.currency.clone()))
        .bind(column(trips, |trip| trip.surge))
        .bind(column(trips, |trip| trip.host.clone()))
        .bind(column(trips, |trip| trip.car.clone()))
        .bind(column(trips, |trip| trip.route.clone()))
}

#[cfg(test)]
mod tests;
