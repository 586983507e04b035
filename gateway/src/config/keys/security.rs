//! The settings of who may come in, and how much of it: mode, tokens, TLS, origins, limits.

use super::super::network::networks;
use super::super::safety::origins;
use super::super::tokens::{algorithms, names};
use super::super::{JwksFrom, Mode, ProxiesWrite};
use super::Key;
use super::values::{file, path, seconds};

/// Every setting of who may come in, but for the secret.
pub(super) const SECURITY: &[Key] = &[
    key!(
        "mode",
        "development, or production: what is unsafe for people stops the start",
        |settings, text| Mode::named(text).map(|mode| settings.mode = mode),
        |settings| settings.mode.as_str().to_owned()
    ),
    key!(
        "jwt_issuer",
        "a text of 1 to 200 bytes",
        |settings, text| {
            settings.tokens.issuer = text.to_owned();
            Some(())
        },
        |settings| settings.tokens.issuer.clone(),
        |settings| (1..=200).contains(&settings.tokens.issuer.len())
    ),
    key!(
        "jwt_audience",
        "a text of 1 to 200 bytes; without it tokens must name no audience",
        |settings, text| (1..=200).contains(&text.len()).then(|| settings.tokens.audience = Some(text.to_owned())),
        |settings| settings.tokens.audience.clone().unwrap_or_else(|| "(none)".to_owned())
    ),
    seconds!("jwt_leeway", tokens.leeway, 0.0..=300.0),
    key!(
        "jwt_algorithms",
        "HS256, RS256, ES256 and EdDSA as wanted, with commas between them; without it HS256, or with public keys the others",
        |settings, text| algorithms(text).map(|algorithms| settings.tokens.algorithms = Some(algorithms)),
        |settings| names(&settings.tokens.taken())
    ),
    key!(
        "jwt_public_key_file",
        "a PEM file with public keys: RSA of 2048 to 4096 bits, P-256 or Ed25519",
        |settings, text| path(text).map(|path| settings.tokens.public_key_file = Some(path)),
        |settings| file(settings.tokens.public_key_file.as_ref())
    ),
    key!(
        "jwt_jwks",
        "a set of public keys: an https address without a password, http only on this machine, or a file",
        |settings, text| JwksFrom::new(text).map(|from| settings.tokens.jwks = Some(from)),
        |settings| settings.tokens.jwks.as_ref().map_or("(none)".to_owned(), ToString::to_string)
    ),
    seconds!("jwt_jwks_refresh", tokens.jwks_refresh, 0.1..=86_400.0),
    seconds!("jwt_jwks_keep", tokens.jwks_keep, 0.1..=2_592_000.0),
    key!(
        "tls.certificate",
        "a PEM file with a certificate and those between it and a root, and only together with tls.key",
        |settings, text| path(text).map(|path| settings.tls.certificate = Some(path)),
        |settings| file(settings.tls.certificate.as_ref())
    ),
    key!(
        "tls.key",
        "a PEM file with the private key of tls.certificate",
        |settings, text| path(text).map(|path| settings.tls.key = Some(path)),
        |settings| file(settings.tls.key.as_ref())
    ),
    truth!("tls.behind_proxy", tls.behind_proxy),
    seconds!("tls.handshake_within", tls.handshake_within, 0.1..=60.0),
    seconds!("tls.reload_every", tls.reload_every, 0.1..=86_400.0),
    key!(
        "cors.origins",
        "origins such as https://app.example with commas between them, or * for any in development",
        |settings, text| origins(text).map(|origins| settings.cors_origins = origins),
        |settings| if settings.cors_origins.is_empty() { "(none)".to_owned() } else { settings.cors_origins.join(",") }
    ),
    whole!("limits.body_bytes", limits.body_bytes, 256..=1_048_576),
    whole!("limits.frame_bytes", limits.frame_bytes, 256..=65_536),
    whole!("limits.connections", limits.connections, 1..=1_000_000),
    whole!("limits.connections_per_address", limits.connections_per_address, 1..=1_000_000),
    whole!("limits.requests_per_identity", limits.requests_per_identity, 1..=1_000_000),
    whole!("limits.requests_per_address", limits.requests_per_address, 1..=1_000_000),
    whole!("limits.nearby_per_identity", limits.nearby_per_identity, 1..=1_000_000),
    whole!("limits.sockets_per_identity", limits.sockets_per_identity, 1..=1_000_000),
    whole!("limits.sockets_per_address", limits.sockets_per_address, 1..=1_000_000),
    whole!("limits.frames_per_socket", limits.frames_per_socket, 1..=1_000_000),
    seconds!("limits.burst", limits.burst, 1.0..=3600.0),
    truth!("limits.loopback_exempt", limits.loopback_exempt),
    key!(
        "limits.trusted_proxies",
        "networks such as 10.0.0.0/8 with commas between them, which are believed when they say for whom they ask",
        |settings, text| networks(text).map(|networks| settings.limits.trusted_proxies = networks),
        |settings| {
            let shown: Vec<String> = settings.limits.trusted_proxies.iter().map(ToString::to_string).collect();
            if shown.is_empty() { "(none)".to_owned() } else { shown.join(",") }
        }
    ),
    key!(
        "limits.proxies_write",
        "x-forwarded-for or forwarded: the header that trusted proxies write; the other is not read",
        |settings, text| ProxiesWrite::named(text).map(|header| settings.limits.proxies_write = header),
        |settings| settings.limits.proxies_write.as_str().to_owned()
    ),
    seconds!("limits.request_timeout", limits.request_timeout, 0.1..=50.0),
    seconds!("limits.heartbeat_every", limits.heartbeat_every, 0.05..=50.0),
    seconds!("limits.idle_after", limits.idle_after, 0.1..=3600.0),
    seconds!("limits.write_within", limits.write_within, 0.1..=60.0),
];
