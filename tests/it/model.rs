//! The city beside the plainest model of it: whatever is journaled, somebody asked for and the model allows; whatever
//! people are told is so in the model.
//!
//! The model is sets and maps: who is on which trip, who was shown what, who said what. It knows no messages, no
//! reservations, no rounds. `PROPTEST_CASES=100000 cargo test -p tests model` looks for longer.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use dispatch::{
    AskId, Deed, DriverAsk, DriverId, DriverInput, Event, GiveBackReason, Notice, OfferId, Order, Party, Policy,
    Refusal, RiderId, SessionId, StageName, Timestamp, Trip, TripId, Vehicle,
};
use geo::{Point, Resolution};
use proptest::prelude::*;
use simulations::world::{Delays, News, World};

const DRIVERS: u8 = 3;

#[derive(Clone, Debug)]
enum Act {
    Request {
        needs_car_at_m: i32,
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
        4 => north_m.clone().prop_map(|needs_car_at_m| Act::Request { needs_car_at_m }),
        1 => (any::<u8>(), any::<bool>()).prop_map(|(trip, by_rider)| Act::Cancel { trip, by_rider }),
        4 => (driver.clone(), north_m).prop_map(|(driver, north_m)| Act::Online { driver, north_m }),
        1 => driver.clone().prop_map(|driver| Act::Offline { driver }),
        1 => driver.clone().prop_map(|driver| Act::HangUp { driver }),
        8 => (driver.clone(), old, prop::bool::weighted(0.8)).prop_map(|(driver, old, yes)| Act::Answer { driver, old, yes }),
        8 => (driver, rarely((any::<u8>(), any::<u8>()).boxed())).prop_map(|(driver, wrong)| Act::Deed { driver, wrong }),
        6 => prop_oneof![0u64..4, 2u64..20, 0u64..400].prop_map(|seconds| Act::Wait { seconds }),
        1 => Just(Act::Crash),
    ]
}

/// A trip in the model.
#[derive(Clone, Debug)]
struct Plain {
    stage: StageName,
    driver: Option<DriverId>,
    since: Timestamp,
    /// By version, from 1.
    past: Vec<StageName>,
}

