//! A price that was promised.
//!
//! Lives here: what a quote binds, and when it is honoured.
//! Stays out: how it travels to the rider and back without being changed: a door signs it.
//! Touch with care: a quote is checked against what is asked for now. Whatever a quote does not bind, a rider may change
//! after being told the price.

use std::fmt;

use geo::distance;

use crate::{Fare, FarePolicy, Order, RiderId, Timestamp};

/// A price that was promised to a rider, for an order, until a moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Quote {
    /// To whom.
    pub rider: RiderId,
    /// For what. Its fare is the price.
    pub order: Order,
    /// Until when it is honoured.
    pub until: Timestamp,
}

/// Why a quote is not honoured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotHonoured {
    /// It was honoured until this moment. Ask for a new one.
    #[error("the quote was good until {} ms: ask for a new one", .0.millis())]
    Expired(Timestamp),
    /// It was made for something else. Ask for one for this.
    #[error("the quote was made for {0}: ask for one for this request")]
    Mismatch(Bound),
}

/// What a quote binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// The rider.
    Rider,
    /// Where the ride begins.
    Pickup,
    /// Where it halts on the way.
    Stops,
    /// Where it ends.
    Dropoff,
    /// What the vehicle must have.
    Needs,
    /// When it begins.
    PickupAt,
    /// Whether others may ride along.
    Shared,
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Bound::Rider => "another rider",
            Bound::Pickup => "another pickup",
            Bound::Stops => "other stops",
            Bound::Dropoff => "another dropoff",
            Bound::Needs => "other needs",
            Bound::PickupAt => "another time",
            Bound::Shared => "another kind of ride, shared or not",
        })
    }
}

impl Quote {
    /// The fare of an order that comes with this quote. What does not match is named before what is over: a new quote
    /// would not help otherwise.
    ///
    /// # Errors
    /// [`NotHonoured`] says what to do.
    pub fn honours(
        &self,
        now: Timestamp,
        policy: &FarePolicy,
        rider: &RiderId,
        asked: &Order,
    ) -> Result<Option<Fare>, NotHonoured> {
        let near = |one, other| distance(one, other).get() <= policy.quote_slack.get();
        let quoted = &self.order;
        let stops = || quoted.stops.iter().zip(asked.stops.iter());
        let same_stops = quoted.stops.len() == asked.stops.len() && stops().all(|(one, other)| near(one, other));
        let bound = [
            (Bound::Rider, self.rider == *rider),
            (Bound::Pickup, near(quoted.pickup, asked.pickup)),
            (Bound::Stops, same_stops),
            (Bound::Dropoff, near(quoted.dropoff, asked.dropoff)),
            (Bound::Needs, quoted.needs == asked.needs),
            (Bound::PickupAt, quoted.pickup_at == asked.pickup_at),
            (Bound::Shared, quoted.shared == asked.shared),
        ];
        match bound.into_iter().find(|(_, same)| !same) {
            Some((what, _)) => Err(NotHonoured::Mismatch(what)),
            None if now > self.until => Err(NotHonoured::Expired(self.until)),
            None => Ok(quoted.fare),
        }
    }
}

#[cfg(test)]
mod tests;
