use std::sync::atomic::{AtomicBool, Ordering};

use dispatch::WriteError;
use persistence::{Between, BoxFuture, Done, Guarded, Journal, MemoryStore, Tamper};

/// A store that can be told not to answer one write: it does it, and says nothing of it.
pub(super) type Moody = Between<Silence>;

#[derive(Debug, Default)]
pub(super) struct Silence {
    pub(super) falls: AtomicBool,
}

impl Tamper for Silence {
    fn commit<'a>(
        &'a self,
        memory: &'a MemoryStore,
        writes: Vec<Guarded>,
    ) -> BoxFuture<'a, Vec<Result<Done, WriteError>>> {
        Box::pin(async move {
            let count = writes.len();
            let done = memory.commit(writes).await;
            if self.falls.swap(false, Ordering::SeqCst) { vec![Err(WriteError::Unknown); count] } else { done }
        })
    }
}
