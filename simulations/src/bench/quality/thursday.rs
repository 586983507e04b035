//! A full Manhattan Thursday at the real volume of 2018: how long it takes to live it through the whole protocol.
//!
//! Lives here: which rows the case has, what is hoped of them, and under which policy it is played.
//! Stays out: where the data is ([`super::data_file`]); how it is read (`dense`); how it is played
//! ([`super::protocol`]): every request, offer, answer, commit and stage of a ride, by the production cores.
//! Touch with care: what is timed is the day, from the first request to the last drop-off, not the reading of the files
//! and the times of all ways.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dispatch::{Policy, Timestamp};
use geo::Meters;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use super::dense::case::{THURSDAY_MS, whole_day};
use super::pm3h::{PlayCase, Wanted};
use super::protocol::{self, Script};
use crate::bench::{Progress, Row, Settings, Target, cpu};
use crate::streets::{NodeTimes, Streets, TimeTable};

/// As many cars as serve nearly everybody in the evening of this day (`dense`).
const CARS: usize = 8_000;
const DAY_MS: u64 = 86_400_000;
/// How much of the day a quick run plays.
const QUICK_MS: u64 = 3_600_000;
/// Where riders of the last hour were let out is where cars are at midnight.
const LAST_HOUR_MS: u64 = 3_600_000;
/// A car that stands says so as often.
const PARKED_EVERY: Duration = Duration::from_secs(60);
/// No car farther away than this, by air, is thought of: at the graph's mean speed of some 20 km/h it would not come
/// within the 300 s that riders wait.
const REACH: Meters = Meters::whole(2_500);
const TWO_MINUTES_S: f64 = 120.0;
const PLAYED: &str = "nobody";

#[derive(Clone, Copy, Debug)]
struct Figures {
    wall_s: f64,
    requests_per_cpu_s: f64,
    served_percent: f64,
    wait_mean_s: f64,
}

/// The rows of this case that the settings want.
pub(super) fn rows(settings: &Settings) -> Vec<Row> {
    let wanted = |row: &Row| settings.wants(&format!("{} vs {}", row.name, row.peer_name));
    if !make_rows(None, settings.quick).iter().any(wanted) {
        return Vec::new();
    }
    let figures = super::data_file(settings, "manhattan_pnas_graph/manhattan_thursday_460k_sampled.npz")
        .and_then(|file| measure(settings, &file));
    let rows = match figures {
        Ok(figures) => make_rows(Some(figures), settings.quick),
        Err(why) => {
            make_rows(None, settings.quick).into_iter().map(|row| row.because(why.clone())).collect::<Vec<Row>>()
        }
    };
    rows.into_iter().filter(wanted).collect()
}

fn make_rows(figures: Option<Figures>, quick: bool) -> Vec<Row> {
    let row = |what: &str, unit, figure: fn(Figures) -> f64, target: Option<Target>| {
        let name = format!("Thursday, {CARS} cars, {what}");
        // An hour of it says nothing about the day.
        Row::new(name, unit, figures.map(figure), (PLAYED, None::<f64>), target.filter(|_| !quick))
    };
    vec![
        row("time it took", "s", |figures| figures.wall_s, Some(Target::at_most(TWO_MINUTES_S))),
        row("whole protocol", "requests a CPU second", |figures| figures.requests_per_cpu_s, None),
        row("served", "%", |figures| figures.served_percent, None),
        row("mean wait", "s", |figures| figures.wait_mean_s, None),
    ]
}

fn measure(settings: &Settings, file: &Path) -> Result<Figures, String> {
    let progress = Progress::new(2 + 48);
    progress.next("Thursday: the times of all ways");
    let case = open(file, settings)?;
    let table = Arc::new(case.table.clone());
    let nodes = NodeTimes::new(&case.streets, table, Meters::whole(500)).map_err(|why| why.to_string())?;
    let script = Script {
        begins: Timestamp::from_millis(THURSDAY_MS),
        policy: policy(nodes.clone())?,
        parked_every: Some(PARKED_EVERY),
    };
    progress.step();
    progress.next("Thursday: the day");
    let mut steps = 0;
    let mut tick = |now_ms: u64| {
        while steps < 48 && now_ms * 48 >= (steps + 1) * DAY_MS {
            steps += 1;
            progress.step();
        }
    };
    let began = Instant::now();
    let mut played = Err(String::new());
    let cpu_ns = cpu::time(|| played = protocol::play(&case, &nodes, &script, &mut tick));
    let wall_s = began.elapsed().as_secs_f64();
    let (played, violations) = played?;
    if violations + played.promises_broken > 0 {
        return Err(format!("{violations} invariants and {} promises to riders were broken", played.promises_broken));
    }
    Ok(Figures {
        wall_s,
        requests_per_cpu_s: case.wanted.len() as f64 / (cpu_ns / 1e9),
        served_percent: played.served_percent(),
        wait_mean_s: played.wait_mean_s,
    })
}

/// The day's requests in the order of time but those that lead nowhere, and cars where riders of the last hour left them.
fn open(file: &Path, settings: &Settings) -> Result<PlayCase, String> {
    let folder = file.parent().unwrap_or(Path::new("."));
    let streets = Streets::open(folder).map_err(|why| why.to_string())?;
    let table = TimeTable::of(&streets, &mut |_| {}).map_err(|why| why.to_string())?;
    let day = whole_day(file, streets.points().len())?;
    let left_at: Vec<usize> =
        day.iter().filter(|ride| ride.at_ms >= DAY_MS - LAST_HOUR_MS).map(|ride| ride.to).collect();
    if left_at.is_empty() {
        return Err(format!("{}: nobody rides in the last hour of the day", file.display()));
    }
    let until_ms = if settings.quick { QUICK_MS } else { u64::MAX };
    let rides = day.iter().filter(|ride| ride.from != ride.to && ride.at_ms < until_ms);
    let mut wanted: Vec<Wanted> =
        rides.map(|ride| Wanted { at_ms: ride.at_ms, from: ride.from, to: ride.to }).collect();
    wanted.sort_by_key(|wanted| wanted.at_ms);
    let mut rng = Pcg64Mcg::seed_from_u64(settings.seed);
    let starts = (0..CARS).map(|_| left_at[rng.random_range(0..left_at.len())]).collect();
    Ok(PlayCase { streets, table, wanted, starts })
}

/// As in PM3h, with production's number of candidates and a window that a crowd of cars does not mind.
fn policy(nodes: NodeTimes) -> Result<Policy, String> {
    let policy = Policy {
        candidates_max: Policy::default().candidates_max,
        ..protocol::policy("Thursday", nodes, REACH, Duration::from_secs(10))?
    };
    policy.check().map_err(|why| why.to_string())?;
    Ok(policy)
}
