//! What drivers, trips and shards say to each other, to the store and to the people they serve.
//!
//! Lives here: every message of the protocol, as data. Who may say what, when, and what follows is decided in
//! [`crate::LiveDriver`], [`crate::LiveTrip`] and [`crate::LiveShard`]; who carries it is up to a shell.
//! Stays out: mailboxes, sockets, wire formats.
//! Touch with care: everything before [`Write::Trip`] is committed may be lost or doubled without harm.

use std::collections::BTreeSet;
use std::time::Duration;

use geo::Point;

use crate::{
    DriverId, Event, Generation, OfferId, Party, RiderId, SessionId, ShardId, Stage, StageName, Timestamp, Trip, TripId,
};

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
    /// Read the driver's own row, then say [`DriverInput::Row`].
    ReadRow,
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

// ---- trips -------------------------------------------------------------------------------------------------------

/// What may happen to a live trip.
#[derive(Clone, Debug, PartialEq)]
pub enum TripInput {
    /// The shard's plan gives this trip a driver.
    Matched {
        /// Who.
        driver: DriverId,
        /// Where the driver is at home.
        home: ShardId,
        /// How long the driver would take to the pickup.
        pickup_eta: Duration,
    },
    /// The driver is reserved for this attempt.
    Reserved {
        /// Which attempt.
        offer: OfferId,
        /// Who.
        by: DriverId,
        /// Where the driver is at home now.
        home: ShardId,
    },
    /// The driver cannot be had now.
    Busy {
        /// Which attempt.
        offer: OfferId,
    },
    /// The driver said yes.
    Accepted {
        /// To which offer.
        offer: OfferId,
        /// Who.
        by: DriverId,
        /// Where the driver is at home.
        home: ShardId,
        /// The app's command.
        ask: DriverAsk,
    },
    /// The driver said no, or can no longer be asked.
    Declined {
        /// Which offer.
        offer: OfferId,
    },
    /// The driver of this trip reports a step.
    Did {
        /// Who.
        by: DriverId,
        /// Where the driver is at home.
        home: ShardId,
        /// What.
        deed: Deed,
        /// The app's command.
        ask: DriverAsk,
    },
    /// Someone who may wants it called off.
    Cancel {
        /// Who: the rider or the system.
        by: Party,
        /// The question to answer.
        ask: AskId,
    },
    /// The car of this trip has a new position.
    CarMoved(CarPosition),
    /// The store did what was asked.
    Written,
    /// The store did not do what was asked.
    NotWritten(WriteError),
    /// Nothing but time.
    TimePassed,
}

/// What a driver does on a trip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Is at the pickup.
    Arrived,
    /// Has the rider in the car.
    PickedUp,
    /// Has let the rider out.
    DroppedOff,
    /// Gives the trip back.
    GaveBack,
}

impl Deed {
    /// The event this deed becomes.
    #[must_use]
    pub fn event(self) -> Event {
        match self {
            Deed::Arrived => Event::DriverArrived,
            Deed::PickedUp => Event::PickedUp,
            Deed::DroppedOff => Event::DroppedOff,
            Deed::GaveBack => Event::GivenBack,
        }
    }
}

/// Where the car of a trip is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CarPosition {
    /// Where.
    pub point: Point,
    /// When the server received it.
    pub at: Timestamp,
    /// Degrees clockwise from north, if the phone said so.
    pub heading: Option<f64>,
}

/// A trip as riders and ops see it.
#[derive(Clone, Debug, PartialEq)]
pub struct TripView {
    /// The record.
    pub trip: Trip,
    /// The car, while a driver is on the trip.
    pub car: Option<CarPosition>,
    /// How long until the car is at the pickup (before the ride) or at the drop-off (during it).
    pub eta: Option<Duration>,
    /// The stages it went through since this owner holds it: version, stage, since when.
    pub history: Vec<(u32, StageName, Timestamp)>,
    /// How many offers were made for it by this owner.
    pub offers: u32,
}

// ---- drivers -----------------------------------------------------------------------------------------------------

