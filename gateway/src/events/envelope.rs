//! What an event looks like outside: CloudEvents 1.0, as JSON.
//!
//! Lives here: the envelope, the data of each kind, and how exactly places are told.
//! Stays out: where it is sent.
//! Touch with care: this is a promise to programs that others have written; `EVENTS.md` is its text, and its examples are
//! tests. Something new is a new optional field; anything else is a new type, `...v2`, told beside the old one.

use dispatch::invariants::Entry;
use dispatch::{Event, Order, Stops, Timestamp, TripId};
use geo::{Cell, Point, Resolution};
use serde::Serialize;

use crate::config::Places;
use crate::wire::{FareBody, NeedsBody, Place, as_text, party};

/// How exact a cell tells a place: some 5 square kilometres.
const TOLD_CELL: u8 = 7;

/// How the events of a city are told.
#[derive(Clone, Debug)]
pub(super) struct Telling {
    pub(super) source: String,
    pub(super) places: Places,
}

/// <https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md>, with the extensions `sequence` and
/// `partitionkey`.
#[derive(Serialize)]
struct CloudEvent<'a> {
    specversion: &'static str,
    id: &'a str,
    source: &'a str,
    r#type: String,
    #[serde(serialize_with = "as_text")]
    subject: TripId,
    time: String,
    /// The line of the journal, so long that texts are in the order of the numbers.
    sequence: String,
    #[serde(serialize_with = "as_text")]
    partitionkey: TripId,
    datacontenttype: &'static str,
    data: Data<'a>,
}

/// What is told of every event, and what only of some.
#[derive(Default, Serialize)]
struct Data<'a> {
    version: u32,
    shard: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    rider: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    driver: Option<&'a str>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    order: Option<OrderData>,
    /// Whose car a rider shares.
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<String>,
    /// The trip of the rider who shares the car.
    #[serde(skip_serializing_if = "Option::is_none")]
    guest: Option<String>,
    /// The number of a stop that was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    stop: Option<u8>,
    /// Where a ride still halts, once its way was changed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stops: Vec<Told>,
    /// Where it then leads.
    #[serde(skip_serializing_if = "Option::is_none")]
    dropoff: Option<Told>,
    /// What it then costs.
    #[serde(skip_serializing_if = "Option::is_none")]
    fare: Option<FareBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cancellation_fee_stage: Option<&'static str>,
}

#[derive(Serialize)]
struct OrderData {
    #[serde(skip_serializing_if = "Option::is_none")]
    pickup: Option<Told>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stops: Vec<Told>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dropoff: Option<Told>,
    #[serde(skip_serializing_if = "Option::is_none")]
    needs: Option<NeedsBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pickup_at: Option<String>,
    shared: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    fare: Option<FareBody>,
}

/// A place, as exactly as it may be told.
#[derive(Serialize)]
#[serde(untagged)]
enum Told {
    Cell { cell: String },
    Exact(Place),
}

/// An event as it leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Envelope {
    /// Its name outside, the same whenever it is told again.
    pub(super) id: String,
    /// The whole of it.
    pub(super) json: String,
}

/// The name of an event outside: a trip never has two events of one version.
pub(super) fn event_id(entry: &Entry) -> String {
    format!("{}.{}", entry.trip, entry.version)
}

impl Telling {
    /// A line of the journal, as it is told outside.
    pub(super) fn tell(&self, line: u64, entry: &Entry) -> Envelope {
        let id = event_id(entry);
        let event = CloudEvent {
            specversion: "1.0",
            id: &id,
            source: &self.source,
            r#type: format!("hansom.trip.{}.v1", entry.event.name()),
            subject: entry.trip,
            time: rfc3339(entry.at),
            sequence: format!("{line:020}"),
            partitionkey: entry.trip,
            datacontenttype: "application/json",
            data: self.data(entry),
        };
        let json = serde_json::to_string(&event).expect("texts and finite numbers are JSON");
        Envelope { id, json }
    }

    fn data<'a>(&self, entry: &'a Entry) -> Data<'a> {
        let mut data = Data { version: entry.version, shard: entry.shard.to_string(), ..Data::default() };
        match &entry.event {
            Event::Requested { rider, order } => {
                (data.rider, data.order) = (Some(rider.as_str()), Some(self.order(order)));
            }
            Event::Assigned { driver } => data.driver = Some(driver.as_str()),
            Event::Shared { host, driver } => {
                (data.host, data.driver) = (Some(host.to_string()), Some(driver.as_str()));
            }
            Event::GuestJoined { guest, .. } => data.guest = Some(guest.trip.to_string()),
            Event::GuestDid { guest, .. } => data.guest = Some(guest.to_string()),
            Event::StopReached { stop } => data.stop = Some(*stop),
            Event::Rerouted { stops, dropoff, fare } => {
                data.stops = self.stops(stops);
                data.dropoff = self.place(*dropoff);
                data.fare = fare.as_ref().map(FareBody::of);
            }
            Event::GivenBack { by, reason } => (data.by, data.reason) = (Some(party(*by)), Some(reason.as_str())),
            Event::Cancelled { by, reason, fee } => {
                (data.by, data.reason) = (Some(party(*by)), Some(reason.as_str()));
                data.cancellation_fee_stage = Some(fee.as_str());
            }
            Event::Activated | Event::DriverArrived | Event::PickedUp | Event::DroppedOff | Event::Expired => {}
        }
        data
    }

    fn order(&self, order: &Order) -> OrderData {
        OrderData {
            pickup: self.place(order.pickup),
            stops: self.stops(&order.stops),
            dropoff: self.place(order.dropoff),
            needs: NeedsBody::of(order.needs),
            pickup_at: order.pickup_at.map(rfc3339),
            shared: order.shared,
            fare: order.fare.as_ref().map(FareBody::of),
        }
    }

    fn stops(&self, stops: &Stops) -> Vec<Told> {
        stops.iter().filter_map(|stop| self.place(stop)).collect()
    }

    fn place(&self, point: Point) -> Option<Told> {
        match self.places {
            Places::None => None,
            Places::Cell => {
                let resolution = Resolution::new(TOLD_CELL).expect("7 is a resolution of H3");
                Some(Told::Cell { cell: Cell::at(point, resolution).to_string() })
            }
            Places::Exact => Some(Told::Exact(point.into())),
        }
    }
}

/// A moment as RFC 3339 writes it, in UTC. The date is counted from 1 March, so that the leap day is the last of its year:
/// <https://howardhinnant.github.io/date_algorithms.html#civil_from_days>.
fn rfc3339(at: Timestamp) -> String {
    let (seconds, millis) = (at.millis() / 1_000, at.millis() % 1_000);
    let (days, second) = (seconds / 86_400 + 719_468, seconds % 86_400);
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

#[cfg(test)]
mod tests;
