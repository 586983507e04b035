//! A ride for later, until its search begins.
//!
//! Lives here: when that is. It follows from the order alone, so a restart loses no timer.
//! Stays out: how long before the pickup ([`Policy::lead`]), and whose car it will be.

use super::LiveTrip;
use crate::{Policy, StageName, Timestamp};

impl LiveTrip {
    /// When the search begins. Before the way of a likely car has been asked for, the earliest that it may be: asking
    /// then is soon enough, and the traffic of the hour is known better than a month before.
    pub(super) fn activation(&self, policy: &Policy) -> Timestamp {
        let wished = self.trip.order.pickup_at.unwrap_or_default();
        self.activates_at.unwrap_or(wished - policy.booking.lead_max)
    }

    /// Asks for the way of a likely car when it is time to.
    pub(super) fn look_ahead(&mut self, now: Timestamp, policy: &Policy) {
        let Some(wished) = self.trip.order.pickup_at else { return };
        let is_due = self.trip.stage.name() == StageName::Scheduled && self.activation(policy) <= now;
        if is_due && self.activates_at.is_none() {
            self.activates_at = Some(wished - policy.lead(self.trip.order.pickup, wished));
        }
    }

    /// Whether nobody was there to begin the search until it would be over.
    pub(super) fn is_missed(&self, now: Timestamp, policy: &Policy) -> bool {
        self.trip.order.pickup_at.is_some_and(|wished| wished + policy.search_lasts <= now)
    }
}

#[cfg(test)]
mod tests;
