//! Peers within this process: the greedy that engines commonly have, and the dense Hungarian method.

use dispatch::{Plan, Problem};
use pathfinding::kuhn_munkres::kuhn_munkres_min;
use pathfinding::matrix::Matrix;

/// The cheapest edge of all, then the cheapest of those left, and so on.
pub(super) fn greedy_by_edge(problem: &Problem) -> Plan {
    let mut edges: Vec<(u64, usize, usize)> = Vec::new();
    for (rider, candidates) in problem.riders.iter().enumerate() {
        edges.extend(candidates.iter().map(|edge| (edge.cost, rider, edge.driver)));
    }
    edges.sort_unstable();
    let mut taken = vec![false; problem.drivers];
    let mut driver_of = vec![None; problem.riders.len()];
    for (_, rider, driver) in edges {
        if driver_of[rider].is_none() && !taken[driver] {
            taken[driver] = true;
            driver_of[rider] = Some(driver);
        }
    }
    Plan { driver_of, ..Plan::default() }
}

/// A problem as the dense solver wants it: a column for each driver, and one for each rider who stays without.
pub(super) struct Dense {
    costs: Matrix<i64>,
    drivers: usize,
}

impl Dense {
    pub(super) fn new(problem: &Problem) -> Dense {
        let riders = problem.riders.len();
        let dearest = problem.riders.iter().flatten().map(|edge| edge.cost).max().unwrap_or(0);
        let alone = i64::try_from((dearest + 1) * (riders as u64 + 1)).unwrap_or(i64::MAX);
        let mut costs = Matrix::new(riders, problem.drivers + riders, alone);
        for (rider, edges) in problem.riders.iter().enumerate() {
            for edge in edges {
                costs[(rider, edge.driver)] = edge.cost as i64;
            }
        }
        Dense { costs, drivers: problem.drivers }
    }

    pub(super) fn solve(&self) -> Plan {
        let (_, columns) = kuhn_munkres_min(&self.costs);
        let alone = |rider: usize, column: usize| self.costs[(rider, column)] >= self.costs[(rider, self.drivers)];
        let driver =
            |(rider, column): (usize, usize)| (column < self.drivers && !alone(rider, column)).then_some(column);
        Plan { driver_of: columns.into_iter().enumerate().map(driver).collect(), ..Plan::default() }
    }
}
