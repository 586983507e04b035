//! Riders who go another way than they said, over real sockets.

use gateway::{Role, Server};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::sessions::speaking;
use crate::street::{Phone, ask, json_of, place, problem, request, server, token};

fn change(server: &Server, rider: &str, trip: &str, body: &Value) -> RequestBuilder {
    request(server, Method::PATCH, &format!("/v1/trips/{trip}"), &token(server, Role::Rider, rider)).json(body)
}

async fn requested(server: &Server, key: &str) -> (String, Value) {
    let (_, trip) = json_of(ask(server, "eve", key, 0.0).send().await.unwrap()).await;
    (trip["id"].as_str().unwrap().to_owned(), trip)
}

#[tokio::test]
async fn a_rider_goes_elsewhere_and_the_driver_is_told_in_band() {
    let server = server().await;
    let mut ann = Phone::on_line(&server, "ann", 2.0).await;
    let (id, asked) = requested(&server, "1").await;
    let eve = token(&server, Role::Rider, "eve");
    let mut window = Phone::connect(&server, &format!("/v1/trips/{id}/watch"), &eve).await.unwrap();
    let offer = ann.hear_type("offer").await;
    ann.answer(json!({"type": "accept", "id": 10, "offer": offer["offer"]})).await;

    let body = json!({"dropoff": place(60.0), "stops": [place(4.0)]});
    let (status, changed) = json_of(change(&server, "eve", &id, &body).send().await.unwrap()).await;
    assert_eq!((status, &changed["dropoff"], &changed["rerouted"]), (200, &place(60.0), &json!(1)), "{changed}");
    let costs = |trip: &Value| trip["fare"]["amount_minor"].as_i64().unwrap();
    assert!(costs(&changed) > costs(&asked), "{changed}");
    let told = ann.hear_until(|heard| heard["type"] == "trip" && heard["trip"]["rerouted"] == 1).await;
    assert_eq!((&told["trip"]["dropoff"], &told["trip"]["stops"][1]["kind"]), (&place(60.0), &json!("stop")));
    assert!(told["cursor"].is_string(), "it is kept for who comes back: {told}");
    let seen = window.hear_until(|heard| heard["version"] == changed["version"]).await;
    assert_eq!(seen["dropoff"], place(60.0));

    let (status, again) = json_of(change(&server, "eve", &id, &body).send().await.unwrap()).await;
    assert_eq!((status, &again["version"]), (200, &changed["version"]), "said twice, done once");
    let replayed = ask(&server, "eve", "1", 0.0).send().await.unwrap();
    assert_eq!(replayed.headers()["idempotency-replayed"].as_bytes(), b"true", "the request is still the same");

    ann.answer(json!({"type": "arrived", "id": 11, "trip": id})).await;
    ann.answer(json!({"type": "picked_up", "id": 12, "trip": id})).await;
    let riding = window.hear_until(|heard| heard["state"] == "in_progress").await;
    assert_eq!(riding["next_stop"], 1);
    for id_of in [13, 14] {
        let halts = ann.answer(json!({"type": "stop_reached", "id": id_of, "trip": id, "stop": 1})).await;
        assert_eq!((&halts["type"], halts["trip"]["stops"].as_array().unwrap().len()), (&json!("trip"), 1), "{halts}");
    }
    let seen = window.hear_until(|heard| heard["stops"][0]["reached"] == true).await;
    assert_eq!(seen.get("next_stop"), None);
    ann.answer(json!({"type": "dropped_off", "id": 15, "trip": id})).await;
    let (status, code, _) =
        problem(change(&server, "eve", &id, &json!({"dropoff": place(1.0)})).send().await.unwrap()).await;
    assert_eq!((status, code.as_str()), (409, "illegal_step"));
    let same = json!({"dropoff": place(60.0)});
    assert_eq!(change(&server, "eve", &id, &same).send().await.unwrap().status(), 200, "it did lead there");
    server.stop().await;
}

