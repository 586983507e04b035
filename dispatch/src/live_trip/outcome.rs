//! What follows from the store's answer: who is told what, and how the search goes on.

use super::{Asker, LiveTrip, Pending, Search};
use crate::{
    DriverAsk, DriverInput, Effect, Event, Policy, RETRY_AFTER, Refusal, ShardInput, Timestamp, Trip, Withdrawal,
    WriteError,
};

impl LiveTrip {
    pub(super) fn written(&mut self, now: Timestamp, policy: &Policy, out: &mut Vec<Effect>) {
        let Some(Pending { event, after, asker }) = self.pending.take() else { return };
        let before = std::mem::replace(&mut self.trip, after);
        self.history.push((self.trip.version, self.trip.stage.name(), self.trip.since));
        let trip = self.trip.clone();
        let driver_ask = match &asker {
            Asker::Driver { ask, .. } => Some(*ask),
            Asker::Person(_) | Asker::Nobody => None,
        };
        match (&event, before.stage.committed_driver().cloned()) {
            (Event::Requested { .. }, _) => self.seek(true, out),
            (Event::Assigned { .. }, _) => self.assigned(trip, driver_ask, out),
            (Event::GivenBack, Some(driver)) => {
                self.tell_driver(&driver, DriverInput::Freed { trip, ask: driver_ask }, out);
                self.without.insert(driver);
                (self.driver_home, self.car) = (None, None);
                self.seek(true, out);
            }
            (Event::DriverArrived | Event::PickedUp, Some(driver)) => {
                self.tell_driver(&driver, DriverInput::Progress { trip, ask: driver_ask }, out);
            }
            (_, Some(driver)) => self.tell_driver(&driver, DriverInput::Freed { trip, ask: driver_ask }, out),
            (_, None) => {
                self.let_go(Withdrawal::TripEnded, out);
                out.push(Effect::ToShard { to: self.trip.id.home(), input: ShardInput::Unseek(self.trip.id) });
            }
        }
        self.find_way(policy);
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

    fn assigned(&mut self, trip: Trip, ask: Option<DriverAsk>, out: &mut Vec<Effect>) {
        let Search::Offered(attempt) = std::mem::replace(&mut self.search, Search::Waiting) else { return };
        let Some(ask) = ask else { return };
        let input = DriverInput::Confirm { offer: attempt.offer, trip, ask };
        out.push(Effect::ToDriver { to: attempt.driver, home: attempt.home, input });
    }

    pub(super) fn not_written(&mut self, now: Timestamp, why: WriteError, out: &mut Vec<Effect>) {
        let Some(Pending { event, after: _, asker }) = self.pending.take() else { return };
        match why {
            WriteError::SameKey(trip) => {
                self.answer(&asker, Err(Refusal::SameKey { trip }), out);
                out.push(Effect::Retire);
            }
            WriteError::DriverTaken => {
                if let Search::Offered(attempt) = &self.search {
                    let offer = attempt.offer;
                    self.without.insert(attempt.driver.clone());
                    self.answer(&asker, Err(Refusal::OfferGone { offer }), out);
                }
                self.driver_home = None;
                self.let_go(Withdrawal::NotCommitted, out);
                self.seek(true, out);
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
