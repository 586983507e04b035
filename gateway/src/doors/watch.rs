//! The rider's window: a WebSocket that tells each state of a trip, and where the car is.

use std::pin::pin;
use std::sync::Arc;

use actors::City;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use dispatch::{TripId, TripView};
use tokio::sync::watch::Receiver;
use tokio::time::sleep_until;
use tracing::debug;

use super::openapi::{PROBLEM, Refused};
use super::rider::{may_see, trip_id};
use crate::Code;
use crate::app::{App, Carrier};
use crate::problem::{Body9457, Problem};
use crate::socket::{self, End, Heard, Socket};
use crate::websocket::Upgrade;
use crate::wire::Told;

/// Opens the window on a trip.
#[utoipa::path(
    get, path = "/v1/trips/{id}/watch", operation_id = "watchTrip", tag = "riders",
    description = "A WebSocket; what is said over it is in /asyncapi.json.",
    params(("id" = String, Path, description = "The trip's name")),
    responses((status = 101, description = "A WebSocket"), (status = 426, description = "This address is a WebSocket", body = Body9457<'static>, content_type = PROBLEM), Refused),
)]
pub(super) async fn open(
    State(app): State<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    upgrade: Result<Upgrade, Problem>,
) -> Result<Response, Problem> {
    let who = app.who(&headers, Carrier::HeaderOrSubprotocol)?;
    let upgrade = upgrade?.choose(&headers, &[socket::SUBPROTOCOL])?;
    let trip = trip_id(path)?;
    let alive = app.socket_token()?;
    let city = app.inside()?.city.clone();
    let live = city.watch(trip).await?;
    let view = match &live {
        Some(live) => Arc::clone(&live.borrow()),
        None => Arc::new(city.trip(trip).await?.ok_or_else(|| Problem::unknown_trip(&trip.to_string()))?),
    };
    may_see(&app, &who, &view)?;
    let counts = app.metrics.trip_sockets.clone();
    let protocol = upgrade.protocol();
    Ok(upgrade.answer(move |line| {
        let socket = Socket::new(line, protocol, Arc::clone(&app), counts, alive);
        Box::new(Window { app, city, trip, socket, told: Told::default() }).stay(live, view)
    }))
}

/// One watcher of one trip.
struct Window {
    app: Arc<App>,
    city: City,
    trip: TripId,
    socket: Socket,
    told: Told,
}

impl Window {
    async fn stay(mut self: Box<Self>, live: Option<Receiver<Arc<TripView>>>, view: Arc<TripView>) {
        let shown = match live {
            Some(live) => self.follow(live).await,
            None => Box::pin(self.tell(&view)).await,
        };
        let end = match shown {
            Ok(()) => Box::pin(self.look_once_more()).await.err().unwrap_or(End::Dropped),
            Err(end) => end,
        };
        debug!(trip = %self.trip, ?end, "trip's socket ended");
        Box::pin(self.socket.end(end)).await;
    }

    /// Tells what is new.
    async fn tell(&mut self, view: &TripView) -> Result<(), End> {
        for news in self.told.news(view, self.city.clock().now(), &self.city.policy().fares) {
            self.socket.say(&news).await?;
        }
        if self.told.has_ended(view) { Err(End::Finished) } else { Ok(()) }
    }

    /// Follows a live trip until the city lets go of it.
    async fn follow(&mut self, mut live: Receiver<Arc<TripView>>) -> Result<(), End> {
        let app = Arc::clone(&self.app);
        let mut stopping = pin!(app.stopping());
        let mut alarm = pin!(sleep_until(self.socket.wake_at()));
        loop {
            let view = Arc::clone(&live.borrow_and_update());
            Box::pin(self.tell(&view)).await?;
            let changed = loop {
                tokio::select! {
                    () = &mut stopping => return Err(End::Stopping),
                    changed = live.changed() => break changed,
                    heard = self.socket.hear() => Box::pin(self.take(heard)).await?,
                    () = &mut alarm => {
                        Box::pin(self.socket.beat()).await?;
                        alarm.as_mut().reset(self.socket.wake_at());
                    }
                }
            };
            if changed.is_err() {
                return Ok(());
            }
        }
    }

    /// The city let go of the trip before its end was told: it may have ended, or be in the hands of another owner.
    async fn look_once_more(&mut self) -> Result<(), End> {
        match self.city.trip(self.trip).await {
            Ok(Some(view)) => self.tell(&view).await,
            Ok(None) | Err(_) => Ok(()),
        }
    }

    async fn take(&mut self, heard: Heard) -> Result<(), End> {
        match heard {
            Heard::Text(_) => self.socket.mistaken_frame(Code::UnexpectedMessage, "nothing: this socket tells").await,
            Heard::Binary(_) => self.socket.mistaken_frame(Code::BinaryFrame, "nothing: this socket tells").await,
            Heard::Over(end) => Err(end),
            Heard::Farewell => Err(End::Gone),
        }
    }
}
