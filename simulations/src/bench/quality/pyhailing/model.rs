//! What the environment publishes about itself: zones, lots, speeds, how many trips there were from where to where.
//!
//! Lives here: that model, read from the script's JSON, and what follows from it: travel times, days of chance.
//! Stays out: any episode of the evaluation.
//! Touch with care: speeds are looked up by the zones whose centres are nearest, as the environment does it; which zone
//! a point really lies in, and whether the labels fit the streets, does not matter to it.

use rand::{Rng, RngExt};
use serde::Deserialize;

use super::nearest::Nearest;

/// A place of the environment's own map, in kilometres.
pub(super) type Xy = [f64; 2];

/// The parts of a day that speeds and demand are known for: quarters of an hour.
pub(super) const SLOTS: usize = 96;
pub(super) const SLOT_S: f64 = 900.0;
const DAYS: usize = 7;

/// One zone: where speeds and trip counts belong to.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Zone {
    pub(super) centre: Xy,
    triangles: Vec<[f64; 6]>,
    areas: Vec<f64>,
}

#[derive(Debug, Deserialize)]
struct Trips {
    day: Vec<usize>,
    slot: Vec<usize>,
    from: Vec<usize>,
    to: Vec<usize>,
    count: Vec<f64>,
}

/// The model as the script writes it.
#[derive(Debug, Deserialize)]
struct Published {
    vehicles: usize,
    requests: usize,
    start_s: f64,
    first_demand_slot: usize,
    lasts_s: f64,
    max_wait_s: f64,
    epoch_max_s: f64,
    fixed: f64,
    per_km: f64,
    cost_per_km: f64,
    speed_min: f64,
    speed_max: f64,
    zones: Vec<Zone>,
    lots: Vec<[f64; 3]>,
    speed_mean: Vec<f64>,
    speed_sd: Vec<f64>,
    trips: Trips,
}

/// The demand of one kind of day: which zones, in which slot, how often.
#[derive(Clone, Debug, Default)]
struct DayDemand {
    /// Slot, from, to, and the counts up to and including this one.
    trips: Vec<(u16, u16, u16)>,
    up_to: Vec<f64>,
}

/// A request as it will come up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Wish {
    pub(super) time: f64,
    pub(super) from: Xy,
    pub(super) to: Xy,
    /// How long the ride takes, which nobody knows before it is over.
    pub(super) ride_s: f64,
}

/// What is known about the environment and its demand.
#[derive(Clone, Debug)]
pub(super) struct Model {
    pub(super) vehicles: usize,
    pub(super) requests: usize,
    pub(super) lasts_s: f64,
    pub(super) max_wait_s: f64,
    pub(super) epoch_max_s: f64,
    pub(super) fixed: f64,
    pub(super) per_km: f64,
    pub(super) cost_per_km: f64,
    pub(super) zones: Vec<Zone>,
    pub(super) lots: Vec<Xy>,
    pub(super) lot_zones: Vec<usize>,
    lot_weights: Vec<f64>,
    start_s: f64,
    first_demand_slot: usize,
    speed_min: f64,
    speed_max: f64,
    /// By slot, zone, zone.
    speed_mean: Vec<f32>,
    speed_sd: Vec<f32>,
    /// The mean of one by the speed: seconds a kilometre, as they are to be expected.
    pace: Vec<f32>,
    days: Vec<DayDemand>,
    day_weights: Vec<f64>,
    nearest: Nearest,
}

/// The distance that the environment drives: along the streets of a grid.
pub(super) fn km(a: Xy, b: Xy) -> f64 {
    (a[0] - b[0]).abs() + (a[1] - b[1]).abs()
}

impl Model {
    /// Reads what the script wrote.
    ///
    /// # Errors
    /// When it is not JSON or a part is missing.
    pub(super) fn read(json: &[u8]) -> Result<Model, String> {
        let published: Published = serde_json::from_slice(json).map_err(|why| format!("no model: {why}"))?;
        let zones = published.zones.len();
        let cells = SLOTS * zones * zones;
        if zones == 0 || published.speed_mean.len() != cells || published.speed_sd.len() != cells {
            return Err(format!("no model: {zones} zones and {} speeds", published.speed_mean.len()));
        }
        Ok(Model::new(published))
    }

