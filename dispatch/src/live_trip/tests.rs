use std::time::Duration;

use geo::{Point, Resolution};

use super::*;
use crate::{OfferId, OfferPolicy, Order, Proposal, RiderId, SessionId, ShardInput, WriteError};

const START: Timestamp = Timestamp::from_millis(1_700_000_000_000);

fn at(second: u64) -> Timestamp {
    START + Duration::from_secs(second)
}

fn corner() -> Point {
    Point::new(40.75, -73.98).unwrap()
}

fn home() -> ShardId {
    ShardId::of(corner(), Resolution::SHARD)
}

fn driver(name: &str) -> DriverId {
    DriverId::new(name).unwrap()
}

/// All at once: what is tested here is who wins.
fn policy() -> Policy {
    let offers = OfferPolicy { waves: vec![3], stagger: Duration::ZERO, ..OfferPolicy::default() };
    Policy { offers, ..Policy::default() }
}

fn searching() -> LiveTrip {
    let rider = RiderId::new("eve").unwrap();
    let event = Event::Requested { rider, order: Order::new(corner(), corner()) };
    let id = TripId::new(START, home(), 1);
    let (mut live, _) = LiveTrip::requested(id, Epoch(1), event, START, None, None, AskId(1)).unwrap();
    live.step(START, &policy(), TripInput::Written);
    live
}

fn proposal(name: &str) -> Proposal {
    Proposal { driver: driver(name), home: home(), pickup_eta: Duration::from_secs(60), busy_for: Duration::ZERO }
}

/// A trip whose offer ann, bob and cat are looking at since second 2.
fn offered() -> (LiveTrip, [OfferId; 3]) {
    let mut live = searching();
    let proposals = ["ann", "bob", "cat"].map(proposal).to_vec();
    let asked = live.step(at(2), &policy(), TripInput::Matched { proposals, widened: 0 });
    let reserve = |effect: &Effect| match effect {
        Effect::ToDriver { input: DriverInput::Reserve { offer, .. }, .. } => Some(*offer),
        _ => None,
    };
    let offers: [OfferId; 3] = asked.iter().filter_map(reserve).collect::<Vec<_>>().try_into().unwrap();
    for (offer, name) in offers.into_iter().zip(["ann", "bob", "cat"]) {
        live.step(at(2), &policy(), TripInput::Reserved { offer, by: driver(name), home: home() });
    }
    (live, offers)
}

fn yes(offer: OfferId, name: &str) -> TripInput {
    let ask = DriverAsk { session: SessionId(1), number: Some(1) };
    TripInput::Accepted { offer, by: driver(name), home: home(), ask }
}

/// What was said to drivers, and what was asked of the store and of the shard.
fn told(effects: &[Effect]) -> Vec<String> {
    let line = |effect: &Effect| match effect {
        Effect::ToDriver { to, input: DriverInput::Confirm { .. }, .. } => Some(format!("confirm {to}")),
        Effect::ToDriver { to, input: DriverInput::Withdraw { why, .. }, .. } => Some(format!("{why:?} {to}")),
        Effect::ToDriver { to, input: DriverInput::Refused { .. }, .. } => Some(format!("refuse {to}")),
        Effect::Commit(Write::Trip(write)) => Some(format!("write {}", write.event.name())),
        Effect::ToShard { input: ShardInput::Seek(seeker), .. } => Some(format!("seek wave {}", seeker.wave)),
        _ => None,
    };
    effects.iter().filter_map(line).collect()
}

fn fates(effects: &[Effect]) -> Vec<String> {
    let line = |effect: &Effect| match effect {
        Effect::ToShard { input: ShardInput::Outcome(outcome), .. } => {
            Some(format!("{} {} in wave {}", outcome.driver, outcome.fate, outcome.wave))
        }
        _ => None,
    };
    effects.iter().filter_map(line).collect()
}

#[test]
fn a_second_yes_is_refused_only_after_the_first_is_durable() {
    let (mut live, [ann, bob, _]) = offered();
    let first = live.step(at(3), &policy(), yes(bob, "bob"));
    assert_eq!(told(&first), ["write assigned"]);
    assert_eq!(live.step(at(3), &policy(), yes(ann, "ann")), [], "nobody knows yet who has won");
    let won = live.step(at(4), &policy(), TripInput::Written);
    assert_eq!(told(&won), ["Taken ann", "confirm bob", "Taken cat", "refuse ann"]);
    assert_eq!(fates(&won), ["ann lost in wave 1", "bob committed in wave 1", "cat withdrawn in wave 1"]);
    assert_eq!(live.trip().stage.committed_driver(), Some(&driver("bob")));
}

#[test]
fn the_second_yes_wins_when_the_first_driver_turns_out_to_be_taken() {
    let (mut live, [ann, bob, _]) = offered();
    live.step(at(3), &policy(), yes(bob, "bob"));
    live.step(at(3), &policy(), yes(ann, "ann"));
    let lost = live.step(at(4), &policy(), TripInput::NotWritten(WriteError::DriverTaken));
    assert_eq!(told(&lost), ["refuse bob", "NotCommitted bob", "write assigned"]);
    let won = live.step(at(5), &policy(), TripInput::Written);
    assert_eq!(told(&won), ["confirm ann", "Taken cat"]);
}

