//! What a rider asks for, as it is read and as trips tell it; and what that would cost.

use dispatch::{Estimate, Fare, FarePolicy, Order, Timestamp, Trip};
use serde::Serialize;
use utoipa::ToSchema;

use super::millis;
use crate::fields::{Fields, Mistake};

/// Takes the fields of an order. An order brings no fare: a quote does.
///
/// # Errors
/// [`Mistake`] names the field by its path.
pub(super) fn order(fields: &mut Fields<'_>) -> Result<Order, Mistake> {
    let order = Order {
        pickup: fields.place("pickup", "pickup.")?,
        stops: super::route::stops(fields)?.unwrap_or_default(),
        dropoff: fields.place("dropoff", "dropoff.")?,
        needs: super::vehicle::needs(fields)?,
        pickup_at: fields.maybe_moment("pickup_at_ms")?,
        shared: fields.maybe_flag("shared")?.unwrap_or(false),
        fare: None,
    };
    if order.shared && !order.stops.is_empty() {
        let value = format!("a list of {}", order.stops.len());
        return Err(Mistake::bad("stops", &value, "nothing in a ride that is shared"));
    }
    Ok(order)
}

/// What a ride would cost, and how soon it could begin.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Quote)]
pub(crate) struct QuoteBody {
    fare: FareBody,
    /// How soon a car could be at the pickup; nothing when there is none now, or the ride is for later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pickup_eta_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pickup_eta_source: Option<&'static str>,
    ride_ms: u64,
    ride_m: u64,
    expires_at_ms: u64,
    /// Comes back with the request.
    quote: String,
}

impl QuoteBody {
    pub(crate) fn of(estimate: &Estimate, until: Timestamp, quote: String) -> QuoteBody {
        QuoteBody {
            fare: FareBody::of(&estimate.fare),
            pickup_eta_ms: estimate.pickup_eta.map(|eta| millis(eta.time)),
            pickup_eta_source: estimate.pickup_eta.map(|eta| eta.by),
            ride_ms: millis(estimate.ride.time),
            // Whole metres are what a person reads.
            ride_m: estimate.ride.distance.get().round() as u64,
            expires_at_ms: until.millis(),
            quote,
        }
    }
}

/// What is not told is not so: as soon as possible, alone, at no agreed price.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OrderBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    pickup_at_ms: Option<u64>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    shared: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    fare: Option<FareBody>,
}

/// What a ride costs.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = Fare)]
pub(crate) struct FareBody {
    /// In minor units: cents of dollars, whole yen.
    amount_minor: i64,
    currency: String,
    /// The amount contains it already.
    surge: f64,
}

/// What calling off costs the rider.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = Fee)]
pub(crate) struct FeeBody {
    /// In minor units, 0 where it is free.
    amount_minor: i64,
    currency: String,
}

impl FeeBody {
    /// `None` for a trip that was not called off, or has no fare.
    pub(super) fn of(trip: &Trip, fares: &FarePolicy) -> Option<FeeBody> {
        let amount_minor = fares.cancellation_fee(trip)?;
        Some(FeeBody { amount_minor, currency: trip.order.fare?.currency().as_str().to_owned() })
    }
}

impl OrderBody {
    pub(super) fn of(order: &Order) -> OrderBody {
        OrderBody {
            pickup_at_ms: order.pickup_at.map(Timestamp::millis),
            shared: order.shared,
            fare: order.fare.as_ref().map(FareBody::of),
        }
    }
}

impl FareBody {
    pub(crate) fn of(fare: &Fare) -> FareBody {
        FareBody {
            amount_minor: fare.minor(),
            currency: fare.currency().to_string(),
            surge: f64::from(fare.surge().get()) / 100.0,
        }
    }
}
