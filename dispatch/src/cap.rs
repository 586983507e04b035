//! Limits on what one person may have, and the form in which a store is asked about a rider's.

use std::fmt;
use std::time::Duration;

use crate::{CallOff, Party, Policy, Stage, StageName, Timestamp, Trip};

/// Something one person may have only so much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cap {
    /// A rider's trips under way.
    ActiveTrips,
    /// A rider's trips that still search.
    SearchingTrips,
    /// Trips that a rider called off within an hour.
    Cancellations,
    /// How often a day a driver may go home.
    GoHome,
}

impl Cap {
    /// What there is too much of, in words.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Cap::ActiveTrips => "trips under way",
            Cap::SearchingTrips => "trips that search for a driver",
            Cap::Cancellations => "trips called off within an hour",
            Cap::GoHome => "ways home within a day",
        }
    }
}

impl fmt::Display for Cap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How long a rider's cancellations count.
const CANCELLATIONS_COUNT_FOR: Duration = Duration::from_secs(3_600);

/// When a rider who has too many trips is told to ask again: a trip ends, or finds a driver, at some time.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(30);

/// What a rider may have when a request is written. The store counts in the same transaction, over all shards. 0 is no
/// limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RiderCaps {
    /// Trips under way, the new one included.
    pub active_max: u32,
    /// Trips that search, the new one included.
    pub searching_max: u32,
    /// Trips called off since [`RiderCaps::since`].
    pub cancellations_max: u32,
    /// Cancellations before this moment do not count.
    pub since: Timestamp,
}

/// What a rider has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RiderHas {
    /// How many trips are under way.
    pub active: u32,
    /// How many of them search.
    pub searching: u32,
    /// When trips were called off by the rider, the latest first: as far back, and as many, as anyone asks for.
    pub called_off: Vec<Timestamp>,
}

/// Whether a trip in this stage counts for its rider: not before it is due, and not while its car drives others on.
#[must_use]
pub fn is_under_way(stage: StageName) -> bool {
    stage.is_active() && !matches!(stage, StageName::Scheduled | StageName::DrivingOn)
}

/// The most cancellations of one rider that anyone counts.
const CALLED_OFF_MAX: usize = 1_000;

impl RiderHas {
    /// A trip of this rider has taken a step: from this stage, if it was there before, to how it is now.
    pub fn stepped(&mut self, before: Option<StageName>, after: &Trip) {
        let now = after.stage.name();
        // A ride for later is not under way yet: how many of those a rider may have is said elsewhere.
        let active = |stage: StageName| u32::from(is_under_way(stage));
        let searching = |stage: StageName| u32::from(stage == StageName::Searching);
        self.active = (self.active + active(now)).saturating_sub(before.map_or(0, active));
        self.searching = (self.searching + searching(now)).saturating_sub(before.map_or(0, searching));
        let off = match after.stage {
            Stage::Cancelled { by, .. } | Stage::DrivingOn { off: Some(CallOff { by, .. }), .. } => Some(by),
            _ => None,
        };
        if off == Some(Party::Rider) && before != Some(StageName::DrivingOn) {
            let place = self.called_off.iter().position(|at| *at <= after.since).unwrap_or(self.called_off.len());
            self.called_off.insert(place, after.since);
            self.called_off.truncate(CALLED_OFF_MAX);
        }
    }
}

impl RiderCaps {
    /// What this policy allows at `now`.
    #[must_use]
    pub fn of(policy: &Policy, now: Timestamp) -> RiderCaps {
        let riders = policy.riders;
        RiderCaps {
            active_max: riders.active_max,
            searching_max: riders.searching_max,
            cancellations_max: riders.cancellations_max,
            since: now - CANCELLATIONS_COUNT_FOR,
        }
    }

    /// Whether a rider who has this may have `trip` as well. If not: which cap, and how long to wait at `now`.
    ///
    /// # Errors
    /// The cap that is reached.
    pub fn allow(&self, has: &RiderHas, trip: &Trip, now: Timestamp) -> Result<(), (Cap, Duration)> {
        let searches = trip.stage.name() == StageName::Searching;
        let starts = trip.stage.name() != StageName::Scheduled;
        if starts && self.active_max > 0 && has.active >= self.active_max {
            return Err((Cap::ActiveTrips, ASK_AGAIN_AFTER));
        }
        if searches && self.searching_max > 0 && has.searching >= self.searching_max {
            return Err((Cap::SearchingTrips, ASK_AGAIN_AFTER));
        }
        let most = usize::try_from(self.cancellations_max).unwrap_or(usize::MAX);
        if most > 0 {
            // The one that must be forgotten before there is room for another.
            let counted = has.called_off.iter().filter(|at| **at > self.since);
            if let Some(oldest) = counted.take(most).nth(most - 1) {
                let retry_after = (*oldest + CANCELLATIONS_COUNT_FOR).since(now);
                return Err((Cap::Cancellations, retry_after));
            }
        }
        Ok(())
    }
}
