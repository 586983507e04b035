use gateway::{Role, Server, Settings};
use geo::Point;
use geo::roads::Roads;
use geo::roads::town::Town;
use reqwest::Method;
use serde_json::{Value, json};

use crate::street::{Phone, ask, counted, json_of, place, problem, refused, request, serve, server, settings, token};

/// What a watcher hears until the end: the versions with their states, and whether the car was seen.
async fn watch_to_the_end(mut window: Phone) -> (Vec<String>, bool, Option<u16>) {
    let (heard, code) = window.closed().await;
    let mut states: Vec<String> = Vec::new();
    let mut car = false;
    for news in heard {
        assert_eq!(news["type"], "trip");
        car |= news["car"]["lat"].is_number();
        let state = format!("{} {}", news["version"], news["state"].as_str().unwrap());
        if states.last() != Some(&state) {
            states.push(state);
        }
    }
    (states, car, code)
}

#[tokio::test]
async fn a_ride_from_the_first_wish_to_the_last_metre() {
    let server = server().await;
    let mut ann = Phone::on_line(&server, "ann", 2.0).await;
    let trip: Value = ask(&server, "eve", "1", 0.0).send().await.unwrap().json().await.unwrap();
    let id = trip["id"].as_str().unwrap().to_owned();
    let eve = token(&server, Role::Rider, "eve");
    let window = Phone::connect(&server, &format!("/v1/trips/{id}/watch"), &eve).await.unwrap();
    let watching = tokio::spawn(watch_to_the_end(window));

    let offer = ann.hear_type("offer").await;
    assert_eq!((&offer["trip"], &offer["pickup"], &offer["dropoff"]), (&json!(id), &place(0.0), &place(5.0)));
    assert!(offer["expires_in_ms"].as_u64().unwrap() <= 16_000 && offer["pickup_eta_ms"].as_u64().unwrap() > 0);
    let taken = ann.answer(json!({"type": "accept", "id": 10, "offer": offer["offer"]})).await;
    assert_eq!((&taken["type"], &taken["trip"]["id"]), (&json!("trip"), &json!(id)));
    assert_eq!((&taken["trip"]["state"], &taken["trip"]["rider"]), (&json!("en_route"), &json!("eve")));

    ann.say(json!({"type": "ping", "seq": 1, "lat": 40.751, "lon": -73.98, "heading": 180})).await;
    let path = format!("/v1/trips/{id}");
    let seen = loop {
        let (status, seen) = json_of(request(&server, Method::GET, &path, &eve).send().await.unwrap()).await;
        assert_eq!((status, &seen["driver"]), (200, &json!("ann")));
        if seen["car"]["heading"] == 180.0 {
            break seen;
        }
    };
    assert_eq!(seen["car"]["lat"], 40.751);
    assert!(seen["eta_ms"].is_u64() && seen["car"]["age_ms"].is_u64(), "{seen}");
    assert_eq!((&seen["eta_source"], seen.get("eta_instead_of")), (&json!("straight_line"), None));

    for (id_of, deed, state) in
        [(11, "arrived", "arrived"), (12, "picked_up", "in_progress"), (13, "dropped_off", "completed")]
    {
        let done = ann.answer(json!({"type": deed, "id": id_of, "trip": id})).await;
        assert_eq!((&done["type"], &done["trip"]["state"]), (&json!("trip"), &json!(state)), "{done}");
        if state == "in_progress" {
            let response = request(&server, Method::DELETE, &path, &eve).send().await.unwrap();
            assert_eq!(response.status().as_u16(), 409, "nobody gets out at full speed");
        }
    }
    let (states, car, code) = watching.await.unwrap();
    assert_eq!(states, ["1 searching", "2 en_route", "3 arrived", "4 in_progress", "5 completed"]);
    assert!(car, "the car was seen on its way");
    assert_eq!(code, Some(1000));
    let (_, seen) = json_of(request(&server, Method::GET, &path, &eve).send().await.unwrap()).await;
    assert_eq!((&seen["state"], &seen["driver"]), (&json!("completed"), &json!("ann")));
    // The driver is free again.
    let free = ann.answer(json!({"type": "online", "id": 14, "lat": 40.755, "lon": -73.98})).await;
    assert_eq!(free["availability"], "available");
    server.stop().await;
}

