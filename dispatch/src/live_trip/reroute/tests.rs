use geo::Resolution;

use super::*;
use crate::{DriverId, Epoch, Order, RiderId, ShardId, TripId, TripInput};

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
