//! The city as the doors see it: plain async functions, no addresses.

mod ordering;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use actix::prelude::*;
use dispatch::{
    BadPickupTime, BadPolicy, CancelReason, DriverId, Epoch, LiveTrip, Party, RETRY_AFTER, Refusal, ShardCounts,
    ShardId, Surge, Trip, TripId, TripView, answer_for_ended,
};
use geo::Resolution;
use persistence::{Committer, DriverRow, Snapshots, Store, StoreError};
use prometheus::Registry;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tracing::info;

use crate::clock::Clock;
use crate::letters::{AskOf, AskTrip, Letter, Look, Own, Quiesce, Quit, Report, Wanted};
use crate::metrics::Metrics;
use crate::node::NodeActor;
use crate::office::Shared;
use crate::pings::Pings;
use crate::recovery::Recovery;
use crate::routes::{Door, Routes};
use crate::rules::Rules;
use crate::session::DriverSession;
use crate::settings::CitySettings;
use crate::shard::ShardActor;
use crate::snapshots;
use crate::told::Cursor;

pub use ordering::NewTrip;

/// How many shards are claimed and loaded at a time: a store answers them together, and none waits for all the others.
const CLAIMS_AT_ONCE: usize = 16;

/// What a city lasts in, and who is told how far it has come in taking up what was there.
#[derive(Clone, Debug)]
pub struct Stores {
    /// The truth.
    pub store: Arc<dyn Store>,
    /// Hints, which may be lost.
    pub snapshots: Option<Arc<dyn Snapshots>>,
    /// Counts the shards that are taken up.
    pub recovery: Recovery,
}

impl From<Arc<dyn Store>> for Stores {
    /// The truth alone.
    fn from(store: Arc<dyn Store>) -> Stores {
        Stores { store, snapshots: None, recovery: Recovery::default() }
    }
}

/// Why the city does not do what a door asks.
#[derive(Debug, thiserror::Error)]
pub enum CityError {
    /// Too much at once, or something is being rebuilt: ask again after this time, with the same key.
    #[error("busy: try again in {} ms", retry_after.as_millis())]
    Busy {
        /// How long to wait.
        retry_after: Duration,
    },
    /// The rules say no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The idempotency key was used before for a request that was not the same.
    #[error("the idempotency key was used before, for another request: trip {trip}")]
    KeyReused {
        /// The trip it made.
        trip: TripId,
    },
    /// No ride can be asked for then.
    #[error(transparent)]
    PickupTime(BadPickupTime),
    /// The rider has as many rides for later as one may have.
    #[error("a rider may have {limit} rides for later at a time")]
    TooManyBooked {
        /// How many.
        limit: u32,
    },
    /// The store does not answer.
    #[error("the store does not answer")]
    Store(#[source] StoreError),
    /// The settings would make the city misbehave.
    #[error(transparent)]
    Policy(#[from] BadPolicy),
    /// The registry already holds a city's metrics.
    #[error("metrics cannot be registered")]
    Metrics(#[source] prometheus::Error),
    /// The city is stopping: go to another node, or come again.
    #[error("the city is stopping")]
    Stopping,
}

impl CityError {
    pub(crate) fn come_back() -> CityError {
        CityError::Busy { retry_after: RETRY_AFTER }
    }
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Requested {
    /// The trip.
    pub view: TripView,
    /// Whether the key was known: then this is the trip it made before.
    pub replayed: bool,
}

/// How one shard is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardStatus {
    /// Which.
    pub shard: ShardId,
    /// As which owner this node holds it.
    pub epoch: Epoch,
    /// Drivers in memory.
    pub drivers: usize,
    /// Drivers who may be matched.
    pub drivers_free: usize,
    /// Live trips.
    pub trips: usize,
    /// Trips that wait for a match.
    pub trips_waiting: usize,
    /// In how many cells rides cost more, by how much more.
    pub surging: BTreeMap<Surge, i64>,
    /// What it has seen since it was claimed.
    pub counts: ShardCounts,
    /// The version of the policy it goes by.
    pub policy: String,
}

/// How the city is doing on this node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CityStatus {
    /// The owned shards, by cell.
    pub shards: Vec<ShardStatus>,
}

/// The city on this node. Cheap to clone; every clone is the same city.
#[derive(Clone)]
pub struct City(Arc<Inner>);

struct Inner {
    shared: Shared,
    pings: Pings,
    flush: tokio::task::JoinHandle<()>,
    snapshots: Option<tokio::task::JoinHandle<()>>,
    stopping: AtomicBool,
    thread: Mutex<Option<(System, JoinHandle<()>)>>,
}

impl fmt::Debug for City {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("City").field("shards", &self.0.shared.routes.all().len()).finish_non_exhaustive()
    }
}

impl City {
    /// Starts the actors, then claims and loads every shard that has unfinished work. Call it inside a tokio runtime:
    /// the store's work runs there.
    ///
    /// # Errors
    /// [`CityError`] when the policy is out of range, the registry holds a city already, or the store does not answer.
    pub async fn start(
        settings: CitySettings,
        stores: Stores,
        clock: Clock,
        registry: &Registry,
    ) -> Result<City, CityError> {
        settings.policy.check()?;
        let Stores { store, snapshots, recovery } = stores;
        let metrics = Metrics::register(registry).map_err(CityError::Metrics)?;
        let routes = Routes::new(metrics.clone());
        let depth_max = settings.shard_mailbox;
        let shared = Shared {
            committer: Committer::start(Arc::clone(&store), settings.writes_max),
            rules: Rules::new(settings.policy.clone()),
            settings: Arc::new(settings),
            clock,
            store,
            runtime: tokio::runtime::Handle::current(),
            routes: routes.clone(),
            metrics: metrics.clone(),
            snapshots,
        };
        let (system, thread, node) = start_actors(shared.clone()).await?;
        routes.set_node(node);
        let slowdown_max = shared.settings.policy.cadence.slowdown_max;
        let (pings, flush) = Pings::start(routes, metrics, depth_max, slowdown_max);
        let thread = Mutex::new(Some((system, thread)));
        let snapshots = snapshots::start(&shared);
        let stopping = AtomicBool::new(false);
        let city = City(Arc::new(Inner { shared, pings, flush, snapshots, stopping, thread }));
        if let Err(why) = city.take_up_work(&recovery).await {
            city.stop().await;
            return Err(why);
        }
        Ok(city)
    }

