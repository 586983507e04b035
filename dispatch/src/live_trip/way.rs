//! Where the car is, and how long it takes to its next stop.
//!
//! Lives here: what follows from a position of the car.
//! Stays out: the way over the stops of a shared car (`host`), what it means that a car does not come (`watch`).
//! Touch with care: this runs for every position of every car with a trip. A position changes nothing that is stored.

use geo::Point;

use super::LiveTrip;
use super::watch::Watch;
use crate::{CarPosition, Effect, Eta, Policy, Stage, StageName, Stops, Timestamp};

/// The car's way to its next stop. Kept, so that the provider of travel times is asked once for each position and stop.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way {
    pub(super) car: CarPosition,
    pub(super) goal: Point,
    pub(super) eta: Eta,
    /// Where the car halts before that.
    pub(super) stops: Stops,
    /// How long until it is at the first of those.
    pub(super) to_stop: Option<Eta>,
}

impl LiveTrip {
    /// The car is there: as a step with [`crate::TripInput::CarMoved`], for riders who look at the stages of their trip
    /// and not at the car. They are shown nothing, and how long the ride still takes is not worked out for them.
    pub fn follow_car(&mut self, now: Timestamp, policy: &Policy, car: CarPosition) -> Vec<Effect> {
        let mut out = Vec::new();
        if !self.broken && self.takes_position(car) {
            match self.trip.stage {
                // Whether it comes is watched.
                Stage::EnRoute { .. } => self.find_way(policy),
                _ => self.way = None,
            }
            self.show_car(car, policy, &mut out);
            self.watch_car(now, policy);
        }
        out
    }

    pub(super) fn car_moved(&mut self, now: Timestamp, car: CarPosition, policy: &Policy, out: &mut Vec<Effect>) {
        if self.takes_position(car) {
            self.find_way(policy);
            self.show_car(car, policy, out);
            self.watch_car(now, policy);
            out.push(Effect::Publish(self.view()));
        }
    }

    /// Whether it is news that the car is there. The shard says it again when its driver stands otherwise: that is none.
    fn takes_position(&mut self, car: CarPosition) -> bool {
        let newer = self.car.is_none_or(|held| held.at <= car.at && held != car);
        let news = newer && self.trip.stage.committed_driver().is_some();
        if news {
            self.car = Some(car);
        }
        news
    }

    fn watch_car(&mut self, now: Timestamp, policy: &Policy) {
        if let (Stage::EnRoute { .. }, Some(way)) = (&self.trip.stage, self.way) {
            self.watch.get_or_insert_with(|| Watch::new(now)).seen(now, way.eta.time, &policy.progress);
        }
    }

    /// To be called when the car or the stage has changed.
    pub(super) fn find_way(&mut self, policy: &Policy) {
        let goal = match self.trip.stage.name() {
            StageName::EnRoute => Some(self.trip.order.pickup),
            StageName::InProgress => Some(self.trip.order.dropoff),
            _ => None,
        };
        let stops = match self.trip.stage {
            Stage::InProgress { .. } => Stops::new(self.trip.stops_left()).unwrap_or_default(),
            _ => Stops::default(),
        };
        if let Some(way) = self.way_over_stops(policy) {
            self.way = Some(way);
            return;
        }
        self.way = self.car.zip(goal).map(|(car, goal)| match self.way {
            Some(way) if (way.car, way.goal, way.stops) == (car, goal, stops) => way,
            _ => Way::over(policy, car, stops, goal),
        });
    }
}

impl Way {
    /// Without stops.
    pub(super) fn straight(car: CarPosition, goal: Point, eta: Eta) -> Way {
        Way { car, goal, eta, stops: Stops::default(), to_stop: None }
    }

    /// Over these stops, each as long as the policy says.
    fn over(policy: &Policy, car: CarPosition, stops: Stops, goal: Point) -> Way {
        let mut places = stops.iter().chain([goal]);
        let mut here = places.next().unwrap_or(goal);
        let first = policy.eta(car.point, here, car.at);
        let mut eta = first;
        for there in places {
            let leg = policy.eta(here, there, car.at);
            // Whoever could not tell a part of it could not tell the whole.
            let instead_of = eta.instead_of.or(leg.instead_of);
            eta = Eta { time: eta.time + policy.stops.each + leg.time, instead_of, ..leg };
            here = there;
        }
        Way { car, goal, eta, stops, to_stop: (!stops.is_empty()).then_some(first) }
    }
}
