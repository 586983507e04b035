//! A primary and its standby, both real: what is acknowledged survives the loss of the primary, and a standby that may lag
//! behind is refused.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use dispatch::WriteError;
use persistence::{Committer, PostgresStore, QUEUE_DEFAULT, Store, StoreError};
use sqlx::{Connection, PgConnection};

use crate::server::{WATCH, as_user, output, programs};
use crate::street::{Owner, assert_sound, request, shard, trip_id};

/// A server in a folder of its own.
struct Node {
    folder: PathBuf,
    /// Ends the server when its standard input is closed: also when this process is killed.
    _watchdog: Child,
}

fn folder() -> PathBuf {
    let folder = tempfile::Builder::new().prefix("hansom-standby").tempdir().unwrap().keep();
    if output(Command::new("id").arg("-u")) == "0" {
        output(Command::new("chown").arg("postgres:postgres").arg(&folder));
    }
    folder
}

fn tool(name: &str) -> Command {
    let mut command = as_user(&programs().join(name));
    command.current_dir("/");
    command
}

impl Node {
    async fn start(folder: PathBuf) -> Node {
        let server = as_user(&programs().join("postgres"));
        let mut watchdog = Command::new("sh");
        watchdog.args(["-c", WATCH, "sh"]).arg(&folder).arg(server.get_program()).args(server.get_args());
        watchdog.arg("-D").arg(folder.join("data")).arg("-k").arg(&folder).args(["-c", "listen_addresses="]);
        let node = Node { _watchdog: watchdog.current_dir("/").stdin(Stdio::piped()).spawn().unwrap(), folder };
        let deadline = Instant::now() + Duration::from_secs(60);
        while let Err(failed) = PgConnection::connect(&node.url()).await {
            assert!(Instant::now() < deadline, "Postgres does not start: {failed}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        node
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn url(&self) -> String {
        format!("postgres:///postgres?host={}&user=hansom", self.folder.display())
    }

    async fn run(&self, sql: &'static str) {
        sqlx::raw_sql(sql).execute(&mut PgConnection::connect(&self.url()).await.unwrap()).await.unwrap();
    }

    /// Stops without finishing anything, as when its machine is lost.
    fn is_lost(&self) {
        output(tool("pg_ctl").arg("-D").arg(self.data()).args(["stop", "-m", "immediate"]));
    }

    fn is_promoted(&self) {
        output(tool("pg_ctl").arg("-D").arg(self.data()).args(["promote", "-w"]));
    }
}

/// A primary with the schema, and a standby that follows it in its own time.
async fn pair() -> (Node, Node) {
    let (first, second) = (folder(), folder());
    let initdb = ["--auth=trust", "--username=hansom", "--no-sync", "--encoding=UTF8", "--locale=C", "-D"];
    output(tool("initdb").args(initdb).arg(first.join("data")));
    let primary = Node::start(first).await;
    PostgresStore::migrate(&primary.url()).await.unwrap();
    follow(&primary, &second);
    let standby = Node::start(second).await;
    let follows = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'";
    let mut connection = PgConnection::connect(&primary.url()).await.unwrap();
    while sqlx::query_scalar::<_, i64>(follows).fetch_one(&mut connection).await.unwrap() == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    (primary, standby)
}

fn follow(primary: &Node, folder: &Path) {
    let mut copy = tool("pg_basebackup");
    copy.arg("-h").arg(&primary.folder).args(["-U", "hansom", "-R", "-X", "stream", "-c", "fast", "-D"]);
    output(copy.arg(folder.join("data")));
}

#[tokio::test]
async fn a_standby_that_may_lag_behind_is_refused_unless_the_operator_says_so() {
    let (primary, _standby) = pair().await;
    let refused = PostgresStore::open(&primary.url()).await.unwrap_err();
    assert!(matches!(refused, StoreError::AsyncStandby { .. }), "{refused}");
    assert!(refused.to_string().contains("synchronous_standby_names"), "{refused}");
    PostgresStore::open_with(&primary.url(), true).await.unwrap();
    primary.run("ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 (*)'").await;
    primary.run("SELECT pg_reload_conf()").await;
    // The servers agree on it within a moment.
    let deadline = Instant::now() + Duration::from_secs(30);
    while let Err(refused) = PostgresStore::open(&primary.url()).await {
        assert!(Instant::now() < deadline, "{refused}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_acknowledged_is_there_when_the_primary_is_lost_under_load() {
    let (primary, standby) = pair().await;
    primary.run("ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 (*)'").await;
    primary.run("SELECT pg_reload_conf()").await;
    let store: Arc<dyn Store> = Arc::new(PostgresStore::open_with(&primary.url(), true).await.unwrap());
    let owner = Owner::of(&store, shard(0)).await;
    let committer = Committer::start(store, QUEUE_DEFAULT);
    let mut writing = tokio::task::JoinSet::new();
    for number in 0..20_000_u64 {
        let (committer, fence) = (committer.clone(), owner.fence);
        writing.spawn(async move {
            let (trip, write) = request(fence, trip_id(fence.shard, number), &format!("rider-{number}"));
            loop {
                match committer.submit(write.clone()) {
                    Ok(outcome) => return (trip, outcome.await.unwrap()),
                    Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
                }
            }
        });
    }
    let mut outcomes = Vec::new();
    while outcomes.len() < 1_000 {
        outcomes.push(writing.join_next().await.unwrap().unwrap());
    }
    tokio::task::spawn_blocking(move || {
        primary.is_lost();
        primary
    })
    .await
    .unwrap();
    while let Some(done) = writing.join_next().await {
        outcomes.push(done.unwrap());
    }
    let unknown = outcomes.iter().filter(|(_, outcome)| *outcome == Err(WriteError::Unknown)).count();
    assert!(unknown > 0, "the primary was lost after the load was over: nothing was shown");

    standby.is_promoted();
    let survivor: Arc<dyn Store> = Arc::new(PostgresStore::open(&standby.url()).await.unwrap());
    let kept: std::collections::BTreeMap<_, _> =
        survivor.all_trips().await.unwrap().into_iter().map(|trip| (trip.id, trip)).collect();
    for (trip, outcome) in &outcomes {
        if outcome.is_ok() {
            assert_eq!(kept.get(&trip.id), Some(trip), "an acknowledged step is lost");
        }
    }
    let next = Owner::of(&survivor, shard(0)).await;
    assert!(next.fence.epoch > owner.fence.epoch, "no epoch is issued twice");
    let (_, write) = request(next.fence, trip_id(next.fence.shard, 1_000_000), "eve");
    next.write(write).await.unwrap();
    assert_sound(&*survivor).await;
}
