//! `chaos`: a real server, a real store and real clients, while everything around them is broken on purpose.
//!
//! Lives here: the run: who is started, which fault comes when, and the comparison of what every client was told with
//! what the journal says afterwards.
//! Stays out: the clients ([`crate::crowd`]), the servers (`servers`), the faults one by one (`fault`).
//! Touch with care: a fault that hits a city at rest shows nothing; each is counted only when riders were in cars.

mod fault;
mod proxy;
mod servers;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use actors::Clock;
use dispatch::{Policy, StageName};
use gateway::{Keys, dev_secret};
use geo::Resolution;
use persistence::{PostgresStore, SqliteStore, Store};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use serde::Serialize;

use crate::city::{City, Day};
use crate::crowd::{Crowd, mint};
use crate::demand::share_for_fleet;
use crate::demo::compare_with;
use crate::people::Habits;
use crate::report::Report;
use crate::virtual_city::Scenario;

use fault::Kind;
use servers::{Disk, Redis};
pub(crate) use servers::{Hansom, Postgres};

/// How many times faster than life the city runs.
const SPEED: f64 = 60.0;

/// How long the city has peace between two faults, in seconds of life.
const CALM_S: std::ops::RangeInclusive<f64> = 3.0..=6.0;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Which store is under the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Under {
    /// A Postgres server of its own.
    Postgres,
    /// SQLite, on a small disk of its own where the system allows to make one.
    Sqlite,
}

/// What is broken, for how long, and by which chance.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What chance is made from. Which fault comes when follows from it; what it hits does not, for this is no simulation.
    pub seed: u64,
    /// How long faults are made.
    pub lasts: Duration,
    /// How many drivers work.
    pub drivers: usize,
    /// Which store.
    pub under: Under,
    /// The server's program.
    pub hansom: PathBuf,
}

/// What happened.
#[derive(Clone, Debug, Serialize)]
pub struct Chaos {
    /// What chance was made from.
    pub seed: u64,
    /// Which store was under the server.
    pub under: Under,
    /// How many times each fault was made.
    pub faults: BTreeMap<&'static str, u32>,
    /// Faults that could not be made here, and why.
    pub left_out: BTreeMap<&'static str, String>,
    /// How many riders were in cars when faults were made, all together.
    pub riders_hit: usize,
    /// The longest time from a fault's end, or a server's death, until the server said that it was ready, in seconds.
    pub slowest_recovery_s: f64,
    /// What the clients and the journal say.
    pub report: Report,
}

impl Chaos {
    /// Whether every promise was kept.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.report.violations.is_empty() && self.report.holds()
    }

    /// For people.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!("seed {}, store {:?}\nfaults\n", self.seed, self.under);
        for (fault, times) in &self.faults {
            // Writing into a String cannot fail.
            let _ = writeln!(text, "  {times:>4}  {fault}");
        }
        for (fault, why) in &self.left_out {
            let _ = writeln!(text, "     -  {fault}: left out, {why}");
        }
        let _ = writeln!(text, "riders in cars when they came: {}", self.riders_hit);
        let _ = writeln!(text, "slowest recovery: {:.1} s", self.slowest_recovery_s);
        text + &self.report.text()
    }
}

/// Makes faults until the time is over, then lets the city come to rest and compares the books. `tell` hears of each
/// fault as it is made.
///
/// # Errors
/// When a server cannot be started, or does not come back: that is an answer, too, and says after which fault.
pub fn run(plan: &Plan, tell: &mut (dyn FnMut(&str) + Send)) -> Result<Chaos, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(play(plan, tell))
}

/// Everything that can be broken.
struct Machines {
    hansom: Hansom,
    redis: Redis,
    postgres: Option<Postgres>,
    disk: Result<Disk, String>,
}

impl Machines {
    async fn start(plan: &Plan, folder: &Path) -> Result<Machines, Failure> {
        let redis = Redis::start(&folder.join("redis")).await?;
        let data_dir = folder.join("data");
        std::fs::create_dir_all(&data_dir)?;
        let mut settings = vec![("HANSOM_REDIS", redis.url())];
        let (postgres, disk) = match plan.under {
            Under::Postgres => {
                let postgres = Postgres::start(&folder.join("postgres")).await?;
                PostgresStore::migrate(&postgres.direct()).await?;
                settings.push(("HANSOM_POSTGRES", postgres.through_proxy()));
                (Some(postgres), Err("the store is Postgres".to_owned()))
            }
            Under::Sqlite => (None, Disk::make(&data_dir)),
        };
        let hansom = Hansom::start(&plan.hansom, &data_dir, SPEED, settings).await?;
        Ok(Machines { hansom, redis, postgres, disk })
    }
}

