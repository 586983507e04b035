//! Where a request comes from: the other end of the connection, or whom a trusted proxy asks for.
//!
//! Lives here: reading `X-Forwarded-For`.
//! Stays out: what follows from an address.
//! Touch with care: everybody can write that header. It is read from its end, where the nearest proxy has written, and only
//! as far as each next one is trusted; the first who is not is who asks.

use std::net::{IpAddr, SocketAddr};

use axum::extract::connect_info::Connected;
use axum::http::HeaderMap;
use axum::serve::IncomingStream;

use crate::config::Network;
use crate::doorway::Doorway;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// More proxies than this one after the other are not real.
const PROXIES_MAX: usize = 16;

/// The other end of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) SocketAddr);

impl Connected<IncomingStream<'_, Doorway>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Doorway>) -> Peer {
        Peer(*stream.remote_addr())
    }
}

/// Who asks, at the other end of `peer` or behind it.
pub(crate) fn who_asks(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    let mut nearest = peer;
    let lines: Vec<&str> = headers.get_all(FORWARDED_FOR).iter().map(|line| line.to_str().unwrap_or("?")).collect();
    for said in lines.iter().rev().flat_map(|line| line.rsplit(',')).take(PROXIES_MAX) {
        if !is_trusted(nearest) {
            break;
        }
        // What cannot be read ends it: who wrote that is the last we know of.
        let Some(address) = read(said.trim()) else { break };
        nearest = address;
    }
    nearest
}

/// Reads an address, as proxies write them: with or without a port.
fn read(text: &str) -> Option<IpAddr> {
    let address = text.parse::<IpAddr>().or_else(|_| text.parse::<SocketAddr>().map(|with_port| with_port.ip()));
    let address = address.or_else(|_| text.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>());
    address.ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(peer: &str, lines: &[&'static str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED_FOR, line.parse().unwrap());
        }
        let trusted = ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        who_asks(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn a_proxy_is_believed_if_it_is_trusted_and_nobody_else() {
        assert_eq!(asks("192.0.2.1", &["198.51.100.7"]), "192.0.2.1", "anybody can say so");
        assert_eq!(asks("10.0.0.1", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(asks("::ffff:10.0.0.1", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(asks("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn what_the_client_wrote_before_the_proxies_counts_for_nothing() {
        assert_eq!(asks("10.0.0.1", &["1.1.1.1, 198.51.100.7"]), "198.51.100.7");
        assert_eq!(asks("10.0.0.1", &["1.1.1.1, 198.51.100.7, 10.2.2.2"]), "198.51.100.7");
        assert_eq!(asks("10.0.0.1", &["1.1.1.1", "198.51.100.7", "10.2.2.2"]), "198.51.100.7");
        assert_eq!(asks("10.0.0.1", &["10.9.9.9, 198.51.100.7"]), "198.51.100.7", "also when it names a trusted one");
        assert_eq!(asks("10.0.0.1", &["10.3.3.3,10.2.2.2"]), "10.3.3.3", "somebody inside asks");
    }

    #[test]
    fn what_cannot_be_read_is_not_guessed() {
        for text in ["unknown", "", "_hidden", "198.51.100.7.1", "1.1.1.1;2.2.2.2"] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(asks("10.0.0.1", &["198.51.100.7, unknown"]), "10.0.0.1");
        assert_eq!(asks("10.0.0.1", &["198.51.100.7:4711"]), "198.51.100.7");
        assert_eq!(asks("10.0.0.1", &["[2001:db8::1]:4711"]), "2001:db8::1");
        assert_eq!(asks("10.0.0.1", &["[2001:db8::1]"]), "2001:db8::1");
        let long: String = vec!["10.0.0.2"; 100].join(",");
        assert_eq!(asks("10.0.0.1", &[Box::leak(long.into_boxed_str())]), "10.0.0.2", "and has an end");
    }
}
