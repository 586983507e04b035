//! What is handed on to the shard's next owner, and taken up from the last one.
//!
//! Touch with care: what is taken up may be anything. Numbers that make no sense count as nothing, and what was counted under
//! another cutting of the day is left alone.

use geo::Cell;

use super::{Forecast, Rates};
use crate::{LEARNED_CELLS_MAX, Learned, LearnedCell, Timestamp};

/// No cell had more requests in a slot of the day than this: what is taken up stays in the range of what can be.
const REQUESTS_MAX: f64 = 100_000.0;

fn sane(number: f64, most: f64) -> f64 {
    if number.is_finite() { number.clamp(0.0, most) } else { 0.0 }
}

impl Forecast {
    /// What is known, for the next owner; the cells with most requests, if there are too many.
    #[must_use]
    pub fn hand_on(&self, now: Timestamp) -> Learned {
        let mut by_weight: Vec<(usize, Cell)> = self.places.cells().iter().copied().enumerate().collect();
        if by_weight.len() > LEARNED_CELLS_MAX {
            let weight = |place: usize| self.rates.remembered(place);
            by_weight.sort_by(|(a, _), (b, _)| weight(*b).total_cmp(&weight(*a)).then(a.cmp(b)));
            by_weight.truncate(LEARNED_CELLS_MAX);
        }
        let passed = now.since(self.rates.recent_at).as_secs_f64();
        let keeps = (-passed / self.rates.recent_lasts_s).exp();
        let cells = by_weight.into_iter().filter_map(|(place, cell)| {
            let known = self.rates.places.get(place)?;
            Some(LearnedCell { cell, usual: known.usual.clone(), recent: known.recent * keeps, heart: None })
        });
        Learned {
            at: now,
            days: self.rates.days.clone(),
            recent_watched: 1.0 - (1.0 - self.rates.recent_watched) * keeps,
            cells: cells.collect(),
            prices: Vec::new(),
        }
    }

    /// Takes up what the last owner knew. Only for one that knows nothing yet.
    pub fn take_up(&mut self, now: Timestamp, learned: &Learned) {
        if !self.is_empty() || learned.days.len() != self.rates.slots.count() {
            return;
        }
        self.rates.begin_from(now, learned);
        for known in learned.cells.iter().take(LEARNED_CELLS_MAX) {
            if known.cell.resolution() != self.places.resolution() || self.places.find(known.cell).is_some() {
                continue;
            }
            if let Some(place) = self.admit(known.cell) {
                self.rates.take_up(place, now, learned.at, known);
            }
        }
    }
}

impl Rates {
    fn begin_from(&mut self, now: Timestamp, learned: &Learned) {
        self.watch(now);
        for (days, watched) in self.days.iter_mut().zip(&learned.days) {
            *days = sane(f64::from(*watched), 10_000.0) as f32;
        }
        // Nobody has watched in between.
        let keeps = (-now.since(learned.at).as_secs_f64() / self.recent_lasts_s).exp();
        self.recent_watched = sane(learned.recent_watched, 1.0) * keeps;
    }

    fn take_up(&mut self, place: usize, now: Timestamp, at: Timestamp, learned: &LearnedCell) {
        let keeps = (-now.since(at).as_secs_f64() / self.recent_lasts_s).exp();
        let slots = self.slots.count();
        if let Some(known) = self.places.get_mut(place) {
            known.recent = sane(learned.recent, REQUESTS_MAX) * keeps;
            if learned.usual.len() == slots {
                known.usual = learned.usual.iter().map(|usual| sane(f64::from(*usual), REQUESTS_MAX) as f32).collect();
            }
        }
    }
}

#[cfg(test)]
mod tests;
