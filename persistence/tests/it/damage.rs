//! Databases that are broken, foreign, too new, or edited by hand.

use std::path::Path;
use std::sync::Arc;

use dispatch::{Event, Trip, WriteError};
use persistence::{Done, SqliteStore, Store, StoreError};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqliteConnection};

use crate::street::{
    Owner, assert_sound, assigned, cancelled, driver, everything, given_back, key, request, settled, shard, with_key,
};

async fn open(directory: &Path) -> Arc<dyn Store> {
    Arc::new(SqliteStore::open(directory).await.unwrap())
}

/// A hand that edits the file, past the store.
async fn by_hand(directory: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(directory.join("hansom.sqlite")).create_if_missing(true);
    options.connect().await.unwrap()
}

async fn run(hand: &mut SqliteConnection, sql: &str) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(hand).await.map(|_| ())
}

/// A hand that takes the constraints away first: what nobody could write, a broken disk can.
async fn by_force(directory: &Path, sql: &str) {
    let mut hand = by_hand(directory).await;
    let unguarded = "PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF; PRAGMA writable_schema = ON; \
         UPDATE sqlite_schema SET sql = replace(replace(replace(replace(replace(sql, 'TEXT NOT NULL', 'TEXT'), \
         'INTEGER NOT NULL', 'INTEGER'), 'REAL NOT NULL', 'REAL'), 'STRICT, ', ''), ') STRICT', ')') \
         WHERE type = 'table'; PRAGMA writable_schema = RESET";
    run(&mut hand, unguarded).await.unwrap();
    run(&mut hand, sql).await.unwrap();
    hand.close().await.unwrap();
}

/// A shard with one trip that ann drives, and one that searches. The key is the first trip's.
async fn city(store: &Arc<dyn Store>) -> (Owner, Trip, Trip) {
    settled(store, &["ann", "bob"], shard(0)).await;
    let owner = Owner::of(store, shard(0)).await;
    let (driven, write) = owner.request();
    owner.write(with_key(&write, &key("eve", "1"))).await.unwrap();
    let driven = owner.stepped(&driven, assigned("ann")).await;
    let searching = owner.requested().await;
    (owner, driven, searching)
}

/// What reading says that needs this row.
#[derive(Clone, Copy, Debug)]
enum Reading {
    TheTrip,
    TheDriver,
    TheShard,
    TheJournal,
    TheKey,
    AllTrips,
    AllDrivers,
    TheClaim,
    TheSession,
    TheCount,
    Work,
}

async fn read(store: &dyn Store, reading: Reading, trip: &Trip) -> Result<(), StoreError> {
    match reading {
        Reading::TheTrip => store.trip(trip.id).await.map(|_| ()),
        Reading::TheDriver => store.driver(driver("ann")).await.map(|_| ()),
        Reading::TheShard => store.load(shard(0)).await.map(|_| ()),
        Reading::TheJournal => store.read(0, 100).await.map(|_| ()),
        Reading::TheKey => store.trip_by_key(key("eve", "1")).await.map(|_| ()),
        Reading::AllTrips => store.all_trips().await.map(|_| ()),
        Reading::AllDrivers => store.all_drivers().await.map(|_| ()),
        Reading::TheClaim => store.claim(shard(0)).await.map(|_| ()),
        Reading::TheSession => store.open_session(driver("ann")).await.map(|_| ()),
        Reading::TheCount => store.trips_by_stage().await.map(|_| ()),
        Reading::Work => store.shards_with_work().await.map(|_| ()),
    }
}

