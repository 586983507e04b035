//! A Redis server of the tests' own: real, on a socket in a folder of its own, gone with the process that started it.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Runs the server, waits until nobody holds the other end of standard input any more, and kills it.
const WATCH: &str = "redis-server --port 0 --unixsocket \"$1/redis\" --save '' --appendonly no --dir \"$1\" \
     >\"$1/log\" 2>&1 & server=$!; echo $server; cat >/dev/null; kill -KILL $server 2>/dev/null";

/// A running server.
pub(crate) struct Redis {
    folder: tempfile::TempDir,
    server: u32,
    _watchdog: Child,
}

impl Redis {
    /// Starts one and returns when it answers.
    pub(crate) fn start() -> Redis {
        let folder = tempfile::Builder::new().prefix("hansom-redis").tempdir().unwrap();
        let (watchdog, server) = run(folder.path());
        Redis { folder, server, _watchdog: watchdog }
    }

    /// Where it is.
    pub(crate) fn url(&self) -> String {
        format!("redis+unix://{}/redis", self.folder.path().display())
    }

    /// Sends the server a signal, by its name: STOP makes it hang, CONT lets it go on, KILL kills it.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.server.to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Starts it anew, empty, after it was killed.
    pub(crate) fn restart(&mut self) {
        let _ = std::fs::remove_file(self.folder.path().join("redis"));
        (self._watchdog, self.server) = run(self.folder.path());
    }
}

fn run(folder: &Path) -> (Child, u32) {
    let mut watchdog = Command::new("sh")
        .args(["-c", WATCH, "sh"])
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut output = std::io::BufReader::new(watchdog.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut output, &mut line).unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    while std::os::unix::net::UnixStream::connect(folder.join("redis")).is_err() {
        assert!(Instant::now() < deadline, "Redis does not start: tests/run installs it");
        std::thread::sleep(Duration::from_millis(10));
    }
    (watchdog, line.trim().parse().unwrap())
}
