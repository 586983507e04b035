//! Whatever people do, in whatever order, and whenever the node dies: the promises hold.
//!
//! Random people on the production cores in virtual time. A failing case is shrunk and printed by proptest; from there
//! it becomes a story. `PROPTEST_CASES=100000 cargo test -p tests promises` looks for longer.

use std::collections::BTreeMap;
use std::time::Duration;

use dispatch::invariants::Violation;
use dispatch::{
    Class, Deed, DriverAsk, DriverId, DriverInput, GiveBackReason, Method, Needs, Notice, OfferId, Order, Party,
    Policy, PoolingPolicy, Reroute, RiderId, SessionId, Stage, Stops, Timestamp, Trip, TripId, Vehicle,
};
use geo::{Point, Resolution};
use proptest::prelude::*;
use simulations::world::{Delays, News, World};

const DRIVERS: u8 = 4;
const RIDERS: u64 = 12;

/// Two comparisons of a host with its guests (the slower side's are 40 s apart), and a little for
/// letters and commits.
const TWO_COMPARISONS: Duration = Duration::from_secs(90);

/// Something that may happen. Numbers are taken modulo what there is.
#[derive(Clone, Debug)]
enum Act {
    Request {
        north_m: i32,
        shared: bool,
    },
    Cancel {
        trip: u8,
        by_rider: bool,
    },
    Reroute {
        trip: u8,
        north_m: i32,
        stop: bool,
    },
    Connect {
        driver: u8,
        north_m: i32,
    },
    HangUp {
        driver: u8,
        /// In good order, or the line just broke.
        orderly: bool,
    },
    Wish {
        driver: u8,
        work: bool,
    },
    Ping {
        driver: u8,
        north_m: i32,
    },
    Answer {
        driver: u8,
        offer: u8,
        yes: bool,
    },
    Deed {
        driver: u8,
        trip: u8,
        deed: Deed,
    },
    /// What the driver was told to do next, there where it is to be done.
    NextStop {
        driver: u8,
    },
    Wait {
        millis: u64,
    },
    Crash,
}

fn any_act() -> impl Strategy<Value = Act> {
    let driver = 0..DRIVERS;
    // Twenty kilometres of street cross several shards.
    let north_m = prop_oneof![-300i32..300, -10_000i32..10_000];
    let deed = prop_oneof![
        Just(Deed::Arrived),
        Just(Deed::PickedUp),
        Just(Deed::DroppedOff),
        (1u8..=3, prop::option::of(0u16..3)).prop_map(|(stop, rerouted)| Deed::StopReached { stop, rerouted }),
        Just(Deed::GaveBack(GiveBackReason::Other)),
        Just(Deed::GaveBack(GiveBackReason::RiderNoShow))
    ];
    prop_oneof![
        4 => (north_m.clone(), prop::bool::weighted(0.7)).prop_map(|(north_m, shared)| Act::Request { north_m, shared }),
        1 => (any::<u8>(), any::<bool>()).prop_map(|(trip, by_rider)| Act::Cancel { trip, by_rider }),
        2 => (any::<u8>(), north_m.clone(), any::<bool>())
            .prop_map(|(trip, north_m, stop)| Act::Reroute { trip, north_m, stop }),
        4 => (driver.clone(), north_m.clone()).prop_map(|(driver, north_m)| Act::Connect { driver, north_m }),
        2 => (driver.clone(), any::<bool>()).prop_map(|(driver, orderly)| Act::HangUp { driver, orderly }),
        2 => (driver.clone(), prop::bool::weighted(0.8)).prop_map(|(driver, work)| Act::Wish { driver, work }),
        3 => (driver.clone(), north_m).prop_map(|(driver, north_m)| Act::Ping { driver, north_m }),
        8 => (driver.clone(), any::<u8>(), prop::bool::weighted(0.8))
            .prop_map(|(driver, offer, yes)| Act::Answer { driver, offer, yes }),
        6 => driver.clone().prop_map(|driver| Act::NextStop { driver }),
        6 => (driver, any::<u8>(), deed).prop_map(|(driver, trip, deed)| Act::Deed { driver, trip, deed }),
        8 => prop_oneof![0u64..5, 0u64..3_000, 0u64..60_000].prop_map(|millis| Act::Wait { millis }),
        1 => Just(Act::Crash),
    ]
}

