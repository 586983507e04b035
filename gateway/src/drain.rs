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

    /// For how long it has been under way.
    pub(crate) fn lasts(&self) -> Duration {
        self.since.elapsed()
    }

    /// How long the turns take together.
    pub(crate) fn window(&self) -> Duration {
        self.window
    }

    /// How long until everybody has had a turn.
    pub(crate) fn left(&self) -> Duration {
        self.window.saturating_sub(self.lasts())
    }

    /// When the next one who asks is to leave: spread evenly over what is left of the window, however many there are.
    pub(crate) fn turn(&self) -> Instant {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        // Steps of the golden ratio are spread evenly, whether there are ten of them or a hundred thousand.
        let step = NEXT.fetch_add(618_034, Ordering::Relaxed) % 1_000_000;
        Instant::now() + self.left().mul_f64(step as f64 / 1e6)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn turns_are_spread_evenly_over_the_window() {
        let window = Duration::from_secs(10);
        let drain = Drain::over(window);
        let mut tenths = [0_u32; 10];
        for _ in 0..1_000 {
            let after = drain.turn() - Instant::now();
            tenths[after.as_secs() as usize] += 1;
        }
        assert!(tenths.iter().all(|turns| (95..=105).contains(turns)), "{tenths:?}");
        tokio::time::advance(Duration::from_secs(30)).await;
        assert_eq!((drain.left(), drain.turn()), (Duration::ZERO, Instant::now()), "who comes late leaves at once");
    }
}
