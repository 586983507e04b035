//! A shard at work: where its drivers are, which trips wait, and the rounds in which they are matched.
//!
//! Lives here: [`LiveShard::step`]: positions, standings, the waiting list; the rounds are in `round`.
//! Stays out: whether a driver may be had (the driver says), whether a trip still wants one (the trip says): the plan
//! is a proposal, and being wrong costs a round, never a double booking.
//! Touch with care: a driver near a border is found by asking the neighbours whose ground the search can reach; the
//! list of those is made once, in [`LiveShard::new`], and must never leave one out.

use std::collections::{BTreeMap, BTreeSet};

use geo::{Cell, Handle, Meters, NearIndex, Point, distance};

use crate::{
    Availability, Candidate, Chronicle, DriverId, Effect, Memory, Method, Ping, Policy, Seeker, ShardId, ShardInput,
    Solver, Standing, SurgeMap, Timestamp, TripId,
};

use crate::track::{Track, Verdict};

mod booked;
mod filing;
mod homeward;
mod opening;
mod pricing;
mod proposals;
mod record;
mod roaming;
mod round;
mod seen;
mod sharing;
mod soon;
mod spots;

use filing::Filing;
use opening::Opening;
use sharing::Sharers;
use soon::Soon;
use spots::{Filed, Spots};

pub use pricing::Estimate;
pub use record::Present;
pub use seen::{CarNearby, DriverFilter, DriverSeen};

/// Drivers are filed under their home up to [`Policy::border_slack`] beyond its border, and a bit more while they
/// move house; children of an H3 cell overhang it. A fifth of a shard's reach covers all of that.
const OVERHANG: f64 = 1.2;

/// One shard, as its actor holds it.
#[derive(Debug)]
pub struct LiveShard {
    id: ShardId,
    centre: Point,
    reach: Meters,
    /// Whoever is no farther from the centre than this is not beyond the border by the slack.
    inside: Meters,
    neighbours: Vec<Neighbour>,
    /// The free drivers.
    index: NearIndex<Filed>,
    /// Those who are about to drop a rider off, where that is.
    soon: NearIndex<Filed>,
    spots: Spots,
    /// The cars on its ground that take more riders.
    sharers: Sharers,
    waiting: BTreeMap<(Timestamp, TripId), Seeker>,
    /// Riders for later for whom every car would be too early, by when to look again.
    booked: BTreeMap<(Timestamp, TripId), Seeker>,
    next_round_at: Option<Timestamp>,
    round: Option<Round>,
    rounds: u64,
    counts: ShardCounts,
    chronicle: Chronicle,
    roaming: roaming::Roaming,
    /// Who is on the way home, and where that is.
    homeward: BTreeMap<DriverId, Point>,
    solver: Solver,
    surge: SurgeMap,
    /// While those who were here under the last owner come back.
    opening: Option<Opening>,
}

/// What a shard has seen, for metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShardCounts {
    /// Positions taken in.
    pub pings: u64,
    /// Positions dropped because a later one was known.
    pub pings_late: u64,
    /// Positions dropped because they were known already.
    pub pings_doubled: u64,
    /// Positions not believed because no car is that fast.
    pub pings_implausible: u64,
    /// Positions of drivers who are not at home here.
    pub pings_stray: u64,
    /// Rounds planned.
    pub rounds: u64,
    /// Rounds whose plan is not the best there is because [`crate::Matching::work_max`] ran out.
    pub rounds_cut_short: u64,
    /// Matches proposed.
    pub matches: u64,
    /// Rounds planned without an answer of every neighbour asked.
    pub rounds_without_neighbours: u64,
    /// Times to a pickup that the chosen provider of travel times could not tell.
    pub etas_fallback: u64,
    /// Idle drivers told where they had better wait.
    pub suggestions: u64,
}

#[derive(Debug)]
struct Neighbour {
    id: ShardId,
    centre: Point,
    reach: Meters,
}

/// Where a driver is and how it stands.
#[derive(Debug)]
struct Spot {
    /// The driver's number here: see [`Spots`].
    number: u32,
    standing: Standing,
    /// When the driver came to live here.
    since: Timestamp,
    track: Track,
    /// The driver's place in the index; only who is free has one.
    handle: Option<Handle>,
    /// The place of one who will be free soon.
    soon: Option<Soon>,
    /// What the driver's app said that no row holds.
    memory: Option<Memory>,
}

/// A round that waits for neighbours.
#[derive(Debug)]
struct Round {
    number: u64,
    until: Timestamp,
    awaiting: BTreeSet<ShardId>,
    told: BTreeMap<TripId, Vec<Candidate>>,
}

