//! Tokens signed with private keys that the server does not have: files, sets that rotate, and whoever attacks them.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gateway::{Given, JwksFrom, ServeError, Server, Settings, TokenAlgorithm};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::signer::Signer;
use crate::street::{PATIENCE, Phone, problem, request, serve, settings};

/// Somebody who signs tokens and publishes keys.
struct Provider {
    url: String,
    answer: Arc<Mutex<Vec<u8>>>,
    asked: Arc<AtomicU32>,
}

impl Provider {
    async fn start() -> Provider {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        let (answer, asked) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicU32::new(0)));
        let (said, count) = (Arc::clone(&answer), Arc::clone(&asked));
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let (said, count) = (Arc::clone(&said), Arc::clone(&count));
                tokio::spawn(async move {
                    let mut request = [0; 2_048];
                    while socket.read(&mut request).await.is_ok_and(|length| length > 0) {
                        count.fetch_add(1, Ordering::Relaxed);
                        let answer = said.lock().unwrap().clone();
                        if answer.is_empty() {
                            return;
                        }
                        socket.write_all(&answer).await.unwrap();
                    }
                });
            }
        });
        Provider { url, answer, asked }
    }

    fn publish(&self, signers: &[&Signer]) {
        let keys: Vec<Value> = signers.iter().map(|signer| signer.jwk()).collect();
        self.say("200 OK", json!({ "keys": keys }).to_string().as_bytes());
    }

    fn say(&self, status: &str, body: &[u8]) {
        let head = format!("HTTP/1.1 {status}\r\nlocation: /elsewhere\r\ncontent-length: {}\r\n\r\n", body.len());
        *self.answer.lock().unwrap() = [head.as_bytes(), body].concat();
    }

    /// Hangs up on everybody.
    fn go_away(&self) {
        self.answer.lock().unwrap().clear();
    }

    fn asked(&self) -> u32 {
        self.asked.load(Ordering::Relaxed)
    }

    fn settings(&self, refresh: Duration, keep: Duration) -> Settings {
        let mut settings = settings();
        settings.tokens.jwks = JwksFrom::new(&self.url);
        (settings.tokens.jwks_refresh, settings.tokens.jwks_keep) = (refresh, keep);
        settings
    }
}

const LONG: Duration = Duration::from_secs(3_000);

fn claims() -> Value {
    let now = jsonwebtoken::get_current_timestamp();
    json!({"sub": "kim", "role": "ops", "iss": "hansom", "iat": now, "exp": now + 600})
}

fn with(claim: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[claim] = value;
    claims
}

/// What the server says to a token: `welcome`, or the code of a problem.
async fn said(server: &Server, token: &str) -> String {
    let response = request(server, Method::GET, "/v1/ops/status", token).send().await.unwrap();
    if response.status().is_success() {
        return "welcome".to_owned();
    }
    let (status, code, body) = problem(response).await;
    assert_eq!(status, if code == "keys_unavailable" { 503 } else { 401 }, "{body}");
    assert!(!body.to_string().contains(token), "a token is never sent back");
    code
}

async fn until(server: &Server, token: &str, wanted: &str) {
    let waited = tokio::time::timeout(PATIENCE, async {
        while said(server, token).await != wanted {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    assert!(waited.await.is_ok(), "{wanted}");
}

fn with_pem(pem: &str) -> (tempfile::NamedTempFile, Settings) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), pem).unwrap();
    let mut settings = settings();
    settings.tokens.public_key_file = Some(file.path().to_owned());
    (file, settings)
}

