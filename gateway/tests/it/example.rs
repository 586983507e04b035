//! The example that a newcomer copies: it drives rides to their end.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use gateway::{Role, Server};
use reqwest::Method;
use serde_json::Value;

use crate::street::{PATIENCE, ask, counted, json_of, request, server, token};

/// A process that ends with its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn driver(server: &Server, name: &str) -> Running {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/driver.py");
    let mut command = Command::new("/usr/bin/python3");
    command.arg(example).arg(server.url().replacen("http", "ws", 1)).arg(token(server, Role::Driver, name));
    command.args(["40.75", "-73.98"]).stdout(Stdio::null());
    Running(command.spawn().expect("Debian's python3, which tests/run installs"))
}

async fn becomes(server: &Server, trip: &Value, state: &str) {
    let path = format!("/v1/trips/{}", trip["id"].as_str().unwrap());
    let eve = token(server, Role::Rider, trip["rider"].as_str().unwrap());
    let waiting = async {
        loop {
            let (_, seen) = json_of(request(server, Method::GET, &path, &eve).send().await.unwrap()).await;
            if seen["state"] == state {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("the trip is never {state}"));
}

#[tokio::test]
async fn the_example_drives_rides_to_their_end() {
    let server = server().await;
    let _ann = driver(&server, "ann");
    for (rider, key) in [("eve", "1"), ("bob", "2")] {
        let trip: Value = ask(&server, rider, key, 0.0).send().await.unwrap().json().await.unwrap();
        becomes(&server, &trip, "completed").await;
    }
    assert_eq!(counted(&server, "gateway_bad_messages_total{code=\"bad_value\"}").await, 0.0);
    server.stop().await;
}
