use dispatch::{DriverId, ShardId, StageName};
use geo::{Point, Resolution};
use sqlx::{AssertSqlSafe, Row, SqliteConnection};
use tokio::sync::{mpsc, oneshot};

use super::doorman::SAVE;
use super::look::QUESTIONS;
use super::reader::{BY_STAGE, DRIVERS_WITH_TRIPS, IN_SERVICE};
use super::save::STATEMENTS;
use super::writer::{Job, Order, Writer};
use super::{directory, schema};
use crate::StoreError;
use crate::door::Waiting;

async fn empty() -> (SqliteConnection, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    (schema::open(&directory.path().join("hansom.sqlite")).await.unwrap(), directory)
}

/// How SQLite would answer a query, a step a line.
async fn plan(connection: &mut SqliteConnection, query: &str) -> Vec<String> {
    let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {query}"));
    let rows = sqlx::query(explain).fetch_all(connection).await.unwrap();
    rows.iter().map(|row| row.get::<String, _>("detail")).collect()
}

/// A history grows for years; what is asked every day must not read all of it.
#[tokio::test]
async fn no_query_in_service_reads_a_whole_table() {
    let (mut connection, _directory) = empty().await;
    let statements = QUESTIONS.into_iter().chain(STATEMENTS).chain([DRIVERS_WITH_TRIPS, SAVE]);
    let statements: Vec<String> = statements.flat_map(|statement| [statement.text(1), statement.text(256)]).collect();
    for query in IN_SERVICE.into_iter().chain(statements.iter().map(String::as_str)) {
        for step in plan(&mut connection, query).await {
            let tables = ["shard", "trip", "driver", "idempotency", "trip_event", "event_cursor", "dead_letter"];
            let read = tables.into_iter().find(|table| step.split(' ').take(2).eq(["SCAN", table]));
            assert_eq!(read, None, "{query}: {step}");
        }
    }
    let counts = plan(&mut connection, BY_STAGE).await;
    assert_eq!(counts, ["SCAN trip USING COVERING INDEX trip_by_stage"]);
}

/// The stages and kinds are written out in the schema; a new one needs a migration.
#[tokio::test]
async fn the_schema_knows_every_stage() {
    let (mut connection, _directory) = empty().await;
    let sql: String = sqlx::query_scalar("SELECT sql FROM sqlite_schema WHERE name = 'trip'")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    for stage in StageName::ALL {
        assert!(sql.contains(&format!("'{stage}'")), "{stage}");
    }
}

/// What is acknowledged survives a power cut: no test can pull the plug, so this one reads the settings.
#[tokio::test]
async fn the_connection_that_writes_syncs_every_commit() {
    let (mut connection, _directory) = empty().await;
    let mut pragma = async |sql: &'static str| sqlx::query(sql).fetch_one(&mut connection).await.unwrap();
    const FULL: i64 = 2;
    assert_eq!(pragma("PRAGMA synchronous").await.get::<i64, _>(0), FULL);
    assert_eq!(pragma("PRAGMA journal_mode").await.get::<String, _>(0), "wal");
    assert_eq!(pragma("PRAGMA foreign_keys").await.get::<i64, _>(0), 1);
}

/// Those who share a transaction share its fate: nobody hears of success before the commit.
#[tokio::test]
async fn a_transaction_that_fails_takes_everyone_in_it_along() {
    let (mut connection, directory) = empty().await;
    let trap = "CREATE TRIGGER trap BEFORE INSERT ON driver WHEN NEW.id = 'trap' \
         BEGIN SELECT RAISE(ABORT, 'the disk is gone'); END";
    sqlx::raw_sql(trap).execute(&mut connection).await.unwrap();
    let shard = ShardId::of(Point::new(40.7, -74.0).unwrap(), Resolution::SHARD);
    let driver = |name| DriverId::new(name).unwrap();
    let (orders, waiting) = mpsc::channel(8);
    let (claimed, claim) = oneshot::channel();
    let (opened, trapped) = oneshot::channel();
    let (settled, late) = oneshot::channel();
    // All wait before the writer begins: it takes them together.
    let jobs = [
        Job::Claim(shard, claimed),
        Job::LetIn(Waiting { driver: driver("trap"), home: None, reply: opened }),
        Job::LetIn(Waiting { driver: driver("ann"), home: Some(shard), reply: settled }),
    ];
    for job in jobs {
        orders.send(Order::Do(job)).await.unwrap();
    }
    drop(orders);
    let database = directory.path().join("hansom.sqlite");
    let lock = directory::take(directory.path()).unwrap();
    Writer::new(schema::writing(&database), connection, waiting, lock).work().await;

    let why = |outcome: Result<(), StoreError>| match outcome {
        Err(StoreError::Unavailable(why)) => why.to_string(),
        other => panic!("{other:?}"),
    };
    for outcome in
        [claim.await.unwrap().map(|_| ()), trapped.await.unwrap().map(|_| ()), late.await.unwrap().map(|_| ())]
    {
        let why = why(outcome);
        assert!(why.contains("the disk is gone"), "{why}");
    }
    let mut connection = schema::open(&database).await.unwrap();
    let rows = sqlx::query("SELECT (SELECT count(*) FROM shard) + (SELECT count(*) FROM driver)");
    assert_eq!(rows.fetch_one(&mut connection).await.unwrap().get::<i64, _>(0), 0);
}
