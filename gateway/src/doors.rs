//! The doors: which address leads where.
//!
//! Lives here: the routes, and what each of them does.
//! Stays out: decisions. A door reads, asks the city, and writes what it says.

mod docs;
mod drain;
mod driver;
mod events;
mod letters;
mod lists;
mod nearby;
pub(crate) mod openapi;
mod ops;
mod page;
mod policy;
mod query;
mod quote;
mod reroute;
mod rider;
mod tag;
mod watch;
mod why;

use std::sync::Arc;

use axum::Router;
use axum::http::{Method, Uri};
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};

use crate::Code;
use crate::app::App;
use crate::around::around;
use crate::problem::Problem;

/// What is said over sockets, as AsyncAPI 3. Kept by hand; tests hold it to the code.
pub(crate) const ASYNCAPI: &str = include_str!("../asyncapi.json");

/// All addresses.
pub(crate) fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/v1/driver", get(driver::open))
        .route("/v1/quotes", post(quote::ask))
        .route("/v1/trips", post(rider::request))
        .route("/v1/trips/{id}", get(rider::show).patch(reroute::change).delete(rider::cancel))
        .route("/v1/trips/{id}/watch", get(watch::open))
        .route("/v1/trips/{id}/events", get(events::open))
        .route("/v1/trips/{id}/explain", get(why::explain))
        .route("/v1/drivers/{id}/why-not", get(why::why_not))
        .route("/v1/nearby", get(nearby::cars))
        .route("/v1/ops/status", get(ops::status))
        .route("/v1/ops/drain", get(drain::show).post(drain::begin))
        .route("/v1/ops/policy", get(policy::show).patch(policy::patch).put(policy::put))
        .route("/v1/ops/policy/history", get(policy::history))
        .route("/v1/ops/undrain", post(drain::call_off))
        .route("/v1/ops/drivers", get(lists::drivers))
        .route("/v1/ops/trips", get(lists::trips))
        .route("/v1/ops/shards", get(lists::shards))
        .route("/v1/ops/dead-letters", get(letters::list))
        .route("/v1/ops/dead-letters/redeliver", post(letters::redeliver_all))
        .route("/v1/ops/dead-letters/{outlet}/{line}/redeliver", post(letters::redeliver))
        .route("/livez", get(ops::alive))
        .route("/readyz", get(ops::ready))
        .route("/metrics", get(ops::metrics))
        .route("/docs", get(docs::show))
        .route("/openapi.json", get(ops::openapi))
        .route("/asyncapi.json", get(ops::asyncapi))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(from_fn_with_state(Arc::clone(&app), around))
        .with_state(app)
}

async fn not_found(uri: Uri) -> Problem {
    let path: String = uri.path().chars().take(80).collect();
    Problem::new(Code::NotFound, format!("there is nothing at {path}; /docs says what there is"))
}

async fn method_not_allowed(method: Method) -> Problem {
    let method: String = method.as_str().chars().take(20).collect();
    Problem::new(Code::MethodNotAllowed, format!("{method} is not for this address; the header Allow says what is"))
}
