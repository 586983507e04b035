//! The watch over a car on its way to the pickup: is it coming?
//!
//! Lives here: when a driver has stalled, drives away or has gone dark, when he is asked whether he is coming, and when
//! the trip is taken back from him.
//! Stays out: what a position is worth (the shard believes it or not), how long the way takes (the policy's travel times).
//! Touch with care: a driver is asked first, and whatever he shows in the time he then has counts for him.

use std::time::Duration;

use super::{Asker, LiveTrip};
use crate::{DriverInput, Effect, Event, GiveBackReason, Party, Policy, ProgressPolicy, Stage, Timestamp};

/// What has been seen of a car since it is on its way.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Watch {
    heard_at: Timestamp,
    /// The shortest time to the pickup so far, and since when it has not become less.
    best: Option<(Duration, Timestamp)>,
    /// The time to the pickup from the latest position.
    last: Duration,
    /// Since when the car is farther than it was by more than it may.
    away_since: Option<Timestamp>,
    /// When the driver was asked whether he is coming, if it matters still.
    asked_at: Option<Timestamp>,
}

impl Watch {
    pub(super) fn new(now: Timestamp) -> Watch {
        Watch { heard_at: now, best: None, last: Duration::ZERO, away_since: None, asked_at: None }
    }

    /// A position has come, from where the way takes so long.
    pub(super) fn seen(&mut self, now: Timestamp, eta: Duration, policy: &ProgressPolicy) {
        self.heard_at = now;
        self.last = eta;
        match self.best {
            Some((best, _)) if eta + policy.progress > best => {}
            _ => self.best = Some((eta, now)),
        }
        let best = self.best.map_or(eta, |(best, _)| best);
        if eta > best + policy.retreat {
            self.away_since.get_or_insert(now);
        } else {
            self.away_since = None;
        }
        if self.trouble(now, policy).is_none() {
            self.asked_at = None;
        }
    }

    /// When each kind of trouble begins, unless something is seen before.
    fn troubles(&self, policy: &ProgressPolicy) -> impl Iterator<Item = (Timestamp, GiveBackReason)> {
        let far = self.last > policy.near;
        let stalled = self.best.filter(|_| far).map(|(_, since)| since + policy.stalled_after);
        let away = self.away_since.map(|since| since + policy.retreat_for);
        let dark = Some(self.heard_at + policy.dark_after);
        let of = |at: Option<Timestamp>, reason| at.map(|at| (at, reason));
        // The most telling first: who is silent may well be driving, and who drives away does not stand still.
        let all = [
            of(dark, GiveBackReason::WentDark),
            of(away, GiveBackReason::DroveAway),
            of(stalled, GiveBackReason::Stalled),
        ];
        all.into_iter().flatten()
    }

    fn trouble(&self, now: Timestamp, policy: &ProgressPolicy) -> Option<GiveBackReason> {
        self.troubles(policy).find(|(at, _)| *at <= now).map(|(_, reason)| reason)
    }

    /// When time alone will change something.
    fn deadline(&self, policy: &ProgressPolicy) -> Option<Timestamp> {
        match self.asked_at {
            Some(asked_at) => Some(asked_at + policy.patience),
            None => self.troubles(policy).map(|(at, _)| at).min(),
        }
    }
}

impl LiveTrip {
    /// When the watch has something to do; `None` unless a car is on its way to the pickup.
    pub(super) fn watch_deadline(&self, policy: &Policy) -> Option<Timestamp> {
        // With guests in the car nobody can take it back from its driver.
        let coming = matches!(self.trip.stage, Stage::EnRoute { .. }) && !self.trip.car.has_aboard();
        if !policy.progress.on || !coming {
            return None;
        }
        // A trip under a new owner begins to watch at once.
        self.watch.as_ref().map_or(Some(self.trip.since), |watch| watch.deadline(&policy.progress))
    }

    /// Asks a driver in trouble whether he is coming, and takes the trip back from one who does not come.
    pub(super) fn settle_watch(&mut self, now: Timestamp, policy: &Policy, out: &mut Vec<Effect>) {
        if self.watch_deadline(policy).is_none_or(|at| at.max(self.not_before) > now) {
            return;
        }
        let watch = self.watch.get_or_insert_with(|| Watch::new(now));
        let trouble = watch.trouble(now, &policy.progress);
        match (trouble, watch.asked_at) {
            (None, _) => watch.asked_at = None,
            (Some(reason), None) => {
                watch.asked_at = Some(now);
                let (trip, driver) = (self.trip.id, self.trip.stage.committed_driver().cloned());
                if let Some(driver) = driver {
                    self.tell_driver(&driver, DriverInput::AreYouComing { trip, reason }, out);
                }
            }
            (Some(reason), Some(_)) => {
                self.propose(Event::GivenBack { by: Party::System, reason }, now, Asker::Nobody, out);
            }
        }
    }
}
