//! The first moments of a shard under a new owner: drivers come back one by one, and matching waits for most of them.
//!
//! Lives here: who is expected, and when matching opens; what is written down for the next owner.
//! Stays out: how those who were here are found out (hints, which may all be missing: then nobody is waited for).
//! Touch with care: it must open by time alone. Who is expected may never come.

use std::collections::BTreeSet;
use std::time::Duration;

use super::LiveShard;
use crate::{DriverId, Hint, Learned, Ping, Policy, Standing, Timestamp};

/// How long matching waits at most. Longer than phones take to come back over a good connection, shorter than a rider
/// notices.
const OPENS_WITHIN: Duration = Duration::from_millis(1_500);

/// One in so many may be missing when it opens.
const MISSING: usize = 10;

/// Drivers who were at work here a moment ago, and are expected back.
#[derive(Debug)]
pub(super) struct Opening {
    until: Timestamp,
    missing: BTreeSet<DriverId>,
    /// With so few missing it opens.
    few: usize,
}

impl LiveShard {
    /// These drivers were at work under the last owner: matching opens when nine in ten of them are back, or after
    /// 1.5 s. Call it before anything else happens to the shard.
    pub fn expect(&mut self, now: Timestamp, drivers: BTreeSet<DriverId>) {
        if !drivers.is_empty() {
            let few = drivers.len() / MISSING;
            self.opening = Some(Opening { until: now + OPENS_WITHIN, missing: drivers, few });
        }
    }

    /// Whether matching still waits for those who were here.
    #[must_use]
    pub fn is_opening(&self) -> bool {
        self.opening.is_some()
    }

    /// When a round planned for `at` may begin.
    pub(super) fn not_before_opening(&self, at: Timestamp) -> Timestamp {
        self.opening.as_ref().map_or(at, |opening| at.max(opening.until))
    }

    /// Opens if it is time.
    pub(super) fn open_if_due(&mut self, now: Timestamp) {
        let due = |opening: &Opening| opening.missing.len() <= opening.few || opening.until <= now;
        if self.opening.as_ref().is_some_and(due) {
            self.opening = None;
            if !self.waiting.is_empty() {
                self.next_round_at = Some(self.next_round_at.map_or(now, |planned| planned.min(now)));
            }
        }
    }

    /// A driver stands somehow: perhaps one who was expected.
    pub(super) fn came_back(&mut self, driver: &DriverId, standing: Standing) {
        if let Some(opening) = &mut self.opening
            && standing != Standing::Gone
        {
            opening.missing.remove(driver);
        }
    }

    /// What the next owner would like to know, in the order of names. A driver without a position is left out.
    #[must_use]
    pub fn hints(&self) -> Vec<Hint> {
        let hint = |(driver, spot): (&DriverId, &super::Spot)| {
            let (memory, position) = (spot.memory?, spot.track.position()?);
            let last = Ping {
                driver: driver.clone(),
                point: position.point,
                measured_at: position.measured_at,
                heading: position.heading,
                accuracy: position.accuracy,
            };
            Some(Hint { memory, last, seen_at: position.received_at })
        };
        let mut hints: Vec<Hint> = self.spots.unsorted().filter_map(hint).collect();
        hints.sort_unstable_by(|a, b| a.driver().cmp(b.driver()));
        hints
    }

    /// What it has learned of its ground, for the next owner.
    #[must_use]
    pub fn learned(&self, now: Timestamp) -> Learned {
        Learned { prices: self.surge.hand_on(), ..self.roaming.hand_on(now) }
    }

    /// Takes up what the last owner had learned, as far as it can be believed. Call it before anything else happens to the
    /// shard.
    pub fn take_up(&mut self, now: Timestamp, policy: &Policy, learned: &Learned) {
        self.roaming.take_up(now, learned);
        self.surge.take_up(now, &policy.surge, learned.at, &learned.prices);
    }
}

#[cfg(test)]
mod tests;
