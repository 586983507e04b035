//! Every order of events in a very small city: the protocol as a model that runs the production cores, exhaustively.
//!
//! stateright explores each state once. A state is what `LiveTrip` and `LiveDriver` hold in the memory of each owner of
//! each shard, the `MemoryStore`, the letters on their way, the papers on the store's desk, and what apps show. Letters
//! overtake each other, alarms ring at any moment on clocks that do not agree, shards are claimed while their owners live;
//! on top come as many faults as [`Bounds`] allow.
//!
//! Fourteen cities are explored to the end, with one or two drivers, up to two trips and up to two shards: 1.32 million
//! states, 4.3 million steps, up to 43 deep (2026-11). In four of them riders change the way, and rides halt. [`explorations`] has the bounds of each. Promises are checked in every state;
//! in each in which nothing is on its way the storm ends, and within ten minutes everybody must find home ([`calm`]).
//! States are told apart by 64 bits of their text: that two of a million share them has a chance of one in 10^7.
//!
//! Stays out: `LiveShard`. Its plan is a proposal; here anybody may be proposed to anybody, which is more than any plan
//! does. Shared cars, rides for later and fares are off. Connections of apps lose nothing while they last. Rows of trips
//! and of new owners are read at the moment they are used; rows of drivers may be old when they arrive.
//!
//! `EXPLORE=deep cargo test -p tests --test it exploring` allows one more of everything: minutes to hours, some GB.
//! `EXPLORE_ONLY=moves` explores what has that in its name.

use stateright::{Checker, HasDiscoveries, Model, Property};

use dispatch::invariants::Violation;
use dispatch::{DriverId, Effect, Policy, ShardInput, StageName, TripId};

use city::{City, Letter, Paper};
use events::Happening;
use landmarks::{
    COMMITTED, COMPLETED, FENCED, HALTED, MOVED, OUTDATED, PROMISED, REROUTED, RESOLVED, SAME_KEY, TAKEN, TWO_OWNERS,
    landmarks,
};

mod calm;
mod city;
mod events;
mod landmarks;
mod people;
mod places;
mod sealed;
mod shell;

/// How often each thing may happen that need not: the bounds of what is explored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Hash)]
struct Bounds {
    /// Drivers proposed to trips.
    proposals: u8,
    /// All drivers may be proposed at once, too.
    wave_of_all: bool,
    lost: u8,
    doubled: u8,
    alarms: u8,
    deaths: u8,
    /// Shards claimed while their owners live.
    usurped: u8,
    /// Writes whose outcome is not told.
    unknown: u8,
    busy: u8,
    unreadable: u8,
    called_off: u8,
    noes: u8,
    given_back: u8,
    /// Steps of rides that are reported.
    deeds: u8,
    /// Connections that break.
    cut: u8,
    connects: u8,
    moves: u8,
    /// Requests under one idempotency key.
    requests: u8,
    /// Changes of the way.
    reroutes: u8,
}

/// A mistake that a careless hand could make: each must be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mistake {
    /// A core is told that its write is done as soon as it is handed in.
    EagerWrite,
    /// A write whose outcome nobody knows counts as done.
    HopefulWrite,
    /// A driver's row reads as free, whatever is in it.
    BlindRow,
    /// An app is not told that its offer is taken back.
    SilentWithdrawal,
    /// The store does not compare epochs.
    NoEpochs,
    /// The store does not compare versions.
    NoVersions,
    /// The store compares neither.
    NoGuards,
    /// An app does not say which way the stop is of that it reports.
    NamelessStop,
    /// A rider who changes the way does not say what the rider's app shows.
    SeenForgotten,
    /// A driver's row reads with the way that was asked for at first.
    FirstWay,
}

/// A city to be explored.
#[derive(Clone, Debug)]
struct Explored {
    policy: Policy,
    drivers: u8,
    trips: u8,
    /// The drivers live in the shard beside the trips' one.
    apart: bool,
    /// Rides halt at a stop, and it is the stop that riders change; else it is the drop-off.
    halts: bool,
    /// It begins with the first rider in the first driver's car.
    aboard: bool,
    bounds: Bounds,
    mistake: Option<Mistake>,
}

