//! A server that is to be empty soon: nobody new comes in, and who is here leaves one by one.
//!
//! Lives here: the window of a drain, and whose turn it is when.
//! Stays out: sockets, HTTP, why it is drained.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// A drain under way. Real time, not the city's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Drain {
    since: Instant,
    window: Duration,
}

impl Drain {
    /// Begins now; within the window everybody has had a turn.
    pub(crate) fn over(window: Duration) -> Drain {
        Drain { since: Instant::now(), window }
    }

    /// How long the turns take together.
    pub(crate) fn window(&self) -> Duration {
        self.window
    }

    /// How long until everybody has had a turn.
    pub(crate) fn left(&self) -> Duration {
        self.left_at(Instant::now())
    }

    /// When the next one who asks is to leave.
    pub(crate) fn turn(&self) -> Instant {
        self.turn_at(Instant::now())
    }

    fn left_at(&self, now: Instant) -> Duration {
        self.window.saturating_sub(now.duration_since(self.since))
    }

    /// Spread evenly over what is left of the window, however many there are.
    fn turn_at(&self, now: Instant) -> Instant {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        // Steps of the golden ratio are spread evenly, whether there are ten of them or a hundred thousand.
        let step = NEXT.fetch_add(618_034, Ordering::Relaxed) % 1_000_000;
        now + self.left_at(now).mul_f64(step as f64 / 1e6)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_spread_evenly_over_the_window() {
        let drain = Drain::over(Duration::from_secs(10));
        let mut tenths = [0_u32; 10];
        for _ in 0..1_000 {
            let after = drain.turn_at(drain.since) - drain.since;
            tenths[(after.as_millis() / 1_000) as usize] += 1;
        }
        assert!(tenths.iter().all(|turns| (95..=105).contains(turns)), "{tenths:?}");
        let late = drain.since + Duration::from_secs(30);
        assert_eq!((drain.left_at(late), drain.turn_at(late)), (Duration::ZERO, late), "who comes late leaves at once");
    }
}
