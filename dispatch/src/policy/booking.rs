//! Rides for later: how far ahead they may be asked for, and when the search for a car begins.

use std::time::Duration;

use geo::Point;

use super::{BadPolicy, Policy};
use crate::Timestamp;

/// Rides for later.
#[derive(Clone, Debug, PartialEq)]
pub struct BookingPolicy {
    /// How long before the pickup a ride for later must be asked for. Less is a ride for now.
    pub ahead_min: Duration,
    /// How far ahead a ride may be asked for. A month is how far people plan a flight's taxi.
    pub ahead_max: Duration,
    /// The least time before the pickup at which the search begins.
    pub lead_min: Duration,
    /// The most. Open services begin 15 to 65 minutes ahead; a car that is held for longer earns nothing meanwhile.
    pub lead_max: Duration,
    /// What is added to the way of a likely car: for drivers who say no, and for traffic.
    pub margin: Duration,
    /// How long before the wished time a car may be there by the travel time of the moment it is sent. While the soonest
    /// would be earlier, nobody is sent.
    pub early_max: Duration,
    /// How many rides for later a rider may have open at a time.
    pub per_rider: u32,
}

impl Default for BookingPolicy {
    fn default() -> BookingPolicy {
        BookingPolicy {
            ahead_min: Duration::from_secs(300),
            ahead_max: Duration::from_secs(30 * 86_400),
            lead_min: Duration::from_secs(300),
            lead_max: Duration::from_secs(1_800),
            margin: Duration::from_secs(300),
            early_max: Duration::from_secs(180),
            per_rider: 5,
        }
    }
}

/// A moment for which no ride can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a pickup at {} ms is asked for, allowed is {} to {} ms", at.millis(), earliest.millis(), latest.millis())]
pub struct BadPickupTime {
    /// What was asked for.
    pub at: Timestamp,
    /// The earliest that may be.
    pub earliest: Timestamp,
    /// The latest that may be.
    pub latest: Timestamp,
}

impl BookingPolicy {
    /// Whether a ride may be asked for now that begins then.
    ///
    /// # Errors
    /// [`BadPickupTime`] says what may be asked for instead.
    pub fn check_pickup(&self, now: Timestamp, at: Timestamp) -> Result<(), BadPickupTime> {
        let (earliest, latest) = (now + self.ahead_min, now + self.ahead_max);
        if (earliest..=latest).contains(&at) { Ok(()) } else { Err(BadPickupTime { at, earliest, latest }) }
    }

    /// Checks every number once, at the border.
    pub(super) fn check(&self) -> Result<(), BadPolicy> {
        const MINUTE: f64 = 60.0;
        const DAY: f64 = 86_400.0;
        let times = [
            ("booking.ahead_min", self.ahead_min, 0.0, DAY, "0 s to 1 day"),
            ("booking.ahead_max", self.ahead_max, MINUTE, 366.0 * DAY, "1 min to 366 days"),
            ("booking.lead_min", self.lead_min, 0.0, 120.0 * MINUTE, "0 s to 2 h"),
            ("booking.lead_max", self.lead_max, MINUTE, 360.0 * MINUTE, "1 min to 6 h"),
            ("booking.margin", self.margin, 0.0, 60.0 * MINUTE, "0 s to 1 h"),
            ("booking.early_max", self.early_max, 0.0, 60.0 * MINUTE, "0 s to 1 h"),
        ];
        for (field, value, least, most, allowed) in times {
            if !(least..=most).contains(&value.as_secs_f64()) {
                return Err(BadPolicy { field, value: format!("{} s", value.as_secs_f64()), allowed });
            }
        }
        if self.lead_min > self.lead_max {
            let value = format!("{} s", self.lead_min.as_secs_f64());
            return Err(BadPolicy { field: "booking.lead_min", value, allowed: "at most booking.lead_max" });
        }
        if !(1..=1_000).contains(&self.per_rider) {
            let value = self.per_rider.to_string();
            return Err(BadPolicy { field: "booking.per_rider", value, allowed: "1 to 1000" });
        }
        Ok(())
    }
}

impl Policy {
    /// How long before a pickup then the search for a car begins: the way of a likely car at that hour, and
    /// [`BookingPolicy::margin`]. A likely car is one that stands as far away as the first round looks; of four such, in
    /// the four directions, the second farthest by travel time, so that one behind a river does not decide.
    #[must_use]
    pub fn lead(&self, pickup: Point, at: Timestamp) -> Duration {
        let degrees = self.search_radius(0).get() / 111_195.0;
        // Near the poles a degree of longitude is short; a tenth of a degree's width is short enough to matter to nobody.
        let wide = degrees / pickup.lat().to_radians().cos().max(0.1);
        let around = [(degrees, 0.0), (-degrees, 0.0), (0.0, wide), (0.0, -wide)];
        let likely: Vec<Point> =
            around.iter().filter_map(|(lat, lon)| Point::new(pickup.lat() + lat, pickup.lon() + lon).ok()).collect();
        let mut ways: Vec<Duration> = self.etas_to(&likely, pickup, at).into_iter().map(|eta| eta.time).collect();
        ways.sort_unstable();
        let way = ways.iter().rev().nth(1).or(ways.last()).copied().unwrap_or_default();
        (way + self.booking.margin).clamp(self.booking.lead_min, self.booking.lead_max)
    }
}
