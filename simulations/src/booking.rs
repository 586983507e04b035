//! Riders who ask for a car for later, and how late it was.
//!
//! Lives here: who books and for when, and what the report says of it.
//! Stays out: when the search begins (`dispatch`'s), the books themselves ([`crate::ledger`]).

use dispatch::Timestamp;
use rand::{Rng, RngExt};
use serde::Serialize;

use crate::people::{Habits, later};

/// When a rider wants to be picked up, if that is not now. Draws no chance where nobody books, so that a city without
/// such riders is the same to the byte as before there were any.
pub fn wished<R: Rng>(rng: &mut R, habits: &Habits, now: Timestamp) -> Option<Timestamp> {
    if habits.prebooked <= 0.0 || !rng.random_bool(habits.prebooked.min(1.0)) {
        return None;
    }
    let (least, most) = habits.ahead_ms;
    Some(later(now, rng.random_range(least..=most.max(least))))
}

/// How the rides for later went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Lateness {
    /// How many were asked for.
    pub booked: u64,
    /// For how many a car came.
    pub arrived: u64,
    /// For how many it was there at the wished time, or before.
    pub in_time: u64,
    /// How long after the wished time the car was there, in seconds; below 0 before it. Half are at most this.
    pub late_s_p50: f64,
    /// Nineteen of twenty are at most this.
    pub late_s_p95: f64,
}

impl Lateness {
    /// From how late each car was, in seconds, of so many rides.
    #[must_use]
    pub fn of(booked: u64, mut late_s: Vec<f64>) -> Lateness {
        late_s.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let place = (late_s.len() as f64 * share).ceil() as usize;
            late_s.get(place.saturating_sub(1)).copied().unwrap_or(0.0)
        };
        let in_time = late_s.iter().filter(|late| **late <= 0.0).count() as u64;
        let (late_s_p50, late_s_p95) = (at(0.50), at(0.95));
        Lateness { booked, arrived: late_s.len() as u64, in_time, late_s_p50, late_s_p95 }
    }

    /// As a line for people.
    #[must_use]
    pub fn text(&self) -> String {
        let Lateness { booked, arrived, in_time, late_s_p50, late_s_p95 } = self;
        format!("{arrived} of {booked} came, {in_time} in time; late p50 {late_s_p50:.0} s, p95 {late_s_p95:.0} s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn late_is_after_the_wished_time_and_early_is_below_zero() {
        let lateness = Lateness::of(5, vec![30.0, -60.0, -120.0, 0.0]);
        assert_eq!((lateness.booked, lateness.arrived, lateness.in_time), (5, 4, 3));
        assert_eq!((lateness.late_s_p50, lateness.late_s_p95), (-60.0, 30.0));
        assert_eq!(Lateness::of(0, Vec::new()), Lateness::default());
    }
}
