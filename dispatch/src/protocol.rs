//! What drivers, trips and shards say to each other, to the store and to the people they serve.
//!
//! Lives here: every message of the protocol, as data. Who may say what, when, and what follows is decided in
//! [`crate::LiveDriver`], [`crate::LiveTrip`] and [`crate::LiveShard`]; who carries it is up to a shell.
//! Stays out: mailboxes, sockets, wire formats.
//! Touch with care: everything before [`Write::Trip`] is committed may be lost or doubled without harm.

mod driver;
mod eta;
mod outcome;
mod shard;
mod sharing;
mod store;
mod trip;

use std::time::Duration;

pub use driver::{Availability, DriverInput, Notice, Offer, Suggested, Withdrawal};
pub use eta::Eta;
pub use outcome::{OfferFate, Outcome};
pub use shard::{Candidate, Free, Ping, Seeker, ShardInput, Standing};
pub use sharing::{HostSays, Passing, Sharing};
pub use store::{DriverChange, RequestKey, TripWrite, Write, WriteError};
pub use trip::{CarPosition, Deed, Proposal, Reroute, TripInput, TripView};

use crate::{Cap, Decision, DriverId, Generation, OfferId, SessionId, ShardId, StageName, TripId};

/// What a core asks of the world. A shell carries it out and decides nothing.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Tell a trip something; its name says where it lives.
    ToTrip {
        /// Which trip.
        to: TripId,
        /// What.
        input: TripInput,
    },
    /// Tell a driver something.
    ToDriver {
        /// Which driver.
        to: DriverId,
        /// Where the driver was at home when last heard of; that shard forwards if the driver has moved.
        home: ShardId,
        /// What.
        input: DriverInput,
    },
    /// Tell a shard something.
    ToShard {
        /// Which shard.
        to: ShardId,
        /// What.
        input: ShardInput,
    },
    /// Tell a driver's app something, over the session named.
    ToSession {
        /// Whose.
        driver: DriverId,
        /// Over which connection.
        session: SessionId,
        /// What.
        notice: Notice,
    },
    /// Make this durable, then say [`TripInput::Written`] or [`DriverInput::MoveWritten`].
    Commit(Write),
    /// Read the driver's own row, then say [`DriverInput::Row`] with this number.
    ReadRow {
        /// The number of the reading.
        number: u64,
    },
    /// Answer whoever asked about a trip.
    Answer {
        /// The number of the question.
        ask: AskId,
        /// The answer.
        answer: Result<TripView, Refusal>,
    },
    /// The trip's view has changed: show it to whoever watches.
    Publish(TripView),
    /// The driver's home is another shard now: install it there and forget it here.
    HandOver {
        /// The new home.
        to: ShardId,
        /// The new number of homes.
        generation: Generation,
    },
    /// A decision to be written down for people who study them: this trip is one of those that were picked.
    Log(Box<Decision>),
    /// This actor's work is done: forget it.
    Retire,
    /// What is in memory may differ from what is stored: forget this actor and rebuild it from the rows.
    Rebuild {
        /// Whether the whole shard must step down and be claimed anew.
        shard: bool,
    },
}

/// Numbers a question that waits for an answer inside one process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AskId(pub u64);

/// A command of a driver's app, so that the answer finds it: the app's own number for it, if it gave one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DriverAsk {
    /// The connection it came over.
    pub session: SessionId,
    /// The app's number.
    pub number: Option<u64>,
}

/// Why something asked for is not done. Each has one thing the asker can do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The offer is no longer open: it ran out, was withdrawn, or was answered.
    #[error("offer {offer} is no longer open")]
    OfferGone {
        /// Which.
        offer: OfferId,
    },
    /// The driver is not on that trip.
    #[error("trip {trip} is not yours")]
    NotYourTrip {
        /// Which.
        trip: TripId,
    },
    /// Nobody knows that trip.
    #[error("trip {trip} is unknown")]
    UnknownTrip {
        /// Which.
        trip: TripId,
    },
    /// The trip stands so that this cannot happen to it.
    #[error("a trip that is {from} cannot be {wanted}")]
    IllegalStep {
        /// How it stands.
        from: StageName,
        /// What was asked.
        wanted: &'static str,
    },
    /// It is too early for that: a rider who has only just not come is no no-show yet.
    #[error("too early: possible in {} s", retry_after.as_secs())]
    TooEarly {
        /// How long to wait.
        retry_after: Duration,
    },
    /// There is as much of it as one person may have.
    #[error("there are too many {cap}: ask again in {} s", retry_after.as_millis().div_ceil(1_000))]
    Capped {
        /// Of what.
        cap: Cap,
        /// How long to wait.
        retry_after: Duration,
    },
    /// Others may ride along, and were promised when they get out: the way cannot be changed.
    #[error("trip {trip} is shared: its way cannot be changed")]
    SharedRide {
        /// Which.
        trip: TripId,
    },
    /// The trip has moved on since the asker looked at it. Look again.
    #[error("the trip is in version {version} by now")]
    Outdated {
        /// The version it is in.
        version: u32,
    },
    /// The way was changed as often as it may be.
    #[error("the way of a trip may be changed {limit} times")]
    TooManyChanges {
        /// How often.
        limit: u16,
    },
    /// With those that were made, the ride would have more stops than it may have.
    #[error("{made} stops were made, and a ride may have {} in all", crate::STOPS_MAX)]
    TooManyStops {
        /// How many were made.
        made: usize,
    },
    /// The driver must be on line for that.
    #[error("driver is not on line")]
    NotOnline,
    /// Too much at once: ask again after this time.
    #[error("busy: try again in {} ms", retry_after.as_millis())]
    Busy {
        /// How long to wait.
        retry_after: Duration,
    },
    /// The idempotency key was used before, for this trip.
    #[error("the idempotency key was used for trip {trip}")]
    SameKey {
        /// The trip it made.
        trip: TripId,
    },
}

/// How long to wait before a refused command is worth another try.
pub const RETRY_AFTER: Duration = Duration::from_millis(250);
