//! Whether a token is good: its algorithm, its key, its signature, its times, its issuer and audience.
//!
//! Lives here: [`Checker`], and what every error of the library is called here.
//! Stays out: what the claims mean to this house.
//! Touch with care: a token's header is what a stranger says. It may choose among the algorithms that are taken and among
//! the keys that are known, and nothing else: `jku`, `x5u` and `jwk` are never looked at, and `crit` is refused.

use std::sync::Arc;

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation};

use super::jwks::Jwks;
use super::public::{KeyRing, PublicKey};
use super::{BadToken, Claims, Secret, TOKEN_BYTES_MAX};
use crate::Code;
use crate::config::{TokenAlgorithm, TokenSettings};

/// Checks tokens.
#[derive(Clone)]
pub(super) struct Checker {
    taken: Vec<TokenAlgorithm>,
    /// One for each algorithm that is taken, in the same order.
    validations: Vec<Validation>,
    secret: DecodingKey,
    file: KeyRing,
    jwks: Option<Arc<Jwks>>,
}

impl std::fmt::Debug for Checker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Checker { taken, file, jwks, .. } = self;
        f.debug_struct("Checker").field("taken", taken).field("file", file).field("jwks", jwks).finish_non_exhaustive()
    }
}

fn of_library(algorithm: TokenAlgorithm) -> Algorithm {
    match algorithm {
        TokenAlgorithm::Hs256 => Algorithm::HS256,
        TokenAlgorithm::Rs256 => Algorithm::RS256,
        TokenAlgorithm::Es256 => Algorithm::ES256,
        TokenAlgorithm::EdDsa => Algorithm::EdDSA,
    }
}

impl Checker {
    pub(super) fn new(secret: &Secret, settings: &TokenSettings, jwks: Option<Arc<Jwks>>) -> Checker {
        let taken = settings.taken();
        let validation = |algorithm: &TokenAlgorithm| {
            let mut validation = Validation::new(of_library(*algorithm));
            validation.leeway = settings.leeway.as_secs();
            validation.validate_nbf = true;
            validation.set_issuer(&[&settings.issuer]);
            let mut needed = vec!["exp", "iss", "sub"];
            if let Some(audience) = &settings.audience {
                validation.set_audience(&[audience]);
                needed.push("aud");
            }
            validation.set_required_spec_claims(&needed);
            validation
        };
        let validations = taken.iter().map(validation).collect();
        let secret = DecodingKey::from_secret(secret.bytes());
        Checker { taken, validations, secret, file: KeyRing::default(), jwks }
    }

    /// Takes these keys, which never change.
    pub(super) fn know(&mut self, keys: Vec<PublicKey>) {
        self.file = KeyRing::default();
        self.file.replace(keys);
    }

    /// What a good token says.
    pub(super) fn check(&self, token: &str) -> Result<Claims, BadToken> {
        if token.len() > TOKEN_BYTES_MAX {
            let detail = format!("the token has {} bytes, allowed are {TOKEN_BYTES_MAX}", token.len());
            return Err(BadToken::new(Code::TokenTooLarge, detail));
        }
        let (header, validation) = self.header(token)?;
        let leeway = validation.leeway;
        let claims = match header.alg {
            Algorithm::HS256 => {
                jsonwebtoken::decode::<Claims>(token, &self.secret, validation)
                    .map_err(|error| self.what_is_wrong(error.kind()))?
                    .claims
            }
            public => self.check_by_public_key(token, header.kid.as_deref(), public, validation)?,
        };
        if claims.iat.is_some_and(|iat| iat > (jsonwebtoken::get_current_timestamp() + leeway) as f64) {
            return Err(BadToken::new(Code::TokenNotYetValid, "the token was issued in the future"));
        }
        Ok(claims)
    }

