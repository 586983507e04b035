use proptest::prelude::*;

use crate::*;

fn any_point() -> impl Strategy<Value = Point> {
    (-90.0..=90.0, -180.0..=180.0).prop_map(|(lat, lon)| Point::new(lat, lon).unwrap())
}

#[test]
fn a_point_is_finite_and_on_earth() {
    for (lat, lon, field) in [
        (f64::NAN, 0.0, "lat"),
        (0.0, f64::NAN, "lon"),
        (f64::INFINITY, 0.0, "lat"),
        (0.0, f64::NEG_INFINITY, "lon"),
        (90.000_001, 0.0, "lat"),
        (0.0, -180.000_001, "lon"),
    ] {
        assert_eq!(Point::new(lat, lon).unwrap_err().field, field);
    }
    let refused = Point::new(91.0, 0.0).unwrap_err().to_string();
    assert_eq!(refused, "lat is 91, allowed is a finite number of degrees from -90 to 90");
}

#[test]
fn a_distance_is_finite_and_never_negative() {
    assert!(Meters::new(-0.1).is_err());
    assert!(Meters::new(f64::NAN).is_err());
    assert!(Meters::new(f64::INFINITY).is_err());
    assert!(Meters::new(0.0).is_ok());
}

#[test]
fn known_distances_and_headings() {
    let at = |lat, lon| Point::new(lat, lon).unwrap();
    // A degree of a great circle on the mean sphere is pi * R / 180.
    let degree = std::f64::consts::PI * EARTH_RADIUS_M / 180.0;
    assert!((distance(at(0.0, 0.0), at(1.0, 0.0)).get() - degree).abs() < 1e-6);
    assert!((distance(at(0.0, 179.5), at(0.0, -179.5)).get() - degree).abs() < 1e-6);
    assert!((distance(at(90.0, 10.0), at(-90.0, 70.0)).get() - 180.0 * degree).abs() < 1e-3);
    assert!((heading(at(0.0, 0.0), at(0.0, 1.0)) - 90.0).abs() < 1e-9);
    assert!((heading(at(1.0, 0.0), at(0.0, 0.0)) - 180.0).abs() < 1e-9);
}

#[test]
fn a_cell_reads_back_from_its_bits_and_its_text() {
    let cell = Cell::at(Point::new(40.75, -73.98).unwrap(), Resolution::SHARD);
    assert_eq!(Cell::from_bits(cell.bits()), Ok(cell));
    assert_eq!(cell.to_string().parse(), Ok(cell));
    assert_eq!(cell.neighbours().len(), 6);
    assert!("not a cell".parse::<Cell>().is_err());
    assert!(Cell::from_bits(0).is_err());
    assert_eq!(Resolution::new(16), Err(NotAResolution(16)));
}

proptest! {
    #[test]
    fn distance_is_symmetric_and_obeys_the_triangle(a in any_point(), b in any_point(), c in any_point()) {
        prop_assert!((distance(a, b).get() - distance(b, a).get()).abs() < 1e-6);
        prop_assert!(distance(a, c).get() <= distance(a, b).get() + distance(b, c).get() + 1e-3);
        prop_assert_eq!(distance(a, a), Meters::ZERO);
    }

    #[test]
    fn whoever_is_within_a_distance_is_no_farther_than_it(
        a in any_point(),
        north in -0.5_f64..0.5,
        east in -0.5_f64..0.5,
        share in 0.5..1.5,
    ) {
        let b = Point::new((a.lat() + north).clamp(-90.0, 90.0), (a.lon() + east).clamp(-180.0, 180.0)).unwrap();
        let metres = distance(a, b).get() * share;
        prop_assert_eq!(is_within(a, b, metres), distance(a, b).get() <= metres);
    }

    #[test]
    fn a_point_lies_within_the_reach_of_its_cell(point in any_point(), resolution in 0u8..=15) {
        let cell = Cell::at(point, Resolution::new(resolution).unwrap());
        prop_assert!(distance(point, cell.centre()) <= cell.reach());
    }

    #[test]
    fn a_point_beside_a_corner_beside_a_pole_lies_within_the_reach_of_its_cell(
        south in any::<bool>(), metres in 0.0..20.0f64, lon in -180.0..180.0f64, resolution in 9u8..=15,
        corner in 0usize..6, north in -1e-10..1e-10f64, east in -1e-10..1e-10f64,
    ) {
        let pole = if south { -90.0 } else { 90.0 };
        let near = Point::new(pole - pole / 90.0 * metres / 111_195.0, lon).unwrap();
        let resolution = Resolution::new(resolution).unwrap();
        let corners = Cell::at(near, resolution).outline();
        let corner = corners[corner % corners.len()];
        let lon = corner.lon() + east / corner.lat().to_radians().cos().max(1e-9);
        let point = Point::new((corner.lat() + north).clamp(-90.0, 90.0), lon.clamp(-180.0, 180.0)).unwrap();
        let cell = Cell::at(point, resolution);
        prop_assert!(distance(point, cell.centre()) <= cell.reach());
    }

    #[test]
    fn travel_time_grows_with_distance(a in any_point(), b in any_point()) {
        let way = StraightLine::new(1.3, 7.0).unwrap();
        let expected = distance(a, b).get() * 1.3 / 7.0 * 1000.0;
        prop_assert!((way.millis(a, b) as f64 - expected).abs() <= 0.5);
    }
}

#[test]
fn a_travel_time_needs_a_sane_speed_and_detour() {
    assert_eq!(StraightLine::new(0.9, 7.0).unwrap_err().field, "detour");
    assert_eq!(StraightLine::new(1.3, f64::NAN).unwrap_err().field, "speed_mps");
}
