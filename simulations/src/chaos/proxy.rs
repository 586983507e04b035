//! A way to a server that can be cut, or fall silent.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Passes on what comes to a port of its own, both ways, as long as it is let.
#[derive(Debug)]
pub(super) struct Proxy {
    port: u16,
    cut: watch::Sender<u64>,
    silent: watch::Sender<bool>,
}

impl Proxy {
    /// A way to this port of the loopback.
    pub(super) async fn to(port: u16) -> io::Result<Proxy> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let proxy = Proxy {
            port: listener.local_addr()?.port(),
            cut: watch::Sender::new(0),
            silent: watch::Sender::new(false),
        };
        let (cut, silent) = (proxy.cut.subscribe(), proxy.silent.subscribe());
        tokio::spawn(async move {
            while let Ok((here, _)) = listener.accept().await {
                let (mut cut, silent) = (cut.clone(), silent.clone());
                cut.mark_unchanged();
                tokio::spawn(async move {
                    // A connection that fails on either side is dropped on both: that is what a broken way looks like.
                    let Ok(there) = TcpStream::connect(("127.0.0.1", port)).await else { return };
                    tokio::select! {
                        () = pass(here, there, silent) => {}
                        _ = cut.changed() => {}
                    }
                });
            }
        });
        Ok(proxy)
    }

    /// The port to come to.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Breaks all connections there are.
    pub(super) fn cut(&self) {
        self.cut.send_modify(|times| *times += 1);
    }

    /// Holds everything back for a while; then it is passed on.
    pub(super) async fn silence(&self, lasts: Duration) {
        self.silent.send_replace(true);
        tokio::time::sleep(lasts).await;
        self.silent.send_replace(false);
    }
}

async fn pass(here: TcpStream, there: TcpStream, silent: watch::Receiver<bool>) {
    let (from_here, to_here) = here.into_split();
    let (from_there, to_there) = there.into_split();
    tokio::select! {
        () = pump(from_here, to_there, silent.clone()) => {}
        () = pump(from_there, to_here, silent) => {}
    }
}

/// One way, until either end is gone.
async fn pump(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, mut silent: watch::Receiver<bool>) {
    let mut bytes = vec![0; 16_384];
    while let Ok(read) = from.read(&mut bytes).await {
        if read == 0 || silent.wait_for(|silent| !silent).await.is_err() || to.write_all(&bytes[..read]).await.is_err()
        {
            return;
        }
    }
}
