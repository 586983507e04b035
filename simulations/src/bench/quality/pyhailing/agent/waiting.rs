//! Where vehicles without work wait: the agent's question to `dispatch::reposition`.
//!
//! Lives here: who may be sent, what a place is worth with the crowd around it, which lot stands for a zone.
//! Stays out: requests; what places are worth by themselves.

use std::time::Duration;

use dispatch::{Idle, RepositionProblem, Way, reposition};

use super::{Agent, Epoch, Job, Note, Ready};
use crate::bench::quality::pyhailing::model::{Xy, km};

/// How many lots are considered for one vehicle.
const WAYS_MAX: usize = 24;
/// Dollars are asked about as hundreds of seconds.
const CENTS: f64 = 100.0;
/// What a seat is worth at least, in dollars: more than any drive costs.
const SPARE: f64 = 50.0;

impl Agent<'_> {
    /// Where vehicles without work are to wait: those that must be told, and some of those that wait somewhere.
    pub(super) fn reposition(&mut self, epoch: &Epoch, ready: &[Ready], busy: &[bool]) -> Vec<(usize, usize)> {
        let must = |ready: &Ready| epoch.vehicles[ready.vehicle].jobs[0] == Job::Null;
        let movers = self.movers(epoch, ready, busy);
        if movers.is_empty() {
            return Vec::new();
        }
        let crowd = self.crowd(epoch, ready, &movers, busy);
        let (problem, lots) = self.reposition_problem(epoch, &movers, &crowd);
        let mut answer = Vec::new();
        let moves = reposition(&problem);
        for (driver, mover) in movers.iter().enumerate() {
            let moved = moves.iter().find(|one| one.driver == driver);
            let lot = moved.and_then(|one| lots[driver].iter().find(|&&(zone, _)| zone == one.way.place));
            let lot = lot.map(|&(_, lot)| lot).or_else(|| must(mover).then(|| self.nearest_lot(mover.at)));
            if self.notes.is_some() {
                self.note_state(mover.vehicle, epoch);
            }
            if let Some(lot) = lot {
                if self.notes.is_some() {
                    let shown = &epoch.vehicles[mover.vehicle];
                    let before = if must(mover) { 0.0 } else { km(shown.at, shown.ends[0][1]) };
                    let now = km(mover.at, self.model.lots[lot]);
                    self.note(mover.vehicle, Note::Drives { km: now - before });
                }
                answer.push((mover.vehicle, lot));
            }
        }
        answer
    }

    /// Those who must be told where to wait, and of those who wait the ones that were not looked at for longest.
    fn movers(&mut self, epoch: &Epoch, ready: &[Ready], busy: &[bool]) -> Vec<Ready> {
        let now = epoch.time;
        let waits = ready.iter().filter(|ready| !busy[ready.vehicle] && ready.in_s == 0.0);
        let (mut movers, mut others): (Vec<Ready>, Vec<Ready>) =
            waits.copied().partition(|ready| epoch.vehicles[ready.vehicle].jobs[0] == Job::Null);
        others.retain(|ready| now - self.looked_at[ready.vehicle] >= self.numbers.every_s);
        others.sort_by(|a, b| {
            self.looked_at[a.vehicle].total_cmp(&self.looked_at[b.vehicle]).then(a.vehicle.cmp(&b.vehicle))
        });
        others.truncate(self.numbers.looks);
        movers.extend(others);
        movers.iter().for_each(|mover| self.looked_at[mover.vehicle] = now);
        movers
    }

    fn nearest_lot(&self, at: Xy) -> usize {
        let lots = &self.model.lots;
        (0..lots.len()).min_by(|&a, &b| km(at, lots[a]).total_cmp(&km(at, lots[b]))).unwrap_or(0)
    }

    /// How many vehicles, weighed by how near they are, each zone has without those that may move.
    pub(super) fn crowd(&self, epoch: &Epoch, ready: &[Ready], movers: &[Ready], busy: &[bool]) -> Vec<f64> {
        let zones = self.model.zones.len();
        let mut here = vec![0.0; zones];
        for ready in ready {
            let moves = movers.iter().any(|mover| mover.vehicle == ready.vehicle);
            if moves || busy[ready.vehicle] || ready.in_s > 300.0 {
                continue;
            }
            let zone = if ready.in_s > 0.0 { ready.zone } else { self.waiting_state(ready.vehicle, epoch).0 };
            here[zone] += 1.0;
        }
        let mut crowd = vec![0.0; zones];
        for (other, &cars) in here.iter().enumerate().filter(|&(_, &cars)| cars > 0.0) {
            for (zone, crowd) in crowd.iter_mut().enumerate() {
                *crowd += cars * self.felt(other, zone, epoch.time);
            }
        }
        crowd
    }

    /// How much of a vehicle in one zone is felt in another.
    fn felt(&self, from: usize, to: usize, time: f64) -> f64 {
        let centre = |zone: usize| (self.model.zones[zone].centre, zone);
        let reach_s = self.numbers.crowd_reach_s.max(1.0);
        (-self.model.nominal_s(centre(from), centre(to), time) / reach_s).exp()
    }

    /// For each zone the lot that a vehicle is at soonest and what it costs to go there, in dollars; `None` where it
    /// is too far.
    fn nearest_lots(&self, mover: &Ready, now: f64) -> Vec<Option<(f64, usize)>> {
        let model = self.model;
        let mut nearest: Vec<Option<(f64, usize)>> = vec![None; model.zones.len()];
        for (lot, (&place, &zone)) in model.lots.iter().zip(&model.lot_zones).enumerate() {
            let way_km = km(mover.at, place);
            if nearest[zone].is_none_or(|(least, _)| way_km < least) {
                nearest[zone] = Some((way_km, lot));
            }
        }
        let paces = model.paces_from(mover.zone, now);
        for (zone, nearest) in nearest.iter_mut().enumerate() {
            *nearest = nearest.and_then(|(way_km, lot)| {
                let drive_s = way_km * f64::from(paces[zone]);
                let later = self.worth_waiting(zone, now + self.numbers.lost_on_the_way * drive_s);
                let lost = self.worth_waiting(zone, now) - later;
                let effort = model.cost_per_km * way_km + lost.max(0.0);
                (drive_s <= self.numbers.drive_max_s).then_some((effort, lot))
            });
        }
        nearest
    }

    /// The problem in hundredths of a dollar for seconds, and for each mover the lot that stands for each zone.
    fn reposition_problem(
        &self,
        epoch: &Epoch,
        movers: &[Ready],
        crowd: &[f64],
    ) -> (RepositionProblem, Vec<Vec<(usize, usize)>>) {
        let zones = self.model.zones.len();
        let worth: Vec<f64> = (0..zones).map(|zone| self.worth_waiting(zone, epoch.time)).collect();
        // Only differences count; a seat is to be worth something in every zone, to the last of the movers.
        let most = crowd.iter().copied().fold(0.0, f64::max) + movers.len() as f64;
        let least = worth.iter().copied().fold(f64::INFINITY, f64::min) - self.numbers.crowd * most - SPARE;
        let seat = |zone: usize, taken: usize| {
            (worth[zone] - self.numbers.crowd * (crowd[zone] + taken as f64) - least) * CENTS
        };
        let seats: Vec<Vec<f64>> =
            (0..zones).map(|zone| (0..movers.len()).map(|taken| seat(zone, taken)).collect()).collect();
        let (mut idle, mut lots) = (Vec::with_capacity(movers.len()), Vec::with_capacity(movers.len()));
        for mover in movers {
            // Where it waits, or is on its way to, it is without a new decision; the way left is not asked for again.
            let waits = epoch.vehicles[mover.vehicle].jobs[0] != Job::Null;
            let at = waits.then(|| self.waiting_state(mover.vehicle, epoch).0);
            let ways = self.ways(mover, epoch.time, &seats);
            lots.push(ways.iter().map(|&(way, lot)| (way.place, lot)).collect());
            idle.push(Idle { at, ways: ways.into_iter().map(|(way, _)| way).collect() });
        }
        let gain_min = Duration::from_secs_f64(self.numbers.gain_min * CENTS);
        (RepositionProblem { idle, seats, drive_max: Duration::MAX, gain_min }, lots)
    }

    /// The most promising places for a vehicle, and the lot of each.
    fn ways(&self, mover: &Ready, now: f64, seats: &[Vec<f64>]) -> Vec<(Way, usize)> {
        let nearest = self.nearest_lots(mover, now);
        let way = |(zone, &nearest): (usize, &Option<(f64, usize)>)| {
            let (effort, lot) = nearest?;
            let effort = effort * CENTS;
            Some((seats[zone][0] - effort, Way { place: zone, drive: Duration::from_secs_f64(effort) }, lot))
        };
        let mut ways: Vec<(f64, Way, usize)> = nearest.iter().enumerate().filter_map(way).collect();
        ways.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.place.cmp(&b.1.place)));
        ways.truncate(WAYS_MAX);
        ways.into_iter().map(|(_, way, lot)| (way, lot)).collect()
    }
}
