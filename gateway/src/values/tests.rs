use geo::Point;

use super::*;

fn values() -> Values {
    let slots = Slots::new(60, DayKinds::WorkAndWeekend, -300).unwrap();
    let mut values = Values::new(Resolution::new(8).unwrap(), slots, 10);
    for (street, lat) in [40.7, 40.75].into_iter().enumerate() {
        let cell = Cell::at(Point::new(lat, -73.98).unwrap(), Resolution::new(8).unwrap());
        (0..48).for_each(|slot| assert!(values.set(cell, slot, 1.25 * slot as f64 - 10.0 * street as f64)));
    }
    values
}

#[test]
fn what_was_written_is_read_again() {
    let text = write_values(&values(), -300);
    let read = read_values(&format!("# made by nobody\n{text}")).unwrap();
    assert_eq!(write_values(&read, -300), text);
    let (ours, theirs) = (values(), read);
    for ((cell, row), (other, other_row)) in ours.rows().zip(theirs.rows()) {
        assert_eq!((cell, row), (other, other_row));
    }
    assert_eq!(theirs.slots(), ours.slots());
}

#[test]
fn a_line_that_is_wrong_is_named() {
    let text = write_values(&values(), -300);
    let wrong = |from: &str, to: &str| read_values(&text.replacen(from, to, 1)).unwrap_err();
    assert_eq!(wrong("hansom-values 1", "hansom-values 9").line, 1);
    assert_eq!(wrong("resolution 8", "resolution 16").line, 2);
    assert_eq!(wrong("resolution 8", "resolution 7").line, 6, "the cells are of another one");
    assert!(wrong("slot_min 60", "slot_min 7").to_string().contains("7 min"));
    assert_eq!(wrong("work_and_weekend", "sometimes").line, 4);
    assert_eq!(wrong(" 1.25", " many").line, 6);
    assert_eq!(wrong(" 1.25", " inf").line, 6);
    assert_eq!(wrong(" 1.25", "").line, 6, "an hour is missing");
    assert_eq!(read_values("").unwrap_err().line, 1);
}
