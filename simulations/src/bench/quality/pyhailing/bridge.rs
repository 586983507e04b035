//! The environment at the other end of a socket: its clock is the only one, its lines are the only input.
//!
//! Lives here: the Python that has the package, the script's two commands, lines of JSON.
//! Stays out: what is decided ([`super::agent`]).
//! Touch with care: the script runs the environment as it was published; nothing of it is patched or restated there.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::json;

use super::agent::{Answer, Epoch, Job, Pending, Vehicle};
use crate::bench::Failure;

const SCRIPT: &str = include_str!("environment.py");
const MISSING: &str = "no pyhailing: see simulations/README.md for the Python and the packages it needs, and name its \
                       Python with --pyhailing-python";
/// How long the environment may take to start and to connect.
const STARTS_WITHIN: Duration = Duration::from_secs(300);

/// A Python with the package `pyhailing`.
#[derive(Clone, Debug)]
pub(super) struct Environment {
    python: PathBuf,
}

/// How one episode ended, as the environment says.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Ended {
    pub(super) episode: u32,
    /// Its own sum of rewards.
    pub(super) score: f64,
    pub(super) served: u32,
    pub(super) requests: u32,
    /// The slowest answer, in seconds, as the environment's side saw it.
    pub(super) slowest_s: f64,
    /// Whether it is the package's own code that played.
    pub(super) untouched: bool,
}

#[derive(Debug, Deserialize)]
struct Shown {
    time: f64,
    requests: Vec<[f64; 6]>,
    vehicles: Vec<[f64; 17]>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Said {
    Reset {},
    Epoch(Shown),
    End(Ended),
}

impl Environment {
    /// The chosen Python, or `python3`, if it has the package.
    ///
    /// # Errors
    /// Why it cannot be used and what to install, in words for the row that is skipped.
    pub(super) fn find(chosen: Option<&Path>) -> Result<Environment, String> {
        let python = chosen.unwrap_or(Path::new("python3")).to_owned();
        let mut command = Command::new(&python);
        command.args(["-c", "import pyhailing"]);
        match command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status() {
            Ok(status) if status.success() => Ok(Environment { python }),
            Ok(_) => Err(format!("{} has {MISSING}", python.display())),
            Err(error) => Err(format!("{}: {error}; {MISSING}", python.display())),
        }
    }

    fn script(&self, arguments: &[&str], seed: Option<u32>) -> Command {
        let mut command = Command::new(&self.python);
        command.args(["-c", SCRIPT]).args(arguments).args(seed.map(|seed| seed.to_string())).stdin(Stdio::null());
        command
    }

    /// What the environment publishes about a configuration, as JSON.
    ///
    /// # Errors
    /// When the script fails.
    pub(super) fn model(&self, configuration: &str) -> Result<Vec<u8>, Failure> {
        let output = self.script(&["model", configuration], None).output()?;
        if output.status.success() { Ok(output.stdout) } else { Err(last_line(&output.stderr).into()) }
    }

    /// Plays episodes: `decide` is told of each new one and answers each epoch of it.
    ///
    /// # Errors
    /// When the environment fails or says something else than expected.
    pub(super) fn play(
        &self,
        configuration: &str,
        episodes: u32,
        seed: Option<u32>,
        player: &mut impl Player,
    ) -> Result<Vec<Ended>, Failure> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let (port, episodes_text) = (listener.local_addr()?.port().to_string(), episodes.to_string());
        let child = self
            .script(&["play", configuration, &episodes_text, &port], seed)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut running = Running(child);
        let played = accept(&listener, &mut running).and_then(|socket| converse(socket, player));
        match played {
            Ok(ended) if ended.len() == episodes as usize => Ok(ended),
            Ok(ended) => Err(format!("{} of {episodes} episodes ended: {}", ended.len(), running.last_words()).into()),
            Err(failure) => Err(format!("{failure}; {}", running.last_words()).into()),
        }
    }
}

/// Whoever decides.
pub(super) trait Player {
    /// A new episode begins.
    fn reset(&mut self);
    /// Decides at an epoch.
    fn decide(&mut self, epoch: &Epoch) -> Answer;
    /// An episode is over.
    fn ended(&mut self, ended: &Ended);
}

/// The script while it runs; ended when dropped, so that nothing is left behind by a failure.
struct Running(Child);

impl Running {
    /// The last line it wrote to standard error, once it is over.
    fn last_words(&mut self) -> String {
        // It may be over already, and then there is nothing to end.
        let _ = self.0.kill();
        let mut said = Vec::new();
        if let Some(mut from) = self.0.stderr.take() {
            // What cannot be read is not said.
            let _ = std::io::Read::read_to_end(&mut from, &mut said);
        }
        last_line(&said)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn last_line(said: &[u8]) -> String {
    let text = String::from_utf8_lossy(said);
    text.lines().last().unwrap_or("the environment said nothing").to_owned()
}

fn accept(listener: &TcpListener, running: &mut Running) -> Result<TcpStream, Failure> {
    listener.set_nonblocking(true)?;
    let began = Instant::now();
    loop {
        match listener.accept() {
            Ok((socket, _)) => {
                socket.set_nonblocking(false)?;
                socket.set_nodelay(true)?;
                return Ok(socket);
            }
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error.into()),
        }
        if running.0.try_wait()?.is_some() {
            return Err("the environment ended before it connected".into());
        }
        if began.elapsed() > STARTS_WITHIN {
            return Err(format!("the environment did not connect within {} s", STARTS_WITHIN.as_secs()).into());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn converse(socket: TcpStream, player: &mut impl Player) -> Result<Vec<Ended>, Failure> {
    let mut answers = socket.try_clone()?;
    let mut ended = Vec::new();
    for line in BufReader::new(socket).lines() {
        match serde_json::from_str(&line?)? {
            Said::Reset {} => player.reset(),
            Said::Epoch(shown) => {
                let Answer { assign, reposition } = player.decide(&epoch(&shown)?);
                let answer = format!("{}\n", json!({ "assign": assign, "reposition": reposition }));
                answers.write_all(answer.as_bytes())?;
            }
            Said::End(end) => {
                player.ended(&end);
                ended.push(end);
            }
        }
    }
    Ok(ended)
}

/// The numbers of a line as what they mean.
fn epoch(shown: &Shown) -> Result<Epoch, Failure> {
    let request = |&[id, release, from_x, from_y, to_x, to_y]: &[f64; 6]| Pending {
        id: id as usize,
        release,
        from: [from_x, from_y],
        to: [to_x, to_y],
    };
    let vehicle = |row: &[f64; 17]| -> Result<Vehicle, Failure> {
        let ends = [0, 1, 2].map(|job| [5, 7].map(|first| [row[first + 4 * job], row[first + 4 * job + 1]]));
        Ok(Vehicle { at: [row[0], row[1]], jobs: [job(row[2])?, job(row[3])?, job(row[4])?], ends })
    };
    let vehicles: Result<Vec<Vehicle>, Failure> = shown.vehicles.iter().map(vehicle).collect();
    Ok(Epoch { time: shown.time, requests: shown.requests.iter().map(request).collect(), vehicles: vehicles? })
}

/// A job by the environment's number.
fn job(number: f64) -> Result<Job, Failure> {
    const JOBS: [Job; 5] = [Job::Idle, Job::Reposition, Job::Setup, Job::Process, Job::Null];
    let known = (number.fract() == 0.0 && number >= 0.0).then(|| JOBS.get(number as usize).copied()).flatten();
    known.ok_or_else(|| format!("a job is {number}, allowed is 0 to 4").into())
}
