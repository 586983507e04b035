//! What it costs to give a rider this driver: the factors, each by its name.
//!
//! Lives here: [`Factors`], how they are weighed, and their sum as the solver wants it.
//! Stays out: the weights ([`Weights`]), who is a candidate (the shard), the plan.
//! Touch with care: a cost may be below zero, the solver's may not. [`for_solver`] lifts all costs of a round by the same
//! amount: among plans that match as many riders, that changes nothing.

use std::time::Duration;

use crate::{Candidate, Method, PLAUSIBLE, Policy, Seeker, Timestamp, Weights};

/// What lies ahead of a car that takes a rider.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Ahead {
    /// How long the ride takes.
    pub(crate) ride: Duration,
    /// What a free car is worth where and when the ride ends, in seconds of pickup time.
    pub(crate) worth_there: f64,
    /// What it is worth where it is now.
    pub(crate) worth_here: f64,
}

/// What each factor adds to the cost of a match, in milliseconds of pickup time; below zero what it takes off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Factors {
    /// The time until the car is at the pickup.
    pub pickup: i32,
    /// How long the rider has waited.
    pub waiting: i32,
    /// That the driver has a rider in the car yet.
    pub busy: i32,
    /// How long the driver has waited for work.
    pub idle: i32,
    /// How likely the driver turns the offer down.
    pub refusal: i32,
    /// How old the driver's position is.
    pub position_age: i32,
    /// How far the driver's positions are to be believed.
    pub doubt: i32,
    /// How long the ride is.
    pub ride: i32,
    /// How much more the car is worth where the ride ends than where it is now.
    pub future: i32,
}

impl Factors {
    /// Every factor by name, in the order in which weights are told.
    #[must_use]
    pub fn named(&self) -> [(&'static str, i32); 9] {
        [
            ("pickup", self.pickup),
            ("waiting", self.waiting),
            ("busy", self.busy),
            ("idle", self.idle),
            ("refusal", self.refusal),
            ("position_age", self.position_age),
            ("doubt", self.doubt),
            ("ride", self.ride),
            ("future", self.future),
        ]
    }

    /// The cost of the match, in milliseconds of pickup time. It may be below zero.
    #[must_use]
    pub fn cost(&self) -> i64 {
        self.named().iter().map(|(_, part)| i64::from(*part)).sum()
    }

    /// What this candidate costs this rider.
    pub(crate) fn of(
        now: Timestamp,
        policy: &Policy,
        seeker: &Seeker,
        candidate: &Candidate,
        ahead: &Ahead,
    ) -> Factors {
        let pickup = candidate.pickup_eta.time;
        let weights = match policy.method {
            Method::Nearest => Weights::PICKUP_ONLY,
            Method::Batched => policy.weights,
        };
        let refused = 1.0 - f64::from(candidate.acceptance.min(100)) / 100.0;
        let doubted = 1.0 - f64::from(candidate.plausibility.min(PLAUSIBLE)) / f64::from(PLAUSIBLE);
        Factors {
            pickup: weighed(weights.pickup, pickup),
            waiting: -weighed(weights.waiting, now.since(seeker.requested_at)),
            busy: if candidate.busy_for.is_some() { seconds(policy.forward.penalty) } else { 0 },
            idle: -weighed(weights.idle, candidate.idle.min(weights.idle_max)),
            refusal: seconds(weights.refusal * refused),
            position_age: weighed(weights.position_age, candidate.position_age),
            doubt: seconds(weights.doubt * doubted),
            ride: -weighed(weights.ride, ahead.ride),
            future: -seconds(weights.future * (ahead.worth_there - ahead.worth_here)),
        }
    }
}

fn weighed(weight: f64, time: Duration) -> i32 {
    seconds(weight * time.as_secs_f64())
}

/// In milliseconds. What is beyond 24 days is as bad as 24 days: `as` saturates.
fn seconds(seconds: f64) -> i32 {
    (seconds * 1_000.0).round() as i32
}

/// The costs of a round as the solver wants them: lifted so that none is below zero. `costs` are those of all candidates
/// of all riders.
pub(crate) fn lift(costs: impl Iterator<Item = i64>) -> impl Fn(i64) -> u64 {
    let least = costs.min().unwrap_or(0).min(0);
    move |cost| u64::try_from(cost - least).unwrap_or(0)
}

#[cfg(test)]
mod tests;
