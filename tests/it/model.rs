//! The city beside the plainest model of it: whatever is journaled, somebody asked for and the model allows; whatever
//! people are told is so in the model.
//!
//! The model is sets and maps: who is on which trip, who was shown what, who said what. It knows no messages, no
//! reservations, no rounds. `PROPTEST_CASES=100000 cargo test -p tests model` looks for longer.

use std::collections::BTreeMap;
use std::time::Duration;

use dispatch::{
    AskId, Deed, DriverAsk, DriverId, DriverInput, GiveBackReason, Order, Party, Policy, Refusal, Reroute, RiderId,
    SessionId, StageName, Stops, Timestamp, TripId, Vehicle,
};
use geo::{Point, Resolution};
use proptest::prelude::*;
use simulations::world::{Delays, News, World};

use plain::{Model, Way};

mod plain;

const DRIVERS: u8 = 3;

#[derive(Clone, Debug)]
enum Act {
    Request {
        needs_car_at_m: i32,
        /// How often it halts on its way.
        halts: u8,
    },
    /// The rider changes the way of the rest: so many stops, and another end.
    Reroute {
        trip: u8,
        halts: u8,
        to_m: i32,
        /// Says which version the rider looked at: the latest, or one that is long over.
        seen: Option<bool>,
    },
    Cancel {
        trip: u8,
        by_rider: bool,
    },
    Online {
        driver: u8,
        north_m: i32,
    },
    Offline {
        driver: u8,
    },
    HangUp {
        driver: u8,
    },
    /// The offer on the screen, or an old one.
    Answer {
        driver: u8,
        old: Option<u8>,
        yes: bool,
    },
    /// The next step of the driver's trip, or any step of any trip.
    Deed {
        driver: u8,
        wrong: Option<(u8, u8)>,
        /// Of a stop: how many changes of the way ago it was seen, if the app says so.
        ago: Option<u16>,
    },
    Wait {
        seconds: u64,
    },
    Crash,
}

fn any_act() -> impl Strategy<Value = Act> {
    let (driver, north_m) = (0..DRIVERS, -600i32..600);
    let rarely = |wrong: BoxedStrategy<(u8, u8)>| prop_oneof![5 => Just(None), 1 => wrong.prop_map(Some)];
    let old = prop_oneof![5 => Just(None), 1 => any::<u8>().prop_map(Some)];
    prop_oneof![
        4 => (north_m.clone(), prop_oneof![2 => Just(0u8), 1 => 1u8..=3])
            .prop_map(|(needs_car_at_m, halts)| Act::Request { needs_car_at_m, halts }),
        2 => (any::<u8>(), 0u8..=3, north_m.clone(), prop::option::of(prop::bool::weighted(0.7)))
            .prop_map(|(trip, halts, to_m, seen)| Act::Reroute { trip, halts, to_m, seen }),
        1 => (any::<u8>(), any::<bool>()).prop_map(|(trip, by_rider)| Act::Cancel { trip, by_rider }),
        4 => (driver.clone(), north_m).prop_map(|(driver, north_m)| Act::Online { driver, north_m }),
        1 => driver.clone().prop_map(|driver| Act::Offline { driver }),
        1 => driver.clone().prop_map(|driver| Act::HangUp { driver }),
        8 => (driver.clone(), old, prop::bool::weighted(0.8)).prop_map(|(driver, old, yes)| Act::Answer { driver, old, yes }),
        8 => (driver, rarely((any::<u8>(), any::<u8>()).boxed()), prop::option::of(prop_oneof![3 => Just(0u16), 1 => 1u16..3]))
            .prop_map(|(driver, wrong, ago)| Act::Deed { driver, wrong, ago }),
        6 => prop_oneof![0u64..4, 2u64..20, 0u64..400].prop_map(|seconds| Act::Wait { seconds }),
        1 => Just(Act::Crash),
    ]
}

/// The city, its people, and the model beside them.
struct Pair {
    world: World,
    model: Model,
    journal_read: u64,
    sessions: BTreeMap<DriverId, SessionId>,
    places: BTreeMap<DriverId, i32>,
    trips: Vec<TripId>,
    asks: BTreeMap<AskId, TripId>,
    /// Who asked for another way, what it is, and where it leads.
    ways: BTreeMap<AskId, (Reroute, Vec<Point>, Point)>,
    /// What each command of a driver was about.
    asked: BTreeMap<u64, Option<TripId>>,
    said: u64,
}

fn street(north_m: i32) -> Point {
    Point::new(40.75 + f64::from(north_m) / 111_194.9, -73.98).unwrap()
}

fn driver(number: u8) -> DriverId {
    DriverId::new(&format!("driver-{number}")).unwrap()
}

/// So many places on the way, of which the first lies here.
fn stops(many: u8, first_m: i32) -> Stops {
    Stops::new((0..i32::from(many)).map(|nth| street(first_m + 100 * nth))).unwrap()
}

