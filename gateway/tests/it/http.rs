use std::time::Duration;

use gateway::{Limits, Role};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::street::{
    PATIENCE, ask, counted, json_of, place, problem, request, serve, server, server_with, settings, token,
};

#[tokio::test]
async fn a_request_for_a_trip_is_answered_once_and_repeated_as_often_as_wanted() {
    let server = server().await;
    let response = ask(&server, "eve", "k1", 0.0).send().await.unwrap();
    let location = response.headers()["location"].to_str().unwrap().to_owned();
    assert!(!response.headers().contains_key("idempotency-replayed"));
    let (status, trip) = json_of(response).await;
    assert_eq!((status, &trip["state"], &trip["version"]), (201, &json!("searching"), &json!(1)));
    assert_eq!(location, format!("/v1/trips/{}", trip["id"].as_str().unwrap()));
    assert_eq!((&trip["rider"], &trip["pickup"]), (&json!("eve"), &place(0.0)));

    let again = ask(&server, "eve", "k1", 0.0).send().await.unwrap();
    assert_eq!((again.headers()["idempotency-replayed"].as_bytes(), again.status().as_u16()), (&b"true"[..], 200));
    assert_eq!(json_of(again).await.1["id"], trip["id"]);

    let (status, code, body) = problem(ask(&server, "eve", "k1", 3.0).send().await.unwrap()).await;
    assert_eq!((status, code.as_str()), (422, "key_reused"));
    assert_eq!((&body["trip"], &body["field"]), (&trip["id"], &json!("Idempotency-Key")));

    let (status, other) = json_of(ask(&server, "zoe", "k1", 0.0).send().await.unwrap()).await;
    assert_eq!(status, 201, "two riders may use the same key");
    assert_ne!(other["id"], trip["id"]);
    server.stop().await;
}

#[tokio::test]
async fn riders_see_and_cancel_their_own_trips_and_ops_all() {
    let server = server().await;
    let trip: Value = ask(&server, "eve", "1", 0.0).send().await.unwrap().json().await.unwrap();
    let path = format!("/v1/trips/{}", trip["id"].as_str().unwrap());
    let (eve, zoe, kim) =
        (token(&server, Role::Rider, "eve"), token(&server, Role::Rider, "zoe"), token(&server, Role::Ops, "kim"));
    for token in [&eve, &kim] {
        let (status, seen) = json_of(request(&server, Method::GET, &path, token).send().await.unwrap()).await;
        assert_eq!((status, &seen["id"]), (200, &trip["id"]));
    }
    for method in [Method::GET, Method::DELETE] {
        let (status, code, _) = problem(request(&server, method, &path, &zoe).send().await.unwrap()).await;
        assert_eq!((status, code.as_str()), (404, "unknown_trip"), "the trips of others do not exist");
    }
    let (status, gone) = json_of(request(&server, Method::DELETE, &path, &eve).send().await.unwrap()).await;
    assert_eq!((status, &gone["state"], &gone["cancelled_by"]), (200, &json!("cancelled"), &json!("rider")));
    let (status, _) = json_of(request(&server, Method::DELETE, &path, &eve).send().await.unwrap()).await;
    assert_eq!(status, 200, "to cancel twice is to cancel once");
    let (status, code, _) = problem(request(&server, Method::DELETE, &path, &kim).send().await.unwrap()).await;
    assert_eq!((status, code.as_str()), (409, "illegal_step"), "somebody else called it off");

    let trip: Value = ask(&server, "eve", "2", 0.0).send().await.unwrap().json().await.unwrap();
    let path = format!("/v1/trips/{}", trip["id"].as_str().unwrap());
    let (status, gone) = json_of(request(&server, Method::DELETE, &path, &kim).send().await.unwrap()).await;
    assert_eq!((status, &gone["cancelled_by"]), (200, &json!("system")));
    server.stop().await;
}

