//! What a driver is asked, from the reservation to the answer.

use geo::Point;

use super::manner::{Homeward, leads_home};
use super::{LiveDriver, State};
use crate::{
    Availability, DriverAsk, Effect, Needs, Notice, Offer, OfferId, Policy, RETRY_AFTER, Refusal, Timestamp, Trip,
    TripInput, Vehicle, Withdrawal,
};

impl LiveDriver {
    /// The vehicle from now on. An offer that was made for another one is let go: it may not fit.
    pub(super) fn drives(&mut self, vehicle: Vehicle, ask: DriverAsk, out: &mut Vec<Effect>) {
        if self.session != Some(ask.session) || self.vehicle.replace(vehicle).is_none_or(|before| before == vehicle) {
            return;
        }
        self.drop_next(Some(Withdrawal::NotCommitted), out);
        match &self.state {
            State::Reserved { offer, .. } => self.give_up(*offer, out),
            State::Offered { offer, .. } => {
                let offer = offer.id;
                self.give_up(offer, out);
                self.tell(Notice::Withdrawn { offer, why: Withdrawal::NotCommitted }, out);
            }
            State::Idle | State::Recalling { .. } | State::Engaged { .. } | State::Moving { .. } => {}
        }
    }

    /// Whether a ride is one for this driver: the shard may have proposed him for what he said before.
    pub(super) fn wants(&self, policy: &Policy, needs: Needs, (pickup, dropoff): (Point, Point)) -> bool {
        let fits = self.vehicle.is_some_and(|vehicle| needs.fits(vehicle));
        // Where the driver is, the shard knows; the ride alone must lead home here.
        let leads = |homeward: Homeward| leads_home(pickup, pickup, dropoff, homeward.to, &policy.homeward);
        fits && !self.manner.is_resting() && self.manner.homeward().is_none_or(leads)
    }

    pub(super) fn reserve(&mut self, offer: OfferId, until: Timestamp, wanted: bool, out: &mut Vec<Effect>) {
        if self.reserve_next(offer, until, wanted, out) {
            return;
        }
        let free = wanted && self.availability() == Availability::Available;
        let again = matches!(&self.state, State::Reserved { offer: held, .. } if *held == offer);
        let input = if free || again {
            self.state = State::Reserved { offer, until };
            TripInput::Reserved { offer, by: self.id.clone(), home: self.home }
        } else {
            TripInput::Busy { offer }
        };
        out.push(Effect::ToTrip { to: offer.trip, input });
    }

    pub(super) fn offered(&mut self, now: Timestamp, policy: &Policy, offer: Offer, out: &mut Vec<Effect>) {
        if self.offered_next(&offer, out) {
            return;
        }
        match &self.state {
            State::Reserved { offer: held, until } if *held == offer.id => {
                self.state = State::Offered { offer: offer.clone(), until: *until };
                self.manner.shown(now, policy);
                self.tell(Notice::Offer(offer), out);
            }
            State::Offered { offer: shown, .. } if shown.id == offer.id => {}
            _ => out.push(Effect::ToTrip { to: offer.id.trip, input: TripInput::Declined { offer: offer.id } }),
        }
    }

    pub(super) fn withdrawn(&mut self, policy: &Policy, offer: OfferId, why: Withdrawal, out: &mut Vec<Effect>) {
        if self.withdrawn_next(offer, why, out) {
            return;
        }
        match &self.state {
            State::Reserved { offer: held, .. } if *held == offer => self.state = State::Idle,
            State::Recalling { offer: held, .. } if *held == offer => {
                self.state = State::Idle;
                self.tell(Notice::Withdrawn { offer, why }, out);
            }
            State::Offered { offer: shown, .. } if shown.id == offer => {
                self.state = State::Idle;
                if why == Withdrawal::NotCommitted {
                    // The store may know of a trip that memory does not: the row is read at once.
                    self.compare_at = Some(Timestamp::default());
                }
                self.tell(Notice::Withdrawn { offer, why }, out);
                if why == Withdrawal::Expired {
                    self.was_silent(policy, out);
                }
            }
            _ => {}
        }
        self.retire_if_gone(out);
    }

    pub(super) fn answered(&mut self, offer: OfferId, yes: bool, ask: DriverAsk, out: &mut Vec<Effect>) {
        if self.session != Some(ask.session) || self.answered_next(offer, yes, ask, out) {
            return;
        }
        self.manner.spoke();
        match &self.state {
            State::Offered { offer: shown, .. } if shown.id == offer => {
                if yes {
                    // Stays offered until the store has spoken: only then is anyone told that it is so.
                    let input = TripInput::Accepted { offer, by: self.id.clone(), home: self.home, ask };
                    out.push(Effect::ToTrip { to: offer.trip, input });
                } else {
                    self.manner.judged(false);
                    self.give_up(offer, out);
                    self.tell(Notice::Declined { offer, ask }, out);
                }
            }
            State::Engaged { trip } if yes && trip.id == offer.trip => {
                let trip = trip.clone();
                self.tell(Notice::Trip { trip, ask: Some(ask) }, out);
            }
            // Whether the first "yes" won is being read from the row.
            State::Recalling { offer: held, .. } if yes && *held == offer => {
                self.tell(Notice::Refused { ask, why: Refusal::Busy { retry_after: RETRY_AFTER } }, out);
            }
            _ => self.tell(Notice::Refused { ask, why: Refusal::OfferGone { offer } }, out),
        }
    }

    /// Lets an unanswered offer go: declines it to the trip that made it.
    pub(super) fn give_up(&mut self, offer: OfferId, out: &mut Vec<Effect>) {
        self.state = State::Idle;
        out.push(Effect::ToTrip { to: offer.trip, input: TripInput::Declined { offer } });
    }

    /// The store has committed this driver to a trip.
    pub(super) fn confirmed(&mut self, offer: OfferId, trip: Trip, ask: DriverAsk, out: &mut Vec<Effect>) {
        if let Some(known) = self.trip().into_iter().chain(&self.last).find(|known| known.id == trip.id)
            && known.version >= trip.version
        {
            // What the trip has said since was faster: the driver is further on, or free again.
            let trip = known.clone();
            return self.tell(Notice::Trip { trip, ask: Some(ask) }, out);
        }
        if self.trip().is_some_and(|held| held.id != trip.id) {
            // One of the two is long over: the row knows which.
            return self.read_row(out);
        }
        let holds = match &self.state {
            State::Reserved { offer: held, .. } | State::Recalling { offer: held, .. } => *held == offer,
            State::Offered { offer: shown, .. } => shown.id == offer,
            State::Engaged { .. } => true,
            State::Idle | State::Moving { .. } => false,
        };
        if !holds {
            // Late or doubled: that trip may be long over, and memory has forgotten it. The row knows.
            return self.read_row(out);
        }
        self.manner.judged(true);
        self.engage(trip.clone());
        self.tell_host(out);
        self.tell(Notice::Trip { trip, ask: Some(ask) }, out);
    }
}
