//! Where a ride halts between its pickup and its drop-off.
//!
//! Stays out: which of them were made ([`crate::Route`]), what they cost ([`crate::Policy::ride`]).

use std::fmt;

use geo::Point;

/// The most halts of one ride. Peers allow one to five; each is a car that stands still while others wait for one.
pub const STOPS_MAX: usize = 3;

/// Halts between a pickup and a drop-off, first things first: at most [`STOPS_MAX`].
#[derive(Clone, Copy, Default, PartialEq)]
pub struct Stops([Option<Point>; STOPS_MAX]);

/// More halts than a ride may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a ride has {0} stops, allowed is at most {STOPS_MAX}")]
pub struct TooManyStops(pub usize);

impl Stops {
    /// These, in this order.
    ///
    /// # Errors
    /// [`TooManyStops`] above [`STOPS_MAX`].
    pub fn new(places: impl IntoIterator<Item = Point>) -> Result<Stops, TooManyStops> {
        let (mut stops, mut count) = (Stops::default(), 0);
        for place in places {
            if let Some(free) = stops.0.get_mut(count) {
                *free = Some(place);
            }
            count += 1;
        }
        if count <= STOPS_MAX { Ok(stops) } else { Err(TooManyStops(count)) }
    }

    /// The places, first things first.
    pub fn iter(&self) -> impl Iterator<Item = Point> + '_ {
        self.0.iter().copied().flatten()
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether the ride goes straight to its drop-off.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0[0].is_none()
    }
}

impl fmt::Debug for Stops {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
