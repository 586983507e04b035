//! Words that are late, doubled or overtaken. Each of these was found by exploring every order of events (`tests/it`).

use super::*;

#[test]
fn a_row_that_was_read_before_the_end_of_a_trip_that_was_never_heard_of_puts_nobody_on_it() {
    let won = trip(1);
    let mut ann = LiveDriver::restored(ann(), home(), Generation(1), None);
    ann.step(at(2), &Policy::default(), connected(7));
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
    let number = reading(&ann.step(at(2), &Policy::default(), connected(7))).unwrap();
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
    ann.step(at(2), &Policy::default(), connected(7));
    go_online(&mut ann, Vehicle::default());
    ann.step(at(4), &Policy::default(), reserve(&newer));
    let number = reading(&ann.step(at(5), &Policy::default(), confirm(&older))).expect("the row decides");
    let effects = ann.step(at(6), &Policy::default(), DriverInput::Row { number, row: Ok(Some(older.clone())) });
    assert_eq!(ann.trip(), Some(&older));
    let offer = OfferId { trip: newer.id, epoch: Epoch(1), attempt: 1 };
    assert!(effects.contains(&Effect::ToTrip { to: newer.id, input: TripInput::Declined { offer } }));
}

/// A driver who moves elsewhere, and does not know yet whether that was written.
fn moving() -> LiveDriver {
    let mut ann = LiveDriver::restored(ann(), home(), Generation(1), None);
    ann.step(at(2), &Policy::default(), connected(7));
    go_online(&mut ann, Vehicle::default());
    let there = Point::new(41.75, -73.98).unwrap();
    let last = Ping { driver: ann.id().clone(), point: there, measured_at: at(3), heading: None, accuracy: None };
    let to = ShardId::of(there, Resolution::SHARD);
    let asked = ann.step(at(3), &Policy::default(), DriverInput::Crossed { to, last });
    assert!(asked.iter().any(|effect| matches!(effect, Effect::Commit(_))), "{asked:?}");
    ann
}

#[test]
fn the_word_of_a_move_that_was_overruled_at_the_door_leads_nowhere() {
    let mut ann = moving();
    // The move was written, and the door has settled her here again: that was her third home.
    let input = DriverInput::Connected { session: SessionId(8), generation: Generation(3) };
    let effects = ann.step(at(4), &Policy::default(), input);
    assert_eq!(ann.session(), Some(SessionId(8)), "the app whose line this is must hear that it ends");
    assert_eq!(effects.last(), Some(&Effect::Rebuild { shard: false }), "{effects:?}");
}

#[test]
fn an_app_that_comes_back_while_a_move_is_written_waits_for_its_word() {
    let mut ann = moving();
    let effects = ann.step(at(4), &Policy::default(), connected(8));
    assert!(!effects.contains(&Effect::Rebuild { shard: false }), "{effects:?}");
    let effects = ann.step(at(5), &Policy::default(), DriverInput::MoveWritten(Ok(Generation(2))));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::HandOver { .. })), "{effects:?}");
}

#[test]
fn a_driver_who_was_settled_here_again_moves_from_the_generation_of_the_row() {
    let mut ann = LiveDriver::restored(ann(), home(), Generation(1), None);
    let input = DriverInput::Connected { session: SessionId(7), generation: Generation(3) };
    ann.step(at(2), &Policy::default(), input);
    assert_eq!(ann.generation(), Generation(3));
    // An older word changes nothing.
    ann.step(at(2), &Policy::default(), connected(8));
    assert_eq!(ann.generation(), Generation(3));
}
