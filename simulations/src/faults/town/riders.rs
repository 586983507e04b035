//! The riders of a town: they ask, ask again, and change their minds.
//!
//! Stays out: how the city answers; drivers ([`super::super::person`]).

use std::time::Duration;

use dispatch::invariants::Violation;
use dispatch::{
    AskId, Needs, Order, Party, Refusal, RequestKey, Reroute, RiderId, Stops, Timestamp, Trip, TripId, TripView,
};
use rand::RngExt;

use super::{Rider, Town, Turn};
use crate::faults::person::{point, somewhere};
use crate::people::later;

/// How much later than the earliest a ride is booked at most.
const BOOKED_WITHIN: Duration = Duration::from_secs(3 * 3_600);

impl Town {
    pub(super) fn new_rider(&mut self) {
        self.said += 1;
        let number = self.said;
        let name = RiderId::new(&format!("rider-{}", number % 50)).expect("letters, a dash and a number");
        let key = RequestKey { rider: name, key: format!("key-{number}") };
        let (from, to) = (somewhere(&mut self.rng), somewhere(&mut self.rng));
        let changes_mind = self.rng.random_bool(0.15);
        let pickup_at = self.books();
        let roams = !self.shares(number) && self.rng.random_bool(0.4);
        let halts = if self.shares(number) { 0 } else { self.rng.random_range(0..=2) };
        let stops = self.some_stops(halts);
        let rider = Rider { key, from, to, stops, pickup_at, trip: None, seen: 0, changes_mind, roams };
        self.riders.insert(number, rider);
        self.asks_for_trip(number);
    }

    /// Most would share, where that is done.
    fn shares(&self, number: u64) -> bool {
        self.temper.policy.pooling.on && !number.is_multiple_of(4)
    }

    fn some_stops(&mut self, many: usize) -> Stops {
        let places: Vec<_> = (0..many).map(|_| point(somewhere(&mut self.rng))).collect();
        Stops::new(places).expect("a ride may have as many")
    }

    /// When a new rider wants to be picked up, if not now.
    fn books(&mut self) -> Option<Timestamp> {
        if self.temper.booked == 0 || self.rng.random_range(0..100) >= self.temper.booked {
            return None;
        }
        let booking = &self.temper.policy.booking;
        let ahead = booking.ahead_min..booking.ahead_min + BOOKED_WITHIN;
        Some(self.world.now() + self.rng.random_range(ahead))
    }

    fn asks_for_trip(&mut self, number: u64) {
        let chance = self.rng.random();
        let Some(rider) = self.riders.get(&number) else { return };
        let key = rider.key.clone();
        let needs = Needs::new(None, 1, number.is_multiple_of(7), false).expect("one seat is allowed");
        let (shared, pickup_at, stops) = (self.shares(number), rider.pickup_at, rider.stops);
        let order = Order { needs, shared, pickup_at, stops, ..Order::new(point(rider.from), point(rider.to)) };
        let (_, ask) = self.world.request(key.rider, order, key.key, chance);
        self.asks.insert(ask, number);
        self.turn(later(self.world.now(), self.temper.ask_again_ms), Turn::Rider(number));
    }

    pub(super) fn rider_turn(&mut self, now: Timestamp, number: u64) {
        let Some(rider) = self.riders.get_mut(&number) else { return };
        match rider.trip {
            None => self.asks_for_trip(number),
            Some(trip) if rider.changes_mind => {
                let ask = self.world.cancel(trip, Party::Rider);
                self.asks.insert(ask, number);
                let again = self.rng.random_range(3_000..20_000) * self.temper.pace;
                self.turn(later(now, again), Turn::Rider(number));
            }
            Some(trip) if rider.roams && self.storm => {
                let seen = rider.seen;
                self.goes_elsewhere(number, trip, seen);
                let again = self.rng.random_range(1_000..20_000) * self.temper.pace;
                self.turn(later(now, again), Turn::Rider(number));
            }
            Some(_) => {}
        }
    }

    /// A rider wants another end, other stops, or both; half of them say what they have seen.
    fn goes_elsewhere(&mut self, number: u64, trip: TripId, seen: u32) {
        let (what, halts) = (self.rng.random_range(0..3), self.rng.random_range(0..=2));
        let stops = (what != 0).then(|| self.some_stops(halts));
        let dropoff = (what != 1).then(|| point(somewhere(&mut self.rng)));
        let wanted = Reroute { stops, dropoff, seen: self.rng.random_bool(0.5).then_some(seen) };
        let ask = self.world.reroute(trip, wanted);
        self.asks.insert(ask, number);
        self.wishes.insert(ask, wanted);
    }

    /// Whoever is told that the way was changed sees it so, and no older version than before.
    fn is_as_wished(&mut self, wanted: &Reroute, trip: &Trip) {
        let there = wanted.dropoff.is_none_or(|end| end == trip.order.dropoff);
        let over = wanted.stops.is_none_or(|stops| stops.iter().eq(trip.stops_left()));
        let newer = wanted.seen.is_none_or(|seen| seen <= trip.version);
        if let Some(witness) = self.world.witness_mut()
            && !(there && over && newer)
        {
            let what = format!("a rider is told that the way is changed to {wanted:?}");
            witness.break_promise(Violation::Illegal { trip: trip.id, version: trip.version, what });
        }
    }

    pub(super) fn answered(&mut self, now: Timestamp, ask: AskId, answer: Result<TripView, Refusal>) {
        let Some(number) = self.asks.remove(&ask) else { return };
        if let (Some(wanted), Ok(view)) = (self.wishes.remove(&ask), &answer) {
            self.is_as_wished(&wanted, &view.trip);
        }
        let Some(rider) = self.riders.get_mut(&number) else { return };
        let trip = match &answer {
            Ok(view) => view.trip.id,
            Err(Refusal::SameKey { trip }) => *trip,
            Err(Refusal::IllegalStep { .. }) => {
                (rider.changes_mind, rider.roams) = (false, false);
                return;
            }
            Err(_) => return,
        };
        let (key, first) = (rider.key.clone(), rider.trip.is_none());
        rider.trip = Some(trip);
        self.by_trip.insert(trip, number);
        if let Some(witness) = self.world.witness_mut()
            && let Some(violation) = witness.promises().acknowledged(&key, trip)
        {
            witness.break_promise(violation);
        }
        if first {
            let after = self.rng.random_range(500..60_000) * self.temper.pace;
            self.turn(later(now, after), Turn::Rider(number));
        }
        if let Ok(view) = answer {
            self.sees(&view);
        }
    }

    pub(super) fn sees(&mut self, view: &TripView) {
        if let Some(rider) = self.by_trip.get(&view.trip.id).and_then(|number| self.riders.get_mut(number)) {
            rider.seen = rider.seen.max(view.trip.version);
        }
        if !view.trip.stage.name().is_active()
            && let Some(number) = self.by_trip.remove(&view.trip.id)
        {
            self.riders.remove(&number);
        }
    }
}
