//! The same life in memory and in a database: whatever is asked, legal or not, both say and hold the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use dispatch::{DriverChange, Epoch, Event, Party, Stops, Trip, Write, WriteError};
use persistence::{Fence, Guarded, MemoryStore, PostgresStore, SqliteStore, Store};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::server;
use crate::street::{
    Outcome, assert_sound, assigned, but, called_off, corner, driver, everything, given_back, key, later_relocation,
    request, shard, step, trip_id, with_key,
};

const DRIVERS: [&str; 4] = ["ann", "bob", "cid", "zoe"];
/// Trips that are alive at once. One that has ended is followed by a new one.
const TRIPS: u64 = 6;
const SHARDS: usize = 3;
const KEYS: u8 = 30;

/// One thing that someone does.
#[derive(Clone, Debug)]
enum Deed {
    Claims {
        shard: usize,
    },
    OpensSession {
        driver: usize,
    },
    Settles {
        driver: usize,
        shard: usize,
    },
    Commits(Vec<Wish>),
    /// The process ends in good order and starts again.
    Restarts,
}

/// A write, to be made out of how things stand when its turn comes.
#[derive(Clone, Debug)]
enum Wish {
    Step { trip: u64, pick: usize, driver: usize, key: Option<u8>, twist: Twist },
    Relocate { driver: usize, from: Option<usize>, to: usize, epochs_ahead: i64, homes_ahead: i64 },
}

/// What is wrong with a step.
#[derive(Clone, Debug)]
enum Twist {
    Nothing,
    EpochsAhead(i64),
    OtherShard(usize),
    Version(i64),
    Change(DriverChange),
    Again,
}

fn any_twist() -> impl Strategy<Value = Twist> {
    let someone = || (0..DRIVERS.len()).prop_map(|number| driver(DRIVERS[number]));
    prop_oneof![
        8 => Just(Twist::Nothing),
        1 => prop_oneof![Just(-1), Just(1)].prop_map(Twist::EpochsAhead),
        1 => (0..SHARDS).prop_map(Twist::OtherShard),
        1 => (-2_i64..3).prop_map(Twist::Version),
        1 => prop_oneof![
            Just(DriverChange::None),
            someone().prop_map(DriverChange::Take),
            someone().prop_map(DriverChange::Free),
        ]
        .prop_map(Twist::Change),
        1 => Just(Twist::Again),
    ]
}

fn any_wish() -> impl Strategy<Value = Wish> {
    let step = (0..TRIPS, 0..100_usize, 0..DRIVERS.len(), proptest::option::weighted(0.3, 0..KEYS), any_twist());
    let ahead = prop_oneof![6 => Just(0), 1 => Just(-1), 1 => Just(1)];
    let relocate = (0..DRIVERS.len(), proptest::option::weighted(0.3, 0..SHARDS), 0..SHARDS, ahead.clone(), ahead);
    prop_oneof![
        6 => step.prop_map(|(trip, pick, driver, key, twist)| Wish::Step { trip, pick, driver, key, twist }),
        1 => relocate.prop_map(|(driver, from, to, epochs_ahead, homes_ahead)| {
            Wish::Relocate { driver, from, to, epochs_ahead, homes_ahead }
        }),
    ]
}

fn any_deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        2 => (0..SHARDS).prop_map(|shard| Deed::Claims { shard }),
        1 => (0..DRIVERS.len()).prop_map(|driver| Deed::OpensSession { driver }),
        2 => (0..DRIVERS.len(), 0..SHARDS).prop_map(|(driver, shard)| Deed::Settles { driver, shard }),
        12 => vec(any_wish(), 1..12).prop_map(Deed::Commits),
        1 => Just(Deed::Restarts),
    ]
}

/// The life in memory, and what is needed to make writes out of wishes.
struct Life {
    memory: Arc<MemoryStore>,
    epochs: [u64; SHARDS],
    /// How many trips each of the places has had.
    turns: BTreeMap<u64, u64>,
    last: Option<Guarded>,
}

impl Life {
    fn new() -> Life {
        Life { memory: Arc::default(), epochs: [0; SHARDS], turns: BTreeMap::new(), last: None }
    }

    fn claims(&mut self, number: usize) -> Epoch {
        let epoch = self.memory.claim_now(shard(number));
        self.epochs[number] = epoch.0;
        epoch
    }

    fn fence(&self, number: usize, ahead: i64) -> Fence {
        Fence { shard: shard(number), epoch: Epoch(self.epochs[number].saturating_add_signed(ahead)) }
    }

