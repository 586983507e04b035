//! A trip as it is kept: its stages, and the one place that knows every legal step between them.
//!
//! Lives here: the record of a trip, the events that change it, and [`Trip::apply`].
//! Stays out: offers, reservations, time-outs (see [`crate::live_trip`]): they may be lost without harm.
//! Touch with care: the journal is replayed through [`Trip::apply`]; a step that was legal stays legal.

use std::fmt;

use geo::Point;

use crate::{CancelReason, DriverId, Fare, FeeStage, GiveBackReason, Order, RiderId, Stops, Timestamp, TripId};

pub use guests::{CallOff, CarStop, GUESTS_MOST, Guest, GuestStep, Promise, RiderLeg, SharedCar, StopKind};

pub use route::{Asked, Route};
pub use sharing::DueStop;

mod guests;
mod route;
mod sharing;

/// Who ended a trip, or asked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Party {
    /// The rider who asked for it.
    Rider,
    /// The driver who accepted it.
    Driver,
    /// The city itself: a deadline passed, or ops decided.
    System,
}

/// How a trip stands. A stage owns what is true in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Asked for, for later: the search has not begun.
    Scheduled,
    /// Asked for; no driver has been won yet, or the one who was has given it back.
    Searching,
    /// A driver accepted and is on the way to the pickup.
    EnRoute {
        /// Who.
        driver: DriverId,
    },
    /// The driver waits at the pickup.
    Arrived {
        /// Who.
        driver: DriverId,
    },
    /// The rider is in the car.
    InProgress {
        /// Who.
        driver: DriverId,
    },
    /// Rides along in the car of another trip, which holds the driver.
    Shared {
        /// The trip whose record has the car.
        host: TripId,
        /// Who drives.
        driver: DriverId,
        /// How the rider stands towards the car.
        leg: RiderLeg,
    },
    /// The trip's own rider is done, and its driver drives those on who share the car.
    DrivingOn {
        /// Who.
        driver: DriverId,
        /// How the rider's own trip was called off; `None` when he was dropped off.
        off: Option<CallOff>,
    },
    /// The rider was dropped off.
    Completed {
        /// Who drove.
        driver: DriverId,
    },
    /// Called off.
    Cancelled {
        /// Who called it off.
        by: Party,
        /// The driver who was on it then, if any.
        driver: Option<DriverId>,
        /// Why.
        reason: CancelReason,
        /// What it may cost the rider.
        fee: FeeStage,
    },
    /// No driver was won in time.
    Expired,
}

/// A stage without its data: for tables, metrics and wire names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StageName {
    /// See [`Stage::Scheduled`].
    Scheduled,
    /// See [`Stage::Searching`].
    Searching,
    /// See [`Stage::EnRoute`].
    EnRoute,
    /// See [`Stage::Arrived`].
    Arrived,
    /// See [`Stage::InProgress`].
    InProgress,
    /// See [`Stage::DrivingOn`].
    DrivingOn,
    /// See [`Stage::Completed`].
    Completed,
    /// See [`Stage::Cancelled`].
    Cancelled,
    /// See [`Stage::Expired`].
    Expired,
}

impl StageName {
    /// Every stage, in the order of a trip's life.
    pub const ALL: [StageName; 9] = [
        StageName::Scheduled,
        StageName::Searching,
        StageName::EnRoute,
        StageName::Arrived,
        StageName::InProgress,
        StageName::DrivingOn,
        StageName::Completed,
        StageName::Cancelled,
        StageName::Expired,
    ];

    /// The name in text, as stores and doors write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            StageName::Scheduled => "scheduled",
            StageName::Searching => "searching",
            StageName::EnRoute => "en_route",
            StageName::Arrived => "arrived",
            StageName::InProgress => "in_progress",
            StageName::DrivingOn => "driving_on",
            StageName::Completed => "completed",
            StageName::Cancelled => "cancelled",
            StageName::Expired => "expired",
        }
    }

    /// Whether a trip in this stage still changes.
    #[must_use]
    pub fn is_active(self) -> bool {
        match self {
            StageName::Scheduled
            | StageName::Searching
            | StageName::EnRoute
            | StageName::Arrived
            | StageName::InProgress
            | StageName::DrivingOn => true,
            StageName::Completed | StageName::Cancelled | StageName::Expired => false,
        }
    }
}

impl fmt::Display for StageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Stage {
    /// How it was called off, if it was: also while its driver still drives others on.
    #[must_use]
    pub fn called_off(&self) -> Option<CallOff> {
        match *self {
            Stage::Cancelled { by, reason, fee, .. } => Some(CallOff { by, reason, fee }),
            Stage::DrivingOn { off, .. } => off,
            _ => None,
        }
    }

