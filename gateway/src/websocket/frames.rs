//! The frames of a WebSocket as a server hears and writes them (RFC 6455), from bytes and to bytes.
//!
//! Lives here: messages out of bytes that come in any pieces, and what is wrong with bytes that are none.
//! Stays out: connections and time.
//! Touch with care: what is kept between two messages is nothing. Headers are read and written by tungstenite; a test
//! holds the rest to it, too, with thousands of conversations made by chance.

use std::io::Cursor;

use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Control, Data, OpCode};

/// A message up to this size is heard, whatever the limit for what it may mean. Of a larger one nothing is kept, but it is
/// heard to its end: to close with something unread would reset the connection, and the last words with it.
pub(crate) const MESSAGE_BYTES_MAX: usize = 64 * 1_024;

/// The most that a ping, a pong or a farewell may carry (RFC 6455, 5.5).
const CONTROL_BYTES_MAX: u64 = 125;

/// What the other side says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Message {
    /// A text.
    Text(String),
    /// Bytes.
    Binary(Vec<u8>),
    /// It asks for a sign of life: [`pong`].
    Ping(Vec<u8>),
    /// It gives a sign of life.
    Pong,
    /// It goes.
    Close,
}

/// What is wrong with what the other side says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A message above [`MESSAGE_BYTES_MAX`]. What comes after it can be heard.
    TooLarge,
    /// These are no frames, or none that a client may send. Nothing can be heard any more.
    Broken,
    /// A text that is not UTF-8.
    NotUtf8,
}

/// Makes messages of bytes.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    /// What was fed and is no message yet.
    bytes: Vec<u8>,
    /// So many of them were read.
    read: usize,
    /// So many bytes are to be thrown away: the rest of what is too large.
    skips: u64,
    /// A message whose last frame is still to come.
    begun: Option<Box<Begun>>,
}

#[derive(Debug)]
struct Begun {
    is_text: bool,
    content: Vec<u8>,
}

impl Frames {
    /// Takes bytes in.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        let skipped = bytes.len().min(usize::try_from(self.skips).unwrap_or(usize::MAX));
        // All of a broken line is thrown away, for ever.
        self.skips -= if self.skips == u64::MAX { 0 } else { skipped as u64 };
        if self.read > 0 {
            drop(self.bytes.drain(..self.read));
            self.read = 0;
        }
        self.bytes.extend_from_slice(&bytes[skipped..]);
    }

    /// The next message of what was fed; `None` when more is needed.
    ///
    /// # Errors
    /// [`Fault`] says what is wrong with it, once.
    pub(crate) fn next(&mut self) -> Result<Option<Message>, Fault> {
        loop {
            let Some((header, content)) = self.frame()? else { return Ok(None) };
            match header.opcode {
                OpCode::Control(Control::Ping) => return Ok(Some(Message::Ping(content))),
                OpCode::Control(Control::Pong) => return Ok(Some(Message::Pong)),
                OpCode::Control(_) => return is_farewell(&content).map(|()| Some(Message::Close)),
                OpCode::Data(kind) => {
                    let begun = match (kind, self.begun.take()) {
                        (Data::Continue, Some(mut begun)) => {
                            begun.content.extend_from_slice(&content);
                            begun
                        }
                        (Data::Continue, None) | (_, Some(_)) => return Err(self.give_up()),
                        // The way of nearly all: a message in one frame.
                        (kind, None) if header.is_final => return message(kind == Data::Text, content).map(Some),
                        (kind, None) => Box::new(Begun { is_text: kind == Data::Text, content }),
                    };
                    if header.is_final {
                        return message(begun.is_text, begun.content).map(Some);
                    }
                    self.begun = Some(begun);
                }
            }
        }
    }

    /// The next frame, if all of it is here.
    fn frame(&mut self) -> Result<Option<(FrameHeader, Vec<u8>)>, Fault> {
        let fresh = &self.bytes[self.read..];
        let mut head = Cursor::new(fresh);
        let Ok(parsed) = FrameHeader::parse(&mut head) else { return Err(self.give_up()) };
        let Some((header, length)) = parsed else { return Ok(None) };
        let (start, here) = (self.read + head.position() as usize, fresh.len() as u64 - head.position());
        let goes_on = header.opcode == OpCode::Data(Data::Continue);
        let before = self.begun.as_ref().filter(|_| goes_on).map_or(0, |begun| begun.content.len());
        let mask = header.mask.filter(|_| is_fair(&header, length));
        let most = MESSAGE_BYTES_MAX - if mask.is_some() { before } else { 0 };
        if length > most as u64 {
            self.skip(start, here, length);
            return Err(Fault::TooLarge);
        }
        let Some(mask) = mask else { return Err(self.give_up()) };
        if here < length {
            return Ok(None);
        }
        // At most the size of a message: it fits.
        let mut content = self.take(start, length as usize);
        unmask(&mut content, mask);
        Ok(Some((header, content)))
    }

    /// Takes the content of a frame out. Bytes that hold nothing else go with it.
    fn take(&mut self, start: usize, length: usize) -> Vec<u8> {
        let end = start + length;
        if end < self.bytes.len() {
            self.read = end;
            return self.bytes[start..end].to_vec();
        }
        self.read = 0;
        let mut all = std::mem::take(&mut self.bytes);
        drop(all.drain(..start));
        all
    }

    /// Throws away the content of a frame, and the message it belongs to: what is here now, the rest when it comes.
    fn skip(&mut self, start: usize, here: u64, length: u64) {
        self.begun = None;
        if here > length {
            self.read = start + length as usize;
        } else {
            (self.bytes, self.read, self.skips) = (Vec::new(), 0, length - here);
        }
    }

    /// Nothing is heard any more.
    fn give_up(&mut self) -> Fault {
        *self = Frames { skips: u64::MAX, ..Frames::default() };
        Fault::Broken
    }
}

