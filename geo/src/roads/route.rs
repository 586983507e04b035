//! A drive with its course: where a car is at every moment of it.
//!
//! Lives here: the line of a route with times and metres, and positions on it.
//! Stays out: finding the route.
//! Touch with care: times and metres never decrease along the line, and end at exactly those of the drive.

use super::shape::between;
use crate::{Drive, Point, heading};

/// A point of a route.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Waypoint {
    /// Where.
    pub point: Point,
    /// When: milliseconds since the start.
    pub ms: u64,
    /// How far: metres from the start along the road.
    pub m: f64,
}

/// A drive and its course.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    drive: Drive,
    line: Vec<Waypoint>,
}

impl Route {
    /// A route over these points, which are at least one.
    pub(super) fn new(drive: Drive, line: Vec<Waypoint>) -> Route {
        debug_assert!(!line.is_empty(), "a route begins somewhere");
        Route { drive, line }
    }

    /// How long and how far.
    #[must_use]
    pub fn drive(&self) -> Drive {
        self.drive
    }

    /// The course: from the point of the road nearest to the start to the one nearest to the end. At least one point;
    /// no two neighbours are closer than a centimetre.
    #[must_use]
    pub fn line(&self) -> &[Waypoint] {
        &self.line
    }

    /// Where a car is so many milliseconds after the start, and where it heads: degrees clockwise from north, from 0 to
    /// below 360 (0 on a route of one point). After the end it stays at the end.
    #[must_use]
    pub fn at(&self, elapsed_ms: u64) -> (Point, f64) {
        let next = self.line.partition_point(|waypoint| waypoint.ms <= elapsed_ms).clamp(1, self.line.len().max(2) - 1);
        match (self.line.get(next - 1), self.line.get(next)) {
            (Some(from), Some(to)) => {
                let share = elapsed_ms.saturating_sub(from.ms) as f64 / (to.ms - from.ms).max(1) as f64;
                (between(from.point, to.point, share), heading(from.point, to.point) % 360.0)
            }
            _ => (self.line[0].point, 0.0),
        }
    }
}

/// Whether two points are the same in the resolution of OpenStreetMap, about a centimetre.
fn is_here(a: Point, b: Point) -> bool {
    (a.lat() - b.lat()).abs() < 1e-7 && (a.lon() - b.lon()).abs() < 1e-7
}

/// Puts a line together, stretch by stretch.
#[derive(Debug, Default)]
pub(super) struct Course {
    line: Vec<Waypoint>,
}

impl Course {
    /// Adds a point. One that is where the last one is takes its place: between them there would be no direction.
    pub(super) fn add(&mut self, point: Point, ms: u64, m: f64) {
        match self.line.as_mut_slice() {
            // The start stays where it is, and at zero.
            [start] if is_here(start.point, point) => {}
            [.., last] if is_here(last.point, point) => *last = Waypoint { point, ms, m },
            _ => self.line.push(Waypoint { point, ms, m }),
        }
    }

    /// The finished line.
    pub(super) fn done(self) -> Vec<Waypoint> {
        self.line
    }
}
