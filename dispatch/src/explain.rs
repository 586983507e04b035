//! Why it was decided so: what a shard remembers of its matches, and what it answers who asks.
//!
//! Lives here: the record of a decision, the bounded memory of records ([`Chronicle`]), the questions it answers.
//! Stays out: deciding. Nothing here changes who is matched with whom.
//! Touch with care: memory is bounded by [`Explaining`] alone; the oldest goes first, and how much went is counted. A
//! chronicle is memory of one owner of a shard: it starts empty with every owner.

use std::collections::{BTreeMap, VecDeque};

use crate::{Availability, DriverId, Explaining, Factors, Outcome, Timestamp, TripId};

/// Why a free driver near a rider was no candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// Turned this trip down before, or did not answer.
    TurnedDown,
    /// The vehicle lacks what the rider needs.
    Vehicle,
    /// Has not sent a position for too long.
    PositionOld,
    /// Drives home, and the ride leads elsewhere.
    Homeward,
    /// Is farther away than this wave of the search reaches.
    TooFar,
    /// Would be at the pickup later than [`crate::Policy::wait_max`] allows.
    TooLate,
}

impl Rule {
    /// The name in text, as doors write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Rule::TurnedDown => "turned_down",
            Rule::Vehicle => "vehicle",
            Rule::PositionOld => "position_old",
            Rule::Homeward => "homeward",
            Rule::TooFar => "too_far",
            Rule::TooLate => "too_late",
        }
    }
}

/// What became of a candidate in a round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Was matched with the rider.
    Chosen,
    /// Was matched with the rider of this other trip.
    TakenBy(TripId),
    /// Nobody's match: the rider's was better, or the plan as a whole.
    NotNeeded,
}

/// A candidate, and what spoke for and against it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Considered {
    /// Who.
    pub driver: DriverId,
    /// What the match would cost, factor by factor.
    pub factors: Factors,
    /// What became of the driver.
    pub fate: Fate,
}

/// What a round decided about one waiting trip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Which trip.
    pub trip: TripId,
    /// When.
    pub at: Timestamp,
    /// How many rounds in a row ended alike, without a driver; this is the last of them.
    pub rounds: u32,
    /// The policy it was made under: see [`crate::Policy::version`].
    pub policy: String,
    /// How many riders the round had.
    pub riders: u32,
    /// How many candidates this one had.
    pub candidates: u32,
    /// The driver it was matched with, if any.
    pub chosen: Option<DriverId>,
    /// The cheapest candidates, cheapest first, and the one who was chosen.
    pub considered: Vec<Considered>,
    /// The nearest free drivers of this shard who were no candidates, and why not. A neighbour does not tell its own.
    pub passed_over: Vec<(DriverId, Rule)>,
}

/// All that is known about how a trip was matched.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Explanation {
    /// What the rounds decided, in their order.
    pub decisions: Vec<Decision>,
    /// What became of each attempt to win a driver, in their order.
    pub outcomes: Vec<Outcome>,
}

/// Something that explains why a driver had no work, or had.
#[derive(Clone, Debug, PartialEq)]
pub enum Reason {
    /// From then on the driver stood so.
    Stood(Availability),
    /// Was matched with this trip.
    Chosen(TripId),
    /// Was a candidate for this trip, which got another driver, cheaper by this many milliseconds (below zero: dearer,
    /// but better for the round as a whole), or none.
    Lost {
        /// Which trip.
        trip: TripId,
        /// Who got it.
        to: Option<DriverId>,
        /// This driver's cost less the winner's.
        dearer_ms: i64,
    },
    /// Was near this trip, but no candidate.
    PassedOver {
        /// Which trip.
        trip: TripId,
        /// Why not.
        rule: Rule,
    },
    /// An attempt of a trip came to this.
    Attempt(Outcome),
}

/// What a shard remembers of its decisions.
#[derive(Debug, Default)]
pub struct Chronicle {
    decisions: Ring<Decision>,
    /// The number of the last decision about each trip that is still remembered.
    last_of: BTreeMap<TripId, u64>,
    outcomes: Ring<Outcome>,
    standings: Ring<(Timestamp, DriverId, Availability)>,
}

/// The last so many of something, each with a number that never comes again.
#[derive(Debug)]
struct Ring<T> {
    kept: VecDeque<T>,
    /// The number of the first that is kept: so many were forgotten.
    first: u64,
}

impl<T> Default for Ring<T> {
    fn default() -> Ring<T> {
        Ring { kept: VecDeque::new(), first: 0 }
    }
}

impl<T> Ring<T> {
    /// Keeps one more, and returns its number and the one that had to go for it.
    fn push(&mut self, one: T, most: usize) -> (u64, Option<(u64, T)>) {
        let gone = if self.kept.len() >= most { self.kept.pop_front() } else { None };
        let gone = gone.map(|gone| {
            self.first += 1;
            (self.first - 1, gone)
        });
        self.kept.push_back(one);
        (self.first + self.kept.len() as u64 - 1, gone)
    }

