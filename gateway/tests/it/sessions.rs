//! Sessions that survive the street: lost lines, dead zones, phones that count bytes.

use std::time::Duration;

use futures_util::SinkExt;
use gateway::{Role, Server};
use reqwest::Method;
use serde_json::{Value, json};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::street::{Phone, ask, counted, json_of, refused, request, server, token};

/// A driver's phone that comes back after a lost line and has heard so far.
async fn resumed(server: &Server, driver: &str, cursor: &str) -> Phone {
    let path = format!("/v1/driver?resume={cursor}");
    let mut phone = Phone::connect(server, &path, &token(server, Role::Driver, driver)).await.unwrap();
    assert_eq!(phone.hear().await["type"], "welcome");
    phone
}

/// The line breaks: no word, no close frame.
async fn breaks(phone: Phone) {
    let Phone(socket) = phone;
    drop(socket);
}

fn cursor(heard: &Value) -> String {
    heard["cursor"].as_str().unwrap_or_else(|| panic!("{heard} has no cursor")).to_owned()
}

/// A phone that offers these subprotocols, and the one that was chosen.
pub(crate) async fn speaking(server: &Server, driver: &str, offered: &str) -> (Phone, String) {
    let mut request = format!("ws://{}/v1/driver", server.addr).into_client_request().unwrap();
    let bearer = format!("Bearer {}", token(server, Role::Driver, driver));
    request.headers_mut().insert("authorization", bearer.parse().unwrap());
    request.headers_mut().insert("sec-websocket-protocol", offered.parse().unwrap());
    let (socket, response) = connect_async(request).await.unwrap();
    let chosen = response.headers()["sec-websocket-protocol"].to_str().unwrap().to_owned();
    let mut phone = Phone(socket);
    assert_eq!(phone.hear().await["type"], "welcome");
    (phone, chosen)
}

#[tokio::test]
async fn an_offer_outlives_a_lost_line_and_is_accepted_over_the_next() {
    let server = server().await;
    let mut ann = Phone::on_line(&server, "ann", 0.0).await;
    ask(&server, "eve", "1", 0.0).send().await.unwrap().error_for_status().unwrap();
    let offered = ann.hear_type("offer").await;
    breaks(ann).await;
    // A line can be back within the millisecond.
    tokio::time::sleep(Duration::from_millis(2)).await;
    let mut ann = resumed(&server, "ann", &cursor(&offered)).await;
    assert_eq!(ann.hear().await, json!({"type": "resumed", "complete": true, "again": 0}));
    let again = ann.hear_type("offer").await;
    assert_eq!(again["offer"], offered["offer"]);
    assert!(again["expires_in_ms"].as_u64() < offered["expires_in_ms"].as_u64(), "the clock ran on meanwhile");
    let taken = ann.answer(json!({"type": "accept", "id": 2, "offer": again["offer"]})).await;
    assert_eq!(taken["trip"]["state"], "en_route");
    server.stop().await;
}

#[tokio::test]
async fn what_was_missed_is_told_again_unless_it_was_confirmed() {
    let server = server().await;
    let mut ann = Phone::on_line(&server, "ann", 0.0).await;
    let asked: Value = ask(&server, "eve", "1", 0.0).send().await.unwrap().json().await.unwrap();
    let offered = ann.hear_type("offer").await;
    let taken = ann.answer(json!({"type": "accept", "id": 2, "offer": offered["offer"]})).await;
    let eve = token(&server, Role::Rider, "eve");
    let path = format!("/v1/trips/{}", asked["id"].as_str().unwrap());
    let (status, _) = json_of(request(&server, Method::DELETE, &path, &eve).send().await.unwrap()).await;
    assert_eq!(status, 200);
    let cancelled = ann.hear_until(|heard| heard["trip"]["state"] == "cancelled").await;
    // The phone's own memory ends with the offer: the rest is said again.
    breaks(ann).await;
    let mut ann = resumed(&server, "ann", &cursor(&offered)).await;
    assert_eq!(ann.hear().await, json!({"type": "resumed", "complete": true, "again": 2}));
    let (first, second) = (ann.hear().await, ann.hear().await);
    assert_eq!((cursor(&first), &first["trip"]["state"]), (cursor(&taken), &json!("en_route")));
    assert_eq!((cursor(&second), &second["trip"]["state"]), (cursor(&cancelled), &json!("cancelled")));
    // The numbers go on over the new line; whatever is confirmed is not said again.
    let standing = ann.hear_type("standing").await;
    ann.say(json!({"type": "ack", "cursor": cursor(&standing)})).await;
    let off = ann.answer(json!({"type": "break", "id": 3})).await;
    breaks(ann).await;
    let mut ann = resumed(&server, "ann", &cursor(&off)).await;
    assert_eq!(ann.hear().await, json!({"type": "resumed", "complete": true, "again": 0}));
    server.stop().await;
}

