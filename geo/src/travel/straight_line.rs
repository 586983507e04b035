//! How long the way takes when nothing is known of the roads.

use std::time::Duration;

use super::{TravelTimes, WeekTime};
use crate::{Drive, Meters, NoDrive, Point, distance};

/// Travel time along a straight line, stretched by a detour factor and driven at one speed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StraightLine {
    detour: f64,
    speed_mps: f64,
}

/// Why two numbers do not make a travel time.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("{field} is {value}, allowed is {allowed}")]
pub struct NotATravelTime {
    /// Which number: `detour` or `speed_mps`.
    pub field: &'static str,
    /// What was given.
    pub value: f64,
    /// The range that is allowed.
    pub allowed: &'static str,
}

impl StraightLine {
    /// `detour` is road metres for each metre of air (a grid of streets gives 1.27 on average: 4/pi);
    /// `speed_mps` is the mean speed in metres a second.
    ///
    /// # Errors
    /// [`NotATravelTime`] names the number that is out of range.
    pub fn new(detour: f64, speed_mps: f64) -> Result<StraightLine, NotATravelTime> {
        if !(1.0..=5.0).contains(&detour) {
            return Err(NotATravelTime { field: "detour", value: detour, allowed: "1 to 5" });
        }
        if !(0.1..=60.0).contains(&speed_mps) {
            return Err(NotATravelTime { field: "speed_mps", value: speed_mps, allowed: "0.1 to 60 m/s" });
        }
        Ok(StraightLine { detour, speed_mps })
    }

    /// Road metres for each metre of air.
    #[must_use]
    pub fn detour(&self) -> f64 {
        self.detour
    }

    /// The mean speed in metres a second.
    #[must_use]
    pub fn speed_mps(&self) -> f64 {
        self.speed_mps
    }

    /// The time to drive from one point to another, in whole milliseconds.
    #[must_use]
    pub fn millis(&self, from: Point, to: Point) -> u64 {
        self.time_ms(distance(from, to).get() * self.detour)
    }

    /// The drive from one point to another: there always is one, and it takes the same at any hour.
    #[must_use]
    pub fn straight_drive(&self, from: Point, to: Point) -> Drive {
        let length_m = distance(from, to).get() * self.detour;
        let distance =
            Meters::new(length_m).expect("a distance times a detour of at most 5 is finite, and not negative");
        Drive { time: Duration::from_millis(self.time_ms(length_m)), distance }
    }

    fn time_ms(&self, length_m: f64) -> u64 {
        // Half the Earth, five times over, at 0.1 m/s is 1e12 ms: far inside u64, so the cast never saturates.
        (length_m / self.speed_mps * 1000.0).round() as u64
    }
}

impl TravelTimes for StraightLine {
    fn name(&self) -> &'static str {
        "straight_line"
    }

    fn drive(&self, from: Point, to: Point, _: WeekTime) -> Result<Drive, NoDrive> {
        Ok(self.straight_drive(from, to))
    }
}