#[tokio::test]
async fn who_calls_off_may_say_why_and_the_trip_says_what_it_may_cost() {
    let server = server().await;
    let (eve, kim) = (token(&server, Role::Rider, "eve"), token(&server, Role::Ops, "kim"));
    for (key, who, query, reason) in [
        ("1", &eve, "?reason=wrong_pickup", "wrong_pickup"),
        ("2", &eve, "", "other"),
        ("3", &kim, "", "ops"),
        ("4", &kim, "?reason=other", "other"),
    ] {
        let trip: Value = ask(&server, "eve", key, 0.0).send().await.unwrap().json().await.unwrap();
        let path = format!("/v1/trips/{}", trip["id"].as_str().unwrap());
        for wrong in ["?reason=rain", "?reason=pickup_too_late", "?why=ops"] {
            let refused = request(&server, Method::DELETE, &format!("{path}{wrong}"), who).send().await.unwrap();
            let (status, code, body) = problem(refused).await;
            assert_eq!((status, code.as_str()), (400, "bad_value"), "{wrong}: {body}");
        }
        let gone = request(&server, Method::DELETE, &format!("{path}{query}"), who).send().await.unwrap();
        let (status, gone) = json_of(gone).await;
        assert_eq!((status, &gone["cancel_reason"]), (200, &json!(reason)), "{query}");
        assert_eq!(gone["cancellation_fee_stage"], "free", "no car was on its way");
        let (_, seen) = json_of(request(&server, Method::GET, &path, who).send().await.unwrap()).await;
        assert_eq!(seen["cancel_reason"], json!(reason), "also when it is read from the store");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_rider_with_too_many_trips_is_told_when_to_ask_again() {
    let mut settings = settings();
    settings.city.policy.riders = dispatch::RiderPolicy { active_max: 2, searching_max: 0, cancellations_max: 1 };
    let server = serve(settings).await;
    let first: Value = ask(&server, "eve", "1", 0.0).send().await.unwrap().json().await.unwrap();
    // A thousand kilometres away, in another shard.
    ask(&server, "eve", "2", -9_000.0).send().await.unwrap().error_for_status().unwrap();
    let third = ask(&server, "eve", "3", 0.0).send().await.unwrap();
    assert!(third.headers()["retry-after"].to_str().unwrap().parse::<u64>().unwrap() > 0);
    let (status, code, body) = problem(third).await;
    assert_eq!((status, code.as_str()), (429, "too_many_trips"), "{body}");
    assert!(body["retry_after_ms"].as_u64().is_some_and(|after| after > 0), "{body}");
    let again = ask(&server, "eve", "1", 0.0).send().await.unwrap();
    assert_eq!(again.status(), 200, "what was asked before is answered as before");
    ask(&server, "zoe", "3", 0.0).send().await.unwrap().error_for_status().unwrap();

    let eve = token(&server, Role::Rider, "eve");
    let path = format!("/v1/trips/{}", first["id"].as_str().unwrap());
    request(&server, Method::DELETE, &path, &eve).send().await.unwrap().error_for_status().unwrap();
    let (status, code, body) = problem(ask(&server, "eve", "3", 0.0).send().await.unwrap()).await;
    assert_eq!((status, code.as_str()), (429, "too_many_cancellations"), "{body}");
    assert!(body["retry_after_ms"].as_u64().is_some_and(|after| after > 3_500_000), "{body}");
    server.stop().await;
}

#[tokio::test]
async fn a_trip_nobody_knows_is_not_found() {
    let server = server().await;
    let eve = token(&server, Role::Rider, "eve");
    let unknown = "/v1/trips/019b1c2d-8e5f-852a-9072-0123456789ab";
    for path in [unknown, "/v1/trips/7", "/v1/trips/%ff", "/v1/trips/00000000-0000-0000-0000-000000000000"] {
        let (status, code, _) = problem(request(&server, Method::GET, path, &eve).send().await.unwrap()).await;
        assert_eq!((status, code.as_str()), (404, "unknown_trip"), "{path}");
    }
    server.stop().await;
}

#[tokio::test]
async fn every_bad_request_is_named_and_counted() {
    let server = server().await;
    let eve = token(&server, Role::Rider, "eve");
    let post = || request(&server, Method::POST, "/v1/trips", &eve).header("content-type", "application/json");
    let here = place(0.0);
    for (body, code, field, value) in [
        ("{".to_owned(), "malformed_json", Value::Null, Value::Null),
        (String::new(), "malformed_json", Value::Null, Value::Null),
        (r#"{"pickup":{"lat":NaN}}"#.to_owned(), "malformed_json", json!("pickup"), Value::Null),
        ("[1]".to_owned(), "bad_value", json!("body"), json!("[1]")),
        (format!(r#"{{"pickup":{here}}}"#), "missing_field", json!("dropoff"), Value::Null),
        (
            format!(r#"{{"pickup":{{"lat":91,"lon":0}},"dropoff":{here}}}"#),
            "bad_value",
            json!("pickup.lat"),
            json!("91"),
        ),
        (
            format!(r#"{{"pickup":{here},"dropoff":{{"lat":0,"lon":1e999}}}}"#),
            "bad_value",
            json!("dropoff.lon"),
            json!("1e999"),
        ),
        (format!(r#"{{"pickup":{here},"dropoff":{here},"price":3}}"#), "unknown_field", json!("price"), Value::Null),
    ] {
        let metric = format!("gateway_bad_messages_total{{code=\"{code}\"}}");
        let before = counted(&server, &metric).await;
        let response = post().header("Idempotency-Key", "1").body(body.clone()).send().await.unwrap();
        let (status, said, problem) = problem(response).await;
        assert_eq!((status, said.as_str()), (400, code), "{body}: {problem}");
        assert_eq!((&problem["field"], &problem["value"]), (&field, &value), "{body}: {problem}");
        assert!(problem["allowed"].is_string(), "{problem}");
        assert_eq!(counted(&server, &metric).await - before, 1.0);
    }
    server.stop().await;
}

#[tokio::test]
async fn the_idempotency_key_is_needed_and_decent() {
    let server = server().await;
    let eve = token(&server, Role::Rider, "eve");
    let body = json!({"pickup": place(0.0), "dropoff": place(1.0)});
    let post = || request(&server, Method::POST, "/v1/trips", &eve).json(&body);
    let (status, code, said) = problem(post().send().await.unwrap()).await;
    assert_eq!((status, code.as_str(), &said["field"]), (400, "missing_field", &json!("Idempotency-Key")));
    let too_long = "x".repeat(129);
    for key in ["", "two words", "caf\u{e9}", too_long.as_str()] {
        let (status, code, said) = problem(post().header("Idempotency-Key", key).send().await.unwrap()).await;
        assert_eq!((status, code.as_str(), &said["field"]), (400, "bad_value", &json!("Idempotency-Key")), "{key}");
        assert_eq!(said["allowed"], "1 to 128 visible ASCII characters");
    }
    let twice = post().header("Idempotency-Key", "a").header("Idempotency-Key", "b").send().await.unwrap();
    assert_eq!(problem(twice).await.1, "bad_value");
    let longest = post().header("Idempotency-Key", "x".repeat(128)).send().await.unwrap();
    assert_eq!(longest.status().as_u16(), 201);
    server.stop().await;
}

#[tokio::test]
async fn what_is_no_json_too_large_or_nowhere_is_told_so() {
    let server = server().await;
    let eve = token(&server, Role::Rider, "eve");
    let post = || request(&server, Method::POST, "/v1/trips", &eve).header("Idempotency-Key", "1");
    let (status, code, _) = problem(post().body("a=b").send().await.unwrap()).await;
    assert_eq!((status, code.as_str()), (415, "unsupported_media_type"));
    let large = post().header("content-type", "application/json").body("x".repeat(16 * 1024 + 1));
    let (status, code, said) = problem(large.send().await.unwrap()).await;
    assert_eq!((status, code.as_str(), &said["allowed"]), (413, "body_too_large", &json!("at most 16384 bytes")));
    assert_eq!(counted(&server, "gateway_bad_messages_total{code=\"body_too_large\"}").await, 1.0);
    let utf8 = post().header("content-type", "application/json; charset=utf-8").body(vec![b'"', 0xff, b'"']);
    assert_eq!(problem(utf8.send().await.unwrap()).await.1, "malformed_json");
    let (status, code, _) = problem(request(&server, Method::GET, "/v2/trips", &eve).send().await.unwrap()).await;
    assert_eq!((status, code.as_str()), (404, "not_found"));
    let put = request(&server, Method::PUT, "/v1/trips", &eve).send().await.unwrap();
    assert_eq!(put.headers()["allow"], "POST");
    let (status, code, _) = problem(put).await;
    assert_eq!((status, code.as_str()), (405, "method_not_allowed"));
    server.stop().await;
}

#[tokio::test]
async fn a_request_keeps_the_name_it_was_given() {
    let server = server().await;
    let alive = |id: &str| reqwest::Client::new().get(format!("{}/livez", server.url())).header("x-request-id", id);
    let response = alive("call-7").send().await.unwrap();
    assert_eq!(response.headers()["x-request-id"], "call-7");
    let response = alive("two words").send().await.unwrap();
    assert_ne!(response.headers()["x-request-id"], "two words");
    let (one, two) = (alive("").send().await.unwrap(), alive("").send().await.unwrap());
    assert_ne!(one.headers()["x-request-id"], two.headers()["x-request-id"]);
    server.stop().await;
}

#[tokio::test]
async fn the_back_door_counts_and_says_how_the_city_stands() {
    let server = server().await;
    ask(&server, "eve", "1", 0.0).send().await.unwrap();
    let kim = token(&server, Role::Ops, "kim");
    let (status, city) = json_of(request(&server, Method::GET, "/v1/ops/status", &kim).send().await.unwrap()).await;
    assert_eq!((status, &city["shard_resolution"], &city["trips"]["searching"]), (200, &json!(5), &json!(1)));
    assert_eq!((&city["shards"][0]["trips"], &city["shards"][0]["epoch"]), (&json!(1), &json!(1)));
    let created = "gateway_http_request_seconds_count{method=\"POST\",route=\"/v1/trips\",status=\"201\"}";
    assert_eq!(counted(&server, created).await, 1.0);
    let docs = reqwest::get(format!("{}/docs", server.url())).await.unwrap();
    assert_eq!(docs.headers()["content-type"], "text/markdown; charset=utf-8");
    let docs = docs.text().await.unwrap();
    for code in gateway::Code::ALL {
        assert!(docs.contains(&format!("`{}`", code.as_str())), "{} is not documented", code.as_str());
    }
    let page = reqwest::Client::new().get(format!("{}/docs", server.url())).header("accept", "text/html,*/*");
    let page = page.send().await.unwrap();
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    assert!(page.text().await.unwrap().starts_with("<!doctype html>"), "a browser is given a page");
    let described = reqwest::get(format!("{}/openapi.json", server.url())).await.unwrap();
    assert_eq!(described.headers()["content-type"], "application/json");
    assert_eq!(described.text().await.unwrap(), gateway::openapi());
    server.stop().await;
}

/// Sends raw bytes and reads until the server hangs up.
async fn raw(server: &gateway::Server, pieces: &[&str]) -> String {
    let mut stream = TcpStream::connect(server.addr).await.unwrap();
    for piece in pieces {
        stream.write_all(piece.as_bytes()).await.unwrap();
    }
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("the server hangs up");
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn who_never_finishes_a_request_is_let_go() {
    let limits = Limits {
        request_timeout: Duration::from_millis(400),
        heartbeat_every: Duration::from_millis(200),
        idle_after: Duration::from_millis(500),
        ..Limits::default()
    };
    let server = server_with(limits).await;
    let eve = token(&server, Role::Rider, "eve");
    assert_eq!(raw(&server, &["GET /livez HT"]).await, "", "half a head");
    let head = format!(
        "POST /v1/trips HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {eve}\r\nidempotency-key: 1\r\n\
         content-type: application/json\r\ncontent-length: 100\r\n\r\n"
    );
    let answer = raw(&server, &[&head, "{\"pickup\":"]).await;
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("body_too_slow"), "{answer}");
    server.stop().await;
}

#[tokio::test]
async fn above_the_limit_of_connections_one_is_told_to_come_again() {
    let server = server_with(Limits { connections: 1, ..Limits::default() }).await;
    let mut first = TcpStream::connect(server.addr).await.unwrap();
    let get = "GET /livez HTTP/1.1\r\nhost: x\r\n\r\n";
    first.write_all(get.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    first.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    let answer = raw(&server, &[get]).await;
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("\"code\":\"busy\""), "{answer}");
    drop(first);
    server.stop().await;
}
