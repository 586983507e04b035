//! Stories go in as text; what the city did comes out as text. Only this file touches the API.
//!
//! A line is a time, a name and what happens. Distances are metres north of the rider's corner; a trip goes two
//! kilometres south. Phones send their position every ten seconds unless their driver falls silent or hangs up. The
//! city is in virtual time, with the production cores.
//!
//! `ann online 100m` `ann offline` `ann takes a break` `ann accepts` `ann accepts bob's offer`
//! `ann online 100m with a ramp` `ann online 100m with 6 seats and a ramp` `eve requests for a wheelchair`
//! `eve requests for 6 seats`
//! `ann declines` `ann arrives` `ann arrives for eve` `ann picks up`
//! `ann drops off` `ann gives back` `ann hangs up` `ann moves 900m`
//! `ann online 100m with home -2000m` `ann goes anywhere` `ann says that nobody comes` `eve cancels because wrong_pickup`
//! `bob would share from 100m to -900m` `ann arrives for bob` `ann picks up bob` `ann drops off bob`
//! `eve requests over -500m -900m` `eve goes to -3000m` `eve goes to -3000m over -500m` `ann halts` `ann halts again`
//! `ann halts on the first way` (as it was before the rider changed it) `ann halts on the second way`
//! `ann falls silent` `eve books 3600s` (a pickup at that time) `eve requests` `eve requests again` `eve cancels`
//! `the node crashes` `time passes`

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use dispatch::{
    Deed, DriverId, DriverInput, GiveBackReason, Needs, Notice, OfferId, Order, Party, Ping, Policy, Reroute, RiderId,
    SessionId, ShardCounts, ShardId, Stops, Timestamp, TripId, TripView, Vehicle,
};
use geo::{Point, Resolution};
use simulations::world::{Delays, News, World};

/// Plays a story and compares what the city did with what was promised.
pub(crate) fn check(story: &str, expected: expect_test::Expect) {
    check_with(Policy::default(), story, expected);
}

/// As [`check`], under another policy.
pub(crate) fn check_with(policy: Policy, story: &str, expected: expect_test::Expect) {
    expected.assert_eq(&played(policy, story).told);
}

/// Plays a story and returns every view of a trip that was shown, in order, and what the shards counted.
pub(crate) fn watch_with(policy: Policy, story: &str) -> (Vec<TripView>, ShardCounts) {
    let stage = played(policy, story);
    (stage.views, stage.world.counts())
}

fn played(policy: Policy, story: &str) -> Stage {
    play(Stage::new(policy, Duration::ZERO), story)
}

/// As [`check_with`], but the store takes this long to say that something is written: a node may crash meanwhile.
pub(crate) fn check_slow(policy: Policy, commit: Duration, story: &str, expected: expect_test::Expect) {
    expected.assert_eq(&play(Stage::new(policy, commit), story).told);
}

fn play(mut stage: Stage, story: &str) -> Stage {
    for line in story.lines().map(str::trim).filter(|line| !line.is_empty()) {
        stage.play(line);
    }
    let violations = stage.world.audit();
    assert!(violations.is_empty(), "broken promises: {violations:?}");
    stage
}

/// Where riders wait.
fn corner() -> Point {
    Point::new(40.75, -73.98).unwrap()
}

fn north(metres: f64) -> Point {
    Point::new(40.75 + metres / 111_194.9, -73.98).unwrap()
}

/// How far north of the corner a place is.
fn metres_north(place: Point) -> String {
    format!("{:.0}m", (place.lat() - 40.75) * 111_194.9)
}

/// How many seats the words tell of.
fn seats(words: &[&str]) -> Option<u8> {
    let place = words.iter().position(|word| *word == "seats")?;
    Some(words[place - 1].parse().expect("a number of seats"))
}

fn vehicle(words: &[&str]) -> Vehicle {
    let usual = Vehicle::default();
    let seats = seats(words).unwrap_or(usual.seats());
    Vehicle::new(usual.class(), seats, words.contains(&"ramp"), false).unwrap()
}

/// Where a driver wants to get to, so many metres north of the corner: `home -2000m`.
fn home(words: &[&str]) -> Option<Point> {
    let place = words.iter().position(|word| *word == "home")?;
    Some(north(words[place + 1].trim_end_matches('m').parse().expect("a distance such as -2000m")))
}

fn needs(words: &[&str]) -> Needs {
    Needs::new(None, seats(words).unwrap_or(1), words.contains(&"wheelchair"), false).unwrap()
}

fn metres(word: &str) -> f64 {
    word.trim_end_matches('m').parse().expect("a distance such as 100m")
}

const START: Timestamp = Timestamp::from_millis(1_000_000_000_000);

