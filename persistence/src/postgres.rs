//! The store of many processes: Postgres.
//!
//! Lives here: [`PostgresStore`]: one connection that writes, a few that read, and the schema.
//! Stays out: what the promises are ([`crate::traits`]), how many writes go together ([`crate::Committer`]).
//! Touch with care: nothing here holds a lock longer than one statement. Who owns a shard is what the `shard` table says
//! in the statement that writes, and nothing else.

mod claims;
mod doorman;
mod look;
mod nodes;
mod outbox;
mod policies;
mod reader;
mod row;
mod save;
mod writer;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use dispatch::invariants::Entry;
use dispatch::{DriverId, Epoch, RequestKey, RiderId, ShardId, StageName, Trip, TripId, WriteError};
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, PgConnection, Row};
use tokio::sync::Mutex;
use tracing::{info, warn};

use self::claims::Claims;
use self::doorman::Doorman;
use self::reader::Reader;
use self::writer::Writer;
use crate::{BoxFuture, Commitment, Done, DriverRow, Guarded, Journal, LoadedShard, Ownership, Records, StoreError};

/// The steps of the schema, in order; sqlx notes in the database which of them it has.
static MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

/// How many connections are shared by everything that is not a commit.
const READERS: u32 = 8;

/// How long to wait for a connection.
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);

/// What the names of all connections of Hansom's begin with.
const HANSOM: &str = "hansom ";

/// A store in a Postgres database.
pub struct PostgresStore {
    /// What errors call it: where it is, without the password.
    name: String,
    /// The number of this opening of the store, among all there ever were.
    incarnation: i64,
    claims: Claims,
    reader: Reader,
    doorman: Doorman,
    writer: Arc<Mutex<Writer>>,
}

/// Reads the address of a database, as in `postgres://user:password@host:5432/database?sslmode=verify-full`.
fn options(url: &str) -> Result<(PgConnectOptions, String), StoreError> {
    let unusable = |cause: Box<dyn std::error::Error + Send + Sync>| {
        // Never the address itself: it has a password in it.
        StoreError::Unusable { path: "the address of Postgres".to_owned(), cause }
    };
    if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
        return Err(unusable("it begins with neither postgres:// nor postgresql://".into()));
    }
    let options = PgConnectOptions::from_str(url).map_err(|wrong| unusable(wrong.into()))?;
    let name = format!("postgres at {}:{}", options.get_host(), options.get_port());
    // The server notices within seconds that a client is gone, and lets go of what its last statement has locked.
    let options = options.application_name(HANSOM.trim_end()).disable_statement_logging().options([
        ("tcp_keepalives_idle", "5"),
        ("tcp_keepalives_interval", "2"),
        ("tcp_keepalives_count", "3"),
    ]);
    Ok((options, name))
}

impl PostgresStore {
    /// Brings the database at `url` to the schema of this version. Several may try at once: one does it.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] when `url` is no address; [`StoreError::Unavailable`] when Postgres does not answer or
    /// refuses a step.
    pub async fn migrate(url: &str) -> Result<(), StoreError> {
        let (options, _) = options(url)?;
        let mut connection = connect(&options).await?;
        MIGRATIONS.run(&mut connection).await.map_err(|failed| StoreError::Unavailable(failed.into()))?;
        connection.close().await.map_err(refused)
    }

    /// Opens the store in the database at `url`, whose schema must be that of this version.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] when `url` is no address, [`StoreError::Outdated`] when the schema lacks a step,
    /// [`StoreError::Newer`] when it has one that is not known here, [`StoreError::Unsafe`] when the server would forget
    /// what it has acknowledged, [`StoreError::AsyncStandby`] when one that may take its place would,
    /// [`StoreError::Unavailable`] when it does not answer.
    pub async fn open(url: &str) -> Result<PostgresStore, StoreError> {
        PostgresStore::open_with(url, false).await
    }

