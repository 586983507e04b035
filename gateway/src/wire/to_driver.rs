//! What a driver's app is told.

use std::borrow::Cow;
use std::time::Duration;

use dispatch::{Cap, DriverId, Notice, OfferId, Refusal, Timestamp, TripId, Withdrawal};
use serde::Serialize;

use super::order::OrderBody;
use super::vehicle::NeedsBody;
use super::{DriverTrip, Place, Unreadable, as_text, millis, places};
use crate::Code;

/// A message to a driver's app. Durations and moments are of the city, except `retry_after_ms`, which is real time.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum ToDriver<'a> {
    /// The socket is open.
    Welcome {
        #[serde(skip_serializing_if = "Option::is_none")]
        re: Option<u64>,
        #[serde(serialize_with = "as_text")]
        driver: &'a DriverId,
        session: u64,
        server_time_ms: u64,
        /// What the phone's clock showed when it said hello: half of the time in between is the way.
        #[serde(skip_serializing_if = "Option::is_none")]
        sent_at_ms: Option<u64>,
        ping_every_ms: u64,
        time_scale: f64,
    },
    /// The answer to a cursor: so much was missed and follows.
    Resumed { complete: bool, again: usize },
    /// How often to say where the car is, from now on.
    Cadence { ping_every_ms: u64, pace: &'static str, slowdown: u32 },
    /// How the driver stands.
    Standing {
        #[serde(skip_serializing_if = "Option::is_none")]
        re: Option<u64>,
        availability: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        trip: Option<DriverTrip<'a>>,
        last_trip: bool,
        /// How long only rides that lead home are offered, if that is so.
        #[serde(skip_serializing_if = "Option::is_none")]
        home_for_ms: Option<u64>,
    },
    /// The car does not come nearer to the pickup.
    AreYouComing {
        #[serde(serialize_with = "as_text")]
        trip: TripId,
        why: &'static str,
    },
    /// The trip was taken back: the car did not come.
    TakenBack {
        #[serde(serialize_with = "as_text")]
        trip: TripId,
        why: &'static str,
    },
    /// So many offers in a row were not answered that the driver has a break.
    PutOnBreak { unanswered: u32 },
    /// A ride is offered.
    Offer {
        #[serde(serialize_with = "as_text")]
        offer: OfferId,
        #[serde(serialize_with = "as_text")]
        trip: TripId,
        pickup: Place,
        /// Where the ride halts on its way.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        stops: Vec<Place>,
        dropoff: Place,
        #[serde(skip_serializing_if = "Option::is_none")]
        needs: Option<NeedsBody>,
        #[serde(flatten)]
        more: OrderBody,
        pickup_eta_ms: u64,
        expires_in_ms: u64,
        /// The trip the driver is on: this ride begins when that one has ended.
        #[serde(skip_serializing_if = "Option::is_none")]
        after: Option<String>,
    },
    /// An offer is taken back.
    Withdrawn {
        #[serde(serialize_with = "as_text")]
        offer: OfferId,
        why: &'static str,
    },
    /// The "yes" to a next ride was understood: it is the driver's when the present one has ended, unless withdrawn.
    Promised {
        #[serde(skip_serializing_if = "Option::is_none")]
        re: Option<u64>,
        #[serde(serialize_with = "as_text")]
        offer: OfferId,
    },
    /// The "no" was understood.
    Declined {
        #[serde(skip_serializing_if = "Option::is_none")]
        re: Option<u64>,
        #[serde(serialize_with = "as_text")]
        offer: OfferId,
    },
    /// The trip is the driver's, or has moved on. It is durable.
    Trip {
        #[serde(skip_serializing_if = "Option::is_none")]
        re: Option<u64>,
        trip: DriverTrip<'a>,
    },
    /// The command was understood and is not done.
    Refused {
        #[serde(skip_serializing_if = "Option::is_none")]
        re: Option<u64>,
        code: &'static str,
        message: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        offer: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        trip: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        state: Option<&'static str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        seq: Option<u64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        retry_after_ms: Option<u64>,
    },
    /// Positions arrived, up to this one.
    Ack { seq: u64 },
    /// The message was not understood.
    Error {
        #[serde(skip_serializing_if = "Option::is_none")]
        re: Option<u64>,
        code: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        field: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        value: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        allowed: Option<Cow<'static, str>>,
        message: String,
    },
    /// More work is to be expected elsewhere. Nobody has to go, and nothing says when it is over.
    Suggestion { suggestion: u64, to: Place, drive_ms: u64, expected: f64, cars: u32, expires_in_ms: u64 },
    /// A newer connection of the same driver took over.
    Superseded,
    /// The server closes this socket: come back after a while.
    Closing { retry_after_ms: u64 },
}

