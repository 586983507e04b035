use super::*;
use crate::OfferPolicy;
use geo::Meters;

fn at(second: u64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000) + Duration::from_secs(second)
}

/// Metres north of a corner of New York.
fn north(metres: f64) -> Point {
    Point::new(40.75 + metres / 111_194.9, -73.98).unwrap()
}

#[test]
fn the_share_of_accepted_offers_is_smoothed_and_recovers() {
    let mut manner = Manner::default();
    assert_eq!(manner.acceptance(), 100, "nothing is known against a new driver");
    manner.judged(false);
    assert_eq!(manner.acceptance(), 90);
    (0..60).for_each(|_| manner.judged(false));
    assert_eq!(manner.acceptance(), 0);
    (0..10).for_each(|_| manner.judged(true));
    assert!((60..70).contains(&manner.acceptance()), "{}", manner.acceptance());
    (0..100).for_each(|_| manner.judged(true));
    assert_eq!(manner.acceptance(), 100);
}

#[test]
fn after_as_many_offers_as_an_hour_may_have_a_driver_rests_until_the_first_is_an_hour_old() {
    let offers = OfferPolicy { per_hour_max: 3, ..OfferPolicy::default() };
    let policy = Policy { offers, ..Policy::default() };
    let mut manner = Manner::default();
    for second in [0, 100, 200] {
        assert!(!manner.is_resting());
        manner.shown(at(second), &policy);
    }
    assert!(manner.is_resting());
    assert_eq!(manner.deadline(), Some(at(3_600)));
    manner.settle(at(3_599));
    assert!(manner.is_resting());
    manner.settle(at(3_600));
    assert!(!manner.is_resting());
    manner.shown(at(3_601), &policy);
    assert_eq!(manner.deadline(), Some(at(3_700)), "the offers of seconds 100, 200 and 3601 are one hour's");
}

#[test]
fn no_cap_is_no_cap() {
    let offers = OfferPolicy { per_hour_max: 0, ..OfferPolicy::default() };
    let policy = Policy { offers, ..Policy::default() };
    let mut manner = Manner::default();
    (0..10_000).for_each(|second| manner.shown(at(second), &policy));
    assert!(!manner.is_resting());
    assert!(manner.shown.is_empty(), "nothing is kept that nobody asks for");
}

#[test]
fn going_home_is_granted_twice_a_day_and_holds_for_half_an_hour() {
    let policy = HomewardPolicy::default();
    let mut manner = Manner::default();
    manner.heads(at(0), Some(north(0.0)), &policy).unwrap();
    manner.heads(at(10), Some(north(0.0)), &policy).expect("the same again is the same");
    assert_eq!(manner.deadline(), Some(at(1_800)));
    assert!(manner.settle(at(1_800)), "it is over");
    assert_eq!(manner.homeward(), None);
    manner.heads(at(2_000), Some(north(0.0)), &policy).unwrap();
    manner.heads(at(2_100), None, &policy).unwrap();
    assert_eq!(manner.homeward(), None);
    let refused = manner.heads(at(3_000), Some(north(0.0)), &policy);
    let retry_after = Duration::from_secs(86_400 - 3_000);
    assert_eq!(refused, Err(Refusal::Capped { cap: Cap::GoHome, retry_after }));
    manner.heads(at(86_400), Some(north(0.0)), &policy).expect("the first of yesterday is forgotten");
}

#[test]
fn a_ride_leads_home_when_most_of_the_way_does_or_when_it_ends_there() {
    let policy = HomewardPolicy { near: Meters::whole(1_000), ..HomewardPolicy::default() };
    let leads = |pickup, dropoff| leads_home(north(10_000.0), north(pickup), north(dropoff), north(0.0), &policy);
    assert!(leads(10_000.0, 4_000.0), "straight home");
    assert!(!leads(10_000.0, 12_000.0), "away from home");
    assert!(leads(12_000.0, 4_000.0), "six kilometres gained of ten driven");
    assert!(!leads(14_000.0, 6_000.0), "four gained of twelve driven");
    assert!(leads(16_000.0, 900.0), "it ends at the door");
    assert!(!leads(10_000.0, 10_000.0), "nothing is gained");
}
