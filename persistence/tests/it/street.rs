//! People, trips and the writes about them, for tests.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use dispatch::invariants::{Entry, audit};
use dispatch::{
    CancelReason, DriverChange, DriverId, Event, FeeStage, Generation, GiveBackReason, Order, Party, RequestKey,
    RiderId, ShardId, Timestamp, Trip, TripId, TripWrite, Write, WriteError,
};
use geo::{Point, Resolution};
use persistence::{Done, Fence, Guarded, Store};

/// What a store says to one write.
pub(crate) type Outcome = Result<Done, WriteError>;

/// When the tests begin.
pub(crate) const NOON: Timestamp = Timestamp::from_millis(1_790_000_000_000);

/// Corners of Manhattan, Queens and Jersey City, in three shards.
const CORNERS: [(f64, f64); 3] = [(40.758, -73.985), (40.73, -73.70), (40.70, -74.25)];

pub(crate) fn corner(number: usize) -> Point {
    let (lat, lon) = CORNERS[number];
    Point::new(lat, lon).unwrap()
}

/// One of three shards.
pub(crate) fn shard(number: usize) -> ShardId {
    ShardId::of(corner(number), Resolution::SHARD)
}

pub(crate) fn driver(name: &str) -> DriverId {
    DriverId::new(name).unwrap()
}

pub(crate) fn rider(name: &str) -> RiderId {
    RiderId::new(name).unwrap()
}

pub(crate) fn key(rider_name: &str, key: &str) -> RequestKey {
    RequestKey { rider: rider(rider_name), key: key.to_owned() }
}

/// The id of a trip in one of the shards, as a number makes it.
pub(crate) fn trip_id(home: ShardId, number: u64) -> TripId {
    TripId::new(NOON + Duration::from_millis(number), home, number)
}

/// The step of a trip that the cores would ask for.
pub(crate) fn step(fence: Fence, trip: &Trip, event: Event) -> (Trip, Guarded) {
    let at = trip.since + Duration::from_secs(1);
    let after = trip.apply(&event, at).expect("a legal step");
    let change = match (trip.stage.committed_driver(), after.stage.committed_driver()) {
        (None, Some(taken)) => DriverChange::Take(taken.clone()),
        (Some(freed), None) => DriverChange::Free(freed.clone()),
        _ => DriverChange::None,
    };
    let write = TripWrite { event, at, after: after.clone(), driver: change, key: None, caps: None };
    (after, Guarded { fence, write: Write::Trip(write) })
}

/// The first step of a trip.
pub(crate) fn request(fence: Fence, id: TripId, rider_name: &str) -> (Trip, Guarded) {
    let event = Event::Requested { rider: rider(rider_name), order: Order::new(corner(0), corner(1)) };
    let at = id.requested_at();
    let after = Trip::begin(id, &event, at).unwrap();
    let write = TripWrite { event, at, after: after.clone(), driver: DriverChange::None, key: None, caps: None };
    (after, Guarded { fence, write: Write::Trip(write) })
}

/// A move from a driver's first home.
pub(crate) fn relocation(fence: Fence, name: &str, from: ShardId, to: ShardId) -> Guarded {
    later_relocation(fence, name, (from, 1), to)
}

/// A move from the home of this number.
pub(crate) fn later_relocation(fence: Fence, name: &str, (from, number): (ShardId, u64), to: ShardId) -> Guarded {
    let generation = Generation(number);
    Guarded { fence, write: Write::Move { driver: driver(name), from, generation, to } }
}

/// The same write with something changed about its step.
pub(crate) fn but(guarded: &Guarded, change: impl FnOnce(&mut TripWrite)) -> Guarded {
    let mut changed = guarded.clone();
    match &mut changed.write {
        Write::Trip(write) => change(write),
        Write::Move { .. } => panic!("a move has no step"),
    }
    changed
}

/// The same write with an idempotency key.
pub(crate) fn with_key(guarded: &Guarded, key: &RequestKey) -> Guarded {
    but(guarded, |write| write.key = Some(key.clone()))
}

pub(crate) fn assigned(name: &str) -> Event {
    Event::Assigned { driver: driver(name) }
}

pub(crate) fn cancelled() -> Event {
    called_off(Party::System)
}

/// Called off with a reason and a fee.
pub(crate) fn called_off(by: Party) -> Event {
    let (reason, fee) = match by {
        Party::Rider => (CancelReason::DriverTooFar, FeeStage::Late),
        Party::Driver => (CancelReason::RiderNoShow, FeeStage::NoShow),
        Party::System => (CancelReason::Other, FeeStage::Free),
    };
    Event::Cancelled { by, reason, fee }
}

