//! What the map says about turns, one-ways and barriers is obeyed.

use super::oracle::Oracle;
use super::sketch::{Sketch, at};
use crate::roads::Roads;

const ROAD: &[(&str, &str)] = &[("highway", "primary")];
const FROM_SOUTH_TO_EAST: &[(&str, u64, i64)] = &[("from", 1, 11), ("via", 0, 5), ("to", 1, 12)];

/// A crossing in the middle (node 5) of a square. Ways 11 to 14 lead from it to the south, east, north and west; way 20
/// is the square around it, at a distance.
///
/// ```text
///  9 -- 3 -- 8
///  |    |    |
///  4 -- 5 -- 2
///  |    |    |
///  6 -- 1 -- 7
/// ```
fn crossing() -> Sketch {
    Sketch::default()
        .node(1, 0.0, -1.0, &[])
        .node(2, 1.0, 0.0, &[])
        .node(3, 0.0, 1.0, &[])
        .node(4, -1.0, 0.0, &[])
        .node(5, 0.0, 0.0, &[])
        .node(6, -1.0, -1.0, &[])
        .node(7, 1.0, -1.0, &[])
        .node(8, 1.0, 1.0, &[])
        .node(9, -1.0, 1.0, &[])
        .way(11, &[1, 5], ROAD)
        .way(12, &[5, 2], ROAD)
        .way(13, &[5, 3], ROAD)
        .way(14, &[4, 5], ROAD)
        .way(20, &[6, 1, 7, 2, 8, 3, 9, 4, 6], ROAD)
}

/// Metres in a side of a small square.
const SIDE: f64 = crate::EARTH_RADIUS_M * std::f64::consts::PI / 18_000.0;

/// How many sides a drive is long, to the nearest hundredth.
fn sides(roads: &Roads, from: (f64, f64), to: (f64, f64)) -> f64 {
    let drive = roads.drive(at(from.0, from.1), at(to.0, to.1)).unwrap();
    (drive.distance.get() / SIDE * 100.0).round() / 100.0
}

const SOUTH: (f64, f64) = (0.0, -0.5);
const EAST: (f64, f64) = (0.5, 0.0);
const NORTH: (f64, f64) = (0.0, 0.5);
const WEST: (f64, f64) = (-0.5, 0.0);

#[test]
fn a_forbidden_turn_is_driven_around() {
    let (free, _) = crossing().import().unwrap();
    assert_eq!(sides(&free, SOUTH, EAST), 1.0);

    let (roads, report) = crossing().turn(FROM_SOUTH_TO_EAST, &[("restriction", "no_right_turn")]).import().unwrap();
    assert_eq!((report.restrictions, report.restrictions_used, report.copies), (1, 1, 1));
    // Back to the south, around the corner, and in from the east.
    assert_eq!(sides(&roads, SOUTH, EAST), 3.0);
    assert_eq!(sides(&roads, SOUTH, NORTH), 1.0);
    assert_eq!(sides(&roads, SOUTH, WEST), 1.0);
    assert_eq!(sides(&roads, WEST, EAST), 1.0);
    assert_eq!(sides(&roads, EAST, SOUTH), 1.0);
    Oracle::of(&roads).check(1, 50);
}

#[test]
fn an_only_turn_forbids_the_others_and_turning_back() {
    let (roads, report) = crossing().turn(FROM_SOUTH_TO_EAST, &[("restriction", "only_right_turn")]).import().unwrap();
    assert_eq!(report.restrictions_used, 1);
    assert_eq!(sides(&roads, SOUTH, EAST), 1.0);
    assert_eq!(sides(&roads, SOUTH, NORTH), 3.0);
    assert_eq!(sides(&roads, SOUTH, WEST), 3.0);
    assert_eq!(sides(&roads, NORTH, WEST), 1.0);
    Oracle::of(&roads).check(2, 50);
}

#[test]
fn restrictions_at_one_junction_add_up() {
    let (roads, report) = crossing()
        .turn(FROM_SOUTH_TO_EAST, &[("restriction", "no_right_turn")])
        .turn(&[("from", 1, 11), ("via", 0, 5), ("to", 1, 13)], &[("restriction", "no_straight_on")])
        .turn(&[("from", 1, 14), ("via", 0, 5), ("to", 1, 12)], &[("restriction:motorcar", "no_straight_on")])
        .import()
        .unwrap();
    assert_eq!((report.restrictions_used, report.copies), (3, 2));
    assert_eq!(sides(&roads, SOUTH, EAST), 3.0);
    // To the west, which is the only exit left, and back from there.
    assert_eq!(sides(&roads, SOUTH, NORTH), 3.0);
    assert_eq!(sides(&roads, WEST, NORTH), 1.0);
    Oracle::of(&roads).check(3, 50);
}

