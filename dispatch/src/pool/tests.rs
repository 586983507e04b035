use std::time::Duration;

use proptest::prelude::*;

use super::*;

mod batch;
mod oracle;

use oracle::{cheapest_of_all, keeps_every_promise};

/// How many places a random city has.
const PLACES: usize = 12;

/// Times between places without any rule, as a fifth of the cases want them, or along a line.
#[derive(Clone, Debug)]
pub(super) struct Times(Vec<u64>);

impl StopTimes for Times {
    fn millis(&self, from: usize, to: usize) -> u64 {
        if from == to { 0 } else { self.0[from * PLACES + to] }
    }
}

pub(super) fn any_times() -> impl Strategy<Value = Times> {
    let wild = prop::collection::vec(prop_oneof![20 => 1_u64..300, 1 => Just(NO_WAY_MS)], PLACES * PLACES);
    let plane = prop::collection::vec((0_u64..150, 0_u64..150), PLACES).prop_map(|points| {
        let apart = |a: &(u64, u64), b: &(u64, u64)| a.0.abs_diff(b.0) + a.1.abs_diff(b.1);
        points.iter().flat_map(|from| points.iter().map(move |to| apart(from, to))).collect()
    });
    prop_oneof![1 => wild, 4 => plane].prop_map(Times)
}

pub(super) fn to_come() -> impl Strategy<Value = Rider> {
    (1_u8..=2, 0..PLACES, 0_u64..700, 0..PLACES, 50_u64..500).prop_map(|(seats, pickup, by, dropoff, ride_max_ms)| {
        Rider { seats, leg: Leg::ToCome { pickup, pickup_by_ms: 1_000 + by, dropoff, ride_max_ms } }
    })
}

fn aboard() -> impl Strategy<Value = Rider> {
    (1_u8..=2, 0..PLACES, 100_u64..900)
        .prop_map(|(seats, dropoff, by)| Rider { seats, leg: Leg::Aboard { dropoff, dropoff_by_ms: 1_000 + by } })
}

pub(super) fn any_car(aboard_max: usize, to_come_max: usize) -> impl Strategy<Value = Car> {
    let riders = (prop::collection::vec(aboard(), 0..=aboard_max), prop::collection::vec(to_come(), 0..=to_come_max));
    (0..PLACES, 2_u8..=4, riders).prop_map(|(place, seats, (aboard, to_come))| {
        let mut riders: Vec<Rider> = Vec::new();
        for rider in aboard {
            // Nobody sits on anybody's knees.
            if riders.iter().map(|rider| rider.seats).sum::<u8>() + rider.seats <= seats {
                riders.push(rider);
            }
        }
        riders.extend(to_come);
        Car { place, at_ms: 1_000, seats, riders }
    })
}

pub(super) fn any_policy() -> impl Strategy<Value = PoolingPolicy> {
    (0_u64..20, 0_u64..20, 1_u32..5, 0_u32..3).prop_map(|(boarding, alighting, drive_weight, rider_weight)| {
        PoolingPolicy {
            boarding: Duration::from_millis(boarding),
            alighting: Duration::from_millis(alighting),
            drive_weight,
            rider_weight,
            ..PoolingPolicy::default()
        }
    })
}

fn with(car: &Car, rider: &Rider) -> Car {
    let mut car = car.clone();
    car.riders.push(*rider);
    car
}