impl Explored {
    fn new(drivers: u8, trips: u8, bounds: Bounds) -> Explored {
        let mut policy = Policy::default();
        policy.pooling.on = false;
        policy.offers.stagger = std::time::Duration::ZERO;
        Explored { policy, drivers, trips, apart: false, halts: false, aboard: false, bounds, mistake: None }
    }

    /// The same with one more of everything that may happen at all.
    fn deeper(self) -> Explored {
        let Bounds { wave_of_all, .. } = self.bounds;
        let more = |times: u8| if times == 0 { 0 } else { times + 1 };
        let Bounds { proposals, lost, doubled, alarms, deaths, usurped, unknown, .. } = self.bounds;
        let Bounds { busy, unreadable, called_off, noes, given_back, deeds, cut, connects, .. } = self.bounds;
        let Bounds { moves, requests, reroutes, .. } = self.bounds;
        let bounds = Bounds {
            wave_of_all,
            proposals: more(proposals),
            lost: more(lost),
            doubled: more(doubled),
            alarms: more(alarms),
            deaths: more(deaths),
            usurped: more(usurped),
            unknown: more(unknown),
            busy: more(busy),
            unreadable: more(unreadable),
            called_off: more(called_off),
            noes: more(noes),
            given_back: more(given_back),
            deeds: more(deeds),
            cut: more(cut),
            connects: more(connects),
            moves: more(moves),
            requests: more(requests),
            reroutes: more(reroutes),
        };
        Explored { bounds, ..self }
    }

    /// The same with drivers who live beside the border.
    fn apart(self) -> Explored {
        Explored { apart: true, ..self }
    }

    /// The same with rides that halt on their way.
    fn halting(self) -> Explored {
        Explored { halts: true, ..self }
    }

    /// The same from the moment on in which the first rider is in the car.
    fn aboard(self) -> Explored {
        Explored { aboard: true, ..self }
    }

    fn with(self, mistake: Mistake) -> Explored {
        Explored { mistake: Some(mistake), ..self }
    }

    /// Drivers wait for work, trips seek drivers.
    fn begin(&self) -> City {
        let mut city = City::empty(self.bounds, self.mistake, self.halts);
        let home = if self.apart { places::there() } else { places::here() };
        let shards =
            if self.apart || self.bounds.moves > 0 { vec![places::here(), places::there()] } else { vec![home] };
        for shard in shards {
            city.claim(shard, places::START);
        }
        for number in 0..self.drivers {
            let driver = DriverId::new(&format!("driver-{number}")).unwrap();
            let app = city::App::new(home);
            city.apps.insert(driver.clone(), app);
            let at = city.owners_of(home).next().unwrap();
            people::connects(&mut city, &self.policy, &driver, at);
        }
        let at = city.owners_of(places::here()).next().unwrap();
        for number in 0..self.trips {
            let trip = TripId::new(places::START, places::here(), u64::from(number));
            if self.bounds.reroutes > 0 {
                city.riders.insert(trip, city::Seen::default());
            }
            people::requests(&mut city, at, trip, false);
        }
        while !city.desk.is_empty() {
            let is_write = matches!(**city.desk[0], Paper::Write { .. });
            let next = if is_write { Happening::Done { paper: 0 } } else { Happening::Told { paper: 0 } };
            events::happens(&mut city, &self.policy, next);
        }
        if self.aboard {
            self.get_in(&mut city, TripId::new(places::START, places::here(), 0));
        }
        city.left = self.bounds;
        city
    }

    /// The first driver takes the first rider in, and nothing goes wrong.
    fn get_in(&self, city: &mut City, trip: TripId) {
        city.left = Bounds { proposals: 1, deeds: 2, ..Bounds::default() };
        let of_trip = |city: &City, letter: usize| match &**city.letters[letter] {
            Letter::Core(Effect::ToShard { input: ShardInput::Seek(seeker), .. }) => seeker.trip == trip,
            _ => false,
        };
        let wanted = |city: &City, next: &Happening| match next {
            Happening::Proposed { letter, .. } => of_trip(city, *letter),
            _ => true,
        };
        while let Some(next) = events::possible(city, &self.policy).into_iter().find(|next| wanted(city, next)) {
            events::happens(city, &self.policy, next);
        }
        let stage = city.store.trip_now(trip).map(|row| row.stage.name());
        assert_eq!(stage, Some(StageName::InProgress), "the ride has begun");
    }
}

