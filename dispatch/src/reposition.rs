//! Where idle drivers had better wait: a flow of drivers to the gaps between expected demand and supply.
//!
//! Lives here: the problem and its exact solution ([`reposition`]), what the next car of a place is worth
//! ([`worth_of_next`]), the same for a city of H3 cells with a forecast ([`suggest`]).
//! Stays out: how demand is known ([`crate::Forecast`]); who tells the drivers, and whether they listen.
//! Touch with care: a car that was sent somewhere and may still come is supply of that place, never idle here: on this
//! rests that no gap gets two cars.
//!
//! How: each place has seats, the first worth the most and each further one less. A driver takes a seat of the place it
//! is at without driving, or one elsewhere for the drive and a threshold, or none at all. All idle drivers are assigned
//! at once, so that the sum of worth less effort is greatest: the assignment of [`crate::plan`], which is exact. A
//! place's lesser seats are only taken after its better ones, because they are worth less.

mod city;

use std::time::Duration;

use crate::{Edge, Prices, Problem, Solver};

pub use city::{CarNow, Suggestion, Why, suggest};

/// One second, in the thousandths that costs are counted in.
const MILLIS: f64 = 1_000.0;

/// A way to wait, for one idle driver: at this place, after this drive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// The place, by number from 0.
    pub place: usize,
    /// How long the drive there takes.
    pub drive: Duration,
}

/// One idle driver.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Idle {
    /// The place it is at; `None` when that is no place of the problem.
    pub at: Option<usize>,
    /// Where it could go. Ways to the place it is at are of no use.
    pub ways: Vec<Way>,
}

/// Idle drivers and the places that could use them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RepositionProblem {
    /// The drivers who may be sent, and no others.
    pub idle: Vec<Idle>,
    /// For each place, what the next car there is worth, the one after it, and so on: never more than the one before
    /// ([`worth_of_next`]). As seconds of driving. Where the list ends, a further car is worth nothing.
    pub seats: Vec<Vec<f64>>,
    /// The longest drive.
    pub drive_max: Duration,
    /// What a move must be better by than staying.
    pub gain_min: Duration,
}

/// A driver who is better off elsewhere.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Move {
    /// The driver, by number.
    pub driver: usize,
    /// Where to, and how long that takes.
    pub way: Way,
    /// What the seat there is worth, in seconds of driving, before the drive is taken off.
    pub worth: f64,
}

/// What each further car of a place is worth, when so many requests are to be expected there and so many cars are or
/// will be there: `trip_worth` times the chance that a request comes for it, that is, that there are more requests than
/// cars before it. Requests come as a Poisson process. Ends when a car is worth less than a thousandth of a trip, or
/// with the `cars_max`th.
#[must_use]
pub fn worth_of_next(expected: f64, supply: usize, trip_worth: Duration, cars_max: usize) -> Vec<f64> {
    let mut worth = Vec::new();
    if expected <= 0.0 || !expected.is_finite() {
        return worth;
    }
    // The chance of exactly n requests, by logarithm: e^-1000 is no number of its own.
    let (mut log_chance, mut fewer) = (-expected, 0.0_f64);
    for cars_before in 0..supply.saturating_add(cars_max) {
        fewer += log_chance.exp();
        let wanted = (1.0 - fewer).max(0.0);
        if wanted < 0.001 {
            break;
        }
        if cars_before >= supply {
            worth.push(wanted * trip_worth.as_secs_f64());
        }
        log_chance += (expected / (cars_before as f64 + 1.0)).ln();
    }
    worth
}

