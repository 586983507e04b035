//! From the acceptance to the drop-off, and every way a trip can end on the road.

use expect_test::expect;

use crate::story::check;

#[test]
fn a_whole_trip() {
    check(
        "
        0s   ann online 300m
        0s   eve requests
        3s   ann accepts
        60s  ann arrives
        90s  ann picks up
        400s ann drops off
        401s kim requests
        406s time passes
        ",
        expect![[r#"
            0s ann is available
            0s eve's trip is searching
            2s offer eve to ann until 14s
            3s eve's trip is en_route
            3s tell ann that eve's trip is en_route
            60s eve's trip is arrived
            60s tell ann that eve's trip is arrived
            90s eve's trip is in_progress
            90s tell ann that eve's trip is in_progress
            400s eve's trip is completed
            400s tell ann that eve's trip is completed
            401s kim's trip is searching
            403s offer kim to ann until 415s
        "#]],
    );
}

#[test]
fn a_step_that_is_reported_twice_is_answered_twice_and_counted_once() {
    check(
        "
        0s  ann online 300m
        0s  eve requests
        3s  ann accepts
        4s  ann accepts
        60s ann arrives
        61s ann arrives
        90s ann picks up
        91s ann arrives
        95s ann drops off
        96s ann drops off
        ",
        expect![[r#"
            0s ann is available
            0s eve's trip is searching
            2s offer eve to ann until 14s
            3s eve's trip is en_route
            3s tell ann that eve's trip is en_route
            4s tell ann that eve's trip is en_route
            60s eve's trip is arrived
            60s tell ann that eve's trip is arrived
            61s tell ann that eve's trip is arrived
            90s eve's trip is in_progress
            90s tell ann that eve's trip is in_progress
            91s tell ann that eve's trip is in_progress
            95s eve's trip is completed
            95s tell ann that eve's trip is completed
            96s tell ann that eve's trip is completed
        "#]],
    );
}

#[test]
fn steps_cannot_be_skipped() {
    check(
        "
        0s  ann online 300m
        0s  eve requests
        3s  ann accepts
        4s  ann picks up
        5s  ann drops off
        ",
        expect![[r#"
            0s ann is available
            0s eve's trip is searching
            2s offer eve to ann until 14s
            3s eve's trip is en_route
            3s tell ann that eve's trip is en_route
            4s refuse ann: a trip that is en_route cannot be picked_up
            5s refuse ann: a trip that is en_route cannot be dropped_off
        "#]],
    );
}

#[test]
fn a_rider_may_call_off_until_the_ride_begins() {
    check(
        "
        0s  ann online 300m
        0s  eve requests
        1s  eve cancels
        1s  eve cancels
        5s  kim requests
        8s  kim cancels
        9s  joe requests
        12s ann accepts
        20s joe cancels
        30s sue requests
        33s ann accepts
        40s ann arrives
        50s ann picks up
        60s sue cancels
        ",
        expect![[r#"
            0s ann is available
            0s eve's trip is searching
            1s eve's trip is cancelled
            5s kim's trip is searching
            7s offer kim to ann until 19s
            8s kim's trip is cancelled
            8s withdraw kim from ann: TripEnded
            9s joe's trip is searching
            11s offer joe to ann until 23s
            12s joe's trip is en_route
            12s tell ann that joe's trip is en_route
            20s joe's trip is cancelled
            20s tell ann that joe's trip is cancelled
            30s sue's trip is searching
            32s offer sue to ann until 44s
            33s sue's trip is en_route
            33s tell ann that sue's trip is en_route
            40s sue's trip is arrived
            40s tell ann that sue's trip is arrived
            50s sue's trip is in_progress
            50s tell ann that sue's trip is in_progress
            60s refused: a trip that is in_progress cannot be cancelled
        "#]],
    );
}

#[test]
fn a_driver_who_gives_back_is_replaced_and_not_asked_again() {
    check(
        "
        0s  ann online 300m
        0s  bob online 900m
        0s  eve requests
        3s  ann accepts
        20s ann gives back
        24s bob accepts
        ",
        expect![[r#"
            0s ann is available
            0s bob is available
            0s eve's trip is searching
            2s offer eve to ann until 14s
            3s eve's trip is en_route
            3s tell ann that eve's trip is en_route
            20s eve's trip is searching
            20s tell ann that eve's trip is searching
            22s offer eve to bob until 34s
            24s eve's trip is en_route
            24s tell bob that eve's trip is en_route
        "#]],
    );
}

#[test]
fn going_off_line_on_a_trip_waits_for_its_end() {
    check(
        "
        0s  ann online 300m
        0s  eve requests
        3s  ann accepts
        10s ann offline
        20s ann arrives
        21s ann picks up
        22s ann drops off
        23s kim requests
        30s time passes
        ",
        expect![[r#"
            0s ann is available
            0s eve's trip is searching
            2s offer eve to ann until 14s
            3s eve's trip is en_route
            3s tell ann that eve's trip is en_route
            10s ann is en_route with eve, last trip
            20s eve's trip is arrived
            20s tell ann that eve's trip is arrived
            21s eve's trip is in_progress
            21s tell ann that eve's trip is in_progress
            22s eve's trip is completed
            22s tell ann that eve's trip is completed
            23s kim's trip is searching
        "#]],
    );
}

#[test]
fn a_rider_who_never_comes_does_not_hold_the_driver_for_ever() {
    check(
        "
        0s   ann online 300m
        0s   eve requests
        3s   ann accepts
        60s  ann arrives
        961s time passes
        ",
        expect![[r#"
            0s ann is available
            0s eve's trip is searching
            2s offer eve to ann until 14s
            3s eve's trip is en_route
            3s tell ann that eve's trip is en_route
            60s eve's trip is arrived
            60s tell ann that eve's trip is arrived
            960s eve's trip is cancelled
            960s tell ann that eve's trip is cancelled
        "#]],
    );
}

#[test]
fn a_step_on_a_trip_that_has_ended_is_answered_with_how_it_ended() {
    check(
        "
        0s  ann online 300m
        0s  eve requests
        3s  ann accepts
        5s  eve cancels
        9s  kim requests
        12s ann accepts
        13s kim cancels
        14s ann arrives
        ",
        expect![[r#"
            0s ann is available
            0s eve's trip is searching
            2s offer eve to ann until 14s
            3s eve's trip is en_route
            3s tell ann that eve's trip is en_route
            5s eve's trip is cancelled
            5s tell ann that eve's trip is cancelled
            9s kim's trip is searching
            11s offer kim to ann until 23s
            12s kim's trip is en_route
            12s tell ann that kim's trip is en_route
            13s kim's trip is cancelled
            13s tell ann that kim's trip is cancelled
            14s tell ann that kim's trip is cancelled
        "#]],
    );
}

#[test]
fn a_step_on_a_trip_of_someone_else_is_refused() {
    check(
        "
        0s  ann online 300m
        0s  bob online 900m
        0s  eve requests
        3s  ann accepts
        4s  bob arrives for eve
        ",
        expect![[r#"
            0s ann is available
            0s bob is available
            0s eve's trip is searching
            2s offer eve to ann until 14s
            3s eve's trip is en_route
            3s tell ann that eve's trip is en_route
            4s refuse bob: trip eve is not yours
        "#]],
    );
}
