//! `hansom-sim run`: a city in virtual time, of made-up or recorded requests.

use std::io::Write as _;
use std::path::Path;

use dispatch::{Policy, PoolingPolicy, Timestamp};

use super::{Failure, RunArguments, bar, write_report};
use crate::city::City;
use crate::company::{Alone, SharedRides};
use crate::demand::Request;
use crate::ledger::Ledger;
use crate::report::Report;
use crate::tlc;
use crate::virtual_city::Scenario;

pub(super) fn run(arguments: &RunArguments) -> Result<bool, Failure> {
    let (city, scenario) = arguments.city.stage()?;
    let bar = bar((scenario.hours * 3_600.0) as u64);
    let start = scenario.start();
    let recorded = match (&arguments.trips, &arguments.date) {
        (Some(file), Some(date)) => Some(recorded(file, date, &city, &scenario)?),
        _ => None,
    };
    let again = recorded.clone().filter(|_| scenario.policy.pooling.on);
    let progress = &mut |now: Timestamp, ledger: &Ledger| {
        bar.set_position(now.since(start).as_secs());
        bar.set_message(format!("{} trips", ledger.requested()));
    };
    let (report, measures, explained) =
        crate::virtual_city::run_explained(&city, &scenario, recorded, arguments.explain, progress)?;
    bar.finish_and_clear();
    for text in explained {
        writeln!(std::io::stderr(), "{text}")?;
    }
    let shared_rides = match report.shared_rides {
        Some(rides) => Some(SharedRides { alone: Some(alone(&city, &scenario, again)?), ..rides }),
        None => None,
    };
    let report = Report { shared_rides, ..report };
    if let Some(path) = &arguments.report {
        let name = format!("{} h, {} drivers", scenario.hours, scenario.drivers);
        write_report(path, &crate::compare::run_html(&report, &measures, &name))?;
    }
    arguments.city.print(&report)
}

/// The same city, where nobody gets to share.
fn alone(city: &City, scenario: &Scenario, recorded: Option<Vec<Request>>) -> Result<Alone, Failure> {
    let pooling = PoolingPolicy { on: false, ..scenario.policy.pooling.clone() };
    let scenario = Scenario { policy: Policy { pooling, ..scenario.policy.clone() }, ..scenario.clone() };
    let report = crate::virtual_city::run(city, &scenario, recorded, &mut |_, _| {})?;
    let car_hours = report.shared_rides.unwrap_or_default().car_hours;
    Ok(Alone { completed: report.sums.completed, car_hours })
}

/// The requests behind the recorded trips of the scenario's hours. Says on standard error what was left out and why.
fn recorded(file: &Path, date: &str, city: &City, scenario: &Scenario) -> Result<Vec<Request>, Failure> {
    let day = tlc::day(date).ok_or_else(|| format!("--date is {date:?}, allowed is a date such as 2019-03-07"))?;
    let start = day.start + i64::from(scenario.start_tod_s) * 1_000;
    let window = start..start + i64::try_from(scenario.lasts().as_millis())?;
    let mut trips = tlc::open(file)?;
    let replay = tlc::requests(&mut trips, city, window, scenario.seed)?;
    let skipped: Vec<String> = trips.skipped().iter().map(|(why, count)| format!("{count} {why}")).collect();
    let left_out = if skipped.is_empty() { "none".to_owned() } else { skipped.join(", ") };
    writeln!(
        std::io::stderr(),
        "{}: {} trips of the day, {} outside the city, {} at other times; rows that cannot be used: {left_out}",
        file.display(),
        replay.requests.len(),
        replay.outside_city,
        replay.outside_window,
    )?;
    if replay.requests.is_empty() {
        return Err(format!("{} has no trip in the city in these hours of {date}", file.display()).into());
    }
    Ok(replay.requests)
}
