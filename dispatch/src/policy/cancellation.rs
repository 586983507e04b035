//! What calling off costs, as far as time decides it.

use std::time::Duration;

use super::BadPolicy;

/// When calling off is free, and when a rider who does not come has stood a driver up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CancellationPolicy {
    /// How long after a driver accepted a rider may call off for nothing. Two minutes are hardly a detour for the car.
    pub free_for: Duration,
    /// How long a driver waits at the pickup before a rider who has not come counts as a no-show. Three minutes are the
    /// free waiting time of the Beckn mobility specification's example.
    pub no_show_after: Duration,
}

impl Default for CancellationPolicy {
    fn default() -> CancellationPolicy {
        CancellationPolicy { free_for: Duration::from_secs(120), no_show_after: Duration::from_secs(180) }
    }
}

impl CancellationPolicy {
    /// Checks every number once, at the border.
    pub(super) fn check(&self) -> Result<(), BadPolicy> {
        let numbers = [("cancellation.free_for", self.free_for), ("cancellation.no_show_after", self.no_show_after)];
        for (field, value) in numbers {
            if value > Duration::from_secs(3_600) {
                return Err(BadPolicy { field, value: format!("{} s", value.as_secs_f64()), allowed: "0 s to 1 h" });
            }
        }
        Ok(())
    }
}