    /// Makes the write that is wished and does it in memory, one at a time: what a batch must come to.
    fn does(&mut self, wish: &Wish) -> (Guarded, Outcome) {
        let guarded = match wish {
            Wish::Step { trip, pick, driver, key: number, twist } => {
                let guarded = self.next_step(*trip, *pick, DRIVERS[*driver]);
                let guarded = match number {
                    Some(number) => with_key(&guarded, &key("eve", &number.to_string())),
                    None => guarded,
                };
                self.twisted(guarded, usize::try_from(*trip).unwrap() % SHARDS, twist)
            }
            Wish::Relocate { driver: number, from, to, epochs_ahead, homes_ahead } => {
                let row = self.memory.driver_now(&driver(DRIVERS[*number]));
                let homes = row.as_ref().map_or(0, |row| row.generation.0).saturating_add_signed(*homes_ahead);
                let home = row.and_then(|row| (0..SHARDS).find(|number| row.home == Some(shard(*number))));
                let from = from.or(home).unwrap_or(0);
                later_relocation(self.fence(from, *epochs_ahead), DRIVERS[*number], (shard(from), homes), shard(*to))
            }
        };
        self.last = Some(guarded.clone());
        let outcome = self.memory.commit_now(vec![guarded.clone()]).pop().unwrap();
        (guarded, outcome)
    }

    fn next_step(&mut self, place: u64, pick: usize, name: &str) -> Guarded {
        let number = usize::try_from(place).unwrap() % SHARDS;
        let turn = self.turns.entry(place).or_default();
        let mut id = trip_id(shard(number), place + TRIPS * *turn);
        let stored = self.memory.trip_now(id);
        if stored.as_ref().is_some_and(|trip| !trip.stage.name().is_active()) {
            *turn += 1;
            id = trip_id(shard(number), place + TRIPS * *turn);
        }
        let fence = self.fence(number, 0);
        match stored.filter(|trip| trip.id == id) {
            None => request(fence, id, "eve").1,
            Some(trip) => {
                let legal = legal_events(&trip, name);
                step(fence, &trip, legal[pick % legal.len()].clone()).1
            }
        }
    }

    fn twisted(&self, guarded: Guarded, number: usize, twist: &Twist) -> Guarded {
        match twist {
            Twist::Nothing => guarded,
            Twist::EpochsAhead(ahead) => Guarded { fence: self.fence(number, *ahead), ..guarded },
            Twist::OtherShard(other) => Guarded { fence: self.fence(*other, 0), ..guarded },
            Twist::Version(more) => but(&guarded, |write| {
                write.after.version = write.after.version.saturating_add_signed(i32::try_from(*more).unwrap());
            }),
            Twist::Change(change) => but(&guarded, |write| write.driver = change.clone()),
            Twist::Again => self.last.clone().unwrap_or(guarded),
        }
    }
}

fn legal_events(trip: &Trip, name: &str) -> Vec<Event> {
    // Most rides go well: otherwise few would be seen to their end.
    let well = [assigned(name), Event::DriverArrived, Event::PickedUp, Event::DroppedOff];
    let badly = [given_back(), called_off(Party::Rider), called_off(Party::System), Event::Expired];
    let other_way = |stops: usize| {
        let stops = Stops::new([corner(0), corner(1)].into_iter().take(stops)).unwrap();
        Event::Rerouted { stops, dropoff: corner(2), fare: None }
    };
    let ways = [other_way(1), other_way(2)];
    let halts = [Event::StopReached { stop: 1 }, Event::StopReached { stop: 2 }];
    let all = well.iter().cycle().take(8 * well.len()).chain(halts.iter().cycle().take(16)).chain(&ways).chain(&badly);
    all.filter(|event| trip.apply(event, trip.since).is_ok()).cloned().collect()
}

/// Where a life is kept.
enum Place {
    Directory(tempfile::TempDir),
    Database(String),
}

impl Place {
    async fn open(&self) -> Arc<dyn Store> {
        match self {
            Place::Directory(directory) => Arc::new(SqliteStore::open(directory.path()).await.unwrap()),
            Place::Database(url) => Arc::new(PostgresStore::open(url).await.unwrap()),
        }
    }
}