    /// As [`PostgresStore::open`], but a standby that may lag behind is borne if the operator says so.
    ///
    /// # Errors
    /// As for [`PostgresStore::open`].
    pub async fn open_with(url: &str, async_standby_allowed: bool) -> Result<PostgresStore, StoreError> {
        let (options, name) = options(url)?;
        let mut connection = connect(&options).await?;
        check_schema(&mut connection, &name).await?;
        check_durability(&mut connection, &name).await?;
        check_standbys(&mut connection, &name, async_standby_allowed).await?;
        continue_lines(&mut connection).await.map_err(refused)?;
        let incarnation = incarnation(&mut connection).await.map_err(refused)?;
        connection.close().await.map_err(refused)?;
        // The server's list of connections says whose they are: see `claims`.
        let own_name = format!("{HANSOM}{incarnation}");
        let options = options.application_name(&own_name);
        let pool = PgPoolOptions::new().max_connections(READERS).acquire_timeout(CONNECT_PATIENCE);
        let pool = pool.connect_lazy_with(options.clone());
        let claims = Claims::new(&options, pool.clone(), incarnation, &own_name);
        let (doorman, reader) = (Doorman::start(pool.clone()), Reader::new(pool));
        let writer = Arc::new(Mutex::new(Writer::new(options)));
        info!(store = %name, incarnation, "store opened");
        Ok(PostgresStore { name, incarnation, claims, reader, doorman, writer })
    }

    /// Closes the connections when what is under way is written.
    pub async fn close(&self) {
        let _written = self.writer.lock().await;
        self.claims.close().await;
        self.reader.close().await;
    }
}

async fn connect(options: &PgConnectOptions) -> Result<PgConnection, StoreError> {
    let late = |_| StoreError::Unavailable("Postgres did not answer in time".into());
    tokio::time::timeout(CONNECT_PATIENCE, options.connect()).await.map_err(late)?.map_err(refused)
}

async fn check_schema(connection: &mut PgConnection, name: &str) -> Result<(), StoreError> {
    const APPLIED: &str = "SELECT coalesce(max(version), 0) FROM _sqlx_migrations WHERE success";
    let known = MIGRATIONS.iter().map(|step| step.version).max().unwrap_or_default();
    let is_there: bool = sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL")
        .fetch_one(&mut *connection)
        .await
        .map_err(refused)?;
    let found: i64 = match is_there {
        true => sqlx::query_scalar(APPLIED).fetch_one(connection).await.map_err(refused)?,
        false => 0,
    };
    let path = name.to_owned();
    match found.cmp(&known) {
        std::cmp::Ordering::Less => Err(StoreError::Outdated { path, found, known }),
        std::cmp::Ordering::Greater => Err(StoreError::Newer { path, found, known }),
        std::cmp::Ordering::Equal => Ok(()),
    }
}

/// Refuses a server that acknowledges what it may still lose.
async fn check_durability(connection: &mut PgConnection, name: &str) -> Result<(), StoreError> {
    const SETTINGS: &str = "SELECT name, setting FROM pg_settings \
         WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit')";
    for row in sqlx::query(SETTINGS).fetch_all(connection).await.map_err(refused)? {
        let (setting, value): (String, String) =
            (row.try_get("name").map_err(refused)?, row.try_get("setting").map_err(refused)?);
        let keeps = match setting.as_str() {
            "synchronous_commit" => matches!(value.as_str(), "on" | "remote_apply"),
            _ => value == "on",
        };
        if !keeps {
            return Err(StoreError::Unsafe { path: name.to_owned(), setting, value });
        }
    }
    Ok(())
}

/// Refuses a server whose standby may be promoted without having all that was acknowledged. Who may not see how standbys
/// follow (it takes the role pg_monitor) sees none.
async fn check_standbys(connection: &mut PgConnection, name: &str, allowed: bool) -> Result<(), StoreError> {
    const STANDBYS: &str = "SELECT count(*) FILTER (WHERE sync_state IN ('sync', 'quorum')) AS sure, \
            count(*) FILTER (WHERE sync_state IN ('async', 'potential') AND state = 'streaming') AS lagging \
         FROM pg_stat_replication";
    let row = sqlx::query(STANDBYS).fetch_one(connection).await.map_err(refused)?;
    let (sure, lagging): (i64, i64) = (row.try_get("sure").map_err(refused)?, row.try_get("lagging").map_err(refused)?);
    match (sure, lagging, allowed) {
        (0, 1.., false) => Err(StoreError::AsyncStandby { path: name.to_owned() }),
        (0, 1.., true) => {
            warn!(store = name, "a standby may lag behind: promoted, it would forget what was acknowledged");
            Ok(())
        }
        _ => Ok(()),
    }
}

