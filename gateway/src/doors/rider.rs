//! The rider's door: ask for a trip, look at it, call it off.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, Request, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use dispatch::{CancelReason, Party, TripId, TripView};
use futures_util::StreamExt;
use serde::Serialize;
use tokio::time::timeout;

use super::openapi::{CancelReasonName, NewTrip, PROBLEM, Refused};
use super::query::Query;
use crate::Code;
use crate::app::{App, Carrier};
use crate::auth::Identity;
use crate::fields::Mistake;
use crate::problem::{Body9457, Problem};
use crate::wire::{NewTripBody, TripBody};

const KEY: &str = "Idempotency-Key";
const KEY_ALLOWED: &str = "1 to 128 visible ASCII characters";
const KEY_LENGTH_MAX: usize = 128;
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Asks for a trip.
#[utoipa::path(
    post, path = "/v1/trips", operation_id = "requestTrip", tag = "riders",
    params(("Idempotency-Key" = String, Header, description = "The same key asks for the same trip again, not for another one",
        min_length = 1, max_length = 128, pattern = "^[!-~]+$")),
    request_body = NewTrip,
    responses(
        (status = 201, description = "The trip", body = TripBody<'static>,
            headers(("Location" = String, description = "Where it is"))),
        (status = 200, description = "The trip that this request asked for before, as it stands", body = TripBody<'static>,
            headers(("Idempotency-Replayed" = String, description = "true"))),
        (status = 409, description = "The quote has expired, or the rider has too many rides for later", body = Body9457<'static>,
            content_type = PROBLEM),
        (status = 422, description = "The key was used for another request, or the quote for something else",
            body = Body9457<'static>, content_type = PROBLEM),
        (status = 429, description = "The rider has too many trips, or has called off too often", body = Body9457<'static>,
            content_type = PROBLEM),
        Refused,
    ),
)]
pub(super) async fn request(State(app): State<Arc<App>>, request: Request) -> Result<Response, Problem> {
    let rider = app.rider(request.headers())?;
    let key = key(request.headers()).map_err(|mistake| counted(&app, mistake))?;
    let text = body(&app, request).await?;
    let asked = NewTripBody::read(&text).map_err(|mistake| counted(&app, mistake))?;
    let city = &app.admit()?.city;
    let requested = super::quote::order(&app, rider, key, asked).await?;
    let status = if requested.replayed { StatusCode::OK } else { StatusCode::CREATED };
    let mut response = json(status, &TripBody::now(&requested.view, city.clock().now(), &city.policy().fares))?;
    let location = format!("/v1/trips/{}", requested.view.trip.id);
    if let Ok(location) = HeaderValue::try_from(location) {
        response.headers_mut().insert(LOCATION, location);
    }
    if requested.replayed {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    Ok(response)
}

/// Shows a trip.
#[utoipa::path(
    get, path = "/v1/trips/{id}", operation_id = "trip", tag = "riders",
    params(("id" = String, Path, description = "The trip's name")),
    responses((status = 200, description = "The trip as it stands", body = TripBody<'static>), Refused),
)]
pub(super) async fn show(
    State(app): State<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (_, view) = visible(&app, path, &headers).await?;
    let city = &app.inside()?.city;
    json(StatusCode::OK, &TripBody::now(&view, city.clock().now(), &city.policy().fares))
}

/// Calls a trip off: a rider its own, ops any, in the name of the city.
#[utoipa::path(
    delete, path = "/v1/trips/{id}", operation_id = "cancelTrip", tag = "riders",
    params(("id" = String, Path, description = "The trip's name"), ("reason" = inline(Option<CancelReasonName>), Query, description = "Why, as riders have it; ops say `ops` or `other`")),
    responses(
        (status = 200, description = "The trip, called off", body = TripBody<'static>),
        (status = 409, description = "It stands so that it cannot be called off", body = Body9457<'static>, content_type = PROBLEM),
        Refused,
    ),
)]
pub(super) async fn cancel(
    State(app): State<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (who, view) = visible(&app, path, &headers).await?;
    let (by, usual) = match who {
        Identity::Ops(_) => (Party::System, CancelReason::Ops),
        Identity::Rider(_) | Identity::Driver(_) => (Party::Rider, CancelReason::Other),
    };
    let reason = reason(query.as_deref(), by)?.unwrap_or(usual);
    let city = &app.inside()?.city;
    let view = city.cancel(view.trip.id, by, reason).await?;
    json(StatusCode::OK, &TripBody::now(&view, city.clock().now(), &city.policy().fares))
}

/// The reason in the address, `?reason=changed_mind`, if one is given.
fn reason(query: Option<&str>, by: Party) -> Result<Option<CancelReason>, Mistake> {
    let allowed = if by == Party::System { "ops or other" } else { CancelReason::ALLOWED };
    let mut query = Query::read(query)?;
    let reason = query.maybe::<CancelReason>("reason", allowed)?;
    query.done("reason")?;
    // The other reasons of the city are its deadlines: nobody says those.
    let may = |reason: &CancelReason| match by {
        Party::System => matches!(reason, CancelReason::Ops | CancelReason::Other),
        Party::Rider | Party::Driver => reason.is_of(by),
    };
    match reason.filter(|reason| !may(reason)) {
        Some(other) => Err(Mistake::bad("reason", other.as_str(), allowed)),
        None => Ok(reason),
    }
}

/// The trip in the address, for who may see it, and who that is.
pub(super) async fn visible(
    app: &App,
    path: Result<Path<String>, PathRejection>,
    headers: &HeaderMap,
) -> Result<(Identity, TripView), Problem> {
    let who = app.who(headers, Carrier::Header)?;
    let id = trip_id(path)?;
    let view = app.inside()?.city.trip(id).await?.ok_or_else(|| Problem::unknown_trip(&id.to_string()))?;
    may_see(app, &who, &view)?;
    Ok((who, view))
}

/// Reads a trip's name from the address. What is no trip's name is the name of no trip.
pub(super) fn trip_id(path: Result<Path<String>, PathRejection>) -> Result<TripId, Problem> {
    let Path(text) = path.map_err(|_| Problem::unknown_trip("?"))?;
    text.parse()
        .map_err(|wrong: dispatch::NotAnId| Problem::unknown_trip(&wrong.value).field("id").allowed(wrong.allowed))
}

/// Whether this one may see this trip. To a rider the trips of others do not exist.
pub(super) fn may_see(app: &App, who: &Identity, view: &TripView) -> Result<(), Problem> {
    match who {
        Identity::Ops(_) => Ok(()),
        Identity::Rider(rider) if *rider == view.trip.rider => Ok(()),
        Identity::Rider(_) => Err(Problem::unknown_trip(&view.trip.id.to_string())),
        Identity::Driver(_) => Err(app.wrong_role(who, "rider or ops")),
    }
}

fn key(headers: &HeaderMap) -> Result<String, Mistake> {
    let mut keys = headers.get_all(KEY).iter();
    let Some(value) = keys.next() else { return Err(Mistake::missing(KEY, KEY_ALLOWED)) };
    let bytes = value.as_bytes();
    let fits = (1..=KEY_LENGTH_MAX).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic);
    match value.to_str() {
        Ok(text) if fits && keys.next().is_none() => Ok(text.to_owned()),
        _ => Err(Mistake::bad(KEY, &String::from_utf8_lossy(bytes), KEY_ALLOWED)),
    }
}

