//! The numbers of a shared ride.

use std::time::Duration;

use super::BadPolicy;
use crate::pool::{Leg, RIDERS_MOST, Rider, StopTimes};

/// When riders share a car, and how much of their time that may cost them.
#[derive(Clone, Debug, PartialEq)]
pub struct PoolingPolicy {
    /// Whether riders who allow it share a car at all. Off until a city wants it: sharing is a promise to riders.
    pub on: bool,
    /// How many of a car's seats shared rides may fill together. Four is a plain car without its driver's.
    pub seats: u8,
    /// How many riders a car may be promised to at once, aboard and yet to come. The best order of stops is exact for
    /// five riders whatever their bounds (a car of four with one more to come), and beyond that unless
    /// [`PoolingPolicy::search_steps_max`] is reached.
    pub riders_max: u8,
    /// How long after the request a rider is picked up at the latest. 300 s is the bound of most studies of pooling
    /// (Alonso-Mora et al., PNAS 114, 2017).
    pub wait_max: Duration,
    /// The longest ride, as a multiple of the direct one. 1.4 is the bound of `FleetPy`'s example studies.
    pub detour_factor: f64,
    /// A ride may always be this much longer than the direct one: the factor alone would forbid every detour on a short
    /// ride. The longest ride is what the more generous of the two allows.
    pub detour_constant: Duration,
    /// How long the car stands for a pickup.
    pub boarding: Duration,
    /// How long the car stands for a drop-off.
    pub alighting: Duration,
    /// What a second of driving costs, in the unit that orders of stops and cars are compared by.
    pub drive_weight: u32,
    /// What a second of a rider's time costs, waiting or riding. Small beside driving, so that cars go straight; above 0,
    /// so that of two ways that drive alike the one is taken that lets people out sooner.
    pub rider_weight: u32,
    /// How many partial orders of stops are looked at for one insertion before the best found so far is taken. All
    /// orders of five riders are fewer.
    pub search_steps_max: u32,
}

impl Default for PoolingPolicy {
    fn default() -> PoolingPolicy {
        PoolingPolicy {
            on: false,
            seats: 4,
            riders_max: 6,
            wait_max: Duration::from_secs(300),
            detour_factor: 1.4,
            detour_constant: Duration::from_secs(240),
            boarding: Duration::from_secs(30),
            alighting: Duration::from_secs(15),
            drive_weight: 4,
            rider_weight: 1,
            search_steps_max: 1_000_000,
        }
    }
}

impl PoolingPolicy {
    /// Checks every number once, at the border.
    ///
    /// # Errors
    /// [`BadPolicy`] names the first field that is out of range.
    pub fn check(&self) -> Result<(), BadPolicy> {
        let number = |field, value: f64, unit, least: f64, most: f64, allowed| {
            if (least..=most).contains(&value) {
                Ok(())
            } else {
                Err(BadPolicy { field, value: format!("{value}{unit}"), allowed })
            }
        };
        let whole = |field, value: u32, least, most, allowed| number(field, f64::from(value), "", least, most, allowed);
        let seconds =
            |field, value: Duration, most, allowed| number(field, value.as_secs_f64(), " s", 0.0, most, allowed);
        whole("pooling.seats", self.seats.into(), 2.0, 8.0, "2 to 8")?;
        whole("pooling.riders_max", self.riders_max.into(), 2.0, RIDERS_MOST as f64, "2 to 12")?;
        number("pooling.wait_max", self.wait_max.as_secs_f64(), " s", 10.0, 7_200.0, "10 s to 2 h")?;
        number("pooling.detour_factor", self.detour_factor, "", 1.0, 5.0, "1 to 5")?;
        seconds("pooling.detour_constant", self.detour_constant, 7_200.0, "0 s to 2 h")?;
        seconds("pooling.boarding", self.boarding, 600.0, "0 to 600 s")?;
        seconds("pooling.alighting", self.alighting, 600.0, "0 to 600 s")?;
        whole("pooling.drive_weight", self.drive_weight, 1.0, 1_000.0, "1 to 1000")?;
        whole("pooling.rider_weight", self.rider_weight, 0.0, 1_000.0, "0 to 1000")?;
        whole("pooling.search_steps_max", self.search_steps_max, 1_000.0, 1e8, "1000 to 100000000")
    }

    /// The longest ride of a rider whose direct ride takes `direct_ms`, in milliseconds.
    #[must_use]
    pub fn longest_ride_ms(&self, direct_ms: u64) -> u64 {
        let stretched = (direct_ms as f64 * self.detour_factor).round() as u64;
        stretched.max(direct_ms.saturating_add(millis(self.detour_constant)))
    }

    /// What is promised to a rider who asks at `requested_at_ms` to be taken from one place to another.
    #[must_use]
    pub fn promise(
        &self,
        requested_at_ms: u64,
        seats: u8,
        pickup: usize,
        dropoff: usize,
        times: &impl StopTimes,
    ) -> Rider {
        let pickup_by_ms = requested_at_ms.saturating_add(millis(self.wait_max));
        let ride_max_ms = self.longest_ride_ms(times.millis(pickup, dropoff));
        Rider { seats, leg: Leg::ToCome { pickup, pickup_by_ms, dropoff, ride_max_ms } }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
