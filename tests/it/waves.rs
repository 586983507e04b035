//! One driver first, then several at once: who is asked when, and what the slower ones are told.

use std::time::Duration;

use dispatch::{OfferPolicy, Policy};
use expect_test::expect;
use geo::Meters;

use crate::story::{check, check_with};

/// Waves of these sizes, two seconds between the drivers of a wave.
fn waves(sizes: &[usize]) -> Policy {
    let offers = OfferPolicy { waves: sizes.to_vec(), ..OfferPolicy::default() };
    Policy { offers, ..Policy::default() }
}

#[test]
fn after_a_no_three_are_asked_one_after_the_other_and_then_five() {
    check(
        "
        0s  ann online 100m
        0s  bob online 200m
        0s  cat online 300m
        0s  dan online 400m
        0s  fay online 500m
        0s  gus online 600m
        0s  eve requests
        3s  ann declines
        40s time passes
        ",
        expect![[r#"
            0s ann is available
            0s bob is available
            0s cat is available
            0s dan is available
            0s fay is available
            0s gus is available
            0s eve's trip is searching
            0s offer eve to ann until 12s
            3s ann declined eve
            3s offer eve to bob until 15s
            5s offer eve to cat until 17s
            7s offer eve to dan until 19s
            15s withdraw eve from bob: Expired
            17s withdraw eve from cat: Expired
            19s withdraw eve from dan: Expired
            19s offer eve to fay until 31s
            21s offer eve to gus until 33s
            31s withdraw eve from fay: Expired
            33s withdraw eve from gus: Expired
        "#]],
    );
}

#[test]
fn the_first_yes_wins_and_the_others_are_told_at_once() {
    check_with(
        waves(&[3]),
        "
        0s  ann online 100m
        0s  bob online 200m
        0s  cat online 300m
        0s  eve requests
        7s  bob accepts
        8s  ann accepts
        9s  kim requests
        12s time passes
        ",
        expect![[r#"
            0s ann is available
            0s bob is available
            0s cat is available
            0s eve's trip is searching
            2s offer eve to ann until 14s
            4s offer eve to bob until 16s
            6s offer eve to cat until 18s
            7s eve's trip is en_route
            7s withdraw eve from ann: Taken
            7s tell bob that eve's trip is en_route
            7s withdraw eve from cat: Taken
            8s refuse ann: offer eve.1.1 is no longer open
            9s kim's trip is searching
            11s offer kim to ann until 23s
        "#]],
    );
}

#[test]
fn whoever_is_still_to_be_asked_is_not_bothered_after_a_yes() {
    check_with(
        waves(&[3]),
        "
        0s  ann online 100m
        0s  bob online 200m
        0s  cat online 300m
        0s  eve requests
        5s  ann accepts
        20s time passes
        ",
        expect![[r#"
            0s ann is available
            0s bob is available
            0s cat is available
            0s eve's trip is searching
            2s offer eve to ann until 14s
            4s offer eve to bob until 16s
            5s eve's trip is en_route
            5s tell ann that eve's trip is en_route
            5s withdraw eve from bob: Taken
        "#]],
    );
}

#[test]
fn a_no_of_the_only_one_who_was_asked_so_far_brings_the_next_at_once() {
    check_with(
        waves(&[3]),
        "
        0s  ann online 100m
        0s  bob online 200m
        0s  eve requests
        2.5s ann declines
        3s  time passes
        ",
        expect![[r#"
            0s ann is available
            0s bob is available
            0s eve's trip is searching
            2s offer eve to ann until 14s
            2.5s ann declined eve
            2.5s offer eve to bob until 14.5s
        "#]],
    );
}

#[test]
fn a_wave_takes_no_driver_whom_another_rider_was_given() {
    check_with(
        waves(&[3]),
        "
        0s  ann online 100m
        0s  bob online 200m
        0s  cat online 300m
        0s  eve requests
        0s  kim requests
        10s time passes
        ",
        expect![[r#"
            0s ann is available
            0s bob is available
            0s cat is available
            0s eve's trip is searching
            0s kim's trip is searching
            2s offer eve to bob until 14s
            2s offer kim to ann until 14s
            4s offer eve to cat until 16s
        "#]],
    );
}

#[test]
fn a_rider_who_calls_off_frees_everyone_who_was_asked() {
    check_with(
        waves(&[3]),
        "
        0s  ann online 100m
        0s  bob online 200m
        0s  eve requests
        5s  eve cancels
        5s  kim requests
        8s  time passes
        ",
        expect![[r#"
            0s ann is available
            0s bob is available
            0s eve's trip is searching
            2s offer eve to ann until 14s
            4s offer eve to bob until 16s
            5s eve's trip is cancelled
            5s withdraw eve from ann: TripEnded
            5s withdraw eve from bob: TripEnded
            5s kim's trip is searching
            7s offer kim to ann until 19s
        "#]],
    );
}

#[test]
fn a_silent_driver_and_one_who_hung_up_are_not_asked_again() {
    check_with(
        waves(&[2]),
        "
        0s  ann online 100m
        0s  bob online 200m
        0s  eve requests
        5s  bob hangs up
        6s  bob online 200m
        60s time passes
        ",
        expect![[r#"
            0s ann is available
            0s bob is available
            0s eve's trip is searching
            2s offer eve to ann until 14s
            4s offer eve to bob until 16s
            6s bob is available
            14s withdraw eve from ann: Expired
        "#]],
    );
}

#[test]
fn a_search_that_finds_nobody_looks_farther_each_round() {
    let offers = OfferPolicy {
        radius: Meters::new(1_000.0).unwrap(),
        radius_growth: Meters::new(500.0).unwrap(),
        ..OfferPolicy::default()
    };
    check_with(
        Policy { offers, ..Policy::default() },
        "
        0s  ann online 1900m
        0s  eve requests
        4s  bob online 1400m
        20s time passes
        ",
        expect![[r#"
            0s ann is available
            0s eve's trip is searching
            4s bob is available
            6s offer eve to bob until 18s
            18s withdraw eve from bob: Expired
            20s offer eve to ann until 32s
        "#]],
    );
}

#[test]
fn a_wave_looks_farther_than_the_one_before() {
    let offers = OfferPolicy {
        radius: Meters::new(1_000.0).unwrap(),
        radius_growth: Meters::new(500.0).unwrap(),
        stagger: Duration::from_secs(1),
        ..OfferPolicy::default()
    };
    check_with(
        Policy { offers, ..Policy::default() },
        "
        0s  ann online 900m
        0s  bob online 1400m
        0s  cat online 1900m
        0s  eve requests
        3s  ann declines
        20s time passes
        ",
        expect![[r#"
            0s ann is available
            0s bob is available
            0s cat is available
            0s eve's trip is searching
            2s offer eve to ann until 14s
            3s ann declined eve
            5s offer eve to bob until 17s
            17s withdraw eve from bob: Expired
            19s offer eve to cat until 31s
        "#]],
    );
}

#[test]
fn the_search_begins_anew_with_one_driver_after_the_trip_was_given_back() {
    check(
        "
        0s  ann online 100m
        0s  bob online 200m
        0s  cat online 300m
        0s  eve requests
        3s  ann declines
        6s  bob accepts
        9s  bob gives back
        14s time passes
        ",
        expect![[r#"
            0s ann is available
            0s bob is available
            0s cat is available
            0s eve's trip is searching
            2s offer eve to ann until 14s
            3s ann declined eve
            5s offer eve to bob until 17s
            6s eve's trip is en_route
            6s tell bob that eve's trip is en_route
            9s eve's trip is searching
            9s tell bob that eve's trip is searching
            11s offer eve to cat until 23s
        "#]],
    );
}
