//! How drivers are asked: in waves, a few at a time, and how far from the pickup.
//!
//! Lives here: the numbers of an offer's life that are not the trip's own deadlines.
//! Stays out: who is asked (the plan), and what an answer does (the live trip).

use std::time::Duration;

use geo::Meters;

use super::BadPolicy;

/// The most drivers one wave may ask: each is held for one rider while the offer is open.
pub const WAVE_MAX: usize = 16;

/// How many waves may be given a size of their own.
const WAVES_MAX: usize = 16;

/// How drivers are asked.
#[derive(Clone, Debug, PartialEq)]
pub struct OfferPolicy {
    /// How many drivers each wave asks; the last number counts for all later waves. One at first, alone, because most
    /// say yes; then more, because every "no" has cost the rider time.
    pub waves: Vec<usize>,
    /// How much later the next driver of a wave is asked than the one before, while that one still thinks: the nearest
    /// has a head start. Two seconds are a glance at a phone.
    pub stagger: Duration,
    /// How far from the pickup, along a great circle, the first round looks; [`crate::Policy::pickup_within`] bounds it.
    /// Three kilometres are ten minutes in a city: who can be had sooner a moment later is worth that moment.
    pub radius: Meters,
    /// How much farther each further wave looks, and each round that found nobody.
    pub radius_growth: Meters,
    /// How many offers one driver is shown in an hour; 0 is no limit. More than one a minute is a nuisance, and somebody
    /// else is there.
    pub per_hour_max: usize,
    /// After so many offers in a row without an answer a driver is put on a break; 0 is never. Three are three riders
    /// who waited for nothing.
    pub unanswered_max: u32,
    /// How long an open offer waits for a phone whose connection broke. Five seconds are a change from Wi-Fi to the mobile
    /// network; 0 asks the next driver at once.
    pub reconnect_within: Duration,
}

impl Default for OfferPolicy {
    fn default() -> OfferPolicy {
        OfferPolicy {
            waves: vec![1, 3, 5],
            stagger: Duration::from_secs(2),
            radius: Meters::whole(3_000),
            radius_growth: Meters::whole(1_000),
            per_hour_max: 60,
            unanswered_max: 3,
            reconnect_within: Duration::from_secs(5),
        }
    }
}

impl OfferPolicy {
    /// How many drivers a wave asks, waves counted from 1.
    #[must_use]
    pub fn wave(&self, number: u32) -> usize {
        let place = usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
        self.waves.get(place).or(self.waves.last()).copied().unwrap_or(1)
    }

    /// How far a search looks that was widened so many times.
    #[must_use]
    pub fn radius(&self, widened: u32) -> Meters {
        let far = self.radius.get() + f64::from(widened) * self.radius_growth.get();
        Meters::new(far).unwrap_or(self.radius)
    }

    /// Checks every number once, at the border.
    pub(super) fn check(&self) -> Result<(), BadPolicy> {
        let bad = |field, value: String, allowed| Err(BadPolicy { field, value, allowed });
        let fits = |size: &usize| (1..=WAVE_MAX).contains(size);
        if self.waves.is_empty() || self.waves.len() > WAVES_MAX || !self.waves.iter().all(fits) {
            let value = self.waves.iter().map(usize::to_string).collect::<Vec<_>>().join(",");
            return bad("offers.waves", value, "1 to 16 numbers from 1 to 16");
        }
        if !(0.0..=60.0).contains(&self.stagger.as_secs_f64()) {
            return bad("offers.stagger", format!("{} s", self.stagger.as_secs_f64()), "0 to 60 s");
        }
        if !(50.0..=50_000.0).contains(&self.radius.get()) {
            return bad("offers.radius", format!("{} m", self.radius.get()), "50 m to 50 km");
        }
        if !(50.0..=50_000.0).contains(&self.radius_growth.get()) {
            return bad("offers.radius_growth", format!("{} m", self.radius_growth.get()), "50 m to 50 km");
        }
        if self.per_hour_max > 1_000 {
            return bad("offers.per_hour_max", self.per_hour_max.to_string(), "0 (no limit) to 1000");
        }
        if self.unanswered_max > 1_000 {
            return bad("offers.unanswered_max", self.unanswered_max.to_string(), "0 (never) to 1000");
        }
        if !(0.0..=60.0).contains(&self.reconnect_within.as_secs_f64()) {
            let value = format!("{} s", self.reconnect_within.as_secs_f64());
            return bad("offers.reconnect_within", value, "0 (not at all) to 60 s");
        }
        Ok(())
    }
}
