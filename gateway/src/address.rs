//! Where a request comes from: the other end of the connection, or whom a trusted proxy asks for.
//!
//! Lives here: reading `X-Forwarded-For` and `Forwarded`, whichever the settings name, and never the other.
//! Stays out: what follows from an address.
//! Touch with care: everybody can write these headers. One is read from its end, where the nearest proxy has written, and only
//! as far as each next one is trusted; the first who is not is who asks.

use std::net::{IpAddr, SocketAddr};

use axum::extract::connect_info::Connected;
use axum::http::HeaderMap;
use axum::serve::IncomingStream;

use crate::config::{Network, ProxiesWrite};
use crate::doorway::Doorway;

mod forwarded;

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
pub(crate) fn who_asks(peer: IpAddr, headers: &HeaderMap, trusted: &[Network], written: ProxiesWrite) -> IpAddr {
    let lines = headers.get_all(written.as_str()).iter().rev().map(|line| line.to_str().unwrap_or("?"));
    match written {
        ProxiesWrite::XForwardedFor => behind(peer, trusted, lines.flat_map(|line| line.rsplit(',')).map(read)),
        ProxiesWrite::Forwarded => behind(peer, trusted, lines.flat_map(forwarded::elements).map(forwarded::asks_for)),
    }
}

/// Goes from one proxy to the next, for as long as each is trusted.
fn behind(peer: IpAddr, trusted: &[Network], said: impl Iterator<Item = Option<IpAddr>>) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    let (mut nearest, mut said) = (peer, said.take(PROXIES_MAX));
    while is_trusted(nearest) {
        // What cannot be read ends it: who wrote that is the last we know of.
        let Some(Some(address)) = said.next() else { break };
        nearest = address;
    }
    nearest
}

/// Reads an address, as proxies write them: with or without a port.
fn read(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let address = text.parse::<IpAddr>().or_else(|_| text.parse::<SocketAddr>().map(|with_port| with_port.ip()));
    let address = address.or_else(|_| text.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>());
    address.ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks_by(written: ProxiesWrite, peer: &str, lines: &[(&'static str, &'static str)]) -> String {
        let mut headers = HeaderMap::new();
        for (name, line) in lines {
            headers.append(*name, line.parse().unwrap());
        }
        let trusted = ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        who_asks(peer.parse().unwrap(), &headers, &trusted, written).to_string()
    }

    fn asks(peer: &str, lines: &[&'static str]) -> String {
        let lines: Vec<_> = lines.iter().map(|line| ("x-forwarded-for", *line)).collect();
        asks_by(ProxiesWrite::XForwardedFor, peer, &lines)
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
    fn of_the_two_headers_only_the_one_that_is_named_is_read() {
        let said = [("x-forwarded-for", "192.0.2.9"), ("forwarded", "for=198.51.100.7;proto=https, for=10.2.2.2")];
        assert_eq!(asks_by(ProxiesWrite::XForwardedFor, "10.0.0.1", &said), "192.0.2.9");
        assert_eq!(asks_by(ProxiesWrite::Forwarded, "10.0.0.1", &said), "198.51.100.7");
        assert_eq!(asks_by(ProxiesWrite::Forwarded, "192.0.2.1", &said), "192.0.2.1", "anybody can say so");
        assert_eq!(asks_by(ProxiesWrite::Forwarded, "10.0.0.1", &said[..1]), "10.0.0.1");
        assert_eq!(asks_by(ProxiesWrite::XForwardedFor, "10.0.0.1", &said[1..]), "10.0.0.1");
    }

    #[test]
    fn an_open_quotation_mark_of_a_clients_swallows_no_proxy() {
        let by = |lines: &[&'static str]| {
            let lines: Vec<_> = lines.iter().map(|line| ("forwarded", *line)).collect();
            asks_by(ProxiesWrite::Forwarded, "10.0.0.1", &lines)
        };
        assert_eq!(by(&["for=\"1.1.1.1, for=198.51.100.7"]), "198.51.100.7");
        assert_eq!(by(&["for=\"1.1.1.1", "for=\"[2001:db8::1]:80\""]), "2001:db8::1");
        assert_eq!(by(&["for=1.1.1.1;by=\"", "for=198.51.100.7, for=10.2.2.2", "for=10.3.3.3"]), "198.51.100.7");
        assert_eq!(by(&["for=1.1.1.1, for=unknown, for=10.2.2.2"]), "10.2.2.2", "what is not said is not guessed");
        assert_eq!(by(&["for=1.1.1.1, 10.2.2.2"]), "10.0.0.1", "nor what is written in another header's way");
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
