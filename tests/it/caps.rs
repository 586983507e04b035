//! How much one driver is asked, how much one rider may ask, and the way home.

use dispatch::{OfferPolicy, Policy, RiderPolicy};
use expect_test::expect;

use crate::story::{check, check_with};

#[test]
fn a_driver_who_answers_nothing_is_put_on_a_break_and_works_on_when_he_says_so() {
    check(
        "
        0s   ann online 100m
        0s   eve requests
        20s  kim requests
        40s  sue requests
        60s  zoe requests
        70s  ann online 100m
        75s  ann accepts
        ",
        expect![[r#""#]],
    );
}

#[test]
fn an_answer_is_an_answer_even_when_it_is_no() {
    check(
        "
        0s   ann online 100m
        0s   eve requests
        20s  kim requests
        40s  sue requests
        44s  ann declines
        50s  zoe requests
        70s  pam requests
        75s  time passes
        ",
        expect![[r#""#]],
    );
}

#[test]
fn a_driver_is_shown_no_more_offers_in_an_hour_than_the_city_allows() {
    let offers = OfferPolicy { per_hour_max: 2, ..OfferPolicy::default() };
    check_with(
        Policy { offers, ..Policy::default() },
        "
        0s    ann online 100m
        0s    eve requests
        3s    ann declines
        10s   kim requests
        13s   ann declines
        20s   sue requests
        100s  sue cancels
        3590s zoe requests
        3610s ann accepts
        ",
        expect![[r#""#]],
    );
}

#[test]
fn a_rider_has_no_more_trips_than_allowed_and_is_told_when_to_ask_again() {
    let riders = RiderPolicy { active_max: 3, searching_max: 2, cancellations_max: 0 };
    check_with(
        Policy { riders, ..Policy::default() },
        "
        0s   eve requests
        1s   eve requests
        2s   eve requests
        3s   kim requests
        ",
        expect![[r#""#]],
    );
}

#[test]
fn a_rider_who_calls_off_again_and_again_waits_an_hour() {
    let riders = RiderPolicy { cancellations_max: 2, ..RiderPolicy::default() };
    check_with(
        Policy { riders, ..Policy::default() },
        "
        0s    eve requests
        10s   eve cancels
        20s   eve requests
        30s   eve cancels
        40s   eve requests
        3609s eve requests
        3611s eve requests
        ",
        expect![[r#""#]],
    );
}

#[test]
fn a_driver_on_the_way_home_is_offered_what_leads_there() {
    check(
        "
        0s   ann online 100m with home 9000m
        0s   eve requests
        10s  ann goes anywhere
        14s  ann accepts
        ",
        expect![[r#""#]],
    );
    check(
        "
        0s   ann online 100m with home -2500m
        0s   eve requests
        5s   ann accepts
        ",
        expect![[r#""#]],
    );
}

#[test]
fn the_way_home_ends_after_half_an_hour_and_is_granted_twice_a_day() {
    check(
        "
        0s    ann online 100m with home 9000m
        10s   ann online 100m
        20s   ann online 100m with home 9000m
        30s   ann online 100m
        40s   ann online 100m with home 9000m
        50s   bob online 200m with home 9000m
        1850s eve requests
        1860s time passes
        ",
        expect![[r#""#]],
    );
}
