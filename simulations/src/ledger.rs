//! The books of a simulation: what people were told about every trip, kept outside the server.
//!
//! Lives here: one line for each trip, the sums over them, and the comparison with the server's journal.
//! Stays out: how people were told.
//! Touch with care: the ledger never asks the server anything. What it knows was acknowledged to someone; that is
//! what makes it a witness.

use std::collections::BTreeMap;
use std::time::Duration;

use dispatch::invariants::{Entry, Violation, audit, nothing_lost};
use dispatch::{DriverId, StageName, Timestamp, Trip, TripId};
use serde::Serialize;

use crate::booking::Lateness;

/// Everything people were told.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    trips: BTreeMap<TripId, Line>,
    /// When the riders of trips for later want to be picked up.
    wishes: BTreeMap<TripId, Timestamp>,
    /// Requests that were not acknowledged yet, or were refused: they may or may not be in the journal.
    unanswered: u64,
    violations: Vec<Violation>,
}

#[derive(Clone, Debug)]
struct Line {
    requested_at: Timestamp,
    version: u32,
    stage: StageName,
    matched: bool,
    arrived_at: Option<Timestamp>,
}

/// The trips of a simulation, each in exactly one of the last four.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sums {
    /// Acknowledged requests.
    pub requested: u64,
    /// Riders dropped off.
    pub completed: u64,
    /// Called off by someone.
    pub cancelled: u64,
    /// Ended without a driver.
    pub expired: u64,
    /// Still going on.
    pub unfinished: u64,
}

impl Sums {
    /// Whether every trip is accounted for.
    #[must_use]
    pub fn balance(&self) -> bool {
        self.requested == self.completed + self.cancelled + self.expired + self.unfinished
    }

    fn count(&mut self, stage: StageName) {
        self.requested += 1;
        *match stage {
            StageName::Completed => &mut self.completed,
            StageName::Cancelled => &mut self.cancelled,
            StageName::Expired => &mut self.expired,
            StageName::Scheduled
            | StageName::Searching
            | StageName::EnRoute
            | StageName::Arrived
            | StageName::InProgress
            | StageName::DrivingOn => &mut self.unfinished,
        } += 1;
    }
}

/// Two quantiles of a time, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Quantiles {
    /// Half of all are at most this.
    pub p50: f64,
    /// Nineteen of twenty are at most this.
    pub p95: f64,
}

impl Ledger {
    /// A request is on its way.
    pub fn asked(&mut self) {
        self.unanswered += 1;
    }

    /// A request was answered, well or badly.
    pub fn answered(&mut self) {
        self.unanswered = self.unanswered.saturating_sub(1);
    }

    /// How many requests wait for an answer.
    #[must_use]
    pub fn unanswered(&self) -> u64 {
        self.unanswered
    }

    /// Someone was told that a trip stands so, since then.
    pub fn told(&mut self, trip: TripId, version: u32, stage: StageName, since: Timestamp) {
        let line = self.trips.entry(trip).or_insert(Line {
            requested_at: trip.requested_at(),
            version: 0,
            stage,
            matched: false,
            arrived_at: None,
        });
        if version > line.version {
            (line.version, line.stage) = (version, stage);
        }
        line.matched |= stage == StageName::EnRoute;
        if stage == StageName::Arrived {
            line.arrived_at = Some(line.arrived_at.map_or(since, |at| at.min(since)));
        }
    }

    /// The rider of this trip wants to be picked up then.
    pub fn wished(&mut self, trip: TripId, at: Timestamp) {
        self.wishes.insert(trip, at);
    }

    /// How the trips for later went; `None` when there were none.
    #[must_use]
    pub fn lateness(&self) -> Option<Lateness> {
        let late = |(trip, wished): (&TripId, &Timestamp)| {
            let arrived = self.trips.get(trip)?.arrived_at?;
            Some(arrived.since(*wished).as_secs_f64() - wished.since(arrived).as_secs_f64())
        };
        let booked = self.wishes.len() as u64;
        (booked > 0).then(|| Lateness::of(booked, self.wishes.iter().filter_map(late).collect()))
    }

    /// Something was seen that must never be.
    pub fn broken(&mut self, violation: Violation) {
        self.violations.push(violation);
    }

    /// What has been seen that must never be.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// How many trips people were told of.
    #[must_use]
    pub fn requested(&self) -> usize {
        self.trips.len()
    }

    /// The sums over all trips.
    #[must_use]
    pub fn sums(&self) -> Sums {
        let mut sums = Sums::default();
        self.trips.values().for_each(|line| sums.count(line.stage));
        sums
    }

    /// The trips in a stage.
    #[must_use]
    pub fn in_stage(&self, stage: StageName) -> usize {
        self.trips.values().filter(|line| line.stage == stage).count()
    }

    /// The share of requests that a driver accepted; 1 when there were none.
    #[must_use]
    pub fn match_rate(&self) -> f64 {
        if self.trips.is_empty() {
            return 1.0;
        }
        self.trips.values().filter(|line| line.matched).count() as f64 / self.trips.len() as f64
    }

    /// From the request to the car at the pickup, of trips that were not for later.
    #[must_use]
    pub fn pickup_wait_s(&self) -> Quantiles {
        let wait = |line: &Line| line.arrived_at.map(|at| at.since(line.requested_at).as_secs_f64());
        let now = self.trips.iter().filter(|(trip, _)| !self.wishes.contains_key(trip));
        let mut waits: Vec<f64> = now.filter_map(|(_, line)| wait(line)).collect();
        waits.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let place = (waits.len() as f64 * share).ceil() as usize;
            waits.get(place.saturating_sub(1)).copied().unwrap_or(0.0)
        };
        Quantiles { p50: at(0.50), p95: at(0.95) }
    }

    /// The trips whose riders waited longest for a car at the pickup, and how long, longest first.
    #[must_use]
    pub fn longest_waits(&self, most: usize) -> Vec<(TripId, Duration)> {
        let wait = |(trip, line): (&TripId, &Line)| Some((*trip, line.arrived_at?.since(line.requested_at)));
        let mut waits: Vec<(TripId, Duration)> = self.trips.iter().filter_map(wait).collect();
        waits.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        waits.truncate(most);
        waits
    }

    /// Compares the books with the server's: nothing that was told is missing, and the journal itself is sound.
    /// Returns the server's own sums and every broken promise.
    #[must_use]
    pub fn compare(
        &self,
        journal: &[Entry],
        trips: &[Trip],
        drivers: &[(DriverId, Option<TripId>)],
    ) -> (Sums, Vec<Violation>) {
        let mut found = self.violations.clone();
        found.extend(audit(journal, trips, drivers));
        let told: BTreeMap<TripId, u32> = self.trips.iter().map(|(trip, line)| (*trip, line.version)).collect();
        found.extend(nothing_lost(&told, journal));
        let mut sums = Sums::default();
        trips.iter().for_each(|trip| sums.count(trip.stage.told_as()));
        (sums, found)
    }
}
