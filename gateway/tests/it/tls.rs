//! Doors that speak TLS, with certificates that openssl has made.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use gateway::{Given, Limits, Role, ServeError, Server, Settings, TlsSettings};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::binary::{Process, hansom, run};
use crate::events::tls::{certify, certify_for};
use crate::events::until;
use crate::street::{PATIENCE, place, serve, settings, token};

/// A folder with a certificate, and a server that shows it.
async fn doors(limits: Limits, tls: TlsSettings) -> (TempDir, Server) {
    let folder = tempfile::tempdir().unwrap();
    certify(folder.path());
    let server = serve(Settings { limits, tls: of(folder.path(), tls), ..settings() }).await;
    (folder, server)
}

fn of(folder: &Path, tls: TlsSettings) -> TlsSettings {
    TlsSettings { certificate: Some(folder.join("cert.pem")), key: Some(folder.join("key.pem")), ..tls }
}

async fn connect(server: &Server, authority: &Path, alpn: &[u8]) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(authority.join("ca.pem")).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap();
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![alpn.to_vec()];
    let socket = TcpStream::connect(server.addr).await?;
    let name = ServerName::IpAddress(server.addr.ip().into());
    TlsConnector::from(Arc::new(config)).connect(name, socket).await
}

/// One request over a connection of its own.
async fn get(server: &Server, authority: &Path, path: &str, token: &str) -> String {
    let mut line = connect(server, authority, b"http/1.1").await.unwrap();
    let asked = format!("GET {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n");
    line.write_all(asked.as_bytes()).await.unwrap();
    let mut answer = String::new();
    line.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn requests_and_sockets_go_over_tls_and_nothing_goes_beside_it() {
    let (folder, server) = doors(Limits::default(), TlsSettings::default()).await;
    assert!(server.url().starts_with("https://127.0.0.1:"), "{}", server.url());
    let kim = token(&server, Role::Ops, "kim");
    let answer = get(&server, folder.path(), "/v1/ops/status", &kim).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("strict-transport-security: max-age=31536000\r\n"), "{answer}");

    let line = connect(&server, folder.path(), b"http/1.1").await.unwrap();
    assert_eq!(line.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    let mut request = format!("wss://{}/v1/driver", server.addr).into_client_request().unwrap();
    let ann = token(&server, Role::Driver, "ann");
    request.headers_mut().insert("authorization", format!("Bearer {ann}").parse().unwrap());
    let (mut socket, _) = client_async(request, line).await.unwrap();
    let mut online = place(0.0);
    (online["type"], online["id"]) = (json!("online"), json!(1));
    socket.send(Message::text(online.to_string())).await.unwrap();
    let mut heard = Vec::new();
    while !heard.iter().any(|message: &Value| message["re"] == 1) {
        match tokio::time::timeout(PATIENCE, socket.next()).await.unwrap().unwrap().unwrap() {
            Message::Text(text) => heard.push(serde_json::from_str(&text).unwrap()),
            Message::Ping(_) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((&heard[0]["type"], &heard[0]["driver"]), (&json!("welcome"), &json!("ann")));

    let mut plain = TcpStream::connect(server.addr).await.unwrap();
    plain.write_all(b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    assert!(connect(&server, folder.path(), b"h2").await.is_err(), "only HTTP/1.1 is spoken");
    let stranger = tempfile::tempdir().unwrap();
    certify(stranger.path());
    assert!(connect(&server, stranger.path(), b"http/1.1").await.is_err(), "a client can tell who this is");
    server.stop().await;
}

#[tokio::test]
async fn a_command_asks_over_tls_and_only_whom_the_machine_trusts() {
    let (folder, server) = doors(Limits::default(), TlsSettings::default()).await;
    let health = |authority: &Path| {
        let (authority, url) = (authority.join("ca.pem"), server.url());
        tokio::task::spawn_blocking(move || {
            run(hansom().args(["health", "--url", &url]).env("SSL_CERT_FILE", authority))
        })
    };
    let (code, out, err) = health(folder.path()).await.unwrap();
    assert_eq!((code, out.as_str()), (Some(0), "ready\n"), "{err}");
    let stranger = tempfile::tempdir().unwrap();
    certify(stranger.path());
    let (code, _, err) = health(stranger.path()).await.unwrap();
    assert_eq!(code, Some(1));
    assert!(err.contains("certificate"), "{err}");
    server.stop().await;
}

#[tokio::test]
async fn a_certificate_is_renewed_without_a_restart_and_a_broken_one_is_not_used() {
    let tls = TlsSettings { reload_every: Duration::from_millis(100), ..TlsSettings::default() };
    let (folder, server) = doors(Limits::default(), tls).await;
    let old_authority = tempfile::tempdir().unwrap();
    std::fs::copy(folder.path().join("ca.pem"), old_authority.path().join("ca.pem")).unwrap();
    let mut held = connect(&server, folder.path(), b"http/1.1").await.unwrap();

    let fresh = tempfile::tempdir().unwrap();
    certify(fresh.path());
    std::fs::copy(fresh.path().join("cert.pem"), folder.path().join("cert.pem")).unwrap();
    let failed = async |wanted: f64| {
        let text = get(&server, old_authority.path(), "/metrics", "").await;
        let line =
            text.lines().find_map(|line| line.strip_prefix("gateway_certificate_reloads_total{result=\"failed\"} "));
        line.is_some_and(|count| count.parse::<f64>().unwrap() >= wanted)
    };
    tokio::time::timeout(PATIENCE, async {
        // The old key and the new certificate do not fit: the old pair goes on.
        while !failed(2.0).await {}
        std::fs::copy(fresh.path().join("key.pem"), folder.path().join("key.pem")).unwrap();
        while connect(&server, fresh.path(), b"http/1.1").await.is_err() {}
    })
    .await
    .unwrap();
    assert!(connect(&server, old_authority.path(), b"http/1.1").await.is_err());
    held.write_all(b"GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    held.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "who was there stays: {answer}");
    server.stop().await;
}

const ENDS_IN: &str = "gateway_certificate_ends_in_seconds ";

/// For how many days the certificate is good, as `/metrics` says.
async fn days_left(server: &Server, authority: &Path) -> Option<f64> {
    let text = get(server, authority, "/metrics", "").await;
    let seconds: f64 = text.lines().find_map(|line| line.strip_prefix(ENDS_IN))?.parse().unwrap();
    Some(seconds / 86_400.0)
}

#[tokio::test]
async fn how_long_the_certificate_is_good_for_is_a_number_that_follows_a_renewal() {
    let tls = TlsSettings { reload_every: Duration::from_millis(100), ..TlsSettings::default() };
    let (folder, server) = doors(Limits::default(), tls).await;
    let left = days_left(&server, folder.path()).await;
    assert!(left.is_some_and(|days| (89.0..=90.0).contains(&days)), "{left:?}");
    certify_for(300, folder.path());
    until("the new one is in use", async || connect(&server, folder.path(), b"http/1.1").await.is_ok()).await;
    until("it says of the new one", async || days_left(&server, folder.path()).await.is_some_and(|days| days > 299.0))
        .await;
    server.stop().await;

    let plain = serve(settings()).await;
    let text = reqwest::get(format!("{}/metrics", plain.url())).await.unwrap().text().await.unwrap();
    assert!(!text.contains(ENDS_IN), "where there is none there is no end");
    plain.stop().await;
}

#[test]
fn a_certificate_that_ends_soon_is_named_in_the_log_and_by_the_doctor() {
    let soon = "the certificate ends soon: renew it";
    let ended = "the certificate has ended";
    for (days, logged, verdict, code) in
        [(90, None, "ok    tls", 0), (13, Some(soon), "look  tls", 0), (-1, Some(ended), "BAD   tls", 1)]
    {
        let folder = tempfile::tempdir().unwrap();
        certify_for(days, folder.path());
        let of = |key: &str, file: &str| format!("{key}={}", folder.path().join(file).display());
        let (certificate, key) = (of("tls.certificate", "cert.pem"), of("tls.key", "key.pem"));
        let sets = ["--set", &certificate, "--set", &key];
        let (found, out, _) = run(hansom().args(["doctor", "--listen", "127.0.0.1:0"]).args(sets));
        assert_eq!(found, Some(code), "{out}");
        assert!(out.contains(verdict) && out.contains("renew it") == logged.is_some(), "{days} days: {out}");
        let (_, said) = Process::start(&folder.path().join("data"), &sets).stop();
        for warning in [soon, ended] {
            assert_eq!(said.contains(warning), logged == Some(warning), "{days} days: {said}");
        }
    }
}

#[tokio::test]
async fn a_handshake_that_is_never_finished_takes_a_place_and_is_let_go() {
    let limits = Limits { connections: 1, ..Limits::default() };
    let tls = TlsSettings { handshake_within: Duration::from_millis(300), ..TlsSettings::default() };
    let (folder, server) = doors(limits, tls).await;
    for (greeting, pause) in [(&b""[..], 0), (&[0x16, 0x03, 0x01, 0x02, 0x00][..], 0), (&[0x16; 1][..], 50)] {
        let mut idle = TcpStream::connect(server.addr).await.unwrap();
        idle.write_all(greeting).await.unwrap();
        assert!(connect(&server, folder.path(), b"http/1.1").await.is_err(), "there is one place, and it is taken");
        let gone = async {
            let mut byte = [0; 64];
            loop {
                tokio::select! {
                    read = idle.read(&mut byte) => if read.map_or(true, |length| length == 0) { return },
                    // One byte after the other does not prolong it.
                    () = tokio::time::sleep(Duration::from_millis(pause)), if pause > 0 => {
                        return while idle.write_all(&[0x03]).await.is_ok() {
                            tokio::time::sleep(Duration::from_millis(pause)).await;
                        };
                    }
                }
            }
        };
        tokio::time::timeout(PATIENCE, gone).await.expect("it is let go");
        let answer = async {
            while connect(&server, folder.path(), b"http/1.1").await.is_err() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, answer).await.expect("the place is free again");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_server_does_not_start_with_a_certificate_that_is_none_of_its_key() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    certify(one.path());
    certify(other.path());
    std::fs::write(one.path().join("empty.pem"), "").unwrap();
    for (certificate, key, why) in [
        (one.path().join("cert.pem"), other.path().join("key.pem"), "cannot be used"),
        (one.path().join("key.pem"), one.path().join("key.pem"), "no certificate"),
        (one.path().join("cert.pem"), one.path().join("cert.pem"), "no private key"),
        (one.path().join("empty.pem"), one.path().join("key.pem"), "no certificate"),
        (one.path().join("nowhere"), one.path().join("key.pem"), "cannot be read"),
    ] {
        let tls = TlsSettings { certificate: Some(certificate), key: Some(key), ..TlsSettings::default() };
        let store: Arc<dyn persistence::Store> = Arc::new(persistence::MemoryStore::default());
        let given = Given { store: Some(store), ..Given::default() };
        let refused = gateway::serve(Settings { tls, ..settings() }, given).await.unwrap_err();
        assert!(matches!(refused, ServeError::Tls(_)), "{refused}");
        assert!(refused.to_string().contains(why), "{refused}");
    }
}