    fn get_mut(&mut self, number: u64) -> Option<&mut T> {
        self.kept.get_mut(usize::try_from(number.checked_sub(self.first)?).ok()?)
    }
}

impl Chronicle {
    /// Remembers a decision. One more without a driver takes the place of the last one about the same trip.
    pub fn decided(&mut self, limits: &Explaining, mut decision: Decision) {
        if limits.decisions_max == 0 {
            return;
        }
        let trip = decision.trip;
        if let Some(last) = self.last_of.get(&trip).and_then(|number| self.decisions.get_mut(*number))
            && last.chosen.is_none()
            && decision.chosen.is_none()
        {
            decision.rounds = last.rounds.saturating_add(1);
            *last = decision;
            return;
        }
        let (number, gone) = self.decisions.push(decision, limits.decisions_max);
        if let Some((number, gone)) = gone
            && self.last_of.get(&gone.trip) == Some(&number)
        {
            self.last_of.remove(&gone.trip);
        }
        self.last_of.insert(trip, number);
    }

    /// Remembers what became of an attempt.
    pub fn came_to(&mut self, limits: &Explaining, outcome: Outcome) {
        if limits.decisions_max > 0 {
            // An attempt or two a decision, and a few steps an attempt.
            self.outcomes.push(outcome, limits.decisions_max.saturating_mul(4));
        }
    }

    /// Remembers how a driver stands from now on.
    pub fn stands(&mut self, limits: &Explaining, now: Timestamp, driver: &DriverId, standing: Availability) {
        if limits.decisions_max > 0 {
            self.standings.push((now, driver.clone(), standing), limits.decisions_max.saturating_mul(4));
        }
    }

    /// How many records were forgotten to make room.
    #[must_use]
    pub fn forgotten(&self) -> u64 {
        self.decisions.first + self.outcomes.first + self.standings.first
    }

    /// All that is remembered about a trip.
    #[must_use]
    pub fn explain(&self, trip: TripId) -> Explanation {
        Explanation {
            decisions: self.decisions.kept.iter().filter(|decision| decision.trip == trip).cloned().collect(),
            outcomes: self.outcomes.kept.iter().filter(|outcome| outcome.trip == trip).cloned().collect(),
        }
    }

    /// Why a driver had no work since then, or had: everything remembered that has to do with the driver, oldest first;
    /// at most `most` of it, the latest.
    #[must_use]
    pub fn why_not(&self, driver: &DriverId, since: Timestamp, most: usize) -> Vec<(Timestamp, Reason)> {
        let decided = self.decisions.kept.iter().filter(|decision| decision.at >= since);
        let decided = decided.filter_map(|decision| Some((decision.at, decision.reason(driver)?)));
        let stood = self.standings.kept.iter().filter(|(at, who, _)| *at >= since && who == driver);
        let stood = stood.map(|(at, _, standing)| (*at, Reason::Stood(*standing)));
        let tried = self.outcomes.kept.iter().filter(|outcome| outcome.at >= since && outcome.driver == *driver);
        let tried = tried.map(|outcome| (outcome.at, Reason::Attempt(outcome.clone())));
        let mut reasons: Vec<(Timestamp, Reason)> = decided.chain(stood).chain(tried).collect();
        // Stable: what happened at one moment stays in the order decision, standing, attempt.
        reasons.sort_by_key(|(at, _)| *at);
        let surplus = reasons.len().saturating_sub(most);
        reasons.drain(..surplus);
        reasons
    }
}

impl Decision {
    /// The decision in one line, for people.
    #[must_use]
    pub fn summary(&self) -> String {
        let whom = match (&self.chosen, self.considered.iter().find(|one| one.fate == Fate::Chosen)) {
            (Some(driver), Some(won)) => format!("{driver} for {:.1} s of cost", won.factors.cost() as f64 / 1_000.0),
            (Some(driver), None) => driver.to_string(),
            (None, _) if self.candidates == 0 => "nobody: no free driver within reach fits".to_owned(),
            (None, _) => "nobody: every candidate serves another rider".to_owned(),
        };
        let (candidates, riders) = (self.candidates, self.riders);
        let rounds = if self.rounds > 1 { format!(", {} rounds in a row", self.rounds) } else { String::new() };
        format!("{whom}; {candidates} candidates, {riders} riders in the round{rounds}")
    }

    /// What this decision says about a driver, if anything.
    fn reason(&self, driver: &DriverId) -> Option<Reason> {
        let trip = self.trip;
        if let Some((_, rule)) = self.passed_over.iter().find(|(who, _)| who == driver) {
            return Some(Reason::PassedOver { trip, rule: *rule });
        }
        let this = self.considered.iter().find(|considered| considered.driver == *driver)?;
        if this.fate == Fate::Chosen {
            return Some(Reason::Chosen(trip));
        }
        let winner = self.considered.iter().find(|considered| considered.fate == Fate::Chosen);
        let dearer_ms = winner.map_or(0, |winner| this.factors.cost() - winner.factors.cost());
        Some(Reason::Lost { trip, to: self.chosen.clone(), dearer_ms })
    }
}

#[cfg(test)]
mod tests;
