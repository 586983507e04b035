//! A rider changes the way of a trip: other stops, another drop-off.
//!
//! Stays out: when that is possible and what it costs: the city says.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::header::{ETAG, IF_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use dispatch::TripView;

use super::openapi::{AskedReroute, PROBLEM, Refused};
use super::rider::{body, counted, json, may_see, trip_id};
use crate::app::App;
use crate::auth::Identity;
use crate::fields::Mistake;
use crate::problem::{Body9457, Problem};
use crate::wire::{TripBody, read_reroute};

const VERSION_ALLOWED: &str = "the version of the trip in quotes, as in \"3\"";

/// Changes the way of the rest of a trip. Only its rider may.
#[utoipa::path(
    patch, path = "/v1/trips/{id}", operation_id = "rerouteTrip", tag = "riders",
    params(
        ("id" = String, Path, description = "The trip's name"),
        ("If-Match" = Option<String>, Header, description = "The version of the trip in quotes, if the change is only meant for that", pattern = "^(\"[0-9]{1,9}\"|\\*)$"),
    ),
    request_body = AskedReroute,
    responses(
        (status = 200, description = "The trip, on its new way", body = TripBody<'static>,
            headers(("ETag" = String, description = "The trip's version"))),
        (status = 409, description = "The trip has ended, is shared, or was changed too often", body = Body9457<'static>,
            content_type = PROBLEM),
        (status = 412, description = "The trip has another version by now", body = Body9457<'static>, content_type = PROBLEM),
        Refused,
    ),
)]
pub(super) async fn change(
    State(app): State<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let rider = app.rider(request.headers())?;
    let id = trip_id(path)?;
    let seen = version(request.headers()).map_err(|mistake| counted(&app, mistake))?;
    let text = body(&app, request).await?;
    let wanted = read_reroute(&text).map_err(|mistake| counted(&app, mistake))?;
    let city = &app.inside()?.city;
    let view = city.trip(id).await?.ok_or_else(|| Problem::unknown_trip(&id.to_string()))?;
    may_see(&app, &Identity::Rider(rider), &view)?;
    let view = city.reroute(id, dispatch::Reroute { seen, ..wanted }).await?;
    let answer = json(StatusCode::OK, &TripBody::now(&view, city.clock().now(), &city.policy().fares))?;
    Ok(tagged(answer, &view))
}

/// The version in `If-Match`, if there is one.
fn version(headers: &HeaderMap) -> Result<Option<u32>, Mistake> {
    let Some(value) = headers.get(IF_MATCH) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    let number = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).and_then(|text| text.parse().ok());
    match number {
        Some(number) => Ok(Some(number)),
        None if text == "*" => Ok(None),
        None => Err(Mistake::bad("If-Match", text, VERSION_ALLOWED)),
    }
}

/// With the version of the trip, for a later `If-Match`.
pub(super) fn tagged(mut response: Response, view: &TripView) -> Response {
    if let Ok(tag) = HeaderValue::try_from(format!("\"{}\"", view.trip.version)) {
        response.headers_mut().insert(ETAG, tag);
    }
    response
}