#[tokio::test]
async fn a_value_that_cannot_be_read_is_named() {
    use Reading::*;
    // What a hand changes, who notices, and which column holds which value then. `$` is the trip that ann drives.
    let cases: &[(&str, &[Reading], &str, &str)] = &[
        ("UPDATE trip SET stage = 'flying' WHERE id = '$'", &[TheTrip, AllTrips, TheCount], "trip.stage", "flying"),
        ("UPDATE trip SET stage = NULL WHERE id = '$'", &[TheTrip, AllTrips, TheCount], "trip.stage", "NULL"),
        ("UPDATE trip SET stage = 7 WHERE id = '$'", &[TheTrip, AllTrips], "trip.stage", "7"),
        (
            "UPDATE trip SET pickup_lat = 400 WHERE id = '$'",
            &[TheTrip, TheShard, TheDriver, TheKey],
            "trip.pickup_lat",
            "400.0",
        ),
        ("UPDATE trip SET pickup_lon = -180.5 WHERE id = '$'", &[TheTrip, TheShard], "trip.pickup_lon", "-180.5"),
        ("UPDATE trip SET dropoff_lat = 9e999 WHERE id = '$'", &[TheTrip, TheShard], "trip.dropoff_lat", "Inf"),
        ("UPDATE trip SET dropoff_lon = NULL WHERE id = '$'", &[TheTrip, TheShard], "trip.dropoff_lon", "NULL"),
        ("UPDATE trip SET dropoff_lon = 'west' WHERE id = '$'", &[TheTrip, TheShard], "trip.dropoff_lon", "west"),
        ("UPDATE trip SET class = 'tank' WHERE id = '$'", &[TheTrip, TheShard], "trip.class", "tank"),
        ("UPDATE trip SET seats = 9 WHERE id = '$'", &[TheTrip, TheShard], "trip.seats", "9"),
        ("UPDATE trip SET seats = NULL WHERE id = '$'", &[TheTrip, TheShard], "trip.seats", "NULL"),
        ("UPDATE trip SET wheelchair = 2 WHERE id = '$'", &[TheTrip, TheShard], "trip.wheelchair", "2"),
        ("UPDATE trip SET pets = -1 WHERE id = '$'", &[TheTrip, TheShard], "trip.pets", "-1"),
        ("UPDATE trip SET rider = '' WHERE id = '$'", &[TheTrip, TheShard], "trip.rider", ""),
        ("UPDATE trip SET rider = NULL WHERE id = '$'", &[TheTrip, TheShard], "trip.rider", "NULL"),
        ("UPDATE trip SET shard = 5 WHERE id = '$'", &[TheTrip, TheDriver], "trip.shard", "5"),
        ("UPDATE trip SET driver = NULL WHERE id = '$'", &[TheTrip, TheShard], "trip.driver", "NULL"),
        ("UPDATE trip SET driver = 'no name' WHERE id = '$'", &[TheTrip, TheShard], "trip.driver", "no name"),
        ("UPDATE trip SET driver = 'bob' WHERE id = '$'", &[TheShard, TheDriver, TheSession], "driver.trip", "$"),
        ("UPDATE driver SET trip = NULL WHERE id = 'ann'", &[TheShard], "trip.driver", "ann"),
        ("UPDATE trip SET stage = 'searching' WHERE id = '$'", &[TheTrip, TheShard], "trip.driver", "ann"),
        ("UPDATE trip SET stage = 'cancelled' WHERE id = '$'", &[TheTrip], "trip.cancelled_by", "NULL"),
        ("UPDATE trip SET cancelled_by = 'rider' WHERE id = '$'", &[TheTrip], "trip.cancelled_by", "rider"),
        ("UPDATE trip SET cancelled_by = 'weather' WHERE id = '$'", &[TheTrip], "trip.cancelled_by", "weather"),
        ("UPDATE trip SET cancel_reason = 'rain' WHERE id = '$'", &[TheTrip], "trip.cancel_reason", "rain"),
        ("UPDATE trip SET cancel_reason = 'other' WHERE id = '$'", &[TheTrip], "trip.cancel_reason", "other"),
        ("UPDATE trip SET cancel_fee = 'dear' WHERE id = '$'", &[TheTrip], "trip.cancel_fee", "dear"),
        ("UPDATE trip SET cancel_fee = 'late' WHERE id = '$'", &[TheTrip], "trip.cancel_fee", "late"),
        ("UPDATE trip SET since = -1 WHERE id = '$'", &[TheTrip, TheShard], "trip.since", "-1"),
        (
            "UPDATE trip SET requested_at = 281474976710656 WHERE id = '$'",
            &[TheTrip],
            "trip.requested_at",
            "281474976710656",
        ),
        ("UPDATE trip SET version = 0 WHERE id = '$'", &[TheTrip, TheShard], "trip.version", "0"),
        ("UPDATE trip SET version = 4294967296 WHERE id = '$'", &[TheTrip], "trip.version", "4294967296"),
        ("UPDATE trip SET version = 1.5 WHERE id = '$'", &[TheTrip], "trip.version", "1.5"),
        ("UPDATE trip SET id = 'trip-1' WHERE id = '$'", &[AllTrips], "trip.id", "trip-1"),
        (
            "UPDATE driver SET id = 'ann of the north' WHERE id = 'ann'",
            &[AllDrivers, TheShard],
            "driver.id",
            "ann of the north",
        ),
        ("UPDATE driver SET home = 12 WHERE id = 'ann'", &[TheDriver, TheSession, Work], "driver.home", "12"),
        ("UPDATE driver SET generation = -3 WHERE id = 'ann'", &[TheDriver, TheShard], "driver.generation", "-3"),
        ("UPDATE driver SET session = NULL WHERE id = 'ann'", &[TheDriver, TheSession], "driver.session", "NULL"),
        ("UPDATE driver SET trip = 'none' WHERE id = 'ann'", &[TheDriver, AllDrivers], "driver.trip", "none"),
        ("UPDATE shard SET epoch = 0", &[TheClaim], "shard.epoch", "0"),
        ("UPDATE shard SET epoch = 'first'", &[TheClaim], "shard.epoch", "first"),
        ("UPDATE trip_event SET shard = 1 WHERE line = 2", &[TheJournal], "trip_event.shard", "1"),
        ("UPDATE trip_event SET epoch = NULL WHERE line = 2", &[TheJournal], "trip_event.epoch", "NULL"),
        ("UPDATE trip_event SET seq = 0 WHERE line = 2", &[TheJournal], "trip_event.seq", "0"),
        (
            "UPDATE trip_event SET trip = x'00ff' WHERE line = 2",
            &[TheJournal],
            "trip_event.trip",
            "bytes that are no text",
        ),
        ("UPDATE trip_event SET version = -2 WHERE line = 2", &[TheJournal], "trip_event.version", "-2"),
        ("UPDATE trip_event SET kind = 'stolen' WHERE line = 2", &[TheJournal], "trip_event.kind", "stolen"),
        (
            "UPDATE trip_event SET kind = 'requested' WHERE line = 2",
            &[TheJournal],
            "trip_event.payload",
            r#"{"v":1,"driver":"ann"}"#,
        ),
        ("UPDATE trip_event SET payload = '{}' WHERE line = 2", &[TheJournal], "trip_event.payload", "{}"),
        (
            "UPDATE trip_event SET payload = '{\"v\":2,\"driver\":\"ann\"}' WHERE line = 2",
            &[TheJournal],
            "trip_event.payload",
            r#"{"v":2,"driver":"ann"}"#,
        ),
        ("UPDATE trip_event SET at = 1e20 WHERE line = 2", &[TheJournal], "trip_event.at", "1.0e+20"),
    ];
    for (sql, readings, column, value) in cases {
        let directory = tempfile::tempdir().unwrap();
        let store = open(directory.path()).await;
        let (_, trip, _) = city(&store).await;
        drop(store);
        let fill = |text: &str| text.replace('$', &trip.id.to_string());
        by_force(directory.path(), &fill(sql)).await;
        let store = open(directory.path()).await;
        for reading in *readings {
            let refused = read(&*store, *reading, &trip).await.expect_err(sql);
            let StoreError::Corrupt { table, column: named, value: shown, allowed } = &refused else {
                panic!("{sql}: {reading:?}: {refused:?}");
            };
            assert_eq!(format!("{table}.{named}"), *column, "{sql}: {reading:?}");
            assert_eq!(*shown, fill(value), "{sql}: {reading:?}");
            assert!(!allowed.is_empty());
        }
    }
}

