//! The commands and flags of `hansom ops`.

use clap::{Args, Subcommand, ValueEnum};
use gateway::{BadSetting, Layers};

use super::Signing;

/// What a running server is asked.
#[derive(Debug, Args)]
pub(crate) struct OpsFlags {
    #[command(subcommand)]
    pub(crate) command: OpsCommand,
    /// Where the server listens
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:7070", global = true)]
    pub(crate) url: String,
    /// A token of the role ops; without it one is minted with the server's secret
    #[arg(long, value_name = "TOKEN", global = true)]
    pub(crate) token: Option<String>,
    /// table or json
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT", global = true)]
    pub(crate) output: RowsAs,
    #[command(flatten)]
    signing: Signing,
}

impl OpsFlags {
    pub(crate) fn layers(&self) -> Result<Layers, BadSetting> {
        self.signing.layers()
    }
}

/// For people or for scripts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum RowsAs {
    #[default]
    Table,
    Json,
}

/// How much of a list.
#[derive(Debug, Args)]
pub(crate) struct Paging {
    /// How many rows at most [default: all]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(usize))]
    pub(crate) limit: Option<usize>,
    /// Only what comes after this one
    #[arg(long, value_name = "NAME")]
    pub(crate) after: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum OpsCommand {
    /// List drivers, by name
    Drivers {
        /// Only who stands so, as in available
        #[arg(long, value_name = "STANDING")]
        availability: Option<String>,
        /// Only of this shard
        #[arg(long, value_name = "CELL")]
        shard: Option<String>,
        /// Only in this H3 cell
        #[arg(long, value_name = "CELL")]
        cell: Option<String>,
        /// Only who has sent no position for so many milliseconds
        #[arg(long, value_name = "MS")]
        stale_ms: Option<u64>,
        #[command(flatten)]
        paging: Paging,
    },
    /// List live trips, in the order in which they were requested
    Trips {
        /// Only in this state, as in searching
        #[arg(long, value_name = "STATE")]
        state: Option<String>,
        /// Only of this shard
        #[arg(long, value_name = "CELL")]
        shard: Option<String>,
        /// Only whose pickup is in this H3 cell
        #[arg(long, value_name = "CELL")]
        cell: Option<String>,
        /// Only what has been in its state for so many milliseconds
        #[arg(long, value_name = "MS")]
        stale_ms: Option<u64>,
        /// Only this rider's
        #[arg(long, value_name = "ID")]
        rider: Option<String>,
        /// Only this driver's
        #[arg(long, value_name = "ID")]
        driver: Option<String>,
        #[command(flatten)]
        paging: Paging,
    },
    /// List shards, by cell
    Shards {
        #[command(flatten)]
        paging: Paging,
    },
    /// Say how a trip was matched
    Explain {
        /// The trip's name
        trip: String,
    },
    /// Say why a driver had no work
    WhyNot {
        /// The driver's name
        driver: String,
        /// Since when, in milliseconds since 1970 [default: the last hour]
        #[arg(long, value_name = "MS")]
        since_ms: Option<u64>,
    },
    /// Take nobody new, and send drivers without a trip elsewhere, one by one
    Drain {
        /// Over how long [default: 30000]
        #[arg(long, value_name = "MS")]
        window_ms: Option<u64>,
    },
    /// Take guests again
    Undrain,
    /// Show the policy in force and who says so, or change it
    Policy {
        /// A setting and its new value, as in policy.match_every=1.5; may be repeated
        #[arg(long, value_name = "KEY=VALUE", value_parser = key_and_value)]
        set: Vec<(String, String)>,
        /// A setting that shall be as the settings say again; may be repeated
        #[arg(long, value_name = "KEY")]
        unset: Vec<String>,
        /// Why, for the history
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
        /// Only say what would be changed
        #[arg(long)]
        dry_run: bool,
        /// Only if the policy is still in this revision
        #[arg(long, value_name = "N")]
        revision: Option<u64>,
    },
    /// List who changed the policy, the latest first
    PolicyHistory {
        #[command(flatten)]
        paging: Paging,
    },
}

fn key_and_value(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("allowed is KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}