/// Decides who moves. The sum over all drivers of the worth of their seats, less drives and thresholds, is as great as
/// it can be. The same problem always gives the same moves, in the order of the drivers.
#[must_use]
pub fn reposition(problem: &RepositionProblem) -> Vec<Move> {
    let (seats, first_seat) = number_seats(problem);
    let best = seats.iter().map(|&(_, worth)| worth).fold(0.0, f64::max);
    // A driver and a seat are a rider and a driver of the matching; each driver also has a seat of its own on which it
    // stays for nothing, so that all of them are matched and only the sum of the costs decides.
    let cost = |gain: f64| ((best - gain).max(0.0) * MILLIS).round() as u64;
    let mut riders = Vec::with_capacity(problem.idle.len());
    // How many drivers before this one could have gone to each place. Whoever goes there takes its seats in their
    // order, so that no driver needs a choice of more seats than there were drivers before, and one.
    let mut before = vec![0_usize; problem.seats.len()];
    for (driver, idle) in problem.idle.iter().enumerate() {
        let choices: Vec<(usize, f64)> = efforts(problem, idle).collect();
        let of_place = |place: usize| problem.seats[place].len().min(before[place] + 1);
        let mut edges = Vec::with_capacity(1 + choices.iter().map(|&(place, _)| of_place(place)).sum::<usize>());
        edges.push(Edge { driver: seats.len() + driver, cost: cost(0.0) });
        for &(place, effort) in &choices {
            let gains = problem.seats[place].iter().take(of_place(place)).map(|worth| worth - effort);
            let first = first_seat[place];
            let edge = |(seat, gain)| Edge { driver: first + seat, cost: cost(gain) };
            edges.extend(gains.take_while(|gain| *gain > 0.0).enumerate().map(edge));
        }
        choices.iter().for_each(|&(place, _)| before[place] += 1);
        riders.push(edges);
    }
    let matching = Problem { riders, drivers: seats.len() + problem.idle.len() };
    let plan = Solver::default().solve(&matching, Some(&prices(problem, &first_seat, seats.len())), u64::MAX);
    let moved = |(driver, seat): (usize, &Option<usize>)| {
        let &(place, worth) = seats.get((*seat)?)?;
        let idle = &problem.idle[driver];
        if idle.at == Some(place) {
            return None;
        }
        let way = ways_of(problem, idle).filter(|way| way.place == place).min_by_key(|way| way.drive)?;
        Some(Move { driver, way, worth })
    };
    plan.driver_of.iter().enumerate().filter_map(moved).collect()
}

/// The places that a driver could take a seat of, the own one first, and the effort of each, in seconds.
fn efforts<'a>(problem: &'a RepositionProblem, idle: &'a Idle) -> impl Iterator<Item = (usize, f64)> + 'a {
    let away = |way: Way| (way.place, (way.drive + problem.gain_min).as_secs_f64());
    let places = idle.at.map(|here| (here, 0.0)).into_iter().chain(ways_of(problem, idle).map(away));
    places.filter(|&(place, _)| place < problem.seats.len())
}

/// What the seats may cost in the end, for the solver to begin with: as if one driver after the other took the best that
/// is left. Then all seats of a place are as good as the first that nobody took. Begun with nothing, all drivers of a
/// place would outbid each other for its best seat, then for the next one.
fn prices(problem: &RepositionProblem, first_seat: &[usize], seats: usize) -> Prices {
    let worth = |place: usize, seat: usize| problem.seats[place].get(seat).copied().unwrap_or_default();
    let mut taken = vec![0_usize; problem.seats.len()];
    for idle in &problem.idle {
        let gain = |(place, effort): (usize, f64)| (worth(place, taken[place]) - effort, place);
        let best = efforts(problem, idle).map(gain).filter(|(gain, _)| *gain > 0.0);
        if let Some((_, place)) = best.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1))) {
            taken[place] += 1;
        }
    }
    let mut drivers = vec![0; seats];
    for (place, &taken) in taken.iter().enumerate() {
        for seat in 0..taken.min(problem.seats[place].len()) {
            let dearer = worth(place, seat) - worth(place, taken);
            drivers[first_seat[place] + seat] = (dearer.max(0.0) * MILLIS).round() as u64;
        }
    }
    Prices { drivers, riders: Vec::new() }
}

/// The ways of a driver that are ways, and not too long.
fn ways_of<'a>(problem: &'a RepositionProblem, idle: &'a Idle) -> impl Iterator<Item = Way> + 'a {
    let fits = |way: &Way| way.drive <= problem.drive_max && idle.at != Some(way.place);
    idle.ways.iter().copied().filter(fits)
}

/// Every seat's place and worth, in a row, and where the seats of each place begin. No place has more seats than there
/// are drivers, and no seat is worth more than the one before it.
fn number_seats(problem: &RepositionProblem) -> (Vec<(usize, f64)>, Vec<usize>) {
    let mut first_seat = Vec::with_capacity(problem.seats.len());
    let mut seats = Vec::new();
    for (place, worths) in problem.seats.iter().enumerate() {
        first_seat.push(seats.len());
        // A seat for each, taken or not: `first_seat` plus the place in the list must find it.
        seats.extend(worths.iter().map(|&worth| (place, worth)));
        debug_assert!(worths.is_sorted_by(|a, b| a >= b), "the seats of place {place} are worth more and more");
    }
    (seats, first_seat)
}

#[cfg(test)]
mod tests;
