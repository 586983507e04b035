//! Those who want too much: too often, too many, too slowly.

use std::net::SocketAddr;
use std::time::Duration;

use gateway::{Limits, ProxiesWrite, Role, Server};
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::street::{PATIENCE, Phone, counted, place, problem, refused, request, server_with, token};

/// Small limits that hold on this machine, too.
fn small() -> Limits {
    Limits { burst: Duration::from_secs(2), loopback_exempt: false, ..Limits::default() }
}

async fn limited(response: Response, limit: &str) -> Duration {
    let after: u64 = response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    let (status, code, body) = problem(response).await;
    assert_eq!((status, code.as_str()), (429, "rate_limited"), "{body}");
    assert!(body["detail"].as_str().unwrap().contains(limit), "{body}");
    let after_ms = body["retry_after_ms"].as_u64().unwrap();
    assert_eq!(after, after_ms.div_ceil(1_000));
    assert!((1..=1_000).contains(&after_ms), "{body}");
    Duration::from_millis(after_ms)
}

async fn alive(server: &Server, forwarded_for: &str) -> Response {
    let request = Client::new().get(format!("{}/livez", server.url()));
    request.header("x-forwarded-for", forwarded_for).send().await.unwrap()
}

#[tokio::test]
async fn a_person_who_asks_too_often_is_told_when_to_ask_again() {
    let server = server_with(Limits { requests_per_identity: 1, ..small() }).await;
    let ask = async |name: &str, role| {
        let token = token(&server, role, name);
        request(&server, Method::GET, "/v1/trips/x", &token).send().await.unwrap()
    };
    for _ in 0..2 {
        assert_eq!(ask("eve", Role::Rider).await.status(), 404);
    }
    let wait = limited(ask("eve", Role::Rider).await, "limits.requests_per_identity").await;
    assert_eq!(ask("zoe", Role::Rider).await.status(), 404, "somebody else");
    assert_eq!(ask("eve", Role::Ops).await.status(), 404, "somebody else of the same name");
    assert_eq!(counted(&server, "gateway_rate_limited_total{limit=\"limits.requests_per_identity\"}").await, 1.0);
    tokio::time::sleep(wait).await;
    assert_eq!(ask("eve", Role::Rider).await.status(), 404, "as it was told");
    server.stop().await;
}

#[tokio::test]
async fn who_looks_at_free_cars_too_often_waits_and_can_still_ask_for_a_ride() {
    let server = server_with(Limits { nearby_per_identity: 1, requests_per_identity: 1, ..small() }).await;
    let ask = async |name: &str, path: &str| {
        let token = token(&server, Role::Rider, name);
        request(&server, Method::GET, path, &token).send().await.unwrap()
    };
    let cars = "/v1/nearby?lat=40.75&lng=-73.98";
    for _ in 0..2 {
        assert_eq!(ask("eve", cars).await.status(), 200);
    }
    let wait = limited(ask("eve", cars).await, "limits.nearby_per_identity").await;
    assert_eq!(ask("zoe", cars).await.status(), 200, "somebody else");
    for _ in 0..2 {
        assert_eq!(ask("eve", "/v1/trips/x").await.status(), 404, "what is no looking is counted for itself");
    }
    limited(ask("eve", "/v1/trips/x").await, "limits.requests_per_identity").await;
    assert_eq!(counted(&server, "gateway_rate_limited_total{limit=\"limits.nearby_per_identity\"}").await, 1.0);
    tokio::time::sleep(wait).await;
    assert_eq!(ask("eve", cars).await.status(), 200, "as it was told");
    server.stop().await;
}

#[tokio::test]
async fn an_address_that_asks_too_often_is_refused_before_anything_is_looked_at() {
    let server = server_with(Limits { requests_per_address: 1, ..small() }).await;
    for _ in 0..2 {
        assert_eq!(alive(&server, "").await.status(), 200);
    }
    // It may say of itself what it likes.
    limited(alive(&server, "192.0.2.1").await, "limits.requests_per_address").await;
    let bad = request(&server, Method::GET, "/v1/ops/status", "nonsense").send().await.unwrap();
    limited(bad, "limits.requests_per_address").await;
    server.stop().await;
}

