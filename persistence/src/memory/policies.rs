//! Changes of the policy in a store in memory.

use std::sync::PoisonError;

use super::{MemoryStore, ready};
use crate::{BoxFuture, Policies, PolicyRevision, StoreError};

impl MemoryStore {
    fn revisions(&self) -> std::sync::MutexGuard<'_, Vec<PolicyRevision>> {
        self.policies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Policies for MemoryStore {
    fn policy_latest(&self) -> BoxFuture<'_, Result<Option<PolicyRevision>, StoreError>> {
        ready(Ok(self.revisions().last().cloned()))
    }

    fn policy_history(
        &self,
        before: Option<u64>,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<PolicyRevision>, StoreError>> {
        let revisions = self.revisions();
        let earlier = revisions.iter().rev().filter(|known| before.is_none_or(|before| known.revision < before));
        ready(Ok(earlier.take(limit as usize).cloned().collect()))
    }

    fn policy_change(&self, next: PolicyRevision) -> BoxFuture<'_, Result<bool, StoreError>> {
        let mut revisions = self.revisions();
        let is_next = next.revision == revisions.len() as u64 + 1;
        if is_next {
            revisions.push(next);
        }
        ready(Ok(is_next))
    }
}
