//! Positions in whole numbers, and two ways to measure between them: quickly, and truly.
//!
//! Lives here: [`Angles`] (a position in 8 bytes), [`Ruler`] (measures from one place to many).
//! Stays out: cells, buckets, who is nearest.
//! Touch with care: the search trusts [`Ruler::rough`] to differ from [`Ruler::exact`] by no more than
//! [`ROUGH_SHARE`] and [`ROUGH_METRES`]; the bound is derived there and tested against the formula.

use crate::{EARTH_RADIUS_M, Meters, Point, distance};

/// Steps to a degree: a full turn is 2^32 steps, so that wrapping subtraction knows no antimeridian.
const STEPS_PER_DEGREE: f64 = 4_294_967_296.0 / 360.0;
const RADIANS_PER_STEP: f64 = std::f64::consts::TAU / 4_294_967_296.0;
const METRES_PER_STEP: f64 = RADIANS_PER_STEP * EARTH_RADIUS_M;

/// A position rounded to 2^-32 of a turn: at most 4.7 mm off on each axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Angles {
    pub(super) lat: i32,
    pub(super) lon: i32,
}

impl Angles {
    #[inline]
    pub(super) fn of(point: Point) -> Angles {
        // 180 degrees east wraps to 180 degrees west: the same meridian.
        Angles { lat: steps(point.lat()) as i32, lon: steps(point.lon()) as i32 }
    }

    pub(super) fn point(self) -> Point {
        let degrees = |steps: i32| f64::from(steps) / STEPS_PER_DEGREE;
        Point::new(degrees(self.lat), degrees(self.lon)).expect("a rounded position is on Earth")
    }

    /// How far east and north of `origin`, in steps of latitude and of longitude, the short way round.
    #[inline]
    pub(super) fn offset_from(self, origin: Angles) -> (f32, f32) {
        (self.lat.wrapping_sub(origin.lat) as f32, self.lon.wrapping_sub(origin.lon) as f32)
    }
}

/// To the nearest whole number; half away from zero. (`f64::round` is a function call on older processors.)
#[inline]
fn steps(degrees: f64) -> i64 {
    let steps = degrees * STEPS_PER_DEGREE;
    (steps + 0.5_f64.copysign(steps)) as i64
}

/// [`Ruler::rough`] is off by at most this share of the distance...
pub(super) const ROUGH_SHARE: f32 = 1.0e-3;
/// ...and this much more, in metres.
pub(super) const ROUGH_METRES: f32 = 0.02;

/// A rough distance, made so large that the true one cannot be larger; with the same step the other way round, no
/// rough distance of anything truly within `metres` is larger than this.
#[inline]
pub(super) fn widened(metres: f32) -> f32 {
    metres * (1.0 + ROUGH_SHARE) + ROUGH_METRES
}

/// At least the square of what [`widened`] makes of a distance when applied twice, from the square of that distance and
/// without a root: `(1.001 (1.001 d + 0.02) + 0.02)^2 < 1.00402 d^2 + 0.0805 d + 0.01`, and `d <= d^2 / 200 + 50`.
#[inline]
pub(super) fn widened_square(square: f32) -> f32 {
    square * 1.0045 + 4.1
}

/// Up to this distance the flat formula of [`Ruler::rough`] is within its bound.
const FLAT_METRES_MAX: f64 = 50_000.0;
/// Up to this latitude, too.
const FLAT_LATITUDE_MAX: f64 = 80.0;

/// Measures from one place to many.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ruler {
    from: Angles,
    point: Point,
    sin_lat: f64,
    cos_lat: f64,
    /// Metres for a step of longitude here, and how many fewer for each step of latitude towards the pole.
    east: f32,
    east_less: f32,
    flat: bool,
}

impl Ruler {
    /// A ruler at `from` for distances up to `within`.
    pub(super) fn new(from: Point, within: Meters) -> Ruler {
        let angles = Angles::of(from);
        let point = angles.point();
        let (sin_lat, cos_lat) = point.lat().to_radians().sin_cos();
        Ruler {
            from: angles,
            point,
            sin_lat,
            cos_lat,
            east: (cos_lat * METRES_PER_STEP) as f32,
            east_less: (sin_lat * 0.5 * RADIANS_PER_STEP * METRES_PER_STEP) as f32,
            flat: within.get() <= FLAT_METRES_MAX && from.lat().abs() <= FLAT_LATITUDE_MAX,
        }
    }

    /// The square of roughly the distance, in square metres.
    ///
    /// Flat where that is good enough: north-south by the difference of latitudes, east-west by the difference of
    /// longitudes at the latitude half-way between, whose cosine is a straight line around here. With `d` up to 50 km
    /// and latitudes up to 80 degrees the terms left out are, as a share of the distance: of the cosine's curve
    /// `d^2 / (8 R^2 cos)` < 5e-5; of the haversine's product `(d / 2R)^2 / (2 cos^2)` < 3e-4; of the sines
    /// `(d / (R cos))^2 / 24` < 1e-4; of 32-bit numbers 1e-6. Together less than half of [`ROUGH_SHARE`]. What comes
    /// out above 50 km may be wrong in any way, but is never far below: the difference of latitudes alone is true.
    #[inline]
    pub(super) fn rough(&self, to: Angles) -> f32 {
        if self.flat { self.rough_flat(to) } else { self.rough_round(to) }
    }

    #[inline]
    fn rough_flat(&self, to: Angles) -> f32 {
        let (lat, lon) = to.offset_from(self.from);
        let north = lat * (METRES_PER_STEP as f32);
        let east = lon * (self.east - self.east_less * lat);
        north * north + east * east
    }

