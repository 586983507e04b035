//! The driver's door: one WebSocket, positions and commands in, offers and trips out.
//!
//! Touch with care: a position is the most frequent thing in the house. It is read, checked and handed over without
//! waiting for anything.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use actors::{City, CityError, Cursor, DriverSession, News, Told};
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use dispatch::{Notice, Timestamp};
use futures_util::FutureExt;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};
use tracing::debug;

mod cadence;
mod receipts;

use super::openapi::{PROBLEM, Refused};
use super::query::Query;
use crate::Code;
use crate::app::{App, Phase};
use crate::fields::Mistake;
use crate::problem::{Body9457, Problem, from_city};
use crate::socket::{self, End, Heard, Socket};
use crate::websocket::Upgrade;
use crate::wire::{Counted, FromDriver, Position, ToDriver, Unreadable, binary_ack, millis, read_binary};
use cadence::Cadence;
use receipts::{Receipt, Receipts};

/// A phone's clock may be this far ahead before it is counted. Any time ahead is set back to now.
const AHEAD_UNCOUNTED: Duration = Duration::from_secs(5);

/// A position older than this says nothing about where a driver is.
const POSITION_AGE_MAX: Duration = Duration::from_secs(600);

/// While the server is drained: how soon it is looked again whether a driver's trip has ended.
const LOOKS_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// While the city is sent too much: how long a socket without an offer or a trip is not read after a position, for each time
/// that phones are slowed down. One that keeps to its cadence never notices.
const REST: Duration = Duration::from_millis(25);

/// So many positions in a row are given up at once for a newer one; then others have their turn.
const PASSED_OVER_MAX: u32 = 64;

/// Opens the socket of a driver.
#[utoipa::path(
    get, path = "/v1/driver", operation_id = "driver", tag = "drivers",
    description = "A WebSocket, subprotocol `hansom.v1.json` or `hansom.v1.bin`; what is said over it is in /asyncapi.json.",
    params(("resume" = Option<String>, Query, description = "The cursor of the last message that was heard")),
    responses((status = 101, description = "A WebSocket"), (status = 426, description = "This address is a WebSocket", body = Body9457<'static>, content_type = PROBLEM), Refused),
)]
pub(super) async fn open(
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    upgrade: Result<Upgrade, Problem>,
) -> Result<Response, Problem> {
    let driver = app.driver(&headers)?;
    let upgrade = upgrade?.choose(&headers, &[socket::BINARY, socket::SUBPROTOCOL])?;
    let heard = resume(query.as_deref())?;
    let alive = app.socket_token()?;
    // Who comes back over a broken line is not new: while the server is drained, that is who has a trip to end.
    let inside = if heard.is_some() { app.inside()? } else { app.admit()? };
    let city = inside.city.clone();
    if heard.is_none() && city.is_full() {
        return Err(Problem::full());
    }
    let session = match heard {
        Some(heard) => city.resume_session(driver, heard).await?,
        None => city.open_session(driver).await?,
    };
    let counts = app.metrics.driver_sockets.clone();
    let protocol = upgrade.protocol();
    Ok(upgrade.answer(move |line| {
        let socket = Socket::new(line, protocol, Arc::clone(&app), counts, alive);
        let (receipts, cadence) = (Receipts::default(), Cadence::default());
        Box::new(Shift { app, city, session, socket, receipts, cadence, leaves_at: None, rests_until: None }).work()
    }))
}

/// The cursor in the address, `?resume=...`, if there is one.
fn resume(query: Option<&str>) -> Result<Option<Cursor>, Mistake> {
    let mut query = Query::read(query)?;
    let heard = query.maybe("resume", "a cursor as the server gave it")?;
    query.done("resume")?;
    Ok(heard)
}

/// Waits until the server opens, is drained or stops.
async fn next_phase(mut phases: watch::Receiver<Phase>) -> (Phase, watch::Receiver<Phase>) {
    // The sender is in the app: it cannot go away meanwhile.
    let _ = phases.changed().await;
    let phase = *phases.borrow_and_update();
    (phase, phases)
}