/// One street, riders who all would share, and drivers who mostly do as they are told.
fn any_act_of_sharers() -> impl Strategy<Value = Act> {
    let driver = 0..2u8;
    let north_m = -300i32..300;
    prop_oneof![
        5 => north_m.clone().prop_map(|north_m| Act::Request { north_m, shared: true }),
        1 => (any::<u8>(), any::<bool>()).prop_map(|(trip, by_rider)| Act::Cancel { trip, by_rider }),
        3 => (driver.clone(), north_m.clone()).prop_map(|(driver, north_m)| Act::Connect { driver, north_m }),
        6 => (driver.clone(), any::<u8>()).prop_map(|(driver, offer)| Act::Answer { driver, offer, yes: true }),
        14 => driver.clone().prop_map(|driver| Act::NextStop { driver }),
        6 => (driver, north_m).prop_map(|(driver, north_m)| Act::Ping { driver, north_m }),
        12 => prop_oneof![0u64..5, 0u64..3_000, 2_500u64..20_000].prop_map(|millis| Act::Wait { millis }),
        1 => any_act(),
    ]
}

/// People who remember what they were told.
struct Town {
    world: World,
    sessions: BTreeMap<DriverId, SessionId>,
    offers: Vec<OfferId>,
    trips: Vec<TripId>,
    /// The offer on each driver's screen.
    shown: BTreeMap<DriverId, OfferId>,
    /// The highest version of each trip that anyone was told.
    told: BTreeMap<TripId, u32>,
    /// The trip each driver was last told of.
    on: BTreeMap<DriverId, Trip>,
    said: u64,
}

fn street(north_m: i32) -> Point {
    Point::new(40.75 + f64::from(north_m) / 111_194.9, -73.98).unwrap()
}

fn driver(number: u8) -> DriverId {
    DriverId::new(&format!("driver-{}", number % DRIVERS)).unwrap()
}

/// What a driver drives all life long: every other one has a ramp.
fn vehicle(driver: &DriverId) -> Vehicle {
    let ramp = driver.as_str().ends_with(['1', '3', '5', '7', '9']);
    Vehicle::new(Class::Economy, 4, ramp, false).unwrap()
}

impl Town {
    fn new(method: Method, delays: Delays) -> Town {
        let start = Timestamp::from_millis(1_000_000_000_000);
        let pooling = PoolingPolicy { on: true, ..PoolingPolicy::default() };
        Town {
            world: World::new(start, Policy { method, pooling, ..Policy::default() }, Resolution::SHARD, delays),
            sessions: BTreeMap::new(),
            offers: Vec::new(),
            trips: Vec::new(),
            shown: BTreeMap::new(),
            told: BTreeMap::new(),
            on: BTreeMap::new(),
            said: 0,
        }
    }

