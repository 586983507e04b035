//! The post office of one shard: who lives there, and how an effect of a core becomes a message.
//!
//! Lives here: the registry of a shard's trips and drivers, delivery, waking those who are not in memory.
//! Stays out: decisions. What becomes of a letter to someone absent is `dispatch`'s to say.
//! Touch with care: an office belongs to one epoch. When the shard steps down it is closed, and nothing of it
//! reaches the store any more.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use actix::prelude::*;
use dispatch::{
    Absent, DriverId, DriverInput, Effect, Epoch, Hint, LiveDriver, LiveTrip, Policy, Refusal, ShardId, Sharing,
    Timestamp, TripId, TripInput, TripView, Wish, Write, WriteError, answer_from_record, to_absent_driver,
    to_absent_trip, to_rebuilding_trip,
};
use persistence::{Committer, Done, DriverRow, Fence, Guarded, Snapshots, Store};
use tokio::sync::{oneshot, watch};
use tracing::{error, warn};

use crate::clock::Clock;
use crate::driver::DriverActor;
use crate::falls::Falls;
use crate::letters::{DriverMail, Letter, StepDown, TripMail};
use crate::lists::TripFilter;
use crate::metrics::Metrics;
use crate::routes::{Routes, post};
use crate::rules::{Ruled, Rules};
use crate::settings::CitySettings;
use crate::told::Log;
use crate::trip::TripActor;

/// What every actor of a node shares.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    pub(crate) settings: Arc<CitySettings>,
    /// The policy in force: the one of the settings is where it began.
    pub(crate) rules: Rules,
    pub(crate) clock: Clock,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) committer: Committer,
    /// The runtime the store lives on.
    pub(crate) runtime: tokio::runtime::Handle,
    pub(crate) routes: Routes,
    pub(crate) metrics: Metrics,
    /// Where soft state is kept for the next owner, if anywhere.
    pub(crate) snapshots: Option<Arc<dyn Snapshots>>,
}

/// The post office of one shard under one owner.
#[derive(Debug)]
pub(crate) struct Office {
    pub(crate) shard: ShardId,
    pub(crate) epoch: Epoch,
    pub(crate) shared: Shared,
    ruled: Ruled,
    trips: RefCell<HashMap<TripId, LiveEntry>>,
    drivers: RefCell<HashMap<DriverId, Addr<DriverActor>>>,
    /// The trips whose rows are being read because their actors are gone.
    rebuilding: RefCell<HashSet<TripId>>,
    /// Where drivers who lived here went: letters follow them.
    moved: RefCell<HashMap<DriverId, ShardId>>,
    /// What the last owner knew of drivers who have not come back yet.
    hints: RefCell<HashMap<DriverId, Hint>>,
    /// Actors of this office that have panicked.
    falls: RefCell<Falls>,
    closed: Cell<bool>,
}

#[derive(Debug)]
struct LiveEntry {
    addr: Addr<TripActor>,
    view: watch::Sender<Arc<TripView>>,
}

/// How many forwarding addresses an office keeps. A forgotten one costs a look into the store.
const MOVED_MAX: usize = 10_000;

impl Office {
    pub(crate) fn new(shard: ShardId, epoch: Epoch, hints: Vec<Hint>, shared: Shared) -> Rc<Office> {
        let hints = hints.into_iter().map(|hint| (hint.driver().clone(), hint)).collect();
        Rc::new(Office {
            shard,
            epoch,
            ruled: Ruled::by(shared.rules.clone()),
            shared,
            trips: RefCell::default(),
            drivers: RefCell::default(),
            rebuilding: RefCell::default(),
            moved: RefCell::default(),
            hints: RefCell::new(hints),
            falls: RefCell::default(),
            closed: Cell::new(false),
        })
    }

    /// The policy for the next step.
    pub(crate) fn policy(&self) -> Rc<Policy> {
        self.ruled.now()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.get()
    }

    pub(crate) fn trips_live(&self) -> usize {
        self.trips.borrow().len()
    }

    pub(crate) fn drivers_live(&self) -> usize {
        self.drivers.borrow().len()
    }

    /// The live trips of which all of this is so, in the order of their names.
    pub(crate) fn trips_seen(&self, now: Timestamp, filter: &TripFilter) -> Vec<Arc<TripView>> {
        let mut first: BTreeMap<TripId, Arc<TripView>> = BTreeMap::new();
        for (trip, entry) in self.trips.borrow().iter() {
            let behind = filter.after.is_none_or(|after| after < *trip);
            let room = first.len() < filter.most || first.last_key_value().is_some_and(|(last, _)| trip < last);
            if behind && room {
                let view = Arc::clone(&entry.view.borrow());
                if filter.wants(now, &view) {
                    first.insert(*trip, view);
                    if first.len() > filter.most {
                        first.pop_last();
                    }
                }
            }
        }
        first.into_values().collect()
    }