/// One of them, counted from the latest.
fn pick<T: Copy>(all: impl DoubleEndedIterator<Item = T>, number: u8) -> Option<T> {
    let all: Vec<T> = all.rev().collect();
    all.get(usize::from(number) % all.len().max(1)).copied()
}

fn policy() -> Policy {
    Policy { search_lasts: Duration::from_secs(120), ..Policy::default() }
}

impl Pair {
    fn new() -> Pair {
        let start = Timestamp::from_millis(1_000_000_000_000);
        let none = Delays { commit: Duration::ZERO, letter: Duration::ZERO };
        Pair {
            world: World::new(start, policy(), Resolution::SHARD, none),
            model: Model::default(),
            journal_read: 0,
            sessions: BTreeMap::new(),
            places: BTreeMap::new(),
            trips: Vec::new(),
            asks: BTreeMap::new(),
            ways: BTreeMap::new(),
            asked: BTreeMap::new(),
            said: 0,
        }
    }

    fn act(&mut self, act: &Act) {
        self.said += 1;
        match act {
            Act::Request { needs_car_at_m, halts } => {
                let rider = RiderId::new(&format!("rider-{}", self.said)).unwrap();
                let (from, to) = (street(*needs_car_at_m), street(needs_car_at_m + 3_000));
                let order = Order { stops: stops(*halts, needs_car_at_m + 1_500), ..Order::new(from, to) };
                let key = format!("key-{}", self.said);
                let (trip, ask) = self.world.request(rider.clone(), order, key, self.said);
                self.model.wanted.insert(trip, (rider, order));
                self.asks.insert(ask, trip);
                self.trips.push(trip);
            }
            Act::Cancel { trip, by_rider } => {
                let Some(trip) = pick(self.trips.iter().copied(), *trip) else { return };
                let by = if *by_rider { Party::Rider } else { Party::System };
                self.model.called_off.insert((trip, by));
                let ask = self.world.cancel(trip, by);
                self.asks.insert(ask, trip);
            }
            Act::Reroute { trip, halts, to_m, seen } => self.reroute(*trip, *halts, *to_m, *seen),
            Act::Online { driver: number, north_m } => {
                let id = driver(*number);
                if !self.sessions.contains_key(&id) {
                    self.model.forgets_screen(&id);
                    let session = self.world.connect(&id, street(*north_m));
                    self.sessions.insert(id.clone(), session);
                }
                self.places.insert(id.clone(), *north_m);
                self.model.working.insert(id);
                self.world.ping(&driver(*number), street(*north_m), None);
                self.says(*number, None, |ask| DriverInput::GoOnline {
                    ask,
                    last: None,
                    vehicle: Vehicle::default(),
                    homeward: None,
                });
            }
            Act::Offline { driver: number } => {
                let id = driver(*number);
                if self.says(*number, None, |ask| DriverInput::GoOffline { ask, on_break: false }) {
                    self.model.working.remove(&id);
                    self.model.open.remove(&id);
                }
            }
            Act::HangUp { driver: number } => {
                let id = driver(*number);
                self.says(*number, None, |ask| DriverInput::Disconnected { session: ask.session });
                self.sessions.remove(&id);
                self.places.remove(&id);
                self.model.forgets_screen(&id);
            }
            Act::Answer { driver: number, old, yes } => self.answer(*number, *old, *yes),
            Act::Deed { driver: number, wrong, ago } => self.deed(*number, *wrong, *ago),
            Act::Wait { seconds } => self.wait(*seconds),
            Act::Crash => {
                self.settle();
                self.world.crash();
                self.sessions.clear();
                self.places.clear();
                self.model.open.clear();
                self.model.promised.clear();
                self.model.no.clear();
            }
        }
        self.settle();
    }

    fn answer(&mut self, number: u8, old: Option<u8>, yes: bool) {
        let id = driver(number);
        let open = self.model.open.get(&id).copied();
        let mine = self.model.seen.iter().filter(|(by, _)| *by == id).map(|(_, offer)| *offer);
        let Some(offer) = old.map_or(open, |old| pick(mine, old)) else { return };
        if self.says(number, Some(offer.trip), |ask| DriverInput::Answer { offer, yes, ask }) && yes {
            self.model.yes.insert((id, offer));
            // What it leads to is in the journal before anyone is told.
        }
    }

    fn reroute(&mut self, trip: u8, halts: u8, to_m: i32, seen: Option<bool>) {
        let Some(trip) = pick(self.trips.iter().copied(), trip) else { return };
        let version = self.model.trips.get(&trip).map_or(0, |plain| plain.past.len() as u32);
        let seen = seen.map(|latest| if latest { version } else { version.wrapping_sub(1) });
        // Now and then only the end is named.
        let stops = (to_m % 4 != 0).then(|| stops(halts, to_m));
        let wanted = Reroute { stops, dropoff: Some(street(to_m)), seen };
        let (left, end) = self.model.wishes(trip, &wanted);
        let ask = self.world.reroute(trip, wanted);
        self.asks.insert(ask, trip);
        self.ways.insert(ask, (wanted, left, end));
    }

