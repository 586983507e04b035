//! How many steps a second the SQLite store makes durable, by the size of the batch.
//!
//! `cargo run --release -p persistence --example commit_rate [directory]`: the directory says which disk is measured.

#![expect(clippy::print_stdout, reason = "a measurement is for reading")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use dispatch::{
    DriverChange, DriverId, Event, RequestKey, RiderId, ShardId, Timestamp, Trip, TripId, TripWrite, Write, WriteError,
};
use geo::{Point, Resolution};
use persistence::{Committer, Fence, Guarded, Journal, Ownership, QUEUE_DEFAULT, Records, SqliteStore, Store};
use tokio::task::JoinSet;

type Failed = Box<dyn Error + Send + Sync>;

const LASTS: Duration = Duration::from_secs(3);
const RIDERS: usize = 2_000;

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let parent = std::env::args().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    println!("{:<32} {:>10} {:>10} {:>10}", "what", "steps/s", "p50 ms", "p99 ms");
    for batch in [1, 16, 256] {
        let directory = tempfile::tempdir_in(&parent)?;
        batches(directory.path(), batch).await?;
    }
    let directory = tempfile::tempdir_in(&parent)?;
    committer(directory.path()).await
}

/// Rides one after another, as steps that are all legal: each trip is asked for with a key, driven and completed.
struct Rides {
    fence: Fence,
    drivers: Vec<DriverId>,
    number: u64,
    waiting: Vec<Guarded>,
}

impl Rides {
    async fn new(store: &SqliteStore) -> Result<Rides, Failed> {
        let shard = ShardId::of(Point::new(40.758, -73.985)?, Resolution::SHARD);
        let mut drivers = Vec::new();
        for number in 0..RIDERS {
            let driver = DriverId::new(&format!("driver-{number}"))?;
            store.settle(driver.clone(), shard).await?;
            drivers.push(driver);
        }
        let fence = Fence { shard, epoch: store.claim(shard).await? };
        Ok(Rides { fence, drivers, number: 0, waiting: Vec::new() })
    }

    /// The next steps: those of 64 rides are interleaved, as they would be in a city.
    fn take(&mut self, count: usize) -> Result<Vec<Guarded>, Failed> {
        while self.waiting.len() < count {
            let rides: Vec<_> = (0..64).map(|rider| self.ride(rider)).collect::<Result<_, _>>()?;
            for step in 0..5 {
                self.waiting.extend(rides.iter().map(|ride| ride[step].clone()));
            }
        }
        Ok(self.waiting.drain(..count).collect())
    }

    /// One ride of a rider, always with the same driver.
    fn ride(&mut self, rider: usize) -> Result<Vec<Guarded>, Failed> {
        self.number += 1;
        let driver = self.drivers[rider].clone();
        let rider = RiderId::new(&format!("rider-{rider}"))?;
        let at = Timestamp::from_millis(1_790_000_000_000 + self.number);
        let (pickup, dropoff) = (Point::new(40.758_123, -73.985_456)?, Point::new(40.73, -73.99)?);
        let event = Event::Requested { rider: rider.clone(), order: dispatch::Order::new(pickup, dropoff) };
        let mut trip = Trip::begin(TripId::new(at, self.fence.shard, self.number), &event, at)?;
        let key = RequestKey { rider, key: self.number.to_string() };
        let none = DriverChange::None;
        let mut steps = vec![self.step(event, &trip, none.clone(), Some(key))];
        for (event, change) in [
            (Event::Assigned { driver: driver.clone() }, DriverChange::Take(driver.clone())),
            (Event::DriverArrived, none.clone()),
            (Event::PickedUp, none),
            (Event::DroppedOff, DriverChange::Free(driver)),
        ] {
            trip = trip.apply(&event, at)?;
            steps.push(self.step(event, &trip, change, None));
        }
        Ok(steps)
    }

    fn step(&self, event: Event, after: &Trip, driver: DriverChange, key: Option<RequestKey>) -> Guarded {
        let write = TripWrite { event, at: after.since, after: after.clone(), driver, key, caps: None };
        Guarded { fence: self.fence, write: Write::Trip(write) }
    }
}

async fn batches(directory: &Path, batch: usize) -> Result<(), Failed> {
    let store = SqliteStore::open(directory).await?;
    let mut rides = Rides::new(&store).await?;
    let (started, mut took) = (Instant::now(), Vec::new());
    while started.elapsed() < LASTS {
        let writes = rides.take(batch)?;
        let asked = Instant::now();
        for outcome in store.commit(writes).await {
            outcome?;
        }
        took.push(asked.elapsed());
    }
    let busy: Duration = took.iter().sum();
    report(&format!("batches of {batch}"), took.len() * batch, busy, took);
    Ok(())
}

/// Many riders at once, each waiting for every step: how large the batches become by themselves.
async fn committer(directory: &Path) -> Result<(), Failed> {
    let store = Arc::new(SqliteStore::open(directory).await?);
    let mut rides = Rides::new(&store).await?;
    let store: Arc<dyn Store> = store;
    let committer = Committer::start(store, QUEUE_DEFAULT);
    let started = Instant::now();
    let mut riders = JoinSet::new();
    for rider in 0..RIDERS {
        let (mine, committer) = ((0..8).map(|_| rides.ride(rider)).collect::<Result<Vec<_>, _>>()?, committer.clone());
        riders.spawn(async move {
            let mut took = Vec::new();
            for step in mine.into_iter().flatten() {
                let asked = Instant::now();
                match committer.submit(step)?.await {
                    Ok(Ok(_)) => took.push(asked.elapsed()),
                    Ok(Err(refused)) => return Err(refused),
                    Err(_) => return Err(WriteError::Unknown),
                }
            }
            Ok(took)
        });
    }
    let mut took = Vec::new();
    while let Some(rider) = riders.join_next().await {
        took.extend(rider??);
    }
    let busy = started.elapsed();
    committer.drain().await;
    let counts = committer.counts();
    report(&format!("{RIDERS} riders, mean batch {}", counts.writes / counts.commits), took.len(), busy, took);
    Ok(())
}

fn report(what: &str, steps: usize, busy: Duration, mut took: Vec<Duration>) {
    took.sort_unstable();
    let ms = |part: usize| took[(took.len() - 1) * part / 100].as_secs_f64() * 1e3;
    let rate = steps as f64 / busy.as_secs_f64();
    println!("{what:<32} {rate:>10.0} {:>10.2} {:>10.2}", ms(50), ms(99));
}
