//! What a run is judged by, beyond its sums: how long each rider waited, how each driver's day was spent, who was not
//! served and where.
//!
//! Lives here: [`Measures`], and the witness that gathers them while a city plays.
//! Stays out: how they are compared ([`crate::compare`]) and drawn ([`crate::html`]).
//! Touch with care: a trip is looked at when its stage changes, not with every position of its car: a city in virtual
//! time must not notice that it is measured.

use std::collections::BTreeMap;

use dispatch::{StageName, Timestamp, TripId, TripView};
use geo::{Cell, Resolution};
use serde::Serialize;

use crate::people::Work;
use crate::statistics::{gini, mean, quantile};

/// The cells of the map: resolution 8, some 0.7 km2, a walk across.
const MAP_RESOLUTION: u8 = 8;
/// Into about so many slots a run is divided; none is shorter than five minutes.
const SLOTS: f64 = 36.0;
/// Offers beyond this many for one match are counted together.
const OFFERS_MAX: usize = 10;

/// What a run is judged by.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Measures {
    /// How many trips were asked for.
    pub requested: u64,
    /// How many of them a driver accepted.
    pub matched: u64,
    /// How many ended with the rider at the goal.
    pub completed: u64,
    /// From the request to the car at the pickup, in seconds, sorted.
    pub waits_s: Vec<f64>,
    /// The run in slots of time.
    pub day: Vec<Slot>,
    /// By driver.
    pub drivers: Vec<DriverDay>,
    /// How many matches took one offer, two, and so on; the last counts all beyond.
    pub offers_per_match: Vec<u64>,
    /// By cell with any request, in the order of their indexes.
    pub cells: Vec<CellDemand>,
    /// What drivers earn by: `fares` in minor units, or `km with a rider` when trips bring no fare.
    pub earned_by: &'static str,
}

/// A piece of the day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Slot {
    /// When it begins, in seconds after midnight of the first day.
    pub begins_s: u64,
    /// Trips asked for in it.
    pub requested: u64,
    /// Those of them that a driver accepted, whenever that was.
    pub matched: u64,
}

/// One driver's day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct DriverDay {
    /// Without a trip, in seconds.
    pub idle_s: f64,
    /// What was done instead.
    #[serde(flatten)]
    pub work: Work,
    /// What it brought in, by [`Measures::earned_by`].
    pub earned: f64,
}

/// What was wanted in one cell.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct CellDemand {
    /// Which, as H3 writes it.
    #[serde(serialize_with = "as_text")]
    pub cell: Cell,
    /// Trips asked for from here.
    pub requested: u64,
    /// Those that have ended without a driver.
    pub unserved: u64,
}

fn as_text<S: serde::Serializer>(cell: &Cell, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(cell)
}

impl Measures {
    /// The share of requests that a driver accepted; 1 when there were none.
    #[must_use]
    pub fn match_rate(&self) -> f64 {
        if self.requested == 0 { 1.0 } else { self.matched as f64 / self.requested as f64 }
    }

    /// The mean wait for the car, in seconds; 0 when nobody was picked up.
    #[must_use]
    pub fn wait_mean_s(&self) -> f64 {
        mean(&self.waits_s).unwrap_or(0.0)
    }

    /// The wait that nineteen of twenty riders do not exceed, in seconds.
    #[must_use]
    pub fn wait_p95_s(&self) -> f64 {
        quantile(&self.waits_s, 0.95).unwrap_or(0.0)
    }

    /// The share of their time that drivers have no trip.
    #[must_use]
    pub fn idle_share(&self) -> f64 {
        let idle: f64 = self.drivers.iter().map(|driver| driver.idle_s).sum();
        let busy: f64 = self.drivers.iter().map(|driver| driver.work).map(busy_s).sum();
        share(idle, busy)
    }

    /// The share of the driven way that has no rider in the car.
    #[must_use]
    pub fn deadhead_share(&self) -> f64 {
        let empty: f64 = self.drivers.iter().map(|driver| driver.work.empty_m).sum();
        let ridden: f64 = self.drivers.iter().map(|driver| driver.work.with_rider_m).sum();
        share(empty, ridden)
    }

    /// How many offers a match took, on average; 0 without matches.
    #[must_use]
    pub fn offers_mean(&self) -> f64 {
        let matches: u64 = self.offers_per_match.iter().sum();
        let offers: u64 = self.offers_per_match.iter().zip(1..).map(|(count, offers)| count * offers).sum();
        if matches == 0 { 0.0 } else { offers as f64 / matches as f64 }
    }

    /// How unequally drivers earn.
    #[must_use]
    pub fn gini(&self) -> f64 {
        gini(&self.drivers.iter().map(|driver| driver.earned).collect::<Vec<_>>())
    }

