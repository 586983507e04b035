//! What a shard has learned of its ground, in a form that may outlive the shard's memory: demand by cell and time of day, and
//! what rides cost where.
//!
//! Lives here: [`Learned`] and its bounds.
//! Stays out: how it is learned ([`crate::Forecast`], [`crate::SurgeMap`]), where it is kept.
//! Touch with care: it is a hint. Whoever takes it up checks it as if anybody had written it.

use geo::{Cell, Point};

use crate::{Surge, Timestamp};

/// The most cells of demand that are handed on, those with most requests first: more than a shard of the default size has.
pub const LEARNED_CELLS_MAX: usize = 512;

/// What is known about one cell's demand.
#[derive(Clone, Debug, PartialEq)]
pub struct LearnedCell {
    /// Which cell.
    pub cell: Cell,
    /// Requests in each slot of the day, of former days, decayed; empty before a first slot was over.
    pub usual: Vec<f32>,
    /// Requests of late, decayed to the moment of [`Learned::at`].
    pub recent: f64,
    /// Where in the cell riders get in, if that was seen.
    pub heart: Option<Point>,
}

/// What is known about one cell's price.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LearnedPrice {
    /// Which cell.
    pub cell: Cell,
    /// Requests of late, decayed.
    pub demand: f64,
    /// Drivers who were free of late.
    pub supply: f64,
    /// What rides cost there.
    pub surge: Surge,
}

/// What a shard has learned of its ground.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Learned {
    /// When this was so.
    pub at: Timestamp,
    /// How many days each slot of the day was watched, decayed.
    pub days: Vec<f32>,
    /// How much of the memory of late requests had been watched: 0 to 1.
    pub recent_watched: f64,
    /// At most [`LEARNED_CELLS_MAX`].
    pub cells: Vec<LearnedCell>,
    /// At most as many.
    pub prices: Vec<LearnedPrice>,
}
