//! What time it is in the city.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use dispatch::Timestamp;

/// The city's clock: set once from the wall clock (or from a script), then driven by the monotonic clock, so that no
/// correction of the machine's time makes a deadline jump. A scaled clock runs a simulated city faster than life.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    origin: Timestamp,
    started: Instant,
    factor: f64,
}

impl Clock {
    /// The time people have.
    #[must_use]
    pub fn real() -> Clock {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let origin = Timestamp::default() + since_epoch;
        Clock::scaled(origin, 1.0)
    }

    /// A time that starts at `start` now and runs `factor` times as fast as the wall clock.
    #[must_use]
    pub fn scaled(start: Timestamp, factor: f64) -> Clock {
        Clock { origin: start, started: Instant::now(), factor }
    }

    /// What time it is.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.origin + self.started.elapsed().mul_f64(self.factor)
    }

    /// How many times as fast as the wall clock this one runs.
    #[must_use]
    pub fn factor(&self) -> f64 {
        self.factor
    }

    /// How long one must really wait for a duration of the city to pass.
    #[must_use]
    pub fn wall(&self, city: Duration) -> Duration {
        city.div_f64(self.factor)
    }
}
