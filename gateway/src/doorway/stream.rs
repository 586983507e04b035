//! The bytes of a connection, encrypted or not. What is encrypted is boxed: a plain connection must not carry its room.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::Accept;
use tokio_rustls::server::TlsStream;

/// The bytes of a connection. A handshake is made by whoever reads first, so that accepting waits for none.
pub(crate) enum Stream {
    Plain(TcpStream),
    Shaking(Box<Accept<TcpStream>>),
    Tls(Box<TlsStream<TcpStream>>),
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Stream::Plain(_) => "Plain",
            Stream::Shaking(_) => "Shaking",
            Stream::Tls(_) => "Tls",
        })
    }
}

impl Stream {
    pub(super) fn is_shaking(&self) -> bool {
        matches!(self, Stream::Shaking(_))
    }

    /// Goes on with the handshake, if it is not done.
    fn poll_shake(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Stream::Shaking(accept) = self {
            let tls = ready!(Pin::new(accept.as_mut()).poll(cx))?;
            *self = Stream::Tls(Box::new(tls));
        }
        Poll::Ready(Ok(()))
    }
}

/// What a stream does when its handshake is done. One without is not asked for anything.
macro_rules! when_shaken {
    ($self:ident, $cx:ident, |$stream:ident| $do:expr) => {{
        let this = $self.get_mut();
        ready!(this.poll_shake($cx))?;
        match this {
            Stream::Plain($stream) => {
                let $stream = Pin::new($stream);
                $do
            }
            Stream::Tls($stream) => {
                let $stream = Pin::new($stream.as_mut());
                $do
            }
            Stream::Shaking(_) => Poll::Pending,
        }
    }};
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        when_shaken!(self, cx, |stream| stream.poll_read(cx, buffer))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        when_shaken!(self, cx, |stream| stream.poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        when_shaken!(self, cx, |stream| stream.poll_write_vectored(cx, bytes))
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Stream::Plain(stream) => stream.is_write_vectored(),
            Stream::Shaking(_) => true,
            Stream::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        when_shaken!(self, cx, |stream| stream.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_shaking() {
            // Whoever has not finished its greeting is owed no farewell.
            return Poll::Ready(Ok(()));
        }
        when_shaken!(self, cx, |stream| stream.poll_shutdown(cx))
    }
}