#[tokio::test]
async fn an_unreadable_row_refuses_the_writes_that_need_it_and_no_others() {
    let cases = [
        "UPDATE trip SET stage = 'flying' WHERE id = '$'",
        "UPDATE trip SET version = NULL WHERE id = '$'",
        "UPDATE driver SET generation = -3 WHERE id = 'ann'",
        "UPDATE driver SET trip = 'none' WHERE id = 'ann'",
        // This one can be read, but is not what the trip's row says.
        "UPDATE driver SET trip = NULL WHERE id = 'ann'",
    ];
    for sql in cases {
        let directory = tempfile::tempdir().unwrap();
        let store = open(directory.path()).await;
        let (owner, driven, searching) = city(&store).await;
        drop(store);
        let (fence, events) = (owner.fence, [given_back(), assigned("bob")]);
        drop(owner);
        by_force(directory.path(), &sql.replace('$', &driven.id.to_string())).await;

        let store = open(directory.path()).await;
        let owner = Owner { store: Arc::clone(&store), fence };
        let [back, taken] = events;
        let (_, needs_it) = owner.step(&driven, back);
        let (after, does_not) = owner.step(&searching, taken);
        // Nor is a row that cannot be read a row that is not there.
        let (_, again) = request(fence, driven.id, "eve");
        let outcomes = store.commit(vec![needs_it, again, does_not]).await;
        let refused = Err(WriteError::Stale);
        assert_eq!(outcomes, [refused.clone(), refused, Ok(Done::Journaled { seq: 4 })], "{sql}");
        assert_eq!(store.trip(searching.id).await.unwrap(), Some(after));
        assert_eq!(store.open_session(driver("bob")).await.unwrap().session.0, 2);
    }
}

