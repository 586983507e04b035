//! Whose tokens are taken: issuer, audience, algorithms, and where public keys are.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use axum::http::Uri;

/// An algorithm that tokens may be signed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TokenAlgorithm {
    /// By the shared secret.
    Hs256,
    /// By a key of RSA.
    Rs256,
    /// By a key of P-256.
    Es256,
    /// By a key of Ed25519.
    EdDsa,
}

impl TokenAlgorithm {
    /// All of them.
    pub const ALL: [TokenAlgorithm; 4] =
        [TokenAlgorithm::Hs256, TokenAlgorithm::Rs256, TokenAlgorithm::Es256, TokenAlgorithm::EdDsa];

    /// The name in tokens and settings.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            TokenAlgorithm::Hs256 => "HS256",
            TokenAlgorithm::Rs256 => "RS256",
            TokenAlgorithm::Es256 => "ES256",
            TokenAlgorithm::EdDsa => "EdDSA",
        }
    }
}

/// Where a set of JWKs (RFC 7517) is.
#[derive(Clone, PartialEq, Eq)]
pub enum JwksFrom {
    /// At an address; `http` only on this machine.
    Url(String),
    /// In a file.
    File(PathBuf),
}

impl JwksFrom {
    /// Reads an address or the path of a file; `None` for an address that anybody could answer for.
    #[must_use]
    pub fn new(text: &str) -> Option<JwksFrom> {
        if !text.contains("://") {
            return (!text.is_empty()).then(|| JwksFrom::File(PathBuf::from(text)));
        }
        let uri: Uri = text.parse().ok()?;
        let host = uri.host().filter(|host| !host.is_empty())?;
        let is_here = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
        let is_safe = uri.scheme_str() == Some("https") || (uri.scheme_str() == Some("http") && is_here);
        // A password would be shown where the address is.
        let is_plain = uri.authority().is_some_and(|authority| !authority.as_str().contains('@'));
        (is_safe && is_plain).then(|| JwksFrom::Url(text.to_owned()))
    }
}

impl fmt::Display for JwksFrom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JwksFrom::Url(url) => f.write_str(url),
            JwksFrom::File(path) => path.display().fmt(f),
        }
    }
}

impl fmt::Debug for JwksFrom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Whose tokens are taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenSettings {
    /// Who tokens must be issued by.
    pub issuer: String,
    /// Whom tokens must be issued for; none: they must name nobody.
    pub audience: Option<String>,
    /// How far the clock of whoever made a token may be off.
    pub leeway: Duration,
    /// What tokens may be signed with; none: HS256 where there are no public keys, and otherwise anything but that.
    pub algorithms: Option<Vec<TokenAlgorithm>>,
    /// A PEM file with public keys.
    pub public_key_file: Option<PathBuf>,
    /// A set of public keys.
    pub jwks: Option<JwksFrom>,
    /// How often the set is read anew.
    pub jwks_refresh: Duration,
    /// How long keys are taken after the set could last be read.
    pub jwks_keep: Duration,
}

impl Default for TokenSettings {
    fn default() -> TokenSettings {
        TokenSettings {
            issuer: "hansom".to_owned(),
            audience: None,
            leeway: Duration::from_secs(30),
            algorithms: None,
            public_key_file: None,
            jwks: None,
            jwks_refresh: Duration::from_secs(300),
            jwks_keep: Duration::from_secs(86_400),
        }
    }
}

impl TokenSettings {
    /// Whether there are public keys.
    #[must_use]
    pub fn has_public_keys(&self) -> bool {
        self.public_key_file.is_some() || self.jwks.is_some()
    }

    /// What tokens may be signed with.
    #[must_use]
    pub fn taken(&self) -> Vec<TokenAlgorithm> {
        match &self.algorithms {
            Some(algorithms) => algorithms.clone(),
            None if self.has_public_keys() => TokenAlgorithm::ALL[1..].to_vec(),
            None => vec![TokenAlgorithm::Hs256],
        }
    }

    /// Whether tokens that the shared secret signs are taken.
    #[must_use]
    pub fn takes_the_secret(&self) -> bool {
        self.taken().contains(&TokenAlgorithm::Hs256)
    }
}

/// Reads `RS256,ES256`.
pub(super) fn algorithms(text: &str) -> Option<Vec<TokenAlgorithm>> {
    let named = |name: &str| TokenAlgorithm::ALL.into_iter().find(|algorithm| algorithm.as_str() == name.trim());
    text.split(',').map(named).collect()
}

pub(super) fn names(algorithms: &[TokenAlgorithm]) -> String {
    algorithms.iter().map(|algorithm| algorithm.as_str()).collect::<Vec<_>>().join(",")
}