/// What is so, and what was said that may make it otherwise.
#[derive(Debug, Default)]
struct Model {
    trips: BTreeMap<TripId, Plain>,
    on: BTreeMap<DriverId, TripId>,
    wanted: BTreeMap<TripId, (RiderId, Order)>,
    called_off: BTreeSet<(TripId, Party)>,
    /// Every offer that was on a screen, and those still there.
    seen: BTreeSet<(DriverId, OfferId)>,
    open: BTreeMap<DriverId, OfferId>,
    yes: BTreeSet<(DriverId, OfferId)>,
    /// Who is not to be asked again; a node that died has forgotten it.
    no: BTreeSet<(DriverId, TripId)>,
    said: BTreeSet<(DriverId, TripId, &'static str)>,
    working: BTreeSet<DriverId>,
}

impl Model {
    /// Something is in the journal: was it asked for, and is it possible?
    fn happened(&mut self, trip: TripId, version: u32, event: &Event, at: Timestamp, policy: &Policy) {
        use StageName::{Arrived, Cancelled, Completed, EnRoute, Expired, InProgress, Searching};
        if let Event::Requested { rider, order } = event {
            // The price is made at the door, whatever it is.
            let wanted = (rider.clone(), Order { fare: None, ..*order });
            assert_eq!(self.wanted.get(&trip), Some(&wanted), "nobody asked for {trip}");
            let plain = Plain { stage: Searching, driver: None, since: at, past: vec![Searching] };
            assert!(self.trips.insert(trip, plain).is_none(), "{trip} was asked for twice");
            return;
        }
        let before = self.trips.get(&trip).expect("a trip begins with its request").clone();
        assert_eq!(before.past.len() as u32 + 1, version, "{trip} skips a step");
        let lasts = |time: Duration| at.since(before.since) >= time;
        let on = before.driver.clone();
        let did = |what| on.as_ref().is_some_and(|driver| self.said.contains(&(driver.clone(), trip, what)));
        let (stage, driver, asked_for) = match (event, before.stage) {
            (Event::Assigned { driver }, Searching) => {
                let agreed = self.yes.iter().any(|(by, offer)| by == driver && offer.trip == trip);
                assert!(!self.on.contains_key(driver), "I1: {driver} is on {:?}", self.on.get(driver));
                assert!(!self.no.contains(&(driver.clone(), trip)), "{driver} said no to {trip}");
                (EnRoute, Some(driver.clone()), agreed)
            }
            (Event::DriverArrived, EnRoute) => (Arrived, on.clone(), did("arrived")),
            (Event::PickedUp, Arrived) => (InProgress, on.clone(), did("picked up")),
            (Event::DroppedOff, InProgress) => (Completed, None, did("dropped off")),
            (Event::GivenBack { by: Party::Driver, .. }, EnRoute | Arrived) => (Searching, None, did("gave back")),
            // A car that does not come: the trip watches for it, not before its patience ends.
            (Event::GivenBack { by: Party::System, .. }, EnRoute) => (Searching, None, lasts(Duration::from_secs(20))),
            (Event::Cancelled { by: Party::Driver, .. }, Arrived) => (Cancelled, None, did("gave back")),
            (Event::Cancelled { by: Party::Rider, .. }, Searching | EnRoute | Arrived) => {
                (Cancelled, None, self.called_off.contains(&(trip, Party::Rider)))
            }
            (Event::Cancelled { by: Party::System, .. }, stage) if stage.is_active() => {
                let late = match stage {
                    EnRoute => lasts(policy.pickup_lasts),
                    Arrived => lasts(policy.boarding_lasts),
                    InProgress => lasts(policy.ride_lasts),
                    _ => false,
                };
                (Cancelled, None, late || self.called_off.contains(&(trip, Party::System)))
            }
            (Event::Expired, Searching) => (Expired, None, lasts(policy.search_lasts)),
            (event, stage) => panic!("{trip} is {stage} in the model, and the journal says {event:?}"),
        };
        assert!(asked_for, "nobody asked for {event:?} of {trip}");
        if let Some(driver) = &before.driver
            && driver_left(&before, stage)
        {
            self.on.remove(driver);
            if stage == Searching {
                self.no.insert((driver.clone(), trip));
            }
        }
        if let (Searching, Some(driver)) = (before.stage, &driver) {
            self.on.insert(driver.clone(), trip);
        }
        let since = if stage == Searching && before.stage == Searching { before.since } else { at };
        let past = before.past.into_iter().chain([stage]).collect();
        self.trips.insert(trip, Plain { stage, driver, since, past });
    }

    /// Someone is told that a trip stands so.
    fn told(&self, trip: &Trip) {
        let known =
            self.trips.get(&trip.id).unwrap_or_else(|| panic!("told of {}, which nobody has asked for", trip.id));
        let stage = known.past.get(trip.version as usize - 1);
        assert_eq!(stage, Some(&trip.stage.name()), "{} in version {}", trip.id, trip.version);
    }

    fn stage(&self, trip: TripId) -> Option<StageName> {
        self.trips.get(&trip).map(|plain| plain.stage)
    }

    fn noticed(&mut self, driver: &DriverId, notice: &Notice, asked: &BTreeMap<u64, Option<TripId>>) {
        match notice {
            Notice::Offer(offer) => {
                let trip = offer.id.trip;
                assert_eq!(
                    self.stage(trip),
                    Some(StageName::Searching),
                    "{driver} is offered a trip that has a driver"
                );
                assert!(self.working.contains(driver), "{driver} does not work");
                assert!(!self.no.contains(&(driver.clone(), trip)), "{driver} has said no to {trip}");
                let present = self.on.get(driver).copied();
                assert_eq!(offer.after, present, "{driver} is free or will be after the present trip");
                assert!(present.is_none_or(|on| self.stage(on) == Some(StageName::InProgress)));
                let before = self.open.insert(driver.clone(), offer.id);
                assert!(before.is_none_or(|before| before == offer.id), "I5: {driver} sees two offers");
                self.seen.insert((driver.clone(), offer.id));
            }
            Notice::Withdrawn { offer, .. } | Notice::Promised { offer, .. } => self.close(driver, *offer),
            Notice::Declined { offer, .. } => {
                self.close(driver, *offer);
                self.no.insert((driver.clone(), offer.trip));
            }
            Notice::Trip { trip, .. } => {
                self.told(trip);
                if self.open.get(driver).is_some_and(|offer| offer.trip == trip.id) {
                    self.open.remove(driver);
                }
            }
            Notice::Standing { trip, .. } => {
                assert_eq!(
                    trip.as_ref().map(|trip| trip.id),
                    self.on.get(driver).copied(),
                    "{driver} stands otherwise"
                );
            }
            Notice::Refused { ask, why } => self.refused(driver, ask, why, asked),
            Notice::PutOnBreak { .. } => drop(self.working.remove(driver)),
            Notice::AreYouComing { .. } | Notice::TakenBack { .. } => {}
            Notice::Home { .. } | Notice::Superseded | Notice::Suggestion(_) | Notice::Demand { .. } => {}
        }
    }

