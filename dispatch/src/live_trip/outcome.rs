//! What follows from the store's answer: who is told what, and how the search goes on.

use super::{Asker, LiveTrip, Pending, Watch};
use crate::{
    DriverAsk, DriverInput, Effect, Event, OfferFate, Party, Policy, RETRY_AFTER, Refusal, ShardInput, Stage,
    Timestamp, Trip, Withdrawal, WriteError,
};

impl LiveTrip {
    pub(super) fn written(&mut self, now: Timestamp, policy: &Policy, out: &mut Vec<Effect>) {
        let Some(Pending { event, after, asker }) = self.pending.take() else { return };
        let before = std::mem::replace(&mut self.trip, after);
        self.remember_stage();
        let trip = self.trip.clone();
        let driver_ask = match &asker {
            Asker::Driver { ask, .. } => Some(*ask),
            Asker::Person(_) | Asker::Nobody => None,
        };
        match (&event, before.stage.committed_driver().cloned()) {
            (Event::Requested { .. } | Event::Activated, _) if self.trip.stage == Stage::Searching => self.seek(out),
            // A ride for later: nobody searches before its time.
            (Event::Requested { .. }, _) => {}
            (Event::Rerouted { .. }, None) if self.trip.stage == Stage::Searching => self.search_anew(now, out),
            (Event::Rerouted { .. }, None) => {}
            (Event::Assigned { .. }, _) => self.assigned(now, trip, driver_ask, out),
            (Event::GivenBack { by, reason }, Some(driver)) => {
                let input = match by {
                    Party::System => DriverInput::TakenBack { trip, reason: *reason },
                    Party::Rider | Party::Driver => DriverInput::Freed { trip, ask: driver_ask },
                };
                self.tell_driver(&driver, input, out);
                self.without.insert(driver);
                (self.driver_home, self.car) = (None, None);
                self.seek(out);
            }
            (_, Some(driver)) if trip.stage.committed_driver() == Some(&driver) => {
                self.tell_driver(&driver, DriverInput::Progress { trip, ask: driver_ask }, out);
            }
            (_, Some(driver)) => self.tell_driver(&driver, DriverInput::Freed { trip, ask: driver_ask }, out),
            (_, None) => {
                let why = if trip.stage.host().is_some() { Withdrawal::Taken } else { Withdrawal::TripEnded };
                for attempt in self.search.take_all() {
                    self.withdraw(now, attempt, why, OfferFate::Withdrawn, out);
                }
                out.push(Effect::ToShard { to: self.trip.id.home(), input: ShardInput::Unseek(self.trip.id) });
            }
        }
        self.shared_stepped(now, &before, out);
        self.find_way(policy);
        // Where the ride goes later says nothing of whether the car comes.
        if !matches!(event, Event::Rerouted { .. }) {
            self.watch = matches!(self.trip.stage, Stage::EnRoute { .. }).then(|| Watch::new(now));
        }
        if let Asker::Person(ask) = asker {
            out.push(Effect::Answer { ask, answer: Ok(self.view()) });
        }
        out.push(Effect::Publish(self.view()));
        if !self.trip.stage.name().is_active() {
            while let Some(input) = self.line.pop_front() {
                self.decide(now, policy, input, out);
            }
            out.push(Effect::Retire);
        }
    }

    /// One driver is won: the others are told at once, also those whose "yes" is still in line.
    fn assigned(&mut self, now: Timestamp, trip: Trip, ask: Option<DriverAsk>, out: &mut Vec<Effect>) {
        let attempts = std::mem::take(&mut self.search).take_all();
        for attempt in attempts {
            if trip.stage.committed_driver() == Some(&attempt.driver) {
                self.tell_fate(now, &attempt, OfferFate::Committed, out);
                let Some(ask) = ask else { continue };
                let input = DriverInput::Confirm { offer: attempt.offer, trip: trip.clone(), ask };
                out.push(Effect::ToDriver { to: attempt.driver, home: attempt.home, input });
            } else {
                let fate = if self.is_yes_in_line(attempt.offer) { OfferFate::Lost } else { OfferFate::Withdrawn };
                self.withdraw(now, attempt, Withdrawal::Taken, fate, out);
            }
        }
    }

    pub(super) fn not_written(&mut self, now: Timestamp, policy: &Policy, why: WriteError, out: &mut Vec<Effect>) {
        let Some(Pending { event, after: _, asker }) = self.pending.take() else { return };
        match why {
            WriteError::SameKey(trip) => {
                self.answer(&asker, Err(Refusal::SameKey { trip }), out);
                out.push(Effect::Retire);
            }
            WriteError::Capped { cap, retry_after } => {
                self.answer(&asker, Err(Refusal::Capped { cap, retry_after }), out);
                out.push(Effect::Retire);
            }
            WriteError::DriverTaken => {
                self.driver_home = None;
                if let Event::Assigned { driver } = &event
                    && let Some(attempt) = self.search.take_of(driver)
                {
                    self.answer(&asker, Err(Refusal::OfferGone { offer: attempt.offer }), out);
                    self.without.insert(driver.clone());
                    self.withdraw(now, attempt, Withdrawal::NotCommitted, OfferFate::Lost, out);
                }
                self.go_on(now, policy, out);
            }
            WriteError::Busy => {
                if matches!(event, Event::Assigned { .. }) {
                    self.driver_home = None;
                }
                self.not_before = now + RETRY_AFTER;
                self.answer(&asker, Err(Refusal::Busy { retry_after: RETRY_AFTER }), out);
                if matches!(event, Event::Requested { .. }) {
                    out.push(Effect::Retire);
                }
            }
            WriteError::Stale => {
                self.answer(&asker, Err(Refusal::Busy { retry_after: RETRY_AFTER }), out);
                self.broken = true;
                out.push(Effect::Rebuild { shard: false });
            }
            // Not answered: whether it happened is not known. The asker asks again by the same key.
            WriteError::Fenced | WriteError::Unknown => {
                self.broken = true;
                out.push(Effect::Rebuild { shard: true });
            }
        }
    }
}
