//! A position on the ground, checked once.

/// A position in WGS84 degrees: finite, latitude in -90..=90, longitude in -180..=180.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    lat: f64,
    lon: f64,
}

/// Why two numbers are not a position on Earth.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("{field} is {value}, allowed is a finite number of degrees from -{limit} to {limit}")]
pub struct NotAPoint {
    /// Which coordinate: `lat` or `lon`.
    pub field: &'static str,
    /// What was given.
    pub value: f64,
    /// The largest magnitude allowed, in degrees.
    pub limit: f64,
}

impl Point {
    /// Checks a latitude and a longitude in WGS84 degrees, so that no later code has to.
    ///
    /// # Errors
    /// [`NotAPoint`] names the coordinate that is NaN, infinite or out of range.
    pub fn new(lat: f64, lon: f64) -> Result<Point, NotAPoint> {
        check("lat", lat, 90.0)?;
        check("lon", lon, 180.0)?;
        Ok(Point { lat, lon })
    }

    /// Latitude in degrees, north positive.
    #[must_use]
    pub fn lat(self) -> f64 {
        self.lat
    }

    /// Longitude in degrees, east positive.
    #[must_use]
    pub fn lon(self) -> f64 {
        self.lon
    }

    /// The same place as a vector of length 1 from the Earth's centre. The straight line (chord) between two
    /// such vectors grows with the great-circle distance and knows neither seam nor pole.
    pub(crate) fn unit(self) -> [f64; 3] {
        let (lat, lon) = (self.lat.to_radians(), self.lon.to_radians());
        [lat.cos() * lon.cos(), lat.cos() * lon.sin(), lat.sin()]
    }
}

fn check(field: &'static str, value: f64, limit: f64) -> Result<(), NotAPoint> {
    if value.is_finite() && value.abs() <= limit { Ok(()) } else { Err(NotAPoint { field, value, limit }) }
}