#[tokio::test]
async fn what_a_private_key_signed_is_taken_and_nothing_else() {
    let signers = [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA].map(|kind| Signer::new(kind, None));
    let pem: String = signers.iter().map(|signer| signer.pem.as_str()).collect();
    let (_file, mut settings) = with_pem(&pem);
    settings.tokens.audience = Some("city".to_owned());
    let server = serve(settings).await;
    let now = jsonwebtoken::get_current_timestamp();
    for signer in &signers {
        let good = with("aud", json!(["city", "other"]));
        assert_eq!(said(&server, &signer.sign(&good)).await, "welcome");
        let mut driver = good.clone();
        (driver["sub"], driver["role"]) = (json!("ann"), json!("driver"));
        let mut phone = Phone::connect(&server, "/v1/driver", &signer.sign(&driver)).await.unwrap();
        assert_eq!(phone.hear().await["driver"], "ann");

        for (claim, value, code) in [
            ("exp", json!(now - 60), "token_expired"),
            ("nbf", json!(now + 60), "token_not_yet_valid"),
            ("iat", json!(now + 60), "token_not_yet_valid"),
            ("iss", json!("someone"), "token_issuer"),
            ("aud", json!("someone"), "token_issuer"),
            ("role", json!("king"), "token_claims"),
        ] {
            let mut claims = good.clone();
            claims[claim] = value;
            assert_eq!(said(&server, &signer.sign(&claims)).await, code, "{claim}");
        }
        assert_eq!(said(&server, &signer.sign(&claims())).await, "token_claims", "no audience");
        let stranger = Signer::new(signer.algorithm, None);
        assert_eq!(said(&server, &stranger.sign(&good)).await, "token_forged");
        // A token may bring its own key, or say where to fetch it: nobody looks.
        let own = serde_json::from_value(stranger.jwk()).unwrap();
        let header =
            Header { jwk: Some(own), jku: Some("http://127.0.0.1/keys".into()), ..Header::new(signer.algorithm) };
        assert_eq!(said(&server, &stranger.sign_under(&header, &good)).await, "token_forged");
        let header = Header { crit: Some(vec!["b64".into()]), ..Header::new(signer.algorithm) };
        assert_eq!(said(&server, &signer.sign_under(&header, &good)).await, "token_malformed");
    }
    let ours = jsonwebtoken::encode(
        &Header::new(Algorithm::HS256),
        &with("aud", json!("city")),
        &EncodingKey::from_secret(crate::street::SECRET),
    );
    assert_eq!(said(&server, &ours.unwrap()).await, "token_algorithm", "the secret signs quotes here, and no tokens");
    server.stop().await;
}

