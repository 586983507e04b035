//! WebSocket frames by hand (RFC 6455): what a client sends, masked, and what it is sent.
//!
//! Lives here: writing and reading frames of any length.
//! Stays out: sockets; messages in several frames, which no server of ours sends: they are a fault here.
//! Touch with care: this is what both sides of a measurement pay for. Nothing is allocated for a frame.

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

impl Kind {
    fn code(self) -> u8 {
        match self {
            Kind::Text => 1,
            Kind::Binary => 2,
            Kind::Close => 8,
            Kind::Ping => 9,
            Kind::Pong => 10,
        }
    }

    fn of(code: u8) -> Option<Kind> {
        [Kind::Text, Kind::Binary, Kind::Close, Kind::Ping, Kind::Pong].into_iter().find(|kind| kind.code() == code)
    }
}

/// The bytes hold no frame that belongs here, and what follows cannot be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a WebSocket frame of one piece")]
pub(crate) struct NotAFrame;

/// Adds a client's frame, masked with this key.
pub(crate) fn write(bytes: &mut Vec<u8>, kind: Kind, content: &[u8], mask: u32) {
    let mask = mask.to_be_bytes();
    bytes.push(0x80 | kind.code());
    match content.len() {
        short @ 0..=125 => bytes.push(0x80 | short as u8),
        middling @ 126..=0xffff => {
            bytes.push(0x80 | 126);
            bytes.extend((middling as u16).to_be_bytes());
        }
        long => {
            bytes.push(0x80 | 127);
            bytes.extend((long as u64).to_be_bytes());
        }
    }
    bytes.extend(mask);
    bytes.extend(content.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
}

/// A frame and how many bytes it takes; `None` until all of it is there.
type Found<'a> = Option<(Kind, &'a [u8], usize)>;

/// The first frame of some bytes and how many of them it takes, its mask taken off; `None` until all of it is there.
pub(crate) fn read(bytes: &mut [u8]) -> Result<Found<'_>, NotAFrame> {
    let [first, second, ..] = *bytes else { return Ok(None) };
    let kind = Kind::of(first & 0x0f).filter(|_| first & 0xf0 == 0x80).ok_or(NotAFrame)?;
    let (masked, short) = (second & 0x80 != 0, usize::from(second & 0x7f));
    let (length, mut head) = match short {
        126 => match bytes.get(2..4) {
            Some(&[high, low]) => (usize::from(u16::from_be_bytes([high, low])), 4),
            _ => return Ok(None),
        },
        127 => match bytes.get(2..10).and_then(|eight| <[u8; 8]>::try_from(eight).ok()) {
            Some(eight) => (usize::try_from(u64::from_be_bytes(eight)).map_err(|_| NotAFrame)?, 10),
            None => return Ok(None),
        },
        short => (short, 2),
    };
    let mut mask = None;
    if masked {
        let Some(key) = bytes.get(head..head + 4).and_then(|key| <[u8; 4]>::try_from(key).ok()) else {
            return Ok(None);
        };
        (mask, head) = (Some(key), head + 4);
    }
    let end = head.checked_add(length).ok_or(NotAFrame)?;
    let Some(content) = bytes.get_mut(head..end) else { return Ok(None) };
    if let Some(key) = mask {
        unmask(content, key);
    }
    Ok(Some((kind, content, end)))
}

fn unmask(content: &mut [u8], key: [u8; 4]) {
    let [a, b, c, d] = key;
    let twice = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (eights, rest) = content.as_chunks_mut::<8>();
    for eight in eights {
        *eight = (u64::from_ne_bytes(*eight) ^ twice).to_ne_bytes();
    }
    rest.iter_mut().zip(key.into_iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again_whatever_its_length() {
        for length in [0, 1, 7, 8, 125, 126, 127, 4_096, 65_535, 65_536, 70_001] {
            let content: Vec<u8> = (0..length).map(|place| (place % 251) as u8).collect();
            let mut bytes = Vec::new();
            write(&mut bytes, Kind::Text, &content, 0x37fa_213d);
            let whole = bytes.len();
            for part in [0, 1, 2, 5, whole - 1] {
                assert_eq!(read(&mut bytes[..part.min(whole - 1)]), Ok(None), "{part} bytes of {length}");
            }
            bytes.extend([0x8a, 0]);
            assert_eq!(read(&mut bytes), Ok(Some((Kind::Text, &content[..], whole))));
            assert_eq!(read(&mut bytes[whole..]), Ok(Some((Kind::Pong, &[][..], 2))));
        }
    }

    #[test]
    fn what_is_no_frame_in_one_piece_is_refused() {
        for head in [0x01_u8, 0x00, 0x83, 0xc1] {
            assert_eq!(read(&mut [head, 0, 0, 0]), Err(NotAFrame), "{head:#x}");
        }
    }
}