/// In both subprotocols: positions are bytes in one of them, a stop is JSON in both.
#[tokio::test]
async fn a_stop_that_is_replaced_while_the_car_halts_at_it_is_refused_as_outdated() {
    let server = server().await;
    for (key, rider, driver, protocol) in [("1", "eve", "ann", "hansom.v1.json"), ("2", "zoe", "bob", "hansom.v1.bin")]
    {
        let (mut phone, chosen) = speaking(&server, driver, protocol).await;
        assert_eq!(chosen, protocol);
        let point = place(0.0);
        let (lat, lon) = (&point["lat"], &point["lon"]);
        phone.answer(json!({"type": "online", "id": 1, "lat": lat, "lon": lon})).await;
        // The shard is sure to have this one; its number has no room in bytes, so that the receipt is JSON.
        phone.say(json!({"type": "ping", "seq": 1_u64 << 32, "lat": lat, "lon": lon})).await;
        let (_, trip) = json_of(ask(&server, rider, key, 0.0).send().await.unwrap()).await;
        let id = trip["id"].as_str().unwrap();
        let offer = phone.hear_type("offer").await;
        for said in [
            json!({"type": "accept", "id": 2, "offer": offer["offer"]}),
            json!({"type": "arrived", "id": 3, "trip": id}),
            json!({"type": "picked_up", "id": 4, "trip": id}),
        ] {
            assert_eq!(phone.answer(said).await["type"], "trip");
        }
        for stops in [json!([place(4.0)]), json!([place(5.0)])] {
            let changed = change(&server, rider, id, &json!({"stops": stops})).send().await.unwrap();
            assert_eq!(changed.status(), 200);
        }
        let halts = |id_of: u64, rerouted: u64| json!({"type": "stop_reached", "id": id_of, "trip": id, "stop": 1, "rerouted": rerouted});
        for (id_of, rerouted) in [(5, 0), (6, 1), (7, 3)] {
            let refused = phone.answer(halts(id_of, rerouted)).await;
            assert_eq!((&refused["type"], &refused["code"]), (&json!("refused"), &json!("outdated")), "{refused}");
        }
        let made = phone.answer(halts(8, 2)).await;
        assert_eq!((&made["type"], &made["trip"]["stops"][0]["kind"]), (&json!("trip"), &json!("dropoff")), "{made}");
        assert_eq!(phone.answer(halts(9, 1)).await["type"], "trip", "a stop that was made stays made");
        phone.answer(json!({"type": "dropped_off", "id": 10, "trip": id})).await;
        phone.say(json!({"type": "offline", "id": 11})).await;
    }
    server.stop().await;
}

#[tokio::test]
async fn only_the_rider_changes_the_way_and_only_of_a_trip_as_it_is() {
    let server = server().await;
    let (id, trip) = requested(&server, "1").await;
    let body = json!({"dropoff": place(9.0)});
    let (status, code, _) = problem(change(&server, "zoe", &id, &body).send().await.unwrap()).await;
    assert_eq!((status, code.as_str()), (404, "unknown_trip"));
    let path = format!("/v1/trips/{id}");
    let kim = token(&server, Role::Ops, "kim");
    let (status, code, _) =
        problem(request(&server, Method::PATCH, &path, &kim).json(&body).send().await.unwrap()).await;
    assert_eq!((status, code.as_str()), (403, "wrong_role"));
    let seen = format!("\"{}\"", trip["version"]);
    let by_version = |tag: &str| change(&server, "eve", &id, &body).header("If-Match", tag);
    let (status, code, body) = problem(by_version("7").send().await.unwrap()).await;
    assert_eq!((status, code.as_str(), &body["field"]), (400, "bad_value", &json!("If-Match")));
    let (status, code, _) = problem(by_version("\"7\"").send().await.unwrap()).await;
    assert_eq!((status, code.as_str()), (412, "outdated"));
    let changed = by_version(&seen).send().await.unwrap();
    assert_eq!((changed.status().as_u16(), changed.headers()["etag"].as_bytes()), (200, &b"\"2\""[..]));
    for (wrong, field) in [
        (json!({}), "dropoff"),
        (json!({"dropoff": {"lat": 91, "lon": 0}}), "dropoff.lat"),
        (json!({"stops": [place(1.0), {"lat": 0}]}), "stops[1].lon"),
    ] {
        let (status, _, body) = problem(change(&server, "eve", &id, &wrong).send().await.unwrap()).await;
        assert_eq!((status, &body["field"]), (400, &json!(field)), "{wrong}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_quote_counts_every_leg_and_binds_the_stops() {
    let server = server().await;
    let eve = token(&server, Role::Rider, "eve");
    let post =
        |path: &str, body: &Value| request(&server, Method::POST, path, &eve).header("Idempotency-Key", "k").json(body);
    let straight = json!({"pickup": place(0.0), "dropoff": place(5.0)});
    let over = json!({"pickup": place(0.0), "stops": [place(9.0)], "dropoff": place(5.0)});
    let (_, short) = json_of(post("/v1/quotes", &straight).send().await.unwrap()).await;
    let (status, long) = json_of(post("/v1/quotes", &over).send().await.unwrap()).await;
    assert_eq!(status, 200, "{long}");
    let metres = |quote: &Value| quote["ride_m"].as_f64().unwrap();
    assert!((metres(&long) / metres(&short) - 13.0 / 5.0).abs() < 0.01, "nine there and four back");
    let mut bare = straight;
    bare["quote"] = long["quote"].clone();
    let (status, code, _) = problem(post("/v1/trips", &bare).send().await.unwrap()).await;
    assert_eq!((status, code.as_str()), (422, "quote_mismatch"));
    let mut whole = over.clone();
    whole["quote"] = long["quote"].clone();
    let (status, trip) = json_of(post("/v1/trips", &whole).send().await.unwrap()).await;
    assert_eq!((status, &trip["fare"]), (201, &long["fare"]));
    let mut shared = over;
    shared["shared"] = true.into();
    let (status, code, body) = problem(post("/v1/trips", &shared).send().await.unwrap()).await;
    assert_eq!((status, code.as_str(), &body["field"]), (400, "bad_value", &json!("stops")));
    server.stop().await;
}
