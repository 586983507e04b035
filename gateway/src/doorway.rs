//! Connections: how many there may be, and how long one may say nothing.
//!
//! Lives here: accepting, turning away, and a stream that gives up on who never finishes a handshake or a request.
//! Stays out: what is said over a connection, and certificates (see [`crate::tls`]).
//! Touch with care: every request has [`crate::config::Limits::idle_after`] from its first byte to the first byte of
//! its answer, and a connection may rest that long between two requests. Drops of bytes do not prolong it. A
//! WebSocket never meets this limit: its heartbeats are written more often.

mod crowd;
mod stream;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::serve::Listener;
use prometheus::IntGauge;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep, sleep_until, timeout};
use tokio_rustls::TlsAcceptor;
use tracing::{debug, warn};

use crate::config::Limits;
use crate::metrics::Metrics;
use crowd::{Crowd, Place};
pub(crate) use stream::Stream;

/// How many are told at once that there is no room. More are closed without a word.
const TURNED_AWAY_AT_ONCE: usize = 64;

/// What someone hears for whom there is no room.
const NO_ROOM: &str = concat!(
    "HTTP/1.1 503 Service Unavailable\r\n",
    "content-type: application/problem+json\r\n",
    "retry-after: 1\r\n",
    "connection: close\r\n",
    "content-length: 150\r\n",
    "\r\n",
    r#"{"type":"/docs#busy","title":"Too busy","status":503,"detail":"too many connections, in all or from your address","#,
    r#""code":"busy","retry_after_ms":1000}"#,
);

/// Accepts connections.
#[derive(Debug)]
pub(crate) struct Doorway {
    listener: TcpListener,
    patience: Duration,
    room: Arc<Semaphore>,
    crowd: Arc<Crowd>,
    room_to_turn_away: Arc<Semaphore>,
    tls: Option<Tls>,
    metrics: Metrics,
}

/// How connections are encrypted.
pub(crate) struct Tls {
    pub(crate) acceptor: TlsAcceptor,
    /// How long a handshake may take.
    pub(crate) within: Duration,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").field("within", &self.within).finish_non_exhaustive()
    }
}

impl Doorway {
    pub(crate) fn new(listener: TcpListener, limits: &Limits, tls: Option<Tls>, metrics: Metrics) -> Doorway {
        let room = Arc::new(Semaphore::new(limits.connections));
        let room_to_turn_away = Arc::new(Semaphore::new(TURNED_AWAY_AT_ONCE));
        let (patience, crowd) = (limits.idle_after, Crowd::new(limits));
        Doorway { listener, patience, room, crowd, room_to_turn_away, tls, metrics }
    }

    /// Lets somebody in, if there is room.
    fn admit(&self, stream: TcpStream, address: SocketAddr) -> Result<Connection, TcpStream> {
        let Some(place) = self.crowd.enter(address.ip()) else { return Err(stream) };
        let Ok(room) = Arc::clone(&self.room).try_acquire_owned() else { return Err(stream) };
        // An offer waits for nobody: small messages go out at once.
        let _ = stream.set_nodelay(true);
        let (stream, within) = match &self.tls {
            None => (Stream::Plain(stream), self.patience),
            Some(tls) => (Stream::Shaking(Box::new(tls.acceptor.accept(stream))), tls.within),
        };
        let held = Held::new(self.metrics.connections.clone(), place, room);
        Ok(Connection::new(stream, self.patience, within, held))
    }

    fn turn_away(&self, stream: TcpStream) {
        self.metrics.connections_refused.inc();
        if self.tls.is_some() {
            // A word in plain text would be noise.
            return;
        }
        let Ok(room) = Arc::clone(&self.room_to_turn_away).try_acquire_owned() else { return };
        tokio::spawn(async move {
            // Closing with the request unread would reset the connection and take the answer with it.
            let _ = timeout(Duration::from_secs(1), say_no_room(stream)).await;
            drop(room);
        });
    }
}

async fn say_no_room(mut stream: TcpStream) -> io::Result<()> {
    let mut request = [0; 4_096];
    stream.readable().await?;
    let _ = stream.try_read(&mut request);
    stream.write_all(NO_ROOM.as_bytes()).await?;
    stream.shutdown().await
}

impl Listener for Doorway {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        loop {
            match self.listener.accept().await {
                Ok((stream, address)) => match self.admit(stream, address) {
                    Ok(connection) => return (connection, address),
                    Err(stream) => self.turn_away(stream),
                },
                Err(error) if is_of_one_connection(&error) => {
                    debug!(%error, "a connection broke before it was accepted")
                }
                Err(error) => {
                    warn!(%error, "cannot accept connections: out of file descriptors?");
                    sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// What a connection holds for its life.
#[derive(Debug)]
pub(crate) struct Held {
    open: IntGauge,
    _place: Place,
    _room: OwnedSemaphorePermit,
}

impl Held {
    fn new(open: IntGauge, place: Place, room: OwnedSemaphorePermit) -> Held {
        open.inc();
        Held { open, _place: place, _room: room }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.open.dec();
    }
}

/// One connection, which holds its place in the limits for its life.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: Stream,
    patience: Duration,
    /// When the present request, or the rest before it, began.
    since: Instant,
    /// When a handshake or a request that has not been finished is given up.
    alarm: Pin<Box<Sleep>>,
    /// Whether the next byte read is the first of a request.
    at_rest: bool,
    held: Held,
}

impl Connection {
    /// `within` is how long it may take until the first request may begin.
    fn new(stream: Stream, patience: Duration, within: Duration, held: Held) -> Connection {
        let since = Instant::now();
        let alarm = Box::pin(sleep_until(since + within));
        Connection { stream, patience, since, alarm, at_rest: true, held }
    }

    /// Its bytes, without a limit for requests, and its place.
    pub(crate) fn into_parts(self) -> (Stream, Held) {
        (self.stream, self.held)
    }

    fn wrote(&mut self) {
        self.since = Instant::now();
        self.at_rest = true;
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let was_shaking = self.stream.is_shaking();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if was_shaking && !self.stream.is_shaking() {
            self.since = Instant::now();
        }
        if let Poll::Ready(read) = read {
            if self.at_rest {
                self.since = Instant::now();
                self.at_rest = false;
            }
            return Poll::Ready(read);
        }
        while self.alarm.as_mut().poll(cx).is_ready() {
            // A handshake has its time from the beginning to the end.
            if self.stream.is_shaking() {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            // The alarm is not moved with every byte, only when it rings too early.
            let due = self.since + self.patience;
            if due <= Instant::now() {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            self.alarm.as_mut().reset(due);
        }
        Poll::Pending
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.stream).poll_write(cx, bytes);
        if wrote.is_ready() {
            self.wrote();
        }
        wrote
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        if wrote.is_ready() {
            self.wrote();
        }
        wrote
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::NO_ROOM;

    #[test]
    fn whoever_is_turned_away_is_told_so_in_proper_json() {
        let (head, body) = NO_ROOM.split_once("\r\n\r\n").unwrap();
        let length: usize = head.split("content-length: ").nth(1).unwrap().trim().parse().unwrap();
        assert_eq!(length, body.len());
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["code"], "busy");
    }
}
