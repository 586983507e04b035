use rand::SeedableRng;
use rand_pcg::Pcg64;

use super::{index, manhattan};
use crate::city::{DAY_S, Leg, MIN_SPEED_MPS};
use geo::{Point, distance};

fn point(latitude: f64, longitude: f64) -> Point {
    Point::new(latitude, longitude).unwrap()
}

#[test]
fn a_leg_begins_and_ends_exactly_where_it_should() {
    let city = manhattan();
    let mut rng = Pcg64::seed_from_u64(5);
    let zones: Vec<_> = city.zone_indices().collect();
    for number in 0..5_000 {
        let from = city.random_point(zones[number % 61], &mut rng);
        let to = city.random_point(zones[number * 7 % 61], &mut rng);
        let tod_s = number as u32 * 17 % DAY_S;
        let leg = city.leg(from, to, tod_s);
        assert_eq!((leg.from(), leg.to()), (from, to));
        assert_eq!(leg.at(0).0, from);
        assert_eq!(leg.at(leg.duration_ms()), (to, leg.at(leg.duration_ms()).1, 0.0));
        assert_eq!(leg.at(u64::MAX).0, to);
        let bee_line = distance(from, to).get();
        assert!(leg.distance_m() >= bee_line * 0.999_999, "{} < {bee_line}", leg.distance_m());
        assert!(leg.distance_m() <= bee_line * 1.414_215);
        let speed = city.speed(city.nearest_zone(from), city.nearest_zone(to), tod_s);
        let expected_ms = leg.distance_m() / speed * 1000.0;
        assert!((leg.duration_ms() as f64 - expected_ms).abs() <= 1.0);
    }
}

#[test]
fn a_car_moves_at_its_speed_in_the_direction_of_its_heading() {
    let city = manhattan();
    let leg = city.leg(point(40.7505, -73.9934), point(40.7794, -73.9632), 17 * 3600);
    let mut driven_m = 0.0;
    let mut before = leg.at(0);
    for elapsed_ms in (1_000..leg.duration_ms()).step_by(1_000) {
        let now = leg.at(elapsed_ms);
        let step_m = distance(before.0, now.0).get();
        driven_m += step_m;
        if before.1 == now.1 {
            assert!((step_m - now.2).abs() < 0.001 * now.2, "{step_m} m in a second at {} m/s", now.2);
            let heading = geo::heading(before.0, now.0);
            assert!((heading - now.1).abs() < 0.1, "moves to {heading}, says {}", now.1);
        }
        before = now;
    }
    assert!((driven_m / leg.distance_m() - 1.0).abs() < 0.01);
    // Up the avenues first: 29 degrees from north, then right into the street.
    assert!((leg.at(0).1 - 29.0).abs() < 1e-9);
    assert!((leg.at(leg.duration_ms() - 1).1 - 119.0).abs() < 1e-9);
}

#[test]
fn headings_are_those_of_the_grid() {
    let middle = point(40.75, -73.98);
    let far = 0.02;
    for (to, first, second) in [
        (point(40.75 + far, -73.98), 30.0, 300.0),
        (point(40.75 - far, -73.98), 210.0, 120.0),
        (point(40.75, -73.98 + far), 30.0, 120.0),
        (point(40.75, -73.98 - far), 210.0, 300.0),
    ] {
        let leg = Leg::new(middle, to, 30.0, 5.0);
        let (_, heading, _) = leg.at(0);
        let (_, last, _) = leg.at(leg.duration_ms() - 1);
        assert!((heading - first).abs() < 1e-9 && (last - second).abs() < 1e-9, "{heading} {last}");
    }
}

#[test]
fn a_leg_turns_inside_the_city_when_one_of_its_corners_does() {
    let city = manhattan();
    let mut rng = Pcg64::seed_from_u64(6);
    let (from_zone, to_zone) = (index(&city, 12), index(&city, 148)); // the Battery, the Lower East Side
    let mut outside = 0;
    for _ in 0..500 {
        let (from, to) = (city.random_point(from_zone, &mut rng), city.random_point(to_zone, &mut rng));
        let leg = city.leg(from, to, 0);
        let both = [city.axis_deg(), city.axis_deg() + 90.0].map(|axis| Leg::new(from, to, axis, 5.0).corner());
        let possible = both.iter().any(|&corner| city.zone_at(corner).is_some());
        assert_eq!(city.zone_at(leg.corner()).is_some(), possible);
        outside += usize::from(!possible);
    }
    assert!(outside < 250, "{outside} of 500 turn in the water");
}

#[test]
fn no_leg_stands_still() {
    let (from, to) = (point(40.75, -73.98), point(40.76, -73.97));
    for speed in [0.0, -3.0, f64::NAN, 0.1] {
        let leg = Leg::new(from, to, 29.0, speed);
        assert_eq!(leg.duration_ms(), (leg.distance_m() / MIN_SPEED_MPS * 1000.0).ceil() as u64);
    }
}

#[test]
fn a_leg_to_the_same_point_is_over_at_once() {
    let here = point(40.75, -73.98);
    let leg = manhattan().leg(here, here, 0);
    assert_eq!((leg.distance_m(), leg.duration_ms()), (0.0, 0));
    assert_eq!((leg.at(0).0, leg.at(0).2), (here, 0.0));
}

#[test]
fn legs_at_the_ends_of_the_earth_stay_whole() {
    for (from, to) in [
        (point(90.0, 0.0), point(-90.0, 0.0)),
        (point(89.9, 179.9), point(89.9, -179.9)),
        (point(0.0, 180.0), point(0.0, -180.0)),
        (point(90.0, 10.0), point(90.0, 20.0)),
    ] {
        let leg = Leg::new(from, to, 29.0, 10.0);
        for step in 0..=10 {
            let (at, heading, speed) = leg.at(leg.duration_ms() / 10 * step);
            assert!(at.lat().is_finite() && (0.0..360.0).contains(&heading) && speed.is_finite());
        }
        assert_eq!(leg.at(leg.duration_ms()).0, to);
    }
}