#[tokio::test]
async fn an_unreadable_epoch_is_nobodys() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await;
    let (owner, ..) = city(&store).await;
    let fence = owner.fence;
    drop((owner, store));
    by_force(directory.path(), "UPDATE shard SET epoch = 'first'").await;
    let store = open(directory.path()).await;
    let owner = Owner { store: Arc::clone(&store), fence };
    assert_eq!(owner.write(owner.request().1).await, Err(WriteError::Fenced));
}

/// The last line of defence: what the schema refuses although a hand asks for it.
#[tokio::test]
async fn the_schema_itself_refuses_what_must_not_be() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await;
    let (owner, driven, searching) = city(&store).await;
    let arrived = owner.stepped(&driven, Event::DriverArrived).await;
    owner.stepped(&arrived, Event::PickedUp).await;
    let known = everything(&*store).await;
    let cases = [
        ("UPDATE trip SET stage = 'en_route', driver = 'ann' WHERE id = '$'", "UNIQUE constraint failed: trip.driver"),
        ("UPDATE trip SET stage = 'arrived', driver = 'ann' WHERE id = '$'", "UNIQUE constraint failed: trip.driver"),
        (
            "UPDATE trip SET stage = 'in_progress', driver = 'ann' WHERE id = '$'",
            "UNIQUE constraint failed: trip.driver",
        ),
        ("UPDATE driver SET trip = (SELECT trip FROM driver WHERE id = 'ann') WHERE id = 'bob'", "UNIQUE"),
        ("UPDATE driver SET trip = 'none' WHERE id = 'bob'", "FOREIGN KEY"),
        ("UPDATE trip SET stage = 'flying' WHERE id = '$'", "CHECK"),
        ("UPDATE trip SET stage = 'arrived' WHERE id = '$'", "CHECK"),
        ("UPDATE trip SET stage = 'cancelled' WHERE id = '$'", "CHECK"),
        ("UPDATE trip SET pickup_lat = 400 WHERE id = '$'", "CHECK"),
        ("UPDATE trip SET pickup_lat = 'north' WHERE id = '$'", "cannot store TEXT value in REAL column"),
        ("UPDATE trip SET rider = NULL WHERE id = '$'", "NOT NULL"),
        ("UPDATE trip SET version = 0 WHERE id = '$'", "CHECK"),
        ("UPDATE shard SET epoch = 0", "CHECK"),
        ("UPDATE driver SET generation = 0 WHERE id = 'ann'", "CHECK"),
        ("UPDATE trip_event SET seq = 1 WHERE line = 2", "UNIQUE constraint failed: trip_event.shard"),
        ("UPDATE trip_event SET version = 1 WHERE line = 2", "UNIQUE constraint failed: trip_event.trip"),
        ("UPDATE trip_event SET kind = 'stolen' WHERE line = 2", "CHECK"),
        ("UPDATE trip_event SET payload = '{' WHERE line = 2", "CHECK"),
        ("UPDATE trip_event SET epoch = 1.5 WHERE line = 2", "cannot store REAL value in INTEGER column"),
        ("INSERT INTO idempotency VALUES ('eve', '1', '$')", "UNIQUE"),
        ("DELETE FROM trip WHERE id = '$'", "FOREIGN KEY"),
        ("DELETE FROM shard", "FOREIGN KEY"),
    ];
    let mut hand = by_hand(directory.path()).await;
    for (sql, why) in cases {
        let refused = run(&mut hand, &sql.replace('$', &searching.id.to_string())).await.expect_err(sql).to_string();
        assert!(refused.contains(why), "{sql}: {refused}");
    }
    assert_eq!(everything(&*store).await, known);
}

