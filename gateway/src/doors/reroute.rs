//! A rider changes the way of a trip: other stops, another drop-off.
//!
//! Stays out: when that is possible and what it costs: the city says.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::openapi::{AskedReroute, PROBLEM, Refused};
use super::rider::{body, counted, json, may_see, trip_id};
use super::tag::{maybe_seen, tagged};
use crate::app::App;
use crate::auth::Identity;
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
    let seen = maybe_seen(request.headers(), VERSION_ALLOWED).map_err(|mistake| counted(&app, mistake))?;
    let text = body(&app, request).await?;
    let wanted = read_reroute(&text).map_err(|mistake| counted(&app, mistake))?;
    let city = &app.inside()?.city;
    let view = city.trip(id).await?.ok_or_else(|| Problem::unknown_trip(&id.to_string()))?;
    may_see(&app, &Identity::Rider(rider), &view)?;
    let view = city.reroute(id, dispatch::Reroute { seen, ..wanted }).await?;
    let answer = json(StatusCode::OK, &TripBody::now(&view, city.clock().now(), &city.policy().fares))?;
    Ok(tagged(answer, view.trip.version))
}
