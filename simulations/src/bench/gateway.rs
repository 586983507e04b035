//! `bench gateway`: what a driver's position costs a server from the socket to the index, beside receivers that only read it
//! and throw it away; and what a socket at rest holds in memory.
//!
//! Lives here: the three servers, the rounds, the rows.
//! Stays out: the clients (`load`), the receivers by themselves ([`peers`]).
//! Touch with care: the same clients send the same positions to all three, one frame in each packet. On loopback much of
//! TCP's work is charged to the sender, so all three look cheaper than on a network card, and ratios larger.

pub mod peers;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gateway::{Identity, Keys, Role, dev_secret};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::runtime::Runtime;

use super::{Failure, Progress, Row, Samples, Settings, Target, cpu, turns};
use crate::chaos::Hansom;
use crate::load::{self, Dialect, Exposition, Fleet, Meetings, Orders};

const OURS: &str = "ours, socket to index";
const BY_HAND: &str = "epoll, frames by hand";
const AXUM: &str = "axum 0.8 as it comes";
const PING: &str = "us";
const FRAMES_IN: &str = "gateway_frames_in_total{kind=\"driver\"}";

type Wrong = Box<dyn std::error::Error + Send + Sync>;

/// How much is asked.
struct Size {
    sockets: usize,
    /// Positions a second.
    rate: f64,
    rounds: usize,
    lasts: Duration,
    /// Sockets at rest of our server, and of the peer, which needs far more memory for each.
    at_rest: (usize, usize),
}

/// Measures what the settings ask for.
///
/// # Errors
/// When nothing is called what the filter says, the server is not built, or the machine has no sockets left.
pub fn run(settings: &Settings) -> Result<Vec<Row>, Failure> {
    let size = match settings.quick {
        true => Size { sockets: 50, rate: 2_000.0, rounds: 1, lasts: Duration::from_millis(500), at_rest: (200, 50) },
        false => {
            Size { sockets: 1_000, rate: 40_000.0, rounds: 5, lasts: Duration::from_secs(3), at_rest: (10_000, 1_000) }
        }
    };
    let programs = Programs::find(settings)?;
    gateway::raise_open_files()?;
    let wanted = |name: &str| settings.wants(name);
    let (pings, rest) = (wanted("ping"), wanted("socket at rest"));
    if !pings && !rest {
        return Err(format!("no case contains {:?}: try --filter ping, \"socket at rest\"", settings.filter).into());
    }
    let progress = Progress::new(usize::from(pings) * size.rounds * 3 + usize::from(rest) * 2);
    let mut rows = Vec::new();
    if pings {
        rows.extend(position(&size, &programs, settings.seed, &progress).map_err(|why| why as Failure)?);
    }
    if rest {
        rows.push(socket_at_rest(&size, &programs, settings.seed, &progress).map_err(|why| why as Failure)?);
    }
    Ok(rows)
}

/// The programs that are started.
struct Programs {
    hansom: PathBuf,
    ourselves: PathBuf,
}

impl Programs {
    fn find(settings: &Settings) -> Result<Programs, Failure> {
        let ourselves = match &settings.programs {
            Some(folder) => folder.join("hansom-sim"),
            None => std::env::current_exe()?,
        };
        let hansom = ourselves.with_file_name("hansom");
        for program in [&ourselves, &hansom] {
            if !program.exists() {
                return Err(format!(
                    "there is no {}: cargo build --release -p gateway -p simulations",
                    program.display()
                )
                .into());
            }
        }
        Ok(Programs { hansom, ourselves })
    }
}

/// A server under comparison, with its clients.
struct Contender {
    name: &'static str,
    pid: u32,
    url: String,
    fleet: Fleet,
    _process: Process,
}

