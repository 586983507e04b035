//! What the store is asked to make durable, and why it may refuse.

use std::time::Duration;

use crate::{Cap, DriverId, Event, Generation, RiderCaps, RiderId, ShardId, Timestamp, Trip, TripId};

/// One durable change. The store does all of it or nothing, guarded by the shard's epoch.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "nearly all writes are steps of trips: boxing them saves nothing")]
pub enum Write {
    /// A step of a trip, with what it does to the driver's row, and its line in the journal.
    Trip(TripWrite),
    /// A driver's new home.
    Move {
        /// Who.
        driver: DriverId,
        /// The home it leaves: its owner writes.
        from: ShardId,
        /// The number of homes the driver has had with this one: who left it and came back since lives there anew, and is
        /// not moved by whoever knew him before.
        generation: Generation,
        /// The home it goes to.
        to: ShardId,
    },
}

/// One step of one trip.
#[derive(Clone, Debug, PartialEq)]
pub struct TripWrite {
    /// What happened.
    pub event: Event,
    /// When.
    pub at: Timestamp,
    /// The trip as it stands after the event. The store refuses unless it holds the version before.
    pub after: Trip,
    /// What becomes of the driver's row: it must be free to be taken, and held by this trip to be freed.
    pub driver: DriverChange,
    /// The idempotency key of the request, with the rider's name in it: unique for ever.
    pub key: Option<RequestKey>,
    /// What the rider may have, for a request: asked of all shards together, in the transaction that writes it.
    pub caps: Option<RiderCaps>,
}

/// What a step does to a driver's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DriverChange {
    /// Nothing.
    None,
    /// Commits the driver to the trip.
    Take(DriverId),
    /// Lets the driver go.
    Free(DriverId),
}

/// An idempotency key, with what it was used for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestKey {
    /// Whose key: two riders may use the same one.
    pub rider: RiderId,
    /// The key, as the rider's app chose it.
    pub key: String,
}

/// Why the store did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// The driver is committed to another trip, or unknown. Ask the next one.
    #[error("the driver is not free")]
    DriverTaken,
    /// The idempotency key was used before, for this trip. Answer with it.
    #[error("the idempotency key was used for trip {0}")]
    SameKey(TripId),
    /// The rider has as much as one may have. Asked after the key: a request that was written stays written.
    #[error("the rider has too many {cap}")]
    Capped {
        /// Of what.
        cap: Cap,
        /// How long to wait.
        retry_after: Duration,
    },
    /// The store holds another version of the row. What is in memory is wrong: rebuild it.
    #[error("the row has another version")]
    Stale,
    /// Another owner holds the shard. Step down; never retry.
    #[error("another owner holds the shard")]
    Fenced,
    /// The store did not answer: the change may or may not be there. Claim the shard anew and reload.
    #[error("the outcome is unknown")]
    Unknown,
    /// The store's queue is full: nothing was written. Try again.
    #[error("the store is busy")]
    Busy,
}