    fn act(&mut self, act: &Act) {
        self.said += 1;
        match act {
            Act::Request { north_m, shared } => {
                // One rider may not have many trips at once; a few riders may.
                let rider = RiderId::new(&format!("rider-{}", self.said % RIDERS)).unwrap();
                let key = format!("key-{}", self.said);
                let needs = Needs::new(None, 1, north_m % 3 == 0, false).unwrap();
                // One of four rides is for later, in up to a quarter of an hour.
                let booked = north_m.rem_euclid(4) == 1;
                let ahead = Duration::from_secs(u64::from(north_m.unsigned_abs()) % 900);
                let pickup_at = booked.then(|| self.world.now() + ahead);
                let (from, to) = (street(*north_m), street(-north_m));
                // One in three who ride alone halts on the way.
                let halts = (!shared && north_m % 3 == 1).then(|| street(north_m / 2));
                let stops = Stops::new(halts).unwrap();
                let order = Order { needs, pickup_at, stops, shared: *shared, ..Order::new(from, to) };
                let (trip, _) = self.world.request(rider, order, key, self.said);
                self.trips.push(trip);
            }
            Act::Cancel { trip, by_rider } => {
                if let Some(trip) = pick(&self.trips, *trip) {
                    self.world.cancel(trip, if *by_rider { Party::Rider } else { Party::System });
                }
            }
            Act::Reroute { trip, north_m, stop } => {
                if let Some(trip) = pick(&self.trips, *trip) {
                    let stops = stop.then(|| Stops::new([street(north_m / 2)]).unwrap());
                    self.world.reroute(trip, Reroute { stops, dropoff: Some(street(*north_m)), seen: None });
                }
            }
            Act::Connect { driver: number, north_m } => {
                let id = driver(*number);
                self.shown.remove(&id);
                let session = self.world.connect(&id, street(*north_m));
                self.sessions.insert(id.clone(), session);
                self.world.ping(&id, street(*north_m), None);
                self.says(*number, |ask| DriverInput::GoOnline {
                    ask,
                    last: None,
                    vehicle: vehicle(&id),
                    homeward: None,
                });
            }
            Act::HangUp { driver: number, orderly } => {
                self.shown.remove(&driver(*number));
                self.says(*number, |DriverAsk { session, .. }| match orderly {
                    true => DriverInput::Disconnected { session },
                    false => DriverInput::LineLost { session },
                });
            }
            Act::Wish { driver: number, work: true } => {
                let vehicle = vehicle(&driver(*number));
                self.says(*number, |ask| DriverInput::GoOnline { ask, last: None, vehicle, homeward: None });
            }
            Act::Wish { driver: number, work: false } => {
                self.shown.remove(&driver(*number));
                self.says(*number, |ask| DriverInput::GoOffline { ask, on_break: false });
            }
            Act::Ping { driver: number, north_m } => self.world.ping(&driver(*number), street(*north_m), None),
            Act::Answer { driver: number, offer, yes } => {
                // Mostly the offer on the screen, sometimes one of someone else, or an old one.
                let on_screen = self.shown.get(&driver(*number)).copied().filter(|_| offer % 4 != 0);
                if let Some(offer) = on_screen.or_else(|| pick(&self.offers, *offer)) {
                    self.says(*number, |ask| DriverInput::Answer { offer, yes: *yes, ask });
                }
            }
            Act::Deed { driver, trip, deed } => {
                if let Some(trip) = pick(&self.trips, *trip) {
                    self.says(*driver, |ask| DriverInput::Does { trip, deed: *deed, ask });
                }
            }
            Act::NextStop { driver: number } => {
                let next = self.on.get(&driver(*number)).and_then(next_stop);
                if let Some((trip, deed, place)) = next {
                    self.world.ping(&driver(*number), place, None);
                    self.says(*number, |ask| DriverInput::Does { trip, deed, ask });
                }
            }
            Act::Wait { millis } => self.wait(Duration::from_millis(*millis)),
            Act::Crash => {
                self.world.crash();
                self.sessions.clear();
                self.shown.clear();
            }
        }
        self.hear();
    }

    fn says(&mut self, number: u8, input: impl FnOnce(dispatch::DriverAsk) -> DriverInput) {
        let id = driver(number);
        if let Some(session) = self.sessions.get(&id) {
            let ask = World::ask(*session, self.said);
            self.world.says(&id, input(ask));
        }
    }

    fn wait(&mut self, time: Duration) {
        let until = self.world.now() + time;
        while self.world.now() < until {
            self.world.advance(until);
            self.hear();
        }
    }

    fn hear(&mut self) {
        while let Some(news) = self.world.hear() {
            match news {
                News::Driver { driver, session, notice } if self.sessions.get(&driver) == Some(&session) => {
                    self.hear_driver(driver, notice);
                }
                News::Trip(view) | News::Answer { answer: Ok(view), .. } => {
                    let version = self.told.entry(view.trip.id).or_default();
                    assert!(*version <= view.trip.version, "I2: a later state does not descend from what was told");
                    *version = view.trip.version;
                }
                News::HungUp { driver, session } => {
                    if self.sessions.get(&driver) == Some(&session) {
                        self.sessions.remove(&driver);
                        self.shown.remove(&driver);
                    }
                }
                News::Driver { .. } | News::Answer { answer: Err(_), .. } => {}
            }
        }
    }

    fn hear_driver(&mut self, driver: DriverId, notice: Notice) {
        match notice {
            Notice::Offer(offer) => {
                assert!(offer.order.needs.fits(vehicle(&driver)), "{driver} is offered {:?}", offer.order.needs);
                self.offers.push(offer.id);
                let before = self.shown.insert(driver.clone(), offer.id);
                assert!(before.is_none_or(|before| before == offer.id), "I5: {driver} is shown two offers at once");
            }
            Notice::Trip { trip, .. } => {
                self.shown.remove(&driver);
                self.on.insert(driver, trip);
            }
            Notice::Withdrawn { .. } | Notice::Promised { .. } | Notice::Declined { .. } => {
                self.shown.remove(&driver);
            }
            Notice::Suggestion(_) => {
                assert!(!self.shown.contains_key(&driver), "{driver} is sent elsewhere with an offer on the screen");
            }
            Notice::Standing { .. } | Notice::Refused { .. } | Notice::Home { .. } | Notice::Superseded => {}
            Notice::Demand { .. } => {}
            Notice::AreYouComing { .. } | Notice::TakenBack { .. } | Notice::PutOnBreak { .. } => {}
        }
    }

