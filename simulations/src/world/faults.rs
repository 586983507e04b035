//! What goes wrong between the parts of a city, by chance that has a seed of its own.
//!
//! Lives here: [`Faults`], how often what goes wrong, and the dice.
//! Stays out: whom it happens to ([`super::carry`]); nodes that die and connections that break, which whoever runs the
//! city brings about ([`World::crash`](super::World::crash) and its like).
//! Touch with care: the order in which chance is asked. Moving one question changes the run of every seed.

use std::time::Duration;

use dispatch::WriteError;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// How often what goes wrong. Probabilities are those of one message or one question to the store.
///
/// What a driver says to the shard it lives in is late, but neither lost nor doubled nor overtaken: both live on one
/// thread, and a mailbox keeps its order. All else between drivers, trips and shards may cross a network.
#[derive(Clone, Debug, PartialEq)]
pub struct Faults {
    /// What chance is made from.
    pub seed: u64,
    /// A message never arrives.
    pub lost: f64,
    /// A message arrives twice, the second time on its own way.
    pub doubled: f64,
    /// A message takes up to [`Faults::late_max`] instead of up to [`Faults::hop_max`].
    pub late: f64,
    /// How long a usual message takes at most: those that take longer are overtaken.
    pub hop_max: Duration,
    /// How long a late message takes at most. More than an offer and its grace, so that it outlives both.
    pub late_max: Duration,
    /// The store takes no write now: nothing is written.
    pub busy: f64,
    /// The outcome of a write is never told. It was done before, or is done later, or never: a third each.
    pub unknown: f64,
    /// The store takes up to [`Faults::late_max`] for a write or a row instead of up to [`Faults::store_max`].
    pub slow: f64,
    /// How long the store usually takes at most.
    pub store_max: Duration,
    /// A row cannot be read now.
    pub unreadable: f64,
    /// How long a shard that was let go is without an owner at most.
    pub claim_max: Duration,
}

impl Default for Faults {
    /// A network and a store on a very bad day: about one message in twelve does not arrive as it should.
    fn default() -> Faults {
        Faults {
            seed: 1,
            lost: 0.03,
            doubled: 0.03,
            late: 0.03,
            hop_max: Duration::from_millis(60),
            late_max: Duration::from_secs(25),
            busy: 0.02,
            unknown: 0.004,
            slow: 0.02,
            store_max: Duration::from_millis(80),
            unreadable: 0.03,
            claim_max: Duration::from_secs(2),
        }
    }
}

impl Faults {
    /// The same, so many times as often; how long things take stays.
    #[must_use]
    pub fn times(self, share: f64) -> Faults {
        let times = |chance: f64| (chance * share).clamp(0.0, 1.0);
        Faults {
            lost: times(self.lost),
            doubled: times(self.doubled),
            late: times(self.late),
            busy: times(self.busy),
            unknown: times(self.unknown),
            slow: times(self.slow),
            unreadable: times(self.unreadable),
            ..self
        }
    }
}

/// How often what has gone wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct FaultCounts {
    /// Messages that never arrived.
    pub lost: u64,
    /// Messages that arrived twice.
    pub doubled: u64,
    /// Messages that were late.
    pub late: u64,
    /// Messages that arrive before one that was sent earlier on the same way.
    pub overtaken: u64,
    /// Writes that the store did not take.
    pub busy: u64,
    /// Writes whose outcome was not told.
    pub unknown: u64,
    /// Those of them that were done: their replies were lost.
    pub replies_lost: u64,
    /// Writes and rows that took long.
    pub slow: u64,
    /// Rows that could not be read.
    pub unreadable: u64,
    /// Shards that were let go and claimed anew.
    pub step_downs: u64,
    /// Nodes that died.
    pub crashes: u64,
    /// Connections of drivers that broke.
    pub lines_cut: u64,
    /// Owners of shards who stood still for a while.
    pub freezes: u64,
    /// Shards that another claimed while their owner did not know.
    pub usurped: u64,
}

