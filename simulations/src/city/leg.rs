//! A drive from one point to another along a rotated street grid: where the car is at each moment.

use geo::{EARTH_RADIUS_M, Point};

/// No drive is slower than this, in metres per second: one mile an hour, the floor that the source uses too.
pub const MIN_SPEED_MPS: f64 = 0.447_04;

/// An L-shaped drive at constant speed: straight to a corner, a right angle, straight to the end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Leg {
    from: Point,
    corner: Point,
    to: Point,
    first: Stretch,
    second: Stretch,
    duration_ms: u64,
}

/// One straight part of a leg.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Stretch {
    length_m: f64,
    heading_deg: f64,
}

impl Leg {
    /// The drive from `from` to `to`, first along the axis that points `axis_deg` degrees clockwise from north, then
    /// across it, at `speed_mps` metres per second but never below [`MIN_SPEED_MPS`].
    ///
    /// Distances are taken on a plane at the mean latitude of the two points: within a city the error is below one
    /// part in a million.
    #[must_use]
    pub fn new(from: Point, to: Point, axis_deg: f64, speed_mps: f64) -> Leg {
        let metres_per_deg = EARTH_RADIUS_M.to_radians();
        let shrink = ((from.lat() + to.lat()) / 2.0).to_radians().cos();
        let east = (to.lon() - from.lon()) * metres_per_deg * shrink;
        let north = (to.lat() - from.lat()) * metres_per_deg;
        let (sin, cos) = axis_deg.to_radians().sin_cos();
        let along = east * sin + north * cos;
        let across = east * cos - north * sin;
        let corner = if shrink > 0.0 {
            let corner_lon = from.lon() + along * sin / (metres_per_deg * shrink);
            // Off the map beside a pole or the antimeridian; no city lies there, and the drive stays whole.
            Point::new(from.lat() + along * cos / metres_per_deg, corner_lon).unwrap_or(to)
        } else {
            to
        };
        let speed_mps = if speed_mps > MIN_SPEED_MPS { speed_mps } else { MIN_SPEED_MPS };
        let first = Stretch::new(along, axis_deg);
        let second = Stretch::new(across, axis_deg + 90.0);
        let duration_ms = ((first.length_m + second.length_m) / speed_mps * 1000.0).ceil() as u64;
        Leg { from, corner, to, first, second, duration_ms }
    }

    /// Where the drive begins.
    #[must_use]
    pub fn from(&self) -> Point {
        self.from
    }

    /// Where the drive turns.
    #[must_use]
    pub fn corner(&self) -> Point {
        self.corner
    }

    /// Where the drive ends.
    #[must_use]
    pub fn to(&self) -> Point {
        self.to
    }

    /// The length of the way, in metres along the grid.
    #[must_use]
    pub fn distance_m(&self) -> f64 {
        self.first.length_m + self.second.length_m
    }

    /// How long the way takes, in milliseconds, rounded up.
    #[must_use]
    pub fn duration_ms(&self) -> u64 {
        self.duration_ms
    }

    /// Where the car is `elapsed_ms` milliseconds after it left, its heading in degrees clockwise from north and its
    /// speed in metres per second. From the end of the drive on it stands exactly on [`Leg::to`].
    #[must_use]
    pub fn at(&self, elapsed_ms: u64) -> (Point, f64, f64) {
        let last = if self.second.length_m > 0.0 { self.second } else { self.first };
        if elapsed_ms >= self.duration_ms {
            return (self.to, last.heading_deg, 0.0);
        }
        let driven_m = self.distance_m() * (elapsed_ms as f64 / self.duration_ms as f64);
        let speed_mps = self.distance_m() / (self.duration_ms as f64 / 1000.0);
        if driven_m < self.first.length_m {
            let share = driven_m / self.first.length_m;
            (between(self.from, self.corner, share), self.first.heading_deg, speed_mps)
        } else {
            // Not empty: a drive that has not ended has metres left, and the first stretch has none of them.
            let share = (driven_m - self.first.length_m) / self.second.length_m.max(f64::MIN_POSITIVE);
            (between(self.corner, self.to, share.min(1.0)), last.heading_deg, speed_mps)
        }
    }
}

impl Stretch {
    /// `signed_m` metres towards `axis_deg`, or the other way when negative.
    fn new(signed_m: f64, axis_deg: f64) -> Stretch {
        let heading_deg = if signed_m < 0.0 { axis_deg + 180.0 } else { axis_deg };
        Stretch { length_m: signed_m.abs(), heading_deg: heading_deg.rem_euclid(360.0) }
    }
}

/// The point at `share` of the way from `a` to `b`.
pub(super) fn between(a: Point, b: Point, share: f64) -> Point {
    let latitude = a.lat() + (b.lat() - a.lat()) * share;
    let longitude = a.lon() + (b.lon() - a.lon()) * share;
    Point::new(latitude, longitude).unwrap_or(b)
}
