//! Who knocks: signed tokens, made and checked.
//!
//! Lives here: the people there are, the keys, and what can be wrong with a token.
//! Stays out: where a token is found in a request (see [`crate::doors`]), and what each role may do.
//! Touch with care: [`Keys::check`]. Only HS256 is taken, whatever the token says of itself. Real time counts, not the
//! city's.

mod seal;
mod secret;

use std::fmt;
use std::time::Duration;

use dispatch::{DriverId, NotAnId, Quote, RiderId};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use crate::Code;

pub(crate) use seal::QUOTE_BYTES_MAX;
pub use secret::{Secret, SecretError, dev_secret};

/// The longest token that is looked at.
pub const TOKEN_BYTES_MAX: usize = 4_096;

/// How far the clock of whoever made a token may be off.
const LEEWAY_S: u64 = 30;

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
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
    seal: seal::Seal,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

impl Keys {
    /// Keys for one secret. `issuer` is what `iss` must be.
    #[must_use]
    pub fn new(secret: &Secret, issuer: &str) -> Keys {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = LEEWAY_S;
        validation.validate_nbf = true;
        validation.set_issuer(&[issuer]);
        validation.set_required_spec_claims(&["exp", "iss", "sub"]);
        Keys {
            issuer: issuer.to_owned(),
            encoding: EncodingKey::from_secret(secret.bytes()),
            decoding: DecodingKey::from_secret(secret.bytes()),
            validation,
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

    /// Checks a token and says whose it is.
    ///
    /// # Errors
    /// [`BadToken`] says what is wrong with it, and nothing of what it holds.
    pub fn check(&self, token: &str) -> Result<Identity, BadToken> {
        if token.len() > TOKEN_BYTES_MAX {
            let detail = format!("the token has {} bytes, allowed are {TOKEN_BYTES_MAX}", token.len());
            return Err(BadToken::new(Code::TokenTooLarge, detail));
        }
        check_header(token)?;
        let read = jsonwebtoken::decode::<Claims>(token, &self.decoding, &self.validation);
        let claims = read.map_err(|error| what_is_wrong(error.kind()))?.claims;
        if claims.iat.is_some_and(|iat| iat > (jsonwebtoken::get_current_timestamp() + LEEWAY_S) as f64) {
            return Err(BadToken::new(Code::TokenNotYetValid, "the token was issued in the future"));
        }
        let role = claims.role.as_deref().and_then(Role::named);
        let role = role.ok_or_else(|| BadToken::claim("role", "driver, rider or ops"))?;
        let name = claims.sub.unwrap_or_default();
        Identity::new(role, &name).map_err(|wrong| BadToken::claim("sub", wrong.allowed))
    }
}

/// Looks at the algorithm before anything else, so that `none` and its friends have a name of their own.
fn check_header(token: &str) -> Result<(), BadToken> {
    let malformed = || BadToken::new(Code::TokenMalformed, "a token is three parts of base64url with dots between");
    if token.split('.').count() != 3 {
        return Err(malformed());
    }
    let other = || BadToken::new(Code::TokenAlgorithm, "the algorithm must be HS256");
    match jsonwebtoken::decode_header(token) {
        Ok(header) if header.alg == Algorithm::HS256 => Ok(()),
        Ok(_) => Err(other()),
        // The library knows no algorithm `none`: its header reads as JSON with an unknown name in it.
        Err(error) => match error.kind() {
            ErrorKind::Json(json) if json.to_string().starts_with("unknown variant") => Err(other()),
            _ => Err(malformed()),
        },
    }
}

fn what_is_wrong(kind: &ErrorKind) -> BadToken {
    match kind {
        ErrorKind::ExpiredSignature => BadToken::new(Code::TokenExpired, "the token has expired: get a new one"),
        ErrorKind::ImmatureSignature => BadToken::new(Code::TokenNotYetValid, "the token is not valid yet"),
        ErrorKind::InvalidSignature => BadToken::new(Code::TokenForged, "the signature does not match"),
        ErrorKind::InvalidAlgorithm | ErrorKind::InvalidAlgorithmName | ErrorKind::MissingAlgorithm => {
            BadToken::new(Code::TokenAlgorithm, "the algorithm must be HS256")
        }
        ErrorKind::InvalidIssuer => BadToken::new(Code::TokenIssuer, "the token was issued by someone else"),
        ErrorKind::InvalidAudience => BadToken::new(Code::TokenIssuer, "the token was issued for someone else"),
        ErrorKind::MissingRequiredClaim(claim) | ErrorKind::InvalidClaimFormat(claim) => match claim.as_str() {
            "exp" => BadToken::claim("exp", "a time in seconds"),
            "nbf" => BadToken::claim("nbf", "a time in seconds"),
            "iss" => BadToken::claim("iss", "the name of the issuer"),
            _ => BadToken::claim("sub", "the name of a person"),
        },
        ErrorKind::Json(_) | ErrorKind::Utf8(_) => {
            BadToken::new(Code::TokenClaims, "the claims are not the JSON they should be")
        }
        _ => BadToken::new(Code::TokenMalformed, "a token is three parts of base64url with dots between"),
    }
}

#[cfg(test)]
mod tests;
