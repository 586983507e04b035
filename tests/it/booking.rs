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
        3350s ann accepts
        3428s ann arrives
        3610s ann picks up
        4000s ann drops off
        ",
        expect![[r#"
            0s ann is available
            0s eve's trip is scheduled
            2537.999s eve's trip is searching
            2700s tell ann that riders are expected 0m until 2820s
            3347.118s offer eve to ann until 3359.118s
            3350s eve's trip is en_route
            3350s tell ann that eve's trip is en_route
            3428s eve's trip is arrived
            3428s tell ann that eve's trip is arrived
            3610s eve's trip is in_progress
            3610s tell ann that eve's trip is in_progress
            4000s eve's trip is completed
            4000s tell ann that eve's trip is completed
        "#]],
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
        expect![[r#"
            0s bob is available
            0s eve's trip is scheduled
            2537.999s eve's trip is searching
            2785.124s offer eve to bob until 2797.124s
            2797.124s withdraw eve from bob: Expired
        "#]],
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
        expect![[r#"
            0s ann is available
            0s eve's trip is scheduled
            100s eve's trip is cancelled
        "#]],
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
        expect![[r#"
            0s ann is available
            0s eve's trip is scheduled
            2537.999s eve's trip is searching
            2700s tell ann that riders are expected 0m until 2820s
            3000s eve's trip is cancelled
            3420s tell ann that riders are expected 0m until 3540s
        "#]],
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
        3350s ann accepts
        3400s the node crashes
        3401s ann online 300m
        3428s ann arrives
        3610s ann picks up
        ",
        expect![[r#"
            0s eve's trip is scheduled
            1000s the node is back
            1001s ann is available
            2537.999s eve's trip is searching
            2621s tell ann that riders are expected 0m until 2741s
            3000s the node is back
            3001s ann is available
            3181s tell ann that riders are expected 0m until 3301s
            3346.618s offer eve to ann until 3358.618s
            3350s eve's trip is en_route
            3350s tell ann that eve's trip is en_route
            3400s the node is back
            3401s ann is en_route with eve, last trip
            3401s ann is en_route with eve
            3428s eve's trip is arrived
            3428s tell ann that eve's trip is arrived
            3610s eve's trip is in_progress
            3610s tell ann that eve's trip is in_progress
        "#]],
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
        expect![[r#"
            0s eve's trip is scheduled
            2537.999s eve's trip is searching
            3900s eve's trip is expired
        "#]],
    );
}

#[test]
fn a_driver_who_is_early_waits_until_the_wished_time_and_then_as_long_as_for_anyone() {
    check(
        "
        0s    ann online 300m
        0s    eve books 3600s
        3350s ann accepts
        3352s ann arrives
        5000s time passes
        ",
        expect![[r#"
            0s ann is available
            0s eve's trip is scheduled
            2537.999s eve's trip is searching
            2700s tell ann that riders are expected 0m until 2820s
            3347.118s offer eve to ann until 3359.118s
            3350s eve's trip is en_route
            3350s tell ann that eve's trip is en_route
            3352s eve's trip is arrived
            3352s tell ann that eve's trip is arrived
            4500s eve's trip is cancelled
            4500s tell ann that eve's trip is cancelled
        "#]],
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
        expect![[r#"
            0s ann is available
            0s eve's trip is scheduled
            0s eve's trip is searching
            2s offer eve to ann until 14s
            5s eve's trip is en_route
            5s tell ann that eve's trip is en_route
        "#]],
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
        2930s ann accepts
        2940s ann gives back
        2945s bob accepts
        ",
        expect![[r#"
            0s ann is available
            0s bob is available
            0s eve's trip is scheduled
            2537.999s eve's trip is searching
            2700s tell ann that riders are expected 0m until 2820s
            2880s tell bob that riders are expected 0m until 3000s
            2927.118s offer eve to ann until 2939.118s
            2930s eve's trip is en_route
            2930s tell ann that eve's trip is en_route
            2940s eve's trip is searching
            2940s tell ann that eve's trip is searching
            2942s offer eve to bob until 2954s
            2945s eve's trip is en_route
            2945s tell bob that eve's trip is en_route
        "#]],
    );
}
