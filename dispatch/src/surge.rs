//! Where rides are scarce, and by how much they cost more there.
//!
//! Lives here: [`SurgeMap`]: supply and demand by H3 cell, smoothed over time and over the cells around, and the step of
//! the price that follows.
//! Stays out: what a ride costs ([`crate::Tariff`]), whose car it is, who pays.
//! Touch with care: a price that flickers is worse than one that is a little wrong. Steps are a tenth; a price rises when
//! the next step is reached and falls when it is [`crate::SurgePolicy::fall_margin`] too high, and rests after a change.
//! Sums are made in the order of cells, so that the same inputs give the same prices to the last bit.

use std::collections::{BTreeMap, BTreeSet};

use geo::{Cell, Point, Resolution};

use crate::{LEARNED_CELLS_MAX, LearnedPrice, Surge, SurgePolicy, Timestamp, TripId};

/// The most cells a map remembers; about 2,400 km2 more than the largest default shard has. Beyond it new cells have no
/// surge.
const CELLS_MAX: usize = 20_000;

/// The most trips remembered as counted: a trip that searches again is no new demand.
const COUNTED_MAX: usize = 8_192;

/// What is less than this of a request or a driver is forgotten.
const NOTHING: f64 = 0.01;

/// The prices move in steps of so many percent.
const STEP: u16 = 10;

/// Supply, demand and price by cell. Knows no more of the city than what it is told.
#[derive(Clone, Debug, Default)]
pub struct SurgeMap {
    cells: BTreeMap<Cell, Area>,
    counted: BTreeSet<TripId>,
    next_at: Option<Timestamp>,
    refreshed_at: Option<Timestamp>,
    /// The cells where rides cost more, by how much more.
    surging: BTreeMap<Surge, i64>,
    shed: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Area {
    /// Requests of late, decayed to the last refresh; those since then count in full.
    demand: f64,
    /// Drivers who were free or soon to be, averaged over the window; `None` before the first refresh.
    supply: Option<f64>,
    surge: Surge,
    changed_at: Option<Timestamp>,
}

impl SurgeMap {
    /// A rider wants a ride from here. The same trip counts once.
    pub fn wanted(&mut self, now: Timestamp, policy: &SurgePolicy, trip: TripId, pickup: Point) {
        if !policy.is_on() || !self.counted.insert(trip) {
            return;
        }
        if self.counted.len() > COUNTED_MAX {
            self.counted.pop_first();
        }
        if let Some(area) = self.area(cell(policy, pickup)) {
            area.demand += 1.0;
        }
        // Without riders nothing is scarce, and nobody needs to be woken.
        self.next_at.get_or_insert(now + policy.every);
    }

    /// When prices are due to change; `None` while there is nothing to watch.
    #[must_use]
    pub fn deadline(&self) -> Option<Timestamp> {
        self.next_at
    }

    /// Makes the prices anew if it is time: `supply` is where drivers are free, or will be soon; `unserved` is where
    /// riders wait at this moment.
    pub fn refresh(
        &mut self,
        now: Timestamp,
        policy: &SurgePolicy,
        supply: impl IntoIterator<Item = Point>,
        unserved: impl IntoIterator<Item = Point>,
    ) {
        if self.next_at.is_none_or(|at| at > now) {
            return;
        }
        let count = |points: &mut dyn Iterator<Item = Point>| {
            let mut counts: BTreeMap<Cell, f64> = BTreeMap::new();
            points.for_each(|point| *counts.entry(cell(policy, point)).or_default() += 1.0);
            counts
        };
        let drivers = count(&mut supply.into_iter());
        let unserved = count(&mut unserved.into_iter());
        for cell in drivers.keys().chain(unserved.keys()) {
            self.area(*cell);
        }
        let passed = self.refreshed_at.map_or(policy.every, |before| now.since(before));
        let keeps = (-passed.as_secs_f64() / policy.window.as_secs_f64()).exp();
        for (cell, area) in &mut self.cells {
            let drivers = drivers.get(cell).copied().unwrap_or_default();
            area.supply = Some(area.supply.map_or(drivers, |before| before * keeps + drivers * (1.0 - keeps)));
        }
        let targets = self.targets(policy, &unserved);
        for (area, target) in self.cells.values_mut().zip(targets) {
            area.follow(now, policy, target);
            area.demand *= keeps;
        }
        self.cells.retain(|_, area| !area.is_forgotten());
        self.surging.clear();
        for area in self.cells.values().filter(|area| area.surge > Surge::NONE) {
            *self.surging.entry(area.surge).or_default() += 1;
        }
        self.refreshed_at = Some(now);
        self.next_at = (!self.cells.is_empty()).then_some(now + policy.every);
        if self.next_at.is_none() {
            self.refreshed_at = None;
        }
    }

    /// What rides cost where, for the next owner; where most is asked for, if there are too many cells.
    #[must_use]
    pub fn hand_on(&self) -> Vec<LearnedPrice> {
        let price = |(&cell, area): (&Cell, &Area)| {
            let supply = area.supply.unwrap_or_default();
            LearnedPrice { cell, demand: area.demand, supply, surge: area.surge }
        };
        let mut prices: Vec<LearnedPrice> = self.cells.iter().map(price).collect();
        if prices.len() > LEARNED_CELLS_MAX {
            prices.sort_by(|a, b| (b.surge, b.demand).partial_cmp(&(a.surge, a.demand)).unwrap_or(a.cell.cmp(&b.cell)));
            prices.truncate(LEARNED_CELLS_MAX);
        }
        prices
    }

