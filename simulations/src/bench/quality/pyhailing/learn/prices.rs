//! What a vehicle's time is worth at each hour, learned from what the whole fleet lost or gained in it.
//!
//! Lives here: prices of time, how a day teaches them, how a table of values is brought to their level.
//! Stays out: where it is worth more than elsewhere: one day says little about that, but much about the hour.
//! Touch with care: a price is what one vehicle more would bring in that time, so it is never less than nothing: at
//! night, when vehicles wait anyway, it is nothing, and no request is too poor to be served.

use dispatch::ValueTable;

use super::super::agent::{KNOT_S, Note};
use super::super::model::Model;

/// How much a new day counts at least, beside all the days before it.
const STEP_MIN: f64 = 0.1;

/// What a vehicle's time is worth between two knots of the value table, in dollars a second.
#[derive(Debug)]
pub(super) struct Prices {
    a_second: Vec<f64>,
    days: f64,
}

impl Prices {
    /// The same price at any hour.
    pub(super) fn flat(a_second: f64, knots: usize) -> Prices {
        Prices { a_second: vec![a_second; knots - 1], days: 0.0 }
    }

    /// One day of all vehicles: what was decided about each, in the order of time.
    pub(super) fn learn(&mut self, model: &Model, fleet: &[Vec<Note>]) {
        let spans = self.a_second.len();
        let (mut dollars, mut seconds) = (vec![0.0; spans], vec![0.0; spans]);
        for notes in fleet {
            let (mut from, mut sum) = (0.0, 0.0);
            let end = Note::State { row: 0, time: model.lasts_s };
            for note in notes.iter().chain([&end]) {
                match *note {
                    Note::Drives { km } => sum -= model.cost_per_km * km,
                    Note::Took { reward } => sum += reward,
                    Note::State { time, .. } if time.min(model.lasts_s) > from => {
                        let to = time.min(model.lasts_s);
                        spread(&mut dollars, (from, to), sum);
                        spread(&mut seconds, (from, to), to - from);
                        (from, sum) = (to, 0.0);
                    }
                    Note::State { .. } => {}
                }
            }
        }
        self.days += 1.0;
        let step = (1.0 / self.days).max(STEP_MIN);
        for (price, (dollars, seconds)) in self.a_second.iter_mut().zip(dollars.iter().zip(&seconds)) {
            if *seconds > 0.0 {
                *price += step * ((dollars / seconds).max(0.0) - *price);
            }
        }
    }

    /// Moves all places of the table at each knot by the same, so that their mean is what the time left is worth. What
    /// one place is worth more than another stays.
    pub(super) fn level(&self, values: &mut ValueTable) {
        let (places, mut left) = (values.places(), 0.0);
        for knot in (0..values.knots()).rev() {
            left += self.a_second.get(knot).map_or(0.0, |price| price * KNOT_S);
            let mean = (0..places).map(|place| values.at(place, knot)).sum::<f64>() / places as f64;
            for place in 0..places {
                values.set(place, knot, values.at(place, knot) + left - mean);
            }
        }
    }

    /// What a second is worth at a time of the day, in dollars.
    #[cfg(test)]
    pub(super) fn at(&self, time: f64) -> f64 {
        self.a_second[((time / KNOT_S) as usize).min(self.a_second.len() - 1)]
    }
}

/// Adds a sum to the spans between knots, to each by how much of the time lies in it.
fn spread(into: &mut [f64], (from, to): (f64, f64), sum: f64) {
    for (span, into) in into.iter_mut().enumerate() {
        let (begins, ends) = (span as f64 * KNOT_S, (span + 1) as f64 * KNOT_S);
        *into += sum * (to.min(ends) - from.max(begins)).max(0.0) / (to - from);
    }
}
