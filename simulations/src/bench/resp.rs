//! A Redis server of our own for the length of a comparison, and its language.
//!
//! Lives here: starting and ending the server, commands out, replies in, every wait with an end.
//! Stays out: what is asked of it.
//! Touch with care: the server listens on a port of the loopback that was free a moment before, and keeps nothing on
//! disk. Over TCP, as every Redis that serves more than its own machine: a Unix socket would save it some microseconds
//! a command that no cluster ever saves.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{Failure, cpu};

/// How long any one reply may take. The slowest question asked here takes a busy machine about a second.
const REPLY_WITHIN: Duration = Duration::from_secs(30);
/// How long a server may take to start.
const START_WITHIN: Duration = Duration::from_secs(10);

/// A `redis-server` that lives as long as this value.
#[derive(Debug)]
pub struct RedisServer {
    child: Child,
    port: u16,
    /// Its working folder, removed at the end.
    _folder: tempfile::TempDir,
    version: String,
}

impl RedisServer {
    /// Starts the `redis-server` of this machine.
    ///
    /// # Errors
    /// When there is none, saying how to get one; when it does not run.
    pub fn start() -> Result<RedisServer, Failure> {
        let told = match Command::new("redis-server").arg("--version").output() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err("no redis-server in PATH: apt-get install redis-server".into());
            }
            told => told?,
        };
        let told = String::from_utf8_lossy(&told.stdout).into_owned();
        let version = told.split_whitespace().find_map(|word| word.strip_prefix("v=")).unwrap_or("?").to_owned();
        let folder = tempfile::tempdir()?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let child = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--daemonize", "no"])
            .arg("--port")
            .arg(port.to_string())
            .arg("--dir")
            .arg(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let mut server = RedisServer { child, port, _folder: folder, version };
        server.await_start()?;
        Ok(server)
    }

    fn await_start(&mut self) -> Result<(), Failure> {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Err(format!("redis-server ended at once with {status}: try it by hand").into());
            }
            match TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)) {
                Ok(_) => return Ok(()),
                Err(error) if began.elapsed() > START_WITHIN => {
                    return Err(format!("redis-server did not answer within {START_WITHIN:?}: {error}").into());
                }
                Err(_) => std::thread::sleep(Duration::from_millis(10)),
            }
        }
    }

    /// The version the server says it has.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// How much CPU time the server has had, all its threads together, in nanoseconds.
    ///
    /// # Errors
    /// When the server is gone or the system does not count CPU time in `/proc`.
    pub fn cpu_ns(&self) -> Result<f64, Failure> {
        let gone = "no CPU time of redis-server in /proc: it has ended, or this system does not count it";
        cpu::process_ns(self.child.id()).ok_or_else(|| gone.into())
    }

    /// A connection of its own.
    ///
    /// # Errors
    /// When the server does not take it.
    pub fn connect(&self) -> Result<Client, Failure> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(REPLY_WITHIN))?;
        stream.set_write_timeout(Some(REPLY_WITHIN))?;
        Ok(Client { replies: BufReader::with_capacity(1 << 16, stream), commands: Vec::new(), waiting: 0 })
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        // It may have ended by itself; nothing of it is worth keeping.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a server answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// A word such as `OK`.
    Word(String),
    /// A number.
    Number(i64),
    /// Bytes, here always text.
    Text(String),
    /// Nothing at all.
    Nothing,
    /// Several replies in one.
    Many(Vec<Reply>),
}

impl Reply {
    /// The parts of a reply that has parts; nothing otherwise.
    #[must_use]
    pub fn parts(&self) -> &[Reply] {
        if let Reply::Many(parts) = self { parts } else { &[] }
    }

    /// The text of a reply that is text.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        if let Reply::Text(text) = self { Some(text) } else { None }
    }
}

/// A connection that sends many commands at once and then reads as many replies.
#[derive(Debug)]
pub struct Client {
    replies: BufReader<TcpStream>,
    commands: Vec<u8>,
    waiting: usize,
}

impl Client {
    /// Adds a command to those that are sent next.
    pub fn add(&mut self, words: &[&str]) {
        let mut put = |text: &str| self.commands.extend_from_slice(text.as_bytes());
        put(&format!("*{}\r\n", words.len()));
        for word in words {
            put(&format!("${}\r\n{word}\r\n", word.len()));
        }
        self.waiting += 1;
    }

    /// How many commands wait to be sent.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// Sends what was added and answers the last reply.
    ///
    /// # Errors
    /// When the server refuses a command, says something else than RESP, or nothing in time.
    pub fn send(&mut self) -> Result<Reply, Failure> {
        self.replies.get_mut().write_all(&self.commands)?;
        self.commands.clear();
        let mut last = Reply::Nothing;
        for _ in 0..std::mem::take(&mut self.waiting) {
            last = self.read()?;
        }
        Ok(last)
    }

    /// Sends one command, after those that wait, and answers its reply.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub fn ask(&mut self, words: &[&str]) -> Result<Reply, Failure> {
        self.add(words);
        self.send()
    }

    fn read(&mut self) -> Result<Reply, Failure> {
        let mut line = String::new();
        if self.replies.read_line(&mut line)? == 0 {
            return Err("redis-server closed the connection".into());
        }
        let line = line.trim_end();
        let strange = || format!("redis-server said {line:?}, which is not RESP");
        let (kind, rest) = line.split_at_checked(1).ok_or_else(strange)?;
        Ok(match kind {
            "+" => Reply::Word(rest.to_owned()),
            "-" => return Err(format!("redis-server refused: {rest}").into()),
            ":" => Reply::Number(rest.parse().map_err(|_| strange())?),
            "$" | "*" => match usize::try_from(rest.parse::<i64>().map_err(|_| strange())?) {
                Err(_) => Reply::Nothing,
                Ok(count) if kind == "*" => Reply::Many((0..count).map(|_| self.read()).collect::<Result<_, _>>()?),
                Ok(bytes) => {
                    let mut text = vec![0; bytes + 2];
                    self.replies.read_exact(&mut text)?;
                    text.truncate(bytes);
                    Reply::Text(String::from_utf8(text)?)
                }
            },
            _ => return Err(strange().into()),
        })
    }
}
