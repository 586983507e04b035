//! Several servers on one Postgres: one of them tells events.

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::Arc;

use persistence::{PostgresStore, Store};

use super::receiver::{Receiver, Reply};
use super::{SIGNED_WITH, assert_in_order_by_trip, first_of_each, ids, until, write_trips};
use crate::binary::{Process, hansom};
use crate::postgres;

/// How many events may be under way to the receiver.
const IN_FLIGHT: usize = 4;

struct Scene {
    _folders: [tempfile::TempDir; 2],
    servers: [Process; 2],
    receiver: Receiver,
    /// Who writes what there is to tell: a third process, so to speak.
    store: Arc<dyn Store>,
}

impl Scene {
    async fn new() -> Scene {
        let url = postgres::bare().await;
        PostgresStore::migrate(&url).await.unwrap();
        let receiver = Receiver::start(|_| {
            std::thread::sleep(std::time::Duration::from_millis(1));
            Reply::Status(200)
        })
        .await;
        let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let servers = folders.each_ref().map(|folder| {
            let mut command = hansom();
            command.env("HANSOM_POSTGRES", &url);
            let sets = [
                format!("events.webhooks=billing={}", receiver.url),
                format!("events.webhook_secret={SIGNED_WITH}"),
                format!("events.webhook_in_flight={IN_FLIGHT}"),
            ];
            let arguments: Vec<&str> = sets.iter().flat_map(|set| ["--set", set]).collect();
            Process::start_with(command, folder.path(), &arguments)
        });
        let store = Arc::new(PostgresStore::open(&url).await.unwrap());
        Scene { _folders: folders, servers, receiver, store }
    }

    /// Which server tells events.
    async fn teller(&self) -> usize {
        let mut found = None;
        until("one of them tells events", async || {
            for (number, server) in self.servers.iter().enumerate() {
                let metrics = async { reqwest::get(format!("{}/metrics", server.url())).await.ok()?.text().await.ok() };
                if metrics.await.is_some_and(|text| text.contains("gateway_events_teller 1\n")) {
                    assert!(found.is_none_or(|other| other == number), "both say that they tell events");
                    found = Some(number);
                }
            }
            found.is_some()
        })
        .await;
        found.unwrap()
    }

    /// Waits until every line has arrived, and says how many arrived more than once.
    async fn all_is_told(&self) -> usize {
        let journal: BTreeSet<String> = ids(&self.store).await.into_iter().collect();
        until("every line has arrived", async || {
            self.receiver.taken().into_iter().collect::<BTreeSet<String>>() == journal
        })
        .await;
        let taken = self.receiver.taken();
        let first = first_of_each(taken.iter());
        assert_in_order_by_trip(&first);
        taken.len() - first.len()
    }

    fn signal(&self, server: usize, signal: &str) {
        let told = Command::new("kill").args([signal, &self.servers[server].id().to_string()]).status().unwrap();
        assert!(told.success());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_servers_on_one_postgres_one_tells_events_and_the_other_takes_over_when_it_is_killed() {
    let mut scene = Scene::new().await;
    let teller = scene.teller().await;
    write_trips(&scene.store, 100).await;
    assert_eq!(scene.all_is_told().await, 0, "with nothing wrong each line is told once");

    let (store, before) = (Arc::clone(&scene.store), scene.receiver.taken_count());
    let writing = tokio::spawn(async move { write_trips(&store, 200).await });
    until("it is in the middle of it", async || scene.receiver.taken_count() > before + 20).await;
    scene.servers[teller].kill();
    writing.await.unwrap();
    let repeated = scene.all_is_told().await;
    assert!(repeated <= 2 * IN_FLIGHT, "{repeated} were told again by whoever took over");
    assert_eq!(scene.teller().await, 1 - teller);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stood_still_and_goes_on_tells_no_events_any_more() {
    let scene = Scene::new().await;
    let teller = scene.teller().await;
    let (store, before) = (Arc::clone(&scene.store), scene.receiver.taken_count());
    let writing = tokio::spawn(async move { write_trips(&store, 200).await });
    until("it is in the middle of it", async || scene.receiver.taken_count() > before + 20).await;
    scene.signal(teller, "-STOP");
    writing.await.unwrap();
    scene.all_is_told().await;
    scene.signal(teller, "-CONT");
    write_trips(&scene.store, 100).await;
    let repeated = scene.all_is_told().await;
    assert!(repeated <= 4 * IN_FLIGHT, "{repeated} were told again");
    assert_eq!(scene.teller().await, 1 - teller);
}