/// What ends when it is dropped.
enum Process {
    Ours(
        #[expect(dead_code, reason = "held to be ended")] Hansom,
        #[expect(dead_code, reason = "held to be removed")] tempfile::TempDir,
    ),
    Peer(#[expect(dead_code, reason = "held to be ended")] Child),
}

async fn peer(program: &Path, name: &str) -> Result<(Child, String), Wrong> {
    let mut command = Command::new(program);
    command.args(["peer", name]).stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn()?;
    let output = child.stdout.take().ok_or("a peer has no output")?;
    let first = BufReader::new(output).lines().next_line().await?.unwrap_or_default();
    let url = first.split_whitespace().last().unwrap_or_default().to_owned();
    if url.starts_with("http://") { Ok((child, url)) } else { Err(format!("the peer {name} does not start").into()) }
}

/// Starts a server and brings its clients on line.
async fn contender(
    name: &'static str,
    programs: &Programs,
    sockets: usize,
    seed: u64,
) -> Result<(Contender, Option<f64>), Wrong> {
    let (pid, url, keys, process) = match name {
        OURS => {
            let folder = tempfile::Builder::new().prefix("hansom-bench").tempdir()?;
            let connections = ("HANSOM_LIMITS_CONNECTIONS", (sockets + 100).to_string());
            // As fast as it can is faster than any phone.
            let frames = ("HANSOM_LIMITS_FRAMES_PER_SOCKET", "1000000".to_owned());
            let server = Hansom::start(&programs.hansom, folder.path(), 1.0, vec![connections, frames]).await?;
            let keys = Keys::new(&dev_secret(folder.path())?, "hansom");
            (server.pid(), server.url().to_owned(), Some(keys), Process::Ours(server, folder))
        }
        peer_name => {
            let (child, url) = peer(&programs.ourselves, if peer_name == AXUM { "axum" } else { "epoll" }).await?;
            (child.id(), url, None, Process::Peer(child))
        }
    };
    let pid = pid.ok_or("a server has ended")?;
    let (server, host) = load::address(&url)?;
    let dialect = if keys.is_some() { Dialect::Hansom } else { Dialect::Sink };
    let token = move |number| keys.as_ref().map_or_else(|| "none".to_owned(), |keys| token(keys, number));
    let orders = Orders {
        server,
        host,
        path: "/v1/driver".to_owned(),
        dialect,
        drivers: sockets,
        opening_rate: 1_000.0,
        burst: 1,
        steered: false,
        seed,
        token: Box::new(token),
    };
    let began = Instant::now();
    let mut fleet = Fleet::new(orders, Arc::new(Meetings::default()), began)?;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let before = load::memory(pid);
    fleet.live(Duration::from_secs(60 + sockets as u64 / 100), true)?;
    if fleet.on_line() < sockets {
        return Err(format!(
            "{name}: {} of {sockets} sockets could be opened: {:?}",
            fleet.on_line(),
            fleet.tally.errors
        )
        .into());
    }
    fleet.live(began.elapsed() + Duration::from_millis(1_500), false)?;
    let each = load::memory(pid).zip(before).map(|(open, before)| (open - before) / sockets as f64);
    Ok((Contender { name, pid, url, fleet, _process: process }, each))
}

fn token(keys: &Keys, number: usize) -> String {
    let driver = Identity::new(Role::Driver, &format!("bench-{number}")).ok();
    driver.and_then(|driver| keys.mint(&driver, Duration::from_secs(3_600)).ok()).unwrap_or_default()
}

impl Contender {
    /// How many positions it has read.
    async fn read(&self, http: &reqwest::Client) -> Result<f64, Wrong> {
        let path = if self.name == OURS { "metrics" } else { "count" };
        let text = http.get(format!("{}/{path}", self.url)).send().await?.text().await?;
        Ok(match self.name {
            OURS => Exposition::read(&text).value(FRAMES_IN).ok_or("our server does not count frames")?,
            _ => text.trim().parse()?,
        })
    }

