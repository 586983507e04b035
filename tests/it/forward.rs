//! The next trip of a driver who is about to drop somebody off.

use expect_test::expect;

use crate::story::check;

#[test]
fn a_driver_about_to_drop_off_promises_the_next_ride_which_begins_when_this_one_has_ended() {
    check(
        "
        0s  ann online 100m
        0s  eve requests
        4s  ann accepts
        10s ann arrives
        20s ann picks up
        200s ann moves -1000m
        285s ann moves -1900m
        305s tom requests
        310s ann accepts
        340s ann drops off
        350s ann arrives
        ",
        expect![[r#"
            0s ann is available
            0s eve's trip is searching
            2s offer eve to ann until 14s
            4s eve's trip is en_route
            4s tell ann that eve's trip is en_route
            10s eve's trip is arrived
            10s tell ann that eve's trip is arrived
            20s eve's trip is in_progress
            20s tell ann that eve's trip is in_progress
            305s tom's trip is searching
            307s offer tom to ann after eve until 319s
            310s ann promised tom
            340s eve's trip is completed
            340s tell ann that eve's trip is completed
            340s tom's trip is en_route
            340s tell ann that tom's trip is en_route
            350s tom's trip is arrived
            350s tell ann that tom's trip is arrived
        "#]],
    );
}

#[test]
fn far_from_the_drop_off_nobody_is_asked_for_the_next_ride() {
    check(
        "
        0s  ann online 100m
        0s  eve requests
        4s  ann accepts
        10s ann arrives
        20s ann picks up
        200s ann moves -1000m
        205s tom requests
        215s time passes
        ",
        expect![[r#"
            0s ann is available
            0s eve's trip is searching
            2s offer eve to ann until 14s
            4s eve's trip is en_route
            4s tell ann that eve's trip is en_route
            10s eve's trip is arrived
            10s tell ann that eve's trip is arrived
            20s eve's trip is in_progress
            20s tell ann that eve's trip is in_progress
            205s tom's trip is searching
        "#]],
    );
}

#[test]
fn a_free_driver_goes_before_one_who_must_drop_somebody_off() {
    check(
        "
        0s  ann online 100m
        0s  eve requests
        4s  ann accepts
        10s ann arrives
        20s ann picks up
        200s ann moves -1000m
        285s ann moves -1900m
        301s bob online -300m
        305s tom requests
        312s bob accepts
        ",
        expect![[r#"
            0s ann is available
            0s eve's trip is searching
            2s offer eve to ann until 14s
            4s eve's trip is en_route
            4s tell ann that eve's trip is en_route
            10s eve's trip is arrived
            10s tell ann that eve's trip is arrived
            20s eve's trip is in_progress
            20s tell ann that eve's trip is in_progress
            301s bob is available
            305s tom's trip is searching
            307s offer tom to bob until 319s
            312s tom's trip is en_route
            312s tell bob that tom's trip is en_route
        "#]],
    );
}

#[test]
fn a_rider_who_calls_off_takes_the_promise_back() {
    check(
        "
        0s  ann online 100m
        0s  eve requests
        4s  ann accepts
        10s ann arrives
        20s ann picks up
        200s ann moves -1000m
        285s ann moves -1900m
        305s tom requests
        310s ann accepts
        315s tom cancels
        340s ann drops off
        ",
        expect![[r#"
            0s ann is available
            0s eve's trip is searching
            2s offer eve to ann until 14s
            4s eve's trip is en_route
            4s tell ann that eve's trip is en_route
            10s eve's trip is arrived
            10s tell ann that eve's trip is arrived
            20s eve's trip is in_progress
            20s tell ann that eve's trip is in_progress
            305s tom's trip is searching
            307s offer tom to ann after eve until 319s
            310s ann promised tom
            315s tom's trip is cancelled
            315s withdraw tom from ann: TripEnded
            340s eve's trip is completed
            340s tell ann that eve's trip is completed
        "#]],
    );
}

#[test]
fn a_driver_who_wants_no_more_work_breaks_the_promise_and_the_search_goes_on() {
    check(
        "
        0s  ann online 100m
        0s  eve requests
        4s  ann accepts
        10s ann arrives
        20s ann picks up
        200s ann moves -1000m
        285s ann moves -1900m
        305s tom requests
        310s ann accepts
        315s bob online 1000m
        320s ann offline
        330s bob accepts
        340s ann drops off
        ",
        expect![[r#"
            0s ann is available
            0s eve's trip is searching
            2s offer eve to ann until 14s
            4s eve's trip is en_route
            4s tell ann that eve's trip is en_route
            10s eve's trip is arrived
            10s tell ann that eve's trip is arrived
            20s eve's trip is in_progress
            20s tell ann that eve's trip is in_progress
            305s tom's trip is searching
            307s offer tom to ann after eve until 319s
            310s ann promised tom
            315s bob is available
            320s withdraw tom from ann: NotCommitted
            320s ann is on_trip with eve, last trip
            322s offer tom to bob until 334s
            330s tom's trip is en_route
            330s tell bob that tom's trip is en_route
            340s eve's trip is completed
            340s tell ann that eve's trip is completed
        "#]],
    );
}

#[test]
fn a_promise_that_takes_too_long_is_waited_for_so_long_and_no_longer() {
    check(
        "
        0s  ann online 100m
        0s  eve requests
        4s  ann accepts
        10s ann arrives
        20s ann picks up
        200s ann moves -1000m
        285s ann moves -1900m
        305s tom requests
        310s ann accepts
        320s bob online 1000m
        400s bob accepts
        420s ann drops off
        ",
        expect![[r#"
            0s ann is available
            0s eve's trip is searching
            2s offer eve to ann until 14s
            4s eve's trip is en_route
            4s tell ann that eve's trip is en_route
            10s eve's trip is arrived
            10s tell ann that eve's trip is arrived
            20s eve's trip is in_progress
            20s tell ann that eve's trip is in_progress
            305s tom's trip is searching
            307s offer tom to ann after eve until 319s
            310s ann promised tom
            320s bob is available
            388.4s withdraw tom from ann: Expired
            390.4s offer tom to bob until 402.4s
            400s tom's trip is en_route
            400s tell bob that tom's trip is en_route
            420s eve's trip is completed
            420s tell ann that eve's trip is completed
        "#]],
    );
}

#[test]
fn a_crash_forgets_the_promise_and_not_the_rider() {
    check(
        "
        0s  ann online 100m
        0s  eve requests
        4s  ann accepts
        10s ann arrives
        20s ann picks up
        200s ann moves -1000m
        285s ann moves -1900m
        305s tom requests
        310s ann accepts
        312s the node crashes
        313s bob online 1000m
        320s bob accepts
        330s ann online -1900m
        340s ann drops off
        ",
        expect![[r#"
            0s ann is available
            0s eve's trip is searching
            2s offer eve to ann until 14s
            4s eve's trip is en_route
            4s tell ann that eve's trip is en_route
            10s eve's trip is arrived
            10s tell ann that eve's trip is arrived
            20s eve's trip is in_progress
            20s tell ann that eve's trip is in_progress
            305s tom's trip is searching
            307s offer tom to ann after eve until 319s
            310s ann promised tom
            312s the node is back
            313s bob is available
            314s offer tom to bob until 326s
            320s tom's trip is en_route
            320s tell bob that tom's trip is en_route
            330s ann is on_trip with eve, last trip
            330s ann is on_trip with eve
            340s eve's trip is completed
            340s tell ann that eve's trip is completed
        "#]],
    );
}

#[test]
fn an_offer_of_the_next_ride_that_is_open_when_this_one_ends_stays_open() {
    check(
        "
        0s  ann online 100m
        0s  eve requests
        4s  ann accepts
        10s ann arrives
        20s ann picks up
        200s ann moves -1000m
        285s ann moves -1900m
        305s tom requests
        309s ann drops off
        312s ann accepts
        ",
        expect![[r#"
            0s ann is available
            0s eve's trip is searching
            2s offer eve to ann until 14s
            4s eve's trip is en_route
            4s tell ann that eve's trip is en_route
            10s eve's trip is arrived
            10s tell ann that eve's trip is arrived
            20s eve's trip is in_progress
            20s tell ann that eve's trip is in_progress
            305s tom's trip is searching
            307s offer tom to ann after eve until 319s
            309s eve's trip is completed
            309s tell ann that eve's trip is completed
            312s tom's trip is en_route
            312s tell ann that tom's trip is en_route
        "#]],
    );
}