impl Model for Explored {
    type State = City;
    type Action = Happening;

    fn init_states(&self) -> Vec<City> {
        vec![self.begin()]
    }

    fn actions(&self, city: &City, actions: &mut Vec<Happening>) {
        actions.extend(events::possible(city, &self.policy));
    }

    fn next_state(&self, city: &City, happening: Happening) -> Option<City> {
        let mut after = city.clone();
        events::happens(&mut after, &self.policy, happening);
        Some(after)
    }

    fn properties(&self) -> Vec<Property<Explored>> {
        promises().into_iter().chain(landmarks()).collect()
    }
}

/// What must hold in every state.
fn promises() -> [Property<Explored>; 10] {
    fn keeps(city: &City, breaks: fn(&Violation) -> bool) -> bool {
        !city.broken.iter().any(breaks)
    }
    [
        Property::always("I1 a driver is in at most one active trip", |_, city: &City| {
            keeps(city, |found| matches!(found, Violation::TwoTrips { .. }))
        }),
        Property::always("I2 what was acknowledged is in the journal", |_, city: &City| {
            keeps(city, |found| matches!(found, Violation::Lost { .. }))
        }),
        Property::always("I3 a driver's row and the trips' rows agree", |_, city: &City| {
            keeps(city, |found| matches!(found, Violation::RowsDisagree { .. }))
        }),
        Property::always("I4 one epoch after the other, without a gap", |_, city: &City| {
            keeps(city, |found| matches!(found, Violation::Gap { .. }))
        }),
        Property::always("I4 never two owners of a shard who can write", |_, city: &City| {
            let latest = |(shard, epoch): &&city::Owner| city.owners.get(shard) == Some(epoch);
            let effective = city.offices.keys().filter(latest).count();
            !city.overruled_wrote && effective <= city.owners.len()
        }),
        Property::always("I5 a session shows one offer at most", |_, city: &City| {
            keeps(city, |found| matches!(found, Violation::TwoOffers { .. }))
        }),
        Property::always("I7 one home acts for a driver", |_, city: &City| {
            keeps(city, |found| matches!(found, Violation::TwoHomes { .. }))
        }),
        Property::always("I8 an idempotency key takes effect once", |_, city: &City| {
            keeps(city, |found| matches!(found, Violation::TwoAnswers { .. }))
        }),
        Property::always("I14 only legal steps, and nobody is told another", |_, city: &City| {
            keeps(city, |found| matches!(found, Violation::Illegal { .. }))
        }),
        Property::always("I9, I15 after the storm everybody finds home", |explored: &Explored, city: &City| {
            !city.broken.is_empty() || !city.is_still() || calm::afterwards(city, &explored.policy).is_empty()
        }),
    ]
}

