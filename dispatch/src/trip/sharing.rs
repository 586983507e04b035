//! The legal steps of trips that share a car: those of a guest, and those of a host while somebody rides along.
//!
//! Stays out: every step of a trip that has its car to itself: see [`Trip::apply`].
//! Touch with care: as there. What is legal stays legal.

use geo::Point;

use super::{CallOff, CarStop, Event, GuestStep, Party, RiderLeg, SharedCar, Stage, StopKind, Trip};
use crate::{Deed, DriverId, Timestamp};

impl Trip {
    /// Where an event leads a rider who shares another trip's car, or is to share it.
    pub(super) fn as_guest(&self, event: &Event) -> Option<Stage> {
        use RiderLeg::{Aboard, Arrived, Waiting};
        if let (Stage::Searching, Event::Shared { host, driver }) = (&self.stage, event) {
            let may = self.order.shared && self.order.stops.is_empty() && *host != self.id;
            return may.then(|| Stage::Shared { host: *host, driver: driver.clone(), leg: Waiting });
        }
        let Stage::Shared { host, driver, leg } = &self.stage else { return None };
        let on = |leg| Some(Stage::Shared { host: *host, driver: driver.clone(), leg });
        match (leg, event) {
            (Waiting, Event::DriverArrived) => on(Arrived),
            // Nobody stands and waits for a guest: the car may have come and gone on in one report.
            (Waiting | Arrived, Event::PickedUp) => on(Aboard),
            (Aboard, Event::DroppedOff) => Some(Stage::Completed { driver: driver.clone() }),
            (Waiting | Arrived, Event::GivenBack { by: Party::System, .. }) => Some(Stage::Searching),
            (Waiting | Arrived, Event::Cancelled { by: by @ (Party::Rider | Party::System), reason, fee })
            | (Aboard, Event::Cancelled { by: by @ Party::System, reason, fee }) => {
                Some(Stage::Cancelled { by: *by, driver: Some(driver.clone()), reason: *reason, fee: *fee })
            }
            _ => None,
        }
    }

    /// What an event makes of a trip with guests, or of one that is to have one. `None` when that does not depend on the
    /// guests; `Some(None)` when it cannot be.
    pub(super) fn as_host(&self, event: &Event, at: Timestamp) -> Option<Option<Trip>> {
        match (&self.stage, event) {
            (_, Event::GuestJoined { guest, seats, stops }) => {
                let open = self.order.shared && self.order.stops.is_empty() && guest.trip != self.id;
                let may = open && self.stage.committed_driver().is_some();
                let car = may.then(|| self.car.joined(guest, *seats, stops)).flatten();
                Some(car.filter(|car| self.stops_are_whole(car)).map(|car| self.with(self.stage.clone(), car, at)))
            }
            (_, Event::GuestDid { guest, step }) => Some(self.guest_stepped(*guest, *step, at)),
            (Stage::DrivingOn { driver, off }, Event::Cancelled { by: Party::System, .. }) => {
                Some(Some(self.with(done(driver, *off), self.car.clone(), at)))
            }
            (Stage::DrivingOn { driver, off }, Event::GivenBack { .. }) if !self.car.has_aboard() => {
                Some(Some(self.with(done(driver, *off), self.car.clone(), at)))
            }
            (Stage::DrivingOn { .. }, _) => Some(None),
            _ if !self.car.has_open() => None,
            (Stage::InProgress { driver }, Event::DroppedOff) => Some(Some(self.drives_on(driver, None, at))),
            (
                Stage::EnRoute { driver } | Stage::Arrived { driver },
                Event::Cancelled { by: by @ (Party::Rider | Party::System), reason, fee },
            )
            | (Stage::Arrived { driver }, Event::Cancelled { by: by @ Party::Driver, reason, fee }) => {
                let off = CallOff { by: *by, reason: *reason, fee: *fee };
                Some(Some(self.drives_on(driver, Some(off), at)))
            }
            (Stage::Arrived { .. }, Event::PickedUp) if !self.car.seats_for(0, self.order.needs.seats()) => Some(None),
            // Nobody is left at the roadside.
            (_, Event::GivenBack { .. }) if self.car.has_aboard() => Some(None),
            _ => None,
        }
    }

    fn guest_stepped(&self, guest: crate::TripId, step: GuestStep, at: Timestamp) -> Option<Trip> {
        self.stage.committed_driver()?;
        let car = self.car.stepped(guest, step, self.seats_aboard(), at)?;
        let stage = match &self.stage {
            Stage::DrivingOn { driver, off } if !car.has_open() => done(driver, *off),
            stage => stage.clone(),
        };
        Some(self.with(stage, car, at))
    }

