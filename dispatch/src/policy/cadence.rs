//! How often phones are asked for their position.
//!
//! Lives here: the numbers.
//! Stays out: which of them holds for whom ([`Pace`]), and how a phone is told.
//! Touch with care: positions are most of what a city costs, in radio and battery too. An idle driver far from every
//! rider moves little that matters; one with a rider waiting is watched on a map.

use std::time::Duration;

use super::BadPolicy;
use crate::Pace;

/// How often phones say where they are, by what their drivers do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CadencePolicy {
    /// Off line: only so that a shard knows the driver the moment it wants work.
    pub off: Duration,
    /// Idle. Ten seconds are 140 m in a city, less than a block changes of an ETA, and a fifth of the positions that a
    /// flat two seconds cost.
    pub idle: Duration,
    /// Near demand, or shown an offer.
    pub near_demand: Duration,
    /// On the way to a pickup. Uber and Namma Yatri ask every 2 to 4 seconds.
    pub en_route: Duration,
    /// With a rider in the car.
    pub on_trip: Duration,
    /// From so many requests expected within [`crate::RepositionPolicy::horizon`] in its cell a driver is near demand.
    pub near_demand_above: f64,
    /// A city that sheds positions asks up to so many times less often.
    pub slowdown_max: u32,
}

impl Default for CadencePolicy {
    fn default() -> CadencePolicy {
        CadencePolicy {
            off: Duration::from_secs(20),
            idle: Duration::from_secs(10),
            near_demand: Duration::from_secs(4),
            en_route: Duration::from_secs(2),
            on_trip: Duration::from_secs(2),
            near_demand_above: 1.0,
            slowdown_max: 4,
        }
    }
}

impl CadencePolicy {
    /// How often at this pace, in a city that asks so many times less often than it would like to. Never so seldom that a
    /// driver at work would count as lost.
    #[must_use]
    pub fn every(&self, pace: Pace, slowdown: u32, fresh_for: Duration) -> Duration {
        let every = match pace {
            Pace::Off => self.off,
            Pace::Idle => self.idle,
            Pace::NearDemand => self.near_demand,
            Pace::EnRoute => self.en_route,
            Pace::OnTrip => self.on_trip,
        };
        (every * slowdown.clamp(1, self.slowdown_max)).min(fresh_for / 2).max(every)
    }

    /// Checks every number once, at the border.
    pub(super) fn check(&self, fresh_for: Duration) -> Result<(), BadPolicy> {
        let bad = |field, value: String, allowed| Err(BadPolicy { field, value, allowed });
        let numbers = [
            ("cadence.off", self.off),
            ("cadence.idle", self.idle),
            ("cadence.near_demand", self.near_demand),
            ("cadence.en_route", self.en_route),
            ("cadence.on_trip", self.on_trip),
        ];
        for (field, every) in numbers {
            if !(0.5..=60.0).contains(&every.as_secs_f64()) || every >= fresh_for {
                let value = format!("{} s", every.as_secs_f64());
                return bad(field, value, "0.5 s to 60 s, and less than position_fresh_for");
            }
        }
        if !(0.0..=1_000.0).contains(&self.near_demand_above) {
            return bad("cadence.near_demand_above", self.near_demand_above.to_string(), "0 to 1000");
        }
        if !(1..=16).contains(&self.slowdown_max) {
            return bad("cadence.slowdown_max", self.slowdown_max.to_string(), "1 to 16");
        }
        Ok(())
    }
}
