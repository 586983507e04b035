//! An order as it is stored: in the columns of its trip, and in the JSON of the event that made the trip.
//!
//! Touch with care: an order that was written in version 1 or 2 of the payload is still written so. Only what those
//! cannot say takes version 3.

use dispatch::{Class, Currency, Event, Fare, Needs, Order, Stops, Surge};
use geo::Point;
use serde::{Deserialize, Serialize};

use super::column::{Column, RawRow};
use super::payload::{PAYLOAD_OF_ORDER, PAYLOAD_VERSION, PAYLOAD_WITH_NEEDS, PAYLOAD_WITH_STOPS, Payload};
use super::records::{MOMENT, moment, moment_number};
use super::route::{read_stops, stored_stops};
use crate::StoreError;

const LAT: &str = "-90 to 90 degrees";
const LON: &str = "-180 to 180 degrees";
const SEATS: &str = "1 to 8";
const YES_OR_NO: &str = "0 or 1";
const FARE: &str = "0 to 1000000000000 minor units of the currency, or NULL with the currency and the surge";

const PICKUP_LAT: Column = Column::new("trip", "pickup_lat", LAT);
const PICKUP_LON: Column = Column::new("trip", "pickup_lon", LON);
const DROPOFF_LAT: Column = Column::new("trip", "dropoff_lat", LAT);
const DROPOFF_LON: Column = Column::new("trip", "dropoff_lon", LON);
const TRIP_CLASS: Column = Column::new("trip", "class", Class::ALLOWED);
const TRIP_SEATS: Column = Column::new("trip", "seats", SEATS);
const TRIP_WHEELCHAIR: Column = Column::new("trip", "wheelchair", YES_OR_NO);
const TRIP_PETS: Column = Column::new("trip", "pets", YES_OR_NO);
const PICKUP_AT: Column = Column::new("trip", "pickup_at", MOMENT);
const SHARED: Column = Column::new("trip", "shared", YES_OR_NO);
const TRIP_FARE: Column = Column::new("trip", "fare", FARE);
const CURRENCY: Column = Column::new("trip", "currency", Currency::ALLOWED);
const SURGE: Column = Column::new("trip", "surge", "100 to 1000 percent");

/// A coordinate alone; a point is made of two that are both checked.
fn degrees(limit: f64) -> impl FnOnce(f64) -> Option<f64> {
    move |stored| (stored.abs() <= limit).then_some(stored)
}

fn yes_or_no(stored: i64) -> Option<bool> {
    match stored {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    }
}

fn surge(stored: i64) -> Option<Surge> {
    Surge::percent(u16::try_from(stored).ok()?)
}

// ---- columns -----------------------------------------------------------------------------------------------------

/// Reads an order from the columns of its trip.
///
/// # Errors
/// [`StoreError::Corrupt`].
pub(super) fn read_order(row: &dyn RawRow) -> Result<Order, StoreError> {
    Ok(Order {
        pickup: read_point(row, PICKUP_LAT, PICKUP_LON)?,
        stops: Stops::default(),
        dropoff: read_point(row, DROPOFF_LAT, DROPOFF_LON)?,
        needs: read_needs(row)?,
        pickup_at: PICKUP_AT.read_optional(row, moment)?,
        shared: SHARED.read(row, yes_or_no)?,
        fare: read_fare(row)?,
    })
}

fn read_point(row: &dyn RawRow, lat: Column, lon: Column) -> Result<Point, StoreError> {
    let (lat_degrees, lon_degrees) = (lat.read(row, degrees(90.0))?, lon.read(row, degrees(180.0))?);
    Point::new(lat_degrees, lon_degrees).map_err(|wrong| lat.corrupt(wrong.value))
}

fn read_needs(row: &dyn RawRow) -> Result<Needs, StoreError> {
    let class = TRIP_CLASS.read_optional(row, |stored: &str| stored.parse().ok())?;
    let seats = TRIP_SEATS.read(row, |stored: i64| u8::try_from(stored).ok())?;
    let (wheelchair, pets) = (TRIP_WHEELCHAIR.read(row, yes_or_no)?, TRIP_PETS.read(row, yes_or_no)?);
    Needs::new(class, seats, wheelchair, pets).map_err(|wrong| TRIP_SEATS.corrupt(wrong.0))
}

