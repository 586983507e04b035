//! The handshake of a WebSocket (RFC 6455, 4.2): from a request to a [`Line`].

use std::future::Future;

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::http::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::Response;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::upgrade::downcast;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tracing::{debug, error};

use super::Line;
use crate::Code;
use crate::app::subprotocols;
use crate::doorway::Connection;
use crate::problem::Problem;

/// The one version there is.
pub(crate) const VERSION: &str = "13";

/// A request that may become a WebSocket.
#[derive(Debug)]
pub(crate) struct Upgrade {
    connection: OnUpgrade,
    accept: String,
    protocol: Option<&'static str>,
}

impl<S: Sync> FromRequestParts<S> for Upgrade {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Upgrade, Problem> {
        let read = accept(parts).and_then(|accept| {
            let connection = parts.extensions.remove::<OnUpgrade>().ok_or("this connection cannot become one")?;
            Ok(Upgrade { connection, accept, protocol: None })
        });
        read.map_err(|lacking| {
            Problem::new(Code::UpgradeRequired, format!("this address is a WebSocket, and {lacking}"))
                .allowed("a WebSocket handshake, version 13")
        })
    }
}

/// What is answered to the key of a handshake.
///
/// # Errors
/// What makes it no handshake.
fn accept(parts: &Parts) -> Result<String, &'static str> {
    let says = |name, token| if has(&parts.headers, &name, token) { Some(()) } else { None };
    (parts.method == Method::GET).then_some(()).ok_or("the method is not GET")?;
    says(CONNECTION, "upgrade").ok_or("the header Connection does not say upgrade")?;
    says(UPGRADE, "websocket").ok_or("the header Upgrade does not say websocket")?;
    says(SEC_WEBSOCKET_VERSION, VERSION).ok_or("the header Sec-WebSocket-Version does not say 13")?;
    let key = parts.headers.get(SEC_WEBSOCKET_KEY).ok_or("the header Sec-WebSocket-Key is missing")?;
    Ok(derive_accept_key(key.as_bytes()))
}

/// Whether one of the values of a header is this one.
fn has(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    let lines = headers.get_all(name).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|value| value.trim().eq_ignore_ascii_case(token))
}

impl Upgrade {
    /// Chooses the first of these subprotocols that the client offers.
    ///
    /// # Errors
    /// [`Problem`] when it offers some, but none of these.
    pub(crate) fn choose(mut self, headers: &HeaderMap, spoken: &'static [&'static str]) -> Result<Upgrade, Problem> {
        self.protocol = spoken.iter().copied().find(|spoken| subprotocols(headers).any(|offered| offered == *spoken));
        if self.protocol.is_none() && subprotocols(headers).next().is_some() {
            // What was offered is not shown: it may be a token.
            let spoken = spoken.join(" or ");
            let detail = format!("none of the subprotocols offered is {spoken}");
            return Err(Problem::new(Code::BadValue, detail).field("Sec-WebSocket-Protocol").allowed(spoken));
        }
        Ok(self)
    }

    /// The subprotocol that was chosen.
    pub(crate) fn protocol(&self) -> Option<&'static str> {
        self.protocol
    }

    /// Answers the handshake, and hands over the line as soon as the answer is written.
    pub(crate) fn answer<F>(self, talk: impl FnOnce(Line) -> F + Send + 'static) -> Response
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let Upgrade { connection, accept, protocol } = self;
        tokio::spawn(async move {
            let upgraded = match connection.await {
                Ok(upgraded) => upgraded,
                Err(error) => return debug!(%error, "a handshake was not finished"),
            };
            match downcast::<TokioIo<Connection>>(upgraded) {
                // A task of its own: this one has room for a handshake, and would keep it.
                Ok(parts) => drop(tokio::spawn(talk(Line::new(parts.io.into_inner(), &parts.read_buf)))),
                Err(_) => error!("a connection did not come through the doorway: its WebSocket is not served"),
            }
        });
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        if let Ok(accept) = HeaderValue::from_str(&accept) {
            headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
        }
        if let Some(protocol) = protocol {
            headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(protocol));
        }
        response
    }
}
