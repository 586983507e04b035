//! A driver whose car several riders share.
//!
//! Stays out: who rides along (the host's record says), in which order (likewise).

use super::{LiveDriver, State};
use crate::{Deed, DriverAsk, Effect, Notice, Sharing, TripId, TripInput, Wish, Withdrawal};

impl LiveDriver {
    /// Tells a trip that may be shared what the driver drives, while more riders are welcome.
    pub(super) fn tell_host(&self, out: &mut Vec<Effect>) {
        if let Some(trip) = self.trip().filter(|trip| trip.order.shared) {
            let welcome = self.wish == Wish::Work && self.session.is_some();
            let vehicle = self.vehicle.filter(|_| welcome);
            let input = Sharing::Takes { by: self.id.clone(), vehicle };
            out.push(Effect::ToTrip { to: trip.id, input: TripInput::Sharing(input) });
        }
    }

    /// The driver reports a step of a guest's ride. Returns whether it was one.
    pub(super) fn does_for_guest(&self, guest: TripId, deed: Deed, ask: DriverAsk, out: &mut Vec<Effect>) -> bool {
        if let Some(trip) = self.trip().filter(|trip| trip.car.guest(guest).is_some()) {
            let input = Sharing::Did { guest, by: self.id.clone(), home: self.home, deed, ask };
            out.push(Effect::ToTrip { to: trip.id, input: TripInput::Sharing(input) });
            return true;
        }
        let last = self.last.clone().filter(|last| last.car.guest(guest).is_some() && self.trip().is_none());
        if let Some(trip) = last {
            self.tell(Notice::Trip { trip, ask: Some(ask) }, out);
            return true;
        }
        false
    }

    /// Somebody rides along, or the rider goes another way: the next trip cannot have the driver when it was promised.
    pub(super) fn stays_longer(&mut self, rerouted: bool, out: &mut Vec<Effect>) {
        if rerouted || matches!(&self.state, State::Engaged { trip } if trip.car.has_open()) {
            self.drop_next(Some(Withdrawal::NotCommitted), out);
        }
    }
}
