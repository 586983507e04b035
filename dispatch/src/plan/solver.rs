//! The exact plan, step by step.
//!
//! Lives here: [`Solver`], which turns a problem into one where every row gets a column, and the answer back.
//! Stays out: how the most pairs are found ([`super::most`]), how the least cost is ([`super::least`]).
//! Touch with care: what may be read as a row and what as a column. Of every pair of a plan with the most pairs,
//! exactly one side is a row (König's cover): a rider where drivers abound, a driver where riders do.

use super::graph::{self, Graph, NONE, Work};
use super::least::Least;
use super::most::Most;
use super::{COST_MAX, Edge, Plan, Problem, first_come};
use crate::Method;

/// What it is worth to the others that somebody is there, in the unit of the costs: by so much would the rest be
/// cheaper if they had the same driver or rider once more. Those who are scarce have a price; those who are left over
/// have none, so there is nothing to carry on to a tick in which only they remain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prices {
    /// By driver. Whoever is missing at the end counts as 0.
    pub drivers: Vec<u64>,
    /// By rider. Whoever is missing at the end counts as 0.
    pub riders: Vec<u64>,
}

/// Solves one problem after the other and keeps its memory.
#[derive(Debug, Default)]
pub struct Solver {
    riders: Graph,
    /// Riders and drivers, each of whom is in every plan with the most pairs; columns are drivers and then riders.
    rows: Graph,
    /// Which rider, or which driver, a row is.
    names: Vec<u32>,
    /// How many rows are riders; they come first.
    rider_rows: usize,
    place: Vec<usize>,
    most: Most,
    least: Least,
    drivers: u32,
}

/// How many riders and how many drivers a problem may have; all others are left out.
const NODES_MAX: u32 = NONE / 2;

impl Solver {
    /// Decides who serves whom; `work_max` is for [`Method::Batched`], see [`Solver::solve`].
    pub fn plan(&mut self, problem: &Problem, method: Method, work_max: u64) -> Plan {
        match method {
            Method::Nearest => first_come(problem),
            Method::Batched => self.solve(problem, None, work_max),
        }
    }

    /// The best plan: as many pairs as possible, of these plans the cheapest. Reads at most `work_max` edges of the
    /// problem in its searches, and when that is not enough, hands back the best plan so far, which is legal and has
    /// at least as many pairs as first come, first served; see
    /// [`Plan::is_exact`].
    ///
    /// The same problem gives the same plan. `warm` are the prices of a similar problem, if there was one: the plan
    /// is as good as without, sooner there, and may be another one of equal worth.
    pub fn solve(&mut self, problem: &Problem, warm: Option<&Prices>, work_max: u64) -> Plan {
        let mut work = Work::new(work_max);
        let dearest = self.load(problem);
        self.most.first_come(&self.riders, self.drivers as usize);
        self.least.start(0, std::iter::empty(), 0);
        let is_exact = self.most.complete(&self.riders, &mut work) && {
            self.split();
            self.start(warm, (i64::from(self.rows.rows()) + 1) * dearest);
            self.least.solve(&self.rows, &mut work)
        };
        let mut driver_of = if is_exact { self.answer() } else { self.makeshift() };
        driver_of.resize(problem.riders.len(), None);
        Plan { driver_of, is_exact, work: work.done() }
    }

    /// What everybody was worth in the last plan.
    #[must_use]
    pub fn prices(&self) -> Prices {
        let price = |column| u64::try_from(self.least.price(column)).unwrap_or(0);
        let all = 0..self.least.columns();
        let mut prices: Vec<u64> = all.map(price).collect();
        let riders = prices.split_off(prices.len().min(self.drivers as usize));
        Prices { drivers: prices, riders }
    }

