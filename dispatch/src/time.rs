//! Time as it is handed in: a number of milliseconds, real or simulated.

use std::ops::{Add, Sub};
use std::time::Duration;

/// A moment, in milliseconds since the Unix epoch on the clock of whoever runs the city.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

/// The latest moment that fits a trip's name: the year 10889.
const MILLIS_MAX: u64 = (1 << 48) - 1;

impl Timestamp {
    /// The last moment there is.
    pub const MAX: Timestamp = Timestamp(MILLIS_MAX);

    /// The moment this many milliseconds after the Unix epoch; a moment past the year 10889 becomes that year.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Timestamp {
        Timestamp(if millis > MILLIS_MAX { MILLIS_MAX } else { millis })
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn millis(self) -> u64 {
        self.0
    }

    /// The time from `earlier` to this moment; zero when `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Timestamp {
    type Output = Timestamp;

    fn add(self, later: Duration) -> Timestamp {
        Timestamp::from_millis(self.0.saturating_add(u64::try_from(later.as_millis()).unwrap_or(u64::MAX)))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Timestamp;

    fn sub(self, earlier: Duration) -> Timestamp {
        Timestamp(self.0.saturating_sub(u64::try_from(earlier.as_millis()).unwrap_or(u64::MAX)))
    }
}
