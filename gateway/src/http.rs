//! A client of HTTP/1.1 that speaks TLS when the address asks for it. It follows no redirections and keeps no cookies.

use std::error::Error;
use std::io;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::timeout;

pub(crate) use axum::body::Bytes;
pub(crate) use hyper_util::client::legacy::Error as ClientError;

/// How long a connection that nobody uses is kept: less than servers and load balancers commonly do.
const KEPT_FOR: Duration = Duration::from_secs(20);

/// A client whose connections are kept and used again.
#[derive(Clone, Debug)]
pub(crate) enum Client {
    /// Where nobody asks for TLS, the machine need not have its roots.
    Plain(legacy::Client<HttpConnector, Full<Bytes>>),
    /// For `https`, and `http`.
    Tls(legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>),
}

impl Client {
    /// A client for these addresses.
    ///
    /// # Errors
    /// When one of them is `https` and the machine has no root certificates.
    pub(crate) fn new<'a>(mut urls: impl Iterator<Item = &'a str>) -> io::Result<Client> {
        let mut builder = legacy::Client::builder(TokioExecutor::new());
        builder.pool_timer(TokioTimer::new()).pool_idle_timeout(KEPT_FOR);
        let mut sockets = HttpConnector::new();
        sockets.enforce_http(false);
        sockets.set_nodelay(true);
        if urls.any(|url| url.starts_with("https:")) {
            let tls = HttpsConnectorBuilder::new().with_native_roots()?.https_or_http().enable_http1();
            return Ok(Client::Tls(builder.build(tls.wrap_connector(sockets))));
        }
        Ok(Client::Plain(builder.build(sockets)))
    }

    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> Result<Response<Body>, ClientError> {
        let response = match self {
            Client::Plain(client) => client.request(request).await?,
            Client::Tls(client) => client.request(request).await?,
        };
        Ok(response.map(Body::new))
    }
}

/// The most that is read of an answer to a command.
const ANSWER_BYTES_MAX: usize = 4 * 1_024 * 1_024;

/// Asks once, for commands: the status and the body of the answer. Over `https` the server must show a certificate that
/// this machine trusts (its roots, or those of `SSL_CERT_FILE`).
///
/// # Errors
/// When nobody answers within `within`, or not as HTTP.
pub async fn ask(
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: Option<&str>,
    within: Duration,
) -> Result<(u16, String), Box<dyn Error + Send + Sync>> {
    let client = Client::new([url].into_iter())?;
    let mut request = Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if body.is_some() {
        request = request.header(CONTENT_TYPE, "application/json");
    }
    let request = request.body(Full::new(Bytes::from(body.unwrap_or_default().to_owned())))?;
    let asked = async {
        let response = client.send(request).await?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await?.to_bytes();
        Ok((status, String::from_utf8_lossy(&body).into_owned()))
    };
    timeout(within, asked).await.unwrap_or_else(|_| Err("no answer in time".into()))
}