/// A server that knows the roads of a made-up town around the pickups, and the folder its graph lies in.
async fn server_of_a_town() -> (Server, tempfile::TempDir) {
    let town = Town { corner: Point::new(40.74, -73.99).unwrap(), ..Town::default() };
    let (roads, _) = Roads::import(town.pbf().as_slice(), &mut |_| {}).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("town.roads");
    std::fs::write(&path, roads.write()).unwrap();
    (serve(Settings { roads: Some(path), ..settings() }).await, folder)
}

#[tokio::test]
async fn a_rider_is_told_whether_the_roads_or_a_straight_line_say_how_long() {
    let (server, _folder) = server_of_a_town().await;
    let mut ann = Phone::on_line(&server, "ann", 2.0).await;
    let trip: Value = ask(&server, "eve", "1", 0.0).send().await.unwrap().json().await.unwrap();
    let eve = token(&server, Role::Rider, "eve");
    let window = format!("/v1/trips/{}/watch", trip["id"].as_str().unwrap());
    let mut window = Phone::connect(&server, &window, &eve).await.unwrap();
    let offer = ann.hear_type("offer").await;
    ann.answer(json!({"type": "accept", "id": 10, "offer": offer["offer"]})).await;
    for (seq, lat, source, instead_of) in [
        (1, 40.751, "roads", Value::Null),
        (2, 40.9, "straight_line", json!("roads")),
        (3, 40.752, "roads", Value::Null),
    ] {
        // So unsure that a jump out of the town is possible.
        ann.say(json!({"type": "ping", "seq": seq, "lat": lat, "lon": -73.98, "accuracy_m": 20_000})).await;
        let told = loop {
            let told = window.hear_type("trip").await;
            if told["car"]["lat"] == lat {
                break told;
            }
        };
        assert!(told["eta_ms"].as_u64().is_some_and(|eta| eta > 0), "{told}");
        assert_eq!((&told["eta_source"], &told["eta_instead_of"]), (&json!(source), &instead_of), "{told}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_declined_offer_and_a_trip_given_back_go_to_somebody_else() {
    let server = server().await;
    let mut ann = Phone::on_line(&server, "ann", 0.0).await;
    let trip: Value = ask(&server, "eve", "1", 0.0).send().await.unwrap().json().await.unwrap();
    let offer = ann.hear_type("offer").await["offer"].clone();
    let declined = ann.answer(json!({"type": "decline", "id": 2, "offer": offer})).await;
    assert_eq!((&declined["type"], &declined["offer"]), (&json!("declined"), &offer));

    let mut bob = Phone::on_line(&server, "bob", 1.0).await;
    let offer = bob.hear_type("offer").await["offer"].clone();
    bob.answer(json!({"type": "accept", "id": 2, "offer": offer})).await;
    let mut cat = Phone::on_line(&server, "cat", 2.0).await;
    let wrong = bob.answer(json!({"type": "give_back", "id": 3, "trip": trip["id"], "reason": "stalled"})).await;
    assert_eq!((&wrong["type"], &wrong["field"]), (&json!("error"), &json!("reason")), "only the city says that");
    let back = bob.answer(json!({"type": "give_back", "id": 4, "trip": trip["id"], "reason": "too_far"})).await;
    assert_eq!((&back["type"], &back["trip"]["state"]), (&json!("trip"), &json!("searching")));
    let offer = cat.hear_type("offer").await;
    assert_eq!(offer["trip"], trip["id"]);
    server.stop().await;
}

#[tokio::test]
async fn a_cancelled_trip_is_taken_back_from_the_driver_who_looks_at_it() {
    let server = server().await;
    let mut ann = Phone::on_line(&server, "ann", 0.0).await;
    let trip: Value = ask(&server, "eve", "1", 0.0).send().await.unwrap().json().await.unwrap();
    let offer = ann.hear_type("offer").await["offer"].clone();
    let eve = token(&server, Role::Rider, "eve");
    let path = format!("/v1/trips/{}", trip["id"].as_str().unwrap());
    request(&server, Method::DELETE, &path, &eve).send().await.unwrap().error_for_status().unwrap();
    let withdrawn = ann.hear_type("withdrawn").await;
    assert_eq!((&withdrawn["offer"], &withdrawn["why"]), (&offer, &json!("trip_ended")));
    server.stop().await;
}

#[tokio::test]
async fn a_window_shows_only_what_its_rider_may_see() {
    let server = server().await;
    let trip: Value = ask(&server, "eve", "1", 0.0).send().await.unwrap().json().await.unwrap();
    let path = format!("/v1/trips/{}/watch", trip["id"].as_str().unwrap());
    let (eve, zoe, kim) =
        (token(&server, Role::Rider, "eve"), token(&server, Role::Rider, "zoe"), token(&server, Role::Ops, "kim"));
    let (status, body) = refused(Phone::connect(&server, &path, &zoe).await.err().unwrap());
    assert_eq!((status, &body["code"]), (404, &json!("unknown_trip")));
    let ann = token(&server, Role::Driver, "ann");
    let (status, body) = refused(Phone::connect(&server, &path, &ann).await.err().unwrap());
    assert_eq!((status, &body["code"]), (403, &json!("wrong_role")));

    let mut window = Phone::connect(&server, &path, &eve).await.unwrap();
    let news = window.hear().await;
    assert_eq!((&news["state"], &news["history"][0]["version"]), (&json!("searching"), &json!(1)));
    window.say_text("{}").await;
    assert_eq!(window.hear_type("error").await["code"], "unexpected_message");
    assert_eq!(counted(&server, "gateway_sockets_open{kind=\"trip\"}").await, 1.0);
    let of_ops = Phone::connect(&server, &path, &kim).await.unwrap();

    let trip = path.trim_end_matches("/watch");
    request(&server, Method::DELETE, trip, &eve).send().await.unwrap().error_for_status().unwrap();
    let (heard, code) = window.closed().await;
    assert_eq!((&heard[0]["state"], &heard[0]["cancelled_by"]), (&json!("cancelled"), &json!("rider")));
    assert_eq!((heard.len(), code), (1, Some(1000)));
    let (states, _, code) = watch_to_the_end(of_ops).await;
    assert_eq!((states.last().unwrap().as_str(), code), ("2 cancelled", Some(1000)));

    // Whoever comes too late hears how it ended.
    let late = Phone::connect(&server, &path, &eve).await.unwrap();
    let (states, _, code) = watch_to_the_end(late).await;
    assert_eq!((states, code), (vec!["2 cancelled".to_owned()], Some(1000)));
    server.stop().await;
}

#[tokio::test]
async fn a_rider_with_a_wheelchair_gets_the_car_with_a_ramp() {
    let server = server().await;
    let mut bob = Phone::on_line(&server, "bob", 1.0).await;
    let mut ann = Phone::of(&server, "ann").await;
    let mut online = place(8.0);
    (online["type"], online["id"]) = ("online".into(), 1.into());
    online["vehicle"] = json!({"class": "xl", "seats": 9, "wheelchair": true});
    let wrong = ann.answer(online.clone()).await;
    assert_eq!((&wrong["type"], &wrong["field"]), (&json!("error"), &json!("vehicle.seats")), "{wrong}");
    assert_eq!((&wrong["value"], &wrong["allowed"]), (&json!("9"), &json!("a whole number from 1 to 8")));
    (online["id"], online["vehicle"]["seats"]) = (2.into(), 6.into());
    assert_eq!(ann.answer(online).await["availability"], "available");

    let eve = token(&server, Role::Rider, "eve");
    let needs = json!({"seats": 5, "wheelchair": true});
    let body = json!({"pickup": place(0.0), "dropoff": place(5.0), "needs": needs});
    let asking = request(&server, Method::POST, "/v1/trips", &eve).header("Idempotency-Key", "1").json(&body);
    let (status, trip) = json_of(asking.send().await.unwrap()).await;
    let told = json!({"seats": 5, "wheelchair": true, "pets": false});
    assert_eq!((status, &trip["needs"]), (201, &told), "{trip}");
    let offer = ann.hear_type("offer").await;
    assert_eq!((&offer["trip"], &offer["needs"]), (&trip["id"], &told));
    let taken = ann.answer(json!({"type": "accept", "id": 3, "offer": offer["offer"]})).await;
    assert_eq!((&taken["type"], &taken["trip"]["needs"]), (&json!("trip"), &told), "{taken}");
    // A rider without needs gets the other one, and nothing is said of needs.
    let (_, plain) = json_of(ask(&server, "joe", "1", 0.0).send().await.unwrap()).await;
    assert_eq!(plain.get("needs"), None, "{plain}");
    let offer = bob.hear_type("offer").await;
    assert_eq!((&offer["trip"], offer.get("needs")), (&plain["id"], None), "bob was asked for joe alone");
    server.stop().await;
}

/// The events of a stream, as they come: name and data.
struct Events {
    response: reqwest::Response,
    text: String,
}

impl Events {
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    event.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim().to_owned())
                };
                let found = field("event:").zip(field("data:"));
                self.text = rest.to_owned();
                if let Some((name, data)) = found {
                    return Some((name, serde_json::from_str(&data).unwrap()));
                }
                continue;
            }
            let piece = tokio::time::timeout(crate::street::PATIENCE, self.response.chunk()).await.unwrap().unwrap()?;
            self.text.push_str(std::str::from_utf8(&piece).unwrap());
        }
    }
}

