//! Many riders, many cars, one round: who rides with whom.
//!
//! Lives here: [`plan_pool`].
//! Stays out: the order of one car's stops ([`super::insert`], exact), the pairing of one round ([`crate::plan`], exact).
//! Touch with care: a rider who has a car never loses it here, at most for another car; whoever calls may rely on it.
//!
//! How: each car is offered one new rider at a time. In each round every rider's exact cost of insertion into every
//! candidate is an edge, and the exact assignment takes as many as possible for the least cost; then the cars that took
//! someone are asked again, until nobody can be taken. Then riders who can be moved are: to a car that costs less, or out
//! of the way of a rider who has none. This is a heuristic for the whole (the whole is a set partition over all groups of
//! riders, Alonso-Mora et al. 2017), built of exact parts.

use super::{Car, Insertion, Rider, Schedule, StopTimes, insert_into, schedule};
use crate::policy::PoolingPolicy;
use crate::{Edge, Method, Problem, plan};

/// How often riders are looked at again for a better car. Most of what can be gained is in the first pass.
const PASSES_MAX: usize = 4;
/// Added costs may be below 0 and costs of edges may not: this lifts all alike, and so changes no plan.
const LIFT: i64 = 1 << 38;

/// Someone to find a car for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// Who, and what is promised.
    pub rider: Rider,
    /// The car that has this rider and is still to pick the rider up, if any. The rider is not among [`Car::riders`]
    /// then, may be given to another car, and is never left without one.
    pub held_by: Option<usize>,
    /// The cars that may be considered, besides the one that has the rider.
    pub candidates: Vec<usize>,
}

/// Cars, and riders who want one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// Cars with those of their riders who stay where they are.
    pub cars: Vec<Car>,
    /// Riders to be given to cars.
    pub wishes: Vec<Wish>,
}

/// What a car is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tour {
    /// The wishes that the car is to fulfil. Numbers in the schedule's stops count [`Car::riders`] first, then these.
    pub wishes: Vec<usize>,
    /// All its stops.
    pub schedule: Schedule,
}

/// Who rides with whom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pooled {
    /// The car of each wish, if any.
    pub car_of: Vec<Option<usize>>,
    /// What each car is to do; `None` for a car that cannot keep the promises it has made. That one goes on as it is.
    pub tours: Vec<Option<Tour>>,
}

/// Decides who rides with whom. A candidate that is no car is passed over.
#[must_use]
pub fn plan_pool(batch: &Batch, policy: &PoolingPolicy, times: &impl StopTimes) -> Pooled {
    let mut planner = Planner::new(batch, policy, times);
    planner.fill();
    for _ in 0..PASSES_MAX {
        let moved = planner.relocate();
        let placed = planner.make_room();
        if !moved && !placed {
            break;
        }
        // Whoever was moved has left room behind.
        planner.fill();
    }
    let tour = |seat: Seat| seat.schedule.map(|schedule| Tour { wishes: seat.wishes, schedule });
    Pooled { car_of: planner.car_of, tours: planner.seats.into_iter().map(tour).collect() }
}

/// A car as it is filled.
struct Seat {
    car: Car,
    /// How many riders of the car are not for this plan to move.
    fixed: usize,
    wishes: Vec<usize>,
    schedule: Option<Schedule>,
}

struct Planner<'a, T> {
    batch: &'a Batch,
    policy: &'a PoolingPolicy,
    times: &'a T,
    seats: Vec<Seat>,
    car_of: Vec<Option<usize>>,
    /// For each wish and each of its candidates: what it would cost there as that car is now.
    offers: Vec<Vec<(usize, Option<Insertion>)>>,
    /// For each car, the wishes that consider it.
    considered_by: Vec<Vec<usize>>,
}

