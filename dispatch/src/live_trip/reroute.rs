//! A rider changes the way: other stops, another drop-off.
//!
//! Lives here: when that is possible, what the ride costs then, and who is told.
//! Stays out: which steps are legal ([`Trip::apply`]), how it is stored.
//! Touch with care: a driver has said yes to a way. Whoever looks at an offer is asked anew; whoever has accepted is told.

use geo::Point;

use super::{Asker, LiveTrip};
use crate::{
    AskId, Deed, Effect, Event, Fare, OfferFate, Policy, Refusal, Reroute, STOPS_MAX, Stage, Stops, Timestamp, Trip,
    Withdrawal,
};

impl Reroute {
    /// The rest of the way of this trip, once it is changed: whatever is not named stays as it is.
    fn of(&self, trip: &Trip) -> (Vec<Point>, Point) {
        let stops = match &self.stops {
            Some(stops) => stops.iter().collect(),
            None => trip.stops_left().collect(),
        };
        (stops, self.dropoff.unwrap_or(trip.order.dropoff))
    }

    /// Whether the trip leads there already: a change that is sent again is answered again.
    fn is_done(&self, trip: &Trip) -> bool {
        let (stops, dropoff) = self.of(trip);
        dropoff == trip.order.dropoff && trip.stops_left().eq(stops)
    }
}

/// What to answer a rider who wants to change the way of a trip that has ended, or that the rider knows more of than
/// whoever holds this record; `None` when neither is so.
#[must_use]
pub fn answer_reroute_of_ended(trip: &Trip, wanted: &Reroute) -> Option<Result<(), Refusal>> {
    // An owner that was overruled may not say what is so: the way may lead elsewhere by now.
    if wanted.seen.is_some_and(|seen| seen > trip.version) {
        return Some(Err(Refusal::Outdated { version: trip.version }));
    }
    if wanted.is_done(trip) {
        return Some(Ok(()));
    }
    let from = trip.stage.told_as();
    (!from.is_active()).then_some(Err(Refusal::IllegalStep { from, wanted: "rerouted" }))
}

/// Whether a driver reports a stop of another way than this trip's. One that was made before the way was changed is the
/// same stop still. Whoever holds this record knows less than the driver when the driver names a later change.
pub(super) fn means_another_way(deed: Deed, trip: &Trip) -> bool {
    let Deed::StopReached { stop, rerouted: Some(meant) } = deed else { return false };
    meant > trip.route.changes || (meant < trip.route.changes && stop > trip.route.made)
}

impl LiveTrip {
    /// A rider wants to go another way.
    pub(super) fn reroute(
        &mut self,
        now: Timestamp,
        policy: &Policy,
        wanted: &Reroute,
        ask: AskId,
        out: &mut Vec<Effect>,
    ) {
        match self.may_reroute(policy, wanted) {
            Err(answer) => {
                let answer = answer.map(|()| self.view());
                out.push(Effect::Answer { ask, answer });
            }
            Ok((stops, dropoff)) => {
                let fare = self.fare_by(policy, stops, dropoff);
                self.propose(Event::Rerouted { stops, dropoff, fare }, now, Asker::Person(ask), out);
            }
        }
    }

    /// The new rest of the way, or what there is to answer at once.
    fn may_reroute(&self, policy: &Policy, wanted: &Reroute) -> Result<(Stops, Point), Result<(), Refusal>> {
        let trip = &self.trip;
        if let Some(answer) = answer_reroute_of_ended(trip, wanted) {
            return Err(answer);
        }
        if trip.order.shared {
            return Err(Err(Refusal::SharedRide { trip: trip.id }));
        }
        if wanted.seen.is_some_and(|seen| seen != trip.version) {
            return Err(Err(Refusal::Outdated { version: trip.version }));
        }
        let limit = policy.stops.changes_max;
        if trip.route.changes >= limit {
            return Err(Err(Refusal::TooManyChanges { limit }));
        }
        let (stops, dropoff) = wanted.of(trip);
        let made = usize::from(trip.route.made);
        match Stops::new(stops) {
            Ok(stops) if made + stops.len() <= STOPS_MAX => Ok((stops, dropoff)),
            _ => Err(Err(Refusal::TooManyStops { made })),
        }
    }

    /// What the ride costs by another way: by the tariff in force, at the surge and the traffic of the request, so that
    /// there and back again costs what it did. With the rider in the car the way leads over where the car is now, and the
    /// price does not fall any more: the car has driven for it.
    fn fare_by(&self, policy: &Policy, stops: Stops, dropoff: Point) -> Option<Fare> {
        let (trip, order) = (&self.trip, &self.trip.order);
        let before = order.fare?;
        let riding = matches!(trip.stage, Stage::InProgress { .. });
        let here = self.car.filter(|_| riding).map(|car| car.point);
        let halts: Vec<Point> = trip.stops_made().chain(stops.iter()).collect();
        let over: Vec<Point> = trip.stops_made().chain(here).chain(stops.iter()).collect();
        let leaves = order.pickup_at.unwrap_or(trip.requested_at);
        let mut ride = policy.ride(order.pickup, &over, dropoff, leaves);
        ride.time += policy.stops.each * u32::try_from(halts.len()).unwrap_or(u32::MAX);
        let fare = policy.fares.fare(order.needs, order.shared, ride, before.surge());
        let other_money = fare.currency() != before.currency();
        Some(if other_money || (riding && fare.minor() < before.minor()) { before } else { fare })
    }

    /// The new way is durable. Whoever looks at an offer said nothing yet to this one: it is taken back, and the search
    /// goes on.
    pub(super) fn search_anew(&mut self, now: Timestamp, out: &mut Vec<Effect>) {
        for attempt in self.search.take_all() {
            self.withdraw(now, attempt, Withdrawal::Changed, OfferFate::Withdrawn, out);
        }
        self.seek(out);
    }
}

#[cfg(test)]
mod tests;