    /// Claims and loads what has unfinished work, a few shards at a time.
    async fn take_up_work(&self, recovery: &Recovery) -> Result<(), CityError> {
        let begun = Instant::now();
        let mut work = self.0.shared.store.shards_with_work().await.map_err(CityError::Store)?.into_iter();
        let shards = work.len();
        info!(shards, "shards with unfinished work");
        recovery.begin(shards);
        let mut coming = JoinSet::new();
        let mut more = |coming: &mut JoinSet<_>| {
            if let Some(shard) = work.next() {
                let city = self.clone();
                coming.spawn(async move { city.shard(shard).await });
            }
        };
        (0..CLAIMS_AT_ONCE).for_each(|_| more(&mut coming));
        while let Some(came) = coming.join_next().await {
            came.map_err(|_| CityError::Stopping)??;
            more(&mut coming);
            let done = recovery.one_more();
            if done.is_multiple_of(shards.div_ceil(10)) {
                info!(done, of = shards, "shards recovered");
            }
        }
        info!(shards, took_ms = begun.elapsed().as_millis() as u64, "the work is taken up");
        Ok(())
    }

    /// How many shards are being claimed and loaded now.
    #[must_use]
    pub fn recovering(&self) -> usize {
        usize::try_from(self.0.shared.metrics.recovering.get()).unwrap_or(0)
    }

    // ---- riders --------------------------------------------------------------------------------------------------

    /// A trip as it stands, live or from the store; `None` when nobody knows it.
    ///
    /// # Errors
    /// [`CityError`] when the city or the store cannot answer now.
    pub async fn trip(&self, id: TripId) -> Result<Option<TripView>, CityError> {
        if let Some(view) = self.watch(id).await? {
            return Ok(Some(view.borrow().as_ref().clone()));
        }
        self.stored_trip(id).await
    }

    /// Calls a trip off. Returns when that is durable.
    ///
    /// # Errors
    /// [`Refusal::IllegalStep`] when it has ended otherwise, or when the rider is already in the car;
    /// [`Refusal::UnknownTrip`] when nobody knows it.
    pub async fn cancel(&self, id: TripId, by: Party, reason: CancelReason) -> Result<TripView, CityError> {
        self.ask_of(id, Wanted::Cancel { by, reason }, |trip| answer_for_ended(trip, by)).await
    }