impl LiveShard {
    /// An empty shard that knows which neighbours a search under this policy can reach.
    #[must_use]
    pub fn new(id: ShardId, policy: &Policy) -> LiveShard {
        let (centre, reach) = (id.0.centre(), id.0.reach());
        let neighbours = reachable(id.0, policy.pickup_within.get() + policy.border_slack.get());
        LiveShard {
            id,
            centre,
            reach,
            inside: inside(id.0, policy),
            neighbours,
            index: NearIndex::new(),
            soon: NearIndex::new(),
            spots: Spots::default(),
            sharers: Sharers::default(),
            waiting: BTreeMap::new(),
            booked: BTreeMap::new(),
            next_round_at: None,
            round: None,
            rounds: 0,
            counts: ShardCounts::default(),
            chronicle: Chronicle::default(),
            roaming: roaming::Roaming::new(id, policy),
            homeward: BTreeMap::new(),
            solver: Solver::default(),
            surge: SurgeMap::default(),
            opening: None,
        }
    }

    /// Another policy is in force: what was worked out of the old one is worked out anew. What the shard has learned and who
    /// waits stay; the size of cells and of time slots, which those are counted by, does not change before the next start.
    pub fn adopt(&mut self, policy: &Policy) {
        self.neighbours = reachable(self.id.0, policy.pickup_within.get() + policy.border_slack.get());
        self.inside = inside(self.id.0, policy);
    }

    /// Which shard.
    #[must_use]
    pub fn id(&self) -> ShardId {
        self.id
    }

    /// What it has seen so far.
    #[must_use]
    pub fn counts(&self) -> ShardCounts {
        self.counts
    }

    /// How many trips wait for a driver.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// How many drivers may be matched.
    #[must_use]
    pub fn free(&self) -> usize {
        self.index.len()
    }

    /// Whether this driver may be matched.
    #[must_use]
    pub fn is_free(&self, driver: &DriverId) -> bool {
        self.spots.get(driver).is_some_and(|spot| spot.handle.is_some())
    }

    /// When time alone will change something.
    #[must_use]
    pub fn deadline(&self) -> Option<Timestamp> {
        let round = match &self.round {
            Some(round) => Some(round.until),
            None => self.next_round_at,
        };
        round.into_iter().chain(self.surge.deadline()).chain(self.roaming.deadline()).chain(self.look_at()).min()
    }

    /// Decides what `input` does to this shard at `now`. Overdue deadlines are settled first.
    pub fn step(&mut self, now: Timestamp, policy: &Policy, input: ShardInput) -> Vec<Effect> {
        let mut out = Vec::new();
        self.settle(now, policy, &mut out);
        match input {
            ShardInput::Pings(pings) => {
                for ping in pings {
                    self.pinged(now, policy, ping, &mut out);
                }
            }
            ShardInput::DriverIs { driver, standing } => self.driver_is(now, policy, driver, standing, &mut out),
            ShardInput::Remember { driver, memory } => {
                if let Some(spot) = self.spots.get_mut(&driver) {
                    spot.memory = Some(memory);
                }
            }
            ShardInput::Seek(seeker) => {
                self.look_for_company(now, policy, &seeker, &mut out);
                self.seek(now, policy, seeker);
            }
            ShardInput::Passing(input) => self.passing(now, policy, input, &mut out),
            ShardInput::Unseek(trip) => {
                self.waiting.retain(|_, seeker| seeker.trip != trip);
                self.unbook(trip);
            }
            ShardInput::AskNearby { from, round, seekers } => self.asked(now, policy, from, round, &seekers, &mut out),
            ShardInput::TellNearby { from, round, candidates } => {
                if self.gather(from, round, candidates) {
                    self.end_round(now, policy, &mut out);
                }
            }
            ShardInput::Outcome(outcome) => self.chronicle.came_to(&policy.explain, outcome),
            ShardInput::TimePassed => {}
        }
        self.settle(now, policy, &mut out);
        out
    }

    /// As [`LiveShard::step`] with one position, for those who bring them one by one: what follows is added to `out`.
    pub fn ping(&mut self, now: Timestamp, policy: &Policy, ping: Ping, out: &mut Vec<Effect>) {
        self.settle(now, policy, out);
        self.pinged(now, policy, ping, out);
        self.settle(now, policy, out);
    }

    fn settle(&mut self, now: Timestamp, policy: &Policy, out: &mut Vec<Effect>) {
        self.look_again(now, policy);
        self.open_if_due(now);
        if self.round.as_ref().is_some_and(|round| round.until <= now) {
            self.counts.rounds_without_neighbours += 1;
            self.end_round(now, policy, out);
        }
        if self.round.is_none() && self.next_round_at.is_some_and(|at| at <= now) {
            self.begin_round(now, policy, out);
        }
        self.refresh_surge(now, policy);
        self.roam(now, policy, out);
    }

    fn pinged(&mut self, now: Timestamp, policy: &Policy, ping: Ping, out: &mut Vec<Effect>) {
        let Some((spot, mut filing)) = self.spot(&ping.driver) else {
            self.counts.pings_stray += 1;
            return;
        };
        let verdict = spot.track.take(now, policy, &ping);
        // A free driver who is not believed may have to leave the index.
        let doubted = verdict == Verdict::Implausible && matches!(spot.standing, Standing::Free(_));
        if verdict == Verdict::Believed || doubted {
            filing.placed(now, policy, &ping.driver, spot, out);
        }
        match verdict {
            Verdict::Believed => self.counts.pings += 1,
            Verdict::Late => self.counts.pings_late += 1,
            Verdict::Doubled => self.counts.pings_doubled += 1,
            Verdict::Implausible => self.counts.pings_implausible += 1,
        }
    }

