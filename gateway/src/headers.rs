//! What every answer says beside its content: how browsers shall treat it, and whose pages may read it.
//!
//! Lives here: security headers, and CORS (the Fetch standard; `tower-http` knows its rules).
//! Stays out: what a door says of its own answer, which counts before what is said here.
//! Touch with care: no answer ever allows credentials. Who asks shows a token that no browser adds by itself, so pages of
//! others cannot ask in anybody's name, and WebSockets, which CORS does not cover, need no check of their origin.

use std::time::Duration;

use axum::Router;
use axum::http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_MATCH, LOCATION, REFERRER_POLICY,
    RETRY_AFTER, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::middleware::map_response;
use axum::response::Response;
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::config::{Mode, Settings};

/// Which mode a server is in, when it is not the one for people.
const MODE: HeaderName = HeaderName::from_static("x-hansom-mode");

/// How long browsers may remember what they were allowed. Chrome forgets it after two hours anyway.
const REMEMBERED_FOR: Duration = Duration::from_secs(600);

/// Pages of ours load only what comes from here, are shown in no frame, and send no forms.
const PAGE_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'",
);

/// Everything else is no page at all.
const NO_PAGE: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

/// A year, as browsers ask for before they remember it for good.
const ONLY_OVER_TLS: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Has every answer of these doors say what it must.
pub(crate) fn dress(doors: Router, settings: &Settings) -> Router {
    let (tls, development) = (settings.tls.certificate.is_some(), settings.mode == Mode::Development);
    let doors = if settings.cors_origins.is_empty() { doors } else { doors.layer(cors(&settings.cors_origins)) };
    doors.layer(map_response(move |mut response: Response| async move {
        secure(response.headers_mut(), tls, development);
        response
    }))
}

fn secure(headers: &mut HeaderMap, tls: bool, development: bool) {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (is_json, is_page) = (media_type.contains("json"), media_type.starts_with("text/html"));
    let mut say = |name: HeaderName, value: HeaderValue| {
        headers.entry(name).or_insert(value);
    };
    say(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    say(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    say(CONTENT_SECURITY_POLICY, if is_page { PAGE_POLICY } else { NO_PAGE });
    if is_json {
        say(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if tls {
        say(STRICT_TRANSPORT_SECURITY, ONLY_OVER_TLS);
    }
    if development {
        say(MODE, HeaderValue::from_static("development"));
    }
}

fn cors(origins: &[String]) -> CorsLayer {
    let origin = match origins {
        [any] if any == "*" => AllowOrigin::any(),
        // They were checked when the settings were.
        origins => AllowOrigin::list(origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok())),
    };
    let asked = ["idempotency-key", "last-event-id", "traceparent", "tracestate", "x-request-id"];
    let told = ["idempotency-replayed", "traceresponse", "x-request-id", "x-hansom-mode"];
    let ours = |names: &[&'static str]| names.iter().copied().map(HeaderName::from_static).collect::<Vec<_>>();
    CorsLayer::new()
        .allow_origin(origin)
        .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([ours(&asked), vec![AUTHORIZATION, CONTENT_TYPE, IF_MATCH]].concat())
        .expose_headers([ours(&told), vec![ETAG, LOCATION, RETRY_AFTER]].concat())
        .max_age(REMEMBERED_FOR)
}
