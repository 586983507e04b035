//! The processes that serve on one store: who lives, and who does what only one may do.
//!
//! Lives here: what a store promises of it. Stays out: how often a process beats, what it does with what it holds.
//! Touch with care: a process that is taken for dead may only be slow. So whatever rests on holding something is refused by
//! the store in the statement that does it; beats say when to try, never who is right.

use std::time::Duration;

use dispatch::Epoch;

use crate::{BoxFuture, StoreError};

/// A process that has not beaten for so long by the store's clock counts as dead. At a beat a second: four were lost.
pub const DEAD_AFTER: Duration = Duration::from_secs(5);

/// A process, as the store knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// The number of its opening of the store: a later one is greater, whoever it is.
    pub incarnation: u64,
    /// What it calls itself, for people.
    pub name: String,
    /// How often it has beaten.
    pub beats: u64,
    /// How long ago that was the last time, by the store's clock.
    pub silent_for: Duration,
    /// Whether it holds the right to tell events.
    pub tells_events: bool,
    /// Whether it is the one that asks.
    pub is_me: bool,
}

/// What a store knows of the processes on it. A store of one process has nothing to tell them apart for: what is said here
/// is true of it, and all of it.
pub trait Nodes: Send + Sync {
    /// Says that this process lives, under this name of 1 to 200 characters.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn beat(&self, name: &str) -> BoxFuture<'_, Result<(), StoreError>> {
        let _ = name;
        Box::pin(std::future::ready(Ok(())))
    }

    /// Says that this process is about to end: nobody has to wait for its silence.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn leave(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// The processes that have beaten within the hour, by incarnation; none where there can only be one.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn nodes(&self) -> BoxFuture<'_, Result<Vec<Node>, StoreError>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    /// Takes, or keeps, the right to tell events: the epoch under which this process holds it. `None` while another holds it
    /// that lives.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn hold_events(&self) -> BoxFuture<'_, Result<Option<Epoch>, StoreError>> {
        Box::pin(std::future::ready(Ok(Some(Epoch(1)))))
    }
}
