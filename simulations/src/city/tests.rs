mod damage;
mod journeys;
mod legs;
mod speeds;

use rand::SeedableRng;
use rand_pcg::Pcg64;

use super::small::SmallCity;
use super::*;

fn manhattan() -> City {
    City::manhattan().unwrap()
}

fn index(city: &City, id: u16) -> ZoneIndex {
    city.zone_with_id(id).unwrap()
}

#[test]
fn the_shipped_file_holds_every_trip_of_the_source() {
    let city = manhattan();
    let counted: Vec<u64> = Day::ALL.iter().map(|&day| city.trips_counted(day)).collect();
    assert_eq!(counted, [17_759_102, 21_894_508, 22_767_240, 23_446_334, 25_065_678]);
    assert_eq!(counted.iter().sum::<u64>(), 110_932_862);
    let days: Vec<u16> = Day::ALL.iter().map(|&day| city.days_counted(day)).collect();
    assert_eq!(days, [46, 51, 51, 51, 52]);
    assert_eq!(city.trips.iter().filter(|&&count| count > 0).count(), 1_600_497, "rows of trips.csv");
    assert_eq!(city.trips.iter().max(), Some(&2856));
}

#[test]
fn single_counts_are_those_of_the_source() {
    let city = manhattan();
    // dow, t_15min, puzone, dozone, n_trips of trips.csv
    for (day, bin, pickup, dropoff, count) in [
        (Day::Monday, 0, 4, 4, 15.0),
        (Day::Monday, 0, 4, 13, 5.0),
        (Day::Tuesday, 59, 237, 236, 2856.0),
        (Day::Wednesday, 40, 263, 12, 2.0),
        (Day::Thursday, 72, 236, 237, 2056.0),
        (Day::Friday, 95, 79, 79, 1473.0),
        (Day::Friday, 0, 12, 128, 0.0), // Battery Park to Inwood Hill Park: not once in the year
        (Day::Friday, 96, 79, 79, 0.0),
    ] {
        let mean = city.mean_trips(day, bin, index(&city, pickup), index(&city, dropoff));
        assert_eq!(mean, count / f64::from(city.days_counted(day)), "{day} bin {bin} {pickup} to {dropoff}");
    }
}

#[test]
fn trips_between_two_times_add_up() {
    let city = manhattan();
    let whole = city.trips_between(Day::Thursday, 0, DAY_S);
    assert!((whole - 23_446_334.0 / 51.0).abs() < 1e-6, "{whole}");
    let parts: f64 = (0..DAY_S).step_by(700).map(|at| city.trips_between(Day::Thursday, at, at + 700)).sum();
    assert!((parts - whole).abs() < 1e-6, "{parts}");
    let by_pair: f64 = city
        .zone_indices()
        .flat_map(|pickup| city.zone_indices().map(move |dropoff| (pickup, dropoff)))
        .map(|(pickup, dropoff)| city.mean_trips(Day::Monday, 68, pickup, dropoff))
        .sum();
    assert!((by_pair - city.trips_between(Day::Monday, 61_200, 62_100)).abs() < 1e-6);
    assert_eq!(city.trips_between(Day::Monday, 500, 500), 0.0);
    assert_eq!(city.trips_between(Day::Monday, DAY_S, 2 * DAY_S), 0.0);
    assert_eq!(city.trips_between(Day::Monday, 0, u32::MAX), city.trips_between(Day::Monday, 0, DAY_S));
}

#[test]
fn speeds_are_those_of_the_source_put_right() {
    let city = manhattan();
    assert_eq!(city.speeds_filled(), 0);
    // Metres per second at 00:00, 00:15, 08:00, 17:30 and 23:45, from speeds.csv with its labels put right.
    for (from, to, expected) in [
        (4, 4, [4.76943, 4.748, 3.9198, 4.6802, 4.66089]),
        (4, 12, [6.35295, 6.44716, 7.40439, 3.8612, 7.2886]),
        (236, 237, [7.30727, 7.26066, 3.60383, 3.94895, 6.9065]),
        (237, 236, [7.48532, 7.54022, 4.62094, 5.05876, 7.37398]),
        (263, 263, [7.04335, 6.93672, 4.40191, 4.76891, 6.82955]),
    ] {
        for (tod_s, speed) in [0, 900, 28_800, 63_000, 85_500].into_iter().zip(expected) {
            let found = city.speed(index(&city, from), index(&city, to), tod_s);
            assert!((found - speed).abs() <= 0.000_51, "{from} to {to} at {tod_s}: {found}, source {speed}");
            assert_eq!(found, city.speed(index(&city, from), index(&city, to), tod_s + DAY_S));
        }
    }
}

