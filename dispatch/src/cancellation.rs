//! Why a trip is called off or given back, and what stage of the cancellation fee that is.
//!
//! Lives here: the reasons by name, who may give which, and [`fee_stage`].
//! Stays out: how much a fee is: whoever bills knows.
//! Touch with care: the names are in journals and on the wire.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::{Party, Policy, StageName, Timestamp, Trip};

/// Makes an enum of reasons with a name for each, and who may give it.
macro_rules! reasons {
    ($(#[$doc:meta])* $name:ident, $error:ident, $allowed:literal:
     $($(#[$variant_doc:meta])* $variant:ident = $text:literal by $($party:ident)|+,)+) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// Every reason.
            pub const ALL: &[$name] = &[$($name::$variant,)+];

            /// What may be given as text.
            pub const ALLOWED: &'static str = $allowed;

            /// The name in text, as stores and doors write it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $($name::$variant => $text,)+
                }
            }

            /// Whether this is a reason that such a party may have.
            #[must_use]
            pub fn is_of(self, party: Party) -> bool {
                match self {
                    $($name::$variant => matches!(party, $(Party::$party)|+),)+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        /// A text that names no such reason.
        #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
        #[error("{text:?} is no reason, allowed is {allowed}", text = .0, allowed = $name::ALLOWED)]
        pub struct $error(pub String);

        impl FromStr for $name {
            type Err = $error;

            fn from_str(text: &str) -> Result<$name, $error> {
                $name::ALL.iter().find(|reason| reason.as_str() == text).copied().ok_or_else(|| $error(text.to_owned()))
            }
        }
    };
}

reasons! {
    /// Why a trip was called off.
    CancelReason, NotACancelReason,
    "changed_mind, driver_too_far, wrong_pickup, waited_too_long, found_another_ride, price_too_high, driver_asked or other":
    /// The rider no longer wants to go.
    ChangedMind = "changed_mind" by Rider,
    /// The car that was won is too far away.
    DriverTooFar = "driver_too_far" by Rider,
    /// The pickup was set to the wrong place.
    WrongPickup = "wrong_pickup" by Rider,
    /// It took too long.
    WaitedTooLong = "waited_too_long" by Rider,
    /// The rider goes some other way.
    FoundAnotherRide = "found_another_ride" by Rider,
    /// It costs too much.
    PriceTooHigh = "price_too_high" by Rider,
    /// The driver asked the rider to call off.
    DriverAsked = "driver_asked" by Rider,
    /// The rider did not come to the car.
    RiderNoShow = "rider_no_show" by Driver | System,
    /// The driver did not reach the pickup within [`Policy::pickup_lasts`].
    PickupTooLate = "pickup_too_late" by System,
    /// The ride did not end within [`Policy::ride_lasts`].
    RideTooLong = "ride_too_long" by System,
    /// Somebody who runs the city decided so.
    Ops = "ops" by System,
    /// Something else, or nothing was said.
    Other = "other" by Rider | Driver | System,
}

reasons! {
    /// Why a trip was given back, so that its search goes on.
    GiveBackReason, NotAGiveBackReason,
    "rider_no_show, too_far, vehicle_problem, unsafe or other":
    /// The rider did not come to the car. A driver who waited long enough ends the trip with it.
    RiderNoShow = "rider_no_show" by Driver,
    /// The pickup is farther than the driver wants to go.
    TooFar = "too_far" by Driver,
    /// The vehicle cannot go on.
    VehicleProblem = "vehicle_problem" by Driver,
    /// The driver does not feel safe.
    Unsafe = "unsafe" by Driver,
    /// The car did not come nearer for too long.
    Stalled = "stalled" by System,
    /// The car drove away from the pickup.
    DroveAway = "drove_away" by System,
    /// The driver's phone was silent for too long.
    WentDark = "went_dark" by System,
    /// Something else, or nothing was said.
    Other = "other" by Driver | System,
}

/// What a cancellation may cost the rider, in stages: whoever bills puts an amount to each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FeeStage {
    /// Nothing: no car was on its way, or hardly; or it was not the rider's doing.
    Free,
    /// A car was well on its way, or waited.
    Late,
    /// A car waited for a rider who did not come.
    NoShow,
}

impl FeeStage {
    /// Every stage, the dearest last.
    pub const ALL: [FeeStage; 3] = [FeeStage::Free, FeeStage::Late, FeeStage::NoShow];

    /// The name in text, as stores and doors write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            FeeStage::Free => "free",
            FeeStage::Late => "late",
            FeeStage::NoShow => "no_show",
        }
    }
}

impl fmt::Display for FeeStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Since when the clock of this stage runs: before the moment that the rider wished for nobody is late.
fn waits_since(trip: &Trip) -> Timestamp {
    match trip.stage.name() {
        StageName::Arrived => trip.since.max(trip.order.pickup_at.unwrap_or_default()),
        _ => trip.since,
    }
}

/// How long a driver who is at the pickup must still wait before the rider counts as a no-show.
pub(crate) fn no_show_in(trip: &Trip, now: Timestamp, policy: &Policy) -> Duration {
    (waits_since(trip) + policy.cancellation.no_show_after).since(now)
}

/// What stage of the fee calling off means for a trip as it stands at `now`.
#[must_use]
pub fn fee_stage(trip: &Trip, by: Party, reason: CancelReason, now: Timestamp, policy: &Policy) -> FeeStage {
    let stands_for = now.since(waits_since(trip));
    match (trip.stage.name(), by) {
        (_, Party::Driver) | (StageName::Arrived, Party::System) if reason == CancelReason::RiderNoShow => {
            FeeStage::NoShow
        }
        // Neither the city nor a driver makes a rider pay.
        (_, Party::Driver | Party::System) => FeeStage::Free,
        (StageName::EnRoute, Party::Rider) if stands_for < policy.cancellation.free_for => FeeStage::Free,
        (StageName::Arrived, Party::Rider) if stands_for >= policy.cancellation.no_show_after => FeeStage::NoShow,
        (StageName::EnRoute | StageName::Arrived, Party::Rider) => FeeStage::Late,
        (_, Party::Rider) => FeeStage::Free,
    }
}

#[cfg(test)]
mod tests;
