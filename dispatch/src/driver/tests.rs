use geo::{Point, Resolution};

use super::*;
use crate::{Epoch, Free, Hint, Memory, Needs, RiderId, Stage, Standing};

fn here() -> Point {
    Point::new(40.75, -73.98).unwrap()
}

pub(super) fn home() -> ShardId {
    ShardId::of(here(), Resolution::SHARD)
}

pub(super) fn at(second: u64) -> Timestamp {
    Timestamp::from_millis(1_000_000 + second * 1_000)
}

pub(super) fn trip(chance: u64) -> Trip {
    let event =
        crate::Event::Requested { rider: RiderId::new("eve").unwrap(), order: crate::Order::new(here(), here()) };
    let asked = Trip::begin(TripId::new(at(0), home(), chance), &event, at(0)).unwrap();
    asked.apply(&crate::Event::Assigned { driver: ann() }, at(1)).unwrap()
}

pub(super) fn ann() -> DriverId {
    DriverId::new("ann").unwrap()
}

pub(super) fn on(trip: &Trip) -> LiveDriver {
    LiveDriver::restored(ann(), home(), Generation(1), Some(trip.clone()))
}

pub(super) fn ask(session: u64, number: u64) -> DriverAsk {
    DriverAsk { session: SessionId(session), number: Some(number) }
}

/// The app opens this session; the row knows of one home.
fn connected(session: u64) -> DriverInput {
    DriverInput::Connected { session: SessionId(session), generation: Generation(1) }
}

/// Over session 7.
pub(super) fn go_online(driver: &mut LiveDriver, vehicle: Vehicle) -> Vec<Effect> {
    driver.step(
        at(3),
        &Policy::default(),
        DriverInput::GoOnline { ask: ask(7, 1), last: None, vehicle, homeward: None },
    )
}

/// The standings that the shard is told of.
pub(super) fn standings(effects: &[Effect]) -> Vec<Standing> {
    let told = |effect: &Effect| match effect {
        Effect::ToShard { input: ShardInput::DriverIs { standing, .. }, .. } => Some(*standing),
        _ => None,
    };
    effects.iter().filter_map(told).collect()
}

/// That the shard knows the driver, then where she is, and only then the phone hears that she is on line.
fn assert_told_in_order(told: &[Effect]) {
    let is = |effect: &Effect| matches!(effect, Effect::ToShard { input: ShardInput::DriverIs { .. }, .. });
    let pinged = |effect: &Effect| matches!(effect, Effect::ToShard { input: ShardInput::Pings(_), .. });
    let answered = |effect: &Effect| matches!(effect, Effect::ToSession { notice: Notice::Standing { .. }, .. });
    let (is, pinged) = (told.iter().position(is).unwrap(), told.iter().position(pinged).unwrap());
    assert!(is < pinged, "a position before that would be a stray one: {told:?}");
    assert!(pinged < told.iter().position(answered).unwrap(), "who hears of her asks the shard next: {told:?}");
}

/// The number of the reading that is asked for, if one is.
fn reading(effects: &[Effect]) -> Option<u64> {
    effects.iter().find_map(|effect| match effect {
        Effect::ReadRow { number } => Some(*number),
        _ => None,
    })
}

#[test]
fn a_driver_made_from_an_old_row_is_freed_when_the_row_is_read_again() {
    let mut driver = on(&trip(1));
    let effects = driver.step(at(2), &Policy::default(), connected(7));
    let number = reading(&effects).expect("a reconnecting driver on a trip compares itself with its row");
    driver.step(at(3), &Policy::default(), DriverInput::Row { number, row: Ok(None) });
    assert_eq!(driver.trip(), None);
    assert_eq!(driver.availability(), Availability::Offline, "what the driver drives is not known");
    go_online(&mut driver, Vehicle::default());
    assert_eq!(driver.availability(), Availability::Available);
}

#[test]
fn a_driver_on_a_trip_looks_at_the_row_every_minute_although_nobody_writes() {
    let mut driver = on(&trip(1));
    driver.step(at(2), &Policy::default(), DriverInput::TimePassed);
    let due = driver.deadline().expect("a driver on a trip has a deadline");
    assert_eq!(due, at(2) + COMPARE_EVERY);
    let number = reading(&driver.step(due, &Policy::default(), DriverInput::TimePassed)).expect("the row is read");
    // The store cannot be read now: nothing changes, and it is tried again.
    driver.step(due, &Policy::default(), DriverInput::Row { number, row: Err(()) });
    assert!(driver.trip().is_some());
    assert_eq!(driver.deadline(), Some(due + COMPARE_EVERY));
}

