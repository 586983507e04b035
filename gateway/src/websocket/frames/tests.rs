use std::io::{self, Read, Write};

use proptest::prelude::*;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self, WebSocket};

use super::*;

/// A frame as a client sends it, or as one should not.
#[derive(Clone, Debug)]
struct Sent {
    first: u8,
    mask: Option<[u8; 4]>,
    content: Vec<u8>,
}

impl Sent {
    fn bytes(&self) -> Vec<u8> {
        let length = self.content.len();
        let masked = if self.mask.is_some() { 0x80 } else { 0 };
        let mut bytes = vec![self.first];
        match length {
            0..=125 => bytes.push(masked | length as u8),
            126..=0xFFFF => {
                bytes.push(masked | 126);
                bytes.extend((length as u16).to_be_bytes());
            }
            _ => {
                bytes.push(masked | 127);
                bytes.extend((length as u64).to_be_bytes());
            }
        }
        bytes.extend(self.mask.iter().flatten());
        let mask = self.mask.unwrap_or_default();
        bytes.extend(self.content.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        bytes
    }
}

fn masked(first: u8, content: &[u8]) -> Vec<u8> {
    Sent { first, mask: Some([7, 77, 0, 200]), content: content.to_vec() }.bytes()
}

/// What is heard, up to what ends a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Heard {
    messages: Vec<Message>,
    fault: Option<Fault>,
}

fn ours(pieces: &[&[u8]]) -> Heard {
    let mut frames = Frames::default();
    let mut messages = Vec::new();
    for piece in pieces {
        frames.feed(piece);
        loop {
            match frames.next() {
                Ok(None) => break,
                Ok(Some(message)) => messages.push(message),
                Err(fault) => return Heard { messages, fault: Some(fault) },
            }
            if messages.last() == Some(&Message::Close) {
                return Heard { messages, fault: None };
            }
        }
    }
    Heard { messages, fault: None }
}

/// A connection from which these pieces can be read, one at a time, and then no more for now.
struct Pieces<'a>(Vec<&'a [u8]>);

impl Read for Pieces<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let Some(piece) = self.0.first_mut() else { return Err(io::ErrorKind::WouldBlock.into()) };
        let read = piece.len().min(into.len());
        into[..read].copy_from_slice(&piece[..read]);
        *piece = &piece[read..];
        if piece.is_empty() {
            self.0.remove(0);
        }
        Ok(read)
    }
}

impl Write for Pieces<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn theirs(pieces: &[&[u8]]) -> Heard {
    let limits =
        WebSocketConfig::default().max_message_size(Some(MESSAGE_BYTES_MAX)).max_frame_size(Some(MESSAGE_BYTES_MAX));
    let pieces = pieces.iter().copied().filter(|piece| !piece.is_empty()).collect();
    let mut socket = WebSocket::from_raw_socket(Pieces(pieces), Role::Server, Some(limits));
    let mut messages = Vec::new();
    loop {
        let message = match socket.read() {
            Ok(tungstenite::Message::Text(text)) => Message::Text(text.as_str().to_owned()),
            Ok(tungstenite::Message::Binary(bytes)) => Message::Binary(bytes.to_vec()),
            Ok(tungstenite::Message::Ping(bytes)) => Message::Ping(bytes.to_vec()),
            Ok(tungstenite::Message::Pong(_)) => Message::Pong,
            // What it makes of a code that may not be sent.
            Ok(tungstenite::Message::Close(Some(close))) if close.reason.as_str() == "Protocol violation" => {
                return Heard { messages, fault: Some(Fault::Broken) };
            }
            Ok(tungstenite::Message::Close(_)) => {
                messages.push(Message::Close);
                return Heard { messages, fault: None };
            }
            Ok(tungstenite::Message::Frame(frame)) => panic!("a bare frame: {frame}"),
            Err(tungstenite::Error::Io(_)) => return Heard { messages, fault: None },
            Err(error) => {
                let fault = match error {
                    tungstenite::Error::Utf8(_) => Fault::NotUtf8,
                    tungstenite::Error::Capacity(_) => Fault::TooLarge,
                    tungstenite::Error::Protocol(_) => Fault::Broken,
                    other => panic!("{other}"),
                };
                return Heard { messages, fault: Some(fault) };
            }
        };
        messages.push(message);
    }
}

fn content() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        6 => "[a-zé☃]{0,60}".prop_map(String::into_bytes),
        2 => prop::collection::vec(any::<u8>(), 0..140),
        1 => (120_usize..135).prop_map(|length| vec![b'x'; length]),
        1 => (65_500_usize..65_600).prop_map(|length| vec![b'x'; length]),
        1 => (30_000_usize..36_000).prop_map(|length| vec![b'x'; length]),
    ]
}

