//! Drivers who connect and drivers who settle, many at a time: after a failure a whole city comes back at once.
//!
//! Lives here: what a turn of them reads and writes, two statements whatever its size.
//! Stays out: the transaction around it ([`super::writer`]); whose turn it is ([`crate::door`]).
//! Touch with care: a row is found readable before anything of it is written, and one that is not fails only its driver.

use std::collections::BTreeMap;

use dispatch::{DriverId, Generation, SessionId};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::reader::DRIVERS_WITH_TRIPS;
use super::room::Statement;
use super::writer::{Answer, answer, undone};
use crate::door::{Waiting, turn};
use crate::rows::{self, number, shard_number};
use crate::{DriverRow, StoreError};

/// All of a driver's row but the trip, which only a step of a trip may change.
pub(super) const SAVE: Statement = Statement {
    head: "INSERT INTO driver (id, home, generation, session) SELECT * FROM",
    width: 4,
    tail: "WHERE column1 IS NOT NULL ON CONFLICT (id) DO UPDATE \
         SET home = excluded.home, generation = excluded.generation, session = excluded.session",
};

/// Lets these in, in as many turns as the one who asked most often needs, and adds an answer for each. At most
/// [`super::room::CHUNK`] may wait.
///
/// # Errors
/// Whatever SQLite says: the transaction is lost, and everyone's answer says so.
pub(super) async fn let_in(
    connection: &mut SqliteConnection,
    mut waiting: Vec<Waiting>,
    answers: &mut Vec<Answer>,
) -> Result<(), sqlx::Error> {
    while !waiting.is_empty() {
        let (turn, rest) = turn(waiting);
        waiting = rest;
        match write(connection, &turn).await {
            Ok(mut rows) => {
                for Waiting { driver, reply, .. } in turn {
                    let nobody = || Err(StoreError::Unavailable("the driver's row was not read".into()));
                    answers.push(answer(reply, rows.remove(&driver).unwrap_or_else(nobody)));
                }
            }
            Err(failed) => {
                answers.extend(turn.into_iter().chain(waiting).map(|left| undone(left.reply)));
                return Err(failed);
            }
        }
    }
    Ok(())
}

/// Reads the rows of a turn, changes them, and writes those that have changed.
async fn write(
    connection: &mut SqliteConnection,
    turn: &[Waiting],
) -> Result<BTreeMap<DriverId, Result<DriverRow, StoreError>>, sqlx::Error> {
    let mut known = read(connection, turn).await?;
    let mut changed = Vec::with_capacity(turn.len());
    for Waiting { driver, home, .. } in turn {
        let nobody_yet = || DriverRow {
            id: driver.clone(),
            home: None,
            generation: Generation(0),
            session: SessionId(0),
            trip: None,
        };
        let Ok(row) = known.entry(driver.clone()).or_insert_with(|| Ok(nobody_yet())) else { continue };
        match *home {
            None => row.session = SessionId(row.session.0 + 1),
            // Who is on a trip, or at home there, stays as he is.
            Some(home) if row.trip.is_some() || row.home == Some(home) => continue,
            Some(home) => (row.home, row.generation) = (Some(home), Generation(row.generation.0 + 1)),
        }
        changed.push(driver);
    }
    if changed.is_empty() {
        return Ok(known);
    }
    let mut save = SAVE.over(changed.len());
    for row in changed.into_iter().filter_map(|driver| known.get(driver)?.as_ref().ok()) {
        save = save
            .bind(row.id.to_string())
            .bind(row.home.map(shard_number))
            .bind(number(row.generation.0))
            .bind(number(row.session.0));
    }
    save.execute(connection).await?;
    Ok(known)
}

async fn read(
    connection: &mut SqliteConnection,
    turn: &[Waiting],
) -> Result<BTreeMap<DriverId, Result<DriverRow, StoreError>>, sqlx::Error> {
    let mut question = DRIVERS_WITH_TRIPS.over(turn.len());
    for Waiting { driver, .. } in turn {
        question = question.bind(driver.to_string());
    }
    let found: Vec<SqliteRow> = question.fetch_all(connection).await?;
    let mut known = BTreeMap::new();
    for row in &found {
        // Asked for by name, so the name can be read.
        if let Ok(id) = DriverId::new(row.try_get("driver_id")?) {
            known.insert(id, rows::read_driver_with_trip(row));
        }
    }
    Ok(known)
}