async fn live(deeds: &[Deed], place: Place) {
    let mut store = place.open().await;
    let mut life = Life::new();
    for deed in deeds {
        match deed {
            Deed::Claims { shard: number } => {
                assert_eq!(store.claim(shard(*number)).await.unwrap(), life.claims(*number));
            }
            Deed::OpensSession { driver: number } => {
                let id = driver(DRIVERS[*number]);
                assert_eq!(store.open_session(id.clone()).await.unwrap(), life.memory.open_session_now(id));
            }
            Deed::Settles { driver: number, shard: home } => {
                let (id, home) = (driver(DRIVERS[*number]), shard(*home));
                assert_eq!(store.settle(id.clone(), home).await.unwrap(), life.memory.settle_now(id, home));
            }
            Deed::Commits(wishes) => {
                let (writes, expected): (Vec<_>, Vec<_>) = wishes.iter().map(|wish| life.does(wish)).unzip();
                assert_eq!(store.commit(writes).await, expected, "{wishes:#?}");
            }
            Deed::Restarts => {
                drop(store);
                store = place.open().await;
            }
        }
    }
    assert_eq!(everything(&*store).await, everything(&*life.memory).await);
    for number in 0..KEYS {
        let key = key("eve", &number.to_string());
        assert_eq!(store.trip_by_key(key.clone()).await.unwrap(), life.memory.trip_by_key_now(&key));
    }
    assert_sound(&*life.memory).await;
    assert_sound(&*store).await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_life_in_sqlite_is_the_life_in_memory(deeds in vec(any_deed(), 1..40)) {
        block_on(live(&begun(deeds), Place::Directory(tempfile::tempdir().unwrap())));
    }

    #[test]
    fn a_life_in_postgres_is_the_life_in_memory(deeds in vec(any_deed(), 1..40)) {
        block_on(async { live(&begun(deeds), Place::Database(server::database().await)).await });
    }
}

/// Everyone is somewhere and every shard has an owner: a life that begins with nothing is mostly refusals.
fn begun(deeds: Vec<Deed>) -> Vec<Deed> {
    let beginning = (0..SHARDS).map(|shard| Deed::Claims { shard });
    let people = (0..DRIVERS.len()).map(|driver| Deed::Settles { driver, shard: driver % SHARDS });
    beginning.chain(people).chain(deeds).collect()
}

fn block_on(future: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future);
}

/// The random lives are worth something only if both legal and illegal writes of every kind come up in them.
#[test]
fn a_random_life_has_every_outcome() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let mut outcomes: BTreeMap<String, usize> = BTreeMap::new();
    for _ in 0..40 {
        let deeds = vec(any_deed(), 40).new_tree(&mut runner).unwrap().current();
        let mut life = Life::new();
        for number in 0..SHARDS {
            life.claims(number);
        }
        for deed in deeds {
            match deed {
                Deed::Claims { shard } => {
                    life.claims(shard);
                }
                Deed::OpensSession { driver: number } => drop(life.memory.open_session_now(driver(DRIVERS[number]))),
                Deed::Settles { driver: number, shard: home } => {
                    drop(life.memory.settle_now(driver(DRIVERS[number]), shard(home)));
                }
                Deed::Commits(wishes) => {
                    for wish in wishes {
                        let (guarded, outcome) = life.does(&wish);
                        let kind = match (guarded.write, outcome) {
                            (Write::Trip(write), Ok(_)) => format!("{} done", write.event.name()),
                            (Write::Move { .. }, Ok(_)) => "move done".to_owned(),
                            (Write::Trip(_), Err(WriteError::SameKey(_))) => "step SameKey".to_owned(),
                            (Write::Trip(_), Err(why)) => format!("step {why:?}"),
                            (Write::Move { .. }, Err(why)) => format!("move {why:?}"),
                        };
                        *outcomes.entry(kind).or_default() += 1;
                    }
                }
                Deed::Restarts => {}
            }
        }
    }
    let kinds: Vec<&str> = outcomes.iter().filter(|(_, count)| **count >= 10).map(|(kind, _)| kind.as_str()).collect();
    let expected = [
        "assigned done",
        "cancelled done",
        "driver_arrived done",
        "dropped_off done",
        "expired done",
        "given_back done",
        "move DriverTaken",
        "move Fenced",
        "move Stale",
        "move done",
        "picked_up done",
        "requested done",
        "rerouted done",
        "step DriverTaken",
        "step Fenced",
        "step SameKey",
        "step Stale",
        "stop_reached done",
    ];
    assert_eq!(kinds, expected, "{outcomes:#?}");
}
