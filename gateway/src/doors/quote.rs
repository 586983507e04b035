//! What a ride would cost: asked, promised, and held to.
//!
//! Lives here: the door that gives quotes, and what becomes of a quote that comes back with a request.
//! Stays out: prices (the city's), how a quote is signed (see [`crate::auth`]).

use std::sync::Arc;

use actors::{NewTrip, Requested};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use dispatch::{NotHonoured, Order, Quote, RequestKey, RiderId};

use super::openapi::{Asked, Refused};
use super::rider::{body, counted, json};
use crate::Code;
use crate::app::App;
use crate::problem::Problem;
use crate::wire::{NewTripBody, QuoteBody};

/// Says what a ride would cost, and promises it for a while.
#[utoipa::path(
    post, path = "/v1/quotes", operation_id = "quote", tag = "riders",
    request_body = Asked,
    responses((status = 200, description = "The price, and until when it is good", body = QuoteBody), Refused),
)]
pub(super) async fn ask(State(app): State<Arc<App>>, request: Request) -> Result<Response, Problem> {
    let rider = app.rider(request.headers())?;
    let text = body(&app, request).await?;
    let order = NewTripBody::read_order(&text).map_err(|mistake| counted(&app, mistake))?;
    let city = &app.admit()?.city;
    let estimate = city.estimate(order).await?;
    let until = city.clock().now() + city.policy().fares.quote_lasts;
    let quote = Quote { rider, order: Order { fare: Some(estimate.fare), ..order }, until };
    let signed = app.keys.sign_quote(&quote);
    let signed = signed.ok_or_else(|| Problem::new(Code::Internal, "the quote cannot be signed"))?;
    json(StatusCode::OK, &QuoteBody::of(&estimate, until, signed))
}

/// Asks the city for a trip, at the price of the quote if the request brings one.
pub(super) async fn order(
    app: &App,
    rider: RiderId,
    key: String,
    NewTripBody { order, quote }: NewTripBody,
) -> Result<Requested, Problem> {
    let city = &app.inside()?.city;
    let Some(text) = quote else { return Ok(city.request_trip(NewTrip { rider, order, key }).await?) };
    let Some(quote) = app.keys.read_quote(&text) else {
        let detail = "the quote is not one that this server gave, or it was changed: ask for a new one";
        return Err(Problem::new(Code::QuoteInvalid, detail).field("quote"));
    };
    match quote.honours(city.clock().now(), &city.policy().fares, &rider, &order) {
        Ok(fare) => Ok(city.request_trip(NewTrip { rider, order: Order { fare, ..order }, key }).await?),
        Err(why @ NotHonoured::Expired(_)) => {
            // Sent again after its time, a request is answered as it was the first time.
            let asked = Order { fare: quote.order.fare, ..order };
            let made = city.made_before(&RequestKey { rider, key }, &asked).await?;
            made.ok_or_else(|| Problem::new(Code::QuoteExpired, why.to_string()).field("quote"))
        }
        Err(why @ NotHonoured::Mismatch(_)) => Err(Problem::new(Code::QuoteMismatch, why.to_string()).field("quote")),
    }
}
