//! Every answer equals Dijkstra's, on towns of all kinds.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::oracle::{Dice, Oracle};
use super::sketch::{Sketch, at};
use crate::roads::town::Town;
use crate::roads::{ImportError, ImportReport, Progress, Roads};
use crate::{Meters, NoDrive, Point, distance};

fn roads(town: &Town) -> (Roads, ImportReport) {
    Roads::import(town.pbf().as_slice(), &mut |_| {}).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn drives_in_any_town_equal_dijkstra(
        (width, height) in (2u32..14, 2u32..14),
        seed in any::<u64>(),
        (missing, restricted) in (0u32..300, 0u32..1_000),
        packed in any::<bool>(),
        corner in prop::sample::select(vec![(40.5, -74.2), (-17.0, 179.999), (69.6, 18.9), (0.0, 0.0)]),
    ) {
        let corner = Point::new(corner.0, corner.1).unwrap();
        let town = Town { width, height, seed, missing, restricted, packed, corner, ..Town::default() };
        let roads = match Roads::import(town.pbf().as_slice(), &mut |_| {}) {
            // One-ways and a forbidden turn can leave a handful of streets without a way back.
            Err(ImportError::NoRoads { .. }) if width * height < 10 => return Ok(()),
            imported => imported.unwrap().0,
        };
        Oracle::of(&roads).check(seed, 6);
        let again = Roads::read(&roads.write()).unwrap();
        prop_assert_eq!(&again.network.hierarchy, &roads.network.hierarchy);
        Oracle::of(&again).check(seed, 1);
    }
}

#[test]
fn drives_in_a_large_town_equal_dijkstra() {
    let (roads, report) = roads(&Town { width: 70, height: 60, ..Town::default() });
    assert!(report.restrictions_used > 100 && report.copies > 50, "{report:?}");
    assert!(report.one_way_streets > 1_000 && report.streets > 7_000, "{report:?}");
    Oracle::of(&roads).check(5, 60);
}

#[test]
fn the_same_town_gives_the_same_bytes_and_another_seed_others() {
    let bytes = |seed| roads(&Town { seed, ..Town::default() }).0.write();
    assert_eq!(bytes(1), bytes(1));
    assert_ne!(bytes(1), bytes(2));
    let raw = Town { packed: false, ..Town::default() };
    assert_eq!(roads(&raw).0.write(), bytes(1));
}

#[test]
fn a_town_across_the_antimeridian_is_whole() {
    let corner = Point::new(-17.0, 179.99).unwrap();
    let town = Town { corner, width: 31, height: 31, missing: 0, restricted: 0, ..Town::default() };
    let (roads, report) = roads(&town);
    assert_eq!((report.junctions, report.dropped_streets), (31 * 31, 0));
    let (west, east) = (town.junction(0, 0), town.junction(30, 0));
    assert!(west.lon() > 179.0 && east.lon() < -179.0);
    let route = roads.route(west, east).unwrap();
    assert!((route.drive().distance.get() - 3_000.0).abs() < 20.0);
    let seam = route.line().iter().all(|waypoint| distance(west, waypoint.point).get() < 3_200.0);
    assert!(seam, "nothing leads around the world");
}

#[test]
fn a_point_far_from_every_road_is_outside() {
    let town = Town::default();
    let (roads, _) = roads(&town);
    let (here, away) = (town.junction(3, 3), Point::new(41.5, -74.2).unwrap());
    let outside = Err(NoDrive::Outside { at: away });
    assert_eq!(roads.drive(away, here), outside);
    assert_eq!(roads.drive(here, away), outside);
    assert_eq!(roads.route(here, away).map(|_| ()), outside.map(|_: crate::Drive| ()));
    assert_eq!(roads.drives_to(&[here, away], away), vec![outside, outside]);
    assert_eq!(roads.drives_to(&[away, here], here)[0], outside);
    assert_eq!(roads.drives_from(here, &[away, here])[0], outside);
    assert!(roads.drives_to(&[], here).is_empty());
    assert!(roads.with_reach(Meters::whole(200_000)).drive(away, here).is_ok());
}

#[test]
fn a_drive_along_one_street_stays_on_it() {
    let (roads, _) = Sketch::default()
        .node(1, 0.0, 0.0, &[])
        .node(2, 1.0, 0.0, &[])
        .node(3, 1.0, 1.0, &[])
        .way(1, &[1, 2, 3], &[("highway", "primary")])
        .import()
        .unwrap();
    assert_eq!((roads.streets(), roads.line(0).len(), roads.line(1).len()), (1, 3, 0));
    let route = roads.route(at(0.5, 0.1), at(1.1, 0.5)).unwrap();
    let line: Vec<Point> = route.line().iter().map(|waypoint| waypoint.point).collect();
    assert_eq!(line.len(), 3);
    for (found, expected) in line.iter().zip([at(0.5, 0.0), at(1.0, 0.0), at(1.0, 0.5)]) {
        assert!(distance(*found, expected).get() < 0.05, "{found:?} {expected:?}");
    }
    let total = route.drive().time.as_millis() as u64;
    let (early, late) = (route.at(total / 4), route.at(total * 3 / 4));
    assert!((early.1 - 90.0).abs() < 0.1 && !(0.1..=359.9).contains(&late.1), "{early:?} {late:?}");
    assert!(distance(early.0, at(0.75, 0.0)).get() < 1.0 && distance(late.0, at(1.0, 0.25)).get() < 1.0);
    let still = roads.route(at(0.5, 0.0), at(0.5, 0.0)).unwrap();
    assert_eq!((still.line().len(), still.at(0).1, still.drive().distance), (1, 0.0, Meters::ZERO));
}

#[test]
fn many_threads_ask_the_same_roads() {
    let town = Town::default();
    let (roads, _) = roads(&town);
    let answers: Vec<_> = std::thread::scope(|scope| {
        let ask = || {
            let mut dice = Dice(3);
            (0..200).map(|_| roads.drive(dice.point(&roads), dice.point(&roads))).collect::<Vec<_>>()
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn an_import_tells_how_far_it_is() {
    let pbf = Town::default().pbf();
    let mut heard = Vec::new();
    let (_, report) = Roads::import(pbf.as_slice(), &mut |progress| heard.push(progress)).unwrap();
    assert!(heard.contains(&Progress::Read { bytes: pbf.len() as u64 }));
    let junctions = report.junctions;
    assert_eq!(heard.last(), Some(&Progress::Prepared { junctions, of: junctions }));
    assert_eq!(report.bytes, pbf.len() as u64);
    let classes: BTreeSet<bool> = heard.iter().map(|one| matches!(one, Progress::Read { .. })).collect();
    assert_eq!(classes.len(), 2);
}
