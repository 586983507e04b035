//! What happens around every request: a name, the trace it belongs to, a limit for its address, a time limit, a net for
//! panics, a count.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use tokio::time::timeout;
use tracing::{Instrument, Span, debug, error, info_span};

use crate::Code;
use crate::app::App;
use crate::problem::Problem;
use crate::trace::TraceParent;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACE_PARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACE_RESPONSE: HeaderName = HeaderName::from_static("traceresponse");

/// Serves one request, whatever its handler does.
pub(crate) async fn around(
    State(app): State<Arc<App>>,
    route: Option<MatchedPath>,
    request: Request,
    next: Next,
) -> Response {
    let begun = Instant::now();
    let id = request_id(request.headers());
    let trace = request.headers().get(TRACE_PARENT).and_then(|value| TraceParent::read(value.as_bytes()));
    // Without a trace there is nothing to say that every line should say.
    let span = trace.map_or_else(Span::none, |trace| info_span!("request", %trace));
    let method = method_label(request.method());
    let route = route.as_ref().map_or("unmatched", MatchedPath::as_str);
    let served = timeout(app.limits.request_timeout, async {
        if let Err(problem) = app.address_may(request.headers(), request.extensions()) {
            return problem.into_response();
        }
        app.meet_key(request.headers()).await;
        next.run(request).await
    });
    let served = served.instrument(span.clone());
    let mut response = match AssertUnwindSafe(served).catch_unwind().await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => timed_out(),
        Err(_) => {
            app.metrics.panics.inc();
            span.in_scope(|| error!(route, ?id, "a request ended in a panic"));
            Problem::new(Code::Internal, "the request met a bug; it is counted and logged").into_response()
        }
    };
    let status = response.status();
    let labels = [route, method, status.as_str()];
    app.metrics.requests.with_label_values(&labels).observe(begun.elapsed().as_secs_f64());
    span.in_scope(|| debug!(route, method, status = status.as_u16(), ?id, "request"));
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, id);
    if let Some(said) = trace.and_then(|trace| HeaderValue::try_from(trace.passed_on()).ok()) {
        headers.insert(TRACE_RESPONSE, said);
    }
    response
}

fn timed_out() -> Response {
    let detail = "no answer in time; it may have been done or not: ask again with the same key";
    Problem::new(Code::TimedOut, detail).into_response()
}

/// The name the client gave the request, if it is a decent one, or a new one.
fn request_id(headers: &HeaderMap) -> HeaderValue {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    static PROCESS: OnceLock<String> = OnceLock::new();
    let decent = |id: &&HeaderValue| (1..=128).contains(&id.len()) && id.as_bytes().iter().all(u8::is_ascii_graphic);
    if let Some(id) = headers.get(REQUEST_ID).filter(decent) {
        return id.clone();
    }
    // Nobody has to guess these names, they only have to differ: the time of the start and a number.
    let process = PROCESS.get_or_init(|| {
        let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        format!("{:x}-{:x}", since_epoch.as_micros(), std::process::id())
    });
    let nth = COUNT.fetch_add(1, Ordering::Relaxed);
    HeaderValue::try_from(format!("{process}-{nth:x}")).unwrap_or_else(|_| HeaderValue::from_static("unknown"))
}

/// A method as a label: only those a client can send without filling the registry.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        _ => "other",
    }
}

#[cfg(test)]
mod tests;
