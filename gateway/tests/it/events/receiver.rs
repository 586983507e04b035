//! A receiver of webhooks: an HTTP server that checks every signature and answers as it is told, well or badly.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::SIGNED_WITH;

/// What was posted.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) id: String,
    pub(crate) attempt: u32,
    /// What this attempt is called in the event's trace.
    pub(crate) span: String,
}

/// What to answer.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    Status(u16),
    /// A status and one more header.
    With(u16, String),
    /// Nothing, for as long as the other side waits.
    Hang,
    /// Ends the connection without a word.
    Cut,
}

#[derive(Default)]
struct Told {
    seen: Vec<Seen>,
    taken: Vec<String>,
}

pub(crate) struct Receiver {
    pub(crate) url: String,
    told: Arc<Mutex<Told>>,
}

type Answer = Arc<dyn Fn(&Seen) -> Reply + Send + Sync>;

impl Receiver {
    pub(crate) async fn start(answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Receiver {
        Receiver::listen(answer, None).await
    }

    /// One that takes everything, over TLS.
    pub(crate) async fn over_tls(acceptor: TlsAcceptor) -> Receiver {
        Receiver::listen(|_| Reply::Status(204), Some(acceptor)).await
    }

    async fn listen(answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static, tls: Option<TlsAcceptor>) -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{}/hook?city=1", listener.local_addr().unwrap());
        let told = Arc::new(Mutex::new(Told::default()));
        let (answer, heard): (Answer, _) = (Arc::new(answer), Arc::clone(&told));
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (answer, heard, tls) = (Arc::clone(&answer), Arc::clone(&heard), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => converse(socket, answer, heard).await,
                        Some(tls) => {
                            // A client that does not trust us ends here.
                            if let Ok(socket) = tls.accept(socket).await {
                                converse(socket, answer, heard).await;
                            }
                        }
                    }
                });
            }
        });
        Receiver { url, told }
    }

    /// One that takes everything.
    pub(crate) async fn willing() -> Receiver {
        Receiver::start(|_| Reply::Status(204)).await
    }

    /// Everything that was posted, in order.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.told.lock().unwrap().seen.clone()
    }

    /// The names of what was answered well, in order.
    pub(crate) fn taken(&self) -> Vec<String> {
        self.told.lock().unwrap().taken.clone()
    }

    pub(crate) fn taken_count(&self) -> usize {
        self.told.lock().unwrap().taken.len()
    }
}

/// Requests over one connection, one after the other.
async fn converse(mut socket: impl AsyncRead + AsyncWrite + Unpin, answer: Answer, told: Arc<Mutex<Told>>) {
    let mut bytes = Vec::new();
    while let Some((head, body)) = request(&mut socket, &mut bytes).await {
        let seen = check(&head, &body);
        let reply = answer(&seen);
        let (status, header) = match &reply {
            Reply::Status(status) => (*status, String::new()),
            Reply::With(status, header) => (*status, format!("{header}\r\n")),
            Reply::Hang | Reply::Cut => (0, String::new()),
        };
        {
            let mut told = told.lock().unwrap();
            if (200..300).contains(&status) {
                told.taken.push(seen.id.clone());
            }
            told.seen.push(seen);
        }
        match reply {
            Reply::Cut => return,
            Reply::Hang => return tokio::time::sleep(Duration::from_secs(3_600)).await,
            Reply::Status(_) | Reply::With(..) => {
                let length = if status == 204 { "" } else { "Content-Length: 2\r\n" };
                let body = if status == 204 { "" } else { "ok" };
                let answer = format!("HTTP/1.1 {status} Said\r\n{header}{length}\r\n{body}");
                if socket.write_all(answer.as_bytes()).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// The next request: its head, and a body as long as it says.
async fn request(socket: &mut (impl AsyncRead + Unpin), bytes: &mut Vec<u8>) -> Option<(String, Vec<u8>)> {
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
            let length: usize = header(&head, "content-length").parse().unwrap();
            if bytes.len() >= end + 4 + length {
                let body = bytes[end + 4..end + 4 + length].to_vec();
                bytes.drain(..end + 4 + length);
                return Some((head, body));
            }
        }
        if socket.read_buf(bytes).await.ok()? == 0 {
            return None;
        }
    }
}

fn header<'h>(head: &'h str, name: &str) -> &'h str {
    let lines = head.lines().filter_map(|line| line.split_once(": "));
    lines.filter(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value).next().unwrap_or_default()
}

/// Checks what every webhook promises.
fn check(head: &str, body: &[u8]) -> Seen {
    assert!(head.starts_with("POST /hook?city=1 HTTP/1.1\r\n"), "{head}");
    assert_eq!(header(head, "content-type"), "application/cloudevents+json; charset=utf-8");
    assert!(is_signed_with(SIGNED_WITH, header(head, "hansom-signature"), body), "{head}");
    assert!(!is_signed_with("another secret of the tests, 32 bytes", header(head, "hansom-signature"), body));
    let event: Value = serde_json::from_slice(body).unwrap();
    assert_eq!((&event["specversion"], &event["datacontenttype"]), (&"1.0".into(), &"application/json".into()));
    assert_eq!(event["id"], header(head, "hansom-event-id"));
    let attempt = header(head, "hansom-attempt").parse().unwrap();
    let id = event["id"].as_str().unwrap().to_owned();
    let span = span_of(&id, header(head, "traceparent"));
    Seen { id, attempt, span }
}

/// Checks that the trace is the one that `EVENTS.md` promises. Returns the span.
fn span_of(id: &str, traceparent: &str) -> String {
    let parts: Vec<&str> = traceparent.split('-').collect();
    let &[version, trace, span, flags] = parts.as_slice() else { panic!("four parts: {traceparent}") };
    let digest: String = Sha256::digest(id).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!((version, trace, flags), ("00", &digest[..32], "01"), "{id}");
    assert!(span.len() == 16 && span.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')), "{span}");
    assert_ne!(span, "0".repeat(16));
    span.to_owned()
}

/// As `EVENTS.md` tells receivers to check.
fn is_signed_with(secret: &str, signature: &str, body: &[u8]) -> bool {
    let t = signature.split(',').find_map(|part| part.strip_prefix("t=")).unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    assert!(now.abs_diff(t.parse().unwrap()) < 300, "signed at {t}");
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(&[t.as_bytes(), b".", body].concat());
    let expected: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    signature.split(',').any(|part| part.strip_prefix("v1=") == Some(&expected))
}
