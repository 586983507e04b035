use super::super::tests::{ann, ask, at, go_online, home, on, reserve, standings, trip};
use super::*;
use crate::{
    Availability, DriverInput, Effect, Generation, LiveDriver, Notice, Offer, OfferId, Order, Standing, Trip,
    TripInput, Vehicle, Withdrawal,
};

const LINE: SessionId = SessionId(7);
const NEXT_LINE: SessionId = SessionId(8);

fn step(driver: &mut LiveDriver, second: u64, input: DriverInput) -> Vec<Effect> {
    driver.step(at(second), &Policy::default(), input)
}

fn offer_of(trip: &Trip) -> Offer {
    let DriverInput::Reserve { offer: id, until, .. } = reserve(trip) else { panic!("a reservation") };
    let order = Order::new(trip.order.pickup, trip.order.dropoff);
    Offer { id, order, pickup_eta: std::time::Duration::from_secs(60), until, after: None }
}

/// At work over [`LINE`], and shown an offer in second 4.
fn with_an_offer() -> (LiveDriver, Offer) {
    let mut driver = LiveDriver::restored(ann(), home(), Generation(1), None);
    step(&mut driver, 2, DriverInput::Connected { session: LINE, generation: Generation(1) });
    go_online(&mut driver, Vehicle::default());
    let asked = trip(1);
    step(&mut driver, 4, reserve(&asked));
    let offer = offer_of(&asked);
    step(&mut driver, 4, DriverInput::Offer(offer.clone()));
    assert_eq!(driver.availability(), Availability::Offered);
    (driver, offer)
}

fn declined(effects: &[Effect]) -> Vec<OfferId> {
    let no = |effect: &Effect| match effect {
        Effect::ToTrip { input: TripInput::Declined { offer }, .. } => Some(*offer),
        _ => None,
    };
    effects.iter().filter_map(no).collect()
}

fn told(effects: &[Effect]) -> Vec<(SessionId, &Notice)> {
    let said = |effect: &'_ Effect| matches!(effect, Effect::ToSession { .. });
    let notices = effects.iter().filter(|effect| said(effect)).map(|effect| match effect {
        Effect::ToSession { session, notice, .. } => (*session, notice),
        other => panic!("filtered: {other:?}"),
    });
    notices.collect()
}

#[test]
fn an_open_offer_waits_for_a_phone_that_comes_back_in_time() {
    let (mut driver, offer) = with_an_offer();
    let lost = step(&mut driver, 5, DriverInput::LineLost { session: LINE });
    assert_eq!(declined(&lost), []);
    let back = step(&mut driver, 9, DriverInput::Connected { session: NEXT_LINE, generation: Generation(1) });
    assert!(told(&back).contains(&(NEXT_LINE, &Notice::Offer(offer.clone()))), "{back:?}");
    step(&mut driver, 10, DriverInput::Withdraw { offer: offer.id, why: Withdrawal::TripEnded });
    assert_eq!(driver.availability(), Availability::Available, "nobody has to go on line again");
}

#[test]
fn a_line_that_does_not_come_back_is_given_up_and_the_next_driver_is_asked() {
    let (mut driver, offer) = with_an_offer();
    step(&mut driver, 5, DriverInput::LineLost { session: LINE });
    assert_eq!(driver.deadline(), Some(at(10)));
    let given_up = step(&mut driver, 10, DriverInput::TimePassed);
    assert_eq!(declined(&given_up), [offer.id]);
    assert!(given_up.contains(&Effect::Retire));
    assert_eq!(standings(&given_up), [Standing::Gone]);
}

#[test]
fn nothing_new_is_offered_while_the_line_is_lost() {
    let mut driver = LiveDriver::restored(ann(), home(), Generation(1), None);
    step(&mut driver, 2, DriverInput::Connected { session: LINE, generation: Generation(1) });
    go_online(&mut driver, Vehicle::default());
    let lost = step(&mut driver, 5, DriverInput::LineLost { session: LINE });
    assert_eq!(standings(&lost), [Standing::Taken(Availability::Offline)], "the shard keeps the position");
    let asked = step(&mut driver, 6, reserve(&trip(1)));
    assert!(matches!(&asked[..], [Effect::ToTrip { input: TripInput::Busy { .. }, .. }]), "{asked:?}");
    let back = step(&mut driver, 7, DriverInput::Connected { session: NEXT_LINE, generation: Generation(1) });
    assert_eq!(driver.availability(), Availability::Available);
    let [Standing::Free(free)] = standings(&back)[..] else { panic!("{back:?}") };
    assert_eq!(free.since, at(3), "the place in the line is kept");
}

#[test]
fn a_reservation_that_was_not_shown_yet_is_let_go_at_once() {
    let mut driver = LiveDriver::restored(ann(), home(), Generation(1), None);
    step(&mut driver, 2, DriverInput::Connected { session: LINE, generation: Generation(1) });
    go_online(&mut driver, Vehicle::default());
    let asked = trip(1);
    step(&mut driver, 4, reserve(&asked));
    let lost = step(&mut driver, 5, DriverInput::LineLost { session: LINE });
    assert_eq!(declined(&lost), [offer_of(&asked).id]);
}

#[test]
fn what_happens_while_the_line_is_lost_is_told_to_the_lost_session() {
    let (mut driver, offer) = with_an_offer();
    step(&mut driver, 5, DriverInput::LineLost { session: LINE });
    let gone = step(&mut driver, 6, DriverInput::Withdraw { offer: offer.id, why: Withdrawal::TripEnded });
    let withdrawn = Notice::Withdrawn { offer: offer.id, why: Withdrawal::TripEnded };
    assert_eq!(told(&gone), [(LINE, &withdrawn)], "whoever keeps what was missed can say it again");
}

#[test]
fn an_older_line_that_breaks_says_nothing_of_the_newer() {
    let (mut driver, _) = with_an_offer();
    step(&mut driver, 5, DriverInput::Connected { session: NEXT_LINE, generation: Generation(1) });
    assert_eq!(step(&mut driver, 6, DriverInput::LineLost { session: LINE }), []);
    assert_eq!(driver.session(), Some(NEXT_LINE));
}

#[test]
fn a_driver_on_a_trip_stays_on_it_and_goes_on_working_after_it() {
    let held = trip(1);
    let mut driver = on(&held);
    step(&mut driver, 2, DriverInput::Connected { session: LINE, generation: Generation(1) });
    go_online(&mut driver, Vehicle::default());
    step(&mut driver, 5, DriverInput::LineLost { session: LINE });
    step(&mut driver, 6, DriverInput::Freed { trip: held, ask: Some(ask(7, 4)) });
    step(&mut driver, 7, DriverInput::Connected { session: NEXT_LINE, generation: Generation(1) });
    assert_eq!(driver.availability(), Availability::Available);
}

#[test]
fn a_policy_without_patience_takes_a_broken_line_for_a_hang_up() {
    let (mut driver, offer) = with_an_offer();
    let mut policy = Policy::default();
    policy.offers.reconnect_within = std::time::Duration::ZERO;
    let lost = driver.step(at(5), &policy, DriverInput::LineLost { session: LINE });
    assert_eq!(declined(&lost), [offer.id]);
}