#[test]
fn a_reading_that_began_before_the_trip_says_nothing_of_it() {
    let (first, second) = (trip(1), trip(2));
    let mut driver = on(&first);
    let number = reading(&driver.step(at(2), &Policy::default(), connected(7))).unwrap();
    driver.step(at(3), &Policy::default(), DriverInput::Freed { trip: first, ask: None });
    go_online(&mut driver, Vehicle::default());
    driver.step(at(4), &Policy::default(), reserve(&second));
    driver.step(at(4), &Policy::default(), confirm(&second));
    driver.step(at(5), &Policy::default(), DriverInput::Row { number, row: Ok(None) });
    assert_eq!(driver.trip(), Some(&second), "the answer is to an older question");
}

#[test]
fn an_answer_to_an_earlier_session_does_not_carry_its_number() {
    let held = trip(1);
    let mut driver = on(&held);
    driver.step(at(2), &Policy::default(), connected(7));
    driver.step(at(3), &Policy::default(), connected(8));
    let arrived = held.apply(&crate::Event::DriverArrived, at(4)).unwrap();
    assert!(matches!(arrived.stage, Stage::Arrived { .. }));
    let told = driver.step(at(4), &Policy::default(), DriverInput::Progress { trip: arrived, ask: Some(ask(7, 2)) });
    let numbers: Vec<_> = told
        .iter()
        .filter_map(|effect| match effect {
            Effect::ToSession { session, notice: Notice::Trip { ask, .. }, .. } => Some((*session, *ask)),
            _ => None,
        })
        .collect();
    assert_eq!(numbers, [(SessionId(8), None)]);
    let refused = Refusal::NotYourTrip { trip: trip(3).id };
    let told = driver.step(at(5), &Policy::default(), DriverInput::Refused { ask: ask(7, 3), why: refused });
    assert_eq!(told, [], "a refusal of an earlier session's command is nobody's");
}

fn with_ramp() -> Vehicle {
    Vehicle::new(crate::Class::Comfort, 6, true, false).unwrap()
}

#[test]
fn a_rebuilt_driver_is_not_free_before_the_app_says_with_which_vehicle() {
    let held = trip(1);
    let mut driver = on(&held);
    driver.step(at(2), &Policy::default(), connected(7));
    let told = driver.step(at(3), &Policy::default(), DriverInput::Freed { trip: held, ask: None });
    assert_eq!(standings(&told), [Standing::Taken(Availability::Offline)]);
    let said = told.iter().any(|effect| {
        let offline = Availability::Offline;
        matches!(effect, Effect::ToSession { notice: Notice::Standing { availability, .. }, .. } if *availability == offline)
    });
    assert!(said, "the app must know that the driver is to go on line: {told:?}");
    assert_eq!(standings(&go_online(&mut driver, with_ramp())), [Standing::Free(Free::new(with_ramp(), at(3)))]);
}

#[test]
fn a_vehicle_said_during_the_trip_counts_after_it() {
    let held = trip(1);
    let mut driver = on(&held);
    driver.step(at(2), &Policy::default(), connected(7));
    go_online(&mut driver, with_ramp());
    let told = driver.step(at(4), &Policy::default(), DriverInput::Freed { trip: held, ask: None });
    assert_eq!(standings(&told), [Standing::Free(Free::new(with_ramp(), at(4)))]);
}

