use std::time::Duration;

use proptest::prelude::*;

use oracle::{Change, Everything};

use super::angles::{Angles, Ruler};
use super::ground::{Ground, clearance, reach};
use super::*;
use crate::Meters;

mod oracle;

fn around(lat: f64, lon: f64, spread: f64) -> impl Strategy<Value = Point> {
    (-spread..spread, -spread..spread).prop_map(move |(dlat, dlon)| {
        let lon = (lon + dlon + 540.0).rem_euclid(360.0) - 180.0;
        Point::new((lat + dlat).clamp(-90.0, 90.0), lon).unwrap()
    })
}

/// Points where an index goes wrong first: seams, poles, pentagons, the edges of the icosahedron, one crowded street,
/// the corners of a cell, anywhere.
fn any_point() -> impl Strategy<Value = Point> {
    prop_oneof![
        around(40.75, -73.98, 0.05),
        around(40.75, -73.98, 0.000_05),
        around(0.0, 180.0, 0.02),
        around(90.0, 0.0, 0.02),
        around(-90.0, 0.0, 0.02),
        around(69.65, 18.96, 0.03),
        around(79.999, 10.0, 0.02),
        around(64.7, 10.536, 0.01),         // the pentagon in the Norwegian Sea
        around(50.103_2, -143.478_5, 0.02), // the pentagon in the Gulf of Alaska
        around(26.565, 0.0, 0.05),          // near an edge of the icosahedron
        corner_of_a_cell(),
        (-90.0..=90.0, -180.0..=180.0).prop_map(|(lat, lon)| Point::new(lat, lon).unwrap()),
    ]
}

/// Within a metre of a corner of some cell of New York.
fn corner_of_a_cell() -> impl Strategy<Value = Point> {
    (around(40.75, -73.98, 0.01), 0usize..6, -1e-5..1e-5, -1e-5..1e-5).prop_map(|(near, corner, dlat, dlon)| {
        let corners = Cell::at(near, Resolution::INDEX).outline();
        let corner = corners[corner % corners.len()];
        Point::new(corner.lat() + dlat, corner.lon() + dlon).unwrap()
    })
}

fn any_change() -> impl Strategy<Value = Change> {
    prop_oneof![
        6 => (0u16..80, any_point(), 0u32..16, 0i64..100).prop_map(|(key, at, tags, ms)| Change::Put(key, at, tags, ms)),
        1 => prop::collection::vec((0u16..80, any_point(), 0i64..100), 0..40).prop_map(Change::Move),
        1 => (0u16..80).prop_map(Change::Remove),
        1 => (0u16..80, 0u32..16).prop_map(|(key, tags)| Change::Retag(key, tags)),
    ]
}

fn any_search() -> impl Strategy<Value = Search> {
    let within = prop_oneof![Just(500.0), Just(5_000.0), 0.0..60_000.0, 0.0..2.1e7];
    let age = prop::option::of((0u64..120).prop_map(Duration::from_millis));
    (within, 0u32..4, 0u32..4, 0u32..2, age).prop_map(|(within, all, any, none, age)| {
        let within = Meters::new(within).unwrap();
        Search { all: Tags(all), any: Tags(any << 1), none: Tags(none << 3), ..Search::within(within) }.seen(100, age)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(250))]

    #[test]
    fn nearest_equals_a_scan_of_everything(
        resolution in prop_oneof![4 => Just(None), 2 => Just(Some(9u8)), 1 => (0u8..=12).prop_map(Some)],
        changes in prop::collection::vec(any_change(), 0..150),
        queries in prop::collection::vec((any_point(), 0usize..90, any_search()), 1..8),
    ) {
        let mut index = resolution.map_or_else(NearIndex::new, |fixed| NearIndex::with_cells(Resolution::new(fixed).unwrap()));
        let mut all = Everything::default();
        for change in changes {
            all.apply(&mut index, change);
        }
        all.check(&index).map_err(TestCaseError::fail)?;
        for thing in all.0.values() {
            prop_assert_eq!(thing.point, Angles::of(thing.point).point());
        }
        for (from, k, search) in queries {
            all.ask(&index, from, k, &search).map_err(TestCaseError::fail)?;
            let mut everything: Vec<u16> = index.all(from, &search).iter().map(|near| *near.key()).collect();
            everything.sort_unstable();
            let mut nearest: Vec<u16> = index.nearest(from, index.len(), &search).iter().map(|near| *near.key()).collect();
            nearest.sort_unstable();
            prop_assert_eq!(everything, nearest, "all there is, is what any number of nearest are");
        }
    }

    #[test]
    fn a_crowd_is_scanned_to_the_last(
        seed in any::<u64>(), centre in any_point(), spread in 0.0005..0.2f64, k in 1usize..60, within in 10.0..30_000.0f64,
    ) {
        let mut index = NearIndex::new();
        let mut all = Everything::default();
        let mut chance = seed;
        let mut unit = || {
            chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (chance >> 11) as f64 / (1u64 << 53) as f64 * 2.0 - 1.0
        };
        let mut somewhere = |scale: f64| {
            let lon = (centre.lon() + unit() * scale + 540.0).rem_euclid(360.0) - 180.0;
            Point::new((centre.lat() + unit() * scale).clamp(-90.0, 90.0), lon).unwrap()
        };
        for key in 0..1_500 {
            all.apply(&mut index, Change::Put(key, somewhere(spread), 0, 0));
        }
        for key in 0..1_500 {
            all.apply(&mut index, Change::Put(key, somewhere(spread), 0, 0));
        }
        let search = Search::within(Meters::new(within).unwrap());
        for _ in 0..4 {
            all.ask(&index, somewhere(spread * 1.2), k, &search).map_err(TestCaseError::fail)?;
        }
    }
}

