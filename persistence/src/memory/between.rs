//! Somebody between a store in memory and those who write to it: for tests of what must survive a store that misbehaves.
//!
//! Lives here: everything but writing, which goes straight through. Stays out: how it misbehaves.

use std::fmt::Debug;

use dispatch::invariants::Entry;
use dispatch::{DriverId, Epoch, RequestKey, RiderId, ShardId, StageName, Trip, TripId, WriteError};

use crate::{
    BoxFuture, Commitment, DeadLetter, Done, DriverRow, Guarded, Journal, LetterId, LoadedShard, MemoryStore, Nodes,
    Outbox, Ownership, Policies, PolicyRevision, Records, StoreError,
};

/// What becomes of writes on their way to a store, and of its answers on their way back.
pub trait Tamper: Debug + Send + Sync + 'static {
    /// In the place of [`Journal::commit`].
    fn commit<'a>(
        &'a self,
        memory: &'a MemoryStore,
        writes: Vec<Guarded>,
    ) -> BoxFuture<'a, Vec<Result<Done, WriteError>>>;
}

/// A store in memory, and who stands before it.
#[derive(Debug, Default)]
pub struct Between<T> {
    /// The store.
    pub memory: MemoryStore,
    /// Whoever it is.
    pub tamper: T,
}

impl<T: Tamper> Journal for Between<T> {
    fn commit(&self, writes: Vec<Guarded>) -> BoxFuture<'_, Vec<Result<Done, WriteError>>> {
        self.tamper.commit(&self.memory, writes)
    }

    fn read(&self, after: u64, limit: u32) -> BoxFuture<'_, Result<Vec<(u64, Entry)>, StoreError>> {
        self.memory.read(after, limit)
    }
}

impl<T: Tamper> Nodes for Between<T> {}

impl<T: Tamper> Policies for Between<T> {
    fn policy_latest(&self) -> BoxFuture<'_, Result<Option<PolicyRevision>, StoreError>> {
        self.memory.policy_latest()
    }

    fn policy_history(
        &self,
        before: Option<u64>,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<PolicyRevision>, StoreError>> {
        self.memory.policy_history(before, limit)
    }

    fn policy_change(&self, next: PolicyRevision) -> BoxFuture<'_, Result<bool, StoreError>> {
        self.memory.policy_change(next)
    }
}

impl<T: Tamper> Outbox for Between<T> {
    fn cursor(&self, outlet: &str) -> BoxFuture<'_, Result<u64, StoreError>> {
        self.memory.cursor(outlet)
    }

    fn advance(&self, outlet: &str, line: u64, held: Epoch) -> BoxFuture<'_, Result<u64, StoreError>> {
        self.memory.advance(outlet, line, held)
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

impl<T: Tamper> Ownership for Between<T> {
    fn claim(&self, shard: ShardId) -> BoxFuture<'_, Result<Epoch, StoreError>> {
        self.memory.claim(shard)
    }

    fn shards_with_work(&self) -> BoxFuture<'_, Result<Vec<ShardId>, StoreError>> {
        self.memory.shards_with_work()
    }
}

impl<T: Tamper> Records for Between<T> {
    fn load(&self, shard: ShardId) -> BoxFuture<'_, Result<LoadedShard, StoreError>> {
        self.memory.load(shard)
    }

    fn trip(&self, id: TripId) -> BoxFuture<'_, Result<Option<Trip>, StoreError>> {
        self.memory.trip(id)
    }

    fn trip_by_key(&self, key: RequestKey) -> BoxFuture<'_, Result<Option<Trip>, StoreError>> {
        self.memory.trip_by_key(key)
    }

    fn scheduled_trips(&self, rider: RiderId) -> BoxFuture<'_, Result<u64, StoreError>> {
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

    fn all_drivers(&self) -> BoxFuture<'_, Result<Vec<Commitment>, StoreError>> {
        self.memory.all_drivers()
    }
}
