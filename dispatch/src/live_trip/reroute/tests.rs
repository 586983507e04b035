use geo::Resolution;

use super::*;
use crate::{DriverAsk, DriverId, DriverInput, Epoch, Order, RiderId, SessionId, ShardId, TripId, TripInput};

const START: Timestamp = Timestamp::from_millis(1_700_000_000_000);

fn place(north: f64) -> Point {
    Point::new(40.75 + north, -73.98).unwrap()
}

fn home() -> ShardId {
    ShardId::of(place(0.0), Resolution::SHARD)
}

fn ann() -> DriverId {
    DriverId::new("ann").unwrap()
}

fn after(trip: &Trip, events: &[Event]) -> Trip {
    events.iter().fold(trip.clone(), |trip, event| trip.apply(event, START).unwrap())
}

/// eve sits in ann's car; two stops lie ahead.
fn riding() -> Trip {
    let stops = Stops::new([place(0.01), place(0.02)]).unwrap();
    let order = Order { stops, ..Order::new(place(0.0), place(0.03)) };
    let event = Event::Requested { rider: RiderId::new("eve").unwrap(), order };
    let asked = Trip::begin(TripId::new(START, home(), 1), &event, START).unwrap();
    after(&asked, &[Event::Assigned { driver: ann() }, Event::DriverArrived, Event::PickedUp])
}

fn goes_to(north: f64, over: &[f64]) -> Event {
    let stops = Stops::new(over.iter().copied().map(place)).unwrap();
    Event::Rerouted { stops, dropoff: place(north), fare: None }
}

/// An owner of the shard that knows this much of the trip.
fn owner_that_knows(trip: &Trip) -> LiveTrip {
    LiveTrip::restored(trip.clone(), Epoch(1), Some(home())).0
}

/// How a rider is answered who wants to go there, having seen this version.
fn answer(owner: &mut LiveTrip, north: f64, seen: Option<u32>) -> Option<Result<u32, Refusal>> {
    let wanted = Reroute { stops: None, dropoff: Some(place(north)), seen };
    let effects = owner.step(START, &Policy::default(), TripInput::Reroute { wanted, ask: AskId(1) });
    effects.into_iter().find_map(|effect| match effect {
        Effect::Answer { answer, .. } => Some(answer.map(|view| view.trip.version)),
        _ => None,
    })
}

#[test]
fn an_owner_that_knows_less_than_the_rider_does_not_say_that_the_way_leads_there_already() {
    let before = riding();
    let now = after(&before, &[goes_to(0.05, &[])]);
    // The rider has gone elsewhere under the next owner, and wants to go back to where the old owner thinks the way leads.
    let outdated = Refusal::Outdated { version: before.version };
    assert_eq!(answer(&mut owner_that_knows(&before), 0.03, Some(now.version)), Some(Err(outdated.clone())));
    let wanted = Reroute { stops: None, dropoff: Some(place(0.03)), seen: Some(now.version) };
    assert_eq!(answer_reroute_of_ended(&before, &wanted), Some(Err(outdated)), "also from the record");
    // Whoever looked at this version or an earlier one is told that it is so.
    for seen in [None, Some(before.version), Some(before.version - 1)] {
        assert_eq!(answer(&mut owner_that_knows(&before), 0.03, seen), Some(Ok(before.version)));
    }
}

/// How the driver is answered who halts at a stop of the way that was changed so often, or the number that is written.
fn halt(owner: &mut LiveTrip, stop: u8, rerouted: Option<u16>) -> Result<&'static str, Refusal> {
    let ask = DriverAsk { session: SessionId(1), number: Some(1) };
    let deed = Deed::StopReached { stop, rerouted };
    let effects = owner.step(START, &Policy::default(), TripInput::Did { by: ann(), home: home(), deed, ask });
    match effects.first() {
        Some(Effect::Commit(_)) => Ok("written"),
        Some(Effect::ToDriver { input: DriverInput::Progress { .. }, .. }) => Ok("said again"),
        Some(Effect::ToDriver { input: DriverInput::Refused { why, .. }, .. }) => Err(why.clone()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_stop_of_another_way_than_the_present_is_not_made() {
    let replaced = after(&riding(), &[goes_to(0.03, &[-0.01])]);
    let outdated = || Err(Refusal::Outdated { version: replaced.version });
    let halts = |stop, rerouted| halt(&mut owner_that_knows(&replaced), stop, rerouted);
    assert_eq!(halts(1, Some(0)), outdated(), "the place that the rider has replaced meanwhile");
    assert_eq!(halts(1, Some(2)), outdated(), "this owner does not know yet what the driver knows");
    assert_eq!(halts(1, Some(1)), Ok("written"));
    assert_eq!(halts(1, None), Ok("written"), "whoever names no way means the present one");
}

#[test]
fn a_stop_that_was_made_stays_made_whatever_the_rider_changes_afterwards() {
    let made = after(&riding(), &[Event::StopReached { stop: 1 }]);
    let replaced = after(&made, &[goes_to(0.03, &[-0.01])]);
    let halts = |stop, rerouted| halt(&mut owner_that_knows(&replaced), stop, rerouted);
    assert_eq!(halts(1, Some(0)), Ok("said again"));
    assert_eq!(halts(2, Some(0)), Err(Refusal::Outdated { version: replaced.version }));
    // A driver who knows of a later way may say again what an overruled owner knows, too: it is not up to that owner.
    assert_eq!(halts(1, Some(2)), Err(Refusal::Outdated { version: replaced.version }));
}
