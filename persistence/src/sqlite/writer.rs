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

use dispatch::{Epoch, ShardId, WriteError};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use tokio::sync::{mpsc, oneshot};
use tracing::{error, info};

use super::look::look;
use super::room::CHUNK;
use super::save::save;
use super::{doorman, outbox, policies, refused};
use crate::door::Waiting;
use crate::rows::{self, Changes, number, shard_number};
use crate::{Done, Guarded, PolicyRevision, StoreError};

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
    LetIn(Waiting),
    Outbox(outbox::Change, Reply<u64>),
    Policy(PolicyRevision, Reply<u64>),
}

/// A job that is done, but for the commit: says its outcome, or why the transaction around it failed.
pub(super) type Answer = Box<dyn FnOnce(Option<StoreError>) + Send>;

pub(super) fn answer<T: Send + 'static>(reply: Reply<T>, outcome: Result<T, StoreError>) -> Answer {
    Box::new(move |failed| {
        let _ = reply.send(failed.map_or(outcome, Err));
    })
}

/// For a job that will be told why its transaction failed.
pub(super) fn undone<T: Send + 'static>(reply: Reply<T>) -> Answer {
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
        while let Some(job) = jobs.next() {
            let (answer, outcome) = match job {
                Job::LetIn(first) => {
                    let mut waiting = vec![first];
                    waiting.extend(next_at_the_door(jobs));
                    doorman::let_in(connection, waiting, answers).await?;
                    continue;
                }
                Job::Commit(writes, reply) => done(reply, commit(connection, &writes).await),
                Job::Claim(shard, reply) => done(reply, claim(connection, shard).await),
                Job::Outbox(change, reply) => {
                    done(reply, outbox::change(connection, change).await.map_err(Failure::Sqlite))
                }
                Job::Policy(next, reply) => {
                    done(reply, policies::change(connection, next).await.map_err(Failure::Sqlite))
                }
            };
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
    /// For a job whose transaction failed before its turn came.
    fn undone(self) -> Answer {
        match self {
            Job::Commit(_, reply) => undone(reply),
            Job::Claim(_, reply) => undone(reply),
            Job::Outbox(_, reply) | Job::Policy(_, reply) => undone(reply),
            Job::LetIn(waiting) => undone(waiting.reply),
        }
    }
}

/// Those at the door who asked right after each other.
fn next_at_the_door(jobs: &mut std::vec::IntoIter<Job>) -> Vec<Waiting> {
    let together = jobs.as_slice().iter().take_while(|job| matches!(job, Job::LetIn(_))).count();
    jobs.take(together)
        .filter_map(|job| match job {
            Job::LetIn(waiting) => Some(waiting),
            _ => None,
        })
        .collect()
}

/// Why a job failed inside a transaction: an error of SQLite's fails the transaction; a row that cannot be read fails only
/// the job, which has then changed nothing.
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
