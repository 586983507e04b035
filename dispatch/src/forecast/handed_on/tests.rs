use std::time::Duration;

use geo::Point;

use super::*;
use crate::policy::RepositionPolicy;

const START: Timestamp = Timestamp::from_millis(1_790_000_000_000);

fn here() -> Point {
    Point::new(40.75, -73.98).unwrap()
}

fn forecast() -> Forecast {
    Forecast::new(&RepositionPolicy::default(), 0).unwrap()
}

/// Two days with a request every three minutes.
fn taught() -> (Forecast, Timestamp) {
    let mut forecast = forecast();
    let mut now = START;
    for _ in 0..960 {
        forecast.observe(here(), now);
        now = now + Duration::from_secs(180);
    }
    (forecast, now)
}

#[test]
fn what_was_learned_is_known_to_the_next_owner() {
    let (before, now) = taught();
    let mut after = forecast();
    let cell = before.cell_at(here());
    after.take_up(now, &before.hand_on(now));
    for hours in [0, 1, 5, 12] {
        let at = now + Duration::from_secs(hours * 3_600);
        let (known, taken) = (before.rate(cell, at), after.rate(cell, at));
        assert!(known > 10.0 && (taken / known - 1.0).abs() < 0.1, "in {hours} h: {known} an hour became {taken}");
    }
    // And the longer nobody watched, the less is thought of what was of late.
    let mut later = forecast();
    later.take_up(now + Duration::from_secs(3_600), &before.hand_on(now));
    let recent = |forecast: &Forecast, at| forecast.hand_on(at).cells[0].recent;
    assert!(recent(&later, now + Duration::from_secs(3_600)) < recent(&after, now) / 2.0);
}

#[test]
fn what_makes_no_sense_is_not_taken_up() {
    let (before, now) = taught();
    let good = before.hand_on(now);
    let mut other_slots = good.clone();
    other_slots.days.pop();
    let mut strange = good.clone();
    strange.cells[0].usual.fill(f32::NAN);
    strange.cells[0].recent = f64::INFINITY;
    strange.days.fill(-1.0);
    strange.recent_watched = f64::NAN;
    for learned in [other_slots, strange, Learned::default()] {
        let mut after = forecast();
        after.take_up(now, &learned);
        let rate = after.rate(before.cell_at(here()), now);
        assert_eq!(rate, 0.0);
    }
    let mut taught_already = before.clone();
    taught_already.take_up(now, &good);
    assert_eq!(taught_already, before);
}

#[test]
fn no_more_cells_are_handed_on_than_the_bound_and_the_quiet_ones_stay_behind() {
    let mut before = forecast();
    before.observe(here(), START);
    before.observe(here(), START);
    for number in 0..2 * LEARNED_CELLS_MAX {
        let away = Point::new(40.75 + 0.02 * (number % 64) as f64, -73.9 + 0.02 * (number / 64) as f64).unwrap();
        before.observe(away, START);
    }
    let learned = before.hand_on(START);
    assert_eq!(learned.cells.len(), LEARNED_CELLS_MAX.min(before.len()));
    assert_eq!(learned.cells[0].cell, before.cell_at(here()));
}
