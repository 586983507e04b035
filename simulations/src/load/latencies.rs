//! How long things took, and when.
//!
//! Lives here: the times of one kind of thing, and what they come to between two moments.
//! Stays out: what is timed.

use std::time::Duration;

use serde::Serialize;

/// So many times are kept; later ones are counted and forgotten.
const KEPT_MAX: usize = 2_000_000;

/// The times of one kind of thing: when each ended, in seconds since the start, and how long it took, in milliseconds.
#[derive(Clone, Debug, Default)]
pub struct Latencies {
    kept: Vec<(f32, f32)>,
}

/// What some times come to, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Spread {
    /// How many there are.
    pub count: usize,
    /// Half of them took no longer.
    pub p50_ms: f64,
    /// Nine of ten took no longer.
    pub p90_ms: f64,
    /// 99 of 100 took no longer.
    pub p99_ms: f64,
    /// The longest.
    pub max_ms: f64,
}

impl Latencies {
    /// Notes that something ended at this moment of the run, and how long it took.
    pub fn note(&mut self, at: Duration, took: Duration) {
        if self.kept.len() < KEPT_MAX {
            self.kept.push((at.as_secs_f32(), took.as_secs_f32() * 1e3));
        }
    }

    /// What ended between two moments of the run, in seconds; nothing when nothing did.
    #[must_use]
    pub fn between(&self, from_s: f64, to_s: f64) -> Option<Spread> {
        let within = |at: f32| (from_s..to_s).contains(&f64::from(at));
        let mut took: Vec<f32> = self.kept.iter().filter(|(at, _)| within(*at)).map(|(_, took)| *took).collect();
        took.sort_unstable_by(f32::total_cmp);
        let last = took.len().checked_sub(1)?;
        let quantile = |share: f64| f64::from(took[(last as f64 * share).round() as usize]);
        Some(Spread {
            count: took.len(),
            p50_ms: quantile(0.5),
            p90_ms: quantile(0.9),
            p99_ms: quantile(0.99),
            max_ms: quantile(1.0),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_of_what_ended_in_between() {
        let mut latencies = Latencies::default();
        for ms in 1..=100 {
            latencies.note(Duration::from_secs(5), Duration::from_millis(ms));
        }
        latencies.note(Duration::from_secs(6), Duration::from_secs(9));
        let spread = latencies.between(5.0, 6.0).unwrap();
        assert_eq!(spread.count, 100);
        for (figure, expected) in [(spread.p50_ms, 51.0), (spread.p99_ms, 99.0), (spread.max_ms, 100.0)] {
            assert!((figure - expected).abs() < 0.01, "{figure} for {expected}");
        }
        assert_eq!(latencies.between(0.0, 5.0), None);
    }
}
