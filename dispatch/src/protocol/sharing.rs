//! What is said about shared rides: between a rider's trip and the trips whose cars could take him along.

use geo::Point;

use super::{CarPosition, Deed, DriverAsk, Eta, Seeker};
use crate::{DriverId, Promise, RiderId, RiderLeg, ShardId, Timestamp, TripId, Vehicle};

/// What a live trip may be told about a shared ride. The host is the trip that holds the driver, a guest is one whose
/// rider rides along, or may.
#[derive(Clone, Debug, PartialEq)]
pub enum Sharing {
    /// To a host, by the driver: the vehicle, while more riders are welcome in it; `None` when no longer.
    Takes {
        /// Who.
        by: DriverId,
        /// What the driver drives.
        vehicle: Option<Vehicle>,
    },
    /// To a host: what would it cost to take this rider along? No answer is "no".
    WouldTake(Box<Seeker>),
    /// To a guest: what it would cost, in the unit of [`crate::pool::Schedule::cost`]. Nothing is promised.
    Quoted {
        /// By whom.
        host: TripId,
        /// How much.
        added_cost: i64,
    },
    /// To a host: this rider wants to ride along.
    Join {
        /// His trip.
        seeker: Box<Seeker>,
        /// Who.
        rider: RiderId,
    },
    /// To a guest: how he stands with this host, by the host's record. Said whenever it changes, in answer to
    /// [`Sharing::GuestSays`], and from time to time.
    HostSays(Box<HostSays>),
    /// To a host: whether this trip's record says that it rides along.
    GuestSays {
        /// Which trip.
        guest: TripId,
        /// What it says.
        with_you: bool,
    },
    /// To a host: its driver reports a step of a guest's ride.
    Did {
        /// Whose.
        guest: TripId,
        /// Who.
        by: DriverId,
        /// Where the driver is at home.
        home: ShardId,
        /// What.
        deed: Deed,
        /// The app's command.
        ask: DriverAsk,
    },
    /// To a guest: where the car is, and how long until it is at his next stop, by way of those before it.
    Rides {
        /// Whose car.
        host: TripId,
        /// Where.
        car: CarPosition,
        /// How long.
        eta: Option<Eta>,
    },
}

/// How a guest stands with a host.
#[derive(Clone, Debug, PartialEq)]
pub struct HostSays {
    /// Which host.
    pub host: TripId,
    /// Who drives.
    pub driver: Option<DriverId>,
    /// How the guest stands; `None` when he does not ride along.
    pub leg: Option<RiderLeg>,
    /// What he was promised.
    pub promise: Option<Promise>,
    /// How many others share the car.
    pub with: u8,
}

/// What a live shard may be told about shared rides.
#[derive(Clone, Debug, PartialEq)]
pub enum Passing {
    /// A car that takes more riders is here, on this shard's ground.
    Here {
        /// The trip whose car it is.
        host: TripId,
        /// Where.
        point: Point,
        /// When it was there.
        at: Timestamp,
    },
    /// A neighbour's rider would share: ask the cars that are near.
    Ask(Box<Seeker>),
}
