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

use dispatch::{DriverId, Ping, ShardId, ShardInput};

use crate::letters::Letter;
use crate::load::{Gauge, Load, Strain};
use crate::metrics::Metrics;
use crate::routes::{Routes, post};

/// How often positions are sent on. Five milliseconds gather what a mailbox hop would cost and are not felt.
const FLUSH_EVERY: Duration = Duration::from_millis(5);

/// A flush so late says that this process gets too little of the machine.
const LATE: Duration = Duration::from_millis(250);

/// A shard behind by this part of what makes it full lags.
const LAGS_AT: usize = 8;

/// The positions that wait for the next flush.
#[derive(Clone, Debug)]
pub(crate) struct Pings {
    waiting: Arc<Mutex<HashMap<ShardId, HashMap<DriverId, Ping>>>>,
    /// With this many messages waiting, a shard gets no more positions.
    depth_max: usize,
    load: Load,
    metrics: Metrics,
}

impl Pings {
    /// Starts the flush on the current runtime; it ends with the returned handle.
    pub(crate) fn start(
        routes: Routes,
        metrics: Metrics,
        depth_max: usize,
        slowdown_max: u32,
    ) -> (Pings, tokio::task::JoinHandle<()>) {
        let pings = Pings { waiting: Arc::default(), depth_max, load: Load::default(), metrics };
        let flushed = pings.clone();
        let task = tokio::spawn(async move {
            let mut tick = tokio::time::interval(FLUSH_EVERY);
            tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            let mut gauge = Gauge::new(slowdown_max, Instant::now());
            loop {
                let due = tick.tick().await.into_std();
                let late = due.elapsed() >= LATE;
                let strain = flushed.flush(&routes);
                let strain = if late && strain == Strain::None { Strain::Lag } else { strain };
                gauge.note(Instant::now(), strain, &flushed.load);
                flushed.metrics.slowdown.set(i64::from(flushed.load.slowdown()));
            }
        });
        (pings, task)
    }

    /// Takes a position in. The latest of a driver wins.
    pub(crate) fn put(&self, home: ShardId, ping: Ping) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let replaced = waiting.entry(home).or_default().insert(ping.driver.clone(), ping);
        if replaced.is_some() {
            self.metrics.pings.with_label_values(&["coalesced"]).inc();
        }
    }

    /// How this node bears what it is sent.
    pub(crate) fn load(&self) -> &Load {
        &self.load
    }

    fn flush(&self, routes: &Routes) -> Strain {
        let batches = {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            if waiting.is_empty() {
                return Strain::None;
            }
            std::mem::take(&mut *waiting)
        };
        let mut strain = Strain::None;
        for (shard, pings) in batches {
            let Some(door) = routes.get(shard) else {
                self.metrics.pings.with_label_values(&["stray"]).inc_by(pings.len() as u64);
                continue;
            };
            if door.depth.is_below(self.depth_max) {
                if strain == Strain::None && !door.depth.is_below(self.depth_max / LAGS_AT) {
                    strain = Strain::Lag;
                }
                let batch: Vec<Ping> = pings.into_values().collect();
                door.depth.raise();
                // A mailbox that closes in this moment loses positions; the next ones are a few seconds away.
                drop(post(&door.addr, Letter::Shard(ShardInput::Pings(batch))));
            } else {
                self.metrics.mailbox_full.with_label_values(&["shard"]).inc();
                self.put_back(shard, pings);
                strain = Strain::Shed;
            }
        }
        strain
    }

    /// The shard is busy: its positions wait for the next flush, unless newer ones came in meanwhile.
    fn put_back(&self, shard: ShardId, pings: HashMap<DriverId, Ping>) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let newer = waiting.entry(shard).or_default();
        for (driver, ping) in pings {
            match newer.entry(driver) {
                Entry::Occupied(_) => self.metrics.pings.with_label_values(&["shed"]).inc(),
                Entry::Vacant(place) => drop(place.insert(ping)),
            }
        }
    }
}