#[tokio::test]
async fn behind_a_trusted_proxy_each_client_is_counted_for_itself() {
    let trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    let server = server_with(Limits { requests_per_address: 1, trusted_proxies, ..small() }).await;
    for client in 1..20 {
        for _ in 0..2 {
            assert_eq!(alive(&server, &format!("192.0.2.{client}")).await.status(), 200);
        }
    }
    limited(alive(&server, "192.0.2.1").await, "limits.requests_per_address").await;
    // What a client writes before the proxy does changes nothing.
    limited(alive(&server, "198.51.100.1, 192.0.2.1").await, "limits.requests_per_address").await;
    assert_eq!(alive(&server, "192.0.2.1, 198.51.100.2").await.status(), 200);
    server.stop().await;
}

#[tokio::test]
async fn a_proxy_that_writes_forwarded_is_believed_in_that_header_alone() {
    let limits = Limits {
        requests_per_address: 1,
        trusted_proxies: vec!["127.0.0.0/8".parse().unwrap()],
        proxies_write: ProxiesWrite::Forwarded,
        ..small()
    };
    let server = server_with(limits).await;
    let ask = async |forwarded: &str, other: &str| {
        let request = Client::new().get(format!("{}/livez", server.url()));
        request.header("forwarded", forwarded).header("x-forwarded-for", other).send().await.unwrap()
    };
    for client in 1..20 {
        let forwarded = format!("for=\"[2001:db8:0:{client}::1]:4711\";proto=https");
        for _ in 0..2 {
            assert_eq!(ask(&forwarded, "").await.status(), 200);
        }
    }
    let one = "for=\"[2001:db8:0:1::1]\"";
    limited(ask(one, "198.51.100.1").await, "limits.requests_per_address").await;
    // Nor does it help to open a quotation mark that the proxy does not close.
    limited(ask(&format!("for=\"198.51.100.1, {one}"), "").await, "limits.requests_per_address").await;
    assert_eq!(ask("for=198.51.100.2", "").await.status(), 200);
    server.stop().await;
}

#[tokio::test]
async fn sockets_are_opened_only_so_often() {
    let server = server_with(Limits { sockets_per_identity: 1, ..small() }).await;
    for _ in 0..2 {
        Phone::of(&server, "ann").await;
    }
    let token = token(&server, Role::Driver, "ann");
    let (status, body) = refused(Phone::connect(&server, "/v1/driver", &token).await.err().unwrap());
    assert_eq!((status, &body["code"]), (429, &json!("rate_limited")), "{body}");
    assert!(body["retry_after_ms"].as_u64().is_some_and(|after| (1..=1_000).contains(&after)), "{body}");
    Phone::of(&server, "bob").await;
    server.stop().await;

    let server = server_with(Limits { sockets_per_address: 1, ..small() }).await;
    for driver in ["ann", "bob"] {
        Phone::of(&server, driver).await;
    }
    let token = crate::street::token(&server, Role::Driver, "cat");
    let (status, body) = refused(Phone::connect(&server, "/v1/driver", &token).await.err().unwrap());
    assert_eq!((status, &body["code"]), (429, &json!("rate_limited")), "{body}");
    assert_eq!(alive(&server, "").await.status(), 200, "a request is no socket");
    server.stop().await;
}

#[tokio::test]
async fn a_socket_that_floods_is_sent_home_and_the_others_never_notice() {
    let server = server_with(Limits { frames_per_socket: 5, ..small() }).await;
    let mut bob = Phone::on_line(&server, "bob", 1.0).await;
    let mut ann = Phone::on_line(&server, "ann", 0.0).await;
    let mut ping = place(0.0);
    ping["type"] = "ping".into();
    for seq in 0..40 {
        ping["seq"] = seq.into();
        if ann.0.send_text(&ping).await.is_err() {
            break;
        }
    }
    let (heard, code) = ann.closed().await;
    let closing = heard.iter().find(|heard| heard["type"] == "closing").expect("it is told when to come again");
    assert!(closing["retry_after_ms"].as_u64().is_some_and(|after| after >= 1_000), "{closing}");
    assert_eq!(code, Some(1008));
    assert_eq!(counted(&server, "gateway_rate_limited_total{limit=\"limits.frames_per_socket\"}").await, 1.0);
    let closed = "gateway_sockets_closed_total{kind=\"driver\",reason=\"too_many\"}";
    assert_eq!(counted(&server, closed).await, 1.0);
    let standing = bob.answer(json!({"type": "offline", "id": 9})).await;
    assert_eq!(standing["availability"], "offline");
    server.stop().await;
}

/// A way to send that may fail: whoever floods is cut off sooner or later.
trait SendText {
    async fn send_text(&mut self, message: &Value) -> Result<(), tokio_tungstenite::tungstenite::Error>;
}

