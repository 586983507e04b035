//! What is left when a node dies: everything that was acknowledged.

use expect_test::expect;

use crate::story::check;

#[test]
fn a_trip_without_a_driver_searches_on_after_a_crash() {
    check(
        "
        0s  ann online 300m
        0s  eve requests
        1s  the node crashes
        2s  ann online 300m
        6s  ann accepts
        ",
        expect![[r#"
            0s ann is available
            0s eve's trip is searching
            1s the node is back
            2s ann is available
            3s offer eve to ann until 15s
            6s eve's trip is en_route
            6s tell ann that eve's trip is en_route
        "#]],
    );
}

#[test]
fn an_offer_does_not_survive_a_crash_and_is_made_anew() {
    check(
        "
        0s  ann online 300m
        0s  eve requests
        3s  the node crashes
        4s  ann online 300m
        5s  ann accepts
        8s  ann accepts
        ",
        expect![[r#"
            0s ann is available
            0s eve's trip is searching
            2s offer eve to ann until 14s
            3s the node is back
            4s ann is available
            5s offer eve to ann until 17s
            5s eve's trip is en_route
            5s tell ann that eve's trip is en_route
            8s tell ann that eve's trip is en_route
        "#]],
    );
}

#[test]
fn a_driver_on_a_trip_goes_on_after_a_crash() {
    check(
        "
        0s   ann online 300m
        0s   eve requests
        3s   ann accepts
        60s  ann arrives
        61s  the node crashes
        62s  ann online 0m
        90s  ann picks up
        400s ann drops off
        ",
        expect![[r#"
            0s ann is available
            0s eve's trip is searching
            2s offer eve to ann until 14s
            3s eve's trip is en_route
            3s tell ann that eve's trip is en_route
            60s eve's trip is arrived
            60s tell ann that eve's trip is arrived
            61s the node is back
            62s ann is arrived with eve, last trip
            62s ann is arrived with eve
            90s eve's trip is in_progress
            90s tell ann that eve's trip is in_progress
            400s eve's trip is completed
            400s tell ann that eve's trip is completed
        "#]],
    );
}

#[test]
fn a_request_that_was_acknowledged_expires_in_time_although_the_node_died() {
    check(
        "
        0s   eve requests
        100s the node crashes
        301s time passes
        ",
        expect![[r#"
            0s eve's trip is searching
            100s the node is back
            300s eve's trip is expired
        "#]],
    );
}
