//! `load`: real sockets by the thousand against any server, and what it makes of them.
//!
//! Lives here: the run: who is opened when, which phase asks for how much, what is read from the server before and after.
//! Stays out: the clients (`fleet`, `person`, `riders`), what is printed (`report`).
//! Touch with care: clients and server share a machine more often than not. What the clients cost is reported beside what
//! the server costs, and how late the clients were beside every latency.

mod exposition;
mod fleet;
mod frames;
mod latencies;
mod person;
mod report;
mod riders;
mod server;
mod tally;
mod wire;

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime};

use gateway::{Identity, Keys, Role, Secret, dev_secret};
use indicatif::ProgressBar;

use crate::bench::cpu;
use crate::chaos::Hansom;

pub(crate) use exposition::Exposition;
pub(crate) use fleet::{Dialect, Fleet, Orders};
pub(crate) use frames::{Kind, read as read_frame};
pub use latencies::{Latencies, Spread};
use report::At;
pub use report::{Cost, Load, Part, Quantiles, Second};
use riders::Asks;
pub(crate) use server::memory;
use server::{Probe, Reading};
pub(crate) use tally::Meetings;

/// How long a token is good for.
const TOKEN_LASTS: Duration = Duration::from_secs(24 * 3_600);

/// Sockets that are not open after this, and as long again as the opening rate asks for, are given up.
const OPENING_PATIENCE: Duration = Duration::from_secs(60);

/// How long everything rests between opening and the first phase: memory is read at its end.
const REST: Duration = Duration::from_millis(1_500);

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Which server is put under load.
#[derive(Clone, Debug)]
pub enum Target {
    /// One that is there, whose tokens this secret makes, issued by this name.
    Given {
        /// Where, as in `http://127.0.0.1:7070`.
        url: String,
        /// What it checks tokens with.
        secret: Secret,
        /// Who issues its tokens.
        issuer: String,
        /// Its process, if it is one of this machine.
        pid: Option<u32>,
    },
    /// One that is started for this from this program, with these settings, and ended.
    Own {
        /// The server's program.
        hansom: PathBuf,
        /// Settings, as variables of the environment.
        settings: Vec<(&'static str, String)>,
    },
}

/// A part of a run: a share of the rate, for a while.
#[derive(Clone, Debug, PartialEq)]
pub struct Phase {
    /// What it is called.
    pub name: String,
    /// How many times the rate of [`Plan`].
    pub share: f64,
    /// How long it lasts.
    pub lasts: Duration,
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Of whom.
    pub target: Target,
    /// How many drivers, each with a socket.
    pub drivers: usize,
    /// Positions a second of all drivers together.
    pub rate: f64,
    /// Rides that are asked for a second.
    pub requests: f64,
    /// What happens one after the other.
    pub phases: Vec<Phase>,
    /// Sockets that are opened a second.
    pub opening_rate: f64,
    /// Positions that a driver sends at once, in one packet.
    pub burst: u32,
    /// Whether drivers send as rarely as the server asks them to.
    pub steered: bool,
    /// What chance is made from.
    pub seed: u64,
}

impl Plan {
    /// Puts the server under load. The clients live in the calling thread; `bar` moves with the seconds.
    ///
    /// # Errors
    /// When the server cannot be started or found, or the machine has no sockets left.
    pub fn run(&self, bar: &ProgressBar) -> Result<Load, Failure> {
        let files = gateway::raise_open_files()?;
        if !files.hold(self.drivers, FILES_BESIDE_SOCKETS) {
            let room = files.now.unwrap_or(u64::MAX).saturating_sub(FILES_BESIDE_SOCKETS as u64);
            let drivers = self.drivers;
            return Err(format!("{drivers} drivers need as many sockets, and here {room} may be open: raise the hard limit (ulimit -Hn), or ask for fewer drivers").into());
        }
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let folder = tempfile::Builder::new().prefix("hansom-load").tempdir()?;
        let (mut own, at) = runtime.block_on(self.server(folder.path()))?;
        let load = self.put_under_load(&runtime, at, bar);
        if let Some(own) = &mut own {
            // What it says on its way out is not measured.
            let _ = runtime.block_on(own.stop());
        }
        load
    }

    async fn server(&self, folder: &std::path::Path) -> Result<(Option<Hansom>, Place), Failure> {
        match &self.target {
            Target::Given { url, secret, issuer, pid } => {
                let keys = Keys::new(secret, issuer);
                Ok((None, Place { url: url.trim_end_matches('/').to_owned(), keys, pid: *pid }))
            }
            Target::Own { hansom, settings } => {
                let server = Hansom::start(hansom, folder, 1.0, settings.clone()).await?;
                let place = Place {
                    url: server.url().to_owned(),
                    keys: Keys::new(&dev_secret(folder)?, "hansom"),
                    pid: server.pid(),
                };
                Ok((Some(server), place))
            }
        }
    }

    fn put_under_load(&self, runtime: &tokio::runtime::Runtime, at: Place, bar: &ProgressBar) -> Result<Load, Failure> {
        let (server, host) = address(&at.url)?;
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30)).build()?;
        let probe = Probe { pid: at.pid, url: at.url.clone(), http: http.clone() };
        let (began, meetings) = (Instant::now(), Arc::new(Meetings::default()));
        let keys = at.keys.clone();
        let seed = self.seed;
        let orders = Orders {
            server,
            host,
            path: "/v1/driver".to_owned(),
            dialect: Dialect::Hansom,
            drivers: self.drivers,
            opening_rate: self.opening_rate,
            burst: self.burst,
            steered: self.steered,
            seed,
            token: Box::new(move |number| token(&keys, Role::Driver, &format!("load-{seed}-{number}"))),
        };
        let mut fleet = Fleet::new(orders, Arc::clone(&meetings), began)?;
        let mut load = Load::new(self, at.url.clone());
        let before = at_now(&fleet, began, runtime.block_on(probe.read()));

