//! Positions take the fast road: not through the driver's mailbox but, coalesced, straight to the shard.
//!
//! Lives here: the latest position of each session since the last flush, and the flush.
//! Stays out: what a position means.
//! Touch with care: a full shard may miss a position, for the next one says more. What is held is at most one
//! position for each session, so the memory is bounded by the sessions. Nothing is looked up for a position: its session
//! has a place of its own (see [`crate::notices::Desk`]), and is in the list of those to be flushed while something is in it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use dispatch::{Ping, ShardId};
use prometheus::IntCounter;

use crate::letters::Letter;
use crate::load::{Flush, Gauge, Load, Strain};
use crate::metrics::Metrics;
use crate::notices::Desk;
use crate::routes::{Routes, post};

/// How often positions are sent on. Five milliseconds gather what a mailbox hop would cost and are not felt.
const FLUSH_EVERY: Duration = Duration::from_millis(5);

/// A shard behind by this part of what makes it full lags.
const LAGS_AT: usize = 8;
/// One position in so many is timed on its way to the index: to look at a clock costs as much as the rest of [`Pings::put`].
const TIMED_ONE_IN: u64 = 64;

/// The positions that wait for the next flush.
#[derive(Clone, Debug)]
pub(crate) struct Pings {
    list: Arc<Mutex<List>>,
    /// With this many messages waiting, a shard gets no more positions.
    depth_max: usize,
    load: Load,
    metrics: Metrics,
    coalesced: IntCounter,
}

/// The desks that hold a position.
#[derive(Debug, Default)]
struct List {
    full: Vec<Arc<Desk>>,
    /// How many have come into it: says which are timed.
    seen: u64,
}

/// A position that waits for the next flush.
#[derive(Debug)]
pub(crate) struct Waiting {
    home: ShardId,
    ping: Ping,
    /// When this one, or the first of those it replaced, came; for those that are timed.
    since: Option<Instant>,
}

/// What goes to one shard.
#[derive(Debug, Default)]
struct Batch {
    desks: Vec<Arc<Desk>>,
    pings: Vec<Ping>,
    timed: Vec<Instant>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pings {
    /// Starts the flush on the current runtime; it ends with the returned handle.
    pub(crate) fn start(
        routes: Routes,
        metrics: Metrics,
        depth_max: usize,
        slowdown_max: u32,
    ) -> (Pings, tokio::task::JoinHandle<()>) {
        let coalesced = metrics.pings.with_label_values(&["coalesced"]);
        let pings = Pings { list: Arc::default(), depth_max, load: Load::default(), metrics, coalesced };
        let flushed = pings.clone();
        let task = tokio::spawn(async move {
            let mut tick = tokio::time::interval(FLUSH_EVERY);
            tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            let (mut gauge, mut emptied) = (Gauge::new(slowdown_max, Instant::now()), Vec::new());
            loop {
                let due = tick.tick().await.into_std();
                let late = due.elapsed();
                let (strain, sent) = flushed.flush(&routes, &mut emptied);
                gauge.note(Instant::now(), Flush { strain, late, sent }, &flushed.load);
                flushed.metrics.slowdown.set(i64::from(flushed.load.slowdown()));
            }
        });
        (pings, task)
    }

    /// Takes a position in, at its session's desk. The latest wins.
    pub(crate) fn put(&self, desk: &Arc<Desk>, home: ShardId, ping: Ping) {
        let mut waiting = desk.position();
        match &mut *waiting {
            Some(waiting) => {
                (waiting.home, waiting.ping) = (home, ping);
                self.coalesced.inc();
            }
            empty => {
                let mut list = lock(&self.list);
                list.seen += 1;
                let since = list.seen.is_multiple_of(TIMED_ONE_IN).then(Instant::now);
                list.full.push(Arc::clone(desk));
                drop(list);
                *empty = Some(Waiting { home, ping, since });
            }
        }
    }

    /// Counts positions that were given up for newer ones at the door.
    pub(crate) fn passed_over(&self, positions: u32) {
        self.metrics.pings.with_label_values(&["shed"]).inc_by(u64::from(positions));
        self.load.passed_over(positions);
    }

    /// How this node bears what it is sent.
    pub(crate) fn load(&self) -> &Load {
        &self.load
    }

    /// Sends everything on: how that was taken, and how many positions were. `emptied` is an empty list whose memory is used
    /// again.
    fn flush(&self, routes: &Routes, emptied: &mut Vec<Arc<Desk>>) -> (Strain, u64) {
        std::mem::swap(&mut lock(&self.list).full, emptied);
        let mut batches: BTreeMap<ShardId, Batch> = BTreeMap::new();
        for desk in emptied.drain(..) {
            let Some(Waiting { home, ping, since }) = desk.position().take() else { continue };
            let batch = batches.entry(home).or_default();
            batch.pings.push(ping);
            batch.timed.extend(since);
            batch.desks.push(desk);
        }
        let (mut strain, mut sent) = (Strain::None, 0);
        for (shard, batch) in batches {
            let Some(door) = routes.get(shard) else {
                self.metrics.pings.with_label_values(&["stray"]).inc_by(batch.pings.len() as u64);
                continue;
            };
            if door.depth.is_below(self.depth_max) {
                if !door.depth.is_below(self.depth_max / LAGS_AT) {
                    strain = strain.max(Strain::Lag);
                }
                sent += batch.pings.len() as u64;
                door.depth.raise();
                // A mailbox that closes in this moment loses positions; the next ones are a few seconds away.
                drop(post(&door.addr, Letter::Pings { pings: batch.pings, timed: batch.timed }));
            } else {
                self.metrics.mailbox_full.with_label_values(&["shard"]).inc();
                self.put_back(shard, batch);
                strain = Strain::Shed;
            }
        }
        (strain, sent)
    }

    /// The shard is busy: its positions wait for the next flush, unless newer ones came in meanwhile.
    fn put_back(&self, home: ShardId, batch: Batch) {
        // Which of them was timed is not known any more: the first stands for it.
        let mut timed = batch.timed.into_iter();
        for (desk, ping) in batch.desks.into_iter().zip(batch.pings) {
            let mut waiting = desk.position();
            if waiting.is_some() {
                self.metrics.pings.with_label_values(&["shed"]).inc();
            } else {
                *waiting = Some(Waiting { home, ping, since: timed.next() });
                drop(waiting);
                lock(&self.list).full.push(desk);
            }
        }
    }
}
