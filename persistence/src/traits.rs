//! What a store promises. Every store passes the same contract tests.

use std::future::Future;
use std::pin::Pin;

use dispatch::invariants::Entry;
use dispatch::{
    DriverChange, DriverId, Epoch, Generation, RequestKey, RiderId, SessionId, ShardId, StageName, Trip, TripId, Write,
    WriteError,
};

use crate::{Nodes, Outbox, Policies};

/// A future that can be kept behind `dyn`.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The right to write for a shard: it holds as long as the store knows no later epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fence {
    /// Which shard.
    pub shard: ShardId,
    /// As which of its owners.
    pub epoch: Epoch,
}

/// A write and the right to do it.
#[derive(Clone, Debug, PartialEq)]
pub struct Guarded {
    /// The right.
    pub fence: Fence,
    /// The write.
    pub write: Write,
}

/// What became of a write that was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// A trip's step is in the journal under this number of its shard and epoch.
    Journaled {
        /// The number, from 1, without gaps.
        seq: u64,
    },
    /// A driver has a new home.
    Moved {
        /// The number of homes it has had.
        generation: Generation,
    },
}

/// A driver as the store knows it.
#[derive(Clone, Debug, PartialEq)]
pub struct DriverRow {
    /// Who.
    pub id: DriverId,
    /// Where it is at home; `None` before it went on line for the first time.
    pub home: Option<ShardId>,
    /// The number of homes it has had.
    pub generation: Generation,
    /// The number of sessions it has opened.
    pub session: SessionId,
    /// The trip it is committed to, as it stands.
    pub trip: Option<Trip>,
}

/// A driver and the trip its row names.
pub type Commitment = (DriverId, Option<TripId>);

/// What a new owner loads.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LoadedShard {
    /// The active trips whose home this is, each with the home of its committed driver.
    pub trips: Vec<(Trip, Option<ShardId>)>,
    /// The drivers at home here who are committed to a trip (of this or another shard).
    pub drivers: Vec<DriverRow>,
}

/// Why a store cannot answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The store does not answer now. Ask again later.
    #[error("store unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Another process holds the store. Stop it, or use another data directory.
    #[error("{path} is in use by another process: stop it, or choose another data directory")]
    InUse {
        /// What is in use.
        path: String,
    },
    /// The data directory, or what is in it, cannot be made or opened, or an address is none. Give the process its rights,
    /// or use another.
    #[error("{path} cannot be used as a store")]
    Unusable {
        /// What cannot be made or opened.
        path: String,
        /// What the system says.
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The file is no database of Hansom, or is damaged. Restore a backup; nothing was changed.
    #[error("{path} is damaged or no database of Hansom: restore a backup, or choose another data directory")]
    Damaged {
        /// Which file.
        path: String,
        /// What is wrong with it.
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A newer Hansom wrote the store. Run that version, or use another data directory; nothing was changed.
    #[error("{path} has schema version {found}, this version knows {known} at most: run the newer version")]
    Newer {
        /// Which file.
        path: String,
        /// The version found.
        found: i64,
        /// The newest version known here.
        known: i64,
    },
    /// An older Hansom made the schema. Bring it up to date; nothing was changed.
    #[error("{path} has schema version {found}, this version needs {known}: run `hansom migrate`")]
    Outdated {
        /// Which database.
        path: String,
        /// The version found.
        found: i64,
        /// The version needed.
        known: i64,
    },
    /// The server may forget what it has acknowledged. Change its setting; nothing was changed.
    #[error("{path} runs with {setting} = {value} and could lose what it acknowledged: set {setting} = on")]
    Unsafe {
        /// Which database.
        path: String,
        /// The setting.
        setting: String,
        /// What it is.
        value: String,
    },
    /// The server has a standby that may lag behind: promoted, it would forget what was acknowledged, and issue epochs anew.
    #[error(
        "{path} has a standby that may lag behind, which would forget what was acknowledged: set \
         synchronous_standby_names = 'ANY 1 (*)' there, or allow it with postgres_async_standby = allow"
    )]
    AsyncStandby {
        /// Which database.
        path: String,
    },
    /// Another process tells events by now. Tell none; nothing was changed.
    #[error("another process tells events now")]
    NotHeld,
    /// What is stored cannot be read. Restore a backup; nothing was changed.
    #[error("{table}.{column} holds {value}, allowed is {allowed}")]
    Corrupt {
        /// Which table.
        table: &'static str,
        /// Which column.
        column: &'static str,
        /// What it holds, cut to a readable length.
        value: String,
        /// What it may hold.
        allowed: &'static str,
    },
}

/// Who owns which shard. The store issues the epochs and nobody else.
pub trait Ownership: Send + Sync {
    /// Makes the caller the next owner of a shard, whoever held it: the epoch grows by one, from 1. All writes of
    /// earlier epochs are refused from then on.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: the epoch may have grown all the same, so claim again and believe the last answer.
    fn claim(&self, shard: ShardId) -> BoxFuture<'_, Result<Epoch, StoreError>>;