    /// CPU time for each position, in microseconds.
    fn round(&mut self, runtime: &Runtime, http: &reqwest::Client, size: &Size) -> Result<f64, Wrong> {
        let from = self.fleet.elapsed();
        self.fleet.set_rate(size.rate);
        self.fleet.live(from + Duration::from_millis(500), false)?;
        let (cpu, read) = (cpu::process_ns(self.pid), runtime.block_on(self.read(http))?);
        let now = self.fleet.elapsed();
        self.fleet.live(now + size.lasts, false)?;
        self.fleet.set_rate(0.0);
        // What is still on its way is read, too.
        let now = self.fleet.elapsed();
        self.fleet.live(now + Duration::from_millis(300), false)?;
        let (cpu_after, read_after) = (cpu::process_ns(self.pid), runtime.block_on(self.read(http))?);
        let spent = cpu_after.zip(cpu).map(|(after, before)| after - before).ok_or("a server has ended")?;
        let positions = read_after - read;
        let asked = size.rate * size.lasts.as_secs_f64();
        // A machine that has other work carries less: the cost of each is what counts, if there are enough of them.
        if positions < asked * 0.1 {
            return Err(format!("{}: {positions:.0} of {asked:.0} positions came through", self.name).into());
        }
        Ok(spent / positions / 1e3)
    }
}

fn position(size: &Size, programs: &Programs, seed: u64, progress: &Progress) -> Result<Vec<Row>, Wrong> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(20)).build()?;
    let mut contenders = Vec::new();
    for name in [BY_HAND, AXUM, OURS] {
        progress.next(&format!("{} sockets: {name}", size.sockets));
        contenders.push(runtime.block_on(contender(name, programs, size.sockets, seed))?.0);
    }
    let mut samples = Samples::default();
    for round in 0..size.rounds {
        for turn in turns(round, contenders.len()) {
            let contender = &mut contenders[turn];
            progress.next(contender.name);
            let each = contender.round(&runtime, &http, size)?;
            samples.note(contender.name, PING, each);
            progress.step();
            for other in &mut contenders {
                // Those who wait for their turn answer heartbeats.
                let now = other.fleet.elapsed();
                other.fleet.live(now + Duration::from_millis(5), false)?;
            }
        }
    }
    for contender in &contenders {
        if !contender.fleet.tally.errors.is_empty() {
            return Err(format!("{}: {:?}", contender.name, contender.fleet.tally.errors).into());
        }
    }
    let (ours, by_hand, axum) = (samples.median(OURS, PING), samples.median(BY_HAND, PING), samples.median(AXUM, PING));
    let case = format!("ping, {} sockets, {}/s", size.sockets, size.rate);
    let each_core = |us: Option<f64>| us.map(|us| 1e6 / us);
    Ok(vec![
        Row::new(format!("{case}: CPU"), "us", ours, (BY_HAND, by_hand), Some(Target::within_times(1.4))),
        Row::new(format!("{case}: CPU"), "us", ours, (AXUM, axum), Some(Target::within_times(0.8))),
        Row::new(
            format!("{case}: a core does"),
            "1/s",
            each_core(ours),
            (BY_HAND, each_core(by_hand)),
            Some(Target::at_least(100_000.0)),
        ),
    ])
}

fn socket_at_rest(size: &Size, programs: &Programs, seed: u64, progress: &Progress) -> Result<Row, Wrong> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let mut each = [None; 2];
    for (place, (name, sockets)) in [(OURS, size.at_rest.0), (AXUM, size.at_rest.1)].into_iter().enumerate() {
        progress.next(&format!("{sockets} sockets at rest: {name}"));
        each[place] = runtime.block_on(contender(name, programs, sockets, seed))?.1.map(|bytes| bytes / 1e3);
        progress.step();
    }
    let case = format!("socket at rest, {} of them", size.at_rest.0);
    Ok(Row::new(
        case,
        "KB",
        each[0],
        (format!("{AXUM}, {} of them", size.at_rest.1), each[1]),
        Some(Target::at_most(6.0)),
    ))
}
