//! What all doors share.
//!
//! Lives here: the city behind the doors, the phase of life, the keys, the limits, the counters.
//! Stays out: what a door does with them.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use actors::{City, Recovery};
use axum::extract::ConnectInfo;
use axum::http::header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL, UPGRADE};
use axum::http::{Extensions, HeaderMap};
use dispatch::{DriverId, RiderId};
use persistence::Store;
use tokio::sync::{mpsc, watch};

use crate::Code;
use crate::address::{Peer, who_asks};
use crate::auth::{BadToken, Identity, Keys};
use crate::config::Limits;
use crate::drain::Drain;
use crate::limiter::{Kind, Limiter, Rate, TooMuch};
use crate::metrics::Metrics;
use crate::nearby::Nearby;
use crate::policy::Rulebook;
use crate::problem::Problem;

/// Where in its life a server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The doors are there, the city is being loaded.
    Starting,
    /// All is well.
    Ready,
    /// No new guests; those who are here are sent elsewhere one by one, but for drivers on a trip.
    Draining(Drain),
    /// No new guests; those who are here are told to go.
    Stopping,
}

/// Where a token may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carrier {
    /// In the header made for it.
    Header,
    /// There, or in the list of subprotocols: a browser can send no header with a WebSocket.
    HeaderOrSubprotocol,
}

/// What all doors share.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) keys: Keys,
    pub(crate) limits: Limits,
    limiter: Limiter,
    /// How many frames one socket may send.
    pub(crate) frames: Rate,
    pub(crate) metrics: Metrics,
    pub(crate) phase: watch::Sender<Phase>,
    /// How far the city has come in taking up its work.
    pub(crate) recovery: Recovery,
    /// Held by every open socket: when all are gone the other end hears it.
    sockets: OnceLock<mpsc::WeakSender<()>>,
    inside: OnceLock<Inside>,
}

/// What is behind the doors once it is loaded.
#[derive(Clone, Debug)]
pub(crate) struct Inside {
    pub(crate) city: City,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) nearby: Arc<Nearby>,
    pub(crate) rules: Arc<Rulebook>,
}

impl App {
    pub(crate) fn new(keys: Keys, limits: Limits, metrics: Metrics) -> App {
        let phase = watch::Sender::new(Phase::Starting);
        let (recovery, sockets, inside) = (Recovery::default(), OnceLock::new(), OnceLock::new());
        let limiter = Limiter::new(&limits);
        let frames = Rate::new(limits.frames_per_socket, limits.burst);
        App { keys, limits, limiter, frames, metrics, phase, recovery, sockets, inside }
    }

    /// Opens: from now on the doors answer. `sockets` is handed to every socket for its life.
    pub(crate) fn open(&self, inside: Inside, sockets: &mpsc::Sender<()>) {
        // Opened once, by whoever started the city.
        let _ = (self.inside.set(inside), self.sockets.set(sockets.downgrade()));
        self.phase.send_if_modified(|phase| {
            let starting = *phase == Phase::Starting;
            if starting {
                *phase = Phase::Ready;
            }
            starting
        });
    }

    /// What is behind the doors.
    ///
    /// # Errors
    /// [`Problem`] while it is not there yet, or no longer.
    pub(crate) fn inside(&self) -> Result<&Inside, Problem> {
        match (*self.phase.borrow(), self.inside.get()) {
            (Phase::Stopping, _) => Err(Problem::stopping()),
            (Phase::Ready | Phase::Draining(_), Some(inside)) => Ok(inside),
            (Phase::Starting | Phase::Ready | Phase::Draining(_), _) => {
                Err(Problem::starting(self.recovery.progress()))
            }
        }
    }

    /// What is behind the doors, for who comes in anew.
    ///
    /// # Errors
    /// As [`App::inside`], and [`Problem`] while the server is drained.
    pub(crate) fn admit(&self) -> Result<&Inside, Problem> {
        match *self.phase.borrow() {
            Phase::Draining(drain) => Err(Problem::draining(drain.left())),
            Phase::Starting | Phase::Ready | Phase::Stopping => self.inside(),
        }
    }

    /// Begins to drain, unless the server is about to stop anyway.
    pub(crate) fn drain(&self, drain: Drain) {
        self.phase.send_if_modified(|phase| {
            let open = matches!(phase, Phase::Ready | Phase::Draining(_));
            if open {
                *phase = Phase::Draining(drain);
            }
            open
        });
    }

    /// Takes guests again. Returns whether it did not before.
    pub(crate) fn undrain(&self) -> bool {
        self.phase.send_if_modified(|phase| {
            let draining = matches!(phase, Phase::Draining(_));
            if draining {
                *phase = Phase::Ready;
            }
            draining
        })
    }

    /// A token for the life of one socket.
    ///
    /// # Errors
    /// [`Problem`] when the server no longer takes sockets.
    pub(crate) fn socket_token(&self) -> Result<mpsc::Sender<()>, Problem> {
        self.inside()?;
        self.sockets.get().and_then(mpsc::WeakSender::upgrade).ok_or_else(Problem::stopping)
    }

