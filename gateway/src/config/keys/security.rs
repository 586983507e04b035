//! The settings of who may come in: tokens.

use super::super::JwksFrom;
use super::super::tokens::{algorithms, names};
use super::Key;
use super::values::{file, path, seconds};

/// Every setting of who may come in, but for the secret.
pub(super) const SECURITY: &[Key] = &[
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
];