    /// A driver's spot, and where its position is filed: one look-up for all that a position changes.
    fn spot(&mut self, driver: &DriverId) -> Option<(&mut Spot, Filing<'_>)> {
        let spot = self.spots.get_mut(driver)?;
        let (index, soon) = (&mut self.index, &mut self.soon);
        Some((spot, Filing { id: self.id, centre: self.centre, inside: self.inside, index, soon }))
    }

    fn driver_is(
        &mut self,
        now: Timestamp,
        policy: &Policy,
        driver: DriverId,
        standing: Standing,
        out: &mut Vec<Effect>,
    ) {
        let before = self.spots.get(&driver).map_or(Availability::Offline, |spot| spot.standing.availability());
        if before != standing.availability() {
            self.chronicle.stands(&policy.explain, now, &driver, standing.availability());
        }
        self.roaming.stands(&driver, &standing);
        self.heads(&driver, standing);
        self.came_back(&driver, standing);
        if standing == Standing::Gone {
            if let Some((spot, mut filing)) = self.spot(&driver) {
                spot.standing = standing;
                filing.placed(now, policy, &driver, spot, out);
                self.spots.remove(&driver);
            }
            return;
        }
        let track = Track::default;
        self.spots.settle(&driver, |number| Spot {
            number,
            standing,
            since: now,
            track: track(),
            handle: None,
            soon: None,
            memory: None,
        });
        let Some((spot, mut filing)) = self.spot(&driver) else { return };
        spot.standing = standing;
        if let (Standing::Free(free), Some(handle)) = (standing, &spot.handle) {
            filing.index.retag(handle, free.vehicle.tags());
        }
        if let (Standing::Finishing { free, .. }, Some(soon)) = (standing, &spot.soon) {
            soon.retag(filing.soon, free.vehicle);
        }
        filing.placed(now, policy, &driver, spot, out);
    }

    /// Whether there are so many free drivers that waiting for other riders would not improve a match.
    fn is_plentiful(&self, policy: &Policy) -> bool {
        policy.immediate_above > 0.0 && self.index.len() as f64 >= policy.immediate_above * self.waiting.len() as f64
    }

    fn seek(&mut self, now: Timestamp, policy: &Policy, seeker: Seeker) {
        self.roaming.sought(now, &seeker);
        let Some(seeker) = self.hold_back(now, policy, seeker) else { return };
        let at_once = seeker.at_once;
        self.surge.wanted(now, &policy.surge, seeker.trip, seeker.pickup);
        self.waiting.insert((seeker.requested_at, seeker.trip), seeker);
        let at = match policy.method {
            Method::Nearest if at_once => now,
            Method::Nearest => now + policy.reply_within,
            Method::Batched if at_once && self.is_plentiful(policy) => now,
            Method::Batched => now + policy.match_every,
        };
        let at = self.not_before_opening(at);
        self.next_round_at = Some(self.next_round_at.map_or(at, |planned| planned.min(at)));
    }
}

/// How far from a shard's centre a driver may be and cannot have to move, wherever that is: who is `d` metres from this
/// centre is at least the way between the centres less `d` from the other one, and has to move only when that is
/// [`Policy::border_slack`] twice over nearer. No other centre is as near as the nearest neighbour's.
fn inside(home: Cell, policy: &Policy) -> Meters {
    let centre = home.centre();
    let apart = home.neighbours().into_iter().map(|cell| distance(centre, cell.centre()).get());
    let nearest = apart.fold(f64::INFINITY, f64::min);
    // A millimetre for the rounding of distances.
    Meters::new(nearest / 2.0 + policy.border_slack.get() - 1e-3).unwrap_or(Meters::ZERO)
}

/// The shards around `home` that a search of `radius` metres from inside it can reach: rings of cells, until a whole
/// ring is out of reach.
fn reachable(home: Cell, radius: f64) -> Vec<Neighbour> {
    let (centre, reach) = (home.centre(), home.reach().get());
    let mut seen = BTreeSet::from([home]);
    let mut edge = vec![home];
    let mut found = Vec::new();
    while !edge.is_empty() {
        let ring: BTreeSet<Cell> =
            edge.iter().flat_map(|cell| cell.neighbours()).filter(|c| !seen.contains(c)).collect();
        seen.extend(ring.iter().copied());
        let within =
            |cell: &Cell| distance(centre, cell.centre()).get() <= reach + radius + cell.reach().get() * OVERHANG;
        edge = ring.into_iter().filter(within).collect();
        found.extend(edge.iter().map(|&c| Neighbour { id: ShardId(c), centre: c.centre(), reach: c.reach() }));
    }
    found.sort_by_key(|neighbour| neighbour.id);
    found
}

#[cfg(test)]
mod tests;