    /// The stage without its data. A rider who shares hears the same as one who rides alone.
    #[must_use]
    pub fn name(&self) -> StageName {
        match self {
            Stage::Shared { leg: RiderLeg::Waiting, .. } => StageName::EnRoute,
            Stage::Shared { leg: RiderLeg::Arrived, .. } => StageName::Arrived,
            Stage::Shared { leg: RiderLeg::Aboard, .. } => StageName::InProgress,
            Stage::Shared { leg: RiderLeg::Out, .. } => StageName::Completed,
            Stage::DrivingOn { .. } => StageName::DrivingOn,
            Stage::Scheduled => StageName::Scheduled,
            Stage::Searching => StageName::Searching,
            Stage::EnRoute { .. } => StageName::EnRoute,
            Stage::Arrived { .. } => StageName::Arrived,
            Stage::InProgress { .. } => StageName::InProgress,
            Stage::Completed { .. } => StageName::Completed,
            Stage::Cancelled { .. } => StageName::Cancelled,
            Stage::Expired => StageName::Expired,
        }
    }

    /// How the trip stands as its rider is told: one who is done does not care who else is in the car.
    #[must_use]
    pub fn told_as(&self) -> StageName {
        match self {
            Stage::DrivingOn { off: None, .. } => StageName::Completed,
            Stage::DrivingOn { off: Some(_), .. } => StageName::Cancelled,
            stage => stage.name(),
        }
    }

    /// The trip whose car this rider shares.
    #[must_use]
    pub fn host(&self) -> Option<TripId> {
        match self {
            Stage::Shared { host, .. } => Some(*host),
            _ => None,
        }
    }

    /// The driver who is committed to the trip in this stage; a finished trip holds nobody, and so does one that shares
    /// the car of another.
    #[must_use]
    pub fn committed_driver(&self) -> Option<&DriverId> {
        match self {
            Stage::EnRoute { driver } | Stage::Arrived { driver } | Stage::InProgress { driver } => Some(driver),
            Stage::DrivingOn { driver, .. } => Some(driver),
            Stage::Scheduled
            | Stage::Searching
            | Stage::Completed { .. }
            | Stage::Cancelled { .. }
            | Stage::Shared { .. }
            | Stage::Expired => None,
        }
    }

    /// The driver who is on the trip, or was when it ended.
    #[must_use]
    pub fn driver(&self) -> Option<&DriverId> {
        match self {
            Stage::Completed { driver } | Stage::Shared { driver, .. } => Some(driver),
            Stage::Cancelled { driver, .. } => driver.as_ref(),
            Stage::Scheduled | Stage::Searching | Stage::Expired => None,
            Stage::EnRoute { .. } | Stage::Arrived { .. } | Stage::InProgress { .. } => self.committed_driver(),
            Stage::DrivingOn { .. } => self.committed_driver(),
        }
    }
}

/// What has happened to a trip. This is what the journal holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A rider asked for a ride.
    Requested {
        /// Who asked.
        rider: RiderId,
        /// For what.
        order: Order,
    },
    /// The time has come to search for a car.
    Activated,
    /// A driver accepted and the store committed both to it.
    Assigned {
        /// Who accepted.
        driver: DriverId,
    },
    /// Another trip's car takes this rider along: that trip's record said so first.
    Shared {
        /// Which trip.
        host: TripId,
        /// Who drives.
        driver: DriverId,
    },
    /// Another rider shares this trip's car.
    GuestJoined {
        /// Who.
        guest: Box<Guest>,
        /// How many riders the car seats.
        seats: u8,
        /// What the car has to do from now on, first things first.
        stops: Vec<CarStop>,
    },
    /// Something happened to a rider who shares this trip's car.
    GuestDid {
        /// The rider's own trip.
        guest: TripId,
        /// What.
        step: GuestStep,
    },
    /// The driver is at the pickup.
    DriverArrived,
    /// The rider is in the car.
    PickedUp,
    /// The car has halted at a stop on the way, the rider aboard.
    StopReached {
        /// The number of the stop, from 1.
        stop: u8,
    },
    /// The rider has changed the way.
    Rerouted {
        /// Where the ride still halts.
        stops: Stops,
        /// Where it ends.
        dropoff: Point,
        /// What it costs by that way.
        fare: Option<Fare>,
    },
    /// The rider is where he wanted to be.
    DroppedOff,
    /// The driver gave the trip back before the rider was in the car, or it was taken from him: the search goes on.
    GivenBack {
        /// By whom: the driver, or the system.
        by: Party,
        /// Why.
        reason: GiveBackReason,
    },
    /// Called off.
    Cancelled {
        /// By whom.
        by: Party,
        /// Why.
        reason: CancelReason,
        /// What it may cost the rider.
        fee: FeeStage,
    },
    /// Nobody was won in time.
    Expired,
}

