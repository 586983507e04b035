//! How much one driver is asked, how much one rider may ask, and the way home.

use dispatch::{OfferPolicy, Policy, RiderPolicy};
use expect_test::expect;

use crate::story::{check, check_with};

#[test]
fn a_driver_who_answers_nothing_is_put_on_a_break_and_works_on_when_he_says_so() {
    check(
        "
        0s   ann online 100m
        0s   eve requests
        20s  kim requests
        40s  sue requests
        60s  zoe requests
        70s  ann online 100m
        75s  ann accepts
        ",
        expect![[r#"
            0s ann is available
            0s eve's trip is searching
            2s offer eve to ann until 14s
            14s withdraw eve from ann: Expired
            20s kim's trip is searching
            22s offer kim to ann until 34s
            34s withdraw kim from ann: Expired
            40s sue's trip is searching
            42s offer sue to ann until 54s
            54s withdraw sue from ann: Expired
            54s put ann on a break after 3 offers without an answer
            54s ann is on_break
            60s zoe's trip is searching
            70s ann's old session: superseded
            70s ann is on_break
            70s ann is available
            72s offer zoe to ann until 84s
            75s zoe's trip is en_route
            75s tell ann that zoe's trip is en_route
        "#]],
    );
}

#[test]
fn an_answer_is_an_answer_even_when_it_is_no() {
    check(
        "
        0s   ann online 100m
        0s   eve requests
        20s  kim requests
        40s  sue requests
        44s  ann declines
        50s  zoe requests
        70s  pam requests
        75s  time passes
        ",
        expect![[r#"
            0s ann is available
            0s eve's trip is searching
            2s offer eve to ann until 14s
            14s withdraw eve from ann: Expired
            20s kim's trip is searching
            22s offer kim to ann until 34s
            34s withdraw kim from ann: Expired
            40s sue's trip is searching
            42s offer sue to ann until 54s
            44s ann declined sue
            50s zoe's trip is searching
            52s offer zoe to ann until 64s
            64s withdraw zoe from ann: Expired
            70s pam's trip is searching
            72s offer pam to ann until 84s
        "#]],
    );
}

#[test]
fn a_driver_is_shown_no_more_offers_in_an_hour_than_the_city_allows() {
    let offers = OfferPolicy { per_hour_max: 2, ..OfferPolicy::default() };
    check_with(
        Policy { offers, ..Policy::default() },
        "
        0s    ann online 100m
        0s    eve requests
        3s    ann declines
        10s   kim requests
        13s   ann declines
        20s   sue requests
        100s  sue cancels
        3590s zoe requests
        3610s ann accepts
        ",
        expect![[r#"
            0s ann is available
            0s eve's trip is searching
            2s offer eve to ann until 14s
            3s ann declined eve
            10s kim's trip is searching
            11s offer kim to ann until 23s
            13s ann declined kim
            20s sue's trip is searching
            100s sue's trip is cancelled
            300s eve's trip is expired
            310s kim's trip is expired
            3590s zoe's trip is searching
            3602s offer zoe to ann until 3614s
            3610s zoe's trip is en_route
            3610s tell ann that zoe's trip is en_route
        "#]],
    );
}

#[test]
fn a_rider_has_no_more_trips_than_allowed_and_is_told_when_to_ask_again() {
    let riders = RiderPolicy { active_max: 3, searching_max: 2, cancellations_max: 0 };
    check_with(
        Policy { riders, ..Policy::default() },
        "
        0s   eve requests
        1s   eve requests
        2s   eve requests
        3s   kim requests
        ",
        expect![[r#"
            0s eve's trip is searching
            1s eve's trip is searching
            2s refused: there are too many trips that search for a driver: ask again in 30 s
            3s kim's trip is searching
        "#]],
    );
}

#[test]
fn a_rider_who_calls_off_again_and_again_waits_an_hour() {
    let riders = RiderPolicy { cancellations_max: 2, ..RiderPolicy::default() };
    check_with(
        Policy { riders, ..Policy::default() },
        "
        0s    eve requests
        10s   eve cancels
        20s   eve requests
        30s   eve cancels
        40s   eve requests
        3609s eve requests
        3611s eve requests
        ",
        expect![[r#"
            0s eve's trip is searching
            10s eve's trip is cancelled
            20s eve's trip is searching
            30s eve's trip is cancelled
            40s refused: there are too many trips called off within an hour: ask again in 3570 s
            3609s refused: there are too many trips called off within an hour: ask again in 1 s
            3611s eve's trip is searching
        "#]],
    );
}

#[test]
fn a_driver_on_the_way_home_is_offered_what_leads_there() {
    check(
        "
        0s   ann online 100m with home 9000m
        0s   eve requests
        10s  ann goes anywhere
        14s  ann accepts
        ",
        expect![[r#"
            0s ann is available, on the way home
            0s eve's trip is searching
            10s ann is available
            12s offer eve to ann until 24s
            14s eve's trip is en_route
            14s tell ann that eve's trip is en_route
        "#]],
    );
    check(
        "
        0s   ann online 100m with home -2500m
        0s   eve requests
        5s   ann accepts
        ",
        expect![[r#"
            0s ann is available, on the way home
            0s eve's trip is searching
            2s offer eve to ann until 14s
            5s eve's trip is en_route
            5s tell ann that eve's trip is en_route
        "#]],
    );
}

#[test]
fn the_way_home_ends_after_half_an_hour_and_is_granted_twice_a_day() {
    check(
        "
        0s    ann online 100m with home 9000m
        10s   ann online 100m
        20s   ann online 100m with home 9000m
        30s   ann online 100m
        40s   ann online 100m with home 9000m
        50s   bob online 200m with home 9000m
        1850s eve requests
        1860s time passes
        ",
        expect![[r#"
            0s ann is available, on the way home
            10s ann's old session: superseded
            10s ann is available, on the way home
            10s ann is available
            20s ann's old session: superseded
            20s ann is available
            20s ann is available, on the way home
            30s ann's old session: superseded
            30s ann is available, on the way home
            30s ann is available
            40s ann's old session: superseded
            40s ann is available
            40s refuse ann: there are too many ways home within a day: ask again in 86360 s
            50s bob is available, on the way home
            1850s bob is available
            1850s eve's trip is searching
            1852s offer eve to ann until 1864s
        "#]],
    );
}
