//! How much one rider may ask for.

use super::BadPolicy;

/// What one rider may have under way at once, and how often call off. 0 is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RiderPolicy {
    /// Trips under way, for oneself and others: a family at an airport needs two or three.
    pub active_max: u32,
    /// Of those, trips that still search: each holds drivers.
    pub searching_max: u32,
    /// Trips called off within an hour, whatever for: each has cost a driver's time.
    pub cancellations_max: u32,
}

impl Default for RiderPolicy {
    fn default() -> RiderPolicy {
        RiderPolicy { active_max: 5, searching_max: 3, cancellations_max: 10 }
    }
}

impl RiderPolicy {
    /// Checks every number once, at the border.
    pub(super) fn check(&self) -> Result<(), BadPolicy> {
        let numbers = [
            ("riders.active_max", self.active_max),
            ("riders.searching_max", self.searching_max),
            ("riders.cancellations_max", self.cancellations_max),
        ];
        for (field, value) in numbers {
            if value > 1_000 {
                return Err(BadPolicy { field, value: value.to_string(), allowed: "0 (no limit) to 1000" });
            }
        }
        Ok(())
    }
}
