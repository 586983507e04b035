//! Whether this node takes what it is sent, and how much more slowly phones had better speak when it does not.
//!
//! Lives here: the gauge of strain, fed once a second by the flush of positions.
//! Stays out: what is shed (see [`crate::pings`]) and how phones are told.
//! Touch with care: it is a brake, not a measure. It doubles while there is strain, turns new phones away when slow ones are
//! not enough, and lets go by steps after two calm seconds. While more positions are passed over at the doors than are sent
//! on, the calm is its own doing, and it holds: a brake that let go then would pump.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long what was seen is gathered before it counts.
const JUDGED_EVERY: Duration = Duration::from_secs(1);

/// So many strained seconds at the slowest pace, and nobody new comes in.
const FULL_AFTER: u32 = 3;

/// Calm for so long, and the brake begins to let go.
const CALM_FOR: Duration = Duration::from_secs(2);

/// A flush so late is late by chance.
const LATE_UNCOUNTED: Duration = Duration::from_millis(20);

/// So late in all, within one judgement, says that this process gets too little of the machine.
const LATE_MAX: Duration = Duration::from_millis(250);

/// What every thread may ask.
#[derive(Clone, Debug)]
pub(crate) struct Load(Arc<Shown>);

#[derive(Debug)]
struct Shown {
    slowdown: AtomicU32,
    full: AtomicBool,
    /// Positions that were given up for newer ones at the doors, since the last judgement.
    passed_over: AtomicU64,
}

impl Default for Load {
    fn default() -> Load {
        let (full, passed_over) = (AtomicBool::new(false), AtomicU64::new(0));
        Load(Arc::new(Shown { slowdown: AtomicU32::new(1), full, passed_over }))
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

    /// Counts positions that were given up for newer ones before they were read.
    pub(crate) fn passed_over(&self, positions: u32) {
        self.0.passed_over.fetch_add(u64::from(positions), Ordering::Relaxed);
    }

    fn show(&self, gauge: &Gauge) {
        self.0.slowdown.store(gauge.slowdown, Ordering::Relaxed);
        self.0.full.store(gauge.full, Ordering::Relaxed);
    }
}

/// How the shards took a flush of positions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Strain {
    /// Every shard took its positions.
    #[default]
    None,
    /// A shard, or this process, lags behind.
    Lag,
    /// Positions were shed.
    Shed,
}

/// What one flush of positions met.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Flush {
    pub(crate) strain: Strain,
    /// How much later than it should it began.
    pub(crate) late: Duration,
    /// Positions sent on.
    pub(crate) sent: u64,
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
    /// All flushes since the last judgement: the worst strain, the sums of the rest.
    seen: Flush,
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
            seen: Flush::default(),
        }
    }

    /// Takes in one flush, and shows what follows.
    pub(crate) fn note(&mut self, now: Instant, flush: Flush, load: &Load) {
        self.seen.strain = self.seen.strain.max(flush.strain);
        self.seen.late += flush.late.saturating_sub(LATE_UNCOUNTED);
        self.seen.sent += flush.sent;
        if now.duration_since(self.judged_at) < JUDGED_EVERY {
            return;
        }
        self.judged_at = now;
        let Flush { strain, late, sent } = std::mem::take(&mut self.seen);
        let holds = load.0.passed_over.swap(0, Ordering::Relaxed) > sent;
        let strain = if late >= LATE_MAX { strain.max(Strain::Lag) } else { strain };
        if strain != Strain::None {
            self.at_slowest += u32::from(self.slowdown >= self.slowdown_max);
            self.full = self.at_slowest >= FULL_AFTER || strain == Strain::Shed && self.at_slowest > 0;
            self.slowdown = (self.slowdown * 2).min(self.slowdown_max);
            self.strained_at = Some(now);
        } else if holds {
            self.strained_at = Some(now);
        } else if self.strained_at.is_none_or(|at| now.duration_since(at) >= CALM_FOR) {
            (self.slowdown, self.full, self.at_slowest) = ((self.slowdown / 2).max(1), false, 0);
        }
        load.show(self);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a second is like: how a shard took its positions, how late the process was, how many positions were passed over
    /// at the doors for each hundred that were sent on.
    type Second = (Strain, u64, u32);

    const CALM: Second = (Strain::None, 0, 0);
    const LAG: Second = (Strain::Lag, 0, 0);
    const SHED: Second = (Strain::Shed, 0, 0);

    /// The slowdown after each second, and whether nobody new comes in.
    fn seconds(seconds: &[Second]) -> Vec<(u32, bool)> {
        let (start, load) = (Instant::now(), Load::default());
        let mut gauge = Gauge::new(4, start);
        let second = |(nth, (strain, late_ms, passed_over)): (usize, &Second)| {
            let late = Duration::from_millis(late_ms / 10 + 20);
            load.passed_over(*passed_over);
            // Ten late flushes, and the one at which it is judged.
            for tenth in 0..10 {
                let at = start + Duration::from_millis(1_000 * nth as u64 + 50 * tenth);
                gauge.note(at, Flush { strain: *strain, late, sent: 10 }, &load);
            }
            gauge.note(start + Duration::from_secs(nth as u64 + 1), Flush::default(), &load);
            (load.slowdown(), load.is_full())
        };
        seconds.iter().enumerate().map(second).collect()
    }

    #[test]
    fn phones_are_slowed_down_before_anybody_is_turned_away() {
        assert_eq!(seconds(&[SHED, SHED, SHED]), [(2, false), (4, false), (4, true)]);
    }

    #[test]
    fn who_only_lags_turns_people_away_later() {
        let lags = seconds(&[LAG, LAG, LAG, LAG, LAG]);
        assert_eq!(lags[2..], [(4, false), (4, false), (4, true)]);
    }

    #[test]
    fn a_process_that_is_late_lags_and_a_little_late_is_nothing() {
        assert_eq!(seconds(&[(Strain::None, 240, 0), (Strain::None, 260, 0)]), [(1, false), (2, false)]);
    }

    #[test]
    fn two_calm_seconds_let_people_in_and_then_phones_get_faster_step_by_step() {
        let after = seconds(&[SHED, SHED, SHED, CALM, CALM, CALM, CALM]);
        assert_eq!(after[3..], [(4, true), (2, false), (1, false), (1, false)]);
    }

    #[test]
    fn a_calm_of_its_own_doing_does_not_release_the_brake() {
        let (held, little) = ((Strain::None, 0, 101), (Strain::None, 0, 100));
        let after = seconds(&[SHED, SHED, held, held, held, held, little, little]);
        assert!(after[2..7].iter().all(|second| *second == (4, false)), "{after:?}");
        assert_eq!(after[7], (2, false), "two seconds in which most positions were sent on");
    }
}
