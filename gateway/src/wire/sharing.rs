//! A shared ride, as its people see it.

use dispatch::{Promise, RiderId, RiderLeg, Stage, StopKind, Trip, TripId};
use serde::Serialize;

use super::{Place, as_text, millis};

/// Something the driver of a shared car has to do. Reported with the trip it names.
#[derive(Debug, Serialize)]
pub(super) struct StopBody<'a> {
    #[serde(serialize_with = "as_text")]
    trip: TripId,
    kind: &'static str,
    /// How the rider stands: waiting, arrived (the car is at the pickup) or aboard.
    leg: &'static str,
    #[serde(serialize_with = "as_text")]
    rider: &'a RiderId,
    place: Place,
    seats: u8,
}

/// What the car of a trip has to do, if it is shared.
pub(super) fn stops(trip: &Trip) -> Vec<StopBody<'_>> {
    let body = |stop: &dispatch::CarStop| {
        let own_leg = match trip.stage {
            Stage::Arrived { .. } => RiderLeg::Arrived,
            Stage::InProgress { .. } => RiderLeg::Aboard,
            _ => RiderLeg::Waiting,
        };
        let own = (&trip.rider, trip.order.pickup, trip.order.dropoff, trip.order.needs.seats(), own_leg);
        let guest = trip.car.guest(stop.trip);
        let guest = guest.map(|guest| (&guest.rider, guest.pickup, guest.dropoff, guest.seats, guest.leg));
        let (rider, pickup, dropoff, seats, leg) = guest.unwrap_or(own);
        let place = if stop.kind == StopKind::Pickup { pickup } else { dropoff };
        StopBody { trip: stop.trip, kind: stop.kind.as_str(), leg: leg.as_str(), rider, place: place.into(), seats }
    };
    trip.car.stops.iter().map(body).collect()
}

/// What was promised to a rider who shares a car.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct PromiseBody {
    /// The car is at the pickup by then.
    pickup_by_ms: u64,
    /// The ride takes no longer, detours included.
    ride_max_ms: u64,
}

impl From<Promise> for PromiseBody {
    fn from(promise: Promise) -> PromiseBody {
        PromiseBody { pickup_by_ms: promise.pickup_by.millis(), ride_max_ms: millis(promise.ride_max) }
    }
}
