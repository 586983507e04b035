//! Hansom as the environment's agent: who gets which request, and where idle vehicles wait.
//!
//! Lives here: what the agent is shown and answers, how a decision becomes a [`Problem`] of `dispatch`, which decides;
//! where vehicles wait is in `agent/waiting.rs`.
//! Stays out: where the values come from (`learn`), the socket (`bridge`).
//! Touch with care: the agent knows what the environment shows and publishes, and what it has seen: nothing of requests
//! to come, no drawn speed before a vehicle has shown it.
//!
//! A request is worth its fare less the way, plus what the vehicle is worth where and when it will be free, less what
//! it is worth if it is left alone. Who is worth less than nothing stays unserved: each request has a seat of its own
//! for that, so that the plan matches all and only the sum decides.

mod waiting;

use dispatch::{Edge, Method, Problem, ValueTable, plan};

use super::model::{Model, SLOT_S, SLOTS, Xy, km};
use super::watch::Watch;

/// What a vehicle does, in the environment's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Job {
    Idle,
    Reposition,
    Setup,
    Process,
    Null,
}

/// A request that waits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pending {
    pub(super) id: usize,
    pub(super) release: f64,
    pub(super) from: Xy,
    pub(super) to: Xy,
}

/// A vehicle as it is shown: where, its jobs, from where to where each of them leads.
#[derive(Clone, Copy, Debug)]
pub(super) struct Vehicle {
    pub(super) at: Xy,
    pub(super) jobs: [Job; 3],
    pub(super) ends: [[Xy; 2]; 3],
}

/// A moment at which the agent may decide.
#[derive(Clone, Debug)]
pub(super) struct Epoch {
    pub(super) time: f64,
    pub(super) requests: Vec<Pending>,
    pub(super) vehicles: Vec<Vehicle>,
}

/// What the agent decides: requests to vehicles, vehicles to lots.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Answer {
    pub(super) assign: Vec<(usize, usize)>,
    pub(super) reposition: Vec<(usize, usize)>,
}

/// The numbers of a policy, chosen on other days than those of the evaluation.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Numbers {
    /// Which part of the drive to a lot a vehicle is thought to be lost for: 0 to 1.
    pub(super) lost_on_the_way: f64,
    /// What each further vehicle of a zone is worth less, in dollars.
    pub(super) crowd: f64,
    /// How far the crowd of one zone is felt in another: a drive of so many seconds weakens it to 1/e.
    pub(super) crowd_reach_s: f64,
    /// How often idle vehicles are looked at, in seconds.
    pub(super) every_s: f64,
    /// The longest drive to a lot, in seconds.
    pub(super) drive_max_s: f64,
    /// What a move must be better by, in dollars.
    pub(super) gain_min: f64,
    /// 0 teaches what a vehicle earns, 1 what would be lost without it, because another one would take the request.
    pub(super) marginal: f64,
    /// How much of the difference that values make is believed: 0 to 1.
    pub(super) trust: f64,
    /// How much of the price of time is believed: 0 to 1.
    pub(super) trust_time: f64,
    /// A request that is still too far must be near enough so many seconds before it gives up.
    pub(super) late_slack_s: f64,
    /// What a vehicle that waits is worth less for each other one around it, in dollars, when requests are given out.
    pub(super) crowd_taken: f64,
    /// A request for a vehicle that still carries a rider is kept for it, and promised only so many seconds before it
    /// would give up: until the vehicle is free a better one may come, for either.
    pub(super) promise_slack_s: f64,
    /// How many waiting vehicles are looked at together.
    pub(super) looks: usize,
}

impl Numbers {
    /// Chosen on days of chance. A large fleet learns little about a place from one day, and its places fill sooner.
    pub(super) fn for_fleet(vehicles: usize) -> Numbers {
        let large = vehicles >= LARGE_FLEET;
        Numbers {
            lost_on_the_way: 0.2,
            crowd: if large { 30.0 } else { 12.0 },
            crowd_reach_s: 200.0,
            every_s: 60.0,
            looks: 2,
            drive_max_s: 1_200.0,
            gain_min: 0.3,
            crowd_taken: if large { 8.0 } else { 4.0 },
            trust: if large { 0.4 } else { 0.8 },
            trust_time: if large { 0.65 } else { 0.9 },
            marginal: 1.0,
            late_slack_s: 30.0,
            promise_slack_s: 15.0,
        }
    }
}

