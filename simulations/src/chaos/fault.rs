//! The faults, one by one: what is done to which machine, and undone again.

use std::time::{Duration, Instant};

use rand::RngExt;
use rand_pcg::Pcg64Mcg;

use super::{Failure, Machines, Under};

/// What may break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The server dies by SIGKILL and is started again.
    ServerKilled,
    /// The server is stopped by SIGSTOP for some seconds: its clock goes on, it does not.
    ServerPaused,
    /// Postgres crashes and recovers from its log.
    PostgresCrashed,
    /// All connections to Postgres break at once.
    PostgresCut,
    /// For some seconds nothing comes through to Postgres or back, and no connection breaks.
    PostgresSilent,
    /// Redis dies with all it holds, and comes back empty.
    RedisKilled,
    /// Redis takes questions and does not answer for some seconds.
    RedisPaused,
    /// The disk under SQLite is full for some seconds.
    FullDisk,
}

impl Kind {
    /// What it is called in reports.
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::ServerKilled => "server killed (SIGKILL)",
            Kind::ServerPaused => "server paused (SIGSTOP)",
            Kind::PostgresCrashed => "Postgres crashed",
            Kind::PostgresCut => "connections to Postgres cut",
            Kind::PostgresSilent => "Postgres silent",
            Kind::RedisKilled => "Redis killed",
            Kind::RedisPaused => "Redis paused",
            Kind::FullDisk => "disk full",
        }
    }

    /// What can be broken in such a run.
    pub(super) fn for_run(under: Under, has_disk: bool) -> Vec<Kind> {
        let mut kinds = vec![Kind::ServerKilled, Kind::ServerPaused, Kind::RedisKilled, Kind::RedisPaused];
        match under {
            Under::Postgres => kinds.extend([Kind::PostgresCrashed, Kind::PostgresCut, Kind::PostgresSilent]),
            Under::Sqlite if has_disk => kinds.push(Kind::FullDisk),
            Under::Sqlite => {}
        }
        kinds
    }
}

/// Breaks something and mends it again. Says since when nothing but the server itself is to be waited for.
pub(super) async fn make(kind: Kind, machines: &mut Machines, dice: &mut Pcg64Mcg) -> Result<Instant, Failure> {
    let a_while = Duration::from_secs_f64(dice.random_range(1.0..=4.0));
    let none = || Failure::from("this run has no Postgres");
    let postgres = || machines.postgres.as_ref().ok_or_else(none);
    match kind {
        Kind::ServerKilled => {
            let killed = Instant::now();
            machines.hansom.crash().await?;
            return Ok(killed);
        }
        Kind::ServerPaused => machines.hansom.pause(a_while).await?,
        Kind::RedisKilled => machines.redis.crash().await?,
        Kind::RedisPaused => machines.redis.pause(a_while).await?,
        Kind::PostgresCrashed => machines.postgres.as_mut().ok_or_else(none)?.crash().await?,
        Kind::PostgresCut => postgres()?.proxy.cut(),
        Kind::PostgresSilent => postgres()?.proxy.silence(a_while).await,
        Kind::FullDisk => machines.disk.as_ref().map_err(Clone::clone)?.fill(a_while).await?,
    }
    Ok(Instant::now())
}
