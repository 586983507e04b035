//! The road graph as a provider of travel times.

use super::{FreeFlow, Scaled};
use crate::roads::Roads;
use crate::{Drive, NoDrive, Point};

/// Travel times along a city's roads: the fastest way in free flow, slowed by the factor of the hour.
pub type RoadTimes = Scaled<Roads>;

impl FreeFlow for Roads {
    fn name(&self) -> &'static str {
        "roads"
    }

    fn drive(&self, from: Point, to: Point) -> Result<Drive, NoDrive> {
        Roads::drive(self, from, to)
    }

    fn drives_to(&self, from: &[Point], to: Point) -> Vec<Result<Drive, NoDrive>> {
        Roads::drives_to(self, from, to)
    }
}