#[test]
fn every_zone_is_reached_and_left_at_a_speed_above_zero() {
    let city = manhattan();
    assert_eq!(city.zones().len(), 61);
    assert_eq!(city.zone(index(&city, 161)).name(), "Midtown Center");
    assert!((city.area_km2() - 53.65).abs() < 0.01, "{}", city.area_km2());
    for zone in city.zone_indices() {
        let (mut out, mut into) = (0.0, 0.0);
        for other in city.zone_indices() {
            for bin in 0..BINS_PER_DAY {
                out += city.mean_trips(Day::Thursday, bin, zone, other);
                into += city.mean_trips(Day::Thursday, bin, other, zone);
                assert!(city.speed(zone, other, bin as u32 * BIN_S) >= 1.28);
            }
        }
        assert!(out > 50.0 && into > 50.0, "{}: {out} out, {into} in", city.zone(zone).name());
    }
    assert_eq!(city.zone_with_id(1), None, "Newark airport is not in Manhattan");
}

#[test]
fn random_points_lie_in_their_zone_and_nowhere_else() {
    let city = manhattan();
    let mut rng = Pcg64::seed_from_u64(1);
    let mut strays = 0;
    for zone in city.zone_indices() {
        for _ in 0..2_000 {
            let point = city.random_point(zone, &mut rng);
            assert!(city.zone(zone).contains(point), "{point:?} is not in {}", city.zone(zone).name());
            assert!(city.zone(zone).bounds().contains(point));
            assert_eq!(city.nearest_zone(point), city.zone_at(point).unwrap());
            strays += usize::from(city.zone_at(point) != Some(zone));
        }
    }
    // The source's outlines overlap by slivers of well under a millionth of the ground.
    assert!(strays <= 1, "{strays} points lie in two zones");
}

#[test]
fn random_points_are_spread_evenly() {
    let city = manhattan();
    let zone = index(&city, 43); // Central Park: a tilted rectangle
    let bounds = city.zone(zone).bounds();
    let mut rng = Pcg64::seed_from_u64(2);
    let points: Vec<Point> = (0..40_000).map(|_| city.random_point(zone, &mut rng)).collect();
    // The same zone, sampled the slow way: throw at the box, keep what hits.
    let mut kept = Vec::new();
    while kept.len() < 40_000 {
        let latitude = bounds.south + (bounds.north - bounds.south) * unit(&mut rng);
        let longitude = bounds.west + (bounds.east - bounds.west) * unit(&mut rng);
        let point = Point::new(latitude, longitude).unwrap();
        if winds_around(city.zone(zone), point) {
            kept.push(point);
        }
    }
    let spread = |points: &[Point], value: fn(Point) -> f64| {
        let mean = points.iter().map(|&point| value(point)).sum::<f64>() / points.len() as f64;
        let square = points.iter().map(|&point| (value(point) - mean).powi(2)).sum::<f64>() / points.len() as f64;
        (mean, square.sqrt())
    };
    for value in [Point::lat as fn(Point) -> f64, Point::lon, |point| point.lat() + point.lon()] {
        let (drawn, thrown) = (spread(&points, value), spread(&kept, value));
        let noise = thrown.1 / 200.0; // a standard error of the mean of 40,000
        assert!((drawn.0 - thrown.0).abs() < 5.0 * 1.5 * noise, "{drawn:?} {thrown:?}");
        assert!((drawn.1 - thrown.1).abs() < 5.0 * noise, "{drawn:?} {thrown:?}");
    }
}

/// Whether a ray to the east crosses the border an odd number of times: another way to ask what `contains` answers.
fn winds_around(zone: &Zone, point: Point) -> bool {
    let mut inside = false;
    for ring in zone.rings() {
        for (a, b) in ring.iter().zip(ring.iter().cycle().skip(1)) {
            if (a.lat() > point.lat()) != (b.lat() > point.lat()) {
                let share = (point.lat() - a.lat()) / (b.lat() - a.lat());
                inside ^= point.lon() < a.lon() + (b.lon() - a.lon()) * share;
            }
        }
    }
    inside
}

