//! A process that is killed while it writes: what it told is there.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use dispatch::invariants::nothing_lost;
use dispatch::{Event, TripId, Write};
use persistence::{Guarded, Journal, Ownership, Records, SqliteStore, StoreError};

use crate::street::{assert_sound, assigned, driver, journal, request, shard, step, trip_id};

/// Tells a process of this test binary that it is the one to be killed, and where it writes.
const DIRECTORY: &str = "HANSOM_TEST_CRASH_DIRECTORY";

/// The start of a line that says what the store has acknowledged.
const TOLD: &str = "told ";

fn start(directory: &Path) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "crash::the_process_that_is_killed", "--nocapture"]).env(DIRECTORY, directory);
    command.stdout(Stdio::piped()).spawn().unwrap()
}

/// Does nothing when run as a test: [`start`] runs it.
#[tokio::test]
async fn the_process_that_is_killed() {
    let Some(directory) = std::env::var_os(DIRECTORY) else { return };
    let store = SqliteStore::open(Path::new(&directory)).await.unwrap();
    let fence = persistence::Fence { shard: shard(0), epoch: store.claim(shard(0)).await.unwrap() };
    let names: Vec<String> = (0..40).map(|number| format!("driver-{number}")).collect();
    for name in &names {
        store.settle(driver(name), shard(0)).await.unwrap();
    }
    let mut number = fence.epoch.0 * 1_000_000;
    loop {
        let rides = names.iter().map(|name| {
            number += 1;
            let (mut trip, first) = request(fence, trip_id(fence.shard, number), "eve");
            let mut steps = vec![first];
            for event in [assigned(name), Event::DriverArrived, Event::PickedUp, Event::DroppedOff] {
                let (after, write) = step(fence, &trip, event);
                trip = after;
                steps.push(write);
            }
            steps
        });
        let rides: Vec<Vec<Guarded>> = rides.collect();
        // All take their drivers before any lets one go: a kill leaves many rides under way.
        for at in 0..5 {
            let batch: Vec<Guarded> = rides.iter().map(|steps| steps[at].clone()).collect();
            tell(&batch, store.commit(batch.clone()).await.iter().all(Result::is_ok));
        }
    }
}

fn tell(batch: &[Guarded], acknowledged: bool) {
    assert!(acknowledged, "every step is legal");
    let mut lines = String::new();
    for guarded in batch {
        if let Write::Trip(write) = &guarded.write {
            lines.push_str(&format!("{TOLD}{} {}\n", write.after.id, write.after.version));
        }
    }
    let mut out = std::io::stdout().lock();
    out.write_all(lines.as_bytes()).unwrap();
    out.flush().unwrap();
}

/// Takes in what a process tells, kills it after `patience` lines, and takes in what it had told by then.
fn listen_and_kill(mut child: Child, patience: usize, told: &mut BTreeMap<TripId, u32>) {
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut heard = 0;
    while heard < patience {
        let line = lines.next().expect("the process lives until it is killed").unwrap();
        heard += usize::from(take_in(&line, told));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    for line in lines {
        take_in(&line.unwrap(), told);
    }
}

/// A line that a kill has cut in half says nothing.
fn take_in(line: &str, told: &mut BTreeMap<TripId, u32>) -> bool {
    let Some((trip, version)) = line.strip_prefix(TOLD).and_then(|line| line.split_once(' ')) else { return false };
    let (Ok(trip), Ok(version)) = (trip.parse(), version.parse()) else { return false };
    let latest = told.entry(trip).or_insert(version);
    *latest = version.max(*latest);
    true
}

#[tokio::test]
async fn a_process_that_is_killed_in_mid_commit_has_lost_nothing_it_told() {
    let directory = tempfile::tempdir().unwrap();
    let mut told = BTreeMap::new();
    for (round, patience) in (1..).zip([1, 45, 390, 1_501]) {
        listen_and_kill(start(directory.path()), patience, &mut told);
        let store = SqliteStore::open(directory.path()).await.unwrap();
        assert_eq!(nothing_lost(&told, &journal(&store).await), []);
        assert_sound(&store).await;
        // Those who are on a trip still are, in both rows; free them, as a new owner would.
        let epoch = store.claim(shard(0)).await.unwrap();
        assert_eq!(epoch.0, 2 * round, "the process claimed once, and so does this test");
        let fence = persistence::Fence { shard: shard(0), epoch };
        let ends: Vec<Guarded> = store
            .load(shard(0))
            .await
            .unwrap()
            .trips
            .iter()
            .map(|(trip, _)| step(fence, trip, crate::street::cancelled()).1)
            .collect();
        assert!(store.commit(ends).await.iter().all(Result::is_ok));
        assert_eq!(store.shards_with_work().await.unwrap(), []);
        assert_sound(&store).await;
    }
    assert!(told.len() > 40);
}

#[tokio::test]
async fn a_second_process_is_refused_until_the_first_is_gone() {
    let directory = tempfile::tempdir().unwrap();
    let child = start(directory.path());
    let mut told = BTreeMap::new();
    // It has told something, so it has the directory.
    let refused = {
        let mut child = child;
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        while !take_in(&lines.next().unwrap().unwrap(), &mut told) {}
        let refused = SqliteStore::open(directory.path()).await;
        child.kill().unwrap();
        child.wait().unwrap();
        refused
    };
    assert!(matches!(refused, Err(StoreError::InUse { .. })), "{refused:?}");
    SqliteStore::open(directory.path()).await.unwrap();
}