#[test]
fn a_yes_that_waits_for_the_store_does_not_run_out() {
    let (mut live, [ann, bob, cat]) = offered();
    live.step(at(3), &policy(), yes(bob, "bob"));
    live.step(at(13), &policy(), yes(ann, "ann"));
    // The store answers after the offers of second 2 have run out.
    let lost = live.step(at(15), &policy(), TripInput::NotWritten(WriteError::DriverTaken));
    assert_eq!(told(&lost), ["refuse bob", "NotCommitted bob", "Expired cat", "write assigned"]);
    let won = live.step(at(16), &policy(), TripInput::Written);
    assert_eq!(told(&won), ["confirm ann"]);
    assert_eq!(told(&live.step(at(17), &policy(), yes(cat, "cat"))), ["refuse cat"]);
}

#[test]
fn when_the_store_is_busy_the_offer_stays_open() {
    let (mut live, [_, bob, _]) = offered();
    live.step(at(3), &policy(), yes(bob, "bob"));
    let busy = live.step(at(4), &policy(), TripInput::NotWritten(WriteError::Busy));
    assert_eq!(told(&busy), ["refuse bob"]);
    assert_eq!(told(&live.step(at(5), &policy(), yes(bob, "bob"))), ["write assigned"]);
}

#[test]
fn a_wave_of_which_nobody_could_be_had_is_asked_for_again() {
    let mut live = searching();
    let proposals = ["ann", "bob"].map(proposal).to_vec();
    live.step(at(2), &policy(), TripInput::Matched { proposals, widened: 0 });
    let id = live.trip().id;
    let busy = |attempt| TripInput::Busy { offer: OfferId { trip: id, epoch: Epoch(1), attempt } };
    assert_eq!(told(&live.step(at(2), &policy(), busy(1))), [""; 0]);
    assert_eq!(told(&live.step(at(2), &policy(), busy(2))), ["seek wave 1"]);
    let (mut live, offers) = offered();
    for offer in &offers[..2] {
        assert_eq!(told(&live.step(at(3), &policy(), TripInput::Declined { offer: *offer })), [""; 0]);
    }
    assert_eq!(told(&live.step(at(3), &policy(), TripInput::Declined { offer: offers[2] })), ["seek wave 2"]);
}

#[test]
fn a_reservation_that_is_not_answered_makes_room_for_the_next() {
    let offers = OfferPolicy { waves: vec![1], ..OfferPolicy::default() };
    let policy = Policy { offers, ..policy() };
    let mut live = searching();
    live.step(at(2), &policy, TripInput::Matched { proposals: vec![proposal("ann")], widened: 0 });
    let due = live.deadline(&policy).unwrap();
    assert_eq!(due, at(2) + policy.reply_within);
    assert_eq!(told(&live.step(due, &policy, TripInput::TimePassed)), ["Expired ann", "seek wave 1"]);
    let late = OfferId { trip: live.trip().id, epoch: Epoch(1), attempt: 1 };
    let answer = TripInput::Reserved { offer: late, by: driver("ann"), home: home() };
    assert_eq!(told(&live.step(due, &policy, answer)), ["Expired ann"], "the reservation must not hang");
}

#[test]
fn a_rider_who_looks_at_stages_misses_positions_and_nothing_else() {
    let (mut shown, [_, bob, _]) = offered();
    shown.step(at(3), &policy(), yes(bob, "bob"));
    shown.step(at(4), &policy(), TripInput::Written);
    let mut quiet = shown.clone();
    let (mut views, mut troubles) = (0, 0);
    for second in 5..600 {
        // It comes nearer, drives away, and stands still.
        let metres = [3_000.0 - 10.0 * second as f64, 5.0 * second as f64, 900.0][second as usize / 200];
        let car = CarPosition {
            point: Point::new(corner().lat() + metres / 111_195.0, corner().lon()).unwrap(),
            heading: None,
            accuracy: None,
            at: at(second),
        };
        let mut said = shown.step(at(second), &policy(), TripInput::CarMoved(car));
        let all = said.len();
        said.retain(|effect| !matches!(effect, Effect::Publish(_)));
        views += all - said.len();
        assert_eq!(quiet.follow_car(at(second), &policy(), car), said);
        assert_eq!(quiet.deadline(&policy()), shown.deadline(&policy()));
        let later = shown.step(at(second), &policy(), TripInput::TimePassed);
        troubles += later.len();
        assert_eq!(quiet.step(at(second), &policy(), TripInput::TimePassed), later);
        assert_eq!(quiet.trip(), shown.trip());
    }
    assert!(views > 300 && troubles > 0, "{views} positions were shown, {troubles} times there was trouble");
}
