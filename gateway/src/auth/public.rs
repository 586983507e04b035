//! Public keys: read from PEM or from a set of JWKs, and found for a token.
//!
//! Lives here: which keys are taken and what each of them may check.
//! Stays out: where they come from and when they are read anew (see [`super::jwks`]).
//! Touch with care: each key is for one algorithm and no other, whatever a token says of itself, and no symmetric key is ever
//! taken from a set. A key that cannot check anything is refused here: the library would panic on some of them.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;
use tokio_rustls::rustls::pki_types::SubjectPublicKeyInfoDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;

/// The most keys that are kept of one source. Issuers publish two or three.
pub(crate) const KEYS_MAX: usize = 32;

/// The longest name of a key that is looked at.
pub(crate) const KEY_ID_BYTES_MAX: usize = 200;

/// RFC 7518, 3.3: "A key of size 2048 bits or larger MUST be used".
const RSA_BITS_MIN: usize = 2_048;

/// What the library can check.
const RSA_BITS_MAX: usize = 4_096;

/// A key of RSA as X.509 writes it: this, two bytes of length, and the key as PKCS #1 writes it (RFC 3279, 2.3.1).
const RSA_ALGORITHM: &[u8] =
    &[0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00, 0x03, 0x82];

/// A key of P-256 as X.509 writes it: this, and the 65 bytes of an uncompressed point (RFC 5480).
const P256: &[u8] = &[
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// A key of Ed25519 as X.509 writes it: this, and 32 bytes (RFC 8410).
const ED25519: &[u8] = &[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// A key that checks tokens and cannot make them.
#[derive(Clone)]
pub(crate) struct PublicKey {
    /// Its name, for a token to say which key it means; none in a PEM file.
    id: Option<String>,
    pub(super) algorithm: Algorithm,
    pub(super) decoding: DecodingKey,
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({:?}, {:?})", self.algorithm, self.id)
    }
}

impl PublicKey {
    /// Takes a key if it can check something.
    fn new(id: Option<String>, algorithm: Algorithm, decoding: DecodingKey) -> Option<PublicKey> {
        // Not a signature of anything: only a key that makes no sense is an error.
        let any = "A".repeat(86);
        jsonwebtoken::crypto::verify(&any, b"", &decoding, algorithm).ok()?;
        Some(PublicKey { id, algorithm, decoding })
    }

    /// Whether this key signed that.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn signed(&self, said: &[u8], signature: &str) -> bool {
        jsonwebtoken::crypto::verify(signature, said, &self.decoding, self.algorithm).is_ok_and(|signed| signed)
    }

    /// Reads a key as X.509 writes it.
    fn from_spki(der: &[u8]) -> Option<PublicKey> {
        if let Some(point) = der.strip_prefix(P256) {
            let fits = point.len() == 65 && point[0] == 4;
            return fits.then(|| PublicKey::new(None, Algorithm::ES256, DecodingKey::from_ec_der(point)))?;
        }
        if let Some(key) = der.strip_prefix(ED25519) {
            return (key.len() == 32).then(|| PublicKey::new(None, Algorithm::EdDSA, DecodingKey::from_ed_der(key)))?;
        }
        // 30 82 LL LL, the algorithm with its 03 82, LL LL, 00, and the key itself.
        let key = der.get(4..)?.strip_prefix(RSA_ALGORITHM)?.get(3..)?;
        rsa_bits(key).filter(|bits| (RSA_BITS_MIN..=RSA_BITS_MAX).contains(bits))?;
        PublicKey::new(None, Algorithm::RS256, DecodingKey::from_rsa_der(key))
    }

    /// Reads one key of a set. `None` for one of a kind that is not taken, which RFC 7517 (5) wants to be ignored.
    fn from_jwk(key: Value) -> Option<PublicKey> {
        let key: Jwk = serde_json::from_value(key).ok()?;
        let common = &key.common;
        let signs = common.public_key_use.as_ref().is_none_or(|usage| *usage == PublicKeyUse::Signature);
        let checks = common.key_operations.as_ref().is_none_or(|all| all.contains(&KeyOperations::Verify));
        let is_named_well = common.key_id.as_ref().is_none_or(|id| (1..=KEY_ID_BYTES_MAX).contains(&id.len()));
        if !(signs && checks && is_named_well) {
            return None;
        }
        let (algorithm, named) = match &key.algorithm {
            AlgorithmParameters::RSA(rsa) => {
                // Base64 has six bits a letter.
                let letters = RSA_BITS_MIN.div_ceil(6)..=RSA_BITS_MAX.div_ceil(6);
                let fits = letters.contains(&rsa.n.trim_start_matches('A').len());
                fits.then_some((Algorithm::RS256, KeyAlgorithm::RS256))?
            }
            AlgorithmParameters::EllipticCurve(point) if point.curve == EllipticCurve::P256 => {
                (point.x.len() == 43 && point.y.len() == 43).then_some((Algorithm::ES256, KeyAlgorithm::ES256))?
            }
            AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519 => {
                (pair.x.len() == 43).then_some((Algorithm::EdDSA, KeyAlgorithm::EdDSA))?
            }
            _ => return None,
        };
        if common.key_algorithm.as_ref().is_some_and(|said| *said != named) {
            return None;
        }
        let decoding = DecodingKey::from_jwk(&key).ok()?;
        PublicKey::new(key.common.key_id, algorithm, decoding)
    }
}

