//! Rides for later whose search has begun, while every car would still be there too early.
//!
//! Lives here: holding such a rider back, and looking again.
//! Stays out: when the search begins ([`Policy::lead`]); everything after a rider has joined the waiting list.
//! Touch with care: who is held back is waiting too: it must leave with the trip, and be looked at in time. Each look
//! waits half of the time that is left, so there are few, and the last one is on time.

use std::time::Duration;

use super::LiveShard;
use crate::{Candidate, Eta, Policy, Seeker, Timestamp, TripId};

/// The longest pause between two looks: cars go on and off line.
const LOOK_EVERY_MAX: Duration = Duration::from_secs(60);

impl LiveShard {
    /// The rider, if the time has come to send a car; otherwise it is held back until the next look.
    pub(super) fn hold_back(&mut self, now: Timestamp, policy: &Policy, seeker: Seeker) -> Option<Seeker> {
        let Some(wished) = seeker.pickup_at else { return Some(seeker) };
        self.unbook(seeker.trip);
        // Without a car here the neighbours must be asked, and that is what a round does.
        let Some(soonest) = self.soonest(now, policy, &seeker) else { return Some(seeker) };
        let Some(look_at) = too_early(now, policy, wished, soonest.time) else { return Some(seeker) };
        self.booked.insert((look_at, seeker.trip), seeker);
        None
    }

    /// The same in a round, when the neighbours have named their cars too: takes who is to wait out of it.
    pub(super) fn hold_back_early(
        &mut self,
        now: Timestamp,
        policy: &Policy,
        choices: Vec<Vec<Candidate>>,
    ) -> Vec<Vec<Candidate>> {
        let places: Vec<(Timestamp, TripId)> = self.waiting.keys().copied().collect();
        let mut kept = Vec::with_capacity(choices.len());
        for (place, candidates) in places.into_iter().zip(choices) {
            let wished = self.waiting.get(&place).and_then(|seeker| seeker.pickup_at);
            let soonest = candidates.iter().map(|candidate| candidate.pickup_eta.time).min();
            let look_at = wished.zip(soonest).and_then(|(wished, soonest)| too_early(now, policy, wished, soonest));
            match look_at.and_then(|at| Some((at, self.waiting.remove(&place)?))) {
                Some((at, seeker)) => drop(self.booked.insert((at, seeker.trip), seeker)),
                None => kept.push(candidates),
            }
        }
        kept
    }

    /// Looks again at those whose time has come.
    pub(super) fn look_again(&mut self, now: Timestamp, policy: &Policy) {
        while let Some(entry) = self.booked.first_entry().filter(|entry| entry.key().0 <= now) {
            let seeker = entry.remove();
            self.seek(now, policy, seeker);
        }
    }

    /// When somebody who is held back must be looked at again.
    pub(super) fn look_at(&self) -> Option<Timestamp> {
        self.booked.first_key_value().map(|((at, _), _)| *at)
    }

    /// Forgets a rider who is held back.
    pub(super) fn unbook(&mut self, trip: TripId) {
        self.booked.retain(|(_, held), _| *held != trip);
    }

    /// How soon the first car of this shard could be there.
    pub(super) fn soonest(&self, now: Timestamp, policy: &Policy, seeker: &Seeker) -> Option<Eta> {
        let candidates = self.candidates(now, policy, seeker);
        candidates.into_iter().map(|candidate| candidate.pickup_eta).min_by_key(|eta| eta.time)
    }
}

/// When to look again, if a car that takes so long would be there too early.
fn too_early(now: Timestamp, policy: &Policy, wished: Timestamp, soonest: Duration) -> Option<Timestamp> {
    let left = wished.since(now + soonest + policy.booking.early_max);
    let pause = (left / 2).clamp(policy.match_every.min(LOOK_EVERY_MAX), LOOK_EVERY_MAX);
    (!left.is_zero()).then_some(now + pause)
}
