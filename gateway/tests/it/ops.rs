//! What ops see of a running city, and do about it.

use std::time::Duration;

use gateway::{Given, Limits, Role, Server, Settings};
use reqwest::Method;
use serde_json::{Value, json};

use crate::street::{
    Phone, ask, json_of, place, problem, refused, request, serve, server, server_with, settings, token,
};

pub(crate) async fn get(server: &Server, path: &str) -> (u16, Value) {
    let kim = token(server, Role::Ops, "kim");
    json_of(request(server, Method::GET, path, &kim).send().await.unwrap()).await
}

async fn post(server: &Server, path: &str, body: Value) -> (u16, Value) {
    let kim = token(server, Role::Ops, "kim");
    json_of(request(server, Method::POST, path, &kim).json(&body).send().await.unwrap()).await
}

fn names(page: &Value, rows: &str, name: &str) -> Vec<String> {
    page[rows].as_array().unwrap().iter().map(|row| row[name].as_str().unwrap().to_owned()).collect()
}

/// All pages of a list, each with at most two rows.
async fn all_pages(server: &Server, path: &str, rows: &str, name: &str) -> Vec<Vec<String>> {
    let (mut pages, mut after) = (Vec::new(), String::new());
    loop {
        let (status, page) = get(server, &format!("{path}?limit=2{after}")).await;
        assert_eq!((status, page.get("silent")), (200, None), "{page}");
        pages.push(names(&page, rows, name));
        let Some(next) = page["next"].as_str() else { return pages };
        after = format!("&after={}", next.replace('@', "%40"));
    }
}

#[tokio::test]
async fn drivers_are_listed_by_name_page_by_page_and_by_what_is_asked() {
    let server = server().await;
    let mut phones = Vec::new();
    for (driver, north) in [("cid", 0.0), ("ann@town", 0.5), ("zoe", 1.0), ("bob", 1.5), ("dan", 2.0)] {
        phones.push(Phone::on_line(&server, driver, north).await);
    }
    let pages = all_pages(&server, "/v1/ops/drivers", "drivers", "driver").await;
    assert_eq!(pages, [vec!["ann@town", "bob"], vec!["cid", "dan"], vec!["zoe"]]);
    phones[2].answer(json!({"type": "break", "id": 7})).await;
    let of = |filter: &str| format!("/v1/ops/drivers?{filter}");
    let (_, free) = get(&server, &of("availability=available")).await;
    assert_eq!(names(&free, "drivers", "driver"), ["ann@town", "bob", "cid", "dan"]);
    let (_, resting) = get(&server, &of("availability=on_break")).await;
    assert_eq!(names(&resting, "drivers", "driver"), ["zoe"]);
    let row = &free["drivers"][0];
    assert_eq!(
        (&row["position"]["lat"], &row["class"], &row["seats"]),
        (&json!(40.7505), &json!("economy"), &json!(4))
    );
    let shard = row["shard"].as_str().unwrap();
    let (_, here) = get(&server, &of(&format!("shard={shard}&limit=1"))).await;
    assert_eq!(names(&here, "drivers", "driver"), ["ann@town"]);
    let (_, nobody) = get(&server, &of("stale_ms=600000")).await;
    assert_eq!(names(&nobody, "drivers", "driver"), [""; 0]);
    let (_, far) = get(&server, &of("cell=872830828ffffff")).await;
    assert_eq!(names(&far, "drivers", "driver"), [""; 0], "nobody is in San Francisco");
    let (_, shards) = get(&server, "/v1/ops/shards").await;
    assert_eq!((&shards["shards"][0]["shard"], &shards["shards"][0]["drivers"]), (&json!(shard), &json!(5)));
    server.stop().await;
}

#[tokio::test]
async fn live_trips_are_listed_as_they_were_requested() {
    let server = server().await;
    let mut ids = Vec::new();
    for rider in ["eve", "joe", "pat"] {
        let (_, trip) = json_of(ask(&server, rider, "1", 0.0).send().await.unwrap()).await;
        ids.push(trip["id"].as_str().unwrap().to_owned());
    }
    let mut in_order = ids.clone();
    in_order.sort();
    let pages = all_pages(&server, "/v1/ops/trips", "trips", "trip").await;
    assert_eq!(pages.concat(), in_order);
    let (_, of_joe) = get(&server, "/v1/ops/trips?rider=joe&state=searching").await;
    assert_eq!(names(&of_joe, "trips", "trip"), [ids[1].clone()]);
    let eve = token(&server, Role::Rider, "eve");
    request(&server, Method::DELETE, &format!("/v1/trips/{}", ids[0]), &eve).send().await.unwrap();
    let (_, left) = get(&server, "/v1/ops/trips").await;
    assert_eq!(left["trips"].as_array().unwrap().len(), 2, "what has ended is in the store");
    server.stop().await;
}

