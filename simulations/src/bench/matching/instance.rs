//! Made-up rush hours: riders and drivers on a square of 20 km, each rider with the nearest drivers.
//!
//! Lives here: where they are, what a pickup costs, the file that another program reads.
//! Stays out: who solves it.
//! Touch with care: a seed means the same instance for ever, or figures of two runs are not of the same thing.

use dispatch::{Edge, Problem};
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64Mcg;

/// How wide the city is, in metres.
const SIDE: f64 = 20_000.0;
/// How far a driver may be, in metres, and how many are candidates: what the policy has by default.
const NEAR: f64 = 5_000.0;
const CANDIDATES: usize = 32;
/// The road is so much longer than the air line, and is driven at so many metres a second.
const DETOUR: f64 = 1.35;
const SPEED: f64 = 8.0;
/// Before a driver sets off, in milliseconds.
const SET_OFF: f64 = 20_000.0;

/// How many drivers there are, and where the riders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Crowd {
    /// Twelve drivers for ten riders, everywhere.
    Balanced,
    /// One driver for two riders.
    Scarce,
    /// Twelve drivers for ten riders, but every other rider within the same four square kilometres.
    HotSpot,
    /// As many drivers as riders: nobody is named in the targets for it, and no regime is harder.
    Even,
}

impl Crowd {
    pub(super) const ALL: [Crowd; 4] = [Crowd::Balanced, Crowd::Scarce, Crowd::HotSpot, Crowd::Even];

    pub(super) fn name(self) -> &'static str {
        match self {
            Crowd::Balanced => "balanced",
            Crowd::Scarce => "scarce",
            Crowd::HotSpot => "hot spot",
            Crowd::Even => "even",
        }
    }

    fn drivers(self, riders: usize) -> usize {
        match self {
            Crowd::Balanced | Crowd::HotSpot => riders * 12 / 10,
            Crowd::Scarce => riders / 2,
            Crowd::Even => riders,
        }
    }
}

/// One rush hour.
#[derive(Debug)]
pub(super) struct Instance {
    pub(super) problem: Problem,
    crowd: Crowd,
    drivers: Vec<[f64; 2]>,
    chance: Pcg64Mcg,
}

impl Instance {
    pub(super) fn new(riders: usize, crowd: Crowd, seed: u64) -> Instance {
        let mut chance = Pcg64Mcg::seed_from_u64(seed);
        let drivers: Vec<[f64; 2]> = (0..crowd.drivers(riders)).map(|_| anywhere(&mut chance)).collect();
        let problem = Problem { riders: Vec::new(), drivers: drivers.len() };
        let mut instance = Instance { problem, crowd, drivers, chance };
        instance.problem.riders = (0..riders).map(|rider| instance.rider(rider)).collect();
        instance
    }

    /// The same with other riders in the place of every so many-th.
    pub(super) fn with_new_riders(&mut self, every: usize) -> Problem {
        let mut problem = self.problem.clone();
        for rider in (0..problem.riders.len()).step_by(every) {
            problem.riders[rider] = self.rider(rider);
        }
        problem
    }

    /// The candidates of a rider, nearest first, at what they cost: the time to the pickup in milliseconds, more or
    /// less, as roads are.
    fn rider(&mut self, number: usize) -> Vec<Edge> {
        let [x, y] = match self.crowd {
            Crowd::HotSpot if number.is_multiple_of(2) => [0; 2].map(|_| self.chance.random_range(9_000.0..11_000.0)),
            _ => anywhere(&mut self.chance),
        };
        let near = |(driver, at): (usize, &[f64; 2])| {
            let meters = (at[0] - x).hypot(at[1] - y);
            (meters <= NEAR).then_some((meters, driver))
        };
        let mut near: Vec<(f64, usize)> = self.drivers.iter().enumerate().filter_map(near).collect();
        near.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        near.truncate(CANDIDATES);
        let mut edge = |(meters, driver)| {
            let ms = meters * DETOUR / SPEED * 1_000.0 * self.chance.random_range(0.85..1.15) + SET_OFF;
            Edge { driver, cost: ms as u64 }
        };
        near.into_iter().map(&mut edge).collect()
    }

    /// As `scipy_matching.py` reads it.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let edges = || self.problem.riders.iter().flatten();
        let dearest = edges().map(|edge| edge.cost).max().unwrap_or(0);
        let riders = self.problem.riders.len() as u64;
        let mut numbers =
            vec![riders, self.problem.drivers as u64, edges().count() as u64, (dearest + 1) * (riders + 1)];
        let mut begins = 0;
        numbers.push(begins);
        for edges in &self.problem.riders {
            begins += edges.len() as u64;
            numbers.push(begins);
        }
        numbers.extend(edges().map(|edge| edge.driver as u64));
        numbers.extend(edges().map(|edge| edge.cost));
        numbers.into_iter().flat_map(u64::to_le_bytes).collect()
    }
}

fn anywhere(chance: &mut Pcg64Mcg) -> [f64; 2] {
    [chance.random_range(0.0..SIDE), chance.random_range(0.0..SIDE)]
}
