//! What a ride costs: asked, promised, honoured, and what becomes of promises that do not hold.

use std::sync::Arc;
use std::time::Duration;

use dispatch::Timestamp;
use gateway::{Given, Role, Server};
use persistence::{MemoryStore, Store};
use reqwest::Method;
use serde_json::{Value, json};

use crate::street::{Phone, counted, json_of, place, problem, request, serve, server, settings, token};

async fn quote(server: &Server, rider: &str, body: &Value) -> Value {
    let rider = token(server, Role::Rider, rider);
    let (status, quote) =
        json_of(request(server, Method::POST, "/v1/quotes", &rider).json(body).send().await.unwrap()).await;
    assert_eq!(status, 200, "{quote}");
    quote
}

fn order(server: &Server, rider: &str, key: &str, body: &Value) -> reqwest::RequestBuilder {
    let rider = token(server, Role::Rider, rider);
    request(server, Method::POST, "/v1/trips", &rider).header("Idempotency-Key", key).json(body)
}

fn with(body: &Value, field: &str, value: impl Into<Value>) -> Value {
    let mut body = body.clone();
    body[field] = value.into();
    body
}

fn ride() -> Value {
    json!({"pickup": place(0.0), "dropoff": place(5.0)})
}

#[tokio::test]
async fn a_price_is_told_promised_and_kept_to_the_end_of_the_ride() {
    let server = server().await;
    let mut ann = Phone::on_line(&server, "ann", 2.0).await;
    let quote = quote(&server, "eve", &ride()).await;
    // 556 m at the default detour and speed: 706 m and 141 s, which is less than the least fare.
    assert_eq!(quote["fare"], json!({"amount_minor": 700, "currency": "USD", "surge": 1.0}));
    assert_eq!((&quote["ride_m"], &quote["pickup_eta_source"]), (&json!(706), &json!("straight_line")));
    assert!(quote["pickup_eta_ms"].as_u64().unwrap() > 0 && quote["ride_ms"].as_u64().unwrap() > 140_000, "{quote}");
    let asked = with(&ride(), "quote", quote["quote"].clone());
    let (status, trip) = json_of(order(&server, "eve", "1", &asked).send().await.unwrap()).await;
    assert_eq!((status, &trip["fare"]), (201, &quote["fare"]));
    let offer = ann.hear_type("offer").await;
    assert_eq!(offer["fare"], quote["fare"], "the driver knows what the ride brings");
    let taken = ann.answer(json!({"type": "accept", "id": 10, "offer": offer["offer"]})).await;
    assert_eq!(taken["trip"]["fare"], quote["fare"]);
    for (id, deed) in [(11, "arrived"), (12, "picked_up"), (13, "dropped_off")] {
        ann.answer(json!({"type": deed, "id": id, "trip": trip["id"]})).await;
    }
    let path = format!("/v1/trips/{}", trip["id"].as_str().unwrap());
    let eve = token(&server, Role::Rider, "eve");
    let (_, ended) = json_of(request(&server, Method::GET, &path, &eve).send().await.unwrap()).await;
    assert_eq!((&ended["state"], &ended["fare"]), (&json!("completed"), &quote["fare"]));
    assert_eq!(counted(&server, "actors_quotes_total{outcome=\"given\"}").await, 1.0);
    server.stop().await;
}

#[tokio::test]
async fn a_request_without_a_quote_costs_what_it_costs_at_that_moment() {
    let server = server().await;
    let far = json!({"pickup": place(0.0), "dropoff": place(100.0), "shared": true});
    let (status, trip) = json_of(order(&server, "eve", "1", &far).send().await.unwrap()).await;
    let shared = trip["fare"]["amount_minor"].as_i64().unwrap();
    let alone = quote(&server, "eve", &with(&far, "shared", false)).await["fare"]["amount_minor"].as_i64().unwrap();
    assert_eq!((status, (alone * 3 + 2) / 4), (201, shared), "a quarter off for letting others ride along");
    let large = quote(&server, "eve", &with(&far, "needs", json!({"class": "xl"}))).await;
    assert!(large["fare"]["amount_minor"].as_i64().unwrap() > alone, "a class has its own prices");
    assert_eq!(large.get("pickup_eta_ms"), None, "nobody is there");
    let (status, again) = json_of(order(&server, "eve", "1", &far).send().await.unwrap()).await;
    assert_eq!((status, &again["fare"]), (200, &trip["fare"]));
    server.stop().await;
}

#[tokio::test]
async fn a_quote_that_does_not_fit_is_refused_and_says_what_to_do() {
    let server = server().await;
    let given = quote(&server, "eve", &ride()).await["quote"].as_str().unwrap().to_owned();
    let asked = with(&ride(), "quote", given.clone());
    let refused = async |rider: &str, body: Value| {
        let (status, code, body) = problem(order(&server, rider, "1", &body).send().await.unwrap()).await;
        (status, code, body["detail"].as_str().unwrap().to_owned())
    };
    for (rider, body, what) in [
        ("zoe", asked.clone(), "another rider"),
        ("eve", with(&asked, "pickup", place(1.0)), "another pickup"),
        ("eve", with(&asked, "dropoff", place(6.0)), "another dropoff"),
        ("eve", with(&asked, "needs", json!({"seats": 5})), "other needs"),
        ("eve", with(&asked, "shared", true), "another kind of ride"),
    ] {
        let (status, code, detail) = refused(rider, body).await;
        assert_eq!((status, code.as_str()), (422, "quote_mismatch"), "{detail}");
        assert!(detail.contains(what) && detail.contains("ask for one"), "{detail}");
    }
    // One letter of the price changed, a token of a person, nonsense.
    let parts: Vec<&str> = given.split('.').collect();
    let changed = format!("{}.{}A{}.{}", parts[0], &parts[1][..40], &parts[1][41..], parts[2]);
    for forged in [changed, token(&server, Role::Rider, "eve"), "cheap".to_owned(), String::new()] {
        let (status, code, detail) = refused("eve", with(&ride(), "quote", forged)).await;
        assert_eq!((status, code.as_str()), (422, "quote_invalid"), "{detail}");
    }
    let (status, code, _) = refused("eve", with(&ride(), "quote", 7)).await;
    assert_eq!((status, code.as_str()), (400, "bad_value"));
    // A quote opens no door, though it is signed by the same server.
    let knock = request(&server, Method::POST, "/v1/quotes", &given).json(&ride()).send().await.unwrap();
    assert_eq!(problem(knock).await.0, 401);
    let (status, _) = json_of(order(&server, "eve", "1", &asked).send().await.unwrap()).await;
    assert_eq!(status, 201, "nothing of this has spoilt it");
    server.stop().await;
}

