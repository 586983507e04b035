//! Commands and flags.

mod ops;

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use gateway::{BadSetting, Identity, Layers, Role};
use persistence::LetterId;

pub(crate) use ops::{OpsCommand, OpsFlags, Paging, RowsAs};

/// Real-time ride dispatch.
#[derive(Debug, Parser)]
#[command(name = "hansom", version, about, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve a city until told to stop
    Serve(Serve),
    /// Bring the store's schema up to date: before the first start on Postgres, and before a newer version's
    Migrate(Migrate),
    /// Copy the store to a file, while servers go on: one moment of it, whole
    Backup(Copying),
    /// Fill an empty store from such a file; no server may be at work on it
    Restore(Copying),
    /// Mint a token for a driver, a rider or ops
    Token(Token),
    /// List events that a webhook would not take, or have them tried again, by a running server
    Events(EventsFlags),
    /// Look at a running city and run it: lists, why, drain, policy
    Ops(OpsFlags),
    /// Ask a running server whether it is ready; exit code 0 if it is
    Health(Health),
    /// List every setting with its variable, its default and what is allowed
    Settings,
    /// Show or check the settings that `serve` would have
    Config(ConfigFlags),
    /// Look at settings, store, Redis, clock and limits, and say what to do; exit code 1 if a server would not work
    Doctor(Doctor),
    /// Print what a shell needs to complete commands and flags
    Completions {
        /// For which shell
        #[arg(value_enum)]
        shell: Shell,
    },
    /// Print the manual page, for `man -l`
    Man,
    /// Print what is said over HTTP, as OpenAPI 3.1, for programs that make clients
    Openapi,
}

/// What to do with the settings.
#[derive(Debug, Args)]
pub(crate) struct ConfigFlags {
    #[command(subcommand)]
    pub(crate) command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print every setting as it is; secrets are hidden
    Print {
        /// Say where each comes from: a file, a variable, a flag or the default
        #[arg(long)]
        origin: bool,
        /// Also what was changed at work (`hansom ops policy`) and counts before all settings: asks the store
        #[arg(long)]
        stored: bool,
        /// Only those that are given
        #[arg(long)]
        given: bool,
        /// text or json
        #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
        output: Output,
        #[command(flatten)]
        serve: Box<Serve>,
    },
    /// Say whether the settings can be; exit code 2 and the first mistake if not
    Check {
        #[command(flatten)]
        serve: Box<Serve>,
    },
}

/// Looks before a start, with the flags of the start.
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// text or json
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) serve: Serve,
}

/// For people or for scripts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    #[default]
    Text,
    Json,
}

/// Flags count before the environment (HANSOM_...), that before the file, that before the default.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// A TOML file with settings
    #[arg(long, value_name = "FILE", env = "HANSOM_CONFIG")]
    config: Option<PathBuf>,
    /// development, or production: what is unsafe for people stops the start [default: development]
    #[arg(long, value_name = "MODE")]
    mode: Option<String>,
    /// Where the embedded store lives [default: ./data]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<String>,
    /// Address and port; port 0 chooses one [default: 127.0.0.1:7070]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// text or json [default: text]
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<String>,
    /// Which log lines there are, as in info,gateway=debug [default: info]
    #[arg(long, value_name = "FILTER")]
    log: Option<String>,
    /// H3 resolution of a shard, 3 to 7 [default: 5]
    #[arg(long, value_name = "N")]
    shard_resolution: Option<String>,
    /// Threads that carry shards [default: one a core, at most 8]
    #[arg(long, value_name = "N")]
    arbiters: Option<String>,
    /// A file with the secret tokens are signed with [default: a secret for development]
    #[arg(long, value_name = "FILE")]
    jwt_secret_file: Option<String>,
    /// The city's clock runs N times as fast as life; development only [default: 1]
    #[arg(long, value_name = "N")]
    time_scale: Option<String>,
    /// Any other setting, as in --set policy.offer_lasts=15
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
}

impl Serve {
    pub(crate) fn layers(&self) -> Result<Layers, BadSetting> {
        let mut layers = outer_layers(self.config.as_ref())?;
        let named = [
            ("mode", "--mode", &self.mode),
            ("data_dir", "--data-dir", &self.data_dir),
            ("listen", "--listen", &self.listen),
            ("log_format", "--log-format", &self.log_format),
            ("log", "--log", &self.log),
            ("shard_resolution", "--shard-resolution", &self.shard_resolution),
            ("arbiters", "--arbiters", &self.arbiters),
            ("jwt_secret_file", "--jwt-secret-file", &self.jwt_secret_file),
            ("time_scale", "--time-scale", &self.time_scale),
        ];
        for (key, flag, text) in named {
            if let Some(text) = text {
                layers.flag(key, text.clone(), flag)?;
            }
        }
        for set in &self.set {
            let (key, text) = set.split_once('=').unwrap_or((set, ""));
            layers.flag(key.trim(), text.trim().to_owned(), "--set")?;
        }
        Ok(layers)
    }
}

/// For containers whose image has no shell and no HTTP client.
#[derive(Debug, Args)]
pub(crate) struct Health {
    /// Where the server listens
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:7070")]
    pub(crate) url: String,
}

/// Where the store is: as for `serve`.
#[derive(Debug, Args)]
pub(crate) struct Migrate {
    /// A TOML file with settings
    #[arg(long, value_name = "FILE", env = "HANSOM_CONFIG")]
    config: Option<PathBuf>,
    /// Where the embedded store lives [default: ./data]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<String>,
}

