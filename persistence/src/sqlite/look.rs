//! What a chunk of writes looks at, asked of SQLite.
//!
//! Touch with care: asked inside the transaction that writes, where nobody else does: what was found stays true.

use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use super::room::Statement;
use crate::Guarded;
use crate::rows::{Known, RawRow, Wanted, moment_number, shard_number};

const SHARDS: Statement = Statement {
    head: "SELECT shard, epoch, coalesce((SELECT max(seq) FROM trip_event \
         WHERE trip_event.shard = shard.shard AND trip_event.epoch = shard.epoch), 0) AS seq \
         FROM shard WHERE shard IN",
    width: 1,
    tail: "",
};

const KEYS: Statement =
    Statement { head: "SELECT rider, key, trip FROM idempotency WHERE (rider, key) IN", width: 2, tail: "" };

const TRIPS: Statement = Statement {
    head: "SELECT id, version, stage, driver, cancelled_by, cancel_reason, cancel_fee, host FROM trip WHERE id IN",
    width: 1,
    tail: "",
};

const DRIVERS: Statement = Statement {
    head: "SELECT id AS driver_id, home AS driver_home, generation AS driver_generation, \
         session AS driver_session, trip AS driver_trip FROM driver WHERE id IN",
    width: 1,
    tail: "",
};

/// The trips that riders have under way.
const ACTIVE: Statement = Statement {
    head: "SELECT rider, stage FROM trip WHERE rider IN",
    width: 1,
    tail: "AND stage NOT IN ('completed', 'cancelled', 'expired')",
};

/// When riders called trips off, since a moment that is bound last.
const CALLED_OFF: Statement = Statement {
    head: "SELECT rider, since FROM trip WHERE cancelled_by = 'rider' AND rider IN",
    width: 1,
    tail: "AND since > ? ORDER BY since DESC",
};

/// What is asked before every write.
#[cfg(test)]
pub(super) const QUESTIONS: [Statement; 6] = [SHARDS, KEYS, TRIPS, DRIVERS, ACTIVE, CALLED_OFF];

/// Reads what `writes` will look at.
///
/// # Errors
/// Whatever SQLite says.
pub(super) async fn look(connection: &mut SqliteConnection, writes: &[Guarded]) -> Result<Known, sqlx::Error> {
    let wanted = Wanted::by(writes);
    let mut known = Known::of(&wanted);
    let shards = wanted.shards.iter().map(|shard| [Bound::Whole(shard_number(*shard))]);
    ask(connection, SHARDS, shards, None, |row| known.shard(row)).await?;
    let keys = wanted.keys.iter().map(|key| [Bound::Text(key.rider.to_string()), Bound::Text(key.key.clone())]);
    ask(connection, KEYS, keys, None, |row| known.key(row)).await?;
    let trips = wanted.trips.iter().map(|trip| [Bound::Text(trip.to_string())]);
    ask(connection, TRIPS, trips, None, |row| known.trip(row)).await?;
    let drivers = wanted.drivers.iter().map(|driver| [Bound::Text(driver.to_string())]);
    ask(connection, DRIVERS, drivers, None, |row| known.driver(row)).await?;
    if let Some(since) = wanted.since {
        let riders = || wanted.riders.iter().map(|rider| [Bound::Text(rider.to_string())]);
        ask(connection, ACTIVE, riders(), None, |row| known.active(row)).await?;
        ask(connection, CALLED_OFF, riders(), Some(moment_number(since)), |row| known.called_off(row)).await?;
    }
    Ok(known)
}

/// A value to ask for.
enum Bound {
    Whole(i64),
    Text(String),
}

/// Asks for rows by so many values each, and for one more value after them all.
async fn ask<const WIDTH: usize>(
    connection: &mut SqliteConnection,
    statement: Statement,
    rows: impl ExactSizeIterator<Item = [Bound; WIDTH]>,
    last: Option<i64>,
    mut found: impl FnMut(&dyn RawRow),
) -> Result<(), sqlx::Error> {
    let asked = rows.len();
    if asked == 0 {
        return Ok(());
    }
    let mut query = statement.over(asked);
    for value in rows.flatten() {
        query = match value {
            Bound::Whole(number) => query.bind(number),
            Bound::Text(text) => query.bind(text),
        };
    }
    if let Some(last) = last {
        // Room for more rows than there are comes before the last value.
        for _ in asked..Statement::room(asked) {
            query = query.bind(None::<String>);
        }
        query = query.bind(last);
    }
    let answered: Vec<SqliteRow> = query.fetch_all(connection).await?;
    answered.iter().for_each(|row| found(row));
    Ok(())
}
