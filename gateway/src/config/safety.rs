//! What a server for people must not do: production mode, TLS, and pages of others.

use std::path::PathBuf;
use std::time::Duration;

use axum::http::Uri;

use super::{BadSetting, SecretFrom, Settings};

/// Whether a server is for people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// To try things out. Every answer says so.
    #[default]
    Development,
    /// For people: what is unsafe stops the start.
    Production,
}

impl Mode {
    /// The name in settings.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Mode::Development => "development",
            Mode::Production => "production",
        }
    }

    pub(super) fn named(name: &str) -> Option<Mode> {
        [Mode::Development, Mode::Production].into_iter().find(|mode| mode.as_str() == name)
    }
}

/// Whether and how connections are encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsSettings {
    /// A PEM file with the certificate and those between it and a root.
    pub certificate: Option<PathBuf>,
    /// A PEM file with its private key.
    pub key: Option<PathBuf>,
    /// Whether somebody else in front, a load balancer or a mesh, encrypts.
    pub behind_proxy: bool,
    /// How long a handshake may take.
    pub handshake_within: Duration,
    /// How often the two files are looked at: a renewed certificate is used from then on.
    pub reload_every: Duration,
}

impl Default for TlsSettings {
    fn default() -> TlsSettings {
        TlsSettings {
            certificate: None,
            key: None,
            behind_proxy: false,
            handshake_within: Duration::from_secs(10),
            reload_every: Duration::from_secs(60),
        }
    }
}

/// Reads origins of pages, as in `https://app.example, https://ops.example`, or `*` for any.
pub(super) fn origins(text: &str) -> Option<Vec<String>> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    let origins: Vec<String> = parts.map(|part| is_origin(part).then(|| part.to_owned())).collect::<Option<_>>()?;
    // Whoever says "any" and names some has made a mistake.
    (origins.len() < 2 || !origins.iter().any(|origin| origin == "*")).then_some(origins)
}

/// Whether a browser could send this in `Origin` (RFC 6454): a scheme and a host, perhaps a port, and nothing behind it.
fn is_origin(text: &str) -> bool {
    let Some((scheme, authority)) = text.split_once("://") else { return text == "*" };
    let Ok(uri) = text.parse::<Uri>() else { return false };
    matches!(scheme, "http" | "https")
        && uri.authority().is_some_and(|parsed| parsed.as_str() == authority && !authority.contains('@'))
        && text.bytes().all(|byte| byte.is_ascii_graphic() && !byte.is_ascii_uppercase())
}

/// Refuses what cannot go together, and in production what is unsafe.
pub(super) fn check(settings: &Settings) -> Result<(), BadSetting> {
    let refuse = |key: &str, value: String, allowed: &str| {
        Err(BadSetting::Value { key: key.to_owned(), value, origin: None, allowed: allowed.to_owned() })
    };
    let shown = |path: &Option<PathBuf>| path.as_ref().map_or("(none)".to_owned(), |path| path.display().to_string());
    let tls = &settings.tls;
    if tls.certificate.is_some() != tls.key.is_some() {
        let (key, value) =
            if tls.key.is_none() { ("tls.key", &tls.key) } else { ("tls.certificate", &tls.certificate) };
        return refuse(key, shown(value), "a PEM file: tls.certificate and tls.key go together");
    }
    if settings.mode == Mode::Development {
        return Ok(());
    }
    if settings.secret == SecretFrom::Dev {
        let value = "(made for development)".to_owned();
        return refuse(
            "jwt_secret_file",
            value,
            "in production a file with a secret of your own: openssl rand -hex 32",
        );
    }
    if tls.certificate.is_none() && !tls.behind_proxy {
        let allowed = "in production a PEM file, or tls.behind_proxy = true where a proxy or a mesh encrypts";
        return refuse("tls.certificate", "(none)".to_owned(), allowed);
    }
    if settings.cors_origins.iter().any(|origin| origin == "*") {
        return refuse("cors.origins", "*".to_owned(), "in production the origins of your own pages");
    }
    Ok(())
}
