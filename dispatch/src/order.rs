//! What a rider asks for.
//!
//! Lives here: [`Order`], and when two orders ask for the same.
//! Stays out: who asks ([`crate::Trip::rider`]), what a ride costs ([`crate::Fare`]), who drives.
//! Touch with care: an order is in the first line of every trip's journal. Where the rider changes the way later, the
//! trip has the order as it is now, and [`crate::Trip::requested_order`] as it was.

use geo::Point;

use crate::{Fare, Needs, Stops, Timestamp};

/// What a rider asks for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Order {
    /// From where.
    pub pickup: Point,
    /// Where the ride halts on its way.
    pub stops: Stops,
    /// To where.
    pub dropoff: Point,
    /// What the vehicle must have.
    pub needs: Needs,
    /// When the rider wants to be picked up; `None` is as soon as possible.
    pub pickup_at: Option<Timestamp>,
    /// Whether others may ride along.
    pub shared: bool,
    /// What the ride costs: the honoured quote, or the price at the moment of the request. `None` when no price was
    /// made, as on trips from before there were prices.
    pub fare: Option<Fare>,
}

impl Order {
    /// From here to there, alone, as soon as possible, in any vehicle, at no price.
    #[must_use]
    pub fn new(pickup: Point, dropoff: Point) -> Order {
        let (stops, needs) = (Stops::default(), Needs::default());
        Order { pickup, stops, dropoff, needs, pickup_at: None, shared: false, fare: None }
    }

    /// Whether this order, sent again, asks for what `first` asked for. An order that brings no fare takes any: then the
    /// price was made here, at the moment of the first request.
    #[must_use]
    pub fn repeats(&self, first: &Order) -> bool {
        Order { fare: self.fare.or(first.fare), ..*self } == *first
    }
}

#[cfg(test)]
mod tests;
