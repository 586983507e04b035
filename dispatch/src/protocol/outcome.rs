//! What became of asking a driver, as a trip tells its shard: for the record, nothing is decided on it.

use std::fmt;

use crate::{DriverId, OfferId, Timestamp, TripId};

/// What became of one attempt to win a driver, so far.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Which trip asked.
    pub trip: TripId,
    /// Whom.
    pub driver: DriverId,
    /// In which attempt.
    pub offer: OfferId,
    /// In which wave of the search, from 1.
    pub wave: u32,
    /// What happened.
    pub fate: OfferFate,
    /// When.
    pub at: Timestamp,
}

/// What may happen to an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OfferFate {
    /// The driver could not be had, or did not answer the reservation.
    Busy,
    /// The driver was reserved, and is shown the offer.
    Offered,
    /// The driver said no, hung up or went off line.
    Declined,
    /// The driver said nothing in time.
    Expired,
    /// The offer was taken back: somebody else was faster, or the trip has ended.
    Withdrawn,
    /// The driver said yes, and drops somebody off first.
    Promised,
    /// The driver said yes: the store is asked.
    Accepted,
    /// The store has committed the driver to the trip.
    Committed,
    /// The driver said yes, and somebody else was faster or the store had the driver on another trip.
    Lost,
}

impl OfferFate {
    /// The name in text.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            OfferFate::Busy => "busy",
            OfferFate::Offered => "offered",
            OfferFate::Declined => "declined",
            OfferFate::Expired => "expired",
            OfferFate::Withdrawn => "withdrawn",
            OfferFate::Promised => "promised",
            OfferFate::Accepted => "accepted",
            OfferFate::Committed => "committed",
            OfferFate::Lost => "lost",
        }
    }
}

impl fmt::Display for OfferFate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
