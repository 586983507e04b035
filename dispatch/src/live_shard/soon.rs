//! Drivers who are about to drop a rider off: where and when they are free.
//!
//! Lives here: which of them are candidates, filed under the place where the rider gets out.
//! Stays out: whether they can be had (the driver says), what it costs that they are not free yet (`cost`).
//! Touch with care: they are filed with the shard they are at home in, wherever they drop off; a rider far beyond its
//! border does not find them. A driver who moves on is a candidate for everyone there.

use std::time::Duration;

use geo::{Fix, Handle, Near, NearIndex, Point, Search, is_within};

use super::{Filed, Filing, LiveShard, Spot};
use crate::track::Position;
use crate::{Candidate, DriverId, Eta, Policy, Seeker, Standing, Timestamp, Vehicle};

/// A car that goes straight to the drop-off at this speed, in metres a second, is as fast as any in a city: who could
/// not be there in time even so is not asked the way.
const FASTEST_MPS: f64 = 30.0;

/// A driver who will be free.
#[derive(Debug)]
pub(super) struct Soon {
    handle: Handle,
    /// How long the way to the drop-off takes, from the position that came at this moment.
    way: Eta,
    at: Timestamp,
}

impl Soon {
    /// How long until the rider gets out, as far as the last position tells.
    pub(super) fn busy_for(&self, now: Timestamp) -> Duration {
        self.way.time.saturating_sub(now.since(self.at))
    }

    /// The driver says that it is another vehicle.
    pub(super) fn retag(&self, index: &mut NearIndex<Filed>, vehicle: Vehicle) {
        index.retag(&self.handle, vehicle.tags());
    }
}

impl Filing<'_> {
    /// A driver with a rider in the car has a new position, or no longer counts: `going` is where the rider gets out.
    pub(super) fn finishing(
        &mut self,
        now: Timestamp,
        policy: &Policy,
        driver: &DriverId,
        spot: &mut Spot,
        going: Option<(Position, Point)>,
    ) {
        // Nearly all positions: neither about to drop off, nor filed as such.
        if going.is_none() && spot.soon.is_none() {
            return;
        }
        let within = policy.forward.within;
        let near = |(position, dropoff): &(Position, Point)| {
            is_within(position.point, *dropoff, within.as_secs_f64() * FASTEST_MPS)
        };
        let believed = spot.track.plausibility() >= policy.plausibility_min;
        let soon = going.filter(|_| believed && !within.is_zero()).filter(near).and_then(|(position, dropoff)| {
            let way = policy.eta(position.point, dropoff, now);
            (way.time <= within).then_some((position, dropoff, way))
        });
        let Standing::Finishing { free, .. } = spot.standing else {
            return if let Some(soon) = spot.soon.take() {
                self.soon.remove(soon.handle)
            };
        };
        match (soon, spot.soon.take()) {
            (Some((position, dropoff, way)), held) => {
                // The place is where the car will be; its age is that of the position it is known by.
                let fix = Fix { point: dropoff, ..position.fix() };
                let handle = match held {
                    Some(held) => {
                        self.soon.update(&held.handle, fix);
                        held.handle
                    }
                    None => {
                        let filed = Filed { driver: driver.clone(), number: spot.number };
                        self.soon.insert(filed, free.vehicle.tags(), fix)
                    }
                };
                spot.soon = Some(Soon { handle, way, at: now });
            }
            (None, Some(held)) => self.soon.remove(held.handle),
            (None, None) => {}
        }
    }
}

impl LiveShard {
    /// Those at home here who could serve a rider once they have dropped theirs off.
    pub(super) fn soon_candidates(
        &self,
        now: Timestamp,
        policy: &Policy,
        seeker: &Seeker,
        search: &Search,
    ) -> Vec<Candidate> {
        if self.soon.is_empty() {
            return Vec::new();
        }
        let wanted = |filed: &Filed| self.is_wanted(policy, seeker, filed);
        let near = self.soon.nearest_where(seeker.pickup, policy.candidates_max, search, wanted);
        let from: Vec<Point> = near.iter().map(Near::point).collect();
        let ways = policy.etas_to(&from, seeker.pickup, now);
        near.into_iter().zip(ways).filter_map(|(near, way)| self.soon_candidate(now, &near, way)).collect()
    }

    fn soon_candidate(&self, now: Timestamp, near: &Near<'_, Filed>, way: Eta) -> Option<Candidate> {
        let spot = self.spots.at(near.key().number)?;
        let (Some(soon), Standing::Finishing { free, .. }) = (&spot.soon, spot.standing) else { return None };
        let busy_for = soon.busy_for(now);
        let pickup_eta = Eta { time: busy_for + way.time, ..way };
        Some(Candidate { busy_for: Some(busy_for), ..self.candidate(near, spot, free, pickup_eta) })
    }
}
