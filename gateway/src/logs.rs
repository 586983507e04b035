//! Log lines: where they go and what they look like.
//!
//! Lives here: the filter and the two formats.
//! Stays out: what is logged. No position or name above DEBUG, no token or secret ever.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{LogFormat, Settings};

/// Whether a filter can be read.
pub(crate) fn check(filter: &str) -> Result<(), ()> {
    EnvFilter::builder().parse(filter).map(|_| ()).map_err(|_| ())
}

/// Begins to log on standard error, for the whole process. A process that logs already goes on as it does.
pub fn start(settings: &Settings) {
    let filter = EnvFilter::builder().parse_lossy(&settings.log);
    let lines =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_ansi(io::stderr().is_terminal());
    let started = match settings.log_format {
        LogFormat::Text => lines.with_target(false).finish().try_init(),
        LogFormat::Json => lines.json().flatten_event(true).finish().try_init(),
    };
    if started.is_err() {
        tracing::debug!("log lines were set up before");
    }
}