#[tokio::test]
async fn a_list_says_what_is_wrong_with_a_question_and_is_for_ops_alone() {
    let server = server().await;
    for (path, field) in [
        ("/v1/ops/drivers?limit=0", "limit"),
        ("/v1/ops/drivers?limit=501", "limit"),
        ("/v1/ops/drivers?availability=asleep", "availability"),
        ("/v1/ops/drivers?after=%20", "after"),
        ("/v1/ops/drivers?shard=872830828ffffff", "shard"),
        ("/v1/ops/trips?state=lost", "state"),
        ("/v1/ops/trips?after=x", "after"),
        ("/v1/ops/shards?cell=872830828ffffff", "query"),
        ("/v1/ops/policy/history?limit=x", "limit"),
    ] {
        let kim = token(&server, Role::Ops, "kim");
        let (status, code, body) = problem(request(&server, Method::GET, path, &kim).send().await.unwrap()).await;
        assert_eq!((status, code.as_str(), &body["field"]), (400, "bad_value", &json!(field)), "{path}");
    }
    for path in ["drivers", "trips", "shards", "drain", "policy", "policy/history"] {
        let eve = token(&server, Role::Rider, "eve");
        let answer = request(&server, Method::GET, &format!("/v1/ops/{path}"), &eve).send().await.unwrap();
        assert_eq!(problem(answer).await.1, "wrong_role", "{path}");
    }
    server.stop().await;
}

// ---- drain -------------------------------------------------------------------------------------------------------

#[tokio::test]
async fn a_drained_server_takes_nobody_new_and_keeps_who_is_on_a_trip() {
    let server = server().await;
    let mut ann = Phone::on_line(&server, "ann", 0.0).await;
    let (_, trip) = json_of(ask(&server, "eve", "1", 0.0).send().await.unwrap()).await;
    let offer = ann.hear_type("offer").await;
    ann.answer(json!({"type": "accept", "id": 10, "offer": offer["offer"]})).await;
    let mut bob = Phone::on_line(&server, "bob", 30.0).await;

    let (status, state) = post(&server, "/v1/ops/drain", json!({"window_ms": 200})).await;
    assert_eq!((status, &state["draining"], &state["window_ms"]), (200, &json!(true), &json!(200)), "{state}");
    let (heard, code) = bob.closed().await;
    let closing = heard.last().unwrap();
    assert_eq!((&closing["type"], code), (&json!("closing"), Some(1012)));
    assert!(closing["retry_after_ms"].as_u64().unwrap() >= 1_000);
    let refused_now = Phone::connect(&server, "/v1/driver", &token(&server, Role::Driver, "bob")).await;
    let (status, body) = refused(refused_now.err().unwrap());
    assert_eq!((status, &body["code"]), (503, &json!("draining")));
    let again = ask(&server, "joe", "1", 0.0).send().await.unwrap();
    assert!(again.headers().contains_key("retry-after"));
    assert_eq!(problem(again).await.1, "draining");
    let ready = reqwest::get(format!("{}/readyz", server.url())).await.unwrap();
    assert_eq!(ready.status(), 503);

    // Who is on a trip goes on, and so does the rider.
    let path = format!("/v1/trips/{}", trip["id"].as_str().unwrap());
    let eve = token(&server, Role::Rider, "eve");
    assert_eq!(request(&server, Method::GET, &path, &eve).send().await.unwrap().status(), 200);
    for (id, deed) in [(11, "arrived"), (12, "picked_up"), (13, "dropped_off")] {
        ann.answer(json!({"type": deed, "id": id, "trip": trip["id"]})).await;
    }
    assert_eq!(ann.closed().await.1, Some(1012), "when the trip has ended it is her turn, too");
    // A socket that has said farewell is there until the phone has answered, or a second has passed.
    crate::events::until("all sockets are gone", async || {
        let (_, state) = get(&server, "/v1/ops/drain").await;
        assert_eq!(state["trips"], 0, "{state}");
        state["driver_sockets"] == 0
    })
    .await;

    let (_, state) = post(&server, "/v1/ops/undrain", json!({})).await;
    assert_eq!(state["draining"], false);
    assert_eq!(reqwest::get(format!("{}/readyz", server.url())).await.unwrap().status(), 200);
    Phone::on_line(&server, "bob", 0.0).await;
    server.stop().await;
}

