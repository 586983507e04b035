//! PM3h: 1,890 requests from 17 to 20 h and 100 cars on the Manhattan graph, beside FleetPy.
//!
//! Lives here: which rows the case has and what is hoped of them.
//! Stays out: where the data is ([`super::data_file`]); how the case is played: with a car for each rider through the
//! whole protocol ([`super::protocol`]), with shared cars over the pooling core (`shared`).
//! Touch with care: the rules are those of the published figures: who is not picked up within 300 s is lost, boarding
//! takes no time, cars start at the file's nodes; with four seats a ride lasts at most 1.4 times the direct one, as in
//! FleetPy's example studies. FleetPy rounds the time of a request down to its step and so knows it up to a minute
//! before it is made; the rows "by its clock" do the same.

mod case;
mod fleetpy;
mod shared;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use dispatch::{PoolingPolicy, Timestamp};
use geo::Meters;

use crate::bench::{Progress, Row, Settings, Target, cpu};
use crate::streets::NodeTimes;

use super::protocol::{self, Script};
use fleetpy::FleetPy;
use shared::Rules;

pub(super) use case::{PlayCase, WAIT_MAX_MS, Wanted};
pub(super) use shared::Played;

/// 2018-06-07, a Thursday, 17:00.
const BEGINS: Timestamp = Timestamp::from_millis(1_528_390_800_000);

/// FleetPy's step, in milliseconds, and ours where we go by its clock.
const FLEETPY_STEP_MS: u64 = 60_000;
/// Our window of matching, with a car for each rider. Of 10, 15 and 20 s it serves the most: 54.4, 55.1 and 53.7 %.
const EVERY: Duration = Duration::from_secs(15);
/// So often we play with a car for each rider, each time the same: once is a tenth of a second, too short to time.
const PLAYS: u32 = 5;
/// The runs of FleetPy: their names, and module, seats and step.
const ALONE: &str = "alone";
const LINEAR: &str = "linear";
const SHARED: &str = "shared";
const RUNS: [&str; 3] = ["alone=AlonsoMora/1/60", "linear=SimonettoAssignment/1/60", "shared=AlonsoMora/4/60"];

const PUBLISHED: &str = "FleetPy, best published";
const HERE: &str = "FleetPy in this run";

/// The figures that rows are made of.
#[derive(Debug, Default)]
struct Figures {
    alone: Option<Played>,
    alone_requests_per_cpu_s: Option<f64>,
    alone_by_its_clock: Option<Played>,
    shared: Option<Played>,
    shared_by_its_clock: Option<Played>,
}

/// The rows of this case that the settings want.
pub(super) fn rows(settings: &Settings) -> Vec<Row> {
    let empty = make_rows(&Figures::default(), &Err(String::new()));
    let wanted = |row: &Row| settings.wants(&format!("{} vs {}", row.name, row.peer_name));
    if !empty.iter().any(wanted) {
        return Vec::new();
    }
    let figures = super::data_file(settings, "manhattan_pnas_graph/pm3h_requests.csv")
        .and_then(|file| measure(settings, file.parent().unwrap_or(Path::new("."))));
    let rows = match figures {
        Ok((figures, fleetpy)) => make_rows(&figures, &fleetpy),
        Err(why) => empty.into_iter().map(|row| row.because(why.clone())).collect(),
    };
    rows.into_iter().filter(wanted).collect()
}