/// What a shift waits for.
enum Call {
    /// The server opens, is drained or stops.
    Phase(Phase, watch::Receiver<Phase>),
    /// There is something to tell; nothing, when the city let go of the session.
    News(Option<Box<Told>>),
    /// Something is due.
    Alarm,
    /// The phone says something.
    Heard(Heard),
}

/// One connection of one driver. In ten thousand idle sockets every byte that a future holds counts: the shift is
/// boxed, and so is all that is done seldom.
struct Shift {
    app: Arc<App>,
    city: City,
    session: DriverSession,
    socket: Socket,
    receipts: Receipts,
    cadence: Cadence,
    /// While the server is drained: when it is this driver's turn to go elsewhere.
    leaves_at: Option<Instant>,
    /// While the city is sent too much: when this socket is read again.
    rests_until: Option<Instant>,
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
        Box::pin(self.welcome(None, None)).await?;
        let app = Arc::clone(&self.app);
        let mut phases = app.phase.subscribe();
        self.heed(*phases.borrow_and_update())?;
        // Asked once, and again only when there is something to hear: to ask them at every position would cost more than the
        // position itself. They wake this task by themselves.
        let mut seen = phases.clone();
        let mut phase = pin!(next_phase(phases));
        let mut alarm = pin!(sleep_until(self.wake_at()));
        let mut asked = false;
        loop {
            let call = poll_fn(|context| {
                // What the driver is told goes before what the phone says: an offer waits for no position.
                if !(asked && seen.has_changed().is_ok_and(|changed| !changed))
                    && let Poll::Ready((now, phases)) = phase.as_mut().poll(context)
                {
                    return Poll::Ready(Call::Phase(now, phases));
                }
                if let Poll::Ready(told) = self.session.poll_next(context) {
                    return Poll::Ready(Call::News(told));
                }
                if (!asked || alarm.is_elapsed()) && alarm.as_mut().poll(context).is_ready() {
                    return Poll::Ready(Call::Alarm);
                }
                asked = true;
                if self.rests_until.is_some() { Poll::Pending } else { self.socket.poll_hear(context).map(Call::Heard) }
            });
            match call.await {
                Call::Phase(now, phases) => {
                    (seen, asked) = (phases.clone(), false);
                    phase.set(next_phase(phases));
                    self.heed(now)?;
                }
                Call::News(told) => Box::pin(self.tell(told)).await?,
                Call::Alarm => {
                    self.leave()?;
                    self.rests_until = self.rests_until.filter(|until| *until > Instant::now());
                    Box::pin(self.acknowledge()).await?;
                    if Instant::now() >= self.socket.wake_at() {
                        Box::pin(self.socket.beat()).await?;
                    }
                }
                // A city that is sent too much: boxed, for most of the time it is not.
                Call::Heard(heard) if self.city.slowdown() > 1 => Box::pin(self.take_latest(heard)).await?,
                Call::Heard(heard) => self.take(heard).await?,
            }
            let wake_at = self.wake_at();
            if alarm.deadline() != wake_at {
                alarm.as_mut().reset(wake_at);
                asked = false;
            }
        }
    }

    fn wake_at(&self) -> Instant {
        let beat = self.socket.wake_at();
        self.receipts.due().into_iter().chain(self.leaves_at).chain(self.rests_until).fold(beat, Instant::min)
    }

    /// The server opens, is drained, or stops.
    fn heed(&mut self, phase: Phase) -> Result<(), End> {
        self.leaves_at = match phase {
            Phase::Stopping => return Err(End::Stopping),
            Phase::Draining(drain) => Some(drain.turn()),
            Phase::Starting | Phase::Ready => None,
        };
        Ok(())
    }

    /// Goes when it is time. Who is on a trip stays until its end.
    fn leave(&mut self) -> Result<(), End> {
        match self.leaves_at {
            Some(at) if at <= Instant::now() && self.cadence.is_on_trip() => {
                self.leaves_at = Some(Instant::now() + LOOKS_AGAIN_AFTER);
                Ok(())
            }
            Some(at) if at <= Instant::now() => Err(End::Drained),
            _ => Ok(()),
        }
    }

    async fn welcome(&mut self, re: Option<u64>, sent_at_ms: Option<u64>) -> Result<(), End> {
        let clock = self.city.clock();
        let every = self.cadence.now(&self.city);
        let welcome = ToDriver::Welcome {
            re,
            driver: self.session.driver(),
            session: self.session.id().0,
            server_time_ms: clock.now().millis(),
            sent_at_ms,
            ping_every_ms: millis(every),
            time_scale: clock.factor(),
        };
        self.socket.say(&welcome).await
    }

    async fn tell(&mut self, told: Option<Box<Told>>) -> Result<(), End> {
        let Some(told) = told else { return Err(End::Dropped) };
        let Told { cursor, news } = *told;
        let message = match &news {
            News::Resumed { complete, again } => Some(ToDriver::Resumed { complete: *complete, again: *again }),
            News::Notice(Notice::Superseded) => return Err(End::Superseded),
            News::Notice(notice) => {
                self.cadence.hear(notice);
                // Who has an offer or a trip is listened to at once.
                self.rests_until = self.rests_until.filter(|_| self.cadence.has_time());
                ToDriver::notice(notice, self.city.clock().now())
            }
        };
        if let Some(message) = message {
            let cursor = cursor.map(|cursor| cursor.to_string());
            self.socket.say(&Counted { message, cursor }).await?;
        }
        self.steer().await
    }

    /// Tells the phone how often to say where it is, when that has changed.
    async fn steer(&mut self) -> Result<(), End> {
        match self.cadence.changed(&self.city) {
            None => Ok(()),
            Some((every, pace, slowdown)) => {
                let pace = pace.as_str();
                self.socket.say(&ToDriver::Cadence { ping_every_ms: millis(every), pace, slowdown }).await
            }
        }
    }

    /// Takes what was heard while the city is sent too much: of positions that are here already only the latest, and then
    /// the socket rests, unless the driver has an offer or a trip. So the oldest positions go first, and what is left of the
    /// machine is for riders and rides.
    async fn take_latest(&mut self, mut heard: Heard) -> Result<(), End> {
        let mut passed_over = 0;
        while self.is_position(&heard) && passed_over < PASSED_OVER_MAX {
            match self.socket.hear().now_or_never() {
                None => break,
                Some(next) if self.is_position(&next) => {
                    (heard, passed_over) = (next, passed_over + 1);
                }
                Some(next) => {
                    self.take(heard).await?;
                    heard = next;
                }
            }
        }
        self.session.passed_over(passed_over);
        let rests = self.is_position(&heard) && self.cadence.has_time();
        self.take(heard).await?;
        if rests {
            self.rests_until = Some(Instant::now() + REST * self.city.slowdown());
        }
        Ok(())
    }

    /// Whether this is a position, as far as it can be told without reading it.
    fn is_position(&self, heard: &Heard) -> bool {
        match heard {
            Heard::Text(text) => text.starts_with(r#"{"type":"ping","#),
            Heard::Binary(_) => self.socket.speaks_binary(),
            _ => false,
        }
    }

    async fn take(&mut self, heard: Heard) -> Result<(), End> {
        let read = match heard {
            Heard::Text(text) => FromDriver::read(&text),
            Heard::Binary(bytes) if self.socket.speaks_binary() => read_binary(&bytes),
            Heard::Binary(_) => {
                return Box::pin(self.socket.mistaken_frame(Code::BinaryFrame, "JSON in text frames")).await;
            }
            Heard::Over(end) => return Err(end),
            Heard::Farewell => {
                self.session.farewell();
                return Err(End::Gone);
            }
        };
        let understood = match read {
            Ok(FromDriver::Ping(position)) => self.measured_at(position.at_ms).map(|at| {
                self.take_position(position, at);
                None
            }),
            Ok(FromDriver::Pings(positions)) => {
                self.take_batch(&positions);
                Ok(None)
            }
            Ok(command) => Ok(Some(command)),
            Err(unreadable) => return Box::pin(self.socket.mistaken(unreadable)).await,
        };
        match understood {
            Ok(None) => {
                self.socket.understood();
                // Once a second: boxed, for a future that does nothing would be as large in every socket.
                if self.receipts.due().is_some_and(|due| due <= self.socket.heard_at()) {
                    Box::pin(self.acknowledge()).await?;
                }
                // A city that is sent too much slows those down who send.
                if self.cadence.is_stale(&self.city) { Box::pin(self.steer()).await } else { Ok(()) }
            }
            Ok(Some(command)) => {
                self.socket.understood();
                Box::pin(self.obey(command)).await
            }
            Err(mistake) => Box::pin(self.socket.mistaken(Unreadable { re: None, mistake })).await,
        }
    }

    fn take_position(&mut self, position: Position, measured_at: Timestamp) {
        let Position { seq, point, heading, accuracy, .. } = position;
        let taken = self.session.ping(point, measured_at, heading, accuracy);
        self.receipts.owe(seq, taken, self.socket.heard_at());
    }

    /// Positions of a time when nobody could be told. Only the latest says where the driver is; all are acknowledged, also
    /// those too old to mean anything, or the phone would keep them for ever.
    fn take_batch(&mut self, positions: &[Position]) {
        let dated = |position: &Position| self.measured_at(position.at_ms).ok().map(|at| (at, *position));
        let latest = positions.iter().filter_map(dated).max_by_key(|(at, position)| (*at, position.seq));
        self.app.metrics.pings_caught_up.inc_by(positions.len().saturating_sub(1) as u64);
        if let Some((at, position)) = latest {
            self.take_position(position, at);
        }
        if let Some(seq) = positions.iter().map(|position| position.seq).max() {
            self.receipts.owe_up_to(seq, Instant::now());
        }
    }

    /// When a position was measured, as far as the phone can be believed.
    fn measured_at(&self, at_ms: Option<u64>) -> Result<Timestamp, Mistake> {
        let now = self.city.clock().now();
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
            Some(Receipt { seq, taken: true, .. }) if self.socket.speaks_binary() && u32::try_from(seq).is_ok() => {
                Box::pin(self.socket.say_bytes(&binary_ack(seq))).await
            }
            Some(Receipt { seq, taken: true, .. }) => Box::pin(self.socket.say(&ToDriver::Ack { seq })).await,
            Some(Receipt { seq, .. }) => Box::pin(self.socket.say(&ToDriver::ping_dropped(seq))).await,
            None => Ok(()),
        }
    }

    async fn obey(&mut self, command: FromDriver) -> Result<(), End> {
        let patience = self.app.limits.request_timeout;
        let (re, done) = match command {
            FromDriver::Hello { id, app, sent_at_ms } => {
                debug!(driver = %self.session.driver(), app = app.as_deref().unwrap_or_default(), "hello");
                return self.welcome(id, sent_at_ms).await;
            }
            FromDriver::Ack { cursor } => {
                self.session.confirm(cursor);
                return Ok(());
            }
            FromDriver::Online { id, point, vehicle, home } => {
                (id, timeout(patience, self.session.online(point, vehicle, home, id)).await)
            }
            FromDriver::GoHome { id, home } => (id, timeout(patience, self.session.go_home(home, id)).await),
            FromDriver::Offline { id, on_break } => (id, timeout(patience, self.session.offline(on_break, id)).await),
            FromDriver::Answer { id, offer, yes } => (id, timeout(patience, self.session.answer(offer, yes, id)).await),
            FromDriver::Does { id, trip, deed } => (id, timeout(patience, self.session.does(trip, deed, id)).await),
            // Taken before it came here.
            FromDriver::Ping(_) | FromDriver::Pings(_) => return Ok(()),
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
