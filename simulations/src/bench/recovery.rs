//! `bench recovery`: how long a server takes from its start until it serves a large city again, and until all drivers are
//! back.
//!
//! Lives here: the city that is there before, and the two clocks.
//! Stays out: recovery itself (`actors`).
//! Touch with care: the peer is a documented default of another system, not a measurement of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use dispatch::{DriverChange, DriverId, Event, Order, RiderId, ShardId, Timestamp, Trip, TripId, TripWrite, Write};
use gateway::{Given, Settings as ServerSettings};
use geo::{Point, Resolution};
use persistence::{Fence, Guarded, PostgresStore, SqliteStore, Store};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use tokio::task::JoinSet;

use super::{Failure, Progress, Row, Settings, Target};
use crate::chaos::Postgres;

/// What Akka's cluster sharding documents for a crashed node's shards: 5 s to suspect it, 20 s until that is stable, 20 s
/// until the others take over. <https://doc.akka.io/libraries/akka-core/current/split-brain-resolver.html>
const PEER: (&str, f64) = ("Akka sharding's documented failover", 45.0);

/// How many drivers connect at the same time.
const AT_ONCE: usize = 512;

type Wrong = Box<dyn std::error::Error + Send + Sync>;

/// How large the city is.
#[derive(Clone, Copy)]
struct Size {
    drivers: usize,
    trips: usize,
}

