//! One town and its day: people, turns, the storm, and what must be so when it is over.
//!
//! Lives here: [`Town`].
//! Stays out: how often what goes wrong between the parts of the city ([`crate::world::Faults`]).

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::Duration;

use dispatch::invariants::Violation;
use dispatch::{
    AskId, Availability, Class, DriverInput, Method, Needs, Notice, Order, Party, Policy, PoolingPolicy, Refusal,
    RequestKey, RiderId, StageName, Timestamp, TripId, TripView, Vehicle,
};
use geo::Resolution;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use super::Survived;
use super::person::{Act, PING_EVERY_MS, Person, point, somewhere};
use crate::people::later;
use crate::world::{Delays, Faults, News, Planted, World};

/// How many drivers a town has.
const DRIVERS: usize = 24;
/// The mean time between two requests, in milliseconds: more than the drivers can serve at times, so that trips expire.
const REQUEST_EVERY_MS: f64 = 4_500.0;
/// The mean time between two faults at large, in milliseconds.
const FAULT_EVERY_MS: f64 = 6_000.0;
/// How long after the storm everyone must have found home: longer than every deadline of a trip together, and than the
/// minute in which a driver compares memory with the row.
const CALM: Duration = Duration::from_secs(900);
/// How long cars stand at the end, so that nobody is looked at in the middle of a move.
const PARKED: Duration = Duration::from_secs(60);
/// How long a driver may be free in memory and committed in the row: a reservation that runs out, a slow store twice, and
/// the minute after which memory is compared with the row.
const DOUBT_MAX: Duration = Duration::from_secs(200);
/// How long a rider's app waits for an answer before it asks again, with the same key.
const ASK_AGAIN_MS: u64 = 5_000;

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    Ping(usize),
    Person(usize),
    Rider(u64),
    Request,
    Fault,
}

/// A rider who has asked.
#[derive(Debug)]
struct Rider {
    key: RequestKey,
    from: (f64, f64),
    to: (f64, f64),
    trip: Option<TripId>,
    changes_mind: bool,
}

/// A town.
#[derive(Debug)]
pub(super) struct Town {
    world: World,
    rng: Pcg64Mcg,
    storm: bool,
    parked: bool,
    people: Vec<Person>,
    riders: BTreeMap<u64, Rider>,
    asks: BTreeMap<AskId, u64>,
    by_trip: BTreeMap<TripId, u64>,
    turns: BinaryHeap<Reverse<(Timestamp, u64, Turn)>>,
    turned: u64,
    said: u64,
    moves: u64,
    start: Timestamp,
    /// Since when a driver is free in memory, and committed to this trip in the row.
    doubts: BTreeMap<usize, (TripId, Timestamp)>,
}

/// Deadlines so short that they are met often.
fn policy(seed: u64) -> Policy {
    Policy {
        method: if seed.is_multiple_of(2) { Method::Batched } else { Method::Nearest },
        search_lasts: Duration::from_secs(45),
        pickup_lasts: Duration::from_secs(300),
        boarding_lasts: Duration::from_secs(40),
        ride_lasts: Duration::from_secs(90),
        pooling: PoolingPolicy { on: seed % 4 >= 2, ..PoolingPolicy::default() },
        ..Policy::default()
    }
}

impl Town {
    pub(super) fn new(seed: u64, faults: &Faults, planted: Option<Planted>) -> Town {
        let start = Timestamp::from_millis(1_000_000_000_000);
        let resolution = Resolution::new(6).expect("6 is a resolution");
        let world = World::new(start, policy(seed), resolution, Delays::default());
        let mut world = world.witnessed().with_mistake(planted);
        world.set_faults(Some(Faults { seed, ..faults.clone() }));
        let mut rng = Pcg64Mcg::seed_from_u64(seed);
        let people: Vec<Person> = (0..DRIVERS).map(|number| Person::new(number, start, &mut rng)).collect();
        let mut town = Town {
            world,
            rng,
            storm: true,
            parked: false,
            people,
            riders: BTreeMap::new(),
            asks: BTreeMap::new(),
            by_trip: BTreeMap::new(),
            turns: BinaryHeap::new(),
            turned: 0,
            said: 0,
            moves: 0,
            start,
            doubts: BTreeMap::new(),
        };
        for place in 0..DRIVERS {
            let phase = town.rng.random_range(0..PING_EVERY_MS);
            town.turn(later(start, phase), Turn::Ping(place));
            town.person_next(place);
        }
        town.turn(start, Turn::Request);
        town.turn(start, Turn::Fault);
        town
    }

