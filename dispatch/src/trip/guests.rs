//! A car that several riders share, as the record of its host keeps it: who rides along, and what is to be done next.
//!
//! Lives here: [`SharedCar`] and its steps. The host is the trip that won the driver; a guest is another rider's trip,
//! which names its host in its own stage ([`crate::Stage::Shared`]) and holds no driver.
//! Stays out: who fits in (the pooling planner), the letters between host and guest (`live_trip`).
//! Touch with care: a guest who has got out stays in the list: his own trip may not have heard it yet. Every other guest
//! leaves it together with the driver.

use std::time::Duration;

use geo::Point;

use super::Party;
use crate::{CancelReason, FeeStage, RiderId, Timestamp, TripId};

/// A host takes no more guests than this in its whole life, those who have got out included: its record stays small.
pub const GUESTS_MOST: usize = 12;

/// What a rider who shares was promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promise {
    /// The car is at the pickup by then.
    pub pickup_by: Timestamp,
    /// The ride takes no longer than this, detours included.
    pub ride_max: Duration,
}

/// How a guest stands towards the car.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RiderLeg {
    /// Waits, and the car is to come.
    Waiting,
    /// The car waits at the pickup.
    Arrived,
    /// In the car.
    Aboard,
    /// Let out where he wanted to be.
    Out,
}

impl RiderLeg {
    /// Every leg, in the order of a ride.
    pub const ALL: [RiderLeg; 4] = [RiderLeg::Waiting, RiderLeg::Arrived, RiderLeg::Aboard, RiderLeg::Out];

    /// The name in text.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            RiderLeg::Waiting => "waiting",
            RiderLeg::Arrived => "arrived",
            RiderLeg::Aboard => "aboard",
            RiderLeg::Out => "out",
        }
    }
}

/// A rider who shares the car of another rider's trip.
#[derive(Clone, Debug, PartialEq)]
pub struct Guest {
    /// The rider's own trip.
    pub trip: TripId,
    /// Who.
    pub rider: RiderId,
    /// From where.
    pub pickup: Point,
    /// To where.
    pub dropoff: Point,
    /// How many seats the party takes.
    pub seats: u8,
    /// What was promised.
    pub promise: Promise,
    /// How the guest stands.
    pub leg: RiderLeg,
    /// Since when.
    pub since: Timestamp,
}

impl Guest {
    /// Whether the car still has something to do for this guest.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.leg != RiderLeg::Out
    }
}

/// What happens to a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GuestStep {
    /// The car is at his pickup.
    Arrived,
    /// He is in the car.
    PickedUp,
    /// He was let out where he wanted to be.
    DroppedOff,
    /// He does not ride along, or no longer.
    Left,
}

/// How a trip was called off whose car others share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallOff {
    /// Who called it off.
    pub by: Party,
    /// Why.
    pub reason: CancelReason,
    /// What it may cost the rider.
    pub fee: FeeStage,
}

/// What is done at a stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StopKind {
    /// A rider is taken in.
    Pickup,
    /// A rider is let out.
    Dropoff,
}

impl StopKind {
    /// The name in text.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            StopKind::Pickup => "pickup",
            StopKind::Dropoff => "dropoff",
        }
    }
}

/// Something a shared car has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CarStop {
    /// For which rider's trip: the host's own, or a guest's.
    pub trip: TripId,
    /// What.
    pub kind: StopKind,
}

/// The car of a host. A trip whose car nobody shares has an empty one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SharedCar {
    /// How many riders it seats; 0 when nobody has joined since it was won.
    pub seats: u8,
    /// Who rides along, or did, in the order in which they joined.
    pub guests: Vec<Guest>,
    /// What is to be done, first things first, the host's own rider included; empty while no guest is open: then it is
    /// the host's pickup and drop-off.
    pub stops: Vec<CarStop>,
}

