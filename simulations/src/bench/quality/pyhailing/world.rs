//! The environment's rules restated, for days of chance: where values are learned and policies are chosen.
//!
//! Lives here: vehicles with up to three jobs, decision epochs, rewards.
//! Stays out: the evaluation, which is always the Python environment's own.
//! Touch with care: what an agent is shown is exactly what the environment shows, and no more.

use rand::Rng;

use super::agent::{Answer, Epoch, Job, Pending, Vehicle};
use super::model::{Model, Wish, Xy, km};

/// One thing a vehicle does.
#[derive(Clone, Copy, Debug)]
struct Leg {
    job: Job,
    from: Xy,
    to: Xy,
    begins: f64,
    ends: f64,
}

/// A day of chance.
pub(super) struct World<'a, R> {
    model: &'a Model,
    chance: R,
    now: f64,
    wishes: Vec<Wish>,
    next_wish: usize,
    /// Numbers of the requests that wait.
    pending: Vec<usize>,
    /// What each vehicle does, in order; the last leg of one that is on its way to nobody is to be idle.
    legs: Vec<Vec<Leg>>,
    at: Vec<Xy>,
    pub(super) score: f64,
    pub(super) served: usize,
}

impl<'a, R: Rng> World<'a, R> {
    pub(super) fn new(model: &'a Model, mut chance: R) -> World<'a, R> {
        let at = model.draw_fleet(&mut chance);
        let wishes = model.draw_day(&mut chance);
        let legs = at.iter().map(|&at| vec![idle(at, 0.0)]).collect();
        World { model, chance, now: 0.0, wishes, next_wish: 0, pending: Vec::new(), legs, at, score: 0.0, served: 0 }
    }

    pub(super) fn is_over(&self) -> bool {
        self.now >= self.model.lasts_s
    }

    /// What the agent is shown.
    pub(super) fn epoch(&self) -> Epoch {
        let requests = self.pending.iter().map(|&id| {
            let wish = &self.wishes[id];
            Pending { id, release: wish.time, from: wish.from, to: wish.to }
        });
        let vehicles = self.legs.iter().zip(&self.at).map(|(legs, &at)| {
            let mut jobs = [Job::Null; 3];
            let mut ends = [[at, at]; 3];
            for (place, leg) in legs.iter().enumerate().take(3) {
                jobs[place] = leg.job;
                ends[place] = [leg.from, leg.to];
            }
            Vehicle { at, jobs, ends }
        });
        Epoch { time: self.now, requests: requests.collect(), vehicles: vehicles.collect() }
    }

    /// Does as the agent says and goes on to the next epoch. What is not feasible is dropped.
    pub(super) fn step(&mut self, answer: &Answer) {
        for &(id, vehicle) in &answer.assign {
            if self.pending.contains(&id) && self.assign(id, vehicle) {
                self.pending.retain(|&pending| pending != id);
            }
        }
        for &(vehicle, lot) in &answer.reposition {
            if self.is_free(vehicle) {
                self.send(vehicle, self.model.lots[lot]);
            }
        }
        let mut next = (self.now + self.model.epoch_max_s).min(self.model.lasts_s);
        if let Some(wish) = self.wishes.get(self.next_wish) {
            next = next.min(wish.time);
        }
        for legs in &self.legs {
            // A vehicle asks for work when all its riders are served.
            if let Some(last) = legs.last().filter(|leg| leg.job == Job::Process) {
                next = next.min(last.ends);
            }
        }
        self.drive_until(next);
        if self.wishes.get(self.next_wish).is_some_and(|wish| wish.time <= next) {
            self.pending.push(self.next_wish);
            self.next_wish += 1;
        }
        let (wishes, longest) = (&self.wishes, self.model.max_wait_s);
        self.pending.retain(|&id| next - wishes[id].time <= longest);
    }

    fn is_free(&self, vehicle: usize) -> bool {
        self.legs[vehicle].first().is_none_or(|leg| matches!(leg.job, Job::Idle | Job::Reposition))
    }

    fn assign(&mut self, id: usize, vehicle: usize) -> bool {
        let wish = self.wishes[id];
        let free = self.is_free(vehicle);
        let (from, begins) = match self.legs[vehicle].as_slice() {
            _ if free => (self.at[vehicle], self.now),
            [last] if last.job == Job::Process => (last.to, last.ends),
            _ => return false,
        };
        let zones = (self.model.zone_at(from), self.model.zone_at(wish.from));
        let drive = self.model.nominal_s((from, zones.0), (wish.from, zones.1), self.now);
        if drive + begins - self.now > self.model.max_wait_s {
            return false;
        }
        if free {
            self.legs[vehicle].clear();
        }
        let pickup = begins + self.model.drawn_s(from, wish.from, begins, &mut self.chance);
        let setup = Leg { job: Job::Setup, from, to: wish.from, begins, ends: pickup };
        let ride = Leg { job: Job::Process, from: wish.from, to: wish.to, begins: pickup, ends: pickup + wish.ride_s };
        self.legs[vehicle].extend([setup, ride]);
        self.score += self.model.fixed + self.model.per_km * km(wish.from, wish.to);
        self.served += 1;
        true
    }

    fn send(&mut self, vehicle: usize, lot: Xy) {
        let from = self.at[vehicle];
        let ends = self.now + self.model.drawn_s(from, lot, self.now, &mut self.chance);
        let drive = Leg { job: Job::Reposition, from, to: lot, begins: self.now, ends };
        self.legs[vehicle] = vec![drive, idle(lot, ends)];
    }

    fn drive_until(&mut self, next: f64) {
        for (legs, at) in self.legs.iter_mut().zip(&mut self.at) {
            for leg in legs.iter() {
                let lasts = leg.ends - leg.begins;
                if lasts > 0.0 && lasts.is_finite() {
                    let driven = (next.clamp(leg.begins, leg.ends) - self.now.clamp(leg.begins, leg.ends)) / lasts;
                    self.score -= driven * km(leg.from, leg.to) * self.model.cost_per_km;
                }
            }
            while let Some(&leg) = legs.first() {
                if leg.ends > next {
                    let lasts = leg.ends - leg.begins;
                    let over = if lasts.is_finite() { (next - leg.begins) / lasts } else { 0.0 };
                    *at = [0, 1].map(|axis| leg.from[axis] + over * (leg.to[axis] - leg.from[axis]));
                    break;
                }
                *at = leg.to;
                legs.remove(0);
            }
        }
        self.now = next;
    }
}

fn idle(at: Xy, from: f64) -> Leg {
    Leg { job: Job::Idle, from: at, to: at, begins: from, ends: f64::INFINITY }
}
