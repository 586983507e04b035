//! What a driver tells: the app by notices, the home shard by a standing.
//!
//! Lives here: which words go out about how the driver stands.
//! Stays out: whatever changes how the driver stands.
//! Touch with care: an answer to a command of an earlier session is told to nobody.

use super::{LiveDriver, State};
use crate::{Availability, DriverAsk, Effect, Free, Hint, Memory, Notice, ShardInput, Standing, Vehicle, Wish};

impl LiveDriver {
    pub(super) fn tell(&self, mut notice: Notice, out: &mut Vec<Effect>) {
        // An answer to a command of an earlier session: the numbers of the present one mean something else.
        // What is said while a lost line may come back waits for it.
        let listener = self.session.or(self.lost.map(|lost| lost.session));
        let foreign = |ask: &DriverAsk| listener != Some(ask.session);
        match &mut notice {
            Notice::Refused { ask, .. } | Notice::Declined { ask, .. } | Notice::Promised { ask, .. }
                if foreign(ask) =>
            {
                return;
            }
            Notice::Trip { ask, .. } | Notice::Standing { ask, .. } if ask.as_ref().is_some_and(foreign) => *ask = None,
            _ => {}
        }
        if let Some(session) = listener {
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
            Availability::Offline if !self.is_away() => Standing::Taken(availability),
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
        let back_in_a_moment = self.lost.is_some() && self.wish == Wish::Work && self.state == State::Idle;
        back_in_a_moment || matches!(self.availability(), Available | Reserved | Offered)
    }

    /// Tells the home shard how this driver stands. Also for a driver who has just been rebuilt.
    pub fn tell_shard(&mut self, out: &mut Vec<Effect>) {
        self.tell_shard_standing(out);
        if self.vehicle.is_some() {
            self.tell_memory(out);
        }
        self.tell_recalled(out);
    }

    /// What the app said that no row holds.
    #[must_use]
    pub fn memory(&self) -> Memory {
        let acceptance = self.manner.of_a_thousand();
        Memory { generation: self.generation, wish: self.wish, vehicle: self.vehicle, acceptance }
    }

    /// What is known of this driver from before the shard had this owner. Counts only if it is of the same life, and for
    /// whoever is not connected yet: an app that is says what it wants.
    pub fn recall(&mut self, hint: Hint) {
        let Hint { memory, last, .. } = hint;
        if memory.generation == self.generation && self.session.is_none() {
            (self.wish, self.vehicle, self.recalled) = (memory.wish, memory.vehicle, Some(last));
            self.manner.accepted(memory.acceptance);
        }
    }

    /// Where the driver was, once the shard keeps a place for this driver.
    pub(super) fn tell_recalled(&mut self, out: &mut Vec<Effect>) {
        if self.standing() != Standing::Gone
            && let Some(last) = self.recalled.take()
        {
            out.push(Effect::ToShard { to: self.home, input: ShardInput::Pings(vec![last]) });
        }
    }

    pub(super) fn tell_memory(&self, out: &mut Vec<Effect>) {
        let input = ShardInput::Remember { driver: self.id.clone(), memory: self.memory() };
        out.push(Effect::ToShard { to: self.home, input });
    }

    pub(super) fn tell_shard_standing(&self, out: &mut Vec<Effect>) {
        let input = ShardInput::DriverIs { driver: self.id.clone(), standing: self.standing() };
        out.push(Effect::ToShard { to: self.home, input });
    }
}