impl FaultCounts {
    /// Counts these, too.
    pub fn add(&mut self, more: &FaultCounts) {
        self.lost += more.lost;
        self.doubled += more.doubled;
        self.late += more.late;
        self.overtaken += more.overtaken;
        self.busy += more.busy;
        self.unknown += more.unknown;
        self.replies_lost += more.replies_lost;
        self.slow += more.slow;
        self.unreadable += more.unreadable;
        self.step_downs += more.step_downs;
        self.crashes += more.crashes;
        self.lines_cut += more.lines_cut;
        self.freezes += more.freezes;
        self.usurped += more.usurped;
    }
}

/// What becomes of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Done after this time, told after the second.
    Told(Duration, Duration),
    /// Not done.
    Busy,
    /// Done or not, and when; told that nobody knows after the second time.
    Unknown(Option<Duration>, Duration),
}

/// The dice.
#[derive(Debug)]
pub(super) struct Chance {
    faults: Faults,
    rng: Pcg64Mcg,
}

impl Chance {
    pub(super) fn new(faults: Faults) -> Chance {
        Chance { rng: Pcg64Mcg::seed_from_u64(faults.seed ^ 0xfa_0175), faults }
    }

    fn within(&mut self, most: Duration) -> Duration {
        Duration::from_millis(self.rng.random_range(0..=u64::try_from(most.as_millis()).unwrap_or(u64::MAX)))
    }

    /// How long a message takes that nothing can happen to but to be late.
    pub(super) fn hop(&mut self) -> Duration {
        self.within(self.faults.hop_max)
    }

    /// How long each copy of a message takes; none when it is lost.
    pub(super) fn ways(&mut self, counts: &mut FaultCounts) -> Vec<Duration> {
        if self.rng.random_bool(self.faults.lost) {
            counts.lost += 1;
            return Vec::new();
        }
        let copies = if self.rng.random_bool(self.faults.doubled) { 2 } else { 1 };
        counts.doubled += copies - 1;
        let mut ways = Vec::new();
        for _ in 0..copies {
            let late = self.rng.random_bool(self.faults.late);
            counts.late += u64::from(late);
            ways.push(self.within(if late { self.faults.late_max } else { self.faults.hop_max }));
        }
        ways
    }

    /// How long the store takes.
    pub(super) fn store(&mut self, counts: &mut FaultCounts) -> Duration {
        let slow = self.rng.random_bool(self.faults.slow);
        counts.slow += u64::from(slow);
        self.within(if slow { self.faults.late_max } else { self.faults.store_max })
    }

    pub(super) fn write(&mut self, counts: &mut FaultCounts) -> Fate {
        if self.rng.random_bool(self.faults.busy) {
            counts.busy += 1;
            return Fate::Busy;
        }
        let (done, told) = (self.store(counts), self.store(counts));
        if !self.rng.random_bool(self.faults.unknown) {
            return Fate::Told(done, told);
        }
        counts.unknown += 1;
        let fate = self.rng.random_range(0..3);
        counts.replies_lost += u64::from(fate > 0);
        match fate {
            0 => Fate::Unknown(None, told),
            1 => Fate::Unknown(Some(done), done + told),
            _ => Fate::Unknown(Some(told + self.within(self.faults.claim_max * 2)), told),
        }
    }

    pub(super) fn unreadable(&mut self, counts: &mut FaultCounts) -> bool {
        let unreadable = self.rng.random_bool(self.faults.unreadable);
        counts.unreadable += u64::from(unreadable);
        unreadable
    }

    /// How long a shard is without an owner, and how long its new owner reads.
    pub(super) fn claim(&mut self) -> (Duration, Duration) {
        (self.within(self.faults.claim_max), self.within(self.faults.store_max))
    }

    /// Whether a write that was on its way when the node died is done all the same.
    pub(super) fn outlives(&mut self) -> bool {
        self.rng.random_bool(0.5)
    }
}

/// What the store is said to have answered when nobody knows.
pub(super) const NOBODY_KNOWS: WriteError = WriteError::Unknown;
