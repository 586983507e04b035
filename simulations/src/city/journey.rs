//! A car on its way: along the roads of the city, or along its grid where there is no road.

use geo::roads::{Roads, Route, Waypoint};
use geo::{NoDrive, Point, distance, heading};

use super::leg::{Leg, MIN_SPEED_MPS, between};

/// How fast a car goes between a point and the road beside it, in metres per second: a yard, a car park, a forecourt.
pub const YARD_SPEED_MPS: f64 = 5.0;
/// A speed is the mean over so many milliseconds before and after: the times of a route are whole milliseconds, too
/// coarse to divide by where two points of a road are a hand apart.
const SPEED_OVER_MS: f64 = 500.0;

/// A drive: where the car is at each moment of it.
#[derive(Clone, Debug, PartialEq)]
pub enum Journey {
    /// Along the street grid, around one corner.
    Grid(Leg),
    /// Along the roads.
    Road(RoadLeg),
}

impl Journey {
    /// Whether it leads along roads.
    #[must_use]
    pub fn is_by_road(&self) -> bool {
        matches!(self, Journey::Road(_))
    }

    /// How long the way is, in metres.
    #[must_use]
    pub fn distance_m(&self) -> f64 {
        match self {
            Journey::Grid(leg) => leg.distance_m(),
            Journey::Road(leg) => leg.distance_m(),
        }
    }

    /// How long the way takes, in milliseconds, rounded up.
    #[must_use]
    pub fn duration_ms(&self) -> u64 {
        match self {
            Journey::Grid(leg) => leg.duration_ms(),
            Journey::Road(leg) => leg.duration_ms(),
        }
    }

    /// Where the car is `elapsed_ms` milliseconds after it left, its heading in degrees clockwise from north and its
    /// speed in metres per second. From the end of the drive on it stands exactly where the drive was to end.
    #[must_use]
    pub fn at(&self, elapsed_ms: u64) -> (Point, f64, f64) {
        match self {
            Journey::Grid(leg) => leg.at(elapsed_ms),
            Journey::Road(leg) => leg.at(elapsed_ms),
        }
    }
}

/// A drive along the roads: straight to the road, along it, and straight to the end.
#[derive(Clone, Debug, PartialEq)]
pub struct RoadLeg {
    onto: Yard,
    /// In free flow.
    route: Route,
    /// What the route takes in the traffic of the hour.
    road_ms: u64,
    off: Yard,
}

/// The straight piece between a point and the road.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Yard {
    from: Point,
    to: Point,
    length_m: f64,
    ms: u64,
}

impl RoadLeg {
    /// The fastest way from `from` to `to` on empty `roads`, at `share` (0 to 1) of the speeds of empty roads, but on
    /// average never below [`MIN_SPEED_MPS`]. The pieces between the two points and the road are driven at
    /// [`YARD_SPEED_MPS`] at all hours.
    ///
    /// # Errors
    /// [`NoDrive`] when there is no road within reach of one of the points.
    pub fn new(roads: &Roads, from: Point, to: Point, share: f64) -> Result<RoadLeg, NoDrive> {
        let route = roads.route(from, to)?;
        let ends = |line: &[Waypoint]| Some((line.first()?.point, line.last()?.point));
        let (first, last) = ends(route.line()).ok_or(NoDrive::NoWay { from, to })?;
        let free_ms = route.drive().time.as_millis() as f64;
        let longest_ms = route.drive().distance.get() / MIN_SPEED_MPS * 1_000.0;
        // A share that is no number is none at all, and the slowest is too slow for an empty lane.
        let road_ms = if share < 1.0 { (free_ms / share.max(0.0)).min(longest_ms).max(free_ms) } else { free_ms };
        Ok(RoadLeg { onto: Yard::new(from, first), route, road_ms: road_ms.ceil() as u64, off: Yard::new(last, to) })
    }

    /// The part of the drive that is on roads, in the times of empty roads.
    #[must_use]
    pub fn route(&self) -> &Route {
        &self.route
    }

    /// The length of the way, in metres along the road, and to it and from it.
    #[must_use]
    pub fn distance_m(&self) -> f64 {
        self.onto.length_m + self.route.drive().distance.get() + self.off.length_m
    }

    /// How long the way takes, in milliseconds.
    #[must_use]
    pub fn duration_ms(&self) -> u64 {
        self.onto.ms + self.road_ms + self.off.ms
    }

    /// As [`Journey::at`].
    #[must_use]
    pub fn at(&self, elapsed_ms: u64) -> (Point, f64, f64) {
        if elapsed_ms >= self.duration_ms() {
            return (self.off.to, self.last_heading(), 0.0);
        }
        if elapsed_ms < self.onto.ms {
            return self.onto.at(elapsed_ms);
        }
        let on_road_ms = elapsed_ms - self.onto.ms;
        if on_road_ms >= self.road_ms {
            return self.off.at(on_road_ms - self.road_ms);
        }
        let free_ms = self.route.drive().time.as_millis() as f64;
        let (at_ms, slowed) = (on_road_ms as f64 * free_ms / self.road_ms as f64, free_ms / self.road_ms as f64);
        let (point, heading) = self.route.at(at_ms as u64);
        let (since, until) = ((at_ms - SPEED_OVER_MS).max(0.0), (at_ms + SPEED_OVER_MS).min(free_ms));
        let driven_m = self.driven_m(until) - self.driven_m(since);
        (point, heading, driven_m / (until - since).max(1.0) * 1_000.0 * slowed)
    }

    /// How many metres of road lie behind after so many milliseconds of an empty road.
    fn driven_m(&self, free_ms: f64) -> f64 {
        let line = self.route.line();
        let next = line.partition_point(|waypoint| waypoint.ms as f64 <= free_ms);
        match (next.checked_sub(1).and_then(|before| line.get(before)), line.get(next)) {
            (Some(from), Some(to)) => {
                from.m + (to.m - from.m) * (free_ms - from.ms as f64) / (to.ms - from.ms).max(1) as f64
            }
            (Some(end), None) => end.m,
            (None, _) => 0.0,
        }
    }

    fn last_heading(&self) -> f64 {
        match self.route.line() {
            _ if self.off.length_m > 0.0 => self.off.heading(),
            [.., before, end] => heading(before.point, end.point) % 360.0,
            _ => self.onto.heading(),
        }
    }
}

impl Yard {
    fn new(from: Point, to: Point) -> Yard {
        let length_m = distance(from, to).get();
        Yard { from, to, length_m, ms: (length_m / YARD_SPEED_MPS * 1_000.0).round() as u64 }
    }

    fn heading(&self) -> f64 {
        heading(self.from, self.to) % 360.0
    }

    fn at(&self, elapsed_ms: u64) -> (Point, f64, f64) {
        let share = elapsed_ms as f64 / self.ms.max(1) as f64;
        (between(self.from, self.to, share.min(1.0)), self.heading(), YARD_SPEED_MPS)
    }
}