impl<
    S: futures_util::Sink<tokio_tungstenite::tungstenite::Message, Error = tokio_tungstenite::tungstenite::Error> + Unpin,
> SendText for S
{
    async fn send_text(&mut self, message: &Value) -> Result<(), tokio_tungstenite::tungstenite::Error> {
        futures_util::SinkExt::send(self, tokio_tungstenite::tungstenite::Message::text(message.to_string())).await
    }
}

async fn from(address: &str, server: &Server) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::new(address.parse().unwrap(), 0)).unwrap();
    socket.connect(server.addr).await.unwrap()
}

/// The first line of the answer to a request; empty when there is none.
async fn status(stream: &mut TcpStream) -> String {
    let _ = stream.write_all(b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let mut answer = [0; 12];
    match tokio::time::timeout(PATIENCE, stream.read_exact(&mut answer)).await.unwrap() {
        Ok(_) => String::from_utf8(answer.to_vec()).unwrap(),
        Err(_) => String::new(),
    }
}

#[tokio::test]
async fn one_address_cannot_take_all_connections() {
    let server = server_with(Limits { connections_per_address: 2, ..small() }).await;
    let (mut one, mut two) = (from("127.0.0.2", &server).await, from("127.0.0.2", &server).await);
    assert_eq!(
        (status(&mut one).await, status(&mut two).await),
        ("HTTP/1.1 200".to_owned(), "HTTP/1.1 200".to_owned())
    );
    assert_eq!(status(&mut from("127.0.0.2", &server).await).await, "HTTP/1.1 503");
    assert_eq!(status(&mut from("127.0.0.3", &server).await).await, "HTTP/1.1 200");
    drop(one);
    tokio::time::timeout(PATIENCE, async {
        while status(&mut from("127.0.0.2", &server).await).await != "HTTP/1.1 200" {}
    })
    .await
    .expect("the place of who left is free");
    server.stop().await;
}

/// Sends a byte every few milliseconds until the server hangs up, and says what it answered and when.
async fn dribble(server: &Server, at_once: &str, then: &str) -> (String, Duration) {
    let began = std::time::Instant::now();
    let (mut reader, mut writer) = TcpStream::connect(server.addr).await.unwrap().into_split();
    writer.write_all(at_once.as_bytes()).await.unwrap();
    let then = then.to_owned();
    let dribbling = tokio::spawn(async move {
        for byte in then.bytes() {
            if writer.write_all(&[byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(PATIENCE, reader.read_to_end(&mut answer)).await.expect("the server hangs up");
    dribbling.abort();
    (String::from_utf8_lossy(&answer).into_owned(), began.elapsed())
}

#[tokio::test]
async fn a_byte_now_and_then_does_not_hold_a_connection() {
    let server = server_with(Limits {
        request_timeout: Duration::from_millis(600),
        heartbeat_every: Duration::from_millis(200),
        idle_after: Duration::from_millis(800),
        ..Limits::default()
    })
    .await;
    let endless = format!("x-padding: {}", "a".repeat(2_000));
    let (answer, took) = dribble(&server, "GET /livez HTTP/1.1\r\nhost: x\r\n", &endless).await;
    assert!(!answer.contains(" 200 ") && took < Duration::from_secs(10), "a head: {took:?} {answer}");

    let eve = token(&server, Role::Rider, "eve");
    let head = format!(
        "POST /v1/trips HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {eve}\r\nidempotency-key: 1\r\n\
         content-type: application/json\r\ncontent-length: 2000\r\n\r\n"
    );
    let (answer, took) = dribble(&server, &head, &" ".repeat(2_000)).await;
    assert!(answer.starts_with("HTTP/1.1 408") && took < Duration::from_secs(10), "a body: {took:?} {answer}");
    server.stop().await;
}

#[tokio::test]
async fn a_head_that_never_ends_is_not_kept() {
    let server = server_with(Limits::default()).await;
    let mut stream = TcpStream::connect(server.addr).await.unwrap();
    stream.write_all(b"GET /livez HTTP/1.1\r\nhost: x\r\n").await.unwrap();
    let line = format!("x-padding: {}\r\n", "a".repeat(4_000));
    let mut sent = 0;
    // Ten megabytes of head: the server must have had enough long before.
    while sent < 10_000_000 && stream.write_all(line.as_bytes()).await.is_ok() {
        sent += line.len();
    }
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("the server hangs up");
    assert!(sent < 10_000_000 || answer.starts_with(b"HTTP/1.1 431"), "{sent} bytes were taken");
    server.stop().await;
}
