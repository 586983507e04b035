use geo::{Point, Resolution};

use super::*;
use crate::{Epoch, OfferFate, OfferId, ShardId};

fn at(second: u64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + second * 1_000)
}

fn trip(number: u64) -> TripId {
    TripId::new(at(0), ShardId::of(Point::new(40.75, -73.98).unwrap(), Resolution::SHARD), number)
}

fn driver(name: &str) -> DriverId {
    DriverId::new(name).unwrap()
}

fn considered(name: &str, pickup: i32, fate: Fate) -> Considered {
    Considered { driver: driver(name), factors: Factors { pickup, ..Factors::default() }, fate }
}

fn decision(number: u64, second: u64, considered: Vec<Considered>) -> Decision {
    let chosen = considered.iter().find(|one| one.fate == Fate::Chosen).map(|one| one.driver.clone());
    Decision {
        trip: trip(number),
        at: at(second),
        rounds: 1,
        policy: "1".to_owned(),
        riders: 1,
        candidates: u32::try_from(considered.len()).unwrap(),
        chosen,
        considered,
        passed_over: vec![(driver("old"), Rule::PositionOld)],
    }
}

fn limits(decisions_max: usize) -> Explaining {
    Explaining { decisions_max, ..Explaining::default() }
}

#[test]
fn rounds_that_find_nobody_are_one_record_until_somebody_is_found() {
    let mut chronicle = Chronicle::default();
    for second in 0..50 {
        chronicle.decided(&limits(10), decision(1, second, vec![]));
    }
    chronicle.decided(&limits(10), decision(1, 50, vec![considered("ann", 9, Fate::Chosen)]));
    let rounds: Vec<(u32, bool)> =
        chronicle.explain(trip(1)).decisions.iter().map(|one| (one.rounds, one.chosen.is_some())).collect();
    assert_eq!(rounds, [(50, false), (1, true)]);
}

#[test]
fn memory_is_bounded_and_says_how_much_it_forgot() {
    let mut chronicle = Chronicle::default();
    for number in 0..100 {
        chronicle.decided(&limits(10), decision(number, number, vec![considered("ann", 9, Fate::Chosen)]));
        chronicle.stands(&limits(10), at(number), &driver("ann"), Availability::OnTrip);
    }
    assert!(chronicle.explain(trip(89)).decisions.is_empty(), "the oldest go first");
    assert_eq!(chronicle.explain(trip(90)).decisions.len(), 1);
    assert_eq!(chronicle.forgotten(), 90 + 60);
    assert_eq!(chronicle.last_of.len(), 10, "nothing is remembered about the forgotten");
}

#[test]
fn a_forgotten_decision_is_not_mistaken_for_a_later_one_about_the_same_trip() {
    let mut chronicle = Chronicle::default();
    chronicle.decided(&limits(2), decision(1, 0, vec![]));
    chronicle.decided(&limits(2), decision(2, 1, vec![]));
    chronicle.decided(&limits(2), decision(3, 2, vec![]));
    chronicle.decided(&limits(2), decision(1, 3, vec![]));
    assert_eq!(chronicle.explain(trip(1)).decisions.iter().map(|one| one.rounds).collect::<Vec<_>>(), [1]);
}

#[test]
fn a_driver_is_told_what_was_won_lost_passed_over_and_why() {
    let mut chronicle = Chronicle::default();
    let (memory, ann) = (limits(10), driver("ann"));
    chronicle.stands(&memory, at(0), &ann, Availability::Available);
    let lost = vec![considered("bob", 60_000, Fate::Chosen), considered("ann", 75_000, Fate::NotNeeded)];
    chronicle.decided(&memory, decision(1, 1, lost));
    chronicle.decided(&memory, decision(2, 2, vec![considered("ann", 5_000, Fate::Chosen)]));
    let offer = OfferId { trip: trip(2), epoch: Epoch(1), attempt: 1 };
    let fate = OfferFate::Declined;
    let outcome = Outcome { trip: trip(2), driver: ann.clone(), offer, wave: 1, fate, at: at(3) };
    chronicle.came_to(&memory, outcome.clone());
    let told = chronicle.why_not(&ann, at(0), 100);
    let expected = vec![
        (at(0), Reason::Stood(Availability::Available)),
        (at(1), Reason::Lost { trip: trip(1), to: Some(driver("bob")), dearer_ms: 15_000 }),
        (at(2), Reason::Chosen(trip(2))),
        (at(3), Reason::Attempt(outcome)),
    ];
    assert_eq!(told, expected);
    let old = chronicle.why_not(&driver("old"), at(2), 100);
    assert_eq!(old, [(at(2), Reason::PassedOver { trip: trip(2), rule: Rule::PositionOld })], "since, not before");
    assert_eq!(chronicle.why_not(&ann, at(0), 2), expected[2..], "the latest, when there is too much");
}

#[test]
fn whoever_wants_no_memory_has_none() {
    let mut chronicle = Chronicle::default();
    chronicle.decided(&limits(0), decision(1, 1, vec![]));
    chronicle.stands(&limits(0), at(0), &driver("ann"), Availability::Available);
    assert_eq!(chronicle.explain(trip(1)), Explanation::default());
    assert!(chronicle.why_not(&driver("ann"), at(0), 10).is_empty());
}
