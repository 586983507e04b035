//! What the command line says of drivers between two rides: where they are sent, and what a place is worth.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use dispatch::{Policy, RepositionPolicy, Values, Weights};

use super::{Failure, in_range};
use crate::people::Habits;

#[derive(Clone, Debug, Args)]
pub(super) struct RoamingArguments {
    /// The share of suggestions where to wait better that idle drivers follow.
    #[arg(long, value_name = "SHARE", default_value_t = Habits::default().follows, value_parser = share)]
    follows: f64,
    /// Without suggestions to idle drivers: they wait where their last rider got out.
    #[arg(long)]
    no_reposition: bool,
    /// What a free car is worth where and when: a file that `hansom-sim learn` has made.
    #[arg(long, value_name = "FILE")]
    worth: Option<PathBuf>,
    /// What a second of that worth weighs against a second of pickup time.
    #[arg(long, value_name = "WEIGHT", default_value_t = 0.2, value_parser = weight)]
    pub(super) future: f64,
}

impl RoamingArguments {
    pub(super) fn habits(&self) -> Habits {
        Habits { follows: self.follows, ..Habits::default() }
    }

    pub(super) fn policy(&self) -> Result<Policy, Failure> {
        let usual = Policy::default();
        let worth = self.worth.as_deref().map(|path| read(path, &usual)).transpose()?;
        let future = if worth.is_some() { self.future } else { usual.weights.future };
        Ok(Policy {
            reposition: RepositionPolicy { on: !self.no_reposition, ..usual.reposition },
            weights: Weights { future, ..usual.weights },
            worth: worth.map(Arc::new),
            ..usual
        })
    }
}

fn read(path: &Path, policy: &Policy) -> Result<Values, Failure> {
    let read = || -> Result<Values, Failure> {
        Ok(gateway::read_worth(&std::fs::read_to_string(path)?, policy.utc_offset_min)?)
    };
    read().map_err(|why| format!("--worth {}: {why}", path.display()).into())
}

pub(super) fn share(text: &str) -> Result<f64, String> {
    in_range(text, 0.0, 1.0, "")
}

fn weight(text: &str) -> Result<f64, String> {
    in_range(text, 0.001, 100.0, "")
}
