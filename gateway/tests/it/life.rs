use std::sync::Arc;

use actors::Clock;
use dispatch::Timestamp;
use gateway::{BadSetting, Given, Identity, Role, SecretFrom, ServeError, Settings};
use persistence::{MemoryStore, Store};
use reqwest::Method;
use serde_json::{Value, json};

use crate::street::{Phone, ask, counted, json_of, request, serve, server, settings, token};

#[tokio::test]
async fn a_server_that_stops_tells_everybody_and_loses_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let settings = || Settings { data_dir: directory.path().join("data"), ..settings() };
    let server = gateway::serve(settings(), Given::default()).await.unwrap();
    let mut ann = Phone::on_line(&server, "ann", 0.0).await;
    let mut bob = Phone::on_line(&server, "bob", 30.0).await;
    let trip: Value = ask(&server, "eve", "1", 0.0).send().await.unwrap().json().await.unwrap();
    let offer = ann.hear_type("offer").await["offer"].clone();
    let taken = ann.answer(json!({"type": "accept", "id": 5, "offer": offer})).await;
    assert_eq!(taken["trip"]["state"], "en_route");
    let eve = token(&server, Role::Rider, "eve");
    let path = format!("/v1/trips/{}", trip["id"].as_str().unwrap());
    let mut window = Phone::connect(&server, &format!("{path}/watch"), &eve).await.unwrap();
    window.hear().await;

    let (url, stopped) = (server.url(), tokio::spawn(server.stop()));
    for phone in [&mut ann, &mut bob, &mut window] {
        let (heard, code) = phone.closed().await;
        let closing = heard.last().unwrap();
        assert_eq!((&closing["type"], code), (&json!("closing"), Some(1012)));
        assert!((1_000..5_000).contains(&closing["retry_after_ms"].as_u64().unwrap()));
    }
    stopped.await.unwrap();
    assert!(reqwest::get(format!("{url}/livez")).await.is_err(), "nobody listens any more");

    let server = gateway::serve(settings(), Given::default()).await.unwrap();
    let (status, seen) = json_of(request(&server, Method::GET, &path, &eve).send().await.unwrap()).await;
    assert_eq!((status, &seen["state"], &seen["driver"]), (200, &json!("en_route"), &json!("ann")));
    let mut ann = Phone::connect(&server, "/v1/driver", &token(&server, Role::Driver, "ann")).await.unwrap();
    let standing = ann.hear_type("standing").await;
    assert_eq!((&standing["availability"], &standing["trip"]["id"]), (&json!("en_route"), &trip["id"]));
    let arrived = ann.answer(json!({"type": "arrived", "id": 1, "trip": trip["id"]})).await;
    assert_eq!(arrived["trip"]["state"], "arrived", "the ride goes on where it was");
    server.stop().await;
}

#[tokio::test]
async fn one_directory_is_for_one_server() {
    let directory = tempfile::tempdir().unwrap();
    let settings = || Settings { data_dir: directory.path().to_owned(), ..settings() };
    let server = gateway::serve(settings(), Given::default()).await.unwrap();
    let second = gateway::serve(settings(), Given::default()).await;
    assert!(matches!(second, Err(ServeError::Store(persistence::StoreError::InUse { .. }))), "{second:?}");
    server.stop().await;
    gateway::serve(settings(), Given::default()).await.unwrap().stop().await;
}

#[tokio::test]
async fn a_server_lives_on_the_clock_it_is_given() {
    let clock = Clock::scaled(Timestamp::from_millis(5_000_000), 10.0);
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let given = Given { clock: Some(clock), store: Some(store), ..Given::default() };
    let server = gateway::serve(settings(), given).await.unwrap();
    let mut phone = Phone::connect(&server, "/v1/driver", &token(&server, Role::Driver, "ann")).await.unwrap();
    let welcome = phone.hear().await;
    assert_eq!(welcome["time_scale"], 10.0);
    assert!((5_000_000..6_000_000).contains(&welcome["server_time_ms"].as_u64().unwrap()));
    server.stop().await;
}

#[tokio::test]
async fn development_makes_its_own_secret_and_may_run_faster() {
    let directory = tempfile::tempdir().unwrap();
    let data_dir = directory.path().join("data");
    let settings = Settings { data_dir: data_dir.clone(), secret: SecretFrom::Dev, time_scale: 60.0, ..settings() };
    let server = serve(settings).await;
    let secret = gateway::dev_secret(&data_dir).unwrap();
    let keys = gateway::Keys::new(&secret, "hansom");
    let who = Identity::new(Role::Driver, "ann").unwrap();
    let token = keys.mint(&who, std::time::Duration::from_secs(60)).unwrap();
    let mut phone = Phone::connect(&server, "/v1/driver", &token).await.unwrap();
    assert_eq!(phone.hear().await["time_scale"], 60.0);
    server.stop().await;
}

#[tokio::test]
async fn a_server_does_not_start_on_settings_that_cannot_be() {
    let wrong = Settings { time_scale: 60.0, ..settings() };
    let refused = gateway::serve(wrong, Given::default()).await;
    assert!(matches!(refused, Err(ServeError::Setting(BadSetting::Value { .. }))), "{refused:?}");
    let (store, wrong) = (Arc::new(MemoryStore::default()), Settings { roads: Some("/nowhere".into()), ..settings() });
    let refused = gateway::serve(wrong, Given { store: Some(store), ..Given::default() }).await;
    assert!(matches!(refused, Err(ServeError::File(_))), "{refused:?}");
    let taken = server().await;
    let same = Settings { listen: taken.addr, ..settings() };
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let refused = gateway::serve(same, Given { store: Some(store), ..Given::default() }).await;
    assert!(matches!(refused, Err(ServeError::Listen { .. })), "{refused:?}");
    taken.stop().await;
}

#[tokio::test]
async fn a_ready_server_says_so() {
    let server = server().await;
    for path in ["/livez", "/readyz"] {
        let response = reqwest::get(format!("{}{path}", server.url())).await.unwrap();
        assert_eq!(response.status().as_u16(), 200, "{path}");
    }
    assert_eq!(counted(&server, "gateway_sockets_open{kind=\"driver\"}").await, 0.0);
    server.stop().await;
}
