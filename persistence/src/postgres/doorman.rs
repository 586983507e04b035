//! Drivers who connect and drivers who settle, many at a time: after a failure a whole city comes back at once.
//!
//! Lives here: the queue of those who wait, and the statements that let them in together.
//! Stays out: what a session or a home means; whose turn it is ([`crate::door`]).
//! Touch with care: one statement, no BEGIN, rows in the order of their names, as in [`super::save`]: no lock outlives a
//! client, and nobody waits in a circle.

use std::collections::BTreeMap;
use std::sync::Arc;

use dispatch::{DriverId, SessionId, ShardId};
use sqlx::{PgPool, Row};
use tokio::sync::{mpsc, oneshot};

use super::reader::DRIVERS_WITH_TRIPS;
use super::refused;
use crate::door::{Waiting, turn};
use crate::rows::{self, shard_number};
use crate::{DriverRow, StoreError};

/// How many may wait. Beyond it whoever asks waits for room, as he would for the answer.
const QUEUE: usize = 4_096;

/// How many are let in by one statement.
const TOGETHER: usize = 256;

/// One session more for each; a driver nobody knew gets a row.
const OPEN_SESSIONS: &str = "INSERT INTO driver (id, generation, session) \
        SELECT w.id, 0, 1 FROM unnest($1::text[]) AS w(id) ORDER BY w.id COLLATE \"C\" \
     ON CONFLICT (id) DO UPDATE SET session = driver.session + 1 RETURNING id AS driver_id, session";

const SETTLE: &str = "INSERT INTO driver (id, home, generation, session) \
        SELECT w.id, w.home, 1, 0 FROM unnest($1::text[], $2::bigint[]) AS w(id, home) ORDER BY w.id COLLATE \"C\" \
     ON CONFLICT (id) DO UPDATE SET home = excluded.home, generation = driver.generation + 1 \
     WHERE driver.trip IS NULL AND driver.home IS DISTINCT FROM excluded.home";

/// Lets drivers in. The task behind it ends with the last handle.
#[derive(Clone, Debug)]
pub(super) struct Doorman(mpsc::Sender<Waiting>);

impl Doorman {
    /// Starts on the current runtime.
    pub(super) fn start(pool: PgPool) -> Doorman {
        let (sender, mut queue) = mpsc::channel(QUEUE);
        tokio::spawn(async move {
            let mut waiting = Vec::with_capacity(TOGETHER);
            while queue.recv_many(&mut waiting, TOGETHER).await > 0 {
                // In a task of its own: a panic costs these their answer, not the next ones.
                let let_in = tokio::spawn(let_in(pool.clone(), std::mem::take(&mut waiting)));
                let _ = let_in.await;
            }
        });
        Doorman(sender)
    }

    pub(super) async fn open_session(&self, driver: DriverId) -> Result<DriverRow, StoreError> {
        self.ask(driver, None).await
    }

    pub(super) async fn settle(&self, driver: DriverId, home: ShardId) -> Result<DriverRow, StoreError> {
        self.ask(driver, Some(home)).await
    }

    async fn ask(&self, driver: DriverId, home: Option<ShardId>) -> Result<DriverRow, StoreError> {
        let closed = || StoreError::Unavailable("the store is closed".into());
        let (reply, answer) = oneshot::channel();
        self.0.send(Waiting { driver, home, reply }).await.map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }
}

/// Lets these in, in as many turns as the one who asked most often needs.
async fn let_in(pool: PgPool, mut waiting: Vec<Waiting>) {
    while !waiting.is_empty() {
        let (turn, rest) = turn(waiting);
        waiting = rest;
        match write(&pool, &turn).await {
            Ok(mut rows) => {
                for Waiting { driver, reply, .. } in turn {
                    let row = rows.remove(&driver).unwrap_or_else(|| Err(refused(sqlx::Error::RowNotFound)));
                    // Whoever asked may be gone: he is let in all the same.
                    let _ = reply.send(row);
                }
            }
            Err(failed) => {
                let failed = Arc::new(failed);
                for Waiting { reply, .. } in turn {
                    let _ = reply.send(Err(StoreError::Unavailable(Box::new(Arc::clone(&failed)))));
                }
            }
        }
    }
}

/// One statement that writes, and one that reads what came of it.
async fn write(
    pool: &PgPool,
    turn: &[Waiting],
) -> Result<BTreeMap<DriverId, Result<DriverRow, StoreError>>, sqlx::Error> {
    let drivers: Vec<String> = turn.iter().map(|next| next.driver.to_string()).collect();
    let homes: Option<Vec<i64>> = turn.iter().map(|next| next.home.map(shard_number)).collect();
    let mut sessions: BTreeMap<String, i64> = BTreeMap::new();
    match homes {
        Some(homes) => {
            sqlx::query(SETTLE).bind(&drivers).bind(homes).execute(pool).await?;
        }
        None => {
            for row in sqlx::query(OPEN_SESSIONS).bind(&drivers).fetch_all(pool).await? {
                sessions.insert(row.try_get("driver_id")?, row.try_get("session")?);
            }
        }
    }
    // A statement of its own: the one that wrote may have waited, and would see the trips as they were before.
    let found = sqlx::query(DRIVERS_WITH_TRIPS).bind(&drivers).fetch_all(pool).await?;
    let mut rows = BTreeMap::new();
    for row in &found {
        let driver = rows::read_driver_with_trip(row).map(|driver| {
            let session = sessions.get(driver.id.as_str()).map(|session| SessionId(session.cast_unsigned()));
            DriverRow { session: session.unwrap_or(driver.session), ..driver }
        });
        if let Ok(id) = DriverId::new(row.try_get("driver_id")?) {
            rows.insert(id, driver);
        }
    }
    Ok(rows)
}
