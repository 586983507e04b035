//! Asking a running server, for commands. One request over a plain socket: that is not worth an HTTP client. One over TLS is.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use crate::Failure;

/// How long a healthy server takes at most.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);

/// The most that is read of an answer.
const ANSWER_BYTES_MAX: u64 = 4 * 1_024 * 1_024;

/// What a server answered.
pub(crate) struct Answer {
    /// The first line, as in `HTTP/1.1 200 OK`.
    pub(crate) status: String,
    pub(crate) body: String,
}

impl Answer {
    /// Whether the answer is good.
    pub(crate) fn is_good(&self) -> bool {
        self.status.split_whitespace().nth(1).is_some_and(|code| code.starts_with('2'))
    }
}

/// The host and port in `http://HOST:PORT` or `https://HOST:PORT`.
///
/// # Errors
/// [`Failure`] when it is no such address.
pub(crate) fn host(url: &str) -> Result<&str, Failure> {
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    let host = rest.map(|rest| rest.trim_end_matches('/')).filter(|host| !host.is_empty() && !host.contains('/'));
    host.ok_or_else(|| {
        let message = format!("--url is {url:?}, allowed is http://HOST:PORT or https://HOST:PORT");
        Failure { code: 2, message }
    })
}

fn ask_over_tls(
    host: &str,
    request: &str,
    token: Option<&str>,
    headers: &[(&str, &str)],
    body: Option<&str>,
) -> Result<Answer, Failure> {
    let (method, path) = request.split_once(' ').unwrap_or(("GET", request));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let url = format!("https://{host}{path}");
    let token = token.map(|token| format!("Bearer {token}"));
    let token = token.as_ref().map(|token| ("authorization", token.as_str()));
    let headers: Vec<(&str, &str)> = headers.iter().copied().chain(token).collect();
    let asked = gateway::ask_over_http(method, &url, &headers, body, ANSWERS_WITHIN);
    let answered = runtime.block_on(asked);
    let (status, body) = answered.map_err(|error| {
        let Failure { message, .. } = Failure::of(1, error.as_ref());
        Failure { code: 1, message: format!("{host} does not answer: {message}") }
    })?;
    Ok(Answer { status: format!("HTTP/1.1 {status}"), body })
}

/// Asks once.
///
/// # Errors
/// [`Failure`] when nobody answers.
pub(crate) fn ask(url: &str, request: &str, token: Option<&str>) -> Result<Answer, Failure> {
    send(url, request, token, &[], None)
}

/// Asks once, with headers and a body in JSON.
///
/// # Errors
/// [`Failure`] when nobody answers.
pub(crate) fn send(
    url: &str,
    request: &str,
    token: Option<&str>,
    headers: &[(&str, &str)],
    body: Option<&str>,
) -> Result<Answer, Failure> {
    let host = host(url)?;
    if url.starts_with("https:") {
        return ask_over_tls(host, request, token, headers, body);
    }
    let address = host.to_socket_addrs().ok().and_then(|mut found| found.next());
    let address = address.ok_or_else(|| Failure { code: 2, message: format!("--url: {host} has no address") })?;
    let token = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let kind = if body.is_some() { "Content-Type: application/json\r\n" } else { "" };
    let (body, end) = (body.unwrap_or_default(), "Connection: close\r\n\r\n");
    let length = format!("Content-Length: {}\r\n", body.len());
    let asked = format!("{request} HTTP/1.1\r\nHost: {host}\r\n{token}{headers}{kind}{length}{end}{body}");
    let answer = TcpStream::connect_timeout(&address, ANSWERS_WITHIN).and_then(|mut stream| {
        stream.set_read_timeout(Some(ANSWERS_WITHIN))?;
        stream.set_write_timeout(Some(ANSWERS_WITHIN))?;
        stream.write_all(asked.as_bytes())?;
        let mut answer = String::new();
        stream.take(ANSWER_BYTES_MAX).read_to_string(&mut answer)?;
        Ok::<String, io::Error>(answer)
    });
    let answer = answer.map_err(|error| Failure { code: 1, message: format!("{host} does not answer: {error}") })?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    Ok(Answer { status: head.lines().next().unwrap_or_default().to_owned(), body: body.to_owned() })
}