fn read_fare(row: &dyn RawRow) -> Result<Option<Fare>, StoreError> {
    let minor = TRIP_FARE.read_optional(row, Some::<i64>)?;
    let currency = CURRENCY.read_optional(row, |stored: &str| stored.parse::<Currency>().ok())?;
    let surge = SURGE.read_optional(row, surge)?;
    match (minor, currency, surge) {
        (None, None, None) => Ok(None),
        (Some(minor), Some(currency), Some(surge)) => {
            Fare::new(minor, currency, surge).map(Some).map_err(|wrong| TRIP_FARE.corrupt(wrong.0))
        }
        (None, ..) => Err(TRIP_FARE.corrupt("NULL")),
        (_, None, _) => Err(CURRENCY.corrupt("NULL")),
        (.., None) => Err(SURGE.corrupt("NULL")),
    }
}

// ---- events ------------------------------------------------------------------------------------------------------

/// What a vehicle must have, when that is more than one seat.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StoredNeeds<'a> {
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    class: Option<&'a str>,
    seats: u8,
    wheelchair: bool,
    pets: bool,
}

impl StoredNeeds<'_> {
    fn of(needs: Needs) -> Option<StoredNeeds<'static>> {
        (needs != Needs::default()).then(|| StoredNeeds {
            class: needs.class().map(Class::as_str),
            seats: needs.seats(),
            wheelchair: needs.wheelchair(),
            pets: needs.pets(),
        })
    }

    fn read(&self) -> Option<Needs> {
        let class = self.class.map(str::parse).transpose().ok()?;
        Needs::new(class, self.seats, self.wheelchair, self.pets).ok()
    }
}

/// What a ride costs.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StoredFare<'a> {
    minor: i64,
    currency: &'a str,
    surge: u16,
}

impl<'a> StoredFare<'a> {
    pub(super) fn of(fare: &'a Fare) -> StoredFare<'a> {
        StoredFare { minor: fare.minor(), currency: fare.currency().as_str(), surge: fare.surge().get() }
    }

    pub(super) fn read(&self) -> Option<Fare> {
        Fare::new(self.minor, self.currency.parse().ok()?, Surge::percent(self.surge)?).ok()
    }
}

impl<'a> Payload<'a> {
    /// Writes an order, in the first version that has words for it.
    pub(super) fn put_order(&mut self, order: &'a Order) {
        self.pickup = Some([order.pickup.lat(), order.pickup.lon()]);
        self.dropoff = Some([order.dropoff.lat(), order.dropoff.lon()]);
        self.needs = StoredNeeds::of(order.needs);
        self.pickup_at = order.pickup_at.map(moment_number);
        self.shared = order.shared.then_some(true);
        self.fare = order.fare.as_ref().map(StoredFare::of);
        self.halts = (!order.stops.is_empty()).then(|| stored_stops(&order.stops));
        self.v = self.version_of_order();
    }

    /// The first version that has words for what is in here.
    pub(super) fn version_of_order(&self) -> u32 {
        if self.halts.is_some() {
            PAYLOAD_WITH_STOPS
        } else if self.pickup_at.is_some() || self.shared.is_some() || self.fare.is_some() {
            PAYLOAD_OF_ORDER
        } else if self.needs.is_some() {
            PAYLOAD_WITH_NEEDS
        } else {
            PAYLOAD_VERSION
        }
    }

    /// Reads where a ride halts; nowhere when nothing is said of it.
    fn stops_read(&self) -> Option<Stops> {
        self.halts.as_ref().map_or(Some(Stops::default()), |halts| read_stops(halts))
    }

    /// Reads a change of the way.
    pub(super) fn rerouted(&self) -> Option<Event> {
        let [lat, lon] = self.dropoff?;
        let fare = self.fare.as_ref().map(|fare| fare.read().ok_or(()));
        let (stops, dropoff) = (self.stops_read()?, Point::new(lat, lon).ok()?);
        Some(Event::Rerouted { stops, dropoff, fare: fare.transpose().ok()? })
    }

    /// Reads an order.
    pub(super) fn order(&self) -> Option<Order> {
        let point = |[lat, lon]: [f64; 2]| Point::new(lat, lon).ok();
        Some(Order {
            pickup: point(self.pickup?)?,
            stops: self.stops_read()?,
            dropoff: point(self.dropoff?)?,
            needs: self.needs.as_ref().map_or(Some(Needs::default()), StoredNeeds::read)?,
            pickup_at: match self.pickup_at {
                Some(stored) => Some(moment(stored)?),
                None => None,
            },
            shared: self.shared.unwrap_or(false),
            fare: match &self.fare {
                Some(stored) => Some(stored.read()?),
                None => None,
            },
        })
    }
}
