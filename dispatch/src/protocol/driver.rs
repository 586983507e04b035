//! What a live driver may be told, and what the driver's app is told.

use std::time::Duration;

use geo::Point;

use super::{Deed, DriverAsk, Ping, Refusal, WriteError};
use crate::{
    Generation, GiveBackReason, Needs, OfferId, Order, SessionId, ShardId, Stage, Timestamp, Trip, TripId, Vehicle,
};

/// What may happen to a live driver.
#[derive(Clone, Debug, PartialEq)]
pub enum DriverInput {
    /// The driver's app opened a session; later sessions have higher numbers.
    Connected {
        /// Which.
        session: SessionId,
        /// The number of homes in the row that names this one: who knows of fewer is older than the row.
        generation: Generation,
    },
    /// A session ended.
    Disconnected {
        /// Which.
        session: SessionId,
    },
    /// A session broke without a word: its app may be back in a moment.
    LineLost {
        /// Which.
        session: SessionId,
    },
    /// The driver wants work.
    GoOnline {
        /// The app's command.
        ask: DriverAsk,
        /// Where the driver is, if the app said so: the shard is told right after it hears that the driver is free.
        last: Option<Ping>,
        /// What the driver drives from now on.
        vehicle: Vehicle,
        /// Where the driver wants to get to, if only rides that lead there are wanted.
        homeward: Option<Point>,
    },
    /// The driver wants only rides that lead home, or any ride again.
    GoHome {
        /// The app's command.
        ask: DriverAsk,
        /// Where that is; `None` ends it.
        homeward: Option<Point>,
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
        /// What the vehicle must have: the shard may have proposed the driver for one that was changed since.
        needs: Needs,
        /// From where and to where: a driver on the way home takes only what leads there.
        way: (Point, Point),
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
    /// The driver's car does not come nearer to the pickup: the driver is to show that it will.
    AreYouComing {
        /// Which trip.
        trip: TripId,
        /// What is wrong.
        reason: GiveBackReason,
    },
    /// The trip was taken back from the driver, who is free again.
    TakenBack {
        /// The trip as it now stands.
        trip: Trip,
        /// Why.
        reason: GiveBackReason,
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
    /// The answer to [`crate::Effect::ReadRow`].
    Row {
        /// The number of the reading.
        number: u64,
        /// The trip the row commits this driver to; `Err` when it cannot be read now.
        row: Result<Option<Trip>, ()>,
    },
    /// The home shard knows where a driver without work had better wait.
    Suggest(Suggested),
    /// Work is expected where the driver waits, or no longer.
    Demand {
        /// Which of the two.
        near: bool,
    },
    /// Nothing but time.
    TimePassed,
}

/// Where an idle driver had better wait, and what that rests on. Nobody has to go.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Suggested {
    /// Names it, and grows: a later one of the same driver replaces the earlier.
    pub id: u64,
    /// Where to.
    pub to: Point,
    /// How long the drive there takes.
    pub drive: Duration,
    /// How many requests are expected around there within the policy's horizon.
    pub expected: f64,
    /// How many cars wait there or are on the way.
    pub cars: u32,
    /// When it is over for a driver who has not set off.
    pub until: Timestamp,
}

/// A ride, as it is offered to a driver.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    /// Names the offer.
    pub id: OfferId,
    /// What the rider asks for.
    pub order: Order,
    /// How long to the pickup.
    pub pickup_eta: Duration,
    /// When the offer runs out.
    pub until: Timestamp,
    /// The trip the driver is on: the ride offered begins when that one has ended.
    pub after: Option<TripId>,
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
    /// Another driver was faster.
    Taken,
    /// The rider goes another way now: another offer follows, to this driver or others.
    Changed,
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
        /// Until when only rides that lead home are offered, if that is so.
        homeward_until: Option<Timestamp>,
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
    /// The "yes" to a next trip was understood: it will be the driver's when the present one has ended, unless it is
    /// withdrawn before.
    Promised {
        /// Which offer.
        offer: OfferId,
        /// The command this answers.
        ask: DriverAsk,
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
    /// The car does not come nearer to the pickup. If that does not change, the trip is taken back.
    AreYouComing {
        /// Which trip.
        trip: TripId,
        /// What is wrong.
        reason: GiveBackReason,
    },
    /// The trip was taken back, because the car did not come. [`Notice::Trip`] follows.
    TakenBack {
        /// Which trip.
        trip: TripId,
        /// Why.
        reason: GiveBackReason,
    },
    /// So many offers in a row were not answered that the driver was put on a break. [`Notice::Standing`] follows.
    PutOnBreak {
        /// How many.
        unanswered: u32,
    },
    /// The command is not done.
    Refused {
        /// Which.
        ask: DriverAsk,
        /// Why.
        why: Refusal,
    },
    /// More work is to be expected elsewhere. It is over at its end, and with the next offer; nothing says so.
    Suggestion(Suggested),
    /// Work is expected where the driver waits, or no longer: positions are worth more there.
    Demand {
        /// Which of the two.
        near: bool,
    },
    /// Send positions and commands to this shard from now on.
    Home {
        /// Which.
        home: ShardId,
    },
    /// A newer session of the same driver took over: close this one.
    Superseded,
}

/// What a stage means for the driver of the trip.
impl From<&Stage> for Availability {
    fn from(stage: &Stage) -> Availability {
        match stage {
            Stage::EnRoute { .. } => Availability::EnRoute,
            Stage::Arrived { .. } => Availability::Arrived,
            Stage::InProgress { .. } | Stage::DrivingOn { .. } => Availability::OnTrip,
            // Whoever drives is on the host's trip.
            Stage::Shared { .. } => Availability::Available,
            Stage::Scheduled
            | Stage::Searching
            | Stage::Completed { .. }
            | Stage::Cancelled { .. }
            | Stage::Expired => Availability::Available,
        }
    }
}
