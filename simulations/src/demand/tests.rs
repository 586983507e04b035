use std::collections::BTreeMap;

use super::*;
use crate::city::small::SmallCity;

const DAY_MS: u64 = 86_400_000;
const HOUR_MS: u64 = 3_600_000;

fn manhattan() -> City {
    City::manhattan().unwrap()
}

/// Whether a Poisson count is within five standard deviations of what was expected.
fn is_likely(count: usize, expected: f64) -> bool {
    (count as f64 - expected).abs() <= 5.0 * expected.sqrt() + 1.0
}

#[test]
fn the_same_seed_gives_the_same_requests() {
    let city = manhattan();
    let list = |seed| Demand::new(&city, Day::Tuesday, 61_200, 0.5, seed).unwrap().take(5_000).collect::<Vec<_>>();
    assert_eq!(list(1), list(1));
    assert_ne!(list(1), list(2));
}

#[test]
fn a_seed_means_the_same_requests_for_ever() {
    let city = manhattan();
    let demand = Demand::new(&city, Day::Thursday, 61_200, 1.0, 20_151_101).unwrap();
    let told: Vec<String> = demand
        .take(3)
        .map(|request| {
            let (from, to) = (request.pickup, request.dropoff);
            format!("{} {:.6} {:.6} {:.6} {:.6}", request.at_ms, from.lat(), from.lon(), to.lat(), to.lon())
        })
        .collect();
    // If this fails, seeds in reports and bug notes no longer repeat what they showed: say so in the changelog.
    assert_eq!(told, PINNED);
}

const PINNED: [&str; 3] = [
    "65 40.755260 -74.001244 40.701791 -74.011366",
    "144 40.776285 -73.976868 40.777635 -73.975269",
    "289 40.737555 -73.990584 40.777153 -73.953249",
];

#[test]
fn a_day_has_as_many_requests_as_the_data_hour_by_hour() {
    let city = manhattan();
    let requests: Vec<Request> =
        Demand::new(&city, Day::Thursday, 0, 1.0, 3).unwrap().take_while(|request| request.at_ms < DAY_MS).collect();
    assert!(is_likely(requests.len(), 23_446_334.0 / 51.0), "{}", requests.len());
    for hour in 0..24_u64 {
        let at = |request: &&Request| request.at_ms / HOUR_MS == hour;
        let count = requests.iter().filter(at).count();
        let from_s = hour as u32 * 3600;
        let expected = city.trips_between(Day::Thursday, from_s, from_s + 3600);
        assert!(is_likely(count, expected), "{count} requests from {hour}:00, expected {expected}");
    }
    assert!(requests.is_sorted_by_key(|request| request.at_ms));
    assert!(requests.iter().all(|request| distance(request.pickup, request.dropoff).get() >= TRIP_MIN_M));
}

#[test]
fn zones_are_drawn_in_proportion_to_their_trips() {
    let city = manhattan();
    let bin_ms = u64::from(BIN_S) * 1000;
    let scale = 20.0;
    let (mut pickups, mut dropoffs) = (BTreeMap::new(), BTreeMap::new());
    let requests = Demand::new(&city, Day::Monday, 8 * 3600, scale, 4).unwrap();
    for request in requests.take_while(|request| request.at_ms < bin_ms) {
        *pickups.entry(city.zone_at(request.pickup)).or_insert(0) += 1;
        *dropoffs.entry(city.zone_at(request.dropoff)).or_insert(0) += 1;
    }
    for zone in city.zone_indices() {
        let sum = |trips: &dyn Fn(ZoneIndex) -> f64| scale * city.zone_indices().map(trips).sum::<f64>();
        let out = sum(&|other| city.mean_trips(Day::Monday, 32, zone, other));
        let into = sum(&|other| city.mean_trips(Day::Monday, 32, other, zone));
        let count = |counts: &BTreeMap<Option<ZoneIndex>, usize>| counts.get(&Some(zone)).copied().unwrap_or(0);
        assert!(is_likely(count(&pickups), out), "{} pickups, expected {out}", count(&pickups));
        assert!(is_likely(count(&dropoffs), into), "{} drop-offs, expected {into}", count(&dropoffs));
    }
}

