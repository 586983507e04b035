//! The back door: is it alive, is it ready, what does it count, how does the city stand.

use std::collections::BTreeMap;
use std::sync::Arc;

use actors::{CityError, ShardStatus};
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::openapi::{PROBLEM, Refused};
use super::rider::json;
use crate::app::{App, Carrier};
use crate::auth::Identity;
use crate::problem::{Body9457, Problem};

/// Whether the process does anything at all. Asks nobody else: a store that is away is no reason to be restarted.
#[utoipa::path(
    get, path = "/livez", operation_id = "live", tag = "health", security(()),
    responses((status = 200, description = "It does", body = String)),
)]
pub(super) async fn alive() -> &'static str {
    "alive\n"
}

/// Whether guests may be sent here.
#[utoipa::path(
    get, path = "/readyz", operation_id = "ready", tag = "health", security(()),
    responses((status = 200, description = "They may", body = String),
        (status = 503, description = "The server is starting, drained or stopping", body = Body9457<'static>, content_type = PROBLEM)),
)]
pub(super) async fn ready(State(app): State<Arc<App>>) -> Result<String, Problem> {
    // A shard that is claimed anew is no reason to send everybody away: the others go on, and it is back in a moment.
    app.admit().map(|inside| match inside.city.recovering() {
        0 => "ready\n".to_owned(),
        shards => format!("ready, while {shards} shards are being recovered\n"),
    })
}

/// Everything that is counted, as Prometheus reads it.
#[utoipa::path(
    get, path = "/metrics", operation_id = "metrics", tag = "health", security(()),
    responses((status = 200, description = "Prometheus' text format", body = String)),
)]
pub(super) async fn metrics(State(app): State<Arc<App>>) -> impl IntoResponse {
    as_text("text/plain; version=0.0.4; charset=utf-8", app.metrics.text())
}

/// What is said over HTTP, for machines.
pub(super) async fn openapi() -> impl IntoResponse {
    as_text("application/json", super::openapi::OPENAPI.as_str())
}

/// What is said over sockets, for machines.
pub(super) async fn asyncapi() -> impl IntoResponse {
    as_text("application/json", super::ASYNCAPI)
}

fn as_text<T: IntoResponse>(media_type: &'static str, text: T) -> ([(HeaderName, &'static str); 1], T) {
    ([(CONTENT_TYPE, media_type)], text)
}

#[derive(Serialize, ToSchema)]
struct Status {
    time_ms: u64,
    time_scale: f64,
    shard_resolution: u8,
    trips: BTreeMap<&'static str, u64>,
    shards: Vec<Shard>,
    /// Who serves on the same store, if there can be others.
    nodes: Vec<Node>,
}

#[derive(Serialize, ToSchema)]
struct Node {
    incarnation: u64,
    name: String,
    beats: u64,
    silent_ms: u64,
    tells_events: bool,
    this: bool,
}

impl From<persistence::Node> for Node {
    fn from(node: persistence::Node) -> Node {
        Node {
            incarnation: node.incarnation,
            name: node.name,
            beats: node.beats,
            silent_ms: u64::try_from(node.silent_for.as_millis()).unwrap_or(u64::MAX),
            tells_events: node.tells_events,
            this: node.is_me,
        }
    }
}

/// How a shard is doing.
#[derive(Serialize, ToSchema)]
pub(super) struct Shard {
    shard: String,
    epoch: u64,
    drivers: usize,
    drivers_free: usize,
    trips: usize,
    trips_waiting: usize,
    pings: u64,
    pings_late: u64,
    pings_doubled: u64,
    pings_implausible: u64,
    pings_stray: u64,
    rounds: u64,
    matches: u64,
    rounds_without_neighbours: u64,
    etas_fallback: u64,
    /// In how many cells rides cost more, and how much more in the dearest.
    surge_cells: i64,
    surge_max: f64,
    suggestions: u64,
    /// The version of the policy it goes by.
    policy: String,
}

impl From<&ShardStatus> for Shard {
    fn from(status: &ShardStatus) -> Shard {
        Shard {
            shard: status.shard.to_string(),
            epoch: status.epoch.0,
            drivers: status.drivers,
            drivers_free: status.drivers_free,
            trips: status.trips,
            trips_waiting: status.trips_waiting,
            pings: status.counts.pings,
            pings_late: status.counts.pings_late,
            pings_doubled: status.counts.pings_doubled,
            pings_implausible: status.counts.pings_implausible,
            pings_stray: status.counts.pings_stray,
            rounds: status.counts.rounds,
            matches: status.counts.matches,
            etas_fallback: status.counts.etas_fallback,
            suggestions: status.counts.suggestions,
            policy: status.policy.clone(),
            rounds_without_neighbours: status.counts.rounds_without_neighbours,
            surge_cells: status.surging.values().sum(),
            surge_max: f64::from(status.surging.keys().next_back().copied().unwrap_or_default().get()) / 100.0,
        }
    }
}

/// Refuses whoever is not of the role `ops`; says who it is.
pub(super) fn ops_only(app: &App, headers: &HeaderMap) -> Result<String, Problem> {
    match app.who(headers, Carrier::Header)? {
        Identity::Ops(name) => Ok(name),
        other @ (Identity::Driver(_) | Identity::Rider(_)) => Err(app.wrong_role(&other, "ops")),
    }
}

/// How the city stands: its shards, and how many trips are in each state.
#[utoipa::path(
    get, path = "/v1/ops/status", operation_id = "status", tag = "ops",
    responses((status = 200, description = "Shards, trips by state, servers", body = Status), Refused),
)]
pub(super) async fn status(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, Problem> {
    ops_only(&app, &headers)?;
    let inside = app.inside()?;
    let stages = inside.store.trips_by_stage().await.map_err(CityError::Store)?;
    let nodes = inside.store.nodes().await.map_err(CityError::Store)?;
    let city = inside.city.status().await;
    let status = Status {
        time_ms: inside.city.clock().now().millis(),
        time_scale: inside.city.clock().factor(),
        shard_resolution: inside.city.shard_resolution().get(),
        trips: stages.into_iter().map(|(stage, count)| (stage.as_str(), count)).collect(),
        shards: city.shards.iter().map(Shard::from).collect(),
        nodes: nodes.into_iter().map(Node::from).collect(),
    };
    json(StatusCode::OK, &status)
}