    pub(super) fn world(&self) -> &World {
        &self.world
    }

    pub(super) fn add_to(&self, sum: &mut Survived) {
        let trips = self.world.store().all_trips_now();
        sum.trips += trips.len() as u64;
        sum.completed += trips.iter().filter(|trip| trip.stage.name() == StageName::Completed).count() as u64;
        sum.offers += self.world.offers();
        sum.moves += self.moves;
        sum.simulated_seconds += self.world.now().since(self.start).as_secs();
        sum.faults.add(&self.world.faulted());
    }

    /// Lives through a storm of so many steps and the calm after it; `false` when a promise was broken.
    pub(super) fn live(&mut self, steps: u64, progress: &mut dyn FnMut(u64)) -> bool {
        let mut shown = 0;
        while self.steps() < steps {
            let next = self.turns.peek().map_or(self.world.now(), |Reverse((at, _, _))| *at);
            if !self.pass(next) {
                return false;
            }
            if self.steps() >= shown + 1_000 {
                shown = self.steps();
                progress(shown);
            }
        }
        self.calm()
    }

    fn steps(&self) -> u64 {
        self.world.witness().map_or(0, crate::world::Witness::steps)
    }

    fn is_well(&self) -> bool {
        self.world.witness().is_none_or(|witness| witness.broken().is_empty())
    }

    /// Lets time pass up to a moment and does what is due then.
    fn pass(&mut self, until: Timestamp) -> bool {
        loop {
            while let Some(news) = self.world.hear() {
                self.hear(news);
            }
            if !self.is_well() {
                return false;
            }
            self.world.advance(until);
            if self.world.now() >= until {
                break;
            }
        }
        if let Some(Reverse((at, _, turn))) = self.turns.peek().copied()
            && at <= self.world.now()
        {
            self.turns.pop();
            self.take(turn);
        }
        self.is_well()
    }

    fn turn(&mut self, at: Timestamp, turn: Turn) {
        self.turned += 1;
        self.turns.push(Reverse((at, self.turned, turn)));
    }

    /// A time with this mean, as between things that do not know of each other.
    fn some_time(&mut self, mean_ms: f64) -> u64 {
        let chance: f64 = self.rng.random();
        (-(1.0 - chance).ln() * mean_ms) as u64
    }

    fn take(&mut self, turn: Turn) {
        let now = self.world.now();
        match turn {
            Turn::Ping(place) => self.ping(now, place),
            Turn::Person(place) => {
                if let Some(act) = self.people[place].acts(now, &mut self.rng) {
                    self.act(now, place, act);
                    self.person_next(place);
                }
            }
            Turn::Rider(number) => self.rider_turn(now, number),
            Turn::Request if self.storm => {
                self.new_rider();
                let next = self.some_time(REQUEST_EVERY_MS);
                self.turn(later(now, next), Turn::Request);
            }
            Turn::Fault if self.storm => {
                self.fault(now);
                let next = self.some_time(FAULT_EVERY_MS);
                self.turn(later(now, next), Turn::Fault);
            }
            Turn::Request | Turn::Fault => {}
        }
    }

    // ---- drivers ---------------------------------------------------------------------------------------------------

    fn ping(&mut self, now: Timestamp, place: usize) {
        self.turn(later(now, PING_EVERY_MS), Turn::Ping(place));
        let person = &mut self.people[place];
        if !self.parked {
            person.drive(&mut self.rng);
        }
        if person.session.is_none() {
            return;
        }
        let (id, at) = (person.id.clone(), person.place());
        self.world.ping(&id, at, None);
        self.doubt(now, place);
        if self.storm && self.rng.random_bool(0.01) {
            if let Some(act) = self.people[place].mixes_up(&mut self.rng) {
                self.act(now, place, act);
            }
        } else if self.storm && self.rng.random_bool(0.002) {
            self.act(now, place, Act::HangUp);
            self.person_next(place);
        }
    }

    /// Checks I9 while the storm lasts: whoever is committed in the row hears of it in time.
    fn doubt(&mut self, now: Timestamp, place: usize) {
        let id = &self.people[place].id;
        let free = matches!(self.world.standing(id), Some((Availability::Available, _, None)));
        let row = self.world.store().driver_now(id).and_then(|row| row.trip).map(|trip| trip.id);
        let Some(trip) = row.filter(|_| free) else {
            self.doubts.remove(&place);
            return;
        };
        let (known, since) = *self.doubts.entry(place).or_insert((trip, now));
        if known != trip {
            self.doubts.insert(place, (trip, now));
        } else if now.since(since) > DOUBT_MAX
            && let Some(witness) = self.world.witness_mut()
        {
            let what = format!("is free in memory, the row says trip {trip} since {} s", now.since(since).as_secs());
            witness.break_promise(Violation::Stranded { driver: id.clone(), what });
        }
    }