#[test]
fn arrivals_are_as_irregular_as_a_poisson_process() {
    let city = manhattan();
    let minutes = 15;
    let mut squares = 0.0;
    for seed in 0..40 {
        let mut counts = vec![0_usize; minutes];
        let requests = Demand::new(&city, Day::Friday, 12 * 3600, 1.0, seed).unwrap();
        for request in requests.take_while(|request| request.at_ms < 60_000 * minutes as u64) {
            counts[(request.at_ms / 60_000) as usize] += 1;
        }
        let expected = city.trips_between(Day::Friday, 43_200, 44_100) / minutes as f64;
        squares += counts.iter().map(|&count| (count as f64 - expected).powi(2) / expected).sum::<f64>();
    }
    // 600 minutes, each with a mean square of 1 and a standard deviation of the square of 1.4.
    assert!((squares / 600.0 - 1.0).abs() < 0.3, "{}", squares / 600.0);
}

#[test]
fn after_friday_comes_monday() {
    // Trips only on Monday in the first bin.
    let trips = |_, day, bin| if day == 0 && bin == 0 { 500 } else { 0 };
    let city = City::read(&SmallCity::new(trips, |_, _| 5_000).file()).unwrap();
    let bin_ms = u64::from(BIN_S) * 1000;
    let demand = Demand::new(&city, Day::Friday, DAY_S - 600, 1.0, 1).unwrap();
    let days: Vec<u64> = demand
        .take(100)
        .map(|request| {
            let since_midnight = request.at_ms - 600_000;
            assert!(since_midnight % DAY_MS < bin_ms);
            since_midnight / DAY_MS
        })
        .collect();
    // 40 trips a Monday, and five days from one Monday to the next.
    assert_eq!(days[0], 0);
    assert!(days.iter().all(|day| day % 5 == 0));
    assert!((10..=15).contains(&days[99]), "{}", days[99]);
}

#[test]
fn a_start_within_a_bin_leaves_the_rest_of_the_bin() {
    let trips = |_, _, bin| if bin == 0 { 5_000 } else { 0 };
    let city = City::read(&SmallCity::new(trips, |_, _| 5_000).file()).unwrap();
    let demand = Demand::new(&city, Day::Monday, 600, 1.0, 1).unwrap();
    let count = demand.take_while(|request| request.at_ms < DAY_MS / 2).inspect(|r| assert!(r.at_ms < 300_000)).count();
    // 5,000 on each of 4 pairs over 50 days are 400 in a bin, a third of it left.
    assert!(is_likely(count, 400.0 / 3.0), "{count}");
}

#[test]
fn a_hardly_existing_demand_ends() {
    let city = manhattan();
    assert_eq!(Demand::new(&city, Day::Monday, 0, 1e-300, 1).unwrap().next(), None);
    let mut huge = Demand::new(&city, Day::Monday, 0, f64::MAX, 1).unwrap();
    assert_eq!(huge.nth(100).unwrap().at_ms, 0);
}

#[test]
fn what_is_no_demand_is_refused() {
    let city = manhattan();
    let refused = |start, scale| Demand::new(&city, Day::Monday, start, scale, 1).map(|_| ()).unwrap_err().to_string();
    assert_eq!(refused(DAY_S, 1.0), "start is 86400 s after midnight, allowed is 0 to 86399");
    for scale in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(refused(0, scale), format!("demand scale is {scale}, allowed is a finite number above 0"));
    }
}

