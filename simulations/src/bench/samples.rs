//! Figures from rounds in which the contenders take turns.
//!
//! Lives here: who goes first in which round, what each round gave, the middle of it.
//! Stays out: what a round does.
//!
//! A shared machine is now fast and now slow. Contenders that take turns in one run meet the same weather, and the
//! median over the rounds forgets the worst of it: so the ratio of two medians holds where neither figure does.

use std::collections::BTreeMap;

/// The indexes 0 to `count - 1` in the order in which the contenders of a round play: each goes first in turn.
pub fn turns(round: usize, count: usize) -> impl Iterator<Item = usize> {
    (0..count).map(move |place| (place + round) % count)
}

/// What was measured in every round, by contender and thing.
#[derive(Clone, Debug, Default)]
pub struct Samples(BTreeMap<(&'static str, &'static str), Vec<f64>>);

impl Samples {
    /// Notes what a contender needed for a thing in one round.
    pub fn note(&mut self, contender: &'static str, thing: &'static str, figure: f64) {
        self.0.entry((contender, thing)).or_default().push(figure);
    }

    /// The median over the rounds; `None` when it was never measured.
    #[must_use]
    pub fn median(&self, contender: &'static str, thing: &'static str) -> Option<f64> {
        self.0.get(&(contender, thing)).and_then(|figures| median(figures))
    }
}

/// The middle of some figures, the mean of the two middle ones when there is no single one; `None` of nothing.
#[must_use]
pub fn median(figures: &[f64]) -> Option<f64> {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(sorted[middle]),
        _ => Some((sorted[middle - 1] + sorted[middle]) / 2.0),
    }
}