    fn check_by_public_key(
        &self,
        token: &str,
        id: Option<&str>,
        algorithm: Algorithm,
        validation: &Validation,
    ) -> Result<Claims, BadToken> {
        let mut keys = self.file.candidates(id, algorithm);
        if let Some(jwks) = &self.jwks {
            if jwks.ring().is_empty() && self.file.is_empty() {
                let detail = "the keys that tokens are checked with are not there yet";
                return Err(BadToken::new(Code::KeysUnavailable, detail));
            }
            keys.extend(jwks.ring().candidates(id, algorithm));
        }
        let mut wrong = BadToken::new(Code::TokenKeyUnknown, "the token is signed with a key that is not known here");
        for key in &keys {
            match jsonwebtoken::decode::<Claims>(token, &key.decoding, validation) {
                Ok(read) => return Ok(read.claims),
                Err(error) => wrong = self.what_is_wrong(error.kind()),
            }
            // The signature was good: no other key has anything to add.
            if wrong.code != Code::TokenForged {
                break;
            }
        }
        Err(wrong)
    }

    /// Has the set of keys read anew if the token names one that is not known.
    pub(super) async fn meet(&self, token: &str) {
        let Some(jwks) = &self.jwks else { return };
        if let Ok((header, _)) = self.header(token)
            && header.alg != Algorithm::HS256
        {
            jwks.meet(header.kid.as_deref()).await;
        }
    }

    /// Looks at the algorithm before anything else, so that `none` and its friends have a name of their own.
    fn header(&self, token: &str) -> Result<(Header, &Validation), BadToken> {
        let malformed = || BadToken::new(Code::TokenMalformed, "a token is three parts of base64url with dots between");
        if token.len() > TOKEN_BYTES_MAX || token.split('.').count() != 3 {
            return Err(malformed());
        }
        let header = jsonwebtoken::decode_header(token).map_err(|error| match error.kind() {
            // The library knows no algorithm `none`: its header reads as JSON with an unknown name in it.
            ErrorKind::Json(json) if json.to_string().starts_with("unknown variant") => self.other_algorithm(),
            _ => malformed(),
        })?;
        if header.crit.is_some() {
            return Err(BadToken::new(Code::TokenMalformed, "a header named in crit is not understood here"));
        }
        let taken = self.taken.iter().position(|algorithm| of_library(*algorithm) == header.alg);
        let validation = taken.and_then(|nth| self.validations.get(nth)).ok_or_else(|| self.other_algorithm())?;
        Ok((header, validation))
    }

    fn other_algorithm(&self) -> BadToken {
        let taken: Vec<&str> = self.taken.iter().map(|algorithm| algorithm.as_str()).collect();
        BadToken::new(Code::TokenAlgorithm, format!("the algorithm must be {}", taken.join(" or ")))
    }

    fn what_is_wrong(&self, kind: &ErrorKind) -> BadToken {
        match kind {
            ErrorKind::ExpiredSignature => BadToken::new(Code::TokenExpired, "the token has expired: get a new one"),
            ErrorKind::ImmatureSignature => BadToken::new(Code::TokenNotYetValid, "the token is not valid yet"),
            ErrorKind::InvalidSignature => BadToken::new(Code::TokenForged, "the signature does not match"),
            ErrorKind::InvalidAlgorithm | ErrorKind::InvalidAlgorithmName | ErrorKind::MissingAlgorithm => {
                self.other_algorithm()
            }
            ErrorKind::InvalidIssuer => BadToken::new(Code::TokenIssuer, "the token was issued by someone else"),
            ErrorKind::InvalidAudience => BadToken::new(Code::TokenIssuer, "the token was issued for someone else"),
            ErrorKind::MissingRequiredClaim(claim) | ErrorKind::InvalidClaimFormat(claim) => match claim.as_str() {
                "exp" => BadToken::claim("exp", "a time in seconds"),
                "nbf" => BadToken::claim("nbf", "a time in seconds"),
                "iss" => BadToken::claim("iss", "the name of the issuer"),
                "aud" => BadToken::claim("aud", "the name of this service"),
                _ => BadToken::claim("sub", "the name of a person"),
            },
            ErrorKind::Json(_) | ErrorKind::Utf8(_) => {
                BadToken::new(Code::TokenClaims, "the claims are not the JSON they should be")
            }
            _ => BadToken::new(Code::TokenMalformed, "a token is three parts of base64url with dots between"),
        }
    }
}
