//! Two servers on one Postgres: what ops change at one holds at the other.

use std::time::Duration;

use gateway::{DatabaseUrl, Given, Server, Settings};
use persistence::PostgresStore;
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::events::until;
use crate::ops::{change, get, value};
use crate::postgres;
use crate::street::{Phone, ask, json_of, problem, settings};

/// A server on a database, with a folder of its own and drivers' offers as long as its settings say.
async fn on(url: &str, offer_lasts_s: u64) -> (TempDir, Server) {
    let folder = tempfile::tempdir().unwrap();
    let mut settings =
        Settings { data_dir: folder.path().to_owned(), postgres: Some(DatabaseUrl::new(url).unwrap()), ..settings() };
    // Whoever waits for the other server asks often.
    settings.limits.requests_per_identity = 1_000;
    settings.city.policy.offer_lasts = Duration::from_secs(offer_lasts_s);
    (folder, gateway::serve(settings, Given::default()).await.unwrap())
}

async fn database() -> String {
    let url = postgres::bare().await;
    PostgresStore::migrate(&url).await.unwrap();
    url
}

async fn policy(server: &Server) -> Value {
    get(server, "/v1/ops/policy").await.1
}

async fn is_in(server: &Server, revision: u64) {
    until("it follows", async || policy(server).await["revision"] == revision).await;
}

/// So far north that it is another shard than the one where nothing is added.
const FAR: f64 = 2_000.0;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_that_is_changed_at_one_server_is_followed_by_the_other() {
    let url = database().await;
    let ((_one, one), (_two, two)) = (on(&url, 12).await, on(&url, 12).await);
    // Each is at work somewhere of its own before anything is changed.
    let _ann = Phone::on_line(&one, "ann", 0.0).await;
    let mut bob = Phone::on_line(&two, "bob", FAR).await;
    let rain = json!({"changes": {"policy.offer_lasts": 33, "policy.version": "rain"}, "reason": "it rains"});
    let (status, made) = json_of(change(&one, Method::PATCH, "\"0\"", &rain).await).await;
    assert_eq!((status, &made["revision"]), (200, &json!(1)), "{made}");

    is_in(&two, 1).await;
    let there = policy(&two).await;
    assert_eq!(
        (&there["version"], value(&there, "policy.offer_lasts")),
        (&json!("rain+1"), ("33", "revision 1 by kim"))
    );
    let (_, shards) = get(&two, "/v1/ops/shards").await;
    let shards = shards["shards"].as_array().unwrap();
    assert!(!shards.is_empty() && shards.iter().all(|shard| shard["policy"] == "rain+1"), "{shards:?}");
    let (status, trip) = json_of(ask(&two, "eve", "1", FAR).send().await.unwrap()).await;
    assert_eq!(status, 201, "{trip}");
    let offer = bob.hear_type("offer").await;
    assert!(offer["expires_in_ms"].as_u64().unwrap() > 20_000, "{offer}");

    // And the other way round; what is given back there is given back here.
    let (status, _) = json_of(change(&two, Method::PUT, "\"1\"", &json!({"changes": {}})).await).await;
    assert_eq!(status, 200);
    is_in(&one, 2).await;
    assert_eq!(value(&policy(&one).await, "policy.offer_lasts"), ("12", "default"));
    let histories = [get(&one, "/v1/ops/policy/history").await.1, get(&two, "/v1/ops/policy/history").await.1];
    assert_eq!(histories[0], histories[1]);
    one.stop().await;
    two.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_changes_at_once_at_two_servers_one_is_made_and_the_other_is_told_so() {
    let url = database().await;
    let ((_one, one), (_two, two)) = (on(&url, 12).await, on(&url, 12).await);
    let mut made = [0_u32; 2];
    for revision in 0..20_u64 {
        let tag = format!("\"{revision}\"");
        let to = |seconds: u64| json!({"changes": {"policy.offer_lasts": seconds}});
        let (here, there) = (to(20 + revision), to(60 + revision));
        let answers = tokio::join!(change(&one, Method::PATCH, &tag, &here), change(&two, Method::PATCH, &tag, &there));
        // Who made it knows at once; the other has heard of it in being refused.
        let (winner, refused) = match answers.0.status().as_u16() {
            200 => (0, answers.1),
            _ => (1, answers.0),
        };
        made[winner] += 1;
        let (status, code, _) = problem(refused).await;
        assert_eq!((status, code.as_str()), (412, "outdated"));
        let held = [policy(&one).await, policy(&two).await];
        for held in &held {
            let wanted = if winner == 0 { 20 + revision } else { 60 + revision };
            assert_eq!(value(held, "policy.offer_lasts").0, wanted.to_string(), "{winner} was faster");
            assert_eq!(held["revision"], revision + 1);
        }
    }
    assert_eq!(made[0] + made[1], 20);
    one.stop().await;
    two.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_comes_later_or_has_other_settings_follows_in_what_was_changed() {
    let url = database().await;
    let (_one, one) = on(&url, 12).await;
    let rain = json!({"changes": {"policy.search_lasts": 77}});
    assert_eq!(change(&one, Method::PATCH, "*", &rain).await.status(), 200);
    let (_two, two) = on(&url, 25).await;
    let there = policy(&two).await;
    assert_eq!((value(&there, "policy.search_lasts").0, value(&there, "policy.offer_lasts").0), ("77", "25"));
    for (changes, here, there) in [(json!(40), "40", "40"), (Value::Null, "12", "25")] {
        let revision = policy(&one).await["revision"].as_u64().unwrap();
        let body = json!({"changes": {"policy.offer_lasts": changes}});
        assert_eq!(change(&one, Method::PATCH, "*", &body).await.status(), 200);
        is_in(&two, revision + 1).await;
        assert_eq!(value(&policy(&one).await, "policy.offer_lasts").0, here);
        assert_eq!(value(&policy(&two).await, "policy.offer_lasts").0, there, "each has its own file");
    }
    one.stop().await;
    two.stop().await;
}
