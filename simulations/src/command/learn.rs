//! `learn`: a table of what a free car is worth, and how much better a day is with it.

use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;
use dispatch::{DayKinds, Slots};

use super::{CityArguments, Failure, Output};
use crate::learn::{Lessons, learn};

#[derive(Clone, Debug, Args)]
pub(super) struct LearnArguments {
    #[command(flatten)]
    city: CityArguments,
    /// Where the table goes; a file that is there is replaced when all is well, and not before.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// How many simulated days to learn from, each of a seed of its own: of --hours, from --start.
    #[arg(long, value_name = "COUNT", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    days: u32,
    /// On how many other days the table is tried, each once without and once with it; 0 for none.
    #[arg(long, value_name = "COUNT", default_value_t = 3, value_parser = clap::value_parser!(u32).range(0..=1_000))]
    pairs: u32,
    /// How long a slot of the table is, in minutes: a whole part of a day.
    #[arg(long, value_name = "MINUTES", default_value_t = 30)]
    slot_min: u32,
}

pub(super) fn run(arguments: &LearnArguments) -> Result<bool, Failure> {
    let (city, scenario) = arguments.city.stage()?;
    let slots = Slots::new(arguments.slot_min, DayKinds::Alike, scenario.policy.utc_offset_min)
        .map_err(|why| format!("--slot-min is {}, allowed is {}", why.value, why.allowed))?;
    let future = arguments.city.roaming.future;
    let lessons = Lessons { days: arguments.days, pairs: arguments.pairs, slots, future };
    let bar = super::bar(u64::from(arguments.days + arguments.pairs));
    let (values, learned) = learn(&city, &scenario, &lessons, &mut |what| {
        bar.inc(1);
        bar.set_message(what.to_owned());
    })?;
    bar.finish_and_clear();
    let text = match arguments.city.output {
        Output::Text => learned.text(),
        Output::Json => format!("{}\n", serde_json::to_string_pretty(&learned)?),
    };
    let folder = arguments.out.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut file = tempfile::NamedTempFile::new_in(folder.unwrap_or(".".as_ref()))?;
    file.write_all(gateway::write_worth(&values).as_bytes())?;
    file.persist(&arguments.out)?;
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(true)
}
