//! The peers of `bench gateway`: receivers that read positions, parse them and throw them away.
//!
//! Lives here: the least that a machine can do (epoll and frames by hand) and what everybody would write first (axum as it
//! comes). Each is a process of its own, `hansom-sim peer`, so that its CPU time and memory are its own.
//! Stays out: the clients.
//! Touch with care: both answer `GET /count` with how many positions they have read.

use std::io::{self, Read, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::extract::State;
use axum::extract::ws::{Message, WebSocketUpgrade};
use axum::routing::get;
use rustix::buffer::spare_capacity;
use rustix::event::epoll;
use serde::Deserialize;

use crate::load::{Kind, read_frame};

/// A position as these receivers read it.
#[derive(Debug, Deserialize)]
struct Ping<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    seq: u64,
    lat: f64,
    lon: f64,
    heading: Option<f64>,
    accuracy_m: Option<f64>,
    at_ms: Option<u64>,
}

/// Parses a position, and whether it was one. What was parsed is looked at, or the compiler would leave it out.
fn is_ping(text: &[u8]) -> bool {
    let Ok(ping) = serde_json::from_slice::<Ping<'_>>(text) else { return false };
    let place = ping.lat.is_finite() && ping.lon.is_finite() && ping.heading.is_none_or(f64::is_finite);
    place
        && ping.accuracy_m.is_none_or(f64::is_finite)
        && ping.at_ms.is_none_or(|at| at > ping.seq)
        && ping.kind == "ping"
}

/// Says where it listens, as a server does.
fn listen() -> io::Result<TcpListener> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let mut out = io::stdout().lock();
    writeln!(out, "listens at http://{}", listener.local_addr()?)?;
    out.flush()?;
    Ok(listener)
}

/// A connection of the receiver by hand, or the listener, which has no stream.
struct Open {
    stream: TcpStream,
    rest: Vec<u8>,
    upgraded: bool,
}

/// Receives in one thread over epoll, for ever: the least that this machine can do for a frame.
///
/// # Errors
/// When the system refuses sockets.
pub fn by_hand() -> io::Result<()> {
    gateway::raise_open_files()?;
    let listener = listen()?;
    listener.set_nonblocking(true)?;
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    epoll::add(&epoll, &listener, epoll::EventData::new_u64(u64::MAX), epoll::EventFlags::IN)?;
    let (mut open, mut free): (Vec<Option<Open>>, Vec<usize>) = (Vec::new(), Vec::new());
    let (mut events, mut bytes, mut count) = (Vec::with_capacity(1_024), vec![0_u8; 64 * 1_024], 0_u64);
    loop {
        events.clear();
        epoll::wait(&epoll, spare_capacity(&mut events), None)?;
        for event in &events {
            if event.data.u64() == u64::MAX {
                while let Ok((stream, _)) = listener.accept() {
                    stream.set_nonblocking(true)?;
                    let place = free.pop().unwrap_or(open.len());
                    epoll::add(&epoll, &stream, epoll::EventData::new_u64(place as u64), epoll::EventFlags::IN)?;
                    open.resize_with(open.len().max(place + 1), || None);
                    open[place] = Some(Open { stream, rest: Vec::new(), upgraded: false });
                }
                continue;
            }
            let place = event.data.u64() as usize;
            let Some(connection) = &mut open[place] else { continue };
            if !connection.read(&mut bytes, &mut count) {
                open[place] = None;
                free.push(place);
            }
        }
    }
}

impl Open {
    /// Whether the connection goes on.
    fn read(&mut self, bytes: &mut [u8], count: &mut u64) -> bool {
        let left = self.rest.len();
        bytes[..left].copy_from_slice(&self.rest);
        self.rest.clear();
        let read = match self.stream.read(&mut bytes[left..]) {
            Ok(0) | Err(_) => return false,
            Ok(read) => left + read,
        };
        let bytes = &mut bytes[..read];
        if !self.upgraded {
            if !bytes.ends_with(b"\r\n\r\n") {
                self.rest.extend_from_slice(bytes);
                return bytes.len() < 8 * 1_024;
            }
            self.upgraded = true;
            if bytes.starts_with(b"GET /count ") {
                let said = count.to_string();
                let answer =
                    format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{said}", said.len());
                let _ = self.stream.write_all(answer.as_bytes());
                return false;
            }
            let yes = b"HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n";
            return self.stream.write_all(yes).is_ok();
        }
        let mut at = 0;
        loop {
            match read_frame(&mut bytes[at..]) {
                Ok(Some((Kind::Text, content, taken))) => {
                    *count += u64::from(is_ping(content));
                    at += taken;
                }
                Ok(Some((Kind::Close, ..))) | Err(_) => return false,
                Ok(Some((_, _, taken))) => at += taken,
                Ok(None) => break,
            }
        }
        self.rest.extend_from_slice(&bytes[at..]);
        true
    }
}

/// Receives with axum and its defaults, on as many threads as tokio likes, for ever.
///
/// # Errors
/// When the system refuses sockets.
pub fn axum_as_it_comes() -> io::Result<()> {
    gateway::raise_open_files()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = listen()?;
        listener.set_nonblocking(true)?;
        let count = Arc::new(AtomicU64::new(0));
        let router = Router::new()
            .route("/v1/driver", get(receive))
            .route("/count", get(async |State(count): State<Arc<AtomicU64>>| count.load(Ordering::Relaxed).to_string()))
            .with_state(count);
        axum::serve(tokio::net::TcpListener::from_std(listener)?, router).await
    })
}

async fn receive(State(count): State<Arc<AtomicU64>>, upgrade: WebSocketUpgrade) -> axum::response::Response {
    upgrade.protocols(["hansom.v1.json"]).on_upgrade(async move |mut socket| {
        while let Some(Ok(message)) = socket.recv().await {
            if let Message::Text(text) = message {
                count.fetch_add(u64::from(is_ping(text.as_bytes())), Ordering::Relaxed);
            }
        }
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn only_positions_count() {
        let ping =
            br#"{"type":"ping","seq":7,"lat":40.75,"lon":-73.98,"heading":90,"accuracy_m":8,"at_ms":1764000000000}"#;
        assert!(super::is_ping(ping));
        assert!(!super::is_ping(br#"{"type":"hello","seq":7,"lat":40.75,"lon":-73.98}"#));
        assert!(!super::is_ping(b"{}"));
    }
}
