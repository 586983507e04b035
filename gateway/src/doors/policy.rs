//! The policy, for ops: look at it, change it while the city is at work, see who changed it.
//!
//! Stays out: what may be changed and what counts ([`crate::policy`]).

use std::sync::Arc;

use actors::CityError;
use axum::extract::{RawQuery, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use persistence::PolicyRevision;
use serde::Serialize;
use serde_json::Value as Json;
use utoipa::ToSchema;

use super::openapi::{AskedPolicy, PROBLEM, Refused};
use super::ops::ops_only;
use super::page::{Page, ROWS};
use super::rider::{body, counted, json};
use super::tag::{seen, tagged};
use crate::Code;
use crate::app::App;
use crate::config::{BadSetting, policy_keys};
use crate::fields::{Fields, Mistake};
use crate::policy::{Asked, Changes, NotChanged, Value};
use crate::problem::{Body9457, Problem};

const TAG: &str = "the revision in quotes as GET gives it in ETag, as in \"7\", or *";
const REASON_MAX: usize = 500;

#[derive(Serialize, ToSchema)]
#[schema(as = Policy)]
struct Shown<'a> {
    revision: u64,
    /// What decisions made under it say.
    version: &'a str,
    values: Vec<ValueBody>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = PolicyValue)]
struct ValueBody {
    name: &'static str,
    value: String,
    origin: String,
    allowed: &'static str,
    /// Whether it may be changed without a restart.
    live: bool,
}

impl From<Value> for ValueBody {
    fn from(Value { key, value, origin }: Value) -> ValueBody {
        ValueBody { name: key.name(), value, origin, allowed: key.allowed(), live: policy_keys::is_live(key.name()) }
    }
}

/// A change, as it is told.
#[derive(Serialize, ToSchema)]
#[schema(as = PolicyRevision)]
struct RevisionBody<'a> {
    revision: u64,
    at_ms: u64,
    by: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    #[schema(required = false)]
    reason: &'a str,
    changed: Vec<ChangedBody<'a>>,
    /// Whether this is only what would be done.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    dry_run: bool,
}

#[derive(Serialize, ToSchema)]
#[schema(as = PolicyChange)]
struct ChangedBody<'a> {
    name: &'a str,
    from: &'a str,
    to: &'a str,
}

impl<'a> RevisionBody<'a> {
    fn of(revision: &'a PolicyRevision, dry_run: bool) -> RevisionBody<'a> {
        let changed =
            revision.diff.iter().map(|(name, diff)| ChangedBody { name, from: &diff.from, to: &diff.to }).collect();
        let PolicyRevision { revision, at, by, reason, .. } = revision;
        RevisionBody { revision: *revision, at_ms: at.millis(), by, reason, changed, dry_run }
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = PolicyHistory)]
struct History<'a> {
    revisions: Vec<RevisionBody<'a>>,
    /// The last one here, when there are more: what was before it is asked for with `?after=`.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<u64>,
}

impl From<NotChanged> for Problem {
    fn from(why: NotChanged) -> Problem {
        match why {
            NotChanged::Outdated(_) => Problem::new(Code::Outdated, why.to_string()).field("If-Match"),
            NotChanged::Store(why) => CityError::Store(why).into(),
            NotChanged::Setting(bad) => Problem::from(mistake(bad)),
        }
    }
}

fn mistake(bad: BadSetting) -> Mistake {
    match bad {
        BadSetting::Value { key, value, allowed, .. } => Mistake::bad(key, &value, allowed),
        BadSetting::Unknown { key, near, .. } => {
            let allowed = near.unwrap_or_else(|| "a setting that GET /v1/ops/policy lists".to_owned());
            Mistake::bad("changes", &key, allowed)
        }
        BadSetting::File { path, reason } => Mistake::bad("file", &path, reason),
    }
}

