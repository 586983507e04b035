//! The way of a ride: where it halts, as riders say it and as its people see it, and how riders change it.

use dispatch::{Order, Reroute, STOPS_MAX, Stops, Trip};
use geo::Point;
use serde::Serialize;
use utoipa::ToSchema;

use super::Place;
use crate::fields::{Fields, Mistake};

const STOPS: &str = "a list of at most 3 places {lat, lon}";

/// Takes the field `stops`: where the ride halts on its way.
///
/// # Errors
/// [`Mistake`] names the field by its path.
pub(super) fn stops(fields: &mut Fields<'_>) -> Result<Option<Stops>, Mistake> {
    let Some(listed) = fields.maybe_list("stops", STOPS_MAX, STOPS)? else { return Ok(None) };
    let read = |(nth, text): (usize, &str)| {
        let inside = |mistake: Mistake| mistake.inside(&format!("stops[{nth}]"));
        let mut fields = Fields::read(text, "").map_err(inside)?;
        let point = fields.point().map_err(inside)?;
        fields.done("lat, lon").map_err(inside)?;
        Ok(point)
    };
    let places = listed.into_iter().enumerate().map(read).collect::<Result<Vec<Point>, Mistake>>()?;
    Stops::new(places).map(Some).map_err(|many| Mistake::bad("stops", &format!("a list of {}", many.0), STOPS))
}

/// Reads the body of a change of the way.
///
/// # Errors
/// [`Mistake`] names the field by its path.
pub(crate) fn read_reroute(text: &str) -> Result<Reroute, Mistake> {
    let mut fields = Fields::read(text, "body")?;
    let (stops, dropoff) = (stops(&mut fields)?, fields.maybe_place("dropoff", "dropoff.")?);
    fields.done("dropoff, stops")?;
    if stops.is_none() && dropoff.is_none() {
        return Err(Mistake::missing("dropoff", "an object {lat, lon}, or the field stops"));
    }
    Ok(Reroute { stops, dropoff, seen: None })
}

/// A stop on the way of a trip.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Halt)]
pub(super) struct HaltBody {
    #[serde(flatten)]
    place: Place,
    /// Whether the car has been there.
    reached: bool,
}

/// The stops of a trip, and which were made.
pub(super) fn halts(trip: &Trip) -> Vec<HaltBody> {
    let halt = |(nth, point): (usize, Point)| HaltBody { place: point.into(), reached: nth < trip.route.made.into() };
    trip.order.stops.iter().enumerate().map(halt).collect()
}

/// The stops of an order.
pub(crate) fn places(order: &Order) -> Vec<Place> {
    order.stops.iter().map(Place::from).collect()
}

/// How often the way was changed, if it was.
pub(super) fn changes(trip: &Trip) -> Option<u16> {
    Some(trip.route.changes).filter(|changes| *changes > 0)
}
