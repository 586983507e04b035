//! What only memory knows of a driver, in a form that may outlive the memory.
//!
//! Lives here: [`Memory`], [`Hint`], and how long a hint is worth something.
//! Stays out: where hints are kept, and in which form.
//! Touch with care: a hint is never the truth. Who is on which trip, and where at home, says the row; a hint of another
//! generation than the row's is of another life.

use std::time::Duration;

use crate::{DriverId, Generation, Ping, Timestamp, Vehicle};

/// A position older than this says nothing, and what a driver wanted then neither.
pub const HINT_LIVES: Duration = Duration::from_secs(60);

/// What a driver wants, as far as the app said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Work.
    Work,
    /// None: the driver is off line, or this trip is the last one.
    Rest,
    /// None for a while.
    Break,
}

/// What a driver's app said that no row holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// The number of homes the driver had when this was so.
    pub generation: Generation,
    /// What the driver wants.
    pub wish: Wish,
    /// What the driver drives; `None` for one who was never on line here.
    pub vehicle: Option<Vehicle>,
    /// How many of a thousand offers the driver accepts, by the last twenty or so.
    pub acceptance: u16,
}

/// What the next owner of a shard would like to know of a driver.
#[derive(Clone, Debug, PartialEq)]
pub struct Hint {
    /// What the app said.
    pub memory: Memory,
    /// Where the driver was; it also says who.
    pub last: Ping,
    /// When that came in.
    pub seen_at: Timestamp,
}

impl Hint {
    /// Whose it is.
    #[must_use]
    pub fn driver(&self) -> &DriverId {
        &self.last.driver
    }

    /// Whether it still says something at `now`.
    #[must_use]
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        now.since(self.seen_at) <= HINT_LIVES
    }
}