#[test]
fn turns_that_do_not_bind_cars_are_counted_and_left_alone() {
    let via_way: &[_] = &[("from", 1, 11), ("via", 1, 12), ("to", 1, 13)];
    let no = ("restriction", "no_right_turn");
    let (roads, report) = crossing()
        .turn(FROM_SOUTH_TO_EAST, &[no, ("except", "psv; motorcar")])
        .turn(FROM_SOUTH_TO_EAST, &[("restriction:hgv", "no_right_turn")])
        .turn(FROM_SOUTH_TO_EAST, &[("restriction:conditional", "no_right_turn @ (Mo-Fr 07:00-09:00)")])
        .turn(FROM_SOUTH_TO_EAST, &[no, ("hour_on", "07:00")])
        .turn(via_way, &[no])
        .turn(&[("from", 1, 11), ("to", 1, 12)], &[no])
        .turn(&[("from", 1, 11), ("via", 0, 1), ("to", 1, 20)], &[no])
        .turn(&[("from", 1, 99), ("via", 0, 5), ("to", 1, 12)], &[no])
        .turn(FROM_SOUTH_TO_EAST, &[("restriction", "maybe")])
        .import()
        .unwrap();
    assert_eq!(report.restrictions, 9);
    assert_eq!(report.restrictions_used, 0);
    assert_eq!(report.restrictions_not_for_cars, 2);
    assert_eq!(report.restrictions_conditional, 2);
    assert_eq!(report.restrictions_via_way, 1);
    assert_eq!(report.restrictions_unclear, 3);
    assert_eq!(report.restrictions_elsewhere, 1);
    assert_eq!(sides(&roads, SOUTH, EAST), 1.0);
}

#[test]
fn an_exception_for_buses_still_binds_cars() {
    let tags = &[("restriction", "no_right_turn"), ("except", "psv;bicycle")];
    let (roads, _) = crossing().turn(FROM_SOUTH_TO_EAST, tags).import().unwrap();
    assert_eq!(sides(&roads, SOUTH, EAST), 3.0);
}

#[test]
fn a_one_way_is_driven_one_way_and_what_leads_nowhere_is_dropped() {
    let lone = |tags| {
        Sketch::default()
            .node(1, 0.0, 0.0, &[])
            .node(2, 1.0, 0.0, &[])
            .node(3, 1.0, 1.0, &[])
            .node(4, 2.0, 0.0, &[])
            .node(5, 5.0, 5.0, &[])
            .node(6, 5.0, 6.0, &[])
            .way(1, &[1, 2], tags)
            .way(2, &[2, 3, 1], ROAD)
            .way(3, &[2, 4], &[("highway", "primary"), ("oneway", "yes")])
            .way(4, &[5, 6], ROAD)
    };
    let (roads, report) = lone(&[("highway", "primary"), ("oneway", "yes")]).import().unwrap();
    assert_eq!((report.streets, report.one_way_streets, report.dropped_streets), (2, 1, 2));
    assert_eq!(sides(&roads, (0.25, 0.0), (0.75, 0.0)), 0.5);
    // Around: three quarters to the corner, up, back along the diagonal, and a quarter.
    let around = sides(&roads, (0.75, 0.0), (0.25, 0.0));
    assert!((around - (0.25 + 1.0 + 2.0_f64.sqrt() + 0.25)).abs() < 0.02, "{around}");
    let (roads, _) = lone(&[("highway", "primary"), ("oneway", "-1")]).import().unwrap();
    assert_eq!(sides(&roads, (0.75, 0.0), (0.25, 0.0)), 0.5);
    // Dropped streets are not known ground.
    assert!(roads.drive(at(5.0, 5.5), at(0.5, 0.0)).is_err());
}

#[test]
fn a_barrier_is_driven_around() {
    let with = |tags| {
        Sketch::default()
            .node(1, 0.0, 0.0, &[])
            .node(2, 1.0, 0.0, tags)
            .node(3, 2.0, 0.0, &[])
            .node(4, 1.0, 1.0, &[])
            .way(1, &[1, 2, 3], ROAD)
            .way(2, &[1, 4, 3], ROAD)
    };
    let (open, report) = with(&[("barrier", "gate")]).import().unwrap();
    assert_eq!((sides(&open, (0.5, 0.0), (1.5, 0.0)), report.barriers), (1.0, 0));
    let (closed, report) = with(&[("barrier", "bollard")]).import().unwrap();
    assert_eq!(report.barriers, 1);
    assert!((sides(&closed, (0.5, 0.0), (1.5, 0.0)) - (1.0 + 2.0 * 2.0_f64.sqrt())).abs() < 0.02);
}

#[test]
fn a_way_cut_off_by_the_edge_of_the_extract_is_used_as_far_as_it_goes() {
    let (roads, report) = Sketch::default()
        .node(1, 0.0, 0.0, &[])
        .node(2, 1.0, 0.0, &[])
        .node(4, 3.0, 0.0, &[])
        .node(5, 4.0, 0.0, &[])
        .way(1, &[1, 2, 3, 4, 5], ROAD)
        .import()
        .unwrap();
    assert_eq!((report.missing_nodes, report.streets, report.dropped_streets), (1, 1, 1));
    assert_eq!(sides(&roads, (0.0, 0.0), (1.0, 0.0)), 1.0);
}

#[test]
fn time_is_length_by_speed() {
    let tags = &[("highway", "primary"), ("maxspeed", "80")];
    let (roads, _) =
        Sketch::default().node(1, 0.0, 0.0, &[]).node(2, 1.0, 0.0, &[]).way(1, &[1, 2], tags).import().unwrap();
    let drive = roads.drive(at(0.0, 0.0), at(1.0, 0.0)).unwrap();
    // Three quarters of the limit: 60 km/h.
    assert!((drive.time.as_secs_f64() - SIDE / 60.0 * 3.6).abs() < 0.001, "{drive:?}");
    assert!((drive.distance.get() - SIDE).abs() < 0.01);
}
