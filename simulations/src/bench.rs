//! `bench`: how fast the parts of Hansom are, beside what others would use in their place.
//!
//! Lives here: what every comparison needs (rows and targets, rounds that take turns, CPU time, the table) and, in a
//! module each, the comparisons themselves.
//! Stays out: whatever is measured; tests of correctness (a comparison only checks that both sides did the same).
//! Touch with care: the keys of [`Row`], which scripts read, and [`Target`], which says what a ratio means.

pub mod cpu;
pub mod gateway;
pub mod geo;
pub mod matching;
mod progress;
pub mod quality;
pub mod recovery;
mod resp;
mod row;
mod samples;
pub mod store;
mod table;

use std::path::PathBuf;

pub use progress::Progress;
pub use resp::{Client, RedisServer, Reply};
pub use row::{Of, Op, Row, Target};
pub use samples::{Samples, median, turns};
pub use table::table;

/// Why a comparison could not run at all.
pub type Failure = Box<dyn std::error::Error>;

/// How a comparison is run. A missed target is an answer, not a failure.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// A run of a few seconds on small cases: shows that everything works, says little about speed.
    pub quick: bool,
    /// Only the rows whose case or peer contains this text; everything when empty.
    pub filter: String,
    /// What chance is made from: the same seed makes the same work.
    pub seed: u64,
    /// The folder of the programs hansom and hansom-sim; beside this program when not said.
    pub programs: Option<PathBuf>,
    /// A Python that has Valhalla; `python3` when not said.
    pub valhalla_python: Option<PathBuf>,
    /// A Python that has scipy; `python3` when not said.
    pub scipy_python: Option<PathBuf>,
    /// The folder of the data that `bench quality` reads; beside the checkout when not said.
    pub data: Option<PathBuf>,
    /// A Python that has pyhailing; `python3` when not said.
    pub pyhailing_python: Option<PathBuf>,
    /// A folder with FleetPy, the peer of the case PM3h; without it those rows are skipped.
    pub fleetpy: Option<PathBuf>,
    /// A Python that can run FleetPy; `python3` when not said.
    pub fleetpy_python: Option<PathBuf>,
    /// How many episodes of pyhailing; what its rules say when not said.
    pub episodes: Option<u32>,
    /// The seed of pyhailing's demand; the official one when not said.
    pub env_seed: Option<u32>,
}

impl Settings {
    /// Whether a row is asked for.
    #[must_use]
    pub fn wants(&self, name: &str) -> bool {
        name.contains(&self.filter)
    }
}

#[cfg(test)]
mod tests;
