//! Every part of the guard, taken away: what then goes wrong, on a real server, is what the part is for.
//!
//! The schema repeats two of the promises (a driver in one active trip, one step of each version), so the constraints that
//! would hide a weaker guard are taken away, too.

use std::time::Duration;

use dispatch::{RiderCaps, WriteError};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::*;
use crate::postgres::look::look;
use crate::rows::{Changes, Known};
use crate::{Fence, Guarded, PostgresStore, Store};

use street::{Owner, assigned, but, cancelled, driver, request, shard, step, trip_id};

#[path = "../../../tests/it/server.rs"]
#[expect(dead_code, reason = "shared with the tests from outside")]
mod server;
#[path = "../../../tests/it/street.rs"]
#[expect(dead_code, reason = "shared with the tests from outside")]
mod street;

/// A part of the guard, and what is left without it.
type Weakened = (&'static str, &'static str);

const EPOCH: Weakened = (" AND shard.epoch = w.epoch ORDER", " ORDER");
const LOCK: Weakened = (" FOR SHARE OF shard", "");
const KEY_LOCK: Weakened = ("FOR SHARE OF shard", "FOR KEY SHARE OF shard");
const REVISION: Weakened = ("d.xmin::text::bigint = w.revision AND ", "");
const VERSION: Weakened = ("t.version = w.held AND ", "");
const REQUESTS: Weakened = (" WHERE r.requests = excluded.requests - 1", "");

fn without(part: Weakened) -> String {
    let weaker = SAVE.replacen(part.0, part.1, 1);
    assert_ne!(weaker, SAVE, "the guard has no {part:?}");
    weaker
}

struct Scene {
    store: std::sync::Arc<dyn Store>,
    owner: Owner,
    rival: Owner,
    mine: PgConnection,
}

/// Two owners on one database, and a connection on which a statement can be held up between looking and writing.
async fn scene() -> Scene {
    let url = server::database().await;
    let store: std::sync::Arc<dyn Store> = std::sync::Arc::new(PostgresStore::open(&url).await.unwrap());
    let (owner, rival) = (Owner::of(&store, shard(0)).await, Owner::of(&store, shard(1)).await);
    store.settle(driver("ann"), shard(0)).await.unwrap();
    Scene { store, owner, rival, mine: PgConnection::connect(&url).await.unwrap() }
}

impl Scene {
    async fn run(&mut self, sql: &str) {
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut self.mine).await.unwrap();
    }

    async fn count(&mut self, sql: &str) -> i64 {
        sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_one(&mut self.mine).await.unwrap()
    }

    /// Looks, then lets the rival write, then saves by this statement what was decided before.
    async fn interleaved(&mut self, statement: &str, write: Guarded, rival: Option<Guarded>) -> Result<(), String> {
        let writes = [write];
        let (mut known, seen) = look(&mut self.mine, &writes).await.unwrap();
        match rival {
            Some(rival) => drop(self.rival.write(rival).await.unwrap()),
            None => drop(self.store.claim(shard(0)).await.unwrap()),
        }
        save_decided(statement, &mut self.mine, &mut known, &seen, &writes).await
    }
}

async fn save_decided(
    statement: &str,
    connection: &mut PgConnection,
    known: &mut Known,
    seen: &Seen,
    writes: &[Guarded],
) -> Result<(), String> {
    let mut changes = Changes::default();
    for guarded in writes {
        known.decide(guarded, &mut changes).expect("nothing speaks against it as it was seen");
    }
    let fences: Vec<Fence> = vec![writes[0].fence];
    let saved = save_by(AssertSqlSafe(statement.to_owned()), connection, &changes, seen, &fences).await;
    let code = |failed: sqlx::Error| failed.as_database_error().and_then(|e| e.code()).unwrap_or_default().into_owned();
    saved.map_err(code)
}

const REFUSED: &str = "HN001";

#[tokio::test]
async fn without_the_epoch_a_former_owner_writes() {
    for (statement, holds) in [(SAVE.to_owned(), true), (without(EPOCH), false)] {
        let mut scene = scene().await;
        let (_, write) = scene.owner.request();
        let written = scene.interleaved(&statement, write.clone(), None).await;
        let old = "SELECT count(*) FROM trip_event e JOIN shard s ON s.shard = e.shard WHERE e.epoch < s.epoch";
        if holds {
            assert_eq!((written, scene.count(old).await), (Err(REFUSED.to_owned()), 0));
            assert_eq!(scene.owner.write(write).await, Err(WriteError::Fenced));
        } else {
            assert_eq!((written, scene.count(old).await), (Ok(()), 1), "a shard has two effective owners");
        }
    }
}