#[tokio::test]
async fn a_cursor_that_is_none_is_refused_and_a_strange_one_is_told_that_something_is_missing() {
    let server = server().await;
    drop(Phone::on_line(&server, "ann", 0.0).await);
    let ann = token(&server, Role::Driver, "ann");
    for (query, field) in [("resume=7", "resume"), ("cursor=1-1.1", "query")] {
        let answer = Phone::connect(&server, &format!("/v1/driver?{query}"), &ann).await;
        let (status, problem) = refused(answer.err().unwrap());
        assert_eq!((status, &problem["code"], &problem["field"]), (400, &json!("bad_value"), &json!(field)));
    }
    for (driver, cursor) in [("ann", "99-1.4"), ("nobody-yet", "1-1.1")] {
        let mut phone = resumed(&server, driver, cursor).await;
        assert_eq!(phone.hear().await, json!({"type": "resumed", "complete": false, "again": 0}));
        assert_eq!(phone.hear().await["type"], "standing");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_phone_that_says_farewell_is_not_waited_for() {
    let server = server().await;
    let mut ann = Phone::on_line(&server, "ann", 0.0).await;
    ask(&server, "eve", "1", 0.0).send().await.unwrap().error_for_status().unwrap();
    let offered = ann.hear_type("offer").await;
    ann.0.close(None).await.unwrap();
    ann.closed().await;
    let mut bob = Phone::on_line(&server, "bob", 0.1).await;
    let next = bob.hear_type("offer").await;
    assert_eq!(next["trip"], offered["trip"], "the next driver is asked at once");
    server.stop().await;
}

#[tokio::test]
async fn positions_of_a_dead_zone_come_together_and_are_all_acknowledged() {
    let server = server().await;
    let mut ann = Phone::on_line(&server, "ann", 0.0).await;
    let sent_at_ms = 1_000;
    let welcome = ann.answer(json!({"type": "hello", "id": 2, "sent_at_ms": sent_at_ms})).await;
    assert_eq!(welcome["sent_at_ms"], sent_at_ms, "a phone sets its clock by this");
    let now = welcome["server_time_ms"].as_u64().unwrap();
    // The first is far too old to mean anything: the phone must be able to forget it all the same.
    let at = [now - 3_600_000, now - 20_000, now - 10_000];
    let pings: Vec<Value> = at
        .iter()
        .zip(1..)
        .map(|(at_ms, seq)| json!({"seq": seq, "lat": 40.75, "lon": -73.98, "at_ms": at_ms}))
        .collect();
    ann.say(json!({"type": "pings", "pings": pings})).await;
    assert_eq!(ann.hear().await, json!({"type": "ack", "seq": 3}));
    assert_eq!(counted(&server, "gateway_pings_caught_up_total").await, 2.0);
    let old = json!({"seq": 4, "lat": 40.75, "lon": -73.98, "at_ms": now - 3_600_000});
    ann.say(json!({"type": "pings", "pings": [old]})).await;
    assert_eq!(ann.hear().await, json!({"type": "ack", "seq": 4}), "also when all of them are");
    server.stop().await;
}

#[tokio::test]
async fn a_phone_may_send_its_positions_as_bytes() {
    let server = server().await;
    let (mut ann, chosen) = speaking(&server, "ann", "hansom.v1.bin, hansom.v1.json").await;
    assert_eq!(chosen, "hansom.v1.bin");
    let online = ann.answer(json!({"type": "online", "id": 1, "lat": 40.75, "lon": -73.98})).await;
    assert_eq!(online["availability"], "available", "everything else is JSON");
    let mut ping = vec![0x01];
    ping.extend(7u32.to_le_bytes());
    ping.extend(407_500_000i32.to_le_bytes());
    ping.extend((-739_800_000i32).to_le_bytes());
    ping.extend(0u64.to_le_bytes());
    ping.extend([0xFF; 4]);
    ann.0.send(Message::binary(ping)).await.unwrap();
    let receipt = loop {
        if let Message::Binary(bytes) = ann.next().await.unwrap().unwrap() {
            break bytes;
        }
    };
    assert_eq!(receipt[..], [0x81, 7, 0, 0, 0]);
    ask(&server, "eve", "1", 0.0).send().await.unwrap().error_for_status().unwrap();
    ann.hear_type("offer").await;
    ann.0.send(Message::binary(vec![1, 2, 3])).await.unwrap();
    let error = ann.hear_type("error").await;
    assert_eq!((&error["code"], &error["field"]), (&json!("bad_value"), &json!("frame")));
    let (_, chosen) = speaking(&server, "bob", "hansom.v1.json").await;
    assert_eq!(chosen, "hansom.v1.json");
    server.stop().await;
}

#[tokio::test]
async fn a_phone_is_told_how_often_it_is_asked_as_the_day_goes_on() {
    let server = server().await;
    let mut ann = Phone::connect(&server, "/v1/driver", &token(&server, Role::Driver, "ann")).await.unwrap();
    let welcome = ann.hear_any().await;
    assert_eq!(welcome["ping_every_ms"], 20_000, "off line");
    let mut paces = Vec::new();
    let mut next = async |ann: &mut Phone, pace: &str| {
        let cadence = loop {
            let heard = ann.hear_any().await;
            if heard["type"] == "cadence" && heard["pace"] == pace {
                break heard;
            }
        };
        paces.push(cadence["ping_every_ms"].as_u64().unwrap());
    };
    ann.say(json!({"type": "online", "id": 1, "lat": 40.75, "lon": -73.98})).await;
    next(&mut ann, "idle").await;
    ann.say(json!({"type": "ping", "seq": 1, "lat": 40.75, "lon": -73.98})).await;
    let trip: Value = ask(&server, "eve", "1", 0.0).send().await.unwrap().json().await.unwrap();
    let offer = ann.hear_type("offer").await["offer"].clone();
    next(&mut ann, "near_demand").await;
    ann.say(json!({"type": "accept", "id": 2, "offer": offer})).await;
    next(&mut ann, "en_route").await;
    ann.say(json!({"type": "arrived", "id": 3, "trip": trip["id"]})).await;
    ann.say(json!({"type": "picked_up", "id": 4, "trip": trip["id"]})).await;
    ann.hear_until(|heard| heard["trip"]["state"] == "in_progress").await;
    ann.say(json!({"type": "dropped_off", "id": 5, "trip": trip["id"]})).await;
    next(&mut ann, "idle").await;
    let slowed = counted(&server, "actors_slowdown").await as u64;
    if slowed == 1 {
        assert_eq!(paces, [10_000, 4_000, 2_000, 10_000]);
    }
    server.stop().await;
}
