//! Rides for later: they wait, are searched for in time, and outlive whoever keeps them.

use std::time::Duration;

use dispatch::{BookingPolicy, Policy};
use expect_test::expect;

use crate::story::{check, check_with};

/// A car 300 m away needs 76 seconds. It is not sent at the beginning of the search, which is made for cars three
/// kilometres away, but when it will be there three minutes early.
#[test]
fn a_car_comes_a_little_before_the_wished_time() {
    check(
        "
        0s    ann online 300m
        0s    eve books 3600s
        3346s ann accepts
        3422s ann arrives
        3610s ann picks up
        4000s ann drops off
        ",
        expect![[r#""#]],
    );
}

/// With nobody near, the one who needs ten minutes is sent ten minutes earlier.
#[test]
fn a_car_that_is_far_is_sent_sooner() {
    check(
        "
        0s    bob online 2500m
        0s    eve books 3600s
        3000s time passes
        ",
        expect![[r#""#]],
    );
}

#[test]
fn who_called_off_before_the_search_is_not_searched_for() {
    check(
        "
        0s    ann online 300m
        0s    eve books 3600s
        100s  eve cancels
        4000s time passes
        ",
        expect![[r#""#]],
    );
}

#[test]
fn who_calls_off_while_every_car_would_be_too_early_is_left_alone() {
    check(
        "
        0s    ann online 300m
        0s    eve books 3600s
        3000s eve cancels
        4000s time passes
        ",
        expect![[r#""#]],
    );
}

#[test]
fn a_ride_for_later_outlives_a_crash_also_in_the_middle_of_its_search() {
    check(
        "
        0s    eve books 3600s
        1000s the node crashes
        1001s ann online 300m
        3000s the node crashes
        3001s ann online 300m
        3346s ann accepts
        3400s the node crashes
        3401s ann online 300m
        3422s ann arrives
        3610s ann picks up
        ",
        expect![[r#""#]],
    );
}

/// The patience of the search runs from the wished time: who books an hour ahead does not lose the ride at once.
#[test]
fn without_drivers_the_search_ends_some_minutes_after_the_wished_time() {
    check(
        "
        0s    eve books 3600s
        5000s time passes
        ",
        expect![[r#""#]],
    );
}

#[test]
fn a_driver_who_is_early_waits_until_the_wished_time_and_then_as_long_as_for_anyone() {
    check(
        "
        0s    ann online 300m
        0s    eve books 3600s
        3346s ann accepts
        3350s ann arrives
        5000s time passes
        ",
        expect![[r#""#]],
    );
}

#[test]
fn a_ride_for_very_soon_is_searched_for_at_once() {
    check(
        "
        0s   ann online 300m
        0s   eve books 200s
        5s   ann accepts
        ",
        expect![[r#""#]],
    );
}

#[test]
fn a_driver_who_gives_the_ride_back_is_followed_by_another() {
    let booking = BookingPolicy { early_max: Duration::from_secs(600), ..BookingPolicy::default() };
    check_with(
        Policy { booking, ..Policy::default() },
        "
        0s    ann online 300m
        0s    bob online 400m
        0s    eve books 3600s
        2927s ann accepts
        2930s ann gives back
        2935s bob accepts
        ",
        expect![[r#""#]],
    );
}
