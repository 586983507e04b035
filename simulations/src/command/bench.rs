//! `bench` on the command line.

use std::io::Write as _;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Failure, Output};
use crate::bench::{self, Row, Settings};

/// What is measured.
#[derive(Debug, Subcommand)]
pub(super) enum BenchCommand {
    /// Who is near: the index of moving drivers beside redis-server, an R-tree and a flat grid.
    Geo(GeoArguments),
    /// Who gets whom: the exact plan beside scipy's sparse solver, a greedy and a dense Hungarian method.
    Matching(MatchingArguments),
    /// How well requests are served: cases whose answers others have published, played by Hansom's own cores.
    ///
    /// Cases whose data or environment is not at hand are printed as skipped, with the reason.
    Quality(QualityArguments),
    /// What lasts: steps a second and how long each waits, beside one commit for each step, in Postgres and SQLite.
    ///
    /// Starts a Postgres of its own (apt-get install postgresql), and writes to the disk of the temporary folder.
    Store(BenchArguments),
    /// How long a server takes until it serves a city of 100,000 drivers and 20,000 live trips again.
    Recovery(BenchArguments),
    /// The doors: what a position costs from the socket to the index, and a socket at rest in memory, beside receivers that
    /// only read: epoll with frames by hand, and axum as it comes.
    ///
    /// Starts the server beside this program (cargo build --release -p gateway) and the receivers.
    Gateway(BenchArguments),
}

#[derive(Clone, Debug, Args)]
pub(super) struct GeoArguments {
    #[command(flatten)]
    bench: BenchArguments,
    /// A Python with the package pyvalhalla, the peer of the rows on roads; by default python3, if it has it.
    #[arg(long, value_name = "PYTHON")]
    valhalla_python: Option<PathBuf>,
}

#[derive(Clone, Debug, Args)]
pub(super) struct MatchingArguments {
    #[command(flatten)]
    bench: BenchArguments,
    /// A Python with the package scipy, the peer of most rows; by default python3, if it has it.
    #[arg(long, value_name = "PYTHON")]
    scipy_python: Option<PathBuf>,
}

#[derive(Clone, Debug, Args)]
pub(super) struct QualityArguments {
    #[command(flatten)]
    bench: BenchArguments,
    /// Where the data is; by default the folder shared/data beside the checkout.
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// A Python with the package pyhailing, the environment of those rows; by default python3, if it has it.
    #[arg(long, value_name = "PYTHON")]
    pyhailing_python: Option<PathBuf>,
    /// A checkout of FleetPy, to play the case PM3h beside us (some minutes). It is copied, not changed.
    #[arg(long, value_name = "FOLDER")]
    fleetpy: Option<PathBuf>,
    /// A Python with the packages of FleetPy and a solver (gurobipy); by default python3.
    #[arg(long, value_name = "PYTHON", requires = "fleetpy")]
    fleetpy_python: Option<PathBuf>,
    /// How many episodes of pyhailing, from the first; by default as many as its official figures have.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    episodes: Option<u32>,
    /// The seed of pyhailing's demand; by default the official one. For choosing a policy take another.
    #[arg(long, value_name = "SEED")]
    env_seed: Option<u32>,
}

#[derive(Clone, Debug, Args)]
pub(super) struct BenchArguments {
    /// A run of a few seconds on a small case: shows that it works, says little about speed.
    #[arg(long)]
    quick: bool,
    /// Only the cases that contain this text, such as "100k/20km update" or "vs redis".
    #[arg(long, value_name = "TEXT", default_value = "")]
    filter: String,
    /// What chance is made from: the same seed makes the same work.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Whether the rows are a table for people or JSON for programs.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

impl BenchCommand {
    pub(super) fn run(self) -> Result<bool, Failure> {
        match self {
            BenchCommand::Geo(GeoArguments { bench, valhalla_python }) => {
                bench.print(&Settings { valhalla_python, ..bench.settings() }, bench::geo::run)
            }
            BenchCommand::Matching(MatchingArguments { bench, scipy_python }) => {
                bench.print(&Settings { scipy_python, ..bench.settings() }, bench::matching::run)
            }
            BenchCommand::Quality(arguments) => {
                let QualityArguments { bench, data, pyhailing_python, fleetpy, fleetpy_python, episodes, env_seed } =
                    arguments;
                let settings = bench.settings();
                let settings =
                    Settings { data, pyhailing_python, fleetpy, fleetpy_python, episodes, env_seed, ..settings };
                bench.print(&settings, bench::quality::run)
            }
            BenchCommand::Store(bench) => bench.print(&bench.settings(), bench::store::run),
            BenchCommand::Recovery(bench) => bench.print(&bench.settings(), bench::recovery::run),
            BenchCommand::Gateway(bench) => bench.print(&bench.settings(), bench::gateway::run),
        }
    }
}

impl BenchArguments {
    fn settings(&self) -> Settings {
        Settings { quick: self.quick, filter: self.filter.clone(), seed: self.seed, ..Settings::default() }
    }

    fn print(
        &self,
        settings: &Settings,
        measure: fn(&Settings) -> Result<Vec<Row>, bench::Failure>,
    ) -> Result<bool, Failure> {
        let rows = measure(settings)?;
        let text = match self.output {
            Output::Text => bench::table(&rows),
            Output::Json => format!("{}\n", serde_json::to_string_pretty(&rows)?),
        };
        std::io::stdout().write_all(text.as_bytes())?;
        Ok(true)
    }
}
