//! Drivers who are about to drop a rider off, as candidates for the next one.

use std::time::Duration;

use super::BadPolicy;

/// When a driver with a rider in the car is a candidate for another one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forward {
    /// A driver this near to the drop-off is a candidate: for the remaining time and the way from there. 0 is never.
    pub within: Duration,
    /// What it costs that the driver is not free yet, in seconds of pickup time: the ride may take longer than it seems,
    /// and a driver who is free can be had at once. Without it, promises made too early lost trips in our runs.
    pub penalty: f64,
    /// How much longer than expected a rider waits, at most, until a driver who has promised to come has dropped the
    /// other one off. It is half as long again, and at least a minute; then the search goes on.
    pub hold_max: Duration,
}

impl Default for Forward {
    fn default() -> Forward {
        Forward { within: Duration::from_secs(120), penalty: 60.0, hold_max: Duration::from_secs(180) }
    }
}

impl Forward {
    /// How long a promise is waited for when the rider in the car was to get out after so long.
    #[must_use]
    pub fn hold(&self, busy_for: Duration) -> Duration {
        busy_for.saturating_add((busy_for / 2).max(Duration::from_secs(60)).min(self.hold_max))
    }

    pub(super) fn check(&self) -> Result<(), BadPolicy> {
        let bad = |field, value: f64, allowed| Err(BadPolicy { field, value: value.to_string(), allowed });
        if !(0.0..=1_800.0).contains(&self.within.as_secs_f64()) {
            return bad("forward.within", self.within.as_secs_f64(), "0 s to 30 min");
        }
        if !(0.0..=3_600.0).contains(&self.penalty) {
            return bad("forward.penalty", self.penalty, "0 to 3600 s");
        }
        if !(0.0..=3_600.0).contains(&self.hold_max.as_secs_f64()) {
            return bad("forward.hold_max", self.hold_max.as_secs_f64(), "0 s to 1 h");
        }
        Ok(())
    }
}
