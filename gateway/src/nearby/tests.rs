use dispatch::DriverId;
use geo::{Cell, distance};

use super::*;

fn settings() -> NearbySettings {
    NearbySettings::default()
}

fn blur() -> Nearby {
    Nearby { settings: settings(), key: *b"0123456789abcdef0123456789abcdef" }
}

/// A car that stands so far north of a corner of Manhattan.
fn car(driver: &str, north_m: f64, at: u64) -> CarNearby {
    let place = Point::new(40.75 + north_m / METRES_A_DEGREE, -73.98).unwrap();
    let cell = Cell::at(place, settings().cells());
    CarNearby { driver: DriverId::new(driver).unwrap(), cell, at: Timestamp::from_millis(at) }
}

fn minute(number: u64) -> Timestamp {
    Timestamp::from_millis(1_790_000_040_000 + 60_000 * number)
}

#[test]
fn within_a_window_the_answer_is_the_same_however_often_it_is_asked_for() {
    let (blur, ann) = (blur(), car("ann", 0.0, minute(0).millis()));
    let first = blur.show(minute(0), &ann);
    for later in 0..1_000 {
        let now = minute(0) + Duration::from_millis(later);
        assert_eq!(blur.show(now, &ann), first);
    }
}

/// The strongest that can be said: two places in one cell look alike in every answer, so no number of answers tells them
/// apart. What a thousand of them come to is the middle of the cell.
#[test]
fn a_thousand_answers_tell_no_more_than_the_cell() {
    let (blur, settings) = (blur(), settings());
    let (here, there) = (car("ann", 0.0, 0), car("ann", 90.0, 0));
    assert_eq!(here.cell, there.cell, "ninety metres apart");
    let shown = |car: &CarNearby, number| blur.show(minute(number), car).point;
    let mut sum = (0.0, 0.0);
    for number in 0..1_000 {
        let point = shown(&here, number);
        assert_eq!(point, shown(&there, number));
        assert!(distance(point, here.cell.centre()).get() <= settings.jitter.get() * 1.01);
        sum = (sum.0 + point.lat(), sum.1 + point.lon());
    }
    let mean = Point::new(sum.0 / 1_000.0, sum.1 / 1_000.0).unwrap();
    assert!(distance(mean, here.cell.centre()).get() < 20.0, "the noise is even: it leans to no side");
    let street = Point::new(40.75, -73.98).unwrap();
    assert!(distance(mean, street).get() > 50.0, "a thousand answers do not find a car that is not in the middle");
}

#[test]
fn a_name_lasts_no_longer_than_a_window_and_no_two_cars_share_one() {
    let blur = blur();
    let name = |driver: &str, number| blur.show(minute(number), &car(driver, 0.0, 0)).car;
    let mut names: Vec<String> =
        (0..100).flat_map(|number| ["ann", "bob"].map(|driver| name(driver, number))).collect();
    assert!(!names.iter().any(|name| name.contains("ann")));
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 200);
    let other = Nearby { key: [7; 32], settings: settings() };
    assert_ne!(other.show(minute(0), &car("ann", 0.0, 0)).car, name("ann", 0), "it takes the key");
}

#[test]
fn an_age_is_told_in_steps() {
    let blur = blur();
    let age = |ms: u64| blur.show(minute(1), &car("ann", 0.0, minute(1).millis() - ms)).age.as_secs();
    assert_eq!([0, 9_999, 10_000, 29_000].map(age), [0, 0, 10, 20]);
}

#[test]
fn a_car_at_the_end_of_the_map_is_shown_on_it() {
    let (blur, settings) = (blur(), settings());
    for (lat, lon) in [(89.9999, 0.0), (-89.9999, 179.9), (0.0, 179.9999), (0.0, -179.9999)] {
        let cell = Cell::at(Point::new(lat, lon).unwrap(), settings.cells());
        for number in 0..100 {
            let shown = blur.show(minute(number), &CarNearby { cell, ..car("ann", 0.0, 0) });
            assert!(distance(shown.point, cell.centre()).get() <= settings.jitter.get() * 1.01, "{lat} {lon}");
        }
    }
}
