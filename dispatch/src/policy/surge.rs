//! How prices follow demand: where they begin to rise, how far, and how slowly.
//!
//! Stays out: the arithmetic over cells ([`crate::SurgeMap`]), what a ride costs ([`super::FarePolicy`]).

use std::time::Duration;

use super::BadPolicy;
use crate::Surge;

/// How prices follow demand.
#[derive(Clone, Debug, PartialEq)]
pub struct SurgePolicy {
    /// The highest surge, in percent; 100 is none. Open and closed services have capped at two and a half times.
    pub max: u16,
    /// The H3 resolution of the cells that have a price. At 8 a cell is 0.74 km2, a quarter of an hour's walk across.
    pub resolution: u8,
    /// How often prices may change.
    pub every: Duration,
    /// How long a request is remembered: its weight falls to 37 % in this time. Supply is averaged over the same time.
    pub window: Duration,
    /// Fewer remembered requests than this in a cell and around it say nothing: there is no surge.
    pub demand_min: f64,
    /// How far the price must be too high before it falls, in percent: so much apart are the two thresholds of a step.
    pub fall_margin: u16,
    /// The least time between two changes of a cell's price.
    pub hold: Duration,
    /// How much of a cell's supply and demand counts in the cells around it, of 100.
    pub spread: u8,
}

impl Default for SurgePolicy {
    fn default() -> SurgePolicy {
        SurgePolicy {
            max: 250,
            resolution: 8,
            every: Duration::from_secs(60),
            window: Duration::from_secs(300),
            demand_min: 4.0,
            fall_margin: 15,
            hold: Duration::from_secs(180),
            spread: 50,
        }
    }
}

impl SurgePolicy {
    /// Whether prices follow demand at all.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.max > Surge::NONE.get()
    }

    /// Checks every number once, at the border.
    pub(super) fn check(&self) -> Result<(), BadPolicy> {
        let bad = |field, value: String, allowed| Err(BadPolicy { field, value, allowed });
        let seconds = |value: Duration| format!("{} s", value.as_secs_f64());
        if Surge::percent(self.max).is_none() {
            return bad("surge.max", self.max.to_string(), "100 to 1000 percent");
        }
        if !(5..=10).contains(&self.resolution) {
            return bad("surge.resolution", self.resolution.to_string(), "5 to 10");
        }
        if !(10.0..=3_600.0).contains(&self.every.as_secs_f64()) {
            return bad("surge.every", seconds(self.every), "10 s to 1 h");
        }
        if !(60.0..=7_200.0).contains(&self.window.as_secs_f64()) {
            return bad("surge.window", seconds(self.window), "1 min to 2 h");
        }
        if !(0.1..=1_000.0).contains(&self.demand_min) {
            return bad("surge.demand_min", self.demand_min.to_string(), "0.1 to 1000");
        }
        if !(11..=45).contains(&self.fall_margin) {
            return bad("surge.fall_margin", self.fall_margin.to_string(), "11 to 45 percent");
        }
        if !(0.0..=3_600.0).contains(&self.hold.as_secs_f64()) {
            return bad("surge.hold", seconds(self.hold), "0 s to 1 h");
        }
        if self.spread > 90 {
            return bad("surge.spread", self.spread.to_string(), "0 to 90 percent");
        }
        Ok(())
    }
}
