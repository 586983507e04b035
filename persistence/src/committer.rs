//! Group commit: what many actors want written while the store is busy goes to it together, in one durable step.
//!
//! Lives here: [`Committer`], its queue, its batches, its counters.
//! Stays out: what a write means (the store's guards) and what its outcome leads to (the actor who asked).
//! Touch with care: one batch is under way at a time, so writes are done in the order they were handed in; and whoever
//! handed one in hears an outcome, whatever becomes of the store: [`Waiting`] speaks even when it is only dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use dispatch::WriteError;
use tokio::sync::{mpsc, oneshot, watch};
use tracing::error;

use crate::{Done, Guarded, Store};

/// How many writes may wait, unless told otherwise: a quarter of a second of work for a disk that takes 15 ms to sync.
pub const QUEUE_DEFAULT: usize = 4096;

/// How many writes go to the store at once. Beyond it a batch takes longer and hardly gets cheaper.
pub const BATCH_MAX: usize = 256;

/// Hands writes to a store in batches. A handle: clones share one queue.
#[derive(Clone, Debug)]
pub struct Committer {
    queue: mpsc::Sender<Order>,
    counters: Arc<Counters>,
    ended: watch::Receiver<bool>,
}

/// What a committer has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CommitCounts {
    /// Batches that went to the store.
    pub commits: u64,
    /// Writes in them, whatever their outcome.
    pub writes: u64,
    /// Writes in the largest of them.
    pub batch_max: u64,
    /// Writes that were not taken, because the queue was full or stopped.
    pub refused_busy: u64,
    /// How long the last batch took.
    pub last_commit: Duration,
    /// Writes that wait in the queue now.
    pub waiting: u64,
}

#[derive(Debug, Default)]
struct Counters {
    commits: AtomicU64,
    writes: AtomicU64,
    batch_max: AtomicU64,
    refused_busy: AtomicU64,
    last_commit_us: AtomicU64,
}

type Outcome = Result<Done, WriteError>;

#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "one Stop in a committer's life: a box for every write would cost more")]
enum Order {
    Write(Guarded, Waiting),
    Stop,
}

/// Someone who waits for an outcome.
#[derive(Debug)]
struct Waiting(Option<oneshot::Sender<Outcome>>);

impl Waiting {
    /// Whoever asked may have gone away: then nobody needs to hear it.
    fn tell(mut self, outcome: Outcome) {
        if let Some(reply) = self.0.take() {
            let _ = reply.send(outcome);
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(reply) = self.0.take() {
            let _ = reply.send(Err(WriteError::Unknown));
        }
    }
}

impl Committer {
    /// Starts a committer on the current runtime, with room for `queue` waiting writes (at least one).
    ///
    /// # Panics
    /// Outside a tokio runtime.
    #[must_use]
    pub fn start(store: Arc<dyn Store>, queue: usize) -> Committer {
        let (sender, orders) = mpsc::channel(queue.max(1));
        let counters = Arc::new(Counters::default());
        let (end, ended) = watch::channel(false);
        tokio::spawn(work(store, orders, Arc::clone(&counters), end));
        Committer { queue: sender, counters, ended }
    }

    /// Hands a write in and returns at once, from any thread. The outcome comes over the receiver; it is
    /// [`WriteError::Unknown`] when the store did not say.
    ///
    /// # Errors
    /// [`WriteError::Busy`] when the queue is full or stopped: nothing was written.
    pub fn submit(&self, guarded: Guarded) -> Result<oneshot::Receiver<Outcome>, WriteError> {
        let (reply, outcome) = oneshot::channel();
        match self.queue.try_send(Order::Write(guarded, Waiting(Some(reply)))) {
            Ok(()) => Ok(outcome),
            Err(_) => {
                self.counters.refused_busy.fetch_add(1, Ordering::Relaxed);
                Err(WriteError::Busy)
            }
        }
    }

    /// Takes no more writes, and returns when all that were handed in have their outcome.
    pub async fn drain(&self) {
        // An error means that the queue is closed: someone else stops it, or the task is gone.
        let _ = self.queue.send(Order::Stop).await;
        let _ = self.ended.clone().wait_for(|ended| *ended).await;
    }

    /// What was done so far.
    #[must_use]
    pub fn counts(&self) -> CommitCounts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        CommitCounts {
            commits: read(&self.counters.commits),
            writes: read(&self.counters.writes),
            batch_max: read(&self.counters.batch_max),
            refused_busy: read(&self.counters.refused_busy),
            last_commit: Duration::from_micros(read(&self.counters.last_commit_us)),
            waiting: (self.queue.max_capacity() - self.queue.capacity()) as u64,
        }
    }
}

/// Takes what waits, commits it, and takes again: no lingering, the queue fills while the store works.
async fn work(
    store: Arc<dyn Store>,
    mut orders: mpsc::Receiver<Order>,
    counters: Arc<Counters>,
    end: watch::Sender<bool>,
) {
    let mut taken = Vec::with_capacity(BATCH_MAX);
    while orders.recv_many(&mut taken, BATCH_MAX).await > 0 {
        let (mut writes, mut waiting) = (Vec::with_capacity(taken.len()), Vec::with_capacity(taken.len()));
        for order in taken.drain(..) {
            match order {
                Order::Write(guarded, reply) => {
                    writes.push(guarded);
                    waiting.push(reply);
                }
                // What is already in the queue is still taken.
                Order::Stop => orders.close(),
            }
        }
        if !writes.is_empty() {
            commit(&store, writes, waiting, &counters).await;
        }
    }
    // The receiver may be gone: then nobody waits for the end.
    let _ = end.send(true);
}

/// One batch, in a task of its own: a store that panics costs this batch its outcome, not the committer its life.
async fn commit(store: &Arc<dyn Store>, writes: Vec<Guarded>, waiting: Vec<Waiting>, counters: &Counters) {
    let (started, size, store) = (Instant::now(), writes.len() as u64, Arc::clone(store));
    let outcomes = tokio::spawn(async move { store.commit(writes).await }).await;
    let elapsed_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    counters.commits.fetch_add(1, Ordering::Relaxed);
    counters.writes.fetch_add(size, Ordering::Relaxed);
    counters.batch_max.fetch_max(size, Ordering::Relaxed);
    counters.last_commit_us.store(elapsed_us, Ordering::Relaxed);
    match outcomes {
        Ok(outcomes) => waiting.into_iter().zip(outcomes).for_each(|(waiting, outcome)| waiting.tell(outcome)),
        Err(failed) => error!(%failed, writes = size, "the store failed in mid-commit: its outcome is unknown"),
    }
}

#[cfg(test)]
mod tests;