fn make_rows(figures: &Figures, fleetpy: &Result<Vec<FleetPy>, String>) -> Vec<Row> {
    let percent = |played: Option<Played>| played.map(|played| played.served_percent());
    let here = |name: &str, figure: fn(&FleetPy) -> f64| {
        fleetpy.as_ref().ok().and_then(|runs| runs.iter().find(|run| run.name == name)).map(figure)
    };
    let served = |name: &str| here(name, FleetPy::served_percent);
    let mut rows = vec![
        Row::new(
            "PM3h capacity 1 served",
            "%",
            percent(figures.alone),
            (PUBLISHED, Some(51.7)),
            Some(Target::at_least(51.7)),
        ),
        Row::new(
            "PM3h capacity 4 served",
            "%",
            percent(figures.shared),
            (PUBLISHED, Some(63.6)),
            Some(Target::at_least(63.6)),
        ),
    ];
    let beside = [
        Row::new("PM3h capacity 1 served", "%", percent(figures.alone), (HERE, served(ALONE)), None),
        Row::new(
            "PM3h capacity 1 served by its clock",
            "%",
            percent(figures.alone_by_its_clock),
            (HERE, served(ALONE)),
            None,
        ),
        Row::new("PM3h capacity 4 served", "%", percent(figures.shared), (HERE, served(SHARED)), None),
        Row::new(
            "PM3h capacity 4 served by its clock",
            "%",
            percent(figures.shared_by_its_clock),
            (HERE, served(SHARED)),
            None,
        ),
        Row::new(
            "PM3h capacity 1 whole protocol",
            "requests a CPU second",
            figures.alone_requests_per_cpu_s,
            (HERE, here(LINEAR, FleetPy::requests_per_cpu_s)),
            Some(Target::times_more(100.0)),
        ),
    ];
    rows.extend(beside.into_iter().map(|row| match fleetpy {
        Ok(_) => row,
        Err(why) => row.because(why.clone()),
    }));
    rows
}

/// Plays the case each way, and in FleetPy if it is at hand.
fn measure(settings: &Settings, folder: &Path) -> Result<(Figures, Result<Vec<FleetPy>, String>), String> {
    let progress = Progress::new(6);
    progress.next("PM3h: the times of all ways");
    let mut case = PlayCase::open(folder, &mut |_| {})?;
    if settings.quick {
        case.wanted.retain(|wanted| wanted.at_ms < 1_800_000);
    }
    progress.step();
    let mut figures = Figures::default();
    let table = Arc::new(case.table.clone());
    let nodes = NodeTimes::new(&case.streets, table, Meters::whole(500)).map_err(|why| why.to_string())?;
    let policy = protocol::policy("PM3h", nodes.clone(), protocol::reach(&case), EVERY)?;
    let script = Script { begins: BEGINS, policy, parked_every: None };
    progress.next("PM3h: a car for each rider, through the whole protocol");
    let mut alone = Err(String::new());
    let mut play = || (0..PLAYS).for_each(|_| alone = protocol::play(&case, &nodes, &script, &mut |_| {}));
    let cpu_ns = cpu::time(&mut play) / f64::from(PLAYS);
    let (alone, violations) = alone?;
    if violations > 0 {
        return Err(format!("{violations} invariants were violated"));
    }
    figures.alone = Some(alone);
    figures.alone_requests_per_cpu_s = Some(case.wanted.len() as f64 / (cpu_ns / 1e9));
    progress.step();
    progress.next("PM3h: shared cars");
    figures.shared = Some(shared::play(&case, &rules(4, 10_000, false), &mut |_| {}));
    progress.step();
    progress.next("PM3h: by FleetPy's clock");
    let its = case.by_clock(FLEETPY_STEP_MS);
    figures.alone_by_its_clock = Some(shared::play(&its, &rules(1, FLEETPY_STEP_MS, false), &mut |_| {}));
    figures.shared_by_its_clock = Some(shared::play(&its, &rules(4, FLEETPY_STEP_MS, true), &mut |_| {}));
    progress.step();
    let broken: usize = [figures.alone, figures.shared, figures.alone_by_its_clock, figures.shared_by_its_clock]
        .into_iter()
        .flatten()
        .map(|played| played.promises_broken)
        .sum();
    if broken > 0 {
        return Err(format!("{broken} promises to riders were broken"));
    }
    progress.next("PM3h: FleetPy");
    let fleetpy = match settings.quick {
        true => Err("not in a quick run: FleetPy takes minutes".to_owned()),
        false => fleetpy::play(settings, folder, &RUNS),
    };
    progress.step();
    Ok((figures, fleetpy))
}

/// The rules of the case for cars of so many seats.
fn rules(seats: u8, every_ms: u64, reassign: bool) -> Rules {
    let policy = PoolingPolicy {
        on: true,
        wait_max: Duration::from_millis(case::WAIT_MAX_MS),
        detour_factor: 1.4,
        detour_constant: Duration::ZERO,
        boarding: Duration::ZERO,
        alighting: Duration::ZERO,
        ..PoolingPolicy::default()
    };
    Rules { seats, every_ms, reassign, policy }
}

#[cfg(test)]
mod tests;