#[test]
fn a_driver_whose_vehicle_changes_lets_an_offer_go_and_takes_none_that_does_not_fit() {
    let mut driver = LiveDriver::restored(ann(), home(), Generation(1), None);
    driver.step(at(2), &Policy::default(), connected(7));
    go_online(&mut driver, with_ramp());
    let offer = OfferId { trip: trip(1).id, epoch: Epoch(1), attempt: 1 };
    let needs = Needs::new(None, 5, true, false).unwrap();
    let reserve = DriverInput::Reserve { offer, until: at(20), needs, way: (here(), here()) };
    let answer = |told: Vec<Effect>| {
        told.into_iter().find_map(|effect| match effect {
            Effect::ToTrip { input, .. } => Some(input),
            _ => None,
        })
    };
    let reserved = TripInput::Reserved { offer, by: ann(), home: home() };
    assert_eq!(answer(driver.step(at(4), &Policy::default(), reserve.clone())), Some(reserved));
    let told = go_online(&mut driver, Vehicle::default());
    assert_eq!(standings(&told), [Standing::Free(Free::new(Vehicle::default(), at(3)))]);
    assert_eq!(answer(told), Some(TripInput::Declined { offer }));
    assert_eq!(
        answer(driver.step(at(5), &Policy::default(), reserve)),
        Some(TripInput::Busy { offer }),
        "the shard knew the old one"
    );
}

fn on_line() -> LiveDriver {
    let mut driver = LiveDriver::restored(ann(), home(), Generation(1), None);
    driver.step(at(2), &Policy::default(), connected(7));
    go_online(&mut driver, Vehicle::default());
    driver
}

/// Reserves the driver, shows the offer and lets it run out.
fn ignores(driver: &mut LiveDriver, attempt: u32) -> Vec<Effect> {
    let policy = Policy::default();
    let offer = OfferId { trip: trip(1).id, epoch: Epoch(1), attempt };
    let way = (here(), here());
    driver.step(at(4), &policy, DriverInput::Reserve { offer, until: at(20), needs: Needs::default(), way });
    let order = crate::Order::new(here(), here());
    let shown = Offer { id: offer, order, pickup_eta: Duration::ZERO, until: at(16), after: None };
    driver.step(at(4), &policy, DriverInput::Offer(shown));
    assert_eq!(driver.availability(), Availability::Offered);
    driver.step(at(16), &policy, DriverInput::Withdraw { offer, why: Withdrawal::Expired })
}

#[test]
fn the_shard_learns_how_many_offers_a_driver_accepts() {
    let mut driver = on_line();
    let acceptance = |told: Vec<Effect>| {
        standings(&told).into_iter().find_map(|standing| match standing {
            Standing::Free(free) => Some(free.acceptance),
            _ => None,
        })
    };
    assert_eq!(acceptance(ignores(&mut driver, 1)), Some(90));
    assert_eq!(acceptance(ignores(&mut driver, 2)), Some(81));
}

#[test]
fn three_offers_without_an_answer_are_a_break_that_the_app_and_the_shard_are_told_of() {
    let mut driver = on_line();
    ignores(&mut driver, 1);
    ignores(&mut driver, 2);
    let told = ignores(&mut driver, 3);
    assert_eq!(driver.availability(), Availability::OnBreak);
    assert_eq!(standings(&told), [Standing::Taken(Availability::OnBreak)]);
    let put =
        |effect: &Effect| matches!(effect, Effect::ToSession { notice: Notice::PutOnBreak { unanswered: 3 }, .. });
    assert!(told.iter().any(put), "{told:?}");
}

#[test]
fn a_driver_on_the_way_home_refuses_a_ride_that_does_not_lead_there_whatever_the_shard_thought() {
    let mut driver = on_line();
    let north = Point::new(40.85, -73.98).unwrap();
    driver.step(at(4), &Policy::default(), DriverInput::GoHome { ask: ask(7, 2), homeward: Some(north) });
    let offer = OfferId { trip: trip(1).id, epoch: Epoch(1), attempt: 1 };
    let reserve = |way| DriverInput::Reserve { offer, until: at(20), needs: Needs::default(), way };
    let south = Point::new(40.70, -73.98).unwrap();
    let said = |told: &[Effect]| {
        told.iter().any(|effect| matches!(effect, Effect::ToTrip { input: TripInput::Busy { .. }, .. }))
    };
    assert!(said(&driver.step(at(5), &Policy::default(), reserve((here(), south)))));
    assert!(!said(&driver.step(at(5), &Policy::default(), reserve((here(), north)))));
    assert_eq!(driver.availability(), Availability::Reserved);
}

fn suggested(id: u64, until: Timestamp) -> crate::Suggested {
    crate::Suggested { id, to: here(), drive: Duration::from_secs(300), expected: 2.0, cars: 1, until }
}