/// A message with its place in the count, if it has one.
#[derive(Debug, Serialize)]
pub(crate) struct Counted<'a> {
    #[serde(flatten)]
    pub(crate) message: ToDriver<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cursor: Option<String>,
}

impl<'a> ToDriver<'a> {
    /// Says what the city has to tell at `now`. `None` for what a phone need not know.
    pub(crate) fn notice(notice: &'a Notice, now: Timestamp) -> Option<ToDriver<'a>> {
        Some(match notice {
            Notice::Standing { ask, availability, trip, last_trip, homeward_until } => ToDriver::Standing {
                re: ask.and_then(|ask| ask.number),
                availability: availability.as_str(),
                trip: trip.as_ref().map(DriverTrip::from),
                last_trip: *last_trip,
                home_for_ms: homeward_until.map(|until| millis(until.since(now))),
            },
            Notice::Offer(offer) => ToDriver::Offer {
                offer: offer.id,
                trip: offer.id.trip,
                pickup: offer.order.pickup.into(),
                stops: places(&offer.order),
                dropoff: offer.order.dropoff.into(),
                needs: NeedsBody::of(offer.order.needs),
                more: OrderBody::of(&offer.order),
                pickup_eta_ms: millis(offer.pickup_eta),
                expires_in_ms: millis(offer.until.since(now)),
                after: offer.after.map(|trip| trip.to_string()),
            },
            Notice::Withdrawn { offer, why } => ToDriver::Withdrawn { offer: *offer, why: withdrawal(*why) },
            Notice::Promised { offer, ask } => ToDriver::Promised { re: ask.number, offer: *offer },
            Notice::Declined { offer, ask } => ToDriver::Declined { re: ask.number, offer: *offer },
            Notice::Trip { trip, ask } => {
                ToDriver::Trip { re: ask.and_then(|ask| ask.number), trip: DriverTrip::from(trip) }
            }
            Notice::AreYouComing { trip, reason } => ToDriver::AreYouComing { trip: *trip, why: reason.as_str() },
            Notice::TakenBack { trip, reason } => ToDriver::TakenBack { trip: *trip, why: reason.as_str() },
            Notice::PutOnBreak { unanswered } => ToDriver::PutOnBreak { unanswered: *unanswered },
            Notice::Refused { ask, why } => ToDriver::refused(ask.number, why),
            Notice::Suggestion(suggested) => ToDriver::Suggestion {
                suggestion: suggested.id,
                to: suggested.to.into(),
                drive_ms: millis(suggested.drive),
                // Tenths are as much as a forecast knows.
                expected: (suggested.expected * 10.0).round() / 10.0,
                cars: suggested.cars,
                expires_in_ms: millis(suggested.until.since(now)),
            },
            Notice::Superseded => ToDriver::Superseded,
            Notice::Home { .. } | Notice::Demand { .. } => return None,
        })
    }

    /// Says why a command is not done.
    pub(crate) fn refused(re: Option<u64>, why: &Refusal) -> ToDriver<'a> {
        let (mut offer, mut trip, mut state, mut retry_after_ms) = (None, None, None, None);
        match why {
            Refusal::OfferGone { offer: gone } => offer = Some(gone.to_string()),
            Refusal::NotYourTrip { trip: other }
            | Refusal::UnknownTrip { trip: other }
            | Refusal::SameKey { trip: other } => trip = Some(other.to_string()),
            Refusal::IllegalStep { from, .. } => state = Some(from.as_str()),
            Refusal::Busy { retry_after } | Refusal::TooEarly { retry_after } | Refusal::Capped { retry_after, .. } => {
                retry_after_ms = Some(millis(*retry_after))
            }
            Refusal::SharedRide { trip: shared } => trip = Some(shared.to_string()),
            Refusal::NotOnline | Refusal::Outdated { .. } => {}
            Refusal::TooManyChanges { .. } | Refusal::TooManyStops { .. } => {}
        }
        let code = refusal_code(why).as_str();
        ToDriver::Refused { re, code, message: why.to_string(), offer, trip, state, seq: None, retry_after_ms }
    }

