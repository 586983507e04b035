//! Rides for a driver who wants to get home.

use std::time::Duration;

use geo::Meters;

use super::BadPolicy;

/// What a driver on the way home is offered. The numbers of use and time are those of Namma Yatri's go-home setting.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HomewardPolicy {
    /// How often a day a driver may say so: who always goes home takes only the best rides from everybody else.
    pub per_day_max: usize,
    /// How long it holds.
    pub lasts: Duration,
    /// A ride that ends this near to home leads there, whatever way round.
    pub near: Meters,
    /// Of every other ride, how much of the driven way must be way home: 0 to 1.
    pub progress: f64,
}

impl Default for HomewardPolicy {
    fn default() -> HomewardPolicy {
        HomewardPolicy { per_day_max: 2, lasts: Duration::from_secs(1_800), near: Meters::whole(3_000), progress: 0.5 }
    }
}

impl HomewardPolicy {
    /// Checks every number once, at the border.
    pub(super) fn check(&self) -> Result<(), BadPolicy> {
        let bad = |field, value: String, allowed| Err(BadPolicy { field, value, allowed });
        if self.per_day_max > 100 {
            return bad("homeward.per_day_max", self.per_day_max.to_string(), "0 to 100");
        }
        if !(60.0..=86_400.0).contains(&self.lasts.as_secs_f64()) {
            return bad("homeward.lasts", format!("{} s", self.lasts.as_secs_f64()), "1 min to 24 h");
        }
        if self.near.get() > 50_000.0 {
            return bad("homeward.near", format!("{} m", self.near.get()), "0 m to 50 km");
        }
        if !(0.0..=1.0).contains(&self.progress) {
            return bad("homeward.progress", self.progress.to_string(), "0 to 1");
        }
        Ok(())
    }
}
