//! FleetPy beside us: its own simulation, unchanged, on the same graph, requests and cars, in this run.
//!
//! Lives here: starting it and reading what it says.
//! Stays out: the case in its files (`fleetpy.py`), which is built into this program.

use std::path::Path;
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::bench::Settings;

/// The script that plays the case in FleetPy.
const SCRIPT: &str = include_str!("fleetpy.py");

/// One run of FleetPy.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub(super) struct FleetPy {
    pub(super) name: String,
    pub(super) requests: f64,
    pub(super) served: f64,
    /// CPU time of the run, without reading the case.
    pub(super) cpu_s: f64,
}

impl FleetPy {
    pub(super) fn served_percent(&self) -> f64 {
        100.0 * self.served / self.requests.max(1.0)
    }

    pub(super) fn requests_per_cpu_s(&self) -> f64 {
        self.requests / self.cpu_s.max(1e-9)
    }
}

/// Plays runs, each `name=module/seats/step`, in the FleetPy that the settings name.
///
/// # Errors
/// In words for the rows that are skipped.
pub(super) fn play(settings: &Settings, graph: &Path, runs: &[&str]) -> Result<Vec<FleetPy>, String> {
    let folder = settings.fleetpy.as_ref().ok_or("FleetPy was not asked for: say where it is with --fleetpy")?;
    if !folder.join("src").is_dir() {
        return Err(format!("no FleetPy at {}", folder.display()));
    }
    let python = settings.fleetpy_python.clone().unwrap_or_else(|| "python3".into());
    let work = tempfile::tempdir().map_err(|why| format!("no folder to work in: {why}"))?;
    let script = work.path().join("fleetpy.py");
    std::fs::write(&script, SCRIPT).map_err(|why| format!("cannot write {}: {why}", script.display()))?;
    let out = Command::new(&python)
        .args([script.as_path(), folder, graph, work.path()])
        .args(runs)
        .env("OMP_NUM_THREADS", "1")
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .map_err(|why| format!("{} does not start: {why}", python.display()))?;
    if !out.status.success() {
        let said = String::from_utf8_lossy(&out.stderr);
        let last = said.lines().last().unwrap_or("nothing").to_owned();
        return Err(format!("FleetPy in {} ended with {}: {last}", python.display(), out.status));
    }
    let line = |line: &str| serde_json::from_str(line).map_err(|why| format!("FleetPy said {line:?}: {why}"));
    String::from_utf8_lossy(&out.stdout).lines().map(line).collect()
}
