//! Why the riders who waited longest waited: what the shards remember of their matches, in words.
//!
//! Lives here: which trips are explained, and how an explanation reads.
//! Stays out: what is remembered, which is `dispatch`'s.

use std::fmt::Write as _;
use std::time::Duration;

use dispatch::{Considered, Decision, Explanation, Fate, Timestamp, TripId};

use crate::ledger::Ledger;
use crate::world::World;

/// The explanations of the trips with the longest waits, longest first, a text each.
pub(crate) fn longest_waits(ledger: &Ledger, world: &World, most: usize) -> Vec<String> {
    let waits = ledger.longest_waits(most);
    waits.into_iter().map(|(trip, wait)| text(trip, wait, &world.explain(trip))).collect()
}

fn text(trip: TripId, wait: Duration, explanation: &Explanation) -> String {
    let mut text = String::new();
    // Writing into a String cannot fail.
    let _ = writeln!(text, "trip {trip} waited {:.0} s", wait.as_secs_f64());
    if explanation.decisions.is_empty() {
        let _ = writeln!(text, "  its matches are forgotten: policy.explain.decisions_max is how many are kept");
    }
    let asked = trip.requested_at();
    for decision in &explanation.decisions {
        decided(&mut text, asked, decision);
        let outcomes = explanation.outcomes.iter().filter(|outcome| outcome.at >= decision.at);
        let next = explanation.decisions.iter().map(|other| other.at).filter(|at| *at > decision.at).min();
        for outcome in outcomes.filter(|outcome| next.is_none_or(|next| outcome.at < next)) {
            let (wave, driver, fate) = (outcome.wave, &outcome.driver, outcome.fate);
            let _ = writeln!(text, "  {} wave {wave}: {driver} {fate}", after(asked, outcome.at));
        }
    }
    text
}

fn decided(text: &mut String, asked: Timestamp, decision: &Decision) {
    let _ = writeln!(text, "  {} {}", after(asked, decision.at), decision.summary());
    for Considered { driver, factors, fate } in &decision.considered {
        let parts = factors.named().into_iter().filter(|(_, part)| *part != 0);
        let parts: Vec<String> =
            parts.map(|(name, part)| format!("{name} {:+.1}", f64::from(part) / 1_000.0)).collect();
        let fate = match fate {
            Fate::Chosen => "chosen".to_owned(),
            Fate::TakenBy(trip) => format!("taken by {trip}"),
            Fate::NotNeeded => "not needed".to_owned(),
        };
        let cost = factors.cost() as f64 / 1_000.0;
        let _ = writeln!(text, "             {driver}: {cost:.1} s = {}; {fate}", parts.join(" "));
    }
    if !decision.passed_over.is_empty() {
        let named = decision.passed_over.iter().map(|(driver, rule)| format!("{driver} ({})", rule.as_str()));
        let _ = writeln!(text, "             passed over: {}", named.collect::<Vec<_>>().join(", "));
    }
}

fn after(asked: Timestamp, at: Timestamp) -> String {
    format!("{:>+8.1} s", at.since(asked).as_secs_f64())
}
