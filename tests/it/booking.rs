//! Rides for later: they wait, are searched for in time, and outlive whoever keeps them.

use expect_test::expect;

use crate::story::check;

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
            3000s eve's trip is cancelled
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