proptest! {
    #[test]
    fn a_batch_of_moves_ends_like_one_move_after_the_other(
        starts in prop::collection::vec(any_point(), 1..20),
        moves in prop::collection::vec((0usize..20, any_point(), 0i64..100), 0..100),
    ) {
        let (mut one, mut many) = (NearIndex::new(), NearIndex::new());
        let enter = |index: &mut NearIndex<usize>| -> Vec<Handle> {
            starts.iter().enumerate().map(|(key, at)| index.insert(key, Tags::NONE, Fix::at(*at, 0))).collect()
        };
        let (ones, manys) = (enter(&mut one), enter(&mut many));
        let fix = |(who, at, ms): &(usize, Point, i64)| (who % starts.len(), Fix::at(*at, *ms));
        for (who, fix) in moves.iter().map(fix) {
            one.update(&ones[who], fix);
        }
        many.update_all(moves.iter().map(fix).map(|(who, fix)| (&manys[who], fix)));
        let everything = Search::within(Meters::whole(21_000_000)).seen(100, None);
        let told = |index: &NearIndex<usize>| -> Vec<(usize, Point, Duration)> {
            let all = index.in_order(starts[0], &everything);
            all.map(|near| (*near.key(), near.point(), near.age())).collect()
        };
        prop_assert_eq!(told(&one), told(&many));
        // How large its cells are, an index chooses by what it has been through: who left and came back within a batch never left.
        for (index, handles) in [(&one, &ones), (&many, &manys)] {
            for handle in handles {
                prop_assert_eq!(index.cell(handle), Cell::at(index.point(handle), index.resolution()));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn a_cell_never_says_yes_to_a_point_outside(
        point in any_point(), resolution in 3u8..=12, east in -1.0..1.0f64, north in -1.0..1.0f64,
    ) {
        let resolution = Resolution::new(resolution).unwrap();
        let cell = Cell::at(point, resolution);
        let wide = 1.3 * cell.reach().get() / 111_195.0;
        let stretch = 1.0 / cell.centre().lat().to_radians().cos().max(1e-3);
        let lon = (cell.centre().lon() + east * wide * stretch + 540.0).rem_euclid(360.0) - 180.0;
        let at = Angles::of(Point::new((cell.centre().lat() + north * wide).clamp(-90.0, 90.0), lon).unwrap());
        if Ground::of(cell).holds(at) {
            prop_assert_eq!(Cell::at(at.point(), resolution), cell);
        }
    }

    #[test]
    fn reach_and_clearance_keep_their_word(
        point in any_point(), resolution in 3u8..=12, east in -1.0..1.0f64, north in -1.0..1.0f64,
    ) {
        let resolution = Resolution::new(resolution).unwrap();
        let cell = Cell::at(point, resolution);
        let wide = 6.0 * cell.reach().get() / 111_195.0;
        let stretch = 1.0 / cell.centre().lat().to_radians().cos().max(1e-3);
        let lon = (cell.centre().lon() + east * wide * stretch + 540.0).rem_euclid(360.0) - 180.0;
        let at = Point::new((cell.centre().lat() + north * wide).clamp(-90.0, 90.0), lon).unwrap();
        let away = Ruler::new(cell.centre(), Meters::ZERO).exact(Angles::of(at));
        let near = cell.disk(2);
        let third: Vec<Cell> = cell.disk(3).into_iter().filter(|other| !near.contains(other)).collect();
        let filed = Cell::at(at, resolution);
        if filed == cell {
            prop_assert!(away <= reach(cell), "{away} m, the reach is {}", reach(cell));
        }
        if !near.contains(&filed) {
            prop_assert!(away >= clearance(cell, &third), "{away} m, the clearance is {}", clearance(cell, &third));
        }
    }
}

#[test]
fn cells_within_two_rings_are_so_for_each_other_also_around_pentagons() {
    for resolution in [5, 7, 8, 9] {
        for pentagon in h3o::Resolution::try_from(resolution).unwrap().pentagons() {
            let pentagon = Cell::from_bits(u64::from(pentagon)).unwrap();
            for cell in pentagon.disk(5) {
                let near = cell.disk(2);
                assert!(near.len() <= 19, "{cell} has {}", near.len());
                assert!(near.iter().all(|other| other.disk(2).contains(&cell)), "{cell}");
            }
        }
    }
}

#[test]
fn most_moves_within_a_cell_take_the_fast_path() {
    let cell = Cell::at(Point::new(40.75, -73.98).unwrap(), Resolution::INDEX);
    let ground = Ground::of(cell);
    let (mut inside, mut sure) = (0, 0);
    for step in 0..10_000 {
        let (north, east) = (f64::from(step % 100 - 50) * 5e-5, f64::from(step / 100 - 50) * 5e-5);
        let point = Point::new(cell.centre().lat() + north, cell.centre().lon() + east).unwrap();
        inside += usize::from(Cell::at(point, Resolution::INDEX) == cell);
        sure += usize::from(ground.holds(Angles::of(point)));
    }
    assert!(inside > 3_000, "the grid of points covers the cell: {inside}");
    assert!(sure * 100 >= inside * 99, "{sure} of {inside}");
}

#[test]
fn an_emptied_index_answers_nothing_and_can_be_filled_again() {
    let here = Point::new(40.75, -73.98).unwrap();
    let everywhere = Search::within(Meters::whole(20_000_000));
    let mut index = NearIndex::new();
    for round in 0..3 {
        let at = |key: u32| Point::new(40.7 + f64::from(key) * 0.001, -73.98).unwrap();
        let handles: Vec<Handle> = (0..50).map(|key| index.insert(key, Tags::NONE, Fix::at(at(key), 0))).collect();
        assert_eq!(index.nearest(here, 3, &Search::within(Meters::whole(100_000))).len(), 3, "round {round}");
        for handle in handles {
            index.remove(handle);
        }
        assert!(index.is_empty());
        assert!(index.nearest(here, 3, &everywhere).is_empty());
    }
}

#[test]
fn empty_cells_are_forgotten_and_nobody_is_lost() {
    let everywhere = Search::within(Meters::whole(20_000_000));
    let mut index = NearIndex::new();
    let at = |step: u32| Point::new(40.0 + f64::from(step) * 0.01, -73.98).unwrap();
    let handles: Vec<Handle> = (0..20).map(|key| index.insert(key, Tags::NONE, Fix::at(at(key), 0))).collect();
    for step in 0..2_000 {
        for (handle, key) in handles.iter().zip(0..) {
            index.update(handle, Fix::at(at((step + key) % 2_000), i64::from(step)));
        }
    }
    let bytes = index.heap_bytes();
    assert!(bytes < 1_000_000, "2,000 cells were entered and all but 20 left: {bytes} bytes");
    let found = index.nearest(at(1_999), 30, &everywhere);
    assert_eq!(found.len(), 20);
    assert_eq!((*found[0].key(), found[0].distance().get() < 0.01), (0, true));
}

#[test]
fn cells_grow_with_a_thin_crowd_and_shrink_with_a_thick_one() {
    let mut index = NearIndex::new();
    let at = |key: u32, apart: f64| {
        let (row, column) = (f64::from(key / 100), f64::from(key % 100));
        Fix::at(Point::new(40.0 + row * apart, -74.0 + column * apart).unwrap(), 0)
    };
    let handles: Vec<Handle> = (0..10_000).map(|key| index.insert(key, Tags::NONE, at(key, 0.001))).collect();
    assert_eq!(index.resolution().get(), 9);
    index.update_all(handles.iter().zip(0..).map(|(handle, key)| (handle, at(key, 0.02))));
    assert_eq!(index.resolution().get(), 7);
    index.update_all(handles.iter().zip(0..).map(|(handle, key)| (handle, at(key, 0.000_5))));
    assert_eq!(index.resolution().get(), 9);
    assert_eq!(index.nearest(index.point(&handles[77]), 1, &Search::within(Meters::whole(10)))[0].key(), &77);
}

#[test]
fn an_answer_tells_age_heading_accuracy_and_marks() {
    let here = Point::new(40.75, -73.98).unwrap();
    let mut index = NearIndex::new();
    let accuracy = Some(Meters::new(12.3).unwrap());
    let fix = Fix { point: here, seen_ms: 4_000, heading: Some(359.999), accuracy };
    let _handle = index.insert("ann", Tags(5), fix);
    let search = Search::within(Meters::whole(10)).seen(9_500, Some(Duration::from_secs(6)));
    let found = index.nearest(here, 1, &search);
    assert_eq!(found[0].age(), Duration::from_millis(5_500));
    assert_eq!((found[0].heading(), found[0].accuracy(), found[0].tags()), (Some(0.0), accuracy, Tags(5)));
    assert!(index.nearest(here, 1, &search.seen(10_001, Some(Duration::from_secs(6)))).is_empty());
}

#[test]
fn only_those_who_pass_the_filter_are_counted() {
    let here = Point::new(40.75, -73.98).unwrap();
    let mut index = NearIndex::new();
    let at = |key: u32| Fix::at(Point::new(40.75 + f64::from(key) * 0.001, -73.98).unwrap(), 0);
    let _handles: Vec<Handle> = (0..20).map(|key| index.insert(key, Tags::NONE, at(key))).collect();
    let search = Search::within(Meters::whole(5_000));
    let even = index.nearest_where(here, 3, &search, |key| key % 2 == 0);
    assert_eq!(even.iter().map(|near| *near.key()).collect::<Vec<_>>(), [0, 2, 4]);
}