/// Shows the policy in force, and who says so.
#[utoipa::path(
    get, path = "/v1/ops/policy", operation_id = "policy", tag = "ops",
    responses((status = 200, description = "Every setting of the policy, and who says so", body = Shown<'static>,
        headers(("ETag" = String, description = "The revision, for If-Match"))), Refused),
)]
pub(super) async fn show(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, Problem> {
    ops_only(&app, &headers)?;
    let inside = app.inside()?;
    let revision = inside.rules.revision();
    let values = inside.rules.values().into_iter().map(ValueBody::from).collect();
    let shown = Shown { revision, version: &inside.city.policy().version, values };
    Ok(tagged(json(StatusCode::OK, &shown)?, revision))
}

/// Changes some settings, and leaves the others.
#[utoipa::path(
    patch, path = "/v1/ops/policy", operation_id = "changePolicy", tag = "ops",
    params(("If-Match" = String, Header, description = "The revision in quotes, or *", pattern = "^(\"[0-9]{1,18}\"|\\*)$")),
    request_body = AskedPolicy,
    responses(
        (status = 200, description = "What was changed", body = RevisionBody<'static>),
        (status = 412, description = "Somebody else has changed it", body = Body9457<'static>, content_type = PROBLEM),
        Refused,
    ),
)]
pub(super) async fn patch(State(app): State<Arc<App>>, request: Request) -> Result<Response, Problem> {
    change(&app, request, false).await
}

/// Says all that is to count before the settings; whatever else was changed is the settings' again.
#[utoipa::path(
    put, path = "/v1/ops/policy", operation_id = "replacePolicy", tag = "ops",
    params(("If-Match" = String, Header, description = "The revision in quotes, or *", pattern = "^(\"[0-9]{1,18}\"|\\*)$")),
    request_body = AskedPolicy,
    responses(
        (status = 200, description = "What was changed", body = RevisionBody<'static>),
        (status = 412, description = "Somebody else has changed it", body = Body9457<'static>, content_type = PROBLEM),
        Refused,
    ),
)]
pub(super) async fn put(State(app): State<Arc<App>>, request: Request) -> Result<Response, Problem> {
    change(&app, request, true).await
}

async fn change(app: &App, request: Request, replace: bool) -> Result<Response, Problem> {
    let by = ops_only(app, request.headers())?;
    // Two who change the policy at once are to notice.
    let seen = seen(request.headers(), TAG).map_err(|mistake| counted(app, mistake))?;
    let text = body(app, request).await?;
    let (changes, reason, dry_run) = read(&text).map_err(|mistake| counted(app, mistake))?;
    let inside = app.inside()?;
    let asked = Asked { by, reason, seen, replace, dry_run };
    let made = inside.rules.change(inside.city.clock().now(), asked, &changes).await?;
    Ok(tagged(json(StatusCode::OK, &RevisionBody::of(&made, dry_run))?, inside.rules.revision()))
}

fn read(text: &str) -> Result<(Changes, String, bool), Mistake> {
    const CHANGES: &str = "an object of settings, each with a text, a number, or null";
    let mut fields = Fields::read(text, "body")?;
    let raw = fields.raw("changes", CHANGES)?;
    let reason = fields.maybe_text("reason", REASON_MAX, "a text of at most 500 bytes")?.unwrap_or_default();
    let dry_run = fields.maybe_flag("dry_run")?.unwrap_or(false);
    fields.done("changes, reason, dry_run")?;
    let object: serde_json::Map<String, Json> =
        serde_json::from_str(raw).map_err(|_| Mistake::bad("changes", raw, CHANGES))?;
    let change = |(name, value): (String, Json)| {
        let text = match value {
            Json::Null => None,
            Json::String(text) => Some(text),
            Json::Number(number) => Some(number.to_string()),
            Json::Bool(flag) => Some(flag.to_string()),
            other => return Err(Mistake::bad(name, &other.to_string(), "a text, a number, or null")),
        };
        Ok((name, text))
    };
    let changes = object.into_iter().map(change).collect::<Result<Changes, Mistake>>()?;
    Ok((changes, reason.into_owned(), dry_run))
}

/// Who changed what, the latest first.
#[utoipa::path(
    get, path = "/v1/ops/policy/history", operation_id = "policyHistory", tag = "ops",
    params(
        ("limit" = Option<u32>, Query, description = "How many at most; none: 100", minimum = 1, maximum = 500),
        ("after" = Option<u64>, Query, description = "The `next` of the page before"),
    ),
    responses((status = 200, description = "Who changed what, the latest first", body = History<'static>), Refused),
)]
pub(super) async fn history(
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    ops_only(&app, &headers)?;
    let page = Page::read(query.as_deref(), ROWS, |query| {
        query.number("after", (0, i64::MAX.unsigned_abs()), "the number of a revision")
    });
    let page = page.map_err(|mistake| counted(&app, mistake))?;
    let mut found = app.inside()?.rules.history(page.after, page.looked_for()).await.map_err(CityError::Store)?;
    let next = page.cut(&mut found).map(|last| last.revision);
    let revisions = found.iter().map(|revision| RevisionBody::of(revision, false)).collect();
    json(StatusCode::OK, &History { revisions, next })
}
