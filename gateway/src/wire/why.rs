//! How a trip was matched, and why a driver had no work, as ops see it.

use std::collections::BTreeMap;

use actors::WhyNot;
use dispatch::{Considered, Decision, DriverId, Explanation, Factors, Fate, Outcome, Reason, Timestamp, TripView};
use serde::Serialize;
use utoipa::ToSchema;

use super::names;

/// How a trip was matched.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Explanation)]
pub(crate) struct ExplanationBody<'a> {
    trip: String,
    #[schema(schema_with = names::trip_states)]
    state: &'static str,
    /// What each round decided; rounds in a row that found nobody are one.
    decisions: Vec<DecisionBody<'a>>,
    /// What became of each attempt to win a driver.
    attempts: Vec<OutcomeBody<'a>>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Decision)]
struct DecisionBody<'a> {
    at_ms: u64,
    policy: &'a str,
    rounds: u32,
    riders: u32,
    candidates: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    chosen: Option<&'a str>,
    /// In words, for people.
    summary: String,
    considered: Vec<ConsideredBody<'a>>,
    passed_over: Vec<PassedOver<'a>>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Considered)]
struct ConsideredBody<'a> {
    driver: &'a str,
    fate: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    taken_by: Option<String>,
    cost_ms: i64,
    /// What each factor adds to the cost, those that add nothing left out.
    factors_ms: BTreeMap<&'static str, i32>,
}

#[derive(Debug, Serialize, ToSchema)]
struct PassedOver<'a> {
    driver: &'a str,
    rule: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Attempt)]
struct OutcomeBody<'a> {
    at_ms: u64,
    wave: u32,
    offer: String,
    driver: &'a str,
    fate: &'static str,
}

impl<'a> ExplanationBody<'a> {
    pub(crate) fn new(view: &TripView, explanation: &'a Explanation) -> ExplanationBody<'a> {
        ExplanationBody {
            trip: view.trip.id.to_string(),
            state: view.trip.stage.name().as_str(),
            decisions: explanation.decisions.iter().map(DecisionBody::new).collect(),
            attempts: explanation.outcomes.iter().map(OutcomeBody::new).collect(),
        }
    }
}

impl<'a> DecisionBody<'a> {
    fn new(decision: &'a Decision) -> DecisionBody<'a> {
        let passed_over = |(driver, rule): &'a (DriverId, _)| {
            let rule: &dispatch::Rule = rule;
            PassedOver { driver: driver.as_str(), rule: rule.as_str() }
        };
        DecisionBody {
            at_ms: decision.at.millis(),
            policy: &decision.policy,
            rounds: decision.rounds,
            riders: decision.riders,
            candidates: decision.candidates,
            chosen: decision.chosen.as_ref().map(DriverId::as_str),
            summary: decision.summary(),
            considered: decision.considered.iter().map(ConsideredBody::new).collect(),
            passed_over: decision.passed_over.iter().map(passed_over).collect(),
        }
    }
}

impl<'a> ConsideredBody<'a> {
    fn new(considered: &'a Considered) -> ConsideredBody<'a> {
        let (fate, taken_by) = match &considered.fate {
            Fate::Chosen => ("chosen", None),
            Fate::TakenBy(trip) => ("taken", Some(trip.to_string())),
            Fate::NotNeeded => ("not_needed", None),
        };
        ConsideredBody {
            driver: considered.driver.as_str(),
            fate,
            taken_by,
            cost_ms: considered.factors.cost(),
            factors_ms: factors(&considered.factors),
        }
    }
}

fn factors(factors: &Factors) -> BTreeMap<&'static str, i32> {
    factors.named().into_iter().filter(|(_, part)| *part != 0).collect()
}

impl<'a> OutcomeBody<'a> {
    fn new(outcome: &'a Outcome) -> OutcomeBody<'a> {
        OutcomeBody {
            at_ms: outcome.at.millis(),
            wave: outcome.wave,
            offer: outcome.offer.to_string(),
            driver: outcome.driver.as_str(),
            fate: outcome.fate.as_str(),
        }
    }
}

/// Why a driver had no work, or had.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WhyNot)]
pub(crate) struct WhyNotBody<'a> {
    driver: &'a str,
    since_ms: u64,
    /// How the driver stands now; left out when no shard here knows the driver.
    #[serde(skip_serializing_if = "Option::is_none")]
    now: Option<PresentBody>,
    reasons: Vec<ReasonBody<'a>>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Present)]
struct PresentBody {
    shard: String,
    availability: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    position_age_ms: Option<u64>,
    plausibility: u8,
    matchable: bool,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Reason)]
struct ReasonBody<'a> {
    at_ms: u64,
    #[serde(flatten)]
    what: What<'a>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "what", rename_all = "snake_case")]
#[schema(as = What)]
enum What<'a> {
    /// From then on the driver stood so.
    Stood { availability: &'static str },
    /// Was matched.
    Chosen { trip: String },
    /// Was a candidate, and another driver was matched, or nobody.
    Lost {
        trip: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        to: Option<&'a str>,
        dearer_ms: i64,
    },
    /// Was near, and no candidate.
    PassedOver { trip: String, rule: &'static str },
    /// An attempt came to this.
    Attempt { trip: String, wave: u32, fate: &'static str },
}

impl<'a> WhyNotBody<'a> {
    pub(crate) fn new(driver: &'a DriverId, since: Timestamp, why: &'a WhyNot) -> WhyNotBody<'a> {
        let now = why.present.as_ref().map(|(shard, present)| PresentBody {
            shard: shard.to_string(),
            availability: present.availability.as_str(),
            position_age_ms: present.position_age_ms,
            plausibility: present.plausibility,
            matchable: present.matchable,
        });
        let reason = |(at, reason): &'a (Timestamp, Reason)| ReasonBody { at_ms: at.millis(), what: what(reason) };
        let reasons = why.reasons.iter().map(reason).collect();
        WhyNotBody { driver: driver.as_str(), since_ms: since.millis(), now, reasons }
    }
}

fn what(reason: &Reason) -> What<'_> {
    match reason {
        Reason::Stood(availability) => What::Stood { availability: availability.as_str() },
        Reason::Chosen(trip) => What::Chosen { trip: trip.to_string() },
        Reason::Lost { trip, to, dearer_ms } => {
            What::Lost { trip: trip.to_string(), to: to.as_ref().map(DriverId::as_str), dearer_ms: *dearer_ms }
        }
        Reason::PassedOver { trip, rule } => What::PassedOver { trip: trip.to_string(), rule: rule.as_str() },
        Reason::Attempt(outcome) => {
            What::Attempt { trip: outcome.trip.to_string(), wave: outcome.wave, fate: outcome.fate.as_str() }
        }
    }
}
