//! Who knocks: signed tokens, made and checked.
//!
//! Lives here: the people there are, the keys, and what can be wrong with a token.
//! Stays out: where a token is found in a request (see [`crate::doors`]), and what each role may do.
//! Touch with care: [`Keys::check`]. Only the algorithms of the settings are taken, each with its own keys, whatever the
//! token says of itself. Real time counts, not the city's.

mod check;
mod jwks;
mod public;
mod seal;
mod secret;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use dispatch::{DriverId, NotAnId, Quote, RiderId};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::{Deserialize, Serialize};

use crate::Code;
use crate::config::TokenSettings;
use crate::files;

pub use jwks::KeysError;
pub(crate) use jwks::{Jwks, JwksMetrics, probe};

#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use public::{read_jwks, read_pem};
pub(crate) use seal::QUOTE_BYTES_MAX;
pub use secret::{Secret, SecretError, dev_secret};

/// The longest token that is looked at.
pub const TOKEN_BYTES_MAX: usize = 4_096;

/// What someone may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Drives: may open the driver's socket.
    Driver,
    /// Rides: may ask for trips and see its own.
    Rider,
    /// Runs the city: may see and cancel every trip.
    Ops,
}

impl Role {
    /// The name in a token.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Driver => "driver",
            Role::Rider => "rider",
            Role::Ops => "ops",
        }
    }

    fn named(name: &str) -> Option<Role> {
        [Role::Driver, Role::Rider, Role::Ops].into_iter().find(|role| role.as_str() == name)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Someone, as a token names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// A driver.
    Driver(DriverId),
    /// A rider.
    Rider(RiderId),
    /// Someone who runs the city.
    Ops(String),
}

impl Identity {
    /// Checks a name.
    ///
    /// # Errors
    /// [`NotAnId`] when it is empty, too long or holds other characters than names do.
    pub fn new(role: Role, name: &str) -> Result<Identity, NotAnId> {
        match role {
            Role::Driver => DriverId::new(name).map(Identity::Driver),
            Role::Rider => RiderId::new(name).map(Identity::Rider),
            // Whoever runs the city is named by the same rule as those who ride in it.
            Role::Ops => RiderId::new(name)
                .map(|name| Identity::Ops(name.as_str().to_owned()))
                .map_err(|wrong| NotAnId { field: "ops", ..wrong }),
        }
    }

    /// What this one may do.
    #[must_use]
    pub fn role(&self) -> Role {
        match self {
            Identity::Driver(_) => Role::Driver,
            Identity::Rider(_) => Role::Rider,
            Identity::Ops(_) => Role::Ops,
        }
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Identity::Driver(name) => name.as_str(),
            Identity::Rider(name) => name.as_str(),
            Identity::Ops(name) => name,
        }
    }
}

/// What a token of ours says.
#[derive(Serialize)]
struct Made<'a> {
    sub: &'a str,
    role: &'a str,
    iss: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<&'a str>,
    iat: u64,
    exp: u64,
}

/// What a token says that is checked here; times and issuer are checked by the library.
#[derive(Deserialize)]
struct Claims {
    sub: Option<String>,
    role: Option<String>,
    iat: Option<f64>,
}

/// What is wrong with a token. Never holds the token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct BadToken {
    /// Which kind of wrong.
    pub code: Code,
    /// The claim, if it is one claim's fault.
    pub claim: Option<&'static str>,
    detail: String,
}

impl BadToken {
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> BadToken {
        BadToken { code, claim: None, detail: detail.into() }
    }

    fn claim(claim: &'static str, allowed: &str) -> BadToken {
        BadToken { code: Code::TokenClaims, claim: Some(claim), detail: format!("{claim} must be {allowed}") }
    }
}

/// The keys that make and check tokens.
#[derive(Clone)]
pub struct Keys {
    issuer: String,
    audience: Option<String>,
    encoding: EncodingKey,
    checker: check::Checker,
    seal: seal::Seal,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Keys { issuer, audience, checker, .. } = self;
        f.debug_struct("Keys").field("issuer", issuer).field("audience", audience).field("checker", checker).finish()
    }
}