/// How many bits the modulus of a key has, as PKCS #1 writes it: 30 82 LL LL 02 82 NN NN, and the number.
fn rsa_bits(key: &[u8]) -> Option<usize> {
    let [0x30, 0x82, _, _, 0x02, 0x82, high, low, number @ ..] = key else { return None };
    let number = number.get(..usize::from(u16::from_be_bytes([*high, *low])))?;
    let zeros = number.iter().position(|byte| *byte != 0)?;
    Some((number.len() - zeros) * 8 - number[zeros].leading_zeros() as usize)
}

/// Reads the public keys of a PEM file: RSA of 2048 to 4096 bits, P-256 or Ed25519. `None` when there is none, or one of them
/// is of another kind.
pub(crate) fn read_pem(text: &[u8]) -> Option<Vec<PublicKey>> {
    let ders: Vec<_> =
        SubjectPublicKeyInfoDer::pem_slice_iter(text).take(KEYS_MAX + 1).collect::<Result<_, _>>().ok()?;
    let keys: Vec<PublicKey> = ders.iter().map(|der| PublicKey::from_spki(der.as_ref())).collect::<Option<_>>()?;
    (1..=KEYS_MAX).contains(&keys.len()).then_some(keys)
}

/// Reads a set of JWKs (RFC 7517). `None` when it is none, or none of its keys can be used.
pub(crate) fn read_jwks(text: &[u8]) -> Option<Vec<PublicKey>> {
    #[derive(Deserialize)]
    struct Set {
        keys: Vec<Value>,
    }
    let set: Set = serde_json::from_slice(text).ok()?;
    let keys: Vec<PublicKey> = set.keys.into_iter().filter_map(PublicKey::from_jwk).take(KEYS_MAX).collect();
    (!keys.is_empty()).then_some(keys)
}

/// The public keys that are taken at present.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeyRing(Arc<RwLock<Arc<[PublicKey]>>>);

impl KeyRing {
    pub(crate) fn replace(&self, keys: Vec<PublicKey>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = keys.into();
    }

    pub(crate) fn all(&self) -> Arc<[PublicKey]> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether there is a key of this name, or one without a name.
    pub(crate) fn has(&self, id: Option<&str>) -> bool {
        self.all().iter().any(|key| answers_to(key, id))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.all().is_empty()
    }

    /// The keys that a token of this algorithm may be checked with.
    pub(crate) fn candidates(&self, id: Option<&str>, algorithm: Algorithm) -> Vec<PublicKey> {
        let all = self.all();
        all.iter().filter(|key| key.algorithm == algorithm && answers_to(key, id)).cloned().collect()
    }
}

/// A key without a name answers to every name, and a token that names no key means any.
fn answers_to(key: &PublicKey, id: Option<&str>) -> bool {
    match (&key.id, id) {
        (Some(name), Some(id)) => name == id,
        _ => true,
    }
}

#[cfg(test)]
mod tests;
