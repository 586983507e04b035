//! One WebSocket, with its manners: heartbeats, limits, patience, a proper farewell.
//!
//! Lives here: opening, hearing, saying and ending, the same for drivers and riders.
//! Stays out: what is said.
//! Touch with care: the buffer sizes. The library's default costs 137 KB a connection and more time than everything
//! else together (it clears a 128 KiB buffer at every read). 1 KiB holds eight positions, grows for a longer frame, and is as
//! fast as the best.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::http::HeaderMap;
use serde::Serialize;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

use crate::Code;
use crate::app::{App, subprotocols};
use crate::fields::Mistake;
use crate::metrics::SocketMetrics;
use crate::problem::Problem;
use crate::wire::{ToDriver, Unreadable};

/// The subprotocol spoken at every socket.
pub(crate) const SUBPROTOCOL: &str = "hansom.v1.json";

/// The one in which positions are bytes, for drivers who want it.
pub(crate) const BINARY: &str = "hansom.v1.bin";

const READ_BUFFER: usize = 1_024;
const WRITE_BUFFER: usize = 512;
/// What may wait for a slow client before its socket is given up.
const WRITE_BUFFER_MAX: usize = 64 * 1_024;
/// A frame up to this size is read to its end even when it is too large, so that the farewell is not lost in a reset
/// of the connection. A larger one ends the connection at once.
const FRAME_READ_MAX: usize = 64 * 1_024;

/// This many bad messages in a row and the client is taken for broken.
const MISTAKES_MAX: u32 = 20;

/// How long a client may take to answer a farewell.
const FAREWELL: Duration = Duration::from_secs(1);

/// Why a socket ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The other side went away.
    Gone,
    /// All is said.
    Finished,
    /// A newer connection of the same driver took over.
    Superseded,
    /// The server stops.
    Stopping,
    /// The server is drained.
    Drained,
    /// The city has let go of this session, or of the trip.
    Dropped,
    /// Nothing was heard for too long.
    Idle,
    /// The other side does not take what it is told.
    TooSlow,
    /// Twenty bad messages in a row.
    TooManyMistakes,
    /// A frame larger than the limit.
    TooLarge,
    /// More frames than one socket may send.
    TooMany,
}

impl End {
    /// The name in metrics, and the close code with its reason; no code when nobody would hear it.
    fn facts(self) -> (&'static str, Option<(u16, &'static str)>) {
        match self {
            End::Gone => ("gone", None),
            End::Finished => ("finished", Some((1000, "the trip has ended"))),
            End::Superseded => ("superseded", Some((4001, "a newer connection took over"))),
            End::Stopping => ("stopping", Some((1012, "the server stops: come again"))),
            End::Drained => ("drained", Some((1012, "the server is drained: come again"))),
            End::Dropped => ("dropped", Some((1013, "come again"))),
            End::Idle => ("idle", Some((4002, "nothing was heard for too long"))),
            End::TooSlow => ("too_slow", None),
            End::TooManyMistakes => ("too_many_mistakes", Some((1008, "20 bad messages in a row"))),
            End::TooLarge => ("too_large", Some((1009, "the frame is too large"))),
            End::TooMany => ("too_many", Some((1008, "more frames than limits.frames_per_socket allows"))),
        }
    }
}

/// What was heard.
#[derive(Debug)]
pub(crate) enum Heard {
    /// A message.
    Text(Utf8Bytes),
    /// Bytes.
    Binary(Bytes),
    /// A frame above the limit.
    TooLarge,
    /// More frames than one socket may send.
    TooMany,
    /// The other side says that it goes.
    Farewell,
    /// Nothing, and nothing will be.
    Gone,
}