    /// Ends this office: everyone in it stops, and nothing they still want reaches the store.
    pub(crate) fn close(&self) {
        self.closed.set(true);
        for (_, entry) in self.trips.borrow_mut().drain() {
            entry.addr.do_send(crate::letters::Quit);
        }
        for (_, addr) in self.drivers.borrow_mut().drain() {
            addr.do_send(crate::letters::Quit);
        }
    }

    /// Resolves when every trip and driver has read its mailbox, and so has told what the store had done for it.
    pub(crate) fn quiesce(&self) -> impl Future<Output = ()> + 'static {
        let trips: Vec<_> = self.trips.borrow().values().map(|entry| entry.addr.clone()).collect();
        let drivers: Vec<_> = self.drivers.borrow().values().cloned().collect();
        async move {
            for trip in trips {
                let _ = trip.send(TripMail(TripInput::TimePassed)).await;
            }
            for driver in drivers {
                let _ = driver.send(DriverMail(DriverInput::TimePassed)).await;
            }
        }
    }

    /// The whole shard must be claimed anew: what is in memory may differ from what is stored.
    pub(crate) fn step_down(&self) {
        if let Some(node) = self.shared.routes.node() {
            node.do_send(StepDown { shard: self.shard, epoch: self.epoch });
        }
    }

    /// An actor of this office has panicked. Again and again is more than chance: then the whole shard is claimed anew, for
    /// the fault may be in what it holds in memory.
    pub(crate) fn fell(&self) {
        if self.is_closed() {
            return;
        }
        let mut falls = self.falls.borrow_mut();
        falls.note(std::time::Instant::now());
        if falls.are_many() {
            error!(shard = %self.shard, "actors panic again and again: the shard is claimed anew");
            self.step_down();
        }
    }

    /// Who worked here under the last owner and is free to come back.
    pub(crate) fn expected(&self, now: Timestamp) -> BTreeSet<DriverId> {
        let drivers = self.drivers.borrow();
        let waited_for =
            |hint: &&Hint| hint.memory.wish == Wish::Work && hint.is_fresh(now) && !drivers.contains_key(hint.driver());
        self.hints.borrow().values().filter(waited_for).map(|hint| hint.driver().clone()).collect()
    }

    /// What is still known of those who have not come back, to be told to the next owner once more.
    pub(crate) fn hints_left(&self, now: Timestamp) -> Vec<Hint> {
        let mut hints = self.hints.borrow_mut();
        hints.retain(|_, hint| hint.is_fresh(now));
        hints.values().cloned().collect()
    }

    // ---- delivery ------------------------------------------------------------------------------------------------

    /// Carries out an effect that is a message to someone else.
    pub(crate) fn deliver(self: &Rc<Self>, effect: Effect) {
        match effect {
            Effect::ToTrip { to, input } => self.to_trip(to, input),
            Effect::ToDriver { to, home, input } => self.to_driver(to, home, input),
            Effect::ToShard { to, input } => self.shared.routes.send(to, Letter::Shard(input)),
            other => error!(?other, "an effect that is no message reached the post office"),
        }
    }

    pub(crate) fn to_trip(self: &Rc<Self>, to: TripId, input: TripInput) {
        if to.home() != self.shard {
            return self.shared.routes.send(to.home(), Letter::Trip { to, input });
        }
        let addr = self.trips.borrow().get(&to).map(|entry| entry.addr.clone());
        let unsent = match addr {
            Some(addr) => match post(&addr, TripMail(input)) {
                None => return,
                Some(TripMail(input)) => {
                    // Its mailbox is closed for good: the actor panicked. What it knew is in the store.
                    self.fell();
                    self.rebuild_trip(to);
                    input
                }
            },
            None => input,
        };
        if self.rebuilding.borrow().contains(&to) {
            if let Some(effect) = to_rebuilding_trip(&unsent) {
                self.deliver(effect);
            }
            return;
        }
        match (to_absent_trip(to, &unsent), unsent) {
            (Absent::Do(effects), _) => effects.into_iter().for_each(|effect| self.deliver(effect)),
            (Absent::Wake, TripInput::Sharing(input)) => self.answer_from_record(to, input),
            (Absent::Ignore | Absent::Wake, _) => {}
        }
    }

    /// Someone with whom a trip shared a car, or might have, wants to know how it stands, and it has ended.
    fn answer_from_record(self: &Rc<Self>, trip: TripId, input: Sharing) {
        let (office, store) = (Rc::clone(self), Arc::clone(&self.shared.store));
        let read = self.shared.runtime.spawn(async move { store.trip(trip).await });
        actix::spawn(async move {
            // What cannot be read now is asked for again.
            let Ok(Ok(stored)) = read.await else { return };
            for effect in answer_from_record(trip, stored.as_ref(), &input) {
                office.deliver(effect);
            }
        });
    }

    pub(crate) fn to_driver(self: &Rc<Self>, to: DriverId, home: ShardId, input: DriverInput) {
        if home != self.shard {
            return self.shared.routes.send(home, Letter::Driver { to, input });
        }
        let addr = self.drivers.borrow().get(&to).cloned();
        let input = match addr {
            Some(addr) => match post(&addr, DriverMail(input)) {
                None => return,
                Some(DriverMail(input)) => {
                    self.fell();
                    self.forget_driver(&to);
                    input
                }
            },
            None => input,
        };
        let moved = self.moved.borrow().get(&to).copied();
        if let Some(home) = moved {
            return self.shared.routes.send(home, Letter::Driver { to, input });
        }
        match to_absent_driver(&to, home, &input) {
            Absent::Ignore => {}
            Absent::Do(effects) => effects.into_iter().for_each(|effect| self.deliver(effect)),
            Absent::Wake => self.wake_driver(to, input),
        }
    }

    /// Someone who is not in memory is needed: the store knows where and how.
    fn wake_driver(self: &Rc<Self>, driver: DriverId, input: DriverInput) {
        let office = Rc::clone(self);
        let row = self.read_driver(driver.clone());
        actix::spawn(async move {
            let Some(row) = row.await.ok().flatten() else { return };
            if office.is_closed() {
                return;
            }
            match row.home {
                Some(home) if home == office.shard => {
                    office.driver(&row);
                    office.to_driver(driver, home, input);
                }
                Some(home) => office.shared.routes.send(home, Letter::Driver { to: driver, input }),
                None => {}
            }
        });
    }

    // ---- the registry --------------------------------------------------------------------------------------------

    /// The actor of a driver who lives here; made from the row when there is none.
    pub(crate) fn driver(self: &Rc<Self>, row: &DriverRow) -> Addr<DriverActor> {
        let known = self.drivers.borrow().get(&row.id).filter(|addr| addr.connected()).cloned();
        known.unwrap_or_else(|| {
            let mut live = LiveDriver::restored(row.id.clone(), self.shard, row.generation, row.trip.clone());
            if let Some(hint) =
                self.hints.borrow_mut().remove(&row.id).filter(|hint| hint.is_fresh(self.shared.clock.now()))
            {
                live.recall(hint);
            }
            let mut effects = Vec::new();
            live.tell_shard(&mut effects);
            self.install(live, Vec::new(), Log::default(), effects)
        })
    }

    /// Starts the actor of a driver and carries out its first effects.
    pub(crate) fn install(
        self: &Rc<Self>,
        live: LiveDriver,
        lines: Vec<crate::letters::Line>,
        log: Log,
        effects: Vec<Effect>,
    ) -> Addr<DriverActor> {
        let driver = live.id().clone();
        let addr = DriverActor::start_with(live, lines, log, effects, Rc::clone(self));
        self.moved.borrow_mut().remove(&driver);
        self.drivers.borrow_mut().insert(driver, addr.clone());
        addr
    }

    /// Whether a driver's actor lives here.
    pub(crate) fn has_driver(&self, driver: &DriverId) -> bool {
        self.drivers.borrow().get(driver).is_some_and(Addr::connected)
    }

    #[cfg(test)]
    pub(crate) fn live_driver(&self, driver: &DriverId) -> Option<Addr<DriverActor>> {
        self.drivers.borrow().get(driver).cloned()
    }

    pub(crate) fn forget_driver(&self, driver: &DriverId) {
        self.drivers.borrow_mut().remove(driver);
    }

    /// Takes a driver's actor back into the registry; `false` when another one has taken its place.
    pub(crate) fn readmit(&self, driver: &DriverId, addr: Addr<DriverActor>) -> bool {
        let mut drivers = self.drivers.borrow_mut();
        let free = drivers.get(driver).is_none_or(|known| !known.connected());
        if free {
            drivers.insert(driver.clone(), addr);
        }
        free
    }

    /// Forgets where a driver went: it came back.
    pub(crate) fn forget_move(&self, driver: &DriverId) {
        self.moved.borrow_mut().remove(driver);
    }

    pub(crate) fn moved_away(&self, driver: &DriverId, to: ShardId) {
        self.forget_driver(driver);
        let mut moved = self.moved.borrow_mut();
        if moved.len() >= MOVED_MAX {
            moved.clear();
        }
        moved.insert(driver.clone(), to);
    }

    /// Starts the actor of a trip and carries out its first effects.
    pub(crate) fn begin_trip(
        self: &Rc<Self>,
        live: LiveTrip,
        effects: Vec<Effect>,
        reply: Option<oneshot::Sender<crate::letters::TripAnswer>>,
    ) {
        let id = live.trip().id;
        let (view, _) = watch::channel(Arc::new(live.view()));
        let addr = TripActor::start_with(live, effects, reply, Rc::clone(self));
        self.trips.borrow_mut().insert(id, LiveEntry { addr, view });
    }

    pub(crate) fn forget_trip(&self, trip: TripId) {
        self.trips.borrow_mut().remove(&trip);
    }

    pub(crate) fn publish(&self, view: TripView) {
        if let Some(entry) = self.trips.borrow().get(&view.trip.id) {
            entry.view.send_replace(Arc::new(view));
        }
    }

    pub(crate) fn watch(&self, trip: TripId) -> Option<watch::Receiver<Arc<TripView>>> {
        self.trips.borrow().get(&trip).map(|entry| entry.view.subscribe())
    }

    pub(crate) fn trip(&self, trip: TripId) -> Option<Addr<TripActor>> {
        self.trips.borrow().get(&trip).map(|entry| entry.addr.clone())
    }

    /// Makes a trip's actor anew from its row. Who waited for an answer of the old one is told to ask again.
    pub(crate) fn rebuild_trip(self: &Rc<Self>, trip: TripId) {
        self.forget_trip(trip);
        if self.is_closed() || !self.rebuilding.borrow_mut().insert(trip) {
            return;
        }
        self.shared.metrics.rebuilt.with_label_values(&["trip"]).inc();
        warn!(%trip, "a trip is rebuilt from its row");
        let (office, store) = (Rc::clone(self), Arc::clone(&self.shared.store));
        let read = self.shared.runtime.spawn(async move {
            let row = store.trip(trip).await?;
            let driver = match row.as_ref().and_then(|row| row.stage.committed_driver().cloned()) {
                Some(driver) => store.driver(driver).await?.and_then(|driver| driver.home),
                None => None,
            };
            Ok::<_, persistence::StoreError>(row.map(|row| (row, driver)))
        });
        actix::spawn(async move {
            let read = read.await;
            office.rebuilding.borrow_mut().remove(&trip);
            match read {
                Ok(Ok(Some((row, driver_home)))) if row.stage.name().is_active() && !office.is_closed() => {
                    let (live, effects) = LiveTrip::restored(row, office.epoch, driver_home);
                    office.begin_trip(live, effects, None);
                }
                Ok(Ok(_)) => {}
                Ok(Err(_)) | Err(_) => office.step_down(),
            }
        });
    }

    // ---- the store -----------------------------------------------------------------------------------------------

    /// Hands a write to the store under this office's epoch. The outcome is awaited by the caller.
    pub(crate) fn commit(&self, write: Write) -> impl Future<Output = Result<Done, WriteError>> + 'static {
        let fence = Fence { shard: self.shard, epoch: self.epoch };
        let event = match &write {
            Write::Trip(step) => step.event.name(),
            Write::Move { .. } => "moved",
        };
        let outcome = if self.is_closed() {
            Err(WriteError::Fenced)
        } else {
            self.shared.committer.submit(Guarded { fence, write })
        };
        let (metrics, started) = (self.shared.metrics.clone(), std::time::Instant::now());
        async move {
            let result = match outcome {
                Ok(outcome) => outcome.await.unwrap_or(Err(WriteError::Unknown)),
                Err(refused) => Err(refused),
            };
            metrics.commit_seconds.observe(started.elapsed().as_secs_f64());
            match &result {
                Ok(_) => metrics.transitions.with_label_values(&[event]).inc(),
                Err(why) => metrics.refusals.with_label_values(&[reason(why)]).inc(),
            }
            result
        }
    }

    /// Reads a driver's row; `Err` when the store cannot be read now.
    pub(crate) fn read_driver(
        &self,
        driver: DriverId,
    ) -> impl Future<Output = Result<Option<DriverRow>, ()>> + 'static {
        let store = Arc::clone(&self.shared.store);
        let read = self.shared.runtime.spawn(async move { store.driver(driver).await });
        async move {
            match read.await {
                Ok(Ok(row)) => Ok(row),
                Ok(Err(why)) => {
                    warn!(error = &why as &dyn std::error::Error, "a driver's row cannot be read");
                    Err(())
                }
                Err(_) => Err(()),
            }
        }
    }
}

fn reason(why: &WriteError) -> &'static str {
    match why {
        WriteError::DriverTaken => "driver_taken",
        WriteError::SameKey(_) => "same_key",
        WriteError::Capped { .. } => "capped",
        WriteError::Stale => "stale",
        WriteError::Fenced => "fenced",
        WriteError::Unknown => "unknown",
        WriteError::Busy => "busy",
    }
}

/// What to answer when a question cannot be passed on.
pub(crate) fn come_back() -> Refusal {
    Refusal::Busy { retry_after: dispatch::RETRY_AFTER }
}
