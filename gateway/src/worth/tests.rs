use std::time::Duration;

use dispatch::Timestamp;
use geo::Point;

use super::*;

fn here() -> Point {
    Point::new(40.75, -73.98).unwrap()
}

fn cell() -> Cell {
    Cell::at(here(), Resolution::new(8).unwrap())
}

/// A file with slots of four hours and these lines after its head.
fn file(lines: &str) -> String {
    format!("# by hand\nhansom-worth 1\n\nresolution 8\nslot_min 240\nday_kinds alike\n{lines}\n")
}

#[test]
fn a_table_is_read_back_as_it_was_written() {
    let slots = Slots::new(60, DayKinds::WorkAndWeekend, -300).unwrap();
    let mut values = Values::new(Resolution::new(8).unwrap(), slots, 100);
    for (number, cell) in cell().disk(3).into_iter().enumerate() {
        for slot in 0..slots.count() {
            assert!(values.set(cell, slot, (number * 31 + slot * 7) as f64 / 2.0 - 200.0));
        }
    }
    let read = read_worth(&write_worth(&values), -300).unwrap();
    assert_eq!(read.rows().collect::<Vec<_>>(), values.rows().collect::<Vec<_>>());
    assert_eq!((read.slots(), read.resolution()), (values.slots(), values.resolution()));
}

#[test]
fn times_of_the_file_are_those_of_the_citys_clocks() {
    let text = file(&format!("{} 0 100 200 300 400 500", cell()));
    let midnight_utc = Timestamp::from_millis(1_700_006_400_000);
    let worth = |offset_min, hours: u64| {
        let at = midnight_utc + Duration::from_secs(hours * 3_600);
        read_worth(&text, offset_min).unwrap().worth_at(here(), at)
    };
    assert_eq!([worth(0, 0), worth(0, 4), worth(0, 6), worth(0, 22)], [0.0, 100.0, 150.0, 250.0]);
    assert_eq!(worth(-240, 8), 100.0);
    let elsewhere = Point::new(41.0, -73.0).unwrap();
    assert_eq!(read_worth(&text, 0).unwrap().worth_at(elsewhere, midnight_utc), 0.0);
}

#[test]
fn what_is_wrong_is_named_by_line_and_value() {
    let head = "hansom-worth 1\nresolution 8\nslot_min 240\nday_kinds alike\n";
    let row = |worths: &str| file(&format!("{} {worths}", cell()));
    for (text, line, field, value) in [
        (String::new(), 1, "the first line", "missing"),
        ("hansom-worth 2\n".to_owned(), 1, "the first line", "hansom-worth 2"),
        ("hansom-worth 1\n".to_owned(), 2, "resolution", "missing"),
        (head.replace("resolution 8", "resolution 3"), 2, "resolution", "resolution 3"),
        (head.replace("slot_min 240", "slot_min 7"), 3, "slot_min", "slot_min 7"),
        (head.replace("slot_min 240\n", ""), 3, "slot_min", "day_kinds alike"),
        (head.replace("alike", "odd"), 4, "day_kinds", "day_kinds odd"),
        (file("here 1 2 3 4 5 6"), 7, "cell", "here"),
        (file("852a1073fffffff 1 2 3 4 5 6"), 7, "cell", "852a1073fffffff"),
        (row("1 2 3 4 5"), 7, "the count of worths", "5"),
        (row("1 2 3 4 5 6 7"), 7, "the count of worths", "7"),
        (row("1 2 3 4 5 NaN"), 7, "worth", "NaN"),
        (row("1 2 3 4 5 86401"), 7, "worth", "86401"),
        (file(&format!("{0} 1 2 3 4 5 6\n{0} 1 2 3 4 5 6", cell())), 8, "cell", cell().to_string().as_str()),
    ] {
        let wrong = read_worth(&text, 0).unwrap_err();
        assert_eq!((wrong.line, wrong.field, wrong.value.as_str()), (line, field, value), "{text}");
        assert!(!wrong.allowed.is_empty() && wrong.to_string().contains(&format!("line {line}: {field} is {value}")));
    }
}
