//! Positions and their receipts as bytes: the subprotocol `hansom.v1.bin`.
//!
//! Lives here: the layout of those two, and what is wrong with bytes that are neither.
//! Stays out: everything else. Commands, offers and trips are JSON in both subprotocols: a hundred positions are sent for
//! each of them.
//! Touch with care: numbers are little-endian. A position takes 24 bytes, as JSON some 90.
//!
//! ```text
//! positions:  0x01, then 1 to 100 times: seq u32, lat i32, lon i32 (1e-7 degrees), at_ms u64 (0: now),
//!             heading u16 (1/100 degree, 0xFFFF: none), accuracy u16 (metres, 0xFFFF: none)
//! receipt:    0x81, seq u32
//! ```

use geo::{Meters, Point};

use super::from_driver::{PINGS_MAX, Position};
use super::{FromDriver, Unreadable};
use crate::fields::Mistake;

const POSITIONS: u8 = 0x01;
const RECEIPT: u8 = 0x81;
const POSITION_BYTES: usize = 24;
const NONE: u16 = u16::MAX;
const DEGREE: f64 = 1e7;

const FRAME: &str = "0x01 and 1 to 100 positions of 24 bytes each";

/// Reads one binary frame.
///
/// # Errors
/// [`Unreadable`] names the field, what it held and what it may hold.
pub(crate) fn read_binary(bytes: &[u8]) -> Result<FromDriver, Unreadable> {
    read(bytes).map_err(|mistake| Unreadable { re: None, mistake })
}

fn read(bytes: &[u8]) -> Result<FromDriver, Mistake> {
    let Some((&kind, rest)) = bytes.split_first() else {
        return Err(Mistake::bad("frame", "empty", FRAME));
    };
    if kind != POSITIONS {
        return Err(Mistake::bad("frame", &format!("kind {kind:#04x}"), FRAME));
    }
    let (records, left) = rest.as_chunks::<POSITION_BYTES>();
    if !left.is_empty() || !(1..=PINGS_MAX).contains(&records.len()) {
        return Err(Mistake::bad("frame", &format!("{} bytes", bytes.len()), FRAME));
    }
    match records {
        [only] => position(only).map(FromDriver::Ping),
        many => {
            let read = |(nth, record): (usize, &[u8; POSITION_BYTES])| {
                position(record).map_err(|mistake| mistake.inside(&format!("pings[{nth}]")))
            };
            many.iter().enumerate().map(read).collect::<Result<Vec<Position>, Mistake>>().map(FromDriver::Pings)
        }
    }
}

fn position(record: &[u8; POSITION_BYTES]) -> Result<Position, Mistake> {
    let word = |at: usize| [record[at], record[at + 1], record[at + 2], record[at + 3]];
    let (seq, lat, lon) = (u32::from_le_bytes(word(0)), i32::from_le_bytes(word(4)), i32::from_le_bytes(word(8)));
    let (low, high) = (u32::from_le_bytes(word(12)), u32::from_le_bytes(word(16)));
    let at_ms = u64::from(high) << 32 | u64::from(low);
    let heading = u16::from_le_bytes([record[20], record[21]]);
    let accuracy = u16::from_le_bytes([record[22], record[23]]);
    let point = Point::new(f64::from(lat) / DEGREE, f64::from(lon) / DEGREE).map_err(|wrong| {
        let (raw, allowed) = match wrong.field {
            "lat" => (lat, "from -900000000 to 900000000, in 1e-7 degrees"),
            _ => (lon, "from -1800000000 to 1800000000, in 1e-7 degrees"),
        };
        Mistake::bad(wrong.field, &raw.to_string(), allowed)
    })?;
    if heading != NONE && heading > 36_000 {
        return Err(Mistake::bad(
            "heading",
            &heading.to_string(),
            "from 0 to 36000, in 1/100 degree, or 65535 for none",
        ));
    }
    Ok(Position {
        seq: u64::from(seq),
        point,
        at_ms: (at_ms != 0).then_some(at_ms),
        heading: (heading != NONE).then(|| f64::from(heading) / 100.0),
        accuracy: (accuracy != NONE).then(|| Meters::whole(u32::from(accuracy))),
    })
}

/// The receipt for every position up to this one. A phone that speaks binary counts in 32 bits.
pub(crate) fn binary_ack(seq: u64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(5);
    bytes.push(RECEIPT);
    // Only numbers that came in 32 bits are acknowledged in binary.
    bytes.extend_from_slice(&u32::try_from(seq).unwrap_or(u32::MAX).to_le_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(seq: u32, lat: i32, lon: i32, at_ms: u64, heading: u16, accuracy: u16) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend(seq.to_le_bytes());
        bytes.extend(lat.to_le_bytes());
        bytes.extend(lon.to_le_bytes());
        bytes.extend(at_ms.to_le_bytes());
        bytes.extend(heading.to_le_bytes());
        bytes.extend(accuracy.to_le_bytes());
        bytes
    }

    fn frame(records: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = vec![POSITIONS];
        records.iter().for_each(|record| bytes.extend(record));
        bytes
    }

    #[test]
    fn a_position_is_the_same_in_bytes_and_in_json() {
        let at = 1_764_000_000_123;
        let bytes = frame(&[record(7, 407_500_000, -739_800_000, at, 35_950, 8)]);
        assert_eq!(bytes.len(), 25);
        let text =
            r#"{"type":"ping","seq":7,"lat":40.75,"lon":-73.98,"at_ms":1764000000123,"heading":359.5,"accuracy_m":8}"#;
        assert_eq!(read_binary(&bytes), FromDriver::read(text));
        let bare = frame(&[record(7, 407_500_000, -739_800_000, 0, NONE, NONE)]);
        assert_eq!(read_binary(&bare), FromDriver::read(r#"{"type":"ping","seq":7,"lat":40.75,"lon":-73.98}"#));
    }

    #[test]
    fn several_positions_are_a_batch() {
        let bytes = frame(&[record(1, 0, 0, 5, NONE, NONE), record(2, 0, 0, 6, NONE, NONE)]);
        let Ok(FromDriver::Pings(pings)) = read_binary(&bytes) else { panic!("a batch") };
        assert_eq!(pings.iter().map(|ping| ping.seq).collect::<Vec<_>>(), [1, 2]);
    }

    #[test]
    fn bytes_that_are_no_positions_are_named() {
        let good = || record(1, 0, 0, 0, NONE, NONE);
        let many: Vec<_> = (0..101).map(|_| good()).collect();
        for (bytes, field, value) in [
            (vec![], "frame", "empty"),
            (vec![0x02], "frame", "kind 0x02"),
            (vec![POSITIONS], "frame", "1 bytes"),
            (vec![POSITIONS, 1, 2], "frame", "3 bytes"),
            (frame(&many), "frame", "2425 bytes"),
            (frame(&[record(1, 900_000_001, 0, 0, NONE, NONE)]), "lat", "900000001"),
            (frame(&[good(), record(1, 0, i32::MIN, 0, NONE, NONE)]), "pings[1].lon", "-2147483648"),
            (frame(&[record(1, 0, 0, 0, 36_001, NONE)]), "heading", "36001"),
        ] {
            let Mistake { field: named, value: held, allowed, .. } = read_binary(&bytes).unwrap_err().mistake;
            assert_eq!((named.as_deref(), held.as_deref()), (Some(field), Some(value)));
            assert!(allowed.is_some());
        }
    }

    #[test]
    fn a_receipt_is_five_bytes() {
        assert_eq!(binary_ack(0x0102), [RECEIPT, 2, 1, 0, 0]);
    }
}
