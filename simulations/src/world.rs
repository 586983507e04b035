//! A whole city in virtual time: the production cores in one thread, without sockets, threads or a wall clock.
//!
//! Lives here: what people and whoever runs the city may do to it, and time, which jumps from one event to the next.
//! Stays out: decisions, which are `dispatch`'s, and people, who are in [`crate::people`].
//! Touch with care: what happens at the same moment happens in the order in which it was caused. A run of the same
//! inputs is the same run, to the byte; so no order of a hash map may be seen.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::time::Duration;

use dispatch::invariants::{Violation, audit};
use dispatch::{
    AskId, CancelReason, DriverAsk, DriverId, DriverInput, Effect, Epoch, Event, Explanation, Generation, LiveDriver,
    LiveShard, LiveTrip, Notice, Order, Party, Ping, Policy, RETRY_AFTER, Refusal, RequestKey, Reroute, RiderCaps,
    RiderId, SessionId, ShardCounts, ShardId, ShardInput, Timestamp, TripId, TripInput, TripView,
};
use geo::{Point, Resolution};
use persistence::{DriverRow, Guarded, LoadedShard, MemoryStore};

mod actor;
mod agenda;
mod at_large;
mod carry;
mod faults;
mod frozen;
mod homes;
mod planted;
mod shell;
mod witness;

pub use faults::{FaultCounts, Faults};
pub use planted::Planted;
pub use witness::Witness;

use actor::{Actor, sooner};
use agenda::Agenda;
use carry::{Fetch, Told};
use faults::Chance;

/// A map that is asked millions of times. Nobody hostile chooses its keys.
pub(crate) type FastMap<K, V> = HashMap<K, V, foldhash::fast::FixedState>;

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
    /// The city has dropped a driver's session: the app must connect again.
    HungUp {
        /// Whose.
        driver: DriverId,
        /// Which.
        session: SessionId,
    },
    /// A question about a trip is answered.
    Answer {
        /// Which.
        ask: AskId,
        /// How.
        answer: Result<TripView, Refusal>,
    },
}

/// Who an event is for. A driver is named with the home it acts in: for moments there may be one in each of two.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Who {
    Trip(TripId),
    Driver(ShardId, DriverId),
    Shard(ShardId),
}

impl Who {
    /// The shard it lives in.
    fn home(&self) -> ShardId {
        match self {
            Who::Trip(trip) => trip.home(),
            Who::Driver(home, _) | Who::Shard(home) => *home,
        }
    }
}

/// What goes from one part of the city to another.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly all letters are words of cores: boxing them saves nothing")]
enum Letter {
    /// What a core says.
    Core(Effect),
    /// A driver's app connects to its driver, whose row says so.
    Attach(Box<DriverRow>, SessionId),
    /// A driver moves in.
    Install(Box<LiveDriver>, ShardId, Generation),
}

/// What is bound to happen.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "most of what happens is a letter: boxing it saves nothing")]
enum Happening {
    Wake(Who),
    Letter(Letter),
    /// The store takes a write.
    Write(Box<Guarded>, Option<Told>),
    /// The store says what became of a write.
    Written(Told),
    /// The store reads a driver's row for the driver.
    Fetch(Fetch),
    /// The row is there.
    Fetched(Fetch, Result<Option<dispatch::Trip>, ()>),
    /// The row of someone who is not in memory is there, and a letter waits for it.
    Woken(ShardId, Epoch, Option<Box<DriverRow>>, Box<DriverInput>),
    /// The row of a trip whose actor must not be trusted is there.
    Rebuilt(TripId, Epoch),
    /// A shard that was let go finds an owner.
    Claim(ShardId),
    /// The new owner has read the shard's rows.
    Loaded(ShardId, Epoch, Box<LoadedShard>),
}