    fn new(published: Published) -> Model {
        let (days, day_weights) = demand(&published.trips);
        let speeds = published.speed_mean.iter().zip(&published.speed_sd);
        let (least, most) = (published.speed_min, published.speed_max);
        let mut model = Model {
            vehicles: published.vehicles,
            requests: published.requests,
            lasts_s: published.lasts_s,
            max_wait_s: published.max_wait_s,
            epoch_max_s: published.epoch_max_s,
            fixed: published.fixed,
            per_km: published.per_km,
            cost_per_km: published.cost_per_km,
            lots: published.lots.iter().map(|&[x, y, _]| [x, y]).collect(),
            lot_zones: Vec::new(),
            lot_weights: published.lots.iter().map(|&[_, _, weight]| weight).collect(),
            start_s: published.start_s,
            first_demand_slot: published.first_demand_slot,
            speed_min: least,
            speed_max: most,
            pace: speeds.clone().map(|(&mean, &sd)| mean_pace(mean, sd, least, most) as f32).collect(),
            speed_mean: published.speed_mean.iter().map(|&speed| speed as f32).collect(),
            speed_sd: published.speed_sd.iter().map(|&speed| speed as f32).collect(),
            nearest: Nearest::new(published.zones.iter().map(|zone| zone.centre).collect()),
            zones: published.zones,
            days,
            day_weights,
        };
        model.lot_zones = model.lots.iter().map(|&lot| model.zone_at(lot)).collect();
        model
    }

    /// The same city with a fleet no larger than this, and as many requests for each vehicle.
    pub(super) fn with_fleet_of_at_most(&self, vehicles: usize) -> Model {
        let kept = vehicles.clamp(1, self.vehicles.max(1));
        let requests = self.requests * kept / self.vehicles.max(1);
        Model { vehicles: kept, requests, ..self.clone() }
    }

    /// The zone whose centre is nearest: the environment's own rule.
    pub(super) fn zone_at(&self, at: Xy) -> usize {
        self.nearest.zone_at(at)
    }

    fn cell(&self, from: usize, to: usize, time: f64) -> usize {
        let second = (time.round() + self.start_s).rem_euclid(86_400.0);
        let slot = (second / SLOT_S) as usize % SLOTS;
        (slot * self.zones.len() + from) * self.zones.len() + to
    }

    /// How long the environment thinks a drive takes when it decides what is feasible: at the mean speed.
    pub(super) fn nominal_s(&self, from: (Xy, usize), to: (Xy, usize), time: f64) -> f64 {
        km(from.0, to.0) / f64::from(self.speed_mean[self.cell(from.1, to.1, time)])
    }

    /// How long a drive is to be expected to take. Longer than at the mean speed: slow drives last longer than fast
    /// ones save.
    pub(super) fn expected_s(&self, from: (Xy, usize), to: (Xy, usize), time: f64) -> f64 {
        km(from.0, to.0) * f64::from(self.pace[self.cell(from.1, to.1, time)])
    }

    /// What a kilometre from a zone to each zone takes, as [`Model::expected_s`] has it.
    pub(super) fn paces_from(&self, from: usize, time: f64) -> &[f32] {
        let first = self.cell(from, 0, time);
        &self.pace[first..first + self.zones.len()]
    }

    /// How long a drive takes, once.
    pub(super) fn drawn_s(&self, from: Xy, to: Xy, time: f64, chance: &mut impl Rng) -> f64 {
        let cell = self.cell(self.zone_at(from), self.zone_at(to), time);
        let speed = f64::from(self.speed_mean[cell]) + f64::from(self.speed_sd[cell]) * normal(chance);
        km(from, to) / speed.clamp(self.speed_min, self.speed_max)
    }

