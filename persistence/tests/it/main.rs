//! What the stores promise, checked from outside.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod contract;
mod crash;
mod damage;
mod differential;
mod directory;
mod redis;
mod rivals;
mod server;
mod snapshots;
mod stores;
mod street;
