//! Words that are late, doubled or overtaken. Each of these was found by exploring every order of events (`tests/it`).

use super::*;

#[test]
fn a_row_that_was_read_before_the_end_of_a_trip_that_was_never_heard_of_puts_nobody_on_it() {
    let won = trip(1);
    let mut ann = LiveDriver::restored(ann(), home(), Generation(1), None);
    ann.step(at(2), &Policy::default(), DriverInput::Connected { session: SessionId(7) });
    go_online(&mut ann, Vehicle::default());
    ann.step(at(4), &Policy::default(), reserve(&won));
    let number = reading(&ann.step(at(20), &Policy::default(), DriverInput::TimePassed)).unwrap();
    // The row is on its way. The word that ann has won the trip is late, and the word of its end overtakes both.
    let over = next(
        &won,
        &crate::Event::Cancelled {
            by: crate::Party::Rider,
            reason: crate::CancelReason::Other,
            fee: crate::FeeStage::Free,
        },
    );
    let again = reading(&ann.step(at(21), &Policy::default(), DriverInput::Freed { trip: over, ask: None }));
    ann.step(at(22), &Policy::default(), DriverInput::Row { number, row: Ok(Some(won)) });
    assert_eq!(ann.trip(), None);
    let number = again.expect("what is so now is read once more");
    ann.step(at(23), &Policy::default(), DriverInput::Row { number, row: Ok(None) });
    assert_eq!(ann.availability(), Availability::Available);
}

#[test]
fn a_confirmation_that_comes_twice_puts_nobody_back_on_a_trip_that_the_row_says_is_over() {
    let won = trip(1);
    let mut ann = on(&won);
    let number =
        reading(&ann.step(at(2), &Policy::default(), DriverInput::Connected { session: SessionId(7) })).unwrap();
    ann.step(at(3), &Policy::default(), DriverInput::Row { number, row: Ok(None) });
    assert_eq!(ann.trip(), None);
    // Memory has forgotten the trip, but not the copy that was still on its way.
    let number = reading(&ann.step(at(4), &Policy::default(), confirm(&won))).expect("the row decides");
    assert_eq!(ann.trip(), None);
    ann.step(at(5), &Policy::default(), DriverInput::Row { number, row: Ok(None) });
    assert_eq!(ann.trip(), None);
}

#[test]
fn a_driver_who_has_won_an_older_trip_lets_the_newer_offer_go_when_the_row_says_so() {
    let (older, newer) = (trip(1), trip(2));
    let mut ann = LiveDriver::restored(ann(), home(), Generation(1), None);
    ann.step(at(2), &Policy::default(), DriverInput::Connected { session: SessionId(7) });
    go_online(&mut ann, Vehicle::default());
    ann.step(at(4), &Policy::default(), reserve(&newer));
    let number = reading(&ann.step(at(5), &Policy::default(), confirm(&older))).expect("the row decides");
    let effects = ann.step(at(6), &Policy::default(), DriverInput::Row { number, row: Ok(Some(older.clone())) });
    assert_eq!(ann.trip(), Some(&older));
    let offer = OfferId { trip: newer.id, epoch: Epoch(1), attempt: 1 };
    assert!(effects.contains(&Effect::ToTrip { to: newer.id, input: TripInput::Declined { offer } }));
}
