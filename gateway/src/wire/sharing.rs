//! A shared ride, as its people see it.

use dispatch::{DueStop, Promise, RiderId, Trip, TripId};
use serde::Serialize;
use utoipa::ToSchema;

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
    if !trip.car.has_open() {
        return Vec::new();
    }
    let body = |due: DueStop| {
        let DueStop { stop, place, leg } = due;
        let guest = trip.car.guest(stop.trip).map(|guest| (&guest.rider, guest.seats));
        let (rider, seats) = guest.unwrap_or((&trip.rider, trip.order.needs.seats()));
        StopBody { trip: stop.trip, kind: stop.kind.as_str(), leg: leg.as_str(), rider, place: place.into(), seats }
    };
    trip.due_stops().into_iter().map(body).collect()
}

/// What was promised to a rider who shares a car.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = Promise)]
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