/// Explores all there is, and shows the way to whatever is wrong. The landmarks must be passed.
fn explore(what: &str, explored: Explored, landmarks: &[&'static str]) {
    let policy = explored.policy.clone();
    let started = std::time::Instant::now();
    let checker = explored.checker().threads(2).finish_when(HasDiscoveries::AnyFailures).spawn_dfs().join();
    println!(
        "exploring {what}: {} states, {} steps, {} deep, {:.1} s",
        checker.unique_state_count(),
        checker.state_count(),
        checker.max_depth(),
        started.elapsed().as_secs_f64()
    );
    for promise in promises() {
        if let Some(path) = checker.discovery(promise.name) {
            panic!("{what}: broken: {}\n{}", promise.name, story(path, &policy));
        }
    }
    for landmark in landmarks {
        assert!(checker.discovery(landmark).is_some(), "{what}: never seen: {landmark}");
    }
}

/// How it came to that, a line for each step.
fn story(path: stateright::Path<City, Happening>, policy: &Policy) -> String {
    let mut lines = Vec::new();
    for (city, happening) in path.into_vec() {
        if let Some(happening) = &happening {
            lines.push(format!("{happening:?} {}", about(&city, happening)));
        } else {
            lines.push(format!("{city:?}"));
            let found = if city.broken.is_empty() { calm::afterwards(&city, policy) } else { city.broken.clone() };
            lines.extend(found.iter().map(ToString::to_string));
        }
    }
    lines.join("\n")
}

/// What it is about, without what is the same everywhere here.
fn about(city: &City, happening: &Happening) -> String {
    let mut text = match happening {
        Happening::Arrives { letter, .. } | Happening::Lost { letter } | Happening::Proposed { letter, .. } => {
            format!("{:?}", *city.letters[*letter])
        }
        Happening::Done { paper }
        | Happening::Told { paper }
        | Happening::Unknown { paper }
        | Happening::Busy { paper }
        | Happening::Unreadable { paper } => format!("{:?}", *city.desk[*paper]),
        _ => String::new(),
    };
    for (from, to) in [
        ("rider: ", "fare: None }, "),
        ("needs: ", "}, "),
        ("way: ", ")"),
        ("pickup: ", "}, "),
        ("dropoff: ", "}, "),
        ("car: ", "}, "),
    ] {
        while let Some(start) = text.find(from)
            && let Some(length) = text[start..].find(to)
        {
            text.replace_range(start..start + length + to.len(), "");
        }
    }
    text
}

/// What is explored, by name: the bounds of each are its first lines.
fn explorations() -> Vec<(&'static str, Explored, &'static [&'static str])> {
    let none = Bounds::default();
    vec![
        (
            "two trips want one driver, letters are lost and doubled",
            Explored::new(1, 2, Bounds { proposals: 3, lost: 1, doubled: 2, ..none }),
            &[COMMITTED],
        ),
        (
            "two drivers are asked at once",
            Explored::new(2, 1, Bounds { proposals: 2, wave_of_all: true, lost: 1, doubled: 1, noes: 1, ..none }),
            &[COMMITTED],
        ),
        (
            "a shard is claimed while its owner lives",
            Explored::new(1, 2, Bounds { proposals: 2, usurped: 1, connects: 1, called_off: 1, ..none }),
            &[COMMITTED, FENCED, TWO_OWNERS, TAKEN],
        ),
        (
            "nobody knows what became of a write",
            Explored::new(1, 2, Bounds { proposals: 3, unknown: 2, busy: 1, connects: 2, lost: 1, ..none }),
            &[COMMITTED, RESOLVED],
        ),
        (
            "an owner dies",
            Explored::new(1, 2, Bounds { proposals: 3, deaths: 2, connects: 2, lost: 1, ..none }).apart(),
            &[COMMITTED],
        ),
        ("time runs out", Explored::new(1, 1, Bounds { proposals: 2, alarms: 3, unreadable: 1, ..none }), &[COMMITTED]),
        (
            "the rider calls it off, the driver gives it back",
            Explored::new(1, 2, Bounds { proposals: 2, called_off: 1, given_back: 1, busy: 1, doubled: 1, ..none }),
            &[COMMITTED],
        ),
        (
            "a whole ride",
            Explored::new(
                1,
                1,
                Bounds { proposals: 1, deeds: 4, doubled: 1, unknown: 1, usurped: 1, connects: 1, ..none },
            ),
            &[COMMITTED, COMPLETED, FENCED],
        ),
        (
            "a driver moves",
            Explored::new(1, 1, Bounds { proposals: 2, moves: 2, usurped: 1, connects: 1, cut: 1, ..none }),
            &[COMMITTED, MOVED],
        ),
        (
            "the rider replaces a stop while the car halts at it",
            Explored::new(1, 1, Bounds { deeds: 3, reroutes: 2, lost: 1, doubled: 1, ..none }).halting().aboard(),
            &[COMPLETED, REROUTED, HALTED, OUTDATED],
        ),
        (
            "the rider goes elsewhere under two owners",
            Explored::new(1, 1, Bounds { deeds: 2, reroutes: 2, usurped: 1, connects: 1, ..none }).halting().aboard(),
            &[REROUTED, HALTED, FENCED, TWO_OWNERS],
        ),
        (
            "the next ride is promised, and the rider goes elsewhere",
            Explored::new(1, 2, Bounds { proposals: 1, reroutes: 1, lost: 1, alarms: 1, ..none }).aboard(),
            &[REROUTED, PROMISED],
        ),
        (
            "the rider goes elsewhere while the driver looks at the offer",
            Explored::new(1, 1, Bounds { proposals: 2, reroutes: 1, unknown: 1, connects: 1, lost: 1, ..none }),
            &[COMMITTED, REROUTED],
        ),
        (
            "a request is repeated",
            Explored::new(0, 0, Bounds { requests: 3, unknown: 2, busy: 1, usurped: 1, deaths: 1, ..none }),
            &[SAME_KEY],
        ),
    ]
}

#[test]
fn every_order_of_events_keeps_every_promise() {
    let only = std::env::var("EXPLORE_ONLY").unwrap_or_default();
    let deep = std::env::var("EXPLORE").is_ok_and(|how| how == "deep");
    for (what, explored, landmarks) in explorations() {
        if what.contains(&only) {
            explore(what, if deep { explored.deeper() } else { explored }, landmarks);
        }
    }
}

/// Explores until a promise is found broken, the shortest way first; which one, if any.
fn finds(explored: &Explored) -> Option<String> {
    let policy = explored.policy.clone();
    let checker = explored.clone().checker().threads(2).finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
    let (name, path) =
        promises().into_iter().find_map(|promise| checker.discovery(promise.name).map(|path| (promise.name, path)))?;
    println!("{:?}, {} states: {name}\n{}\n", explored.mistake, checker.unique_state_count(), story(path, &policy));
    Some(name.to_owned())
}

#[test]
fn every_mistake_is_found_and_the_same_city_without_it_breaks_nothing() {
    let none = Bounds::default();
    let late = Bounds { proposals: 2, unknown: 1, connects: 1, ..none };
    let two_owners = Bounds { proposals: 2, usurped: 1, connects: 1, ..none };
    let slow = Bounds { proposals: 2, lost: 1, ..none };
    let mistakes = [
        (Mistake::EagerWrite, Explored::new(1, 1, Bounds { proposals: 1, ..none })),
        (Mistake::HopefulWrite, Explored::new(1, 1, late)),
        (Mistake::BlindRow, Explored::new(1, 1, Bounds { proposals: 1, deeds: 1, alarms: 1, ..none })),
        (Mistake::SilentWithdrawal, Explored::new(1, 2, Bounds { called_off: 1, ..slow })),
        (Mistake::NoEpochs, Explored::new(1, 1, two_owners)),
        (Mistake::NoGuards, Explored::new(1, 2, Bounds { called_off: 1, ..two_owners })),
        (Mistake::NamelessStop, Explored::new(1, 1, Bounds { deeds: 1, reroutes: 1, ..none }).halting().aboard()),
        (Mistake::SeenForgotten, Explored::new(1, 1, Bounds { reroutes: 2, usurped: 1, ..none }).halting().aboard()),
        (Mistake::FirstWay, Explored::new(1, 1, Bounds { reroutes: 1, alarms: 1, ..none }).halting().aboard()),
    ];
    for (mistake, explored) in mistakes {
        assert_eq!(finds(&explored), None, "the city of {mistake:?} without it");
        assert!(finds(&explored.with(mistake)).is_some(), "{mistake:?} is not found");
    }
}

/// Epochs alone keep every promise here: what an overruled owner knows is never written. Versions are the second lock.
#[test]
fn a_store_that_compares_epochs_but_no_versions_breaks_nothing_here() {
    let bounds = Bounds { proposals: 2, usurped: 1, connects: 1, called_off: 1, ..Bounds::default() };
    assert_eq!(finds(&Explored::new(1, 1, bounds).with(Mistake::NoVersions)), None);
}
