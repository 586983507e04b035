use std::sync::atomic::{AtomicBool, Ordering};

use dispatch::{DriverId, RequestKey, ShardId, StageName, Trip, TripId, WriteError};
use persistence::{
    BoxFuture, DeadLetter, Done, DriverRow, Guarded, Journal, LetterId, LoadedShard, MemoryStore, Outbox, Ownership,
    Records, StoreError,
};

/// A store that can be told not to answer one write: it does it, and says nothing of it.
#[derive(Debug, Default)]
pub(super) struct Moody {
    pub(super) memory: MemoryStore,
    pub(super) falls_silent: AtomicBool,
}

impl Ownership for Moody {
    fn claim(&self, shard: ShardId) -> BoxFuture<'_, Result<dispatch::Epoch, StoreError>> {
        self.memory.claim(shard)
    }
    fn shards_with_work(&self) -> BoxFuture<'_, Result<Vec<ShardId>, StoreError>> {
        self.memory.shards_with_work()
    }
}

impl Records for Moody {
    fn load(&self, shard: ShardId) -> BoxFuture<'_, Result<LoadedShard, StoreError>> {
        self.memory.load(shard)
    }
    fn trip(&self, id: TripId) -> BoxFuture<'_, Result<Option<Trip>, StoreError>> {
        self.memory.trip(id)
    }
    fn trip_by_key(&self, key: RequestKey) -> BoxFuture<'_, Result<Option<Trip>, StoreError>> {
        self.memory.trip_by_key(key)
    }
    fn scheduled_trips(&self, rider: dispatch::RiderId) -> BoxFuture<'_, Result<u64, StoreError>> {
        self.memory.scheduled_trips(rider)
    }

    fn driver(&self, id: DriverId) -> BoxFuture<'_, Result<Option<DriverRow>, StoreError>> {
        self.memory.driver(id)
    }
    fn open_session(&self, id: DriverId) -> BoxFuture<'_, Result<DriverRow, StoreError>> {
        self.memory.open_session(id)
    }
    fn settle(&self, id: DriverId, home: ShardId) -> BoxFuture<'_, Result<DriverRow, StoreError>> {
        self.memory.settle(id, home)
    }
    fn trips_by_stage(&self) -> BoxFuture<'_, Result<Vec<(StageName, u64)>, StoreError>> {
        self.memory.trips_by_stage()
    }
    fn all_trips(&self) -> BoxFuture<'_, Result<Vec<Trip>, StoreError>> {
        self.memory.all_trips()
    }
    fn all_drivers(&self) -> BoxFuture<'_, Result<Vec<(DriverId, Option<TripId>)>, StoreError>> {
        self.memory.all_drivers()
    }
}

impl Journal for Moody {
    fn commit(&self, writes: Vec<Guarded>) -> BoxFuture<'_, Vec<Result<Done, WriteError>>> {
        Box::pin(async move {
            let count = writes.len();
            let done = self.memory.commit(writes).await;
            if self.falls_silent.swap(false, Ordering::SeqCst) { vec![Err(WriteError::Unknown); count] } else { done }
        })
    }
    fn read(
        &self,
        after: u64,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<(u64, dispatch::invariants::Entry)>, StoreError>> {
        self.memory.read(after, limit)
    }
}

impl Outbox for Moody {
    fn cursor(&self, outlet: &str) -> BoxFuture<'_, Result<u64, StoreError>> {
        self.memory.cursor(outlet)
    }
    fn advance(&self, outlet: &str, line: u64) -> BoxFuture<'_, Result<u64, StoreError>> {
        self.memory.advance(outlet, line)
    }
    fn behind(&self, line: u64, at_most: u32) -> BoxFuture<'_, Result<u64, StoreError>> {
        self.memory.behind(line, at_most)
    }
    fn bury(&self, letter: DeadLetter) -> BoxFuture<'_, Result<(), StoreError>> {
        self.memory.bury(letter)
    }
    fn dead_letters(&self, after: Option<LetterId>, limit: u32) -> BoxFuture<'_, Result<Vec<DeadLetter>, StoreError>> {
        self.memory.dead_letters(after, limit)
    }
    fn redeliver(&self, which: Option<LetterId>) -> BoxFuture<'_, Result<u64, StoreError>> {
        self.memory.redeliver(which)
    }
    fn due_letter(&self, outlet: &str) -> BoxFuture<'_, Result<Option<DeadLetter>, StoreError>> {
        self.memory.due_letter(outlet)
    }
    fn unbury(&self, id: LetterId) -> BoxFuture<'_, Result<(), StoreError>> {
        self.memory.unbury(id)
    }
}
