//! Connections: how many there may be, and how long one may say nothing.
//!
//! Lives here: accepting, turning away, and a stream that gives up on who never finishes a request.
//! Stays out: what is said over a connection.
//! Touch with care: every request has [`crate::config::Limits::idle_after`] from its first byte to the first byte of
//! its answer, and a connection may rest that long between two requests. Drops of bytes do not prolong it. A
//! WebSocket never meets this limit: its heartbeats are written more often.

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
use tracing::{debug, warn};

use crate::metrics::Metrics;

/// How many are told at once that there is no room. More are closed without a word.
const TURNED_AWAY_AT_ONCE: usize = 64;

/// What someone hears for whom there is no room.
const NO_ROOM: &str = concat!(
    "HTTP/1.1 503 Service Unavailable\r\n",
    "content-type: application/problem+json\r\n",
    "retry-after: 1\r\n",
    "connection: close\r\n",
    "content-length: 145\r\n",
    "\r\n",
    r#"{"type":"/docs#busy","title":"Too busy","status":503,"detail":"too many connections: see limits.connections","#,
    r#""code":"busy","retry_after_ms":1000}"#,
);

/// Accepts connections.
#[derive(Debug)]
pub(crate) struct Doorway {
    listener: TcpListener,
    patience: Duration,
    room: Arc<Semaphore>,
    room_to_turn_away: Arc<Semaphore>,
    metrics: Metrics,
}

impl Doorway {
    pub(crate) fn new(listener: TcpListener, connections: usize, patience: Duration, metrics: Metrics) -> Doorway {
        let room = Arc::new(Semaphore::new(connections));
        let room_to_turn_away = Arc::new(Semaphore::new(TURNED_AWAY_AT_ONCE));
        Doorway { listener, patience, room, room_to_turn_away, metrics }
    }

    fn turn_away(&self, stream: TcpStream) {
        self.metrics.connections_refused.inc();
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
                Ok((stream, address)) => match Arc::clone(&self.room).try_acquire_owned() {
                    Ok(room) => {
                        // An offer waits for nobody: small messages go out at once.
                        let _ = stream.set_nodelay(true);
                        let open = self.metrics.connections.clone();
                        return (Connection::new(stream, self.patience, open, room), address);
                    }
                    Err(_) => self.turn_away(stream),
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

/// One connection, which holds its place in the limit for its life.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    patience: Duration,
    /// When the present request, or the rest before it, began.
    since: Instant,
    /// Whether the next byte read is the first of a request.
    at_rest: bool,
    alarm: Pin<Box<Sleep>>,
    open: IntGauge,
    _room: OwnedSemaphorePermit,
}

impl Connection {
    fn new(stream: TcpStream, patience: Duration, open: IntGauge, room: OwnedSemaphorePermit) -> Connection {
        open.inc();
        let since = Instant::now();
        let alarm = Box::pin(sleep_until(since + patience));
        Connection { stream, patience, since, at_rest: true, alarm, open, _room: room }
    }

    fn wrote(&mut self) {
        self.since = Instant::now();
        self.at_rest = true;
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.open.dec();
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if let Poll::Ready(read) = Pin::new(&mut self.stream).poll_read(cx, buffer) {
            if self.at_rest {
                self.since = Instant::now();
                self.at_rest = false;
            }
            return Poll::Ready(read);
        }
        while self.alarm.as_mut().poll(cx).is_ready() {
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
