//! Riders who go another way than they said, and rides that halt on their way.

use dispatch::{Fare, Policy, StopPolicy};
use expect_test::expect;

use crate::story::{check, check_with, watch_with};

#[test]
fn a_rider_who_goes_elsewhere_is_driven_there() {
    check(
        "
        0s   ann online 100m
        0s   eve requests
        3s   ann accepts
        5s   eve goes to -3000m
        60s  ann arrives
        65s  eve goes to -1000m over -500m
        70s  ann picks up
        80s  ann halts
        81s  ann halts
        90s  ann drops off
        91s  eve goes to -1000m
        92s  eve goes to -2000m
        ",
        expect![[r#"
            0s ann is available
            0s eve's trip is searching
            2s offer eve to ann until 14s
            3s eve's trip is en_route
            3s tell ann that eve's trip is en_route
            5s tell ann that eve's trip is en_route to -3000m
            60s eve's trip is arrived
            60s tell ann that eve's trip is arrived to -3000m
            65s tell ann that eve's trip is arrived to -500m, -1000m
            70s eve's trip is in_progress
            70s tell ann that eve's trip is in_progress to -500m, -1000m
            80s tell ann that eve's trip is in_progress to -1000m
            81s tell ann that eve's trip is in_progress to -1000m
            90s eve's trip is completed
            90s tell ann that eve's trip is completed to -1000m
        "#]],
    );
}

#[test]
fn whoever_looks_at_an_offer_is_asked_anew_when_the_rider_goes_elsewhere() {
    check(
        "
        0s   ann online 100m
        0s   eve requests
        4s   eve goes to 3000m
        5s   ann accepts
        9s   ann accepts
        ",
        expect![[r#"
            0s ann is available
            0s eve's trip is searching
            2s offer eve to ann until 14s
            4s withdraw eve from ann: Changed
            5s refuse ann: offer eve.1.1 is no longer open
            6s offer eve to ann until 18s
            9s eve's trip is en_route
            9s tell ann that eve's trip is en_route to 3000m
        "#]],
    );
}

#[test]
fn the_way_is_kept_when_the_node_crashes() {
    check(
        "
        0s   ann online 100m
        0s   eve requests over -500m -900m
        3s   ann accepts
        40s  ann arrives
        50s  ann picks up
        60s  ann halts
        70s  eve goes to -3000m over -700m
        75s  the node crashes
        80s  ann online -500m
        85s  ann halts again
        95s  ann drops off
        ",
        expect![[r#"
            0s ann is available
            0s eve's trip is searching
            2s offer eve to ann until 14s
            3s eve's trip is en_route
            3s tell ann that eve's trip is en_route to -500m, -900m, -2000m
            40s eve's trip is arrived
            40s tell ann that eve's trip is arrived to -500m, -900m, -2000m
            50s eve's trip is in_progress
            50s tell ann that eve's trip is in_progress to -500m, -900m, -2000m
            60s tell ann that eve's trip is in_progress to -900m, -2000m
            70s tell ann that eve's trip is in_progress to -700m, -3000m
            75s the node is back
            75s eve's trip is in_progress
            80s ann is on_trip with eve, last trip
            80s ann is on_trip with eve
            85s tell ann that eve's trip is in_progress to -3000m
            95s eve's trip is completed
            95s tell ann that eve's trip is completed to -3000m
        "#]],
    );
}

#[test]
fn stops_are_made_in_their_order_and_with_the_rider_aboard() {
    check(
        "
        0s   ann online 100m
        0s   eve requests over -500m -900m
        3s   ann accepts
        4s   ann halts
        40s  ann arrives
        50s  ann picks up
        55s  ann halts again
        60s  ann drops off
        ",
        expect![[r#"
            0s ann is available
            0s eve's trip is searching
            2s offer eve to ann until 14s
            3s eve's trip is en_route
            3s tell ann that eve's trip is en_route to -500m, -900m, -2000m
            4s refuse ann: a trip that is en_route cannot be stop_reached
            40s eve's trip is arrived
            40s tell ann that eve's trip is arrived to -500m, -900m, -2000m
            50s eve's trip is in_progress
            50s tell ann that eve's trip is in_progress to -500m, -900m, -2000m
            55s refuse ann: a trip that is in_progress cannot be stop_reached
            60s eve's trip is completed
            60s tell ann that eve's trip is completed to -500m, -900m, -2000m
        "#]],
    );
}

#[test]
fn a_stop_that_the_rider_replaces_while_the_car_halts_at_it_is_not_made() {
    check(
        "
        0s   ann online 100m
        0s   eve requests over -500m
        3s   ann accepts
        40s  ann arrives
        50s  ann picks up
        60s  eve goes to -2000m over -700m
        60s  ann halts on the first way
        70s  ann halts on the second way
        75s  eve goes to -3000m
        76s  ann halts on the second way
        ",
        expect![[r#"
            0s ann is available
            0s eve's trip is searching
            2s offer eve to ann until 14s
            3s eve's trip is en_route
            3s tell ann that eve's trip is en_route to -500m, -2000m
            40s eve's trip is arrived
            40s tell ann that eve's trip is arrived to -500m, -2000m
            50s eve's trip is in_progress
            50s tell ann that eve's trip is in_progress to -500m, -2000m
            60s tell ann that eve's trip is in_progress to -700m, -2000m
            60s refuse ann: the trip is in version 5 by now
            70s tell ann that eve's trip is in_progress to -2000m
            75s tell ann that eve's trip is in_progress to -3000m
            76s tell ann that eve's trip is in_progress to -3000m
        "#]],
    );
}

#[test]
fn a_way_is_changed_no_more_often_than_the_policy_says_and_never_in_a_shared_ride() {
    let stops = StopPolicy { changes_max: 1, ..StopPolicy::default() };
    check_with(
        Policy { stops, ..Policy::default() },
        "
        0s   eve requests
        1s   eve goes to -3000m
        2s   eve goes to -3000m
        3s   eve goes to -4000m
        4s   bob would share from 100m to -900m
        5s   bob goes to -800m
        ",
        expect![[r#"
            0s eve's trip is searching
            3s refused: the way of a trip may be changed 1 times
            4s bob's trip is searching
            5s refused: trip bob is shared: its way cannot be changed
        "#]],
    );
}

#[test]
fn a_driver_with_a_stop_ahead_is_not_promised_to_the_next_rider() {
    check(
        "
        0s   ann online 100m
        0s   eve requests over -100m
        3s   ann accepts
        20s  ann arrives
        25s  ann picks up
        26s  ann moves -1900m
        30s  bob requests
        45s  ann halts
        50s  ann moves -1950m
        60s  time passes
        ",
        expect![[r#"
            0s ann is available
            0s eve's trip is searching
            2s offer eve to ann until 14s
            3s eve's trip is en_route
            3s tell ann that eve's trip is en_route to -100m, -2000m
            20s eve's trip is arrived
            20s tell ann that eve's trip is arrived to -100m, -2000m
            25s eve's trip is in_progress
            25s tell ann that eve's trip is in_progress to -100m, -2000m
            30s bob's trip is searching
            45s tell ann that eve's trip is in_progress to -2000m
            46s offer bob to ann after eve until 58s
            58s withdraw bob from ann: Expired
        "#]],
    );
}

/// What the ride costs at the end of a story.
fn fare(story: &str) -> Fare {
    let (views, _) = watch_with(Policy::default(), story);
    views.last().expect("a trip was shown").trip.order.fare.expect("a price was made")
}

#[test]
fn there_and_back_again_costs_what_it_did_and_longer_costs_more() {
    let asked = fare("0s eve requests");
    let further = fare("0s eve requests\n5s eve goes to -4000m");
    assert!(further.minor() > asked.minor(), "{further:?} {asked:?}");
    assert_eq!(further.surge(), asked.surge());
    assert_eq!(fare("0s eve requests\n5s eve goes to -4000m\n9s eve goes to -2000m"), asked);
    assert_eq!(fare("0s eve requests over -4000m\n5s eve goes to -2000m over"), asked);
    let over = fare("0s eve requests over 500m");
    assert!(over.minor() > asked.minor(), "a kilometre more, and two minutes of waiting");
}

#[test]
fn with_the_rider_in_the_car_the_price_does_not_fall() {
    let ride = "0s ann online 100m\n0s eve requests\n3s ann accepts\n20s ann arrives\n25s ann picks up\n";
    let asked = fare("0s eve requests");
    assert_eq!(fare(&format!("{ride}30s eve goes to -500m")), asked);
    let back = fare(&format!(
        "{ride}91s ann moves -400m\n111s ann moves -1000m\n131s ann moves -1500m\n135s eve goes to 100m"
    ));
    assert!(back.minor() > asked.minor(), "there, and back again");
}
