//! What a rider asked for besides two places and a vehicle, as trips tell it.

use dispatch::{Fare, Order, Timestamp};
use serde::Serialize;

/// What is not told is not so: as soon as possible, alone, at no agreed price.
#[derive(Debug, Serialize)]
pub(crate) struct OrderBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    pickup_at_ms: Option<u64>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    shared: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    fare: Option<FareBody>,
}

/// What a ride costs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct FareBody {
    /// In minor units: cents of dollars, whole yen.
    amount_minor: i64,
    currency: String,
    /// The amount contains it already.
    surge: f64,
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
    pub(super) fn of(fare: &Fare) -> FareBody {
        FareBody {
            amount_minor: fare.minor(),
            currency: fare.currency().to_string(),
            surge: f64::from(fare.surge().get()) / 100.0,
        }
    }
}
