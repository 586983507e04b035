//! Where a car is that drives from node to node.

use super::{Streets, TimeTable};

/// The streets that leave each node, for following the fastest way.
#[derive(Clone, Debug)]
pub struct Ways {
    /// Where to, and how long in milliseconds.
    leaving: Vec<Vec<(usize, u64)>>,
}

impl Ways {
    /// The ways along these streets.
    #[must_use]
    pub fn new(streets: &Streets) -> Ways {
        let mut leaving = vec![Vec::new(); streets.points().len()];
        for street in streets.streets() {
            leaving[street.from].push((street.to, (street.seconds * 1_000.0).round() as u64));
        }
        Ways { leaving }
    }

    /// Where a car can turn next at `now_ms` that was at `node` at `at_ms` and drives the fastest way to `to`, and when it
    /// is there: the first node of the way that it reaches at `now_ms` or later; `to` itself when it is there already.
    /// `to_it` has the times to `to`: a table turned round, whose rows are side by side in memory.
    #[must_use]
    pub fn turn(&self, to_it: &TimeTable, (node, at_ms): (usize, u64), to: usize, now_ms: u64) -> (usize, u64) {
        let left = |node: usize| to_it.millis(to, node).unwrap_or(u64::MAX / 4);
        let there_ms = at_ms.saturating_add(left(node));
        let mut node = node;
        // Times of parts do not quite add up to those of the whole: they are rounded. The whole is kept to.
        while node != to && there_ms.saturating_sub(left(node)) < now_ms {
            let rest = |&(next, street_ms): &(usize, u64)| (left(next).saturating_add(street_ms), next);
            match self.leaving[node].iter().min_by_key(|street| rest(street)) {
                Some(&(next, _)) if left(next) < left(node) => node = next,
                _ => node = to,
            }
        }
        (node, there_ms.saturating_sub(left(node)))
    }
}
