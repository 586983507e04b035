//! Free-flow times, made those of the hour.

use std::fmt;
use std::time::Duration;

use super::{SpeedFactors, TravelTimes, WeekTime};
use crate::{Drive, NoDrive, Point};

/// Who knows how long the way takes on empty roads: a graph of streets with their lengths and speeds.
pub trait FreeFlow: fmt::Debug + Send + Sync {
    /// What it is called where an answer names who gave it, such as `roads`.
    fn name(&self) -> &'static str;

    /// The fastest drive from one point to another when nobody else is on the road.
    ///
    /// # Errors
    /// [`NoDrive`] when this provider cannot tell.
    fn drive(&self, from: Point, to: Point) -> Result<Drive, NoDrive>;

    /// The drives from each of `from` to `to`, in their order. The same answers as one by one.
    fn drives_to(&self, from: &[Point], to: Point) -> Vec<Result<Drive, NoDrive>> {
        from.iter().map(|&from| self.drive(from, to)).collect()
    }
}

/// Free-flow times divided by the factor of the hour in which a drive leaves. One factor for the whole city: it makes
/// every way slower alike and so changes no route; gave up that some streets jam before others.
#[derive(Clone, Debug)]
pub struct Scaled<P> {
    free_flow: P,
    factors: SpeedFactors,
}

impl<P: FreeFlow> Scaled<P> {
    /// The times of `free_flow` under these factors.
    #[must_use]
    pub fn new(free_flow: P, factors: SpeedFactors) -> Scaled<P> {
        Scaled { free_flow, factors }
    }

    /// What knows the empty roads.
    #[must_use]
    pub fn free_flow(&self) -> &P {
        &self.free_flow
    }
}

impl<P: FreeFlow> TravelTimes for Scaled<P> {
    fn name(&self) -> &'static str {
        self.free_flow.name()
    }

    fn drive(&self, from: Point, to: Point, at: WeekTime) -> Result<Drive, NoDrive> {
        let factor = self.factors.at(at);
        self.free_flow.drive(from, to).map(|drive| slowed(drive, factor))
    }

    fn drives_to(&self, from: &[Point], to: Point, at: WeekTime) -> Vec<Result<Drive, NoDrive>> {
        let factor = self.factors.at(at);
        let slow = |drive: Result<Drive, NoDrive>| drive.map(|drive| slowed(drive, factor));
        self.free_flow.drives_to(from, to).into_iter().map(slow).collect()
    }
}

/// The same way at `factor` times its speed; at 1 to the nanosecond the same.
fn slowed(drive: Drive, factor: f64) -> Drive {
    if factor == 1.0 {
        return drive;
    }
    let time = Duration::try_from_secs_f64(drive.time.as_secs_f64() / factor).unwrap_or(Duration::MAX);
    Drive { time, ..drive }
}
