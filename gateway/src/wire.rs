//! What is said over the wire, as data: JSON in, JSON out.
//!
//! Lives here: the messages of drivers and riders, how they are read and how they are written.
//! Stays out: sockets, who may say what, what follows from it.
//! Touch with care: apps in the field speak this. A field that was sent once keeps its name and its meaning;
//! `PROTOCOL.md` says all of it and changes with it.

mod binary;
mod from_driver;
pub(crate) mod names;
mod order;
mod quick;
mod route;
mod rows;
mod sharing;
mod to_driver;
mod trip;
mod vehicle;
mod why;

use std::fmt::Display;

use geo::Point;
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

pub(crate) use binary::{binary_ack, read_binary};
pub(crate) use from_driver::{FromDriver, Position, Unreadable};
pub(crate) use order::{FareBody, QuoteBody};
pub(crate) use route::{places, read_reroute};
pub(crate) use rows::{DriverRow, TripRow};
pub(crate) use to_driver::{Counted, ToDriver, refusal_code};
pub(crate) use trip::{DriverTrip, NewTripBody, Told, TripBody, party};
pub(crate) use vehicle::NeedsBody;
pub(crate) use why::{ExplanationBody, WhyNotBody};

/// A place in WGS84 degrees.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(crate) struct Place {
    #[schema(minimum = -90.0, maximum = 90.0)]
    lat: f64,
    #[schema(minimum = -180.0, maximum = 180.0)]
    lon: f64,
}

impl From<Point> for Place {
    fn from(point: Point) -> Place {
        Place { lat: point.lat(), lon: point.lon() }
    }
}

/// Writes a name as its text.
pub(crate) fn as_text<T: Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// Whole milliseconds, as all durations are written.
pub(crate) fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
use trip::News;

#[cfg(test)]
mod tests;
