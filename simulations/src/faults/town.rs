//! One town and its day: people, turns, the storm, and what must be so when it is over.
//!
//! Lives here: [`Town`].
//! Stays out: how often what goes wrong between the parts of the city ([`crate::world::Faults`]).

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::Duration;

use dispatch::{AskId, Class, DriverInput, Notice, RequestKey, Reroute, StageName, Stops, Timestamp, TripId, Vehicle};
use geo::Resolution;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use super::person::{Act, Person};
use super::temper::Temper;
use super::{Length, Survived};
use crate::people::later;
use crate::world::{Delays, Faults, News, Planted, World};

mod afterwards;
mod riders;

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    Ping(usize),
    Person(usize),
    Rider(u64),
    Request,
    Fault,
    Weather,
}

/// A rider who has asked.
#[derive(Debug)]
struct Rider {
    key: RequestKey,
    from: (f64, f64),
    to: (f64, f64),
    stops: Stops,
    pickup_at: Option<Timestamp>,
    trip: Option<TripId>,
    /// The latest version that the rider's app has shown.
    seen: u32,
    changes_mind: bool,
    /// Goes elsewhere, again and again.
    roams: bool,
}

/// A town.
#[derive(Debug)]
pub(super) struct Town {
    world: World,
    temper: Temper,
    faults: Faults,
    rng: Pcg64Mcg,
    storm: bool,
    /// Within a burst of faults.
    burst: bool,
    parked: bool,
    people: Vec<Person>,
    riders: BTreeMap<u64, Rider>,
    asks: BTreeMap<AskId, u64>,
    /// Where riders want to go who wait for an answer.
    wishes: BTreeMap<AskId, Reroute>,
    by_trip: BTreeMap<TripId, u64>,
    turns: BinaryHeap<Reverse<(Timestamp, u64, Turn)>>,
    turned: u64,
    said: u64,
    moves: u64,
    start: Timestamp,
    /// Since when a driver is free in memory, and committed to this trip in the row.
    doubts: BTreeMap<usize, (TripId, Timestamp)>,
}

impl Town {
    pub(super) fn new(seed: u64, temper: Temper, faults: &Faults, planted: Option<Planted>) -> Town {
        let start = Timestamp::from_millis(1_000_000_000_000);
        let resolution = Resolution::new(6).expect("6 is a resolution");
        let world = World::new(start, temper.policy.clone(), resolution, Delays::default());
        let mut world = world.witnessed().with_mistake(planted);
        world.set_faults(Some(temper.faults(faults, false, seed)));
        let mut rng = Pcg64Mcg::seed_from_u64(seed);
        let people: Vec<Person> =
            (0..temper.drivers).map(|number| Person::new(number, start, &temper, &mut rng)).collect();
        let mut town = Town {
            world,
            temper,
            faults: faults.clone(),
            rng,
            storm: true,
            burst: false,
            parked: false,
            people,
            riders: BTreeMap::new(),
            asks: BTreeMap::new(),
            wishes: BTreeMap::new(),
            by_trip: BTreeMap::new(),
            turns: BinaryHeap::new(),
            turned: 0,
            said: 0,
            moves: 0,
            start,
            doubts: BTreeMap::new(),
        };
        for place in 0..town.people.len() {
            let phase = town.rng.random_range(0..town.temper.ping_every_ms);
            town.turn(later(start, phase), Turn::Ping(place));
            town.person_next(place);
        }
        town.turn(start, Turn::Request);
        town.turn(start, Turn::Fault);
        if let Some((every, _)) = town.temper.bursts {
            let first = town.some_time(every);
            town.turn(later(start, first), Turn::Weather);
        }
        town
    }

    pub(super) fn world(&self) -> &World {
        &self.world
    }

    pub(super) fn add_to(&self, sum: &mut Survived) {
        let trips = self.world.store().all_trips_now();
        sum.trips += trips.len() as u64;
        sum.completed += trips.iter().filter(|trip| trip.stage.name() == StageName::Completed).count() as u64;
        sum.booked += trips.iter().filter(|trip| trip.order.pickup_at.is_some()).count() as u64;
        sum.reroutes += trips.iter().map(|trip| u64::from(trip.route.changes)).sum::<u64>();
        sum.stops += trips.iter().map(|trip| u64::from(trip.route.made)).sum::<u64>();
        sum.offers += self.world.offers();
        sum.moves += self.moves;
        sum.simulated_seconds += self.world.now().since(self.start).as_secs();
        sum.faults.add(&self.world.faulted());
    }

    /// Lives through a storm of this length and the calm after it; `false` when a promise was broken.
    pub(super) fn live(&mut self, length: Length, progress: &mut dyn FnMut(u64)) -> bool {
        let mut shown = 0;
        loop {
            let (lived, whole, often) = match length {
                Length::Steps(steps) => (self.steps(), steps, 1_000),
                Length::Hours(hours) => (self.hours(), hours, 1),
            };
            if lived >= whole {
                return self.calm();
            }
            let next = self.turns.peek().map_or(self.world.now(), |Reverse((at, _, _))| *at);
            if !self.pass(next) {
                return false;
            }
            if lived >= shown + often {
                shown = lived;
                progress(shown);
            }
        }
    }

    fn hours(&self) -> u64 {
        self.world.now().since(self.start).as_secs() / 3_600
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
                let next = self.some_time(self.temper.request_every_ms);
                self.turn(later(now, next), Turn::Request);
            }
            Turn::Fault if self.storm => {
                self.fault(now);
                let next = self.some_time(self.temper.fault_every_ms(self.burst));
                self.turn(later(now, next), Turn::Fault);
            }
            Turn::Weather if self.storm => self.weather(now),
            Turn::Request | Turn::Fault | Turn::Weather => {}
        }
    }

    /// A burst of faults begins or ends.
    fn weather(&mut self, now: Timestamp) {
        let Some((every, lasts)) = self.temper.bursts else { return };
        self.burst = !self.burst;
        let seed = self.rng.random();
        self.world.set_faults(Some(self.temper.faults(&self.faults, self.burst, seed)));
        let next = self.some_time(if self.burst { lasts } else { every });
        self.turn(later(now, next), Turn::Weather);
        if self.burst {
            self.turn(now, Turn::Fault);
        }
    }

    // ---- drivers ---------------------------------------------------------------------------------------------------

    fn ping(&mut self, now: Timestamp, place: usize) {
        self.turn(later(now, self.temper.ping_every_ms), Turn::Ping(place));
        let person = &mut self.people[place];
        if !self.parked {
            person.drive(self.temper.speed_mps * self.temper.ping_every_ms as f64 / 1_000.0, &mut self.rng);
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
                let place = self.rng.random_range(0..self.people.len());
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
                for place in 0..self.people.len() {
                    let away = self.rng.random_range(500..5_000);
                    self.people[place].lost(now, away);
                    self.person_next(place);
                }
            }
            _ => {}
        }
    }
}
