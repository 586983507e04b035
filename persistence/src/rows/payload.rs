//! What happened to a trip, as the journal keeps it: a kind, and JSON with its own version.
//!
//! Touch with care: the journal holds years, and it is also what leaves the process. A new form of a payload gets a new
//! version, and what the old ones can say is still written in them.

use dispatch::{Event, GuestStep};
use serde::{Deserialize, Serialize};

use super::order::{StoredFare, StoredNeeds};
use super::records::{driver_id, rider_id, trip_id};
use super::route::stored_stops;
use super::sharing::{StoredGuest, StoredStop};

/// What a payload may be, for whoever finds another.
pub(super) const PAYLOAD: &str =
    "the JSON of this kind of event in version 1, of a request in version 1 to 4, of an ending in version 1 or 2";

/// What may happen to a trip, as [`Event::name`] calls it.
pub(super) const KINDS: [&str; 17] = [
    "requested",
    "activated",
    "assigned",
    "shared",
    "guest_joined",
    "guest_arrived",
    "guest_picked_up",
    "guest_dropped_off",
    "guest_left",
    "driver_arrived",
    "picked_up",
    "stop_reached",
    "rerouted",
    "dropped_off",
    "given_back",
    "cancelled",
    "expired",
];

/// What an event carries beyond its kind.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Payload<'a> {
    pub(super) v: u32,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) rider: Option<&'a str>,
    /// Latitude and longitude.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pickup: Option<[f64; 2]>,
    /// Latitude and longitude.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) dropoff: Option<[f64; 2]>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) driver: Option<&'a str>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) by: Option<&'a str>,
    /// From version 2: why a trip was called off or given back.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<&'a str>,
    /// From version 2: what calling off may cost.
    #[serde(borrow, rename = "fee_stage", skip_serializing_if = "Option::is_none")]
    pub(super) fee: Option<&'a str>,
    /// From version 2: what the vehicle must have.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) needs: Option<StoredNeeds<'a>>,
    /// From version 3: when the rider wants to be picked up, unless that is now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pickup_at: Option<i64>,
    /// From version 3: that others may ride along, if they may.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) shared: Option<bool>,
    /// From version 3: what the ride costs, if that was agreed.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) fare: Option<StoredFare<'a>>,
    /// Whose car is shared.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) host: Option<&'a str>,
    /// The trip of the rider who rides along.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    pub(super) guest: Option<&'a str>,
    /// Who joined.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) joins: Option<Box<StoredGuest>>,
    /// How many riders the car seats.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) seats: Option<u8>,
    /// What the car has to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stops: Option<Vec<StoredStop>>,
    /// Where a ride halts on its way: of a request from version 4.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) halts: Option<Vec<[f64; 2]>>,
    /// The number of the stop that was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stop: Option<u8>,
}

/// The version of most payloads.
pub(super) const PAYLOAD_VERSION: u32 = 1;

/// The version of a request that needs more than one seat in any vehicle.
pub(super) const PAYLOAD_WITH_NEEDS: u32 = 2;

/// The version of a request for later, for a shared car, or with a fare.
pub(super) const PAYLOAD_OF_ORDER: u32 = 3;

/// The version of a request that halts on its way.
pub(super) const PAYLOAD_WITH_STOPS: u32 = 4;

/// The JSON of what an event carries.
pub(crate) fn payload(event: &Event) -> String {
    let name = match event {
        Event::Shared { host, .. } => host.to_string(),
        Event::GuestDid { guest, .. } => guest.to_string(),
        _ => String::new(),
    };
    let mut payload = Payload { v: PAYLOAD_VERSION, ..Payload::default() };
    match event {
        Event::Requested { rider, order } => {
            payload.rider = Some(rider.as_str());
            payload.put_order(order);
        }
        Event::Assigned { driver } => payload.driver = Some(driver.as_str()),
        Event::Shared { driver, .. } => (payload.host, payload.driver) = (Some(name.as_str()), Some(driver.as_str())),
        Event::GuestJoined { guest, seats, stops } => {
            payload.joins = Some(Box::new(StoredGuest::of(guest)));
            (payload.seats, payload.stops) = (Some(*seats), Some(stops.iter().map(StoredStop::of).collect()));
        }
        Event::GuestDid { .. } => payload.guest = Some(name.as_str()),
        Event::StopReached { stop } => payload.stop = Some(*stop),
        Event::Rerouted { stops, dropoff, fare } => {
            payload.halts = (!stops.is_empty()).then(|| stored_stops(stops));
            payload.dropoff = Some([dropoff.lat(), dropoff.lon()]);
            payload.fare = fare.as_ref().map(StoredFare::of);
        }
        Event::Cancelled { .. } | Event::GivenBack { .. } => payload.put_ending(event),
        Event::Activated | Event::DriverArrived | Event::PickedUp | Event::DroppedOff | Event::Expired => {}
    }
    serde_json::to_string(&payload).expect("texts and finite numbers are JSON")
}

pub(super) fn event(kind: &str, payload: &str) -> Option<Event> {
    let payload: Payload<'_> = serde_json::from_str(payload).ok()?;
    let is_reroute = kind == "rerouted";
    // What a change of the way says is said in words that a request has in later versions.
    let version = if is_reroute { PAYLOAD_VERSION } else { payload.version_of_order() };
    let is_ending = kind == "cancelled" || kind == "given_back";
    if !is_ending && (payload.v != version || payload.reason.is_some()) {
        return None;
    }
    if version != PAYLOAD_VERSION && kind != "requested" {
        return None;
    }
    let did = |step| Some(Event::GuestDid { guest: trip_id(payload.guest?)?, step });
    Some(match kind {
        "shared" => Event::Shared { host: trip_id(payload.host?)?, driver: driver_id(payload.driver?)? },
        "guest_joined" => Event::GuestJoined {
            guest: Box::new(payload.joins?.read()?),
            seats: payload.seats?,
            stops: payload.stops?.iter().map(StoredStop::read).collect::<Option<Vec<_>>>()?,
        },
        "guest_arrived" => did(GuestStep::Arrived)?,
        "guest_picked_up" => did(GuestStep::PickedUp)?,
        "guest_dropped_off" => did(GuestStep::DroppedOff)?,
        "guest_left" => did(GuestStep::Left)?,
        "requested" => Event::Requested { rider: rider_id(payload.rider?)?, order: payload.order()? },
        "assigned" => Event::Assigned { driver: driver_id(payload.driver?)? },
        "activated" => Event::Activated,
        "driver_arrived" => Event::DriverArrived,
        "picked_up" => Event::PickedUp,
        "stop_reached" => Event::StopReached { stop: payload.stop? },
        "rerouted" => payload.rerouted()?,
        "dropped_off" => Event::DroppedOff,
        "given_back" => payload.given_back()?,
        "cancelled" => payload.cancelled()?,
        "expired" => Event::Expired,
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