fn message(is_text: bool, content: Vec<u8>) -> Result<Message, Fault> {
    if !is_text {
        return Ok(Message::Binary(content));
    }
    String::from_utf8(content).map(Message::Text).map_err(|_| Fault::NotUtf8)
}

/// Whether a client may send a frame with this head (RFC 6455, 5.2 and 5.5).
fn is_fair(header: &FrameHeader, length: u64) -> bool {
    let plain = !(header.rsv1 || header.rsv2 || header.rsv3);
    match header.opcode {
        OpCode::Control(_) => plain && header.is_final && length <= CONTROL_BYTES_MAX,
        OpCode::Data(_) => plain,
    }
}

/// Whether a farewell says what it may: nothing, or a code and a reason (RFC 6455, 7.4).
fn is_farewell(content: &[u8]) -> Result<(), Fault> {
    match content {
        [] => Ok(()),
        [high, low, reason @ ..] if CloseCode::from(u16::from_be_bytes([*high, *low])).is_allowed() => {
            std::str::from_utf8(reason).map(|_| ()).map_err(|_| Fault::NotUtf8)
        }
        _ => Err(Fault::Broken),
    }
}

fn unmask(content: &mut [u8], mask: [u8; 4]) {
    let (words, rest) = content.as_chunks_mut::<4>();
    for word in words {
        *word = (u32::from_ne_bytes(*word) ^ u32::from_ne_bytes(mask)).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(mask) {
        *byte ^= mask;
    }
}

fn frame(opcode: OpCode, content: &[&[u8]]) -> Vec<u8> {
    let length: usize = content.iter().map(|part| part.len()).sum();
    let mut bytes = Vec::with_capacity(length + 10);
    let header = FrameHeader { opcode, ..FrameHeader::default() };
    // A list in memory takes whatever it is given.
    let _ = header.format(length as u64, &mut bytes);
    content.iter().for_each(|part| bytes.extend_from_slice(part));
    bytes
}

/// The frame of a text.
pub(crate) fn text(content: &str) -> Vec<u8> {
    frame(OpCode::Data(Data::Text), &[content.as_bytes()])
}

/// The frame of bytes.
pub(crate) fn binary(content: &[u8]) -> Vec<u8> {
    frame(OpCode::Data(Data::Binary), &[content])
}

/// Asks for a sign of life.
pub(crate) fn ping() -> Vec<u8> {
    frame(OpCode::Control(Control::Ping), &[])
}

/// Gives a sign of life: what the ping carried.
pub(crate) fn pong(content: &[u8]) -> Vec<u8> {
    frame(OpCode::Control(Control::Pong), &[content])
}

/// A farewell. The reason has at most 123 bytes.
pub(crate) fn close(code: u16, reason: &str) -> Vec<u8> {
    frame(OpCode::Control(Control::Close), &[&code.to_be_bytes(), reason.as_bytes()])
}

#[cfg(test)]
mod tests;
