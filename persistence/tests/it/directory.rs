//! Who may open a data directory, and what is in it the next time.

use std::path::Path;
use std::sync::Arc;

use dispatch::{Epoch, Event, WriteError};
use persistence::{Done, Guarded, Ownership, SqliteStore, Store, StoreError};

use crate::street::{Owner, assert_sound, called_off, driver, everything, given_back, key, settled, shard, with_key};

async fn open(directory: &Path) -> Arc<dyn Store> {
    Arc::new(SqliteStore::open(directory).await.unwrap())
}

/// A store with something of everything in it, and one trip that goes on.
async fn history(store: &Arc<dyn Store>) -> (Owner, dispatch::Trip) {
    settled(store, &["ann", "bob"], shard(0)).await;
    settled(store, &["cid"], shard(1)).await;
    let (here, there) = (Owner::of(store, shard(0)).await, Owner::of(store, shard(1)).await);
    let (_, keyed) = here.request();
    here.write(with_key(&keyed, &key("eve", "1"))).await.unwrap();
    let trip = here.under_way("cid").await;
    let ended = there.under_way("bob").await;
    there.stepped(&ended, called_off(dispatch::Party::Rider)).await;
    (here, trip)
}

#[tokio::test]
async fn a_store_that_is_opened_again_knows_everything() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await;
    let (here, trip) = history(&store).await;
    let (known, by_key) = (everything(&*store).await, store.trip_by_key(key("eve", "1")).await.unwrap());
    let fence = here.fence;
    drop((here, store));

    let store = open(directory.path()).await;
    assert_eq!(everything(&*store).await, known);
    assert_eq!(store.trip_by_key(key("eve", "1")).await.unwrap(), by_key);
    // Opening claims nothing: the owner goes on where it was, without a gap, until someone claims.
    let here = Owner { store: Arc::clone(&store), fence };
    let (_, arrives) = here.step(&trip, Event::DriverArrived);
    assert_eq!(here.write(arrives).await, Ok(Done::Journaled { seq: 4 }));
    assert_eq!(store.claim(shard(0)).await.unwrap(), Epoch(2));
    here.refuses(here.request().1, WriteError::Fenced).await;
    assert_sound(&*store).await;
}

#[tokio::test]
async fn a_directory_that_is_missing_is_made() {
    let directory = tempfile::tempdir().unwrap();
    let deep = directory.path().join("a/b/c");
    drop(SqliteStore::open(&deep).await.unwrap());
    assert!(deep.join("hansom.sqlite").is_file());
}

#[tokio::test]
async fn a_path_that_is_no_directory_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    std::fs::write(&file, "text").unwrap();
    for path in [file.clone(), file.join("below")] {
        let refused = SqliteStore::open(&path).await.unwrap_err();
        assert!(matches!(&refused, StoreError::Unusable { path: named, .. } if *named == path.display().to_string()));
    }
    let database = directory.path().join("hansom.sqlite");
    std::fs::create_dir(&database).unwrap();
    let refused = SqliteStore::open(directory.path()).await.unwrap_err();
    let named = database.display().to_string();
    assert!(matches!(&refused, StoreError::Unusable { path, .. } if *path == named), "{refused:?}");
}

#[tokio::test]
async fn a_directory_is_opened_once_at_a_time() {
    let directory = tempfile::tempdir().unwrap();
    let first = SqliteStore::open(directory.path()).await.unwrap();
    let refused = SqliteStore::open(directory.path()).await.unwrap_err();
    let named = directory.path().display().to_string();
    assert!(matches!(&refused, StoreError::InUse { path } if *path == named), "{refused:?}");
    // The one who has it is not disturbed.
    assert_eq!(first.claim(shard(0)).await.unwrap(), Epoch(1));
    drop(first);
    let second = SqliteStore::open(directory.path()).await.unwrap();
    assert_eq!(second.claim(shard(0)).await.unwrap(), Epoch(2));
}

#[tokio::test]
async fn a_closed_store_is_one_file_and_answers_no_more() {
    let directory = tempfile::tempdir().unwrap();
    let sqlite = Arc::new(SqliteStore::open(directory.path()).await.unwrap());
    let store: Arc<dyn Store> = sqlite.clone();
    let (here, _) = history(&store).await;
    let known = everything(&*store).await;
    sqlite.close().await.unwrap();

    let (_, write) = here.request();
    assert_eq!(here.write(write).await, Err(WriteError::Unknown));
    assert!(matches!(store.claim(shard(0)).await, Err(StoreError::Unavailable(_))));
    assert!(matches!(store.driver(driver("ann")).await, Err(StoreError::Unavailable(_))));
    assert!(sqlite.close().await.is_err());

    // The log was moved into the database: the file alone is a whole backup.
    let backup = tempfile::tempdir().unwrap();
    std::fs::copy(directory.path().join("hansom.sqlite"), backup.path().join("hansom.sqlite")).unwrap();
    assert_eq!(everything(&*open(backup.path()).await).await, known);
    // The directory is free although the closed store is still there.
    assert_eq!(everything(&*open(directory.path()).await).await, known);
}

/// Also while connections that read are still open.
#[tokio::test]
async fn a_dropped_store_is_one_file() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await;
    let (owner, _) = history(&store).await;
    let known = everything(&*store).await;
    drop((owner, store));
    let backup = tempfile::tempdir().unwrap();
    std::fs::copy(directory.path().join("hansom.sqlite"), backup.path().join("hansom.sqlite")).unwrap();
    assert_eq!(everything(&*open(backup.path()).await).await, known);
}

/// A future that is dropped in the middle of a transaction must not leave it open (sqlx #4393).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_stops_waiting_stops_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await;
    settled(&store, &["ann"], shard(0)).await;
    let owner = Owner::of(&store, shard(0)).await;
    for _ in 0..50 {
        let impatient = owner.clone();
        let (trip, write) = owner.request();
        let waiting = tokio::spawn(async move { impatient.write(write).await });
        tokio::task::yield_now().await;
        waiting.abort();
        let _ = waiting.await;
        let (_, next) = owner.request();
        owner.write(next).await.unwrap();
        // Whole or not at all.
        let version = store.trip(trip.id).await.unwrap().map(|trip| trip.version);
        assert!(matches!(version, None | Some(1)));
    }
    assert_sound(&*store).await;
}

/// The thread that writes is not the runtime's.
#[test]
fn a_runtime_that_stops_leaves_the_store_whole() {
    let directory = tempfile::tempdir().unwrap();
    let runtime = || tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let first = runtime();
    let store = first.block_on(open(directory.path()));
    let owner = first.block_on(async {
        settled(&store, &["ann"], shard(0)).await;
        Owner::of(&store, shard(0)).await
    });
    let writes: Vec<Guarded> = (0..200).map(|_| owner.request().1).collect();
    let busy = Arc::clone(&store);
    first.spawn(async move { busy.commit(writes).await });
    first.shutdown_background();

    runtime().block_on(async {
        let trip = owner.under_way("ann").await;
        assert_eq!(store.trip(trip.id).await.unwrap(), Some(trip.clone()));
        owner.stepped(&trip, given_back()).await;
        assert_sound(&*store).await;
    });
    drop((owner, store));
    runtime().block_on(async { assert_sound(&*open(directory.path()).await).await });
}
