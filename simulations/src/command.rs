//! The command line of `hansom-sim`: what can be asked, and what is printed.
//!
//! Lives here: arguments, their checks, output to the terminal, exit codes.
//! Stays out: simulation.

mod bench;
mod chaos;
mod compare;
mod faults;
mod learn;
mod load;
mod numbers;
mod roads;
mod roaming;
mod run;

use std::io::{IsTerminal, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use dispatch::{Method, Policy, PoolingPolicy};
use geo::{Resolution, Travel};

use crate::city::{City, Day};
use crate::demand::share_for_fleet;
use crate::people::Habits;
use crate::report::Report;
use crate::virtual_city::Scenario;

use bench::BenchCommand;
use chaos::ChaosArguments;
use compare::CompareArguments;
use faults::FaultsArguments;
use learn::LearnArguments;
use load::LoadArguments;
use numbers::{demand, hours, in_range, ping_every, speed, time_of_day};
use roads::RoadArguments;
use roaming::RoamingArguments;

/// Simulates a city on Hansom's own dispatch cores.
#[derive(Debug, Parser)]
#[command(name = "hansom-sim", version, about, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Starts a server and a city of real clients over real sockets, and watches it live.
    ///
    /// Drivers are WebSocket clients that move at the data's speeds, riders are HTTP clients that ask at the data's
    /// rates. Ends with a summary in which every trip is accounted for; exit code 0 only if the server's journal
    /// agrees and no promise was broken.
    Demo(DemoArguments),
    /// Runs the same city in virtual time: no sockets, thousands of times faster than life, repeatable to the byte.
    Run(RunArguments),
    /// Learns what a free car is worth where and when, from simulated days, and tries it on others.
    ///
    /// The file is for `--worth` here and for the setting `policy.worth` of a server; its format is in the crate gateway.
    Learn(LearnArguments),
    /// Runs two policies on the same days and says what the difference is, and how sure that is.
    ///
    /// The files hold `[policy]` in the words of `hansom settings` and, if they like, `[city]`: drivers, hours, day,
    /// start, demand. Each seed is a pair: the same riders, the same drivers. Differences are judged by the paired t test.
    Compare(CompareArguments),
    /// Lets towns live through a storm of faults in virtual time, and checks every promise after every step.
    ///
    /// Messages between drivers, trips and shards are lost, late, doubled and overtaken; writes end unknown, shards
    /// step down, nodes die, connections break. The first broken promise ends the run with exit code 1, the last steps
    /// of those whom it concerns, and the command that shows it again.
    Faults(FaultsArguments),
    /// Breaks a real server and all it stands on, while a city of real clients goes on, and compares the books.
    ///
    /// The server is killed and paused, Postgres crashes, is cut off and falls silent, Redis dies, the disk fills up. Afterwards
    /// what every client was told is compared with the journal: exit code 0 only if no promise was broken. Needs the
    /// programs of Postgres and Redis, which it starts and ends itself.
    Chaos(ChaosArguments),
    /// Opens real sockets by the thousand against a server, and says what it makes of them.
    ///
    /// Each driver is a WebSocket that comes on line, sends its position and takes what it is offered; riders ask over
    /// HTTP. Reported are the server's CPU time per position and memory per socket (of its process on this machine),
    /// latencies as the clients see them, and every error by kind. Exit code 0 only if everybody came on line and there
    /// were none. Without --url a server is started for it.
    Load(LoadArguments),
    /// Makes roads of an OpenStreetMap extract: a file that answers how long a drive takes and where it leads along.
    ///
    /// Any .osm.pbf extract of a city or a region will do. What was read, used and left out is said at the end.
    Import(ImportArguments),
    /// Measures a part of Hansom beside what others would use in its place, on this machine, now.
    ///
    /// Costs are CPU time: ours of the thread, a server's of its process; medians over rounds in which the contenders
    /// take turns. A missed target is said in the table and is no error.
    #[command(subcommand)]
    Bench(BenchCommand),
    /// A receiver that `bench gateway` starts beside the server; it ends with it.
    #[command(hide = true)]
    Peer {
        /// Which.
        #[arg(value_enum)]
        kind: PeerArgument,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum PeerArgument {
    /// Frames by hand over epoll.
    Epoll,
    /// Axum as it comes.
    Axum,
}

#[derive(Clone, Debug, Args)]
struct ImportArguments {
    /// The extract: an OSM PBF file.
    #[arg(value_name = "CITY.osm.pbf")]
    extract: PathBuf,
    /// Where the roads go; by default beside the extract, as CITY.roads. A file that is there is replaced when all is
    /// well, and not before.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Whether the summary is for people or for programs.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

#[derive(Clone, Debug, Args)]
struct CityArguments {
    /// How many drivers work.
    #[arg(long, default_value_t = 600, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    drivers: u32,
    /// How many hours pass in the city.
    #[arg(long, default_value_t = 1.0, value_parser = hours)]
    hours: f64,
    /// What chance is made from: the same seed makes the same city.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many times the data's demand is asked for; by default what keeps the fleet busy, but not drowned
    /// in the busiest of the hours.
    #[arg(long, value_parser = demand)]
    demand: Option<f64>,
    /// The day of the week: monday to friday.
    #[arg(long, default_value = "thursday")]
    day: Day,
    /// The time of day at the start.
    #[arg(long, default_value = "17:00", value_parser = time_of_day)]
    start: u32,
    /// Another city than Manhattan: a file made by the converter in simulations/data.
    #[arg(long, value_name = "FILE")]
    city: Option<PathBuf>,
    /// The share of riders who ask for a car for later, 15 to 45 minutes ahead.
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = roaming::share)]
    prebooked: f64,
    /// The share of riders who would share a car; above 0, cars are shared.
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = roaming::share)]
    shared: f64,
    /// How often a driver's phone sends its position, in seconds: half of a city's work. One heard of more than 30 s ago
    /// is not matched.
    #[arg(long, value_name = "SECONDS", default_value_t = Habits::default().ping_every_ms as f64 / 1_000.0, value_parser = ping_every)]
    ping_every: f64,
    /// How riders and drivers are matched.
    #[arg(long, value_enum, default_value_t = MethodArgument::Batched)]
    method: MethodArgument,
    #[command(flatten)]
    roads: RoadArguments,
    #[command(flatten)]
    roaming: RoamingArguments,
    /// How large a shard is: an H3 resolution.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(3..=7))]
    shard_resolution: u8,
    /// Whether the summary is for people or for programs.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

