//! A shared ride from end to end on real sockets: two riders, one driver, a real server; each rider watches.

use gateway::Role;
use serde_json::{Value, json};

use crate::restarting::{Phone, look};
use crate::server::Process;

/// So many metres north of the corner where the first rider waits.
fn place(north: f64) -> Value {
    json!({"lat": 40.75 + north / 111_194.9, "lon": -73.98})
}

/// Asks for a ride that may be shared; returns the trip's name.
async fn asks_to_share(server: &Process, token: &str, (from, to): (f64, f64)) -> String {
    let body = json!({"pickup": place(from), "dropoff": place(to), "shared": true});
    let asked = reqwest::Client::new().post(format!("{}/v1/trips", server.url()));
    let answer = asked.bearer_auth(token).header("Idempotency-Key", "one").json(&body).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 201);
    let trip: Value = answer.json().await.unwrap();
    assert_eq!(trip["shared"], true, "{trip}");
    trip["id"].as_str().unwrap().to_owned()
}

/// What is still to be done, as the driver is told: `pickup eve, dropoff eve`.
fn stops(frame: &Value) -> String {
    let stops = frame["trip"]["stops"].as_array().cloned().unwrap_or_default();
    let word = |stop: &Value, field: &str| stop[field].as_str().unwrap_or_default().to_owned();
    let told: Vec<String> =
        stops.iter().map(|stop| format!("{} {}", word(stop, "kind"), word(stop, "rider"))).collect();
    told.join(", ")
}

async fn watch(server: &Process, token: &str, trip: &str) -> Phone {
    Phone::dial(server, &format!("/v1/trips/{trip}/watch"), token).await
}

/// The driver reports a deed for a trip, and is told what is to be done then.
async fn does(ann: &mut Phone, deed: &str, trip: &str, then: &str) {
    ann.say(json!({"type": deed, "id": 9, "trip": trip})).await;
    ann.hear(|frame| frame["type"] == "trip" && frame["re"] == 9 && stops(frame) == then).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_riders_share_a_car_over_sockets_and_each_is_told_of_his_own_trip() {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::start_with(folder.path(), &[("HANSOM_POLICY_POOLING_ON", "true")]);
    let (eve, bob) = (server.token(Role::Rider, "eve"), server.token(Role::Rider, "bob"));

    let mut ann = Phone::dial(&server, "/v1/driver", &server.token(Role::Driver, "ann")).await;
    ann.goes_online().await;
    let first = asks_to_share(&server, &eve, (0.0, -2_000.0)).await;
    let offer = ann.hear(|frame| frame["type"] == "offer").await;
    assert_eq!((&offer["trip"], &offer["shared"]), (&json!(first), &json!(true)), "{offer}");
    ann.say(json!({"type": "accept", "id": 2, "offer": offer["offer"]})).await;
    assert_eq!(ann.hear_trip("en_route").await["re"], 2);
    let at = place(100.0);
    ann.say(json!({"type": "ping", "seq": 1, "lat": at["lat"], "lon": at["lon"]})).await;

    // The second rider's way is on the first one's: he joins, and the driver is not asked again.
    let second = asks_to_share(&server, &bob, (-300.0, -1_500.0)).await;
    let joined = "pickup eve, pickup bob, dropoff bob, dropoff eve";
    ann.hear(|frame| frame["type"] == "trip" && stops(frame) == joined).await;
    let mut bob_watches = watch(&server, &bob, &second).await;
    let told = bob_watches.hear(|frame| frame["state"] == "en_route").await;
    assert_eq!((&told["driver"], &told["shared_with"]), (&json!("ann"), &json!(1)), "{told}");
    assert!(told["promise"]["pickup_by_ms"].is_u64(), "a rider who joins is promised something: {told}");
    let mut eve_watches = watch(&server, &eve, &first).await;
    let told = eve_watches.hear(|frame| frame["shared_with"] == 1).await;
    assert_eq!(told["state"], "en_route", "{told}");

    does(&mut ann, "arrived", &first, joined).await;
    does(&mut ann, "picked_up", &first, "pickup bob, dropoff bob, dropoff eve").await;
    eve_watches.hear(|frame| frame["state"] == "in_progress").await;
    does(&mut ann, "arrived", &second, "pickup bob, dropoff bob, dropoff eve").await;
    bob_watches.hear(|frame| frame["state"] == "arrived").await;
    does(&mut ann, "picked_up", &second, "dropoff bob, dropoff eve").await;
    bob_watches.hear(|frame| frame["state"] == "in_progress").await;
    does(&mut ann, "dropped_off", &second, "").await;
    bob_watches.hear(|frame| frame["state"] == "completed").await;
    assert_eq!(look(&server, &eve, &first).await["state"], "in_progress", "the other one rides on");
    ann.say(json!({"type": "dropped_off", "id": 10, "trip": first})).await;
    ann.hear_trip("completed").await;
    eve_watches.hear(|frame| frame["state"] == "completed").await;

    // What each is told of his own trip names nobody else's.
    let told = look(&server, &bob, &second).await;
    assert_eq!((&told["state"], &told["driver"]), (&json!("completed"), &json!("ann")), "{told}");
    assert!(!told.to_string().contains("eve") && !told.to_string().contains(&first), "{told}");
}