    /// The next thing to do on a trip; of a stop as it was so many changes ago, if that is said.
    fn next(&self, trip: TripId, ago: Option<u16>) -> (Deed, &'static str) {
        let Some(plain) = self.model.trips.get(&trip) else { return (Deed::DroppedOff, "dropped off") };
        match plain.stage {
            StageName::EnRoute => (Deed::Arrived, "arrived"),
            StageName::Arrived => (Deed::PickedUp, "picked up"),
            _ if plain.way.left.is_empty() => (Deed::DroppedOff, "dropped off"),
            _ => {
                let rerouted = ago.map(|ago| plain.way.changes.saturating_sub(ago));
                (Deed::StopReached { stop: plain.way.made.len() as u8 + 1, rerouted }, "halts")
            }
        }
    }

    fn deed(&mut self, number: u8, wrong: Option<(u8, u8)>, ago: Option<u16>) {
        let id = driver(number);
        let all = [
            (Deed::Arrived, "arrived"),
            (Deed::PickedUp, "picked up"),
            (Deed::DroppedOff, "dropped off"),
            (Deed::GaveBack(GiveBackReason::Other), "gave back"),
            (Deed::StopReached { stop: 1 + number, rerouted: ago }, "halts"),
        ];
        let trip = match wrong {
            Some((trip, _)) => pick(self.trips.iter().copied(), trip),
            None => self.model.on.get(&id).copied(),
        };
        let Some(trip) = trip else { return };
        let (deed, what) = match wrong {
            Some((_, deed)) => all[usize::from(deed) % all.len()],
            None => self.next(trip, ago),
        };
        // Said before it is heard: the answer may come at once.
        if self.sessions.contains_key(&id) {
            if let Deed::StopReached { stop, rerouted } = deed {
                self.model.halted.insert((id.clone(), trip, stop, rerouted));
            }
            self.model.said.insert((id, trip, what));
        }
        self.says(number, Some(trip), |ask| DriverInput::Does { trip, deed, ask });
    }

    /// Says something over the driver's session, if there is one.
    fn says(&mut self, number: u8, about: Option<TripId>, input: impl FnOnce(DriverAsk) -> DriverInput) -> bool {
        let Some(session) = self.sessions.get(&driver(number)) else { return false };
        self.asked.insert(self.said, about);
        let ask = World::ask(*session, self.said);
        self.world.says(&driver(number), input(ask));
        true
    }

    fn wait(&mut self, seconds: u64) {
        for _ in 0..seconds {
            let until = self.world.now() + Duration::from_secs(1);
            while self.world.now() < until {
                self.world.advance(until);
                self.hear();
            }
            for (driver, north_m) in self.places.clone() {
                self.world.ping(&driver, street(north_m), None);
                self.settle();
            }
        }
    }

    /// Lets everything be done that is done at this moment.
    fn settle(&mut self) {
        self.hear();
        while self.world.next_at().is_some_and(|at| at <= self.world.now()) {
            self.world.advance(self.world.now());
            self.hear();
        }
    }

    fn hear(&mut self) {
        for (line, entry) in self.world.store().read_now(self.journal_read, u32::MAX) {
            self.journal_read = line;
            self.model.happened(entry.trip, entry.version, &entry.event, entry.at, &policy());
        }
        while let Some(news) = self.world.hear() {
            match news {
                News::Driver { driver, session, notice } if self.sessions.get(&driver) == Some(&session) => {
                    self.model.noticed(&driver, &notice, &self.asked);
                }
                News::Driver { .. } => {}
                News::HungUp { driver, .. } => panic!("nothing goes wrong here, and {driver} is hung up"),
                News::Trip(view) => self.model.told(&view.trip),
                News::Answer { ask, answer: Ok(view) } => {
                    assert_eq!(self.asks.get(&ask), Some(&view.trip.id));
                    self.model.told(&view.trip);
                    if let Some((_, left, end)) = self.ways.get(&ask) {
                        let way = Way::of(&view.trip);
                        assert_eq!((&way.left, way.end), (left, *end), "it does not lead where the rider wants to go");
                    }
                }
                News::Answer { ask, answer: Err(why) } if self.ways.contains_key(&ask) => {
                    self.model.way_refused(self.asks[&ask], &self.ways[&ask].0, &why);
                }
                News::Answer { ask, answer: Err(why) } => match why {
                    Refusal::UnknownTrip { trip } => assert_eq!(self.model.stage(trip), None),
                    Refusal::IllegalStep { from, .. } => assert_eq!(self.model.stage(self.asks[&ask]), Some(from)),
                    Refusal::Busy { .. } => {}
                    why => panic!("a rider is told {why}"),
                },
            }
        }
    }
}

/// As many cases as PROPTEST_CASES says, or this many.
fn cases(default: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig { cases: asked.unwrap_or(default), ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(500))]

    #[test]
    fn the_city_does_what_the_plainest_model_of_it_allows(acts in prop::collection::vec(any_act(), 1..150)) {
        let mut pair = Pair::new();
        for act in &acts {
            pair.act(act);
        }
    }
}
