//! Several processes on one Postgres: two stores that know nothing of each other, and a server that misbehaves.

use std::sync::Arc;
use std::time::Duration;

use dispatch::{RiderCaps, WriteError};
use persistence::{Fence, PostgresStore, Store, StoreError};
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};

use crate::server;
use crate::street::{Owner, assert_sound, assigned, but, driver, everything, request, shard, step, trip_id};

async fn open(url: &str) -> Arc<dyn Store> {
    Arc::new(PostgresStore::open(url).await.unwrap())
}

/// Two stores on one database, each the owner of a shard of its own.
async fn rivals() -> (String, Owner, Owner) {
    let url = server::database().await;
    let (one, two) = (open(&url).await, open(&url).await);
    (url, Owner::of(&one, shard(0)).await, Owner::of(&two, shard(1)).await)
}

async fn run(connection: &mut PgConnection, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(connection).await.unwrap();
}

#[tokio::test]
async fn of_two_processes_that_want_a_driver_one_wins_every_time() {
    let (_, one, two) = rivals().await;
    for round in 0..60 {
        let id = driver(&format!("driver-{round}"));
        one.store.settle(id.clone(), shard(0)).await.unwrap();
        let mut writes = Vec::new();
        for owner in [&one, &two] {
            let (trip, asked) = request(owner.fence, trip_id(owner.fence.shard, 1_000 + round), "eve");
            owner.write(asked).await.unwrap();
            writes.push(step(owner.fence, &trip, assigned(id.as_str())).1);
        }
        let (second, first) = (writes.pop().unwrap(), writes.pop().unwrap());
        let (first, second) = tokio::join!(one.write(first), two.write(second));
        match (first, second) {
            (Ok(_), Err(WriteError::DriverTaken)) | (Err(WriteError::DriverTaken), Ok(_)) => {}
            other => panic!("round {round}: {other:?}"),
        }
    }
    assert_sound(&*one.store).await;
    assert_eq!(everything(&*one.store).await, everything(&*two.store).await);
}

#[tokio::test]
async fn a_rider_who_asks_in_two_shards_at_once_gets_what_the_caps_allow() {
    let (_, one, two) = rivals().await;
    for round in 0..40 {
        let rider = format!("rider-{round}");
        let ask = |owner: &Owner| {
            let (_, write) = request(owner.fence, trip_id(owner.fence.shard, 1_000 + round), &rider);
            let most = u32::MAX;
            but(&write, |write| {
                let (searching_max, cancellations_max) = (most, most);
                write.caps = Some(RiderCaps { active_max: 1, searching_max, cancellations_max, since: write.at });
            })
        };
        let (first, second) = tokio::join!(one.write(ask(&one)), two.write(ask(&two)));
        let outcomes = [first, second];
        let allowed = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        let capped = outcomes.iter().filter(|outcome| matches!(outcome, Err(WriteError::Capped { .. }))).count();
        assert_eq!((allowed, capped), (1, 1), "round {round}: {outcomes:?}");
    }
}

#[tokio::test]
async fn who_claims_waits_for_the_write_under_way_and_fences_the_next() {
    let (url, one, _) = rivals().await;
    let (trip, asked) = request(one.fence, trip_id(shard(0), 1), "eve");
    let mut slow = PgConnection::connect(&url).await.unwrap();
    // A row that the write needs is held: the write has its guard, and waits.
    one.write(asked).await.unwrap();
    one.store.settle(driver("ann"), shard(0)).await.unwrap();
    run(&mut slow, "BEGIN; SELECT 1 FROM driver WHERE id = 'ann' FOR UPDATE").await;
    let (write, owner) = (step(one.fence, &trip, assigned("ann")).1, one.clone());
    let writing = tokio::spawn(async move { owner.write(write).await });
    let waits = "SELECT count(*) FROM pg_locks WHERE NOT granted";
    while sqlx::query_scalar::<_, i64>(waits).fetch_one(&mut slow).await.unwrap() == 0 {
        tokio::task::yield_now().await;
    }
    let rival = open(&url).await;
    let claiming = tokio::spawn(async move { rival.claim(shard(0)).await });
    while sqlx::query_scalar::<_, i64>(waits).fetch_one(&mut slow).await.unwrap() < 2 {
        tokio::task::yield_now().await;
    }
    run(&mut slow, "COMMIT").await;
    assert!(writing.await.unwrap().is_ok(), "the write was there first");
    assert_eq!(claiming.await.unwrap().unwrap().0, one.fence.epoch.0 + 1);
    let held = one.store.trip(trip.id).await.unwrap().unwrap();
    let late = step(one.fence, &held, dispatch::Event::DriverArrived).1;
    assert_eq!(one.write(late).await, Err(WriteError::Fenced));
}