/// What may happen to a live driver.
#[derive(Clone, Debug, PartialEq)]
pub enum DriverInput {
    /// The driver's app opened a session; later sessions have higher numbers.
    Connected {
        /// Which.
        session: SessionId,
    },
    /// A session ended.
    Disconnected {
        /// Which.
        session: SessionId,
    },
    /// The driver wants work.
    GoOnline {
        /// The app's command.
        ask: DriverAsk,
    },
    /// The driver wants no more work, for good or for a break.
    GoOffline {
        /// The app's command.
        ask: DriverAsk,
        /// Whether it is a break.
        on_break: bool,
    },
    /// A trip wants this driver for itself for a while.
    Reserve {
        /// For which attempt.
        offer: OfferId,
        /// Until when.
        until: Timestamp,
    },
    /// The trip asks the driver.
    Offer(Offer),
    /// The trip no longer asks.
    Withdraw {
        /// Which attempt.
        offer: OfferId,
        /// Why.
        why: Withdrawal,
    },
    /// The app answers an offer.
    Answer {
        /// Which offer.
        offer: OfferId,
        /// Yes or no.
        yes: bool,
        /// The app's command.
        ask: DriverAsk,
    },
    /// The store has committed this driver to a trip.
    Confirm {
        /// The attempt that won.
        offer: OfferId,
        /// The trip as it now stands.
        trip: Trip,
        /// The app's command that accepted.
        ask: DriverAsk,
    },
    /// The driver reports a step of the trip.
    Does {
        /// Which trip.
        trip: TripId,
        /// What.
        deed: Deed,
        /// The app's command.
        ask: DriverAsk,
    },
    /// The driver's trip has moved on.
    Progress {
        /// The trip as it now stands.
        trip: Trip,
        /// The app's command that caused it, if one did.
        ask: Option<DriverAsk>,
    },
    /// The driver's trip has ended for the driver.
    Freed {
        /// The trip as it now stands.
        trip: Trip,
        /// The app's command that caused it, if one did.
        ask: Option<DriverAsk>,
    },
    /// A trip does not do what the driver's app asked.
    Refused {
        /// The app's command.
        ask: DriverAsk,
        /// Why.
        why: Refusal,
    },
    /// The driver has left the home shard's ground.
    Crossed {
        /// Whose ground it is on.
        to: ShardId,
        /// Where it is: the new home knows it from the first moment.
        last: Ping,
    },
    /// The answer to [`Effect::Commit`] of a move: the new generation.
    MoveWritten(Result<Generation, WriteError>),
    /// The answer to [`Effect::ReadRow`]: the trip the row commits this driver to; `Err` when it cannot be read now.
    Row(Result<Option<Trip>, ()>),
    /// Nothing but time.
    TimePassed,
}

/// A ride, as it is offered to a driver.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    /// Names the offer.
    pub id: OfferId,
    /// From where.
    pub pickup: Point,
    /// To where.
    pub dropoff: Point,
    /// How long to the pickup.
    pub pickup_eta: Duration,
    /// When the offer runs out.
    pub until: Timestamp,
}

/// Why an offer is taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Withdrawal {
    /// No answer in time.
    Expired,
    /// The rider, or the system, called the trip off.
    TripEnded,
    /// The trip could not be committed to this driver.
    NotCommitted,
}

/// How a driver stands towards work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Availability {
    /// Wants no work.
    Offline,
    /// Wants no work for a moment.
    OnBreak,
    /// Wants work.
    Available,
    /// A trip holds the driver while it prepares an offer.
    Reserved,
    /// Is looking at an offer.
    Offered,
    /// On the way to a pickup.
    EnRoute,
    /// Waits at a pickup.
    Arrived,
    /// Has a rider in the car.
    OnTrip,
}

impl Availability {
    /// Every standing, in the order of a working day.
    pub const ALL: [Availability; 8] = [
        Availability::Offline,
        Availability::OnBreak,
        Availability::Available,
        Availability::Reserved,
        Availability::Offered,
        Availability::EnRoute,
        Availability::Arrived,
        Availability::OnTrip,
    ];

    /// The name in text, as doors and metrics write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Availability::Offline => "offline",
            Availability::OnBreak => "on_break",
            Availability::Available => "available",
            Availability::Reserved => "reserved",
            Availability::Offered => "offered",
            Availability::EnRoute => "en_route",
            Availability::Arrived => "arrived",
            Availability::OnTrip => "on_trip",
        }
    }
}

