//! The driver's door: one WebSocket, positions and commands in, offers and trips out.
//!
//! Touch with care: a position is the most frequent thing in the house. It is read, checked and handed over without
//! waiting for anything.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use actors::{CityError, Clock, DriverSession};
use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::http::HeaderMap;
use axum::response::Response;
use dispatch::{Notice, Timestamp};
use tokio::time::{Instant, sleep_until, timeout};
use tracing::debug;

use crate::Code;
use crate::app::App;
use crate::fields::Mistake;
use crate::problem::{Problem, from_city};
use crate::socket::{self, End, Heard, Socket};
use crate::wire::{FromDriver, ToDriver, Unreadable};

/// Positions are acknowledged at most this often.
const ACK_EVERY: Duration = Duration::from_secs(1);

/// A phone's clock may be this far ahead before it is counted. Any time ahead is set back to now.
const AHEAD_UNCOUNTED: Duration = Duration::from_secs(5);

/// A position older than this says nothing about where a driver is.
const POSITION_AGE_MAX: Duration = Duration::from_secs(600);

/// Opens the socket of a driver.
pub(super) async fn open(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let driver = app.driver(&headers)?;
    let upgrade = socket::prepare(&headers, upgrade)?;
    let alive = app.socket_token()?;
    let city = &app.inside()?.city;
    let clock = city.clock();
    let session = city.open_session(driver).await?;
    let counts = app.metrics.driver_sockets.clone();
    Ok(upgrade.on_upgrade(move |inner| {
        let socket = Socket::new(inner, Arc::clone(&app), counts, alive);
        Box::new(Shift { app, clock, session, socket, receipts: Receipts::default() }).work()
    }))
}

/// One connection of one driver. In ten thousand idle sockets every byte that a future holds counts: the shift is
/// boxed, and so is all that is done seldom.
struct Shift {
    app: Arc<App>,
    clock: Clock,
    session: DriverSession,
    socket: Socket,
    receipts: Receipts,
}

impl Shift {
    async fn work(mut self: Box<Self>) {
        debug!(driver = %self.session.driver(), session = self.session.id().0, "driver's socket opened");
        let Err(end) = self.talk().await;
        debug!(driver = %self.session.driver(), session = self.session.id().0, ?end, "driver's socket ended");
        let Shift { session, socket, .. } = *self;
        // First the city hears that the driver is gone, then the farewell takes its time.
        drop(session);
        Box::pin(socket.end(end)).await;
    }

    async fn talk(&mut self) -> Result<Infallible, End> {
        Box::pin(self.welcome(None)).await?;
        let app = Arc::clone(&self.app);
        let mut stopping = pin!(app.stopping());
        let mut alarm = pin!(sleep_until(self.wake_at()));
        loop {
            tokio::select! {
                () = &mut stopping => return Err(End::Stopping),
                notice = self.session.next() => Box::pin(self.tell(notice)).await?,
                heard = self.socket.hear() => self.take(heard).await?,
                () = &mut alarm => {
                    Box::pin(self.acknowledge()).await?;
                    if Instant::now() >= self.socket.wake_at() {
                        Box::pin(self.socket.beat()).await?;
                    }
                }
            }
            let wake_at = self.wake_at();
            if alarm.deadline() != wake_at {
                alarm.as_mut().reset(wake_at);
            }
        }
    }

    fn wake_at(&self) -> Instant {
        let beat = self.socket.wake_at();
        self.receipts.due().map_or(beat, |due| due.min(beat))
    }

    async fn welcome(&mut self, re: Option<u64>) -> Result<(), End> {
        let welcome = ToDriver::Welcome {
            re,
            driver: self.session.driver(),
            session: self.session.id().0,
            server_time_ms: self.clock.now().millis(),
            ping_every_ms: u64::try_from(self.app.ping_every.as_millis()).unwrap_or(u64::MAX),
            time_scale: self.clock.factor(),
        };
        self.socket.say(&welcome).await
    }

    async fn tell(&mut self, notice: Option<Notice>) -> Result<(), End> {
        match notice {
            None => Err(End::Dropped),
            Some(Notice::Superseded) => Err(End::Superseded),
            Some(notice) => match ToDriver::notice(&notice, self.clock.now()) {
                Some(message) => self.socket.say(&message).await,
                None => Ok(()),
            },
        }
    }

