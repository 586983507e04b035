//! The course of a street over the ground.
//!
//! Lives here: points in the resolution of OpenStreetMap, lengths, positions along a line.
//! Stays out: which streets there are.
//! Touch with care: a length is measured along great circles; between two neighbouring points a straight chord and a
//! great circle are the same line seen from above, and share of one is share of the other to a millimetre in 10 km.

use crate::{Point, distance};

/// A position in units of 1e-7 degrees (about a centimetre), as OpenStreetMap has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) lat: i32,
    pub(super) lon: i32,
}

/// Units in a degree.
const PER_DEGREE: f64 = 1e7;

impl Place {
    /// Whether it is on Earth.
    pub(super) fn is_sound(self) -> bool {
        self.lat.unsigned_abs() <= 900_000_000 && self.lon.unsigned_abs() <= 1_800_000_000
    }

    /// The same place as a point.
    pub(super) fn point(self) -> Point {
        Point::new(f64::from(self.lat) / PER_DEGREE, f64::from(self.lon) / PER_DEGREE)
            .expect("every place was checked when it was read")
    }
}

/// The length of a line in metres.
pub(super) fn length_m(line: &[Place]) -> f64 {
    line.windows(2).map(|pair| step_m(pair[0], pair[1])).sum()
}

/// The length of a line in whole centimetres.
pub(super) fn length_cm(line: &[Place]) -> u32 {
    (length_m(line) * 100.0).round().min(f64::from(u32::MAX >> 1)) as u32
}

/// The distance between two neighbours in metres.
pub(super) fn step_m(from: Place, to: Place) -> f64 {
    distance(from.point(), to.point()).get()
}

/// The point a share (0 to 1) of the way between two points, on the straight line through the Earth and up again.
pub(super) fn between(from: Point, to: Point, share: f64) -> Point {
    if share <= 0.0 || from == to {
        return from;
    }
    if share >= 1.0 {
        return to;
    }
    let (a, b) = (from.unit(), to.unit());
    let [x, y, z] = [0, 1, 2].map(|axis| a[axis] + (b[axis] - a[axis]) * share);
    let lat = z.atan2(x.hypot(y)).to_degrees();
    Point::new(lat, y.atan2(x).to_degrees()).unwrap_or(from)
}
