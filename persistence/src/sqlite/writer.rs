//! The one connection that writes, on a thread of its own.
//!
//! Lives here: the queue of jobs, the transaction around them, what happens when the disk says no.
//! Stays out: what a batch of writes means ([`super::guard`]), reading ([`super::reader`]).
//! Touch with care: a future that is dropped in the middle of a transaction leaves it open. So this thread's work is
//! never inside a `select!` or a time-out and outlives whoever asked, and the thread is not the runtime's: a runtime
//! that stops drops its tasks wherever they are. After any error the connection is closed, which rolls back what was
//! not committed, and a new one is opened: nothing is remembered over an error.

use std::fs::File;
use std::sync::Arc;

use dispatch::{DriverId, Epoch, Generation, SessionId, ShardId, WriteError};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use tokio::sync::{mpsc, oneshot};
use tracing::{error, info};

use super::look::look;
use super::reader::DRIVER_WITH_TRIP;
use super::room::CHUNK;
use super::save::save;
use super::{outbox, refused};
use crate::rows::{self, Changes, number, shard_number};
use crate::{Done, DriverRow, Guarded, StoreError};

/// How many jobs share a transaction: a storm of drivers who connect again costs one sync for many.
const JOBS_MAX: usize = 256;

/// Where the outcome of a job goes. Whoever asked may be gone: the job is done all the same.
pub(super) type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// What the thread is asked.
pub(super) enum Order {
    Do(Job),
    /// The last order: checkpoints, closes, lets the directory go.
    Close(Reply<()>),
}

/// Something to write.
pub(super) enum Job {
    Commit(Vec<Guarded>, Reply<Vec<Result<Done, WriteError>>>),
    Claim(ShardId, Reply<Epoch>),
    OpenSession(DriverId, Reply<DriverRow>),
    Settle(DriverId, ShardId, Reply<DriverRow>),
    Outbox(outbox::Change, Reply<u64>),
}

/// A job that is done, but for the commit: says its outcome, or why the transaction around it failed.
type Answer = Box<dyn FnOnce(Option<StoreError>) + Send>;

fn answer<T: Send + 'static>(reply: Reply<T>, outcome: Result<T, StoreError>) -> Answer {
    Box::new(move |failed| {
        let _ = reply.send(failed.map_or(outcome, Err));
    })
}

/// For a job that will be told why its transaction failed.
fn undone<T: Send + 'static>(reply: Reply<T>) -> Answer {
    answer(reply, Err(StoreError::Unavailable("the transaction failed".into())))
}

/// The writing side of a store: everything that its thread owns.
pub(super) struct Writer {
    options: SqliteConnectOptions,
    /// `None` after an error.
    connection: Option<SqliteConnection>,
    orders: mpsc::Receiver<Order>,
    /// Held to the very end: while this thread may write, nobody else may open the directory.
    lock: File,
}

impl Writer {
    pub(super) fn new(
        options: SqliteConnectOptions,
        connection: SqliteConnection,
        orders: mpsc::Receiver<Order>,
        lock: File,
    ) -> Writer {
        Writer { options, connection: Some(connection), orders, lock }
    }

    /// Works until the store is closed or dropped.
    pub(super) async fn work(mut self) {
        let mut closing = None;
        let mut orders = Vec::with_capacity(JOBS_MAX);
        while closing.is_none() && self.orders.recv_many(&mut orders, JOBS_MAX).await > 0 {
            let mut jobs = Vec::with_capacity(orders.len());
            for order in orders.drain(..) {
                match order {
                    // What comes after the end hears that the store is closed: its reply is dropped.
                    Order::Do(job) if closing.is_none() => jobs.push(job),
                    Order::Do(_) => {}
                    Order::Close(reply) => closing = Some(reply),
                }
            }
            if !jobs.is_empty() {
                self.settle(jobs).await;
            }
        }
        let outcome = self.close().await;
        if let Some(reply) = closing {
            let _ = reply.send(outcome);
        }
    }

    /// Does the jobs in one transaction and tells everyone what came of theirs.
    async fn settle(&mut self, jobs: Vec<Job>) {
        let mut jobs = jobs.into_iter();
        let mut answers = Vec::with_capacity(jobs.len());
        let outcome = self.transact(&mut jobs, &mut answers).await;
        answers.extend(jobs.map(Job::undone));
        let failed = outcome.err().map(Arc::new);
        if let Some(failed) = &failed {
            error!(%failed, jobs = answers.len(), "a transaction failed: its outcome is unknown");
            if let Some(connection) = self.connection.take() {
                // Waits until SQLite has let go of the transaction. That this fails too changes nothing.
                let _ = connection.close().await;
            }
        }
        for answer in answers {
            answer(failed.as_ref().map(|failed| refused(self.options.get_filename(), Arc::clone(failed))));
        }
    }

    /// Adds an answer for each job that had its turn, the one that failed included.
    async fn transact(
        &mut self,
        jobs: &mut std::vec::IntoIter<Job>,
        answers: &mut Vec<Answer>,
    ) -> Result<(), sqlx::Error> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(self.options.connect().await?),
        };
        sqlx::query("BEGIN IMMEDIATE").execute(&mut *connection).await?;
        for job in jobs {
            let (answer, outcome) = job.run(connection).await;
            answers.push(answer);
            outcome?;
        }
        sqlx::query("COMMIT").execute(connection).await?;
        Ok(())
    }

    /// Moves the log into the database, closes it, and only then lets the directory go.
    async fn close(self) -> Result<(), StoreError> {
        let outcome = match self.connection {
            Some(mut connection) => {
                let moved = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut connection).await;
                let closed = connection.close().await;
                moved.map(|_| ()).and(closed)
            }
            None => Ok(()),
        };
        drop(self.lock);
        info!("store closed");
        outcome.map_err(|failed| refused(self.options.get_filename(), Arc::new(failed)))
    }
}

