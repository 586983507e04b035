//! The ground of a very small city: two shards side by side.

use std::sync::LazyLock;

use dispatch::{ShardId, Timestamp};
use geo::{Point, Resolution};

/// When everybody's clock begins.
pub(super) const START: Timestamp = Timestamp::from_millis(1_000_000_000_000);

static SHARDS: LazyLock<(ShardId, ShardId)> = LazyLock::new(|| {
    let here = ShardId::of(pickup(), Resolution::SHARD);
    let there = here.0.neighbours().into_iter().min().unwrap();
    (here, ShardId(there))
});

pub(super) fn pickup() -> Point {
    Point::new(40.75, -73.98).unwrap()
}

pub(super) fn dropoff() -> Point {
    Point::new(40.77, -73.98).unwrap()
}

/// Where rides end whose riders go elsewhere.
pub(super) fn elsewhere() -> Point {
    Point::new(40.78, -73.98).unwrap()
}

/// Where rides halt.
pub(super) fn stop() -> Point {
    Point::new(40.76, -73.98).unwrap()
}

/// Where rides halt whose riders have replaced the stop.
pub(super) fn other_stop() -> Point {
    Point::new(40.76, -73.97).unwrap()
}

/// The shard of every trip.
pub(super) fn here() -> ShardId {
    SHARDS.0
}

/// The shard beside it.
pub(super) fn there() -> ShardId {
    SHARDS.1
}

pub(super) fn other(shard: ShardId) -> ShardId {
    if shard == here() { there() } else { here() }
}