struct Stage {
    world: World,
    told: String,
    sessions: BTreeMap<String, SessionId>,
    offers: BTreeMap<String, OfferId>,
    trips: BTreeMap<String, TripId>,
    names: BTreeMap<TripId, String>,
    on: BTreeMap<String, TripId>,
    /// Where each phone that still sends is, in metres north.
    phones: BTreeMap<String, f64>,
    homes: BTreeMap<String, ShardId>,
    said: u64,
    seen: BTreeMap<TripId, u32>,
    views: Vec<TripView>,
    /// Whether what is written is known at once.
    at_once: bool,
}

impl Stage {
    fn new(policy: Policy, commit: Duration) -> Stage {
        let delays = Delays { commit, letter: Duration::ZERO };
        Stage {
            world: World::new(START, policy, Resolution::SHARD, delays),
            told: String::new(),
            sessions: BTreeMap::new(),
            offers: BTreeMap::new(),
            trips: BTreeMap::new(),
            names: BTreeMap::new(),
            on: BTreeMap::new(),
            phones: BTreeMap::new(),
            homes: BTreeMap::new(),
            said: 0,
            seen: BTreeMap::new(),
            views: Vec::new(),
            at_once: commit.is_zero(),
        }
    }

    fn play(&mut self, line: &str) {
        let (time, rest) = line.split_once(char::is_whitespace).expect("a line is a time and what happens");
        let seconds: f64 = time.strip_suffix('s').and_then(|time| time.parse().ok()).expect("a time such as 12s");
        self.let_pass(START + Duration::from_secs_f64(seconds));
        let words: Vec<&str> = rest.split_whitespace().collect();
        match words.as_slice() {
            ["time", "passes"] => {}
            ["the", "node", "crashes"] => {
                self.world.crash();
                self.sessions.clear();
                self.phones.clear();
                self.say("the node is back");
            }
            [rider, "would", "share", "from", from, "to", to] => {
                let order = Order { shared: true, ..Order::new(north(metres(from)), north(metres(to))) };
                self.request_order(rider, order);
            }
            [driver, "picks", "up", rider] => self.driver_does_for(driver, rider, Deed::PickedUp),
            [driver, "drops", "off", rider] => self.driver_does_for(driver, rider, Deed::DroppedOff),
            [rider, "requests"] => self.request(rider, &[]),
            [rider, "requests", "for", needs @ ..] => self.request(rider, needs),
            [rider, "books", time] => {
                let seconds = time.strip_suffix('s').and_then(|time| time.parse().ok()).expect("a time such as 3600s");
                self.order(rider, &[], Some(START + Duration::from_secs(seconds)));
            }
            [rider, "requests", "again"] => {
                self.said -= 1;
                self.request(rider, &[]);
            }
            [rider, "cancels", "because", reason] => {
                let reason = reason.parse().expect("a reason");
                self.world.cancel_because(self.trips[*rider], Party::Rider, reason);
            }
            [rider, "goes", "to", to] => self.reroute(rider, Some(metres(to)), None),
            [rider, "goes", "to", to, "over", over @ ..] => {
                self.reroute(rider, Some(metres(to)), Some(over.iter().map(|stop| metres(stop)).collect()));
            }
            [rider, "requests", "over", over @ ..] => {
                let stops = Stops::new(over.iter().map(|stop| north(metres(stop)))).unwrap();
                self.request_order(rider, Order { stops, ..Order::new(corner(), north(-2_000.0)) });
            }
            [rider, "cancels"] => {
                self.world.cancel(self.trips[*rider], Party::Rider);
            }
            [driver, "online", metres] => self.online(driver, metres, &[]),
            [driver, "online", metres, "with", has @ ..] => self.online(driver, metres, has),
            [driver, "moves", metres] => {
                self.phones.insert((*driver).to_owned(), metres.trim_end_matches('m').parse().unwrap());
                self.send_positions();
            }
            [driver, "falls", "silent"] => drop(self.phones.remove(*driver)),
            [driver, "hangs", "up"] => {
                self.phones.remove(*driver);
                let session = self.sessions[*driver];
                self.driver_says(driver, DriverInput::Disconnected { session });
            }
            [driver, "accepts", other, "offer"] => {
                let offer = self.offers[other.trim_end_matches("'s")];
                let input = DriverInput::Answer { offer, yes: true, ask: World::ask(self.sessions[*driver], 0) };
                self.driver_says(driver, input);
            }
            [driver, "arrives", "for", rider] => self.driver_does_for(driver, rider, Deed::Arrived),
            [driver, rest @ ..] => self.driver_does(driver, &rest.join(" ")),
            [] => unreachable!("empty lines are filtered"),
        }
        self.hear_all();
    }

