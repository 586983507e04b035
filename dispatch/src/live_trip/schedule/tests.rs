use std::time::Duration;

use geo::Resolution;

use super::*;
use crate::{
    AskId, CancelReason, Effect, Epoch, Event, FeeStage, Order, Party, RiderId, ShardId, ShardInput, Stage, Trip,
    TripId, TripInput, Write,
};
use geo::Point;

const NOON: Timestamp = Timestamp::from_millis(1_700_000_000_000);
const HOUR: Duration = Duration::from_secs(3_600);

fn corner() -> Point {
    Point::new(40.75, -73.98).unwrap()
}

fn booked(wished: Timestamp) -> Trip {
    let id = TripId::new(NOON, ShardId::of(corner(), Resolution::SHARD), 1);
    let order = Order { pickup_at: Some(wished), ..Order::new(corner(), corner()) };
    Trip::begin(id, &Event::Requested { rider: RiderId::new("eve").unwrap(), order }, NOON).unwrap()
}

fn written(effects: &[Effect]) -> Vec<&Event> {
    let event = |effect| match effect {
        &Effect::Commit(Write::Trip(ref write)) => Some(&write.event),
        _ => None,
    };
    effects.iter().filter_map(event).collect()
}

fn seeks(effects: &[Effect]) -> bool {
    effects.iter().any(|effect| matches!(effect, Effect::ToShard { input: ShardInput::Seek(_), .. }))
}

/// Lets a restored trip run through its own deadlines alone, with a store that always says yes.
fn alone(trip: Trip, mut now: Timestamp, policy: &Policy) -> Vec<(Timestamp, Event, bool)> {
    let (mut live, effects) = LiveTrip::restored(trip, Epoch(1), None);
    assert!(!seeks(&effects));
    let mut history = Vec::new();
    while let Some(at) = live.deadline(policy) {
        now = now.max(at);
        let effects = live.step(now, policy, TripInput::TimePassed);
        let events: Vec<Event> = written(&effects).into_iter().cloned().collect();
        for event in events {
            let effects = live.step(now, policy, TripInput::Written);
            history.push((now, event, seeks(&effects)));
        }
    }
    history
}

#[test]
fn a_restored_ride_for_later_needs_nothing_but_its_row() {
    let (policy, wished) = (Policy::default(), NOON + HOUR * 24 * 20);
    let history = alone(booked(wished), NOON + HOUR, &policy);
    let begins = wished - policy.lead(corner(), wished);
    let ends = wished + policy.search_lasts;
    assert_eq!(history, [(begins, Event::Activated, true), (ends, Event::Expired, false)]);
    let lead = wished.since(begins);
    assert!(lead >= policy.booking.lead_min && lead <= policy.booking.lead_max, "{lead:?}");
}

#[test]
fn after_a_long_sleep_it_is_searched_for_late_and_given_up_when_it_would_be_over() {
    let (policy, wished) = (Policy::default(), NOON + HOUR);
    let late = wished + Duration::from_secs(60);
    let history = alone(booked(wished), late, &policy);
    assert_eq!(history, [(late, Event::Activated, true), (late + policy.search_lasts, Event::Expired, false)]);
    let too_late = wished + policy.search_lasts;
    assert_eq!(alone(booked(wished), too_late, &policy), [(too_late, Event::Expired, false)]);
}

#[test]
fn before_its_time_nobody_searches_and_the_rider_may_call_off() {
    let (policy, wished) = (Policy::default(), NOON + HOUR * 3);
    let trip = booked(wished);
    let event = Event::Requested { rider: trip.rider.clone(), order: trip.order };
    let (mut live, _) = LiveTrip::requested(trip.id, Epoch(1), event, NOON, None, None, AskId(1)).unwrap();
    let effects = live.step(NOON, &policy, TripInput::Written);
    assert!(!seeks(&effects) && live.trip().stage == Stage::Scheduled);
    assert!(written(&live.step(NOON + HOUR, &policy, TripInput::TimePassed)).is_empty());
    let effects = live.step(
        NOON + HOUR,
        &policy,
        TripInput::Cancel { by: Party::Rider, reason: CancelReason::ChangedMind, ask: AskId(2) },
    );
    let (by, reason, fee) = (Party::Rider, CancelReason::ChangedMind, FeeStage::Free);
    assert_eq!(written(&effects), [&Event::Cancelled { by, reason, fee }]);
}

/// A lead that is asked for before its time would be asked of another hour's traffic.
#[test]
fn the_way_of_a_likely_car_is_asked_for_when_the_search_may_begin() {
    let (policy, wished) = (Policy::default(), NOON + HOUR * 3);
    let (mut live, _) = LiveTrip::restored(booked(wished), Epoch(1), None);
    live.step(NOON, &policy, TripInput::TimePassed);
    assert_eq!(live.deadline(&policy), Some(wished - policy.booking.lead_max));
    live.step(wished - policy.booking.lead_max, &policy, TripInput::TimePassed);
    assert_eq!(live.deadline(&policy), Some(wished - policy.lead(corner(), wished)));
}