pub(crate) fn given_back() -> Event {
    Event::GivenBack { by: Party::Driver, reason: GiveBackReason::TooFar }
}

/// The owner of a shard, who writes for it.
#[derive(Clone)]
pub(crate) struct Owner {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) fence: Fence,
}

impl Owner {
    /// Claims a shard.
    pub(crate) async fn of(store: &Arc<dyn Store>, shard: ShardId) -> Owner {
        let epoch = store.claim(shard).await.unwrap();
        Owner { store: Arc::clone(store), fence: Fence { shard, epoch } }
    }

    /// A request nobody has written yet, for a trip of its own.
    pub(crate) fn request(&self) -> (Trip, Guarded) {
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        request(self.fence, trip_id(self.fence.shard, NUMBER.fetch_add(1, Ordering::Relaxed)), "eve")
    }

    pub(crate) fn step(&self, trip: &Trip, event: Event) -> (Trip, Guarded) {
        step(self.fence, trip, event)
    }

    /// One write.
    pub(crate) async fn write(&self, guarded: Guarded) -> Outcome {
        let outcomes = self.store.commit(vec![guarded]).await;
        assert_eq!(outcomes.len(), 1, "one outcome for one write");
        outcomes[0].clone()
    }

    /// A new trip that searches.
    pub(crate) async fn requested(&self) -> Trip {
        let (trip, write) = self.request();
        self.write(write).await.unwrap();
        trip
    }

    /// A trip, after a step that the store must accept.
    pub(crate) async fn stepped(&self, trip: &Trip, event: Event) -> Trip {
        let (after, write) = self.step(trip, event);
        self.write(write).await.unwrap();
        after
    }

    /// A new trip with this driver on the way.
    pub(crate) async fn under_way(&self, name: &str) -> Trip {
        let trip = self.requested().await;
        self.stepped(&trip, assigned(name)).await
    }

    /// A step that the store must refuse, for this reason and without a trace.
    pub(crate) async fn refuses(&self, guarded: Guarded, why: WriteError) {
        let before = everything(&*self.store).await;
        assert_eq!(self.write(guarded).await, Err(why));
        assert_eq!(everything(&*self.store).await, before, "a refused write left a trace");
    }
}

/// Makes drivers who live in a shard.
pub(crate) async fn settled(store: &Arc<dyn Store>, names: &[&str], home: ShardId) {
    for name in names {
        store.open_session(driver(name)).await.unwrap();
        store.settle(driver(name), home).await.unwrap();
    }
}

/// The whole journal.
pub(crate) async fn journal(store: &dyn Store) -> Vec<Entry> {
    store.read(0, u32::MAX).await.unwrap().into_iter().map(|(_, entry)| entry).collect()
}

/// All that a store can be asked, but for keys, as text that can be compared.
pub(crate) async fn everything(store: &dyn Store) -> Vec<String> {
    let lines = store.read(0, u32::MAX).await.unwrap();
    let trips = store.all_trips().await.unwrap();
    let drivers = store.all_drivers().await.unwrap();
    let shards: BTreeSet<ShardId> = (0..3).map(shard).collect();
    // Not their numbers: stores count lines each in their own way.
    let mut all: Vec<String> = lines.iter().map(|(_, entry)| format!("{entry:?}")).collect();
    for trip in &trips {
        assert_eq!(store.trip(trip.id).await.unwrap().as_ref(), Some(trip));
        all.push(format!("{trip:?}"));
    }
    for (id, trip) in drivers {
        let row = store.driver(id).await.unwrap().unwrap();
        assert_eq!(row.trip.as_ref().map(|trip| trip.id), trip);
        all.push(format!("{row:?}"));
    }
    for shard in shards {
        all.push(format!("{:?}", store.load(shard).await.unwrap()));
    }
    all.push(format!("{:?}", store.shards_with_work().await.unwrap()));
    all.push(format!("{:?}", store.trips_by_stage().await.unwrap()));
    all
}

/// Replays the journal and compares it with the rows.
pub(crate) async fn assert_sound(store: &dyn Store) {
    let (trips, drivers) = (store.all_trips().await.unwrap(), store.all_drivers().await.unwrap());
    assert_eq!(audit(&journal(store).await, &trips, &drivers), []);
}
