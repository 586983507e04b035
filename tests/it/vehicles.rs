//! Riders get a car that they fit into, or wait for one.

use expect_test::expect;

use crate::story::check;

#[test]
fn a_wheelchair_passes_nearer_cars_by_for_the_one_with_a_ramp() {
    check(
        "
        0s   bob online 100m
        0s   cid online 200m with 6 seats
        0s   ann online 900m with a ramp
        1s   eve requests for a wheelchair
        5s   ann accepts
        ",
        expect![[r#"
            0s bob is available
            0s cid is available
            0s ann is available
            1s eve's trip is searching
            3s offer eve to ann until 15s
            5s eve's trip is en_route
            5s tell ann that eve's trip is en_route
        "#]],
    );
}

#[test]
fn six_seats_are_never_offered_to_a_car_of_four_also_after_a_crash() {
    check(
        "
        0s   bob online 100m
        0s   eve requests for 6 seats
        60s  the node crashes
        61s  bob online 100m
        90s  ann online 800m with 6 seats
        95s  ann accepts
        ",
        expect![[r#"
            0s bob is available
            0s eve's trip is searching
            60s the node is back
            61s bob is available
            90s ann is available
            92s offer eve to ann until 104s
            95s eve's trip is en_route
            95s tell ann that eve's trip is en_route
        "#]],
    );
}

#[test]
fn a_driver_rebuilt_during_a_trip_is_offered_only_what_fits_the_vehicle_said_after_it() {
    check(
        "
        0s   ann online 300m with 6 seats
        0s   eve requests
        3s   ann accepts
        60s  ann arrives
        61s  the node crashes
        62s  ann online 0m
        63s  joe requests for 6 seats
        90s  ann picks up
        200s ann drops off
        230s ann online 0m with 6 seats
        235s ann accepts
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
            63s joe's trip is searching
            90s eve's trip is in_progress
            90s tell ann that eve's trip is in_progress
            200s eve's trip is completed
            200s tell ann that eve's trip is completed
            230s ann's old session: superseded
            230s ann is available
            230s ann is available
            231s offer joe to ann until 243s
            235s joe's trip is en_route
            235s tell ann that joe's trip is en_route
        "#]],
    );
}

#[test]
fn a_driver_who_changes_to_a_car_without_a_ramp_loses_the_offer_for_a_wheelchair() {
    check(
        "
        0s   ann online 300m with a ramp
        0s   eve requests for a wheelchair
        4s   ann online 300m
        30s  bob online 900m with a ramp
        35s  bob accepts
        ",
        expect![[r#"
            0s ann is available
            0s eve's trip is searching
            2s offer eve to ann until 14s
            4s ann's old session: superseded
            4s ann is offered
            4s offer eve to ann until 14s
            4s withdraw eve from ann: NotCommitted
            4s ann is available
            30s bob is available
            32s offer eve to bob until 44s
            35s eve's trip is en_route
            35s tell bob that eve's trip is en_route
        "#]],
    );
}