    /// Reads the problem. Returns the largest cost in it, at least 1.
    fn load(&mut self, problem: &Problem) -> i64 {
        let riders = u32::try_from(problem.riders.len()).unwrap_or(NODES_MAX).min(NODES_MAX);
        self.drivers = u32::try_from(problem.drivers).unwrap_or(NODES_MAX).min(NODES_MAX);
        // There are at most as many rows as riders: see `least` for what this makes impossible.
        let cost_max = COST_MAX.min((1 << 57) / (u64::from(riders) + 1));
        let mut dearest = 1;
        self.riders.clear();
        self.riders.reserve(problem.riders.iter().take(riders as usize).map(Vec::len).sum());
        for edges in problem.riders.iter().take(riders as usize) {
            let edge = |edge: &Edge| {
                let column = u32::try_from(edge.driver).ok().filter(|&driver| driver < self.drivers)?;
                let cost = edge.cost.min(cost_max) as i64;
                dearest = dearest.max(cost);
                Some(graph::Edge { cost, column })
            };
            self.riders.push(edges.iter().filter_map(edge));
        }
        dearest
    }

    /// Decides who is a row: riders, but for those who cannot all be served; where those are, the drivers.
    fn split(&mut self) {
        let Solver { riders, rows, names, most, .. } = self;
        rows.clear();
        names.clear();
        names.extend((0..riders.rows()).filter(|&rider| !most.row_is_lost(rider)));
        self.rider_rows = names.len();
        for &rider in names.iter() {
            // No plan with the most pairs has one of the others for them.
            rows.push(riders.row(rider).iter().copied().filter(|edge| !most.column_is_lost(edge.column)));
        }
        names.extend((0..self.drivers).filter(|&driver| most.column_is_lost(driver)));
        let drivers = &names[self.rider_rows..];
        rows.push_turned(riders, drivers, self.drivers, &mut self.place, |rider| most.row_is_lost(rider));
    }

    /// Hands the rows to `least`, with the prices that were brought along as far as they can be right.
    fn start(&mut self, warm: Option<&Prices>, price_max: i64) {
        let price =
            |price: Option<&u64>| price.map_or(0, |&price| i64::try_from(price).unwrap_or(i64::MAX).min(price_max));
        let drivers = (0..self.drivers as usize).map(|driver| price(warm.and_then(|warm| warm.drivers.get(driver))));
        let riders = (0..self.riders.rows() as usize).map(|rider| price(warm.and_then(|warm| warm.riders.get(rider))));
        self.least.start(self.rows.rows(), drivers.chain(riders), 2 * price_max);
    }

    /// The driver of each rider, by the names of rows and columns.
    fn answer(&self) -> Vec<Option<usize>> {
        let mut driver_of = vec![None; self.riders.rows() as usize];
        for (row, &column) in self.least.of_row.iter().enumerate() {
            if column == NONE {
                continue;
            }
            let (rider, driver) = match row < self.rider_rows {
                true => (self.names[row], column),
                false => (column - self.drivers, self.names[row]),
            };
            driver_of[rider as usize] = Some(driver as usize);
        }
        driver_of
    }

    /// What there is when the work is over. While pairs were still being found: those. After that: the cheapest
    /// plan so far, completed.
    fn makeshift(&mut self) -> Vec<Option<usize>> {
        if self.least.of_row.is_empty() {
            let driver = |&driver: &u32| (driver != NONE).then_some(driver as usize);
            return self.most.of_row.iter().map(driver).collect();
        }
        for row in 0..self.rows.rows() {
            if self.least.of_row[row as usize] == NONE {
                self.complete(row);
            }
        }
        self.answer()
    }

    /// Gives a row the cheapest column that is free; if none is, its column in the plan that was made first, whose
    /// row gets its own there, and so on: in that plan no two rows have the same, so this comes to an end.
    fn complete(&mut self, row: u32) {
        let free = self.rows.row(row).iter().filter(|edge| self.least.row_of(edge.column) == NONE);
        if let Some(edge) = free.min() {
            self.least.give(row, edge.column);
            return;
        }
        let mut row = row;
        while row != NONE {
            let name = self.names[row as usize];
            let column = match (row as usize) < self.rider_rows {
                true => self.most.of_row[name as usize],
                false => self.drivers + self.most.of_column[name as usize],
            };
            row = self.least.give(row, column);
        }
    }
}
