//! The peer of the rows on roads: Valhalla, by its Python package.
//!
//! Lives here: finding a Python that has it, asking it for travel times from many places to one.
//! Stays out: how it is asked (`valhalla_matrix.py`, which also runs by itself), what it is compared with.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::{Deserialize, Serialize};

use crate::bench::Failure;

const SCRIPT: &str = include_str!("valhalla_matrix.py");
const MISSING: &str = "no Valhalla: pip install pyvalhalla (or pyvalhalla-weekly), best in a venv, and name its Python";

/// A Python with the module `valhalla`.
#[derive(Clone, Debug)]
pub(super) struct Valhalla {
    python: PathBuf,
}

/// A question: how long does each of the sources take to the target? Places are latitude and longitude in degrees.
#[derive(Clone, Debug, Serialize)]
pub(super) struct MatrixQuestion {
    /// Where the drivers are.
    pub(super) sources: Vec<[f64; 2]>,
    /// Where they are wanted.
    pub(super) target: [f64; 2],
}

/// What Valhalla answered, and what it cost.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct MatrixAnswers {
    /// The version of the Python package.
    pub(super) version: String,
    /// Wall seconds to build its tiles; 0 when the folder held them already.
    pub(super) build_s: f64,
    /// Wall seconds from the tiles on disk to the first answer.
    pub(super) load_s: f64,
    /// CPU milliseconds of each question.
    pub(super) matrix_ms: Vec<f64>,
    /// For each question, seconds from each source; `None` where there is no way.
    pub(super) times_s: Vec<Vec<Option<f64>>>,
}

impl Valhalla {
    /// The chosen Python, or `python3`, if it has Valhalla.
    ///
    /// # Errors
    /// Why it cannot be used and what to install, in words for the row that is skipped.
    pub(super) fn find(chosen: Option<&Path>) -> Result<Valhalla, String> {
        let python = chosen.unwrap_or(Path::new("python3")).to_owned();
        let has_it = Command::new(&python)
            .args(["-c", "import valhalla"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        match has_it {
            Ok(status) if status.success() => Ok(Valhalla { python }),
            Ok(_) => Err(format!("{} has {MISSING}", python.display())),
            Err(error) => Err(format!("{}: {error}; {MISSING}", python.display())),
        }
    }

    /// Asks for travel times on the roads of a map (`.osm.pbf`). Tiles and notes go to the folder `work`, where the
    /// next run finds them.
    ///
    /// # Errors
    /// When the map cannot be read, a place is far from every road, or the script says something else than JSON.
    pub(super) fn matrix(
        &self,
        map: &Path,
        work: &Path,
        questions: &[MatrixQuestion],
    ) -> Result<MatrixAnswers, Failure> {
        std::fs::create_dir_all(work)?;
        let asked = work.join("questions.json");
        std::fs::write(&asked, serde_json::to_vec(questions)?)?;
        let output =
            Command::new(&self.python).args(["-c", SCRIPT]).args([map, work, &asked]).stdin(Stdio::null()).output()?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(said.lines().last().unwrap_or("Valhalla failed and said nothing").into());
        }
        let answers: MatrixAnswers = serde_json::from_slice(&output.stdout)?;
        let unanswered = answers.times_s.iter().flatten().filter(|time| time.is_none()).count();
        if unanswered > 0 || answers.times_s.len() != questions.len() {
            return Err(format!("Valhalla left {unanswered} drives unanswered: not the same work").into());
        }
        Ok(answers)
    }
}
