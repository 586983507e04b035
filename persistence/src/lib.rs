//! What lasts: rows, journal and ownership.
//!
//! Lives here: the traits every store keeps, the in-memory reference, the SQLite store, the group committer.
//! Stays out: actors, HTTP, decisions.
//! Touch with care: a write is guarded by the epoch of its shard, the version of its trip and the freedom of its
//! driver, all in one transaction. Weaken one guard and a promise breaks: the contract tests say which.

mod traits;

pub use traits::{
    BoxFuture, Done, DriverRow, Fence, Guarded, Journal, LoadedShard, Ownership, Records, Store, StoreError,
};
