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

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::Method;

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
}

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
        Method::Batched => Batch::new(problem).solve(),
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
    Plan { driver_of: problem.riders.iter().map(&mut take).collect() }
}

/// Above every cost that counts: a pickup 30 years away.
const COST_MAX: u64 = 1_000_000_000_000;

/// The state of the exact solver. Riders are rows, drivers are columns.
struct Batch<'a> {
    problem: &'a Problem,
    /// What a rider pays for staying without a driver: more than all other costs together.
    waiting_room: i64,
    driver_of: Vec<Option<usize>>,
    rider_of: Vec<Option<usize>>,
    rider_potential: Vec<i64>,
    driver_potential: Vec<i64>,
}

/// Where a shortest path ends: at a free driver, or with a rider of the path going to the waiting room.
#[derive(Clone, Copy)]
enum End {
    Driver(usize),
    WaitingRoom(usize),
}

/// The search for one rider's shortest path. Kept between riders so that nothing is allocated anew.
struct Search {
    length: Vec<i64>,
    came_from: Vec<usize>,
    /// For which search the two above are valid, and for which a driver's length is final.
    seen_in: Vec<usize>,
    settled_in: Vec<usize>,
    settled: Vec<usize>,
    frontier: BinaryHeap<Reverse<(i64, usize)>>,
}

fn cost_of(edge: &Edge) -> i64 {
    i64::try_from(edge.cost.min(COST_MAX)).unwrap_or(i64::MAX)
}

impl<'a> Batch<'a> {
    fn new(problem: &'a Problem) -> Batch<'a> {
        let riders = problem.riders.len();
        let dearest = problem.riders.iter().flatten().map(cost_of).max().unwrap_or(0);
        // A rerouting changes at most one edge a rider, so it saves at most `riders * dearest`.
        let waiting_room = dearest.saturating_add(1).saturating_mul(i64::try_from(riders).unwrap_or(i64::MAX)) + 1;
        Batch {
            problem,
            waiting_room: waiting_room.min(i64::MAX / 8),
            driver_of: vec![None; riders],
            rider_of: vec![None; problem.drivers],
            rider_potential: vec![0; riders],
            driver_potential: vec![0; problem.drivers],
        }
    }

    fn solve(mut self) -> Plan {
        let left_over = self.start();
        let drivers = self.problem.drivers;
        let mut search = Search {
            length: vec![0; drivers],
            came_from: vec![0; drivers],
            seen_in: vec![usize::MAX; drivers],
            settled_in: vec![usize::MAX; drivers],
            settled: Vec::new(),
            frontier: BinaryHeap::new(),
        };
        for (round, rider) in left_over.into_iter().enumerate() {
            let (length, end) = self.shortest_path(rider, round, &mut search);
            self.rider_potential[rider] += length;
            for &driver in &search.settled {
                let slack = length - search.length[driver];
                self.driver_potential[driver] -= slack;
                if let Some(other) = self.rider_of[driver] {
                    self.rider_potential[other] += slack;
                }
            }
            self.augment(rider, end, &search.came_from);
        }
        Plan { driver_of: self.driver_of }
    }

    /// Gives every rider its cheapest driver where nobody else wants it. Returns the riders who must search.
    fn start(&mut self) -> Vec<usize> {
        let mut left_over = Vec::new();
        for (rider, edges) in self.problem.riders.iter().enumerate() {
            let Some(best) = edges.iter().min_by_key(|edge| (edge.cost, edge.driver)) else { continue };
            self.rider_potential[rider] = cost_of(best);
            if self.rider_of[best.driver].is_none() {
                self.rider_of[best.driver] = Some(rider);
                self.driver_of[rider] = Some(best.driver);
            } else {
                left_over.push(rider);
            }
        }
        left_over
    }

    fn shortest_path(&self, from: usize, round: usize, search: &mut Search) -> (i64, End) {
        search.frontier.clear();
        search.settled.clear();
        let (mut best, mut end) = (i64::MAX, End::WaitingRoom(from));
        let (mut rider, mut walked) = (from, 0);
        loop {
            let stay = walked + self.waiting_room - self.rider_potential[rider];
            if stay < best {
                (best, end) = (stay, End::WaitingRoom(rider));
            }
            for edge in &self.problem.riders[rider] {
                let driver = edge.driver;
                if search.settled_in[driver] == round {
                    continue;
                }
                let length = walked + cost_of(edge) - self.rider_potential[rider] - self.driver_potential[driver];
                if length >= best || (search.seen_in[driver] == round && length >= search.length[driver]) {
                    continue;
                }
                search.seen_in[driver] = round;
                search.length[driver] = length;
                search.came_from[driver] = rider;
                if self.rider_of[driver].is_none() {
                    (best, end) = (length, End::Driver(driver));
                } else {
                    search.frontier.push(Reverse((length, driver)));
                }
            }
            let next = loop {
                match search.frontier.pop() {
                    Some(Reverse((length, driver))) if length < best => {
                        if search.settled_in[driver] != round && length == search.length[driver] {
                            break Some((length, driver));
                        }
                    }
                    _ => break None,
                }
            };
            let Some((length, driver)) = next else { return (best, end) };
            search.settled_in[driver] = round;
            search.settled.push(driver);
            walked = length;
            rider = self.rider_of[driver].expect("a driver in the frontier has a rider");
        }
    }

    /// Hands drivers on along the path, from its end back to the rider it began with.
    fn augment(&mut self, from: usize, end: End, came_from: &[usize]) {
        let (mut rider, mut driver) = match end {
            End::Driver(driver) => (came_from[driver], Some(driver)),
            End::WaitingRoom(rider) => (rider, None),
        };
        loop {
            let before = self.driver_of[rider];
            self.driver_of[rider] = driver;
            if let Some(driver) = driver {
                self.rider_of[driver] = Some(rider);
            }
            if rider == from {
                return;
            }
            let handed_on = before.expect("only the rider who searches has no driver");
            rider = came_from[handed_on];
            driver = Some(handed_on);
        }
    }
}

#[cfg(test)]
mod tests;
