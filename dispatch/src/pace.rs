//! How closely a phone is followed: by what its driver does.
//!
//! Lives here: the paces, and how one follows from what the driver's app is told.
//! Stays out: how many seconds a pace is ([`crate::CadencePolicy`]).
//! Touch with care: whoever holds a session works this out from the very words that go to the app, so the two agree.

use crate::{Availability, Notice, Stage};

/// Why a phone is asked as often as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pace {
    /// Off line or on a break.
    Off,
    /// Waits for work where little is expected.
    Idle,
    /// Waits for work where it is expected, or looks at an offer.
    NearDemand,
    /// On the way to a pickup, or waiting there: a rider looks at the map.
    EnRoute,
    /// With a rider in the car.
    OnTrip,
}

impl Pace {
    /// The name in text.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Pace::Off => "off",
            Pace::Idle => "idle",
            Pace::NearDemand => "near_demand",
            Pace::EnRoute => "en_route",
            Pace::OnTrip => "on_trip",
        }
    }

    /// The pace of a driver who stands so, where work is expected or not.
    #[must_use]
    pub fn of(availability: Availability, near_demand: bool) -> Pace {
        match availability {
            Availability::Offline | Availability::OnBreak => Pace::Off,
            Availability::Available | Availability::Reserved if !near_demand => Pace::Idle,
            Availability::Available | Availability::Reserved | Availability::Offered => Pace::NearDemand,
            Availability::EnRoute | Availability::Arrived => Pace::EnRoute,
            Availability::OnTrip => Pace::OnTrip,
        }
    }
}

/// How a driver's app stands, as far as it can be told from what it hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard {
    availability: Availability,
    near_demand: bool,
    /// Off line when the trip ends.
    last_trip: bool,
}

impl Default for Heard {
    fn default() -> Heard {
        Heard { availability: Availability::Offline, near_demand: false, last_trip: false }
    }
}

impl Heard {
    /// Takes in what the app is told.
    pub fn hear(&mut self, notice: &Notice) {
        match notice {
            Notice::Standing { availability, last_trip, .. } => {
                (self.availability, self.last_trip) = (*availability, *last_trip);
            }
            // An offer during a ride changes nothing about the ride.
            Notice::Offer(offer) if offer.after.is_none() => self.availability = Availability::Offered,
            Notice::Withdrawn { .. } | Notice::Declined { .. } if self.availability == Availability::Offered => {
                self.availability = Availability::Available;
            }
            Notice::Trip { trip, .. } => self.availability = self.after(&trip.stage),
            Notice::Demand { near } => self.near_demand = *near,
            Notice::Offer(_) | Notice::Withdrawn { .. } | Notice::Declined { .. } | Notice::Promised { .. } => {}
            Notice::AreYouComing { .. } | Notice::TakenBack { .. } | Notice::PutOnBreak { .. } => {}
            Notice::Refused { .. } | Notice::Suggestion(_) | Notice::Home { .. } | Notice::Superseded => {}
        }
    }

    fn after(&self, stage: &Stage) -> Availability {
        match Availability::from(stage) {
            Availability::Available if self.last_trip => Availability::Offline,
            availability => availability,
        }
    }

    /// Whether nobody waits for an answer of this driver: no offer is open, no trip under way.
    #[must_use]
    pub fn has_time(&self) -> bool {
        matches!(self.availability, Availability::Offline | Availability::OnBreak | Availability::Available)
    }

    /// How often the phone is to say where it is, and why.
    #[must_use]
    pub fn pace(&self) -> Pace {
        Pace::of(self.availability, self.near_demand)
    }
}

#[cfg(test)]
mod tests;