/// Reads the body of a request as text.
pub(super) async fn body(app: &App, request: Request) -> Result<String, Problem> {
    let media_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        let problem = Problem::new(Code::UnsupportedMediaType, "the body must be JSON and say so");
        return Err(problem.field("Content-Type").allowed("application/json"));
    }
    let limit = app.limits.body_bytes;
    let too_large = || {
        app.metrics.bad_messages.with_label_values(&[Code::BodyTooLarge.as_str()]).inc();
        let detail = format!("the body is larger than {limit} bytes");
        Problem::new(Code::BodyTooLarge, detail).field("body").allowed(format!("at most {limit} bytes"))
    };
    let said = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if said.is_some_and(|said| said > limit) {
        return Err(too_large());
    }
    let (mut bytes, mut rest) = (Vec::with_capacity(said.unwrap_or(0)), request.into_body().into_data_stream());
    let reading = async {
        while let Some(piece) = rest.next().await {
            let piece = piece.map_err(|_| Problem::new(Code::MalformedJson, "the body broke off"))?;
            if bytes.len() + piece.len() > limit {
                return Err(too_large());
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(())
    };
    // Half of the time for the whole request, so that it is the body that is named.
    timeout(app.limits.request_timeout / 2, reading)
        .await
        .unwrap_or_else(|_| Err(Problem::new(Code::BodyTooSlow, "the body did not arrive in time")))?;
    String::from_utf8(bytes).map_err(|_| counted(app, Mistake::whole(Code::MalformedJson, "JSON text in UTF-8")))
}

/// Counts a mistake in a request.
pub(super) fn counted(app: &App, mistake: Mistake) -> Problem {
    app.metrics.bad_messages.with_label_values(&[mistake.code.as_str()]).inc();
    Problem::from(mistake)
}

/// Answers in JSON.
pub(super) fn json<T: Serialize>(status: StatusCode, body: &T) -> Result<Response, Problem> {
    let text = serde_json::to_string(body).map_err(|_| Problem::new(Code::Internal, "the answer cannot be written"))?;
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}
