//! What strangers send, for fuzzers and for tests that do as fuzzers do. In no build that serves.
//!
//! Lives here: every decoder of the doors as a function of bytes, what must hold whatever the bytes are, and good messages to
//! begin with.
//! Stays out: fuzzers (`gateway/fuzz`), and bytes made by chance (the tests).
//! Touch with care: a target that only finds fewer panics looks like one that finds none. Each says whether the bytes were
//! taken, and tests hold every good message to be.

use std::net::IpAddr;
use std::sync::OnceLock;

use actors::Cursor;
use axum::http::{HeaderMap, HeaderValue};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::Value;

use crate::address::who_asks;
use crate::auth::{Keys, Secret, read_jwks, read_pem};
use crate::config::{Layers, Network, ProxiesWrite};
use crate::fields::Mistake;
use crate::trace::TraceParent;
use crate::websocket::frames::{Fault, Frames, MESSAGE_BYTES_MAX, Message};
use crate::wire::{FromDriver, NewTripBody, ToDriver, read_binary};
use crate::worth::{read_worth, write_worth};

/// The most that is said about any mistake, however long what was wrong.
const ANSWER_BYTES_MAX: usize = 4_096;

const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

/// One decoder.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, also that of the fuzz target.
    pub name: &'static str,
    /// Gives it bytes; whether they were taken. Panics when a promise is broken.
    pub run: fn(&[u8]) -> bool,
    /// Good messages.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// All decoders.
pub const TARGETS: [Target; 12] = [
    Target { name: "from_driver", run: from_driver, seeds: from_driver_seeds },
    Target { name: "binary", run: binary, seeds: binary_seeds },
    Target { name: "order", run: order, seeds: order_seeds },
    Target { name: "token", run: token, seeds: token_seeds },
    Target { name: "quote", run: quote, seeds: quote_seeds },
    Target { name: "public_keys", run: public_keys, seeds: public_keys_seeds },
    Target { name: "settings", run: settings, seeds: settings_seeds },
    Target { name: "worth", run: worth, seeds: worth_seeds },
    Target { name: "cursor", run: cursor, seeds: || texts(&["3-7.12", "0-0.0", "18446744073709551615-1.9"]) },
    Target { name: "traceparent", run: traceparent, seeds: traceparent_seeds },
    Target { name: "frames", run: frames, seeds: frames_seeds },
    Target { name: "forwarded", run: forwarded, seeds: forwarded_seeds },
];

fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

fn keys() -> &'static Keys {
    static KEYS: OnceLock<Keys> = OnceLock::new();
    KEYS.get_or_init(|| Keys::new(&secret(), "hansom"))
}

fn secret() -> Secret {
    Secret::new(SECRET).expect("it has 32 bytes")
}

/// A mistake says what is wrong in a bounded answer that can be written.
fn is_told(mistake: &Mistake) -> bool {
    assert!(mistake.to_string().len() <= ANSWER_BYTES_MAX, "{mistake}");
    false
}

/// A text frame of a driver.
pub fn from_driver(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    match FromDriver::read(text) {
        Ok(FromDriver::Pings(positions)) => {
            assert!((1..=100).contains(&positions.len()));
            true
        }
        Ok(_) => true,
        Err(unreadable) => {
            is_told(&unreadable.mistake);
            let said = serde_json::to_string(&ToDriver::error(unreadable)).expect("an answer can be written");
            assert!(said.len() <= 2 * ANSWER_BYTES_MAX, "{said}");
            false
        }
    }
}

fn from_driver_seeds() -> Vec<Vec<u8>> {
    texts(&[
        r#"{"type":"hello","id":1,"app":"ios 3.1","sent_at_ms":1764000000000}"#,
        r#"{"type":"online","id":2,"lat":40.75,"lon":-73.98,"vehicle":{"class":"xl","seats":6,"wheelchair":true,"pets":false}}"#,
        r#"{"type":"go_home","id":8,"home":{"lat":40.7,"lon":-74.0}}"#,
        r#"{"type":"break","id":4}"#,
        r#"{"type":"ping","seq":7,"lat":40.75,"lon":-73.98,"at_ms":1764000000000,"heading":90,"accuracy_m":8}"#,
        r#"{"type":"pings","pings":[{"seq":9,"lat":40.75,"lon":-73.98,"at_ms":1764000000000},{"seq":10,"lat":40.75,"lon":-73.98}]}"#,
        r#"{"type":"ack","cursor":"3-7.12"}"#,
    ])
}

/// A binary frame of a driver.
pub fn binary(bytes: &[u8]) -> bool {
    match read_binary(bytes) {
        Ok(FromDriver::Ping(_)) => bytes.len() == 25,
        Ok(FromDriver::Pings(positions)) => {
            assert_eq!(bytes.len(), 1 + 24 * positions.len());
            true
        }
        Ok(other) => panic!("positions and nothing else: {other:?}"),
        Err(unreadable) => is_told(&unreadable.mistake),
    }
}

