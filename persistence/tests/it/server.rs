//! A Postgres server of the tests' own: real, on a socket in a folder of its own, gone with the process that started it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use persistence::PostgresStore;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

/// The database that has the schema and nothing else: every test starts from a copy.
const EMPTY: &str = "empty";

pub(crate) struct Server {
    folder: PathBuf,
    /// Ends the server when its standard input is closed: also when this process is killed.
    _watchdog: Child,
}

/// Runs the server, waits until nobody holds the other end of standard input any more, stops it and cleans up.
pub(crate) const WATCH: &str = "folder=$1; shift; \"$@\" >\"$folder/log\" 2>&1 & server=$!; cat >/dev/null; \
     kill -INT $server 2>/dev/null; wait $server; rm -rf \"$folder\"";

/// The newest installed server's programs: Debian keeps them apart by version.
pub(crate) fn programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").expect("Postgres is installed: tests/run does it");
    let mut versions: Vec<PathBuf> = versions.map(|entry| entry.unwrap().path()).collect();
    versions.sort_by_key(|path| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok()));
    versions.pop().expect("a version of Postgres").join("bin")
}

pub(crate) fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A command as the user whom Postgres may run as: it refuses to be root.
pub(crate) fn as_user(program: &Path) -> Command {
    if output(Command::new("id").arg("-u")) != "0" {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
    command
}

impl Server {
    fn start() -> Server {
        let folder = tempfile::Builder::new().prefix("hansom-postgres").tempdir().unwrap().keep();
        if output(Command::new("id").arg("-u")) == "0" {
            output(Command::new("chown").arg("postgres:postgres").arg(&folder));
        }
        let (programs, data) = (programs(), folder.join("data"));
        let initdb = ["--auth=trust", "--username=hansom", "--no-sync", "--encoding=UTF8", "--locale=C"];
        output(as_user(&programs.join("initdb")).args(initdb).arg("-D").arg(&data));
        let server = as_user(&programs.join("postgres"));
        let mut watchdog = Command::new("sh");
        watchdog.args(["-c", WATCH, "sh"]).arg(&folder).arg(server.get_program()).args(server.get_args());
        watchdog.arg("-D").arg(&data).arg("-k").arg(&folder);
        watchdog.args(["-c", "listen_addresses=", "-c", "max_connections=300"]);
        let watchdog = watchdog.current_dir("/").stdin(Stdio::piped()).spawn().unwrap();
        Server { folder, _watchdog: watchdog }
    }

    fn url(&self, database: &str) -> String {
        format!("postgres:///{database}?host={}&user=hansom", self.folder.display())
    }

    async fn administrator(&self) -> PgConnection {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            match PgConnection::connect(&self.url("postgres")).await {
                Ok(connection) => return connection,
                Err(failed) => assert!(Instant::now() < deadline, "Postgres does not start: {failed}"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn create(&self, how: String) {
        sqlx::raw_sql(AssertSqlSafe(how)).execute(&mut self.administrator().await).await.unwrap();
    }
}

fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(Server::start)
}

/// The address of a new database without anything in it.
pub(crate) async fn bare() -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let name = format!("bare_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    server().create(format!("CREATE DATABASE {name}")).await;
    server().url(&name)
}

/// The address of a new database with the schema.
pub(crate) async fn database() -> String {
    static MADE: tokio::sync::OnceCell<()> = tokio::sync::OnceCell::const_new();
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let make = || async {
        server().create(format!("CREATE DATABASE {EMPTY}")).await;
        PostgresStore::migrate(&server().url(EMPTY)).await.unwrap();
    };
    MADE.get_or_init(make).await;
    let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    server().create(format!("CREATE DATABASE {name} TEMPLATE {EMPTY}")).await;
    server().url(&name)
}

/// A server that nobody else uses, for what would hold up the others' readers; and a database in it with the schema.
pub(crate) async fn alone() -> (Server, String) {
    let server = Server::start();
    server.create(format!("CREATE DATABASE {EMPTY}")).await;
    let url = server.url(EMPTY);
    PostgresStore::migrate(&url).await.unwrap();
    (server, url)
}
