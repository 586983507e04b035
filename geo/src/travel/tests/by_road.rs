use super::*;
use crate::RoadTimes;
use crate::roads::Roads;
use crate::roads::town::Town;

fn town() -> (Town, Roads) {
    let town = Town { width: 12, height: 12, ..Town::default() };
    let (roads, _) = Roads::import(town.pbf().as_slice(), &mut |_| {}).unwrap();
    (town, roads)
}

/// Half the speed all Monday, free flow on other days.
fn factors() -> SpeedFactors {
    let factors: Vec<f64> = (0..168).map(|hour| if hour < 24 { 0.5 } else { 1.0 }).collect();
    SpeedFactors::new(&factors).unwrap()
}

#[test]
fn roads_answer_in_free_flow_and_slower_in_a_jam() {
    let (town, roads) = town();
    let (from, to) = (town.junction(1, 1), town.junction(9, 8));
    let free = roads.drive(from, to).unwrap();
    assert!(free.time > Duration::from_secs(30) && free.distance >= distance(from, to), "{free:?}");
    let times = RoadTimes::new(roads, factors());
    assert_eq!(times.name(), "roads");
    assert_eq!(times.drive(from, to, week_time(3 * 86_400)), Ok(free));
    let jam = times.drive(from, to, week_time(3_600)).unwrap();
    assert_eq!((jam.time, jam.distance), (free.time * 2, free.distance));
}

#[test]
fn a_point_far_from_any_road_is_answered_along_a_straight_line() {
    let (town, roads) = town();
    let to = town.junction(6, 6);
    let from: Vec<Point> = (0..12).map(|column| town.junction(column, 3)).chain([here()]).collect();
    let travel = Travel::by(Arc::new(RoadTimes::new(roads, factors())), line());
    let estimates = travel.estimates_to(&from, to, week_time(3_600));
    for (place, (&from, estimate)) in from.iter().zip(&estimates).enumerate() {
        assert_eq!(*estimate, travel.estimate(from, to, week_time(3_600)));
        let expected =
            if place < 12 { ("roads", None) } else { (LINE_NAME, Some(("roads", NoDrive::Outside { at: from }))) };
        assert_eq!((estimate.by, estimate.instead_of), expected, "{from:?}");
    }
}
