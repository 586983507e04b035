//! What a shard knows that a price depends on: how scarce rides are, and how soon a car could come.
//!
//! Lives here: the shard's [`SurgeMap`], the price of an order, what a quote is made of.
//! Stays out: the arithmetic of both ([`crate::SurgeMap`], [`crate::FarePolicy`]), how long a quote holds.
//! Touch with care: a shard knows its own ground. Beyond its border there are drivers and riders it does not count, so
//! cells at the border are a bit less sure than those inside.

use std::collections::{BTreeMap, BTreeSet};

use geo::{Drive, Point};

use super::LiveShard;
use crate::{Eta, Fare, Order, Policy, Seeker, Standing, Surge, Timestamp, TripId};

/// How many drivers are asked how soon they could come, for a quote.
const ASKED: usize = 8;

/// What a ride would cost and how long it would take, at this moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The price.
    pub fare: Fare,
    /// How long until the soonest car of this shard is at the pickup; `None` when there is none, or the ride is for
    /// later.
    pub pickup_eta: Option<Eta>,
    /// The ride itself.
    pub ride: Drive,
}

impl LiveShard {
    /// By how much rides from here cost more.
    #[must_use]
    pub fn surge_at(&self, policy: &Policy, point: Point) -> Surge {
        self.surge.at(&policy.surge, point)
    }

    /// In how many cells rides cost more, by how much more.
    #[must_use]
    pub fn surging(&self) -> &BTreeMap<Surge, i64> {
        self.surge.surging()
    }

    /// The order with its price: the one it brings, which was quoted, or that of this moment. A ride for later is priced
    /// at the hour it is for, without surge: nobody knows yet how scarce rides will be.
    #[must_use]
    pub fn priced(&self, now: Timestamp, policy: &Policy, order: Order) -> Order {
        let fare = order.fare.unwrap_or_else(|| self.price(now, policy, &order).0);
        Order { fare: Some(fare), ..order }
    }

    /// What a ride would cost and how long it would take.
    #[must_use]
    pub fn estimate(&self, now: Timestamp, policy: &Policy, order: &Order) -> Estimate {
        let (fare, ride) = self.price(now, policy, order);
        let soonest = || {
            let few = Policy { candidates_max: ASKED, ..policy.clone() };
            let seeker = Seeker {
                trip: TripId::new(now, self.id, 0),
                pickup: order.pickup,
                dropoff: order.dropoff,
                needs: order.needs,
                requested_at: now,
                without: BTreeSet::new(),
                wave: 1,
                widened: u32::MAX,
                shared: false,
                pickup_at: None,
                at_once: true,
            };
            self.soonest(now, &few, &seeker)
        };
        let pickup_eta = if order.pickup_at.is_none() { soonest() } else { None };
        Estimate { fare, pickup_eta, ride }
    }

    fn price(&self, now: Timestamp, policy: &Policy, order: &Order) -> (Fare, Drive) {
        let (over, leaves) = (order.stops.iter().collect::<Vec<Point>>(), order.pickup_at.unwrap_or(now));
        let mut ride = policy.ride(order.pickup, &over, order.dropoff, leaves);
        ride.time += policy.stops.each * u32::try_from(over.len()).unwrap_or(u32::MAX);
        let surge = if order.pickup_at.is_none() { self.surge_at(policy, order.pickup) } else { Surge::NONE };
        (policy.fares.fare(order.needs, order.shared, ride, surge), ride)
    }

    /// Makes the prices anew if it is time.
    pub(super) fn refresh_surge(&mut self, now: Timestamp, policy: &Policy) {
        if self.surge.deadline().is_none_or(|at| at > now) {
            return;
        }
        let drivers = self.spots.values().filter_map(|spot| match spot.standing {
            Standing::Free(_) if spot.handle.is_some() => spot.track.position().map(|position| position.point),
            Standing::Finishing { dropoff, .. } if spot.soon.is_some() => Some(dropoff),
            _ => None,
        });
        let riders = self.waiting.values().map(|seeker| seeker.pickup);
        self.surge.refresh(now, &policy.surge, drivers, riders);
    }
}

#[cfg(test)]
mod tests;
