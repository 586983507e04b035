//! End to end on real sockets, and through the death of the server: one rider, one driver, one trip.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use gateway::Role;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::postgres;
use crate::server::{Process, binary};

const PATIENCE: Duration = Duration::from_secs(20);

/// A socket to the server.
pub(crate) struct Phone(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Phone {
    pub(crate) async fn dial(server: &Process, path: &str, token: &str) -> Phone {
        let url = format!("{}{path}", server.url().replacen("http", "ws", 1));
        let mut request = url.into_client_request().unwrap();
        request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        Phone(connect_async(request).await.unwrap().0)
    }

    pub(crate) async fn say(&mut self, frame: Value) {
        self.0.send(Message::text(frame.to_string())).await.unwrap();
    }

    /// The next frame that is `wanted`, whatever comes before it.
    pub(crate) async fn hear(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        let listen = async {
            loop {
                let frame = self.0.next().await.expect("the socket is open").unwrap();
                if let Message::Text(text) = frame {
                    let frame: Value = serde_json::from_str(&text).unwrap();
                    if wanted(&frame) {
                        return frame;
                    }
                }
            }
        };
        tokio::time::timeout(PATIENCE, listen).await.expect("the frame comes in time")
    }

    async fn hear_state(&mut self, state: &str) -> Value {
        self.hear(|frame| frame["type"] == "trip" && frame["state"] == state).await
    }

    /// A driver's own trip in a state.
    pub(crate) async fn hear_trip(&mut self, state: &str) -> Value {
        self.hear(|frame| frame["type"] == "trip" && frame["trip"]["state"] == state).await
    }

    pub(crate) async fn goes_online(&mut self) {
        self.say(json!({"type": "online", "id": 1, "lat": 40.751, "lon": -73.98})).await;
        self.hear(|frame| frame["type"] == "standing" && frame["re"] == 1).await;
    }
}

pub(crate) async fn request(server: &Process, token: &str, key: &str) -> (u16, Value) {
    let body = json!({"pickup": {"lat": 40.75, "lon": -73.98}, "dropoff": {"lat": 40.76, "lon": -73.97}});
    let asked = reqwest::Client::new().post(format!("{}/v1/trips", server.url()));
    let answer = asked.bearer_auth(token).header("Idempotency-Key", key).json(&body).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

pub(crate) async fn look(server: &Process, token: &str, trip: &str) -> Value {
    let url = format!("{}/v1/trips/{trip}", server.url());
    reqwest::Client::new().get(url).bearer_auth(token).send().await.unwrap().json().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trip_goes_on_although_the_server_is_killed_at_every_stage() {
    let folder = tempfile::tempdir().unwrap();
    is_ridden_through_kills(Process::start(folder.path(), 1.0)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trip_on_postgres_goes_on_although_the_server_is_killed_at_every_stage() {
    let (folder, url) = (tempfile::tempdir().unwrap(), postgres::bare().await);
    let hansom = |command: &[&str]| {
        let mut run = std::process::Command::new(binary("hansom"));
        run.args(command).arg("--data-dir").arg(folder.path()).env("HANSOM_POSTGRES", &url).output().unwrap()
    };
    let too_early = hansom(&["serve", "--listen", "127.0.0.1:0"]);
    let said = String::from_utf8_lossy(&too_early.stderr).into_owned();
    assert_eq!(too_early.status.code(), Some(1), "{said}");
    assert!(said.contains("run `hansom migrate`"), "{said}");
    assert!(hansom(&["migrate"]).status.success());
    is_ridden_through_kills(Process::start_with(folder.path(), &[("HANSOM_POSTGRES", &url)])).await;
}

/// One trip, from the request to the end, whatever happens to the server.
async fn is_ridden_through_kills(mut server: Process) {
    let (rider, driver) = (server.token(Role::Rider, "eve"), server.token(Role::Driver, "ann"));

    let (status, asked) = request(&server, &rider, "one").await;
    assert_eq!(status, 201, "{asked}");
    let trip = asked["id"].as_str().unwrap().to_owned();
    server.kill();
    server.start_again();

    // The key still means the same trip: nothing is asked for twice.
    let (status, again) = request(&server, &rider, "one").await;
    assert_eq!((status, &again["id"]), (200, &asked["id"]));
    assert_eq!(again["state"], "searching");

    let mut ann = Phone::dial(&server, "/v1/driver", &driver).await;
    ann.goes_online().await;
    let offer = ann.hear(|frame| frame["type"] == "offer").await;
    assert_eq!(offer["trip"], trip.as_str());
    ann.say(json!({"type": "accept", "id": 2, "offer": offer["offer"]})).await;
    assert_eq!(ann.hear_trip("en_route").await["re"], 2);
    server.kill();
    server.start_again();

    for (deed, state) in [("arrived", "arrived"), ("picked_up", "in_progress")] {
        let before = look(&server, &rider, &trip).await;
        assert_eq!(before["driver"], "ann", "the server knows the driver: {before}");
        let mut ann = Phone::dial(&server, "/v1/driver", &driver).await;
        let standing = ann.hear(|frame| frame["type"] == "standing").await;
        assert_eq!(standing["trip"]["id"], trip.as_str(), "the driver is told what she is on: {standing}");
        ann.say(json!({"type": deed, "id": 3, "trip": trip})).await;
        assert_eq!(ann.hear_trip(state).await["re"], 3);
        server.kill();
        server.start_again();
        assert_eq!(look(&server, &rider, &trip).await["state"], state);
    }

    let mut eve = Phone::dial(&server, &format!("/v1/trips/{trip}/watch"), &rider).await;
    eve.hear_state("in_progress").await;
    let mut ann = Phone::dial(&server, "/v1/driver", &driver).await;
    let standing = ann.hear(|frame| frame["type"] == "standing").await;
    assert_eq!(standing["last_trip"], true, "{standing}");
    ann.say(json!({"type": "ping", "seq": 1, "lat": 40.755, "lon": -73.975})).await;
    let moved = eve.hear(|frame| !frame["car"].is_null()).await;
    assert_eq!(moved["car"]["lat"], 40.755);
    ann.say(json!({"type": "dropped_off", "id": 4, "trip": trip})).await;
    ann.hear_trip("completed").await;
    assert_eq!(eve.hear_state("completed").await["version"], 5);

    // No server that is left was told what she drives: she goes on line once more, and the next request finds her.
    let free = ann.hear(|frame| frame["type"] == "standing").await;
    assert_eq!(free["availability"], "offline", "{free}");
    ann.goes_online().await;
    let (_, next) = request(&server, &rider, "two").await;
    let offer = ann.hear(|frame| frame["type"] == "offer").await;
    assert_eq!(offer["trip"], next["id"]);
    assert_eq!(health(&server).code(), Some(0), "a container asks the server by its own binary");
    assert!(server.stop().success(), "SIGTERM ends the server with exit code 0");
    assert_eq!(health(&server).code(), Some(1));
}

fn health(server: &Process) -> std::process::ExitStatus {
    let mut asked = std::process::Command::new(binary("hansom"));
    asked.args(["health", "--url", server.url()]).stdout(std::process::Stdio::null()).status().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_server_on_the_same_data_is_refused_and_does_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::start(folder.path(), 1.0);
    let second = std::process::Command::new(binary("hansom"))
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(folder.path())
        .output()
        .unwrap();
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(said.contains("in use by another process"), "{said}");
    let rider = server.token(Role::Rider, "eve");
    assert_eq!(request(&server, &rider, "one").await.0, 201);
}
