//! What a live shard may be told: positions, standings, who waits, what neighbours ask.

use std::collections::BTreeSet;
use std::time::Duration;

use geo::{Meters, Point};

use super::{Availability, Eta, Outcome, Passing};
use crate::{DriverId, Memory, Needs, ShardId, Timestamp, TripId, Vehicle};

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
    /// What a driver's app said has changed; to be told to the shard's next owner.
    Remember {
        /// Who.
        driver: DriverId,
        /// What.
        memory: Memory,
    },
    /// A trip waits for a driver.
    Seek(Seeker),
    /// A trip no longer waits.
    Unseek(TripId),
    /// What became of asking a driver. For the record.
    Outcome(Outcome),
    /// Something about cars that are shared.
    Passing(Passing),
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
    /// When the phone measured it; a moment in the future counts as now.
    pub measured_at: Timestamp,
    /// Degrees clockwise from north, if the phone said so.
    pub heading: Option<f64>,
    /// How far off the position may be, if the phone said so.
    pub accuracy: Option<Meters>,
}

/// What a driver who may be matched offers, as far as the choice depends on it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Free {
    /// What the driver drives.
    pub vehicle: Vehicle,
    /// Since when the driver waits for work: came on line, or dropped the last rider off.
    pub since: Timestamp,
    /// Of 100 offers, how many this driver accepts: 0 to 100.
    pub acceptance: u8,
    /// Where the driver wants to get to: only rides that lead there are wanted.
    pub homeward: Option<Point>,
}

impl Free {
    /// A driver of this vehicle who has just come on line, of whom nothing else is known.
    #[must_use]
    pub fn new(vehicle: Vehicle, since: Timestamp) -> Free {
        Free { vehicle, since, acceptance: 100, homeward: None }
    }
}

/// How a driver stands, as far as a shard must know.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Standing {
    /// May be matched to whoever the vehicle fits.
    Free(Free),
    /// Is here, but not to be matched: why not.
    Taken(Availability),
    /// Drives for this trip: the trip wants every position.
    Driving(TripId),
    /// The same, with the rider in the car: may be matched to whoever is near the drop-off, if that is near.
    Finishing {
        /// For which trip.
        trip: TripId,
        /// Where the rider gets out.
        dropoff: Point,
        /// What the driver offers then.
        free: Free,
    },
    /// Is no longer here.
    Gone,
}

impl Standing {
    /// The same, as people are told.
    #[must_use]
    pub fn availability(&self) -> Availability {
        match self {
            Standing::Free(_) => Availability::Available,
            Standing::Taken(availability) => *availability,
            Standing::Driving(_) | Standing::Finishing { .. } => Availability::OnTrip,
            Standing::Gone => Availability::Offline,
        }
    }
}

/// A trip that waits for a driver.
#[derive(Clone, Debug, PartialEq)]
pub struct Seeker {
    /// Which.
    pub trip: TripId,
    /// From where.
    pub pickup: Point,
    /// To where: what a ride is worth, and whether it leads a driver home.
    pub dropoff: Point,
    /// What the vehicle must have.
    pub needs: Needs,
    /// Whether the rider would share a car.
    pub shared: bool,
    /// When the rider wants to be picked up, unless that is now.
    pub pickup_at: Option<Timestamp>,
    /// When it was asked for: the order of arrival.
    pub requested_at: Timestamp,
    /// Who is not to be asked again.
    pub without: BTreeSet<DriverId>,
    /// The wave of its search, from 1: how many drivers it asks for is the policy's
    /// ([`crate::OfferPolicy::wave`]).
    pub wave: u32,
    /// How many times its search was widened ([`crate::Policy::search_radius`]): by waves that found nobody willing, and by
    /// the shard after each round that found nobody at all.
    pub widened: u32,
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
    /// How far from the pickup, along a great circle.
    pub distance: Meters,
    /// How long to the pickup, and who says so.
    pub pickup_eta: Eta,
    /// Where the car is free.
    pub point: Point,
    /// How long the driver has waited for work.
    pub idle: Duration,
    /// Of 100 offers, how many the driver accepts.
    pub acceptance: u8,
    /// How old the position is.
    pub position_age: Duration,
    /// How far the positions are to be believed: 0 to [`crate::PLAUSIBLE`].
    pub plausibility: u8,
    /// How long until the rider who is in the car gets out; included in `pickup_eta`. `None` for a free driver.
    pub busy_for: Option<Duration>,
}
