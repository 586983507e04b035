//! What a simulation has to say at its end.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

use crate::booking::Lateness;
use crate::company::SharedRides;
use crate::crowd::Counts;
use crate::ledger::{Ledger, Quantiles, Sums};
use crate::people::Drives;

/// The summary of a simulation. Everything here depends on the seed alone; what depends on the machine is in `timing`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// What chance was made from.
    pub seed: u64,
    /// How much time passed in the city.
    pub simulated_hours: f64,
    /// How long that took, in real seconds. Left out in virtual time, where it is under `timing`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wall_seconds: Option<f64>,
    /// How many drivers worked.
    pub drivers: usize,
    /// How many times the data's demand was asked for.
    pub demand: f64,
    /// The trips.
    #[serde(flatten)]
    pub sums: Sums,
    /// The same sums in the server's journal.
    pub journal: Sums,
    /// The share of requests that a driver accepted.
    pub match_rate: f64,
    /// From the request to the car at the pickup.
    pub pickup_wait_s: Quantiles,
    /// How the trips for later went. Left out where nobody booked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub for_later: Option<Lateness>,
    /// What came of riders who would share a car. Left out where nobody would.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shared_rides: Option<SharedRides>,
    /// How many offers drivers were shown.
    pub offers: u64,
    /// How many times an idle driver was told where to wait better.
    pub suggestions: u64,
    /// How many of these suggestions were followed.
    pub followed: u64,
    /// How many positions drivers sent.
    pub pings: u64,
    /// How many times to a pickup the chosen provider of travel times could not tell. Left out where straight lines are
    /// chosen, which always can, and where only the server knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub etas_fallback: Option<u64>,
    /// How many drives led along the roads. Left out where the city has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drives_by_road: Option<u64>,
    /// How many drives led along the grid although the city has roads, because none was within reach.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drives_off_road: Option<u64>,
    /// How many promises were broken. Anything but 0 is a bug.
    pub invariant_violations: usize,
    /// The first few of them, in words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub violations: Vec<String>,
    /// What depends on the machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timing: Option<Timing>,
}

/// What depends on the machine a simulation ran on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Timing {
    /// How long it took, in real seconds.
    pub wall_seconds: f64,
    /// How many hours of the city passed in one real second.
    pub simulated_hours_per_wall_second: f64,
}

impl Report {
    /// Whether every trip is accounted for, in the books and in the journal alike, and no promise was broken.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.sums.balance() && self.journal == self.sums && self.invariant_violations == 0
    }

    /// Fills what the books know.
    #[must_use]
    pub fn from_books(ledger: &Ledger, journal: Sums, violations: &[dispatch::invariants::Violation]) -> Report {
        Report {
            seed: 0,
            simulated_hours: 0.0,
            wall_seconds: None,
            drivers: 0,
            demand: 0.0,
            sums: ledger.sums(),
            journal,
            match_rate: ledger.match_rate(),
            pickup_wait_s: ledger.pickup_wait_s(),
            for_later: ledger.lateness(),
            shared_rides: None,
            offers: 0,
            suggestions: 0,
            followed: 0,
            pings: 0,
            etas_fallback: None,
            drives_by_road: None,
            drives_off_road: None,
            invariant_violations: violations.len(),
            violations: violations.iter().take(10).map(ToString::to_string).collect(),
            timing: None,
        }
    }

    /// The same, with what the clients counted.
    #[must_use]
    pub fn with_counts(self, counts: &Counts) -> Report {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Report {
            offers: read(&counts.offers),
            suggestions: read(&counts.suggestions),
            followed: read(&counts.followed),
            pings: read(&counts.pings),
            ..self
        }
    }

    /// The same with the drives in a city that has roads.
    #[must_use]
    pub fn with_drives(self, drives: Drives) -> Report {
        Report { drives_by_road: Some(drives.by_road), drives_off_road: Some(drives.off_road), ..self }
    }

    /// The summary in words.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        let sums = &self.sums;
        let mut line = |name: &str, value: String| {
            // Writing into a String cannot fail.
            let _ = writeln!(text, "  {name:<22} {value}");
        };
        let took = self.wall_seconds.or(self.timing.map(|timing| timing.wall_seconds)).unwrap_or(0.0);
        line("simulated", format!("{:.2} h in {took:.1} s, seed {}", self.simulated_hours, self.seed));
        line("drivers", self.drivers.to_string());
        line("requested", sums.requested.to_string());
        line("  completed", sums.completed.to_string());
        line("  cancelled", sums.cancelled.to_string());
        line("  expired", sums.expired.to_string());
        line("  unfinished", sums.unfinished.to_string());
        line("match rate", format!("{:.1} %", self.match_rate * 100.0));
        let wait = &self.pickup_wait_s;
        line("pickup wait", format!("p50 {:.0} s, p95 {:.0} s", wait.p50, wait.p95));
        if let Some(lateness) = &self.for_later {
            line("for later", lateness.text());
        }
        if let Some(rides) = &self.shared_rides {
            line("shared", rides.text());
        }
        line("offers", self.offers.to_string());
        line("suggestions", format!("{}, followed {}", self.suggestions, self.followed));
        line("pings", self.pings.to_string());
        if let Some(fallbacks) = self.etas_fallback {
            line("times not known", fallbacks.to_string());
        }
        if let (Some(by_road), Some(off_road)) = (self.drives_by_road, self.drives_off_road) {
            line("drives by road", format!("{by_road}, off road {off_road}"));
        }
        let agrees = if self.journal == self.sums { "agrees".to_owned() } else { format!("says {:?}", self.journal) };
        line("journal", agrees);
        line("broken promises", self.invariant_violations.to_string());
        for violation in &self.violations {
            let _ = writeln!(text, "    {violation}");
        }
        text
    }
}
