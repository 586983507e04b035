use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use super::*;

const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

fn keys() -> Keys {
    Keys::new(&Secret::new(SECRET).unwrap(), "hansom")
}

fn signed_with(secret: &[u8], algorithm: Algorithm, claims: &Value) -> String {
    jsonwebtoken::encode(&Header::new(algorithm), claims, &EncodingKey::from_secret(secret)).unwrap()
}

fn signed(claims: &Value) -> String {
    signed_with(SECRET, Algorithm::HS256, claims)
}

fn now() -> u64 {
    jsonwebtoken::get_current_timestamp()
}

fn good() -> Value {
    json!({"sub": "ann", "role": "driver", "iss": "hansom", "iat": now(), "exp": now() + 60})
}

fn with(claim: &str, value: Value) -> Value {
    let mut claims = good();
    claims[claim] = value;
    claims
}

fn without(claim: &str) -> Value {
    let mut claims = good();
    claims.as_object_mut().unwrap().remove(claim);
    claims
}

fn wrong(token: &str) -> Code {
    keys().check(token).unwrap_err().code
}

#[test]
fn a_minted_token_says_whose_it_is() {
    for (role, name) in [(Role::Driver, "ann"), (Role::Rider, "eve@example.org"), (Role::Ops, "kim")] {
        let who = Identity::new(role, name).unwrap();
        let token = keys().mint(&who, Duration::from_secs(60)).unwrap();
        assert_eq!(keys().check(&token), Ok(who));
    }
}

#[test]
fn time_counts_with_half_a_minute_of_leeway() {
    assert!(keys().check(&signed(&with("exp", json!(now() - 20)))).is_ok());
    assert_eq!(wrong(&signed(&with("exp", json!(now() - 40)))), Code::TokenExpired);
    assert!(keys().check(&signed(&with("nbf", json!(now() + 20)))).is_ok());
    assert_eq!(wrong(&signed(&with("nbf", json!(now() + 40)))), Code::TokenNotYetValid);
    assert!(keys().check(&signed(&with("iat", json!(now() + 20)))).is_ok());
    assert_eq!(wrong(&signed(&with("iat", json!(now() + 60)))), Code::TokenNotYetValid);
}

#[test]
fn a_forged_token_is_refused() {
    let other = signed_with(b"another-secret-another-secret-32", Algorithm::HS256, &good());
    assert_eq!(wrong(&other), Code::TokenForged);
    let token = signed(&good());
    let (head, signature) = token.rsplit_once('.').unwrap();
    let (header, _) = head.split_once('.').unwrap();
    let payload = signed(&with("sub", json!("bob")));
    let payload = payload.split('.').nth(1).unwrap();
    assert_eq!(wrong(&format!("{header}.{payload}.{signature}")), Code::TokenForged);
}

#[test]
fn no_algorithm_but_hs256_is_taken() {
    assert_eq!(wrong(&signed_with(SECRET, Algorithm::HS512, &good())), Code::TokenAlgorithm);
    let token = signed(&good());
    let payload = token.split('.').nth(1).unwrap();
    // The headers {"alg":"none","typ":"JWT"} and {"alg":"NoNe"}, and one of RS256 for the confusion of keys.
    for header in ["eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0", "eyJhbGciOiJOb05lIn0", "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9"]
    {
        assert_eq!(wrong(&format!("{header}.{payload}.")), Code::TokenAlgorithm, "{header}");
    }
}

#[test]
fn what_is_no_token_is_named_so() {
    for text in ["", "x", "a.b", "a.b.c.d", "....", "a.b.c", "\u{1f600}.x.y", "e30.e30.e30"] {
        assert_eq!(wrong(text), Code::TokenMalformed, "{text}");
    }
    assert_eq!(wrong(&"x".repeat(TOKEN_BYTES_MAX + 1)), Code::TokenTooLarge);
}

#[test]
fn claims_must_be_there_and_make_sense() {
    for claim in ["sub", "exp", "iss", "role"] {
        let refused = keys().check(&signed(&without(claim))).unwrap_err();
        assert_eq!((refused.code, refused.claim), (Code::TokenClaims, Some(claim)));
    }
    for (claim, value) in
        [("role", json!("king")), ("sub", json!("")), ("sub", json!("a b")), ("sub", json!("x".repeat(65)))]
    {
        let refused = keys().check(&signed(&with(claim, value))).unwrap_err();
        assert_eq!((refused.code, refused.claim), (Code::TokenClaims, Some(claim)));
    }
    assert_eq!(wrong(&signed(&with("role", json!(7)))), Code::TokenClaims);
    assert_eq!(wrong(&signed(&with("exp", json!("soon")))), Code::TokenClaims);
    assert_eq!(wrong(&signed(&with("iss", json!("uber")))), Code::TokenIssuer);
    assert_eq!(wrong(&signed(&with("aud", json!("uber")))), Code::TokenIssuer);
}

#[test]
fn a_secret_is_long_enough_and_never_shown() {
    assert!(matches!(Secret::new(b"short"), Err(SecretError::Length { bytes: 5 })));
    assert!(matches!(Secret::new(&[b'x'; 5_000]), Err(SecretError::Length { bytes: 5_000 })));
    let secret = Secret::new(b"0123456789abcdef0123456789abcdef\n").unwrap();
    assert_eq!(secret.bytes(), SECRET);
    assert!(!format!("{secret:?} {:?}", keys()).contains("0123"));
}

#[test]
fn the_dev_secret_is_made_once_and_for_its_owner_only() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let makers: Vec<_> = (0..8)
        .map(|_| {
            let data = data.clone();
            std::thread::spawn(move || dev_secret(&data).unwrap())
        })
        .collect();
    let made: Vec<Secret> = makers.into_iter().map(|maker| maker.join().unwrap()).collect();
    assert!(made.iter().all(|secret| *secret == made[0]), "all who ask at once get the same secret");
    let path = data.join("dev-secret");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::read_dir(&data).unwrap().count(), 1, "nothing is left beside it");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(dev_secret(&data), Err(SecretError::Open { mode: 0o644, .. })));
}