fn sent() -> impl Strategy<Value = Sent> {
    // Texts, bytes, what goes on with them, control frames; seldom what there is not, and marks that nobody agreed on.
    let first = prop_oneof![
        8 => prop::sample::select(vec![0x81_u8, 0x82, 0x01, 0x02, 0x00, 0x80, 0x00, 0x80]),
        4 => prop::sample::select(vec![0x89_u8, 0x8A]),
        1 => Just(0x88),
        1 => any::<u8>(),
    ];
    let mask = prop_oneof![30 => any::<[u8; 4]>().prop_map(Some), 1 => Just(None)];
    (first, mask, content()).prop_map(|(first, mask, content)| {
        let small = first & 0x08 != 0 && content.len() > 130;
        Sent { first, mask, content: if small { Vec::new() } else { content } }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn a_conversation_is_heard_as_tungstenite_hears_it(
        conversation in prop::collection::vec(sent(), 1..12),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let bytes: Vec<u8> = conversation.iter().flat_map(Sent::bytes).collect();
        let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).chain([0, bytes.len()]).collect();
        ends.sort_unstable();
        let pieces: Vec<&[u8]> = ends.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
        let (ours, theirs) = (ours(&pieces), theirs(&pieces));
        if theirs.fault == Some(Fault::NotUtf8) {
            // It looks at each frame of a text, we at the whole: until then we hear more.
            prop_assert!(ours.messages.starts_with(&theirs.messages));
            let after = &ours.messages[theirs.messages.len()..];
            prop_assert!(after.iter().all(|message| matches!(message, Message::Ping(_) | Message::Pong | Message::Close)));
        } else {
            prop_assert_eq!(ours, theirs);
        }
    }
}

#[test]
fn what_is_written_is_read_by_tungstenite() {
    let long = "x".repeat(70_000);
    let written =
        [text("a"), text(&"y".repeat(300)), text(&long), binary(&[1, 2]), ping(), pong(b"p"), close(4001, "why")];
    let pieces: Vec<&[u8]> = written.iter().map(Vec::as_slice).collect();
    let mut socket = WebSocket::from_raw_socket(Pieces(pieces), Role::Client, None);
    let mut heard = Vec::new();
    while let Ok(message) = socket.read() {
        heard.push(message);
    }
    use tungstenite::Message as Told;
    assert_eq!(heard[..3], [Told::text("a"), Told::text("y".repeat(300)), Told::text(long)]);
    assert_eq!(heard[3..6], [Told::binary(vec![1, 2]), Told::Ping(vec![].into()), Told::Pong(b"p".to_vec().into())]);
    let Told::Close(Some(close)) = &heard[6] else { panic!("a farewell: {heard:?}") };
    assert_eq!((u16::from(close.code), close.reason.as_str()), (4001, "why"));
}

#[test]
fn after_what_is_too_large_the_next_message_is_heard() {
    for length in [MESSAGE_BYTES_MAX + 1, 10 * MESSAGE_BYTES_MAX] {
        let bytes = [masked(0x81, &vec![b'x'; length]), masked(0x81, b"next")].concat();
        for size in [1_000, 16_384, bytes.len()] {
            let (mut frames, mut heard) = (Frames::default(), Vec::new());
            for piece in bytes.chunks(size) {
                frames.feed(piece);
                assert!(frames.bytes.capacity() <= 4 * MESSAGE_BYTES_MAX + 2 * size, "nothing of it is kept");
                while let Some(message) = frames.next().transpose() {
                    heard.push(message);
                }
            }
            assert_eq!(heard, [Err(Fault::TooLarge), Ok(Message::Text("next".to_owned()))], "{length} in {size}s");
        }
    }
}

#[test]
fn nothing_is_kept_between_two_messages_and_nothing_of_what_is_broken() {
    let mut frames = Frames::default();
    frames.feed(&masked(0x81, b"hello"));
    assert_eq!(frames.next(), Ok(Some(Message::Text("hello".to_owned()))));
    assert_eq!((frames.bytes.capacity(), frames.read), (0, 0));
    frames.feed(&Sent { first: 0x81, mask: None, content: b"bare".to_vec() }.bytes());
    assert_eq!(frames.next(), Err(Fault::Broken));
    frames.feed(&masked(0x81, b"hello"));
    assert_eq!((frames.next(), frames.bytes.capacity()), (Ok(None), 0));
}
