//! Events out: a journal, and who is told of it.
//!
//! Lives here: writing lines, and servers that tell them. The receivers are real: HTTP servers of the tests' own that
//! check every signature, and a Redis in a folder of its own.

mod crash;
#[cfg(feature = "kafka")]
mod kafka;
mod letters;
mod receiver;
mod redis;
mod redis_server;
mod tellers;
pub(crate) mod tls;
mod webhooks;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use dispatch::{
    CancelReason, DriverChange, Event, FeeStage, Order, Party, RiderId, ShardId, Timestamp, Trip, TripId, TripWrite,
    Write,
};
use gateway::{EventSettings, Given, Layers, Server, Settings};
use geo::{Point, Resolution};
use persistence::{Fence, Guarded, MemoryStore, Store};

use crate::street::{PATIENCE, settings};

/// What events are signed with in these tests.
pub(crate) const SIGNED_WITH: &str = "a secret of the tests, 32 bytes or more";

pub(crate) fn store() -> Arc<dyn Store> {
    Arc::new(MemoryStore::default())
}

/// The settings of events, as texts say them.
pub(crate) fn events(texts: &[(&str, &str)]) -> EventSettings {
    let mut layers = Layers::new();
    for (key, text) in texts {
        layers.flag(&format!("events.{key}"), (*text).to_owned(), "a test").unwrap();
    }
    layers.settings().unwrap().events
}

/// A server that tells the events of a store.
pub(crate) async fn telling(store: &Arc<dyn Store>, texts: &[(&str, &str)]) -> Server {
    let given = Given { store: Some(Arc::clone(store)), ..Given::default() };
    gateway::serve(Settings { events: events(texts), ..settings() }, given).await.unwrap()
}

/// Writes trips that are requested and called off, in batches of which each trip has a part: two lines for each trip.
pub(crate) async fn write_trips(store: &Arc<dyn Store>, count: u64) {
    static NUMBER: AtomicU64 = AtomicU64::new(1);
    let (here, there) = (Point::new(10.0, 10.0).unwrap(), Point::new(10.1, 10.0).unwrap());
    let shard = ShardId::of(here, Resolution::SHARD);
    let fence = Fence { shard, epoch: store.claim(shard).await.unwrap() };
    let write = |event: Event, after: &Trip| {
        let write = TripWrite {
            event,
            at: after.since,
            after: after.clone(),
            driver: DriverChange::None,
            key: None,
            caps: None,
        };
        Guarded { fence, write: Write::Trip(write) }
    };
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let id = TripId::new(Timestamp::from_millis(1_790_000_000_000 + number), shard, number);
        let asked = Event::Requested { rider: RiderId::new("eve").unwrap(), order: Order::new(here, there) };
        let trip = Trip::begin(id, &asked, id.requested_at()).unwrap();
        first.push(write(asked, &trip));
        let off = Event::Cancelled { by: Party::System, reason: CancelReason::Other, fee: FeeStage::Free };
        let after = trip.apply(&off, trip.since + Duration::from_secs(1)).unwrap();
        second.push(write(off, &after));
    }
    for batch in [first, second] {
        assert!(store.commit(batch).await.iter().all(Result::is_ok));
    }
}

/// The names of all events in the order of their lines.
pub(crate) async fn ids(store: &Arc<dyn Store>) -> Vec<String> {
    let lines = store.read(0, u32::MAX).await.unwrap();
    lines.iter().map(|(_, entry)| format!("{}.{}", entry.trip, entry.version)).collect()
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so().await {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Each once, where it was first.
pub(crate) fn first_of_each<'a>(ids: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut known = std::collections::BTreeSet::new();
    ids.filter(|id| known.insert((*id).clone())).cloned().collect()
}

/// Fails unless the events of each trip are in the order of its versions, without a gap.
pub(crate) fn assert_in_order_by_trip(ids: &[String]) {
    let mut versions: BTreeMap<&str, u32> = BTreeMap::new();
    for id in ids {
        let (trip, version) = id.rsplit_once('.').unwrap();
        let last = versions.entry(trip).or_default();
        assert_eq!(version.parse::<u32>().unwrap(), *last + 1, "{id} after version {last}");
        *last += 1;
    }
}
