//! A real `hansom serve`: its own process, its own port, a data directory that can be started from again.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use gateway::{Identity, Keys, Role, dev_secret};

/// A binary of the house, built as the tests are: with the whole workspace, so that dependencies have the same features
/// as in `cargo test --workspace` and are not built once more.
pub(crate) fn binary(name: &str) -> PathBuf {
    static BUILT: OnceLock<()> = OnceLock::new();
    BUILT.get_or_init(|| {
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
        let built = Command::new(cargo)
            .args(["build", "--quiet", "--locked", "--workspace", "--all-targets"])
            .args(if cfg!(feature = "kafka") { &["--features", "tests/kafka"][..] } else { &[] })
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap())
            .status()
            .expect("cargo can be started");
        assert!(built.success(), "the workspace can be built");
    });
    // This test is target/<profile>/deps/it-...; the binaries are two floors up.
    let test = std::env::current_exe().unwrap();
    test.parent().and_then(Path::parent).unwrap().join(name)
}

/// A server process.
pub(crate) struct Process {
    child: Child,
    url: String,
    data_dir: PathBuf,
    time_scale: f64,
    /// Settings beyond these, as variables of the environment.
    settings: Vec<(String, String)>,
}

impl Process {
    /// Starts a server on a port of its choice and waits until it listens.
    pub(crate) fn start(data_dir: &Path, time_scale: f64) -> Process {
        Process::start_at(data_dir, time_scale, "127.0.0.1:0", Vec::new())
    }

    /// As [`Process::start`], with these settings, each a variable of the environment.
    pub(crate) fn start_with(data_dir: &Path, settings: &[(&str, &str)]) -> Process {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Process::start_at(data_dir, 1.0, "127.0.0.1:0", settings.iter().map(own).collect())
    }

    fn start_at(data_dir: &Path, time_scale: f64, listen: &str, settings: Vec<(String, String)>) -> Process {
        let mut child = Command::new(binary("hansom"))
            .envs(settings.iter().map(|(name, value)| (name, value)))
            .args(["serve", "--log", "warn", "--listen", listen, "--time-scale", &time_scale.to_string()])
            .arg("--data-dir")
            .arg(data_dir)
            .env_remove("HANSOM_CONFIG")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("hansom can be started");
        let mut first = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        let url = first.split_whitespace().last().unwrap_or_default().to_owned();
        assert!(url.starts_with("http://"), "hansom did not say where it listens but {first:?}");
        Process { child, url, data_dir: data_dir.to_owned(), time_scale, settings }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The server's process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Kills the server with SIGKILL: it cannot do anything about it.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts a killed or stopped server again, at the same address, from the same data.
    pub(crate) fn start_again(&mut self) {
        let address = self.url.trim_start_matches("http://").to_owned();
        let next = Process::start_at(&self.data_dir, self.time_scale, &address, self.settings.clone());
        *self = next;
    }

    /// Asks the server to stop, with SIGTERM, and waits until it has.
    pub(crate) fn stop(&mut self) -> std::process::ExitStatus {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.child.wait().unwrap()
    }

    /// Keys that this server takes tokens of.
    pub(crate) fn keys(&self) -> Keys {
        Keys::new(&dev_secret(&self.data_dir).unwrap(), "hansom")
    }

    /// A token that is good for an hour.
    pub(crate) fn token(&self, role: Role, name: &str) -> String {
        self.keys().mint(&Identity::new(role, name).unwrap(), Duration::from_secs(3_600)).unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