/// A copy, and where the store is.
#[derive(Debug, Args)]
pub(crate) struct Copying {
    /// The copy
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) store: Migrate,
}

impl Migrate {
    pub(crate) fn layers(&self) -> Result<Layers, BadSetting> {
        let mut layers = outer_layers(self.config.as_ref())?;
        if let Some(text) = &self.data_dir {
            layers.flag("data_dir", text.clone(), "--data-dir")?;
        }
        Ok(layers)
    }
}

fn outer_layers(config: Option<&PathBuf>) -> Result<Layers, BadSetting> {
    let mut layers = Layers::new();
    if let Some(path) = config {
        layers.file(path)?;
    }
    // What is no UTF-8 is none of our settings, or a wrong value of one: then it shows as it can.
    let variables = std::env::vars_os();
    layers.environment(
        variables.map(|(name, text)| (name.to_string_lossy().into_owned(), text.to_string_lossy().into_owned())),
    )?;
    Ok(layers)
}

#[derive(Debug, Args)]
pub(crate) struct Token {
    #[command(flatten)]
    who: Who,
    /// How long it is good for, as in 90s, 15m, 12h, 7d
    #[arg(long, value_name = "TIME", default_value = "12h")]
    pub(crate) ttl: Ttl,
    #[command(flatten)]
    signing: Signing,
}

/// What a token is signed with.
#[derive(Debug, Args)]
struct Signing {
    /// The TOML file the server uses
    #[arg(long, value_name = "FILE", env = "HANSOM_CONFIG", global = true)]
    config: Option<PathBuf>,
    /// The data directory whose secret for development signs [default: ./data]
    #[arg(long, value_name = "DIR", global = true)]
    data_dir: Option<String>,
    /// The secret itself; others on this machine may see it among the processes
    #[arg(long, value_name = "SECRET", conflicts_with = "secret_file", global = true)]
    secret: Option<String>,
    /// A file with the secret
    #[arg(long, value_name = "FILE", global = true)]
    secret_file: Option<String>,
}

impl Signing {
    fn layers(&self) -> Result<Layers, BadSetting> {
        let mut layers = outer_layers(self.config.as_ref())?;
        let named = [
            ("data_dir", "--data-dir", &self.data_dir),
            ("jwt_secret", "--secret", &self.secret),
            ("jwt_secret_file", "--secret-file", &self.secret_file),
        ];
        for (key, flag, text) in named {
            if let Some(text) = text {
                layers.flag(key, text.clone(), flag)?;
            }
        }
        Ok(layers)
    }
}

/// Events on their way out.
#[derive(Debug, Args)]
pub(crate) struct EventsFlags {
    #[command(subcommand)]
    pub(crate) command: EventsCommand,
    /// Where the server listens
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:7070", global = true)]
    pub(crate) url: String,
    #[command(flatten)]
    signing: Signing,
}

impl EventsFlags {
    pub(crate) fn layers(&self) -> Result<Layers, BadSetting> {
        self.signing.layers()
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum EventsCommand {
    /// List the events that were given up, oldest first for each webhook
    DeadLetters {
        /// As JSON: the same as --output json
        #[arg(long)]
        json: bool,
        /// table or json
        #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
        output: RowsAs,
    },
    /// Have events that were given up tried once more
    Redeliver {
        /// Which, as in billing/4711
        #[arg(value_name = "ID", required_unless_present = "all", conflicts_with = "all")]
        id: Option<LetterId>,
        /// All of them
        #[arg(long)]
        all: bool,
    },
}

/// Whose token it is.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Who {
    /// A driver's name
    #[arg(long, value_name = "ID")]
    driver: Option<String>,
    /// A rider's name
    #[arg(long, value_name = "ID")]
    rider: Option<String>,
    /// The name of someone who runs the city
    #[arg(long, value_name = "ID")]
    ops: Option<String>,
}

impl Token {
    pub(crate) fn who(&self) -> Result<Identity, impl std::error::Error + use<>> {
        let Who { driver, rider, ops } = &self.who;
        let (role, name) = match (driver, rider, ops) {
            (Some(name), ..) => (Role::Driver, name.as_str()),
            (_, Some(name), _) => (Role::Rider, name.as_str()),
            // The parser lets nothing through without one of the three.
            (.., name) => (Role::Ops, name.as_deref().unwrap_or_default()),
        };
        Identity::new(role, name)
    }

    pub(crate) fn layers(&self) -> Result<Layers, BadSetting> {
        self.signing.layers()
    }
}

/// The life of a token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ttl(pub(crate) Duration);

impl FromStr for Ttl {
    type Err = String;

    fn from_str(text: &str) -> Result<Ttl, String> {
        let wrong = || "allowed is a whole number with s, m, h or d, from 1s to 3650d".to_owned();
        let split = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(split);
        let unit: u64 = match unit {
            "" | "s" => 1,
            "m" => 60,
            "h" => 3_600,
            "d" => 86_400,
            _ => return Err(wrong()),
        };
        let seconds = number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit)).ok_or_else(wrong)?;
        if (1..=3_650 * 86_400).contains(&seconds) { Ok(Ttl(Duration::from_secs(seconds))) } else { Err(wrong()) }
    }
}
