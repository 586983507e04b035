//! The next trip of a driver who is about to drop a rider off: reserved, offered and promised while the present one lasts.
//!
//! Lives here: what may be agreed before the present trip ends, and what becomes of it then.
//! Stays out: commitment. Nothing here is durable, and no trip is written to a driver who is on another one: what was
//! promised becomes an ordinary "yes" when the present trip has ended in the store. So I1 holds as it always does.
//! Touch with care: a promise may be lost with memory. The trip it was made to waits so long and no longer.

use super::{LiveDriver, State};
use crate::{
    DriverAsk, Effect, Free, Notice, Offer, OfferId, Refusal, Stage, Timestamp, Trip, TripInput, Wish, Withdrawal,
};

/// What is agreed about the next trip.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Next {
    Reserved {
        offer: OfferId,
        until: Timestamp,
    },
    Offered {
        offer: Offer,
        until: Timestamp,
    },
    /// The driver said yes: when the present trip ends, that is said to the next one.
    Promised {
        offer: Offer,
        ask: DriverAsk,
    },
}

impl Next {
    pub(super) fn offer(&self) -> OfferId {
        match self {
            Next::Reserved { offer, .. } => *offer,
            Next::Offered { offer, .. } | Next::Promised { offer, .. } => offer.id,
        }
    }

    pub(super) fn deadline(&self) -> Option<Timestamp> {
        match self {
            Next::Reserved { until, .. } | Next::Offered { until, .. } => Some(*until),
            Next::Promised { .. } => None,
        }
    }
}

/// How long the next trip may take to be written once the driver is free: a commit, and the letters around it.
const COMMIT_WITHIN: std::time::Duration = std::time::Duration::from_secs(4);

impl LiveDriver {
    /// What a driver offers who has a rider in the car, wants more work and has promised none yet.
    pub(super) fn soon_free(&self) -> Option<(&Trip, Free)> {
        let State::Engaged { trip } = &self.state else { return None };
        // With a stop ahead the drop-off is further away than it looks.
        let to_the_end = !trip.car.has_open() && trip.next_stop().is_none();
        let in_the_car = matches!(trip.stage, Stage::InProgress { .. }) && to_the_end;
        let ready = in_the_car && self.next.is_none() && self.wish == Wish::Work && self.session.is_some();
        ready.then_some(())?;
        // Nobody waits for work who has some: in line behind those who do.
        Some((trip, self.free(self.vehicle?)))
    }

    /// A trip wants this driver after the present one. Returns whether that was decided here.
    pub(super) fn reserve_next(
        &mut self,
        offer: OfferId,
        until: Timestamp,
        wanted: bool,
        out: &mut Vec<Effect>,
    ) -> bool {
        let again = matches!(&self.next, Some(Next::Reserved { offer: held, .. }) if *held == offer);
        let fits = wanted && self.soon_free().is_some_and(|(trip, _)| trip.id != offer.trip);
        if again || fits {
            self.next = Some(Next::Reserved { offer, until });
            let input = TripInput::Reserved { offer, by: self.id.clone(), home: self.home };
            out.push(Effect::ToTrip { to: offer.trip, input });
        }
        again || fits
    }

    /// The offer of a next trip is shown. Returns whether it was one.
    pub(super) fn offered_next(&mut self, offer: &Offer, out: &mut Vec<Effect>) -> bool {
        let State::Engaged { trip } = &self.state else { return false };
        let present = trip.id;
        match &self.next {
            Some(Next::Reserved { offer: held, until }) if *held == offer.id => {
                let (until, offer) = (*until, Offer { after: Some(present), ..offer.clone() });
                self.next = Some(Next::Offered { offer: offer.clone(), until });
                self.tell(Notice::Offer(offer), out);
                true
            }
            Some(next) => next.offer() == offer.id,
            None => false,
        }
    }

    /// The app answers the offer of a next trip. Returns whether it was one.
    pub(super) fn answered_next(&mut self, offer: OfferId, yes: bool, ask: DriverAsk, out: &mut Vec<Effect>) -> bool {
        match &self.next {
            Some(Next::Offered { offer: shown, .. }) if shown.id == offer => {
                if yes {
                    let input = TripInput::Promised { offer, by: self.id.clone(), home: self.home };
                    out.push(Effect::ToTrip { to: offer.trip, input });
                    self.next = Some(Next::Promised { offer: shown.clone(), ask });
                    self.tell(Notice::Promised { offer, ask }, out);
                } else {
                    self.drop_next(None, out);
                    self.tell(Notice::Declined { offer, ask }, out);
                }
                true
            }
            Some(Next::Promised { offer: promised, .. }) if promised.id == offer => {
                if yes {
                    self.tell(Notice::Promised { offer, ask }, out);
                } else {
                    // Thought better of it: the rider is better off to know at once.
                    self.drop_next(None, out);
                    self.tell(Notice::Declined { offer, ask }, out);
                }
                true
            }
            _ => false,
        }
    }

    /// The trip takes back what it asked for. Returns whether it was about the next trip.
    pub(super) fn withdrawn_next(&mut self, offer: OfferId, why: Withdrawal, out: &mut Vec<Effect>) -> bool {
        let Some(next) = self.next.take_if(|next| next.offer() == offer) else { return false };
        if !matches!(next, Next::Reserved { .. }) {
            self.tell(Notice::Withdrawn { offer, why }, out);
        }
        true
    }

    /// Nothing comes of the next trip: it is told so, and the app, unless that was what it said.
    pub(super) fn drop_next(&mut self, tell: Option<Withdrawal>, out: &mut Vec<Effect>) {
        let Some(next) = self.next.take() else { return };
        let offer = next.offer();
        out.push(Effect::ToTrip { to: offer.trip, input: TripInput::Declined { offer } });
        if let (Some(why), false) = (tell, matches!(next, Next::Reserved { .. })) {
            self.tell(Notice::Withdrawn { offer, why }, out);
        }
    }

    /// What is not answered in time is let go. It cannot have been written: nothing is while the present trip lasts.
    pub(super) fn settle_next(&mut self, now: Timestamp, out: &mut Vec<Effect>) {
        if self.next.as_ref().and_then(Next::deadline).is_some_and(|until| until <= now) {
            self.drop_next(Some(Withdrawal::Expired), out);
        }
    }

    /// The present trip has ended for the driver: on to the next, if one was agreed and the driver still works.
    pub(super) fn go_on_to_next(&mut self, now: Timestamp, out: &mut Vec<Effect>) {
        debug_assert!(self.state == State::Idle, "the present trip must have ended");
        if self.is_away() || self.wish != Wish::Work || self.vehicle.is_none() {
            return self.drop_next(Some(Withdrawal::NotCommitted), out);
        }
        match self.next.take() {
            None => {}
            Some(Next::Reserved { offer, until }) => self.state = State::Reserved { offer, until },
            Some(Next::Offered { offer, until }) => self.state = State::Offered { offer, until },
            Some(Next::Promised { offer, ask }) => {
                let input = TripInput::Accepted { offer: offer.id, by: self.id.clone(), home: self.home, ask };
                out.push(Effect::ToTrip { to: offer.id.trip, input });
                self.state = State::Offered { offer, until: now + COMMIT_WITHIN };
            }
        }
    }

    /// The trip that was promised says no after all. Returns whether it was that one.
    pub(super) fn refused_next(&mut self, why: &Refusal, out: &mut Vec<Effect>) -> bool {
        let Refusal::OfferGone { offer } = why else { return false };
        self.withdrawn_next(*offer, Withdrawal::NotCommitted, out)
    }
}
