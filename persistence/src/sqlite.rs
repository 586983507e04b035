//! The store of one process: a data directory with an SQLite database.
//!
//! Lives here: [`SqliteStore`]: one connection that writes, a few that read, a lock that keeps others out.
//! Stays out: what the promises are ([`crate::traits`]) and how many writes go together ([`crate::Committer`]).
//! Touch with care: `synchronous=FULL` in WAL mode syncs at every commit. Less is faster and loses, when the power
//! fails, what was acknowledged.

mod backup;
mod directory;
mod doorman;
mod look;
mod outbox;
mod policies;
mod reader;
mod room;
mod row;
mod save;
mod schema;
mod writer;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use dispatch::invariants::Entry;
use dispatch::{DriverId, Epoch, RequestKey, RiderId, ShardId, StageName, Trip, TripId, WriteError};
use sqlx::sqlite::SqlitePoolOptions;
use tokio::sync::{mpsc, oneshot};

use self::reader::Reader;
use self::writer::{Job, Order, Reply, Writer};
use crate::door::Waiting;
use crate::{BoxFuture, Commitment, Done, DriverRow, Guarded, Journal, LoadedShard, Ownership, Records, StoreError};

/// How many connections read at once. Reading is for start-up, people's questions and audits: the actors have the rest
/// in memory.
const READERS: u32 = 4;

/// How many jobs wait for the writing thread before whoever comes next has to wait to hand one in.
const JOBS_WAITING_MAX: usize = 1024;

/// A store in a directory of its own, for one process.
pub struct SqliteStore {
    directory: PathBuf,
    reader: Reader,
    /// `None` only while the store is dropped.
    orders: Option<mpsc::Sender<Order>>,
    thread: Option<JoinHandle<()>>,
}

impl SqliteStore {
    /// Opens the store in `directory`, and makes both when they are missing. Call it inside a tokio runtime.
    ///
    /// # Errors
    /// [`StoreError::InUse`] when the directory is open already, here or in another process.
    /// [`StoreError::Unusable`] when it cannot be made or written. [`StoreError::Damaged`] when the database is broken
    /// or another program's, [`StoreError::Newer`] when a newer version wrote it.
    pub async fn open(directory: &Path) -> Result<SqliteStore, StoreError> {
        let lock = directory::take(directory)?;
        let database = directory.join("hansom.sqlite");
        let connection = schema::open(&database).await?;
        let (orders, waiting) = mpsc::channel(JOBS_WAITING_MAX);
        let writer = Writer::new(schema::writing(&database), connection, waiting, lock);
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .test_before_acquire(false)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_lazy_with(schema::reading(&database));
        let thread = start(writer).map_err(|failed| StoreError::Unavailable(Box::new(failed)))?;
        let reader = Reader::new(readers);
        Ok(SqliteStore { directory: directory.to_owned(), reader, orders: Some(orders), thread: Some(thread) })
    }

    /// Writes what is under way, moves the log into the database, and lets the directory go. Whatever is asked of the
    /// store afterwards fails. A store that is dropped does the same, and the drop waits for it.
    ///
    /// # Errors
    /// [`StoreError`] when the log could not be moved. Nothing is lost: the next start does it.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.reader.close().await;
        self.order(Order::Close).await
    }

    /// Hands a job to the writing thread and waits for its outcome. The job is done even when nobody waits any more.
    async fn ask<T>(&self, job: impl FnOnce(Reply<T>) -> Job) -> Result<T, StoreError> {
        self.order(|reply| Order::Do(job(reply))).await
    }

    async fn order<T>(&self, order: impl FnOnce(Reply<T>) -> Order) -> Result<T, StoreError> {
        let closed = || StoreError::Unavailable("the store is closed".into());
        let (reply, outcome) = oneshot::channel();
        let orders = self.orders.as_ref().ok_or_else(closed)?;
        orders.send(order(reply)).await.map_err(|_| closed())?;
        outcome.await.map_err(|_| closed())?
    }
}