    fn act(&mut self, now: Timestamp, place: usize, act: Act) {
        self.said += 1;
        let person = &mut self.people[place];
        let (id, at) = (person.id.clone(), person.place());
        if act == Act::Connect {
            person.session = Some(self.world.connect(&id, at));
            return self.act(now, place, Act::Online);
        }
        let Some(session) = person.session else { return };
        let ask = World::ask(session, self.said);
        let input = match act {
            Act::Connect => return,
            Act::Online => DriverInput::GoOnline { ask, last: None, vehicle: self.vehicle(place), homeward: None },
            Act::Offline => DriverInput::GoOffline { ask, on_break: place.is_multiple_of(2) },
            Act::HangUp => {
                let away = self.rng.random_range(500..30_000);
                self.people[place].lost(now, away);
                DriverInput::Disconnected { session }
            }
            Act::Answer(offer, yes) => DriverInput::Answer { offer, yes, ask },
            Act::Does(trip, deed) => DriverInput::Does { trip, deed, ask },
        };
        if act == Act::Online {
            self.people[place].waits(now);
        }
        self.world.says(&id, input);
    }

    /// Every third car has a ramp.
    fn vehicle(&self, place: usize) -> Vehicle {
        Vehicle::new(Class::Economy, 4, place.is_multiple_of(3), false).expect("4 seats are allowed")
    }

    fn person_next(&mut self, place: usize) {
        if let Some(at) = self.people[place].next_at() {
            self.turn(at, Turn::Person(place));
        }
    }

    // ---- riders ----------------------------------------------------------------------------------------------------

    fn new_rider(&mut self) {
        self.said += 1;
        let number = self.said;
        let name = RiderId::new(&format!("rider-{}", number % 50)).expect("letters, a dash and a number");
        let key = RequestKey { rider: name, key: format!("key-{number}") };
        let (from, to) = (somewhere(&mut self.rng), somewhere(&mut self.rng));
        let changes_mind = self.rng.random_bool(0.15);
        self.riders.insert(number, Rider { key, from, to, trip: None, changes_mind });
        self.asks_for_trip(number);
    }

    fn asks_for_trip(&mut self, number: u64) {
        let chance = self.rng.random();
        let Some(rider) = self.riders.get(&number) else { return };
        let key = rider.key.clone();
        let needs = Needs::new(None, 1, number.is_multiple_of(7), false).expect("one seat is allowed");
        // Most would share, where that is done.
        let shared = !number.is_multiple_of(4);
        let order = Order { needs, shared, ..Order::new(point(rider.from), point(rider.to)) };
        let (_, ask) = self.world.request(key.rider, order, key.key, chance);
        self.asks.insert(ask, number);
        self.turn(later(self.world.now(), ASK_AGAIN_MS), Turn::Rider(number));
    }

    fn rider_turn(&mut self, now: Timestamp, number: u64) {
        let Some(rider) = self.riders.get_mut(&number) else { return };
        match rider.trip {
            None => self.asks_for_trip(number),
            Some(trip) if rider.changes_mind => {
                let ask = self.world.cancel(trip, Party::Rider);
                self.asks.insert(ask, number);
                let again = self.rng.random_range(3_000..20_000);
                self.turn(later(now, again), Turn::Rider(number));
            }
            Some(_) => {}
        }
    }

    fn answered(&mut self, now: Timestamp, ask: AskId, answer: Result<TripView, Refusal>) {
        let Some(number) = self.asks.remove(&ask) else { return };
        let Some(rider) = self.riders.get_mut(&number) else { return };
        let trip = match &answer {
            Ok(view) => view.trip.id,
            Err(Refusal::SameKey { trip }) => *trip,
            Err(Refusal::IllegalStep { .. }) => {
                rider.changes_mind = false;
                return;
            }
            Err(_) => return,
        };
        let (key, first) = (rider.key.clone(), rider.trip.is_none());
        rider.trip = Some(trip);
        self.by_trip.insert(trip, number);
        if let Some(witness) = self.world.witness_mut()
            && let Some(violation) = witness.promises().acknowledged(&key, trip)
        {
            witness.break_promise(violation);
        }
        if first {
            let after = self.rng.random_range(500..60_000);
            self.turn(later(now, after), Turn::Rider(number));
        }
        if let Ok(view) = answer {
            self.sees(&view);
        }
    }