    fn reroute(&mut self, rider: &str, to: Option<f64>, over: Option<Vec<f64>>) {
        let stops = over.map(|over| Stops::new(over.into_iter().map(north)).unwrap());
        self.world.reroute(self.trips[rider], Reroute { stops, dropoff: to.map(north), seen: None });
    }

    fn driver_does_for(&mut self, driver: &str, rider: &str, deed: Deed) {
        let ask = World::ask(self.sessions[driver], 0);
        self.driver_says(driver, DriverInput::Does { trip: self.trips[rider], deed, ask });
    }

    fn request(&mut self, rider: &str, words: &[&str]) {
        self.order(rider, words, None);
    }

    fn order(&mut self, rider: &str, words: &[&str], pickup_at: Option<Timestamp>) {
        let order = Order { needs: needs(words), pickup_at, ..Order::new(corner(), north(-2_000.0)) };
        self.request_order(rider, order);
    }

    fn request_order(&mut self, rider: &str, order: Order) {
        self.said += 1;
        let id = RiderId::new(rider).unwrap();
        let key = format!("key-{}", self.said);
        let (trip, _) = self.world.request(id, order, key, self.said);
        self.trips.insert(rider.to_owned(), trip);
        self.names.insert(trip, rider.to_owned());
    }

    fn online(&mut self, driver: &str, metres: &str, has: &[&str]) {
        let metres = metres.trim_end_matches('m').parse().expect("a distance such as 100m");
        self.phones.insert(driver.to_owned(), metres);
        let place = north(metres);
        let id = DriverId::new(driver).unwrap();
        let session = self.world.connect(&id, place);
        self.sessions.insert(driver.to_owned(), session);
        let measured_at = self.world.now();
        let last = Some(Ping { driver: id, point: place, measured_at, heading: None, accuracy: None });
        let ask = World::ask(session, 0);
        self.driver_says(driver, DriverInput::GoOnline { ask, last, vehicle: vehicle(has), homeward: home(has) });
    }

    fn driver_does(&mut self, driver: &str, what: &str) {
        self.said += 1;
        let ask = World::ask(self.sessions[driver], self.said);
        let offer = self.offers.get(driver).copied();
        let on = self.on.get(driver).copied();
        let does = |deed| DriverInput::Does { trip: on.expect("is on a trip"), deed, ask };
        let input = match what {
            "accepts" => DriverInput::Answer { offer: offer.expect("has an offer"), yes: true, ask },
            "declines" => DriverInput::Answer { offer: offer.expect("has an offer"), yes: false, ask },
            "arrives" => does(Deed::Arrived),
            "picks up" => does(Deed::PickedUp),
            "drops off" => does(Deed::DroppedOff),
            "halts" => does(Deed::StopReached { stop: 1, rerouted: None }),
            "halts again" => does(Deed::StopReached { stop: 2, rerouted: None }),
            "halts on the first way" => does(Deed::StopReached { stop: 1, rerouted: Some(0) }),
            "halts on the second way" => does(Deed::StopReached { stop: 1, rerouted: Some(1) }),
            "gives back" => does(Deed::GaveBack(GiveBackReason::Other)),
            "says that nobody comes" => does(Deed::GaveBack(GiveBackReason::RiderNoShow)),
            "goes anywhere" => DriverInput::GoHome { ask, homeward: None },
            "offline" => DriverInput::GoOffline { ask, on_break: false },
            "takes a break" => DriverInput::GoOffline { ask, on_break: true },
            other => panic!("nobody knows how {driver} {other}"),
        };
        self.driver_says(driver, input);
    }

    fn driver_says(&mut self, driver: &str, input: DriverInput) {
        self.world.says(&DriverId::new(driver).unwrap(), input);
    }

    /// Time passes as it does in a city: phones send.
    fn let_pass(&mut self, until: Timestamp) {
        const EVERY_MS: u64 = 10_000;
        while self.world.now() < until {
            let next = Timestamp::from_millis((self.world.now().millis() / EVERY_MS + 1) * EVERY_MS);
            self.world.advance(until.min(next));
            self.hear_all();
            if self.world.now() == next {
                self.send_positions();
            }
        }
    }

    fn send_positions(&mut self) {
        for (name, metres) in self.phones.clone() {
            self.world.ping(&DriverId::new(&name).unwrap(), north(metres), None);
        }
        self.hear_all();
    }

    fn hear_all(&mut self) {
        loop {
            while let Some(news) = self.world.hear() {
                self.hear(news);
            }
            if self.world.writes_pending() == 0 || !self.at_once {
                return;
            }
            self.world.advance(self.world.now());
        }
    }