impl Event {
    /// The name in text, as stores write it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Event::Requested { .. } => "requested",
            Event::Activated => "activated",
            Event::Assigned { .. } => "assigned",
            Event::Shared { .. } => "shared",
            Event::GuestJoined { .. } => "guest_joined",
            Event::GuestDid { step, .. } => match step {
                GuestStep::Arrived => "guest_arrived",
                GuestStep::PickedUp => "guest_picked_up",
                GuestStep::DroppedOff => "guest_dropped_off",
                GuestStep::Left => "guest_left",
            },
            Event::DriverArrived => "driver_arrived",
            Event::PickedUp => "picked_up",
            Event::StopReached { .. } => "stop_reached",
            Event::Rerouted { .. } => "rerouted",
            Event::DroppedOff => "dropped_off",
            Event::GivenBack { .. } => "given_back",
            Event::Cancelled { .. } => "cancelled",
            Event::Expired => "expired",
        }
    }
}

/// A step that no trip may take.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("a trip that is {from} cannot be {event}")]
pub struct Illegal {
    /// How the trip stands.
    pub from: StageName,
    /// The name of the event that does not fit.
    pub event: &'static str,
}

/// One trip, as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Trip {
    /// Its name.
    pub id: TripId,
    /// Who asked.
    pub rider: RiderId,
    /// For what.
    pub order: Order,
    /// How it stands.
    pub stage: Stage,
    /// How far it has come on its way, and how that was changed.
    pub route: Route,
    /// Who shares its car, as long as it has one.
    pub car: SharedCar,
    /// Since when it stands so.
    pub since: Timestamp,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// How many events it has seen: the request is version 1.
    pub version: u32,
}

impl Trip {
    /// The first event of a trip.
    ///
    /// # Errors
    /// [`Illegal`] for any event but a request.
    pub fn begin(id: TripId, event: &Event, at: Timestamp) -> Result<Trip, Illegal> {
        let Event::Requested { rider, order } = event else {
            return Err(Illegal { from: StageName::Searching, event: event.name() });
        };
        Ok(Trip {
            id,
            rider: rider.clone(),
            order: *order,
            stage: if order.pickup_at.is_some() { Stage::Scheduled } else { Stage::Searching },
            route: Route::default(),
            car: SharedCar::default(),
            since: at,
            requested_at: at,
            version: 1,
        })
    }

    /// Since when it stands so, as far as somebody waits for somebody: before the moment wished for nobody is late.
    #[must_use]
    pub fn waits_from(&self) -> Timestamp {
        self.since.max(self.order.pickup_at.unwrap_or_default())
    }

    /// Decides what an event does to this trip. Every legal step is an arm; all others are errors.
    ///
    /// # Errors
    /// [`Illegal`] when the event does not fit the stage. The trip is then as it was.
    pub fn apply(&self, event: &Event, at: Timestamp) -> Result<Trip, Illegal> {
        use Stage::{Arrived, Cancelled, Completed, EnRoute, Expired, InProgress, Scheduled, Searching};
        let illegal = || Illegal { from: self.stage.name(), event: event.name() };
        if self.stage.host().is_some() || matches!(event, Event::Shared { .. }) {
            let stage = self.as_guest(event).ok_or_else(illegal)?;
            return Ok(Trip { stage, since: at, version: self.version + 1, ..self.clone() });
        }
        // Neither is a new stage: nobody waits for somebody else because of it.
        match event {
            Event::StopReached { stop } => return self.stop_reached(*stop).ok_or_else(illegal),
            Event::Rerouted { stops, dropoff, fare } => {
                return self.rerouted(*stops, *dropoff, *fare).ok_or_else(illegal);
            }
            _ => {}
        }
        if let Some(after) = self.as_host(event, at) {
            return after.ok_or_else(illegal);
        }
        let stage = match (&self.stage, event) {
            (Scheduled, Event::Activated) => Searching,
            (Searching, Event::Assigned { driver }) => EnRoute { driver: driver.clone() },
            (EnRoute { driver }, Event::DriverArrived) => Arrived { driver: driver.clone() },
            (Arrived { driver }, Event::PickedUp) => InProgress { driver: driver.clone() },
            (InProgress { driver }, Event::DroppedOff) => Completed { driver: driver.clone() },
            (EnRoute { .. } | Arrived { .. }, Event::GivenBack { by: Party::Driver | Party::System, .. }) => Searching,
            // A ride for later expires before the search when nobody was there to begin it.
            (Scheduled | Searching, Event::Expired) => Expired,
            // A rider may call off until the ride begins, a driver who waits at the pickup may, the system may always.
            (
                Scheduled | Searching | EnRoute { .. } | Arrived { .. },
                Event::Cancelled { by: by @ (Party::Rider | Party::System), reason, fee },
            )
            | (Arrived { .. }, Event::Cancelled { by: by @ Party::Driver, reason, fee })
            | (InProgress { .. }, Event::Cancelled { by: by @ Party::System, reason, fee }) => {
                Cancelled { by: *by, driver: self.stage.committed_driver().cloned(), reason: *reason, fee: *fee }
            }
            _ => return Err(illegal()),
        };
        let mut car = self.car.clone();
        match &stage {
            InProgress { .. } => car.done(self.id, StopKind::Pickup),
            stage if stage.committed_driver().is_none() => car = car.without_driver(),
            _ => {}
        }
        Ok(Trip { stage, car, since: at, version: self.version + 1, ..self.clone() })
    }
}
