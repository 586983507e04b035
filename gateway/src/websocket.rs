//! WebSockets over the bare connection: what is left of one when nobody speaks is its place among the connections and
//! a few words.
//!
//! Lives here: the way from a handshake to a [`Line`], and messages in and out of it.
//! Stays out: what is said, heartbeats and farewells (see [`crate::socket`]); frames as bytes (see [`frames`]).
//! Touch with care: reading. All sockets of a thread read into one buffer, and a line keeps only what it could not make a
//! message of: usually nothing. A library would keep its own buffers for each socket, and would have the bytes
//! copied twice.

pub(crate) mod frames;
mod handshake;

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};

use crate::doorway::{Connection, Held, Stream};
use frames::{Fault, Frames, Message, pong};
pub(crate) use handshake::{Upgrade, VERSION};

/// How much is read at once: more than a hundred positions.
const READ_AT_ONCE: usize = 16 * 1_024;

/// So many bytes of answers to pings wait for who does not read them; more pings are not answered.
const UNSENT_MAX: usize = 1_024;

thread_local! {
    static DESK: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ_AT_ONCE].into_boxed_slice());
}

/// Why nothing more is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lost {
    /// The connection ended or broke.
    Gone,
    /// What came breaks the rules. The line may still be written to.
    Fault(Fault),
}

/// One open WebSocket, as messages.
#[derive(Debug)]
pub(crate) struct Line {
    stream: Stream,
    frames: Frames,
    /// Answers to pings that are still to be written.
    unsent: Vec<u8>,
    _held: Held,
}

impl Line {
    /// Takes a connection over after its handshake. `heard` is what came after it already.
    fn new(connection: Connection, heard: &[u8]) -> Line {
        let (stream, held) = connection.into_parts();
        let mut frames = Frames::default();
        frames.feed(heard);
        Line { stream, frames, unsent: Vec::new(), _held: held }
    }

    /// The next message. May be asked again after any answer but [`Lost::Gone`].
    pub(crate) fn poll_hear(&mut self, context: &mut Context<'_>) -> Poll<Result<Message, Lost>> {
        loop {
            if !self.unsent.is_empty() && self.poll_catch_up(context).is_err() {
                return Poll::Ready(Err(Lost::Gone));
            }
            match self.frames.next() {
                Ok(Some(message)) => {
                    if let Message::Ping(content) = &message
                        && self.unsent.len() < UNSENT_MAX
                    {
                        self.unsent.extend(pong(content));
                        // It is on its way before anybody hears of it: who hears may not come back.
                        let _ = self.poll_catch_up(context);
                    }
                    return Poll::Ready(Ok(message));
                }
                Ok(None) => {}
                Err(fault) => return Poll::Ready(Err(Lost::Fault(fault))),
            }
            match ready!(self.poll_fill(context)) {
                Ok(0) | Err(_) => return Poll::Ready(Err(Lost::Gone)),
                Ok(_) => {}
            }
        }
    }

    /// The next message. May be dropped and called anew without loss.
    pub(crate) async fn hear(&mut self) -> Result<Message, Lost> {
        poll_fn(|context| self.poll_hear(context)).await
    }

    fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        DESK.with_borrow_mut(|desk| {
            let mut read = ReadBuf::new(desk);
            ready!(Pin::new(&mut self.stream).poll_read(context, &mut read))?;
            self.frames.feed(read.filled());
            Poll::Ready(Ok(read.filled().len()))
        })
    }

    /// Writes what is unsent, as far as it goes without waiting.
    fn poll_catch_up(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        while !self.unsent.is_empty() {
            match Pin::new(&mut self.stream).poll_write(context, &self.unsent)? {
                Poll::Ready(0) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(written) => drop(self.unsent.drain(..written)),
                Poll::Pending => return Ok(()),
            }
        }
        self.unsent = Vec::new();
        // Encrypted bytes may wait in a buffer. What does not go now goes with the next write.
        let _ = Pin::new(&mut self.stream).poll_flush(context)?;
        Ok(())
    }

    /// Writes a frame. Whoever drops this half-way must write no more.
    ///
    /// # Errors
    /// When the connection is broken.
    pub(crate) async fn send(&mut self, frame: &[u8]) -> io::Result<()> {
        let unsent = std::mem::take(&mut self.unsent);
        if !unsent.is_empty() {
            self.stream.write_all(&unsent).await?;
        }
        self.stream.write_all(frame).await?;
        self.stream.flush().await
    }

    /// Closes the connection for writing, as TLS wants it, too.
    pub(crate) async fn shut(&mut self) -> io::Result<()> {
        self.stream.shutdown().await
    }
}
