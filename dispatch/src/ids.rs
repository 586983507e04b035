//! Names of people, trips, offers and owners, each its own type.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use geo::{Cell, Point, Resolution};
use uuid::Uuid;

use crate::Timestamp;

/// Longest identity accepted, in bytes. A UUID needs 36; identity providers stay below 64.
pub const ID_LENGTH_MAX: usize = 64;

/// Why a text is not a name for something.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} is {value:?}, allowed is {allowed}")]
pub struct NotAnId {
    /// Which kind of name: `driver`, `rider`, `trip`, `offer`.
    pub field: &'static str,
    /// What was given, cut to 80 characters.
    pub value: String,
    /// What a name of this kind looks like.
    pub allowed: &'static str,
}

impl NotAnId {
    fn new(field: &'static str, value: &str, allowed: &'static str) -> NotAnId {
        NotAnId { field, value: value.chars().take(80).collect(), allowed }
    }
}

fn person(field: &'static str, text: &str) -> Result<Arc<str>, NotAnId> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._:@|-".contains(&byte);
    if (1..=ID_LENGTH_MAX).contains(&text.len()) && text.bytes().all(plain) {
        Ok(Arc::from(text))
    } else {
        Err(NotAnId::new(field, text, "1 to 64 letters, digits or any of . _ : @ | -"))
    }
}

macro_rules! person_id {
    ($(#[$doc:meta])* $name:ident, $field:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks a name as an identity provider gives it (the `sub` of a token).
            ///
            /// # Errors
            /// [`NotAnId`] when it is empty, too long or holds other characters than names do.
            pub fn new(text: &str) -> Result<$name, NotAnId> {
                person($field, text).map($name)
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

person_id!(
    /// Names a driver.
    DriverId,
    "driver"
);
person_id!(
    /// Names a rider.
    RiderId,
    "rider"
);

/// Names a shard: the H3 cell whose drivers and trips live together.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShardId(pub Cell);

impl ShardId {
    /// The shard a position belongs to, at the resolution of the deployment.
    #[must_use]
    pub fn of(point: Point, resolution: Resolution) -> ShardId {
        ShardId(Cell::at(point, resolution))
    }
}

impl fmt::Display for ShardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for ShardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "shard {}", self.0)
    }
}

/// Names a trip, and says where it lives: a UUID (version 8) made of the time of the request in milliseconds, the
/// cell of the home shard, and chance. Any door can route a question about a trip by its name alone.
///
/// Bits, high to low: 48 time, 4 version, 12 high bits of the cell, 2 variant, 20 low bits of the cell, 42 chance.
/// The cell is the resolution (4 bits), the base cell (7) and seven H3 digits (21): shards are at most resolution 7.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TripId(Uuid);

/// The finest resolution a trip's name can carry.
pub const SHARD_RESOLUTION_MAX: u8 = 7;

const TRIP_ALLOWED: &str = "a trip's UUID as the server gave it";

impl TripId {
    /// Makes a name from the time of the request, the home shard and some chance (its low 42 bits count).
    ///
    /// # Panics
    /// When the shard is finer than [`SHARD_RESOLUTION_MAX`], which settings refuse at start.
    #[must_use]
    pub fn new(at: Timestamp, home: ShardId, chance: u64) -> TripId {
        let resolution = home.0.resolution().get();
        assert!(resolution <= SHARD_RESOLUTION_MAX, "settings refuse shards finer than resolution 7");
        // In an H3 index bits 52..55 are the resolution, 45..51 the base cell, below them 3 bits a digit.
        let address = (home.0.bits() >> 24) & 0x0fff_ffff;
        let cell = (u64::from(resolution) << 28) | address;
        let high = (at.millis() << 16) | (0x8 << 12) | (cell >> 20);
        let low = (0b10 << 62) | ((cell & 0xf_ffff) << 42) | (chance & 0x3ff_ffff_ffff);
        TripId(Uuid::from_u64_pair(high, low))
    }

    /// The shard this trip lives in for all its life.
    #[must_use]
    pub fn home(self) -> ShardId {
        self.cell().expect("checked when the name was made or read")
    }

    /// When the trip was asked for, in milliseconds.
    #[must_use]
    pub fn requested_at(self) -> Timestamp {
        Timestamp::from_millis(self.0.as_u64_pair().0 >> 16)
    }

    /// The name as a number, for stores.
    #[must_use]
    pub fn bits(self) -> u128 {
        self.0.as_u128()
    }

    /// Reads a name from its number; `None` when the number is no trip's name.
    #[must_use]
    pub fn from_bits(bits: u128) -> Option<TripId> {
        let trip = TripId(Uuid::from_u128(bits));
        (trip.0.get_version_num() == 8 && trip.cell().is_some()).then_some(trip)
    }

    fn cell(self) -> Option<ShardId> {
        let (high, low) = self.0.as_u64_pair();
        let cell = ((high & 0xfff) << 20) | ((low >> 42) & 0xf_ffff);
        let resolution = cell >> 28;
        // Mode 1 (a cell), then resolution and address, then all-ones digits below the seventh.
        let bits = (1 << 59) | (resolution << 52) | ((cell & 0x0fff_ffff) << 24) | 0xff_ffff;
        Cell::from_bits(bits).ok().map(ShardId)
    }
}

impl FromStr for TripId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<TripId, NotAnId> {
        let uuid = Uuid::try_parse(text).ok();
        uuid.and_then(|uuid| TripId::from_bits(uuid.as_u128())).ok_or_else(|| NotAnId::new("trip", text, TRIP_ALLOWED))
    }
}

impl fmt::Display for TripId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for TripId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Numbers the successive owners of a shard. A later epoch always wins. Issued only by the durable store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub u64);

/// Numbers the successive home shards of a driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(pub u64);

/// Numbers the successive connections of a driver. A later session supersedes an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u64);

/// Names one attempt of one trip to win one driver. Unique over restarts, because a restart bumps the epoch: so a
/// late reply of an earlier owner is never taken for an answer to this one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OfferId {
    /// The trip that asks.
    pub trip: TripId,
    /// The owner of the trip's shard when it asked.
    pub epoch: Epoch,
    /// Counts the attempts of this owner for this trip, from 1.
    pub attempt: u32,
}

impl fmt::Display for OfferId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.trip, self.epoch.0, self.attempt)
    }
}

impl fmt::Debug for OfferId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for OfferId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<OfferId, NotAnId> {
        let wrong = || NotAnId::new("offer", text, "an offer's id as the server gave it");
        let mut parts = text.split('.');
        let (Some(trip), Some(epoch), Some(attempt), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(wrong());
        };
        Ok(OfferId {
            trip: trip.parse().map_err(|_| wrong())?,
            epoch: Epoch(epoch.parse().map_err(|_| wrong())?),
            attempt: attempt.parse().map_err(|_| wrong())?,
        })
    }
}

#[cfg(test)]
mod tests;