    /// The same city on other days, taken together.
    #[must_use]
    pub fn pooled(runs: &[Measures]) -> Measures {
        let mut sum = Measures { earned_by: runs.first().map_or("", |run| run.earned_by), ..Measures::default() };
        let mut cells: BTreeMap<Cell, CellDemand> = BTreeMap::new();
        for run in runs {
            sum.requested += run.requested;
            sum.matched += run.matched;
            sum.completed += run.completed;
            sum.waits_s.extend(&run.waits_s);
            sum.drivers.extend(&run.drivers);
            sum.day.resize(sum.day.len().max(run.day.len()), Slot::default());
            for (all, slot) in sum.day.iter_mut().zip(&run.day) {
                let (requested, matched) = (all.requested + slot.requested, all.matched + slot.matched);
                *all = Slot { begins_s: slot.begins_s, requested, matched };
            }
            sum.offers_per_match.resize(OFFERS_MAX, 0);
            sum.offers_per_match.iter_mut().zip(&run.offers_per_match).for_each(|(all, count)| *all += count);
            for demand in &run.cells {
                let CellDemand { cell, requested, unserved } = *demand;
                let all = cells.entry(cell).or_insert(CellDemand { cell, requested: 0, unserved: 0 });
                all.requested += requested;
                all.unserved += unserved;
            }
        }
        sum.waits_s.sort_by(f64::total_cmp);
        sum.cells = cells.into_values().collect();
        sum
    }
}

fn busy_s(work: Work) -> f64 {
    work.to_pickup_s + work.waiting_s + work.with_rider_s
}

fn share(part: f64, rest: f64) -> f64 {
    if part + rest > 0.0 { part / (part + rest) } else { 0.0 }
}

/// What is gathered while a city plays.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    trips: BTreeMap<TripId, Seen>,
    /// By driver's seat: the trip paid last, and the minor units of all.
    paid: BTreeMap<usize, (TripId, i64)>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    cell: Cell,
    matched: bool,
    ended: bool,
    completed: bool,
    offers: u32,
    arrived_at: Option<Timestamp>,
}

impl Gathered {
    /// A rider sees a new stage.
    pub(crate) fn sees(&mut self, view: &TripView) {
        let Ok(resolution) = Resolution::new(MAP_RESOLUTION) else { return };
        let trip = &view.trip;
        let seen = self.trips.entry(trip.id).or_insert_with(|| Seen {
            cell: Cell::at(trip.order.pickup, resolution),
            matched: false,
            ended: false,
            completed: false,
            offers: 0,
            arrived_at: None,
        });
        for (_, stage, since) in &view.history {
            seen.matched |= *stage == StageName::EnRoute;
            if *stage == StageName::Arrived {
                seen.arrived_at = Some(seen.arrived_at.map_or(*since, |at| at.min(*since)));
            }
        }
        let stage = trip.stage.name();
        if stage == StageName::EnRoute {
            seen.offers = view.offers;
        }
        (seen.ended, seen.completed) = (!stage.is_active(), stage == StageName::Completed);
    }

    /// A driver is told that a trip is completed, which costs so many minor units.
    pub(crate) fn paid(&mut self, seat: usize, trip: TripId, minor: i64) {
        let paid = self.paid.entry(seat).or_insert((trip, 0));
        if paid.1 == 0 || paid.0 != trip {
            *paid = (trip, paid.1 + minor);
        }
    }

    /// What came together from `start` on, which is so many seconds after midnight, in so many hours.
    pub(crate) fn measures(&self, start: Timestamp, start_tod_s: u32, hours: f64, work: &[Work]) -> Measures {
        let slot_s = (hours * 3_600.0 / SLOTS / 300.0).ceil().max(1.0) as u64 * 300;
        let slots = ((hours * 3_600.0 / slot_s as f64).ceil() as usize).max(1);
        let begins = |place: usize| u64::from(start_tod_s) + place as u64 * slot_s;
        let mut found = Measures {
            day: (0..slots).map(|place| Slot { begins_s: begins(place), ..Slot::default() }).collect(),
            offers_per_match: vec![0; OFFERS_MAX],
            earned_by: if self.paid.is_empty() { "km with a rider" } else { "fares" },
            ..Measures::default()
        };
        let mut cells: BTreeMap<Cell, CellDemand> = BTreeMap::new();
        for (trip, seen) in &self.trips {
            let asked_at = trip.requested_at();
            found.requested += 1;
            found.matched += u64::from(seen.matched);
            found.completed += u64::from(seen.completed);
            found.waits_s.extend(seen.arrived_at.map(|at| at.since(asked_at).as_secs_f64()));
            let place = (asked_at.since(start).as_secs() / slot_s) as usize;
            if let Some(slot) = found.day.get_mut(place.min(slots - 1)) {
                slot.requested += 1;
                slot.matched += u64::from(seen.matched);
            }
            if seen.matched {
                let place = (seen.offers.max(1) as usize).min(OFFERS_MAX) - 1;
                found.offers_per_match[place] += 1;
            }
            let demand = cells.entry(seen.cell).or_insert(CellDemand { cell: seen.cell, requested: 0, unserved: 0 });
            demand.requested += 1;
            demand.unserved += u64::from(seen.ended && !seen.matched);
        }
        found.waits_s.sort_by(f64::total_cmp);
        found.cells = cells.into_values().collect();
        let day = |(seat, work): (usize, &Work)| {
            let fares = self.paid.get(&seat).map_or(0, |(_, minor)| *minor);
            let earned = if self.paid.is_empty() { work.with_rider_m / 1_000.0 } else { fares as f64 };
            DriverDay { idle_s: (hours * 3_600.0 - busy_s(*work)).max(0.0), work: *work, earned }
        };
        found.drivers = work.iter().enumerate().map(day).collect();
        found
    }
}

#[cfg(test)]
mod tests;
