use proptest::prelude::*;

use super::*;
use crate::DriverId;

/// Metres north of a corner in New York.
fn north(metres: f64) -> Point {
    Point::new(40.7 + metres / 111_195.0, -73.98).unwrap()
}

fn ping(metres: f64, measured_ms: u64) -> Ping {
    Ping {
        driver: DriverId::new("ann").unwrap(),
        point: north(metres),
        measured_at: Timestamp::from_millis(measured_ms),
        heading: None,
        accuracy: None,
    }
}

/// What becomes of positions: (received at, measured at, metres north).
fn told(track: &mut Track, pings: &[(u64, u64, f64)]) -> Vec<Verdict> {
    let policy = Policy::default();
    let take = |(received, measured, metres): &(u64, u64, f64)| {
        track.take(Timestamp::from_millis(*received), &policy, &ping(*metres, *measured))
    };
    pings.iter().map(take).collect()
}

#[test]
fn a_late_position_and_one_told_twice_are_dropped() {
    let mut track = Track::default();
    let told = told(&mut track, &[(1_000, 1_000, 0.0), (1_100, 900, 50.0), (1_200, 1_000, 0.0), (2_000, 2_000, 10.0)]);
    assert_eq!(told, [Verdict::Believed, Verdict::Late, Verdict::Doubled, Verdict::Believed]);
}

#[test]
fn a_phone_whose_clock_went_back_is_heard_again() {
    let mut track = Track::default();
    let told = told(&mut track, &[(60_000, 60_000, 0.0), (64_000, 1_000, 20.0), (68_000, 5_000, 40.0)]);
    assert_eq!(told, [Verdict::Believed; 3]);
}

#[test]
fn a_clock_that_goes_ahead_is_set_back_to_now() {
    let mut track = Track::default();
    let told = told(&mut track, &[(1_000, 900_000, 0.0), (5_000, 904_000, 20.0)]);
    assert_eq!(told, [Verdict::Believed; 2]);
    assert_eq!(track.position().unwrap().measured_at, Timestamp::from_millis(5_000));
}

#[test]
fn a_jump_is_not_believed_and_costs_plausibility() {
    let mut track = Track::default();
    let told = told(&mut track, &[(0, 0, 0.0), (4_000, 4_000, 9_000.0), (8_000, 8_000, 30.0)]);
    assert_eq!(told, [Verdict::Believed, Verdict::Implausible, Verdict::Believed]);
    assert_eq!(track.position().unwrap().point, north(30.0));
    assert_eq!(track.plausibility(), PLAUSIBLE - JUMP_COSTS + HONESTY_GIVES);
}

#[test]
fn positions_that_agree_with_each_other_are_believed_in_the_end() {
    let mut track = Track::default();
    let far = [(4_000, 4_000, 9_000.0), (8_000, 8_000, 9_030.0), (12_000, 12_000, 9_060.0)];
    assert_eq!(told(&mut track, &[(0, 0, 0.0)]), [Verdict::Believed]);
    assert_eq!(told(&mut track, &far), [Verdict::Implausible, Verdict::Implausible, Verdict::Believed]);
    assert_eq!(track.position().unwrap().point, north(9_060.0));
}

#[test]
fn a_phone_that_says_it_is_unsure_may_be_off_by_as_much() {
    let policy = Policy::default();
    let mut track = Track::default();
    let unsure = |metres, ms| Ping { accuracy: Some(Meters::whole(2_000)), ..ping(metres, ms) };
    assert_eq!(track.take(Timestamp::from_millis(0), &policy, &unsure(0.0, 0)), Verdict::Believed);
    assert_eq!(track.take(Timestamp::from_millis(1_000), &policy, &unsure(3_900.0, 1_000)), Verdict::Believed);
    assert_eq!(track.position().unwrap().accuracy, Some(Meters::whole(2_000)));
}

proptest! {
    /// Whatever a phone sends, what is believed never moves faster than a car, except when positions agreed.
    #[test]
    fn nothing_believed_is_faster_than_a_car(pings in prop::collection::vec((0u64..8_000, -3_000i64..3_000, 0.0..20_000.0f64), 1..60)) {
        let policy = Policy::default();
        let mut track = Track::default();
        let mut now = 1_000_000_u64;
        let mut unbelieved = 0;
        for (later, off, metres) in pings {
            now += later;
            let before = track.position();
            let measured = now.saturating_add_signed(off);
            let verdict = track.take(Timestamp::from_millis(now), &policy, &ping(metres, measured));
            let held = track.position().unwrap();
            prop_assert!(held.measured_at <= held.received_at);
            match verdict {
                Verdict::Believed => {
                    let possible = before.is_none_or(|before| could_have_come(before, held, policy.speed_max_mps));
                    prop_assert!(possible || unbelieved + 1 >= AGREEING);
                    unbelieved = 0;
                }
                Verdict::Implausible => {
                    prop_assert_eq!(before, track.position());
                    unbelieved += 1;
                }
                Verdict::Late | Verdict::Doubled => prop_assert_eq!(before, track.position()),
            }
        }
    }
}
