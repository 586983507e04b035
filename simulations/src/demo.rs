//! `demo`: a server and a whole city of real clients in one command.
//!
//! Lives here: starting both, watching them live, and comparing what the clients were told with what the server kept.
//! Stays out: the clients ([`crate::crowd`]), the server (`gateway`).
//! Touch with care: the comparison is only worth something because the two sides never share anything but sockets; the
//! journal is read from the disk after the server has closed it.

mod screen;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use actors::{CitySettings, Clock};
use gateway::{Given, Server, Settings};
use persistence::{SqliteStore, Store};

use crate::city::City;
use crate::crowd::{Crowd, mint};
use crate::report::Report;
use crate::virtual_city::Scenario;

use screen::Screen;

/// How a demo is staged.
#[derive(Clone, Debug)]
pub struct Stage {
    /// How many times faster than life the city runs.
    pub speed: f64,
    /// Where the server keeps its data.
    pub data_dir: PathBuf,
    /// Whether somebody watches.
    pub live: bool,
}

type Failure = Box<dyn std::error::Error>;

/// How often the screen changes.
const SHOW_EVERY: Duration = Duration::from_millis(500);

/// Runs a demo to its end.
///
/// # Errors
/// When the server cannot be started, or its data cannot be read afterwards.
pub fn run(city: City, scenario: Scenario, stage: &Stage) -> Result<Report, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(play(city, scenario, stage))
}

async fn play(city: City, scenario: Scenario, stage: &Stage) -> Result<Report, Failure> {
    let began = Instant::now();
    if stage.data_dir.join("hansom.sqlite").exists() {
        let folder = stage.data_dir.display();
        return Err(format!("{folder} holds trips of an earlier run: choose another --data-dir, or remove it").into());
    }
    let clock = Clock::scaled(scenario.start(), stage.speed);
    let server = start(&scenario, clock, stage).await?;
    let crowd = Crowd::new(city, scenario.clone(), clock, server.url(), mint(server.keys().clone()))?;
    let mut screen = Screen::new(scenario.lasts(), stage.live);
    screen.say(&format!("server at {} (data in {})", server.url(), stage.data_dir.display()));

    let settled = server.city.clone();
    let shown = crowd.clone();
    let show = tokio::spawn(async move {
        let mut tick = tokio::time::interval(SHOW_EVERY);
        loop {
            tick.tick().await;
            screen.show(&shown);
        }
    });
    // When nobody changes anything any more the city settles what it began and tells whoever watches.
    let lived = crowd.live(async move { settled.stop().await }).await;
    show.abort();
    server.stop().await;
    lived?;

    let report = compare(&crowd, &stage.data_dir).await?;
    let report = match crowd.drives() {
        Some(drives) => report.with_drives(drives),
        None => report,
    };
    Ok(Report {
        seed: scenario.seed,
        simulated_hours: scenario.hours,
        wall_seconds: Some(began.elapsed().as_secs_f64()),
        drivers: scenario.drivers,
        demand: scenario.demand,
        ..report.with_counts(crowd.counts())
    })
}

async fn start(scenario: &Scenario, clock: Clock, stage: &Stage) -> Result<Server, gateway::ServeError> {
    let settings = Settings {
        data_dir: stage.data_dir.clone(),
        listen: ([127, 0, 0, 1], 0).into(),
        time_scale: stage.speed,
        city: CitySettings {
            policy: scenario.policy.clone(),
            shard_resolution: scenario.shard_resolution,
            ..CitySettings::default()
        },
        ..Settings::default()
    };
    gateway::serve(settings, Given { clock: Some(clock), ..Given::default() }).await
}

/// Reads what the server kept and compares it with what its clients were told.
///
/// # Errors
/// When the store cannot be read.
pub async fn compare(crowd: &Crowd, data_dir: &std::path::Path) -> Result<Report, Failure> {
    let store = SqliteStore::open(data_dir).await?;
    let report = compare_with(crowd, &store).await;
    store.close().await?;
    report
}

/// The same, with the store itself.
///
/// # Errors
/// When it cannot be read.
pub async fn compare_with(crowd: &Crowd, store: &dyn Store) -> Result<Report, Failure> {
    let journal = store.read(0, u32::MAX).await?.into_iter().map(|(_, entry)| entry).collect::<Vec<_>>();
    let (trips, drivers) = (store.all_trips().await?, store.all_drivers().await?);
    let ledger = crowd.ledger();
    let (sums, violations) = ledger.compare(&journal, &trips, &drivers);
    Ok(Report::from_books(&ledger, sums, &violations))
}
