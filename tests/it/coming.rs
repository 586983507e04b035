//! Is the car coming? Who stalls, drives away or goes dark is asked, and then replaced.

use dispatch::{Policy, ProgressPolicy};
use expect_test::expect;

use crate::story::{check, check_with};

#[test]
fn a_driver_who_goes_dark_is_asked_and_then_replaced() {
    check(
        "
        0s   ann online 900m
        0s   bob online 1500m
        0s   eve requests
        3s   ann accepts
        30s  ann falls silent
        155s bob accepts
        160s time passes
        ",
        expect![[r#"
            0s ann is available
            0s bob is available
            0s eve's trip is searching
            2s offer eve to ann until 14s
            3s eve's trip is en_route
            3s tell ann that eve's trip is en_route
            90s ask ann whether the car comes to eve: went_dark
            150s eve's trip is searching
            150s take eve from ann: went_dark
            150s tell ann that eve's trip is searching
            152s offer eve to bob until 164s
            155s eve's trip is en_route
            155s tell bob that eve's trip is en_route
        "#]],
    );
}

#[test]
fn a_driver_who_shows_up_again_keeps_the_trip() {
    check(
        "
        0s   ann online 900m
        0s   eve requests
        3s   ann accepts
        30s  ann falls silent
        120s ann moves 700m
        200s ann arrives
        201s time passes
        ",
        expect![[r#"
            0s ann is available
            0s eve's trip is searching
            2s offer eve to ann until 14s
            3s eve's trip is en_route
            3s tell ann that eve's trip is en_route
            90s ask ann whether the car comes to eve: went_dark
            200s eve's trip is arrived
            200s tell ann that eve's trip is arrived
        "#]],
    );
}

#[test]
fn a_driver_who_does_not_move_is_asked_and_then_replaced() {
    check(
        "
        0s   ann online 900m
        0s   eve requests
        3s   ann accepts
        400s time passes
        ",
        expect![[r#"
            0s ann is available
            0s eve's trip is searching
            2s offer eve to ann until 14s
            3s eve's trip is en_route
            3s tell ann that eve's trip is en_route
            243s ask ann whether the car comes to eve: stalled
            303s eve's trip is searching
            303s take eve from ann: stalled
            303s tell ann that eve's trip is searching
        "#]],
    );
}

#[test]
fn a_driver_who_waits_round_the_corner_has_not_stalled() {
    check(
        "
        0s   ann online 150m
        0s   eve requests
        3s   ann accepts
        600s ann arrives
        ",
        expect![[r#"
            0s ann is available
            0s eve's trip is searching
            2s offer eve to ann until 14s
            3s eve's trip is en_route
            3s tell ann that eve's trip is en_route
            600s eve's trip is arrived
            600s tell ann that eve's trip is arrived
        "#]],
    );
}

#[test]
fn a_driver_who_drives_away_is_asked_and_then_replaced() {
    check(
        "
        0s   ann online 900m
        0s   eve requests
        3s   ann accepts
        20s  ann moves 600m
        40s  ann moves 1300m
        80s  ann moves 1600m
        120s ann moves 2000m
        170s time passes
        ",
        expect![[r#"
            0s ann is available
            0s eve's trip is searching
            2s offer eve to ann until 14s
            3s eve's trip is en_route
            3s tell ann that eve's trip is en_route
            80s ask ann whether the car comes to eve: drove_away
            140s eve's trip is searching
            140s take eve from ann: drove_away
            140s tell ann that eve's trip is searching
        "#]],
    );
}

#[test]
fn a_way_round_the_block_is_not_driving_away() {
    check(
        "
        0s   ann online 900m
        0s   eve requests
        3s   ann accepts
        20s  ann moves 600m
        40s  ann moves 1300m
        60s  ann moves 500m
        90s  ann arrives
        ",
        expect![[r#"
            0s ann is available
            0s eve's trip is searching
            2s offer eve to ann until 14s
            3s eve's trip is en_route
            3s tell ann that eve's trip is en_route
            90s eve's trip is arrived
            90s tell ann that eve's trip is arrived
        "#]],
    );
}

#[test]
fn nobody_is_watched_where_that_is_not_wanted() {
    let progress = ProgressPolicy { on: false, ..ProgressPolicy::default() };
    check_with(
        Policy { progress, ..Policy::default() },
        "
        0s   ann online 900m
        0s   eve requests
        3s   ann accepts
        30s  ann falls silent
        900s time passes
        ",
        expect![[r#"
            0s ann is available
            0s eve's trip is searching
            2s offer eve to ann until 14s
            3s eve's trip is en_route
            3s tell ann that eve's trip is en_route
        "#]],
    );
}

#[test]
fn after_a_crash_a_driver_has_time_to_be_heard_again() {
    check(
        "
        0s   ann online 900m
        0s   eve requests
        3s   ann accepts
        100s the node crashes
        150s ann online 500m
        200s ann arrives
        201s time passes
        ",
        expect![[r#"
            0s ann is available
            0s eve's trip is searching
            2s offer eve to ann until 14s
            3s eve's trip is en_route
            3s tell ann that eve's trip is en_route
            100s the node is back
            150s ann is en_route with eve, last trip
            150s ann is en_route with eve
            200s eve's trip is arrived
            200s tell ann that eve's trip is arrived
        "#]],
    );
}
