//! How often something has fallen over lately: once may be chance, again and again is a fault that comes back.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// What counts as lately.
const LATELY: Duration = Duration::from_secs(60);

/// So many falls in a minute may be chance.
const CHANCE: usize = 3;

/// How long whoever falls again and again waits at first, and at most.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(15);

/// The falls of the last minute; more than a few dozen are not told apart.
#[derive(Debug, Default)]
pub(crate) struct Falls(VecDeque<Instant>);

impl Falls {
    /// One more, now.
    pub(crate) fn note(&mut self, now: Instant) {
        self.0.retain(|at| now.duration_since(*at) < LATELY);
        if self.0.len() < 32 {
            self.0.push_back(now);
        }
    }

    /// Whether there were more than chance explains.
    pub(crate) fn are_many(&self) -> bool {
        self.0.len() > CHANCE
    }

    /// How long to wait before standing up again: not at all for chance, then twice as long each time.
    pub(crate) fn wait(&self) -> Duration {
        match self.0.len().checked_sub(CHANCE + 1) {
            None => Duration::ZERO,
            Some(beyond) => FIRST_WAIT.saturating_mul(1 << beyond.min(16)).min(LONGEST_WAIT),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_falls_in_a_minute_are_chance_and_from_the_fourth_it_waits_longer_each_time() {
        let (mut falls, start) = (Falls::default(), Instant::now());
        let waits: Vec<u64> = (0..7)
            .map(|second| {
                falls.note(start + Duration::from_secs(second));
                falls.wait().as_millis() as u64
            })
            .collect();
        assert_eq!(waits, [0, 0, 0, 500, 1_000, 2_000, 4_000]);
        falls.note(start + Duration::from_secs(120));
        assert!(!falls.are_many());
        assert_eq!(falls.wait(), Duration::ZERO);
    }

    #[test]
    fn however_often_it_falls_it_stands_up_within_a_quarter_of_a_minute() {
        let (mut falls, start) = (Falls::default(), Instant::now());
        (0..100).for_each(|_| falls.note(start));
        assert_eq!(falls.wait(), Duration::from_secs(15));
    }
}