    /// The shards with an active trip or a committed driver, in order: who starts must claim them.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn shards_with_work(&self) -> BoxFuture<'_, Result<Vec<ShardId>, StoreError>>;
}

/// The rows. Every method fails as [`StoreError`] says; a row that cannot be read is [`StoreError::Corrupt`].
pub trait Records: Send + Sync {
    /// The active trips and committed drivers of a shard, all of one moment, each in the order of its ids.
    fn load(&self, shard: ShardId) -> BoxFuture<'_, Result<LoadedShard, StoreError>>;

    /// A trip as it stands, also after its end.
    fn trip(&self, id: TripId) -> BoxFuture<'_, Result<Option<Trip>, StoreError>>;

    /// The trip an idempotency key was used for.
    fn trip_by_key(&self, key: RequestKey) -> BoxFuture<'_, Result<Option<Trip>, StoreError>>;

    /// How many trips of a rider wait for their time.
    fn scheduled_trips(&self, rider: RiderId) -> BoxFuture<'_, Result<u64, StoreError>>;

    /// A driver as it stands.
    fn driver(&self, id: DriverId) -> BoxFuture<'_, Result<Option<DriverRow>, StoreError>>;

    /// Counts one more session of a driver and returns the row; makes the row when there is none.
    fn open_session(&self, id: DriverId) -> BoxFuture<'_, Result<DriverRow, StoreError>>;

    /// Gives a driver without a trip a home, whatever its home was, and returns the row; makes the row when there is
    /// none. A driver who is committed to a trip keeps its home: the row says so. A no-op, without a new generation,
    /// when it lives there already.
    fn settle(&self, id: DriverId, home: ShardId) -> BoxFuture<'_, Result<DriverRow, StoreError>>;

    /// How many trips are in each stage: every stage, in the order of a trip's life.
    fn trips_by_stage(&self) -> BoxFuture<'_, Result<Vec<(StageName, u64)>, StoreError>>;

    /// Every trip in the order of its ids, for audits. Not for large stores in service.
    fn all_trips(&self) -> BoxFuture<'_, Result<Vec<Trip>, StoreError>>;

    /// Every driver in the order of its ids and the trip its row names, for audits. Not for large stores in service.
    fn all_drivers(&self) -> BoxFuture<'_, Result<Vec<Commitment>, StoreError>>;
}

/// The journal and the guarded writes that fill it.
pub trait Journal: Send + Sync {
    /// Does each write in order, each whole or not at all, all made durable together before this returns. One outcome
    /// for each write, in order.
    ///
    /// A trip's step is refused as [`WriteError::Fenced`] when the shard has a later epoch, [`WriteError::SameKey`]
    /// when its idempotency key is known, [`WriteError::Capped`] when its `caps` do not allow one more trip to what its
    /// rider has in all shards together, [`WriteError::Stale`] when the store does not hold the version before
    /// `after.version` (none, for version 1), [`WriteError::DriverTaken`] when the driver to take is unknown or
    /// committed, [`WriteError::Stale`] when the driver to free is not held by this trip. A move is refused as
    /// `Fenced`, as `Stale` when the home is not `from`, and as `DriverTaken` when the driver is committed to a trip.
    ///
    /// The questions are asked in this order, and three more belong to them. `Fenced` is also a fence that gives no
    /// right to this write: of another shard than the trip's home (or the `from` of a move), or of an epoch that was
    /// never issued. [`WriteError::Stale`] is also a step whose `driver` is not what it does to the trip's committed
    /// driver, told by the stage the store holds and the stage in `after`: else the rows of trip and driver would part.
    /// And so is a row that cannot be read: only the write that needs it is refused, and reading it says what is wrong.
    ///
    /// When the store fails in mid-commit every write without another outcome is [`WriteError::Unknown`].
    fn commit(&self, writes: Vec<Guarded>) -> BoxFuture<'_, Vec<Result<Done, WriteError>>>;

    /// The journal in the order it was committed, from line `after` (0 for the start), at most `limit` lines, each with
    /// its line number.
    fn read(&self, after: u64, limit: u32) -> BoxFuture<'_, Result<Vec<(u64, Entry)>, StoreError>>;
}

/// A whole store.
pub trait Store: Ownership + Records + Journal + Outbox + Nodes + Policies + std::fmt::Debug + 'static {}

impl<T: Ownership + Records + Journal + Outbox + Nodes + Policies + std::fmt::Debug + 'static> Store for T {}

/// Who must be committed to the trip before a step, told by what the step says of the driver's row and of the trip
/// after it: `None` when the two contradict each other.
pub(crate) fn holder_before<'a>(change: &'a DriverChange, after: &'a Trip) -> Option<Option<&'a DriverId>> {
    match (change, after.stage.committed_driver()) {
        (DriverChange::None, holder) => Some(holder),
        (DriverChange::Take(taken), Some(holder)) if taken == holder => Some(None),
        (DriverChange::Free(freed), None) => Some(Some(freed)),
        (DriverChange::Take(_), _) | (DriverChange::Free(_), Some(_)) => None,
    }
}
