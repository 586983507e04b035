//! Snapshots in Redis: one key a shard, and one sorted set of positions for others to search.
//!
//! Touch with care: a connection that failed is dropped and made anew at the next call, and each call ends within
//! a second: Redis that hangs costs a snapshot, nothing else.

use std::fmt;
use std::time::{Duration, Instant, SystemTime};

use dispatch::{DriverId, ShardId};
use geo::Point;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Cmd, ErrorKind, Pipeline, RedisError};
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::{KEPT_FOR, PATIENCE, SnapshotError, Snapshots};
use crate::BoxFuture;

/// How long a server that did not answer in time is left alone: a node that takes up hundreds of shards must not wait for
/// each of them.
const REST: Duration = Duration::from_secs(2);

/// How long a position is shown after the driver was last heard of, in seconds.
const SHOWN_FOR: u64 = 60;

/// Takes those out who were not heard of lately: at most a thousand a call, for Redis does nothing else meanwhile.
const REAP: &str = "local gone = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', ARGV[1], 'LIMIT', 0, 1000) \
    for _, driver in ipairs(gone) do redis.call('ZREM', KEYS[1], driver) redis.call('ZREM', KEYS[2], driver) end \
    return #gone";

/// An address that is none of Redis's.
#[derive(Debug, thiserror::Error)]
#[error("this is no address of Redis: give one such as redis://user:password@host:6379/0")]
pub struct NotARedis;

/// What is known of the server.
#[derive(Default)]
struct Held {
    connection: Option<MultiplexedConnection>,
    /// Not asked before then.
    rests_until: Option<Instant>,
}

/// Snapshots in a Redis server.
pub struct RedisSnapshots {
    client: Client,
    held: Mutex<Held>,
    /// The key of the positions, if they are to be shown.
    positions: Option<String>,
}

impl RedisSnapshots {
    /// Snapshots in the server at `url`, as in `redis://user:password@host:6379/0` (`rediss` for TLS, `unix` for a
    /// socket); `positions` is the key under which drivers' positions are shown, if they are. Connects when first used.
    ///
    /// # Errors
    /// [`NotARedis`], without the address: there may be a password in it.
    pub fn new(url: &str, positions: Option<String>) -> Result<RedisSnapshots, NotARedis> {
        let client = Client::open(url).map_err(|_| NotARedis)?;
        Ok(RedisSnapshots { client, held: Mutex::default(), positions })
    }

    async fn connection(&self) -> Result<MultiplexedConnection, RedisError> {
        let mut held = self.held.lock().await;
        if held.rests_until.is_some_and(|until| Instant::now() < until) {
            return Err(RedisError::from((ErrorKind::Io, "it did not answer in time a moment ago")));
        }
        if let Some(connection) = &held.connection {
            return Ok(connection.clone());
        }
        let config =
            AsyncConnectionConfig::new().set_connection_timeout(Some(PATIENCE)).set_response_timeout(Some(PATIENCE));
        let made = self.client.get_multiplexed_async_connection_with_config(&config).await?;
        held.rests_until = None;
        Ok(held.connection.insert(made).clone())
    }

    /// Asks, once. What went wrong costs the connection.
    async fn ask<T: redis::FromRedisValue>(&self, asked: Pipeline) -> Result<T, SnapshotError> {
        let answer = async { asked.query_async(&mut self.connection().await?).await };
        let failed = match timeout(PATIENCE, answer).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(failed)) if failed.is_timeout() => SnapshotError::Late,
            Ok(Err(failed)) => SnapshotError::Unavailable(Box::new(failed)),
            Err(_) => SnapshotError::Late,
        };
        // Whoever holds the lock is connecting, and finds out for itself.
        if let Ok(mut held) = self.held.try_lock() {
            held.connection = None;
            if matches!(failed, SnapshotError::Late) {
                held.rests_until = Some(Instant::now() + REST);
            }
        }
        Err(failed)
    }
}

impl fmt::Debug for RedisSnapshots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the client: it knows the password.
        f.debug_struct("RedisSnapshots").field("positions", &self.positions).finish_non_exhaustive()
    }
}

fn key(shard: ShardId) -> String {
    format!("hansom:snapshot:{shard}")
}

fn command(name: &str) -> Cmd {
    redis::cmd(name)
}

impl Snapshots for RedisSnapshots {
    fn keep(&self, blobs: Vec<(ShardId, Vec<u8>)>) -> BoxFuture<'_, Result<(), SnapshotError>> {
        let mut asked = Pipeline::new();
        if blobs.is_empty() {
            asked.add_command(command("PING")).ignore();
        }
        for (shard, blob) in blobs {
            let mut set = command("SET");
            set.arg(key(shard)).arg(blob).arg("PX").arg(KEPT_FOR.as_millis() as u64);
            asked.add_command(set).ignore();
        }
        Box::pin(self.ask(asked))
    }

    fn last(&self, shard: ShardId) -> BoxFuture<'_, Result<Option<Vec<u8>>, SnapshotError>> {
        let mut get = command("GET");
        get.arg(key(shard));
        let mut asked = Pipeline::new();
        asked.add_command(get);
        Box::pin(async move { self.ask::<(Option<Vec<u8>>,)>(asked).await.map(|(blob,)| blob) })
    }

    fn show(&self, drivers: Vec<(DriverId, Point)>) -> BoxFuture<'_, Result<(), SnapshotError>> {
        let Some(positions) = &self.positions else { return Box::pin(async { Ok(()) }) };
        let seen = format!("{positions}:seen");
        // The wall clock, not the city's: others read this, too.
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let mut asked = Pipeline::new();
        if !drivers.is_empty() {
            let (mut place, mut time) = (command("GEOADD"), command("ZADD"));
            place.arg(positions);
            time.arg(&seen);
            for (driver, point) in &drivers {
                place.arg(point.lon()).arg(point.lat()).arg(driver.as_str());
                time.arg(now).arg(driver.as_str());
            }
            asked.add_command(place).ignore().add_command(time).ignore();
        }
        let mut reap = command("EVAL");
        reap.arg(REAP).arg(2).arg(positions).arg(&seen).arg(now.saturating_sub(SHOWN_FOR));
        asked.add_command(reap).ignore();
        for key in [positions, &seen] {
            let mut expire = command("PEXPIRE");
            expire.arg(key).arg(KEPT_FOR.as_millis() as u64);
            asked.add_command(expire).ignore();
        }
        Box::pin(self.ask(asked))
    }
}
