use std::time::Duration;

use futures_util::SinkExt;
use gateway::{Limits, Role};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::street::{Phone, ask, counted, server, server_with, token};

async fn bad_messages(server: &gateway::Server, code: &str) -> f64 {
    counted(server, &format!("gateway_bad_messages_total{{code=\"{code}\"}}")).await
}

#[tokio::test]
async fn a_driver_is_welcomed_and_told_how_things_stand() {
    let server = server().await;
    let mut phone = Phone::connect(&server, "/v1/driver", &token(&server, Role::Driver, "ann")).await.unwrap();
    let welcome = phone.hear().await;
    assert_eq!((&welcome["type"], &welcome["driver"]), (&json!("welcome"), &json!("ann")));
    assert_eq!((&welcome["ping_every_ms"], &welcome["time_scale"]), (&json!(20_000), &json!(1.0)));
    assert!(welcome["server_time_ms"].as_u64().unwrap() > 1_700_000_000_000);
    assert!(welcome["session"].is_u64() && welcome.get("re").is_none());
    let standing = phone.hear().await;
    assert_eq!(standing, json!({"type": "standing", "availability": "offline", "last_trip": false}));

    let again = phone.answer(json!({"type": "hello", "id": 7, "app": "ios 3.1"})).await;
    assert_eq!((&again["type"], &again["session"]), (&json!("welcome"), &welcome["session"]));
    let on = phone.answer(json!({"type": "online", "id": 8, "lat": 40.75, "lon": -73.98})).await;
    assert_eq!((&on["type"], &on["availability"]), (&json!("standing"), &json!("available")));
    let off = phone.answer(json!({"type": "break", "id": 9})).await;
    assert_eq!(off["availability"], "on_break");
    let off = phone.answer(json!({"type": "offline", "id": 10})).await;
    assert_eq!(off["availability"], "offline");
    assert_eq!(counted(&server, "gateway_sockets_open{kind=\"driver\"}").await, 1.0);
    assert_eq!(counted(&server, "gateway_frames_in_total{kind=\"driver\"}").await, 4.0);
    server.stop().await;
}

