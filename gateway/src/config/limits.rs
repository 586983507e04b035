//! How much a client may ask for, and how long anything may take.

use std::time::Duration;

use super::network::Network;

/// The header in which trusted proxies say for whom they ask. No other is read: a proxy passes on what it does not write, and
/// that may be a client's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProxiesWrite {
    /// `X-Forwarded-For`, as most do.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

impl ProxiesWrite {
    /// The name of the header, which is also the name in settings.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            ProxiesWrite::XForwardedFor => "x-forwarded-for",
            ProxiesWrite::Forwarded => "forwarded",
        }
    }

    pub(super) fn named(name: &str) -> Option<ProxiesWrite> {
        [ProxiesWrite::XForwardedFor, ProxiesWrite::Forwarded].into_iter().find(|header| header.as_str() == name)
    }
}

/// How much a client may ask for, and how long anything may take. Times are real, not the city's.
///
/// Who shares an address with many others, as phones behind a carrier's NAT do, shares what an address may do: those numbers
/// are meant for a thousand phones, those of an identity for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest body. A request for a trip needs about 100 bytes.
    pub body_bytes: usize,
    /// The largest text frame. A position needs about 100 bytes.
    pub frame_bytes: usize,
    /// How many connections there may be at once. More are told to come back and closed.
    pub connections: usize,
    /// How many of them from one address.
    pub connections_per_address: usize,
    /// How many requests a second one person may make.
    pub requests_per_identity: u32,
    /// How many requests a second one address may make, with a token or without.
    pub requests_per_address: u32,
    /// How often a second one person may look at free cars. Counted for itself: who looks often can still ask for a ride.
    pub nearby_per_identity: u32,
    /// How many sockets a second one person may open.
    pub sockets_per_identity: u32,
    /// How many sockets a second one address may open.
    pub sockets_per_address: u32,
    /// How many frames a second one socket may send. A phone in a hurry sends two.
    pub frames_per_socket: u32,
    /// Who was quiet may do at once what these rates allow in so long.
    pub burst: Duration,
    /// Whether limits of an address hold for addresses of this machine. Behind a proxy on the same machine, name it among
    /// the trusted ones instead.
    pub loopback_exempt: bool,
    /// Networks of proxies that are believed when they say for whom they ask.
    pub trusted_proxies: Vec<Network>,
    /// Where they say so.
    pub proxies_write: ProxiesWrite,
    /// How long a request may take until it is answered.
    pub request_timeout: Duration,
    /// How often a socket is asked for a sign of life. Well below the idle limits of load balancers.
    pub heartbeat_every: Duration,
    /// A socket that has been silent for this long is closed: three heartbeats unanswered.
    pub idle_after: Duration,
    /// How long a socket may take to take a message before it is given up.
    pub write_within: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            body_bytes: 16 * 1024,
            frame_bytes: 4 * 1024,
            connections: 10_000,
            connections_per_address: 2_000,
            requests_per_identity: 20,
            requests_per_address: 200,
            nearby_per_identity: 2,
            sockets_per_identity: 2,
            sockets_per_address: 100,
            frames_per_socket: 20,
            burst: Duration::from_secs(10),
            loopback_exempt: true,
            trusted_proxies: Vec::new(),
            proxies_write: ProxiesWrite::default(),
            request_timeout: Duration::from_secs(10),
            heartbeat_every: Duration::from_secs(20),
            idle_after: Duration::from_secs(60),
            write_within: Duration::from_secs(10),
        }
    }
}
