//! Emptying a server, for ops: begin, look, call off.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Serialize;
use tracing::info;
use utoipa::ToSchema;

use super::openapi::{AskedDrain, Refused};
use super::ops::ops_only;
use super::rider::{body, counted, json};
use crate::app::{App, Phase};
use crate::drain::Drain;
use crate::fields::{Fields, Mistake};
use crate::problem::Problem;
use crate::wire::millis;

/// Over how long drivers are sent away when the request does not say: a hundred thousand come back elsewhere at 3,000 a
/// second.
const WINDOW_DEFAULT: Duration = Duration::from_secs(30);
const WINDOW_MAX_MS: u64 = 3_600_000;
const WINDOW: &str = "milliseconds from 0 to 3600000";

#[derive(Serialize, ToSchema)]
struct Drained {
    draining: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    window_ms: Option<u64>,
    /// How long until everybody has had a turn to leave; drivers on a trip stay until it has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    left_ms: Option<u64>,
    driver_sockets: i64,
    rider_sockets: i64,
    /// Live trips this server holds.
    trips: usize,
}

async fn state(app: &App) -> Result<Response, Problem> {
    let drain = match *app.phase.borrow() {
        Phase::Draining(drain) => Some(drain),
        Phase::Starting | Phase::Ready | Phase::Stopping => None,
    };
    let trips = app.inside()?.city.status().await.shards.iter().map(|shard| shard.trips).sum();
    let drained = Drained {
        draining: drain.is_some(),
        window_ms: drain.map(|drain| millis(drain.window())),
        left_ms: drain.map(|drain| millis(drain.left())),
        driver_sockets: app.metrics.driver_sockets.open.get(),
        rider_sockets: app.metrics.trip_sockets.open.get() + app.metrics.event_streams.get(),
        trips,
    };
    json(StatusCode::OK, &drained)
}

/// How far the server is.
#[utoipa::path(
    get, path = "/v1/ops/drain", operation_id = "drainState", tag = "ops",
    responses((status = 200, description = "How far the server is", body = Drained), Refused),
)]
pub(super) async fn show(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, Problem> {
    ops_only(&app, &headers)?;
    state(&app).await
}

/// Begins to drain; once more begins anew, with another window if one is given.
#[utoipa::path(
    post, path = "/v1/ops/drain", operation_id = "drain", tag = "ops",
    request_body = Option<AskedDrain>,
    responses((status = 200, description = "How far the server is", body = Drained), Refused),
)]
pub(super) async fn begin(State(app): State<Arc<App>>, request: Request) -> Result<Response, Problem> {
    ops_only(&app, request.headers())?;
    let window = match request.headers().contains_key("content-type") {
        true => window(&body(&app, request).await?).map_err(|mistake| counted(&app, mistake))?,
        false => WINDOW_DEFAULT,
    };
    app.inside()?;
    info!(window_ms = millis(window), "the server is drained");
    app.drain(Drain::over(window));
    state(&app).await
}

/// Takes guests again.
#[utoipa::path(
    post, path = "/v1/ops/undrain", operation_id = "undrain", tag = "ops",
    responses((status = 200, description = "How far the server is", body = Drained), Refused),
)]
pub(super) async fn call_off(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, Problem> {
    ops_only(&app, &headers)?;
    app.inside()?;
    if app.undrain() {
        info!("the server takes guests again");
    }
    state(&app).await
}

fn window(text: &str) -> Result<Duration, Mistake> {
    let mut fields = Fields::read(text, "body")?;
    let window = fields.maybe_whole("window_ms")?;
    fields.done("window_ms")?;
    match window {
        Some(window) if window > WINDOW_MAX_MS => Err(Mistake::bad("window_ms", &window.to_string(), WINDOW)),
        window => Ok(window.map_or(WINDOW_DEFAULT, Duration::from_millis)),
    }
}
