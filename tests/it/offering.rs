//! Who is asked, for how long, and who is asked next.

use dispatch::{Method, Policy};
use expect_test::expect;

use crate::story::{check, check_with};

#[test]
fn the_nearest_driver_is_asked_and_wins_the_trip() {
    check(
        "
        0s  ann online 900m
        0s  bob online 300m
        0s  eve requests
        3s  bob accepts
        4s  time passes
        ",
        expect![[r#"
            0s ann is available
            0s bob is available
            0s eve's trip is searching
            2s offer eve to bob until 14s
            3s eve's trip is en_route
            3s tell bob that eve's trip is en_route
        "#]],
    );
}

#[test]
fn an_unanswered_offer_moves_on_to_the_next_nearest_driver() {
    check(
        "
        0s  ann online 100m
        0s  bob online 200m
        0s  eve requests
        20s bob accepts
        ",
        expect![[r#"
            0s ann is available
            0s bob is available
            0s eve's trip is searching
            2s offer eve to ann until 14s
            14s withdraw eve from ann: Expired
            16s offer eve to bob until 28s
            20s eve's trip is en_route
            20s tell bob that eve's trip is en_route
        "#]],
    );
}

#[test]
fn a_declined_offer_moves_on_and_the_decliner_is_not_asked_again() {
    check(
        "
        0s  ann online 100m
        0s  eve requests
        3s  ann declines
        10s bob online 800m
        13s bob declines
        20s time passes
        ",
        expect![[r#"
            0s ann is available
            0s eve's trip is searching
            2s offer eve to ann until 14s
            3s ann declined eve
            10s bob is available
            11s offer eve to bob until 23s
            13s bob declined eve
        "#]],
    );
}

#[test]
fn only_the_driver_who_was_asked_can_accept() {
    check(
        "
        0s  ann online 100m
        0s  bob online 200m
        0s  eve requests
        0s  kim requests
        3s  bob accepts ann's offer
        4s  ann accepts
        5s  bob accepts
        6s  time passes
        ",
        expect![[r#"
            0s ann is available
            0s bob is available
            0s eve's trip is searching
            0s kim's trip is searching
            2s offer eve to bob until 14s
            2s offer kim to ann until 14s
            3s refuse bob: offer kim.1.1 is no longer open
            4s kim's trip is en_route
            4s tell ann that kim's trip is en_route
            5s eve's trip is en_route
            5s tell bob that eve's trip is en_route
        "#]],
    );
}

#[test]
fn an_answer_that_comes_too_late_is_refused() {
    check(
        "
        0s  ann online 100m
        0s  eve requests
        15s ann accepts
        ",
        expect![[r#"
            0s ann is available
            0s eve's trip is searching
            2s offer eve to ann until 14s
            14s withdraw eve from ann: Expired
            15s refuse ann: offer eve.1.1 is no longer open
        "#]],
    );
}

#[test]
fn a_driver_who_hangs_up_during_an_offer_does_not_hold_the_rider_up() {
    check(
        "
        0s  ann online 100m
        0s  bob online 200m
        0s  eve requests
        3s  ann hangs up
        5s  bob accepts
        ",
        expect![[r#"
            0s ann is available
            0s bob is available
            0s eve's trip is searching
            2s offer eve to ann until 14s
            5s offer eve to bob until 17s
            5s eve's trip is en_route
            5s tell bob that eve's trip is en_route
        "#]],
    );
}

#[test]
fn a_driver_on_a_break_is_not_asked() {
    check(
        "
        0s  ann online 100m
        0s  bob online 900m
        1s  ann takes a break
        1s  eve requests
        4s  bob accepts
        ",
        expect![[r#"
            0s ann is available
            0s bob is available
            1s ann is on_break
            1s eve's trip is searching
            3s offer eve to bob until 15s
            4s eve's trip is en_route
            4s tell bob that eve's trip is en_route
        "#]],
    );
}

#[test]
fn a_driver_at_home_in_the_next_shard_is_found_and_won() {
    check(
        "
        0s  ann online 100m
        0s  bob online 4900m
        0s  eve requests
        0s  kim requests
        3s  ann accepts
        7s  bob accepts
        8s  time passes
        ",
        expect![[r#"
            0s ann is available
            0s bob is available
            0s eve's trip is searching
            0s kim's trip is searching
            2s offer eve to ann until 14s
            3s eve's trip is en_route
            3s tell ann that eve's trip is en_route
            6s offer kim to bob until 18s
            7s kim's trip is en_route
            7s tell bob that kim's trip is en_route
        "#]],
    );
}

#[test]
fn nearest_first_does_not_wait_for_a_window() {
    check_with(
        Policy { method: Method::Nearest, ..Policy::default() },
        "
        0s  ann online 100m
        1s  eve requests
        2s  ann accepts
        ",
        expect![[r#"
            0s ann is available
            1s eve's trip is searching
            1s offer eve to ann until 13s
            2s eve's trip is en_route
            2s tell ann that eve's trip is en_route
        "#]],
    );
}

#[test]
fn nobody_near_means_that_the_request_expires() {
    check(
        "
        0s   ann online 5500m
        0s   eve requests
        301s eve cancels
        ",
        expect![[r#"
            0s ann is available
            0s eve's trip is searching
            300s eve's trip is expired
            301s refused: a trip that is expired cannot be cancelled
        "#]],
    );
}

#[test]
fn a_newer_session_takes_over_the_open_offer() {
    check(
        "
        0s  ann online 100m
        0s  eve requests
        4s  ann online 100m
        5s  ann accepts
        ",
        expect![[r#"
            0s ann is available
            0s eve's trip is searching
            2s offer eve to ann until 14s
            4s ann's old session: superseded
            4s ann is offered
            4s offer eve to ann until 14s
            4s ann is offered
            5s eve's trip is en_route
            5s tell ann that eve's trip is en_route
        "#]],
    );
}

#[test]
fn a_driver_who_falls_silent_is_not_asked() {
    check(
        "
        0s  ann online 100m
        1s  ann falls silent
        40s eve requests
        45s ann moves 100m
        50s time passes
        ",
        expect![[r#"
            0s ann is available
            40s eve's trip is searching
            46s offer eve to ann until 58s
        "#]],
    );
}

#[test]
fn a_free_driver_who_drives_over_a_border_moves_house_and_is_found_there() {
    check(
        "
        0s  ann online 9000m
        15s ann moves 5000m
        65s ann moves 100m
        111s eve requests
        114s ann accepts
        115s time passes
        ",
        expect![[r#"
            0s ann is available
            80s ann moves house
            111s eve's trip is searching
            113s offer eve to ann until 125s
            114s eve's trip is en_route
            114s tell ann that eve's trip is en_route
        "#]],
    );
}
