use super::*;
use crate::track::Track;
use crate::{Standing, Timestamp};

fn named(name: &str) -> DriverId {
    DriverId::new(name).unwrap()
}

fn spot(number: u32) -> Spot {
    let (standing, since) = (Standing::Gone, Timestamp::from_millis(u64::from(number)));
    Spot { number, standing, since, track: Track::default(), handle: None, soon: None, memory: None }
}

#[test]
fn whoever_leaves_is_found_no_more_and_the_number_is_the_next_ones() {
    let mut spots = Spots::default();
    let (ann, bob, eve) = (named("ann"), named("bob"), named("eve"));
    spots.settle(&ann, spot);
    spots.settle(&bob, spot);
    spots.settle(&bob, |_| panic!("bob has a spot"));
    assert_eq!(spots.at(1).map(|spot| spot.number), Some(1));
    spots.remove(&ann);
    assert!(spots.get(&ann).is_none() && spots.at(0).is_none());
    spots.settle(&eve, spot);
    assert_eq!(spots.get(&eve).map(|spot| spot.number), Some(0));
    assert_eq!(spots.values().map(|spot| spot.number).collect::<Vec<u32>>(), [0, 1]);
    let mut names: Vec<&str> = spots.unsorted().map(|(driver, _)| driver.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["bob", "eve"]);
}
