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
        1490s ann moves 1000m
        1520s ann moves 0m
        1521s ann arrives
        1530s ann picks up
        1560s ann moves -1000m
        1590s ann moves -2000m
        1591s ann drops off
        1600s time passes
        ",
        expect![[r#"
            0s eve's trip is searching
            60s eve's trip is cancelled
            400s kim's trip is searching
            460s kim's trip is cancelled
            800s joe's trip is searching
            860s joe's trip is cancelled
            1200s ann is available
            1380s tell ann that riders are expected 0m until 1500s
            1450s pat's trip is searching
            1452s offer pat to ann until 1464s
            1454s pat's trip is en_route
            1454s tell ann that pat's trip is en_route
            1521s pat's trip is arrived
            1521s tell ann that pat's trip is arrived
            1530s pat's trip is in_progress
            1530s tell ann that pat's trip is in_progress
            1591s pat's trip is completed
            1591s tell ann that pat's trip is completed
        "#]],
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
        1200s ann online 1500m
        1200s bob online 1600m
        1700s time passes
        ",
        expect![[r#"
            0s eve's trip is searching
            60s eve's trip is cancelled
            400s kim's trip is searching
            460s kim's trip is cancelled
            800s joe's trip is searching
            860s joe's trip is cancelled
            1200s ann is available
            1200s bob is available
            1380s tell ann that riders are expected 0m until 1500s
            1560s tell bob that riders are expected 0m until 1680s
        "#]],
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
        expect![[r#"
            0s eve's trip is searching
            60s eve's trip is cancelled
            400s kim's trip is searching
            460s kim's trip is cancelled
            1200s ann is available
        "#]],
    );
}
