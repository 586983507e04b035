//! How far a node has come in taking up its work, for whoever watches from outside.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A count of shards with unfinished work, and of those that are owned and loaded. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Recovery(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    done: AtomicUsize,
    of: AtomicUsize,
}

impl Recovery {
    /// So many are taken up, of so many. Both are 0 until it is known how many there are.
    #[must_use]
    pub fn progress(&self) -> (usize, usize) {
        (self.0.done.load(Ordering::Relaxed), self.0.of.load(Ordering::Relaxed))
    }

    pub(crate) fn begin(&self, shards: usize) {
        self.0.of.store(shards, Ordering::Relaxed);
    }

    /// One more is done; says how many.
    pub(crate) fn one_more(&self) -> usize {
        self.0.done.fetch_add(1, Ordering::Relaxed) + 1
    }
}
