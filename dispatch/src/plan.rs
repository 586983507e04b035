//! Who gets whom: a pure problem of costs and limits, without names.
//!
//! Wanted, in this order: as many riders as possible get a driver; the sum of the costs is as small as possible; the
//! same problem always gives the same plan. [`plan`] with [`Method::Nearest`] gives up the first two for speed and
//! for fairness by arrival; [`Method::Batched`] is exact, and its tests compare it with a search through every plan
//! and with an independent solver.
//!
//! How: successive shortest augmenting paths on the sparse graph (Dijkstra with potentials, after Jonker and
//! Volgenant, Computing 38, 1987). Each rider also owns a private seat in a waiting room that costs more than any
//! rerouting could save, so a plan always exists and riders stay without a driver only when they must.

mod graph;
mod least;
mod most;
mod solver;

use crate::Method;

pub use solver::{Prices, Solver};


/// One way to serve a rider: by this driver, at this cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// The driver, by number from 0.
    pub driver: usize,
    /// What it costs: milliseconds until the driver is there. Lower is better.
    pub cost: u64,
}

/// Who could serve whom, and at what cost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problem {
    /// The candidates of each rider, riders in the order of their requests.
    pub riders: Vec<Vec<Edge>>,
    /// How many drivers there are.
    pub drivers: usize,
}

/// Who serves whom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The driver of each rider, if any.
    pub driver_of: Vec<Option<usize>>,
    pub is_exact: bool,
    pub work: u64,
}

pub const COST_MAX: u64 = 1 << 40;

impl Plan {
    /// How many riders get a driver.
    #[must_use]
    pub fn matched(&self) -> usize {
        self.driver_of.iter().flatten().count()
    }

    /// The sum of the costs of the matches.
    #[must_use]
    pub fn cost(&self, problem: &Problem) -> u64 {
        let of_rider = |(rider, driver): (usize, &Option<usize>)| {
            let driver = (*driver)?;
            problem.riders[rider].iter().filter(|edge| edge.driver == driver).map(|edge| edge.cost).min()
        };
        self.driver_of.iter().enumerate().filter_map(of_rider).sum()
    }
}

/// Decides who serves whom.
#[must_use]
pub fn plan(problem: &Problem, method: Method) -> Plan {
    match method {
        Method::Nearest => first_come(problem),
        Method::Batched => Solver::default().solve(problem, None, u64::MAX),
    }
}

/// In the order of arrival, each rider takes the cheapest driver who is left.
fn first_come(problem: &Problem) -> Plan {
    let mut taken = vec![false; problem.drivers];
    let mut take = |edges: &Vec<Edge>| {
        let best = edges.iter().filter(|edge| !taken[edge.driver]).min_by_key(|edge| (edge.cost, edge.driver))?;
        taken[best.driver] = true;
        Some(best.driver)
    };
    Plan { driver_of: problem.riders.iter().map(&mut take).collect(), is_exact: false, work: 0 }
}

#[cfg(test)]
mod tests;
