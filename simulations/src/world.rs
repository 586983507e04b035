//! A whole city in virtual time: the production cores in one thread, without sockets, threads or a wall clock.
//!
//! Lives here: the shell that carries effects between the cores, the way `actors` does, but in an order that depends
//! on nothing except the inputs. Time jumps from one event to the next.
//! Stays out: decisions, which are `dispatch`'s, and people, who are in [`crate::people`].
//! Touch with care: what happens at the same moment happens in the order in which it was caused. A run of the same
//! inputs is the same run, to the byte.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use dispatch::invariants::{Violation, audit};
use dispatch::{
    AskId, CancelReason, DriverAsk, DriverId, DriverInput, Effect, Epoch, Event, LiveDriver, LiveShard, LiveTrip,
    Notice, Order, Party, Ping, Policy, Refusal, RequestKey, RiderCaps, RiderId, SessionId, ShardCounts, ShardId,
    ShardInput, Timestamp, TripId, TripInput, TripView,
};
use geo::{Point, Resolution};
use persistence::{DriverRow, MemoryStore};

mod shell;

/// How long things take between the parts of the city.
#[derive(Clone, Copy, Debug)]
pub struct Delays {
    /// From handing a write to the store to its acknowledgement.
    pub commit: Duration,
    /// From one shard to another.
    pub letter: Duration,
}

impl Default for Delays {
    /// What one machine takes: an fsync, and a hop between threads rounded up to the clock's millisecond.
    fn default() -> Delays {
        Delays { commit: Duration::from_millis(2), letter: Duration::from_millis(1) }
    }
}

/// What people hear.
#[derive(Clone, Debug, PartialEq)]
pub enum News {
    /// A driver's app is told something.
    Driver {
        /// Who.
        driver: DriverId,
        /// Over which session.
        session: SessionId,
        /// What.
        notice: Notice,
    },
    /// A trip's view has changed; its rider watches.
    Trip(TripView),
    /// A question about a trip is answered.
    Answer {
        /// Which.
        ask: AskId,
        /// How.
        answer: Result<TripView, Refusal>,
    },
}

/// Who an event is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Who {
    Trip(TripId),
    Driver(DriverId),
    Shard(ShardId),
}

/// What is bound to happen.
#[derive(Debug)]
enum Happening {
    Wake(Who),
    Written(TripId, TripInput),
    Moved(DriverId, DriverInput),
    Read(DriverId, DriverInput),
    Letter(Effect),
}

/// More events than this at one moment mean that two parts of the city call each other in a circle.
const MOMENT_MAX: u64 = 1_000_000;

/// A city in virtual time.
#[derive(Debug)]
pub struct World {
    now: Timestamp,
    policy: Policy,
    resolution: Resolution,
    delays: Delays,
    store: MemoryStore,
    epochs: BTreeMap<ShardId, Epoch>,
    shards: HashMap<ShardId, LiveShard>,
    trips: HashMap<TripId, LiveTrip>,
    drivers: HashMap<DriverId, LiveDriver>,
    alarms: HashMap<Who, Timestamp>,
    future: BTreeMap<(Timestamp, u64), Happening>,
    caused: u64,
    at_once: VecDeque<Effect>,
    news: VecDeque<News>,
    asks: u64,
    offers: u64,
    suggestions: u64,
    writes_pending: usize,
    at_this_moment: u64,
}

impl World {
    /// An empty city at `start`.
    #[must_use]
    pub fn new(start: Timestamp, policy: Policy, resolution: Resolution, delays: Delays) -> World {
        World {
            now: start,
            policy,
            resolution,
            delays,
            store: MemoryStore::default(),
            epochs: BTreeMap::new(),
            shards: HashMap::new(),
            trips: HashMap::new(),
            drivers: HashMap::new(),
            alarms: HashMap::new(),
            future: BTreeMap::new(),
            caused: 0,
            at_once: VecDeque::new(),
            news: VecDeque::new(),
            asks: 0,
            offers: 0,
            suggestions: 0,
            writes_pending: 0,
            at_this_moment: 0,
        }
    }

    /// What time it is.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The store, for whoever wants to compare what was told with what was kept.
    #[must_use]
    pub fn store(&self) -> &MemoryStore {
        &self.store
    }

    /// How many offers drivers were shown.
    #[must_use]
    pub fn offers(&self) -> u64 {
        self.offers
    }

    /// How many times a driver was told where to wait better.
    #[must_use]
    pub fn suggestions(&self) -> u64 {
        self.suggestions
    }

    /// What the shards have counted, together.
    #[must_use]
    pub fn counts(&self) -> ShardCounts {
        let mut sum = ShardCounts::default();
        for shard in self.epochs.keys().filter_map(|shard| self.shards.get(shard)) {
            let counts = shard.counts();
            sum.pings += counts.pings;
            sum.pings_late += counts.pings_late;
            sum.pings_doubled += counts.pings_doubled;
            sum.pings_implausible += counts.pings_implausible;
            sum.pings_stray += counts.pings_stray;
            sum.rounds += counts.rounds;
            sum.matches += counts.matches;
            sum.etas_fallback += counts.etas_fallback;
            sum.suggestions += counts.suggestions;
            sum.rounds_cut_short += counts.rounds_cut_short;
            sum.rounds_without_neighbours += counts.rounds_without_neighbours;
        }
        sum
    }

    /// How many shards are owned.
    #[must_use]
    pub fn shards(&self) -> usize {
        self.shards.len()
    }