/// What a driver's app is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Notice {
    /// How the driver stands: after connecting, and in answer to going on or off line.
    Standing {
        /// The command this answers, if any.
        ask: Option<DriverAsk>,
        /// How the driver stands.
        availability: Availability,
        /// The trip the driver is committed to.
        trip: Option<Trip>,
        /// Whether the driver goes off line when the trip ends.
        last_trip: bool,
    },
    /// A ride is offered.
    Offer(Offer),
    /// An offer is taken back.
    Withdrawn {
        /// Which.
        offer: OfferId,
        /// Why.
        why: Withdrawal,
    },
    /// The "no" was understood.
    Declined {
        /// Which.
        offer: OfferId,
        /// The command this answers.
        ask: DriverAsk,
    },
    /// The trip is the driver's, or has moved on.
    Trip {
        /// The trip as it stands.
        trip: Trip,
        /// The command this answers, if any.
        ask: Option<DriverAsk>,
    },
    /// The command is not done.
    Refused {
        /// Which.
        ask: DriverAsk,
        /// Why.
        why: Refusal,
    },
    /// Send positions and commands to this shard from now on.
    Home {
        /// Which.
        home: ShardId,
    },
    /// A newer session of the same driver took over: close this one.
    Superseded,
}

// ---- shards ------------------------------------------------------------------------------------------------------

/// What may happen to a live shard.
#[derive(Clone, Debug, PartialEq)]
pub enum ShardInput {
    /// Positions, the latest of each driver.
    Pings(Vec<Ping>),
    /// How a driver stands has changed.
    DriverIs {
        /// Who.
        driver: DriverId,
        /// How.
        standing: Standing,
    },
    /// A trip waits for a driver.
    Seek(Seeker),
    /// A trip no longer waits.
    Unseek(TripId),
    /// A neighbour asks who could serve its riders.
    AskNearby {
        /// Who asks.
        from: ShardId,
        /// The round it asks for.
        round: u64,
        /// Its waiting riders.
        seekers: Vec<Seeker>,
    },
    /// A neighbour answers.
    TellNearby {
        /// Who answers.
        from: ShardId,
        /// For which round.
        round: u64,
        /// Who could serve whom.
        candidates: Vec<(TripId, Candidate)>,
    },
    /// Nothing but time.
    TimePassed,
}

/// A position of a driver's phone.
#[derive(Clone, Debug, PartialEq)]
pub struct Ping {
    /// Whose.
    pub driver: DriverId,
    /// Where.
    pub point: Point,
    /// When the phone measured it; never later than when the server received it.
    pub measured_at: Timestamp,
    /// Degrees clockwise from north, if the phone said so.
    pub heading: Option<f64>,
}

/// How a driver stands, as far as a shard must know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// May be matched.
    Free,
    /// Is here, but not to be matched.
    Taken,
    /// Drives for this trip: the trip wants every position.
    Driving(TripId),
    /// Is no longer here.
    Gone,
}

/// A trip that waits for a driver.
#[derive(Clone, Debug, PartialEq)]
pub struct Seeker {
    /// Which.
    pub trip: TripId,
    /// From where.
    pub pickup: Point,
    /// When it was asked for: the order of arrival.
    pub requested_at: Timestamp,
    /// Who is not to be asked again.
    pub without: BTreeSet<DriverId>,
    /// Whether it is new to the search, or lost a driver to a "no". After a driver turned out to be busy it is not: the
    /// shard may not know yet, and would propose the same one again and again.
    pub at_once: bool,
}

/// A driver who could serve a rider.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Who.
    pub driver: DriverId,
    /// Where the driver is at home.
    pub home: ShardId,
    /// How long to the pickup.
    pub pickup_eta: Duration,
}

// ---- the store ---------------------------------------------------------------------------------------------------

/// One durable change. The store does all of it or nothing, guarded by the shard's epoch.
#[derive(Clone, Debug, PartialEq)]
pub enum Write {
    /// A step of a trip, with what it does to the driver's row, and its line in the journal.
    Trip(TripWrite),
    /// A driver's new home.
    Move {
        /// Who.
        driver: DriverId,
        /// The home it leaves: its owner writes.
        from: ShardId,
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

/// What a stage means for the driver of the trip.
impl From<&Stage> for Availability {
    fn from(stage: &Stage) -> Availability {
        match stage {
            Stage::EnRoute { .. } => Availability::EnRoute,
            Stage::Arrived { .. } => Availability::Arrived,
            Stage::InProgress { .. } => Availability::OnTrip,
            Stage::Searching | Stage::Completed { .. } | Stage::Cancelled { .. } | Stage::Expired => {
                Availability::Available
            }
        }
    }
}
