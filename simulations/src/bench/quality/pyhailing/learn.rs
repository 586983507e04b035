//! What a vehicle is worth where and when, learned from days of chance.
//!
//! Lives here: days played by the agent itself, and what they teach the table.
//! Stays out: the days of the evaluation: chance here is a generator of its own.

mod prices;

use dispatch::ValueTable;
use prices::Prices;
use rand::SeedableRng;
use rand_pcg::Pcg64;

use super::agent::{Agent, KNOT_S, Note, Numbers, value_table};
use super::model::{Model, km};
use super::world::World;

/// What a day of chance gave.
#[derive(Clone, Copy, Debug)]
pub(super) struct Played {
    pub(super) score: f64,
    pub(super) served: usize,
}

/// What a table says before it is taught counts for so many lessons: a straight line down to the end of the day.
const TAUGHT_BEFORE: f32 = 5.0;

/// How far away a lesson is heard, in kilometres: at this distance by 1/e.
const HEARD_KM: f64 = 0.4;

/// A table that knows nothing, and how often each of its cells was taught.
pub(super) struct Pupil {
    pub(super) values: ValueTable,
    taught: Vec<f32>,
    /// The zones near each zone, itself first, and how much of a lesson they hear.
    around: Vec<Vec<(usize, f64)>>,
    prices: Prices,
}

impl Pupil {
    pub(super) fn new(model: &Model, numbers: &Numbers) -> Pupil {
        let mut values = value_table(model);
        let nothing = play(model, numbers, &values, 0, false).0;
        for row in 0..values.places() {
            let last = values.knots() - 1;
            for knot in 0..last {
                let left = (last - knot) as f64 / last as f64;
                values.set(row, knot, nothing.score / model.vehicles as f64 * left);
            }
        }
        let taught = vec![TAUGHT_BEFORE; values.places() * values.knots()];
        let prices = Prices::flat(nothing.score / model.vehicles as f64 / model.lasts_s, values.knots());
        Pupil { values, taught, around: around(model), prices }
    }

    /// What a second is worth at a time of the day, in dollars.
    #[cfg(test)]
    pub(super) fn price_at(&self, time: f64) -> f64 {
        self.prices.at(time)
    }

    /// Plays the day of a seed and learns from it, a step at least this large.
    pub(super) fn play(&mut self, model: &Model, numbers: &Numbers, seed: u64, step_min: f64) -> Played {
        let (played, notes) = play(model, numbers, &self.values, seed, true);
        let fleet = notes.unwrap_or_default();
        for notes in &fleet {
            self.learn(model, notes, step_min);
        }
        self.prices.learn(model, &fleet);
        self.prices.level(&mut self.values);
        played
    }

    /// One vehicle's day, from its end: what a state turned out to be worth is what came after it.
    fn learn(&mut self, model: &Model, notes: &[Note], step_min: f64) {
        let mut worth = 0.0;
        let mut last_state: Option<(usize, f64)> = None;
        for note in notes.iter().rev() {
            match *note {
                Note::Drives { km } => worth -= model.cost_per_km * km,
                Note::Took { reward } => {
                    // From the next state on the table knows better than this one day.
                    if let Some((row, time)) = last_state {
                        worth = self.values.worth(row, time / KNOT_S);
                    }
                    worth += reward;
                }
                Note::State { row, time } => {
                    if time < model.lasts_s {
                        self.teach(model, row, time, worth, step_min);
                    }
                    last_state = Some((row, time));
                }
            }
        }
    }

    /// Teaches a state, and the same of the zones around as far as they are near: one day says little about one zone.
    fn teach(&mut self, model: &Model, row: usize, time: f64, worth: f64, step_min: f64) {
        let zones = model.zones.len();
        let (kind, zone) = (row / zones, row % zones);
        let off = worth - self.values.worth(row, time / KNOT_S);
        for heard in 0..self.around[zone].len() {
            let (other, share) = self.around[zone][heard];
            let row = kind * zones + other;
            let step = self.step(row, time, share, step_min) * share;
            let told = self.values.worth(row, time / KNOT_S) + off;
            self.values.learn(row, time / KNOT_S, told, step);
        }
    }

    /// Large at first, then smaller: the mean of what was told, until that is no step any more.
    fn step(&mut self, row: usize, time: f64, share: f64, step_min: f64) -> f64 {
        let knot = ((time / KNOT_S).round() as usize).min(self.values.knots() - 1);
        let taught = &mut self.taught[row * self.values.knots() + knot];
        *taught += share as f32;
        (1.0 / f64::from(*taught)).max(step_min)
    }
}

/// Which zones hear a lesson of each zone, and how much of it.
fn around(model: &Model) -> Vec<Vec<(usize, f64)>> {
    let near = |zone: usize| {
        let share =
            |other: usize| (-(km(model.zones[zone].centre, model.zones[other].centre) / HEARD_KM).powi(2)).exp();
        (0..model.zones.len()).map(|other| (other, share(other))).filter(|&(_, share)| share > 0.05).collect()
    };
    (0..model.zones.len()).map(near).collect()
}

/// Plays the day of a seed by the values as they are.
pub(super) fn play(
    model: &Model,
    numbers: &Numbers,
    values: &ValueTable,
    seed: u64,
    notes: bool,
) -> (Played, Option<Vec<Vec<Note>>>) {
    let mut world = World::new(model, Pcg64::seed_from_u64(seed));
    let mut agent = Agent::new(model, numbers, values);
    agent.notes = notes.then(|| vec![Vec::new(); model.vehicles]);
    while !world.is_over() {
        let answer = agent.decide(&world.epoch());
        world.step(&answer);
    }
    (Played { score: world.score, served: world.served }, agent.notes)
}
