//! What a driver tells: the app by notices, the home shard by a standing.
//!
//! Lives here: which words go out about how the driver stands.
//! Stays out: whatever changes how the driver stands.
//! Touch with care: an answer to a command of an earlier session is told to nobody.

use super::{LiveDriver, Wish};
use crate::{Availability, DriverAsk, Effect, Free, Notice, ShardInput, Standing, Vehicle};

impl LiveDriver {
    pub(super) fn tell(&self, mut notice: Notice, out: &mut Vec<Effect>) {
        // An answer to a command of an earlier session: the numbers of the present one mean something else.
        let foreign = |ask: &DriverAsk| self.session != Some(ask.session);
        match &mut notice {
            Notice::Refused { ask, .. } | Notice::Declined { ask, .. } | Notice::Promised { ask, .. }
                if foreign(ask) =>
            {
                return;
            }
            Notice::Trip { ask, .. } | Notice::Standing { ask, .. } if ask.as_ref().is_some_and(foreign) => *ask = None,
            _ => {}
        }
        if let Some(session) = self.session {
            out.push(Effect::ToSession { driver: self.id.clone(), session, notice });
        }
    }

    pub(super) fn tell_standing(&self, ask: Option<DriverAsk>, out: &mut Vec<Effect>) {
        let trip = self.trip().cloned();
        let last_trip = trip.is_some() && self.wish != Wish::Work;
        let homeward_until = self.manner.homeward().map(|homeward| homeward.until);
        let availability = self.availability();
        self.tell(Notice::Standing { ask, availability, trip, last_trip, homeward_until }, out);
    }

    pub(super) fn standing(&self) -> Standing {
        let availability = self.availability();
        match availability {
            // Shown enough for an hour: wants work, and is left in peace.
            Availability::Available if self.manner.is_resting() => Standing::Taken(availability),
            // Who wants work has said with which vehicle.
            Availability::Available => match self.vehicle {
                Some(vehicle) => Standing::Free(self.free(vehicle)),
                None => Standing::Taken(Availability::Offline),
            },
            Availability::Reserved | Availability::Offered | Availability::OnBreak => Standing::Taken(availability),
            Availability::EnRoute | Availability::Arrived | Availability::OnTrip => {
                if let Some((trip, free)) = self.soon_free() {
                    return Standing::Finishing { trip: trip.id, dropoff: trip.order.dropoff, free };
                }
                self.trip().map_or(Standing::Taken(availability), |trip| Standing::Driving(trip.id))
            }
            // Off line but connected: the shard keeps the position for the moment the driver wants work again.
            Availability::Offline if self.session.is_some() => Standing::Taken(availability),
            Availability::Offline => Standing::Gone,
        }
    }

    pub(super) fn free(&self, vehicle: Vehicle) -> Free {
        Free {
            acceptance: self.manner.acceptance(),
            homeward: self.manner.homeward().map(|homeward| homeward.to),
            ..Free::new(vehicle, self.since)
        }
    }

    /// On line and without a trip: an offer that comes to nothing does not send the driver to the end of the queue.
    pub(super) fn waits_for_work(&self) -> bool {
        use Availability::{Available, Offered, Reserved};
        matches!(self.availability(), Available | Reserved | Offered)
    }

    /// Tells the home shard how this driver stands. Also for a driver who has just been rebuilt.
    pub fn tell_shard(&self, out: &mut Vec<Effect>) {
        let input = ShardInput::DriverIs { driver: self.id.clone(), standing: self.standing() };
        out.push(Effect::ToShard { to: self.home, input });
    }
}