    /// Asks something of a trip: of its actor, or when it has none of its record.
    async fn ask_of(
        &self,
        id: TripId,
        wanted: Wanted,
        of_ended: impl FnOnce(&Trip) -> Option<Result<(), Refusal>>,
    ) -> Result<TripView, CityError> {
        if let Some(Door { addr, .. }) = self.0.shared.routes.get(id.home()) {
            let (reply, answer) = oneshot::channel();
            let asked = AskTrip { wanted, reply };
            addr.try_send(AskOf { trip: id, asked }).map_err(|_| CityError::come_back())?;
            if let Ok(answer) = answer.await {
                return answer.map_err(busy_or_refused);
            }
        }
        let Some(view) = self.stored_trip(id).await? else { return Err(Refusal::UnknownTrip { trip: id }.into()) };
        match of_ended(&view.trip) {
            Some(Ok(())) => Ok(view),
            Some(Err(why)) => Err(why.into()),
            None => Err(CityError::come_back()),
        }
    }

    /// The live view of a trip, which changes with every state and every position of the car, latest wins. `None`
    /// when the trip is not live. The sender goes away after the last state.
    ///
    /// # Errors
    /// [`CityError`] when the city cannot answer now.
    pub async fn watch(&self, id: TripId) -> Result<Option<watch::Receiver<Arc<TripView>>>, CityError> {
        self.check_running()?;
        match self.0.shared.routes.get(id.home()) {
            None => Ok(None),
            Some(door) => door.addr.send(Look(id)).await.map_err(|_| CityError::come_back()),
        }
    }

    // ---- drivers -------------------------------------------------------------------------------------------------

    /// A driver's app connects. An older session of the same driver is superseded.
    ///
    /// # Errors
    /// [`CityError`] when the city or the store cannot answer now.
    pub async fn open_session(&self, driver: DriverId) -> Result<DriverSession, CityError> {
        self.check_running()?;
        DriverSession::open(self.clone(), driver, None).await
    }

    /// A driver's app is back after a lost connection and has heard so far. [`crate::News::Resumed`] comes first, then what
    /// was missed.
    ///
    /// # Errors
    /// [`CityError`] when the city or the store cannot answer now.
    pub async fn resume_session(&self, driver: DriverId, heard: Cursor) -> Result<DriverSession, CityError> {
        self.check_running()?;
        DriverSession::open(self.clone(), driver, Some(heard)).await
    }

    // ---- everyone ------------------------------------------------------------------------------------------------

    /// The city's clock.
    #[must_use]
    pub fn clock(&self) -> Clock {
        self.0.shared.clock
    }

    /// How many times less often phones had better say where they are: 1 unless this node is sent more than it takes.
    #[must_use]
    pub fn slowdown(&self) -> u32 {
        self.0.pings.load().slowdown()
    }

    /// Whether slower phones were not enough: nobody new should come in.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.0.pings.load().is_full()
    }

    /// How large the shards are.
    #[must_use]
    pub fn shard_resolution(&self) -> Resolution {
        self.0.shared.settings.shard_resolution
    }

    /// How the shards of this node are doing. A shard that does not answer is left out.
    pub async fn status(&self) -> CityStatus {
        let mut shards = Vec::new();
        for (_, door) in self.0.shared.routes.all() {
            shards.extend(door.addr.send(Report).await.ok());
        }
        CityStatus { shards }
    }

