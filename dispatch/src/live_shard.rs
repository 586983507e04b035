//! A shard at work: where its drivers are, which trips wait, and the rounds in which they are matched.
//!
//! Lives here: [`LiveShard::step`]: positions, the waiting list, asking the neighbours, planning.
//! Stays out: whether a driver may be had (the driver says), whether a trip still wants one (the trip says): the plan
//! is a proposal, and being wrong costs a round, never a double booking.
//! Touch with care: a driver near a border is found by asking the neighbours whose ground the search can reach; the
//! list of those is made once, in [`LiveShard::new`], and must never leave one out.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use geo::{Cell, Handle, Meters, NearIndex, Point, Search, distance};

use crate::{
    Candidate, DriverId, DriverInput, Edge, Effect, Eta, Method, Ping, Policy, Problem, Seeker, ShardId, ShardInput,
    Standing, Timestamp, TripId, TripInput, plan,
};

use crate::track::{Position, Track, Verdict, millis};

/// Drivers are filed under their home up to [`Policy::border_slack`] beyond its border, and a bit more while they
/// move house; children of an H3 cell overhang it. A fifth of a shard's reach covers all of that.
const OVERHANG: f64 = 1.2;

/// One shard, as its actor holds it.
#[derive(Debug)]
pub struct LiveShard {
    id: ShardId,
    centre: Point,
    reach: Meters,
    neighbours: Vec<Neighbour>,
    /// The free drivers.
    index: NearIndex<DriverId>,
    spots: HashMap<DriverId, Spot>,
    waiting: BTreeMap<(Timestamp, TripId), Seeker>,
    next_round_at: Option<Timestamp>,
    round: Option<Round>,
    rounds: u64,
    counts: ShardCounts,
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
    /// Matches proposed.
    pub matches: u64,
    /// Rounds planned without an answer of every neighbour asked.
    pub rounds_without_neighbours: u64,
    /// Times to a pickup that the chosen provider of travel times could not tell.
    pub etas_fallback: u64,
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
    standing: Standing,
    /// When the driver came to live here.
    since: Timestamp,
    track: Track,
    /// The driver's place in the index; only who is free has one.
    handle: Option<Handle>,
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
            neighbours,
            index: NearIndex::new(),
            spots: HashMap::new(),
            waiting: BTreeMap::new(),
            next_round_at: None,
            round: None,
            rounds: 0,
            counts: ShardCounts::default(),
        }
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
        match &self.round {
            Some(round) => Some(round.until),
            None => self.next_round_at,
        }
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
            ShardInput::Seek(seeker) => self.seek(now, policy, seeker),
            ShardInput::Unseek(trip) => self.waiting.retain(|_, seeker| seeker.trip != trip),
            ShardInput::AskNearby { from, round, seekers } => self.asked(now, policy, from, round, &seekers, &mut out),
            ShardInput::TellNearby { from, round, candidates } => {
                if self.gather(from, round, candidates) {
                    self.end_round(now, policy, &mut out);
                }
            }
            ShardInput::TimePassed => {}
        }
        self.settle(now, policy, &mut out);
        out
    }

    fn settle(&mut self, now: Timestamp, policy: &Policy, out: &mut Vec<Effect>) {
        if self.round.as_ref().is_some_and(|round| round.until <= now) {
            self.counts.rounds_without_neighbours += 1;
            self.end_round(now, policy, out);
        }
        if self.round.is_none() && self.next_round_at.is_some_and(|at| at <= now) {
            self.begin_round(now, policy, out);
        }
    }

    fn pinged(&mut self, now: Timestamp, policy: &Policy, ping: Ping, out: &mut Vec<Effect>) {
        let Some(spot) = self.spots.get_mut(&ping.driver) else {
            self.counts.pings_stray += 1;
            return;
        };
        match spot.track.take(now, policy, &ping) {
            Verdict::Believed => {
                self.counts.pings += 1;
                self.placed(now, policy, &ping.driver, out);
            }
            Verdict::Late => self.counts.pings_late += 1,
            Verdict::Doubled => self.counts.pings_doubled += 1,
            Verdict::Implausible => {
                self.counts.pings_implausible += 1;
                if matches!(spot.standing, Standing::Free(_)) {
                    self.placed(now, policy, &ping.driver, out);
                }
            }
        }
    }

    /// What follows from a driver's position and standing.
    fn placed(&mut self, now: Timestamp, policy: &Policy, driver: &DriverId, out: &mut Vec<Effect>) {
        let Some(spot) = self.spots.get_mut(driver) else { return };
        let position = spot.track.position();
        match (spot.standing, position) {
            // A driver in doubt leaves the index, and comes back with positions that are believed.
            (Standing::Free(vehicle), Some(position)) if spot.track.plausibility() >= policy.plausibility_min => {
                match &spot.handle {
                    Some(handle) => self.index.update(handle, position.fix()),
                    None => spot.handle = Some(self.index.insert(driver.clone(), vehicle.tags(), position.fix())),
                }
                self.check_border(now, policy, driver, out);
                return;
            }
            (Standing::Driving(trip), Some(position)) => {
                out.push(Effect::ToTrip { to: trip, input: TripInput::CarMoved(position.car()) });
            }
            _ => {}
        }
        if let Some(handle) = spot.handle.take() {
            self.index.remove(handle);
        }
    }

    fn driver_is(
        &mut self,
        now: Timestamp,
        policy: &Policy,
        driver: DriverId,
        standing: Standing,
        out: &mut Vec<Effect>,
    ) {
        if standing == Standing::Gone {
            if let Some(handle) = self.spots.remove(&driver).and_then(|spot| spot.handle) {
                self.index.remove(handle);
            }
            return;
        }
        let new = || Spot { standing, since: now, track: Track::default(), handle: None };
        let spot = self.spots.entry(driver.clone()).or_insert_with(new);
        spot.standing = standing;
        if let (Standing::Free(vehicle), Some(handle)) = (standing, &spot.handle) {
            self.index.retag(handle, vehicle.tags());
        }
        self.placed(now, policy, &driver, out);
    }

    /// A free driver who is well beyond the border is told to move. Both centres are equally far from a point on the
    /// border, and each metre beyond it adds two metres to the difference.
    fn check_border(&mut self, now: Timestamp, policy: &Policy, driver: &DriverId, out: &mut Vec<Effect>) {
        let Some(spot) = self.spots.get_mut(driver) else { return };
        let Some(Position { point, heading, accuracy, measured_at, .. }) = spot.track.position() else { return };
        let from_home = distance(point, self.centre).get();
        if from_home < self.reach.get() / 2.0 || now.since(spot.since) < policy.move_every {
            return;
        }
        let to = ShardId::of(point, self.id.0.resolution());
        let beyond = from_home - distance(point, to.0.centre()).get();
        if to != self.id && beyond > 2.0 * policy.border_slack.get() {
            // A move that fails is tried again, but not at once.
            spot.since = now;
            let last = Ping { driver: driver.clone(), point, measured_at, heading, accuracy };
            let input = DriverInput::Crossed { to, last };
            out.push(Effect::ToDriver { to: driver.clone(), home: self.id, input });
        }
    }

    fn seek(&mut self, now: Timestamp, policy: &Policy, seeker: Seeker) {
        let at_once = seeker.at_once;
        self.waiting.insert((seeker.requested_at, seeker.trip), seeker);
        let at = match policy.method {
            Method::Nearest if at_once => now,
            Method::Nearest => now + policy.reply_within,
            Method::Batched => now + policy.match_every,
        };
        self.next_round_at = Some(self.next_round_at.map_or(at, |planned| planned.min(at)));
    }

    fn begin_round(&mut self, now: Timestamp, policy: &Policy, out: &mut Vec<Effect>) {
        self.next_round_at = None;
        if self.waiting.is_empty() {
            return;
        }
        self.open_round(now, policy, out);
        if self.round.as_ref().is_some_and(|round| round.awaiting.is_empty()) {
            self.end_round(now, policy, out);
        }
    }

    /// Asks every neighbour whose ground the search of a waiting rider can reach.
    fn open_round(&mut self, now: Timestamp, policy: &Policy, out: &mut Vec<Effect>) {
        self.rounds += 1;
        let mut awaiting = BTreeSet::new();
        for neighbour in &self.neighbours {
            let reach = policy.pickup_within.get() + neighbour.reach.get() * OVERHANG;
            let near = |seeker: &&Seeker| distance(seeker.pickup, neighbour.centre).get() <= reach;
            let seekers: Vec<Seeker> = self.waiting.values().filter(near).cloned().collect();
            if !seekers.is_empty() {
                awaiting.insert(neighbour.id);
                let input = ShardInput::AskNearby { from: self.id, round: self.rounds, seekers };
                out.push(Effect::ToShard { to: neighbour.id, input });
            }
        }
        let until = now + policy.neighbours_within;
        self.round = Some(Round { number: self.rounds, until, awaiting, told: BTreeMap::new() });
    }

    fn asked(
        &mut self,
        now: Timestamp,
        policy: &Policy,
        from: ShardId,
        round: u64,
        seekers: &[Seeker],
        out: &mut Vec<Effect>,
    ) {
        let of = |seeker: &Seeker| {
            let trip = seeker.trip;
            self.candidates(now, policy, seeker).into_iter().map(move |candidate| (trip, candidate)).collect::<Vec<_>>()
        };
        let candidates: Vec<(TripId, Candidate)> = seekers.iter().flat_map(of).collect();
        self.counts.etas_fallback += fallbacks(candidates.iter().map(|(_, candidate)| candidate));
        out.push(Effect::ToShard { to: from, input: ShardInput::TellNearby { from: self.id, round, candidates } });
    }

    /// Takes in what a neighbour knows. Returns whether every neighbour has answered.
    fn gather(&mut self, from: ShardId, number: u64, candidates: Vec<(TripId, Candidate)>) -> bool {
        let Some(round) = self.round.as_mut().filter(|round| round.number == number) else { return false };
        if !round.awaiting.remove(&from) {
            return false;
        }
        for (trip, candidate) in candidates {
            round.told.entry(trip).or_default().push(candidate);
        }
        round.awaiting.is_empty()
    }

    fn end_round(&mut self, now: Timestamp, policy: &Policy, out: &mut Vec<Effect>) {
        let Some(mut round) = self.round.take() else { return };
        self.counts.rounds += 1;
        let choices = self.choices(now, policy, &mut round);
        let mut names: BTreeMap<DriverId, usize> = BTreeMap::new();
        let mut edge = |candidate: &Candidate| {
            let next = names.len();
            let driver = *names.entry(candidate.driver.clone()).or_insert(next);
            Edge { driver, cost: u64::try_from(candidate.pickup_eta.time.as_millis()).unwrap_or(u64::MAX) }
        };
        let riders = choices.iter().map(|candidates| candidates.iter().map(&mut edge).collect()).collect();
        let problem = Problem { riders, drivers: names.len() };
        let plan = plan(&problem, policy.method);
        let seekers: Vec<(Timestamp, TripId)> = self.waiting.keys().copied().collect();
        for (rider, driver) in plan.driver_of.iter().enumerate() {
            let Some(driver) = driver else { continue };
            let Some(place) = problem.riders[rider].iter().position(|edge| edge.driver == *driver) else { continue };
            let Candidate { driver, home, pickup_eta, .. } = choices[rider][place].clone();
            let pickup_eta = pickup_eta.time;
            self.waiting.remove(&seekers[rider]);
            self.counts.matches += 1;
            out.push(Effect::ToTrip { to: seekers[rider].1, input: TripInput::Matched { driver, home, pickup_eta } });
        }
        if !self.waiting.is_empty() {
            let again = now + policy.match_every;
            self.next_round_at = Some(self.next_round_at.map_or(again, |planned| planned.min(again)));
        }
    }

    /// Who could serve each waiting rider, borders or not: the nearest of all shards that were asked, soonest first.
    fn choices(&mut self, now: Timestamp, policy: &Policy, round: &mut Round) -> Vec<Vec<Candidate>> {
        let mut choices = Vec::with_capacity(self.waiting.len());
        for seeker in self.waiting.values() {
            let mut candidates = self.candidates(now, policy, seeker);
            self.counts.etas_fallback += fallbacks(&candidates);
            candidates.extend(round.told.remove(&seeker.trip).unwrap_or_default());
            candidates
                .sort_by(|a, b| a.distance.get().total_cmp(&b.distance.get()).then_with(|| a.driver.cmp(&b.driver)));
            // Someone who moves house may be known to both homes for a moment.
            let mut seen = BTreeSet::new();
            candidates.retain(|candidate| seen.insert(candidate.driver.clone()));
            candidates.truncate(policy.candidates_max);
            candidates.sort_by(|a, b| (a.pickup_eta.time, &a.driver).cmp(&(b.pickup_eta.time, &b.driver)));
            choices.push(candidates);
        }
        choices
    }

    /// The free drivers at home here who could serve a rider: near enough, heard of lately, in a
    /// vehicle that fits, not turned down before.
    fn candidates(&self, now: Timestamp, policy: &Policy, seeker: &Seeker) -> Vec<Candidate> {
        let fresh = Search::within(policy.pickup_within).seen(millis(now), Some(policy.position_fresh_for));
        let search = Search { all: seeker.needs.tags(), ..fresh };
        let wanted = |driver: &DriverId| !seeker.without.contains(driver);
        let near = self.index.nearest_where(seeker.pickup, policy.candidates_max, &search, wanted);
        let from: Vec<Point> = near.iter().map(geo::Near::point).collect();
        let etas = policy.etas_to(&from, seeker.pickup, now);
        let candidate = |(near, pickup_eta): (geo::Near<'_, DriverId>, Eta)| Candidate {
            driver: near.key().clone(),
            home: self.id,
            distance: near.distance(),
            pickup_eta,
        };
        near.into_iter().zip(etas).map(candidate).collect()
    }
}

fn fallbacks<'a>(candidates: impl IntoIterator<Item = &'a Candidate>) -> u64 {
    candidates.into_iter().map(|candidate| u64::from(candidate.pickup_eta.is_fallback())).sum()
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
