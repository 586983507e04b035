use geo::roads::town::Town;
use geo::{Point, distance};
use rand::SeedableRng;
use rand_pcg::Pcg64;

use crate::city::small::manhattan_with_town;
use crate::city::{City, DAY_S, Journey, RoadLeg, YARD_SPEED_MPS, unit};

/// The fastest class of road in a town is `trunk`, at 80 km/h.
const FASTEST_MPS: f64 = 80.0 / 3.6;

/// Any place in a town, on a road or in a yard.
fn somewhere(town: &Town, rng: &mut Pcg64) -> Point {
    let (south_west, north_east) = (town.junction(0, 0), town.junction(town.width - 1, town.height - 1));
    let latitude = south_west.lat() + (north_east.lat() - south_west.lat()) * unit(rng);
    Point::new(latitude, south_west.lon() + (north_east.lon() - south_west.lon()) * unit(rng)).unwrap()
}

/// Drives through the town, at all hours.
fn drives(city: &City, town: &Town, count: u32) -> Vec<(Point, Point, u32, RoadLeg)> {
    let mut rng = Pcg64::seed_from_u64(11);
    let drive = |number: u32| {
        let (from, to) = (somewhere(town, &mut rng), somewhere(town, &mut rng));
        let tod_s = number * 977 % DAY_S;
        match city.drive(from, to, tod_s) {
            Journey::Road(leg) => (from, to, tod_s, leg),
            Journey::Grid(_) => panic!("there is a road near {from:?} and {to:?}"),
        }
    };
    (0..count).map(drive).collect()
}

/// How far a point is from a road, and how long a car takes from there to it, in ms.
fn yard(city: &City, point: Point) -> (f64, u64) {
    let away_m = city.roads().unwrap().snap(point).unwrap().distance.get();
    (away_m, (away_m / YARD_SPEED_MPS * 1_000.0).round() as u64)
}

#[test]
fn a_car_is_on_a_road_except_in_the_yards_at_both_ends() {
    let (city, town) = manhattan_with_town();
    let roads = city.roads().unwrap();
    let mut on_road = 0;
    for (from, to, _, leg) in drives(&city, &town, 300) {
        let (first, last) = (yard(&city, from), yard(&city, to));
        assert_eq!((leg.at(0).0, leg.at(leg.duration_ms()).0, leg.at(u64::MAX).2), (from, to, 0.0));
        let whole_m = first.0 + roads.drive(from, to).unwrap().distance.get() + last.0;
        assert!((leg.distance_m() - whole_m).abs() < 0.01);
        for elapsed_ms in (0..leg.duration_ms()).step_by(1_000) {
            let (at, heading, speed_mps) = leg.at(elapsed_ms);
            let away_m = roads.snap(at).unwrap().distance.get();
            assert!((0.0..360.0).contains(&heading));
            if elapsed_ms < first.1 || elapsed_ms >= leg.duration_ms() - last.1 {
                assert_eq!(speed_mps, YARD_SPEED_MPS);
                assert!(away_m <= f64::max(first.0, last.0), "{away_m} m from the road, in no yard");
            } else {
                on_road += 1;
                assert!(away_m < 1.0, "{away_m} m from the road after {elapsed_ms} ms");
            }
        }
    }
    assert!(on_road > 50_000, "{on_road}");
}

#[test]
fn nobody_drives_against_a_one_way() {
    let (city, town) = manhattan_with_town();
    // Columns and rows of a town are counted from its corner; every third to fiftieth is open both ways, of the others
    // the even ones lead east or north, and the odd ones west or south.
    let (origin, next) = (town.junction(0, 0), town.junction(1, 1));
    let (mut checked, mut one_way) = (0, 0);
    for (from, to, _, leg) in drives(&city, &town, 300) {
        let (first, last) = (yard(&city, from).1, yard(&city, to).1);
        for elapsed_ms in (first..leg.duration_ms() - last).step_by(700) {
            let (at, heading, _) = leg.at(elapsed_ms);
            let column = (at.lon() - origin.lon()) / (next.lon() - origin.lon());
            let row = (at.lat() - origin.lat()) / (next.lat() - origin.lat());
            let eastward = (45.0..135.0).contains(&heading);
            let northward = !(45.0..315.0).contains(&heading);
            let along_a_row = eastward || (225.0..315.0).contains(&heading);
            let street = if along_a_row { row } else { column };
            assert!((street - street.round()).abs() < 0.11, "heads {heading} where no street does: {column} {row}");
            let number = street.round() as u32;
            checked += 1;
            if !number.is_multiple_of(3) && !number.is_multiple_of(10) {
                one_way += 1;
                let upwards = if along_a_row { eastward } else { northward };
                assert_eq!(upwards, number.is_multiple_of(2), "heads {heading} in street {number}");
            }
        }
    }
    assert!(checked > 50_000 && one_way * 8 > checked, "{one_way} of {checked}");
}

