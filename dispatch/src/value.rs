//! What it is worth to have a car at a place at a time of day: what it will earn from there on, beyond the average.
//!
//! Lives here: the table, how it learns (temporal differences), how it is asked.
//! Stays out: what is earned, and in which unit: whoever teaches the table decides that; files (the gateway reads and
//! writes them); chance.
//! Touch with care: a cost compares the worth of two places and times ([`Values::difference`]), so a constant added to
//! every row changes nothing; a table that was taught in one unit must be asked in the same.
//!
//! How: a car that leaves (place, time) and is free again at (place', time') having earned r says about the first that
//! it is worth r + worth(place', time'). The table moves a step towards what it is told: TD(0) on the state after the
//! decision, as in Powell, Approximate Dynamic Programming, ch. 4, and Xu et al., KDD 2018 (large-scale order dispatch).

mod by_cell;

pub use by_cell::Values;

/// Worth by place number and knot of time. Between two knots it is a straight line.
#[derive(Clone, Debug, PartialEq)]
pub struct ValueTable {
    knots: usize,
    worth: Vec<f32>,
}

impl ValueTable {
    /// Places and knots of time that are all worth nothing. At least one knot.
    #[must_use]
    pub fn new(places: usize, knots: usize) -> ValueTable {
        let knots = knots.max(1);
        ValueTable { knots, worth: vec![0.0; places * knots] }
    }

    /// How many places there are.
    #[must_use]
    pub fn places(&self) -> usize {
        self.worth.len() / self.knots
    }

    /// How many knots of time each place has.
    #[must_use]
    pub fn knots(&self) -> usize {
        self.knots
    }

    /// Adds a place that is worth nothing yet and answers its number.
    pub fn add_place(&mut self) -> usize {
        self.worth.resize(self.worth.len() + self.knots, 0.0);
        self.places() - 1
    }

    /// The worth of a place at a time, in knots from 0: 2.25 is a quarter of the way from the third knot to the
    /// fourth. Before the first knot and after the last one it is theirs; an unknown place is worth 0.
    #[must_use]
    pub fn worth(&self, place: usize, knot: f64) -> f64 {
        let (low, high, share) = self.between(knot);
        self.at(place, low) * (1.0 - share) + self.at(place, high) * share
    }

    fn between(&self, knot: f64) -> (usize, usize, f64) {
        let knot = if knot.is_finite() { knot.clamp(0.0, (self.knots - 1) as f64) } else { 0.0 };
        let low = knot as usize;
        (low, (low + 1).min(self.knots - 1), knot - low as f64)
    }

    /// The worth of a place at a knot.
    #[must_use]
    pub fn at(&self, place: usize, knot: usize) -> f64 {
        self.row(place).get(knot).copied().map_or(0.0, f64::from)
    }

    /// The worth of a place at each knot; empty for a place that is not there.
    #[must_use]
    pub fn row(&self, place: usize) -> &[f32] {
        self.worth.get(place * self.knots..(place + 1) * self.knots).unwrap_or_default()
    }

    /// Writes the worth of a place at a knot; what is not finite, or not in the table, is left out.
    pub fn set(&mut self, place: usize, knot: usize, worth: f64) {
        if place < self.places() && knot < self.knots && worth.is_finite() {
            self.worth[place * self.knots + knot] = worth as f32;
        }
    }

    /// Was told what a place at a time turned out to be worth, and moves a step of this size (0 to 1) towards it.
    pub fn learn(&mut self, place: usize, knot: f64, told: f64, step: f64) {
        if place >= self.places() || !told.is_finite() {
            return;
        }
        let (low, high, share) = self.between(knot);
        let off = told - self.worth(place, knot);
        // The knots on both sides move by their share of it: the gradient of the straight line between them.
        for (knot, share) in [(low, 1.0 - share), (high, share)] {
            self.set(place, knot, self.at(place, knot) + step.clamp(0.0, 1.0) * share * off);
        }
    }
}

#[cfg(test)]
mod tests;
