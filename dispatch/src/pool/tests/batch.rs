//! Many riders, many cars.

use proptest::prelude::*;

use super::oracle::keeps_every_promise;
use super::*;

fn any_batch() -> impl Strategy<Value = Batch> {
    let wish = (to_come(), prop::option::weighted(0.3, 0_usize..4), prop::collection::vec(0_usize..5, 0..5));
    let wish = wish.prop_map(|(rider, held_by, candidates)| Wish { rider, held_by, candidates });
    (prop::collection::vec(any_car(1, 1), 1..4), prop::collection::vec(wish, 0..7)).prop_map(|(cars, mut wishes)| {
        // Only what a car can do was ever promised.
        let mut full = cars.clone();
        for wish in &mut wishes {
            let holder = wish.held_by.and_then(|car| full.get_mut(car));
            match holder.and_then(|car| insert(car, &wish.rider, &plain(), &line).map(|_| car)) {
                Some(car) => car.riders.push(wish.rider),
                None => wish.held_by = None,
            }
        }
        Batch { cars, wishes }
    })
}

fn line_times() -> Times {
    Times((0..PLACES).flat_map(|from| (0..PLACES).map(move |to| line(from, to))).collect())
}

fn line(from: usize, to: usize) -> u64 {
    super::line(from, to) / 20
}

/// A car and those the plan gives it, in the order in which the schedule counts them.
fn filled(batch: &Batch, pooled: &Pooled, car: usize) -> Option<Car> {
    let tour = pooled.tours[car].as_ref()?;
    let mut filled = batch.cars[car].clone();
    filled.riders.extend(tour.wishes.iter().map(|&wish| batch.wishes[wish].rider));
    Some(filled)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn every_promise_is_kept_whoever_is_moved(batch in any_batch()) {
        let (policy, times) = (plain(), line_times());
        let pooled = plan_pool(&batch, &policy, &line);
        for car in 0..batch.cars.len() {
            if let Some(filled) = filled(&batch, &pooled, car) {
                let tour = pooled.tours[car].as_ref().unwrap();
                prop_assert_eq!(keeps_every_promise(&filled, &tour.schedule, &policy, &times), Ok(()));
                prop_assert_eq!(tour.schedule.cost, schedule(&filled, &policy, &line).unwrap().cost);
            }
        }
        for (wish, car) in pooled.car_of.iter().enumerate() {
            let of_tours = |(_, tour): &(usize, &Option<Tour>)| tour.as_ref().is_some_and(|t| t.wishes.contains(&wish));
            let riding: Vec<usize> = pooled.tours.iter().enumerate().filter(of_tours).map(|(car, _)| car).collect();
            let Wish { held_by, candidates, .. } = &batch.wishes[wish];
            match car {
                Some(car) if pooled.tours[*car].is_some() => prop_assert_eq!(riding, vec![*car]),
                _ => prop_assert!(riding.is_empty()),
            }
            prop_assert!(held_by.is_none() || car.is_some(), "nobody loses a car");
            prop_assert!(car.is_none_or(|car| candidates.contains(&car) || *held_by == Some(car)));
        }
    }

    #[test]
    fn nobody_is_left_whom_a_candidate_could_still_take(batch in any_batch()) {
        let pooled = plan_pool(&batch, &plain(), &line);
        for (wish, _) in pooled.car_of.iter().enumerate().filter(|(_, car)| car.is_none()) {
            for &car in &batch.wishes[wish].candidates {
                if let Some(filled) = (car < batch.cars.len()).then(|| filled(&batch, &pooled, car)).flatten() {
                    prop_assert_eq!(insert(&filled, &batch.wishes[wish].rider, &plain(), &line), None);
                }
            }
        }
    }
}

fn car_at(place: usize) -> Car {
    Car { place, at_ms: 0, seats: 4, riders: Vec::new() }
}

fn wish(rider: Rider, candidates: &[usize]) -> Wish {
    Wish { rider, held_by: None, candidates: candidates.to_vec() }
}

#[test]
fn two_who_go_the_same_way_share_a_car_even_when_another_is_free() {
    let cars = vec![car_at(0), car_at(0)];
    let wishes = vec![wish(waits(1, 60_000, 9, 60_000), &[0, 1]), wish(waits(2, 60_000, 8, 60_000), &[0, 1])];
    let pooled = plan_pool(&Batch { cars, wishes }, &plain(), &line);
    assert_eq!(pooled.car_of[0], pooled.car_of[1]);
}

#[test]
fn a_rider_who_waits_is_moved_to_make_room_for_one_who_has_no_other_car() {
    // The first was promised car 0 and could as well have car 1; the second can only be reached by car 0.
    let first = Wish { held_by: Some(0), ..wish(waits(5, 400, 0, 400), &[0, 1]) };
    let second = wish(waits(5, 60, 11, 400), &[0]);
    let batch = Batch { cars: vec![car_at(4), car_at(6)], wishes: vec![first, second] };
    assert_eq!(plan_pool(&batch, &plain(), &line).car_of, [Some(1), Some(0)]);
}

#[test]
fn a_car_that_is_late_goes_on_as_it_is() {
    let late = Rider { seats: 1, leg: Leg::Aboard { dropoff: 9, dropoff_by_ms: 10 } };
    let cars = vec![Car { riders: vec![late], ..car_at(0) }];
    let batch = Batch { cars, wishes: vec![wish(waits(1, 60_000, 9, 60_000), &[0])] };
    assert_eq!(plan_pool(&batch, &plain(), &line), Pooled { car_of: vec![None], tours: vec![None] });
}

#[test]
fn an_empty_batch_has_an_empty_plan() {
    assert_eq!(plan_pool(&Batch::default(), &plain(), &line), Pooled::default());
}
