//! What a load has done and met so far.
//!
//! Lives here: counts, times, errors by kind, and what riders and drivers know of a trip together.
//! Stays out: what they come to ([`super::report`]).

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::latencies::Latencies;

/// What the drivers have done and met.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Positions given to sockets.
    pub(crate) pings: u64,
    /// Positions whose time passed unsent because the socket took nothing: the server did not read.
    pub(crate) unsent: u64,
    /// Positions whose time passed unsent because this program was late.
    pub(crate) late: u64,
    pub(crate) frames_heard: u64,
    pub(crate) offers: u64,
    pub(crate) rides: u64,
    /// Sockets opened again after they were lost.
    pub(crate) reopened: u64,
    /// Handshakes put off because the server asked for it.
    pub(crate) put_off: u64,
    pub(crate) errors: BTreeMap<String, u64>,
    /// From a position to its receipt.
    pub(crate) ping_to_ack: Latencies,
    pub(crate) accept_to_trip: Latencies,
    pub(crate) deed_to_trip: Latencies,
    /// From the beginning of a handshake to a driver who is on line.
    pub(crate) opening: Latencies,
    /// How late timers were: of this program, not of the server.
    pub(crate) lateness: Latencies,
}

impl Tally {
    pub(crate) fn error(&mut self, kind: impl Into<String>) {
        *self.errors.entry(kind.into()).or_default() += 1;
    }
}

/// So many trips are waited for; riders of later ones are not timed.
const WAITING_MAX: usize = 100_000;

/// Trips between their request and their first offer. The offer may be heard before the request is answered.
#[derive(Debug, Default)]
pub(crate) struct Meetings(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    trips: BTreeMap<String, Half>,
    request_to_offer: Latencies,
    request_to_answer: Latencies,
    requested: u64,
    errors: BTreeMap<String, u64>,
}

/// One side of a meeting.
#[derive(Clone, Copy, Debug)]
enum Half {
    Asked(Duration),
    Offered(Duration),
    Met,
}

/// What riders have met.
#[derive(Clone, Debug, Default)]
pub(crate) struct Riders {
    pub(crate) requested: u64,
    pub(crate) unserved: u64,
    pub(crate) request_to_offer: Latencies,
    pub(crate) request_to_answer: Latencies,
    pub(crate) errors: BTreeMap<String, u64>,
}

impl Meetings {
    fn with<T>(&self, change: impl FnOnce(&mut Known) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A rider's request became this trip.
    pub(crate) fn asked(&self, trip: String, at: Duration, answered: Duration) {
        self.with(|known| {
            known.requested += 1;
            known.request_to_answer.note(answered, answered.saturating_sub(at));
            let room = known.trips.len() < WAITING_MAX;
            match known.trips.entry(trip) {
                Entry::Vacant(place) if room => drop(place.insert(Half::Asked(at))),
                Entry::Vacant(_) => {}
                Entry::Occupied(mut half) => {
                    if let Half::Offered(offered) = *half.get() {
                        known.request_to_offer.note(offered, offered.saturating_sub(at));
                        half.insert(Half::Met);
                    }
                }
            }
        });
    }

    /// A driver sees this trip's offer.
    pub(crate) fn offered(&self, trip: String, at: Duration) {
        self.with(|known| {
            let room = known.trips.len() < WAITING_MAX;
            match known.trips.entry(trip) {
                Entry::Vacant(place) if room => drop(place.insert(Half::Offered(at))),
                Entry::Vacant(_) => {}
                Entry::Occupied(mut half) => {
                    // Only the first offer of a trip counts.
                    if let Half::Asked(asked) = *half.get() {
                        known.request_to_offer.note(at, at.saturating_sub(asked));
                        half.insert(Half::Met);
                    }
                }
            }
        });
    }

    /// A request was not answered as it should have been.
    pub(crate) fn failed(&self, kind: String) {
        self.with(|known| *known.errors.entry(kind).or_default() += 1);
    }

    /// What riders have met.
    pub(crate) fn riders(&self) -> Riders {
        self.with(|known| Riders {
            requested: known.requested,
            unserved: known.trips.values().filter(|half| matches!(half, Half::Asked(_))).count() as u64,
            request_to_offer: known.request_to_offer.clone(),
            request_to_answer: known.request_to_answer.clone(),
            errors: known.errors.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_meets_its_first_offer_whoever_is_heard_first() {
        let (meetings, at) = (Meetings::default(), Duration::from_millis);
        meetings.asked("one".to_owned(), at(100), at(110));
        meetings.offered("one".to_owned(), at(400));
        meetings.offered("one".to_owned(), at(9_000));
        meetings.offered("two".to_owned(), at(500));
        meetings.asked("two".to_owned(), at(200), at(510));
        meetings.asked("three".to_owned(), at(300), at(310));
        let riders = meetings.riders();
        let spread = riders.request_to_offer.between(0.0, 60.0).unwrap();
        assert_eq!((spread.count, riders.requested, riders.unserved), (2, 3, 1));
        assert!((spread.max_ms - 300.0).abs() < 0.01);
    }
}