/// A process that was stopped in mid-statement keeps what it has locked for as long as its connection lives.
#[tokio::test]
async fn who_claims_ends_the_statement_of_an_earlier_process_that_stands_in_the_way() {
    let (_server, url) = server::alone().await;
    let one = Owner::of(&open(&url).await, shard(0)).await;
    let name = "SELECT application_name FROM pg_stat_activity WHERE application_name LIKE 'hansom %' LIMIT 1";
    let mut frozen = PgConnection::connect(&url).await.unwrap();
    let earlier: String = sqlx::query_scalar(name).fetch_one(&mut frozen).await.unwrap();
    run(&mut frozen, &format!("SET application_name = '{earlier}'; BEGIN; SELECT 1 FROM shard FOR SHARE")).await;
    let rival = open(&url).await;
    assert_eq!(rival.claim(shard(0)).await.unwrap().0, one.fence.epoch.0 + 1);
    let cut = sqlx::query("SELECT 1").execute(&mut frozen).await.unwrap_err();
    assert!(cut.as_database_error().is_none_or(|cut| cut.code().as_deref() == Some("57P01")), "{cut}");
}

#[tokio::test]
async fn who_claims_gives_up_after_a_while_before_a_person_who_stands_in_the_way() {
    let (_server, url) = server::alone().await;
    let one = open(&url).await;
    let epoch = one.claim(shard(0)).await.unwrap();
    let mut person = PgConnection::connect(&url).await.unwrap();
    run(&mut person, "BEGIN; SELECT 1 FROM shard FOR SHARE").await;
    let rival = open(&url).await;
    let refused = rival.claim(shard(0)).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    run(&mut person, "COMMIT").await;
    assert_eq!(rival.claim(shard(0)).await.unwrap().0, epoch.0 + 1, "nothing was changed before");
}

#[tokio::test]
async fn of_two_processes_one_tells_events_until_it_is_silent_for_too_long() {
    let (url, one, _) = rivals().await;
    let (first, second) = (Arc::clone(&one.store), open(&url).await);
    for (store, name) in [(&first, "first"), (&second, "second")] {
        store.beat(name).await.unwrap();
    }
    let held = first.hold_events().await.unwrap().unwrap();
    assert_eq!(first.hold_events().await.unwrap(), Some(held), "it is kept, not taken anew");
    assert_eq!(second.hold_events().await.unwrap(), None);
    assert_eq!(first.advance("billing", 5, held).await.unwrap(), 5);
    assert!(matches!(second.advance("billing", 6, held).await, Err(StoreError::NotHeld)));
    // The first one falls silent: its last beat is of long ago.
    let mut clock = PgConnection::connect(&url).await.unwrap();
    run(&mut clock, "UPDATE node SET beaten_at = beaten_at - interval '4 s' WHERE name = 'first'").await;
    assert_eq!(second.hold_events().await.unwrap(), None, "it may have lost a few beats");
    run(&mut clock, "UPDATE node SET beaten_at = beaten_at - interval '2 s' WHERE name = 'first'").await;
    let later = second.hold_events().await.unwrap().unwrap();
    assert_eq!(later.0, held.0 + 1);
    // It was only slow, and goes on: what it does is refused, and its beats give it nothing back.
    assert!(matches!(first.advance("billing", 7, held).await, Err(StoreError::NotHeld)));
    first.beat("first").await.unwrap();
    assert_eq!(first.hold_events().await.unwrap(), None);
    assert_eq!(second.advance("billing", 6, later).await.unwrap(), 6);
    let nodes = second.nodes().await.unwrap();
    let told: Vec<_> = nodes.iter().map(|node| (node.name.as_str(), node.tells_events, node.is_me)).collect();
    assert_eq!(told, [("first", false, false), ("second", true, true)]);
    assert!(nodes[0].incarnation < nodes[1].incarnation && nodes[0].beats == 2, "{nodes:?}");
    // Who says that he goes need not be waited for.
    second.leave().await.unwrap();
    assert_eq!(first.hold_events().await.unwrap().map(|epoch| epoch.0), Some(held.0 + 2));
}

