//! How what a shard has learned is packed: counts in sixteenths, prices in percent, places in parts of a degree.
//!
//! Touch with care: a change of what is packed is a new version of the whole form, see [`super`].

use bitcode::{Decode, Encode};
use dispatch::{LEARNED_CELLS_MAX, Learned, LearnedCell, LearnedPrice, Surge, Timestamp};
use geo::{Cell, Point};

use super::DEGREE;

/// Parts of one in which counts are kept.
const PARTS: f64 = 16.0;

/// The most slots there are: seven kinds of days, cut into five minutes.
const SLOTS_MAX: usize = 7 * 288;

#[derive(Debug, Default, Encode, Decode)]
pub(super) struct Packed {
    ago_ms: u32,
    days: Vec<u16>,
    recent_watched: u16,
    cells: Vec<PackedCell>,
    prices: Vec<PackedPrice>,
}

#[derive(Debug, Encode, Decode)]
struct PackedCell {
    cell: u64,
    usual: Vec<u16>,
    recent: u32,
    heart: Option<(i32, i32)>,
}

#[derive(Debug, Encode, Decode)]
struct PackedPrice {
    cell: u64,
    demand: u32,
    supply: u32,
    surge: u16,
}

pub(super) fn pack(learned: &Learned, taken_at: Timestamp) -> Packed {
    let short = |counts: &[f32]| counts.iter().map(|count| (f64::from(*count) * PARTS).round() as u16).collect();
    let parts = |count: f64| (count * PARTS).round() as u32;
    let degrees = |degrees: f64| (degrees * DEGREE).round() as i32;
    let cell = |known: &LearnedCell| PackedCell {
        cell: known.cell.bits(),
        // A place without a request is short.
        usual: if known.usual.iter().all(|count| *count == 0.0) { Vec::new() } else { short(&known.usual) },
        recent: parts(known.recent),
        heart: known.heart.map(|heart| (degrees(heart.lat()), degrees(heart.lon()))),
    };
    let price = |known: &LearnedPrice| PackedPrice {
        cell: known.cell.bits(),
        demand: parts(known.demand),
        supply: parts(known.supply),
        surge: known.surge.get(),
    };
    Packed {
        ago_ms: u32::try_from(taken_at.since(learned.at).as_millis()).unwrap_or(u32::MAX),
        days: short(&learned.days),
        recent_watched: (learned.recent_watched * f64::from(u16::MAX)).round() as u16,
        cells: learned.cells.iter().take(LEARNED_CELLS_MAX).map(cell).collect(),
        prices: learned.prices.iter().take(LEARNED_CELLS_MAX).map(price).collect(),
    }
}

/// What it says; `None` when no version of Hansom can have written it.
pub(super) fn unpack(packed: Packed, taken_at: Timestamp) -> Option<Learned> {
    let longest = packed.cells.iter().map(|cell| cell.usual.len()).chain([packed.days.len()]).max();
    if packed.cells.len().max(packed.prices.len()) > LEARNED_CELLS_MAX || longest > Some(SLOTS_MAX) {
        return None;
    }
    let long = |counts: Vec<u16>| counts.into_iter().map(|count| (f64::from(count) / PARTS) as f32).collect();
    let count = |parts: u32| f64::from(parts) / PARTS;
    let degrees = |degrees: i32| f64::from(degrees) / DEGREE;
    let cell = |known: PackedCell| {
        let heart = known.heart.map(|(lat, lon)| Point::new(degrees(lat), degrees(lon)));
        Some(LearnedCell {
            cell: Cell::from_bits(known.cell).ok()?,
            usual: long(known.usual),
            recent: count(known.recent),
            heart: heart.transpose().ok()?,
        })
    };
    let price = |known: PackedPrice| {
        Some(LearnedPrice {
            cell: Cell::from_bits(known.cell).ok()?,
            demand: count(known.demand),
            supply: count(known.supply),
            surge: Surge::percent(known.surge)?,
        })
    };
    Some(Learned {
        at: Timestamp::from_millis(taken_at.millis().saturating_sub(u64::from(packed.ago_ms))),
        days: long(packed.days),
        recent_watched: f64::from(packed.recent_watched) / f64::from(u16::MAX),
        cells: packed.cells.into_iter().map(cell).collect::<Option<_>>()?,
        prices: packed.prices.into_iter().map(price).collect::<Option<_>>()?,
    })
}