    fn close(&mut self, driver: &DriverId, offer: OfferId) {
        if self.open.get(driver) == Some(&offer) {
            self.open.remove(driver);
        }
    }

    fn refused(&mut self, driver: &DriverId, ask: &DriverAsk, why: &Refusal, asked: &BTreeMap<u64, Option<TripId>>) {
        match why {
            Refusal::NotYourTrip { trip } => {
                assert_ne!(self.on.get(driver), Some(trip), "{driver} is on {trip} and is told otherwise");
            }
            Refusal::OfferGone { offer } => {
                let open = self.open.get(driver) == Some(offer);
                assert!(!open || self.stage(offer.trip) != Some(StageName::Searching), "{offer} is open");
                self.close(driver, *offer);
            }
            Refusal::IllegalStep { from, .. } => {
                let about = ask.number.and_then(|number| asked.get(&number)).copied().flatten();
                assert_eq!(about.and_then(|trip| self.stage(trip)), Some(*from), "{driver} is told of another stage");
            }
            Refusal::TooEarly { .. } | Refusal::Busy { .. } => {}
            Refusal::UnknownTrip { .. } | Refusal::NotOnline | Refusal::SameKey { .. } | Refusal::Capped { .. } => {
                panic!("{driver} is told {why}")
            }
            Refusal::SharedRide { .. } | Refusal::Outdated { .. } => panic!("{driver} is told {why}"),
            Refusal::TooManyChanges { .. } | Refusal::TooManyStops { .. } => panic!("{driver} is told {why}"),
        }
    }
}

/// Whether the driver of a trip is no longer on it in its next stage.
fn driver_left(before: &Plain, stage: StageName) -> bool {
    before.driver.is_some() && !matches!(stage, StageName::EnRoute | StageName::Arrived | StageName::InProgress)
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
            asked: BTreeMap::new(),
            said: 0,
        }
    }

    fn act(&mut self, act: &Act) {
        self.said += 1;
        match act {
            Act::Request { needs_car_at_m } => {
                let rider = RiderId::new(&format!("rider-{}", self.said)).unwrap();
                let order = Order::new(street(*needs_car_at_m), street(needs_car_at_m + 3_000));
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
            Act::Online { driver: number, north_m } => {
                let id = driver(*number);
                if !self.sessions.contains_key(&id) {
                    self.model.open.remove(&id);
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
                self.model.open.remove(&id);
            }
            Act::Answer { driver: number, old, yes } => self.answer(*number, *old, *yes),
            Act::Deed { driver: number, wrong } => self.deed(*number, *wrong),
            Act::Wait { seconds } => self.wait(*seconds),
            Act::Crash => {
                self.settle();
                self.world.crash();
                self.sessions.clear();
                self.places.clear();
                self.model.open.clear();
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

    fn deed(&mut self, number: u8, wrong: Option<(u8, u8)>) {
        let id = driver(number);
        let all = [
            (Deed::Arrived, "arrived"),
            (Deed::PickedUp, "picked up"),
            (Deed::DroppedOff, "dropped off"),
            (Deed::GaveBack(GiveBackReason::Other), "gave back"),
        ];
        let on = self.model.on.get(&id).copied();
        let next = match on.and_then(|trip| self.model.stage(trip)) {
            Some(StageName::EnRoute) => all[0],
            Some(StageName::Arrived) => all[1],
            _ => all[2],
        };
        let (trip, (deed, what)) = match wrong {
            Some((trip, deed)) => (pick(self.trips.iter().copied(), trip), all[usize::from(deed) % all.len()]),
            None => (on, next),
        };
        let Some(trip) = trip else { return };
        // Said before it is heard: the answer may come at once.
        if self.sessions.contains_key(&id) {
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
