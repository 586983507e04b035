use geo::Point;

use super::case::Wanted;
use super::*;
use crate::streets::{Street, Streets, TimeTable};

/// Thirty nodes on a line north, 200 m and a minute apart, both ways.
fn case(wanted: &[(u64, usize, usize)], starts: &[usize]) -> PlayCase {
    let points = (0..30).map(|node| Point::new(40.70 + f64::from(node) * 0.0018, -74.0).unwrap()).collect();
    let both = |node: usize| [(node, node + 1), (node + 1, node)];
    let street = |(from, to)| Street { from, to, seconds: 60.0, meters: 200.0 };
    let streets = Streets::new(points, (0..29).flat_map(both).map(street).collect());
    let table = TimeTable::of(&streets, &mut |_| {}).unwrap();
    let wanted = wanted.iter().map(|&(at_s, from, to)| Wanted { at_ms: at_s * 1_000, from, to }).collect();
    PlayCase { streets, table, wanted, starts: starts.to_vec() }
}

fn in_world(case: &PlayCase) -> (Played, usize) {
    let table = Arc::new(case.table.clone());
    let nodes = NodeTimes::new(&case.streets, table, Meters::whole(500)).unwrap();
    let policy = protocol::policy("line", nodes.clone(), protocol::reach(case), Duration::from_secs(10)).unwrap();
    let script = Script { begins: BEGINS, policy, parked_every: Some(Duration::from_secs(20)) };
    protocol::play(case, &nodes, &script, &mut |_| {}).unwrap()
}

#[test]
fn two_who_go_the_same_way_share_a_car_of_four_and_not_one_of_one() {
    let case = case(&[(1, 2, 20), (2, 3, 19)], &[0]);
    assert_eq!(shared::play(&case, &rules(4, 10_000, false), &mut |_| {}).served, 2);
    assert_eq!(shared::play(&case, &rules(1, 10_000, false), &mut |_| {}).served, 1);
}

#[test]
fn whoever_is_given_to_another_car_is_still_picked_up_in_time() {
    // The first rider is promised the only near car; the second can only be had by that one.
    let case = case(&[(1, 6, 4), (30, 4, 3)], &[5, 9]);
    let played = shared::play(&case, &rules(1, 10_000, true), &mut |_| {});
    assert_eq!((played.served, played.promises_broken), (2, 0));
    assert!(played.wait_max_s <= 300.0, "{played:?}");
}

#[test]
fn the_whole_protocol_lets_a_rider_wait_for_the_round_and_the_way() {
    let (played, violations) = in_world(&case(&[(1, 3, 9)], &[0]));
    assert_eq!((played.served, violations), (1, 0));
    // A round within 10 s of the request, three minutes, and some milliseconds of messages and commits.
    assert!((180.0..192.0).contains(&played.wait_mean_s), "{played:?}");
}

#[test]
fn the_whole_protocol_loses_whom_no_car_reaches_in_time() {
    let (played, violations) = in_world(&case(&[(1, 6, 9), (2, 2, 4), (400, 4, 1)], &[0]));
    assert_eq!((played.served, played.promises_broken, violations), (2, 0, 0), "six minutes away is too far");
}

#[test]
fn by_a_clock_of_a_minute_requests_come_on_the_minute() {
    let its = case(&[(1, 2, 3), (59, 3, 4), (61, 4, 5)], &[0]).by_clock(60_000);
    let at: Vec<u64> = its.wanted.iter().map(|wanted| wanted.at_ms).collect();
    assert_eq!(at, [0, 0, 60_000]);
}

#[test]
fn a_fleetpy_that_is_not_there_is_said() {
    let nowhere = std::path::PathBuf::from("/nowhere");
    let settings = Settings { fleetpy: Some(nowhere), ..Settings::default() };
    assert_eq!(fleetpy::play(&settings, Path::new("."), &RUNS).unwrap_err(), "no FleetPy at /nowhere");
    assert!(fleetpy::play(&Settings::default(), Path::new("."), &RUNS).unwrap_err().contains("--fleetpy"));
}
