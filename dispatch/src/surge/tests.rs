use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::ShardId;

/// A hundred metres north are about 0.0009 degrees.
fn north(metres: f64) -> Point {
    Point::new(40.75 + metres / 111_195.0, -73.98).unwrap()
}

fn at(minute: u64) -> Timestamp {
    Timestamp::from_millis(1_000_000_000 + minute * 60_000)
}

/// A town square that is told minute by minute who came and who was free.
struct Square {
    map: SurgeMap,
    policy: SurgePolicy,
    minute: u64,
    riders: u64,
}

impl Square {
    fn new(policy: SurgePolicy) -> Square {
        Square { map: SurgeMap::default(), policy, minute: 0, riders: 0 }
    }

    /// So many requests come to the square, and at the end of the minute so many drivers are free there.
    fn minute(&mut self, requests: usize, drivers: usize) -> u16 {
        for _ in 0..requests {
            self.riders += 1;
            let home = ShardId::of(north(0.0), Resolution::SHARD);
            let trip = TripId::new(at(self.minute), home, self.riders);
            self.map.wanted(at(self.minute), &self.policy, trip, north(0.0));
        }
        self.minute += 1;
        self.map.refresh(at(self.minute), &self.policy, vec![north(0.0); drivers], []);
        self.map.at(&self.policy, north(0.0)).get()
    }
}

#[test]
fn the_curve_is_the_one_that_is_written_down() {
    let policy = SurgePolicy { max: 1_000, ..SurgePolicy::default() };
    let percent = |demand, supply| target(&policy, demand, supply);
    assert_eq!([percent(10.0, 10.0), percent(20.0, 10.0), percent(30.0, 10.0)], [100.0, 150.0, 250.0]);
    assert_eq!(percent(15.0, 10.0), 125.0);
    assert_eq!(percent(5.0, 10.0), 75.0);
    assert_eq!(percent(3.9, 0.0), 0.0, "too few to tell");
    assert_eq!(target(&SurgePolicy::default(), 100.0, 1.0), 250.0, "the cap");
}

#[test]
fn rides_cost_more_where_riders_outnumber_drivers_and_around() {
    let mut square = Square::new(SurgePolicy::default());
    let price = square.minute(12, 2);
    assert!((110..=250).contains(&price) && price.is_multiple_of(10), "{price}");
    assert_eq!(square.map.at(&square.policy, north(20_000.0)), Surge::NONE, "not across the city");
    let surging: Vec<_> = square.map.surging().iter().map(|(surge, cells)| (surge.get(), *cells)).collect();
    assert_eq!(surging, [(price, 1)]);
}

#[test]
fn what_happens_next_door_counts_by_its_share() {
    let policy = SurgePolicy { spread: 50, hold: Duration::ZERO, ..SurgePolicy::default() };
    let home = ShardId::of(north(0.0), Resolution::SHARD);
    let mut map = SurgeMap::default();
    let square = cell(&policy, north(0.0));
    let around = square.neighbours();
    // 24 riders at the square, one driver at each of the six corners around it and one in the middle.
    for rider in 0..24 {
        map.wanted(at(0), &policy, TripId::new(at(0), home, rider), square.centre());
    }
    let drivers: Vec<Point> = around.iter().chain([&square]).map(|cell| cell.centre()).collect();
    map.refresh(at(1), &policy, drivers, []);
    // Middle: 12 requests, 0.5 + 6/12 drivers: the cap. Around: 2 requests: too few to tell.
    assert_eq!(map.at(&policy, square.centre()).get(), policy.max);
    assert_eq!(map.at(&policy, around[0].centre()), Surge::NONE);
    let alone = SurgePolicy { spread: 0, ..policy };
    let mut map = SurgeMap::default();
    for rider in 0..6 {
        map.wanted(at(0), &alone, TripId::new(at(0), home, rider), square.centre());
    }
    map.refresh(at(1), &alone, vec![square.centre(); 4], []);
    assert_eq!(map.at(&alone, square.centre()).get(), 120, "6 to 4 are 125 %, of which whole steps count");
}

#[test]
fn with_enough_drivers_or_too_few_riders_nothing_rises() {
    let mut square = Square::new(SurgePolicy::default());
    assert_eq!((0..60).map(|_| square.minute(3, 40)).max(), Some(100));
    let mut square = Square::new(SurgePolicy::default());
    assert_eq!(square.minute(3, 0), 100, "three are too few to tell");
    let mut off = Square::new(SurgePolicy { max: 100, ..SurgePolicy::default() });
    assert_eq!((off.minute(100, 0), off.map.deadline()), (100, None));
}

#[test]
fn when_the_rush_is_over_prices_come_back_and_the_map_is_forgotten() {
    let mut square = Square::new(SurgePolicy::default());
    (0..10).for_each(|_| {
        square.minute(10, 2);
    });
    assert_eq!(square.minute(10, 2), 250);
    let prices: Vec<u16> = (0..90).map(|_| square.minute(0, 10)).collect();
    assert!(prices.is_sorted_by(|a, b| a >= b), "{prices:?}");
    assert_eq!(prices.last(), Some(&100));
    (0..120).for_each(|_| {
        square.minute(0, 0);
    });
    assert_eq!((square.map.deadline(), square.map.cells.len()), (None, 0), "nothing left to watch, nobody is woken");
}

