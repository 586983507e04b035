//! Calling off, with reasons and what it may cost; and who waits in vain.

use dispatch::{CancelReason, FeeStage, Party, Policy, Stage};
use expect_test::expect;

use crate::story::{check, watch_with};

/// How the trip of a story ended: by whom, why, at what stage of the fee.
fn end(story: &str) -> (Party, CancelReason, FeeStage) {
    let (views, _) = watch_with(Policy::default(), story);
    match views.last().expect("a trip was shown").trip.stage {
        Stage::Cancelled { by, reason, fee, .. } => (by, reason, fee),
        ref stage => panic!("{stage:?}"),
    }
}

#[test]
fn calling_off_costs_more_the_longer_a_car_is_on_its_way() {
    let story = |more: &str| format!("0s ann online 900m\n0s eve requests\n3s ann accepts\n{more}");
    let rider = |reason, fee| (Party::Rider, reason, fee);
    assert_eq!(
        end("0s eve requests\n60s eve cancels because waited_too_long"),
        rider(CancelReason::WaitedTooLong, FeeStage::Free)
    );
    let early = story("120s eve cancels because driver_too_far");
    assert_eq!(end(&early), rider(CancelReason::DriverTooFar, FeeStage::Free));
    let late = story("124s eve cancels because changed_mind");
    assert_eq!(end(&late), rider(CancelReason::ChangedMind, FeeStage::Late));
    let waited = story("60s ann arrives\n239s eve cancels");
    assert_eq!(end(&waited), rider(CancelReason::Other, FeeStage::Late));
    let stood_up = story("60s ann arrives\n241s eve cancels");
    assert_eq!(end(&stood_up), rider(CancelReason::Other, FeeStage::NoShow));
}

#[test]
fn what_the_city_calls_off_says_why() {
    let waits = "0s ann online 900m\n0s eve requests\n3s ann accepts\n60s ann arrives\n961s time passes";
    assert_eq!(end(waits), (Party::System, CancelReason::RiderNoShow, FeeStage::NoShow));
}

#[test]
fn a_driver_who_waited_long_enough_ends_the_trip_of_a_rider_who_does_not_come() {
    check(
        "
        0s   ann online 300m
        0s   eve requests
        3s   ann accepts
        5s   ann says that nobody comes
        60s  ann arrives
        100s ann says that nobody comes
        240s ann says that nobody comes
        241s kim requests
        244s time passes
        ",
        expect![[r#"
            0s ann is available
            0s eve's trip is searching
            2s offer eve to ann until 14s
            3s eve's trip is en_route
            3s tell ann that eve's trip is en_route
            5s refuse ann: a trip that is en_route cannot be cancelled
            60s eve's trip is arrived
            60s tell ann that eve's trip is arrived
            100s refuse ann: too early: possible in 140 s
            240s eve's trip is cancelled
            240s tell ann that eve's trip is cancelled
            241s kim's trip is searching
            243s offer kim to ann until 255s
        "#]],
    );
    let story = "0s ann online 300m\n0s eve requests\n3s ann accepts\n60s ann arrives\n240s ann says that nobody comes";
    assert_eq!(end(story), (Party::Driver, CancelReason::RiderNoShow, FeeStage::NoShow));
}