#[tokio::test]
async fn a_public_key_is_no_secret_to_sign_with() {
    let signer = Signer::new(Algorithm::RS256, None);
    let (_file, mut settings) = with_pem(&signer.pem);
    settings.tokens.algorithms = Some(vec![TokenAlgorithm::Hs256, TokenAlgorithm::Rs256]);
    let server = serve(settings).await;
    assert_eq!(said(&server, &signer.sign(&claims())).await, "welcome");
    assert_eq!(said(&server, &crate::street::token(&server, gateway::Role::Ops, "kim")).await, "welcome");
    for key in [signer.pem.as_str(), signer.pem.trim_end(), &signer.pem.lines().collect::<String>()] {
        let header = Header::new(Algorithm::HS256);
        let token = jsonwebtoken::encode(&header, &claims(), &EncodingKey::from_secret(key.as_bytes())).unwrap();
        assert_eq!(said(&server, &token).await, "token_forged");
    }
    // The same claims and signature under other names.
    let good = signer.sign(&claims());
    let (said_by, signature) = good.rsplit_once('.').unwrap();
    let payload = said_by.split_once('.').unwrap().1;
    // {"alg":"none","typ":"JWT"}, {"alg":"HS256"} and {"alg":"PS256"}.
    for (header, code) in [
        ("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0", "token_algorithm"),
        ("eyJhbGciOiJIUzI1NiJ9", "token_forged"),
        ("eyJhbGciOiJQUzI1NiJ9", "token_algorithm"),
    ] {
        assert_eq!(said(&server, &format!("{header}.{payload}.{signature}")).await, code, "{header}");
        assert_ne!(said(&server, &format!("{header}.{payload}.")).await, "welcome", "{header}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_rotated_key_is_known_at_its_first_token_and_the_old_one_forgotten() {
    let (old, new) = (Signer::new(Algorithm::ES256, Some("old")), Signer::new(Algorithm::RS256, Some("new")));
    let provider = Provider::start().await;
    provider.publish(&[&old]);
    let server = serve(provider.settings(LONG, LONG)).await;
    assert_eq!(said(&server, &old.sign(&claims())).await, "welcome");
    assert_eq!(provider.asked(), 1);

    provider.publish(&[&old, &new]);
    assert_eq!(said(&server, &new.sign(&claims())).await, "welcome", "nobody has to ask twice");
    assert_eq!(said(&server, &old.sign(&claims())).await, "welcome");
    let borrowed = Header { kid: Some("new".into()), ..Header::new(Algorithm::ES256) };
    assert_eq!(said(&server, &old.sign_under(&borrowed, &claims())).await, "token_key_unknown", "of another kind");
    let renamed = Signer::new(Algorithm::ES256, Some("old"));
    assert_eq!(said(&server, &renamed.sign(&claims())).await, "token_forged");
    assert_eq!(provider.asked(), 2);

    // Whoever makes up names of keys makes no requests.
    for nth in 0..50 {
        let header = Header { kid: Some(format!("made-up-{nth}")), ..Header::new(Algorithm::ES256) };
        assert_eq!(said(&server, &old.sign_under(&header, &claims())).await, "token_key_unknown");
    }
    assert_eq!(provider.asked(), 2);
    server.stop().await;
}

#[tokio::test]
async fn a_key_that_is_withdrawn_is_not_taken_any_more() {
    let (old, new) = (Signer::new(Algorithm::EdDSA, Some("old")), Signer::new(Algorithm::EdDSA, Some("new")));
    let provider = Provider::start().await;
    provider.publish(&[&old, &new]);
    let server = serve(provider.settings(Duration::from_millis(100), LONG)).await;
    assert_eq!(said(&server, &old.sign(&claims())).await, "welcome");
    provider.publish(&[&new]);
    until(&server, &old.sign(&claims()), "token_key_unknown").await;
    assert_eq!(said(&server, &new.sign(&claims())).await, "welcome");
    server.stop().await;
}

#[tokio::test]
async fn keys_hold_while_their_source_is_away_or_talks_nonsense_but_not_for_ever() {
    let signer = Signer::new(Algorithm::ES256, Some("one"));
    let token = signer.sign(&claims());
    let provider = Provider::start().await;
    provider.publish(&[&signer]);
    let server = serve(provider.settings(Duration::from_millis(100), Duration::from_secs(2))).await;
    let endless = [b"{\"keys\":[".as_slice(), &vec![b' '; 200_000], b"]}"].concat();
    let sayings: [(&str, &[u8]); 5] = [
        ("500 Broken", b"{}"),
        ("302 Found", b""),
        ("200 OK", b"nonsense"),
        ("200 OK", b"{\"keys\":[]}"),
        ("200 OK", &endless),
    ];
    for (status, body) in sayings {
        provider.say(status, body);
        let before = provider.asked();
        while provider.asked() < before + 2 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(said(&server, &token).await, "welcome", "{status}");
        provider.publish(&[&signer]);
        let before = provider.asked();
        while provider.asked() < before + 2 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    provider.go_away();
    assert_eq!(said(&server, &token).await, "welcome");
    until(&server, &token, "keys_unavailable").await;
    let response = request(&server, Method::GET, "/v1/ops/status", &token).send().await.unwrap();
    assert_eq!(response.headers()["retry-after"], "1");
    provider.publish(&[&signer]);
    until(&server, &token, "welcome").await;
    server.stop().await;
}

#[tokio::test]
async fn a_server_starts_before_its_keys_can_be_had() {
    let signer = Signer::new(Algorithm::ES256, None);
    let token = signer.sign(&claims());
    let provider = Provider::start().await;
    let server = serve(provider.settings(Duration::from_millis(100), LONG)).await;
    assert_eq!(said(&server, &token).await, "keys_unavailable");
    provider.publish(&[&signer]);
    until(&server, &token, "welcome").await;
    server.stop().await;
}

#[tokio::test]
async fn files_without_a_key_stop_the_start_and_say_so() {
    let (file, settings) = with_pem("nonsense");
    let store = || Some(Arc::new(persistence::MemoryStore::default()) as Arc<dyn persistence::Store>);
    let refused = gateway::serve(settings, Given { store: store(), ..Given::default() }).await.unwrap_err();
    assert!(matches!(refused, ServeError::Keys(_)), "{refused}");
    let mut settings = crate::street::settings();
    settings.tokens.jwks = JwksFrom::new(file.path().to_str().unwrap());
    let refused = gateway::serve(settings, Given { store: store(), ..Given::default() }).await.unwrap_err();
    assert!(refused.to_string().contains("no usable public key"), "{refused}");
}

#[test]
fn keys_are_fetched_only_from_who_cannot_be_impersonated() {
    for text in ["https://id.example/keys", "http://127.0.0.1:8080/keys", "http://localhost/keys", "/etc/keys.json"] {
        assert!(JwksFrom::new(text).is_some(), "{text}");
    }
    for text in
        ["http://id.example/keys", "http://127.0.0.1.example/", "ftp://id.example/", "https://a:b@id.example/", ""]
    {
        assert!(JwksFrom::new(text).is_none(), "{text}");
    }
}