/// A trigger that stands for a disk that fails in the middle of a transaction.
const TRAP: &str = "CREATE TRIGGER trap BEFORE INSERT ON idempotency WHEN NEW.key = 'trap' \
     BEGIN SELECT RAISE(ABORT, 'the disk is gone'); END";

#[tokio::test]
async fn a_transaction_that_fails_is_unknown_and_the_next_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await;
    let (owner, driven, searching) = city(&store).await;
    let mut hand = by_hand(directory.path()).await;
    run(&mut hand, TRAP).await.unwrap();
    let known = everything(&*store).await;
    for _ in 0..2 {
        let (_, first) = owner.step(&driven, given_back());
        let (_, trapped) = owner.request();
        let (_, last) = owner.step(&searching, cancelled());
        let writes = vec![first.clone(), first, with_key(&trapped, &key("eve", "trap")), last];
        assert_eq!(store.commit(writes).await, vec![Err(WriteError::Unknown); 4]);
        assert_eq!(everything(&*store).await, known, "all or nothing");
    }
    assert_eq!(owner.write(owner.request().1).await, Ok(Done::Journaled { seq: 4 }));
    assert_eq!(store.open_session(driver("ann")).await.unwrap().session.0, 2);
    assert_sound(&*store).await;
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let garbage: Vec<u8> = (0..20_000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    for content in [garbage, b"this is a letter, not a database".to_vec()] {
        let directory = tempfile::tempdir().unwrap();
        let database = directory.path().join("hansom.sqlite");
        std::fs::write(&database, &content).unwrap();
        let refused = SqliteStore::open(directory.path()).await.unwrap_err();
        let named = database.display().to_string();
        assert!(matches!(&refused, StoreError::Damaged { path, .. } if *path == named), "{refused:?}");
        assert_eq!(std::fs::read(&database).unwrap(), content);
    }
}

#[tokio::test]
async fn a_file_that_was_cut_short_is_refused() {
    let whole = tempfile::tempdir().unwrap();
    let store = open(whole.path()).await;
    city(&store).await;
    drop(store);
    let content = std::fs::read(whole.path().join("hansom.sqlite")).unwrap();
    for length in [100, 4_096, content.len() / 2, content.len() - 4_096] {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("hansom.sqlite"), &content[..length]).unwrap();
        let refused = SqliteStore::open(directory.path()).await.expect_err(&length.to_string());
        assert!(matches!(refused, StoreError::Damaged { .. }), "{length}: {refused:?}");
    }
}

