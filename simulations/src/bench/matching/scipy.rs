//! The peer scipy: `min_weight_full_bipartite_matching`, in a Python that stays for the whole run.
//!
//! Lives here: finding a Python that has it, handing it instances, asking it for one answer at a time.
//! Stays out: how it is asked (`scipy_matching.py`, which also runs by itself), what it is compared with.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde::Deserialize;
use tempfile::TempDir;

use super::instance::Instance;
use crate::bench::Failure;

const SCRIPT: &str = include_str!("scipy_matching.py");
const MISSING: &str = "no scipy: pip install scipy, best in a venv, and name its Python with --scipy-python";

/// scipy with some instances in memory.
#[derive(Debug)]
pub(super) struct Scipy {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
    version: String,
    _folder: TempDir,
}

/// What scipy found.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Answer {
    /// CPU milliseconds of the solver alone; making the matrix is not counted.
    pub(super) ms: f64,
    /// How many riders got a driver.
    pub(super) matched: usize,
    /// The sum of their costs.
    pub(super) cost: u64,
}

impl Scipy {
    /// Starts the chosen Python, or `python3`, if it has scipy, and loads the instances.
    ///
    /// # Errors
    /// Why it cannot be used and what to install, in words for the rows that are skipped.
    pub(super) fn start(chosen: Option<&Path>, instances: &[&Instance]) -> Result<Scipy, String> {
        let python = chosen.unwrap_or(Path::new("python3"));
        let start = || -> Result<Scipy, Failure> {
            let folder = tempfile::tempdir()?;
            let mut files: Vec<PathBuf> = Vec::new();
            for (number, instance) in instances.iter().enumerate() {
                let file = folder.path().join(format!("{number}.instance"));
                std::fs::write(&file, instance.bytes())?;
                files.push(file);
            }
            let mut child = Command::new(python)
                .args(["-c", SCRIPT])
                .args(&files)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()?;
            let questions = child.stdin.take().ok_or("no standard input")?;
            let answers = BufReader::new(child.stdout.take().ok_or("no standard output")?);
            let mut scipy = Scipy { child, questions, answers, version: String::new(), _folder: folder };
            scipy.version = scipy.line()?;
            Ok(scipy)
        };
        start().map_err(|failure| format!("{}: {failure}; {MISSING}", python.display()))
    }

    /// Its version.
    pub(super) fn version(&self) -> &str {
        &self.version
    }

    /// Solves an instance, by its number in the list given at the start.
    pub(super) fn solve(&mut self, number: usize) -> Result<Answer, Failure> {
        writeln!(self.questions, "{number}")?;
        Ok(serde_json::from_str(&self.line()?)?)
    }

    fn line(&mut self) -> Result<String, Failure> {
        let mut line = String::new();
        match self.answers.read_line(&mut line)? {
            0 => Err("scipy stopped without an answer".into()),
            _ => Ok(line.trim().to_owned()),
        }
    }
}

impl Drop for Scipy {
    fn drop(&mut self) {
        // It waits for questions; both fail only when it is gone.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