/// The numbers of the suggestions that are shown.
fn shown(effects: &[Effect]) -> Vec<u64> {
    let id = |effect: &Effect| match effect {
        Effect::ToSession { notice: Notice::Suggestion(suggested), .. } => Some(suggested.id),
        _ => None,
    };
    effects.iter().filter_map(id).collect()
}

#[test]
fn a_suggestion_is_shown_to_a_driver_without_work_and_to_no_other() {
    let mut driver = LiveDriver::restored(ann(), home(), Generation(1), None);
    let tell = |driver: &mut LiveDriver, id| {
        shown(&driver.step(at(5), &Policy::default(), DriverInput::Suggest(suggested(id, at(60)))))
    };
    assert_eq!(tell(&mut driver, 1), [0; 0], "nobody is connected");
    driver.step(at(2), &Policy::default(), connected(7));
    assert_eq!(tell(&mut driver, 2), [0; 0], "off line");
    go_online(&mut driver, Vehicle::default());
    assert_eq!(tell(&mut driver, 3), [3]);
    let offer = OfferId { trip: trip(1).id, epoch: Epoch(1), attempt: 1 };
    driver.step(
        at(5),
        &Policy::default(),
        DriverInput::Reserve { offer, until: at(20), needs: Needs::default(), way: (here(), here()) },
    );
    assert_eq!(tell(&mut driver, 4), [0; 0], "a trip holds the driver");
    driver.step(at(6), &Policy::default(), DriverInput::Confirm { offer, trip: trip(1), ask: ask(7, 1) });
    assert_eq!(tell(&mut driver, 5), [0; 0], "on the way to a rider");
}

#[test]
fn a_suggestion_is_shown_again_after_a_lost_connection_until_an_offer_or_its_end_overtakes_it() {
    let waiting = || {
        let mut driver = LiveDriver::restored(ann(), home(), Generation(1), None);
        driver.step(at(2), &Policy::default(), connected(7));
        go_online(&mut driver, Vehicle::default());
        driver.step(at(5), &Policy::default(), DriverInput::Suggest(suggested(1, at(60))));
        driver
    };
    let reconnects = |driver: &mut LiveDriver, second, session| {
        shown(&driver.step(at(second), &Policy::default(), connected(session)))
    };
    let mut driver = waiting();
    assert_eq!(reconnects(&mut driver, 30, 8), [1]);
    assert_eq!(reconnects(&mut driver, 60, 9), [0; 0], "it is over");
    let mut driver = waiting();
    let reserve = OfferId { trip: trip(1).id, epoch: Epoch(1), attempt: 1 };
    driver.step(
        at(10),
        &Policy::default(),
        DriverInput::Reserve { offer: reserve, until: at(20), needs: Needs::default(), way: (here(), here()) },
    );
    let withdraw = DriverInput::Withdraw { offer: reserve, why: Withdrawal::TripEnded };
    driver.step(at(11), &Policy::default(), withdraw.clone());
    assert_eq!(reconnects(&mut driver, 12, 8), [1], "a reservation that came to nothing was never heard of");
    driver.step(
        at(13),
        &Policy::default(),
        DriverInput::Reserve { offer: reserve, until: at(20), needs: Needs::default(), way: (here(), here()) },
    );
    let (pickup_eta, until) = (Duration::from_secs(60), at(20));
    let order = crate::Order::new(here(), here());
    driver.step(
        at(13),
        &Policy::default(),
        DriverInput::Offer(Offer { id: reserve, order, pickup_eta, until, after: None }),
    );
    driver.step(at(14), &Policy::default(), withdraw);
    assert_eq!(reconnects(&mut driver, 15, 9), [0; 0], "an offer has taken its place");
}

/// As the trip asks before it can have won.
pub(super) fn reserve(trip: &Trip) -> DriverInput {
    let offer = OfferId { trip: trip.id, epoch: Epoch(1), attempt: 1 };
    DriverInput::Reserve { offer, until: at(20), needs: Needs::default(), way: (here(), here()) }
}

fn confirm(trip: &Trip) -> DriverInput {
    let offer = OfferId { trip: trip.id, epoch: Epoch(1), attempt: 1 };
    DriverInput::Confirm { offer, trip: trip.clone(), ask: ask(7, 1) }
}