    /// Takes up what the last owner asked for rides, and thinks again after the usual time. Only for one that knows nothing
    /// yet; demand is less by what has passed since `at`, and after twice the window nothing is taken up.
    pub fn take_up(&mut self, now: Timestamp, policy: &SurgePolicy, at: Timestamp, prices: &[LearnedPrice]) {
        let passed = now.since(at);
        if !policy.is_on() || !self.cells.is_empty() || passed > policy.window * 2 {
            return;
        }
        let keeps = (-passed.as_secs_f64() / policy.window.as_secs_f64()).exp();
        let sane = |number: f64| if number.is_finite() { number.clamp(0.0, 100_000.0) } else { 0.0 };
        for price in prices.iter().take(LEARNED_CELLS_MAX) {
            if price.cell.resolution().get() != policy.resolution {
                continue;
            }
            let surge = Surge::percent(price.surge.get().min(policy.max)).unwrap_or(Surge::NONE);
            if let Some(area) = self.area(price.cell) {
                *area = Area {
                    demand: sane(price.demand) * keeps,
                    supply: Some(sane(price.supply)),
                    surge,
                    changed_at: (surge > Surge::NONE).then_some(now),
                };
            }
        }
        for area in self.cells.values().filter(|area| area.surge > Surge::NONE) {
            *self.surging.entry(area.surge).or_default() += 1;
        }
        if !self.cells.is_empty() {
            (self.refreshed_at, self.next_at) = (Some(now), Some(now + policy.every));
        }
    }

    /// By how much rides from here cost more.
    #[must_use]
    pub fn at(&self, policy: &SurgePolicy, point: Point) -> Surge {
        if !policy.is_on() {
            return Surge::NONE;
        }
        self.cells.get(&cell(policy, point)).map_or(Surge::NONE, |area| area.surge)
    }

    /// In how many cells rides cost more, by how much more.
    #[must_use]
    pub fn surging(&self) -> &BTreeMap<Surge, i64> {
        &self.surging
    }

    /// How many cells there was no room for.
    #[must_use]
    pub fn shed(&self) -> u64 {
        self.shed
    }

    fn area(&mut self, cell: Cell) -> Option<&mut Area> {
        if self.cells.len() >= CELLS_MAX && !self.cells.contains_key(&cell) {
            self.shed += 1;
            return None;
        }
        Some(self.cells.entry(cell).or_default())
    }

    /// What each cell's price should be, in percent, in the order of the cells: below 100 where drivers abound.
    fn targets(&self, policy: &SurgePolicy, unserved: &BTreeMap<Cell, f64>) -> Vec<f64> {
        let spread = f64::from(policy.spread) / 100.0;
        let mut smooth: BTreeMap<Cell, (f64, f64)> = self.cells.keys().map(|cell| (*cell, (0.0, 0.0))).collect();
        for (cell, area) in &self.cells {
            let demand = area.demand + unserved.get(cell).copied().unwrap_or_default();
            let supply = area.supply.unwrap_or_default();
            let around = cell.neighbours();
            let share = spread / around.len() as f64;
            let shares = around.into_iter().map(|cell| (cell, share)).chain([(*cell, 1.0 - spread)]);
            for (cell, share) in shares {
                if let Some((demand_there, supply_there)) = smooth.get_mut(&cell) {
                    *demand_there += demand * share;
                    *supply_there += supply * share;
                }
            }
        }
        smooth.into_values().map(|(demand, supply)| target(policy, demand, supply)).collect()
    }
}

impl Area {
    fn follow(&mut self, now: Timestamp, policy: &SurgePolicy, target: f64) {
        if self.changed_at.is_some_and(|at| now < at + policy.hold) {
            return;
        }
        let max = f64::from(policy.max);
        let step = f64::from(STEP);
        let current = f64::from(self.surge.get());
        let wanted = if target >= current + step {
            (target / step).floor() * step
        } else if target <= current - f64::from(policy.fall_margin) {
            (target / step).ceil() * step
        } else {
            return;
        };
        let wanted = wanted.clamp(f64::from(Surge::NONE.get()), max) as u16;
        if let Some(surge) = Surge::percent(wanted).filter(|surge| *surge != self.surge) {
            (self.surge, self.changed_at) = (surge, Some(now));
        }
    }

    fn is_forgotten(&self) -> bool {
        self.demand < NOTHING && self.supply.unwrap_or_default() < NOTHING && self.surge == Surge::NONE
    }
}

/// The price that so many requests of so many drivers ask for, in percent. Up to one request for a driver, nothing; from
/// there to two, half a price more; from there on, a whole price for each (the curve of a public ride-sharing
/// platform). Below one request it goes on falling: that is what makes a price fall again.
fn target(policy: &SurgePolicy, demand: f64, supply: f64) -> f64 {
    if demand < policy.demand_min {
        return 0.0;
    }
    // A driver who is not there yet counts as a half: one request where nobody is must not be infinitely dear.
    let ratio = demand / supply.max(0.5);
    let percent = if ratio <= 2.0 { 50.0 + 50.0 * ratio } else { 150.0 + 100.0 * (ratio - 2.0) };
    percent.min(f64::from(policy.max))
}

fn cell(policy: &SurgePolicy, point: Point) -> Cell {
    let resolution = Resolution::new(policy.resolution).unwrap_or(Resolution::INDEX);
    Cell::at(point, resolution)
}

#[cfg(test)]
mod tests;
