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
        expect![[r#"
            0s ann is available
            0s eve's trip is searching
            2.25s offer eve to ann until 14.25s
            4s eve's trip is en_route
            4s tell ann that eve's trip is en_route
            10s bob's trip is searching
            12.25s tell ann that eve's trip is en_route: pickup eve, pickup bob, dropoff bob, dropoff eve
            12.25s bob's trip is en_route
            30s eve's trip is arrived
            30s tell ann that eve's trip is arrived: pickup eve, pickup bob, dropoff bob, dropoff eve
            60s eve's trip is in_progress
            60s tell ann that eve's trip is in_progress: pickup bob, dropoff bob, dropoff eve
            120s tell ann that eve's trip is in_progress: pickup bob, dropoff bob, dropoff eve
            120s bob's trip is arrived
            150s tell ann that eve's trip is in_progress: dropoff bob, dropoff eve
            150s bob's trip is in_progress
            400s tell ann that eve's trip is in_progress
            400s bob's trip is completed
            520s eve's trip is completed
            520s tell ann that eve's trip is completed
        "#]],
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
        expect![[r#"
            0s ann is available
            0s eve's trip is searching
            2.25s offer eve to ann until 14.25s
            4s eve's trip is en_route
            4s tell ann that eve's trip is en_route
            10s bob's trip is searching
            20s cat's trip is searching
            22.25s tell ann that eve's trip is en_route: pickup eve, pickup cat, dropoff cat, dropoff eve
            22.25s cat's trip is en_route
        "#]],
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
        expect![[r#"
            0s ann is available
            0s eve's trip is searching
            2s offer eve to ann until 14s
            4s eve's trip is en_route
            4s tell ann that eve's trip is en_route
            10s bob's trip is searching
            20s cat is available
            22.25s offer bob to cat until 34.25s
            25s bob's trip is en_route
            25s tell cat that bob's trip is en_route
            30s dan's trip is searching
        "#]],
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
        expect![[r#"
            0s ann is available
            0s eve's trip is searching
            2.25s offer eve to ann until 14.25s
            4s eve's trip is en_route
            4s tell ann that eve's trip is en_route
            10s bob's trip is searching
            12.25s tell ann that eve's trip is en_route: pickup eve, pickup bob, dropoff bob, dropoff eve
            12.25s bob's trip is en_route
            20s bob's trip is cancelled
            20s tell ann that eve's trip is en_route
            30s eve's trip is arrived
            30s tell ann that eve's trip is arrived
            60s eve's trip is in_progress
            60s tell ann that eve's trip is in_progress
            520s eve's trip is completed
            520s tell ann that eve's trip is completed
        "#]],
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
        expect![[r#"
            0s ann is available
            0s eve's trip is searching
            2.25s offer eve to ann until 14.25s
            4s eve's trip is en_route
            4s tell ann that eve's trip is en_route
            10s bob's trip is searching
            12.25s tell ann that eve's trip is en_route: pickup eve, pickup bob, dropoff eve, dropoff bob
            12.25s bob's trip is en_route
            30s eve's trip is arrived
            30s tell ann that eve's trip is arrived: pickup eve, pickup bob, dropoff eve, dropoff bob
            60s eve's trip is in_progress
            60s tell ann that eve's trip is in_progress: pickup bob, dropoff eve, dropoff bob
            80s tell ann that eve's trip is in_progress: dropoff eve, dropoff bob
            80s bob's trip is in_progress
            300s eve's trip is completed
            300s tell ann that eve's trip is driving_on: dropoff bob
            310s refused: a trip that is completed cannot be cancelled
            520s tell ann that eve's trip is completed
            520s bob's trip is completed
            530s tell ann that eve's trip is completed
        "#]],
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
        expect![[r#"
            0s ann is available
            0s eve's trip is searching
            2.25s offer eve to ann until 14.25s
            4s eve's trip is en_route
            4s tell ann that eve's trip is en_route
            10s bob's trip is searching
            12.25s tell ann that eve's trip is en_route: pickup eve, pickup bob, dropoff bob, dropoff eve
            12.25s bob's trip is en_route
            20s eve's trip is cancelled
            20s tell ann that eve's trip is driving_on: pickup bob, dropoff bob
            100s tell ann that eve's trip is driving_on: dropoff bob
            100s bob's trip is in_progress
            400s tell ann that eve's trip is cancelled
            400s bob's trip is completed
        "#]],
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
        expect![[r#"
            0s ann is available
            0s eve's trip is searching
            2.25s offer eve to ann until 14.25s
            4s eve's trip is en_route
            4s tell ann that eve's trip is en_route
            10s bob's trip is searching
            12.25s tell ann that eve's trip is en_route: pickup eve, pickup bob, dropoff bob, dropoff eve
            12.25s bob's trip is en_route
            20s eve's trip is searching
            20s tell ann that eve's trip is searching
            20s bob's trip is searching
            22.25s offer bob to ann until 34.25s
            25s dan is available
            26.25s offer eve to dan until 38.25s
            34.25s withdraw bob from ann: Expired
            35s eve's trip is en_route
            35s tell dan that eve's trip is en_route
            44.5s tell dan that eve's trip is en_route: pickup eve, pickup bob, dropoff bob, dropoff eve
            44.5s bob's trip is en_route
        "#]],
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
        expect![[r#"
            0s ann is available
            0s eve's trip is searching
            2.25s offer eve to ann until 14.25s
            4s eve's trip is en_route
            4s tell ann that eve's trip is en_route
            10s bob's trip is searching
            12.25s tell ann that eve's trip is en_route: pickup eve, pickup bob, dropoff bob, dropoff eve
            12.25s bob's trip is en_route
            40s tell ann that eve's trip is en_route: pickup eve, dropoff bob, dropoff eve
            40s bob's trip is in_progress
            50s refuse ann: a trip that is en_route cannot be given_back
        "#]],
    );
}

/// The host's record has the guest, who has not heard of it.
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
        expect![[r#"
            0s ann is available
            0.4s eve's trip is searching
            2.65s offer eve to ann until 14.65s
            4.4s eve's trip is en_route
            4.4s tell ann that eve's trip is en_route
            10.4s bob's trip is searching
            13s the node is back
            13s eve's trip is en_route
            13.4s bob's trip is en_route
            14s ann is en_route with eve, last trip
            14s ann is en_route with eve
            40.4s eve's trip is arrived
            40.4s tell ann that eve's trip is arrived: pickup eve, pickup bob, dropoff bob, dropoff eve
            60.4s eve's trip is in_progress
            60.4s tell ann that eve's trip is in_progress: pickup bob, dropoff bob, dropoff eve
            120.4s tell ann that eve's trip is in_progress: dropoff bob, dropoff eve
            120.8s bob's trip is in_progress
            400.4s tell ann that eve's trip is in_progress
            400.8s bob's trip is completed
            520.4s eve's trip is completed
            520.4s tell ann that eve's trip is completed
        "#]],
    );
}
/// Both records say so, and nobody has been told.
#[test]
fn a_crash_before_the_guest_is_told_leaves_him_in_the_car() {
    check_slow(
        policy(),
        Duration::from_millis(400),
        "
        0s    ann online 100m
        0s    eve would share from 0m to -2000m
        4s    ann accepts
        10s   bob would share from -300m to -1500m
        13.2s the node crashes
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
        expect![[r#"
            0s ann is available
            0.4s eve's trip is searching
            2.65s offer eve to ann until 14.65s
            4.4s eve's trip is en_route
            4.4s tell ann that eve's trip is en_route
            10.4s bob's trip is searching
            13.05s tell ann that eve's trip is en_route: pickup eve, pickup bob, dropoff bob, dropoff eve
            13.2s the node is back
            13.2s eve's trip is en_route
            13.2s bob's trip is en_route
            14s ann is en_route with eve, last trip
            14s ann is en_route with eve
            40.4s eve's trip is arrived
            40.4s tell ann that eve's trip is arrived: pickup eve, pickup bob, dropoff bob, dropoff eve
            60.4s eve's trip is in_progress
            60.4s tell ann that eve's trip is in_progress: pickup bob, dropoff bob, dropoff eve
            120.4s tell ann that eve's trip is in_progress: dropoff bob, dropoff eve
            120.8s bob's trip is in_progress
            400.4s tell ann that eve's trip is in_progress
            400.8s bob's trip is completed
            520.4s eve's trip is completed
            520.4s tell ann that eve's trip is completed
        "#]],
    );
}
