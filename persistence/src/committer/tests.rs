use std::collections::VecDeque;
use std::sync::Mutex;

use dispatch::{DriverId, ShardId, Write};
use geo::{Point, Resolution};
use tokio::sync::Semaphore;

use super::*;
use crate::{Between, BoxFuture, Fence, MemoryStore, Tamper};

/// A store that commits when it is let, and misbehaves as told.
#[derive(Debug)]
struct Gated {
    /// One permit lets one batch through.
    gate: Semaphore,
    /// One permit for each batch that has arrived.
    arrived: Semaphore,
    sizes: Mutex<Vec<usize>>,
    moods: Mutex<VecDeque<Mood>>,
}

#[derive(Clone, Copy, Debug)]
enum Mood {
    Panics,
    AnswersTheFirstOnly,
}

type GatedStore = Between<Gated>;

fn gated(open: usize) -> Arc<GatedStore> {
    let gate = Semaphore::new(open);
    let tamper = Gated { gate, arrived: Semaphore::new(0), sizes: Mutex::default(), moods: Mutex::default() };
    Arc::new(Between { memory: MemoryStore::default(), tamper })
}

impl Gated {
    fn will(&self, mood: Mood) {
        self.moods.lock().unwrap().push_back(mood);
    }

    /// Returns when the store has been asked once more than before.
    async fn asked(&self) {
        self.arrived.acquire().await.unwrap().forget();
    }

    fn sizes(&self) -> Vec<usize> {
        self.sizes.lock().unwrap().clone()
    }
}

impl Tamper for Gated {
    fn commit<'a>(&'a self, memory: &'a MemoryStore, writes: Vec<Guarded>) -> BoxFuture<'a, Vec<Outcome>> {
        Box::pin(async move {
            self.sizes.lock().unwrap().push(writes.len());
            self.arrived.add_permits(1);
            self.gate.acquire().await.unwrap().forget();
            let mood = self.moods.lock().unwrap().pop_front();
            let mut outcomes = memory.commit_now(writes);
            match mood {
                None => {}
                Some(Mood::Panics) => panic!("the store broke, as this test wants"),
                Some(Mood::AnswersTheFirstOnly) => outcomes.truncate(1),
            }
            outcomes
        })
    }
}

/// A write whose outcome tells how many writes of its kind came before it: a driver moves to and fro.
fn nth_move(store: &GatedStore) -> impl FnMut() -> Guarded {
    let shard = |lon| ShardId::of(Point::new(40.7, lon).unwrap(), Resolution::SHARD);
    let (mut from, mut to) = (shard(-74.0), shard(-73.0));
    let driver = DriverId::new("ann").unwrap();
    store.memory.settle_now(driver.clone(), from);
    let mut generation = dispatch::Generation(0);
    let epochs = [(from, store.memory.claim_now(from)), (to, store.memory.claim_now(to))];
    move || {
        let (_, epoch) = epochs.into_iter().find(|(shard, _)| *shard == from).unwrap();
        generation.0 += 1;
        let write = Write::Move { driver: driver.clone(), from, generation, to };
        let fence = Fence { shard: from, epoch };
        std::mem::swap(&mut from, &mut to);
        Guarded { fence, write }
    }
}

fn moved(times: u64) -> Outcome {
    Ok(Done::Moved { generation: dispatch::Generation(1 + times) })
}

#[tokio::test]
async fn what_comes_while_the_store_works_goes_together_in_order() {
    let store = gated(0);
    let mut next = nth_move(&store);
    let committer = Committer::start(store.clone(), QUEUE_DEFAULT);
    let first = committer.submit(next()).unwrap();
    store.tamper.asked().await;
    let rest: Vec<_> = (0..300).map(|_| committer.submit(next()).unwrap()).collect();
    assert_eq!(committer.counts().waiting, 300);
    store.tamper.gate.add_permits(3);
    assert_eq!(first.await.unwrap(), moved(1));
    for (number, outcome) in (2..).zip(rest) {
        assert_eq!(outcome.await.unwrap(), moved(number));
    }
    assert_eq!(store.tamper.sizes(), [1, 256, 44]);
    let counts = committer.counts();
    assert_eq!((counts.commits, counts.writes, counts.batch_max, counts.refused_busy), (3, 301, 256, 0));
    assert!(counts.last_commit > Duration::ZERO);
    assert_eq!(counts.waiting, 0);
}

#[tokio::test]
async fn a_lone_write_does_not_wait_for_company() {
    let store = gated(1);
    let mut next = nth_move(&store);
    let committer = Committer::start(store.clone(), QUEUE_DEFAULT);
    assert_eq!(committer.submit(next()).unwrap().await.unwrap(), moved(1));
}

#[tokio::test]
async fn a_full_queue_refuses_at_once() {
    let store = gated(0);
    let mut next = nth_move(&store);
    let committer = Committer::start(store.clone(), 2);
    let under_way = committer.submit(next()).unwrap();
    store.tamper.asked().await;
    let waiting = [committer.submit(next()).unwrap(), committer.submit(next()).unwrap()];
    assert_eq!(committer.submit(next()).unwrap_err(), WriteError::Busy);
    assert_eq!(committer.counts().refused_busy, 1);
    store.tamper.gate.add_permits(2);
    assert_eq!(under_way.await.unwrap(), moved(1));
    for (number, outcome) in (2..).zip(waiting) {
        assert_eq!(outcome.await.unwrap(), moved(number));
    }
}

