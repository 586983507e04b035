//! How far a trip has come on its way, and how the way was changed, as a column of its own.
//!
//! Lives here: the JSON of that column, and how stops are written wherever they are.
//! Touch with care: a trip that goes straight to where it was to go at first has NULL, as those from before there were
//! stops.

use dispatch::{Asked, Order, Route, Stops, Trip};
use geo::Point;
use serde::{Deserialize, Serialize};

use super::column::{Column, RawRow};
use super::order::StoredFare;
use crate::StoreError;

const ROUTE: Column = Column::new("trip", "route", "the JSON of a route in version 1, or NULL");

/// The version of the JSON of a route.
const ROUTE_VERSION: u32 = 1;

/// A route.
#[derive(Debug, Serialize, Deserialize)]
struct StoredRoute<'a> {
    v: u32,
    /// Latitude and longitude of each stop.
    stops: Vec<[f64; 2]>,
    made: u8,
    changes: u16,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    asked: Option<StoredAsked<'a>>,
}

/// What was asked for at first.
#[derive(Debug, Serialize, Deserialize)]
struct StoredAsked<'a> {
    stops: Vec<[f64; 2]>,
    dropoff: [f64; 2],
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    fare: Option<StoredFare<'a>>,
}

fn stored(point: Point) -> [f64; 2] {
    [point.lat(), point.lon()]
}

fn read([lat, lon]: [f64; 2]) -> Option<Point> {
    Point::new(lat, lon).ok()
}

/// Stops, as latitude and longitude of each.
pub(super) fn stored_stops(stops: &Stops) -> Vec<[f64; 2]> {
    stops.iter().map(stored).collect()
}

/// Reads stops.
pub(super) fn read_stops(stored: &[[f64; 2]]) -> Option<Stops> {
    let places = stored.iter().map(|place| read(*place)).collect::<Option<Vec<Point>>>()?;
    Stops::new(places).ok()
}

/// The column of a trip's route; NULL for one that goes straight to where it was to go at first.
pub(super) fn route_column(trip: &Trip) -> Option<String> {
    let Trip { order, route, .. } = trip;
    (*route != Route::default() || !order.stops.is_empty()).then(|| {
        let asked = route.asked.as_deref().map(|asked| StoredAsked {
            stops: stored_stops(&asked.stops),
            dropoff: stored(asked.dropoff),
            fare: asked.fare.as_ref().map(StoredFare::of),
        });
        let stops = stored_stops(&order.stops);
        let stored = StoredRoute { v: ROUTE_VERSION, stops, made: route.made, changes: route.changes, asked };
        serde_json::to_string(&stored).expect("texts and finite numbers are JSON")
    })
}

/// Reads a trip's stops and route, and puts the stops into its order.
///
/// # Errors
/// [`StoreError::Corrupt`].
pub(super) fn read_route(row: &dyn RawRow, order: Order) -> Result<(Order, Route), StoreError> {
    let found: Option<(Stops, Route)> = ROUTE.read_optional(row, route)?;
    let (stops, route) = found.unwrap_or_default();
    Ok((Order { stops, ..order }, route))
}

fn route(stored: &str) -> Option<(Stops, Route)> {
    let StoredRoute { v, stops, made, changes, asked } = serde_json::from_str(stored).ok()?;
    let stops = read_stops(&stops)?;
    let whole = v == ROUTE_VERSION && usize::from(made) <= stops.len() && asked.is_some() == (changes > 0);
    whole.then_some(())?;
    let asked = match asked {
        None => None,
        Some(StoredAsked { stops, dropoff, fare }) => {
            let fare = match fare {
                Some(stored) => Some(stored.read()?),
                None => None,
            };
            Some(Box::new(Asked { stops: read_stops(&stops)?, dropoff: read(dropoff)?, fare }))
        }
    };
    Some((stops, Route { made, changes, asked }))
}
