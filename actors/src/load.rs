//! Whether this node takes what it is sent, and how much more slowly phones had better speak when it does not.
//!
//! Lives here: the gauge of strain, fed once a second by the flush of positions.
//! Stays out: what is shed (see [`crate::pings`]) and how phones are told.
//! Touch with care: it is a brake, not a measure. It doubles while there is strain, turns new phones away when slow ones are
//! not enough, and lets go in two calm seconds.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// How long what was seen is gathered before it counts.
const JUDGED_EVERY: Duration = Duration::from_secs(1);

/// So many strained seconds at the slowest pace, and nobody new comes in.
const FULL_AFTER: u32 = 3;

/// Calm for so long, and the brake lets go.
const CALM_FOR: Duration = Duration::from_secs(2);

/// What every thread may ask.
#[derive(Clone, Debug)]
pub(crate) struct Load(Arc<Shown>);

#[derive(Debug)]
struct Shown {
    slowdown: AtomicU32,
    full: AtomicBool,
}

impl Default for Load {
    fn default() -> Load {
        Load(Arc::new(Shown { slowdown: AtomicU32::new(1), full: AtomicBool::new(false) }))
    }
}

impl Load {
    /// How many times less often phones had better say where they are: 1 when all is well.
    pub(crate) fn slowdown(&self) -> u32 {
        self.0.slowdown.load(Ordering::Relaxed)
    }

    /// Whether slower phones were not enough: nobody new should come in.
    pub(crate) fn is_full(&self) -> bool {
        self.0.full.load(Ordering::Relaxed)
    }

    fn show(&self, gauge: &Gauge) {
        self.0.slowdown.store(gauge.slowdown, Ordering::Relaxed);
        self.0.full.store(gauge.full, Ordering::Relaxed);
    }
}

/// How much a flush of positions met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strain {
    /// Every shard took its positions.
    None,
    /// A shard, or this process, lags behind.
    Lag,
    /// Positions were shed.
    Shed,
}

/// Judges the strain of the last while.
#[derive(Debug)]
pub(crate) struct Gauge {
    slowdown_max: u32,
    slowdown: u32,
    full: bool,
    judged_at: Instant,
    strained_at: Option<Instant>,
    /// Strained judgements since phones are as slow as they can be asked to be.
    at_slowest: u32,
    worst: Strain,
}

impl Gauge {
    pub(crate) fn new(slowdown_max: u32, now: Instant) -> Gauge {
        Gauge {
            slowdown_max: slowdown_max.max(1),
            slowdown: 1,
            full: false,
            judged_at: now,
            strained_at: None,
            at_slowest: 0,
            worst: Strain::None,
        }
    }

    /// Takes in one flush, and shows what follows.
    pub(crate) fn note(&mut self, now: Instant, strain: Strain, load: &Load) {
        self.worst = match (self.worst, strain) {
            (Strain::Shed, _) | (_, Strain::Shed) => Strain::Shed,
            (Strain::Lag, _) | (_, Strain::Lag) => Strain::Lag,
            (Strain::None, Strain::None) => Strain::None,
        };
        if now.duration_since(self.judged_at) < JUDGED_EVERY {
            return;
        }
        self.judged_at = now;
        let worst = std::mem::replace(&mut self.worst, Strain::None);
        if worst == Strain::None {
            if self.strained_at.is_none_or(|at| now.duration_since(at) >= CALM_FOR) {
                (self.slowdown, self.full, self.at_slowest) = (1, false, 0);
            }
        } else {
            self.at_slowest += u32::from(self.slowdown >= self.slowdown_max);
            self.full = self.at_slowest >= FULL_AFTER || worst == Strain::Shed && self.at_slowest > 0;
            self.slowdown = (self.slowdown * 2).min(self.slowdown_max);
            self.strained_at = Some(now);
        }
        load.show(self);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The slowdown after each second, and whether nobody new comes in.
    fn seconds(strains: &[Strain]) -> Vec<(u32, bool)> {
        let (start, load) = (Instant::now(), Load::default());
        let mut gauge = Gauge::new(4, start);
        let second = |(nth, strain): (usize, &Strain)| {
            gauge.note(start + Duration::from_millis(1_000 * nth as u64 + 500), *strain, &load);
            gauge.note(start + Duration::from_secs(nth as u64 + 1), Strain::None, &load);
            (load.slowdown(), load.is_full())
        };
        strains.iter().enumerate().map(second).collect()
    }

    #[test]
    fn phones_are_slowed_down_before_anybody_is_turned_away() {
        use Strain::Shed;
        assert_eq!(seconds(&[Shed, Shed, Shed]), [(2, false), (4, false), (4, true)]);
    }

    #[test]
    fn who_only_lags_turns_people_away_later() {
        use Strain::Lag;
        let lags = seconds(&[Lag, Lag, Lag, Lag, Lag]);
        assert_eq!(lags[2..], [(4, false), (4, false), (4, true)]);
    }

    #[test]
    fn two_calm_seconds_are_enough() {
        use Strain::{None, Shed};
        let after = seconds(&[Shed, Shed, Shed, None, None, None]);
        assert_eq!(after[3..], [(4, true), (1, false), (1, false)]);
    }
}
