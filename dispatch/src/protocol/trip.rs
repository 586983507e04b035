//! What a live trip may be told, and how it is seen.

use std::time::Duration;

use geo::{Meters, Point};

use super::{AskId, DriverAsk, Eta, Sharing, WriteError};
use crate::{
    CancelReason, DriverId, Event, GiveBackReason, OfferId, Party, Promise, ShardId, StageName, Stops, Timestamp, Trip,
};

/// What may happen to a live trip.
#[derive(Clone, Debug, PartialEq)]
pub enum TripInput {
    /// The shard's plan gives this trip a driver, and spare ones when its wave asks more than one.
    Matched {
        /// Whom to ask, in this order: the planned driver, then those whom nobody else was given, cheapest first.
        proposals: Vec<Proposal>,
        /// How many times the search was widened until it found them.
        widened: u32,
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
    /// The driver said yes, but has a rider in the car: "accepted" follows when that one has got out.
    Promised {
        /// To which offer.
        offer: OfferId,
        /// Who.
        by: DriverId,
        /// Where the driver is at home.
        home: ShardId,
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
        /// Why.
        reason: CancelReason,
        /// The question to answer.
        ask: AskId,
    },
    /// The rider wants to go another way.
    Reroute {
        /// Which.
        wanted: Reroute,
        /// The question to answer.
        ask: AskId,
    },
    /// Something about a ride that is shared, or may be.
    Sharing(Sharing),
    /// The car of this trip has a new position.
    CarMoved(CarPosition),
    /// The store did what was asked.
    Written,
    /// The store did not do what was asked.
    NotWritten(WriteError),
    /// Nothing but time.
    TimePassed,
}

/// What a rider wants to change about the rest of the way. What is not named stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reroute {
    /// Where the ride is still to halt.
    pub stops: Option<Stops>,
    /// Where it is to end.
    pub dropoff: Option<Point>,
    /// The version of the trip the rider looked at, if that is to matter.
    pub seen: Option<u32>,
}

/// A driver whom the shard proposes to a trip.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    /// Who.
    pub driver: DriverId,
    /// Where the driver is at home.
    pub home: ShardId,
    /// How long the driver would take to the pickup.
    pub pickup_eta: Duration,
    /// How much of that is until the rider who is in the car gets out; zero for a free driver.
    pub busy_for: Duration,
}

/// What a driver does on a trip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Is at the pickup.
    Arrived,
    /// Has the rider in the car.
    PickedUp,
    /// Halts at a stop.
    StopReached {
        /// Its number, from 1.
        stop: u8,
        /// How often the rider had changed the way that is meant: a stop may be replaced while the car halts at it.
        /// `None` for the way as it is when this arrives.
        rerouted: Option<u16>,
    },
    /// Has let the rider out.
    DroppedOff,
    /// Gives the trip back.
    GaveBack(GiveBackReason),
}

impl Deed {
    /// The event this deed becomes.
    #[must_use]
    pub fn event(self) -> Event {
        match self {
            Deed::Arrived => Event::DriverArrived,
            Deed::PickedUp => Event::PickedUp,
            Deed::StopReached { stop, .. } => Event::StopReached { stop },
            Deed::DroppedOff => Event::DroppedOff,
            Deed::GaveBack(reason) => Event::GivenBack { by: Party::Driver, reason },
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
    /// How far off the position may be, if the phone said so.
    pub accuracy: Option<Meters>,
}

/// A trip as riders and ops see it.
#[derive(Clone, Debug, PartialEq)]
pub struct TripView {
    /// The record.
    pub trip: Trip,
    /// The car, while a driver is on the trip.
    pub car: Option<CarPosition>,
    /// How long until the car is at the pickup (before the ride) or at the drop-off (during it), from where it was when
    /// its position came, and who says so.
    pub eta: Option<Eta>,
    /// How long until the car halts at its next stop, while there is one and the rider is aboard.
    pub next_stop_eta: Option<Eta>,
    /// The stages it went through since this owner holds it: version, stage, since when.
    pub history: Vec<(u32, StageName, Timestamp)>,
    /// How many offers were made for it by this owner.
    pub offers: u32,
    /// With how many others the car is shared; none of them may be in it yet.
    pub shared_with: u8,
    /// What a rider who joined another one's car was promised. Not durable here: the host's record has it.
    pub promise: Option<Promise>,
    /// While it searches: the driver who has promised to come when the rider in the car has got out. Not durable.
    pub promised: Option<DriverId>,
}
