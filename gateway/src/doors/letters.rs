//! Events that nobody would take: which there are, and another try for them. For ops.

use std::sync::Arc;

use actors::CityError;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use persistence::{DeadLetter, LetterId};
use serde::Serialize;
use utoipa::ToSchema;

use super::openapi::Refused;
use super::ops::ops_only;
use super::page::{Page, SHORT_ROWS};
use super::rider::{counted, json};
use crate::Code;
use crate::app::App;
use crate::fields::Mistake;
use crate::problem::Problem;
use crate::wire::as_text;

const ID_ALLOWED: &str = "an outlet and a line, as in billing/4711";

#[derive(Serialize, ToSchema)]
#[schema(as = DeadLetters)]
struct Letters<'a> {
    dead_letters: Vec<Letter<'a>>,
    /// The last one here, when there are more: what comes after it is asked for with `?after=`.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = DeadLetter)]
struct Letter<'a> {
    #[serde(serialize_with = "as_text")]
    #[schema(value_type = String)]
    id: &'a LetterId,
    event: &'a str,
    attempts: u32,
    reason: &'a str,
    at_ms: u64,
    due: bool,
}

impl<'a> From<&'a DeadLetter> for Letter<'a> {
    fn from(letter: &'a DeadLetter) -> Letter<'a> {
        let DeadLetter { id, event, attempts, reason, at, due } = letter;
        Letter { id, event, attempts: *attempts, reason, at_ms: at.millis(), due: *due }
    }
}

#[derive(Serialize, ToSchema)]
struct Due {
    due: u64,
}

/// Lists dead letters, a page at a time.
#[utoipa::path(
    get, path = "/v1/ops/dead-letters", operation_id = "deadLetters", tag = "ops",
    params(
        ("after" = Option<String>, Query, description = "The `next` of the page before", pattern = "^[^/]{1,64}/[1-9][0-9]{0,17}$"),
        ("limit" = Option<u32>, Query, description = "How many at most; none: 100", minimum = 1, maximum = 1000),
    ),
    responses((status = 200, description = "A page of them", body = Letters<'static>), Refused),
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    ops_only(&app, &headers)?;
    let page = Page::read(query.as_deref(), SHORT_ROWS, |query| query.maybe("after", ID_ALLOWED));
    let page = page.map_err(|mistake| counted(&app, mistake))?;
    let rows = page.looked_for();
    let mut found = app.inside()?.store.dead_letters(page.after.clone(), rows).await.map_err(CityError::Store)?;
    let next = page.cut(&mut found).map(|last: &DeadLetter| last.id.to_string());
    json(StatusCode::OK, &Letters { dead_letters: found.iter().map(Letter::from).collect(), next })
}

/// Has every dead letter tried once more.
#[utoipa::path(
    post, path = "/v1/ops/dead-letters/redeliver", operation_id = "redeliverAll", tag = "ops",
    responses((status = 202, description = "How many are due", body = Due), Refused),
)]
pub(super) async fn redeliver_all(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, Problem> {
    ops_only(&app, &headers)?;
    let due = app.inside()?.store.redeliver(None).await.map_err(CityError::Store)?;
    json(StatusCode::ACCEPTED, &Due { due })
}

/// Has a dead letter tried once more.
#[utoipa::path(
    post, path = "/v1/ops/dead-letters/{outlet}/{line}/redeliver", operation_id = "redeliver", tag = "ops",
    params(
        ("outlet" = String, Path, description = "The outlet's name", min_length = 1, max_length = 64),
        ("line" = u64, Path, description = "The journal's line", minimum = 1),
    ),
    responses((status = 202, description = "It is due", body = Due), Refused),
)]
pub(super) async fn redeliver(
    State(app): State<Arc<App>>,
    path: Result<Path<(String, String)>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    ops_only(&app, &headers)?;
    let Path((outlet, line)) = path.map_err(|_| Mistake::bad("id", "?", ID_ALLOWED))?;
    let id = id(&format!("{outlet}/{line}"))?;
    match app.inside()?.store.redeliver(Some(id.clone())).await.map_err(CityError::Store)? {
        0 => Err(Problem::new(Code::NotFound, format!("there is no dead letter {id}"))),
        due => json(StatusCode::ACCEPTED, &Due { due }),
    }
}

fn id(text: &str) -> Result<LetterId, Mistake> {
    text.parse().map_err(|_| Mistake::bad("id", text, ID_ALLOWED))
}
