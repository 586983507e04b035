//! How long to wait before trying again: twice as long each time, up to a limit, and never all at once.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

/// How an outlet waits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Backoff {
    /// After the first failure.
    pub(super) first: Duration,
    /// At most.
    pub(super) max: Duration,
}

impl Backoff {
    /// How long to wait after this many failures in a row, from 1. Half of it is sure, the other half is by chance, so
    /// that events which failed together do not come back together. The chance is in `what`: who waits for what.
    pub(super) fn wait(self, failures: u32, what: &impl Hash) -> Duration {
        let doublings = failures.saturating_sub(1).min(32);
        let whole = self.first.saturating_mul(1_u32.checked_shl(doublings).unwrap_or(u32::MAX)).min(self.max);
        let mut hasher = DefaultHasher::new();
        (what, failures).hash(&mut hasher);
        // 53 bits are what a number from 0 to 1 can hold.
        let chance = (hasher.finish() >> 11) as f64 / (1_u64 << 53) as f64;
        whole.mul_f64(0.5 + chance / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACKOFF: Backoff = Backoff { first: Duration::from_millis(100), max: Duration::from_secs(5) };

    #[test]
    fn each_wait_is_at_most_twice_the_last_and_none_is_longer_than_the_longest() {
        for failures in 1..100_u32 {
            let whole = Duration::from_millis(100).mul_f64(2_f64.powi(failures.min(20) as i32 - 1)).min(BACKOFF.max);
            let wait = BACKOFF.wait(failures, &"billing");
            assert!(wait >= whole / 2 && wait <= whole, "{failures}: {wait:?} of {whole:?}");
        }
        assert!(BACKOFF.wait(u32::MAX, &"billing") <= BACKOFF.max);
    }

    #[test]
    fn events_that_failed_together_come_back_apart() {
        let mut waits: Vec<Duration> = (0..100).map(|line| BACKOFF.wait(3, &line)).collect();
        waits.sort_unstable();
        waits.dedup();
        assert!(waits.len() > 90, "{} of 100", waits.len());
    }
}