    fn sees(&mut self, view: &TripView) {
        if !view.trip.stage.name().is_active()
            && let Some(number) = self.by_trip.remove(&view.trip.id)
        {
            self.riders.remove(&number);
        }
    }

    // ---- what is heard ---------------------------------------------------------------------------------------------

    fn hear(&mut self, news: News) {
        let now = self.world.now();
        match news {
            News::Driver { driver, session, notice } => {
                let found =
                    self.people.iter().position(|person| person.id == driver && person.session == Some(session));
                let Some(place) = found else { return };
                if let Notice::Home { home } = notice {
                    let before = self.people[place].home.replace(home);
                    self.moves += u64::from(before.is_some_and(|before| before != home));
                }
                self.people[place].hears(now, &notice, self.storm, &mut self.rng);
                self.person_next(place);
            }
            News::HungUp { driver, session } => {
                let found =
                    self.people.iter().position(|person| person.id == driver && person.session == Some(session));
                let Some(place) = found else { return };
                let away = self.rng.random_range(500..5_000);
                self.people[place].lost(now, away);
                self.person_next(place);
            }
            News::Trip(view) => self.sees(&view),
            News::Answer { ask, answer } => self.answered(now, ask, answer),
        }
    }

    // ---- the storm -------------------------------------------------------------------------------------------------

    fn fault(&mut self, now: Timestamp) {
        let owned = self.world.owned();
        let shard = owned.get(self.rng.random_range(0..owned.len().max(1))).copied();
        match (self.rng.random_range(0..100), shard) {
            (0..55, _) => {
                let place = self.rng.random_range(0..DRIVERS);
                let (noticed, away) = (self.rng.random_range(0..40_000), self.rng.random_range(500..30_000));
                let id = self.people[place].id.clone();
                if self.people[place].session.is_some() {
                    self.world.cut(&id, Duration::from_millis(noticed));
                    self.people[place].lost(now, away);
                    self.person_next(place);
                }
            }
            (55..80, Some(shard)) => self.world.let_go(shard),
            (80..90, Some(shard)) => self.world.usurp(shard),
            (90..96, Some(shard)) => {
                self.world.freeze(shard, Duration::from_millis(self.rng.random_range(1_000..30_000)));
                // In half of the cases somebody claims it meanwhile, and the owner that goes on does not know.
                (0..self.rng.random_range(0..2)).for_each(|_| self.world.usurp(shard));
            }
            (96..99, _) => {
                self.world.crash();
                for place in 0..DRIVERS {
                    let away = self.rng.random_range(500..5_000);
                    self.people[place].lost(now, away);
                    self.person_next(place);
                }
            }
            _ => {}
        }
    }

    // ---- afterwards ------------------------------------------------------------------------------------------------

    /// The last fault is over. Checks I9 and I15, and the whole journal once more.
    fn calm(&mut self) -> bool {
        self.storm = false;
        self.world.set_faults(None);
        let until = self.world.now() + CALM;
        let park_at = until - PARKED;
        while self.world.now() < until {
            self.parked = self.world.now() >= park_at;
            let next = self.turns.peek().map_or(until, |Reverse((at, _, _))| (*at).min(until));
            if !self.pass(next) {
                return false;
            }
        }
        let mut found = self.world.audit();
        for trip in self.world.store().all_trips_now() {
            if trip.stage.name().is_active() {
                found.push(Violation::Endless { trip: trip.id, stage: trip.stage.name() });
            }
        }
        found.extend(self.stranded());
        if let Some(witness) = self.world.witness_mut() {
            found.into_iter().for_each(|violation| witness.break_promise(violation));
        }
        self.is_well()
    }

    /// Everyone is on line and free, in memory, in the row, and in the eyes of the shard.
    fn stranded(&self) -> Vec<Violation> {
        let mut found = Vec::new();
        let mut wrong =
            |person: &Person, what: String| found.push(Violation::Stranded { driver: person.id.clone(), what });
        for person in &self.people {
            let row = self.world.store().driver_now(&person.id);
            match self.world.standing(&person.id) {
                None => wrong(person, format!("session {:?} has no driver behind it", person.session)),
                Some((Availability::Available, session, None))
                    if session == person.session && row.is_some_and(|row| row.trip.is_none()) => {}
                Some(standing) => wrong(person, format!("stands as {standing:?}, the app is {:?}", person.session)),
            }
        }
        for person in &self.people {
            if found.is_empty() && !self.world.is_matched(&person.id) {
                let what = "is free, and the shard does not match it".to_owned();
                found.push(Violation::Stranded { driver: person.id.clone(), what });
            }
        }
        found
    }
}
