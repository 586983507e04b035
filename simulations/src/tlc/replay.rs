//! Recorded trips as demand.

use std::ops::Range;

use rand::SeedableRng;
use rand_pcg::Pcg64;

use super::columns::date_ms;
use super::{Place, TlcError, TlcTrip};
use crate::city::{City, ZoneIndex};
use crate::demand::{Request, points_apart};

/// Recorded trips turned into requests, and what was left out.
#[derive(Clone, Debug, PartialEq)]
pub struct Replay {
    /// The requests in the order of time, counted from the start of the window.
    pub requests: Vec<Request>,
    /// Trips picked up in the window that begin or end outside the city.
    pub outside_city: u64,
    /// Trips picked up before or after the window.
    pub outside_window: u64,
}

/// The requests behind the trips that were picked up within `window` (milliseconds of the wall clock, as in
/// [`TlcTrip`]) and both begin and end in `city`.
///
/// Points stay as recorded. A zone becomes a point drawn evenly from the ground inside it, by `seed`; two zones become
/// two points at least [`crate::demand::TRIP_MIN_M`] apart. The pickup time stands for the time of the request, which
/// the TLC does not publish for taxis: riders who waited did so before it.
///
/// A month of trips is streamed, not held: only the requests stay in memory.
///
/// # Errors
/// The first error of `trips`. For trips that are in memory already, `trips.into_iter().map(Ok)`.
pub fn requests(
    trips: impl IntoIterator<Item = Result<TlcTrip, TlcError>>,
    city: &City,
    window: Range<i64>,
    seed: u64,
) -> Result<Replay, TlcError> {
    let mut rng = Pcg64::seed_from_u64(seed);
    let mut replay = Replay { requests: Vec::new(), outside_city: 0, outside_window: 0 };
    for trip in trips {
        let trip = trip?;
        if !window.contains(&trip.pickup_at) {
            replay.outside_window += 1;
            continue;
        }
        let (Some(pickup_zone), Some(dropoff_zone)) = (zone(city, trip.pickup), zone(city, trip.dropoff)) else {
            replay.outside_city += 1;
            continue;
        };
        // Drawn even where a point is recorded: what one trip says must not change the places of the next.
        let drawn = points_apart(city, pickup_zone, dropoff_zone, &mut rng);
        let recorded = |place, drawn| if let Place::At(point) = place { point } else { drawn };
        replay.requests.push(Request {
            at_ms: trip.pickup_at.abs_diff(window.start),
            pickup: recorded(trip.pickup, drawn.0),
            dropoff: recorded(trip.dropoff, drawn.1),
        });
    }
    // Stable: trips of the same second stay in the order of the file.
    replay.requests.sort_by_key(|request| request.at_ms);
    Ok(replay)
}

/// The window from midnight to midnight of a date written `2015-01-31`, or `None` when there is no such date.
#[must_use]
pub fn day(date: &str) -> Option<Range<i64>> {
    let midnight = date_ms(date.trim())?;
    Some(midnight..midnight + 86_400_000)
}

fn zone(city: &City, place: Place) -> Option<ZoneIndex> {
    match place {
        Place::At(point) => city.zone_at(point),
        Place::Zone(id) => city.zone_with_id(id),
    }
}