#[tokio::test]
async fn a_drain_before_a_stop_sends_drivers_away_within_its_window() {
    let server = server().await;
    let mut phones = Vec::new();
    for driver in ["ann", "bob", "cid"] {
        phones.push(Phone::on_line(&server, driver, 0.0).await);
    }
    let drained = server.drain(Duration::from_secs(2));
    let all = async {
        for phone in &mut phones {
            assert_eq!(phone.closed().await.1, Some(1012));
        }
    };
    tokio::join!(drained, all);
    server.stop().await;
}

// ---- nearby ------------------------------------------------------------------------------------------------------

#[tokio::test]
async fn riders_see_free_cars_about_where_they_are_and_none_on_a_trip() {
    let server = server_with(Limits { nearby_per_identity: 1_000, ..Limits::default() }).await;
    let mut phones = Vec::new();
    for number in 0..10 {
        phones.push(Phone::on_line(&server, &format!("driver-{number}"), f64::from(number)).await);
    }
    let eve = token(&server, Role::Rider, "eve");
    let nearby = || async {
        let path = "/v1/nearby?lat=40.754&lng=-73.98";
        json_of(request(&server, Method::GET, path, &eve).send().await.unwrap()).await.1
    };
    // The last position is on its way to the index.
    let seen = loop {
        let seen = nearby().await;
        if seen["cars"].as_array().unwrap().len() == 8 {
            break seen;
        }
        tokio::task::yield_now().await;
    };
    for car in seen["cars"].as_array().unwrap() {
        let lat = car["lat"].as_f64().unwrap();
        assert!((40.75 - 0.01..40.76 + 0.01).contains(&lat), "{car}");
        assert!(!seen.to_string().contains("driver-"), "names are for a minute");
        assert_eq!(car["age_ms"], 0);
    }
    let places = |seen: &Value| -> Vec<String> {
        let of = |car: &Value| format!("{} {} {}", car["car"], car["lat"], car["lon"]);
        seen["cars"].as_array().unwrap().iter().map(of).collect()
    };
    if seen["refresh_after_ms"].as_u64().unwrap() > 5_000 {
        for _ in 0..50 {
            assert_eq!(places(&nearby().await), places(&seen), "the same for a minute, however often it is asked");
        }
    }
    for phone in &mut phones {
        phone.answer(json!({"type": "break", "id": 9})).await;
    }
    assert_eq!(nearby().await["cars"], json!([]), "nobody who does not wait for a rider is shown");
    for (query, field) in
        [("", "lat"), ("lat=1", "lng"), ("lat=91&lng=0", "lat"), ("lat=0&lng=NaN", "lng"), ("x=1", "lat")]
    {
        let answer = request(&server, Method::GET, &format!("/v1/nearby?{query}"), &eve).send().await.unwrap();
        let (status, _, body) = problem(answer).await;
        assert_eq!((status, &body["field"]), (400, &json!(field)), "{query}");
    }
    server.stop().await;
}

// ---- policy ------------------------------------------------------------------------------------------------------

pub(crate) async fn change(server: &Server, method: Method, tag: &str, body: &Value) -> reqwest::Response {
    let kim = token(server, Role::Ops, "kim");
    request(server, method, "/v1/ops/policy", &kim).header("If-Match", tag).json(body).send().await.unwrap()
}

pub(crate) fn value<'a>(policy: &'a Value, name: &str) -> (&'a str, &'a str) {
    let row = policy["values"].as_array().unwrap().iter().find(|row| row["name"] == name).unwrap();
    (row["value"].as_str().unwrap(), row["origin"].as_str().unwrap())
}