async fn play(plan: &Plan, tell: &mut (dyn FnMut(&str) + Send)) -> Result<Chaos, Failure> {
    let began = Instant::now();
    let folder = tempfile::Builder::new().prefix("hansom-chaos").tempdir()?;
    let mut machines = Machines::start(plan, folder.path()).await?;
    let city = City::manhattan()?;
    let scenario = scenario(&city, plan);
    let clock = Clock::scaled(scenario.start(), SPEED);
    let keys = Keys::new(&dev_secret(&folder.path().join("data"))?, "hansom");
    let crowd = Crowd::new(city, scenario.clone(), clock, machines.hansom.url().to_owned(), mint(keys))?;
    let (tell_quiet, is_quiet) = tokio::sync::oneshot::channel();
    let (tell_stopped, is_stopped) = tokio::sync::oneshot::channel::<()>();
    let living = crowd.clone();
    let lived = tokio::spawn(async move {
        let wait = async {
            // The other ends only go away with the whole run.
            let _ = tell_quiet.send(());
            let _ = is_stopped.await;
        };
        living.live(wait).await
    });

    let mut made = Made::default();
    make_faults(plan, &mut machines, &crowd, &mut made, tell).await?;
    is_quiet.await?;
    machines.hansom.stop().await?;
    let _ = tell_stopped.send(());
    lived.await??;

    let store: Arc<dyn Store> = match &machines.postgres {
        Some(postgres) => Arc::new(PostgresStore::open(&postgres.direct()).await?),
        None => Arc::new(SqliteStore::open(&folder.path().join("data")).await?),
    };
    let report = compare_with(&crowd, &*store).await.map_err(|why| why.to_string())?;
    drop(store);
    let mut left_out = BTreeMap::new();
    if let (Under::Sqlite, Err(why)) = (plan.under, &machines.disk) {
        left_out.insert(Kind::FullDisk.name(), why.clone());
    }
    Ok(Chaos {
        seed: plan.seed,
        under: plan.under,
        faults: made.faults,
        left_out,
        riders_hit: made.riders_hit,
        slowest_recovery_s: made.slowest.as_secs_f64(),
        report: Report {
            seed: plan.seed,
            simulated_hours: scenario.hours,
            wall_seconds: Some(began.elapsed().as_secs_f64()),
            drivers: plan.drivers,
            demand: scenario.demand,
            ..report.with_counts(crowd.counts())
        },
    })
}

#[derive(Default)]
struct Made {
    faults: BTreeMap<&'static str, u32>,
    riders_hit: usize,
    slowest: Duration,
}

async fn make_faults(
    plan: &Plan,
    machines: &mut Machines,
    crowd: &Crowd,
    made: &mut Made,
    tell: &mut (dyn FnMut(&str) + Send),
) -> Result<(), Failure> {
    let mut dice = Pcg64Mcg::seed_from_u64(plan.seed);
    let (began, mut queue): (_, Vec<Kind>) = (Instant::now(), Vec::new());
    while began.elapsed() < plan.lasts {
        tokio::time::sleep(Duration::from_secs_f64(dice.random_range(CALM_S))).await;
        if queue.is_empty() {
            // Every kind once, in an order of chance, before any comes again.
            queue = Kind::for_run(plan.under, machines.disk.is_ok());
            for place in (1..queue.len()).rev() {
                queue.swap(place, dice.random_range(0..=place));
            }
        }
        let Some(kind) = queue.pop() else { return Ok(()) };
        let riding = crowd.ledger().in_stage(StageName::InProgress);
        tell(&format!("{:>5.1} s  {} ({riding} riders in cars)", began.elapsed().as_secs_f64(), kind.name()));
        let over = fault::make(kind, machines, &mut dice).await;
        let over = over.map_err(|why| format!("after {}: {why}", kind.name()))?;
        machines.hansom.is_ready_again().await.map_err(|why| format!("after {}: {why}", kind.name()))?;
        *made.faults.entry(kind.name()).or_default() += 1;
        made.riders_hit += riding;
        made.slowest = made.slowest.max(over.elapsed());
    }
    Ok(())
}

fn scenario(city: &City, plan: &Plan) -> Scenario {
    let start_tod_s = 17 * 3_600;
    let slack = 20.0;
    Scenario {
        seed: plan.seed,
        drivers: plan.drivers,
        hours: (plan.lasts.as_secs_f64() + slack) * SPEED / 3_600.0,
        day: Day::Thursday,
        start_tod_s,
        demand: 2.0 * share_for_fleet(city, Day::Thursday, start_tod_s, plan.drivers),
        habits: Habits { gives_back: 0.05, changes_mind: 0.05, ..Habits::default() },
        policy: Policy::default(),
        shard_resolution: Resolution::SHARD,
    }
}
