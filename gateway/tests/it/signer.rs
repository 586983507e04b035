//! Private keys, made by openssl, that sign tokens as an identity provider does.

use std::process::Command;

use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

/// Makes a private key, and writes it and its public half in the forms that are read here.
const MAKE: &str = "set -e; cd \"$1\"; shift; openssl genpkey \"$@\" -out key.pem; openssl pkey -in key.pem -pubout -out public.pem; \
    openssl pkcs8 -topk8 -nocrypt -in key.pem -outform DER -out key.der; openssl rsa -in key.pem -traditional -outform DER -out rsa.der || true";

/// One key of an identity provider.
pub(crate) struct Signer {
    pub(crate) algorithm: Algorithm,
    pub(crate) id: Option<&'static str>,
    /// The public half, as PEM.
    pub(crate) pem: String,
    key: EncodingKey,
}

impl Signer {
    pub(crate) fn new(algorithm: Algorithm, id: Option<&'static str>) -> Signer {
        let how: &[&str] = match algorithm {
            Algorithm::RS256 => &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
            Algorithm::ES256 => &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
            Algorithm::EdDSA => &["-algorithm", "ED25519"],
            other => panic!("nobody signs with {other:?} here"),
        };
        let (pem, key, rsa) = make(how);
        let key = match algorithm {
            Algorithm::RS256 => EncodingKey::from_rsa_der(&rsa),
            Algorithm::ES256 => EncodingKey::from_ec_der(&key),
            _ => EncodingKey::from_ed_der(&key),
        };
        Signer { algorithm, id, pem, key }
    }

    pub(crate) fn sign(&self, claims: &Value) -> String {
        let header = Header { kid: self.id.map(str::to_owned), ..Header::new(self.algorithm) };
        self.sign_under(&header, claims)
    }

    pub(crate) fn sign_under(&self, header: &Header, claims: &Value) -> String {
        jsonwebtoken::encode(header, claims, &self.key).unwrap()
    }

    /// The public half, as it is in a set.
    pub(crate) fn jwk(&self) -> Value {
        let mut jwk = serde_json::to_value(Jwk::from_encoding_key(&self.key, self.algorithm).unwrap()).unwrap();
        jwk["use"] = json!("sig");
        if let Some(id) = self.id {
            jwk["kid"] = json!(id);
        }
        jwk
    }
}

/// The public half of a new key as PEM, and the private one in two forms.
pub(crate) fn make(how: &[&str]) -> (String, Vec<u8>, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let made = Command::new("sh").args(["-c", MAKE, "sh"]).arg(folder.path()).args(how).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let read = |name: &str| std::fs::read(folder.path().join(name)).unwrap_or_default();
    (String::from_utf8(read("public.pem")).unwrap(), read("key.der"), read("rsa.der"))
}