#[test]
fn zones_too_small_for_a_trip_do_not_stop_the_demand() {
    let mut zones = Vec::new();
    // 100 microdegrees are 11 metres.
    for (id, west) in [(7, 0), (9, 200)] {
        let square = [(0, west), (0, west + 100), (100, west + 100), (100, west)];
        crate::city::small::zone(&mut zones, id, "Yard", &[&[&square]]);
    }
    let file = SmallCity::new(|_, _, _| 9, |_, _| 5_000).with("zones", |raw| *raw = zones).file();
    let city = City::read(&file).unwrap();
    assert_eq!(Demand::new(&city, Day::Monday, 0, 1.0, 1).unwrap().take(50).count(), 50);
}

#[test]
fn the_mean_leg_of_an_evening_is_that_of_manhattan() {
    let city = manhattan();
    for day in Day::ALL {
        let leg = mean_leg(&city, day, 17 * 3600);
        assert!((700.0..850.0).contains(&leg.duration_s), "{leg:?}");
        assert!((2_900.0..3_300.0).contains(&leg.distance_m), "{leg:?}");
        assert_eq!(leg, mean_leg(&city, day, 17 * 3600 + DAY_S));
    }
    assert!(mean_leg(&city, Day::Friday, 23 * 3600 + 1800).duration_s > 400.0);
}

#[test]
fn a_larger_fleet_carries_a_larger_share() {
    let city = manhattan();
    let share = |cars| share_for_fleet(&city, Day::Thursday, 17 * 3600, cars);
    assert_eq!(share(0), 0.0);
    assert!((0.09..0.12).contains(&share(1_000)), "{}", share(1_000));
    // More cars are nearer to each rider, so ten times the cars carry more than ten times the riders.
    assert!(share(1_000) > 10.0 * share(100));
    assert!(share(1_000) < 20.0 * share(100));
    // At three in the morning there are a thirteenth of the riders and the streets are free.
    assert!(share_for_fleet(&city, Day::Thursday, 3 * 3600, 1_000) > 13.0 * share(1_000));
}

#[test]
fn a_fleet_at_its_share_is_as_busy_as_intended() {
    let city = manhattan();
    for cars in [150, 400, 1_200] {
        let (utilisation, served, lost) = drive(&city, cars);
        assert!((0.6..0.8).contains(&utilisation), "{cars} cars, {utilisation:.3} busy, {served} served, {lost} lost");
        assert!(lost * 100 < served, "{cars} cars, {lost} lost of {served}");
    }
}

/// Lets a fleet work at its share for two hours after one to warm up: how busy it was, requests served and lost.
/// Cars stay where they let someone out, and the nearest free one goes.
fn drive(city: &City, cars: usize) -> (f64, u64, u64) {
    let tod_s = 10 * 3600;
    let scale = share_for_fleet(city, Day::Wednesday, tod_s, cars);
    let mut fleet: Vec<(u64, Point)> = {
        let spots = Demand::new(city, Day::Wednesday, tod_s, 1.0, 1).unwrap();
        spots.take(cars).map(|request| (0, request.dropoff)).collect()
    };
    let (mut busy_ms, mut lost, mut served) = (0, 0, 0);
    let requests = Demand::new(city, Day::Wednesday, tod_s, scale, 2).unwrap();
    for request in requests.take_while(|request| request.at_ms < 3 * HOUR_MS) {
        let now_s = tod_s + (request.at_ms / 1000) as u32;
        let free = fleet.iter_mut().filter(|car| car.0 <= request.at_ms);
        let near = |car: &&mut (u64, Point)| (distance(car.1, request.pickup).get() * 1000.0) as u64;
        let Some(car) = free.min_by_key(near) else {
            lost += 1;
            continue;
        };
        let pickup = city.leg(car.1, request.pickup, now_s).duration_ms();
        let leg = city.leg(request.pickup, request.dropoff, now_s).duration_ms();
        let trip_ms = pickup + (BOARDING_S * 1000.0) as u64 + leg;
        *car = (request.at_ms + trip_ms, request.dropoff);
        if request.at_ms >= HOUR_MS {
            busy_ms += trip_ms;
            served += 1;
        }
    }
    (busy_ms as f64 / (cars as u64 * 2 * HOUR_MS) as f64, served, lost)
}