    fn rough_round(&self, to: Angles) -> f32 {
        let metres = self.exact(to) as f32;
        metres * metres
    }

    /// [`Ruler::rough`] to eight places at once.
    #[inline]
    pub(super) fn rough_eight(&self, to: [Angles; 8]) -> [f32; 8] {
        if self.flat { to.map(|to| self.rough_flat(to)) } else { to.map(|to| self.rough_round(to)) }
    }

    /// The great-circle distance in metres, equal to [`distance`] between the rounded positions to a micrometre.
    /// Depends on nothing but the two positions: two indexes that hold the same thing give the same bits.
    pub(super) fn exact(&self, to: Angles) -> f64 {
        let (lat, lon) = (to.lat.wrapping_sub(self.from.lat), to.lon.wrapping_sub(self.from.lon));
        if lat.unsigned_abs() > SHORT || lon.unsigned_abs() > SHORT {
            return distance(self.point, to.point()).get();
        }
        // The haversine formula with sines and cosines of small angles as the first terms of their series.
        let (lat, lon) = (f64::from(lat) * RADIANS_PER_STEP, f64::from(lon) * RADIANS_PER_STEP);
        let cos_to = self.cos_lat * small_cos(lat) - self.sin_lat * small_sin(lat);
        let (half_lat, half_lon) = (small_sin(lat / 2.0), small_sin(lon / 2.0));
        let a = half_lat * half_lat + self.cos_lat * cos_to * half_lon * half_lon;
        // asin(s) = s + s^3 / 6 + 3 s^5 / 40 + ...
        let s = a.sqrt();
        2.0 * EARTH_RADIUS_M * s * (1.0 + a * (1.0 / 6.0 + a * (3.0 / 40.0 + a * (15.0 / 336.0))))
    }
}

/// Differences up to this many steps (1.3 degrees) are short enough for the series: their first term left out is
/// below 1e-17 of the whole.
const SHORT: u32 = 1 << 24;

fn small_sin(x: f64) -> f64 {
    let square = x * x;
    x * (1.0 - square / 6.0 * (1.0 - square / 20.0 * (1.0 - square / 42.0)))
}

fn small_cos(x: f64) -> f64 {
    let square = x * x;
    1.0 - square / 2.0 * (1.0 - square / 12.0 * (1.0 - square / 30.0 * (1.0 - square / 56.0)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn metres(value: f64) -> Meters {
        Meters::new(value).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3_000))]

        #[test]
        fn a_rounded_position_is_within_7_mm(lat in -90.0..=90.0, lon in -180.0..=180.0) {
            let point = Point::new(lat, lon).unwrap();
            prop_assert!(distance(point, Angles::of(point).point()).get() < 0.007);
        }

        #[test]
        fn the_exact_ruler_is_the_haversine(
            lat in -90.0..=90.0, lon in -180.0..=180.0f64, reach in -9.0..1.0f64, turn in 0.0..std::f64::consts::TAU,
        ) {
            let away = 10f64.powf(reach);
            let wrapped = (lon + away * turn.sin() + 540.0).rem_euclid(360.0) - 180.0;
            let from = Angles::of(Point::new(lat, lon).unwrap()).point();
            let to = Angles::of(Point::new((lat + away * turn.cos()).clamp(-90.0, 90.0), wrapped).unwrap());
            let measured = Ruler::new(from, metres(1.0)).exact(to);
            prop_assert!((measured - distance(from, to.point()).get()).abs() < 1e-6, "{measured}");
        }

        #[test]
        fn the_rough_ruler_keeps_its_bound(
            lat in -80.0..=80.0, lon in -180.0..=180.0f64, away in 0.0..60_000.0f64, turn in 0.0..std::f64::consts::TAU,
        ) {
            let degrees = (away / EARTH_RADIUS_M).to_degrees();
            let (north, east) = (degrees * turn.cos(), degrees * turn.sin() / f64::to_radians(lat).cos());
            let wrapped = (lon + east + 540.0).rem_euclid(360.0) - 180.0;
            let from = Point::new(lat, lon).unwrap();
            let to = Angles::of(Point::new((lat + north).clamp(-90.0, 90.0), wrapped).unwrap());
            let ruler = Ruler::new(from, metres(FLAT_METRES_MAX));
            let (rough, exact) = (ruler.rough(to).sqrt(), ruler.exact(to) as f32);
            if exact <= FLAT_METRES_MAX as f32 {
                prop_assert!(rough <= widened(exact), "{rough} for {exact}");
            }
            if rough <= FLAT_METRES_MAX as f32 {
                prop_assert!(exact <= widened(rough), "{rough} for {exact}");
            }
        }

        #[test]
        fn a_square_is_widened_enough(metres in 0.0..2.1e7f32) {
            let twice = widened(widened(metres));
            prop_assert!(widened_square(metres * metres) >= twice * twice);
        }

        #[test]
        fn nothing_far_looks_near(
            lat in -80.0..=80.0, lon in -180.0..=180.0, lat2 in -90.0..=90.0, lon2 in -180.0..=180.0,
        ) {
            let ruler = Ruler::new(Point::new(lat, lon).unwrap(), metres(FLAT_METRES_MAX));
            let to = Angles::of(Point::new(lat2, lon2).unwrap());
            let (rough, exact) = (ruler.rough(to).sqrt(), ruler.exact(to) as f32);
            prop_assert!(exact < 51_000.0 || rough > FLAT_METRES_MAX as f32, "{rough} for {exact}");
        }
    }
}