/// After a dump was restored into another server, whose transactions have lower numbers: its lines come after those that
/// are there.
async fn continue_lines(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    const CONTINUE: &str = "UPDATE journal SET base = needed.base FROM (\
            SELECT (coalesce(max(line), 0) >> 20) + 1 - pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS base \
            FROM trip_event) AS needed WHERE journal.base < needed.base";
    sqlx::query(CONTINUE).execute(connection).await.map(|_| ())
}

/// A number that no opening of this database had before.
async fn incarnation(connection: &mut PgConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("SELECT nextval('incarnation')").fetch_one(connection).await
}

fn refused(failed: sqlx::Error) -> StoreError {
    StoreError::Unavailable(failed.into())
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Ownership for PostgresStore {
    fn claim(&self, shard: ShardId) -> BoxFuture<'_, Result<Epoch, StoreError>> {
        Box::pin(self.claims.claim(shard))
    }

    fn shards_with_work(&self) -> BoxFuture<'_, Result<Vec<ShardId>, StoreError>> {
        Box::pin(self.reader.shards_with_work())
    }
}

impl Records for PostgresStore {
    fn load(&self, shard: ShardId) -> BoxFuture<'_, Result<LoadedShard, StoreError>> {
        Box::pin(self.reader.load(shard))
    }

    fn trip(&self, id: TripId) -> BoxFuture<'_, Result<Option<Trip>, StoreError>> {
        Box::pin(self.reader.trip(id))
    }

    fn trip_by_key(&self, key: RequestKey) -> BoxFuture<'_, Result<Option<Trip>, StoreError>> {
        Box::pin(self.reader.trip_by_key(key))
    }

    fn scheduled_trips(&self, rider: RiderId) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(self.reader.scheduled_trips(rider))
    }

    fn driver(&self, id: DriverId) -> BoxFuture<'_, Result<Option<DriverRow>, StoreError>> {
        Box::pin(self.reader.driver(id))
    }

    fn open_session(&self, id: DriverId) -> BoxFuture<'_, Result<DriverRow, StoreError>> {
        Box::pin(self.doorman.open_session(id))
    }

    fn settle(&self, id: DriverId, home: ShardId) -> BoxFuture<'_, Result<DriverRow, StoreError>> {
        Box::pin(self.doorman.settle(id, home))
    }

    fn trips_by_stage(&self) -> BoxFuture<'_, Result<Vec<(StageName, u64)>, StoreError>> {
        Box::pin(self.reader.trips_by_stage())
    }

    fn all_trips(&self) -> BoxFuture<'_, Result<Vec<Trip>, StoreError>> {
        Box::pin(self.reader.all_trips())
    }

    fn all_drivers(&self) -> BoxFuture<'_, Result<Vec<Commitment>, StoreError>> {
        Box::pin(self.reader.all_drivers())
    }
}

impl Journal for PostgresStore {
    fn commit(&self, writes: Vec<Guarded>) -> BoxFuture<'_, Vec<Result<Done, WriteError>>> {
        Box::pin(async move {
            let (asked, writer) = (writes.len(), Arc::clone(&self.writer));
            // In a task of its own: whoever asked may go away, and the connection must not be left in mid-statement.
            let commit = tokio::spawn(async move { writer.lock().await.commit(&writes).await });
            commit.await.unwrap_or_else(|_| vec![Err(WriteError::Unknown); asked])
        })
    }

    fn read(&self, after: u64, limit: u32) -> BoxFuture<'_, Result<Vec<(u64, Entry)>, StoreError>> {
        Box::pin(self.reader.lines(after, limit))
    }
}