    async fn take(&mut self, heard: Heard) -> Result<(), End> {
        let text = match heard {
            Heard::Text(text) => text,
            Heard::Binary => {
                return Box::pin(self.socket.mistaken_frame(Code::BinaryFrame, "JSON in text frames")).await;
            }
            Heard::TooLarge => return Err(End::TooLarge),
            Heard::Gone => return Err(End::Gone),
        };
        let understood = match FromDriver::read(&text) {
            Ok(FromDriver::Ping { seq, point, at_ms, heading, accuracy }) => match self.measured_at(at_ms) {
                Ok(measured_at) => {
                    let taken = self.session.ping(point, measured_at, heading, accuracy);
                    self.receipts.owe(seq, taken, Instant::now());
                    Ok(None)
                }
                Err(mistake) => Err(Unreadable { re: None, mistake }),
            },
            read => read.map(Some),
        };
        match understood {
            Ok(None) => {
                self.socket.understood();
                // Once a second: boxed, for a future that does nothing would be as large in every socket.
                if self.receipts.due().is_some_and(|due| due <= Instant::now()) {
                    Box::pin(self.acknowledge()).await
                } else {
                    Ok(())
                }
            }
            Ok(Some(command)) => {
                self.socket.understood();
                Box::pin(self.obey(command)).await
            }
            Err(unreadable) => Box::pin(self.socket.mistaken(unreadable)).await,
        }
    }

    /// When a position was measured, as far as the phone can be believed.
    fn measured_at(&self, at_ms: Option<u64>) -> Result<Timestamp, Mistake> {
        let now = self.clock.now();
        let Some(at_ms) = at_ms else { return Ok(now) };
        let at = Timestamp::from_millis(at_ms);
        if at > now {
            if at.since(now) > AHEAD_UNCOUNTED {
                self.app.metrics.pings_from_the_future.inc();
            }
            return Ok(now);
        }
        if now.since(at) > POSITION_AGE_MAX {
            let allowed = format!("at most 10 minutes before the city's time, which is {} ms", now.millis());
            return Err(Mistake::bad("at_ms", &at_ms.to_string(), allowed));
        }
        Ok(at)
    }

    /// Gives the receipt that is due, if one is.
    async fn acknowledge(&mut self) -> Result<(), End> {
        match self.receipts.give(Instant::now()) {
            Some(Receipt { seq, taken: true, .. }) => Box::pin(self.socket.say(&ToDriver::Ack { seq })).await,
            Some(Receipt { seq, .. }) => Box::pin(self.socket.say(&ToDriver::ping_dropped(seq))).await,
            None => Ok(()),
        }
    }

    async fn obey(&mut self, command: FromDriver) -> Result<(), End> {
        let patience = self.app.limits.request_timeout;
        let (re, done) = match command {
            FromDriver::Hello { id, app } => {
                debug!(driver = %self.session.driver(), app = app.as_deref().unwrap_or_default(), "hello");
                return self.welcome(id).await;
            }
            FromDriver::Online { id, point, vehicle, home } => {
                (id, timeout(patience, self.session.online(point, vehicle, home, id)).await)
            }
            FromDriver::GoHome { id, home } => (id, timeout(patience, self.session.go_home(home, id)).await),
            FromDriver::Offline { id, on_break } => (id, timeout(patience, self.session.offline(on_break, id)).await),
            FromDriver::Answer { id, offer, yes } => (id, timeout(patience, self.session.answer(offer, yes, id)).await),
            FromDriver::Does { id, trip, deed } => (id, timeout(patience, self.session.does(trip, deed, id)).await),
            // Taken before it came here.
            FromDriver::Ping { .. } => return Ok(()),
        };
        match done {
            Ok(Ok(())) => Ok(()),
            Ok(Err(CityError::Refused(why))) => self.socket.say(&ToDriver::refused(re, &why)).await,
            Ok(Err(why)) => {
                let (code, retry_after) = from_city(&why);
                self.socket.say(&ToDriver::failed(re, code, retry_after)).await
            }
            // Where the command was when it was given up is unknown: only a new session is sure to be whole.
            Err(_) => {
                self.socket.say(&ToDriver::failed(re, Code::TimedOut, None)).await?;
                Err(End::Dropped)
            }
        }
    }
}

/// Which position is to be acknowledged, and when.
#[derive(Debug, Default)]
struct Receipts {
    owed: Option<Receipt>,
    given_at: Option<Instant>,
}

/// The latest position that was not acknowledged yet.
#[derive(Debug)]
struct Receipt {
    seq: u64,
    taken: bool,
    heard_at: Instant,
}

impl Receipts {
    /// Notes the latest position, and whether it was taken.
    fn owe(&mut self, seq: u64, taken: bool, now: Instant) {
        self.owed = Some(Receipt { seq, taken, heard_at: now });
    }

    /// When the next receipt may be given, if one is owed.
    fn due(&self) -> Option<Instant> {
        let owed = self.owed.as_ref()?;
        Some(self.given_at.map_or(owed.heard_at, |given| given + ACK_EVERY))
    }

    /// The receipt that is due, if one is.
    fn give(&mut self, now: Instant) -> Option<Receipt> {
        if self.due().is_none_or(|due| due > now) {
            return None;
        }
        self.given_at = Some(now);
        self.owed.take()
    }
}

#[cfg(test)]
mod tests;