fn next(trip: &Trip, event: &crate::Event) -> Trip {
    trip.apply(event, at(9)).unwrap()
}

#[test]
fn a_confirmation_that_was_overtaken_puts_nobody_back() {
    let won = trip(1);
    let arrived = next(&won, &crate::Event::DriverArrived);
    let (mut ann, driver) = (on(&won), ann());
    ann.step(at(2), &Policy::default(), connected(7));
    ann.step(at(3), &Policy::default(), DriverInput::Progress { trip: arrived.clone(), ask: None });
    let effects = ann.step(at(4), &Policy::default(), confirm(&won));
    assert_eq!(ann.trip(), Some(&arrived));
    let told = Notice::Trip { trip: arrived.clone(), ask: Some(ask(7, 1)) };
    assert_eq!(effects, [Effect::ToSession { driver, session: SessionId(7), notice: told }]);

    // Nor does it hold a driver whose trip is over.
    let over = next(
        &arrived,
        &crate::Event::Cancelled {
            by: crate::Party::Rider,
            reason: crate::CancelReason::Other,
            fee: crate::FeeStage::Free,
        },
    );
    ann.step(at(5), &Policy::default(), DriverInput::Freed { trip: over, ask: None });
    ann.step(at(6), &Policy::default(), confirm(&won));
    assert_eq!(ann.trip(), None);
}

#[test]
fn a_confirmation_of_another_trip_is_not_believed_without_the_row() {
    let (mine, other) = (trip(1), trip(2));
    let mut ann = on(&mine);
    ann.step(at(2), &Policy::default(), connected(7));
    let effects = ann.step(at(3), &Policy::default(), confirm(&other));
    assert_eq!(ann.trip(), Some(&mine));
    let number = reading(&effects).expect("the row decides");
    ann.step(at(4), &Policy::default(), DriverInput::Row { number, row: Ok(Some(other.clone())) });
    assert_eq!(ann.trip(), Some(&other));
}

#[test]
fn a_row_that_was_read_before_the_last_word_of_the_trip_puts_nobody_back() {
    let won = trip(1);
    let mut ann = on(&won);
    let number = reading(&ann.step(at(2), &Policy::default(), connected(7))).unwrap();
    let arrived = next(&won, &crate::Event::DriverArrived);
    ann.step(at(3), &Policy::default(), DriverInput::Progress { trip: arrived.clone(), ask: None });
    assert_eq!(ann.step(at(4), &Policy::default(), DriverInput::Row { number, row: Ok(Some(won)) }), []);
    assert_eq!(ann.trip(), Some(&arrived));
}

#[test]
fn a_driver_whose_offer_ran_out_learns_of_a_trip_that_was_written_late() {
    let won = trip(1);
    let mut ann = LiveDriver::restored(ann(), home(), Generation(1), None);
    ann.step(at(2), &Policy::default(), connected(7));
    go_online(&mut ann, Vehicle::default());
    let offer = OfferId { trip: won.id, epoch: Epoch(1), attempt: 1 };
    ann.step(
        at(4),
        &Policy::default(),
        DriverInput::Reserve { offer, until: at(20), needs: Needs::default(), way: (here(), here()) },
    );
    let number = reading(&ann.step(at(20), &Policy::default(), DriverInput::TimePassed))
        .expect("the row is read before ann is free");
    ann.step(at(20), &Policy::default(), DriverInput::Row { number, row: Ok(None) });
    assert_eq!(ann.availability(), Availability::Available);

    // The word that ann has won it after all is lost: the row is read once more.
    let again = ann.deadline().expect("a free driver compares once more");
    let number = reading(&ann.step(again, &Policy::default(), DriverInput::TimePassed)).unwrap();
    ann.step(again, &Policy::default(), DriverInput::Row { number, row: Ok(Some(won.clone())) });
    assert_eq!(ann.trip(), Some(&won));
}

/// Ann at work, as the last owner of the shard wrote it down.
fn hint(generation: u64) -> Hint {
    let last = Ping { driver: ann(), point: here(), measured_at: at(1), heading: None, accuracy: None };
    let memory = Memory {
        generation: Generation(generation),
        wish: Wish::Work,
        vehicle: Some(Vehicle::default()),
        acceptance: 700,
    };
    Hint { memory, last, seen_at: at(1) }
}