#[tokio::test]
async fn the_policy_is_changed_while_the_city_is_at_work_and_every_shard_says_so() {
    let server = server().await;
    let mut ann = Phone::on_line(&server, "ann", 0.0).await;
    let (_, before) = get(&server, "/v1/ops/policy").await;
    assert_eq!((&before["revision"], value(&before, "policy.offer_lasts").0), (&json!(0), "12"));
    let body = json!({"changes": {"policy.offer_lasts": 33, "policy.version": "rain"}, "reason": "it rains"});
    let dry = json!({"changes": {"policy.offer_lasts": 33}, "dry_run": true});
    let (_, would) = json_of(change(&server, Method::PATCH, "\"0\"", &dry).await).await;
    assert_eq!((&would["dry_run"], &would["changed"][0]["to"]), (&json!(true), &json!("33")));
    assert_eq!(get(&server, "/v1/ops/policy").await.1["revision"], 0, "nothing was changed");

    let (status, made) = json_of(change(&server, Method::PATCH, "\"0\"", &body).await).await;
    assert_eq!((status, &made["revision"], &made["by"]), (200, &json!(1), &json!("kim")), "{made}");
    let (_, after) = get(&server, "/v1/ops/policy").await;
    assert_eq!(
        (&after["version"], value(&after, "policy.offer_lasts")),
        (&json!("rain+1"), ("33", "revision 1 by kim"))
    );
    let (_, shards) = get(&server, "/v1/ops/shards").await;
    for shard in shards["shards"].as_array().unwrap() {
        assert_eq!(shard["policy"], "rain+1", "{shard}");
    }
    // The driver who was on line before is offered by the new policy, and the decision says which.
    let (_, trip) = json_of(ask(&server, "eve", "1", 0.0).send().await.unwrap()).await;
    let offer = ann.hear_type("offer").await;
    assert!(offer["expires_in_ms"].as_u64().unwrap() > 20_000, "{offer}");
    let path = format!("/v1/trips/{}/explain", trip["id"].as_str().unwrap());
    assert_eq!(get(&server, &path).await.1["decisions"][0]["policy"], "rain+1");

    let (status, code, _) = problem(change(&server, Method::PATCH, "\"0\"", &body).await).await;
    assert_eq!((status, code.as_str()), (412, "outdated"), "somebody else was faster");
    let (_, back) = json_of(change(&server, Method::PUT, "\"1\"", &json!({"changes": {}})).await).await;
    assert_eq!(back["changed"].as_array().unwrap().len(), 2, "{back}");
    let (_, policy) = get(&server, "/v1/ops/policy").await;
    assert_eq!((&policy["version"], value(&policy, "policy.offer_lasts")), (&json!("1+2"), ("12", "default")));
    let (_, history) = get(&server, "/v1/ops/policy/history?limit=1").await;
    assert_eq!((&history["revisions"][0]["revision"], &history["next"]), (&json!(2), &json!(2)));
    let (_, rest) = get(&server, "/v1/ops/policy/history?after=2").await;
    let first = &rest["revisions"][0];
    assert_eq!(
        (&first["reason"], &first["changed"][0]),
        (&json!("it rains"), &json!({"name": "policy.offer_lasts", "from": "12", "to": "33"}))
    );
    server.stop().await;
}

#[tokio::test]
async fn a_change_that_cannot_be_changes_nothing_and_names_what_is_wrong() {
    let server = server().await;
    for (changes, field, value) in [
        (json!({"policy.offer_lasts": 0}), "policy.offer_lasts", "0 s"),
        (json!({"policy.offer_lasts": "soon"}), "policy.offer_lasts", "soon"),
        (json!({"policy.offer_last": 5}), "changes", "policy.offer_last"),
        (json!({"listen": "0.0.0.0:1"}), "changes", "listen"),
        (json!({"policy.surge.resolution": 6}), "policy.surge.resolution", "a change while a server is at work"),
        (json!({"policy.offer_lasts": [1]}), "policy.offer_lasts", "[1]"),
        (json!({"policy.match_every": 1, "policy.wait_max": 1}), "policy.wait_max", "1 s"),
    ] {
        let (status, _, body) = problem(change(&server, Method::PATCH, "*", &json!({"changes": changes})).await).await;
        assert_eq!((status, &body["field"], &body["value"]), (400, &json!(field), &json!(value)), "{body}");
        assert!(body["allowed"].is_string());
    }
    let kim = token(&server, Role::Ops, "kim");
    let bare = request(&server, Method::PATCH, "/v1/ops/policy", &kim).json(&json!({"changes": {}}));
    assert_eq!(problem(bare.send().await.unwrap()).await.2["field"], "If-Match");
    assert_eq!(get(&server, "/v1/ops/policy").await.1["revision"], 0);
    server.stop().await;
}

