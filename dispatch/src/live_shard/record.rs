//! What a round leaves behind: a decision about each waiting trip, and the answers to those who ask why.

use std::collections::BTreeSet;

use geo::Search;

use super::{Filed, LiveShard};
use crate::track::millis;
use crate::{
    Availability, Candidate, Considered, Decision, DriverId, Effect, Explanation, Factors, Fate, Plan, Policy, Problem,
    Reason, Rule, Seeker, Standing, Timestamp, TripId,
};

/// The most that is told of one driver at once.
const REASONS_MAX: usize = 1_000;

/// A planned round: who could serve whom, at what cost, and who does.
pub(super) struct Planned<'a> {
    pub(super) choices: &'a [Vec<Candidate>],
    pub(super) factors: &'a [Vec<Factors>],
    pub(super) problem: &'a Problem,
    pub(super) plan: &'a Plan,
}

/// How a driver stands towards being matched now, as far as the shard can tell.
#[derive(Clone, Debug, PartialEq)]
pub struct Present {
    /// How the driver stands.
    pub availability: Availability,
    /// How old the last position is, in milliseconds; `None` when none is known.
    pub position_age_ms: Option<u64>,
    /// How far the positions are to be believed: 0 to [`crate::PLAUSIBLE`].
    pub plausibility: u8,
    /// Whether the driver may be matched now.
    pub matchable: bool,
}

impl LiveShard {
    /// All that is remembered about how a trip was matched. Empty for a trip of another shard, or of long ago.
    #[must_use]
    pub fn explain(&self, trip: TripId) -> Explanation {
        self.chronicle.explain(trip)
    }

    /// Why a driver had no work since then, or had, oldest first: what this shard knows of it.
    #[must_use]
    pub fn why_not(&self, driver: &DriverId, since: Timestamp) -> Vec<(Timestamp, Reason)> {
        self.chronicle.why_not(driver, since, REASONS_MAX)
    }

    /// How a driver at home here stands now; `None` for anybody else.
    #[must_use]
    pub fn present(&self, now: Timestamp, policy: &Policy, driver: &DriverId) -> Option<Present> {
        let spot = self.spots.get(driver)?;
        let age = spot.track.position().map(|position| now.since(position.received_at));
        Some(Present {
            availability: spot.standing.availability(),
            position_age_ms: age.map(|age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX)),
            plausibility: spot.track.plausibility(),
            matchable: spot.handle.is_some() && age.is_some_and(|age| age <= policy.position_fresh_for),
        })
    }

    /// Remembers what a round decided. To be called while those who were matched still wait.
    pub(super) fn record(&mut self, now: Timestamp, policy: &Policy, planned: &Planned<'_>, out: &mut Vec<Effect>) {
        if policy.explain.decisions_max == 0 {
            return;
        }
        let trips: Vec<TripId> = self.waiting.values().map(|seeker| seeker.trip).collect();
        let mut rider_of = vec![None; planned.problem.drivers];
        for (rider, driver) in planned.plan.driver_of.iter().enumerate() {
            if let Some(driver) = driver {
                rider_of[*driver] = Some(rider);
            }
        }
        let decide = |(rider, seeker): (usize, &Seeker)| {
            let considered = planned.considered(rider, &rider_of, &trips, policy.explain.candidates_max);
            let chosen = considered.iter().find(|considered| considered.fate == Fate::Chosen);
            Decision {
                trip: seeker.trip,
                at: now,
                rounds: 1,
                policy: policy.version.clone(),
                riders: u32::try_from(trips.len()).unwrap_or(u32::MAX),
                candidates: u32::try_from(planned.choices[rider].len()).unwrap_or(u32::MAX),
                chosen: chosen.map(|chosen| chosen.driver.clone()),
                passed_over: self.passed_over(now, policy, seeker, &planned.choices[rider]),
                considered,
            }
        };
        let decisions: Vec<Decision> = self.waiting.values().enumerate().map(decide).collect();
        for decision in decisions {
            if decision.chosen.is_some() && is_sampled(decision.trip, policy.explain.journal_permille) {
                out.push(Effect::Log(Box::new(decision.clone())));
            }
            self.chronicle.decided(&policy.explain, decision);
        }
    }

    /// The nearest free drivers at home here who are no candidates, and why not.
    fn passed_over(
        &self,
        now: Timestamp,
        policy: &Policy,
        seeker: &Seeker,
        candidates: &[Candidate],
    ) -> Vec<(DriverId, Rule)> {
        let most = policy.explain.candidates_max;
        let known: BTreeSet<&DriverId> = candidates.iter().map(|candidate| &candidate.driver).collect();
        let anyone = Search::within(policy.pickup_within).seen(millis(now), None);
        let near = self.index.nearest(seeker.pickup, known.len() + most, &anyone);
        let left = policy.wait_max.saturating_sub(now.since(seeker.requested_at));
        let reach = policy.reach_in(left);
        let rule = |near: &geo::Near<'_, Filed>| {
            let driver = &near.key().driver;
            if known.contains(driver) {
                return None;
            }
            let Standing::Free(free) = self.spots.at(near.key().number)?.standing else { return None };
            let rule = if seeker.without.contains(driver) {
                Rule::TurnedDown
            } else if !seeker.needs.fits(free.vehicle) {
                Rule::Vehicle
            } else if !self.leads_home(policy, seeker, driver) {
                Rule::Homeward
            } else if near.age() > policy.position_fresh_for {
                Rule::PositionOld
            } else if near.distance() > policy.search_radius(seeker.widened) {
                Rule::TooFar
            } else if near.distance() > reach || policy.eta(near.point(), seeker.pickup, now).time > left {
                Rule::TooLate
            } else {
                // Farther than all candidates, and there were enough of them.
                return None;
            };
            Some((driver.clone(), rule))
        };
        near.iter().filter_map(rule).take(most).collect()
    }
}

impl Planned<'_> {
    /// The cheapest candidates of a rider, and the one who was chosen.
    fn considered(&self, rider: usize, rider_of: &[Option<usize>], trips: &[TripId], most: usize) -> Vec<Considered> {
        let candidates = self.choices[rider].iter().zip(&self.factors[rider]).zip(&self.problem.riders[rider]);
        let mut order: Vec<_> = candidates.collect();
        order.sort_by_key(|((candidate, factors), _)| (factors.cost(), &candidate.driver));
        let considered = |((candidate, factors), edge): &((&Candidate, &Factors), &crate::Edge)| Considered {
            driver: candidate.driver.clone(),
            factors: **factors,
            fate: match rider_of[edge.driver] {
                Some(taker) if taker == rider => Fate::Chosen,
                Some(taker) => Fate::TakenBy(trips[taker]),
                None => Fate::NotNeeded,
            },
        };
        let chosen = |(_, edge): &(_, &crate::Edge)| rider_of[edge.driver] == Some(rider);
        let place = order.iter().position(chosen).filter(|place| *place >= most);
        let kept = order.iter().take(most).chain(place.map(|place| &order[place]));
        kept.map(considered).collect()
    }
}

/// Whether a trip is among those whose decisions are written down: by its name, so that all of a trip is there or nothing.
fn is_sampled(trip: TripId, permille: u16) -> bool {
    // The last 42 bits of the name are chance.
    (trip.bits() & 0x3ff_ffff_ffff) % 1_000 < u128::from(permille)
}