    /// How many seats the trip's own rider takes at the moment.
    fn seats_aboard(&self) -> u8 {
        match self.stage {
            Stage::InProgress { .. } => self.order.needs.seats(),
            _ => 0,
        }
    }

    fn drives_on(&self, driver: &DriverId, off: Option<CallOff>, at: Timestamp) -> Trip {
        let mut car = self.car.clone();
        car.done(self.id, StopKind::Dropoff);
        self.with(Stage::DrivingOn { driver: driver.clone(), off }, car, at)
    }

    /// The trip in this stage. What a guest does is no new stage of the host, and for the host's own rider the trip has
    /// ended when he was done, whoever else was in the car.
    fn with(&self, stage: Stage, car: SharedCar, at: Timestamp) -> Trip {
        let car = if stage.committed_driver().is_some() { car } else { car.without_driver() };
        let drove_on = matches!(self.stage, Stage::DrivingOn { .. });
        let since = if drove_on || stage == self.stage { self.since } else { at };
        Trip { stage, car, since, version: self.version + 1, ..self.clone() }
    }

    /// Whether the car's stops are exactly what is to be done for its riders, and a seat is free whenever one is needed.
    fn stops_are_whole(&self, car: &SharedCar) -> bool {
        let mut wanted = self.own_stops();
        for guest in car.open() {
            let stop = |kind| CarStop { trip: guest.trip, kind };
            if guest.leg != RiderLeg::Aboard {
                wanted.push(stop(StopKind::Pickup));
            }
            wanted.push(stop(StopKind::Dropoff));
        }
        let mut given = car.stops.clone();
        wanted.sort_unstable();
        given.sort_unstable();
        wanted == given && self.has_seats_throughout(car)
    }

    /// What is to be done for the trip's own rider.
    #[must_use]
    pub fn own_stops(&self) -> Vec<CarStop> {
        let stop = |kind| CarStop { trip: self.id, kind };
        match self.stage {
            Stage::EnRoute { .. } | Stage::Arrived { .. } => vec![stop(StopKind::Pickup), stop(StopKind::Dropoff)],
            Stage::InProgress { .. } => vec![stop(StopKind::Dropoff)],
            _ => Vec::new(),
        }
    }

    /// What the car has to do, first things first, whether it is shared or not.
    #[must_use]
    pub fn stops(&self) -> Vec<CarStop> {
        if self.car.stops.is_empty() { self.own_stops() } else { self.car.stops.clone() }
    }

    fn has_seats_throughout(&self, car: &SharedCar) -> bool {
        let mut taken = i64::from(car.seats_taken()) + i64::from(self.seats_aboard());
        car.stops.iter().all(|stop| {
            let seats = car.guest(stop.trip).map_or(self.order.needs.seats(), |guest| guest.seats);
            match stop.kind {
                StopKind::Pickup => taken += i64::from(seats),
                StopKind::Dropoff => taken -= i64::from(seats),
            }
            taken <= i64::from(car.seats)
        })
    }
}

/// How a trip ends whose own rider was done before the last guest got out.
fn done(driver: &DriverId, off: Option<CallOff>) -> Stage {
    match off {
        None => Stage::Completed { driver: driver.clone() },
        Some(CallOff { by, reason, fee }) => Stage::Cancelled { by, driver: Some(driver.clone()), reason, fee },
    }
}

/// A stop of a car, with what its driver must know.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DueStop {
    /// For whose trip, and what is to be done.
    pub stop: CarStop,
    /// Where.
    pub place: Point,
    /// How the rider stands.
    pub leg: RiderLeg,
}

impl DueStop {
    /// What the driver does next there.
    #[must_use]
    pub fn deed(&self) -> Deed {
        match (self.stop.kind, self.leg) {
            (StopKind::Pickup, RiderLeg::Waiting) => Deed::Arrived,
            (StopKind::Pickup, _) => Deed::PickedUp,
            (StopKind::Dropoff, _) => Deed::DroppedOff,
        }
    }
}

impl Trip {
    /// What the car has to do, first things first, with where and how each rider stands.
    #[must_use]
    pub fn due_stops(&self) -> Vec<DueStop> {
        let own_leg = match self.stage {
            Stage::Arrived { .. } => RiderLeg::Arrived,
            Stage::InProgress { .. } => RiderLeg::Aboard,
            _ => RiderLeg::Waiting,
        };
        let due = |stop: CarStop| {
            let own = (self.order.pickup, self.order.dropoff, own_leg);
            let guest = self.car.guest(stop.trip).map(|guest| (guest.pickup, guest.dropoff, guest.leg));
            let (pickup, dropoff, leg) = guest.unwrap_or(own);
            DueStop { stop, place: if stop.kind == StopKind::Pickup { pickup } else { dropoff }, leg }
        };
        self.stops().into_iter().map(due).collect()
    }
}