    /// Says that a command could not be carried out now, for a reason of the server's.
    pub(crate) fn failed(re: Option<u64>, code: Code, retry_after: Option<Duration>) -> ToDriver<'a> {
        ToDriver::Refused {
            re,
            code: code.as_str(),
            message: code.title().to_owned(),
            offer: None,
            trip: None,
            state: None,
            seq: None,
            retry_after_ms: retry_after.map(millis),
        }
    }

    /// Says that a position was dropped, because the driver was never on line in this session.
    pub(crate) fn ping_dropped(seq: u64) -> ToDriver<'a> {
        ToDriver::Refused {
            re: None,
            code: Code::NotOnline.as_str(),
            message: "positions count after online".to_owned(),
            offer: None,
            trip: None,
            state: None,
            seq: Some(seq),
            retry_after_ms: None,
        }
    }

    /// Says what is wrong with a message.
    pub(crate) fn error(unreadable: Unreadable) -> ToDriver<'static> {
        let Unreadable { re, mistake } = unreadable;
        let message = mistake.to_string();
        ToDriver::Error {
            re,
            code: mistake.code.as_str(),
            field: mistake.field,
            value: mistake.value,
            allowed: mistake.allowed,
            message,
        }
    }
}

/// The code of a refusal, the same at every door.
pub(crate) fn refusal_code(why: &Refusal) -> Code {
    match why {
        Refusal::OfferGone { .. } => Code::OfferGone,
        Refusal::NotYourTrip { .. } => Code::NotYourTrip,
        Refusal::UnknownTrip { .. } => Code::UnknownTrip,
        Refusal::IllegalStep { .. } => Code::IllegalStep,
        Refusal::SharedRide { .. } => Code::SharedRide,
        Refusal::Outdated { .. } => Code::Outdated,
        Refusal::TooManyChanges { .. } => Code::TooManyChanges,
        Refusal::TooManyStops { .. } => Code::TooManyStops,
        Refusal::NotOnline => Code::NotOnline,
        Refusal::Busy { .. } => Code::Busy,
        Refusal::SameKey { .. } => Code::KeyReused,
        Refusal::TooEarly { .. } => Code::TooEarly,
        Refusal::Capped { cap: Cap::ActiveTrips | Cap::SearchingTrips, .. } => Code::TooManyTrips,
        Refusal::Capped { cap: Cap::Cancellations, .. } => Code::TooManyCancellations,
        Refusal::Capped { cap: Cap::GoHome, .. } => Code::GoHomeUsedUp,
    }
}

fn withdrawal(why: Withdrawal) -> &'static str {
    match why {
        Withdrawal::Expired => "expired",
        Withdrawal::TripEnded => "trip_ended",
        Withdrawal::NotCommitted => "not_committed",
        Withdrawal::Taken => "taken",
        Withdrawal::Changed => "changed",
    }
}
