//! The drivers of a shard, as they are listed for people, and the free cars as riders may see them.
//!
//! Lives here: which of them, in which order, and how many at a time.
//! Stays out: who may look, and how places are blurred for those who may not know them exactly (the doors).
//! Touch with care: an answer is made on the shard's own thread: one pass over its drivers, and no more rows than asked for.

use std::collections::BTreeMap;
use std::time::Duration;

use geo::{Cell, Meters, Point, Resolution, Search, distance};

use super::{LiveShard, Spot};
use crate::{Availability, DriverId, Policy, ShardId, Standing, Timestamp, TripId, Vehicle};

/// Which drivers to list: those of whom all of this is so, in the order of their names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DriverFilter {
    /// Behind this one.
    pub after: Option<DriverId>,
    /// Who stands so.
    pub availability: Option<Availability>,
    /// Whose last position is in this cell.
    pub cell: Option<Cell>,
    /// Who has sent no position for so long, or never.
    pub stale_for: Option<Duration>,
    /// The most to be listed.
    pub most: usize,
}

/// A driver, as ops sees one.
#[derive(Clone, Debug, PartialEq)]
pub struct DriverSeen {
    /// Who.
    pub driver: DriverId,
    /// Where the driver is at home.
    pub shard: ShardId,
    /// How the driver stands.
    pub availability: Availability,
    /// The trip the driver drives for.
    pub trip: Option<TripId>,
    /// Since when the driver is at home here.
    pub since: Timestamp,
    /// The last position that was believed, and when it came.
    pub position: Option<(Point, Timestamp)>,
    /// How far the positions are to be believed: 0 to [`crate::PLAUSIBLE`].
    pub plausibility: u8,
    /// Whether the next round may match the driver.
    pub matchable: bool,
    /// What the driver drives, if the app has said so.
    pub vehicle: Option<Vehicle>,
}

/// A free car, told by its cell: where in it, nobody is to know who need not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CarNearby {
    /// Whose. For telling cars apart; not for riders.
    pub driver: DriverId,
    /// The cell it is in.
    pub cell: Cell,
    /// When it was there.
    pub at: Timestamp,
}

impl LiveShard {
    /// The drivers at home here, by name.
    #[must_use]
    pub fn drivers(&self, now: Timestamp, policy: &Policy, filter: &DriverFilter) -> Vec<DriverSeen> {
        let mut first: BTreeMap<&DriverId, &Spot> = BTreeMap::new();
        for (driver, spot) in self.spots.unsorted() {
            let behind = filter.after.as_ref().is_none_or(|after| after < driver);
            let room = first.len() < filter.most || first.last_key_value().is_some_and(|(last, _)| driver < *last);
            if behind && room && filter.wants(now, spot) {
                first.insert(driver, spot);
                if first.len() > filter.most {
                    first.pop_last();
                }
            }
        }
        first.into_iter().map(|(driver, spot)| self.seen(now, policy, driver, spot)).collect()
    }

    fn seen(&self, now: Timestamp, policy: &Policy, driver: &DriverId, spot: &Spot) -> DriverSeen {
        let position = spot.track.position().map(|position| (position.point, position.received_at));
        let fresh = position.is_some_and(|(_, at)| now.since(at) <= policy.position_fresh_for);
        let trip = match &spot.standing {
            Standing::Driving(trip) | Standing::Finishing { trip, .. } => Some(*trip),
            Standing::Free(_) | Standing::Taken(_) | Standing::Gone => None,
        };
        DriverSeen {
            driver: driver.clone(),
            shard: self.id,
            availability: spot.standing.availability(),
            trip,
            since: spot.since,
            position,
            plausibility: spot.track.plausibility(),
            matchable: spot.handle.is_some() && fresh,
            vehicle: spot.memory.as_ref().and_then(|memory| memory.vehicle),
        }
    }

    /// Free cars around a place, nearest cell first. Which they are, and in which order, depends on nothing but their
    /// cells: a rider who asks from many places learns no more of where a car is than that.
    #[must_use]
    pub fn cars_nearby(
        &self,
        now: Timestamp,
        policy: &Policy,
        from: Point,
        (within, resolution): (Meters, Resolution),
        most: usize,
    ) -> Vec<CarNearby> {
        let mut found: BTreeMap<(u64, Cell, DriverId), Timestamp> = BTreeMap::new();
        // A cell whose centre is near may reach further.
        let reach = Cell::at(from, resolution).reach().get() * 2.0;
        let search = Search::within(Meters::new(within.get() + reach).unwrap_or(within));
        for near in self.index.all(from, &search) {
            let Some(spot) = self.spots.at(near.key().number) else { continue };
            let position = spot.track.position().filter(|at| now.since(at.received_at) <= policy.position_fresh_for);
            let Some(position) = position else { continue };
            let cell = Cell::at(position.point, resolution);
            let away = distance(from, cell.centre());
            if away.get() <= within.get() {
                // Whole metres: more than enough to put cells in an order.
                found.insert((away.get() as u64, cell, near.key().driver.clone()), position.received_at);
                if found.len() > most {
                    found.pop_last();
                }
            }
        }
        found.into_iter().map(|((_, cell, driver), at)| CarNearby { driver, cell, at }).collect()
    }
}

impl DriverFilter {
    fn wants(&self, now: Timestamp, spot: &Spot) -> bool {
        let position = spot.track.position();
        let stands = self.availability.is_none_or(|wanted| spot.standing.availability() == wanted);
        let here = self
            .cell
            .is_none_or(|cell| position.is_some_and(|position| Cell::at(position.point, cell.resolution()) == cell));
        let stale =
            self.stale_for.is_none_or(|stale| position.is_none_or(|position| now.since(position.received_at) >= stale));
        stands && here && stale
    }
}
