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
        expect![[r#""#]],
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
        expect![[r#""#]],
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
        expect![[r#""#]],
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
        expect![[r#""#]],
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
        expect![[r#""#]],
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
        expect![[r#""#]],
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
        expect![[r#""#]],
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
        expect![[r#""#]],
    );
}