#[tokio::test]
async fn a_thread_without_a_runtime_may_submit() {
    let store = gated(1);
    let mut next = nth_move(&store);
    let committer = Committer::start(store.clone(), QUEUE_DEFAULT);
    let write = next();
    let outcome = std::thread::spawn(move || committer.submit(write).unwrap()).join().unwrap();
    assert_eq!(outcome.await.unwrap(), moved(1));
}

#[tokio::test]
async fn a_store_that_panics_costs_one_batch_its_outcome() {
    let store = gated(2);
    store.tamper.will(Mood::Panics);
    let mut next = nth_move(&store);
    let committer = Committer::start(store.clone(), QUEUE_DEFAULT);
    let lost = [committer.submit(next()).unwrap(), committer.submit(next()).unwrap()];
    for outcome in lost {
        assert_eq!(outcome.await.unwrap(), Err(WriteError::Unknown));
    }
    // Unknown is not undone: the store of this test broke after it had written.
    assert_eq!(committer.submit(next()).unwrap().await.unwrap(), moved(3));
}

#[tokio::test]
async fn a_store_that_forgets_to_answer_leaves_nobody_waiting() {
    let store = gated(0);
    store.tamper.will(Mood::AnswersTheFirstOnly);
    let mut next = nth_move(&store);
    let committer = Committer::start(store.clone(), QUEUE_DEFAULT);
    let outcomes = [committer.submit(next()).unwrap(), committer.submit(next()).unwrap()];
    store.tamper.gate.add_permits(1);
    let [first, second] = outcomes;
    assert_eq!(first.await.unwrap(), moved(1));
    assert_eq!(second.await.unwrap(), Err(WriteError::Unknown));
}

#[test]
fn a_runtime_that_stops_leaves_nobody_waiting() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let store = gated(0);
    let mut next = nth_move(&store);
    let (committer, under_way, queued) = runtime.block_on(async {
        let committer = Committer::start(store.clone(), QUEUE_DEFAULT);
        let under_way = committer.submit(next()).unwrap();
        store.tamper.asked().await;
        let queued = committer.submit(next()).unwrap();
        (committer, under_way, queued)
    });
    drop(runtime);
    assert_eq!(under_way.blocking_recv().unwrap(), Err(WriteError::Unknown));
    assert_eq!(queued.blocking_recv().unwrap(), Err(WriteError::Unknown));
    assert_eq!(committer.submit(next()).unwrap_err(), WriteError::Busy);
    // Nothing is left to wait for.
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(committer.drain());
}

#[tokio::test]
async fn draining_settles_everything_and_takes_no_more() {
    let store = gated(0);
    let mut next = nth_move(&store);
    let committer = Committer::start(store.clone(), QUEUE_DEFAULT);
    let under_way = committer.submit(next()).unwrap();
    store.tamper.asked().await;
    let before = committer.submit(next()).unwrap();
    let drains = [committer.clone(), committer.clone()].map(|handle| tokio::spawn(async move { handle.drain().await }));
    tokio::task::yield_now().await;
    // The order to stop waits in the queue, and what comes behind it in time is still taken.
    let behind = committer.submit(next()).unwrap();
    assert!(drains.iter().all(|drain| !drain.is_finished()), "the store is still at work");
    store.tamper.gate.add_permits(2);
    for drain in drains {
        drain.await.unwrap();
    }
    for (number, mut outcome) in (1..).zip([under_way, before, behind]) {
        assert_eq!(outcome.try_recv().unwrap(), moved(number), "settled when drain returned");
    }
    assert_eq!(committer.submit(next()).unwrap_err(), WriteError::Busy);
    committer.drain().await;
}

#[tokio::test]
async fn draining_a_full_queue_waits_for_room() {
    let store = gated(0);
    let mut next = nth_move(&store);
    let committer = Committer::start(store.clone(), 1);
    let under_way = committer.submit(next()).unwrap();
    store.tamper.asked().await;
    let queued = committer.submit(next()).unwrap();
    let handle = committer.clone();
    let drain = tokio::spawn(async move { handle.drain().await });
    tokio::task::yield_now().await;
    store.tamper.gate.add_permits(2);
    drain.await.unwrap();
    for (number, mut outcome) in (1..).zip([under_way, queued]) {
        assert_eq!(outcome.try_recv().unwrap(), moved(number));
    }
}

#[tokio::test]
async fn what_was_handed_in_is_done_even_when_every_handle_is_dropped() {
    let store = gated(0);
    let mut next = nth_move(&store);
    let committer = Committer::start(store.clone(), QUEUE_DEFAULT);
    let outcome = committer.submit(next()).unwrap();
    drop(committer);
    store.tamper.gate.add_permits(1);
    assert_eq!(outcome.await.unwrap(), moved(1));
}
