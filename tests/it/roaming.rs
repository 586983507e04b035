//! Drivers without work are told where riders are to be expected, and do as they like.

use dispatch::{Policy, RepositionPolicy};
use expect_test::expect;

use crate::story::{check, check_with};

#[test]
fn a_driver_is_told_where_riders_are_expected_stays_and_is_matched_all_the_same() {
    check(
        "
        0s    eve requests
        60s   eve cancels
        400s  kim requests
        460s  kim cancels
        800s  joe requests
        860s  joe cancels
        1200s ann online 2000m
        1450s pat requests
        1454s ann accepts
        2000s ann arrives
        2010s ann picks up
        2100s ann drops off
        2110s time passes
        ",
        expect![[r#""#]],
    );
}

#[test]
fn the_next_driver_is_sent_only_when_the_first_does_not_set_off() {
    check(
        "
        0s    eve requests
        60s   eve cancels
        400s  kim requests
        460s  kim cancels
        800s  joe requests
        860s  joe cancels
        1200s ann online 2000m
        1200s bob online 2100m
        1500s time passes
        1700s time passes
        ",
        expect![[r#""#]],
    );
}

#[test]
fn nobody_is_told_anything_when_the_policy_says_so() {
    let reposition = RepositionPolicy { on: false, ..RepositionPolicy::default() };
    check_with(
        Policy { reposition, ..Policy::default() },
        "
        0s    eve requests
        60s   eve cancels
        400s  kim requests
        460s  kim cancels
        1200s ann online 2000m
        3000s time passes
        ",
        expect![[r#""#]],
    );
}