#[tokio::test]
async fn every_bad_message_is_named_and_counted_and_harms_nobody() {
    let server = server().await;
    let mut other = Phone::on_line(&server, "bob", 1.0).await;
    let mut phone = Phone::on_line(&server, "ann", 0.0).await;
    let ping = |more: &str| format!(r#"{{"type":"ping","seq":1,"lat":40.75,"lon":-73.98{more}}}"#);
    let large = format!(r#"{{"type":"hello","app":"{}"}}"#, "x".repeat(100));
    for (text, code, field, value) in [
        ("{", "malformed_json", Value::Null, Value::Null),
        ("online", "malformed_json", Value::Null, Value::Null),
        (r#"{"type":"ping","seq":1,"lat":NaN,"lon":0}"#, "malformed_json", json!("lat"), Value::Null),
        ("[]", "bad_value", json!("message"), json!("[]")),
        (r#"{"type":"fly"}"#, "unknown_type", json!("type"), json!("fly")),
        (r#"{"seq":1}"#, "missing_field", json!("type"), Value::Null),
        (r#"{"type":"offline","id":-1}"#, "bad_value", json!("id"), json!("-1")),
        (r#"{"type":"offline","until":1}"#, "unknown_field", json!("until"), Value::Null),
        (r#"{"type":"online","lat":1e999,"lon":0}"#, "bad_value", json!("lat"), json!("1e999")),
        (r#"{"type":"online","lat":"NaN","lon":0}"#, "bad_value", json!("lat"), json!("\"NaN\"")),
        (r#"{"type":"online","lat":0,"lon":-180.001}"#, "bad_value", json!("lon"), json!("-180.001")),
        (r#"{"type":"online","lat":0,"lat":1,"lon":0}"#, "repeated_field", json!("lat"), Value::Null),
        (&ping(r#","heading":400"#), "bad_value", json!("heading"), json!("400")),
        (&ping(r#","at_ms":1000"#), "bad_value", json!("at_ms"), json!("1000")),
        (&ping(r#","at_ms":"now""#), "bad_value", json!("at_ms"), json!("\"now\"")),
        (r#"{"type":"accept","offer":"mine"}"#, "bad_value", json!("offer"), json!("mine")),
        (r#"{"type":"arrived","trip":"7"}"#, "bad_value", json!("trip"), json!("7")),
        (&large, "bad_value", json!("app"), json!(format!("\"{}...", "x".repeat(79)))),
    ] {
        let before = bad_messages(&server, code).await;
        phone.say_text(text).await;
        let error = phone.hear().await;
        assert_eq!((&error["type"], &error["code"]), (&json!("error"), &json!(code)), "{text}: {error}");
        assert_eq!((&error["field"], &error["value"]), (&field, &value), "{text}: {error}");
        assert!(error["allowed"].is_string() && error["message"].is_string(), "{error}");
        assert_eq!(bad_messages(&server, code).await - before, 1.0, "{text}");
    }
    // Neither this socket nor another one minds.
    let fine = phone.answer(json!({"type": "break", "id": 5})).await;
    assert_eq!(fine["availability"], "on_break");
    let fine = other.answer(json!({"type": "break", "id": 5})).await;
    assert_eq!(fine["availability"], "on_break");
    server.stop().await;
}

#[tokio::test]
async fn a_binary_frame_is_an_error_and_the_socket_stays_open() {
    let server = server().await;
    let mut phone = Phone::of(&server, "ann").await;
    phone.0.send(Message::binary(vec![1, 2, 3])).await.unwrap();
    let error = phone.hear().await;
    assert_eq!((&error["type"], &error["code"]), (&json!("error"), &json!("binary_frame")));
    assert_eq!(phone.answer(json!({"type": "hello", "id": 1})).await["type"], "welcome");
    server.stop().await;
}

#[tokio::test]
async fn a_frame_above_the_limit_ends_the_socket() {
    let server = server().await;
    for bytes in [4_097, 60_000, 70_000, 1_000_000] {
        let mut phone = Phone::of(&server, "ann").await;
        // The server may have closed before all of a very large frame is sent.
        let _ = phone.0.send(Message::text("x".repeat(bytes))).await;
        let (heard, code) = phone.closed().await;
        if bytes <= 60_000 {
            assert_eq!(code, Some(1009), "{bytes}");
            assert_eq!(heard[0]["code"], "frame_too_large");
            assert_eq!(heard[0]["allowed"], "a frame of at most 4096 bytes");
        }
    }
    assert_eq!(counted(&server, "gateway_sockets_closed_total{kind=\"driver\",reason=\"too_large\"}").await, 4.0);
    assert_eq!(bad_messages(&server, "frame_too_large").await, 4.0);
    server.stop().await;
}

#[tokio::test]
async fn twenty_bad_messages_in_a_row_end_the_socket_and_nineteen_do_not() {
    let server = server().await;
    let mut phone = Phone::of(&server, "ann").await;
    for _ in 0..2 {
        for _ in 0..19 {
            phone.say_text("?").await;
            assert_eq!(phone.hear().await["type"], "error");
        }
        assert_eq!(phone.answer(json!({"type": "hello", "id": 1})).await["type"], "welcome");
    }
    for _ in 0..20 {
        phone.say_text("?").await;
    }
    let (heard, code) = phone.closed().await;
    assert_eq!((heard.len(), code), (20, Some(1008)));
    server.stop().await;
}

#[tokio::test]
async fn positions_are_acknowledged_with_the_latest_number() {
    let server = server().await;
    let mut phone = Phone::on_line(&server, "ann", 0.0).await;
    let ping = |seq: u64| json!({"type": "ping", "seq": seq, "lat": 40.75, "lon": -73.98});
    phone.say(ping(1)).await;
    assert_eq!(phone.hear().await, json!({"type": "ack", "seq": 1}));
    for seq in 2..=30 {
        phone.say(ping(seq)).await;
    }
    assert_eq!(phone.hear().await, json!({"type": "ack", "seq": 30}), "one a second, for the latest");
    server.stop().await;
}

#[tokio::test]
async fn a_position_before_the_first_online_is_refused() {
    let server = server().await;
    let mut phone = Phone::of(&server, "ann").await;
    phone.say(json!({"type": "ping", "seq": 4, "lat": 40.75, "lon": -73.98})).await;
    let refused = phone.hear().await;
    assert_eq!(
        (&refused["type"], &refused["code"], &refused["seq"]),
        (&json!("refused"), &json!("not_online"), &json!(4))
    );
    let refused = phone.answer(json!({"type": "break", "id": 2})).await;
    assert_eq!((&refused["type"], &refused["code"]), (&json!("refused"), &json!("not_online")));
    server.stop().await;
}

#[tokio::test]
async fn a_phone_whose_clock_is_ahead_is_set_back_and_counted() {
    let server = server().await;
    let mut phone = Phone::on_line(&server, "ann", 0.0).await;
    let now = phone.answer(json!({"type": "hello", "id": 2})).await["server_time_ms"].as_u64().unwrap();
    for (seq, at_ms) in [(1, now + 60_000), (2, u64::MAX), (3, now), (4, now.saturating_sub(500_000))] {
        phone.say(json!({"type": "ping", "seq": seq, "lat": 40.75, "lon": -73.98, "at_ms": at_ms})).await;
    }
    phone.hear_until(|heard| heard["type"] == "ack" && heard["seq"] == 4).await;
    assert_eq!(counted(&server, "gateway_pings_from_the_future_total").await, 2.0);
    phone.say(json!({"type": "ping", "seq": 5, "lat": 40.75, "lon": -73.98, "at_ms": now - 700_000})).await;
    let error = phone.hear_type("error").await;
    assert_eq!((&error["field"], &error["value"]), (&json!("at_ms"), &json!((now - 700_000).to_string())));
    assert!(error["allowed"].as_str().unwrap().starts_with("at most 10 minutes before"), "{error}");
    server.stop().await;
}

#[tokio::test]
async fn a_second_connection_supersedes_the_first() {
    let server = server().await;
    let mut old = Phone::on_line(&server, "ann", 0.0).await;
    let mut bystander = Phone::on_line(&server, "bob", 1.0).await;
    let mut new = Phone::of(&server, "ann").await;
    let (heard, code) = old.closed().await;
    assert_eq!((heard, code), (vec![json!({"type": "superseded"})], Some(4001)));
    assert_eq!(new.answer(json!({"type": "break", "id": 1})).await["availability"], "on_break");
    assert_eq!(bystander.answer(json!({"type": "break", "id": 1})).await["availability"], "on_break");
    server.stop().await;
}

#[tokio::test]
async fn an_offer_that_is_not_theirs_cannot_be_accepted() {
    let server = server().await;
    let mut ann = Phone::on_line(&server, "ann", 0.0).await;
    ask(&server, "eve", "1", 0.0).send().await.unwrap().error_for_status().unwrap();
    let offer = ann.hear_type("offer").await["offer"].clone();
    let mut bob = Phone::on_line(&server, "bob", 1.0).await;
    let refused = bob.answer(json!({"type": "accept", "id": 2, "offer": offer})).await;
    assert_eq!((&refused["type"], &refused["code"]), (&json!("refused"), &json!("offer_gone")));
    assert_eq!(refused["offer"], offer);
    let trip = offer.as_str().unwrap().split('.').next().unwrap();
    let refused = bob.answer(json!({"type": "picked_up", "id": 3, "trip": trip})).await;
    assert_eq!((&refused["code"], &refused["trip"]), (&json!("not_your_trip"), &json!(trip)));
    // It is still ann's to take.
    let taken = ann.answer(json!({"type": "accept", "id": 2, "offer": offer})).await;
    assert_eq!((&taken["type"], &taken["trip"]["state"]), (&json!("trip"), &json!("en_route")));
    let refused = ann.answer(json!({"type": "dropped_off", "id": 3, "trip": trip})).await;
    assert_eq!((&refused["code"], &refused["state"]), (&json!("illegal_step"), &json!("en_route")));
    server.stop().await;
}

#[tokio::test]
async fn a_silent_phone_is_let_go_and_one_that_answers_heartbeats_is_kept() {
    let limits = Limits {
        heartbeat_every: Duration::from_millis(100),
        idle_after: Duration::from_millis(600),
        request_timeout: Duration::from_millis(500),
        // The one that is kept asks as fast as it is answered.
        frames_per_socket: 1_000_000,
        ..Limits::default()
    };
    let server = server_with(limits).await;
    // A socket that is not read answers no heartbeat.
    let mut silent = Phone::on_line(&server, "ann", 0.0).await;
    let mut kept = Phone::on_line(&server, "bob", 1.0).await;
    let closed = "gateway_sockets_closed_total{kind=\"driver\",reason=\"idle\"}";
    while counted(&server, closed).await < 1.0 {
        // To wait for an answer reads the socket, and that answers the heartbeats.
        assert_eq!(kept.answer(json!({"type": "hello", "id": 1})).await["type"], "welcome");
    }
    let (_, code) = silent.closed().await;
    assert_eq!(code, Some(4002));
    assert_eq!(kept.answer(json!({"type": "break", "id": 2})).await["availability"], "on_break");
    server.stop().await;
}

#[tokio::test]
async fn a_plain_request_to_a_socket_is_told_to_upgrade() {
    let server = server().await;
    let ann = token(&server, Role::Driver, "ann");
    let request = crate::street::request(&server, reqwest::Method::GET, "/v1/driver", &ann);
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()["upgrade"], "websocket");
    assert_eq!(response.headers()["sec-websocket-version"], "13");
    let (status, code, _) = crate::street::problem(response).await;
    assert_eq!((status, code.as_str()), (426, "upgrade_required"));
    server.stop().await;
}
