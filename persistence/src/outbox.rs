//! The journal's way out: how far each outlet has been told, and what it would not take.
//!
//! Lives here: what a store promises of it. Stays out: who is told, how, and how often it is tried.
//! Touch with care: a cursor says that everything up to it has arrived. One that is ahead of the truth loses events, one
//! that is behind repeats them: so it is moved after a delivery, never before, and never back.

use std::fmt;
use std::str::FromStr;

use dispatch::{Epoch, Timestamp};

use crate::{BoxFuture, StoreError};

/// How long an outlet's name may be.
pub const OUTLET_BYTES_MAX: usize = 64;

/// Which line an outlet would not take.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LetterId {
    /// Who, by a name of 1 to [`OUTLET_BYTES_MAX`] bytes without a `/`.
    pub outlet: String,
    /// Which line of the journal.
    pub line: u64,
}

impl fmt::Display for LetterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.outlet, self.line)
    }
}

/// A text that names no dead letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("allowed is an outlet and a line, as in billing/4711")]
pub struct NoLetterId;

impl FromStr for LetterId {
    type Err = NoLetterId;

    fn from_str(text: &str) -> Result<LetterId, NoLetterId> {
        let (outlet, line) = text.split_once('/').ok_or(NoLetterId)?;
        let line = line.parse().ok().filter(|line| *line >= 1).ok_or(NoLetterId)?;
        let is_name = (1..=OUTLET_BYTES_MAX).contains(&outlet.len());
        is_name.then(|| LetterId { outlet: outlet.to_owned(), line }).ok_or(NoLetterId)
    }
}

/// A line that an outlet would not take, and what became of it. What the line says is in the journal.
#[derive(Clone, Debug, PartialEq)]
pub struct DeadLetter {
    /// Which line of which outlet.
    pub id: LetterId,
    /// The event's name outside.
    pub event: String,
    /// How often it was tried.
    pub attempts: u32,
    /// What happened the last time, for a person to read.
    pub reason: String,
    /// When it was given up.
    pub at: Timestamp,
    /// Whether it is to be tried again.
    pub due: bool,
}

/// What every store knows of the way out. Every method fails as [`StoreError`] says.
pub trait Outbox: Send + Sync {
    /// The last line that an outlet has taken, 0 for none.
    fn cursor(&self, outlet: &str) -> BoxFuture<'_, Result<u64, StoreError>>;

    /// Notes that an outlet has taken every line up to this one, and says how far it is. A cursor never goes back: to
    /// advance it to an earlier line changes nothing. `held` is what [`crate::Nodes::hold_events`] said:
    /// [`StoreError::NotHeld`] when another process tells events by now, and nothing was changed.
    fn advance(&self, outlet: &str, line: u64, held: Epoch) -> BoxFuture<'_, Result<u64, StoreError>>;

    /// How many lines the journal has after this one, counted no further than `at_most`.
    fn behind(&self, line: u64, at_most: u32) -> BoxFuture<'_, Result<u64, StoreError>>;

    /// Keeps a dead letter; one of the same line and outlet is replaced by it.
    fn bury(&self, letter: DeadLetter) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Dead letters in the order of their ids, after this one, at most `limit`.
    fn dead_letters(&self, after: Option<LetterId>, limit: u32) -> BoxFuture<'_, Result<Vec<DeadLetter>, StoreError>>;

    /// Marks a dead letter, or all of them, as due to be tried again, and says how many there were to mark: a letter
    /// that is due already counts.
    fn redeliver(&self, which: Option<LetterId>) -> BoxFuture<'_, Result<u64, StoreError>>;

    /// The first letter of an outlet that is due, by its line.
    fn due_letter(&self, outlet: &str) -> BoxFuture<'_, Result<Option<DeadLetter>, StoreError>>;

    /// Forgets a dead letter: it has been delivered after all.
    fn unbury(&self, id: LetterId) -> BoxFuture<'_, Result<(), StoreError>>;
}
