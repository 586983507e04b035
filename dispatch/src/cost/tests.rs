use std::collections::BTreeSet;

use geo::{Meters, Point, Resolution};
use proptest::prelude::*;

use super::*;
use crate::{DriverId, Edge, Eta, Needs, Problem, ShardId, TripId, plan};

const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

fn corner() -> Point {
    Point::new(40.75, -73.98).unwrap()
}

fn seeker(waited_s: u64) -> Seeker {
    let requested_at = NOW - Duration::from_secs(waited_s);
    let trip = TripId::new(requested_at, ShardId::of(corner(), Resolution::SHARD), waited_s);
    Seeker {
        trip,
        pickup: corner(),
        pickup_at: None,
        dropoff: corner(),
        needs: Needs::default(),
        requested_at,
        shared: false,
        without: BTreeSet::new(),
        wave: 1,
        widened: 0,
        at_once: true,
    }
}

fn candidate(eta_s: u64) -> Candidate {
    Candidate {
        driver: DriverId::new("ann").unwrap(),
        home: ShardId::of(corner(), Resolution::SHARD),
        distance: Meters::ZERO,
        pickup_eta: Eta { time: Duration::from_secs(eta_s), by: "straight line", instead_of: None },
        point: corner(),
        idle: Duration::ZERO,
        acceptance: 100,
        position_age: Duration::ZERO,
        plausibility: PLAUSIBLE,
        busy_for: None,
    }
}

fn with(weights: Weights) -> Policy {
    Policy { weights, ..Policy::default() }
}

fn cost(weights: Weights, seeker: &Seeker, candidate: &Candidate) -> i64 {
    Factors::of(NOW, &with(weights), seeker, candidate, &Ahead::default()).cost()
}

#[test]
fn each_factor_weighs_what_its_weight_says() {
    let weights = Weights {
        pickup: 1.0,
        waiting: 0.5,
        idle: 0.1,
        idle_max: Duration::from_secs(600),
        refusal: 20.0,
        position_age: 2.0,
        doubt: 40.0,
        ride: 0.25,
        future: 3.0,
    };
    let candidate = Candidate {
        idle: Duration::from_secs(900),
        acceptance: 75,
        position_age: Duration::from_secs(4),
        plausibility: 50,
        ..candidate(100)
    };
    let ahead = Ahead { ride: Duration::from_secs(400), worth_there: 30.0, worth_here: 10.0 };
    let factors = Factors::of(NOW, &with(weights), &seeker(60), &candidate, &ahead);
    let expected = Factors {
        pickup: 100_000,
        waiting: -30_000,
        busy: 0,
        idle: -60_000,
        refusal: 5_000,
        position_age: 8_000,
        doubt: 20_000,
        ride: -100_000,
        future: -60_000,
    };
    assert_eq!(factors, expected);
    assert_eq!(factors.cost(), -117_000);
}

#[test]
fn the_baseline_looks_at_nothing_but_the_pickup() {
    let policy =
        Policy { method: Method::Nearest, ..with(Weights { waiting: 9.0, doubt: 900.0, ..Weights::default() }) };
    let candidate = Candidate { plausibility: 0, acceptance: 0, ..candidate(77) };
    let factors = Factors::of(NOW, &policy, &seeker(300), &candidate, &Ahead::default());
    assert_eq!(factors, Factors { pickup: 77_000, ..Factors::default() });
}

#[test]
fn a_driver_who_waited_longer_goes_before_one_who_is_little_nearer() {
    let (near, idle) = (candidate(100), Candidate { idle: Duration::from_secs(1_800), ..candidate(110) });
    let weights = Weights::default();
    assert!(cost(weights, &seeker(0), &idle) < cost(weights, &seeker(0), &near));
    let far = Candidate { idle: Duration::from_secs(1_800), ..candidate(160) };
    assert!(cost(weights, &seeker(0), &far) > cost(weights, &seeker(0), &near), "but not across the town");
}

#[test]
fn a_time_that_no_number_holds_is_as_bad_as_the_worst() {
    let forever = candidate(u64::MAX / 1_000);
    assert_eq!(Factors::of(NOW, &Policy::default(), &seeker(0), &forever, &Ahead::default()).pickup, i32::MAX);
}

proptest! {
    /// Costs below zero must not keep anyone from a driver, and lifting them must not change who gets whom.
    #[test]
    fn lifting_all_costs_leaves_the_best_plan_the_best(
        costs in prop::collection::vec(prop::collection::vec(prop::option::of(-500_i64..500), 4), 1..5)
    ) {
        let least = |costs: &[Vec<Option<i64>>]| best(costs, 0, &mut [false; 4]);
        let lifted = lift(costs.iter().flatten().flatten().copied());
        let edges = |row: &Vec<Option<i64>>| {
            let edge = |(driver, cost): (usize, &Option<i64>)| cost.map(|cost| Edge { driver, cost: lifted(cost) });
            row.iter().enumerate().filter_map(edge).collect()
        };
        let problem = Problem { riders: costs.iter().map(edges).collect(), drivers: 4 };
        let plan = plan(&problem, Method::Batched);
        let real: i64 = plan.driver_of.iter().enumerate().filter_map(|(rider, driver)| costs[rider][(*driver)?]).sum();
        prop_assert_eq!((plan.matched(), real), least(&costs));
    }
}

/// The most riders matched from this one on, and the least cost of that: through every plan.
fn best(costs: &[Vec<Option<i64>>], rider: usize, taken: &mut [bool; 4]) -> (usize, i64) {
    if rider == costs.len() {
        return (0, 0);
    }
    let mut found = best(costs, rider + 1, taken);
    for driver in 0..4 {
        let (Some(cost), false) = (costs[rider][driver], taken[driver]) else { continue };
        taken[driver] = true;
        let (matched, rest) = best(costs, rider + 1, taken);
        taken[driver] = false;
        let with = (matched + 1, rest + cost);
        if with.0 > found.0 || (with.0 == found.0 && with.1 < found.1) {
            found = with;
        }
    }
    found
}
