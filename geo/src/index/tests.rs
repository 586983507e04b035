use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// A change to the index, at a place that is likely to be nasty.
#[derive(Clone, Debug)]
enum Change {
    Put(u16, Point),
    Remove(u16),
}

/// Points where an index goes wrong first: seams, poles, pentagons, one crowded street, anywhere.
fn any_point() -> impl Strategy<Value = Point> {
    let around = |lat: f64, lon: f64, spread: f64| {
        (-spread..spread, -spread..spread).prop_map(move |(dlat, dlon)| {
            let lon = lon + dlon;
            let lon = if lon > 180.0 {
                lon - 360.0
            } else if lon < -180.0 {
                lon + 360.0
            } else {
                lon
            };
            Point::new((lat + dlat).clamp(-90.0, 90.0), lon).unwrap()
        })
    };
    prop_oneof![
        around(40.75, -73.98, 0.05),
        around(40.75, -73.98, 0.000_05),
        around(0.0, 180.0, 0.02),
        around(90.0, 0.0, 0.02),
        around(-90.0, 0.0, 0.02),
        around(69.65, 18.96, 0.03),
        around(64.7, 10.536, 0.01), // the pentagon in the Norwegian Sea
        (-90.0..=90.0, -180.0..=180.0).prop_map(|(lat, lon)| Point::new(lat, lon).unwrap()),
    ]
}

fn any_change() -> impl Strategy<Value = Change> {
    prop_oneof![
        4 => (0u16..80, any_point()).prop_map(|(key, point)| Change::Put(key, point)),
        1 => (0u16..80).prop_map(Change::Remove),
    ]
}

/// The oracle: measures everything.
fn scan(all: &BTreeMap<u16, Point>, from: Point, k: usize, within: Meters) -> Vec<f64> {
    let mut distances: Vec<f64> =
        all.values().map(|&point| distance(from, point).get()).filter(|&d| d <= within.get()).collect();
    distances.sort_by(f64::total_cmp);
    distances.truncate(k);
    distances
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn nearest_equals_a_scan_of_everything(
        changes in prop::collection::vec(any_change(), 0..150),
        queries in prop::collection::vec((any_point(), 0usize..90, prop_oneof![Just(500.0), Just(5_000.0), 0.0..2.1e7]), 1..8),
    ) {
        let mut index = NearIndex::new(Resolution::INDEX);
        let mut all = BTreeMap::new();
        for change in changes {
            match change {
                Change::Put(key, point) => {
                    index.put(key, point);
                    all.insert(key, point);
                }
                Change::Remove(key) => prop_assert_eq!(index.remove(&key), all.remove(&key).is_some()),
            }
        }
        prop_assert_eq!(index.len(), all.len());
        for (&key, &point) in &all {
            prop_assert_eq!(index.get(&key), Some(point));
        }
        for (from, k, within) in queries {
            let within = Meters::new(within).unwrap();
            let found: Vec<f64> = index.nearest(from, k, within).iter().map(|near| near.distance.get()).collect();
            let expected = scan(&all, from, k, within);
            prop_assert_eq!(found.len(), expected.len());
            for (a, b) in found.iter().zip(&expected) {
                prop_assert!((a - b).abs() < 1e-6, "{} is not {}", a, b);
            }
        }
    }
}

#[test]
fn an_emptied_index_answers_nothing_and_can_be_filled_again() {
    let here = Point::new(40.75, -73.98).unwrap();
    let mut index = NearIndex::new(Resolution::INDEX);
    for round in 0..3 {
        for key in 0..50u32 {
            index.put(key, Point::new(40.7 + f64::from(key) * 0.001, -73.98).unwrap());
        }
        assert_eq!(index.nearest(here, 3, Meters::whole(100_000)).len(), 3, "round {round}");
        for key in 0..50 {
            assert!(index.remove(&key));
        }
        assert!(index.is_empty());
        assert!(index.nearest(here, 3, Meters::whole(20_000_000)).is_empty());
    }
}

#[test]
fn only_those_who_pass_the_filter_are_counted() {
    let here = Point::new(40.75, -73.98).unwrap();
    let mut index = NearIndex::new(Resolution::INDEX);
    for key in 0..20u32 {
        index.put(key, Point::new(40.75 + f64::from(key) * 0.001, -73.98).unwrap());
    }
    let even: Vec<u32> = index
        .nearest_where(here, 3, Meters::whole(5_000), |key| key % 2 == 0)
        .into_iter()
        .map(|near| near.key)
        .collect();
    assert_eq!(even, [0, 2, 4]);
}
