//! How much a matching round may do.

use super::BadPolicy;

/// The deadline of a round. The core knows no clock, so it is counted in work: the same everywhere, and a replay meets
/// it at the same step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Matching {
    /// How many edges between riders and drivers the exact plan may read in its searches. After that the best plan so
    /// far is taken, completed greedily, and counted. An edge takes 10 to 25 ns, so the default is about half a second,
    /// a quarter of the window; 10,000 riders with 32 candidates each need one to three million where one side is
    /// scarce, and up to 40 million where riders and drivers are exactly as many.
    pub work_max: u64,
}

impl Default for Matching {
    fn default() -> Matching {
        Matching { work_max: 25_000_000 }
    }
}

impl Matching {
    pub(super) fn check(&self) -> Result<(), BadPolicy> {
        if (10_000..=1_000_000_000).contains(&self.work_max) {
            return Ok(());
        }
        let value = self.work_max.to_string();
        Err(BadPolicy { field: "matching.work_max", value, allowed: "10000 to 1000000000" })
    }
}
