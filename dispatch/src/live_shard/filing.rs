//! Where a driver's position is filed: among the free, among those who are free soon, or nowhere.
//!
//! Lives here: [`Filing`]: what follows from a position and a standing; the border.
//! Stays out: whether a position is believed (`track`), who is told how a driver stands.
//! Touch with care: this runs for every position of every car. The driver's spot is looked up once, by the caller; exact
//! distances are asked only where a bound does not settle the matter.

use geo::{Meters, NearIndex, Point, distance, is_within};

use super::{Filed, Spot};
use crate::track::Position;
use crate::{DriverId, DriverInput, Effect, Ping, Policy, ShardId, Standing, Timestamp, TripInput};

/// What of a shard a position can change, apart from the driver's own spot.
pub(super) struct Filing<'a> {
    pub(super) id: ShardId,
    pub(super) centre: Point,
    /// Whoever is no farther from the centre does not have to move.
    pub(super) inside: Meters,
    pub(super) index: &'a mut NearIndex<Filed>,
    pub(super) soon: &'a mut NearIndex<Filed>,
}

impl Filing<'_> {
    /// What follows from a driver's position and standing.
    pub(super) fn placed(
        &mut self,
        now: Timestamp,
        policy: &Policy,
        driver: &DriverId,
        spot: &mut Spot,
        out: &mut Vec<Effect>,
    ) {
        let position = spot.track.position();
        let mut going = None;
        match (spot.standing, position) {
            // A driver in doubt leaves the index, and comes back with positions that are believed.
            (Standing::Free(free), Some(position)) if spot.track.plausibility() >= policy.plausibility_min => {
                match &spot.handle {
                    Some(handle) => self.index.update(handle, position.fix()),
                    None => {
                        let filed = Filed { driver: driver.clone(), number: spot.number };
                        spot.handle = Some(self.index.insert(filed, free.vehicle.tags(), position.fix()));
                    }
                }
                self.finishing(now, policy, driver, spot, None);
                self.check_border(now, policy, driver, spot, position, out);
                return;
            }
            (Standing::Driving(trip), Some(position)) => {
                out.push(Effect::ToTrip { to: trip, input: TripInput::CarMoved(position.car()) });
            }
            (Standing::Finishing { trip, dropoff, .. }, Some(position)) => {
                out.push(Effect::ToTrip { to: trip, input: TripInput::CarMoved(position.car()) });
                going = Some((position, dropoff));
            }
            _ => {}
        }
        if let Some(handle) = spot.handle.take() {
            self.index.remove(handle);
        }
        self.finishing(now, policy, driver, spot, going);
    }

    /// A free driver who is well beyond the border is told to move. Both centres are equally far from a point on the
    /// border, and each metre beyond it adds two metres to the difference.
    fn check_border(
        &self,
        now: Timestamp,
        policy: &Policy,
        driver: &DriverId,
        spot: &mut Spot,
        position: Position,
        out: &mut Vec<Effect>,
    ) {
        let Position { point, heading, accuracy, measured_at, .. } = position;
        if now.since(spot.since) < policy.move_every || is_within(point, self.centre, self.inside.get()) {
            return;
        }
        let from_home = distance(point, self.centre).get();
        let to = ShardId::of(point, self.id.0.resolution());
        let beyond = from_home - distance(point, to.0.centre()).get();
        if to != self.id && beyond > 2.0 * policy.border_slack.get() {
            // A move that fails is tried again, but not at once.
            spot.since = now;
            let last = Ping { driver: driver.clone(), point, measured_at, heading, accuracy };
            let input = DriverInput::Crossed { to, last };
            out.push(Effect::ToDriver { to: driver.clone(), home: self.id, input });
        }
    }
}
