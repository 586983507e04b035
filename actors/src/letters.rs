//! What actors are sent. Each message is a thin wrapper around an input of a core, or a question from a door.

use std::sync::Arc;
use std::time::Instant;

use actix::Message;
use dispatch::{
    AskId, CancelReason, DriverId, DriverInput, Generation, LiveDriver, Order, Party, Ping, Refusal, RequestKey,
    Reroute, RiderId, SessionId, ShardId, ShardInput, Timestamp, TripId, TripInput, TripView,
};
use persistence::DriverRow;
use tokio::sync::{oneshot, watch};

use crate::notices;
use crate::routes::Door;
use crate::told::{Cursor, Log};

/// The answer to a question about a trip.
pub(crate) type TripAnswer = Result<TripView, Refusal>;

/// A message to something that lives in a shard.
#[derive(Debug, Message)]
#[rtype(result = "()")]
#[expect(
    clippy::large_enum_variant,
    reason = "most letters but positions are for drivers: a box for each would save nothing"
)]
pub(crate) enum Letter {
    /// For the shard itself.
    Shard(ShardInput),
    /// Positions for the shard, and since when some of them are on their way.
    Pings { pings: Vec<Ping>, timed: Vec<Instant> },
    /// For one of its drivers.
    Driver { to: DriverId, input: DriverInput },
    /// For one of its trips.
    Trip { to: TripId, input: TripInput },
    /// A driver who moves in.
    Install(Box<Resident>),
}

/// A driver on the way from one shard to another, with the lines to the app.
#[derive(Debug)]
pub(crate) struct Resident {
    pub(crate) live: LiveDriver,
    pub(crate) generation: dispatch::Generation,
    pub(crate) lines: Vec<Line>,
    pub(crate) log: Log,
}

/// The way to a driver's app.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) session: SessionId,
    pub(crate) notices: notices::Sender,
    /// How far the app had heard over its last connection, if it says so.
    pub(crate) resume: Option<Cursor>,
}

/// Something happens to a driver.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct DriverMail(pub(crate) DriverInput);

/// A driver's app has a line to this driver, whose row is of this generation.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Plug(pub(crate) Line, pub(crate) Generation);

/// Something happens to a trip.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct TripMail(pub(crate) TripInput);

/// What somebody wants of a trip.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wanted {
    /// That it is called off.
    Cancel { by: Party, reason: CancelReason },
    /// That it leads another way.
    Reroute(Reroute),
}

impl Wanted {
    /// The same, as the trip is told.
    pub(crate) fn input(self, ask: AskId) -> TripInput {
        match self {
            Wanted::Cancel { by, reason } => TripInput::Cancel { by, reason, ask },
            Wanted::Reroute(wanted) => TripInput::Reroute { wanted, ask },
        }
    }
}

/// Someone wants something of a trip and waits for the answer.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct AskTrip {
    pub(crate) wanted: Wanted,
    pub(crate) reply: oneshot::Sender<TripAnswer>,
}

/// Someone wants something of a trip that lives in this shard.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct AskOf {
    pub(crate) trip: TripId,
    pub(crate) asked: AskTrip,
}

/// A rider asks for a trip in this shard.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Request {
    pub(crate) trip: TripId,
    pub(crate) rider: RiderId,
    /// Priced where the shard knows how scarce rides are, unless it brings a fare.
    pub(crate) order: Order,
    pub(crate) at: Timestamp,
    pub(crate) key: RequestKey,
    pub(crate) reply: oneshot::Sender<TripAnswer>,
}

/// A rider wants to know what a trip from this shard would cost.
#[derive(Debug, Message)]
#[rtype(result = "dispatch::Estimate")]
pub(crate) struct Quote(pub(crate) Order);

/// Someone wants to see a live trip, now and from now on.
#[derive(Debug, Message)]
#[rtype(result = "Option<watch::Receiver<Arc<TripView>>>")]
pub(crate) struct Look(pub(crate) TripId);

/// A driver's app connects to a driver at home in this shard.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Attach {
    pub(crate) row: Box<DriverRow>,
    pub(crate) line: Line,
}

/// Someone wants to know how the shard is doing.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "crate::handle::ShardStatus")]
pub(crate) struct Report;

/// What a shard's next owner would like to know, if anything has happened since it was asked for last.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Option<persistence::Snapshot>")]
pub(crate) struct TakeSnapshot;

/// Stop: the shard, or one of its actors, is no longer owned.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Quit;

/// Someone needs a shard to be owned by this node.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Own {
    pub(crate) shard: ShardId,
    pub(crate) reply: oneshot::Sender<Result<Door, crate::handle::CityError>>,
}

/// A letter for a shard that is not owned yet.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Forward {
    pub(crate) shard: ShardId,
    pub(crate) letter: Letter,
}

/// What a shard holds in memory can no longer be trusted: claim it anew and reload.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct StepDown {
    pub(crate) shard: ShardId,
    pub(crate) epoch: dispatch::Epoch,
}

/// Go, unless somebody has come meanwhile.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Leave;

/// Let everyone in this shard read what is in their mailboxes, then answer.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub(crate) struct Quiesce;

/// Makes an actor panic, as a bug would.
#[cfg(test)]
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub(crate) enum Burst {
    Shard,
    /// Not a panic: works until told that it is enough.
    Stall(Arc<std::sync::Mutex<std::sync::mpsc::Receiver<()>>>),
    Trip(TripId),
    Driver(DriverId),
}
