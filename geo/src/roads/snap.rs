//! The nearest street to a point.
//!
//! Distances are compared as straight lines through space between a point on the unit sphere and the chord between two
//! neighbouring points of a street. That knows neither seam nor pole, and needs no projection. A chord runs below the
//! ground, by 0.2 mm in the middle of 100 m and by 2 m in the middle of 10 km, which shifts who is nearest by far less.
//!
//! Lives here: the tree of street segments.
//! Stays out: what is driven from there.
//! Touch with care: equally near streets are decided by their number, so that the answer does not depend on the tree.

use rstar::{AABB, PointDistance, RTree, RTreeObject};

use super::shape::{Place, step_m};
use crate::{EARTH_RADIUS_M, Meters, Point};

/// Where a point meets the roads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Snap {
    /// The point of the road that is nearest.
    pub point: Point,
    /// How far that is from the point asked for.
    pub distance: Meters,
    /// Which street, from 0 to one less than [`Roads::streets`](super::Roads::streets).
    pub street: u32,
    /// How far along the street: 0 at the beginning of its line, 1 at the end.
    pub fraction: f64,
}

/// A straight piece of street.
#[derive(Clone, Copy, Debug)]
struct Segment {
    street: u32,
    /// Whether the street ends with it.
    is_last: bool,
    /// How far along the street it begins, and how long it is, in metres.
    begin_m: f32,
    length_m: f32,
    ends: [[f64; 3]; 2],
}

impl RTreeObject for Segment {
    type Envelope = AABB<[f64; 3]>;

    fn envelope(&self) -> Self::Envelope {
        AABB::from_corners(self.ends[0], self.ends[1])
    }
}

impl PointDistance for Segment {
    fn distance_2(&self, point: &[f64; 3]) -> f64 {
        foot(self.ends, *point).1
    }
}