#[derive(Clone, Debug, Args)]
struct RunArguments {
    #[command(flatten)]
    city: CityArguments,
    /// Recorded trips in the place of the data's demand: a trip-record file of the NYC TLC, Parquet or CSV (also .gz),
    /// with the columns of any year.
    #[arg(long, value_name = "FILE", requires = "date", conflicts_with = "demand")]
    trips: Option<PathBuf>,
    /// Which day of the recorded trips, as in 2019-03-07. Starts at --start, lasts --hours.
    #[arg(long, value_name = "DATE", requires = "trips")]
    date: Option<String>,
    /// Where a report with drawings goes: one HTML file that opens without a network.
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
    /// Explain the matches of so many riders on standard error: those who waited longest.
    #[arg(long, value_name = "RIDERS", default_value_t = 0)]
    explain: usize,
}

#[derive(Clone, Debug, Args)]
struct DemoArguments {
    #[command(flatten)]
    city: CityArguments,
    /// How many times faster than life the city runs.
    #[arg(long, default_value_t = 30.0, value_parser = speed)]
    speed: f64,
    /// Where the server keeps its data; by default a folder that is removed at the end.
    #[arg(long, value_name = "FOLDER")]
    data_dir: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum MethodArgument {
    /// Each request at once, with the driver who is there soonest.
    Nearest,
    /// All waiting requests together, exactly.
    Batched,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// Lines for people.
    Text,
    /// JSON.
    Json,
}

/// Exit code when the simulation ran and something was wrong with it.
const NOT_WELL: u8 = 1;
/// Exit code when it could not run.
const NOT_AT_ALL: u8 = 2;

/// Does what the command line asks.
#[must_use]
pub fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Run(arguments) => run::run(&arguments),
        Command::Demo(arguments) => demo(&arguments),
        Command::Bench(command) => command.run(),
        Command::Peer { kind: PeerArgument::Epoll } => {
            crate::bench::gateway::peers::by_hand().map(|()| true).map_err(Into::into)
        }
        Command::Peer { kind: PeerArgument::Axum } => {
            crate::bench::gateway::peers::axum_as_it_comes().map(|()| true).map_err(Into::into)
        }
        Command::Learn(arguments) => learn::run(&arguments),
        Command::Load(arguments) => load::load(&arguments),
        Command::Import(arguments) => import(&arguments),
        Command::Faults(arguments) => faults::faults(&arguments),
        Command::Chaos(arguments) => chaos::chaos(&arguments),
        Command::Compare(arguments) => compare::compare(&arguments),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(NOT_WELL),
        Err(why) => {
            let mut text = format!("hansom-sim: {why}");
            let mut source = why.source();
            while let Some(cause) = source {
                text.push_str(&format!(": {cause}"));
                source = cause.source();
            }
            // Nobody reads standard error any more: then there is nobody to tell.
            let _ = writeln!(std::io::stderr(), "{text}");
            ExitCode::from(NOT_AT_ALL)
        }
    }
}

