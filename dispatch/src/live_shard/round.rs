//! The rounds of a shard: who waits, who could serve whom, and the plan.
//!
//! Lives here: opening a round, asking the neighbours and answering them, gathering, planning, proposing.
//! Stays out: positions and standings (the shard's), the solver (`plan`), what a match costs (`cost`).
//! Touch with care: candidates of all shards are merged by distance and name and only then cut, so that the choice is
//! that of one index for the whole city.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use geo::{Meters, Near, Point, Search, distance};

use super::proposals::proposals;
use super::record::Planned;
use super::spots::ByDriver;
use super::{Filed, LiveShard, OVERHANG, Round, Spot};
use crate::cost::{Ahead, lift};
use crate::track::millis;
use crate::{
    Candidate, Edge, Effect, Eta, Factors, Free, Method, Policy, Problem, Seeker, ShardId, ShardInput, Standing,
    Timestamp, TripId, TripInput,
};

impl LiveShard {
    pub(super) fn begin_round(&mut self, now: Timestamp, policy: &Policy, out: &mut Vec<Effect>) {
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
    pub(super) fn open_round(&mut self, now: Timestamp, policy: &Policy, out: &mut Vec<Effect>) {
        self.rounds += 1;
        let mut awaiting = BTreeSet::new();
        for neighbour in &self.neighbours {
            let beyond = neighbour.reach.get() * OVERHANG;
            let near = |seeker: &&Seeker| {
                let reach = policy.search_radius(seeker.widened).get() + beyond;
                distance(seeker.pickup, neighbour.centre).get() <= reach
            };
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

    pub(super) fn asked(
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
    pub(super) fn gather(&mut self, from: ShardId, number: u64, candidates: Vec<(TripId, Candidate)>) -> bool {
        let Some(round) = self.round.as_mut().filter(|round| round.number == number) else { return false };
        if !round.awaiting.remove(&from) {
            return false;
        }
        for (trip, candidate) in candidates {
            round.told.entry(trip).or_default().push(candidate);
        }
        round.awaiting.is_empty()
    }

    pub(super) fn end_round(&mut self, now: Timestamp, policy: &Policy, out: &mut Vec<Effect>) {
        let Some(mut round) = self.round.take() else { return };
        self.counts.rounds += 1;
        let choices = self.choices(now, policy, &mut round);
        let choices = self.hold_back_early(now, policy, choices);
        let factors = self.factors(now, policy, &choices);
        let problem = problem(&choices, &factors);
        let plan = self.solver.plan(&problem, policy.method, policy.matching.work_max);
        self.counts.rounds_cut_short += u64::from(policy.method == Method::Batched && !plan.is_exact);
        let planned = Planned { choices: &choices, factors: &factors, problem: &problem, plan: &plan };
        self.record(now, policy, &planned, out);
        let wanted: Vec<usize> = self.waiting.values().map(|seeker| policy.offers.wave(seeker.wave)).collect();
        let proposals = proposals(&problem, &plan, &choices, &wanted);
        let seekers: Vec<(Timestamp, TripId)> = self.waiting.keys().copied().collect();
        for (place, proposals) in seekers.into_iter().zip(proposals) {
            if proposals.is_empty() {
                // Nobody here: the next round looks farther.
                self.waiting.entry(place).and_modify(|seeker| seeker.widened = seeker.widened.saturating_add(1));
                self.look_for_company_again(now, policy, place, out);
                continue;
            }
            let Some(Seeker { trip, widened, .. }) = self.waiting.remove(&place) else { continue };
            self.counts.matches += 1;
            out.push(Effect::ToTrip { to: trip, input: TripInput::Matched { proposals, widened } });
        }
        if !self.waiting.is_empty() {
            let again = now + policy.match_every;
            self.next_round_at = Some(self.next_round_at.map_or(again, |planned| planned.min(again)));
        }
    }

    /// What each candidate of each waiting rider costs, factor by factor.
    fn factors(&self, now: Timestamp, policy: &Policy, choices: &[Vec<Candidate>]) -> Vec<Vec<Factors>> {
        let of_rider = |(seeker, candidates): (&Seeker, &Vec<Candidate>)| {
            let ride = match policy.weights.looks_ahead() {
                true => policy.eta(seeker.pickup, seeker.dropoff, now).time,
                false => Duration::ZERO,
            };
            let factors = |candidate| {
                let ahead = ahead(now, policy, seeker, candidate, ride);
                Factors::of(now, policy, seeker, candidate, &ahead)
            };
            candidates.iter().map(factors).collect()
        };
        self.waiting.values().zip(choices).map(of_rider).collect()
    }

    /// Who could serve each waiting rider, borders or not: the nearest of all shards that were asked, soonest first.
    pub(super) fn choices(&mut self, now: Timestamp, policy: &Policy, round: &mut Round) -> Vec<Vec<Candidate>> {
        let mut choices = Vec::with_capacity(self.waiting.len());
        for seeker in self.waiting.values() {
            let mut candidates = self.candidates(now, policy, seeker);
            self.counts.etas_fallback += fallbacks(&candidates);
            let told = round.told.remove(&seeker.trip).unwrap_or_default();
            let doubled = !told.is_empty();
            candidates.extend(told);
            candidates
                .sort_by(|a, b| a.distance.get().total_cmp(&b.distance.get()).then_with(|| a.driver.cmp(&b.driver)));
            // Someone who moves house may be known to both homes for a moment.
            if doubled {
                let mut seen: ByDriver<()> = ByDriver::with_capacity_and_hasher(candidates.len(), Default::default());
                candidates.retain(|candidate| seen.insert(candidate.driver.clone(), ()).is_none());
            }
            candidates.truncate(policy.candidates_max);
            candidates.sort_by(|a, b| (a.pickup_eta.time, &a.driver).cmp(&(b.pickup_eta.time, &b.driver)));
            choices.push(candidates);
        }
        choices
    }

    /// The drivers at home here who could serve a rider, now or soon: near enough, heard of lately, in a vehicle that
    /// fits, not turned down before, and there before the rider has waited longer than riders have to.
    pub(super) fn candidates(&self, now: Timestamp, policy: &Policy, seeker: &Seeker) -> Vec<Candidate> {
        let Some(left) = policy.wait_max.checked_sub(now.since(seeker.requested_at)) else { return Vec::new() };
        let in_time = |eta: Eta| eta.time <= left;
        // Whoever is farther away than the fastest car comes in that time is not asked the way.
        let reach = shorter(policy.search_radius(seeker.widened), policy.reach_in(left));
        let fresh = Search::within(reach).seen(millis(now), Some(policy.position_fresh_for));
        let search = Search { all: seeker.needs.tags(), ..fresh };
        let wanted = |filed: &Filed| self.is_wanted(policy, seeker, filed);
        let near = self.index.nearest_where(seeker.pickup, policy.candidates_max, &search, wanted);
        let from: Vec<Point> = near.iter().map(Near::point).collect();
        let etas = policy.etas_to(&from, seeker.pickup, now);
        // Who is in the index is free, and has a spot.
        let free = |(near, eta): (Near<'_, Filed>, Eta)| {
            let spot = self.spots.at(near.key().number)?;
            let Standing::Free(free) = spot.standing else { return None };
            Some(Candidate { idle: now.since(free.since), ..self.candidate(&near, spot, free, eta) })
        };
        let there = near.into_iter().zip(etas).filter(|(_, eta)| in_time(*eta));
        let soon = self.soon_candidates(now, policy, seeker, &search);
        let mut candidates: Vec<Candidate> = Vec::with_capacity(from.len() + soon.len());
        candidates.extend(there.filter_map(free));
        candidates.extend(soon.into_iter().filter(|candidate| in_time(candidate.pickup_eta)));
        candidates
    }

    /// Whether a rider would have this driver, and the driver the rider.
    pub(super) fn is_wanted(&self, policy: &Policy, seeker: &Seeker, filed: &Filed) -> bool {
        !seeker.without.contains(&filed.driver) && self.leads_home(policy, seeker, &filed.driver)
    }

    /// A driver whom an index found, as one who sets off at once and was never idle.
    pub(super) fn candidate(&self, near: &Near<'_, Filed>, spot: &Spot, free: Free, pickup_eta: Eta) -> Candidate {
        Candidate {
            driver: near.key().driver.clone(),
            home: self.id,
            distance: near.distance(),
            pickup_eta,
            point: near.point(),
            idle: Duration::ZERO,
            acceptance: free.acceptance,
            position_age: near.age(),
            plausibility: spot.track.plausibility(),
            busy_for: None,
        }
    }
}

/// What lies ahead of a car that takes this rider, who rides for so long.
fn ahead(now: Timestamp, policy: &Policy, seeker: &Seeker, candidate: &Candidate, ride: Duration) -> Ahead {
    let Some(worth) = policy.worth.as_ref().filter(|_| policy.weights.future > 0.0) else {
        return Ahead { ride, ..Ahead::default() };
    };
    let free_here = now + candidate.busy_for.unwrap_or_default();
    let free_there = now + candidate.pickup_eta.time + ride;
    Ahead {
        ride,
        worth_there: worth.worth_at(seeker.dropoff, free_there),
        worth_here: worth.worth_at(candidate.point, free_here),
    }
}

fn shorter(one: Meters, other: Meters) -> Meters {
    if other < one { other } else { one }
}

/// The round as the solver wants it: drivers by number, costs without a sign.
fn problem(choices: &[Vec<Candidate>], factors: &[Vec<Factors>]) -> Problem {
    let lifted = lift(factors.iter().flatten().map(Factors::cost));
    // Numbered as they come: the order of the map is not seen.
    let mut names: ByDriver<usize> = ByDriver::default();
    let mut edge = |(candidate, factors): (&Candidate, &Factors)| {
        let next = names.len();
        let driver = *names.entry(candidate.driver.clone()).or_insert(next);
        Edge { driver, cost: lifted(factors.cost()) }
    };
    let of_rider =
        |(choice, factors): (&Vec<Candidate>, &Vec<Factors>)| choice.iter().zip(factors).map(&mut edge).collect();
    let riders = choices.iter().zip(factors).map(of_rider).collect();
    Problem { riders, drivers: names.len() }
}

fn fallbacks<'a>(candidates: impl IntoIterator<Item = &'a Candidate>) -> u64 {
    candidates.into_iter().map(|candidate| u64::from(candidate.pickup_eta.is_fallback())).sum()
}