/// The nearest point of a chord: the share of it, and the squared distance.
fn foot([a, b]: [[f64; 3]; 2], point: [f64; 3]) -> (f64, f64) {
    let minus = |a: [f64; 3], b: [f64; 3]| [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
    let dot = |a: [f64; 3], b: [f64; 3]| a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
    let (along, to) = (minus(b, a), minus(point, a));
    let length = dot(along, along);
    let share = if length > 0.0 { (dot(to, along) / length).clamp(0.0, 1.0) } else { 0.0 };
    // At its ends exactly as far as any other segment that ends there.
    let rest = if share < 1.0 { minus(to, along.map(|part| part * share)) } else { minus(point, b) };
    (share, dot(rest, rest))
}

/// All segments of all streets.
#[derive(Debug)]
pub(super) struct Segments {
    tree: RTree<Segment>,
}

impl Segments {
    /// The segments of these lines.
    pub(super) fn of<'a>(lines: impl Iterator<Item = &'a [Place]>) -> Segments {
        let mut segments = Vec::new();
        for (line, street) in lines.zip(0..) {
            let mut begin_m = 0.0;
            for (pair, left) in line.windows(2).zip((0..line.len().saturating_sub(1)).rev()) {
                let ends = [pair[0].point().unit(), pair[1].point().unit()];
                let length_m = step_m(pair[0], pair[1]);
                let is_last = left == 0;
                segments.push(Segment { street, is_last, begin_m: begin_m as f32, length_m: length_m as f32, ends });
                begin_m += length_m;
            }
        }
        Segments { tree: RTree::bulk_load(segments) }
    }

    /// The nearest segment.
    fn nearest(&self, unit: [f64; 3]) -> Option<&Segment> {
        let mut candidates = self.tree.nearest_neighbor_iter_with_distance_2(unit);
        let (mut best, least) = candidates.next()?;
        let equal = candidates.take_while(|&(_, squared)| squared <= least).map(|(segment, _)| segment);
        for other in equal {
            if (other.street, other.begin_m) < (best.street, best.begin_m) {
                best = other;
            }
        }
        Some(best)
    }

    /// Where a point meets the streets; `cm` gives the length of a street in centimetres.
    pub(super) fn snap(&self, point: Point, cm: impl Fn(u32) -> u32) -> Option<Snap> {
        let unit = point.unit();
        let segment = self.nearest(unit)?;
        let (share, _) = foot(segment.ends, unit);
        let [a, b] = segment.ends;
        let below = [0, 1, 2].map(|axis| a[axis] + (b[axis] - a[axis]) * share);
        let depth = below.iter().map(|part| part * part).sum::<f64>().sqrt();
        let [x, y, z] = below.map(|part| part / depth);
        // Out of a vector of length 1, so on Earth.
        let point = Point::new(z.atan2(x.hypot(y)).to_degrees(), y.atan2(x).to_degrees()).ok()?;
        let chord = ((unit[0] - x).powi(2) + (unit[1] - y).powi(2) + (unit[2] - z).powi(2)).sqrt();
        let distance = Meters::new(2.0 * EARTH_RADIUS_M * (chord / 2.0).min(1.0).asin()).ok()?;
        let along = f64::from(segment.begin_m) + share * f64::from(segment.length_m);
        let length = f64::from(cm(segment.street)) / 100.0;
        let fraction = match length > 0.0 {
            _ if share >= 1.0 && segment.is_last => 1.0,
            true => (along / length).min(1.0),
            false => 0.0,
        };
        Some(Snap { point, distance, street: segment.street, fraction })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::distance;
    use crate::roads::shape::{length_cm, length_m};

    fn scan(lines: &[Vec<Place>], point: Point) -> (f64, u32, u32) {
        let mut best = (f64::INFINITY, 0, 0);
        for (street, line) in lines.iter().enumerate() {
            for (piece, pair) in line.windows(2).enumerate() {
                let squared = foot([pair[0].point().unit(), pair[1].point().unit()], point.unit()).1;
                if squared < best.0 {
                    best = (squared, street as u32, piece as u32);
                }
            }
        }
        best
    }

    /// Lines of a few kilometres around a place, which may be a pole or the antimeridian.
    fn lines_near(lat: i32, lon: i32) -> impl Strategy<Value = Vec<Vec<Place>>> {
        let step = || -300_000..300_000i32;
        let place = (step(), step()).prop_map(move |(north, east)| {
            let lat = (lat + north).clamp(-900_000_000, 900_000_000);
            let lon = i64::from(lon) + i64::from(east);
            let lon = (lon + 1_800_000_000).rem_euclid(3_600_000_000) - 1_800_000_000;
            Place { lat, lon: lon as i32 }
        });
        prop::collection::vec(prop::collection::vec(place, 2..6), 1..30)
    }

    proptest! {
        #[test]
        fn the_nearest_segment_is_the_one_a_scan_finds(
            (place, lines) in prop::sample::select(vec![
                (407_500_000, -739_800_000),
                (0, 1_799_999_000),
                (899_900_000, 500_000_000),
                (-600_000_000, -1_799_950_000),
            ])
            .prop_flat_map(|(lat, lon)| (Just((lat, lon)), lines_near(lat, lon))),
            north in -0.05..0.05f64,
            east in -0.05..0.05f64,
        ) {
            let centre = Place { lat: place.0, lon: place.1 }.point();
            let lon = (centre.lon() + east + 180.0).rem_euclid(360.0) - 180.0;
            let point = Point::new((centre.lat() + north).clamp(-90.0, 90.0), lon).unwrap();
            let segments = Segments::of(lines.iter().map(Vec::as_slice));
            let found = segments.nearest(point.unit()).unwrap();
            let expected = scan(&lines, point);
            let squared = foot(found.ends, point.unit()).1;
            // Within rounding: 1e-22 of the squared radius of the Earth is a square of 0.06 mm.
            prop_assert!((squared - expected.0).abs() < 1e-22 + expected.0 * 1e-12, "{squared} {expected:?}");
            if squared == expected.0 {
                let begin = length_m(&lines[expected.1 as usize][..=expected.2 as usize]) as f32;
                prop_assert_eq!((found.street, found.begin_m), (expected.1, begin));
            }

            let snap = segments.snap(point, |street| length_cm(&lines[street as usize])).unwrap();
            prop_assert!((0.0..=1.0).contains(&snap.fraction));
            prop_assert!((snap.distance.get() - distance(point, snap.point).get()).abs() < 1e-5);
            // The chord to the foot and the way over the ground to it differ by the depth of the chord only.
            let chord = expected.0.sqrt() * crate::EARTH_RADIUS_M;
            prop_assert!((snap.distance.get() - chord).abs() < 3.0, "{} {chord}", snap.distance.get());
        }
    }
}
