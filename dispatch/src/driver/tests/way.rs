//! Drivers whose rider goes another way, and how they hear of it.

use super::*;
use crate::{Event, Stops};

fn elsewhere() -> Event {
    Event::Rerouted { stops: Stops::default(), dropoff: Point::new(40.85, -73.98).unwrap(), fare: None }
}

/// ann has eve in the car, and has promised herself to the rider of this offer.
fn promised() -> (LiveDriver, Trip, OfferId) {
    let riding = next(&next(&trip(1), &Event::DriverArrived), &Event::PickedUp);
    let mut ann = on(&riding);
    ann.step(at(2), &Policy::default(), connected(7));
    go_online(&mut ann, Vehicle::default());
    let bob = trip(2);
    ann.step(at(4), &Policy::default(), reserve(&bob));
    let id = OfferId { trip: bob.id, epoch: Epoch(1), attempt: 1 };
    let order = crate::Order::new(here(), here());
    let offer = Offer { id, order, pickup_eta: Duration::from_secs(60), until: at(20), after: None };
    ann.step(at(4), &Policy::default(), DriverInput::Offer(offer));
    let yes = ann.step(at(5), &Policy::default(), DriverInput::Answer { offer: id, yes: true, ask: ask(7, 2) });
    assert!(yes.iter().any(|effect| matches!(effect, Effect::ToTrip { input: TripInput::Promised { .. }, .. })));
    (ann, riding, id)
}

/// What the row says to a driver who looks at it a minute later.
fn by_row(ann: &mut LiveDriver, row: &Trip) -> Vec<Effect> {
    let due = ann.deadline().expect("a driver on a trip looks at the row");
    let number = reading(&ann.step(due, &Policy::default(), DriverInput::TimePassed)).expect("the row is read");
    ann.step(due, &Policy::default(), DriverInput::Row { number, row: Ok(Some(row.clone())) })
}

#[test]
fn a_driver_who_learns_of_another_way_from_the_row_does_as_one_who_learns_of_it_from_the_letter() {
    let (mut ann, riding, bob) = promised();
    let rerouted = next(&riding, &elsewhere());
    let letter = DriverInput::Progress { trip: rerouted.clone(), ask: None };
    let by_letter = ann.clone().step(at(10), &Policy::default(), letter);
    let declined = Effect::ToTrip { to: bob.trip, input: TripInput::Declined { offer: bob } };
    assert!(by_letter.contains(&declined), "the next ride no longer fits: {by_letter:?}");
    assert_eq!(by_row(&mut ann, &rerouted), by_letter);
    let freed = next(&rerouted, &Event::DroppedOff);
    let effects = ann.step(at(90), &Policy::default(), DriverInput::Freed { trip: freed, ask: None });
    let said_yes = |effect: &Effect| matches!(effect, Effect::ToTrip { input: TripInput::Accepted { .. }, .. });
    assert!(!effects.iter().any(said_yes), "what was let go is not accepted later");
}

#[test]
fn a_driver_whose_trip_is_further_on_than_memory_reads_the_row() {
    let (ann, riding, _) = promised();
    let refused = |version: u32| {
        let why = Refusal::Outdated { version };
        let effects = ann.clone().step(at(10), &Policy::default(), DriverInput::Refused { ask: ask(7, 3), why });
        assert!(effects.iter().any(|effect| matches!(effect, Effect::ToSession { .. })), "the app is told");
        reading(&effects).is_some()
    };
    assert!(refused(riding.version + 1), "the letter of the new way was lost, or is late");
    assert!(!refused(riding.version), "an owner that was overruled knows less");
}