#[test]
fn riders_who_wait_count_and_a_trip_counts_once() {
    let policy = SurgePolicy { spread: 0, ..SurgePolicy::default() };
    let mut map = SurgeMap::default();
    let trip = TripId::new(at(0), ShardId::of(north(0.0), Resolution::SHARD), 1);
    (0..100).for_each(|_| map.wanted(at(0), &policy, trip, north(0.0)));
    map.refresh(at(1), &policy, [north(0.0)], []);
    assert_eq!(map.at(&policy, north(0.0)), Surge::NONE, "one rider, however often the search began anew");
    map.refresh(at(2), &policy, [north(0.0)], vec![north(0.0); 10]);
    assert!(map.at(&policy, north(0.0)) > Surge::NONE, "ten who stand there and wait");
}

#[test]
fn a_demand_that_swings_each_minute_does_not_make_the_price_swing() {
    let mut square = Square::new(SurgePolicy::default());
    let prices: Vec<u16> = (0..240).map(|minute| square.minute(if minute % 2 == 0 { 3 } else { 1 }, 6)).collect();
    assert!(prices.contains(&120), "{prices:?}");
    let changes = prices.windows(2).skip(20).filter(|pair| pair[0] != pair[1]).count();
    assert_eq!(changes, 0, "{prices:?}");
}

#[test]
fn memory_is_bounded_and_says_what_it_sheds() {
    let policy = SurgePolicy { resolution: 10, ..SurgePolicy::default() };
    let home = ShardId::of(north(0.0), Resolution::SHARD);
    let mut map = SurgeMap::default();
    for rider in 0..CELLS_MAX as u64 + 1_000 {
        let (lat, lon) = (rider / 200, rider % 200);
        let place = Point::new(10.0 + lat as f64 * 0.01, 10.0 + lon as f64 * 0.01).unwrap();
        map.wanted(at(0), &policy, TripId::new(at(0), home, rider), place);
    }
    assert_eq!((map.cells.len(), map.shed()), (CELLS_MAX, 1_000));
    assert_eq!(map.counted.len(), COUNTED_MAX);
}

fn any_policy() -> impl Strategy<Value = SurgePolicy> {
    (100..=1_000_u16, 60..1_000_u64, 11..=45_u16, 0..900_u64, 0..=90_u8).prop_map(
        |(max, window, fall_margin, hold, spread)| SurgePolicy {
            max,
            window: Duration::from_secs(window),
            fall_margin,
            hold: Duration::from_secs(hold),
            spread,
            ..SurgePolicy::default()
        },
    )
}

proptest! {
    #[test] // whatever the day brings
    fn prices_stay_within_bounds_rest_after_a_change_and_repeat(
        policy in any_policy(),
        day in prop::collection::vec((0..30_usize, 0..30_usize), 1..120),
    ) {
        let (mut square, mut again) = (Square::new(policy.clone()), Square::new(policy.clone()));
        let (mut price, mut changed_at) = (100, None);
        for (requests, drivers) in day {
            let now = square.minute(requests, drivers);
            prop_assert_eq!(now, again.minute(requests, drivers));
            prop_assert!((100..=policy.max).contains(&now));
            if now != price {
                let rested = changed_at.is_none_or(|before| at(square.minute).since(before) >= policy.hold);
                prop_assert!(rested, "{} to {} too soon", price, now);
                (price, changed_at) = (now, Some(at(square.minute)));
            }
        }
        // And when everybody has gone home, it is over.
        (0..400).for_each(|_| { square.minute(0, 1); });
        prop_assert_eq!(square.minute(0, 1), 100);
    }
}

#[test]
fn a_dear_square_is_as_dear_under_the_next_owner_and_falls_as_it_would_have_fallen() {
    let mut square = Square::new(SurgePolicy::default());
    for _ in 0..10 {
        square.minute(6, 2);
    }
    let dear = square.map.at(&square.policy, north(0.0));
    assert!(dear > Surge::NONE);
    let now = at(square.minute);
    let mut after = SurgeMap::default();
    after.take_up(now, &square.policy, now, &square.map.hand_on());
    assert_eq!(after.at(&square.policy, north(0.0)), dear);
    assert_eq!(after.surging(), square.map.surging());
    assert_eq!(after.deadline(), Some(now + square.policy.every), "it thinks again by itself");
    square.map = after;
    for _ in 0..60 {
        square.minute(0, 6);
    }
    assert_eq!(square.map.at(&square.policy, north(0.0)), Surge::NONE);
}

#[test]
fn prices_that_are_old_of_another_map_or_out_of_all_bounds_are_not_taken_up() {
    let policy = SurgePolicy::default();
    let cell = Cell::at(north(0.0), Resolution::new(policy.resolution).unwrap());
    let dear = LearnedPrice { cell, demand: 20.0, supply: 1.0, surge: Surge::MAX };
    let now = at(100);
    let taken = |learned_at, price: LearnedPrice, policy: &SurgePolicy| {
        let mut map = SurgeMap::default();
        map.take_up(now, policy, learned_at, &[price]);
        map.at(policy, north(0.0)).get()
    };
    assert_eq!(taken(now, dear, &policy), policy.max, "no more than this city asks for at most");
    assert_eq!(taken(at(89), dear, &policy), 100, "what was so eleven minutes ago");
    let other = Cell::at(north(0.0), Resolution::new(policy.resolution - 1).unwrap());
    assert_eq!(taken(now, LearnedPrice { cell: other, ..dear }, &policy), 100);
    assert_eq!(taken(now, dear, &SurgePolicy { max: 100, ..policy.clone() }), 100, "there are no prices here");
    let mut map = SurgeMap::default();
    map.take_up(now, &policy, now, &[LearnedPrice { demand: f64::NAN, supply: f64::INFINITY, ..dear }]);
    map.refresh(now + policy.every, &policy, [], []);
    assert!(map.hand_on().iter().all(|price| price.demand.is_finite() && price.supply.is_finite()));
}
