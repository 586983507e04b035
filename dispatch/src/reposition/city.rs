//! Suggestions for a city of H3 cells: what is known about its cars and its demand, made into a problem and back.
//!
//! Lives here: which cars are idle and which are supply, which cells are considered for whom.
//! Stays out: how it is solved ([`super::reposition`]).

use std::collections::BTreeMap;
use std::time::Duration;

use geo::{Cell, Point};

use super::{Idle, Move, RepositionProblem, Way, reposition, worth_of_next};
use crate::{Forecast, Policy, Timestamp};

/// A car on line, as far as waiting in the right place is concerned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CarNow {
    /// It waits for work.
    Idle {
        /// Where.
        at: Point,
        /// Since when.
        since: Timestamp,
        /// When it was last told to go somewhere; `None` when it never was, or not since its last trip.
        told: Option<Timestamp>,
    },
    /// It was told to go somewhere, and may still come or is there: until [`Suggestion::until`], or until it is given
    /// work, goes off line or drives elsewhere.
    Told {
        /// Where to.
        to: Point,
    },
    /// It is on a trip and will be free.
    Busy {
        /// Where.
        to: Point,
        /// When.
        free_at: Timestamp,
    },
}

/// What an idle driver is told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Suggestion {
    /// Which of the cars.
    pub car: usize,
    /// Where to wait.
    pub cell: Cell,
    /// Its middle.
    pub to: Point,
    /// How long the drive there takes.
    pub drive: Duration,
    /// When it is over: then the car may be sent elsewhere and is no longer counted there.
    pub until: Timestamp,
    /// What it rests on.
    pub why: Why,
}

/// What a suggestion rests on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Why {
    /// How many requests are expected in the cell within `policy.reposition.horizon`.
    pub expected: f64,
    /// How many cars are there or will be by then, apart from idle ones that this round moves or leaves there.
    pub supply: usize,
    /// The chance that the car gets a trip there within the horizon, 0 to 1.
    pub chance: f64,
    /// The same where it stands now, if it stays alone.
    pub chance_here: f64,
}

/// Where idle drivers had better wait. At most one suggestion a car; none to a car that became idle or was told
/// something too short a time ago. `cars` in an order that does not depend on chance.
#[must_use]
pub fn suggest(cars: &[CarNow], forecast: &Forecast, policy: &Policy, now: Timestamp) -> Vec<Suggestion> {
    let numbers = &policy.reposition;
    let (idle, supply) = sort(cars, forecast, policy, now);
    if idle.is_empty() || !numbers.on {
        return Vec::new();
    }
    let wanted: Vec<(Cell, f64)> =
        forecast.all_expected(now, numbers.horizon).filter(|&(_, expected)| expected > 0.001).collect();
    let supply_of = |cell: Cell| supply.get(&cell).copied().unwrap_or(0);
    let seats = wanted
        .iter()
        .map(|&(cell, expected)| worth_of_next(expected, supply_of(cell), numbers.trip_worth, idle.len()))
        .collect();
    let centres: Vec<Point> = wanted.iter().map(|&(cell, _)| cell.centre()).collect();
    let number_of: BTreeMap<Cell, usize> =
        wanted.iter().enumerate().map(|(number, &(cell, _))| (cell, number)).collect();
    let mut problem = RepositionProblem {
        idle: idle.iter().map(|idle| Idle { at: number_of.get(&idle.cell).copied(), ways: Vec::new() }).collect(),
        seats,
        drive_max: numbers.drive_max,
        gain_min: numbers.gain_min,
    };
    find_ways(&mut problem, &idle, &centres, policy, now);
    let tell = |moved: Move| {
        let (place, trip_worth) = (moved.way.place, numbers.trip_worth.as_secs_f64());
        let (cell, expected) = wanted[place];
        let here = problem.idle[moved.driver].at.and_then(|here| problem.seats[here].first().copied());
        Suggestion {
            car: idle[moved.driver].car,
            cell,
            to: centres[place],
            drive: moved.way.drive,
            until: now + moved.way.drive + numbers.stay,
            why: Why {
                expected,
                supply: supply_of(cell),
                chance: moved.worth / trip_worth,
                chance_here: here.unwrap_or(0.0) / trip_worth,
            },
        }
    };
    reposition(&problem).into_iter().map(tell).collect()
}

/// A car that may be sent.
#[derive(Clone, Copy, Debug)]
struct IdleCar {
    car: usize,
    at: Point,
    cell: Cell,
}

/// Who may be sent, and how many cars each cell has or will have without them.
fn sort(
    cars: &[CarNow],
    forecast: &Forecast,
    policy: &Policy,
    now: Timestamp,
) -> (Vec<IdleCar>, BTreeMap<Cell, usize>) {
    let numbers = &policy.reposition;
    let (mut idle, mut supply) = (Vec::new(), BTreeMap::new());
    for (car, &standing) in cars.iter().enumerate() {
        let comes_to = match standing {
            CarNow::Idle { at, since, told } => {
                let rested = told.is_none_or(|told| now.since(told) >= numbers.rest);
                if rested && now.since(since) >= numbers.idle_for {
                    idle.push(IdleCar { car, at, cell: forecast.cell_at(at) });
                    continue;
                }
                at
            }
            CarNow::Told { to } => to,
            CarNow::Busy { to, free_at } if free_at <= now + numbers.horizon => to,
            CarNow::Busy { .. } => continue,
        };
        *supply.entry(forecast.cell_at(comes_to)).or_insert(0) += 1;
    }
    (idle, supply)
}

/// Gives each driver the most promising places: by what their first seat is worth less the drive by air, then timed by
/// the provider of travel times, one question a place.
fn find_ways(problem: &mut RepositionProblem, idle: &[IdleCar], centres: &[Point], policy: &Policy, now: Timestamp) {
    let line = policy.travel.straight_line();
    let numbers = &policy.reposition;
    let mut asked: Vec<Vec<usize>> = vec![Vec::new(); centres.len()];
    for (driver, car) in idle.iter().enumerate() {
        let promise = |number: usize| {
            let worth = problem.seats[number].first()?;
            let drive = line.straight_drive(car.at, centres[number]).time;
            let gain = worth - (drive + numbers.gain_min).as_secs_f64();
            (drive <= numbers.drive_max && gain > 0.0 && problem.idle[driver].at != Some(number))
                .then_some((gain, number))
        };
        let mut best: Vec<(f64, usize)> = (0..centres.len()).filter_map(promise).collect();
        best.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        best.truncate(numbers.places_max);
        best.iter().for_each(|&(_, number)| asked[number].push(driver));
    }
    for (number, drivers) in asked.into_iter().enumerate() {
        let from: Vec<Point> = drivers.iter().map(|&driver| idle[driver].at).collect();
        for (driver, eta) in drivers.into_iter().zip(policy.etas_to(&from, centres[number], now)) {
            problem.idle[driver].ways.push(Way { place: number, drive: eta.time });
        }
    }
}
