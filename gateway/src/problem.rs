//! The one shape of an error over HTTP: RFC 9457, `application/problem+json`.
//!
//! Lives here: the shape, and what every error of the layers below becomes at this door.
//! Stays out: which status a code has; see [`crate::Code`].
//! Touch with care: [`from_city`] has no wildcard. A new way for the city to say no is a decision to take here.

use std::borrow::Cow;
use std::error::Error;
use std::time::Duration;

use actors::CityError;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, SEC_WEBSOCKET_VERSION, UPGRADE, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use dispatch::{BadPickupTime, Refusal};
use persistence::StoreError;
use serde::Serialize;
use tracing::{error, warn};
use utoipa::ToSchema;

use crate::Code;
use crate::auth::{BadToken, Role};
use crate::fields::Mistake;
use crate::limiter::TooMuch;
use crate::socket::come_back_after_ms;
use crate::websocket::VERSION;
use crate::wire::{names, refusal_code};

/// How long to wait before a request that met a start, a stop or a store that does not answer is worth another try.
const COME_BACK_AFTER: Duration = Duration::from_secs(1);

/// Why a request is not answered as hoped. Boxed: a good answer must not carry the room for a bad one.
#[derive(Debug)]
pub(crate) struct Problem(Box<Facts>);

#[derive(Debug)]
struct Facts {
    code: Code,
    detail: Cow<'static, str>,
    field: Option<Cow<'static, str>>,
    value: Option<String>,
    allowed: Option<Cow<'static, str>>,
    trip: Option<String>,
    retry_after: Option<Duration>,
    header: Option<(HeaderName, Cow<'static, str>)>,
}

/// What went wrong, as RFC 9457 has it.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct Body9457<'a> {
    /// Where it is explained.
    r#type: &'a str,
    title: &'a str,
    status: u16,
    /// What exactly, for people.
    detail: &'a str,
    #[schema(schema_with = names::codes)]
    code: &'a str,
    /// The field, parameter or header that is to blame.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a str>,
    /// What may be given instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trip: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u64>)]
    retry_after_ms: Option<u128>,
}

impl Problem {
    /// A problem of this code, with nothing to add but a sentence.
    pub(crate) fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Problem {
        let detail = detail.into();
        Problem(Box::new(Facts {
            code,
            detail,
            field: None,
            value: None,
            allowed: None,
            trip: None,
            retry_after: None,
            header: None,
        }))
    }

    fn with(mut self, add: impl FnOnce(&mut Facts)) -> Problem {
        add(&mut self.0);
        self
    }

    /// Adds what may be given instead.
    pub(crate) fn allowed(self, allowed: impl Into<Cow<'static, str>>) -> Problem {
        self.with(|facts| facts.allowed = Some(allowed.into()))
    }

    /// Adds the field or header that is to blame.
    pub(crate) fn field(self, field: &'static str) -> Problem {
        self.with(|facts| facts.field = Some(Cow::Borrowed(field)))
    }

    fn value(self, value: impl Into<String>) -> Problem {
        self.with(|facts| facts.value = Some(value.into()))
    }

    fn trip(self, trip: impl Into<String>) -> Problem {
        self.with(|facts| facts.trip = Some(trip.into()))
    }

    fn challenge(self, challenge: impl Into<Cow<'static, str>>) -> Problem {
        self.with(|facts| facts.header = Some((WWW_AUTHENTICATE, challenge.into())))
    }

    /// The token is good, but not for this door.
    pub(crate) fn wrong_role(held: Role, allowed: &'static str) -> Problem {
        let challenge = format!("Bearer realm=\"hansom\", error=\"insufficient_scope\", scope=\"{allowed}\"");
        Problem::new(Code::WrongRole, format!("role is {held}, allowed is {allowed}"))
            .field("role")
            .value(held.as_str())
            .allowed(allowed)
            .challenge(challenge)
    }

    /// A trip that nobody knows, or not this rider: which of the two is nobody's business.
    pub(crate) fn unknown_trip(id: &str) -> Problem {
        let id: String = id.chars().take(80).collect();
        Problem::new(Code::UnknownTrip, format!("trip {id} is unknown")).trip(id)
    }

    /// The server has not opened yet.
    pub(crate) fn starting((done, of): (usize, usize)) -> Problem {
        let detail = match of {
            0 => "the city is being loaded".to_owned(),
            of => format!("the city is being loaded: {done} of {of} shards"),
        };
        Problem::new(Code::Starting, detail).retry_after(COME_BACK_AFTER)
    }

    /// The server is closing.
    pub(crate) fn stopping() -> Problem {
        Problem::new(Code::Stopping, "this server is stopping: come again, another one may answer")
            .retry_after(COME_BACK_AFTER)
    }

    /// The server is to be empty soon.
    pub(crate) fn draining(left: Duration) -> Problem {
        Problem::new(Code::Draining, "this server is drained and takes nobody new: come again, another one answers")
            .retry_after(left + Duration::from_millis(come_back_after_ms()))
    }

    /// More is sent here than this server takes, although phones were slowed down.
    pub(crate) fn full() -> Problem {
        Problem::new(Code::Busy, "more is sent here than this server takes: come again, another one may have room")
            .retry_after(Duration::from_millis(come_back_after_ms()))
    }

