//! Positions take the fast road: not through the driver's mailbox but, coalesced, straight to the shard.
//!
//! Lives here: the latest position of each driver since the last flush, and the flush.
//! Stays out: what a position means.
//! Touch with care: a full shard may miss a position, for the next one says more. What is held is at most one
//! position for each driver, so the memory is bounded by the sessions.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use dispatch::{DriverId, Ping, ShardId};

use crate::letters::Letter;
use crate::metrics::Metrics;
use crate::routes::{Routes, post};

/// How often positions are sent on. Five milliseconds gather what a mailbox hop would cost and are not felt.
const FLUSH_EVERY: Duration = Duration::from_millis(5);

/// One position in so many is timed on its way to the index: to look at a clock costs as much as a look-up.
const TIMED_ONE_IN: u64 = 64;

/// So many of one batch are timed at most, however long a shard lets them wait.
const TIMED_MAX: usize = 64;

/// The positions that wait for the next flush.
#[derive(Clone, Debug)]
pub(crate) struct Pings {
    waiting: Arc<Mutex<Waiting>>,
    /// With this many messages waiting, a shard gets no more positions.
    depth_max: usize,
    metrics: Metrics,
}

#[derive(Debug, Default)]
struct Waiting {
    batches: HashMap<ShardId, Batch>,
    /// How many positions have come.
    seen: u64,
}

/// What waits for one shard.
#[derive(Debug, Default)]
struct Batch {
    latest: HashMap<DriverId, Ping>,
    /// When those came that are timed. One whose driver sent a newer one is timed as long as that takes.
    timed: Vec<Instant>,
}

impl Pings {
    /// Starts the flush on the current runtime; it ends with the returned handle.
    pub(crate) fn start(routes: Routes, metrics: Metrics, depth_max: usize) -> (Pings, tokio::task::JoinHandle<()>) {
        let pings = Pings { waiting: Arc::default(), depth_max, metrics };
        let flushed = pings.clone();
        let task = tokio::spawn(async move {
            let mut tick = tokio::time::interval(FLUSH_EVERY);
            tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                tick.tick().await;
                flushed.flush(&routes);
            }
        });
        (pings, task)
    }

    /// Takes a position in. The latest of a driver wins.
    pub(crate) fn put(&self, home: ShardId, ping: Ping) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.seen += 1;
        let timed = waiting.seen.is_multiple_of(TIMED_ONE_IN);
        let batch = waiting.batches.entry(home).or_default();
        if timed && batch.timed.len() < TIMED_MAX {
            batch.timed.push(Instant::now());
        }
        let replaced = batch.latest.insert(ping.driver.clone(), ping);
        if replaced.is_some() {
            self.metrics.pings.with_label_values(&["coalesced"]).inc();
        }
    }

    fn flush(&self, routes: &Routes) {
        let batches = {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            if waiting.batches.is_empty() {
                return;
            }
            std::mem::take(&mut waiting.batches)
        };
        for (shard, batch) in batches {
            let Some(door) = routes.get(shard) else {
                self.metrics.pings.with_label_values(&["stray"]).inc_by(batch.latest.len() as u64);
                continue;
            };
            if door.depth.is_below(self.depth_max) {
                let pings: Vec<Ping> = batch.latest.into_values().collect();
                door.depth.raise();
                // A mailbox that closes in this moment loses positions; the next ones are a few seconds away.
                drop(post(&door.addr, Letter::Pings { pings, timed: batch.timed }));
            } else {
                self.metrics.mailbox_full.with_label_values(&["shard"]).inc();
                self.put_back(shard, batch);
            }
        }
    }

    /// The shard is busy: its positions wait for the next flush, unless newer ones came in meanwhile.
    fn put_back(&self, shard: ShardId, batch: Batch) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let newer = waiting.batches.entry(shard).or_default();
        for (driver, ping) in batch.latest {
            match newer.latest.entry(driver) {
                Entry::Occupied(_) => self.metrics.pings.with_label_values(&["shed"]).inc(),
                Entry::Vacant(place) => drop(place.insert(ping)),
            }
        }
        let room = TIMED_MAX.saturating_sub(newer.timed.len());
        newer.timed.extend(batch.timed.into_iter().take(room));
    }
}
