//! One client's connection: opened without waiting, from an address of one's own, read and written without waiting.
//!
//! Lives here: the socket, what is left of frames on both ways, the HTTP handshake.
//! Stays out: what is said; who waits for what ([`super::fleet`]).

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};

use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, connect, socket_with};

use super::frames::{self, Kind};

/// What may wait for a server that does not read. More is not sent at all.
const OUTBOX_MAX: usize = 64 * 1_024;

/// The longest answer to a handshake that is read.
const ANSWER_MAX: usize = 8 * 1_024;

/// One client's connection.
#[derive(Debug)]
pub(crate) struct Wire {
    stream: TcpStream,
    /// The beginning of what has not come whole yet.
    inbox: Vec<u8>,
    /// What the socket did not take yet.
    outbox: Vec<u8>,
}

/// What became of something that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    /// The socket has it.
    Whole,
    /// The rest waits until the socket can be written.
    Waits,
    /// Too much waits already: it is dropped.
    Dropped,
}

/// What a server said to a handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Not all of it is there.
    NotYet,
    /// The socket is a WebSocket from here on.
    Upgraded,
    /// It is not: the status, and when to come again if that was said.
    Refused { status: u16, code: String, retry_after_ms: Option<u64> },
}

impl Wire {
    /// Begins to connect. The socket can be written when it is connected, or when it is clear that it will not be.
    pub(crate) fn dial(to: SocketAddr, from: Option<Ipv4Addr>) -> io::Result<Wire> {
        let family = if to.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket = socket_with(family, SocketType::STREAM, flags, None)?;
        if let Some(from) = from {
            bind(&socket, &SocketAddrV4::new(from, 0))?;
        }
        match connect(&socket, &to) {
            Ok(()) | Err(rustix::io::Errno::INPROGRESS) => {}
            Err(why) => return Err(why.into()),
        }
        let stream = TcpStream::from(socket);
        stream.set_nodelay(true)?;
        Ok(Wire { stream, inbox: Vec::new(), outbox: Vec::new() })
    }

    /// Says why the connection could not be made, if it could not.
    pub(crate) fn connected(&self) -> io::Result<()> {
        self.stream.take_error()?.map_or(Ok(()), Err)
    }

    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }

    /// Sends these bytes, after those that wait.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<Sent> {
        if !self.outbox.is_empty() {
            if self.outbox.len() + bytes.len() > OUTBOX_MAX {
                return Ok(Sent::Dropped);
            }
            self.outbox.extend_from_slice(bytes);
            return Ok(Sent::Waits);
        }
        let taken = match self.stream.write(bytes) {
            Ok(taken) => taken,
            Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
            Err(error) => return Err(error),
        };
        if taken == bytes.len() {
            return Ok(Sent::Whole);
        }
        self.outbox.extend_from_slice(&bytes[taken..]);
        Ok(Sent::Waits)
    }

    /// Whether the socket takes more now.
    pub(crate) fn is_clear(&self) -> bool {
        self.outbox.is_empty()
    }

    /// Sends what waits. Whether all of it is sent.
    pub(crate) fn flush(&mut self) -> io::Result<bool> {
        while !self.outbox.is_empty() {
            match self.stream.write(&self.outbox) {
                Ok(taken) => drop(self.outbox.drain(..taken)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        // A queue that was long once is not kept for every client.
        self.outbox = Vec::new();
        Ok(true)
    }

    /// Reads what is there, behind what was left, into `scratch`. `None` when nothing more will come.
    pub(crate) fn receive(&mut self, scratch: &mut Vec<u8>) -> io::Result<Option<usize>> {
        scratch.clear();
        scratch.append(&mut self.inbox);
        let before = scratch.len();
        scratch.resize(before + 16 * 1_024, 0);
        match self.stream.read(&mut scratch[before..]) {
            Ok(0) => Ok(None),
            Ok(read) => {
                scratch.truncate(before + read);
                Ok(Some(read))
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                scratch.truncate(before);
                Ok(Some(0))
            }
            Err(error) => Err(error),
        }
    }

    /// Keeps what could not be read to its end.
    pub(crate) fn keep(&mut self, rest: &[u8]) {
        self.inbox.extend_from_slice(rest);
    }
}

/// The request that makes a WebSocket of a connection.
pub(crate) fn handshake(host: &str, path: &str, token: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: aGFuc29tLXNpbSBsb2FkIQ==\r\n\
         Sec-WebSocket-Protocol: hansom.v1.json\r\nAuthorization: Bearer {token}\r\n\r\n"
    )
}

/// Reads the answer to [`handshake`], and how many bytes it takes.
pub(crate) fn read_answer(bytes: &[u8]) -> (Answer, usize) {
    let nothing = || Answer::Refused { status: 0, code: "no HTTP".to_owned(), retry_after_ms: None };
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4) else {
        return if bytes.len() > ANSWER_MAX { (nothing(), bytes.len()) } else { (Answer::NotYet, 0) };
    };
    let head = String::from_utf8_lossy(&bytes[..end]);
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let Some(status) = status else { return (nothing(), bytes.len()) };
    if status == 101 {
        return (Answer::Upgraded, end);
    }
    let field = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(':'));
        lines
            .find_map(|(key, value)| key.eq_ignore_ascii_case(name).then(|| value.trim().parse::<u64>().ok()))
            .flatten()
    };
    let body = &bytes[end..];
    let length = field("content-length").map_or(0, |length| usize::try_from(length).unwrap_or(usize::MAX));
    if body.len() < length.min(ANSWER_MAX) {
        return (Answer::NotYet, 0);
    }
    let problem: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let code = problem["code"].as_str().unwrap_or("no code").to_owned();
    let said = problem["retry_after_ms"].as_u64();
    let retry_after_ms = said.or_else(|| field("retry-after").map(|seconds| seconds.saturating_mul(1_000)));
    (Answer::Refused { status, code, retry_after_ms }, bytes.len())
}

/// Adds a text frame; the mask changes nothing for who reads it, so one will do.
pub(crate) fn text(bytes: &mut Vec<u8>, content: &[u8]) {
    frames::write(bytes, Kind::Text, content, 0x37fa_213d);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handshake_is_over_when_all_of_the_answer_is_there() {
        let yes = b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n\x81\x02{}";
        assert_eq!(read_answer(&yes[..20]), (Answer::NotYet, 0));
        assert_eq!(read_answer(yes), (Answer::Upgraded, yes.len() - 4));
        let body = r#"{"code":"busy","retry_after_ms":1500}"#;
        let no =
            format!("HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\nContent-Length: {}\r\n\r\n", body.len());
        assert_eq!(read_answer(no.as_bytes()), (Answer::NotYet, 0));
        let (answer, _) = read_answer(format!("{no}{body}").as_bytes());
        assert_eq!(answer, Answer::Refused { status: 503, code: "busy".to_owned(), retry_after_ms: Some(1_500) });
        let (answer, _) = read_answer(b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\n\r\n");
        assert_eq!(answer, Answer::Refused { status: 503, code: "no code".to_owned(), retry_after_ms: Some(2_000) });
    }
}