/// How far apart in time the knots of the value table are, in seconds.
pub(super) const KNOT_S: f64 = 1_800.0;

/// The rows of the value table: those of vehicles about to be free, then those of vehicles that wait.
pub(super) fn value_table(model: &Model) -> ValueTable {
    ValueTable::new(2 * model.zones.len(), (SLOTS as f64 * SLOT_S / KNOT_S) as usize + 1)
}

/// A vehicle that could take a request: from where and when, and what it is worth without it.
#[derive(Clone, Copy, Debug)]
struct Ready {
    vehicle: usize,
    at: Xy,
    zone: usize,
    in_s: f64,
    worth: f64,
}

/// A way to serve a request.
#[derive(Clone, Copy, Debug)]
struct Gain {
    /// What is gained over leaving both alone, in dollars.
    worth: f64,
    /// What the request brings before the vehicle is free again.
    reward: f64,
    vehicle: usize,
    /// Whether the environment would not allow it now, but soon; or nothing is lost by deciding later.
    later: bool,
}

/// What a decision says about the worth of a state, for those who learn.
#[derive(Clone, Copy, Debug)]
pub(super) enum Note {
    /// Free now or later, at this row and time.
    State { row: usize, time: f64 },
    /// Took a request: what it brings before the vehicle is free again.
    Took { reward: f64 },
    /// Drives this far without a rider.
    Drives { km: f64 },
}

/// Hansom's decisions for one episode.
#[derive(Debug)]
pub(super) struct Agent<'a> {
    model: &'a Model,
    numbers: &'a Numbers,
    values: &'a ValueTable,
    watch: Watch,
    looked_at: Vec<f64>,
    /// What was decided about each vehicle, in the order of time; only when asked for.
    pub(super) notes: Option<Vec<Vec<Note>>>,
}

/// A thousandth of a dollar is one of the units that `plan` counts in.
const MILLS: f64 = 1_000.0;
/// No gain is as large, in dollars.
const GAIN_MAX: f64 = 100_000.0;
/// How many vehicles are considered for one request.
const CANDIDATES_MAX: usize = 32;
/// A lot that is this much farther from the request by each kilometre is as good as one that is that kilometre off the
/// way.
const APPROACHES: f64 = 1.3;
/// From how many vehicles on a fleet is large.
const LARGE_FLEET: usize = 50;

