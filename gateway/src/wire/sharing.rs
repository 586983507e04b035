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
    /// The number of a stop on the way, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    stop: Option<u8>,
    /// How the rider stands: waiting, arrived (the car is at the pickup) or aboard.
    leg: &'static str,
    #[serde(serialize_with = "as_text")]
    rider: &'a RiderId,
    place: Place,
    seats: u8,
}

/// What the car of a trip has to do, if it is shared or halts on its way.
pub(super) fn stops(trip: &Trip) -> Vec<StopBody<'_>> {
    if !trip.car.has_open() && trip.order.stops.is_empty() {
        return Vec::new();
    }
    let body = |due: DueStop| {
        let DueStop { stop, place, leg } = due;
        let guest = trip.car.guest(stop.trip).map(|guest| (&guest.rider, guest.seats));
        let (rider, seats) = guest.unwrap_or((&trip.rider, trip.order.needs.seats()));
        let (kind, place) = (stop.kind.as_str(), place.into());
        StopBody { trip: stop.trip, kind, stop: None, leg: leg.as_str(), rider, place, seats }
    };
    let mut due: Vec<StopBody<'_>> = trip.due_stops().into_iter().map(body).collect();
    // A car that halts on its way is not shared: only its own drop-off comes after the halts.
    if let Some(last) = due.pop() {
        let (leg, rider, seats) = (last.leg, last.rider, last.seats);
        let halt = |(number, place): (u8, geo::Point)| StopBody {
            trip: trip.id,
            kind: "stop",
            stop: Some(number),
            leg,
            rider,
            place: place.into(),
            seats,
        };
        due.extend((trip.route.made + 1..).zip(trip.stops_left()).map(halt));
        due.push(last);
    }
    due
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