impl Job {
    /// Does the job inside a transaction. An error of SQLite's fails the transaction; a row that cannot be read fails
    /// only this job, which has then changed nothing.
    async fn run(self, connection: &mut SqliteConnection) -> (Answer, Result<(), sqlx::Error>) {
        match self {
            Job::Commit(writes, reply) => done(reply, commit(connection, &writes).await),
            Job::Claim(shard, reply) => done(reply, claim(connection, shard).await),
            Job::OpenSession(driver, reply) => done(reply, open_session(connection, driver).await),
            Job::Settle(driver, home, reply) => done(reply, settle(connection, driver, home).await),
            Job::Outbox(change, reply) => {
                done(reply, outbox::change(connection, change).await.map_err(Failure::Sqlite))
            }
        }
    }

    /// For a job whose transaction failed before its turn came.
    fn undone(self) -> Answer {
        match self {
            Job::Commit(_, reply) => undone(reply),
            Job::Claim(_, reply) => undone(reply),
            Job::Outbox(_, reply) => undone(reply),
            Job::OpenSession(_, reply) | Job::Settle(_, _, reply) => undone(reply),
        }
    }
}

/// Why a job failed inside a transaction.
enum Failure {
    /// The connection's fault: the transaction is lost.
    Sqlite(sqlx::Error),
    /// A row's fault: the rest goes on.
    Row(StoreError),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Failure {
        Failure::Sqlite(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        Failure::Row(error)
    }
}

fn done<T: Send + 'static>(reply: Reply<T>, outcome: Result<T, Failure>) -> (Answer, Result<(), sqlx::Error>) {
    match outcome {
        Ok(value) => (answer(reply, Ok(value)), Ok(())),
        Err(Failure::Row(corrupt)) => (answer(reply, Err(corrupt)), Ok(())),
        Err(Failure::Sqlite(failed)) => (undone(reply), Err(failed)),
    }
}

async fn commit(
    connection: &mut SqliteConnection,
    writes: &[Guarded],
) -> Result<Vec<Result<Done, WriteError>>, Failure> {
    let mut outcomes = Vec::with_capacity(writes.len());
    for chunk in writes.chunks(CHUNK) {
        let mut known = look(connection, chunk).await?;
        let mut changes = Changes::default();
        for guarded in chunk {
            if changes.must_be_saved_before(&guarded.write) {
                save(&std::mem::take(&mut changes), connection).await?;
            }
            outcomes.push(known.decide(guarded, &mut changes));
        }
        save(&changes, connection).await?;
    }
    Ok(outcomes)
}

async fn claim(connection: &mut SqliteConnection, shard: ShardId) -> Result<Epoch, Failure> {
    const HELD: &str = "SELECT shard, epoch FROM shard WHERE shard = ?";
    const CLAIM: &str = "INSERT INTO shard (shard, epoch) VALUES (?, ?) \
         ON CONFLICT (shard) DO UPDATE SET epoch = excluded.epoch";
    let held = sqlx::query(HELD).bind(shard_number(shard)).fetch_optional(&mut *connection).await?;
    let held = held.as_ref().map(|row| rows::read_epoch(row)).transpose()?;
    let next = Epoch(held.map_or(1, |epoch| epoch.0 + 1));
    sqlx::query(CLAIM).bind(shard_number(shard)).bind(number(next.0)).execute(connection).await?;
    Ok(next)
}

async fn open_session(connection: &mut SqliteConnection, id: DriverId) -> Result<DriverRow, Failure> {
    let mut row = known_driver(connection, id).await?;
    row.session = SessionId(row.session.0 + 1);
    save_driver(connection, &row).await?;
    Ok(row)
}

async fn settle(connection: &mut SqliteConnection, id: DriverId, home: ShardId) -> Result<DriverRow, Failure> {
    let mut row = known_driver(connection, id).await?;
    if row.trip.is_none() && row.home != Some(home) {
        row.home = Some(home);
        row.generation = Generation(row.generation.0 + 1);
        save_driver(connection, &row).await?;
    }
    Ok(row)
}

/// A driver's row, or that of one nobody has heard of yet. Read, and found readable, before anything is written.
async fn known_driver(connection: &mut SqliteConnection, id: DriverId) -> Result<DriverRow, Failure> {
    let row = sqlx::query(DRIVER_WITH_TRIP).bind(id.to_string()).fetch_optional(connection).await?;
    match row {
        Some(row) => Ok(rows::read_driver_with_trip(&row)?),
        None => Ok(DriverRow { id, home: None, generation: Generation(0), session: SessionId(0), trip: None }),
    }
}

/// Writes all of a driver's row but the trip, which only a step of a trip may change.
async fn save_driver(connection: &mut SqliteConnection, row: &DriverRow) -> Result<(), sqlx::Error> {
    const SAVE: &str = "INSERT INTO driver (id, home, generation, session) VALUES (?, ?, ?, ?) \
         ON CONFLICT (id) DO UPDATE \
         SET home = excluded.home, generation = excluded.generation, session = excluded.session";
    let query = sqlx::query(SAVE)
        .bind(row.id.to_string())
        .bind(row.home.map(shard_number))
        .bind(number(row.generation.0))
        .bind(number(row.session.0));
    query.execute(connection).await?;
    Ok(())
}
