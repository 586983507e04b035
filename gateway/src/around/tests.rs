use std::future::pending;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use tokio::net::TcpListener;

use super::*;
use crate::app::Phase;
use crate::auth::{Keys, Secret};
use crate::config::Limits;
use crate::metrics::Metrics;

fn app() -> Arc<App> {
    let keys = Keys::new(&Secret::new(&[b'x'; 32]).unwrap(), "hansom");
    let limits = Limits { request_timeout: Duration::from_millis(100), ..Limits::default() };
    let metrics = Metrics::register(&prometheus::Registry::new()).unwrap();
    Arc::new(App::new(keys, limits, metrics))
}

async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(axum::serve(listener, router).into_future());
    address
}

async fn get_json(address: SocketAddr, path: &str) -> (u16, serde_json::Value) {
    let response = reqwest::get(format!("http://{address}{path}")).await.unwrap();
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    assert!(response.headers().contains_key("x-request-id"));
    (response.status().as_u16(), response.json().await.unwrap())
}

async fn panics() {
    panic!("as the test wants it");
}

#[tokio::test]
async fn a_handler_that_panics_or_hangs_is_answered_for() {
    let app = app();
    let router = Router::new()
        .route("/panics", get(panics))
        .route("/hangs", get(pending::<()>))
        .layer(from_fn_with_state(Arc::clone(&app), around));
    let address = serve(router).await;
    let (status, body) = get_json(address, "/panics").await;
    assert_eq!((status, &body["code"]), (500, &"internal".into()));
    assert!(!body.to_string().contains("as the test wants it"), "what a panic says is for the log");
    let (status, body) = get_json(address, "/hangs").await;
    assert_eq!((status, &body["code"]), (504, &"timed_out".into()));
    assert_eq!(app.metrics.panics.get(), 1);
    let text = app.metrics.text();
    for (route, status) in [("/panics", 500), ("/hangs", 504)] {
        let line =
            format!("gateway_http_request_seconds_count{{method=\"GET\",route=\"{route}\",status=\"{status}\"}} 1");
        assert!(text.contains(&line), "{text}");
    }
}

#[tokio::test]
async fn doors_that_are_not_open_say_why_and_when_to_come_again() {
    let app = app();
    let address = serve(crate::doors::router(Arc::clone(&app))).await;
    let (status, body) = get_json(address, "/readyz").await;
    assert_eq!((status, &body["code"], &body["retry_after_ms"]), (503, &"starting".into(), &1_000.into()));
    app.phase.send_replace(Phase::Stopping);
    let response = reqwest::get(format!("http://{address}/readyz")).await.unwrap();
    assert_eq!((response.status().as_u16(), &response.headers()["retry-after"]), (503, &HeaderValue::from_static("1")));
    let body: serde_json::Value = response.json().await.unwrap();
    assert_eq!(body["code"], "stopping");
    let alive = reqwest::get(format!("http://{address}/livez")).await.unwrap();
    assert_eq!(alive.status().as_u16(), 200, "a server that waits is alive");
}
