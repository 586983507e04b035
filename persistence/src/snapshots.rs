//! Snapshots: what a shard's owner held in memory a moment ago, for whoever owns it next. Hints, never the truth.
//!
//! Lives here: the trait [`Snapshots`] and why a snapshot cannot be had; the form is in `blob`, Redis in `redis`.
//! Stays out: when one is taken, and what of it is believed.
//! Touch with care: nothing may wait for a snapshot longer than a second, and nothing may depend on there being one.

mod blob;
mod redis;

use std::time::Duration;

use dispatch::{DriverId, ShardId};
use geo::Point;

pub use blob::{BadSnapshot, Snapshot};
pub use redis::{NotARedis, RedisSnapshots};

use crate::BoxFuture;

/// How long a question to the keeper of snapshots may take before it is given up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(1);

/// How long a snapshot is kept.
pub(crate) const KEPT_FOR: Duration = Duration::from_secs(600);

/// Why the keeper of snapshots does not answer.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// It cannot be reached, or refuses.
    #[error("the keeper of snapshots does not answer")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It took longer than a second.
    #[error("the keeper of snapshots did not answer within {} ms", PATIENCE.as_millis())]
    Late,
}

/// A place for snapshots. It may lose everything at any time.
pub trait Snapshots: Send + Sync + std::fmt::Debug + 'static {
    /// Keeps these, each in the place of the shard's last one, for ten minutes. None at all asks whether it is there.
    ///
    /// # Errors
    /// [`SnapshotError`]: some may be kept all the same.
    fn keep(&self, blobs: Vec<(ShardId, Vec<u8>)>) -> BoxFuture<'_, Result<(), SnapshotError>>;

    /// The last snapshot of a shard, as it was given, unless it was lost or damaged.
    ///
    /// # Errors
    /// [`SnapshotError`].
    fn last(&self, shard: ShardId) -> BoxFuture<'_, Result<Option<Vec<u8>>, SnapshotError>>;

    /// Shows where drivers are to whoever else reads this place, if it does that.
    ///
    /// # Errors
    /// [`SnapshotError`].
    fn show(&self, drivers: Vec<(DriverId, Point)>) -> BoxFuture<'_, Result<(), SnapshotError>>;
}