impl Keys {
    /// Keys for one secret. `issuer` is what `iss` must be.
    #[must_use]
    pub fn new(secret: &Secret, issuer: &str) -> Keys {
        let settings = TokenSettings { issuer: issuer.to_owned(), ..TokenSettings::default() };
        Keys::made_of(secret, &settings, None)
    }

    /// Keys as these settings have them, without the public ones: for who makes tokens.
    #[must_use]
    pub fn of_secret(secret: &Secret, settings: &TokenSettings) -> Keys {
        Keys::made_of(secret, settings, None)
    }

    /// Keys as these settings have them; `jwks` is the set they name.
    ///
    /// # Errors
    /// [`KeysError`] when the file of public keys cannot be used.
    pub(crate) fn with_public(
        secret: &Secret,
        settings: &TokenSettings,
        jwks: Option<Arc<Jwks>>,
    ) -> Result<Keys, KeysError> {
        let mut keys = Keys::made_of(secret, settings, jwks);
        if let Some(path) = &settings.public_key_file {
            keys.checker.know(public_keys(path)?);
        }
        Ok(keys)
    }

    fn made_of(secret: &Secret, settings: &TokenSettings, jwks: Option<Arc<Jwks>>) -> Keys {
        Keys {
            issuer: settings.issuer.clone(),
            audience: settings.audience.clone(),
            encoding: EncodingKey::from_secret(secret.bytes()),
            checker: check::Checker::new(secret, settings, jwks),
            seal: seal::Seal::new(secret),
        }
    }

    /// Makes a token that is good for `lives` from now.
    ///
    /// # Errors
    /// [`BadToken`] when it cannot be signed.
    pub fn mint(&self, who: &Identity, lives: Duration) -> Result<String, BadToken> {
        let now = jsonwebtoken::get_current_timestamp();
        let claims = Made {
            sub: who.name(),
            role: who.role().as_str(),
            iss: &self.issuer,
            aud: self.audience.as_deref(),
            iat: now,
            exp: now.saturating_add(lives.as_secs()),
        };
        let signed = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding);
        signed.map_err(|error| BadToken::new(Code::Internal, error.to_string()))
    }

    /// The text of a quote, for the rider to bring back; `None` when it has no fare.
    pub(crate) fn sign_quote(&self, quote: &Quote) -> Option<String> {
        self.seal.sign(quote)
    }

    /// The quote that a rider brings back; `None` when it is none of ours, or was changed.
    pub(crate) fn read_quote(&self, text: &str) -> Option<Quote> {
        self.seal.read(text)
    }

    /// Signs anything as if it were a quote, for who looks for what a signature lets in.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn sign_as_quote(&self, said: &serde_json::Value) -> Option<String> {
        self.seal.sign_anything(said)
    }

    /// Checks a token and says whose it is.
    ///
    /// # Errors
    /// [`BadToken`] says what is wrong with it, and nothing of what it holds.
    pub fn check(&self, token: &str) -> Result<Identity, BadToken> {
        let claims = self.checker.check(token)?;
        let role = claims.role.as_deref().and_then(Role::named);
        let role = role.ok_or_else(|| BadToken::claim("role", "driver, rider or ops"))?;
        let name = claims.sub.unwrap_or_default();
        Identity::new(role, &name).map_err(|wrong| BadToken::claim("sub", wrong.allowed))
    }

    /// Has the set of keys read anew, and waits for it, if the token is signed with a key that is not in it yet.
    pub(crate) async fn meet(&self, token: &str) {
        self.checker.meet(token).await;
    }
}

/// The most that is read of a PEM file. A key has about 500 bytes.
const PEM_BYTES_MAX: u64 = 64 * 1_024;

/// Reads a PEM file of public keys.
///
/// # Errors
/// [`KeysError`] when there is none that can be used.
pub(crate) fn public_keys(path: &Path) -> Result<Vec<public::PublicKey>, KeysError> {
    let text = files::read_small(path, PEM_BYTES_MAX);
    let text = text.map_err(|source| KeysError::File { path: path.to_owned(), source })?;
    public::read_pem(&text).ok_or_else(|| KeysError::Useless { from: path.display().to_string() })
}

#[cfg(test)]
#[path = "../tests/it/signer.rs"]
mod signer;
#[cfg(test)]
mod tests;