impl SharedCar {
    /// The guests for whom something is still to be done.
    pub fn open(&self) -> impl Iterator<Item = &Guest> {
        self.guests.iter().filter(|guest| guest.is_open())
    }

    /// Whether there is a guest for whom something is still to be done.
    #[must_use]
    pub fn has_open(&self) -> bool {
        self.open().next().is_some()
    }

    /// Whether a guest is in the car.
    #[must_use]
    pub fn has_aboard(&self) -> bool {
        self.guests.iter().any(|guest| guest.leg == RiderLeg::Aboard)
    }

    /// One guest.
    #[must_use]
    pub fn guest(&self, trip: TripId) -> Option<&Guest> {
        self.guests.iter().find(|guest| guest.trip == trip)
    }

    /// How many seats the guests in the car take.
    #[must_use]
    pub fn seats_taken(&self) -> u32 {
        let aboard = self.guests.iter().filter(|guest| guest.leg == RiderLeg::Aboard);
        aboard.map(|guest| u32::from(guest.seats)).sum()
    }

    /// Whether so many more find a seat beside the guests and `own` seats of the host's party.
    pub(super) fn seats_for(&self, own: u8, more: u8) -> bool {
        self.seats == 0 || self.seats_taken() + u32::from(own) + u32::from(more) <= u32::from(self.seats)
    }

    /// One more guest. `None` when that cannot be: known already, too many, or the car's stops are not those of its
    /// riders.
    pub(super) fn joined(&self, guest: &Guest, seats: u8, stops: &[CarStop]) -> Option<SharedCar> {
        let known = self.guest(guest.trip).is_some();
        let fits = guest.leg == RiderLeg::Waiting && guest.seats <= seats && self.guests.len() < GUESTS_MOST;
        if known || !fits {
            return None;
        }
        let mut guests = self.guests.clone();
        guests.push(guest.clone());
        Some(SharedCar { seats, guests, stops: stops.to_vec() })
    }

    /// A guest's step. `None` when the guest cannot take it. `own` seats are taken by the host's party.
    pub(super) fn stepped(&self, trip: TripId, step: GuestStep, own: u8, at: Timestamp) -> Option<SharedCar> {
        let mut car = self.clone();
        let place = car.guests.iter().position(|guest| guest.trip == trip && guest.is_open())?;
        let guest = &mut car.guests[place];
        let leg = match (guest.leg, step) {
            (RiderLeg::Waiting, GuestStep::Arrived) => RiderLeg::Arrived,
            (RiderLeg::Waiting | RiderLeg::Arrived, GuestStep::PickedUp) => {
                self.seats_for(own, guest.seats).then_some(RiderLeg::Aboard)?
            }
            (RiderLeg::Aboard, GuestStep::DroppedOff) => RiderLeg::Out,
            (_, GuestStep::Left) => {
                car.guests.remove(place);
                car.stops.retain(|stop| stop.trip != trip);
                return Some(car.tidied());
            }
            _ => return None,
        };
        (guest.leg, guest.since) = (leg, at);
        match leg {
            RiderLeg::Waiting | RiderLeg::Arrived => {}
            RiderLeg::Aboard => car.done(trip, StopKind::Pickup),
            RiderLeg::Out => car.done(trip, StopKind::Dropoff),
        }
        Some(car.tidied())
    }

    /// A stop is made, and with a drop-off whatever came before it.
    pub(super) fn done(&mut self, trip: TripId, kind: StopKind) {
        self.stops.retain(|stop| stop.trip != trip || stop.kind > kind);
    }

    /// Without stops when nobody rides along any more.
    pub(super) fn tidied(mut self) -> SharedCar {
        if !self.has_open() {
            (self.seats, self.stops) = (0, Vec::new());
        }
        self
    }

    /// Without a driver: only those remain who have got out.
    pub(super) fn without_driver(mut self) -> SharedCar {
        self.guests.retain(|guest| !guest.is_open());
        self.tidied()
    }
}