    /// This one has asked for more than one may.
    pub(crate) fn rate_limited(much: TooMuch) -> Problem {
        let TooMuch { limit, retry_after } = much;
        Problem::new(Code::RateLimited, format!("more than {limit} allows")).retry_after(retry_after)
    }

    fn retry_after(self, retry_after: Duration) -> Problem {
        self.with(|facts| facts.retry_after = Some(retry_after))
    }
}

impl From<Mistake> for Problem {
    fn from(mistake: Mistake) -> Problem {
        Problem::new(mistake.code, mistake.to_string()).with(|facts| {
            facts.field = mistake.field.map(Cow::Owned);
            facts.value = mistake.value;
            facts.allowed = mistake.allowed;
        })
    }
}

impl From<BadToken> for Problem {
    fn from(bad: BadToken) -> Problem {
        let challenge = match bad.code {
            // RFC 6750: who showed no token is told no error.
            Code::TokenMissing => "Bearer realm=\"hansom\"".to_owned(),
            _ => format!("Bearer realm=\"hansom\", error=\"invalid_token\", error_description=\"{bad}\""),
        };
        if bad.code == Code::KeysUnavailable {
            return Problem::new(bad.code, bad.to_string()).retry_after(COME_BACK_AFTER);
        }
        Problem::new(bad.code, bad.to_string())
            .challenge(challenge)
            .with(|facts| facts.field = bad.claim.map(Cow::Borrowed))
    }
}

impl From<CityError> for Problem {
    fn from(why: CityError) -> Problem {
        let (code, retry_after) = from_city(&why);
        let problem = match &why {
            CityError::KeyReused { trip } => {
                Problem::new(code, why.to_string()).field("Idempotency-Key").trip(trip.to_string())
            }
            CityError::PickupTime(BadPickupTime { at, earliest, latest }) => Problem::new(code, why.to_string())
                .field("pickup_at_ms")
                .value(at.millis().to_string())
                .allowed(format!("{} to {}", earliest.millis(), latest.millis())),
            CityError::TooManyBooked { limit } => {
                Problem::new(code, why.to_string()).field("pickup_at_ms").allowed(format!("{limit} at a time"))
            }
            CityError::Refused(_) => Problem::new(code, why.to_string()),
            _ => Problem::new(code, code.title()),
        };
        problem.with(|facts| facts.retry_after = retry_after)
    }
}

/// An error with its causes, in one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// When a refused request is worth another try, if time alone will help.
fn worth_another_try(refusal: &Refusal) -> Option<Duration> {
    match refusal {
        Refusal::Busy { retry_after } | Refusal::TooEarly { retry_after } | Refusal::Capped { retry_after, .. } => {
            Some(*retry_after)
        }
        Refusal::OfferGone { .. } | Refusal::NotYourTrip { .. } | Refusal::UnknownTrip { .. } => None,
        Refusal::IllegalStep { .. } | Refusal::NotOnline | Refusal::SameKey { .. } => None,
        Refusal::SharedRide { .. } | Refusal::Outdated { .. } => None,
        Refusal::TooManyChanges { .. } | Refusal::TooManyStops { .. } => None,
    }
}

/// What an error of the city is called at the doors, and when it is worth another try. Logs what a person must see.
pub(crate) fn from_city(why: &CityError) -> (Code, Option<Duration>) {
    match why {
        CityError::Busy { retry_after } => (Code::Busy, Some(*retry_after)),
        CityError::Refused(refusal) => (refusal_code(refusal), worth_another_try(refusal)),
        CityError::KeyReused { .. } => (Code::KeyReused, None),
        CityError::PickupTime(_) => (Code::BadValue, None),
        CityError::TooManyBooked { .. } => (Code::TooManyBooked, None),
        CityError::Store(StoreError::Unavailable(cause)) => {
            warn!(%cause, "the store does not answer");
            (Code::StoreUnavailable, Some(COME_BACK_AFTER))
        }
        // Everything else is for a person to correct.
        CityError::Store(_) => {
            error!(%why, cause = why.source().map(tracing::field::display), "the store cannot be used");
            (Code::Internal, None)
        }
        CityError::Policy(_) | CityError::Metrics(_) => (Code::Internal, None),
        CityError::Stopping => (Code::Stopping, Some(COME_BACK_AFTER)),
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Facts { code, detail, field, value, allowed, trip, retry_after, header } = *self.0;
        let status = code.status();
        let body = Body9457 {
            r#type: &format!("/docs#{}", code.as_str()),
            title: code.title(),
            status: status.as_u16(),
            detail: &detail,
            code: code.as_str(),
            field: field.as_deref(),
            value: value.as_deref(),
            allowed: allowed.as_deref(),
            trip: trip.as_deref(),
            retry_after_ms: retry_after.map(|after| after.as_micros().div_ceil(1_000)),
        };
        let text = serde_json::to_string(&body).unwrap_or_else(|_| "{}".to_owned());
        let mut response = Response::new(Body::from(text));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(after) = retry_after {
            // The header counts whole seconds; less than the truth would bring everybody back too early.
            headers.insert(RETRY_AFTER, HeaderValue::from(after.as_micros().div_ceil(1_000_000) as u64));
        }
        if code == Code::UpgradeRequired {
            headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
            headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static(VERSION));
        }
        if let Some((name, value)) = header
            && let Ok(value) = HeaderValue::from_str(&value)
        {
            headers.insert(name, value);
        }
        response
    }
}