/// The connection of a driver's app, as the app's door holds it.
#[derive(Clone, Copy, Debug)]
struct Line {
    session: SessionId,
    /// Where commands and positions go.
    home: ShardId,
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
    shards: FastMap<ShardId, LiveShard>,
    /// When shards are woken next.
    shard_alarms: FastMap<ShardId, Option<Timestamp>>,
    trips: FastMap<TripId, Actor<LiveTrip>>,
    drivers: FastMap<(ShardId, DriverId), Actor<LiveDriver>>,
    /// Where drivers who lived somewhere went: letters follow them.
    moved: FastMap<(ShardId, DriverId), ShardId>,
    /// Trips whose rows are being read because their actors are gone.
    rebuilding: HashSet<TripId>,
    /// Shards that are being claimed, and the letters that wait for them.
    coming: BTreeMap<ShardId, Vec<Letter>>,
    /// Shards whose owners stand still, and until when.
    frozen: BTreeMap<ShardId, Timestamp>,
    lines: FastMap<DriverId, Line>,
    future: Agenda<Happening>,
    at_once: VecDeque<Letter>,
    news: VecDeque<News>,
    asks: u64,
    offers: u64,
    suggestions: u64,
    actors: u64,
    writes_pending: usize,
    at_this_moment: u64,
    chance: Option<Box<Chance>>,
    faulted: FaultCounts,
    /// Until when the store is busy with what it was handed before: it does things in order.
    store_busy_until: Timestamp,
    /// When the last word of a driver reaches the shard it lives in.
    last_words: HashMap<(ShardId, DriverId), Timestamp>,
    /// When the last letter from one shard to another arrives, where letters may overtake each other.
    last_letters: FastMap<(ShardId, ShardId), Timestamp>,
    witness: Option<Box<Witness>>,
    planted: Option<Planted>,
    stages_only: bool,
    /// Memory for what follows from a position: empty between any two.
    spare: Vec<Effect>,
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
            shards: FastMap::default(),
            shard_alarms: FastMap::default(),
            trips: FastMap::default(),
            drivers: FastMap::default(),
            moved: FastMap::default(),
            rebuilding: HashSet::new(),
            coming: BTreeMap::new(),
            frozen: BTreeMap::new(),
            lines: FastMap::default(),
            future: Agenda::default(),
            at_once: VecDeque::new(),
            news: VecDeque::new(),
            asks: 0,
            offers: 0,
            suggestions: 0,
            actors: 0,
            writes_pending: 0,
            at_this_moment: 0,
            chance: None,
            faulted: FaultCounts::default(),
            store_busy_until: start,
            last_words: HashMap::new(),
            last_letters: FastMap::default(),
            witness: None,
            planted: None,
            stages_only: false,
            spare: Vec::new(),
        }
    }

    /// The same city, where riders look at their trip only when it has moved on: where the car is meanwhile is worked
    /// out, and is no news.
    #[must_use]
    pub fn stages_only(self) -> World {
        World { stages_only: true, ..self }
    }

    /// The same city with someone who sees every step and checks every promise as it happens.
    #[must_use]
    pub fn witnessed(self) -> World {
        World { witness: Some(Box::default()), ..self }
    }

    /// The same city with a mistake in it.
    #[must_use]
    pub fn with_mistake(self, planted: Option<Planted>) -> World {
        World { planted, ..self }
    }

    /// From now on this goes wrong between the parts of the city; nothing does after `None`, but for what is on its
    /// way.
    pub fn set_faults(&mut self, faults: Option<Faults>) {
        self.chance = faults.map(|faults| Box::new(Chance::new(faults)));
    }

    /// What has gone wrong so far.
    #[must_use]
    pub fn faulted(&self) -> FaultCounts {
        self.faulted
    }

    /// Who saw it all, if anybody did.
    #[must_use]
    pub fn witness(&self) -> Option<&Witness> {
        self.witness.as_deref()
    }

    /// The same, to tell more.
    pub fn witness_mut(&mut self) -> Option<&mut Witness> {
        self.witness.as_deref_mut()
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

    /// How a trip was matched, as far as its shard remembers.
    #[must_use]
    pub fn explain(&self, trip: TripId) -> Explanation {
        self.shards.get(&trip.home()).map(|shard| shard.explain(trip)).unwrap_or_default()
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
        let trip = TripId::new(self.now, home, chance);
        let ask = self.next_ask();
        if self.coming.contains_key(&home) || self.is_frozen(home) {
            self.news.push_back(News::Answer { ask, answer: Err(Refusal::Busy { retry_after: RETRY_AFTER }) });
            return (trip, ask);
        }
        let epoch = self.own(home);
        let order = self.shards.get(&home).map_or(order, |shard| shard.priced(self.now, &self.policy, order));
        let event = Event::Requested { rider: rider.clone(), order };
        let key = RequestKey { rider, key };
        let caps = RiderCaps::of(&self.policy, self.now);
        if let Some((live, effects)) = LiveTrip::requested(trip, epoch, event, self.now, Some(key), Some(caps), ask) {
            self.begin_trip(live, effects);
        }
        self.settle_at_once();
        (trip, ask)
    }

    /// Someone wants a trip called off; the answer comes as [`News::Answer`], unless it is lost with its shard.
    pub fn cancel(&mut self, trip: TripId, by: Party) -> AskId {
        self.cancel_because(trip, by, CancelReason::Other)
    }

    /// As [`World::cancel`], with a reason.
    pub fn cancel_because(&mut self, trip: TripId, by: Party, reason: CancelReason) -> AskId {
        let ask = self.next_ask();
        self.deliver(Letter::Core(Effect::ToTrip { to: trip, input: TripInput::Cancel { by, reason, ask } }));
        self.settle_at_once();
        ask
    }

    /// A rider changes the way of a trip.
    pub fn reroute(&mut self, trip: TripId, wanted: Reroute) -> AskId {
        let ask = self.next_ask();
        self.deliver(Letter::Core(Effect::ToTrip { to: trip, input: TripInput::Reroute { wanted, ask } }));
        self.settle_at_once();
        ask
    }

    /// A driver's app connects at a place and gets a session.
    pub fn connect(&mut self, driver: &DriverId, at: Point) -> SessionId {
        let row = self.store.open_session_now(driver.clone());
        let (session, here) = (row.session, ShardId::of(at, self.resolution));
        if let Some(old) = row.home.filter(|old| *old != here) {
            if self.coming.contains_key(&old) || self.is_frozen(old) {
                // The door would wait for it, the app for the door: let it come again.
                self.news.push_back(News::HungUp { driver: driver.clone(), session });
                return session;
            }
            // The app attaches where it lived. That home must not go on offering a driver who moves under it.
            self.deliver(Letter::Attach(Box::new(row), session));
            let input = DriverInput::Disconnected { session };
            self.deliver(Letter::Core(Effect::ToDriver { to: driver.clone(), home: old, input }));
            self.settle_at_once();
        }
        let row = self.store.settle_now(driver.clone(), here);
        if let Some(witness) = &mut self.witness {
            witness.row(&self.store, driver);
        }
        let home = row.home.unwrap_or(here);
        self.lines.insert(driver.clone(), Line { session, home });
        self.deliver(Letter::Attach(Box::new(DriverRow { home: Some(home), ..row }), session));
        self.settle_at_once();
        session
    }

    /// A driver's app says something over its session. What it says over none is said to nobody.
    pub fn says(&mut self, driver: &DriverId, input: DriverInput) {
        let input = self.reported(input);
        if let Some(Line { home, .. }) = self.lines.get(driver).copied() {
            if matches!(input, DriverInput::Disconnected { .. } | DriverInput::LineLost { .. }) {
                self.lines.remove(driver);
            }
            self.deliver(Letter::Core(Effect::ToDriver { to: driver.clone(), home, input }));
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
        let Some(Line { home, .. }) = self.lines.get(driver).copied() else { return };
        if self.coming.contains_key(&home) || self.is_frozen(home) {
            return; // the next one is a few seconds away
        }
        let ping = Ping { driver: driver.clone(), point, measured_at: self.now, heading, accuracy: None };
        match &mut self.chance {
            None => self.pinged(home, ping),
            Some(chance) => {
                for way in chance.ways(&mut self.faulted) {
                    let effect = Effect::ToShard { to: home, input: ShardInput::Pings(vec![ping.clone()]) };
                    self.post(way, Letter::Core(effect));
                }
            }
        }
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
        self.future.next_at()
    }

    /// Lets time pass up to `until`, but stops as soon as somebody hears something.
    pub fn advance(&mut self, until: Timestamp) {
        while self.news.is_empty() {
            match self.future.take(until) {
                Some((at, happening)) => {
                    if at > self.now {
                        (self.now, self.at_this_moment) = (at, 0);
                    }
                    self.at_this_moment += 1;
                    debug_assert!(self.at_this_moment < MOMENT_MAX, "time stands still: next is {happening:?}");
                    if let Some(happening) = self.put_off(happening) {
                        self.happen(happening);
                    }
                    self.settle_at_once();
                }
                None => {
                    self.now = self.now.max(until);
                    return;
                }
            }
        }
    }
}
