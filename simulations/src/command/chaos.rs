//! `chaos` on the command line.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::{Failure, Output};
use crate::chaos::{Plan, Under, run};

/// What is broken.
#[derive(Clone, Debug, Args)]
pub(super) struct ChaosArguments {
    /// How long faults are made, in seconds. Hours are welcome.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(5..=604_800))]
    seconds: u64,
    /// What chance is made from: it says which fault comes when.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many drivers work.
    #[arg(long, default_value_t = 80, value_parser = clap::value_parser!(u16).range(10..=5_000))]
    drivers: u16,
    /// Which store is under the server.
    #[arg(long, value_enum, default_value_t = Store::Postgres)]
    store: Store,
    /// The server's program; by default the one beside this program.
    #[arg(long, value_name = "FILE")]
    hansom: Option<PathBuf>,
    /// Whether the summary is for people or for programs.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Store {
    /// A Postgres of the run's own.
    Postgres,
    /// SQLite on a small disk of the run's own.
    Sqlite,
}

pub(super) fn chaos(arguments: &ChaosArguments) -> Result<bool, Failure> {
    let hansom = match &arguments.hansom {
        Some(given) => given.clone(),
        None => std::env::current_exe()?.with_file_name("hansom"),
    };
    if !hansom.exists() {
        return Err(format!("there is no server at {}: build it, or name it with --hansom", hansom.display()).into());
    }
    let plan = Plan {
        seed: arguments.seed,
        lasts: Duration::from_secs(arguments.seconds),
        drivers: usize::from(arguments.drivers),
        under: match arguments.store {
            Store::Postgres => Under::Postgres,
            Store::Sqlite => Under::Sqlite,
        },
        hansom,
    };
    let text = arguments.output == Output::Text;
    // Nobody reads standard error any more: then there is nobody to tell.
    let mut tell = |said: &str| drop(writeln!(std::io::stderr(), "{said}"));
    tell(&format!("seed {}", plan.seed));
    let chaos = run(&plan, &mut tell).map_err(|why| why as Failure)?;
    let said = if text { chaos.text() } else { format!("{}\n", serde_json::to_string_pretty(&chaos)?) };
    std::io::stdout().write_all(said.as_bytes())?;
    Ok(chaos.holds())
}
