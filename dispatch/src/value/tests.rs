use std::time::Duration;

use geo::{Cell, Point, Resolution};
use proptest::prelude::*;

use super::*;
use crate::{DayKinds, Slots, Timestamp};

/// 2026-11-23, a Monday, 00:00 UTC.
const MONDAY: u64 = 1_795_392_000_000;

fn at(hours: f64) -> Timestamp {
    Timestamp::from_millis(MONDAY + (hours * 3_600_000.0) as u64)
}

fn values(cells_max: usize) -> Values {
    Values::new(Resolution::new(8).unwrap(), Slots::new(60, DayKinds::Alike, 0).unwrap(), cells_max)
}

fn point(north: f64) -> Point {
    Point::new(40.7 + north, -73.98).unwrap()
}

#[test]
fn between_two_knots_worth_is_a_straight_line_and_flat_beyond_the_ends() {
    let mut table = ValueTable::new(2, 3);
    table.set(1, 0, 10.0);
    table.set(1, 1, 20.0);
    table.set(1, 2, 0.0);
    let at = [-1.0, 0.0, 0.5, 1.25, 2.0, 9.0].map(|knot| table.worth(1, knot));
    assert_eq!(at, [10.0, 10.0, 15.0, 15.0, 0.0, 0.0]);
    assert_eq!((table.worth(0, 1.0), table.worth(7, 1.0)), (0.0, 0.0));
}

/// Two places, an hour each way: at A a trip is worth 10 and ends at B, at B nothing happens and the car drives home.
#[test]
fn a_place_that_leads_to_a_good_place_becomes_worth_something_itself() {
    let mut table = ValueTable::new(2, 5);
    for _ in 0..2_000 {
        for hour in 0..4_u32 {
            let knot = f64::from(hour);
            let (after_a, after_b) = (10.0 + table.worth(1, knot + 1.0), table.worth(0, knot + 1.0));
            table.learn(0, knot, after_a, 0.1);
            table.learn(1, knot, after_b, 0.1);
        }
    }
    // Hours left: 4 3 2 1 0. A earns in every second of them, B in every second from the next on.
    for (knot, (a, b)) in [(20.0, 20.0), (20.0, 10.0), (10.0, 10.0), (10.0, 0.0), (0.0, 0.0)].into_iter().enumerate() {
        assert!((table.at(0, knot) - a).abs() < 0.1 && (table.at(1, knot) - b).abs() < 0.1, "{table:?}");
    }
}

#[test]
fn a_city_learns_by_cell_and_hour_and_the_table_can_be_read_and_written() {
    let mut values = values(10);
    for _ in 0..300 {
        values.learn((point(0.0), at(8.0)), 90.0, (point(0.1), at(9.0)), 0.1);
    }
    let worth = values.worth_at(point(0.0), at(8.0));
    assert!((worth - 90.0).abs() < 0.01, "{worth}");
    let half_way = values.worth_at(point(0.0), at(7.5));
    assert!((half_way - 45.0).abs() < 0.01, "{half_way}: half way from 7 to 8");
    let gained = values.difference((point(0.1), at(8.0)), (point(0.0), at(8.0)));
    assert!((gained - 90.0).abs() < 0.01, "{gained}");
    let rows: Vec<(Cell, Vec<f32>)> = values.rows().map(|(cell, row)| (cell, row.to_vec())).collect();
    let mut read = Values::new(values.resolution(), values.slots(), 10);
    for (cell, row) in rows {
        row.iter().enumerate().for_each(|(slot, &worth)| assert!(read.set(cell, slot, f64::from(worth))));
    }
    assert_eq!(read, values);
}

#[test]
fn a_full_table_adds_no_cell_and_a_wrong_row_is_refused() {
    let mut values = values(1);
    let cells = [0.0, 0.1].map(|north| Cell::at(point(north), Resolution::new(8).unwrap()));
    assert!(values.set(cells[0], 0, 1.0));
    assert!(!values.set(cells[1], 0, 1.0), "there is room for one");
    assert!(!values.set(cells[0], 24, 1.0) && !values.set(cells[0], 0, f64::NAN));
    assert!(!values.set(Cell::at(point(0.0), Resolution::new(7).unwrap()), 0, 1.0));
    values.learn((point(0.1), at(0.0)), 5.0, (point(0.0), at(1.0)), 0.5);
    assert_eq!(values.rows().count(), 1);
}

proptest! {
    #[test]
    fn a_step_never_goes_beyond_what_was_told(
        told in -1e6..1e6f64, knot in -1.0..5.0f64, step in 0.0..1.0f64, before in prop::array::uniform4(-1e3..1e3f64),
    ) {
        let mut table = ValueTable::new(1, 4);
        before.iter().enumerate().for_each(|(knot, &worth)| table.set(0, knot, worth));
        let was = table.worth(0, knot);
        table.learn(0, knot, told, step);
        let is = table.worth(0, knot);
        prop_assert!((is - told).abs() <= (was - told).abs() + 1.0, "{was} -> {is}, told {told}");
    }

    #[test]
    fn worth_is_steady_from_slot_to_slot(hour in 0..48u32, worth in prop::collection::vec(-1e3..1e3f64, 24)) {
        let mut values = values(1);
        let cell = Cell::at(point(0.0), Resolution::new(8).unwrap());
        worth.iter().enumerate().for_each(|(slot, &worth)| assert!(values.set(cell, slot, worth)));
        let border = at(f64::from(hour));
        let (before, after) = (values.worth(cell, border), values.worth(cell, border + Duration::from_millis(1)));
        prop_assert!((before - after).abs() < 0.01, "{before} {after}");
    }
}
