//! The real programs: a Postgres, a Redis and a Hansom of the run's own, and a disk that can be filled.
//!
//! Touch with care: every one of them is ended when its value is dropped, and Linux ends them when this process is
//! killed. Postgres refuses to run as root, so it then runs as the user `postgres`.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

use super::Failure;
use super::proxy::Proxy;

/// How long a program may take to be there again. A database that recovers from a crash on a busy machine takes longest.
const PATIENCE: Duration = Duration::from_secs(60);

/// Sends a signal, by its name.
async fn signal(child: &Child, name: &str) -> Result<(), Failure> {
    let pid = child.id().ok_or("the process has ended by itself")?;
    let sent = Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status().await?;
    if sent.success() { Ok(()) } else { Err(format!("no signal {name} could be sent").into()) }
}

async fn pause(child: &Child, lasts: Duration) -> Result<(), Failure> {
    signal(child, "STOP").await?;
    tokio::time::sleep(lasts).await;
    signal(child, "CONT").await
}

async fn free_port() -> Result<u16, Failure> {
    Ok(TcpListener::bind(("127.0.0.1", 0)).await?.local_addr()?.port())
}

/// Waits until something listens there.
async fn listens(what: &str, port: u16) -> Result<(), Failure> {
    let deadline = Instant::now() + PATIENCE;
    while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        if Instant::now() > deadline {
            return Err(format!("{what} does not answer within {PATIENCE:?}").into());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// A program that ends when this process does, as this user where one is named.
fn bound(program: impl AsRef<std::ffi::OsStr>, user: Option<&str>) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]);
    if let Some(user) = user {
        command.args([&format!("--reuid={user}"), &format!("--regid={user}"), "--clear-groups"]);
    }
    command.arg(program).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    command
}

async fn is_root() -> bool {
    let told = Command::new("id").arg("-u").output().await;
    told.is_ok_and(|told| told.stdout.starts_with(b"0\n"))
}

// ---- Redis ---------------------------------------------------------------------------------------------------------

/// A Redis that keeps nothing.
#[derive(Debug)]
pub(super) struct Redis {
    child: Child,
    port: u16,
    folder: PathBuf,
}

impl Redis {
    pub(super) async fn start(folder: &Path) -> Result<Redis, Failure> {
        std::fs::create_dir_all(folder)?;
        let port = free_port().await?;
        let child = Redis::spawn(folder, port)?;
        listens("redis-server", port).await?;
        Ok(Redis { child, port, folder: folder.to_owned() })
    }

    fn spawn(folder: &Path, port: u16) -> Result<Child, Failure> {
        let mut command = bound("redis-server", None);
        command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port", &port.to_string(), "--dir"]);
        let child = command.arg(folder).spawn();
        child.map_err(|why| format!("setpriv and redis-server are needed (apt-get install redis-server): {why}").into())
    }

    pub(super) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    pub(super) async fn crash(&mut self) -> Result<(), Failure> {
        self.child.kill().await?;
        tokio::time::sleep(Duration::from_secs(1)).await;
        self.child = Redis::spawn(&self.folder, self.port)?;
        listens("redis-server", self.port).await
    }

    pub(super) async fn pause(&self, lasts: Duration) -> Result<(), Failure> {
        pause(&self.child, lasts).await
    }
}

// ---- Postgres ------------------------------------------------------------------------------------------------------

/// A Postgres with the settings it has when it is installed: every commit is on the disk.
#[derive(Debug)]
pub(crate) struct Postgres {
    child: Child,
    port: u16,
    data: PathBuf,
    user: Option<&'static str>,
    /// The way that the server under test takes.
    pub(super) proxy: Proxy,
}

/// The newest installed version's programs: Debian keeps them apart by version.
fn postgres_programs() -> Result<PathBuf, Failure> {
    let none = || Failure::from("no Postgres in /usr/lib/postgresql: apt-get install postgresql");
    let versions = std::fs::read_dir("/usr/lib/postgresql").map_err(|_| none())?;
    let number = |path: &PathBuf| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
    let newest = versions.filter_map(|entry| Some(entry.ok()?.path())).max_by_key(number);
    Ok(newest.ok_or_else(none)?.join("bin"))
}

