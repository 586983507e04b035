//! Rides that halt on their way, and riders who change it.

use std::time::Duration;

use super::BadPolicy;

/// Rides that halt on their way, and riders who change it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StopPolicy {
    /// How long a stop takes, in prices and in times of arrival. Two minutes are what somebody takes who fetches a child;
    /// peers ask riders to stay below three.
    pub each: Duration,
    /// How many times a rider may change the way of one trip. 0 is never.
    pub changes_max: u16,
}

impl Default for StopPolicy {
    fn default() -> StopPolicy {
        StopPolicy { each: Duration::from_secs(120), changes_max: 10 }
    }
}

impl StopPolicy {
    /// Checks every number once, at the border.
    pub(super) fn check(&self) -> Result<(), BadPolicy> {
        if self.each > Duration::from_secs(1_800) {
            let value = format!("{} s", self.each.as_secs_f64());
            return Err(BadPolicy { field: "stops.each", value, allowed: "0 s to 30 min" });
        }
        if self.changes_max > 1_000 {
            let value = self.changes_max.to_string();
            return Err(BadPolicy { field: "stops.changes_max", value, allowed: "0 (never) to 1000" });
        }
        Ok(())
    }
}