/// Measures what the settings ask for.
///
/// # Errors
/// When nothing is called what the filter says, or a store fails. A store that cannot be started is a row that says so.
pub fn run(settings: &Settings) -> Result<Vec<Row>, Failure> {
    let size =
        if settings.quick { Size { drivers: 2_000, trips: 400 } } else { Size { drivers: 100_000, trips: 20_000 } };
    let wanted: Vec<&str> = ["postgres", "sqlite"].into_iter().filter(|name| settings.wants(name)).collect();
    if wanted.is_empty() {
        return Err(format!("no case contains {:?}: try --filter postgres, sqlite", settings.filter).into());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let progress = Progress::new(wanted.len() * 3);
    let mut rows = Vec::new();
    for name in wanted {
        let case = format!("{name}, {} drivers, {} live trips", size.drivers, size.trips);
        let row = |what: &str, figure, target| {
            Row::new(format!("{case}: {what}"), "s", figure, (PEER.0, Some(PEER.1)), Some(Target::at_most(target)))
        };
        match runtime.block_on(measure(name, size, settings.seed, &progress)) {
            Ok((ready, back)) => {
                rows.push(row("start to ready", Some(ready.as_secs_f64()), 7.0));
                rows.push(row("start to all drivers back", Some((ready + back).as_secs_f64()), 15.0));
            }
            Err(why) => rows.push(row("start to ready", None, 7.0).because(why.to_string())),
        }
    }
    Ok(rows)
}

async fn measure(name: &str, size: Size, seed: u64, progress: &Progress) -> Result<(Duration, Duration), Wrong> {
    let folder = tempfile::Builder::new().prefix("hansom-bench").tempdir()?;
    let postgres = match name {
        "postgres" => Some(Postgres::start(&folder.path().join("postgres")).await?),
        _ => None,
    };
    let data_dir = folder.path().join("data");
    std::fs::create_dir_all(&data_dir)?;
    progress.next(&format!("{name}: making a city"));
    match &postgres {
        Some(postgres) => {
            PostgresStore::migrate(&postgres.direct()).await?;
            let store = Arc::new(PostgresStore::open(&postgres.direct()).await?);
            fill(Arc::clone(&store) as Arc<dyn Store>, size, seed).await?;
            store.close().await;
        }
        None => {
            let store = Arc::new(SqliteStore::open(&data_dir).await?);
            fill(Arc::clone(&store) as Arc<dyn Store>, size, seed).await?;
            store.close().await?;
        }
    }
    progress.step();
    progress.next(&format!("{name}: recovering"));
    let began = Instant::now();
    let (server, store): (_, Arc<dyn Store>) = {
        let store: Arc<dyn Store> = match &postgres {
            Some(postgres) => Arc::new(PostgresStore::open(&postgres.direct()).await?),
            None => Arc::new(SqliteStore::open(&data_dir).await?),
        };
        let settings = ServerSettings { data_dir, listen: ([127, 0, 0, 1], 0).into(), ..ServerSettings::default() };
        let given = Given { store: Some(Arc::clone(&store)), ..Given::default() };
        (gateway::serve(settings, given).await?, store)
    };
    let ready = began.elapsed();
    progress.step();
    progress.next(&format!("{name}: drivers come back"));
    let began = Instant::now();
    let sessions = come_back(&server.city, size.drivers).await?;
    let back = began.elapsed();
    drop(sessions);
    server.stop().await;
    drop(store);
    progress.step();
    Ok((ready, back))
}

fn driver(number: usize) -> Result<DriverId, Wrong> {
    Ok(DriverId::new(&format!("driver-{number}"))?)
}

/// Every driver's app connects again.
async fn come_back(city: &actors::City, drivers: usize) -> Result<Vec<actors::DriverSession>, Wrong> {
    let mut sessions = Vec::with_capacity(drivers);
    let mut coming = JoinSet::new();
    for number in 0..drivers {
        if coming.len() >= AT_ONCE {
            sessions.extend(coming.join_next().await.transpose()?.transpose()?);
        }
        let (city, driver) = (city.clone(), driver(number)?);
        coming.spawn(async move { city.open_session(driver).await });
    }
    while let Some(came) = coming.join_next().await {
        sessions.push(came??);
    }
    Ok(sessions)
}

/// A city of about a degree each way, in which every fifth driver is on a trip.
async fn fill(store: Arc<dyn Store>, size: Size, seed: u64) -> Result<(), Wrong> {
    let mut dice = Pcg64Mcg::seed_from_u64(seed);
    let mut fences: Vec<Fence> = Vec::new();
    let mut settling: JoinSet<Result<(), Wrong>> = JoinSet::new();
    let mut trips = Vec::with_capacity(size.trips);
    for number in 0..size.drivers {
        let at = Point::new(40.25 + dice.random_range(0.0..1.0), -74.5 + dice.random_range(0.0..1.0))?;
        let shard = ShardId::of(at, Resolution::SHARD);
        let fence = match fences.iter().find(|fence| fence.shard == shard) {
            Some(fence) => *fence,
            None => {
                let fence = Fence { shard, epoch: store.claim(shard).await? };
                fences.push(fence);
                fence
            }
        };
        let (driver, settled) = (driver(number)?, Arc::clone(&store));
        if number < size.trips {
            trips.push((fence, driver.clone(), at));
        }
        while settling.len() >= AT_ONCE {
            settling.join_next().await.transpose()?.transpose()?;
        }
        settling.spawn(async move { Ok(settled.settle(driver, shard).await.map(|_| ())?) });
    }
    while let Some(settled) = settling.join_next().await {
        settled??;
    }
    for (chunk, trips) in trips.chunks(256).enumerate() {
        let mut steps: [Vec<Guarded>; 2] = [Vec::new(), Vec::new()];
        for (place, (fence, driver, at)) in trips.iter().enumerate() {
            let number = (chunk * 256 + place) as u64 + 1;
            let (asked, assigned) = ride(*fence, driver, *at, number)?;
            steps[0].push(asked);
            steps[1].push(assigned);
        }
        for steps in steps {
            store.commit(steps).await.into_iter().try_for_each(|outcome| outcome.map(|_| ()))?;
        }
    }
    Ok(())
}

/// A trip that is asked for, and has a driver on the way.
fn ride(fence: Fence, driver: &DriverId, at: Point, number: u64) -> Result<(Guarded, Guarded), Wrong> {
    let when = Timestamp::from_millis(1_790_000_000_000 + number);
    let rider = RiderId::new(&format!("rider-{number}"))?;
    let guarded = |event, after: &Trip, driver| {
        let write = TripWrite { event, at: when, after: after.clone(), driver, key: None, caps: None };
        Guarded { fence, write: Write::Trip(write) }
    };
    let event = Event::Requested { rider, order: Order::new(at, at) };
    let asked = Trip::begin(TripId::new(when, fence.shard, number), &event, when)?;
    let first = guarded(event, &asked, DriverChange::None);
    let event = Event::Assigned { driver: driver.clone() };
    let assigned = asked.apply(&event, when)?;
    Ok((first, guarded(event, &assigned, DriverChange::Take(driver.clone()))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_city_is_there_again_on_both_stores() {
        let rows = run(&Settings { quick: true, ..Settings::default() }).unwrap();
        assert_eq!(rows.len(), 4);
        for row in rows {
            assert!(row.ours.is_some() && row.skipped.is_none(), "{row:?}");
        }
    }
}
