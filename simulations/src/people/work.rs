//! How a simulated driver's day is spent: free, on the way to a rider, waiting for one, with one.

use dispatch::Timestamp;
use serde::Serialize;

/// What a car does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Phase {
    /// No trip: parked, or driving somewhere on its own account.
    #[default]
    Free,
    ToPickup,
    Waiting,
    WithRider,
}

/// How much of what a driver has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Work {
    /// On the way to riders, in seconds.
    pub to_pickup_s: f64,
    /// Waiting at pickups, in seconds.
    pub waiting_s: f64,
    /// With a rider in the car, in seconds.
    pub with_rider_s: f64,
    /// Driven without a rider, in metres: to pickups, and between riders.
    pub empty_m: f64,
    /// Driven with a rider, in metres.
    pub with_rider_m: f64,
}

impl Work {
    pub(super) fn add(&mut self, phase: Phase, seconds: f64, metres: f64) {
        match phase {
            Phase::Free => self.empty_m += metres,
            Phase::ToPickup => {
                self.to_pickup_s += seconds;
                self.empty_m += metres;
            }
            Phase::Waiting => self.waiting_s += seconds,
            Phase::WithRider => {
                self.with_rider_s += seconds;
                self.with_rider_m += metres;
            }
        }
    }
}

/// What the car is doing, and since when that was counted last.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Clock {
    pub(super) phase: Phase,
    pub(super) since: Option<Timestamp>,
}
