//! How messages and writes get where they go, and what becomes of them on the way.
//!
//! Lives here: the hop of every letter, the store's side of writes and rows, both with and without faults.
//! Stays out: what is in a letter; how likely a fault is ([`super::faults`]).
//! Touch with care: without faults what is near is there at once, in the order in which it was said; a run without
//! faults asks no chance at all.

use std::time::Duration;

use dispatch::{DriverId, Effect, ShardId, ShardInput, Trip, TripId, Write, WriteError};
use persistence::{Done, Fence, Guarded};

use super::faults::{Fate, NOBODY_KNOWS};
use super::{Happening, Letter, Planted, Who, World};

/// An answer of the store on its way to the actor who asked.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) who: Who,
    pub(super) number: u64,
    pub(super) outcome: Result<Done, WriteError>,
    /// How long after the write it is told.
    after: Duration,
}

/// A row on its way to the driver who asked for it.
#[derive(Clone, Debug)]
pub(super) struct Fetch {
    pub(super) driver: DriverId,
    pub(super) home: ShardId,
    pub(super) number: u64,
    pub(super) reading: u64,
    after: Duration,
}

impl World {
    /// Sends what a core says. Inside a shard it is there at once; between shards it takes its time.
    pub(super) fn send(&mut self, from: &Who, effect: Effect) {
        let home = match &effect {
            Effect::ToTrip { to, .. } => to.home(),
            Effect::ToDriver { home, .. } => *home,
            Effect::ToShard { to, .. } => *to,
            _ => return,
        };
        let near = from.home() == home;
        let base = if near { Duration::ZERO } else { self.delays.letter };
        let Some(chance) = &mut self.chance else { return self.post(base, Letter::Core(effect)) };
        if let (Some(driver), true) = (word_of(from, &effect), near) {
            let key = (home, driver.clone());
            let at = (self.now + chance.hop()).max(self.last_words.get(&key).copied().unwrap_or_default());
            self.last_words.insert(key, at);
            return self.plan(at, Happening::Letter(Letter::Core(effect)));
        }
        let ways = chance.ways(&mut self.faulted);
        if ways.is_empty()
            && let Some(witness) = &mut self.witness
        {
            witness.note(self.now, "lost", &effect);
        }
        for way in ways {
            let at = self.now + base + way;
            let last = self.last_letters.entry((from.home(), home)).or_insert(at);
            self.faulted.overtaken += u64::from(at < *last);
            *last = at.max(*last);
            self.plan(at, Happening::Letter(Letter::Core(effect.clone())));
        }
    }

    /// Sends a letter that arrives once, after this time.
    pub(super) fn post(&mut self, after: Duration, letter: Letter) {
        if after.is_zero() {
            self.at_once.push_back(letter);
        } else {
            self.plan(self.now + after, Happening::Letter(letter));
        }
    }

    /// Hands a write to the store under the epoch of the actor's shard.
    pub(super) fn commit(&mut self, who: &Who, write: Write) {
        let shard = who.home();
        let (Some(&epoch), Some(number)) = (self.epochs.get(&shard), self.number_of(who)) else { return };
        let guarded = Guarded { fence: Fence { shard, epoch }, write };
        self.writes_pending += 1;
        let told = |outcome, after| Told { who: who.clone(), number, outcome, after };
        let Some(chance) = &mut self.chance else {
            let outcome = self.write(guarded);
            return self.plan(self.now + self.delays.commit, Happening::Written(told(outcome, Duration::ZERO)));
        };
        let hopeful = self.planted == Some(Planted::HopefulWrite) && matches!(who, Who::Trip(_));
        let done = || Ok(Done::Journaled { seq: 0 });
        let unknown = told(if hopeful { done() } else { Err(NOBODY_KNOWS) }, Duration::ZERO);
        if self.planted == Some(Planted::EagerWrite) && matches!(who, Who::Trip(_)) {
            let takes = chance.store(&mut self.faulted);
            self.write_later(takes, guarded, None);
            return self.plan(self.now, Happening::Written(told(done(), Duration::ZERO)));
        }
        match chance.write(&mut self.faulted) {
            Fate::Busy => self.plan(self.now, Happening::Written(told(Err(WriteError::Busy), Duration::ZERO))),
            Fate::Told(done, after) => self.write_later(done, guarded, Some(told(Err(NOBODY_KNOWS), after))),
            Fate::Unknown(done, after) => {
                if let Some(done) = done {
                    self.write_later(done, guarded, None);
                }
                self.plan(self.now + after, Happening::Written(unknown));
            }
        }
    }

