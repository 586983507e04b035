use std::time::Duration;

use dispatch::{DayKinds, StageName, Timestamp};
use geo::Point;

use super::*;

/// A Monday, midnight.
const START: Timestamp = Timestamp::from_millis(1_528_070_400_000);

fn at(second: u64) -> Timestamp {
    START + Duration::from_secs(second)
}

/// Two cells, ten kilometres apart.
fn busy() -> Point {
    Point::new(40.75, -73.98).unwrap()
}

fn quiet() -> Point {
    Point::new(40.84, -73.98).unwrap()
}

fn hourly() -> Slots {
    Slots::new(60, DayKinds::Alike, 0).unwrap()
}

#[test]
fn a_diary_holds_waits_and_rides_one_after_the_other() {
    let mut diary = Diary::default();
    for second in (0..=610).step_by(10) {
        diary.is_at(0, busy(), at(second));
    }
    diary.hears(0, StageName::EnRoute, busy(), at(620));
    diary.is_at(0, quiet(), at(1_000));
    diary.hears(0, StageName::Arrived, quiet(), at(1_000));
    diary.hears(0, StageName::InProgress, quiet(), at(1_060));
    diary.hears(0, StageName::Completed, busy(), at(1_960));
    diary.hears(0, StageName::EnRoute, busy(), at(2_000));
    diary.hears(0, StageName::Searching, quiet(), at(2_100));
    let told: Vec<(u64, u64, f64)> = diary
        .into_spans()
        .iter()
        .map(|span| (span.from.1.since(START).as_secs(), span.to.1.since(START).as_secs(), span.earned_s))
        .collect();
    let expected = [
        (0, 300, 0.0),
        (300, 600, 0.0),
        (600, 620, 0.0),
        (620, 1_960, 900.0),
        (1_960, 2_000, 0.0),
        (2_000, 2_100, 0.0),
    ];
    assert_eq!(told, expected);
}

/// Half of all cars wait where rides of ten minutes come at once, half where none ever comes.
fn a_day() -> Vec<Span> {
    let ride = |second| Span { from: (busy(), at(second)), to: (busy(), at(second + 600)), earned_s: 600.0 };
    let wait = |second| Span { from: (quiet(), at(second)), to: (quiet(), at(second + 600)), earned_s: 0.0 };
    (0..144).flat_map(|step| [ride(step * 600), wait(step * 600)]).collect()
}

#[test]
fn a_place_where_rides_come_is_worth_more_than_one_where_none_do() {
    let values = worth_of(&[a_day(), a_day()], hourly());
    for hour in 0..24 {
        let (good, bad) = (values.worth_at(busy(), at(hour * 3_600)), values.worth_at(quiet(), at(hour * 3_600)));
        // The average car earns half a second a second: one hour ahead, a car here is half an hour better, one there worse.
        assert!((1_500.0..2_100.0).contains(&good), "{good} at {hour}");
        assert!((-2_100.0..-1_500.0).contains(&bad), "{bad} at {hour}");
    }
}

#[test]
fn what_a_table_is_tried_on_is_not_what_it_was_learned_from() {
    let city = City::manhattan().unwrap();
    let scenario = Scenario {
        seed: 3,
        drivers: 30,
        hours: 0.5,
        day: crate::city::Day::Thursday,
        start_tod_s: 17 * 3_600,
        demand: 0.003,
        habits: crate::people::Habits::default(),
        policy: dispatch::Policy::default(),
        shard_resolution: geo::Resolution::SHARD,
    };
    let lessons = Lessons { days: 1, pairs: 2, slots: hourly(), future: 1.0 };
    let mut told = Vec::new();
    let (values, learned) = learn(&city, &scenario, &lessons, &mut |what| told.push(what.to_owned())).unwrap();
    assert!(learned.spans > 20 && learned.cells == values.rows().count() && learned.cells > 5, "{learned:?}");
    assert!(learned.tried.iter().all(|pair| pair.seed > 1_000_000 && pair.without.match_rate > 0.0));
    assert_eq!(told.len(), 3);
    let again = learn(&city, &scenario, &lessons, &mut |_| {}).unwrap();
    assert_eq!(gateway::write_worth(&values), gateway::write_worth(&again.0), "the same seed learns the same");
    assert!(learned.text().contains("over 2 pairs"), "{}", learned.text());
}
