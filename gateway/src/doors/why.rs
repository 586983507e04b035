//! Why: how a trip was matched, and why a driver had no work. For ops.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use dispatch::{DriverId, Timestamp};

use super::openapi::Refused;
use super::ops::ops_only;
use super::query::Query;
use super::rider::{json, trip_id};
use crate::app::App;
use crate::fields::Mistake;
use crate::problem::Problem;
use crate::wire::{ExplanationBody, WhyNotBody};

/// How far back the question goes when it does not say.
const SINCE_DEFAULT: Duration = Duration::from_secs(3_600);

const SINCE_ALLOWED: &str = "milliseconds since 1970 as a whole number, at most 281474976710655";

/// How a trip was matched.
#[utoipa::path(
    get, path = "/v1/trips/{id}/explain", operation_id = "explainTrip", tag = "ops",
    params(("id" = String, Path, description = "The trip's name")),
    responses((status = 200, description = "Each round that thought of the trip, and what became of it", body = ExplanationBody<'static>),
        Refused),
)]
pub(super) async fn explain(
    State(app): State<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    ops_only(&app, &headers)?;
    let trip = trip_id(path)?;
    let city = &app.inside()?.city;
    let view = city.trip(trip).await?.ok_or_else(|| Problem::unknown_trip(&trip.to_string()))?;
    let explanation = city.explain(trip).await?;
    json(StatusCode::OK, &ExplanationBody::new(&view, &explanation))
}

/// Why a driver had no work since then, or had.
#[utoipa::path(
    get, path = "/v1/drivers/{id}/why-not", operation_id = "whyNot", tag = "ops",
    params(
        ("id" = String, Path, description = "The driver's name", min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9._:@|-]+$"),
        ("since" = Option<u64>, Query, description = "Milliseconds since 1970; none: the last hour",
            maximum = 281_474_976_710_655u64),
    ),
    responses((status = 200, description = "Reasons in the order of time", body = WhyNotBody<'static>), Refused),
)]
pub(super) async fn why_not(
    State(app): State<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    ops_only(&app, &headers)?;
    let name = path.map(|Path(name)| name).unwrap_or_default();
    let bad_id = |wrong: dispatch::NotAnId| Problem::from(Mistake::bad("id", &wrong.value, wrong.allowed));
    let driver = DriverId::new(&name).map_err(bad_id)?;
    let city = &app.inside()?.city;
    let now = city.clock().now();
    let since = since(&uri)?.unwrap_or(now - SINCE_DEFAULT);
    let why = city.why_not(&driver, since).await?;
    json(StatusCode::OK, &WhyNotBody::new(&driver, since, &why))
}

/// Reads `since` from the address, if it is there.
fn since(uri: &Uri) -> Result<Option<Timestamp>, Mistake> {
    let mut query = Query::read(uri.query())?;
    // A moment so far away that it would become another one is a slip of the pen.
    let since = query.number("since", (0, Timestamp::MAX.millis()), SINCE_ALLOWED)?;
    query.done("since")?;
    Ok(since.map(Timestamp::from_millis))
}