#[tokio::test]
async fn the_database_of_another_program_is_refused_and_left_alone() {
    for sql in ["CREATE TABLE recipe (name TEXT)", "PRAGMA application_id = 42", "PRAGMA user_version = 1"] {
        let directory = tempfile::tempdir().unwrap();
        let mut hand = by_hand(directory.path()).await;
        run(&mut hand, sql).await.unwrap();
        hand.close().await.unwrap();
        let content = std::fs::read(directory.path().join("hansom.sqlite")).unwrap();
        let refused = SqliteStore::open(directory.path()).await.expect_err(sql);
        assert!(matches!(refused, StoreError::Damaged { .. }), "{refused:?}");
        assert_eq!(std::fs::read(directory.path().join("hansom.sqlite")).unwrap(), content);
    }
}

#[tokio::test]
async fn the_database_of_a_newer_version_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await;
    city(&store).await;
    let known = everything(&*store).await;
    drop(store);
    let mut hand = by_hand(directory.path()).await;
    run(&mut hand, "PRAGMA user_version = 10").await.unwrap();
    let refused = SqliteStore::open(directory.path()).await.unwrap_err();
    assert!(matches!(refused, StoreError::Newer { found: 10, known: 8, .. }), "{refused:?}");
    let text = refused.to_string();
    assert!(text.contains("schema version 10") && text.contains("knows 8"), "{text}");
    run(&mut hand, "PRAGMA user_version = 8").await.unwrap();
    hand.close().await.unwrap();
    assert_eq!(everything(&*open(directory.path()).await).await, known);
}

/// What earlier versions left on disk: fewer columns, shorter lists of what there is, a journal that says nothing of it.
#[tokio::test]
async fn a_database_of_an_earlier_version_is_brought_up_to_date() {
    let columns = [
        ("route", 6),
        ("car", 4),
        ("host", 4),
        ("cancel_fee", 3),
        ("cancel_reason", 3),
        ("currency", 2),
        ("surge", 2),
        ("fare", 2),
        ("shared", 2),
        ("pickup_at", 2),
    ];
    let columns = columns.into_iter().chain(["class", "seats", "wheelchair", "pets"].map(|column| (column, 1)));
    let columns: Vec<(&str, u32)> = columns.collect();
    for version in [3, 2, 1] {
        let directory = tempfile::tempdir().unwrap();
        let store = open(directory.path()).await;
        let (_, driven, searching) = city(&store).await;
        let known = everything(&*store).await;
        drop(store);
        let mut hand = by_hand(directory.path()).await;
        run(&mut hand, "DROP INDEX active_of_rider; DROP INDEX called_off_by_rider; DROP INDEX scheduled_by_rider")
            .await
            .unwrap();
        let without_guests = "DROP INDEX one_active; \
             CREATE UNIQUE INDEX one_active ON trip (driver) WHERE stage IN ('en_route', 'arrived', 'in_progress')";
        run(&mut hand, without_guests).await.unwrap();
        run(&mut hand, "DROP TABLE event_cursor; DROP TABLE dead_letter; DROP TABLE policy_revision").await.unwrap();
        for (column, _) in columns.iter().filter(|(_, last_without)| *last_without >= version) {
            run(&mut hand, &format!("ALTER TABLE trip DROP COLUMN {column}")).await.unwrap();
        }
        let shorter = "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = \
             replace(replace(sql, '''scheduled'', ', ''), '''activated'', ', ''); PRAGMA writable_schema = RESET";
        let later = "UPDATE trip SET stage = 'scheduled' WHERE stage = 'searching'";
        if version < 3 {
            run(&mut hand, shorter).await.unwrap();
            run(&mut hand, later).await.expect_err("what is tested here is not of an earlier version");
        }
        run(&mut hand, &format!("PRAGMA user_version = {version}")).await.unwrap();
        hand.close().await.unwrap();
        let store = open(directory.path()).await;
        assert_eq!(everything(&*store).await, known);
        for trip in [&driven, &searching] {
            assert_eq!(store.trip(trip.id).await.unwrap().as_ref(), Some(trip));
        }
        drop(store);
        let mut hand = by_hand(directory.path()).await;
        run(&mut hand, later).await.unwrap();
        run(&mut hand, "UPDATE trip_event SET kind = 'activated' WHERE version = 2").await.unwrap();
        let whole: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut hand).await.unwrap();
        assert_eq!(whole, "ok");
        hand.close().await.unwrap();
    }
}
