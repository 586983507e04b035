//! Riders who share a car: who joins whom, who is refused, and what becomes of them when people or nodes fail.

use std::time::Duration;

use dispatch::{Policy, PoolingPolicy};
use expect_test::expect;

use crate::story::{check_slow, check_with};

fn policy() -> Policy {
    let pooling = PoolingPolicy { on: true, ..PoolingPolicy::default() };
    Policy { pooling, ..Policy::default() }
}

#[test]
fn two_riders_share_a_car_and_each_gets_where_he_wants() {
    check_with(
        policy(),
        "
        0s    ann online 100m
        0s    eve would share from 0m to -2000m
        4s    ann accepts
        10s   bob would share from -300m to -1500m
        30s   ann moves 0m
        30s   ann arrives
        60s   ann picks up
        120s  ann moves -300m
        120s  ann arrives for bob
        150s  ann picks up bob
        400s  ann moves -1500m
        400s  ann drops off bob
        520s  ann moves -2000m
        520s  ann drops off eve
        530s  time passes
        ",
        expect![[r#""#]],
    );
}

#[test]
fn a_detour_that_would_break_a_promise_is_refused() {
    check_with(
        policy(),
        "
        0s    ann online 100m
        0s    eve would share from 0m to -2000m
        4s    ann accepts
        10s   bob would share from 600m to 3000m
        20s   cat would share from -300m to -1500m
        30s   time passes
        ",
        expect![[r#""#]],
    );
}

#[test]
fn who_wants_the_car_alone_gets_no_company_and_is_none() {
    check_with(
        policy(),
        "
        0s    ann online 100m
        0s    eve requests
        4s    ann accepts
        10s   bob would share from -300m to -1500m
        20s   cat online -200m
        25s   cat accepts
        30s   dan requests
        40s   time passes
        ",
        expect![[r#""#]],
    );
}

#[test]
fn a_guest_who_cancels_leaves_the_others_alone() {
    check_with(
        policy(),
        "
        0s    ann online 100m
        0s    eve would share from 0m to -2000m
        4s    ann accepts
        10s   bob would share from -300m to -1500m
        20s   bob cancels
        30s   ann moves 0m
        30s   ann arrives
        60s   ann picks up
        520s  ann moves -2000m
        520s  ann drops off
        530s  time passes
        ",
        expect![[r#""#]],
    );
}

#[test]
fn the_host_gets_out_first_and_the_car_drives_on() {
    check_with(
        policy(),
        "
        0s    ann online 100m
        0s    eve would share from 0m to -1000m
        4s    ann accepts
        10s   bob would share from -100m to -2000m
        30s   ann moves 0m
        30s   ann arrives
        60s   ann picks up
        80s   ann moves -100m
        80s   ann picks up bob
        300s  ann moves -1000m
        300s  ann drops off eve
        310s  eve cancels
        520s  ann moves -2000m
        520s  ann drops off bob
        530s  ann drops off bob
        540s  time passes
        ",
        expect![[r#""#]],
    );
}

#[test]
fn a_host_who_calls_off_does_not_take_the_car_from_the_guest() {
    check_with(
        policy(),
        "
        0s    ann online 100m
        0s    eve would share from 0m to -2000m
        4s    ann accepts
        10s   bob would share from -300m to -1500m
        20s   eve cancels
        100s  ann moves -300m
        100s  ann picks up bob
        400s  ann moves -1500m
        400s  ann drops off bob
        410s  time passes
        ",
        expect![[r#""#]],
    );
}

#[test]
fn when_the_driver_gives_back_host_and_guest_both_search_on() {
    check_with(
        policy(),
        "
        0s    ann online 100m
        0s    eve would share from 0m to -2000m
        4s    ann accepts
        10s   bob would share from -300m to -1500m
        20s   ann gives back
        25s   dan online 50m
        35s   dan accepts
        60s   time passes
        ",
        expect![[r#""#]],
    );
}

#[test]
fn nobody_is_left_at_the_roadside() {
    check_with(
        policy(),
        "
        0s    ann online -400m
        0s    eve would share from 0m to -2000m
        4s    ann accepts
        10s   bob would share from -300m to -1500m
        40s   ann moves -300m
        40s   ann picks up bob
        50s   ann gives back
        ",
        expect![[r#""#]],
    );
}

#[test]
fn a_crash_between_the_two_commits_leaves_no_guest_behind() {
    check_slow(
        policy(),
        Duration::from_millis(400),
        "
        0s    ann online 100m
        0s    eve would share from 0m to -2000m
        4s    ann accepts
        10s   bob would share from -300m to -1500m
        13.0s the node crashes
        14s   ann online 80m
        20s   time passes
        40s   ann moves 0m
        40s   ann arrives
        60s   ann picks up
        120s  ann moves -300m
        120s  ann picks up bob
        400s  ann moves -1500m
        400s  ann drops off bob
        520s  ann moves -2000m
        520s  ann drops off eve
        540s  time passes
        ",
        expect![[r#""#]],
    );
}
