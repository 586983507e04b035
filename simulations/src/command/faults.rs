//! `faults` on the command line.

use std::io::Write as _;

use clap::Args;

use super::{Failure, Output, bar};
use crate::faults::{Storm, run};

/// What is to be survived.
#[derive(Clone, Debug, Args)]
pub(super) struct FaultsArguments {
    /// What chance is made from. Each town after the first has the next number, so a town that failed is seen again by
    /// its own.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many steps the cores take at least, in all towns together.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000_000_000))]
    steps: u64,
    /// Instead of a storm, so many hours in towns of different tempers: villages, quiet nights with bursts of faults,
    /// suburbs that book for later, long drives.
    #[arg(long, conflicts_with = "steps", value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    hours: Option<u64>,
    /// Whether the summary is for people or for programs.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

pub(super) fn faults(arguments: &FaultsArguments) -> Result<bool, Failure> {
    let mut out = std::io::stdout();
    if arguments.output == Output::Text {
        // First of all: whatever happens next, this is how to see it again.
        writeln!(out, "seed {}", arguments.seed)?;
    }
    let storm = match arguments.hours {
        Some(hours) => Storm::of_hours(arguments.seed, hours),
        None => Storm::new(arguments.seed, arguments.steps),
    };
    let bar = bar(storm.length.whole());
    let lived = run(&storm, &mut |lived| bar.set_position(lived));
    bar.finish_and_clear();
    match lived {
        Ok(survived) => {
            let text = match arguments.output {
                Output::Text => survived.to_string(),
                Output::Json => format!("{}\n", serde_json::to_string_pretty(&survived)?),
            };
            out.write_all(text.as_bytes())?;
            Ok(true)
        }
        Err(broken) => {
            writeln!(std::io::stderr(), "{broken}")?;
            Ok(false)
        }
    }
}
