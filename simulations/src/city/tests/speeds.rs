use geo::{TravelTimes, WeekTime};
use rand::RngExt;

use super::*;

#[test]
fn zone_speeds_are_the_speeds_of_the_city() {
    let city = manhattan();
    let zones = city.zone_speeds().unwrap();
    let mut rng = Pcg64::seed_from_u64(5);
    let number = |zone: ZoneIndex| u16::try_from(zone.get()).unwrap();
    for (from, to) in city.zone_indices().flat_map(|from| city.zone_indices().map(move |to| (from, to))) {
        let tod_s = rng.random_range(0..DAY_S);
        for day in [0, 3] {
            let at = WeekTime::new(day * DAY_S + tod_s).unwrap();
            assert_eq!(zones.speed_mps(number(from), number(to), at), Some(city.speed(from, to, tod_s)));
        }
    }
}

#[test]
fn nearly_all_ground_is_in_its_zone_and_hardly_any_unknown() {
    let city = manhattan();
    let zones = city.zone_speeds().unwrap();
    let mut rng = Pcg64::seed_from_u64(6);
    let (mut drawn, mut elsewhere, mut unknown) = (0, 0, 0);
    for zone in city.zone_indices() {
        for _ in 0..(city.zone(zone).area_km2() * 300.0) as usize {
            let known = zones.zone_at(city.random_point(zone, &mut rng)).map(usize::from);
            drawn += 1;
            unknown += usize::from(known.is_none());
            elsewhere += usize::from(known.is_some_and(|known| known != zone.get()));
        }
    }
    // Unknown are the ends of long piers; in the zone next door is what lies across a border within half a cell.
    assert!(unknown * 1_000 < drawn && elsewhere * 10 < drawn, "of {drawn}: {unknown} unknown, {elsewhere} elsewhere");
    assert_eq!(zones.cells(), 3_995);
}

#[test]
fn far_from_the_city_nothing_is_known() {
    let city = manhattan();
    let (inside, airport) = (city.random_point(index(&city, 43), &mut Pcg64::seed_from_u64(7)), here(40.641, -73.778));
    let zones = city.zone_speeds().unwrap();
    let at = WeekTime::new(0).unwrap();
    assert!(zones.drive(inside, airport, at).is_err() && zones.drive(airport, inside, at).is_err());
    assert!(zones.drive(inside, inside, at).is_ok());
}

fn here(lat: f64, lon: f64) -> Point {
    Point::new(lat, lon).unwrap()
}

#[test]
fn the_traffic_is_slowest_by_day_and_nearly_free_before_dawn() {
    let factors = City::manhattan().unwrap().speed_factors();
    let at = |hour: u32| factors.at(geo::WeekTime::new(hour * 3_600).unwrap());
    assert!(at(4) > 0.8 && at(4) <= 1.0, "{}", at(4));
    assert!(at(12) < 0.75 * at(4), "{} at noon, {} at four", at(12), at(4));
}