impl Postgres {
    pub(crate) async fn start(folder: &Path) -> Result<Postgres, Failure> {
        std::fs::create_dir_all(folder)?;
        let user = is_root().await.then_some("postgres");
        if let Some(user) = user {
            let owner = format!("{user}:{user}");
            let parent = folder.parent().unwrap_or(folder);
            // The folder of the run is its owner's alone: Postgres must be able to pass through.
            run(Command::new("chmod").arg("711").arg(parent)).await?;
            run(Command::new("chown").arg(owner).arg(folder)).await?;
        }
        let data = folder.join("data");
        let mut init = bound(postgres_programs()?.join("initdb"), user);
        init.args(["--auth=trust", "--username=hansom", "--encoding=UTF8", "--locale=C", "-D"]).arg(&data);
        run(init.current_dir("/")).await?;
        let port = free_port().await?;
        let child = Postgres::spawn(&data, port, user)?;
        let proxy = Proxy::to(port).await?;
        let postgres = Postgres { child, port, data, user, proxy };
        postgres.answers().await?;
        Ok(postgres)
    }

    fn spawn(data: &Path, port: u16, user: Option<&str>) -> Result<Child, Failure> {
        let mut command = bound(postgres_programs()?.join("postgres"), user);
        command.arg("-D").arg(data).arg("-k").arg(data).args(["-p", &port.to_string()]).current_dir("/");
        Ok(command.spawn()?)
    }

    /// The address for whoever looks on.
    pub(crate) fn direct(&self) -> String {
        format!("postgres://hansom@127.0.0.1:{}/postgres", self.port)
    }

    /// The address for the server under test.
    pub(super) fn through_proxy(&self) -> String {
        format!("postgres://hansom@127.0.0.1:{}/postgres", self.proxy.port())
    }

    /// Stops at once without finishing anything, as after a power cut, and starts again.
    pub(super) async fn crash(&mut self) -> Result<(), Failure> {
        signal(&self.child, "QUIT").await?;
        self.child.wait().await?;
        self.child = Postgres::spawn(&self.data, self.port, self.user)?;
        self.answers().await
    }

