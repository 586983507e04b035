//! The form of a snapshot: a header of fixed length, then the drivers and what the shard has learned, packed by bitcode.
//!
//! ```text
//! 0  4  the letters HSNP
//! 4  2  version of the form
//! 6  8  shard (H3 index)
//! 14 8  epoch of the owner who took it
//! 22 8  when, in ms since 1970
//! 30 4  how many drivers
//! 34 4  CRC-32 (ISO-HDLC) of all other bytes
//! 38    the drivers; what was learned
//! ```
//! Numbers are little-endian.
//!
//! Touch with care: a change of [`Row`] or of [`learned`] is a new [`VERSION`]; another version than one's own is not read. What comes in may
//! be anything: torn, of another shard, of the future.

mod learned;

use std::time::Duration;

use bitcode::{Decode, Encode};
use crc::{CRC_32_ISO_HDLC, Crc};
use dispatch::{Class, DriverId, Epoch, Generation, Hint, Learned, Memory, Ping, ShardId, Timestamp, Vehicle, Wish};
use geo::{Meters, Point};

const MAGIC: &[u8; 4] = b"HSNP";
const VERSION: u16 = 2;
const HEADER: usize = 38;
const CHECKSUM: std::ops::Range<usize> = 34..38;
const CRC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);

/// Parts of a degree in which a position is kept: 1.1 cm along a meridian.
const DEGREE: f64 = 1e7;

/// The soft part of a shard at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// Of which shard.
    pub shard: ShardId,
    /// Taken by which of its owners.
    pub epoch: Epoch,
    /// When.
    pub taken_at: Timestamp,
    /// Its drivers.
    pub hints: Vec<Hint>,
    /// What it has learned of its ground.
    pub learned: Learned,
}

/// Why bytes are no snapshot that can be read here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSnapshot {
    /// Cut off, or changed on the way.
    #[error("a snapshot is torn or damaged")]
    Torn,
    /// Something else altogether.
    #[error("it is no snapshot of Hansom")]
    Foreign,
    /// Another version of Hansom wrote it.
    #[error("a snapshot has version {0}, this program reads version {VERSION}")]
    Version(u16),
}

/// A driver, as it is packed. Times are kept as what had passed since when the snapshot was taken.
#[derive(Debug, Encode, Decode)]
struct Row {
    driver: String,
    generation: u64,
    wish: u8,
    acceptance: u16,
    vehicle: Option<Packed>,
    lat: i32,
    lon: i32,
    heading: Option<u16>,
    accuracy_dm: Option<u32>,
    measured_ago_ms: u32,
    seen_ago_ms: u32,
}

#[derive(Debug, Encode, Decode)]
struct Packed {
    class: u8,
    seats: u8,
    wheelchair: bool,
    pets: bool,
}

