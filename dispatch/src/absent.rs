//! What to do with a message for someone who is not in memory.
//!
//! A driver who went home, a trip that has ended, a shard that was just rebuilt: messages to them are not errors. Most
//! can be answered or dropped on the spot; a few mean that the store knows more than memory, and then it is asked.

use crate::{DriverInput, Effect, OfferId, Refusal, ShardId, ShardInput, TripId, TripInput, Withdrawal};

/// What becomes of a message whose addressee is not in memory.
#[derive(Clone, Debug, PartialEq)]
pub enum Absent {
    /// Nothing follows from it.
    Ignore,
    /// This is the answer.
    Do(Effect),
    /// The store must be asked: wake the addressee from its row, then give it the message.
    Wake,
}

/// For a driver without an actor.
#[must_use]
pub fn to_absent_driver(input: &DriverInput) -> Absent {
    let to_trip = |offer: OfferId, input| Absent::Do(Effect::ToTrip { to: offer.trip, input });
    match input {
        DriverInput::Reserve { offer, .. } => to_trip(*offer, TripInput::Busy { offer: *offer }),
        DriverInput::Offer(offer) => to_trip(offer.id, TripInput::Declined { offer: offer.id }),
        DriverInput::Confirm { .. } | DriverInput::Progress { .. } | DriverInput::Connected { .. } => Absent::Wake,
        _ => Absent::Ignore,
    }
}

/// For a trip without an actor. `Wake` finds the trip in the store if it is still active; one that has ended is
/// answered from its record.
#[must_use]
pub fn to_absent_trip(trip: TripId, input: &TripInput) -> Absent {
    match input {
        TripInput::Reserved { offer, by, home } => {
            let input = DriverInput::Withdraw { offer: *offer, why: Withdrawal::TripEnded };
            Absent::Do(Effect::ToDriver { to: by.clone(), home: *home, input })
        }
        TripInput::Accepted { offer, by, home, ask } => {
            let input = DriverInput::Refused { ask: *ask, why: Refusal::OfferGone { offer: *offer } };
            Absent::Do(Effect::ToDriver { to: by.clone(), home: *home, input })
        }
        TripInput::Did { by, home, ask, .. } => {
            let input = DriverInput::Refused { ask: *ask, why: Refusal::NotYourTrip { trip } };
            Absent::Do(Effect::ToDriver { to: by.clone(), home: *home, input })
        }
        TripInput::Cancel { .. } => Absent::Wake,
        _ => Absent::Ignore,
    }
}

/// For a shard that nobody has had reason to own: it holds no driver, and is owned as soon as something lives in it.
#[must_use]
pub fn to_absent_shard(to: ShardId, input: &ShardInput) -> Absent {
    match input {
        ShardInput::AskNearby { from, round, .. } => {
            let input = ShardInput::TellNearby { from: to, round: *round, candidates: Vec::new() };
            Absent::Do(Effect::ToShard { to: *from, input })
        }
        ShardInput::Seek(_) | ShardInput::DriverIs { .. } => Absent::Wake,
        ShardInput::Pings(_) | ShardInput::Unseek(_) | ShardInput::TellNearby { .. } | ShardInput::TimePassed => {
            Absent::Ignore
        }
    }
}
