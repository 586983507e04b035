mod by_road;

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::{Cell, Meters, Resolution, distance};

const LINE_NAME: &str = "straight_line";

fn line() -> StraightLine {
    StraightLine::new(1.27, 5.0).unwrap()
}

fn here() -> Point {
    Point::new(40.75, -73.98).unwrap()
}

fn far() -> Point {
    Point::new(40.80, -73.95).unwrap()
}

fn cell(point: Point) -> Cell {
    Cell::at(point, Resolution::INDEX)
}

fn week_time(seconds: u32) -> WeekTime {
    WeekTime::new(seconds).unwrap()
}

/// Two zones, around [`here`] and [`far`], and the speeds of a day.
fn two_zones(speeds_mm_s: Vec<u16>) -> Result<ZoneSpeeds, NotZoneSpeeds> {
    ZoneSpeeds::new([(cell(here()), 0), (cell(far()), 1)], 2, speeds_mm_s, 1.5)
}

fn any_week_time() -> impl Strategy<Value = WeekTime> {
    (0..604_800_u32).prop_map(week_time)
}

fn any_point() -> impl Strategy<Value = Point> {
    (-90.0..=90.0, -180.0..=180.0).prop_map(|(lat, lon)| Point::new(lat, lon).unwrap())
}

/// In one of the two zones, or nowhere near.
fn some_point() -> impl Strategy<Value = Point> {
    prop_oneof![Just(here()), Just(far()), any_point()]
}

/// Knows the way to the east, and no other.
#[derive(Debug)]
struct Eastwards;

impl Eastwards {
    fn way(from: Point, to: Point) -> Result<Drive, NoDrive> {
        if to.lon() >= from.lon() {
            Ok(Drive { time: Duration::from_secs(100), distance: Meters::whole(700) })
        } else {
            Err(NoDrive::NoWay { from, to })
        }
    }
}

impl FreeFlow for Eastwards {
    fn name(&self) -> &'static str {
        "eastwards"
    }

    fn drive(&self, from: Point, to: Point) -> Result<Drive, NoDrive> {
        Eastwards::way(from, to)
    }
}

fn eastwards(factors: SpeedFactors) -> Travel {
    Travel::by(Arc::new(Scaled::new(Eastwards, factors)), line())
}

#[test]
fn a_week_begins_on_monday_by_the_citys_own_clocks() {
    const THURSDAY_MS: u64 = 1_528_329_600_000; // 2018-06-07 00:00 UTC
    assert_eq!(WeekTime::of(0, 0).seconds(), 3 * 86_400, "1970 began on a Thursday");
    assert_eq!(WeekTime::of(THURSDAY_MS, 0).seconds(), 3 * 86_400);
    assert_eq!(WeekTime::of(THURSDAY_MS + 61_999, 0).seconds(), 3 * 86_400 + 61);
    assert_eq!(WeekTime::of(THURSDAY_MS, -240).hour(), 2 * 24 + 20, "New York: Wednesday 20:00");
    assert_eq!(WeekTime::of(THURSDAY_MS, 345).seconds(), 3 * 86_400 + 345 * 60, "Kathmandu");
    assert_eq!(WeekTime::of(THURSDAY_MS - 3 * 86_400_000, -1).seconds(), 604_800 - 60, "still Sunday");
    assert_eq!(WeekTime::new(604_800), Err(NotAWeekTime(604_800)));
    assert_eq!(NotAWeekTime(604_800).to_string(), "time of the week is 604800 s, allowed is 0 to 604799");
}

#[test]
fn speeds_between_zones_are_those_of_the_hour() {
    // Zone 0 to zone 1 at 00:00: 1 m/s, each hour 0.1 m/s more; every other pair 10 m/s.
    let speeds = (0..4 * 24).map(|place| if place / 24 == 1 { 1_000 + place % 24 * 100 } else { 10_000 }).collect();
    let zones = two_zones(speeds).unwrap();
    assert_eq!(zones.zone_at(here()), Some(0));
    assert_eq!(zones.speed_mps(0, 1, week_time(0)), Some(1.0));
    assert_eq!(zones.speed_mps(0, 1, week_time(1_800)), Some(1.05));
    assert_eq!(zones.speed_mps(0, 1, week_time(86_400 + 3_600)), Some(1.1), "each day is alike");
    assert_eq!(zones.speed_mps(0, 1, week_time(23 * 3_600 + 1_800)), Some(2.15), "from the last hour to the first");
    assert_eq!((zones.speed_mps(0, 2, week_time(0)), zones.speed_mps(2, 0, week_time(0))), (None, None));
    let road_m = distance(here(), far()).get() * 1.5;
    let drive = zones.drive(here(), far(), week_time(0)).unwrap();
    assert_eq!((drive.time.as_millis(), drive.distance.get()), ((road_m * 1_000.0).round() as u128, road_m));
    let back = zones.drive(far(), here(), week_time(0)).unwrap();
    assert_eq!(back.time.as_millis(), (road_m * 100.0).round() as u128);
}

