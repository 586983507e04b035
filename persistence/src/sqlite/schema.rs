//! Opening the database: whose it is, which schema it has, and the steps from there to the schema known here.
//!
//! Touch with care: a migration that was released never changes. A new one is a new file at the end of [`MIGRATIONS`],
//! and databases of every earlier version are brought up to date by running those they lack.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row, SqliteConnection};
use tracing::info;

use super::refused;
use crate::StoreError;

/// The steps, in order. A database's `user_version` is how many of them it has.
const MIGRATIONS: [&str; 8] = [
    include_str!("../../migrations/sqlite/0001_first.sql"),
    include_str!("../../migrations/sqlite/0002_needs.sql"),
    include_str!("../../migrations/sqlite/0003_orders.sql"),
    include_str!("../../migrations/sqlite/0004_offers.sql"),
    include_str!("../../migrations/sqlite/0006_sharing.sql"),
    include_str!("../../migrations/sqlite/0007_outbox.sql"),
    include_str!("../../migrations/sqlite/0008_routes.sql"),
    include_str!("../../migrations/sqlite/0009_policies.sql"),
];

/// Tells this program's databases from others: the first migration writes it.
const APPLICATION: i64 = 0x4841_4e53;

/// How long SQLite waits for a lock. Only a shell that someone opened beside the process can hold one.
const LOCK_PATIENCE: Duration = Duration::from_secs(5);

/// How rows come over from SQLite's thread: more at a time than the default 50, for fewer switches between threads.
const ROWS_AHEAD: usize = 1024;

fn plain(database: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(database)
        .foreign_keys(true)
        .busy_timeout(LOCK_PATIENCE)
        .row_buffer_size(ROWS_AHEAD)
        .disable_statement_logging()
}

/// For the connection that writes. It does not make the file: one that has vanished must not come back empty.
pub(super) fn writing(database: &Path) -> SqliteConnectOptions {
    plain(database).journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full)
}

/// For the connections that read.
pub(super) fn reading(database: &Path) -> SqliteConnectOptions {
    plain(database).read_only(true)
}

/// Opens the database for writing, new or of an earlier version, and brings it up to date.
///
/// # Errors
/// As [`super::SqliteStore::open`].
pub(super) async fn open(database: &Path) -> Result<SqliteConnection, StoreError> {
    // Nothing of a file that may be another program's is changed before it is known whose it is: not even its journal
    // mode, which would be set with the first connection that asks for it.
    let failed = |failed: sqlx::Error| unusable(database, failed);
    let mut connection = plain(database).create_if_missing(true).connect().await.map_err(failed)?;
    let version = version(&mut connection, database).await?;
    connection.close().await.map_err(failed)?;
    let mut connection = writing(database).connect().await.map_err(failed)?;
    for (step, migration) in (1..).zip(MIGRATIONS).skip(version) {
        migrate(&mut connection, step, migration).await.map_err(failed)?;
        info!(version = step, "schema brought up to date");
    }
    Ok(connection)
}

/// How many of the migrations the database has.
async fn version(connection: &mut SqliteConnection, database: &Path) -> Result<usize, StoreError> {
    const WHOSE: &str = "SELECT (SELECT application_id FROM pragma_application_id) AS application, \
         (SELECT user_version FROM pragma_user_version) AS version, (SELECT count(*) FROM sqlite_schema) AS tables";
    let row = sqlx::query(WHOSE).fetch_one(connection).await.map_err(|failed| unusable(database, failed))?;
    let number = |name: &str| row.try_get::<i64, _>(name).map_err(|failed| unusable(database, failed));
    let (application, version, tables) = (number("application")?, number("version")?, number("tables")?);
    let path = || database.display().to_string();
    match usize::try_from(version) {
        Ok(0) if application == 0 && tables == 0 => Ok(0),
        Ok(known @ 1..=KNOWN) if application == APPLICATION => Ok(known),
        Ok(_) if application == APPLICATION && version > 0 => {
            Err(StoreError::Newer { path: path(), found: version, known: KNOWN as i64 })
        }
        _ => Err(StoreError::Damaged { path: path(), cause: "it is the database of another program".into() }),
    }
}

const KNOWN: usize = MIGRATIONS.len();

/// One step, whole or not at all.
async fn migrate(connection: &mut SqliteConnection, step: usize, migration: &'static str) -> Result<(), sqlx::Error> {
    let script = format!("BEGIN IMMEDIATE; {migration}; PRAGMA user_version = {step}; COMMIT");
    // Built from files of this program and a number.
    sqlx::raw_sql(AssertSqlSafe(script)).execute(connection).await?;
    Ok(())
}

/// What an error means while the database is opened: if the file is not damaged, then it cannot be used.
fn unusable(database: &Path, failed: sqlx::Error) -> StoreError {
    match refused(database, Arc::new(failed)) {
        StoreError::Unavailable(cause) => StoreError::Unusable { path: database.display().to_string(), cause },
        other => other,
    }
}