impl<'a> Agent<'a> {
    pub(super) fn new(model: &'a Model, numbers: &'a Numbers, values: &'a ValueTable) -> Agent<'a> {
        let watch = Watch::new(model.vehicles);
        Agent { model, numbers, values, watch, looked_at: vec![f64::NEG_INFINITY; model.vehicles], notes: None }
    }

    /// What a vehicle is worth that will be free in a zone.
    fn worth_free(&self, zone: usize, time: f64) -> f64 {
        self.values.worth(zone, time / KNOT_S)
    }

    /// What a vehicle is worth that waits in a zone.
    fn worth_waiting(&self, zone: usize, time: f64) -> f64 {
        self.values.worth(self.model.zones.len() + zone, time / KNOT_S)
    }

    fn note(&mut self, vehicle: usize, note: Note) {
        if let Some(notes) = &mut self.notes {
            notes[vehicle].push(note);
        }
    }

    /// Decides. Requests that are not named wait on.
    pub(super) fn decide(&mut self, epoch: &Epoch) -> Answer {
        self.watch.see(self.model, epoch);
        let mut ready: Vec<Ready> =
            (0..epoch.vehicles.len()).filter_map(|vehicle| self.ready(vehicle, epoch)).collect();
        if self.numbers.crowd_taken != 0.0 && !epoch.requests.is_empty() {
            let crowd = self.crowd(epoch, &ready, &[], &vec![false; epoch.vehicles.len()]);
            for ready in ready.iter_mut().filter(|ready| ready.in_s == 0.0) {
                ready.worth -= self.numbers.crowd_taken * (crowd[ready.zone] - 1.0).max(0.0);
            }
        }
        let chosen = self.assign(epoch, &ready);
        let mut busy = vec![false; epoch.vehicles.len()];
        let mut answer = Answer::default();
        for (number, gain) in chosen {
            busy[gain.vehicle] = true;
            let request = &epoch.requests[number];
            if gain.later {
                self.approach(epoch, gain.vehicle, request, &mut answer);
            } else {
                answer.assign.push((request.id, gain.vehicle));
            }
        }
        answer.reposition.extend(self.reposition(epoch, &ready, &busy));
        answer
    }

    /// Whether and how a vehicle could take a request.
    fn ready(&self, vehicle: usize, epoch: &Epoch) -> Option<Ready> {
        let shown = &epoch.vehicles[vehicle];
        let now = epoch.time;
        match (shown.jobs[0], shown.jobs[1]) {
            (Job::Null, _) => {
                let zone = self.model.zone_at(shown.at);
                let worth = self.worth_free(zone, now);
                Some(Ready { vehicle, at: shown.at, zone, in_s: 0.0, worth })
            }
            (Job::Idle | Job::Reposition, _) => {
                let zone = self.model.zone_at(shown.at);
                let worth = self.worth_on_the_way(vehicle, epoch);
                Some(Ready { vehicle, at: shown.at, zone, in_s: 0.0, worth })
            }
            (Job::Process, Job::Null) => {
                let at = shown.ends[0][1];
                let in_s = self.watch.ends_in(vehicle, now);
                let zone = self.model.zone_at(at);
                let worth = self.worth_free(zone, now + in_s);
                Some(Ready { vehicle, at, zone, in_s, worth })
            }
            _ => None,
        }
    }

    /// The state in which a vehicle waits or drives to a lot: its row's zone, the time that counts, the way left.
    fn waiting_state(&self, vehicle: usize, epoch: &Epoch) -> (usize, f64, f64) {
        let shown = &epoch.vehicles[vehicle];
        let lot = shown.ends[0][1];
        let (zone, here) = (self.model.zone_at(lot), self.model.zone_at(shown.at));
        let left_s = if shown.jobs[0] == Job::Reposition {
            self.model.expected_s((shown.at, here), (lot, zone), epoch.time)
        } else {
            0.0
        };
        (zone, epoch.time + self.numbers.lost_on_the_way * left_s, km(shown.at, lot))
    }

    fn worth_on_the_way(&self, vehicle: usize, epoch: &Epoch) -> f64 {
        let (zone, time, left_km) = self.waiting_state(vehicle, epoch);
        self.worth_waiting(zone, time) - self.model.cost_per_km * left_km
    }

    /// What is gained when this vehicle takes this request, and what the request brings until the vehicle is free
    /// again, where and when that is; `None` when it would not be allowed.
    fn gain(&self, ready: &Ready, request: &Pending, zones: (usize, usize), now: f64) -> Option<Gain> {
        let model = self.model;
        let (from, to) = ((request.from, zones.0), (request.to, zones.1));
        let nominal = model.nominal_s((ready.at, ready.zone), from, now);
        // Too far now, but not for long: it will be near enough before the request gives up.
        let late_s = nominal + ready.in_s - model.max_wait_s;
        let left_s = request.release + model.max_wait_s - now;
        if late_s > 0.0 && late_s + self.numbers.late_slack_s > left_s {
            return None;
        }
        let kept = ready.in_s > 0.0 && left_s > ready.in_s + self.numbers.promise_slack_s;
        let leaves = now + ready.in_s;
        let pickup = leaves + model.expected_s((ready.at, ready.zone), from, leaves);
        let free = pickup + model.expected_s(from, to, request.release);
        let (way, ride) = (km(ready.at, request.from), km(request.from, request.to));
        // The environment pays at once and charges for kilometres only until the day is over.
        let charged = ((model.lasts_s - leaves) / (free - leaves).max(1.0)).clamp(0.0, 1.0);
        let reward = model.fixed + model.per_km * ride - model.cost_per_km * (way + ride) * charged;
        let (there, later) = (self.worth_free(zones.1, leaves), self.worth_free(zones.1, free));
        let values = (later - there) * self.numbers.trust_time + (there - ready.worth) * self.numbers.trust;
        Some(Gain { worth: reward + values, reward, vehicle: ready.vehicle, later: late_s > 0.0 || kept })
    }

    /// Who takes which request: now, or as soon as it is allowed.
    fn assign(&mut self, epoch: &Epoch, ready: &[Ready]) -> Vec<(usize, Gain)> {
        let (requests, vehicles) = (epoch.requests.len(), epoch.vehicles.len());
        if requests == 0 || ready.is_empty() {
            return Vec::new();
        }
        let cost = |gain: f64| ((GAIN_MAX - gain).max(0.0) * MILLS).round() as u64;
        let gains = self.gains(epoch, ready);
        let row = |(number, row): (usize, &Vec<Gain>)| {
            let leave = Edge { driver: vehicles + number, cost: cost(0.0) };
            let take = row.iter().map(|gain| Edge { driver: gain.vehicle, cost: cost(gain.worth) });
            std::iter::once(leave).chain(take).collect()
        };
        let riders = gains.iter().enumerate().map(row).collect();
        let plan = plan(&Problem { riders, drivers: vehicles + requests }, Method::Batched);
        let mut taken = vec![false; vehicles];
        plan.driver_of.iter().flatten().filter(|&&driver| driver < vehicles).for_each(|&driver| taken[driver] = true);
        let mut assign = Vec::new();
        for (number, driver) in plan.driver_of.iter().enumerate() {
            let Some(&gain) = gains[number].iter().find(|gain| Some(gain.vehicle) == *driver) else { continue };
            assign.push((number, gain));
            if self.notes.is_some() && !gain.later {
                let other = gains[number].iter().find(|gain| !taken[gain.vehicle]).map_or(0.0, |gain| gain.worth);
                let other = other.clamp(0.0, gain.worth) * self.numbers.marginal;
                self.note_taken(gain.vehicle, epoch, ready, gain.reward - other);
            }
        }
        assign
    }

    /// For each request the vehicles that gain most by taking it, best first.
    fn gains(&self, epoch: &Epoch, ready: &[Ready]) -> Vec<Vec<Gain>> {
        let of = |request: &Pending| {
            let zones = (self.model.zone_at(request.from), self.model.zone_at(request.to));
            let gain = |ready: &Ready| self.gain(ready, request, zones, epoch.time).filter(|gain| gain.worth > 0.0);
            let mut row: Vec<Gain> = ready.iter().filter_map(gain).collect();
            row.sort_by(|a, b| b.worth.total_cmp(&a.worth).then(a.vehicle.cmp(&b.vehicle)));
            row.truncate(CANDIDATES_MAX);
            row
        };
        epoch.requests.iter().map(of).collect()
    }

    /// Lets a vehicle drive towards a request that it may take when it is nearer. One that carries a rider comes nearer
    /// by itself.
    fn approach(&mut self, epoch: &Epoch, vehicle: usize, request: &Pending, answer: &mut Answer) {
        let shown = &epoch.vehicles[vehicle];
        if shown.jobs[0] == Job::Process {
            return;
        }
        let lots = &self.model.lots;
        let way = |lot: Xy| km(shown.at, lot) + km(lot, request.from) * APPROACHES;
        let best = (0..lots.len()).min_by(|&a, &b| way(lots[a]).total_cmp(&way(lots[b])));
        let Some(lot) = best else { return };
        if shown.jobs[0] != Job::Null && km(shown.ends[0][1], lots[lot]) < 1e-9 {
            return;
        }
        if self.notes.is_some() {
            self.note_state(vehicle, epoch);
            let before = if shown.jobs[0] == Job::Null { 0.0 } else { km(shown.at, shown.ends[0][1]) };
            self.note(vehicle, Note::Drives { km: km(shown.at, lots[lot]) - before });
        }
        answer.reposition.push((vehicle, lot));
    }

    fn note_taken(&mut self, vehicle: usize, epoch: &Epoch, ready: &[Ready], reward: f64) {
        let Some(&ready) = ready.iter().find(|ready| ready.vehicle == vehicle) else { return };
        if ready.in_s > 0.0 {
            self.note(vehicle, Note::State { row: ready.zone, time: epoch.time + ready.in_s });
        } else {
            self.note_state(vehicle, epoch);
            if epoch.vehicles[vehicle].jobs[0] != Job::Null {
                // The rest of the way to the lot is not driven.
                let left_km = self.waiting_state(vehicle, epoch).2;
                self.note(vehicle, Note::Drives { km: -left_km });
            }
        }
        self.note(vehicle, Note::Took { reward });
    }

    fn note_state(&mut self, vehicle: usize, epoch: &Epoch) {
        if epoch.vehicles[vehicle].jobs[0] == Job::Null {
            let row = self.model.zone_at(epoch.vehicles[vehicle].at);
            self.note(vehicle, Note::State { row, time: epoch.time });
        } else {
            // The worth of the row is that of having arrived: the way there was charged when it was decided.
            let (zone, time, _) = self.waiting_state(vehicle, epoch);
            self.note(vehicle, Note::State { row: self.model.zones.len() + zone, time });
        }
    }
}