    /// Where the vehicles of a day begin.
    pub(super) fn draw_fleet(&self, chance: &mut impl Rng) -> Vec<Xy> {
        (0..self.vehicles).map(|_| self.lots[pick(&self.lot_weights, chance)]).collect()
    }

    /// The requests of a day of chance, in the order of time.
    pub(super) fn draw_day(&self, chance: &mut impl Rng) -> Vec<Wish> {
        let day = &self.days[pick(&self.day_weights, chance)];
        let sum = day.up_to.last().copied().unwrap_or(0.0);
        let mut wishes: Vec<Wish> = (0..self.requests)
            .map(|_| {
                let lot = chance.random::<f64>() * sum;
                let (slot, from, to) =
                    day.trips[day.up_to.partition_point(|&up_to| up_to <= lot).min(day.trips.len() - 1)];
                let slot = (usize::from(slot) + SLOTS - self.first_demand_slot) % SLOTS;
                let time = (slot as f64 + chance.random::<f64>()) * SLOT_S;
                let (from, to) = (self.point_in(from, chance), self.point_in(to, chance));
                Wish { time, from, to, ride_s: self.drawn_s(from, to, time, chance) }
            })
            .collect();
        wishes.sort_by(|a, b| a.time.total_cmp(&b.time));
        wishes
    }

    fn point_in(&self, zone: u16, chance: &mut impl Rng) -> Xy {
        let zone = &self.zones[usize::from(zone)];
        let [ax, ay, bx, by, cx, cy] = zone.triangles[pick(&zone.areas, chance)];
        let (root, along) = (chance.random::<f64>().sqrt(), chance.random::<f64>());
        let [a, b, c] = [1.0 - root, root * (1.0 - along), root * along];
        [a * ax + b * bx + c * cx, a * ay + b * by + c * cy]
    }
}

/// The demand of each kind of day, and how likely each kind is.
fn demand(trips: &Trips) -> (Vec<DayDemand>, Vec<f64>) {
    let (mut days, mut weights) = (vec![DayDemand::default(); DAYS], vec![0.0; DAYS]);
    for row in 0..trips.count.len() {
        let (day, slot, from, to) = (trips.day[row] % DAYS, trips.slot[row] % SLOTS, trips.from[row], trips.to[row]);
        weights[day] += trips.count[row];
        days[day].trips.push((slot as u16, from as u16, to as u16));
        days[day].up_to.push(weights[day]);
    }
    (days, weights)
}

/// The mean of one by a speed that is normal and kept within bounds: by 64 equally likely speeds.
fn mean_pace(mean: f64, sd: f64, least: f64, most: f64) -> f64 {
    const PARTS: u32 = 64;
    let part = |part: u32| 1.0 / (mean + sd * quantile((f64::from(part) + 0.5) / f64::from(PARTS))).clamp(least, most);
    (0..PARTS).map(part).sum::<f64>() / f64::from(PARTS)
}

/// The normal distribution's quantile, to about 4.5e-4: Abramowitz and Stegun 26.2.23.
fn quantile(p: f64) -> f64 {
    let tail = p.min(1.0 - p).max(1e-12);
    let t = (-2.0 * tail.ln()).sqrt();
    let rational =
        (2.515_517 + t * (0.802_853 + t * 0.010_328)) / (1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308)));
    (t - rational) * if p < 0.5 { -1.0 } else { 1.0 }
}

/// One draw of a normal distribution: Box and Muller.
fn normal(chance: &mut impl Rng) -> f64 {
    let (radius, angle) = (1.0 - chance.random::<f64>(), chance.random::<f64>());
    (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
}

/// A number from 0, each as likely as its weight.
fn pick(weights: &[f64], chance: &mut impl Rng) -> usize {
    let mut left = chance.random::<f64>() * weights.iter().sum::<f64>();
    for (number, &weight) in weights.iter().enumerate() {
        left -= weight;
        if left < 0.0 {
            return number;
        }
    }
    weights.len() - 1
}
