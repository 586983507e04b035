//! A server that is killed in mid-stream.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use persistence::{PostgresStore, SqliteStore, Store};
use serde_json::json;

use super::receiver::{Receiver, Reply};
use super::redis_server::{Entry, RedisServer};
use super::{SIGNED_WITH, assert_in_order_by_trip, first_of_each, ids, until};
use crate::binary::{Process, hansom, mint, run};
use crate::postgres;
use crate::street::place;

const STREAM: &str = "hansom:events";

/// How many events may be under way to a receiver.
const IN_FLIGHT: usize = 8;

/// How often the server is killed.
const KILLS: usize = 4;

/// Riders who ask for rides and call them off, until nobody answers.
async fn riders(url: String, token: String, round: usize) {
    let client = reqwest::Client::new();
    for number in 0.. {
        let body = json!({"pickup": place(0.0), "dropoff": place(5.0)});
        let asked = client.post(format!("{url}/v1/trips")).bearer_auth(&token).json(&body);
        let Ok(asked) = asked.header("Idempotency-Key", format!("{round}-{number}")).send().await else { return };
        let Ok(trip) = asked.json::<serde_json::Value>().await else { return };
        let Some(id) = trip["id"].as_str() else { continue };
        if client.delete(format!("{url}/v1/trips/{id}")).bearer_auth(&token).send().await.is_err() {
            return;
        }
    }
}

/// The command, on a database or on the store in its data directory.
fn command(database: Option<&str>) -> Command {
    let mut command = hansom();
    command.envs(database.map(|url| ("HANSOM_POSTGRES", url)));
    command
}

fn start(data: &Path, database: Option<&str>, receiver: &Receiver, redis: &RedisServer) -> Process {
    let sets = [
        format!("events.webhooks=billing={}", receiver.url),
        format!("events.webhook_secret={SIGNED_WITH}"),
        format!("events.webhook_in_flight={IN_FLIGHT}"),
        format!("events.redis={}", redis.url()),
        "policy.riders.active_max=0".to_owned(),
        "policy.riders.searching_max=0".to_owned(),
        "policy.riders.cancellations_max=0".to_owned(),
    ];
    let arguments: Vec<&str> = sets.iter().flat_map(|set| ["--set", set]).collect();
    Process::start_with(command(database), data, &arguments)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_in_mid_stream_loses_no_event_and_keeps_their_order() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let told = is_killed_in_mid_stream(&data, None).await;
    told.must_be_all_of(Arc::new(SqliteStore::open(&data).await.unwrap())).await;
}

/// Where the numbers of lines have gaps.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_on_postgres_killed_in_mid_stream_loses_no_event_and_keeps_their_order() {
    let (directory, url) = (tempfile::tempdir().unwrap(), postgres::bare().await);
    let (code, _, said) = run(command(Some(&url)).arg("migrate").arg("--data-dir").arg(directory.path()));
    assert_eq!(code, Some(0), "{said}");
    let told = is_killed_in_mid_stream(directory.path(), Some(&url)).await;
    told.must_be_all_of(Arc::new(PostgresStore::open(&url).await.unwrap())).await;
}

/// The promise of the whole: whatever is in the journal arrives, whenever the server dies, and what a crash repeats is no
/// more than was under way.
async fn is_killed_in_mid_stream(data: &Path, database: Option<&str>) -> Told {
    let redis = RedisServer::start();
    let receiver = Receiver::start(|_| {
        std::thread::sleep(Duration::from_millis(1));
        Reply::Status(200)
    })
    .await;
    for round in 0..KILLS {
        let before = receiver.taken_count();
        let mut process = start(data, database, &receiver, &redis);
        let token = mint(data, &["--rider", &format!("eve-{round}")]);
        let crowd = (0..4).map(|one| tokio::spawn(riders(process.url().to_owned(), token.clone(), one)));
        let crowd: Vec<_> = crowd.collect();
        until("some events have arrived", async || receiver.taken_count() > before + 60).await;
        process.kill();
        for one in crowd {
            one.await.unwrap();
        }
    }
    let process = start(data, database, &receiver, &redis);
    until("the last lines are told", async || {
        let text = reqwest::get(format!("{}/metrics", process.url())).await.unwrap().text().await.unwrap();
        // On Postgres it is so only when the one that was killed has been silent for long enough.
        let tells = text.contains("gateway_events_teller 1\n");
        tells
            && ["billing", "redis"].iter().all(|outlet| {
                let (lag, up) = ("gateway_events_lag_lines", "gateway_events_up");
                text.contains(&format!("{lag}{{outlet=\"{outlet}\"}} 0\n"))
                    && (*outlet == "billing" || text.contains(up))
            })
    })
    .await;
    let (code, said) = tokio::task::spawn_blocking(|| process.stop()).await.unwrap();
    assert_eq!(code, Some(0), "{said}");
    Told { taken: receiver.taken(), entries: redis.entries(STREAM).await }
}

/// What both outlets have.
struct Told {
    /// What the receiver took, in order, however often.
    taken: Vec<String>,
    entries: Vec<Entry>,
}

impl Told {
    async fn must_be_all_of(self, store: Arc<dyn Store>) {
        let journal = ids(&store).await;
        assert!(journal.len() > KILLS * 60, "{}", journal.len());
        let first = first_of_each(self.taken.iter());
        assert_in_order_by_trip(&first);
        let sorted = |ids: &[String]| ids.iter().cloned().collect::<BTreeSet<String>>();
        assert_eq!(sorted(&first), sorted(&journal));
        // What was under way when the server died, and what had arrived beyond the cursor.
        let repeated = self.taken.len() - first.len();
        assert!(repeated <= KILLS * IN_FLIGHT, "{repeated} of {} were repeated", self.taken.len());
        let told: Vec<&String> = self.entries.iter().map(|(_, fields)| &fields[1]).collect();
        assert_eq!(told, journal.iter().collect::<Vec<_>>(), "a stream has each line once, in order");
    }
}