fn binary_seeds() -> Vec<Vec<u8>> {
    let position = |seq: u32| {
        let mut bytes = seq.to_le_bytes().to_vec();
        bytes.extend(407_500_000i32.to_le_bytes());
        bytes.extend((-739_800_000i32).to_le_bytes());
        bytes.extend(1_764_000_000_000u64.to_le_bytes());
        bytes.extend(9_000u16.to_le_bytes());
        bytes.extend(8u16.to_le_bytes());
        bytes
    };
    [1, 2, 100].map(|count| [vec![1], (0..count).flat_map(position).collect()].concat()).to_vec()
}

/// The body of a rider's request, and of a question for the price.
pub fn order(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let (trip, question) = (NewTripBody::read(text), NewTripBody::read_order(text));
    if let (Ok(trip), Ok(question)) = (&trip, &question) {
        assert_eq!(trip.order, *question, "a request and a question mean the same");
    }
    trip.map_or_else(|mistake| is_told(&mistake), |_| true)
}

fn order_seeds() -> Vec<Vec<u8>> {
    texts(&[
        r#"{"pickup":{"lat":40.75,"lon":-73.98},"dropoff":{"lat":40.755,"lon":-73.98}}"#,
        r#"{"pickup":{"lat":40.75,"lon":-73.98},"dropoff":{"lat":40.755,"lon":-73.98},"needs":{"class":"xl","seats":6,"wheelchair":true}}"#,
        r#"{"pickup":{"lat":0,"lon":0},"dropoff":{"lat":1,"lon":1},"pickup_at_ms":1764000000000,"shared":true,"quote":"eyJ.x.y"}"#,
    ])
}

/// A token as it comes, and claims that somebody with the secret signed.
pub fn token(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    if let Ok(claims) = serde_json::from_str::<Value>(text) {
        let signed = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(SECRET));
        return signed.is_ok_and(|token| is_good(&token));
    }
    is_good(text)
}

fn is_good(token: &str) -> bool {
    match keys().check(token) {
        Ok(who) => {
            assert!((1..=64).contains(&who.name().len()), "{who:?}");
            true
        }
        Err(bad) => {
            assert!(token.len() < 16 || !bad.to_string().contains(token), "a token is never shown");
            false
        }
    }
}

fn token_seeds() -> Vec<Vec<u8>> {
    let claims = r#"{"sub":"ann","role":"driver","iss":"hansom","iat":1764000000,"exp":4764000000}"#;
    let signed = serde_json::from_str::<Value>(claims).ok().and_then(|claims| {
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(SECRET)).ok()
    });
    texts(&[claims, &signed.unwrap_or_default()])
}

/// A quote as it comes, and what somebody with the key signed as one.
pub fn quote(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let signed = serde_json::from_str::<Value>(text).ok().and_then(|said| keys().sign_as_quote(&said));
    let Some(quote) = keys().read_quote(signed.as_deref().unwrap_or(text)) else { return false };
    if quote.order.fare.is_some() {
        let again = keys().sign_quote(&quote).and_then(|text| keys().read_quote(&text));
        assert_eq!(again, Some(quote), "a quote comes back as it left");
    }
    true
}

fn quote_seeds() -> Vec<Vec<u8>> {
    let said = concat!(
        r#"{"rider":"eve","pickup":[40.75,-73.98],"dropoff":[40.755,-73.98],"class":"xl","seats":2,"wheelchair":false,"#,
        r#""pets":true,"shared":false,"minor":1250,"currency":"USD","surge":130,"until":1764000120000}"#
    );
    let signed = serde_json::from_str::<Value>(said).ok().and_then(|said| keys().sign_as_quote(&said));
    texts(&[said, &signed.unwrap_or_default()])
}

/// A file of public keys, and a set of them.
pub fn public_keys(bytes: &[u8]) -> bool {
    let (pem, set) = (read_pem(bytes), read_jwks(bytes));
    for keys in [&pem, &set].into_iter().flatten() {
        assert!((1..=32).contains(&keys.len()));
        for key in keys {
            assert!(!key.signed(b"nothing", "AAAA"), "{key:?}");
        }
    }
    pem.is_some() || set.is_some()
}

fn public_keys_seeds() -> Vec<Vec<u8>> {
    // The keys of RFC 7517 (A.1), RFC 8037 (A.2), and one of Ed25519 as X.509 writes it (RFC 8410, 10.1).
    texts(&[
        concat!(
            r#"{"keys":[{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","#,
            r#""y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","use":"sig","kid":"1"},"#,
            r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#
        ),
        concat!(
            r#"{"keys":[{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6"#,
            "tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMic",
            "AtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_",
            r#"xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}]}"#
        ),
        concat!(
            "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n",
            "-----END PUBLIC KEY-----\n"
        ),
    ])
}

/// A file of settings.
pub fn settings(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let Ok(table) = toml::from_str::<toml::Table>(text) else { return false };
    let mut layers = Layers::new();
    let read = layers.table(&table, "fuzz").and_then(|()| layers.settings());
    match read {
        Ok(settings) => {
            assert_eq!(settings.check(), Ok(()), "what was taken may be");
            assert!(!layers.shown().expect("what was taken can be shown").is_empty());
            true
        }
        Err(bad) => {
            assert!(!bad.to_string().is_empty());
            false
        }
    }
}

