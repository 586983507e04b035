//! Which way a ride leads, as far as that changes after the request.
//!
//! Lives here: the halts that were made, what was asked for before the rider changed it, and both steps.
//! Stays out: who may change it and what it costs then ([`crate::LiveTrip`]).
//! Touch with care: as [`Trip::apply`]. What is legal stays legal.

use geo::Point;

use super::{Stage, Trip};
use crate::{Fare, Order, Stops};

/// How far a ride has come on its way, and how often the way was changed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Route {
    /// How many of the order's stops were made.
    pub made: u8,
    /// How many times the rider has changed the way.
    pub changes: u16,
    /// What was asked for at first, once it was changed: a request that is sent again asks for that.
    pub asked: Option<Box<Asked>>,
}

/// What the rider may change of an order, as it was at first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Asked {
    /// The stops.
    pub stops: Stops,
    /// The drop-off.
    pub dropoff: Point,
    /// The price.
    pub fare: Option<Fare>,
}

impl Trip {
    /// The order as it was requested, whatever the rider has changed since.
    #[must_use]
    pub fn requested_order(&self) -> Order {
        match self.route.asked.as_deref() {
            Some(Asked { stops, dropoff, fare }) => {
                Order { stops: *stops, dropoff: *dropoff, fare: *fare, ..self.order }
            }
            None => self.order,
        }
    }

    /// The stops that were made.
    pub fn stops_made(&self) -> impl Iterator<Item = Point> + '_ {
        self.order.stops.iter().take(self.route.made.into())
    }

    /// The stops that are still to be made, first things first.
    pub fn stops_left(&self) -> impl Iterator<Item = Point> + '_ {
        self.order.stops.iter().skip(self.route.made.into())
    }

    /// The number of the stop that comes next, from 1; `None` when only the drop-off is left.
    #[must_use]
    pub fn next_stop(&self) -> Option<u8> {
        self.stops_left().next().map(|_| self.route.made + 1)
    }

    /// The car has halted at a stop. Stops are made in their order: one that was passed over is taken off the way by the
    /// rider.
    pub(super) fn stop_reached(&self, stop: u8) -> Option<Trip> {
        let due = matches!(self.stage, Stage::InProgress { .. }) && self.next_stop() == Some(stop);
        let route = Route { made: stop, ..self.route.clone() };
        due.then(|| Trip { route, version: self.version + 1, ..self.clone() })
    }

    /// The rider has changed the way: what is left of it is over these stops to this drop-off. Not in a car that is
    /// shared: the others were promised when they get out.
    pub(super) fn rerouted(&self, left: Stops, dropoff: Point, fare: Option<Fare>) -> Option<Trip> {
        let under_way = match &self.stage {
            Stage::Scheduled | Stage::Searching => true,
            Stage::EnRoute { .. } | Stage::Arrived { .. } | Stage::InProgress { .. } => true,
            Stage::Shared { .. } | Stage::DrivingOn { .. } => false,
            Stage::Completed { .. } | Stage::Cancelled { .. } | Stage::Expired => false,
        };
        let stops = Stops::new(self.stops_made().chain(left.iter())).ok();
        let stops = stops.filter(|_| under_way && !self.order.shared)?;
        let Order { stops: stops_before, dropoff: dropoff_before, fare: fare_before, .. } = self.order;
        let asked = Asked { stops: stops_before, dropoff: dropoff_before, fare: fare_before };
        let asked = self.route.asked.clone().unwrap_or_else(|| Box::new(asked));
        let route = Route { made: self.route.made, changes: self.route.changes.checked_add(1)?, asked: Some(asked) };
        let order = Order { stops, dropoff, fare, ..self.order };
        Some(Trip { order, route, version: self.version + 1, ..self.clone() })
    }
}