/// Compares one insertion with every order there is.
fn is_the_best_of_all(car: &Car, rider: &Rider, policy: &PoolingPolicy, times: &Times) -> Result<(), TestCaseError> {
    let full = with(car, rider);
    let (before, after) = (cheapest_of_all(car, policy, times), cheapest_of_all(&full, policy, times));
    let expected = before.zip(after).map(|(before, after)| (after, after as i64 - before as i64));
    let found = insert(car, rider, policy, times);
    prop_assert_eq!(found.as_ref().map(|found| (found.schedule.cost, found.added_cost)), expected);
    if let Some(found) = found {
        prop_assert!(found.schedule.exact);
        prop_assert_eq!(keeps_every_promise(&full, &found.schedule, policy, times), Ok(()));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn an_insertion_is_the_best_of_all_orders(
        car in any_car(2, 2), rider in to_come(), policy in any_policy(), times in any_times(),
    ) {
        is_the_best_of_all(&car, &rider, &policy, &times)?;
    }

    #[test]
    fn a_schedule_is_the_best_of_all_orders(car in any_car(3, 3), policy in any_policy(), times in any_times()) {
        let found = schedule(&car, &policy, &times);
        prop_assert_eq!(found.as_ref().map(|found| found.cost), cheapest_of_all(&car, &policy, &times));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Four riders have the seats of a car and a fifth asks: ten stops, 113,400 orders.
    #[test]
    fn a_fifth_rider_is_inserted_exactly_into_a_car_of_four(
        car in any_car(0, 4), rider in to_come(), policy in any_policy(), times in any_times(),
    ) {
        let car = Car { seats: 4, ..car };
        is_the_best_of_all(&car, &rider, &policy, &times)?;
    }
}

/// A line of places, a second apart each.
fn line(from: usize, to: usize) -> u64 {
    from.abs_diff(to) as u64 * 1_000
}

fn plain() -> PoolingPolicy {
    PoolingPolicy { boarding: Duration::ZERO, alighting: Duration::ZERO, ..PoolingPolicy::default() }
}

fn waits(pickup: usize, pickup_by_ms: u64, dropoff: usize, ride_max_ms: u64) -> Rider {
    Rider { seats: 1, leg: Leg::ToCome { pickup, pickup_by_ms, dropoff, ride_max_ms } }
}

#[test]
fn five_riders_without_any_bound_are_still_exact() {
    let far = u64::MAX;
    let riders = vec![waits(3, far, 9, far), waits(8, far, 1, far), waits(5, far, 0, far), waits(2, far, 7, far)];
    let car = Car { place: 4, at_ms: 0, seats: 4, riders };
    let found = insert(&car, &waits(6, far, 4, far), &plain(), &line).unwrap();
    assert!(found.schedule.exact);
}

#[test]
fn a_search_that_is_cut_off_says_so_and_still_keeps_every_promise() {
    let far = u64::MAX;
    let riders: Vec<Rider> = (0..7).map(|rider| waits(rider * 5 % 12, far, rider * 7 % 12, far)).collect();
    let car = Car { place: 4, at_ms: 0, seats: 4, riders };
    let policy = PoolingPolicy { riders_max: 8, search_steps_max: 1_000, ..plain() };
    let found = insert(&car, &waits(6, far, 4, far), &policy, &line).unwrap();
    assert!(!found.schedule.exact);
    let times = Times((0..PLACES).flat_map(|from| (0..PLACES).map(move |to| line(from, to))).collect());
    assert_eq!(keeps_every_promise(&with(&car, &waits(6, far, 4, far)), &found.schedule, &policy, &times), Ok(()));
}

#[test]
fn someone_on_the_way_costs_nothing_to_drive() {
    let aboard = Rider { seats: 1, leg: Leg::Aboard { dropoff: 10, dropoff_by_ms: 12_000 } };
    let car = Car { place: 0, at_ms: 0, seats: 4, riders: vec![aboard] };
    let found = insert(&car, &waits(3, 5_000, 8, 5_000), &plain(), &line).unwrap();
    assert_eq!(found.added_drive_ms, 0);
    let stops: Vec<(Stop, u64)> = found.schedule.visits.iter().map(|visit| (visit.stop, visit.at_ms)).collect();
    assert_eq!(stops, [(Stop::Pickup(1), 3_000), (Stop::Dropoff(1), 8_000), (Stop::Dropoff(0), 10_000)]);
}

#[test]
fn nobody_is_taken_at_the_cost_of_a_promise_to_someone_aboard() {
    let aboard = Rider { seats: 1, leg: Leg::Aboard { dropoff: 10, dropoff_by_ms: 11_000 } };
    let car = Car { place: 2, at_ms: 0, seats: 4, riders: vec![aboard] };
    // Back to 0 and on to 10 would be 12 s; afterwards it is too late for the one who waits.
    assert_eq!(insert(&car, &waits(0, 10_000, 9, 60_000), &plain(), &line), None);
    assert!(insert(&car, &waits(0, 60_000, 9, 60_000), &plain(), &line).is_some());
}

#[test]
fn a_car_that_is_late_already_takes_nobody() {
    let late = Rider { seats: 1, leg: Leg::Aboard { dropoff: 10, dropoff_by_ms: 3_000 } };
    let car = Car { place: 0, at_ms: 0, seats: 4, riders: vec![late] };
    assert_eq!(schedule(&car, &plain(), &line), None);
    assert_eq!(insert(&car, &waits(10, 60_000, 11, 60_000), &plain(), &line), None);
}

#[test]
fn a_full_car_lets_someone_out_first() {
    let aboard = Rider { seats: 2, leg: Leg::Aboard { dropoff: 6, dropoff_by_ms: 60_000 } };
    let car = Car { place: 0, at_ms: 0, seats: 2, riders: vec![aboard] };
    let found = insert(&car, &waits(3, 60_000, 9, 60_000), &plain(), &line).unwrap();
    assert_eq!(found.schedule.visits.first().map(|visit| visit.stop), Some(Stop::Dropoff(0)));
    assert_eq!(insert(&car, &Rider { seats: 3, ..waits(3, 60_000, 9, 60_000) }, &plain(), &line), None);
}

#[test]
fn a_policy_that_came_to_allow_fewer_seats_leaves_those_aboard_where_they_are() {
    let aboard = |dropoff| Rider { seats: 1, leg: Leg::Aboard { dropoff, dropoff_by_ms: 60_000 } };
    let car = Car { place: 0, at_ms: 0, seats: 4, riders: vec![aboard(1), aboard(2), aboard(9)] };
    let policy = PoolingPolicy { seats: 2, ..plain() };
    let found = insert(&car, &waits(5, 60_000, 8, 60_000), &policy, &line).unwrap();
    let before: Vec<Stop> = found.schedule.visits.iter().map(|visit| visit.stop).take(2).collect();
    assert_eq!(before, [Stop::Dropoff(0), Stop::Dropoff(1)], "two of the three must be out before one gets in");
}

#[test]
fn more_riders_than_the_policy_allows_are_not_taken() {
    let car = Car { place: 0, at_ms: 0, seats: 4, riders: vec![waits(1, 60_000, 2, 60_000); 2] };
    let policy = PoolingPolicy { riders_max: 2, ..plain() };
    assert_eq!(insert(&car, &waits(1, 60_000, 2, 60_000), &policy, &line), None);
    assert!(insert(&car, &waits(1, 60_000, 2, 60_000), &plain(), &line).is_some());
}