/// The positions that the shard is told.
fn positions(effects: &[Effect]) -> usize {
    let told = |effect: &&Effect| matches!(effect, Effect::ToShard { input: ShardInput::Pings(_), .. });
    effects.iter().filter(told).count()
}

#[test]
fn a_driver_who_comes_back_is_at_work_where_she_was_without_saying_so() {
    let mut driver = LiveDriver::restored(ann(), home(), Generation(1), None);
    driver.recall(hint(1));
    assert_eq!(driver.availability(), Availability::Offline, "nobody is connected");
    let mut told = Vec::new();
    driver.tell_shard(&mut told);
    assert_eq!(positions(&told), 0, "the shard keeps no place for a driver who is not there");
    let told = driver.step(at(2), &Policy::default(), connected(7));
    assert!(matches!(standings(&told)[..], [Standing::Free(_)]), "{told:?}");
    assert_eq!(positions(&told), 1);
    assert_told_in_order(&told);
}

#[test]
fn whoever_hears_that_a_driver_is_on_line_can_be_driven_by_her() {
    let mut driver = LiveDriver::restored(ann(), home(), Generation(1), None);
    driver.step(at(2), &Policy::default(), connected(7));
    let (last, vehicle) = (Some(hint(1).last), Vehicle::default());
    let online = DriverInput::GoOnline { ask: ask(7, 1), last, vehicle, homeward: None };
    assert_told_in_order(&driver.step(at(3), &Policy::default(), online));
}

#[test]
fn a_hint_of_another_life_says_nothing() {
    let mut driver = LiveDriver::restored(ann(), home(), Generation(2), None);
    driver.recall(hint(1));
    let told = driver.step(at(2), &Policy::default(), connected(7));
    assert!(matches!(standings(&told)[..], [Standing::Taken(Availability::Offline)]), "{told:?}");
    assert_eq!(positions(&told), 0);
}

#[test]
fn how_a_driver_deals_with_offers_is_known_to_the_next_owner() {
    let mut driver = LiveDriver::restored(ann(), home(), Generation(1), None);
    driver.recall(hint(1));
    assert_eq!(driver.memory().acceptance, 700);
    assert_eq!(driver.free(Vehicle::default()).acceptance, 70);
    let mut other = LiveDriver::restored(ann(), home(), Generation(2), None);
    other.recall(hint(1));
    assert_eq!(other.memory().acceptance, 1_000, "a hint of another life says nothing");
}

#[test]
fn a_driver_on_a_trip_whose_vehicle_is_recalled_goes_on_working_afterwards() {
    let held = trip(1);
    let mut driver = on(&held);
    driver.recall(hint(1));
    let mut told = Vec::new();
    driver.tell_shard(&mut told);
    assert_eq!(positions(&told), 1, "the rider sees the car again: {told:?}");
    driver.step(at(2), &Policy::default(), connected(7));
    driver.step(at(3), &Policy::default(), DriverInput::Freed { trip: held, ask: None });
    assert_eq!(driver.availability(), Availability::Available);
}

#[test]
fn the_shard_hears_what_no_row_holds_whenever_that_changes() {
    let remembered = |effects: &[Effect]| -> Vec<(Wish, bool)> {
        let told = |effect: &Effect| match effect {
            Effect::ToShard { input: ShardInput::Remember { memory, .. }, .. } => {
                Some((memory.wish, memory.vehicle.is_some()))
            }
            _ => None,
        };
        effects.iter().filter_map(told).collect()
    };
    let mut driver = LiveDriver::restored(ann(), home(), Generation(1), None);
    driver.step(at(2), &Policy::default(), connected(7));
    assert_eq!(remembered(&go_online(&mut driver, Vehicle::default())), [(Wish::Work, true)]);
    assert_eq!(remembered(&driver.step(at(4), &Policy::default(), DriverInput::TimePassed)), []);
    let pause = DriverInput::GoOffline { ask: ask(7, 2), on_break: true };
    assert_eq!(remembered(&driver.step(at(5), &Policy::default(), pause)), [(Wish::Break, true)]);
}

mod late;
mod way;
