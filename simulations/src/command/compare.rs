//! `compare` on the command line.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use dispatch::Policy;
use geo::{Resolution, Travel};

use super::roads::RoadArguments;
use super::{Failure, Output, bar, busy_share, demand, hours, time_of_day, write_report};
use crate::city::{City, Day};
use crate::compare::{CityOfFile, Variant, compare as run};
use crate::people::Habits;
use crate::virtual_city::Scenario;

/// What is compared. What is said here counts before what the files say.
#[derive(Clone, Debug, Args)]
pub(super) struct CompareArguments {
    /// The first policy: a TOML file.
    #[arg(value_name = "A.toml")]
    a: PathBuf,
    /// The second policy.
    #[arg(value_name = "B.toml")]
    b: PathBuf,
    /// How many pairs: both policies run on each of so many seeds.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    seeds: u64,
    /// The first seed; the others follow it.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many drivers work; by default 600.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    drivers: Option<u32>,
    /// How many hours pass in the city; by default 1.
    #[arg(long, value_parser = hours)]
    hours: Option<f64>,
    /// The day of the week: monday to friday; by default thursday.
    #[arg(long)]
    day: Option<Day>,
    /// The time of day at the start; by default 17:00.
    #[arg(long, value_parser = time_of_day)]
    start: Option<u32>,
    /// How many times the data's demand is asked for; by default what keeps the first fleet busy, but not drowned.
    #[arg(long, value_parser = demand)]
    demand: Option<f64>,
    /// Another city than Manhattan: a file made by the converter in simulations/data.
    #[arg(long, value_name = "FILE")]
    city: Option<PathBuf>,
    #[command(flatten)]
    roads: RoadArguments,
    /// How large a shard is: an H3 resolution.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(3..=7))]
    shard_resolution: u8,
    /// Where a report with drawings goes: one HTML file that opens without a network.
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
    /// Whether the comparison is for people or for programs.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

/// Manhattan's evening, where nothing else is said.
const DRIVERS: u32 = 600;
const HOURS: f64 = 1.0;
const START_TOD_S: u32 = 17 * 3_600;

pub(super) fn compare(arguments: &CompareArguments) -> Result<bool, Failure> {
    let (a, b) = (Variant::read(&arguments.a)?, Variant::read(&arguments.b)?);
    let city = match &arguments.city {
        None => City::manhattan()?,
        Some(path) => City::open(path)?,
    };
    let (city, travel) = arguments.roads.laid(city)?;
    let (first, second) = arguments.scenarios((&city, &travel), &a, &b)?;
    let seeds: Vec<u64> = (0..arguments.seeds).map(|more| arguments.seed.wrapping_add(more)).collect();
    let bar = bar(arguments.seeds * 2);
    let names = names(&a.name, &b.name);
    let compared = run(&city, names, (&first, &second), &seeds, &|done| bar.set_position(done as u64));
    bar.finish_and_clear();
    let compared = compared?;
    if let Some(path) = &arguments.report {
        write_report(path, &compared.html())?;
    }
    let text = match arguments.output {
        Output::Text => compared.text(),
        Output::Json => format!("{}\n", serde_json::to_string_pretty(&compared)?),
    };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(compared.holds())
}

/// Two files of one name in two folders are told apart.
fn names(a: &str, b: &str) -> (String, String) {
    if a == b { (format!("{a} (A)"), format!("{b} (B)")) } else { (a.to_owned(), b.to_owned()) }
}

impl CompareArguments {
    fn scenarios(
        &self,
        (city, travel): (&City, &Travel),
        a: &Variant,
        b: &Variant,
    ) -> Result<(Scenario, Scenario), Failure> {
        let origin = |path: &Path| path.display().to_string();
        let said = CityOfFile::shared(&a.city, &b.city, &origin(&self.b))?;
        let day = match self.day.or(said.day) {
            Some(day) => day,
            None => "thursday".parse()?,
        };
        let start_tod_s = self.start.or(said.start_tod_s).unwrap_or(START_TOD_S);
        let hours = self.hours.or(said.hours).unwrap_or(HOURS);
        let drivers = |of: Option<u32>| usize::try_from(self.drivers.or(of).or(said.drivers).unwrap_or(DRIVERS));
        let (first, second) = (drivers(a.city.drivers)?, drivers(b.city.drivers)?);
        let demand = self.demand.or(said.demand).unwrap_or_else(|| busy_share(city, (day, start_tod_s), hours, first));
        let scenario = |variant: &Variant, drivers| -> Result<Scenario, Failure> {
            Ok(Scenario {
                seed: self.seed,
                drivers,
                hours,
                day,
                start_tod_s,
                demand,
                habits: Habits::default(),
                policy: Policy { travel: travel.clone(), ..variant.policy.clone() },
                shard_resolution: Resolution::new(self.shard_resolution)?,
            })
        };
        Ok((scenario(a, first)?, scenario(b, second)?))
    }
}
