use std::sync::Arc;

use geo::{Meters, TravelTimes as _, WeekTime};
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64Mcg;

use super::*;

mod npz;

/// Nodes on a line north, about 111 m apart, and streets between them: from, to, seconds.
fn city(nodes: usize, streets: &[(usize, usize, f64)]) -> Streets {
    let points = (0..nodes).map(|node| Point::new(40.0 + node as f64 / 1_000.0, -74.0).unwrap()).collect();
    let street = |&(from, to, seconds): &(usize, usize, f64)| Street { from, to, seconds, meters: 100.0 };
    Streets::new(points, streets.iter().map(street).collect())
}

fn table(streets: &Streets) -> TimeTable {
    TimeTable::of(streets, &mut |_| {}).unwrap()
}

/// Nine nodes and up to forty streets between them, by chance.
fn any_city(rng: &mut Pcg64Mcg) -> Streets {
    let count = rng.random_range(0..40);
    let street = |rng: &mut Pcg64Mcg| {
        (rng.random_range(0..9), rng.random_range(0..9), f64::from(rng.random_range(1..500_u32)) / 10.0)
    };
    let streets: Vec<(usize, usize, f64)> = (0..count).map(|_| street(rng)).collect();
    city(9, &streets)
}

/// Floyd and Warshall's way of working out all times, in place of Dijkstra's.
fn least_seconds(streets: &Streets) -> Vec<Vec<f64>> {
    let mut least = vec![vec![f64::INFINITY; 9]; 9];
    (0..9).for_each(|node| least[node][node] = 0.0);
    for street in streets.streets() {
        least[street.from][street.to] = least[street.from][street.to].min(street.seconds);
    }
    for over in 0..9 {
        for from in 0..9 {
            for to in 0..9 {
                least[from][to] = least[from][to].min(least[from][over] + least[over][to]);
            }
        }
    }
    least
}

#[test]
fn the_table_has_the_fastest_way_between_any_two() {
    for seed in 0..200 {
        let streets = any_city(&mut Pcg64Mcg::seed_from_u64(seed));
        let (least, table) = (least_seconds(&streets), table(&streets));
        let turned = table.turned_round();
        for (from, row) in least.iter().enumerate() {
            for (to, &expected) in row.iter().enumerate() {
                let seconds = table.millis(from, to).map_or(f64::INFINITY, |millis| millis as f64 / 1_000.0);
                let same = seconds == expected || (seconds - expected).abs() < 0.051;
                assert!(same, "seed {seed}, {from} to {to}: {seconds} for {expected}");
                assert_eq!(turned.millis(to, from), table.millis(from, to), "seed {seed}");
            }
        }
    }
}

#[test]
fn a_car_on_its_way_is_never_late_for_where_it_goes() {
    for seed in 0..500 {
        let mut rng = Pcg64Mcg::seed_from_u64(seed);
        let streets = any_city(&mut rng);
        let (table, ways) = (table(&streets), Ways::new(&streets));
        let (from, to, later) = (rng.random_range(0..9), rng.random_range(0..9), rng.random_range(0..200_000));
        let Some(whole) = table.millis(from, to) else { continue };
        let (node, at_ms) = ways.turn(&table.turned_round(), (from, 1_000), to, 1_000 + later);
        let left = table.millis(node, to).unwrap();
        assert_eq!(at_ms + left, 1_000 + whole, "seed {seed}: it arrives when it would have");
        assert!(at_ms >= 1_000 + later || node == to, "seed {seed}: it is there now or soon, not in the past");
    }
}

#[test]
fn a_car_can_turn_at_the_next_node() {
    let streets = city(4, &[(0, 1, 10.0), (1, 2, 10.0), (2, 3, 10.0)]);
    let (ways, to_it) = (Ways::new(&streets), table(&streets).turned_round());
    assert_eq!(ways.turn(&to_it, (0, 0), 3, 0), (0, 0));
    assert_eq!(ways.turn(&to_it, (0, 0), 3, 10_001), (2, 20_000));
    assert_eq!(ways.turn(&to_it, (0, 0), 3, 99_000), (3, 30_000));
}

#[test]
fn points_are_answered_by_their_nearest_nodes() {
    let streets = city(3, &[(0, 1, 10.0), (1, 2, 20.0)]);
    let nodes = NodeTimes::new(&streets, Arc::new(table(&streets)), Meters::whole(60)).unwrap();
    let near = |node: f64| Point::new(40.0 + node / 1_000.0, -74.0).unwrap();
    let at = WeekTime::of(0, 0);
    let drive = nodes.drive(near(0.1), near(1.9), at).unwrap();
    assert_eq!((drive.time.as_secs(), drive.distance.get()), (30, 200.0));
    assert!(nodes.drive(near(2.0), near(0.0), at).is_err(), "no way back");
    assert!(nodes.drive(near(0.0), near(5.0), at).is_err(), "nothing near");
    assert_eq!(nodes.drives_to(&[near(0.0), near(2.0)], near(1.0), at).iter().filter(|drive| drive.is_ok()).count(), 1);
}

#[test]
fn a_table_of_other_streets_is_refused() {
    let other = Arc::new(table(&city(2, &[])));
    let refused = NodeTimes::new(&city(3, &[]), other, Meters::whole(60)).unwrap_err();
    assert_eq!(refused, NotNodeTimes { points: 3, nodes: 2 });
}

#[test]
fn a_way_that_is_no_way_of_a_city_is_refused() {
    let refused = TimeTable::of(&city(2, &[(0, 1, 7_000.0)]), &mut |_| {}).unwrap_err();
    assert_eq!((refused.from, refused.to), (0, 1));
}

fn write(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

#[test]
fn edges_take_their_mean_hour_but_no_car_races() {
    // A degree of latitude is 111,195 m: 1 to 2 are 111.2 m apart, 5.56 s at 20 m/s.
    let folder = write(&[
        ("points.csv", "7,40.001,-74\n1,40,-74\n"),
        ("edges.csv", "5,1,7\n6,7,1\n"),
        ("week.csv", "5,0,0\n6,20,40\n"),
    ]);
    let streets = Streets::open(folder.path()).unwrap();
    let [there, back] = streets.streets() else { panic!("two streets") };
    assert_eq!((there.from, there.to, back.seconds), (0, 1, 30.0), "nodes are in the order of their ids");
    assert!((there.seconds - 5.56).abs() < 0.01, "{} s", there.seconds);
}

#[test]
fn a_file_that_makes_no_sense_is_named_with_its_line() {
    let said = |points: &str, edges: &str, week: &str| {
        let folder = write(&[("points.csv", points), ("edges.csv", edges), ("week.csv", week)]);
        Streets::open(folder.path()).unwrap_err().to_string()
    };
    let good = "1,40,-74\n2,40,-74\n";
    assert!(said("1,91,-74\n", "", "").contains("points.csv line 1: lat is \"91\""));
    assert!(said(good, "5,1,3\n", "5,10\n").contains("edges.csv line 1: node is \"3\""));
    assert!(said(good, "5,1,2\n", "6,10\n").contains("edges.csv line 1: id is \"5\""));
    assert!(said(good, "5,1,2\n", "5,ten\n").contains("week.csv line 1: seconds is \"ten\""));
    assert!(said("", "", "").contains("number of points is \"0\""));
}
