use serde_json::{Value, json};

use super::*;
use crate::auth::signer::{Signer, make};

const ALGORITHMS: [Algorithm; 3] = [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA];

fn set(keys: &[Value]) -> Option<Vec<PublicKey>> {
    read_jwks(json!({ "keys": keys }).to_string().as_bytes())
}

#[test]
fn a_public_key_is_read_from_pem_and_from_a_set() {
    let signers = ALGORITHMS.map(|algorithm| Signer::new(algorithm, Some("one")));
    let pem: String = signers.iter().map(|signer| signer.pem.as_str()).collect();
    let from_pem = read_pem(pem.as_bytes()).unwrap();
    let from_set = set(&signers.iter().map(Signer::jwk).collect::<Vec<_>>()).unwrap();
    for keys in [&from_pem, &from_set] {
        assert_eq!(keys.iter().map(|key| key.algorithm).collect::<Vec<_>>(), ALGORITHMS);
    }
    for (nth, signer) in signers.iter().enumerate() {
        let token = signer.sign(&json!({"sub": "ann"}));
        let (said, signature) = token.rsplit_once('.').unwrap();
        for (other, key) in from_pem.iter().chain(&from_set).enumerate() {
            let good = jsonwebtoken::crypto::verify(signature, said.as_bytes(), &key.decoding, key.algorithm);
            assert_eq!(good.unwrap(), other % 3 == nth, "{key:?}");
        }
    }
}

#[test]
fn keys_that_are_weak_secret_or_for_something_else_are_not_taken() {
    for how in [
        &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"][..],
        &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
        &["-algorithm", "X25519"],
    ] {
        assert!(read_pem(make(how).0.as_bytes()).is_none(), "{how:?}");
    }
    for text in ["", "nonsense", "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n"] {
        assert!(read_pem(text.as_bytes()).is_none(), "{text}");
    }
    let good = Signer::new(Algorithm::ES256, Some("one")).jwk();
    assert!(set(std::slice::from_ref(&good)).is_some());
    let with = |field: &str, value: Value| {
        let mut key = good.clone();
        key[field] = value;
        key
    };
    let rsa = Signer::new(Algorithm::RS256, None).jwk();
    let mut weak = rsa.clone();
    weak["n"] = json!(&rsa["n"].as_str().unwrap()[..171]);
    for bad in [
        with("use", json!("enc")),
        with("key_ops", json!(["sign"])),
        with("alg", json!("RS256")),
        with("crv", json!("P-384")),
        with("x", json!("AA")),
        with("x", json!("A".repeat(43))),
        with("kid", json!("x".repeat(KEY_ID_BYTES_MAX + 1))),
        with("kty", json!("oct")),
        weak,
        json!({"kty": "oct", "k": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY", "alg": "HS256"}),
        json!({"kty": "OKP", "crv": "Ed25519", "x": "AAAA"}),
        json!(7),
    ] {
        assert!(set(std::slice::from_ref(&bad)).is_none(), "{bad}");
        assert_eq!(set(&[bad.clone(), good.clone()]).unwrap().len(), 1, "the others are taken: {bad}");
    }
    assert!(read_jwks(b"[]").is_none() && read_jwks(br#"{"keys":[]}"#).is_none());
    assert_eq!(set(&vec![good; 200]).unwrap().len(), KEYS_MAX, "a set has an end");
}