/// The clock of the city runs twenty times as fast, and the quote holds for five seconds of it.
#[tokio::test]
async fn an_expired_quote_is_refused_and_a_request_made_with_it_is_still_answered() {
    let mut short = settings();
    short.city.policy.fares.quote_lasts = Duration::from_secs(5);
    let clock = actors::Clock::scaled(Timestamp::from_millis(1_764_000_000_000), 20.0);
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let given = Given { store: Some(store), clock: Some(clock), ..Given::default() };
    let server = gateway::serve(short, given).await.unwrap();
    let promised = quote(&server, "eve", &ride()).await;
    let asked = with(&ride(), "quote", promised["quote"].clone());
    let (status, trip) = json_of(order(&server, "eve", "1", &asked).send().await.unwrap()).await;
    assert_eq!(status, 201);
    let until = Timestamp::from_millis(promised["expires_at_ms"].as_u64().unwrap());
    while server.city.clock().now() <= until {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let (status, code, body) = problem(order(&server, "eve", "2", &asked).send().await.unwrap()).await;
    assert_eq!((status, code.as_str(), &body["field"]), (409, "quote_expired", &json!("quote")));
    let (status, again) = json_of(order(&server, "eve", "1", &asked).send().await.unwrap()).await;
    assert_eq!((status, &again["id"]), (200, &trip["id"]));
    server.stop().await;
}

#[tokio::test]
async fn a_quote_outlives_the_server_that_gave_it() {
    let first = server().await;
    let promised = quote(&first, "eve", &ride()).await;
    first.stop().await;
    let mut dearer = settings();
    dearer.city.policy.fares.economy.minimum = 5_000;
    let second = serve(dearer).await;
    assert_eq!(quote(&second, "eve", &ride()).await["fare"]["amount_minor"], 5_000);
    let asked = with(&ride(), "quote", promised["quote"].clone());
    let (status, trip) = json_of(order(&second, "eve", "1", &asked).send().await.unwrap()).await;
    assert_eq!((status, &trip["fare"]), (201, &promised["fare"]), "prices rose meanwhile, promises did not");
    second.stop().await;
}

#[tokio::test]
async fn a_ride_for_later_is_taken_shown_and_called_off_and_has_its_limits() {
    let server = server().await;
    let now = server.city.clock().now().millis();
    let later = |minutes: u64| with(&ride(), "pickup_at_ms", now + minutes * 60_000);
    let (status, trip) = json_of(order(&server, "eve", "1", &later(60)).send().await.unwrap()).await;
    assert_eq!((status, &trip["state"], &trip["pickup_at_ms"]), (201, &json!("scheduled"), &json!(now + 3_600_000)));
    assert!(trip["fare"]["amount_minor"].is_i64(), "{trip}");
    for minutes in [0, 2, 31 * 24 * 60] {
        for path in ["/v1/trips", "/v1/quotes"] {
            let eve = token(&server, Role::Rider, "eve");
            let asked = request(&server, Method::POST, path, &eve).header("Idempotency-Key", "2").json(&later(minutes));
            let (status, code, body) = problem(asked.send().await.unwrap()).await;
            assert_eq!((status, code.as_str(), &body["field"]), (400, "bad_value", &json!("pickup_at_ms")), "{path}");
            assert!(body["allowed"].as_str().unwrap().contains(" to "), "{body}");
        }
    }
    for key in 2..=5 {
        let (status, _) = json_of(order(&server, "eve", &key.to_string(), &later(90)).send().await.unwrap()).await;
        assert_eq!(status, 201);
    }
    let (status, code, body) = problem(order(&server, "eve", "6", &later(90)).send().await.unwrap()).await;
    assert_eq!((status, code.as_str(), &body["allowed"]), (409, "too_many_booked", &json!("5 at a time")));
    let (status, again) = json_of(order(&server, "eve", "1", &later(60)).send().await.unwrap()).await;
    assert_eq!((status, &again["id"]), (200, &trip["id"]), "the limit does not change what was answered");
    let path = format!("/v1/trips/{}", trip["id"].as_str().unwrap());
    let eve = token(&server, Role::Rider, "eve");
    let (status, gone) = json_of(request(&server, Method::DELETE, &path, &eve).send().await.unwrap()).await;
    assert_eq!((status, &gone["state"]), (200, &json!("cancelled")));
    let (status, _) = json_of(order(&server, "eve", "6", &later(90)).send().await.unwrap()).await;
    assert_eq!(status, 201, "there is room again");
    server.stop().await;
}
