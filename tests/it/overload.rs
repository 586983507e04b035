//! A server that gets too little of its machine, on real sockets: it slows phones down, then turns new ones away, serves
//! who is there all the while, and is itself again in seconds. What it sheds under a flood is in `loading`.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use gateway::Role;
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use crate::restarting::{Phone, request};
use crate::server::Process;

/// How long a server may take for each step. Nothing is measured by it.
const PATIENCE: Duration = Duration::from_secs(60);

/// Takes the machine away from a server again and again, until it is told to stop: as neighbours do that need it more.
fn starve(pid: u32, enough: Arc<AtomicBool>) -> std::thread::JoinHandle<()> {
    let signal =
        move |name: &str| assert!(Command::new("kill").args([name, &pid.to_string()]).status().unwrap().success());
    std::thread::spawn(move || {
        while !enough.load(Ordering::Relaxed) {
            signal("-STOP");
            std::thread::sleep(Duration::from_millis(500));
            signal("-CONT");
            std::thread::sleep(Duration::from_millis(400));
        }
    })
}

/// Knocks as a driver's phone: the status, and what is said with it.
async fn knock(server: &Process, token: &str, query: &str) -> (StatusCode, Option<String>, Value) {
    let knock = reqwest::Client::new().get(format!("{}/v1/driver{query}", server.url())).bearer_auth(token);
    let handshake = [
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    let answer =
        handshake.into_iter().fold(knock, |knock, (name, value)| knock.header(name, value)).send().await.unwrap();
    let retry_after = answer.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
    let status = answer.status();
    let said = if status == StatusCode::SWITCHING_PROTOCOLS { Value::Null } else { answer.json().await.unwrap() };
    (status, retry_after, said)
}

#[tokio::test(flavor = "multi_thread")]
async fn phones_are_slowed_down_then_new_ones_turned_away_and_all_is_well_in_seconds() {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::start_with(folder.path(), &[("HANSOM_POLICY_CADENCE_SLOWDOWN_MAX", "4")]);
    let mut ann = Phone::dial(&server, "/v1/driver", &server.token(Role::Driver, "ann")).await;
    ann.goes_online().await;
    let bob = server.token(Role::Driver, "bob");
    assert_eq!(knock(&server, &bob, "").await.0, StatusCode::SWITCHING_PROTOCOLS, "there is room");

    let enough = Arc::new(AtomicBool::new(false));
    let starving = starve(server.pid(), Arc::clone(&enough));
    // A phone hears of it when it next says where it is.
    let mut seq = 0;
    let mut slowed = Vec::new();
    while slowed.last() != Some(&4) {
        seq += 1;
        ann.say(json!({"type": "ping", "seq": seq, "lat": 40.751, "lon": -73.98})).await;
        let frame = ann.hear(|frame| frame["type"] == "cadence" || frame["type"] == "ack").await;
        slowed.extend(frame["slowdown"].as_u64().filter(|_| frame["type"] == "cadence"));
        sleep(Duration::from_millis(100)).await;
    }
    assert!(slowed.contains(&2), "step by step: {slowed:?}");

    let full = async {
        loop {
            let (status, retry_after, said) = knock(&server, &bob, "").await;
            if status != StatusCode::SWITCHING_PROTOCOLS {
                return (status, retry_after, said);
            }
            sleep(Duration::from_millis(100)).await;
        }
    };
    let (status, retry_after, said) = timeout(PATIENCE, full).await.expect("in the end nobody new comes in");
    assert_eq!((status, &said["code"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("busy")), "{said}");
    assert!(
        retry_after.unwrap().parse::<u64>().unwrap() >= 1 && said["retry_after_ms"].as_u64().unwrap() > 0,
        "{said}"
    );

    // Riders are served in the middle of it, by who is there.
    let (status, trip) = request(&server, &server.token(Role::Rider, "eve"), "one").await;
    assert_eq!(status, 201, "{trip}");
    let offer = ann.hear(|frame| frame["type"] == "offer").await;
    ann.say(json!({"type": "accept", "id": 2, "offer": offer["offer"]})).await;
    ann.hear_trip("en_route").await;
    // Who only lost the line is not new: a ride goes on.
    let cursor = offer["cursor"].as_str().unwrap();
    let back = knock(&server, &server.token(Role::Driver, "ann"), &format!("?resume={cursor}")).await;
    assert_eq!(back.0, StatusCode::SWITCHING_PROTOCOLS, "{back:?}");

    enough.store(true, Ordering::Relaxed);
    starving.join().unwrap();
    let room = async {
        while knock(&server, &bob, "").await.0 != StatusCode::SWITCHING_PROTOCOLS {
            sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(PATIENCE, room).await.expect("it is over in seconds");
    let mut carl = Phone::dial(&server, "/v1/driver", &server.token(Role::Driver, "carl")).await;
    carl.goes_online().await;
    // Step by step.
    let as_ever = async {
        loop {
            let metrics = reqwest::get(format!("{}/metrics", server.url())).await.unwrap().text().await.unwrap();
            if metrics.contains("\nactors_slowdown 1\n") {
                return;
            }
            sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(PATIENCE, as_ever).await.expect("phones are as fast as ever");
}
