//! A Redis of the tests' own: real, on a socket in a folder of its own, gone with the process that started it.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use redis::aio::MultiplexedConnection;
use redis::{Client, FromRedisValue};

use super::until;

/// Runs the server, waits until nobody holds the other end of standard input any more, and ends it.
const WATCH: &str = "\"$@\" >/dev/null 2>&1 & server=$!; echo $server; cat >/dev/null; kill -KILL $server";

pub(crate) struct RedisServer {
    folder: tempfile::TempDir,
    running: Option<(Child, String)>,
}

/// An entry of a stream: its id, then names and values by turns.
pub(crate) type Entry = (String, Vec<String>);

impl RedisServer {
    /// A folder, and no server yet.
    pub(crate) fn stopped() -> RedisServer {
        RedisServer { folder: tempfile::tempdir().unwrap(), running: None }
    }

    pub(crate) async fn start() -> RedisServer {
        let mut server = RedisServer::stopped();
        server.run().await;
        server
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("redis.sock")
    }

    pub(crate) fn url(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    /// Starts the server, empty: it writes nothing to disk.
    pub(crate) async fn run(&mut self) {
        use std::io::{BufRead, BufReader};
        let mut watchdog = Command::new("sh");
        watchdog.args(["-c", WATCH, "sh", "redis-server", "--port", "0", "--save", "", "--appendonly", "no"]);
        watchdog.arg("--unixsocket").arg(self.socket()).arg("--dir").arg(self.folder.path());
        let mut watchdog = watchdog.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut pid = String::new();
        BufReader::new(watchdog.stdout.take().unwrap()).read_line(&mut pid).unwrap();
        self.running = Some((watchdog, pid.trim().to_owned()));
        until("redis-server answers: tests/run installs it", async || self.connect().await.is_some()).await;
    }

    /// Sends the server a signal.
    pub(crate) fn signal(&self, signal: &str) {
        let (_, pid) = self.running.as_ref().unwrap();
        assert!(Command::new("kill").args([signal, pid]).status().unwrap().success());
    }

    /// Ends the server at once. All it held is gone.
    pub(crate) fn kill(&mut self) {
        if let Some((mut watchdog, _)) = self.running.take() {
            drop(watchdog.stdin.take());
            watchdog.wait().unwrap();
        }
    }

    async fn connect(&self) -> Option<MultiplexedConnection> {
        Client::open(self.url()).unwrap().get_multiplexed_async_connection().await.ok()
    }

    /// Says one command.
    pub(crate) async fn say<T: FromRedisValue>(&self, words: &[&str]) -> T {
        let mut command = redis::cmd(words[0]);
        for word in &words[1..] {
            command.arg(*word);
        }
        command.query_async(&mut self.connect().await.unwrap()).await.unwrap()
    }

    /// A whole stream.
    pub(crate) async fn entries(&self, stream: &str) -> Vec<Entry> {
        self.say(&["XRANGE", stream, "-", "+"]).await
    }

    pub(crate) async fn length(&self, stream: &str) -> usize {
        self.say(&["XLEN", stream]).await
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}
