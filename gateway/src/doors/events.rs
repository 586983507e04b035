//! The rider's window as server-sent events: for who has no WebSocket, or only looks.
//!
//! Touch with care: nothing queues. The stream is asked for the next event when the line has room, and then says how the
//! trip stands by then: states one by one, of positions only the latest.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use actors::City;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use dispatch::TripView;
use futures_util::{Stream, stream};
use tokio::sync::mpsc;
use tokio::sync::watch::Receiver;
use tokio::time::{sleep, timeout};

use super::openapi::{Refused, TripEvent};
use super::rider::visible;
use crate::app::App;
use crate::problem::Problem;
use crate::socket::come_back_after_ms;
use crate::wire::Told;

/// Proxies that gather a response before they pass it on do not gather this one.
const UNBUFFERED: (HeaderName, HeaderValue) =
    (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));

/// Follows a trip.
#[utoipa::path(
    get, path = "/v1/trips/{id}/events", operation_id = "tripEvents", tag = "riders",
    description = "The same as the WebSocket tells, as server-sent events: `trip` with the trip as it stands, `end`, `closing`.",
    params(("id" = String, Path, description = "The trip's name")),
    responses((status = 200, description = "Events until the trip is over", body = TripEvent, content_type = "text/event-stream"), Refused),
)]
pub(super) async fn open(
    State(app): State<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (_, view) = visible(&app, path, &headers).await?;
    let alive = app.socket_token()?;
    let city = app.inside()?.city.clone();
    let live = city.watch(view.trip.id).await?;
    app.metrics.event_streams.inc();
    let window =
        Window { app, city, live, view: Arc::new(view), told: Told::default(), phase: Phase::Open, _alive: alive };
    let told = Sse::new(Box::pin(stream::unfold(window, Window::next)) as Pin<Box<dyn Stream<Item = _> + Send>>);
    Ok(([UNBUFFERED], told).into_response())
}

/// Where a stream is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Open,
    /// The farewell is said.
    Over,
}

/// One watcher of one trip.
struct Window {
    app: Arc<App>,
    city: City,
    live: Option<Receiver<Arc<TripView>>>,
    view: Arc<TripView>,
    told: Told,
    phase: Phase,
    _alive: mpsc::Sender<()>,
}

impl Drop for Window {
    fn drop(&mut self) {
        self.app.metrics.event_streams.dec();
    }
}

impl Window {
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Window)> {
        if self.phase == Phase::Over {
            return None;
        }
        loop {
            if let Some(live) = &mut self.live {
                self.view = Arc::clone(&live.borrow_and_update());
            }
            if let Some(event) = self.news() {
                return Some((Ok(event), self));
            }
            if self.told.has_ended(&self.view) {
                // Without this word a browser would connect again and again to a trip that is over.
                self.phase = Phase::Over;
                return Some((Ok(Event::default().event("end").data("{}")), self));
            }
            match self.wait().await {
                Waited::Changed => {}
                Waited::Quiet => return Some((Ok(Event::default().comment("still here")), self)),
                Waited::Gone => return Some((Ok(self.farewell()), self)),
            }
        }
    }

    /// The next thing to tell: the trip as it stands, with every state it has been through in its history.
    fn news(&mut self) -> Option<Event> {
        let now = self.city.clock().now();
        let latest = self.told.news(&self.view, now, &self.city.policy().fares).pop()?;
        let text = serde_json::to_string(&latest).ok()?;
        Some(Event::default().event("trip").id(self.view.trip.version.to_string()).data(text))
    }

    async fn wait(&mut self) -> Waited {
        let Some(live) = &mut self.live else { return Waited::Gone };
        let app = Arc::clone(&self.app);
        tokio::select! {
            () = app.stopping() => Waited::Gone,
            changed = live.changed() => match changed {
                Ok(()) => Waited::Changed,
                Err(_) => self.look_once_more().await,
            },
            () = sleep(app.limits.heartbeat_every) => Waited::Quiet,
        }
    }

    /// The city let go of the trip before its end was told: it may have ended, or be in the hands of another owner.
    async fn look_once_more(&mut self) -> Waited {
        let looked = timeout(self.app.limits.request_timeout, self.city.trip(self.view.trip.id)).await;
        match looked {
            Ok(Ok(Some(view))) if !view.trip.stage.told_as().is_active() => {
                (self.live, self.view) = (None, Arc::new(view));
                Waited::Changed
            }
            _ => Waited::Gone,
        }
    }

    /// Browsers come back by themselves, and are told when.
    fn farewell(&mut self) -> Event {
        self.phase = Phase::Over;
        let retry_after_ms = come_back_after_ms();
        Event::default()
            .event("closing")
            .retry(Duration::from_millis(retry_after_ms))
            .data(format!("{{\"retry_after_ms\":{retry_after_ms}}}"))
    }
}

/// What a watcher waited for.
enum Waited {
    Changed,
    Quiet,
    Gone,
}