impl<'a, T: StopTimes> Planner<'a, T> {
    fn new(batch: &'a Batch, policy: &'a PoolingPolicy, times: &'a T) -> Planner<'a, T> {
        let seat = |car: &Car| Seat { car: car.clone(), fixed: car.riders.len(), wishes: Vec::new(), schedule: None };
        let mut seats: Vec<Seat> = batch.cars.iter().map(seat).collect();
        for (number, wish) in batch.wishes.iter().enumerate() {
            if let Some(seat) = wish.held_by.and_then(|car| seats.get_mut(car)) {
                seat.car.riders.push(wish.rider);
                seat.wishes.push(number);
            }
        }
        for seat in &mut seats {
            seat.schedule = schedule(&seat.car, policy, times);
        }
        let mut considered_by = vec![Vec::new(); seats.len()];
        let mut offers = Vec::with_capacity(batch.wishes.len());
        for (number, wish) in batch.wishes.iter().enumerate() {
            let mut candidates: Vec<usize> =
                wish.candidates.iter().chain(&wish.held_by).copied().filter(|&car| car < seats.len()).collect();
            candidates.sort_unstable();
            candidates.dedup();
            candidates.iter().for_each(|&car| considered_by[car].push(number));
            offers.push(candidates.into_iter().map(|car| (car, None)).collect());
        }
        let car_of = batch.wishes.iter().map(|wish| wish.held_by.filter(|&car| car < seats.len())).collect();
        let mut planner = Planner { batch, policy, times, seats, car_of, offers, considered_by };
        for car in 0..planner.seats.len() {
            planner.ask(car);
        }
        planner
    }

    /// Asks a car anew what each wish that considers it and is not in it would cost.
    fn ask(&mut self, car: usize) {
        let seat = &self.seats[car];
        for &wish in &self.considered_by[car] {
            let Ok(place) = self.offers[wish].binary_search_by_key(&car, |(car, _)| *car) else { continue };
            let elsewhere = self.car_of[wish] != Some(car);
            self.offers[wish][place].1 = seat.schedule.as_ref().filter(|_| elsewhere).and_then(|before| {
                insert_into(&seat.car, before, &self.batch.wishes[wish].rider, self.policy, self.times)
            });
        }
    }

    /// Puts a wish into a car that has offered to take it.
    fn put(&mut self, wish: usize, car: usize, schedule: Schedule) {
        let seat = &mut self.seats[car];
        seat.car.riders.push(self.batch.wishes[wish].rider);
        seat.wishes.push(wish);
        seat.schedule = Some(schedule);
        self.car_of[wish] = Some(car);
    }

    /// The car without one of the wishes in it.
    fn without(&self, car: usize, wish: usize) -> Option<(Car, Vec<usize>)> {
        let seat = &self.seats[car];
        let place = seat.wishes.iter().position(|&other| other == wish)?;
        let (mut car, mut wishes) = (seat.car.clone(), seat.wishes.clone());
        car.riders.remove(seat.fixed + place);
        wishes.remove(place);
        Some((car, wishes))
    }

    /// Rounds in which each car takes at most one more, until nobody without a car can be taken.
    fn fill(&mut self) {
        loop {
            let waiting: Vec<usize> = (0..self.car_of.len()).filter(|&wish| self.car_of[wish].is_none()).collect();
            let edges = |&wish: &usize| {
                let edge = |(car, offer): &(usize, Option<Insertion>)| {
                    let lifted = offer.as_ref()?.added_cost.saturating_add(LIFT);
                    Some(Edge { driver: *car, cost: u64::try_from(lifted).unwrap_or(0) })
                };
                self.offers[wish].iter().filter_map(edge).collect()
            };
            let problem = Problem { riders: waiting.iter().map(edges).collect(), drivers: self.seats.len() };
            let planned = plan(&problem, Method::Batched);
            let mut taken = Vec::new();
            for (&wish, car) in waiting.iter().zip(planned.driver_of) {
                let Some(car) = car else { continue };
                if let Some(offer) = self.offer(wish, car) {
                    self.put(wish, car, offer.schedule);
                    taken.push(car);
                }
            }
            if taken.is_empty() {
                return;
            }
            taken.into_iter().for_each(|car| self.ask(car));
        }
    }

    fn offer(&self, wish: usize, car: usize) -> Option<Insertion> {
        let place = self.offers[wish].binary_search_by_key(&car, |(car, _)| *car).ok()?;
        self.offers[wish][place].1.clone()
    }

    /// The cheapest car for a wish, other than these.
    fn cheapest(&self, wish: usize, other_than: [Option<usize>; 2]) -> Option<(usize, Insertion)> {
        let offers = self.offers[wish].iter().filter(|(car, _)| !other_than.contains(&Some(*car)));
        let offers = offers.filter_map(|(car, offer)| Some((*car, offer.as_ref()?)));
        offers.min_by_key(|(car, offer)| (offer.added_cost, *car)).map(|(car, offer)| (car, offer.clone()))
    }

    /// Moves each rider who has a car to one where the two cars together cost less. Says whether anybody was moved.
    fn relocate(&mut self) -> bool {
        let mut moved = false;
        for wish in 0..self.car_of.len() {
            let Some(from) = self.car_of[wish] else { continue };
            let Some((to, offer)) = self.cheapest(wish, [Some(from), None]) else { continue };
            let Some((car, wishes)) = self.without(from, wish) else { continue };
            let Some(before) = self.seats[from].schedule.as_ref().map(|schedule| schedule.cost) else { continue };
            let Some(left) = schedule(&car, self.policy, self.times) else { continue };
            let saved = i128::from(before) - i128::from(left.cost);
            if saved > i128::from(offer.added_cost) {
                let seat = &mut self.seats[from];
                (seat.car, seat.wishes, seat.schedule) = (car, wishes, Some(left));
                self.put(wish, to, offer.schedule);
                self.ask(from);
                self.ask(to);
                moved = true;
            }
        }
        moved
    }

    /// Finds a car for riders who have none by moving one other rider out of it. Says whether anybody got one.
    fn make_room(&mut self) -> bool {
        let mut placed = false;
        for wish in 0..self.car_of.len() {
            if self.car_of[wish].is_some() {
                continue;
            }
            if let Some(exchange) = self.cheapest_exchange(wish) {
                let Exchange { out, from, left, wishes, taken, to, offer, .. } = exchange;
                let seat = &mut self.seats[from];
                (seat.car, seat.wishes) = (left, wishes);
                self.put(wish, from, taken.schedule);
                self.put(out, to, offer.schedule);
                self.ask(from);
                self.ask(to);
                placed = true;
            }
        }
        placed
    }

    fn cheapest_exchange(&self, wish: usize) -> Option<Exchange> {
        let mut best: Option<Exchange> = None;
        for &(from, _) in &self.offers[wish] {
            for &out in &self.seats[from].wishes {
                let Some((to, offer)) = self.cheapest(out, [Some(from), None]) else { continue };
                let Some((left, wishes)) = self.without(from, out) else { continue };
                let Some(before) = &self.seats[from].schedule else { continue };
                let Some(without) = schedule(&left, self.policy, self.times) else { continue };
                let rider = &self.batch.wishes[wish].rider;
                let Some(taken) = insert_into(&left, &without, rider, self.policy, self.times) else { continue };
                let added = i128::from(taken.schedule.cost) - i128::from(before.cost) + i128::from(offer.added_cost);
                if best.as_ref().is_none_or(|best| added < best.added) {
                    best = Some(Exchange { added, out, from, left, wishes, taken, to, offer });
                }
            }
        }
        best
    }
}

/// One rider leaves a car for another car, and makes room.
struct Exchange {
    added: i128,
    out: usize,
    from: usize,
    left: Car,
    wishes: Vec<usize>,
    taken: Insertion,
    to: usize,
    offer: Insertion,
}
