//! A client of HTTP/1.1 that speaks TLS when the address asks for it. It follows no redirections and keeps no cookies.

use std::io;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, Response};
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

pub(crate) use axum::body::Bytes;
pub(crate) use hyper_util::client::legacy::Error;

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

    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> Result<Response<Body>, Error> {
        let response = match self {
            Client::Plain(client) => client.request(request).await?,
            Client::Tls(client) => client.request(request).await?,
        };
        Ok(response.map(Body::new))
    }
}
