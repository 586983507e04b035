//! Free cars as riders may see them: that there are some, and about where, and nothing that can be followed.
//!
//! Lives here: how a place is blurred and a car is renamed.
//! Stays out: which cars there are (the city says, by their cells alone).
//! Touch with care: what is shown of a car depends on its cell, its driver, the window of time and a key, and on nothing
//! else. Fresh noise for each answer would be averaged away by asking a thousand times, and choosing cars by where they
//! really are would let a rider find the place by moving a circle over it.

use std::time::Duration;

use dispatch::{CarNearby, Timestamp};
use geo::{Meters, Point, Resolution};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// How free cars are shown to riders.
#[derive(Clone, Debug, PartialEq)]
pub struct NearbySettings {
    /// How many are shown at most.
    pub cars_max: usize,
    /// How far away a car is still shown.
    pub radius: Meters,
    /// How large the cells are that a place is told by: whatever noise is averaged away, no more than the cell comes out.
    pub resolution: u8,
    /// How far from the middle of its cell a car is shown, at most.
    pub jitter: Meters,
    /// How long a car keeps its name and its place within the cell.
    pub window: Duration,
}

impl Default for NearbySettings {
    fn default() -> NearbySettings {
        NearbySettings {
            cars_max: 8,
            radius: Meters::whole(2_000),
            // A tenth of a square kilometre, 200 m from the middle to a corner: a few blocks.
            resolution: 9,
            // So far that cars of one cell do not stand on each other, and reach into the next.
            jitter: Meters::whole(200),
            window: Duration::from_secs(60),
        }
    }
}

impl NearbySettings {
    /// The cells that places are told by.
    pub(crate) fn cells(&self) -> Resolution {
        Resolution::new(self.resolution).unwrap_or(Resolution::SHARD)
    }
}

/// Ages are told in steps of this: an exact one would tell a car from the others, and again a minute later.
const AGE_STEP: Duration = Duration::from_secs(10);

const METRES_A_DEGREE: f64 = 111_195.0;

/// A car as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Shown {
    /// A name for a window of time.
    pub(crate) car: String,
    pub(crate) point: Point,
    pub(crate) age: Duration,
}

/// The key of one process, and how it is used. Made anew at each start: nothing that is shown outlives a window anyway.
pub(crate) struct Nearby {
    pub(crate) settings: NearbySettings,
    key: [u8; 32],
}

impl std::fmt::Debug for Nearby {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Nearby").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Nearby {
    /// With a key by chance; `None` when the system has none to give.
    pub(crate) fn new(settings: NearbySettings) -> Option<Nearby> {
        let mut key = [0; 32];
        getrandom::fill(&mut key).ok()?;
        Some(Nearby { settings, key })
    }

    /// How a car is shown.
    pub(crate) fn show(&self, now: Timestamp, car: &CarNearby) -> Shown {
        let settings = &self.settings;
        let window = now.millis() / (u64::try_from(settings.window.as_millis()).unwrap_or(u64::MAX).max(1));
        let [name, turn, way] = self.chance(car, window);
        let centre = car.cell.centre();
        // Uniform over a disc: by the area, not by the radius.
        let away = settings.jitter.get() * fraction(way).sqrt();
        let angle = std::f64::consts::TAU * fraction(turn);
        let north = away * angle.cos() / METRES_A_DEGREE;
        let east = away * angle.sin() / (METRES_A_DEGREE * centre.lat().to_radians().cos().max(0.01));
        let point = Point::new((centre.lat() + north).clamp(-90.0, 90.0), wrapped(centre.lon() + east));
        let steps = now.since(car.at).as_millis() / AGE_STEP.as_millis();
        let age = AGE_STEP * u32::try_from(steps).unwrap_or(u32::MAX);
        Shown { car: format!("{name:016x}"), point: point.unwrap_or(centre), age }
    }

    /// Three numbers that nobody can tell beforehand, the same for one car in one cell in one window.
    fn chance(&self, car: &CarNearby, window: u64) -> [u64; 3] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("a key of HMAC may have any length");
        mac.update(&window.to_be_bytes());
        mac.update(car.driver.as_str().as_bytes());
        let bytes = mac.finalize().into_bytes();
        [0, 8, 16].map(|from| bytes[from..from + 8].iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }
}

/// A number from 0 to 1.
fn fraction(chance: u64) -> f64 {
    // 53 bits are what a float holds.
    (chance >> 11) as f64 / (1_u64 << 53) as f64
}

fn wrapped(lon: f64) -> f64 {
    if lon > 180.0 {
        lon - 360.0
    } else if lon < -180.0 {
        lon + 360.0
    } else {
        lon
    }
}

#[cfg(test)]
mod tests;
