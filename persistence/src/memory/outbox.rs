//! The way out of a store in memory.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{MutexGuard, PoisonError};

use dispatch::Epoch;

use super::{MemoryStore, ready};
use crate::{BoxFuture, DeadLetter, LetterId, Nodes, Outbox, StoreError};

/// What each outlet has taken, and what it would not.
#[derive(Clone, Debug, Default)]
pub(super) struct Letters {
    cursors: BTreeMap<String, u64>,
    dead: BTreeMap<LetterId, DeadLetter>,
}

impl MemoryStore {
    pub(super) fn letters(&self) -> MutexGuard<'_, Letters> {
        self.letters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Nodes for MemoryStore {}

impl Outbox for MemoryStore {
    fn cursor(&self, outlet: &str) -> BoxFuture<'_, Result<u64, StoreError>> {
        ready(Ok(self.letters().cursors.get(outlet).copied().unwrap_or_default()))
    }

    fn advance(&self, outlet: &str, line: u64, _held: Epoch) -> BoxFuture<'_, Result<u64, StoreError>> {
        let mut letters = self.letters();
        let cursor = letters.cursors.entry(outlet.to_owned()).or_default();
        *cursor = line.max(*cursor);
        ready(Ok(*cursor))
    }

    fn behind(&self, line: u64, at_most: u32) -> BoxFuture<'_, Result<u64, StoreError>> {
        let lines = self.rows().journal.len() as u64;
        ready(Ok(lines.saturating_sub(line).min(u64::from(at_most))))
    }

    fn bury(&self, letter: DeadLetter) -> BoxFuture<'_, Result<(), StoreError>> {
        self.letters().dead.insert(letter.id.clone(), letter);
        ready(Ok(()))
    }

    fn dead_letters(&self, after: Option<LetterId>, limit: u32) -> BoxFuture<'_, Result<Vec<DeadLetter>, StoreError>> {
        let letters = self.letters();
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let rest = letters.dead.range((from, Bound::Unbounded));
        ready(Ok(rest.take(limit as usize).map(|(_, letter)| letter.clone()).collect()))
    }

    fn redeliver(&self, which: Option<LetterId>) -> BoxFuture<'_, Result<u64, StoreError>> {
        let mut letters = self.letters();
        let wanted = |id: &LetterId| which.as_ref().is_none_or(|which| which == id);
        let marked = letters.dead.values_mut().filter(|letter| wanted(&letter.id));
        ready(Ok(marked.map(|letter| letter.due = true).count() as u64))
    }

    fn due_letter(&self, outlet: &str) -> BoxFuture<'_, Result<Option<DeadLetter>, StoreError>> {
        let letters = self.letters();
        let due = letters.dead.values().find(|letter| letter.due && letter.id.outlet == outlet);
        ready(Ok(due.cloned()))
    }

    fn unbury(&self, id: LetterId) -> BoxFuture<'_, Result<(), StoreError>> {
        self.letters().dead.remove(&id);
        ready(Ok(()))
    }
}