#[tokio::test]
async fn of_many_who_take_the_events_at_once_one_gets_them() {
    let url = server::database().await;
    let mut taking = Vec::new();
    for number in 0..8 {
        let store = open(&url).await;
        store.beat(&format!("node-{number}")).await.unwrap();
        taking.push(tokio::spawn(async move { (store.hold_events().await.unwrap(), store) }));
    }
    let mut taken = Vec::new();
    for take in taking {
        taken.push(take.await.unwrap());
    }
    assert_eq!(taken.iter().filter(|(held, _)| held.is_some()).count(), 1);
}

#[tokio::test]
async fn a_line_is_read_only_when_none_before_it_can_still_come() {
    let (url, one, _) = rivals().await;
    let mut older = PgConnection::connect(&url).await.unwrap();
    run(&mut older, "BEGIN; SELECT pg_current_xact_id()").await;
    one.requested().await;
    let store = Arc::clone(&one.store);
    let reading = tokio::spawn(async move { store.read(0, 10).await.unwrap().len() });
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!reading.is_finished(), "the older transaction may still write a line before it");
    run(&mut older, "COMMIT").await;
    assert_eq!(reading.await.unwrap(), 1);
}

#[tokio::test]
async fn a_connection_that_is_cut_makes_the_outcome_unknown_and_the_next_one_good() {
    let (url, one, _) = rivals().await;
    let (trip, asked) = request(one.fence, trip_id(shard(0), 1), "eve");
    one.write(asked).await.unwrap();
    one.store.settle(driver("ann"), shard(0)).await.unwrap();
    let mut other = PgConnection::connect(&url).await.unwrap();
    run(&mut other, "BEGIN; SELECT 1 FROM driver WHERE id = 'ann' FOR UPDATE").await;
    let (write, owner) = (step(one.fence, &trip, assigned("ann")).1, one.clone());
    let again = write.clone();
    let writing = tokio::spawn(async move { owner.write(write).await });
    let cut = "SELECT count(pg_terminate_backend(pid)) AS cut FROM pg_locks WHERE NOT granted";
    while sqlx::query(cut).fetch_one(&mut other).await.unwrap().get::<i64, _>("cut") == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(writing.await.unwrap(), Err(WriteError::Unknown));
    run(&mut other, "COMMIT").await;
    let epoch = one.store.claim(shard(0)).await.unwrap();
    let new = Fence { shard: shard(0), epoch };
    assert!(one.write(persistence::Guarded { fence: new, ..again }).await.is_ok(), "it had not been written");
}

#[tokio::test]
async fn a_database_that_cannot_be_trusted_is_not_opened() {
    let why = |opened: Result<PostgresStore, StoreError>| opened.unwrap_err().to_string();
    let bare = server::bare().await;
    let outdated = why(PostgresStore::open(&bare).await);
    assert!(outdated.ends_with("has schema version 0, this version needs 5: run `hansom migrate`"), "{outdated}");
    PostgresStore::migrate(&bare).await.unwrap();
    PostgresStore::migrate(&bare).await.unwrap();
    PostgresStore::open(&bare).await.unwrap().close().await;
    let mut connection = PgConnection::connect(&bare).await.unwrap();
    let database: String = sqlx::query_scalar("SELECT current_database()").fetch_one(&mut connection).await.unwrap();
    run(&mut connection, &format!("ALTER DATABASE {database} SET synchronous_commit = off")).await;
    let forgets = why(PostgresStore::open(&bare).await);
    assert!(forgets.ends_with("could lose what it acknowledged: set synchronous_commit = on"), "{forgets}");
    let nowhere = PostgresStore::open("mysql://localhost/city").await;
    assert!(matches!(nowhere, Err(StoreError::Unusable { .. })), "{nowhere:?}");
    let nobody = why(PostgresStore::open("postgres://hansom:hunter2@127.0.0.1:1/city").await);
    assert!(!nobody.contains("hunter2"), "{nobody}");
}

#[tokio::test]
async fn lines_go_on_where_they_ended_in_a_server_that_counts_from_the_beginning() {
    let (url, one, _) = rivals().await;
    one.requested().await;
    // What a restored dump looks like: lines of far later transactions than this server has had.
    let mut connection = PgConnection::connect(&url).await.unwrap();
    run(&mut connection, "UPDATE trip_event SET line = line + (1::bigint << 50)").await;
    let restored = open(&url).await;
    let owner = Owner::of(&restored, shard(2)).await;
    owner.requested().await;
    let lines: Vec<u64> = restored.read(0, 10).await.unwrap().into_iter().map(|(line, _)| line).collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[1] > lines[0] && lines[0] > 1 << 50);
}
