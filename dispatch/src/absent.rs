//! What to do with a message for someone who is not in memory.
//!
//! A driver who went home, a trip that has ended, a shard that was just rebuilt: messages to them are not errors. Most
//! can be answered or dropped on the spot; a few mean that the store knows more than memory, and then it is asked.

use crate::{
    DriverId, DriverInput, Effect, OfferId, RETRY_AFTER, Refusal, ShardId, ShardInput, Sharing, Standing, TripId,
    TripInput, Withdrawal,
};

/// What becomes of a message whose addressee is not in memory.
#[derive(Clone, Debug, PartialEq)]
pub enum Absent {
    /// Nothing follows from it.
    Ignore,
    /// This is the answer.
    Do(Vec<Effect>),
    /// The store must be asked: wake the addressee from its row, then give it the message.
    Wake,
}

/// For a driver without an actor in `home`. Who wants to reserve such a driver was told of it by a shard that should
/// not know it: the shard is told, too.
#[must_use]
pub fn to_absent_driver(to: &DriverId, home: ShardId, input: &DriverInput) -> Absent {
    let gone = || {
        let input = ShardInput::DriverIs { driver: to.clone(), standing: Standing::Gone };
        Effect::ToShard { to: home, input }
    };
    let to_trip = |offer: OfferId, input| Effect::ToTrip { to: offer.trip, input };
    match input {
        DriverInput::Reserve { offer, .. } => {
            Absent::Do(vec![gone(), to_trip(*offer, TripInput::Busy { offer: *offer })])
        }
        DriverInput::Offer(offer) => Absent::Do(vec![to_trip(offer.id, TripInput::Declined { offer: offer.id })]),
        DriverInput::Confirm { .. } | DriverInput::Progress { .. } | DriverInput::Connected { .. } => Absent::Wake,
        _ => Absent::Ignore,
    }
}

/// For a trip that is being rebuilt from its row: who asks something is told to ask again in a moment. What is not a
/// question is lost, as on a network, and said again by whoever needs it.
#[must_use]
pub fn to_rebuilding_trip(input: &TripInput) -> Option<Effect> {
    match input {
        TripInput::Accepted { by, home, ask, .. }
        | TripInput::Did { by, home, ask, .. }
        | TripInput::Sharing(Sharing::Did { by, home, ask, .. }) => {
            let input = DriverInput::Refused { ask: *ask, why: Refusal::Busy { retry_after: RETRY_AFTER } };
            Some(Effect::ToDriver { to: by.clone(), home: *home, input })
        }
        _ => None,
    }
}

/// For a trip without an actor. `Wake` finds the trip in the store if it is still active; one that has ended is
/// answered from its record.
#[must_use]
pub fn to_absent_trip(trip: TripId, input: &TripInput) -> Absent {
    match input {
        TripInput::Reserved { offer, by, home } => {
            let input = DriverInput::Withdraw { offer: *offer, why: Withdrawal::TripEnded };
            Absent::Do(vec![Effect::ToDriver { to: by.clone(), home: *home, input }])
        }
        TripInput::Promised { offer, by, home } => {
            let input = DriverInput::Withdraw { offer: *offer, why: Withdrawal::TripEnded };
            Absent::Do(vec![Effect::ToDriver { to: by.clone(), home: *home, input }])
        }
        TripInput::Accepted { offer, by, home, ask } => {
            let input = DriverInput::Refused { ask: *ask, why: Refusal::OfferGone { offer: *offer } };
            Absent::Do(vec![Effect::ToDriver { to: by.clone(), home: *home, input }])
        }
        TripInput::Did { by, home, ask, .. } => {
            let input = DriverInput::Refused { ask: *ask, why: Refusal::NotYourTrip { trip } };
            Absent::Do(vec![Effect::ToDriver { to: by.clone(), home: *home, input }])
        }
        TripInput::Cancel { .. } | TripInput::Sharing(_) => Absent::Wake,
        _ => Absent::Ignore,
    }
}

/// For a shard that nobody has had reason to own: it holds no driver, and is owned as soon as something lives in it.
#[must_use]
pub fn to_absent_shard(to: ShardId, input: &ShardInput) -> Absent {
    match input {
        ShardInput::AskNearby { from, round, .. } => {
            let input = ShardInput::TellNearby { from: to, round: *round, candidates: Vec::new() };
            Absent::Do(vec![Effect::ToShard { to: *from, input }])
        }
        ShardInput::Seek(_) | ShardInput::DriverIs { .. } => Absent::Wake,
        ShardInput::Pings(_)
        | ShardInput::Passing(_)
        | ShardInput::Remember { .. }
        | ShardInput::Unseek(_)
        | ShardInput::Outcome(_)
        | ShardInput::TellNearby { .. }
        | ShardInput::TimePassed => Absent::Ignore,
    }
}