impl Snapshot {
    /// The bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let rows: Vec<Row> = self.hints.iter().map(|hint| self.pack(hint)).collect();
        let count = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        let mut bytes = Vec::with_capacity(HEADER + rows.len() * 32);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&self.shard.0.bits().to_le_bytes());
        bytes.extend_from_slice(&self.epoch.0.to_le_bytes());
        bytes.extend_from_slice(&self.taken_at.millis().to_le_bytes());
        bytes.extend_from_slice(&count.to_le_bytes());
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(&bitcode::encode(&(rows, learned::pack(&self.learned, self.taken_at))));
        let sum = checksum(&bytes).to_le_bytes();
        bytes[CHECKSUM].copy_from_slice(&sum);
        bytes
    }

    /// Reads bytes that may be anything.
    ///
    /// # Errors
    /// [`BadSnapshot`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Snapshot, BadSnapshot> {
        if !bytes.starts_with(MAGIC) {
            return Err(if bytes.len() < MAGIC.len() { BadSnapshot::Torn } else { BadSnapshot::Foreign });
        }
        let version = u16::from_le_bytes(part(bytes, 4)?);
        if version != VERSION {
            return Err(BadSnapshot::Version(version));
        }
        let sum = u32::from_le_bytes(part(bytes, CHECKSUM.start)?);
        if sum != checksum(bytes) {
            return Err(BadSnapshot::Torn);
        }
        let shard = geo::Cell::from_bits(u64::from_le_bytes(part(bytes, 6)?)).map_err(|_| BadSnapshot::Foreign)?;
        let epoch = Epoch(u64::from_le_bytes(part(bytes, 14)?));
        let taken_at = Timestamp::from_millis(u64::from_le_bytes(part(bytes, 22)?));
        let count = u32::from_le_bytes(part(bytes, 30)?);
        let (rows, packed): (Vec<Row>, learned::Packed) =
            bitcode::decode(&bytes[HEADER..]).map_err(|_| BadSnapshot::Torn)?;
        if u32::try_from(rows.len()) != Ok(count) {
            return Err(BadSnapshot::Torn);
        }
        let hints = rows.into_iter().map(|row| unpack(row, taken_at)).collect::<Option<_>>();
        let (hints, learned) = hints.zip(learned::unpack(packed, taken_at)).ok_or(BadSnapshot::Foreign)?;
        Ok(Snapshot { shard: ShardId(shard), epoch, taken_at, hints, learned })
    }

    fn pack(&self, hint: &Hint) -> Row {
        let Hint { memory, last, seen_at } = hint;
        let ago = |at: Timestamp| u32::try_from(self.taken_at.since(at).as_millis()).unwrap_or(u32::MAX);
        Row {
            driver: last.driver.to_string(),
            generation: memory.generation.0,
            wish: match memory.wish {
                Wish::Work => 0,
                Wish::Rest => 1,
                Wish::Break => 2,
            },
            acceptance: memory.acceptance,
            vehicle: memory.vehicle.map(|vehicle| Packed {
                class: Class::ALL.iter().position(|class| *class == vehicle.class()).unwrap_or_default() as u8,
                seats: vehicle.seats(),
                wheelchair: vehicle.wheelchair(),
                pets: vehicle.pets(),
            }),
            lat: (last.point.lat() * DEGREE).round() as i32,
            lon: (last.point.lon() * DEGREE).round() as i32,
            heading: last.heading.map(|degrees| degrees.rem_euclid(360.0).round() as u16),
            accuracy_dm: last.accuracy.map(|accuracy| (accuracy.get() * 10.0).round() as u32),
            measured_ago_ms: ago(last.measured_at),
            seen_ago_ms: ago(*seen_at),
        }
    }
}

/// What a row says; `None` when no version of Hansom can have written it.
fn unpack(row: Row, taken_at: Timestamp) -> Option<Hint> {
    let wish = *[Wish::Work, Wish::Rest, Wish::Break].get(usize::from(row.wish))?;
    let vehicle = match row.vehicle {
        Some(packed) => {
            let class = *Class::ALL.get(usize::from(packed.class))?;
            Some(Vehicle::new(class, packed.seats, packed.wheelchair, packed.pets).ok()?)
        }
        None => None,
    };
    let ago = |ms: u32| {
        let ago = Duration::from_millis(u64::from(ms)).as_millis() as u64;
        Timestamp::from_millis(taken_at.millis().saturating_sub(ago))
    };
    let last = Ping {
        driver: DriverId::new(&row.driver).ok()?,
        point: Point::new(f64::from(row.lat) / DEGREE, f64::from(row.lon) / DEGREE).ok()?,
        measured_at: ago(row.measured_ago_ms),
        heading: row.heading.map(f64::from),
        accuracy: row.accuracy_dm.map(|dm| Meters::new(f64::from(dm) / 10.0)).transpose().ok()?,
    };
    let acceptance = row.acceptance;
    let memory = Memory { generation: Generation(row.generation), wish, vehicle, acceptance };
    Some(Hint { memory, last, seen_at: ago(row.seen_ago_ms) })
}

/// A number's bytes at a place.
fn part<const N: usize>(bytes: &[u8], at: usize) -> Result<[u8; N], BadSnapshot> {
    bytes.get(at..at + N).and_then(|part| part.try_into().ok()).ok_or(BadSnapshot::Torn)
}

/// The checksum of everything but itself. `bytes` may be shorter than a header.
fn checksum(bytes: &[u8]) -> u32 {
    let mut digest = CRC.digest();
    digest.update(&bytes[..CHECKSUM.start.min(bytes.len())]);
    digest.update(bytes.get(CHECKSUM.end..).unwrap_or_default());
    digest.finalize()
}

#[cfg(test)]
mod tests;