#[test]
fn a_week_of_speeds_tells_saturday_from_monday() {
    let mut speeds = vec![5_000; 4 * 168];
    speeds[5 * 24 + 12] = 9_000; // zone 0 to itself, Saturday noon
    let zones = two_zones(speeds).unwrap();
    assert_eq!(zones.speed_mps(0, 0, week_time(12 * 3_600)), Some(5.0));
    assert_eq!(zones.speed_mps(0, 0, week_time((5 * 24 + 12) * 3_600)), Some(9.0));
}

#[test]
fn wrong_zone_speeds_are_refused_by_name() {
    let (here, far) = (cell(here()), cell(far()));
    let said = |cells: &[(Cell, u16)], zones, speeds: Vec<u16>, detour| {
        ZoneSpeeds::new(cells.iter().copied(), zones, speeds, detour).unwrap_err().to_string()
    };
    let good = vec![5_000; 24];
    assert_eq!(said(&[], 1, good.clone(), 1.3), "zone speeds have no cells, allowed is at least one");
    let coarse = here.parent(Resolution::SHARD).unwrap();
    let mixed = said(&[(here, 0), (coarse, 0)], 1, good.clone(), 1.3);
    assert_eq!(mixed, format!("cell {coarse} is of resolution 5, allowed is that of the others, 9"));
    let twice = said(&[(here, 0), (here, 1)], 2, vec![5_000; 96], 1.3);
    assert_eq!(twice, format!("cell {here} is in zones 0 and 1, allowed is one zone"));
    let unknown = said(&[(here, 0), (far, 1)], 1, good.clone(), 1.3);
    assert_eq!(unknown, format!("cell {far} is in zone 1, allowed is a zone below 1"));
    let few = said(&[(here, 0)], 1, vec![5_000; 23], 1.3);
    assert_eq!(few, "there are 23 speeds for 1 zones, allowed is 24 or 168 for each pair of zones");
    let mut slow = vec![5_000; 96];
    slow[2 * 24 + 7] = 99;
    let slow = said(&[(here, 0)], 2, slow, 1.3);
    assert_eq!(slow, "speed from zone 1 to zone 0 in hour 7 is 99 mm/s, allowed is 100 to 65535");
    assert_eq!(said(&[(here, 0)], 1, good.clone(), f64::NAN), "detour is NaN, allowed is 1 to 5");
    assert!(ZoneSpeeds::new([(here, 0), (here, 0)], 1, good, 1.0).is_ok(), "the same said twice is no contradiction");
}

#[test]
fn speed_factors_are_read_from_text() {
    let day: SpeedFactors = format!("# a day\n1.0, 0.5 # rush\n{}", "0.8\n".repeat(22)).parse().unwrap();
    assert_eq!((day.at(week_time(0)), day.at(week_time(3_600)), day.at(week_time(1_800))), (1.0, 0.5, 0.75));
    assert_eq!(day.at(week_time(6 * 86_400 + 3_600)), 0.5, "each day is alike");
    let refused = |text: &str| text.parse::<SpeedFactors>().unwrap_err().to_string();
    let counted = "allowed is 24 (a day) or 168 (a week from Monday)";
    assert_eq!(refused(""), format!("speed factors are 0 numbers, {counted}"));
    assert_eq!(refused(&"1 ".repeat(100_000)), format!("speed factors are 169 numbers, {counted}"));
    assert_eq!(refused(&"0.01 ".repeat(24)), "speed factor 0 is 0.01, allowed is 0.05 to 5");
    assert_eq!(refused(&format!("1 NaN{}", " 1".repeat(22))), "speed factor 1 is NaN, allowed is 0.05 to 5");
    assert_eq!(refused("1 fast"), "speed factor 1 is \"fast\", allowed is a number from 0.05 to 5");
}