/// Checks that a request is a WebSocket's and speaks our language, and sets the buffers.
///
/// # Errors
/// [`Problem`] says what is wrong with the request.
pub(crate) fn prepare(
    headers: &HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    spoken: &'static [&'static str],
) -> Result<WebSocketUpgrade, Problem> {
    let upgrade = upgrade.map_err(|rejection| {
        Problem::new(Code::UpgradeRequired, rejection.body_text()).allowed("a WebSocket handshake, version 13")
    })?;
    let mut offered = subprotocols(headers).peekable();
    if offered.peek().is_some() && !offered.any(|protocol| spoken.contains(&protocol)) {
        // What was offered is not shown: it may be a token.
        let spoken = spoken.join(" or ");
        let detail = format!("none of the subprotocols offered is {spoken}");
        return Err(Problem::new(Code::BadValue, detail).field("Sec-WebSocket-Protocol").allowed(spoken));
    }
    Ok(upgrade
        .protocols(spoken.iter().copied())
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_write_buffer_size(WRITE_BUFFER_MAX)
        .max_message_size(FRAME_READ_MAX)
        .max_frame_size(FRAME_READ_MAX))
}

/// One open WebSocket.
#[derive(Debug)]
pub(crate) struct Socket {
    inner: WebSocket,
    app: Arc<App>,
    counts: SocketMetrics,
    opened_at: Instant,
    heard_at: Instant,
    frames_full_at: u64,
    beat_at: Instant,
    /// When to look at heartbeat and silence again.
    wake_at: Instant,
    mistakes: u32,
    binary: bool,
    _alive: mpsc::Sender<()>,
}

impl Socket {
    pub(crate) fn new(inner: WebSocket, app: Arc<App>, counts: SocketMetrics, alive: mpsc::Sender<()>) -> Socket {
        counts.open.inc();
        let now = Instant::now();
        let wake_at = now + app.limits.heartbeat_every;
        let binary = inner.protocol().is_some_and(|protocol| protocol == BINARY);
        Socket {
            inner,
            app,
            counts,
            opened_at: now,
            heard_at: now,
            frames_full_at: 0,
            beat_at: now,
            wake_at,
            mistakes: 0,
            binary,
            _alive: alive,
        }
    }

    /// When [`Socket::beat`] is due.
    pub(crate) fn wake_at(&self) -> Instant {
        self.wake_at
    }

    /// Waits for the next message. May be dropped and called anew without loss.
    pub(crate) async fn hear(&mut self) -> Heard {
        loop {
            let message = match self.inner.recv().await {
                Some(Ok(message)) => message,
                Some(Err(error)) if is_too_large(&error) => return Heard::TooLarge,
                Some(Err(_)) | None => return Heard::Gone,
            };
            self.heard_at = Instant::now();
            self.counts.frames_in.inc();
            if self.app.frames.take(&mut self.frames_full_at, nanos_since(self.opened_at, self.heard_at)).is_err() {
                return Heard::TooMany;
            }
            match message {
                Message::Text(text) if text.len() > self.app.limits.frame_bytes => return Heard::TooLarge,
                Message::Binary(bytes) if bytes.len() > self.app.limits.frame_bytes => return Heard::TooLarge,
                Message::Text(text) => return Heard::Text(text),
                Message::Binary(bytes) => return Heard::Binary(bytes),
                Message::Close(_) => return Heard::Farewell,
                // The library answers pings itself; both are signs of life.
                Message::Ping(_) | Message::Pong(_) => {}
            }
        }
    }

    /// Says something.
    ///
    /// # Errors
    /// [`End`] when nobody takes it.
    pub(crate) async fn say<T: Serialize>(&mut self, message: &T) -> Result<(), End> {
        // Everything said here is plain data: it can always be written.
        let text = serde_json::to_string(message).map_err(|_| End::Gone)?;
        self.send(Message::Text(text.into())).await
    }

    /// Says something in bytes.
    ///
    /// # Errors
    /// [`End`] when nobody takes it.
    pub(crate) async fn say_bytes(&mut self, bytes: Vec<u8>) -> Result<(), End> {
        self.send(Message::Binary(bytes.into())).await
    }

    /// Whether positions are bytes here.
    pub(crate) fn speaks_binary(&self) -> bool {
        self.binary
    }

