use geo::distance;

use super::*;
use crate::city::Day;
use crate::city::small::manhattan_with_town;
use crate::demand::Demand;

/// What one driver's phone sends in an hour of rides one after the other, and where each ride began and ended.
fn an_hour(city: &City, seed: u64, rides: &[(Point, Point)]) -> (Vec<(Point, Option<f64>)>, Drives) {
    let habits = Habits { gives_back: 0.0, ..Habits::default() };
    let start = Timestamp::from_millis(1_000_000);
    let scene = Scene { city, start, start_tod_s: 17 * 3_600, habits: &habits };
    let mut driver = Driver::new(seed, rides[0].1);
    let mut pings = Vec::new();
    let mut rides = rides.iter().cycle().enumerate();
    let mut trip: Option<TripNews> = None;
    for step in 0..900 {
        let now = later(start, step * habits.ping_every_ms);
        pings.push(driver.position(now));
        let stage = match (driver.acts(now), trip.as_ref().map(|trip| trip.stage)) {
            (_, None | Some(StageName::Completed)) => {
                let (number, &(pickup, dropoff)) = rides.next().unwrap();
                let home = dispatch::ShardId::of(pickup, geo::Resolution::SHARD);
                let id = TripId::new(now, home, number as u64);
                let stops = Vec::new();
                trip = Some(TripNews { id, stage: StageName::Searching, pickup, dropoff, pickup_at: None, stops });
                StageName::EnRoute
            }
            (Some(DriverAct::Arrived(_)), _) => StageName::Arrived,
            (Some(DriverAct::PickedUp(_)), _) => StageName::InProgress,
            (Some(DriverAct::DroppedOff(_)), _) => StageName::Completed,
            _ => continue,
        };
        let news = TripNews { stage, ..trip.clone().unwrap() };
        trip = Some(news.clone());
        driver.hears(now, DriverNews::Trip(news), scene);
    }
    (pings, driver.drives())
}

/// Rides within the roads of a city, as its demand has them.
fn rides(city: &City, skip: usize) -> Vec<(Point, Point)> {
    let roads = city.roads().unwrap();
    let near = |point: Point| roads.snap(point).is_ok_and(|snap| snap.distance.get() < 100.0);
    let demand = Demand::new(city, Day::Thursday, 17 * 3_600, 1.0, 5).unwrap();
    let ends = demand.map(|request| (request.pickup, request.dropoff));
    ends.filter(|(pickup, dropoff)| near(*pickup) && near(*dropoff)).skip(skip).take(12).collect()
}

#[test]
fn phones_of_drivers_between_kerbs_are_always_on_a_road() {
    let (city, _) = manhattan_with_town();
    let roads = city.roads().unwrap();
    let kerb = |point: Point| roads.snap(point).unwrap().point;
    for seed in 0..20 {
        let rides = rides(&city, seed as usize * 12);
        let rides: Vec<_> = rides.into_iter().map(|(pickup, dropoff)| (kerb(pickup), kerb(dropoff))).collect();
        let (pings, drives) = an_hour(&city, seed, &rides);
        for (at, _) in &pings {
            let away_m = roads.snap(*at).unwrap().distance.get();
            assert!(away_m < 1.0, "{at:?} is {away_m} m from a road");
        }
        assert!(drives.by_road >= 2 && drives.off_road == 0, "{drives:?}");
        assert_eq!(an_hour(&city, seed, &rides), (pings, drives), "the same seed drives the same way");
    }
}

#[test]
fn phones_of_drivers_between_doors_are_on_a_road_or_in_the_yard_of_a_door() {
    let (city, _) = manhattan_with_town();
    let roads = city.roads().unwrap();
    let (mut in_yards, mut sent) = (0, 0);
    for seed in 0..20 {
        let rides = rides(&city, seed as usize * 12);
        let (pings, _) = an_hour(&city, seed, &rides);
        for (at, _) in pings {
            sent += 1;
            if roads.snap(at).unwrap().distance.get() < 1.0 {
                continue;
            }
            in_yards += 1;
            let in_yard = |door: Point| {
                let kerb = roads.snap(door).unwrap();
                distance(door, at).get() + distance(at, kerb.point).get() < kerb.distance.get() + 0.1
            };
            assert!(rides.iter().any(|&(pickup, dropoff)| in_yard(pickup) || in_yard(dropoff)), "{at:?}");
        }
    }
    assert!(in_yards > 100 && in_yards * 2 < sent, "{in_yards} of {sent}");
}

#[test]
fn drives_without_a_road_near_are_counted_and_without_any_roads_none_are() {
    let (city, town) = manhattan_with_town();
    let battery = Point::new(40.703, -74.015).unwrap();
    let rides = [(battery, town.junction(7, 7))];
    let (_, drives) = an_hour(&city, 1, &rides);
    assert!(drives.off_road >= 2 && drives.by_road == 0, "{drives:?}");
    assert_eq!(an_hour(&City::manhattan().unwrap(), 1, &rides).1, Drives::default());
}