#[tokio::test]
async fn without_a_lock_that_a_claim_waits_for_the_next_owner_misses_what_was_written() {
    for (statement, holds) in [(SAVE.to_owned(), true), (without(LOCK), false), (without(KEY_LOCK), false)] {
        let mut scene = scene().await;
        let asked = scene.owner.requested().await;
        let (_, write) = scene.owner.step(&asked, assigned("ann"));
        let writes = [write];
        let (mut known, seen) = look(&mut scene.mine, &writes).await.unwrap();
        // The statement is done, and not committed yet: as on a server whose disk is slow.
        scene.run("BEGIN").await;
        save_decided(&statement, &mut scene.mine, &mut known, &seen, &writes).await.unwrap();
        let store = std::sync::Arc::clone(&scene.store);
        let mut next = tokio::spawn(async move {
            store.claim(shard(0)).await.unwrap();
            store.load(shard(0)).await.unwrap()
        });
        let early = tokio::time::timeout(Duration::from_millis(300), &mut next).await;
        assert_eq!(early.is_err(), holds, "{statement}");
        scene.run("COMMIT").await;
        let loaded = match early {
            Ok(loaded) => loaded.unwrap(),
            Err(_) => next.await.unwrap(),
        };
        let version = loaded.trips[0].0.version;
        assert_eq!(version, if holds { 2 } else { 1 }, "what the next owner knows of a step that is acknowledged");
    }
}

#[tokio::test]
async fn without_the_drivers_revision_a_driver_is_committed_to_two_trips() {
    for (statement, holds) in [(SAVE.to_owned(), true), (without(REVISION), false)] {
        let mut scene = scene().await;
        scene.run("DROP INDEX one_active").await;
        let (mine, other) = (scene.owner.requested().await, scene.rival.requested().await);
        let (_, write) = scene.owner.step(&mine, assigned("ann"));
        let rival = step(scene.rival.fence, &other, assigned("ann")).1;
        let written = scene.interleaved(&statement, write, Some(rival)).await;
        let trips = scene.count("SELECT count(*) FROM trip WHERE driver = 'ann' AND stage = 'en_route'").await;
        let expected = if holds { (Err(REFUSED.to_owned()), 1) } else { (Ok(()), 2) };
        assert_eq!((written, trips), expected, "trips that ann is committed to");
    }
}

#[tokio::test]
async fn the_index_holds_the_first_promise_although_the_guard_is_weak() {
    let mut scene = scene().await;
    let (mine, other) = (scene.owner.requested().await, scene.rival.requested().await);
    let (_, write) = scene.owner.step(&mine, assigned("ann"));
    let rival = step(scene.rival.fence, &other, assigned("ann")).1;
    let written = scene.interleaved(&without(REVISION), write, Some(rival)).await;
    assert_eq!(written, Err("23505".to_owned()), "a unique violation");
}

#[tokio::test]
async fn without_the_trips_version_a_step_is_overwritten() {
    for (statement, holds) in [(SAVE.to_owned(), true), (without(VERSION), false)] {
        let mut scene = scene().await;
        scene.run("ALTER TABLE trip_event DROP CONSTRAINT trip_event_trip_version_key").await;
        let trip = scene.owner.requested().await;
        let (_, write) = scene.owner.step(&trip, assigned("ann"));
        // The shard's owner itself, in a statement that came late: the epoch says nothing against it.
        let late = scene.owner.step(&trip, cancelled()).1;
        scene.rival = scene.owner.clone();
        scene.run("ALTER TABLE trip_event DROP CONSTRAINT trip_event_pkey").await;
        let written = scene.interleaved(&statement, write, Some(late)).await;
        let twice = "SELECT count(*) FROM (SELECT FROM trip_event GROUP BY trip, version HAVING count(*) > 1) AS twice";
        let expected = if holds { (Err(REFUSED.to_owned()), 0) } else { (Ok(()), 1) };
        assert_eq!((written, scene.count(twice).await), expected, "versions of a trip that happened twice");
    }
}

#[tokio::test]
async fn without_the_count_of_requests_two_shards_find_the_last_room_of_a_rider() {
    for (statement, holds) in [(SAVE.to_owned(), true), (without(REQUESTS), false)] {
        let mut scene = scene().await;
        let ask = |owner: &Owner, number| {
            let (_, write) = request(owner.fence, trip_id(owner.fence.shard, number), "eve");
            but(&write, |write| {
                let (searching_max, cancellations_max) = (u32::MAX, u32::MAX);
                write.caps = Some(RiderCaps { active_max: 1, searching_max, cancellations_max, since: write.at });
            })
        };
        let (write, rival) = (ask(&scene.owner, 1), ask(&scene.rival, 2));
        let written = scene.interleaved(&statement, write, Some(rival)).await;
        let trips = scene.count("SELECT count(*) FROM trip WHERE rider = 'eve'").await;
        let expected = if holds { (Err(REFUSED.to_owned()), 1) } else { (Ok(()), 2) };
        assert_eq!((written, trips), expected, "trips of a rider who may have one");
    }
}