    async fn answers(&self) -> Result<(), Failure> {
        let ready = postgres_programs()?.join("pg_isready");
        let deadline = Instant::now() + PATIENCE;
        let asked = ["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()];
        while !Command::new(&ready).args(asked).status().await?.success() {
            if Instant::now() > deadline {
                return Err(format!("Postgres does not answer within {PATIENCE:?}").into());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }
}

async fn run(command: &mut Command) -> Result<(), Failure> {
    let told = command.stderr(Stdio::piped()).output().await?;
    if told.status.success() {
        return Ok(());
    }
    Err(format!("{command:?} failed: {}", String::from_utf8_lossy(&told.stderr).trim()).into())
}

// ---- a disk --------------------------------------------------------------------------------------------------------

/// A small file system of its own under a folder, which can be filled.
#[derive(Debug)]
pub(super) struct Disk(PathBuf);

impl Disk {
    /// Mounts one, if the system lets us: only root may.
    pub(super) fn make(folder: &Path) -> Result<Disk, String> {
        let mount = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=256m", "tmpfs"])
            .arg(folder)
            .stderr(Stdio::null())
            .status();
        match mount {
            Ok(status) if status.success() => Ok(Disk(folder.to_owned())),
            Ok(_) => Err("no small disk can be mounted here: it takes root".to_owned()),
            Err(why) => Err(format!("no small disk can be mounted here: {why}")),
        }
    }

    /// Fills it to the last byte, and empties it after a while.
    pub(super) async fn fill(&self, lasts: Duration) -> Result<(), Failure> {
        let filler = self.0.join("filler");
        let written = {
            let filler = filler.clone();
            tokio::task::spawn_blocking(move || {
                let mut file = std::fs::File::create(filler)?;
                let bytes = vec![0_u8; 65_536];
                let mut written = 0;
                // In pages at the end, so that not even one more fits.
                for size in [65_536, 4_096] {
                    while std::io::Write::write_all(&mut file, &bytes[..size]).is_ok() {
                        written += size;
                    }
                }
                Ok::<_, std::io::Error>(written)
            })
        };
        if written.await?? == 0 {
            return Err("the small disk was full before".into());
        }
        tokio::time::sleep(lasts).await;
        Ok(std::fs::remove_file(filler)?)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: whoever still has a file open keeps it.
        let _ = std::process::Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

// ---- the server under test -----------------------------------------------------------------------------------------

/// A `hansom serve`.
#[derive(Debug)]
pub(crate) struct Hansom {
    child: Child,
    url: String,
    program: PathBuf,
    data_dir: PathBuf,
    speed: f64,
    settings: Vec<(&'static str, String)>,
}

impl Hansom {
    pub(crate) async fn start(
        program: &Path,
        data_dir: &Path,
        speed: f64,
        settings: Vec<(&'static str, String)>,
    ) -> Result<Hansom, Failure> {
        let (child, url) = Hansom::spawn(program, data_dir, speed, "127.0.0.1:0", &settings).await?;
        Ok(Hansom { child, url, program: program.to_owned(), data_dir: data_dir.to_owned(), speed, settings })
    }

    /// Starts the program and waits until it says where it listens.
    async fn spawn(
        program: &Path,
        data_dir: &Path,
        speed: f64,
        listen: &str,
        settings: &[(&'static str, String)],
    ) -> Result<(Child, String), Failure> {
        let mut child = bound(program, None)
            .envs(settings.iter().map(|(name, value)| (name, value)))
            .env_remove("HANSOM_CONFIG")
            .args(["serve", "--log", "warn", "--listen", listen, "--time-scale", &speed.to_string(), "--data-dir"])
            .arg(data_dir)
            .stdout(Stdio::piped())
            .spawn()?;
        let output = child.stdout.take().ok_or("the server has no output")?;
        let mut lines = BufReader::new(output).lines();
        let first = tokio::time::timeout(PATIENCE, lines.next_line()).await;
        let first = first.map_err(|_| "the server does not say where it listens")??.unwrap_or_default();
        match first.split_whitespace().last() {
            Some(url) if url.starts_with("http://") => Ok((child, url.to_owned())),
            _ => Err(format!("{} does not start: try it by hand", program.display()).into()),
        }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The process; `None` when it has ended.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Dies by SIGKILL and is started again, at the same address, from the same data.
    pub(super) async fn crash(&mut self) -> Result<(), Failure> {
        self.child.kill().await?;
        let listen = self.url.trim_start_matches("http://").to_owned();
        let (child, _) = Hansom::spawn(&self.program, &self.data_dir, self.speed, &listen, &self.settings).await?;
        self.child = child;
        Ok(())
    }

    pub(super) async fn pause(&self, lasts: Duration) -> Result<(), Failure> {
        pause(&self.child, lasts).await
    }

    /// Waits until it says that it is ready. A server that has ended by itself never will.
    pub(super) async fn is_ready_again(&mut self) -> Result<(), Failure> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Err(format!("the server has ended by itself: {status}").into());
            }
            let asked = reqwest::get(format!("{}/readyz", self.url)).await;
            if asked.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(format!("the server is not ready within {PATIENCE:?}").into());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Asks it to stop, and waits until it has.
    pub(crate) async fn stop(&mut self) -> Result<(), Failure> {
        signal(&self.child, "TERM").await?;
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        let status = ended.map_err(|_| "the server does not stop")??;
        if status.success() { Ok(()) } else { Err(format!("asked to stop, the server ended with {status}").into()) }
    }
}