#[test]
fn a_point_is_in_a_zone_exactly_when_the_border_winds_around_it() {
    let city = manhattan();
    let mut rng = Pcg64::seed_from_u64(3);
    for _ in 0..3_000 {
        let point = Point::new(40.69 + 0.2 * unit(&mut rng), -74.03 + 0.13 * unit(&mut rng)).unwrap();
        for zone in city.zones() {
            assert_eq!(zone.contains(point), winds_around(zone, point), "{point:?} in {}", zone.name());
        }
    }
}

#[test]
fn a_point_outside_belongs_to_the_nearest_zone() {
    let city = manhattan();
    for (latitude, longitude, id) in [
        (40.697, -74.017, 12),  // the harbour: Battery Park
        (40.764, -73.955, 140), // the East River at 68th Street: Lenox Hill East
        (40.641, -73.778, 232), // JFK: the Lower East Side's shore is nearest
        (40.878, -73.922, 128), // the northern tip
    ] {
        let point = Point::new(latitude, longitude).unwrap();
        let nearest = city.nearest_zone(point);
        if city.zone_at(point).is_none() {
            let distance = |zone: &Zone| zone.outline_distance_m(point);
            let least = city.zones().iter().map(distance).fold(f64::INFINITY, f64::min);
            assert_eq!(distance(city.zone(nearest)), least);
        }
        assert_eq!(city.zone(nearest).id(), id, "{latitude} {longitude}: {}", city.zone(nearest).name());
    }
}

#[test]
fn holes_are_outside_and_islands_inside() {
    let city = City::read(&SmallCity::new(|_, _, _| 1, |_, _| 5_000).file()).unwrap();
    let at =
        |latitude, longitude| city.zone_at(Point::new(latitude, longitude).unwrap()).map(|zone| city.zone(zone).id());
    assert_eq!(at(0.001, 0.001), Some(7));
    assert_eq!(at(0.005, 0.005), None, "the hole");
    assert_eq!(at(0.001, 0.015), Some(9), "the southern island");
    assert_eq!(at(0.005, 0.015), None, "the strait");
    assert_eq!(at(0.009, 0.015), Some(9), "the northern island");
    assert_eq!(at(0.0, 0.0), Some(7), "the south-western corner");
    assert_eq!(at(0.01, 0.01), Some(7), "the corner both share");
    assert_eq!(city.zones()[1].polygons().len(), 2);
    let side_m = geo::EARTH_RADIUS_M * 0.01_f64.to_radians();
    for (zone, share) in city.zones().iter().zip([0.75, 0.8]) {
        assert!((zone.area_km2() / (share * side_m * side_m / 1e6) - 1.0).abs() < 1e-6);
    }
    let mut rng = Pcg64::seed_from_u64(4);
    let north = |zone: ZoneIndex, rng: &mut Pcg64| city.random_point(zone, rng).lat() > 0.005;
    let share = (0..20_000).filter(|_| north(index(&city, 9), &mut rng)).count();
    assert!((9_600..10_400).contains(&share), "{share} of 20,000 on the northern island");
}

#[test]
fn a_missing_speed_is_that_of_the_way_back_or_the_mean_of_the_city() {
    // Pairs: 0 is 7 to 7, 1 is 7 to 9, 2 is 9 to 7, 3 is 9 to 9.
    let speed = |pair, hour| match (pair, hour) {
        (1, _) => 0,
        (2, 5) => 0,
        (pair, _) => 1_000 * (pair as u16 + 1),
    };
    let city = City::read(&SmallCity::new(|_, _, _| 1, speed).file()).unwrap();
    let (ring, isles) = (index(&city, 7), index(&city, 9));
    assert_eq!(city.speeds_filled(), 25);
    assert_eq!(city.speed(ring, isles, 0), 3.0, "the way back");
    assert_eq!(city.speed(ring, isles, 5 * 3600), 2.5, "the mean of 1 and 4");
    assert_eq!(city.speed(isles, ring, 5 * 3600), 2.5);
    assert_eq!(city.speed(isles, ring, 5 * 3600 + 1800), 2.75, "half way to the next hour");
}

#[test]
fn days_are_read_by_name_and_follow_each_other() {
    for day in Day::ALL {
        assert_eq!(day.to_string().parse(), Ok(day));
        assert_eq!(Day::ALL[(day.index() + 1) % 5], day.next());
    }
    assert_eq!(" Friday ".parse(), Ok(Day::Friday));
    let error = "sunday".parse::<Day>().unwrap_err();
    assert_eq!(error.to_string(), "day is \"sunday\", allowed are monday, tuesday, wednesday, thursday and friday");
}