fn settings_seeds() -> Vec<Vec<u8>> {
    texts(&[
        "listen = \"127.0.0.1:0\"\narbiters = 2\nmode = \"development\"\n[limits]\nconnections = 77\nburst = 3.5\n",
        "jwt_issuer = \"city\"\njwt_jwks = \"https://id.example/keys\"\njwt_algorithms = \"RS256,ES256\"\n",
        "[limits]\ntrusted_proxies = \"10.0.0.0/8, ::1\"\nloopback_exempt = false\n[cors]\norigins = \"https://a.example\"\n",
        "[policy]\nversion = \"x\"\n[policy.reposition]\non = \"true\"\n[policy.fares]\ncurrency = \"EUR\"\n",
    ])
}

/// A file of what free cars are worth.
pub fn worth(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let Ok(values) = read_worth(text, 0) else { return false };
    let again = read_worth(&write_worth(&values), 0).expect("what was read can be written and read again");
    assert!(again.rows().eq(values.rows()), "and says the same");
    true
}

fn worth_seeds() -> Vec<Vec<u8>> {
    texts(&[
        "hansom-worth 1\nresolution 8\nslot_min 240\nday_kinds alike\n882a100d65fffff 0 100 200 300 400 500\n",
        "# by hand\nhansom-worth 1\n\nresolution 8\nslot_min 240\nday_kinds alike\n",
    ])
}

/// How far a phone has heard.
pub fn cursor(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let Ok(cursor) = text.parse::<Cursor>() else { return false };
    assert_eq!(cursor.to_string().parse(), Ok(cursor));
    true
}

/// The trace of a request.
pub fn traceparent(bytes: &[u8]) -> bool {
    let Some(trace) = TraceParent::read(bytes) else { return false };
    let again = TraceParent::read(trace.passed_on().as_bytes()).expect("what is sent back is one, too");
    assert_eq!(again.to_string(), trace.to_string());
    true
}

fn traceparent_seeds() -> Vec<Vec<u8>> {
    texts(&[
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00-more",
    ])
}

/// The bytes of a WebSocket, first in one piece and then one by one.
pub fn frames(bytes: &[u8]) -> bool {
    let whole = heard(std::iter::once(bytes));
    assert_eq!(heard(bytes.chunks(1)), whole, "the same, however it is cut");
    let fits = |content: &[u8]| content.len() <= MESSAGE_BYTES_MAX.min(bytes.len());
    assert!(whole.iter().flatten().all(|message| match message {
        Message::Text(text) => fits(text.as_bytes()),
        Message::Binary(content) | Message::Ping(content) => fits(content),
        Message::Pong | Message::Close => true,
    }));
    whole.iter().any(Result::is_ok)
}

/// All messages of these pieces, up to the first fault after which nothing can be heard.
fn heard<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Vec<Result<Message, Fault>> {
    let (mut frames, mut heard) = (Frames::default(), Vec::new());
    for piece in pieces {
        frames.feed(piece);
        while let Some(message) = frames.next().transpose() {
            heard.push(message);
        }
    }
    heard
}

fn frames_seeds() -> Vec<Vec<u8>> {
    // Masks of nothing: the content can be read here.
    let said =
        |first: u8, content: &str| [&[first, 0x80 | content.len() as u8, 0, 0, 0, 0], content.as_bytes()].concat();
    vec![
        said(0x81, "hello"),
        [said(0x01, "hel"), said(0x89, "ping"), said(0x80, "lo")].concat(),
        [said(0x82, "bytes"), said(0x8A, ""), said(0x88, "")].concat(),
    ]
}

/// For whom a proxy asks, in either header.
pub fn forwarded(bytes: &[u8]) -> bool {
    const HEADERS: [ProxiesWrite; 2] = [ProxiesWrite::XForwardedFor, ProxiesWrite::Forwarded];
    let mut headers = HeaderMap::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        let Ok(value) = HeaderValue::from_bytes(line) else { return false };
        for header in HEADERS {
            headers.append(header.as_str(), value.clone());
        }
    }
    let trusted: Vec<Network> = ["10.0.0.0/8", "::1"].iter().filter_map(|text| text.parse().ok()).collect();
    let (stranger, proxy) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([10, 0, 0, 1]));
    let asks = |peer, header| who_asks(peer, &headers, &trusted, header);
    assert_eq!(HEADERS.map(|header| asks(stranger, header)), [stranger; 2], "who is not trusted asks for itself");
    HEADERS.into_iter().any(|header| asks(proxy, header) != proxy)
}

fn forwarded_seeds() -> Vec<Vec<u8>> {
    texts(&[
        "198.51.100.7",
        "1.1.1.1, 198.51.100.7, 10.2.2.2",
        "[2001:db8::1]:4711\n10.0.0.3",
        "198.51.100.7:80",
        "for=192.0.2.60;proto=http;by=203.0.113.43, for=10.2.2.2",
        "for=\"a\\\",b\"\nfor=\"[2001:db8::1]:4711\";by=_x",
    ])
}

#[cfg(test)]
mod tests;