    async fn send(&mut self, message: Message) -> Result<(), End> {
        match timeout(self.app.limits.write_within, self.inner.send(message)).await {
            Ok(Ok(())) => {
                self.counts.frames_out.inc();
                Ok(())
            }
            Ok(Err(_)) => Err(End::Gone),
            Err(_) => Err(End::TooSlow),
        }
    }

    /// Asks for a sign of life when it is time, and gives up on who gave none for too long.
    ///
    /// # Errors
    /// [`End`] when the other side is not there any more.
    pub(crate) async fn beat(&mut self) -> Result<(), End> {
        let (now, every, silence) = (Instant::now(), self.app.limits.heartbeat_every, self.app.limits.idle_after);
        if now.duration_since(self.heard_at) >= silence {
            return Err(End::Idle);
        }
        if now.duration_since(self.beat_at) >= every {
            self.beat_at = now;
            self.send(Message::Ping(Vec::new().into())).await?;
        }
        self.wake_at = (self.beat_at + every).min(self.heard_at + silence);
        Ok(())
    }

    /// Notes that a message was good.
    pub(crate) fn understood(&mut self) {
        self.mistakes = 0;
    }

    /// Says what is wrong with a message.
    ///
    /// # Errors
    /// [`End::TooManyMistakes`] when there were too many in a row.
    pub(crate) async fn mistaken(&mut self, unreadable: Unreadable) -> Result<(), End> {
        self.app.metrics.bad_messages.with_label_values(&[unreadable.mistake.code.as_str()]).inc();
        self.say(&ToDriver::error(unreadable)).await?;
        self.mistakes += 1;
        if self.mistakes < MISTAKES_MAX { Ok(()) } else { Err(End::TooManyMistakes) }
    }

    /// Says that something is wrong with a whole frame.
    ///
    /// # Errors
    /// As [`Socket::mistaken`].
    pub(crate) async fn mistaken_frame(&mut self, code: Code, allowed: impl Into<String>) -> Result<(), End> {
        self.mistaken(Unreadable { re: None, mistake: Mistake::whole(code, allowed.into()) }).await
    }

    /// Says farewell and waits a moment for the answer.
    pub(crate) async fn end(mut self, end: End) {
        let (reason, close) = end.facts();
        self.counts.closed(reason);
        if end == End::TooMany {
            self.app.metrics.rate_limited.with_label_values(&["limits.frames_per_socket"]).inc();
        }
        let said = match end {
            End::Stopping | End::Drained | End::Dropped | End::TooMany => {
                self.say(&ToDriver::Closing { retry_after_ms: come_back_after_ms() }).await
            }
            End::Superseded => self.say(&ToDriver::Superseded).await,
            End::TooLarge => {
                let allowed = format!("a frame of at most {} bytes", self.app.limits.frame_bytes);
                self.mistaken_frame(Code::FrameTooLarge, allowed).await
            }
            _ => Ok(()),
        };
        if said == Err(End::TooSlow) || end == End::TooSlow {
            return;
        }
        if let Some((code, why)) = close {
            let frame = CloseFrame { code, reason: Utf8Bytes::from_static(why) };
            if self.send(Message::Close(Some(frame))).await.is_err() {
                return;
            }
        }
        // Also answers the farewell of the other side, and reads what is on its way: to close with something unread
        // would reset the connection, and the last words with it.
        let _ = timeout(FAREWELL, async { while let Some(Ok(_)) = self.inner.recv().await {} }).await;
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.counts.open.dec();
    }
}

fn nanos_since(earlier: Instant, later: Instant) -> u64 {
    u64::try_from(later.duration_since(earlier).as_nanos()).unwrap_or(u64::MAX)
}

/// The library says only in words that a frame is above [`FRAME_READ_MAX`]; a test holds it to them.
fn is_too_large(error: &axum::Error) -> bool {
    error.to_string().contains("Message too long")
}

/// When to come back, spread over four seconds so that not everybody comes at once.
pub(crate) fn come_back_after_ms() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    // Steps of the golden ratio are spread evenly however many there are.
    1_000 + NEXT.fetch_add(2_472, Ordering::Relaxed) % 4_000
}
