//! What lasts: rows, journal and ownership.
//!
//! Lives here: the traits every store keeps, the in-memory reference, the stores in SQLite and in Postgres, the
//! group committer; snapshots in Redis, which may be lost.
//! Stays out: actors, HTTP, decisions.
//! Touch with care: a write is guarded by the epoch of its shard, the version of its trip and the freedom of its
//! driver, all in one transaction. Weaken one guard and a promise breaks: the contract tests say which.

// The tests' street and servers, which unit tests share, know this crate by its name.
#[cfg(test)]
extern crate self as persistence;

mod committer;
mod door;
mod memory;
mod nodes;
mod outbox;
mod policies;
mod postgres;
mod rows;
mod snapshots;
mod sqlite;
mod traits;

pub use committer::{BATCH_MAX, CommitCounts, Committer, QUEUE_DEFAULT};
pub use memory::{Between, MemoryStore, Tamper};
pub use nodes::{DEAD_AFTER, Node, Nodes};
pub use outbox::{DeadLetter, LetterId, NoLetterId, OUTLET_BYTES_MAX, Outbox};
pub use policies::{Policies, PolicyDiff, PolicyRevision};
pub use postgres::PostgresStore;
pub use snapshots::{BadSnapshot, NotARedis, RedisSnapshots, Snapshot, SnapshotError, Snapshots};
pub use sqlite::SqliteStore;
pub use traits::{
    BoxFuture, Commitment, Done, DriverRow, Fence, Guarded, Journal, LoadedShard, Ownership, Records, Store, StoreError,
};