    /// The store does what it was handed in that order.
    fn write_later(&mut self, after: Duration, guarded: Guarded, told: Option<Told>) {
        let at = (self.now + after).max(self.store_busy_until);
        if told.is_some() {
            self.store_busy_until = at;
        }
        self.plan(at, Happening::Write(Box::new(guarded), told));
    }

    pub(super) fn write(&mut self, guarded: Guarded) -> Result<Done, WriteError> {
        let write = self.witness.is_some().then(|| guarded.write.clone());
        let outcome = self.store.commit_now(vec![guarded]).pop().unwrap_or(Err(NOBODY_KNOWS));
        if let (Some(write), Some(witness)) = (write, &mut self.witness) {
            witness.note(self.now, "store", &(&outcome, written_about(&write)));
            witness.wrote(&self.store, &write);
        }
        outcome
    }

    /// The time of a write has come.
    pub(super) fn write_now(&mut self, guarded: Guarded, told: Option<Told>) {
        let outcome = self.write(guarded);
        if let Some(told) = told {
            self.plan(self.now + told.after, Happening::Written(Told { outcome, ..told }));
        }
    }

    /// A driver asks for its own row.
    pub(super) fn read_row(&mut self, who: &Who, reading: u64) {
        let (Who::Driver(home, driver), Some(number)) = (who, self.number_of(who)) else { return };
        let (home, driver) = (*home, driver.clone());
        match &mut self.chance {
            None => {
                let row = self.trip_in_row(&driver);
                let fetch = Fetch { driver, home, number, reading, after: Duration::ZERO };
                self.plan(self.now + self.delays.commit, Happening::Fetched(fetch, Ok(row)));
            }
            Some(chance) => {
                let (read, after) = (chance.store(&mut self.faulted), chance.store(&mut self.faulted));
                let fetch = Fetch { driver, home, number, reading, after };
                if chance.unreadable(&mut self.faulted) {
                    self.plan(self.now + read, Happening::Fetched(fetch, Err(())));
                } else {
                    self.plan(self.now + read, Happening::Fetch(fetch));
                }
            }
        }
    }

    /// The row is read now and told later: it may be old when it arrives.
    pub(super) fn fetch(&mut self, fetch: Fetch) {
        let row = self.trip_in_row(&fetch.driver);
        self.plan(self.now + fetch.after, Happening::Fetched(fetch, Ok(row)));
    }

    fn trip_in_row(&self, driver: &DriverId) -> Option<Trip> {
        if self.planted == Some(Planted::BlindRow) {
            return None;
        }
        let trip = self.store.driver_now(driver).and_then(|row| row.trip)?;
        let first_way = self.planted == Some(Planted::FirstWay);
        Some(if first_way { Trip { order: trip.requested_order(), ..trip } } else { trip })
    }

    /// How long the store takes to answer a question of the city itself; `None` when it does not.
    pub(super) fn asks_store(&mut self) -> Option<Duration> {
        match &mut self.chance {
            None => Some(self.delays.commit),
            Some(chance) => {
                let took = chance.store(&mut self.faulted);
                (!chance.unreadable(&mut self.faulted)).then_some(took)
            }
        }
    }
}

/// Whose word to the shard it is, if it is one: of the driver, or of the office when the driver is not there.
fn word_of<'a>(from: &'a Who, effect: &'a Effect) -> Option<&'a DriverId> {
    match (from, effect) {
        (Who::Driver(_, driver), Effect::ToShard { .. }) => Some(driver),
        (_, Effect::ToShard { input: ShardInput::DriverIs { driver, .. }, .. }) => Some(driver),
        _ => None,
    }
}

/// What a line about a write must say: the whole trip is in the step that asked for it.
fn written_about(write: &Write) -> (Option<TripId>, Option<u32>, Option<&DriverId>) {
    match write {
        Write::Trip(step) => (Some(step.after.id), Some(step.after.version), None),
        Write::Move { driver, .. } => (None, None, Some(driver)),
    }
}
