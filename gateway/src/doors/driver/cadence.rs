//! How often a driver's phone is asked where it is: what it was told, and what it should be told.

use std::time::Duration;

use actors::City;
use dispatch::{Heard, Notice, Pace};

/// What one phone knows of it.
#[derive(Debug, Default)]
pub(super) struct Cadence {
    heard: Heard,
    /// What holds, and by how many times the city was slowed down when it was told.
    told: Option<(Pace, u32)>,
}

impl Cadence {
    /// Takes in what the app is told.
    pub(super) fn hear(&mut self, notice: &Notice) {
        self.heard.hear(notice);
    }

    /// Whether the phone was told otherwise. For every position: it compares and no more.
    pub(super) fn is_stale(&self, city: &City) -> bool {
        self.told != Some((self.heard.pace(), city.slowdown()))
    }

    /// Whether the driver has a trip, as far as the app was told.
    pub(super) fn is_on_trip(&self) -> bool {
        matches!(self.heard.pace(), Pace::EnRoute | Pace::OnTrip)
    }

    /// How often, for a phone that is told so now.
    pub(super) fn now(&mut self, city: &City) -> Duration {
        let (pace, slowdown) = (self.heard.pace(), city.slowdown());
        self.told = Some((pace, slowdown));
        every(city, pace, slowdown)
    }

    /// What is new since it was told last: how often, why, and how many times less often than usual.
    pub(super) fn changed(&mut self, city: &City) -> Option<(Duration, Pace, u32)> {
        if !self.is_stale(city) {
            return None;
        }
        let (pace, slowdown) = *self.told.insert((self.heard.pace(), city.slowdown()));
        Some((every(city, pace, slowdown), pace, slowdown))
    }
}

fn every(city: &City, pace: Pace, slowdown: u32) -> Duration {
    let policy = city.policy();
    policy.cadence.every(pace, slowdown, policy.position_fresh_for)
}