#[tokio::test]
async fn what_was_changed_outlives_a_restart_and_counts_before_the_settings() {
    let directory = tempfile::tempdir().unwrap();
    let settings = || Settings { data_dir: directory.path().join("data"), ..settings() };
    let server = gateway::serve(settings(), Given::default()).await.unwrap();
    let body = json!({"changes": {"policy.offer_lasts": 33}});
    assert_eq!(change(&server, Method::PATCH, "*", &body).await.status(), 200);
    server.stop().await;

    let mut other = settings();
    other.city.policy.offer_lasts = Duration::from_secs(20);
    let server = gateway::serve(other.clone(), Given::default()).await.unwrap();
    let (_, policy) = get(&server, "/v1/ops/policy").await;
    assert_eq!((&policy["version"], value(&policy, "policy.offer_lasts").0), (&json!("1+1"), "33"));
    let back = json!({"changes": {"policy.offer_lasts": null}});
    assert_eq!(change(&server, Method::PATCH, "\"1\"", &back).await.status(), 200);
    assert_eq!(value(&get(&server, "/v1/ops/policy").await.1, "policy.offer_lasts").0, "20", "the settings' again");
    assert_eq!(change(&server, Method::PATCH, "\"2\"", &body).await.status(), 200);
    server.stop().await;

    other.stored_policy = false;
    let server = gateway::serve(other, Given::default()).await.unwrap();
    assert_eq!(value(&get(&server, "/v1/ops/policy").await.1, "policy.offer_lasts").0, "20", "ignored, as it was told");
    server.stop().await;
}

#[tokio::test]
async fn settings_that_are_read_anew_count_but_for_what_was_changed_by_hand() {
    let server = serve(settings()).await;
    let body = json!({"changes": {"policy.offer_lasts": 33}});
    assert_eq!(change(&server, Method::PATCH, "*", &body).await.status(), 200);
    let layers = |text: &str| {
        let mut layers = gateway::Layers::new();
        layers.table(&toml(text), "city.toml").unwrap();
        layers
    };
    let changed =
        server.reread(layers("[policy]\nmatch_every = 0.05\noffer_lasts = 20\nsearch_lasts = 77\n")).await.unwrap();
    assert_eq!(changed, 1);
    let (_, policy) = get(&server, "/v1/ops/policy").await;
    assert_eq!(value(&policy, "policy.search_lasts"), ("77", "city.toml"));
    assert_eq!(value(&policy, "policy.offer_lasts"), ("33", "revision 1 by kim"));
    assert_eq!(policy["version"], "1+2");
    assert!(server.reread(layers("[policy]\nsearch_lasts = 1\n")).await.is_err());
    assert_eq!(
        value(&get(&server, "/v1/ops/policy").await.1, "policy.search_lasts").0,
        "77",
        "what is wrong changes nothing"
    );
    server.stop().await;
}

fn toml(text: &str) -> toml::Table {
    text.parse().unwrap()
}

#[tokio::test]
async fn a_trip_over_a_changed_policy_goes_on_where_it_was() {
    let server = server().await;
    let mut ann = Phone::on_line(&server, "ann", 0.0).await;
    let (_, trip) = json_of(ask(&server, "eve", "1", 0.0).send().await.unwrap()).await;
    let offer = ann.hear_type("offer").await;
    for number in 0..20 {
        let body =
            json!({"changes": {"policy.offer_lasts": 20 + number, "policy.pickup_within": 3_000 + 100 * number}});
        assert_eq!(change(&server, Method::PATCH, "*", &body).await.status(), 200);
    }
    let taken = ann.answer(json!({"type": "accept", "id": 10, "offer": offer["offer"]})).await;
    assert_eq!((&taken["type"], &taken["trip"]["id"]), (&json!("trip"), &trip["id"]));
    let mut ping = place(0.1);
    ping["type"] = "ping".into();
    ping["seq"] = 7.into();
    ann.say(ping).await;
    assert_eq!(ann.answer(json!({"type": "arrived", "id": 11, "trip": trip["id"]})).await["trip"]["state"], "arrived");
    server.stop().await;
}
