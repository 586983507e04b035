//! Who gets whom: a pure problem of costs and limits, without names.
//!
//! Wanted, in this order: as many riders as possible get a driver; the sum of the costs is as small as possible; the
//! same problem always gives the same plan. [`plan`] with [`Method::Nearest`] gives up the first two for speed and
//! for fairness by arrival; [`Method::Batched`] is exact, and its tests compare it with a search through every plan
//! and with an independent solver.
//!
//! Lives here: the problem, the plan, first come first served; the exact [`Solver`], in three steps with a file each:
//! - `most`: the most pairs there can be, which also shows where riders outnumber drivers;
//! - `solver`: where they do, drivers look for riders, everywhere else riders for drivers. Whoever looks finds somebody,
//!   so nobody needs a seat in a waiting room, and scarcity, where searches for a driver who is not there go through
//!   half the city, is as easy as plenty;
//! - `least`: shortest augmenting paths on the sparse graph (Dijkstra with potentials, after Jonker and Volgenant).
//!
//! Stays out: what a cost is made of, who the riders are, what becomes of the plan.
//! Touch with care: [`COST_MAX`], on which it rests that no sum ever overflows.

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
    /// What it costs, such as milliseconds until the driver is there. Lower is better. Above [`COST_MAX`] it counts as
    /// that.
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
    /// Whether it is the best there is. False for first come, first served, and when the work was over before that was
    /// certain.
    pub is_exact: bool,
    /// How many edges were read to find it, beyond the first reading of the problem.
    pub work: u64,
}

/// The largest cost that counts: in milliseconds, 34 years. With more than 131,000 riders it is less: `2^57` by their
/// number.
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
        self.driver_of.iter().enumerate().filter_map(of_rider).fold(0, u64::saturating_add)
    }
}

/// Decides who serves whom, however long it takes.
#[must_use]
pub fn plan(problem: &Problem, method: Method) -> Plan {
    Solver::default().plan(problem, method, u64::MAX)
}

/// In the order of arrival, each rider takes the cheapest driver who is left.
fn first_come(problem: &Problem) -> Plan {
    let mut taken = vec![false; problem.drivers];
    let mut take = |edges: &Vec<Edge>| {
        let best = edges
            .iter()
            .filter(|edge| taken.get(edge.driver) == Some(&false))
            .min_by_key(|edge| (edge.cost, edge.driver))?;
        taken[best.driver] = true;
        Some(best.driver)
    };
    Plan { driver_of: problem.riders.iter().map(&mut take).collect(), is_exact: false, work: 0 }
}

#[cfg(test)]
mod tests;
