use geo::Point;
use proptest::prelude::*;

use super::*;
use crate::DayKinds;

/// 2026-11-23, a Monday, 00:00 UTC.
const MONDAY: u64 = 1_795_392_000_000;

fn at(hours: f64) -> Timestamp {
    Timestamp::from_millis(MONDAY + (hours * 3_600_000.0) as u64)
}

fn policy() -> RepositionPolicy {
    RepositionPolicy { day_kinds: DayKinds::Alike, neighbours_share: 0.0, ..RepositionPolicy::default() }
}

fn rates(policy: &RepositionPolicy, places: usize) -> Rates {
    let mut rates = Rates::new(policy, Slots::new(policy.slot_min, policy.day_kinds, 0).unwrap());
    (0..places).for_each(|_| _ = rates.add_place(&[]));
    rates
}

/// A request every so many minutes of these hours, on so many days.
fn play(rates: &mut Rates, place: usize, days: u32, hours: std::ops::Range<f64>, every_min: f64) {
    for day in 0..days {
        let mut hour = hours.start;
        while hour < hours.end - 1e-9 {
            rates.observe(place, at(f64::from(day) * 24.0 + hour));
            hour += every_min / 60.0;
        }
        rates.watch(at(f64::from(day) * 24.0 + 23.99));
    }
}

#[test]
fn the_rate_of_a_rush_hour_is_learned_and_the_night_stays_quiet() {
    let mut rates = rates(&policy(), 2);
    play(&mut rates, 0, 20, 7.0..9.0, 3.0);
    let rush = rates.rate(0, at(20.0 * 24.0 + 8.0));
    assert!((rush - 20.0).abs() < 1.5, "{rush} an hour");
    assert!(rates.rate(0, at(20.0 * 24.0 + 3.0)) < 0.2);
    assert!(rates.rate(1, at(20.0 * 24.0 + 8.0)) < 1e-9, "the other place is quiet");
    let two_hours = rates.expected(0, at(20.0 * 24.0 + 6.0), Duration::from_secs(4 * 3_600));
    assert!((two_hours - 40.0).abs() < 3.0, "{two_hours} are expected of the whole morning");
}

#[test]
fn on_the_first_day_the_last_half_hour_is_all_there_is() {
    let mut rates = rates(&policy(), 1);
    assert!(rates.rate(0, at(12.0)) < 1e-9, "nothing is known, nothing is claimed");
    let mut hour = 12.0;
    while hour < 12.5 {
        rates.observe(0, at(hour));
        hour += 1.0 / 60.0;
    }
    let rate = rates.rate(0, at(12.5));
    assert!((rate - 60.0).abs() < 8.0, "{rate} an hour");
}

#[test]
fn the_very_first_request_makes_no_rush_hour() {
    let mut rates = rates(&policy(), 1);
    rates.watch(at(12.0));
    rates.observe(0, at(12.0) + Duration::from_secs(1));
    let rate = rates.rate(0, at(12.0) + Duration::from_secs(1));
    assert!(rate < 50.0, "{rate} an hour");
}

#[test]
fn a_city_that_changes_is_followed_within_days() {
    let mut rates = rates(&RepositionPolicy { days_remembered: 3.0, ..policy() }, 1);
    play(&mut rates, 0, 20, 7.0..9.0, 3.0);
    for day in 20..32 {
        let mut hour = 7.0;
        while hour < 9.0 {
            rates.observe(0, at(f64::from(day) * 24.0 + hour));
            hour += 0.5;
        }
    }
    let rate = rates.rate(0, at(32.0 * 24.0 + 8.0));
    assert!(rate < 4.0, "{rate} an hour where there were 20 and now are 2");
}

#[test]
fn a_thin_place_borrows_from_the_places_around_it() {
    let policy = RepositionPolicy { neighbours_share: 0.5, ..policy() };
    let mut rates = Rates::new(&policy, Slots::new(15, DayKinds::Alike, 0).unwrap());
    let first = rates.add_place(&[]);
    let second = rates.add_place(&[first]);
    play(&mut rates, first, 10, 7.0..9.0, 3.0);
    let morning = at(240.0 + 8.0);
    assert!((rates.rate(second, morning) - rates.rate(first, morning)).abs() < 1e-6, "half of each is borrowed");
    assert!(rates.rate(second, morning) > 8.0);
}

#[test]
fn rates_known_from_elsewhere_count_as_days_that_were_watched() {
    let mut rates = rates(&policy(), 1);
    for slot in 0..96 {
        rates.remember_days(slot, 5.0);
        rates.remember(0, slot, 10.0);
    }
    assert!((rates.rate(0, at(8.0)) - 8.0).abs() < 0.1, "2 in a quarter of an hour");
    assert!((rates.expected(0, at(8.1), Duration::from_secs(7_200)) - 16.0).abs() < 0.2);
}

#[test]
fn a_long_pause_of_the_watch_is_not_taken_for_a_quiet_week() {
    let mut rates = rates(&policy(), 1);
    play(&mut rates, 0, 10, 7.0..9.0, 3.0);
    let before = rates.rate(0, at(8.0));
    rates.watch(at(40.0 * 24.0));
    let after = rates.rate(0, at(8.0));
    assert!((after / before - 1.0).abs() < 0.12, "{before} before, {after} after");
}

fn forecast(cells_max: usize) -> Forecast {
    Forecast::new(&RepositionPolicy { cells_max, ..RepositionPolicy::default() }, -300).unwrap()
}

fn point(north: f64) -> Point {
    Point::new(40.7 + north, -73.98).unwrap()
}

#[test]
fn a_full_forecast_counts_what_it_sheds_and_makes_room_where_it_is_quiet() {
    let mut forecast = forecast(3);
    for street in 0..5 {
        (0..5).for_each(|_| forecast.observe(point(f64::from(street) * 0.05), at(1.0)));
    }
    assert_eq!((forecast.len(), forecast.shed()), (3, 10));
    let (old, new) = (forecast.cell_at(point(0.0)), forecast.cell_at(point(0.2)));
    assert!(forecast.rate(old, at(1.0)) > 0.0 && forecast.rate(new, at(1.0)) == 0.0);
    // Weeks later nobody remembers the first cells.
    for day in 1..80 {
        forecast.watch(at(f64::from(day) * 24.0));
    }
    forecast.observe(point(0.2), at(80.0 * 24.0));
    assert_eq!((forecast.len(), forecast.shed()), (3, 10));
    assert!(forecast.rate(new, at(80.0 * 24.0)) > 0.0);
    assert_eq!(forecast.all_expected(at(80.0 * 24.0), Duration::from_secs(3_600)).count(), 3);
}

proptest! {
    #[test]
    fn rates_are_finite_never_negative_and_the_same_for_the_same_story(
        story in prop::collection::vec((0..4i32, 0..200_000_000u64), 0..200),
        cells_max in 1..5usize,
    ) {
        let play = || {
            let mut forecast = forecast(cells_max);
            let mut now = MONDAY;
            for &(street, passed) in &story {
                now += passed;
                forecast.observe(point(f64::from(street) * 0.05), Timestamp::from_millis(now));
            }
            (forecast, Timestamp::from_millis(now))
        };
        let (forecast, now) = play();
        prop_assert_eq!(&forecast, &play().0);
        prop_assert!(forecast.len() <= cells_max);
        for (cell, expected) in forecast.all_expected(now, Duration::from_secs(1_800)) {
            prop_assert!(expected.is_finite() && expected >= 0.0, "{cell}: {expected}");
        }
    }
}
