//! One WebSocket, with its manners: heartbeats, limits, patience, a proper farewell.
//!
//! Lives here: opening, hearing, saying and ending, the same for drivers and riders.
//! Stays out: what is said.
//! Touch with care: in ten thousand idle sockets every byte counts, and at a hundred thousand positions a second every
//! look at a clock. One moment is taken for each message.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

use crate::Code;
use crate::app::App;
use crate::fields::Mistake;
use crate::metrics::SocketMetrics;
use crate::websocket::frames::{self, Fault, Message};
use crate::websocket::{Line, Lost};
use crate::wire::{ToDriver, Unreadable};

/// The subprotocol spoken at every socket.
pub(crate) const SUBPROTOCOL: &str = "hansom.v1.json";

/// The one in which positions are bytes, for drivers who want it.
pub(crate) const BINARY: &str = "hansom.v1.bin";

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
    /// What was sent are no frames of a WebSocket's client.
    BadFrames,
    /// A text that is not UTF-8.
    NotUtf8,
}

impl From<Lost> for End {
    fn from(lost: Lost) -> End {
        match lost {
            Lost::Gone => End::Gone,
            Lost::Fault(Fault::TooLarge) => End::TooLarge,
            Lost::Fault(Fault::Broken) => End::BadFrames,
            Lost::Fault(Fault::NotUtf8) => End::NotUtf8,
        }
    }
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
            End::BadFrames => ("bad_frames", Some((1002, "these are no frames of a client"))),
            End::NotUtf8 => ("not_utf8", Some((1007, "a text that is not UTF-8"))),
            End::TooMany => ("too_many", Some((1008, "more frames than limits.frames_per_socket allows"))),
        }
    }
}

/// What was heard.
#[derive(Debug)]
pub(crate) enum Heard {
    /// A message.
    Text(String),
    /// Bytes.
    Binary(Vec<u8>),
    /// The other side says that it goes.
    Farewell,
    /// Nothing that could be gone on with: nobody is there, or the limits or the rules do not allow it.
    Over(End),
}

/// One open WebSocket.
#[derive(Debug)]
pub(crate) struct Socket {
    line: Line,
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
    /// Whether the other side said that it goes.
    left: bool,
    _alive: mpsc::Sender<()>,
}

impl Socket {
    pub(crate) fn new(
        line: Line,
        protocol: Option<&'static str>,
        app: Arc<App>,
        counts: SocketMetrics,
        alive: mpsc::Sender<()>,
    ) -> Socket {
        counts.open.inc();
        let now = Instant::now();
        let wake_at = now + app.limits.heartbeat_every;
        Socket {
            line,
            app,
            counts,
            opened_at: now,
            heard_at: now,
            frames_full_at: 0,
            beat_at: now,
            wake_at,
            mistakes: 0,
            binary: protocol == Some(BINARY),
            left: false,
            _alive: alive,
        }
    }

    /// When something was heard last.
    pub(crate) fn heard_at(&self) -> Instant {
        self.heard_at
    }

    /// When [`Socket::beat`] is due.
    pub(crate) fn wake_at(&self) -> Instant {
        self.wake_at
    }

    /// Waits for the next message. May be dropped and called anew without loss.
    pub(crate) async fn hear(&mut self) -> Heard {
        poll_fn(|context| self.poll_hear(context)).await
    }

    /// The next message, if it is here.
    pub(crate) fn poll_hear(&mut self, context: &mut Context<'_>) -> Poll<Heard> {
        loop {
            let message = match ready!(self.line.poll_hear(context)) {
                Ok(message) => message,
                Err(lost) => return Poll::Ready(Heard::Over(lost.into())),
            };
            self.heard_at = Instant::now();
            self.counts.frames_in.inc();
            if self.app.frames.take(&mut self.frames_full_at, nanos_since(self.opened_at, self.heard_at)).is_err() {
                return Poll::Ready(Heard::Over(End::TooMany));
            }
            let most = self.app.limits.frame_bytes;
            return Poll::Ready(match message {
                Message::Text(text) if text.len() > most => Heard::Over(End::TooLarge),
                Message::Binary(bytes) if bytes.len() > most => Heard::Over(End::TooLarge),
                Message::Text(text) => Heard::Text(text),
                Message::Binary(bytes) => Heard::Binary(bytes),
                Message::Close => {
                    self.left = true;
                    Heard::Farewell
                }
                // The line answers pings itself; both are signs of life.
                Message::Ping(_) | Message::Pong => continue,
            });
        }
    }

    /// Says something.
    ///
    /// # Errors
    /// [`End`] when nobody takes it.
    pub(crate) async fn say<T: Serialize>(&mut self, message: &T) -> Result<(), End> {
        // Everything said here is plain data: it can always be written.
        let text = serde_json::to_string(message).map_err(|_| End::Gone)?;
        self.send(frames::text(&text)).await
    }

    /// Says something in bytes.
    ///
    /// # Errors
    /// [`End`] when nobody takes it.
    pub(crate) async fn say_bytes(&mut self, bytes: &[u8]) -> Result<(), End> {
        self.send(frames::binary(bytes)).await
    }

    /// Whether positions are bytes here.
    pub(crate) fn speaks_binary(&self) -> bool {
        self.binary
    }

    async fn send(&mut self, frame: Vec<u8>) -> Result<(), End> {
        match timeout(self.app.limits.write_within, self.line.send(&frame)).await {
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
            self.send(frames::ping()).await?;
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
        // Who goes hears it back (RFC 6455, 5.5.1).
        if let Some((code, why)) = close.or(self.left.then_some((1000, "")))
            && self.send(frames::close(code, why)).await.is_err()
        {
            return;
        }
        // To close with something unread would reset the connection, and the last words with it: what is on its way is heard
        // up to the answer. Whoever sent no frames is heard to the end.
        let _ = timeout(FAREWELL, async {
            while !self.left {
                match self.line.hear().await {
                    Ok(Message::Close) => self.left = true,
                    Ok(_) | Err(Lost::Fault(_)) => {}
                    Err(Lost::Gone) => return,
                }
            }
            // Nobody is left to hear that this failed.
            let _ = self.line.shut().await;
        })
        .await;
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

/// When to come back, spread over four seconds so that not everybody comes at once.
pub(crate) fn come_back_after_ms() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    // Steps of the golden ratio are spread evenly however many there are.
    1_000 + NEXT.fetch_add(2_472, Ordering::Relaxed) % 4_000
}