type Failure = Box<dyn std::error::Error>;

impl CityArguments {
    fn load(&self) -> Result<City, Failure> {
        Ok(match &self.city {
            None => City::manhattan()?,
            Some(path) => City::open(path)?,
        })
    }

    /// The city, its roads among it, and what is to happen in it.
    fn stage(&self) -> Result<(City, Scenario), Failure> {
        let (city, travel) = self.roads.laid(self.load()?)?;
        let scenario = self.scenario(&city, travel)?;
        Ok((city, scenario))
    }

    fn scenario(&self, city: &City, travel: Travel) -> Result<Scenario, Failure> {
        let drivers = usize::try_from(self.drivers)?;
        let method = match self.method {
            MethodArgument::Nearest => Method::Nearest,
            MethodArgument::Batched => Method::Batched,
        };
        let pooling = PoolingPolicy { on: self.shared > 0.0, ..PoolingPolicy::default() };
        Ok(Scenario {
            seed: self.seed,
            drivers,
            hours: self.hours,
            day: self.day,
            start_tod_s: self.start,
            demand: self.demand.unwrap_or_else(|| self.share(city, drivers)),
            habits: Habits {
                prebooked: self.prebooked,
                shares: self.shared,
                ping_every_ms: (self.ping_every * 1_000.0) as u64,
                ..self.roaming.habits()
            },
            policy: Policy { method, travel, pooling, ..self.roaming.policy()? },
            shard_resolution: Resolution::new(self.shard_resolution)?,
        })
    }

    fn share(&self, city: &City, drivers: usize) -> f64 {
        busy_share(city, (self.day, self.start), self.hours, drivers)
    }

    fn print(&self, report: &Report) -> Result<bool, Failure> {
        let text = match self.output {
            Output::Text => report.text(),
            Output::Json => format!("{}\n", serde_json::to_string_pretty(report)?),
        };
        std::io::stdout().write_all(text.as_bytes())?;
        Ok(report.holds())
    }
}

/// What keeps the fleet busy in the busiest of the hours, and so does not drown it in any.
fn busy_share(city: &City, (mut day, mut tod_s): (Day, u32), hours: f64, drivers: usize) -> f64 {
    let mut least = f64::INFINITY;
    for _ in 0..hours.ceil() as u32 {
        least = least.min(share_for_fleet(city, day, tod_s, drivers));
        tod_s += 3_600;
        if tod_s >= 86_400 {
            (day, tod_s) = (day.next(), tod_s - 86_400);
        }
    }
    least
}

/// Writes a report, and says where it cannot be written.
fn write_report(path: &Path, html: &str) -> Result<(), Failure> {
    std::fs::write(path, html).map_err(|why| format!("{}: {why}", path.display()).into())
}

fn demo(arguments: &DemoArguments) -> Result<bool, Failure> {
    let (city, scenario) = arguments.city.stage()?;
    let folder = tempfile::tempdir()?;
    let stage = crate::demo::Stage {
        speed: arguments.speed,
        data_dir: arguments.data_dir.clone().unwrap_or_else(|| folder.path().to_owned()),
        live: arguments.city.output == Output::Text,
    };
    let report = crate::demo::run(city, scenario, &stage)?;
    arguments.city.print(&report)
}

fn import(arguments: &ImportArguments) -> Result<bool, Failure> {
    let bar = bar(1);
    let imported = crate::import::import(&arguments.extract, arguments.out.as_deref(), &mut |done, of, what| {
        bar.set_length(of);
        bar.set_position(done);
        bar.set_message(what);
    });
    bar.finish_and_clear();
    let imported = imported?;
    let text = match arguments.output {
        Output::Text => imported.text(),
        Output::Json => format!("{}\n", serde_json::to_string_pretty(&imported.json())?),
    };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(true)
}

/// A bar over so many steps, such as the seconds of the city; silent when nobody watches.
fn bar(steps: u64) -> indicatif::ProgressBar {
    if !std::io::stderr().is_terminal() {
        return indicatif::ProgressBar::hidden();
    }
    let style = indicatif::ProgressStyle::with_template("{elapsed_precise} [{bar:40}] {percent}% {msg} (eta {eta})");
    let bar = indicatif::ProgressBar::new(steps);
    style.map_or(bar.clone(), |style| bar.with_style(style))
}