#[test]
fn half_the_speed_takes_twice_as_long_and_the_same_way() {
    let drive = |factors| Scaled::new(Eastwards, factors).drive(here(), far(), week_time(0)).unwrap();
    let free = drive(SpeedFactors::free_flow());
    let jam = drive(SpeedFactors::new(&[0.5; 168]).unwrap());
    assert_eq!((free.time, jam.time), (Duration::from_secs(100), Duration::from_secs(200)));
    assert_eq!(free.distance, jam.distance);
}

#[test]
fn travels_are_equal_when_they_ask_the_same_provider() {
    let travel = eastwards(SpeedFactors::free_flow());
    assert_eq!(travel, travel.clone());
    assert_ne!(travel, eastwards(SpeedFactors::free_flow()), "another object: who knows what it answers");
    assert_ne!(travel, Travel::straight(line()));
    assert_eq!(Travel::straight(line()), Travel::straight(line()));
    let slower = StraightLine::new(1.27, 4.0).unwrap();
    assert_ne!(travel, travel.clone().or_straight(slower));
    assert_eq!((travel.name(), Travel::straight(line()).name()), ("eastwards", LINE_NAME));
}

#[test]
fn nobody_is_asked_about_no_one() {
    assert_eq!(eastwards(SpeedFactors::free_flow()).estimates_to(&[], here(), week_time(0)), []);
}

proptest! {
    #[test]
    fn a_straight_line_always_answers_and_farther_takes_longer(
        a in any_point(), b in any_point(), c in any_point(), at in any_week_time()
    ) {
        let (near, far) = (line().drive(a, b, at).unwrap(), line().drive(a, c, at).unwrap());
        prop_assert_eq!(near.distance < far.distance || near.time >= far.time, true);
        prop_assert!(distance(a, b).get() < 1.0 || near.time > Duration::ZERO);
        prop_assert_eq!(near.time, Duration::from_millis(line().millis(a, b)));
        prop_assert!(near.distance >= distance(a, b));
    }

    #[test]
    fn the_straight_line_answers_exactly_where_the_chosen_provider_fails_and_says_so(
        from in vec(some_point(), 0..12), to in some_point(), at in any_week_time()
    ) {
        let zones: Arc<dyn TravelTimes> = Arc::new(two_zones(vec![4_000; 96]).unwrap());
        for chosen in [zones, Arc::new(Scaled::new(Eastwards, SpeedFactors::free_flow()))] {
            let travel = Travel::by(Arc::clone(&chosen), line());
            let estimates = travel.estimates_to(&from, to, at);
            prop_assert_eq!(estimates.len(), from.len());
            for (&from, estimate) in from.iter().zip(estimates) {
                prop_assert_eq!(estimate, travel.estimate(from, to, at), "many to one is one by one");
                match chosen.drive(from, to, at) {
                    Ok(drive) => prop_assert_eq!(estimate, Estimate { drive, by: chosen.name(), instead_of: None }),
                    Err(why) => {
                        let drive = line().drive(from, to, at).unwrap();
                        let instead_of = Some((chosen.name(), why));
                        prop_assert_eq!(estimate, Estimate { drive, by: LINE_NAME, instead_of });
                    }
                }
            }
        }
    }

    #[test]
    fn a_chosen_straight_line_is_no_fallback(from in any_point(), to in any_point(), at in any_week_time()) {
        let estimate = Travel::straight(line()).estimate(from, to, at);
        prop_assert_eq!((estimate.by, estimate.instead_of), (LINE_NAME, None));
        prop_assert_eq!(vec![estimate], Travel::straight(line()).estimates_to(&[from], to, at));
    }

    #[test]
    fn a_factor_lies_between_those_of_the_two_hours(factors in vec(0.05..=5.0, 168), at in any_week_time()) {
        let (now, next) = (factors[at.hour()], factors[(at.hour() + 1) % 168]);
        let factor = SpeedFactors::new(&factors).unwrap().at(at);
        prop_assert!(factor >= f64::min(now, next) - 1e-12 && factor <= f64::max(now, next) + 1e-12);
    }
}