#[tokio::test]
async fn a_ride_is_followed_by_server_sent_events_to_its_end() {
    let server = server().await;
    let mut ann = Phone::on_line(&server, "ann", 0.0).await;
    let trip: Value = ask(&server, "eve", "1", 0.0).send().await.unwrap().json().await.unwrap();
    let path = format!("/v1/trips/{}/events", trip["id"].as_str().unwrap());
    let eve = token(&server, Role::Rider, "eve");
    let response = request(&server, Method::GET, &path, &eve).send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut events = Events { response, text: String::new() };
    let (name, first) = events.next().await.unwrap();
    assert_eq!((name.as_str(), &first["state"]), ("trip", &json!("searching")));
    let offer = ann.hear_type("offer").await["offer"].clone();
    ann.answer(json!({"type": "accept", "id": 2, "offer": offer})).await;
    ann.say(json!({"type": "ping", "seq": 9, "lat": 40.7501, "lon": -73.98, "accuracy_m": 8})).await;
    let seen = loop {
        let (_, seen) = events.next().await.unwrap();
        if seen["car"]["lat"] == 40.7501 {
            break seen;
        }
    };
    assert_eq!(seen["state"], "en_route");
    assert!(seen["car"]["uncertainty_m"].as_u64().unwrap() >= 8, "{seen}");
    let deleted = request(&server, Method::DELETE, path.trim_end_matches("/events"), &eve).send().await.unwrap();
    assert_eq!(deleted.status().as_u16(), 200);
    let mut last = Vec::new();
    while let Some((name, event)) = events.next().await {
        last.push((name, event["state"].clone()));
    }
    let [.., (before, state), (end, _)] = &last[..] else { panic!("{last:?}") };
    assert_eq!((before.as_str(), state, end.as_str()), ("trip", &json!("cancelled"), "end"));

    let bob = token(&server, Role::Rider, "bob");
    let (status, code, _) = problem(request(&server, Method::GET, &path, &bob).send().await.unwrap()).await;
    assert_eq!((status, code.as_str()), (404, "unknown_trip"), "other people's trips do not exist");
    server.stop().await;
}

#[tokio::test]
async fn a_server_that_stops_ends_its_event_streams() {
    let server = server().await;
    let trip: Value = ask(&server, "eve", "1", 0.0).send().await.unwrap().json().await.unwrap();
    let path = format!("/v1/trips/{}/events", trip["id"].as_str().unwrap());
    let response = request(&server, Method::GET, &path, &token(&server, Role::Rider, "eve")).send().await.unwrap();
    let mut events = Events { response, text: String::new() };
    events.next().await.unwrap();
    let stopped = tokio::spawn(server.stop());
    let (name, closing) = events.next().await.unwrap();
    assert_eq!(name, "closing");
    assert!(closing["retry_after_ms"].is_u64());
    assert!(events.next().await.is_none());
    stopped.await.unwrap();
}