    fn check(&self) {
        let violations = self.world.audit();
        assert!(violations.is_empty(), "{violations:?}");
        let lost = dispatch::invariants::nothing_lost(&self.told, &self.world.store().journal_now());
        assert!(lost.is_empty(), "{lost:?}");
    }

    /// The guests and hosts that disagree now and do not once agree within two comparisons.
    ///
    /// One look is not enough: a guest's row follows the host's a letter and a commit later, so
    /// that at any one moment a pair may be about to agree.
    fn lasting_disagreements(&mut self) -> Vec<Violation> {
        let mut lasting = self.disagreements();
        let deadline = self.world.now() + TWO_COMPARISONS;
        while !lasting.is_empty() && self.world.now() < deadline {
            self.wait(Duration::from_secs(1));
            let now = self.disagreements();
            lasting.retain(|violation| now.contains(violation));
        }
        lasting
    }

    fn disagreements(&self) -> Vec<Violation> {
        dispatch::invariants::guests_agree(&self.world.store().all_trips_now())
    }
}

/// What a driver has to do next on this trip: for whom, what, and where.
fn next_stop(trip: &Trip) -> Option<(TripId, Deed, Point)> {
    if let (Stage::InProgress { .. }, Some(stop)) = (&trip.stage, trip.next_stop()) {
        let deed = Deed::StopReached { stop, rerouted: Some(trip.route.changes) };
        return Some((trip.id, deed, trip.stops_left().next()?));
    }
    let due = *trip.due_stops().first()?;
    Some((due.stop.trip, due.deed(), due.place))
}

fn pick<T: Copy>(all: &[T], number: u8) -> Option<T> {
    // Counted from the latest: old ones are asked for more rarely than new ones.
    all.len().checked_sub(1 + usize::from(number) % all.len().max(1)).and_then(|place| all.get(place).copied())
}

/// As many cases as PROPTEST_CASES says, or this many.
fn cases(default: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig { cases: asked.unwrap_or(default), ..ProptestConfig::default() }
}

/// How long the store and the letters take.
fn any_delays() -> impl Strategy<Value = Delays> {
    let commit = prop_oneof![Just(0u64), Just(2), 0u64..2_000].prop_map(Duration::from_millis);
    let letter = prop_oneof![Just(0u64), Just(1), 0u64..400].prop_map(Duration::from_millis);
    (commit, letter).prop_map(|(commit, letter)| Delays { commit, letter })
}

/// Plays it all, and checks every promise on the way, at the end, and a day later.
fn check(acts: &[Act], nearest: bool, delays: Delays) -> Result<(), TestCaseError> {
    let mut town = Town::new(if nearest { Method::Nearest } else { Method::Batched }, delays);
    for act in acts {
        town.act(act);
    }
    town.check();

    // I16, if nobody says another word: what the acts left behind is mended, and what the clock
    // moves after them (a car given up for dark takes its guests along, a commit later).
    for _ in 0..2 {
        let disagree = town.lasting_disagreements();
        prop_assert!(disagree.is_empty(), "{disagree:?}");
        town.wait(TWO_COMPARISONS);
    }

    // I15: every trip ends, within its deadlines, even if nobody says another word.
    town.wait(Duration::from_secs(16 * 3_600));
    town.check();
    for trip in town.world.store().all_trips_now() {
        prop_assert!(!trip.stage.name().is_active(), "I15: {} is still {}", trip.id, trip.stage.name());
    }

    // I9: nobody is stranded: a driver who comes back is asked again.
    let number = 0;
    town.act(&Act::Connect { driver: number, north_m: 0 });
    town.act(&Act::Request { north_m: 100, shared: false });
    for _ in 0..40 {
        town.act(&Act::Ping { driver: number, north_m: 0 });
        town.wait(Duration::from_secs(1));
    }
    let asked = *town.trips.last().unwrap();
    prop_assert!(town.offers.iter().any(|offer| offer.trip == asked), "I9: driver 0 is never asked again");
    Ok(())
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn promises_hold_whatever_people_do(
        acts in prop::collection::vec(any_act(), 1..120),
        nearest in any::<bool>(),
        delays in any_delays(),
    ) {
        check(&acts, nearest, delays)?;
    }

    #[test]
    fn promises_hold_where_riders_share_cars(
        acts in prop::collection::vec(any_act_of_sharers(), 20..150),
        nearest in any::<bool>(),
        delays in any_delays(),
    ) {
        check(&acts, nearest, delays)?;
    }
}