#[test]
fn no_car_is_faster_than_the_fastest_road_and_all_move_as_fast_as_they_say() {
    let (city, town) = manhattan_with_town();
    let mut fastest_mps: f64 = 0.0;
    for (from, to, _, leg) in drives(&city, &town, 200) {
        let (first, last) = (yard(&city, from).1, yard(&city, to).1);
        for elapsed_ms in (first..(leg.duration_ms() - last).saturating_sub(1_000)).step_by(1_000) {
            let ((before, ..), (after, ..)) = (leg.at(elapsed_ms), leg.at(elapsed_ms + 1_000));
            let (_, _, said_mps) = leg.at(elapsed_ms + 500);
            let moved_mps = distance(before, after).get();
            assert!(moved_mps <= FASTEST_MPS * 1.01 + 0.05, "{moved_mps} m in a second");
            // Less than it says around a corner; a second of an empty road is longer than one in traffic.
            assert!(said_mps <= FASTEST_MPS * 1.01, "{said_mps} m/s");
            fastest_mps = fastest_mps.max(said_mps);
        }
        let mean_mps = leg.route().drive().distance.get() / (leg.duration_ms() - first - last).max(1) as f64 * 1_000.0;
        assert!(mean_mps <= FASTEST_MPS * 1.01);
    }
    assert!(fastest_mps > 15.0, "somebody takes the trunk road: {fastest_mps}");
}

#[test]
fn hours_differ_as_in_the_data_and_none_beats_an_empty_road() {
    let (city, town) = manhattan_with_town();
    let mut rng = Pcg64::seed_from_u64(3);
    for _ in 0..40 {
        let (from, to) = (somewhere(&town, &mut rng), somewhere(&town, &mut rng));
        let (from_zone, to_zone) = (city.nearest_zone(from), city.nearest_zone(to));
        let speeds: Vec<f64> = (0..24).map(|hour| city.speed(from_zone, to_zone, hour * 3_600)).collect();
        let fastest = speeds.iter().copied().fold(0.0, f64::max);
        let free_ms = city.roads().unwrap().drive(from, to).unwrap().time.as_millis() as f64;
        let yards_ms = (yard(&city, from).1 + yard(&city, to).1) as f64;
        let on_road_ms = |hour: u32| city.drive(from, to, hour * 3_600).duration_ms() as f64 - yards_ms;
        for (hour, speed) in (0..24).zip(&speeds) {
            let share = city.share_of_free_flow(from_zone, to_zone, hour * 3_600);
            assert!((share - speed / fastest).abs() < 1e-9 && share > 0.0 && share <= 1.0);
            assert!((on_road_ms(hour) - free_ms / share).abs() <= 2.0, "{hour}: {share}");
            assert!(on_road_ms(hour) >= free_ms);
        }
        let least = (0..24).map(on_road_ms).fold(f64::INFINITY, f64::min);
        assert!((least - free_ms).abs() <= 1.0, "in its fastest hour a street is empty");
    }
}

#[test]
fn a_share_that_is_no_number_is_the_slowest_drive_and_never_a_standstill() {
    let (city, town) = manhattan_with_town();
    let (from, to) = (town.junction(3, 3), town.junction(30, 20));
    let roads = city.roads().unwrap();
    let leg = |share| RoadLeg::new(roads, from, to, share).unwrap();
    for share in [0.0, -1.0, 1e-9, f64::NAN] {
        let slowest = leg(share).distance_m() / leg(share).duration_ms() as f64 * 1_000.0;
        assert!(share.is_nan() || (slowest - crate::city::MIN_SPEED_MPS).abs() < 0.01, "{share}: {slowest}");
    }
    for share in [1.0, 7.0, f64::INFINITY] {
        assert_eq!(leg(share).duration_ms(), leg(1.0).duration_ms());
    }
}

#[test]
fn where_no_road_is_near_cars_take_the_grid() {
    let (city, town) = manhattan_with_town();
    let (here, battery) = (town.junction(5, 5), Point::new(40.703, -74.015).unwrap());
    for (from, to) in [(here, battery), (battery, here), (battery, battery)] {
        assert_eq!(city.drive(from, to, 9 * 3_600), Journey::Grid(city.leg(from, to, 9 * 3_600)));
    }
    let without = City::manhattan().unwrap();
    assert_eq!(without.drive(here, battery, 0), Journey::Grid(without.leg(here, battery, 0)));
}

#[test]
fn a_drive_to_the_same_place_is_over_when_the_car_is_back_in_its_yard() {
    let (city, town) = manhattan_with_town();
    let junction = town.junction(10, 10);
    let on_road = city.drive(junction, junction, 0);
    assert!(on_road.is_by_road() && on_road.duration_ms() == 0 && on_road.at(0).0 == junction);
    let yard = Point::new(junction.lat() + 0.000_4, junction.lon() + 0.000_5).unwrap();
    let drive = city.drive(yard, yard, 0);
    assert!((drive.distance_m() - 2.0 * city.roads().unwrap().snap(yard).unwrap().distance.get()).abs() < 1e-6);
    assert_eq!((drive.at(0).0, drive.at(drive.duration_ms()).0), (yard, yard));
}