    /// Ends when the server begins to stop.
    pub(crate) async fn stopping(&self) {
        let mut phase = self.phase.subscribe();
        // The sender is in `self`: it cannot go away meanwhile.
        let _ = phase.wait_for(|phase| *phase == Phase::Stopping).await;
    }

    /// Says who knocks.
    ///
    /// # Errors
    /// [`Problem`] when there is no token, or one that is no good.
    pub(crate) fn who(&self, headers: &HeaderMap, carrier: Carrier) -> Result<Identity, Problem> {
        self.who_asks_for(kind(headers), headers, carrier)
    }

    fn who_asks_for(&self, kind: Kind, headers: &HeaderMap, carrier: Carrier) -> Result<Identity, Problem> {
        let who = token(headers, carrier).and_then(|token| self.keys.check(&token)).map_err(|bad| {
            self.metrics.refused_tokens.with_label_values(&[bad.code.as_str()]).inc();
            Problem::from(bad)
        })?;
        self.limiter.identity(&who, kind).map_err(|much| self.too_much(much))?;
        Ok(who)
    }

    /// Whether whoever asks, at the other end of the connection or behind a proxy, may ask for one thing more.
    ///
    /// # Errors
    /// [`Problem`] says when they may.
    pub(crate) fn address_may(&self, headers: &HeaderMap, known: &Extensions) -> Result<(), Problem> {
        // A test may serve without saying whom.
        let Some(ConnectInfo(Peer(peer))) = known.get::<ConnectInfo<Peer>>() else { return Ok(()) };
        let address = who_asks(peer.ip(), headers, &self.limits.trusted_proxies, self.limits.proxies_write);
        self.limiter.address(address, kind(headers)).map_err(|much| self.too_much(much))
    }

    fn too_much(&self, much: TooMuch) -> Problem {
        self.metrics.rate_limited.with_label_values(&[much.limit]).inc();
        Problem::rate_limited(much)
    }

    /// Waits for the key of a token, if it is one that is not known here yet.
    pub(crate) async fn meet_key(&self, headers: &HeaderMap) {
        if let Ok(token) = token(headers, Carrier::HeaderOrSubprotocol) {
            self.keys.meet(&token).await;
        }
    }

    /// Says which driver knocks.
    ///
    /// # Errors
    /// [`Problem`] when it is no driver.
    pub(crate) fn driver(&self, headers: &HeaderMap) -> Result<DriverId, Problem> {
        match self.who(headers, Carrier::HeaderOrSubprotocol)? {
            Identity::Driver(driver) => Ok(driver),
            other @ (Identity::Rider(_) | Identity::Ops(_)) => Err(self.wrong_role(&other, "driver")),
        }
    }

    /// Says which rider knocks.
    ///
    /// # Errors
    /// [`Problem`] when it is no rider.
    pub(crate) fn rider(&self, headers: &HeaderMap) -> Result<RiderId, Problem> {
        self.as_rider(self.who(headers, Carrier::Header)?)
    }

    /// Says which rider looks at free cars.
    ///
    /// # Errors
    /// As [`App::rider`].
    pub(crate) fn rider_who_looks(&self, headers: &HeaderMap) -> Result<RiderId, Problem> {
        self.as_rider(self.who_asks_for(Kind::Nearby, headers, Carrier::Header)?)
    }

    fn as_rider(&self, who: Identity) -> Result<RiderId, Problem> {
        match who {
            Identity::Rider(rider) => Ok(rider),
            other @ (Identity::Driver(_) | Identity::Ops(_)) => Err(self.wrong_role(&other, "rider")),
        }
    }

    /// Says that this one may not do that.
    pub(crate) fn wrong_role(&self, who: &Identity, allowed: &'static str) -> Problem {
        self.metrics.refused_tokens.with_label_values(&[Code::WrongRole.as_str()]).inc();
        Problem::wrong_role(who.role(), allowed)
    }
}

/// What a request asks for.
fn kind(headers: &HeaderMap) -> Kind {
    if headers.contains_key(UPGRADE) { Kind::Socket } else { Kind::Request }
}

/// Finds the token of a request.
fn token(headers: &HeaderMap, carrier: Carrier) -> Result<Cow<'_, str>, BadToken> {
    if let Some(header) = headers.get(AUTHORIZATION) {
        let text = header.to_str().unwrap_or_default();
        return match text.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(Cow::Borrowed(token.trim())),
            _ => Err(BadToken::new(Code::TokenMalformed, "the Authorization header must be: Bearer and the token")),
        };
    }
    if carrier == Carrier::HeaderOrSubprotocol
        && let Some(token) = subprotocols(headers).find_map(|protocol| protocol.strip_prefix("bearer."))
    {
        return Ok(Cow::Borrowed(token));
    }
    Err(BadToken::new(Code::TokenMissing, "a token is needed, in the header Authorization: Bearer"))
}

/// The subprotocols a client offers.
pub(crate) fn subprotocols(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim).filter(|protocol| !protocol.is_empty())
}
