//! Claiming a shard, whoever stands in the way.
//!
//! Lives here: the statement that claims, and what becomes of a statement of an earlier owner that holds it up.
//! Stays out: who may claim when.
//! Touch with care: a claim waits for the writes under way, and must: they are then committed, or will be fenced. But a
//! process that was stopped in mid-statement, or whose machine is gone, may leave a statement that holds the shard's row
//! for as long as the server keeps its connection. Such a one is ended: nobody was told that it had been done, so whoever
//! loads the shard afterwards finds out. Only connections of Hansom's are ended, never a person's.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use dispatch::{Epoch, ShardId};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{PgPool, Row};
use tracing::warn;

use super::{CONNECT_PATIENCE, HANSOM, refused};
use crate::StoreError;
use crate::rows::{self, shard_number};

/// How many shards are claimed at once.
const AT_ONCE: u32 = 8;

/// How long a claim waits for a write of another process: a healthy server commits in a hundredth of it.
const OTHERS_PATIENCE: Duration = Duration::from_secs(1);

/// The same for one of this process, whose connection is given up before: see [`super::writer`].
const OWN_PATIENCE: Duration = Duration::from_secs(3);

/// How long a claim waits at all. It is asked for again.
const LOCK_TIMEOUT: &str = "8s";

/// How long a claim may take, on a server that does nothing any more.
const STATEMENT_TIMEOUT: &str = "10s";

/// How often it is looked who holds a claim up.
const LOOK_EVERY: Duration = Duration::from_millis(250);

const CLAIM: &str = "INSERT INTO shard (shard, epoch, owner) VALUES ($1, 1, $2) \
     ON CONFLICT (shard) DO UPDATE SET epoch = shard.epoch + 1, owner = excluded.owner RETURNING shard, epoch";

/// Ends the statements, with their connections, that a backend waits for: of other processes, or of this one, too.
const END: &str = "SELECT count(pg_terminate_backend(a.pid)) AS ended FROM unnest(pg_blocking_pids($1)) AS b(pid) \
     JOIN pg_stat_activity a ON a.pid = b.pid \
     WHERE starts_with(a.application_name, $2) AND ($4 OR a.application_name <> $3)";

/// The connections that claim, with time limits of their own: elsewhere a limit would make an outcome unknown.
#[derive(Clone, Debug)]
pub(super) struct Claims {
    pool: PgPool,
    /// For looking at those who wait.
    reader: PgPool,
    incarnation: i64,
    name: Arc<str>,
}

impl Claims {
    pub(super) fn new(options: &PgConnectOptions, reader: PgPool, incarnation: i64, name: &str) -> Claims {
        let limits = [("lock_timeout", LOCK_TIMEOUT), ("statement_timeout", STATEMENT_TIMEOUT)];
        let pool = PgPoolOptions::new().max_connections(AT_ONCE).acquire_timeout(CONNECT_PATIENCE * 4);
        let pool = pool.connect_lazy_with(options.clone().options(limits));
        Claims { pool, reader, incarnation, name: name.into() }
    }

    pub(super) async fn close(&self) {
        self.pool.close().await;
    }

    /// Makes this process the next owner of a shard. It is done, or not, even if nobody waits for the answer any more.
    pub(super) async fn claim(&self, shard: ShardId) -> Result<Epoch, StoreError> {
        let claims = self.clone();
        let claimed = tokio::spawn(async move { claims.claim_now(shard).await }).await;
        claimed.unwrap_or_else(|_| Err(StoreError::Unavailable("claiming a shard has failed".into())))
    }

    async fn claim_now(&self, shard: ShardId) -> Result<Epoch, StoreError> {
        let mut connection = self.pool.acquire().await.map_err(refused)?;
        let pid = sqlx::query("SELECT pg_backend_pid() AS pid").fetch_one(&mut *connection).await.map_err(refused)?;
        let pid: i32 = pid.try_get("pid").map_err(refused)?;
        let done = Arc::new(AtomicBool::new(false));
        tokio::spawn(self.clone().clear_the_way(shard, pid, Arc::clone(&done)));
        let claim = sqlx::query(CLAIM).bind(shard_number(shard)).bind(self.incarnation);
        let row = claim.fetch_one(&mut *connection).await;
        done.store(true, Ordering::Relaxed);
        rows::read_epoch(&row.map_err(refused)?)
    }

    /// Ends what holds a claim up for too long.
    async fn clear_the_way(self, shard: ShardId, pid: i32, done: Arc<AtomicBool>) {
        let since = Instant::now();
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            if done.load(Ordering::Relaxed) {
                return;
            }
            if since.elapsed() < OTHERS_PATIENCE {
                continue;
            }
            let end = sqlx::query(END).bind(pid).bind(HANSOM).bind(&*self.name).bind(since.elapsed() >= OWN_PATIENCE);
            // The claim has a limit of its own: whoever cannot look leaves it to that.
            let Ok(row) = end.fetch_one(&self.reader).await else { return };
            if let Ok(ended @ 1..) = row.try_get::<i64, _>("ended") {
                warn!(%shard, ended, "a write of an earlier owner held up a claim: its connection is ended");
            }
        }
    }
}
