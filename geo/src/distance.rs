//! Distances along the ground.

use crate::Point;

/// Mean radius of the Earth in metres (IUGG R1).
pub const EARTH_RADIUS_M: f64 = 6_371_008.8;

/// A distance along the ground in metres: finite and never negative.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Meters(f64);

/// Why a number is not a distance.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("distance is {value} m, allowed is a finite number of metres, 0 or more")]
pub struct NotADistance {
    /// What was given, in metres.
    pub value: f64,
}

impl Meters {
    /// Nothing at all.
    pub const ZERO: Meters = Meters(0.0);

    /// Checks a number of metres.
    ///
    /// # Errors
    /// [`NotADistance`] when `value` is negative, infinite or NaN.
    pub const fn new(value: f64) -> Result<Meters, NotADistance> {
        if value.is_finite() && value >= 0.0 { Ok(Meters(value)) } else { Err(NotADistance { value }) }
    }

    /// A whole number of metres, which is always a distance.
    #[must_use]
    pub const fn whole(value: u32) -> Meters {
        Meters(value as f64)
    }

    /// The number of metres.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }
}

/// Great-circle distance between two points on a sphere of [`EARTH_RADIUS_M`], by the haversine formula in its
/// `atan2` form, which stays exact for close and for opposite points. Off from the WGS84 ellipsoid by at most 0.6 %.
#[must_use]
pub fn distance(from: Point, to: Point) -> Meters {
    let (lat1, lat2) = (from.lat().to_radians(), to.lat().to_radians());
    let half_dlat = (lat2 - lat1) / 2.0;
    let half_dlon = (to.lon() - from.lon()).to_radians() / 2.0;
    let a = half_dlat.sin().powi(2) + lat1.cos() * lat2.cos() * half_dlon.sin().powi(2);
    Meters(2.0 * EARTH_RADIUS_M * a.sqrt().atan2((1.0 - a).max(0.0).sqrt()))
}

/// Whether two points are no farther apart than so many metres: what [`distance`] says, at a fraction of its cost where
/// they are clearly near.
///
/// The way that is straight on a map of degrees, each taken as long as one of latitude, is never shorter than the great
/// circle: only where that does not settle it is the distance worked out.
#[must_use]
pub fn is_within(from: Point, to: Point, metres: f64) -> bool {
    let (north, east) = (to.lat() - from.lat(), to.lon() - from.lon());
    let longest = EARTH_RADIUS_M.to_radians() * (north * north + east * east).sqrt();
    // Room for rounding on both sides: a millimetre, and one part in a million.
    longest * (1.0 + 1e-6) + 1e-3 <= metres || distance(from, to).get() <= metres
}

/// The direction in which to leave `from` to reach `to` on a great circle: degrees clockwise from north, 0 to below 360.
#[must_use]
pub fn heading(from: Point, to: Point) -> f64 {
    let (lat1, lat2) = (from.lat().to_radians(), to.lat().to_radians());
    let dlon = (to.lon() - from.lon()).to_radians();
    let east = dlon.sin() * lat2.cos();
    let north = lat1.cos() * lat2.sin() - lat1.sin() * lat2.cos() * dlon.cos();
    // The remainder of a tiny negative number is 360 itself.
    east.atan2(north).to_degrees().rem_euclid(360.0) % 360.0
}
