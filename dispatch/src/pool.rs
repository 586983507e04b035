//! Who shares a car with whom: the stops of a car in their best order, and what one more rider costs.
//!
//! Lives here: a car with its riders and what each was promised ([`Car`], [`Rider`]); the best order of its stops
//! ([`schedule`]); the best order with one more rider ([`insert`]); many riders and many cars at once
//! ([`plan_pool`]).
//! Stays out: who these riders and cars are (numbers here, names elsewhere), how the way is found, when to ask.
//! Touch with care: a promise, once made, is a bound of every later order: a rider's latest pickup and longest ride never
//! move. An order that breaks one is no order, whatever it saves; a car that can no longer keep its promises (traffic)
//! takes nobody more.
//!
//! How: depth-first over the orders of stops, the sooner stop first, with bounds: what is left cannot be reached
//! sooner than by the fastest way over the stops themselves (Floyd and Warshall over at most 25 places), so a rider who
//! would be late by that way is late by all, and an order that is dearer by it than the best known is not walked to its
//! end. Nothing is assumed of the travel times, not even the triangle inequality. Tests compare it with every order there
//! is.

mod batch;
mod search;

pub use batch::{Batch, Pooled, Tour, Wish, plan_pool};

use crate::policy::PoolingPolicy;
use search::Search;

/// A car promised to more riders than this is given no more.
pub const RIDERS_MOST: usize = 12;

/// A travel time from here on means that there is no way.
pub const NO_WAY_MS: u64 = u64::MAX / 4;

/// Who knows how long the way takes between places, which are numbers of the asker's choosing. Pure: the same question
/// always gets the same answer. A function of two places will do.
pub trait StopTimes {
    /// From one place to another, in milliseconds; [`NO_WAY_MS`] or more when there is no way.
    fn millis(&self, from: usize, to: usize) -> u64;
}

impl<F: Fn(usize, usize) -> u64> StopTimes for F {
    fn millis(&self, from: usize, to: usize) -> u64 {
        self(from, to)
    }
}

/// Someone whom a car is promised to, or could be. A party that travels together is one rider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rider {
    /// How many seats the party takes.
    pub seats: u8,
    /// What is left of the ride, and what was promised.
    pub leg: Leg,
}

/// What is left of a rider's ride. Places are the asker's numbers, moments are milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leg {
    /// The rider waits.
    ToCome {
        /// Where.
        pickup: usize,
        /// The car is there by then.
        pickup_by_ms: u64,
        /// Where to.
        dropoff: usize,
        /// The car is at the drop-off at most this long after it left the pickup.
        ride_max_ms: u64,
    },
    /// The rider is in the car.
    Aboard {
        /// Where to.
        dropoff: usize,
        /// The car is there by then.
        dropoff_by_ms: u64,
    },
}

/// A car and those whom it is promised to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Car {
    /// Where it is, or where it can turn next.
    pub place: usize,
    /// When it is there, in milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// How many riders it seats.
    pub seats: u8,
    /// Everyone aboard or to come. Their places in this list are their numbers in [`Stop`].
    pub riders: Vec<Rider>,
}

/// Something to do for a rider, by the rider's number in [`Car::riders`]; one more rider has the next number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    /// Take the rider in.
    Pickup(usize),
    /// Let the rider out.
    Dropoff(usize),
}

/// A stop and when the car is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visit {
    /// What is done.
    pub stop: Stop,
    /// When the car arrives, in milliseconds since the Unix epoch.
    pub at_ms: u64,
}

/// The stops of a car in an order that keeps every promise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schedule {
    /// What is done when, first things first.
    pub visits: Vec<Visit>,
    /// The time spent driving, in milliseconds.
    pub drive_ms: u64,
    /// What it costs: milliseconds of driving and of each rider's time from now to the drop-off, by the weights of the
    /// policy.
    pub cost: u64,
    /// Whether every order was considered; false when the search was cut off at
    /// [`PoolingPolicy::search_steps_max`] and this is the best found until then.
    pub exact: bool,
}

/// What one more rider does to a car.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Insertion {
    /// The car's stops with the new rider, who is the last in number.
    pub schedule: Schedule,
    /// What it costs beyond the best order without the new rider. Below 0 only where a way over other stops is shorter
    /// than the direct one.
    pub added_cost: i64,
    /// How much longer the car drives, in milliseconds.
    pub added_drive_ms: i64,
}

/// The cheapest order of the car's stops that keeps every promise; `None` when no order does.
#[must_use]
pub fn schedule(car: &Car, policy: &PoolingPolicy, times: &impl StopTimes) -> Option<Schedule> {
    if car.riders.len() > RIDERS_MOST {
        return None;
    }
    Search::new(car, None, policy, times).best()
}

/// The cheapest order of the car's stops with one more rider that keeps every promise, those to the riders it has and
/// those to the new one. `None` when there is none: no room, too late, too long, or more riders than
/// [`PoolingPolicy::riders_max`]. Whether the policy has pooling on is for the asker to see to.
#[must_use]
pub fn insert(car: &Car, rider: &Rider, policy: &PoolingPolicy, times: &impl StopTimes) -> Option<Insertion> {
    if !has_room(car, rider, policy) {
        return None;
    }
    let before = schedule(car, policy, times)?;
    insert_into(car, &before, rider, policy, times)
}

/// As [`insert`] when the best order without the new rider is known.
fn insert_into(
    car: &Car,
    before: &Schedule,
    rider: &Rider,
    policy: &PoolingPolicy,
    times: &impl StopTimes,
) -> Option<Insertion> {
    if !has_room(car, rider, policy) {
        return None;
    }
    let mut schedule = Search::new(car, Some(rider), policy, times).best()?;
    schedule.exact &= before.exact;
    let added_cost = difference(schedule.cost, before.cost);
    let added_drive_ms = difference(schedule.drive_ms, before.drive_ms);
    Some(Insertion { schedule, added_cost, added_drive_ms })
}

/// What can be said without looking at the way: that there are not too many riders for the policy, and none too large
/// for the car.
fn has_room(car: &Car, rider: &Rider, policy: &PoolingPolicy) -> bool {
    let most = usize::from(policy.riders_max).min(RIDERS_MOST);
    car.riders.len() < most && rider.seats <= seats(car, policy)
}

/// How many seats may be filled.
fn seats(car: &Car, policy: &PoolingPolicy) -> u8 {
    car.seats.min(policy.seats)
}

fn difference(after: u64, before: u64) -> i64 {
    i64::try_from(i128::from(after) - i128::from(before)).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