    fn hear(&mut self, news: News) {
        match news {
            News::Driver { driver, session, notice } => {
                let name = driver.to_string();
                if self.sessions.get(&name).is_some_and(|current| *current != session) {
                    return self.say(&format!("{name}'s old session: {}", what(&notice)));
                }
                self.hear_driver(&name, notice);
            }
            News::Trip(view) => {
                let name = self.names[&view.trip.id].clone();
                for (version, stage, _) in &view.history {
                    let seen = self.seen.entry(view.trip.id).or_default();
                    if *version > *seen {
                        *seen = *version;
                        self.say(&format!("{name}'s trip is {stage}"));
                    }
                }
                self.views.push(view);
            }
            News::HungUp { driver, .. } => self.say(&format!("{driver}'s session is dropped")),
            News::Answer { answer: Ok(_), .. } => {}
            News::Answer { answer: Err(why), .. } => self.say(&format!("refused: {}", self.plain(&why.to_string()))),
        }
    }

    fn hear_driver(&mut self, name: &str, notice: Notice) {
        match notice {
            Notice::Offer(offer) => {
                self.offers.insert(name.to_owned(), offer.id);
                let until = offer.until.since(START).as_secs_f64();
                let rider = &self.names[&offer.id.trip];
                let after = offer.after.map(|trip| format!(" after {}", self.names[&trip])).unwrap_or_default();
                self.say(&format!("offer {rider} to {name}{after} until {until}s"));
            }
            Notice::Withdrawn { offer, why } => {
                let rider = &self.names[&offer.trip];
                self.say(&format!("withdraw {rider} from {name}: {why:?}"));
            }
            Notice::Trip { trip, .. } => {
                self.on.insert(name.to_owned(), trip.id);
                let rider = &self.names[&trip.id];
                let stops: Vec<String> = trip
                    .car
                    .stops
                    .iter()
                    .map(|stop| format!("{} {}", stop.kind.as_str(), self.names[&stop.trip]))
                    .collect();
                let stops = if stops.is_empty() { String::new() } else { format!(": {}", stops.join(", ")) };
                let way: Vec<String> = trip.stops_left().chain([trip.order.dropoff]).map(metres_north).collect();
                let changed = trip.route.changes > 0 || !trip.order.stops.is_empty();
                let stops = if changed { format!("{stops} to {}", way.join(", ")) } else { stops };
                self.say(&format!("tell {name} that {rider}'s trip is {}{stops}", trip.stage.name()));
            }
            Notice::Refused { why, .. } => self.say(&format!("refuse {name}: {}", self.plain(&why.to_string()))),
            Notice::AreYouComing { trip, reason } => {
                self.say(&format!("ask {name} whether the car comes to {}: {reason}", self.names[&trip]));
            }
            Notice::TakenBack { trip, reason } => {
                self.say(&format!("take {} from {name}: {reason}", self.names[&trip]));
            }
            Notice::PutOnBreak { unanswered } => {
                self.say(&format!("put {name} on a break after {unanswered} offers without an answer"));
            }
            Notice::Standing { availability, trip, last_trip, homeward_until, .. } => {
                let trip = trip.map(|trip| format!(" with {}", self.names[&trip.id])).unwrap_or_default();
                let last = if last_trip { ", last trip" } else { "" };
                let home = if homeward_until.is_some() { ", on the way home" } else { "" };
                if self.on.contains_key(name) || availability != dispatch::Availability::Offline {
                    self.say(&format!("{name} is {}{trip}{last}{home}", availability.as_str()));
                }
            }
            Notice::Promised { offer, .. } => {
                self.say(&format!("{name} promised {}", self.names[&offer.trip]));
            }
            Notice::Declined { offer, .. } => {
                self.say(&format!("{name} declined {}", self.names[&offer.trip]));
            }
            Notice::Home { home } => {
                if self.homes.insert(name.to_owned(), home).is_some_and(|before| before != home) {
                    self.say(&format!("{name} moves house"));
                }
            }
            Notice::Suggestion(suggested) => {
                let metres = (suggested.to.lat() - 40.75) * 111_194.9;
                let until = suggested.until.since(START).as_secs_f64();
                self.say(&format!("tell {name} that riders are expected {metres:.0}m until {until}s"));
            }
            Notice::Superseded | Notice::Demand { .. } => {}
        }
    }

    /// Names instead of numbers, so that a story reads the same every time.
    fn plain(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (trip, name) in &self.names {
            text = text.replace(&trip.to_string(), name);
        }
        text
    }

    fn say(&mut self, line: &str) {
        let at = self.world.now().since(START).as_secs_f64();
        writeln!(self.told, "{at}s {line}").unwrap();
    }
}

fn what(notice: &Notice) -> String {
    match notice {
        Notice::Superseded => "superseded".to_owned(),
        other => format!("{other:?}"),
    }
}