        bar.set_message("opening");
        let patience = Duration::from_secs_f64(self.drivers as f64 / self.opening_rate.max(1.0)) * 2 + OPENING_PATIENCE;
        fleet.live(began.elapsed() + patience, true)?;
        let took = began.elapsed();
        fleet.live(began.elapsed() + REST, false)?;
        let open = At { at: took, ..at_now(&fleet, began, runtime.block_on(probe.read())) };
        load.rests(&before, &open, fleet.on_line());

        let rate = Arc::new(AtomicU32::new(0));
        let keys = at.keys;
        let asks = Asks {
            url: at.url,
            http,
            token: Arc::new(move |name: &str| token(&keys, Role::Rider, name)),
            meetings: Arc::clone(&meetings),
            began,
            seed,
            name: format!("load-{seed}-rider-{}", SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_millis()),
            rate: Arc::clone(&rate),
        };
        let asking = runtime.spawn(asks.go_on());
        for phase in &self.phases {
            bar.set_message(phase.name.clone());
            rate.store((self.requests * 1e3) as u32, Ordering::Relaxed);
            let mut watch = Watch { runtime, probe: &probe, fleet: &mut fleet, load: &mut load, began, bar };
            watch.phase(phase, self.rate)?;
        }
        rate.store(0, Ordering::Relaxed);
        fleet.set_rate(0.0);
        asking.abort();
        load.finish(fleet.tally, meetings.riders());
        Ok(load)
    }
}

/// Files that a load has open beside its sockets.
const FILES_BESIDE_SOCKETS: usize = 64;

/// Where a server is, and how one gets in.
struct Place {
    url: String,
    keys: Keys,
    pid: Option<u32>,
}

/// Whoever drives one phase and looks at the server meanwhile.
struct Watch<'a> {
    runtime: &'a tokio::runtime::Runtime,
    probe: &'a Probe,
    fleet: &'a mut Fleet,
    load: &'a mut Load,
    began: Instant,
    bar: &'a ProgressBar,
}

impl Watch<'_> {
    fn phase(&mut self, phase: &Phase, rate: f64) -> Result<(), Failure> {
        self.fleet.set_rate(rate * phase.share);
        let asked = rate * phase.share;
        let first = at_now(self.fleet, self.began, self.runtime.block_on(self.probe.read()));
        let (mut seen, mut reading) = (first.clone(), None);
        let until = first.at + phase.lasts;
        while self.began.elapsed() < until {
            // The server is asked in another thread while the clients go on: one that is drowned answers late.
            let (probe, began) = (self.probe.clone(), self.began);
            let asking = reading.get_or_insert_with(|| {
                self.runtime.spawn(async move {
                    let server = probe.read().await;
                    let own_cpu_ns = cpu::process_ns(std::process::id());
                    At { at: began.elapsed(), own_cpu_ns, server, ..At::default() }
                })
            });
            self.fleet.live((self.began.elapsed() + Duration::from_secs(1)).min(until), false)?;
            if asking.is_finished()
                && let Some(read) = reading.take()
            {
                let now = self.runtime.block_on(read)?;
                // The first answer of a phase comes at once: so short a while says nothing.
                if now.at.saturating_sub(seen.at) > Duration::from_millis(500) {
                    self.load.second(&phase.name, asked, &seen, &now);
                    seen = now;
                }
            }
            self.bar.inc(1);
        }
        let last = at_now(self.fleet, self.began, self.runtime.block_on(self.probe.read()));
        self.load.part(phase, asked, &first, &last);
        Ok(())
    }
}

/// How everything is now, the server as it was read.
fn at_now(fleet: &Fleet, began: Instant, server: Reading) -> At {
    let (own, tally) = (std::process::id(), &fleet.tally);
    At {
        at: began.elapsed(),
        pings: tally.pings,
        unsent: tally.unsent,
        late: tally.late,
        own_cpu_ns: cpu::process_ns(own),
        own_memory: memory(own),
        server,
    }
}

/// The address of a URL, and what it is called there.
pub(crate) fn address(url: &str) -> Result<(SocketAddr, String), Failure> {
    let host = url.strip_prefix("http://").ok_or_else(|| {
        format!(
            "--url is {url}, allowed is http://HOST:PORT: a load speaks plain HTTP, as a server behind a proxy does"
        )
    })?;
    let host = host.split('/').next().unwrap_or(host);
    let with_port = if host.rsplit(':').next().is_some_and(|port| port.parse::<u16>().is_ok()) {
        host.to_owned()
    } else {
        format!("{host}:80")
    };
    let mut found = with_port.to_socket_addrs().map_err(|why| format!("--url: {host} cannot be found: {why}"))?;
    Ok((found.next().ok_or_else(|| format!("--url: {host} has no address"))?, host.to_owned()))
}

fn token(keys: &Keys, role: Role, name: &str) -> String {
    let identity = Identity::new(role, name).ok();
    identity.and_then(|identity| keys.mint(&identity, TOKEN_LASTS).ok()).unwrap_or_default()
}
