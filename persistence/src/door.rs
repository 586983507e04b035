//! Drivers at the door: who waits to be let in, and who is let in together.
//!
//! Lives here: [`Waiting`] and [`turn`], the same for every store.
//! Stays out: the statements, which are each store's own; what a session or a home means.
//! Touch with care: whoever is at the door twice has two turns, in the order of asking.

use std::collections::BTreeSet;

use dispatch::{DriverId, ShardId};
use tokio::sync::oneshot;

use crate::{DriverRow, StoreError};

/// Someone at the door.
pub(crate) struct Waiting {
    pub(crate) driver: DriverId,
    /// Where he settles; `None` for one who opens a session.
    pub(crate) home: Option<ShardId>,
    pub(crate) reply: oneshot::Sender<Result<DriverRow, StoreError>>,
}

/// Those who can be let in together, each driver once and all for the same reason, and the others.
pub(crate) fn turn(waiting: Vec<Waiting>) -> (Vec<Waiting>, Vec<Waiting>) {
    let mut seen = BTreeSet::new();
    let settles = waiting.first().is_some_and(|first| first.home.is_some());
    // A driver who is left behind once is left behind for good: his turns are in the order of asking.
    waiting.into_iter().partition(|next| seen.insert(next.driver.clone()) && next.home.is_some() == settles)
}
