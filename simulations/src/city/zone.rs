//! A zone: a part of the city that the data counts as one place.

use geo::{EARTH_RADIUS_M, Point};
use rand::Rng;

use super::outline::Outline;

/// The number of a zone within its city, from 0. Cheap to pass around; meaningless in another city.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ZoneIndex(usize);

impl ZoneIndex {
    pub(super) const fn new(index: usize) -> ZoneIndex {
        ZoneIndex(index)
    }

    /// The position in [`super::City::zones`].
    #[must_use]
    pub const fn get(self) -> usize {
        self.0
    }
}

/// The smallest box of parallels and meridians around something, in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// Least latitude.
    pub south: f64,
    /// Least longitude.
    pub west: f64,
    /// Greatest latitude.
    pub north: f64,
    /// Greatest longitude.
    pub east: f64,
}

impl Bounds {
    /// The box around `points`; inside out (south above north) when there are none.
    pub(super) fn around<'a>(points: impl IntoIterator<Item = &'a Point>) -> Bounds {
        let nothing =
            Bounds { south: f64::INFINITY, west: f64::INFINITY, north: f64::NEG_INFINITY, east: f64::NEG_INFINITY };
        points.into_iter().fold(nothing, |bounds, point| Bounds {
            south: bounds.south.min(point.lat()),
            west: bounds.west.min(point.lon()),
            north: bounds.north.max(point.lat()),
            east: bounds.east.max(point.lon()),
        })
    }

    /// Whether `point` lies inside or on the edge.
    #[must_use]
    pub fn contains(&self, point: Point) -> bool {
        (self.south..=self.north).contains(&point.lat()) && (self.west..=self.east).contains(&point.lon())
    }

    /// A lower bound for the flat distance from `point` to anything inside, in metres; 0 inside.
    pub(super) fn distance_m(&self, point: Point) -> f64 {
        let nearest_lat = point.lat().clamp(self.south, self.north);
        let nearest_lon = point.lon().clamp(self.west, self.east);
        let (east, north) = flat_m(point, nearest_lat, nearest_lon);
        east.hypot(north)
    }
}

/// A zone of the city: its name and its outline.
#[derive(Clone, Debug)]
pub struct Zone {
    id: u16,
    name: String,
    polygons: Vec<Vec<Vec<Point>>>,
    bounds: Bounds,
    outline: Outline,
}

impl Zone {
    pub(super) fn new(id: u16, name: String, polygons: Vec<Vec<Vec<Point>>>, outline: Outline) -> Zone {
        let bounds = Bounds::around(polygons.iter().flatten().flatten());
        Zone { id, name, polygons, bounds, outline }
    }

    /// The zone's number in the TLC's own list, as in the columns `PULocationID` and `DOLocationID`.
    #[must_use]
    pub fn id(&self) -> u16 {
        self.id
    }

    /// The zone's name in the TLC's own list.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The outline as polygons; of each, the first ring is the outer border and further ones are holes. The last
    /// point of a ring is joined to its first.
    #[must_use]
    pub fn polygons(&self) -> &[Vec<Vec<Point>>] {
        &self.polygons
    }

    /// All rings of all polygons.
    pub fn rings(&self) -> impl Iterator<Item = &[Point]> {
        self.polygons.iter().flatten().map(Vec::as_slice)
    }

    /// The box around the zone.
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// The ground inside, in square kilometres.
    #[must_use]
    pub fn area_km2(&self) -> f64 {
        self.outline.area_m2() / 1e6
    }

    /// Whether `point` lies inside or on the border.
    #[must_use]
    pub fn contains(&self, point: Point) -> bool {
        self.bounds.contains(point) && self.outline.contains(point)
    }

    /// A point drawn evenly from the ground inside.
    pub fn random_point(&self, rng: &mut impl Rng) -> Point {
        self.outline.random_point(rng)
    }

    /// How far `point` is from the nearest border, in metres.
    pub(super) fn outline_distance_m(&self, point: Point) -> f64 {
        let mut least = f64::INFINITY;
        for ring in self.rings() {
            let Some(last) = ring.last() else { continue };
            let mut before = flat_m(point, last.lat(), last.lon());
            for corner in ring {
                let here = flat_m(point, corner.lat(), corner.lon());
                least = least.min(distance_to_stretch(before, here));
                before = here;
            }
        }
        least
    }
}

/// Metres east and north of `origin`, on a plane that touches the Earth there: good within a city.
fn flat_m(origin: Point, lat: f64, lon: f64) -> (f64, f64) {
    let metres_per_deg = EARTH_RADIUS_M.to_radians();
    let shrink = origin.lat().to_radians().cos();
    ((lon - origin.lon()) * metres_per_deg * shrink, (lat - origin.lat()) * metres_per_deg)
}

/// How far the origin is from the stretch between `a` and `b`.
fn distance_to_stretch(a: (f64, f64), b: (f64, f64)) -> f64 {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let length2 = dx * dx + dy * dy;
    let along = if length2 > 0.0 { (-(a.0 * dx + a.1 * dy) / length2).clamp(0.0, 1.0) } else { 0.0 };
    (a.0 + along * dx).hypot(a.1 + along * dy)
}