    /// Replays the journal and compares it with the rows: see [`dispatch::invariants`].
    #[must_use]
    pub fn audit(&self) -> Vec<Violation> {
        audit(&self.store.journal_now(), &self.store.all_trips_now(), &self.store.all_drivers_now())
    }

    // ---- people ---------------------------------------------------------------------------------------------------

    /// A rider asks for a ride; the answer comes as [`News::Answer`] of this number, under this trip's name.
    pub fn request(&mut self, rider: RiderId, order: Order, key: String, chance: u64) -> (TripId, AskId) {
        let home = ShardId::of(order.pickup, self.resolution);
        let epoch = self.own(home);
        let trip = TripId::new(self.now, home, chance);
        let ask = self.next_ask();
        let order = self.shards.get(&home).map_or(order, |shard| shard.priced(self.now, &self.policy, order));
        let event = Event::Requested { rider: rider.clone(), order };
        let key = RequestKey { rider, key };
        let caps = RiderCaps::of(&self.policy, self.now);
        if let Some((live, effects)) = LiveTrip::requested(trip, epoch, event, self.now, Some(key), Some(caps), ask) {
            self.trips.insert(trip, live);
            self.perform(&Who::Trip(trip), effects);
        }
        self.settle_at_once();
        (trip, ask)
    }

    /// Someone wants a trip called off; the answer comes as [`News::Answer`].
    pub fn cancel(&mut self, trip: TripId, by: Party) -> AskId {
        self.cancel_because(trip, by, CancelReason::Other)
    }

    /// As [`World::cancel`], with a reason.
    pub fn cancel_because(&mut self, trip: TripId, by: Party, reason: CancelReason) -> AskId {
        let ask = self.next_ask();
        self.at_once.push_back(Effect::ToTrip { to: trip, input: TripInput::Cancel { by, reason, ask } });
        self.settle_at_once();
        ask
    }

    /// A driver's app connects at a place and gets a session.
    pub fn connect(&mut self, driver: &DriverId, at: Point) -> SessionId {
        let session = self.store.open_session_now(driver.clone()).session;
        let here = ShardId::of(at, self.resolution);
        if let Some(live) = self.drivers.get(driver).filter(|live| live.home() != here)
            && let Some(old) = live.session()
        {
            // The old home must not go on offering a driver who moves under it.
            self.says(driver, DriverInput::Disconnected { session: old });
        }
        let row = self.store.settle_now(driver.clone(), here);
        let home = row.home.unwrap_or(here);
        self.own(home);
        self.wake_driver(DriverRow { home: Some(home), ..row });
        let input = DriverInput::Connected { session };
        self.at_once.push_back(Effect::ToDriver { to: driver.clone(), home, input });
        self.settle_at_once();
        session
    }

    /// A driver's app says something over its session.
    pub fn says(&mut self, driver: &DriverId, input: DriverInput) {
        let home = self.drivers.get(driver).map(LiveDriver::home);
        let home = home.or_else(|| self.store.driver_now(driver).and_then(|row| row.home));
        if let Some(home) = home {
            self.at_once.push_back(Effect::ToDriver { to: driver.clone(), home, input });
            self.settle_at_once();
        }
    }

    /// The command of an app over its current session.
    #[must_use]
    pub fn ask(session: SessionId, number: u64) -> DriverAsk {
        DriverAsk { session, number: Some(number) }
    }

    /// A driver's phone sends its position.
    pub fn ping(&mut self, driver: &DriverId, point: Point, heading: Option<f64>) {
        let Some(home) = self.drivers.get(driver).map(LiveDriver::home) else { return };
        let ping = Ping { driver: driver.clone(), point, measured_at: self.now, heading, accuracy: None };
        self.at_once.push_back(Effect::ToShard { to: home, input: ShardInput::Pings(vec![ping]) });
        self.settle_at_once();
    }

    /// How many writes the store has done that nobody was told of yet.
    #[must_use]
    pub fn writes_pending(&self) -> usize {
        self.writes_pending
    }

    // ---- time -----------------------------------------------------------------------------------------------------

    /// What people have heard and not yet been given.
    pub fn hear(&mut self) -> Option<News> {
        self.news.pop_front()
    }

    /// When the next thing is bound to happen.
    #[must_use]
    pub fn next_at(&self) -> Option<Timestamp> {
        self.future.first_key_value().map(|((at, _), _)| *at)
    }

    /// Lets time pass up to `until`, but stops as soon as somebody hears something.
    pub fn advance(&mut self, until: Timestamp) {
        while self.news.is_empty() {
            match self.future.first_entry() {
                Some(entry) if entry.key().0 <= until => {
                    let ((at, _), happening) = entry.remove_entry();
                    if at > self.now {
                        (self.now, self.at_this_moment) = (at, 0);
                    }
                    self.at_this_moment += 1;
                    debug_assert!(self.at_this_moment < MOMENT_MAX, "time stands still: next is {happening:?}");
                    self.happen(happening);
                    self.settle_at_once();
                }
                _ => {
                    self.now = self.now.max(until);
                    return;
                }
            }
        }
    }

    /// The node dies and is started again: memory is gone, what was on its way is lost, the rows are read.
    pub fn crash(&mut self) {
        self.shards.clear();
        self.trips.clear();
        self.drivers.clear();
        self.alarms.clear();
        self.future.clear();
        self.at_once.clear();
        self.news.clear();
        self.epochs.clear();
        self.writes_pending = 0;
        for shard in self.store.shards_with_work_now() {
            self.own(shard);
        }
        self.settle_at_once();
    }
}