    /// Stops: refuses what is new, waits until everything handed to the store is settled and everyone who watches has
    /// been told of it, ends the actors. Everything that was acknowledged is in the store; everything else can be
    /// asked again.
    pub async fn stop(&self) {
        if self.0.stopping.swap(true, Ordering::SeqCst) {
            return;
        }
        self.0.shared.committer.drain().await;
        self.0.flush.abort();
        for (_, door) in self.0.shared.routes.all() {
            let _ = door.addr.send(Quiesce).await;
        }
        if let Some(snapshots) = &self.0.snapshots {
            snapshots.abort();
        }
        snapshots::take_last(&self.0.shared).await;
        if let Some(node) = self.0.shared.routes.node() {
            let _ = node.send(Quit).await;
        }
        let thread = self.0.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((system, thread)) = thread {
            system.stop();
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
        info!("the city has stopped");
    }

    pub(crate) fn rules(&self) -> &Rules {
        &self.0.shared.rules
    }

    pub(crate) fn routes(&self) -> &Routes {
        &self.0.shared.routes
    }

    pub(crate) fn check_running(&self) -> Result<(), CityError> {
        if self.0.stopping.load(Ordering::SeqCst) { Err(CityError::Stopping) } else { Ok(()) }
    }

    /// The actor of a shard; owned first when it is not.
    pub(crate) async fn shard(&self, shard: ShardId) -> Result<Addr<ShardActor>, CityError> {
        Ok(self.door(shard).await?.addr)
    }

    /// The way to a shard; owned first when it is not.
    async fn door(&self, shard: ShardId) -> Result<Door, CityError> {
        self.check_running()?;
        if let Some(door) = self.0.shared.routes.get(shard) {
            return Ok(door);
        }
        let (reply, answer) = oneshot::channel();
        let node = self.0.shared.routes.node().ok_or(CityError::Stopping)?;
        node.send(Own { shard, reply }).await.map_err(|_| CityError::Stopping)?;
        answer.await.map_err(|_| CityError::come_back())?
    }

    /// The way to a shard that is not drowning; who asks is told to come back otherwise.
    async fn roomy_door(&self, shard: ShardId) -> Result<Door, CityError> {
        let door = self.door(shard).await?;
        if door.depth.is_below(self.settings().shard_mailbox) {
            return Ok(door);
        }
        self.metrics().mailbox_full.with_label_values(&["shard"]).inc();
        Err(CityError::come_back())
    }

    /// Sends a letter of a driver's app to a shard, unless the shard is drowning.
    pub(crate) async fn write_to(&self, shard: ShardId, letter: Letter) -> Result<(), CityError> {
        let door = self.roomy_door(shard).await?;
        door.depth.raise();
        door.addr.send(letter).await.map_err(|_| CityError::come_back())
    }

    async fn stored_trip(&self, id: TripId) -> Result<Option<TripView>, CityError> {
        let trip = self.0.shared.store.trip(id).await.map_err(CityError::Store)?;
        Ok(trip.map(|trip| LiveTrip::restored(trip, Epoch(0), None).0.view()))
    }

    pub(crate) async fn store_open_session(&self, driver: DriverId) -> Result<DriverRow, CityError> {
        self.0.shared.store.open_session(driver).await.map_err(CityError::Store)
    }

    pub(crate) async fn store_settle(&self, driver: DriverId, home: ShardId) -> Result<DriverRow, CityError> {
        self.0.shared.store.settle(driver, home).await.map_err(CityError::Store)
    }

    pub(crate) fn settings(&self) -> &CitySettings {
        &self.0.shared.settings
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.0.shared.metrics
    }

    pub(crate) fn pings(&self) -> &Pings {
        &self.0.pings
    }

    /// Says that an app hung up. It must arrive even at a full mailbox, and one message a session cannot flood it.
    pub(crate) fn hang_up(&self, home: ShardId, letter: Letter) {
        if let Some(door) = self.0.shared.routes.get(home) {
            door.depth.raise();
            door.addr.do_send(letter);
        }
    }
}

fn busy_or_refused(why: Refusal) -> CityError {
    match why {
        Refusal::Busy { retry_after } => CityError::Busy { retry_after },
        why => CityError::Refused(why),
    }
}

/// Starts the thread of the actor system and its arbiters.
async fn start_actors(shared: Shared) -> Result<(System, JoinHandle<()>, Addr<NodeActor>), CityError> {
    let (started, ready) = oneshot::channel();
    let work = move || {
        let runner = System::new();
        runner.block_on(async move {
            let arbiters: Vec<ArbiterHandle> =
                (0..shared.settings.arbiters.max(1)).map(|_| Arbiter::new().handle()).collect();
            let node = NodeActor::new(shared, arbiters).start();
            // Only fails when whoever starts the city has gone away; then the system ends below.
            let _ = started.send((System::current(), node));
        });
        let _ = runner.run();
    };
    let thread = std::thread::Builder::new().name("actors".to_owned()).spawn(work).map_err(|_| CityError::Stopping)?;
    let (system, node) = ready.await.map_err(|_| CityError::Stopping)?;
    Ok((system, thread, node))
}
