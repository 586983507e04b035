//! `load` on the command line.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use gateway::Secret;

use super::{Failure, Output, bar, write_report};
use crate::load::{Phase, Plan, Target};

/// What is asked of which server.
#[derive(Clone, Debug, Args)]
pub(super) struct LoadArguments {
    /// How many drivers, each with a socket of its own.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    drivers: u32,
    /// Positions a second, of all drivers together; by default one every four seconds from each of them.
    #[arg(long, value_name = "POSITIONS", value_parser = rate)]
    rate: Option<f64>,
    /// Rides that are asked for a second.
    #[arg(long, value_name = "REQUESTS", default_value_t = 2.0, value_parser = rate)]
    riders: f64,
    /// How long positions are sent, in seconds; with --overload how long each of its phases lasts.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    seconds: u32,
    /// Four phases instead of one: half the rate, the rate, twice the rate, half the rate again. Take for --rate what the
    /// server can just carry.
    #[arg(long)]
    overload: bool,
    /// Positions that a driver sends at once, in one packet, as after a dead zone: costs the clients less.
    #[arg(long, value_name = "POSITIONS", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=64))]
    burst: u32,
    /// Drivers send as rarely as the server asks them to, as phones do.
    #[arg(long)]
    steered: bool,
    /// How many sockets are opened a second.
    #[arg(long, value_name = "SOCKETS", default_value_t = 1_000.0, value_parser = rate)]
    opening: f64,
    /// The server, as in http://127.0.0.1:7070. Without it one is started for this, and ended.
    #[arg(long, requires = "secret_file")]
    url: Option<String>,
    /// The secret that its tokens are made with: what jwt_secret_file names, or dev-secret in its data directory.
    #[arg(long, value_name = "FILE", requires = "url")]
    secret_file: Option<PathBuf>,
    /// Who issues its tokens: its jwt_issuer.
    #[arg(long, default_value = "hansom", requires = "url")]
    issuer: String,
    /// Its process, if it is one of this machine: CPU time and memory are read there.
    #[arg(long, value_name = "PID", requires = "url")]
    server_pid: Option<u32>,
    /// The program of the server that is started; by default the one beside this program.
    #[arg(long, value_name = "FILE", conflicts_with = "url")]
    hansom: Option<PathBuf>,
    /// What chance is made from: where drivers are, when riders ask.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where a report with drawings goes: one HTML file that opens without a network.
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
    /// Where positions and the latencies of offers and trips are drawn, second by second: one picture.
    #[arg(long, value_name = "FILE.svg")]
    picture: Option<PathBuf>,
    /// Whether the summary is for people or for programs.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

/// A number of things a second.
fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse::<f64>().ok().filter(|rate| (0.0..=10_000_000.0).contains(rate));
    rate.ok_or_else(|| "allowed is a number from 0 to 10000000".to_owned())
}

impl LoadArguments {
    fn plan(&self) -> Result<Plan, Failure> {
        let drivers = usize::try_from(self.drivers)?;
        let lasts = Duration::from_secs(u64::from(self.seconds));
        let phase = |(name, share): (&str, f64)| Phase { name: name.to_owned(), share, lasts };
        let phases: &[_] = match self.overload {
            true => &[("half", 0.5), ("full", 1.0), ("twice", 2.0), ("half again", 0.5)],
            false => &[("load", 1.0)],
        };
        Ok(Plan {
            target: self.target()?,
            drivers,
            rate: self.rate.unwrap_or(f64::from(self.drivers) / 4.0),
            requests: self.riders,
            phases: phases.iter().copied().map(phase).collect(),
            opening_rate: self.opening.max(1.0),
            burst: self.burst,
            steered: self.steered,
            seed: self.seed,
        })
    }

    fn target(&self) -> Result<Target, Failure> {
        if let (Some(url), Some(file)) = (&self.url, &self.secret_file) {
            let (url, issuer) = (url.clone(), self.issuer.clone());
            return Ok(Target::Given { url, secret: Secret::read(file)?, issuer, pid: self.server_pid });
        }
        let hansom = match &self.hansom {
            Some(given) => given.clone(),
            None => std::env::current_exe()?.with_file_name("hansom"),
        };
        if !hansom.exists() {
            let at = hansom.display();
            return Err(format!(
                "there is no server at {at}: build it, name it with --hansom, or one that runs with --url"
            )
            .into());
        }
        // Riders and whoever reads the counters need connections, too.
        let connections = u64::from(self.drivers) + 2_000;
        // A few phones may be asked to send what many would.
        let frames = ("HANSOM_LIMITS_FRAMES_PER_SOCKET", "1000000".to_owned());
        let connections = ("HANSOM_LIMITS_CONNECTIONS", connections.to_string());
        Ok(Target::Own { hansom, settings: vec![connections, frames] })
    }
}

pub(super) fn load(arguments: &LoadArguments) -> Result<bool, Failure> {
    let plan = arguments.plan()?;
    let bar = bar(plan.phases.iter().map(|phase| phase.lasts.as_secs()).sum());
    let done = plan.run(&bar);
    bar.finish_and_clear();
    let load = done.map_err(|why| why as Failure)?;
    if let Some(path) = &arguments.report {
        write_report(path, &crate::html::load(&load))?;
    }
    if let Some(path) = &arguments.picture {
        write_report(path, &crate::html::load_picture(&load))?;
    }
    let text = match arguments.output {
        Output::Text => load.text(),
        Output::Json => format!("{}\n", serde_json::to_string_pretty(&load)?),
    };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(load.holds())
}