/// Starts the writing thread, with a small runtime of its own.
fn start(writer: Writer) -> std::io::Result<JoinHandle<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    std::thread::Builder::new().name("hansom-store".to_owned()).spawn(move || runtime.block_on(writer.work()))
}

/// What an error of SQLite's means for the caller.
fn refused(database: &Path, failed: Arc<sqlx::Error>) -> StoreError {
    // The low byte is the error, the others say more about it: https://www.sqlite.org/rescode.html
    const CORRUPT: i32 = 11;
    const NOT_A_DATABASE: i32 = 26;
    let code = failed.as_database_error().and_then(|failed| failed.code()?.parse::<i32>().ok());
    match code.map(|code| code & 0xff) {
        Some(CORRUPT | NOT_A_DATABASE) => {
            StoreError::Damaged { path: database.display().to_string(), cause: failed.into() }
        }
        _ => StoreError::Unavailable(failed.into()),
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("directory", &self.directory).finish_non_exhaustive()
    }
}

impl Drop for SqliteStore {
    /// Waits for the writing thread, so that the directory is free when this returns.
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has let the directory go as well.
            let _ = thread.join();
        }
    }
}

impl Ownership for SqliteStore {
    fn claim(&self, shard: ShardId) -> BoxFuture<'_, Result<Epoch, StoreError>> {
        Box::pin(self.ask(move |reply| Job::Claim(shard, reply)))
    }

    fn shards_with_work(&self) -> BoxFuture<'_, Result<Vec<ShardId>, StoreError>> {
        Box::pin(self.reader.shards_with_work())
    }
}

impl Records for SqliteStore {
    fn load(&self, shard: ShardId) -> BoxFuture<'_, Result<LoadedShard, StoreError>> {
        Box::pin(self.reader.load(shard))
    }

    fn trip(&self, id: TripId) -> BoxFuture<'_, Result<Option<Trip>, StoreError>> {
        Box::pin(self.reader.trip(id))
    }

    fn trip_by_key(&self, key: RequestKey) -> BoxFuture<'_, Result<Option<Trip>, StoreError>> {
        Box::pin(self.reader.trip_by_key(key))
    }

    fn scheduled_trips(&self, rider: RiderId) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(self.reader.scheduled_trips(rider))
    }

    fn driver(&self, id: DriverId) -> BoxFuture<'_, Result<Option<DriverRow>, StoreError>> {
        Box::pin(self.reader.driver(id))
    }

    fn open_session(&self, id: DriverId) -> BoxFuture<'_, Result<DriverRow, StoreError>> {
        Box::pin(self.ask(move |reply| Job::LetIn(Waiting { driver: id, home: None, reply })))
    }

    fn settle(&self, id: DriverId, home: ShardId) -> BoxFuture<'_, Result<DriverRow, StoreError>> {
        Box::pin(self.ask(move |reply| Job::LetIn(Waiting { driver: id, home: Some(home), reply })))
    }

    fn trips_by_stage(&self) -> BoxFuture<'_, Result<Vec<(StageName, u64)>, StoreError>> {
        Box::pin(self.reader.trips_by_stage())
    }

    fn all_trips(&self) -> BoxFuture<'_, Result<Vec<Trip>, StoreError>> {
        Box::pin(self.reader.all_trips())
    }

    fn all_drivers(&self) -> BoxFuture<'_, Result<Vec<Commitment>, StoreError>> {
        Box::pin(self.reader.all_drivers())
    }
}

impl Journal for SqliteStore {
    fn commit(&self, writes: Vec<Guarded>) -> BoxFuture<'_, Vec<Result<Done, WriteError>>> {
        Box::pin(async move {
            let asked = writes.len();
            match self.ask(move |reply| Job::Commit(writes, reply)).await {
                Ok(outcomes) => outcomes,
                // The thread's log says why.
                Err(_) => vec![Err(WriteError::Unknown); asked],
            }
        })
    }

    fn read(&self, after: u64, limit: u32) -> BoxFuture<'_, Result<Vec<(u64, Entry)>, StoreError>> {
        Box::pin(self.reader.lines(after, limit))
    }
}

#[cfg(test)]
mod tests;
