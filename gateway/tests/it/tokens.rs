use gateway::{Identity, Keys, Role, Secret};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::Method;
use serde_json::json;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::street::{Phone, SECRET, ask, counted, place, problem, refused, request, server, token};

fn signed(role: &str, secret: &[u8], shift: i64) -> String {
    let now = i64::try_from(jsonwebtoken::get_current_timestamp()).unwrap();
    let claims = json!({"sub": "ann", "role": role, "iss": "hansom", "iat": now - 100, "exp": now + shift});
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(secret)).unwrap()
}

#[tokio::test]
async fn every_bad_token_is_refused_at_every_door_and_counted() {
    let server = server().await;
    let good = signed("rider", SECRET, 60);
    let none = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{}.", good.split('.').nth(1).unwrap());
    for (token, code) in [
        (signed("rider", SECRET, -60), "token_expired"),
        (signed("rider", b"another-secret-another-secret-32", 60), "token_forged"),
        (signed("king", SECRET, 60), "token_claims"),
        (none, "token_algorithm"),
        ("nonsense".to_owned(), "token_malformed"),
        ("x".repeat(5_000), "token_too_large"),
    ] {
        let metric = format!("gateway_auth_failures_total{{reason=\"{code}\"}}");
        let before = counted(&server, &metric).await;
        for (method, path) in [
            (Method::POST, "/v1/trips"),
            (Method::GET, "/v1/trips/x"),
            (Method::DELETE, "/v1/trips/x"),
            (Method::GET, "/v1/ops/status"),
        ] {
            let response = request(&server, method, path, &token).send().await.unwrap();
            let challenge = response.headers()["www-authenticate"].to_str().unwrap().to_owned();
            assert!(challenge.starts_with("Bearer realm=\"hansom\", error=\"invalid_token\""), "{challenge}");
            let (status, said, body) = problem(response).await;
            assert_eq!((status, said.as_str()), (401, code), "{path}");
            assert!(!body.to_string().contains(&token), "a token is never sent back");
        }
        for path in ["/v1/driver", "/v1/trips/x/watch"] {
            let (status, body) = refused(Phone::connect(&server, path, &token).await.err().unwrap());
            assert_eq!((status, body["code"].as_str().unwrap()), (401, code), "{path}");
        }
        assert_eq!(counted(&server, &metric).await - before, 6.0);
    }
    server.stop().await;
}

#[tokio::test]
async fn who_shows_no_token_is_told_how() {
    let server = server().await;
    let response = reqwest::get(format!("{}/v1/ops/status", server.url())).await.unwrap();
    assert_eq!(response.headers()["www-authenticate"], "Bearer realm=\"hansom\"");
    let (status, code, _) = problem(response).await;
    assert_eq!((status, code.as_str()), (401, "token_missing"));
    let basic = reqwest::Client::new().get(format!("{}/v1/ops/status", server.url()));
    let (status, code, _) = problem(basic.header("authorization", "Basic YTpi").send().await.unwrap()).await;
    assert_eq!((status, code.as_str()), (401, "token_malformed"));
    server.stop().await;
}

#[tokio::test]
async fn a_good_token_opens_only_its_own_door() {
    let server = server().await;
    let (driver, rider, ops) =
        (token(&server, Role::Driver, "ann"), token(&server, Role::Rider, "eve"), token(&server, Role::Ops, "kim"));
    for token in [&driver, &ops] {
        let post = request(&server, Method::POST, "/v1/trips", token).header("Idempotency-Key", "1");
        let response = post.json(&json!({"pickup": place(0.0), "dropoff": place(1.0)})).send().await.unwrap();
        let challenge = response.headers()["www-authenticate"].to_str().unwrap().to_owned();
        assert!(challenge.contains("insufficient_scope"), "{challenge}");
        let (status, code, body) = problem(response).await;
        assert_eq!((status, code.as_str(), &body["allowed"]), (403, "wrong_role", &json!("rider")));
    }
    for token in [&driver, &rider] {
        let (status, code, _) =
            problem(request(&server, Method::GET, "/v1/ops/status", token).send().await.unwrap()).await;
        assert_eq!((status, code.as_str()), (403, "wrong_role"));
    }
    for token in [&rider, &ops] {
        let (status, body) = refused(Phone::connect(&server, "/v1/driver", token).await.err().unwrap());
        assert_eq!((status, &body["code"], &body["allowed"]), (403, &json!("wrong_role"), &json!("driver")));
    }
    let trip: serde_json::Value = ask(&server, "eve", "1", 0.0).send().await.unwrap().json().await.unwrap();
    let path = format!("/v1/trips/{}", trip["id"].as_str().unwrap());
    let (status, code, _) = problem(request(&server, Method::GET, &path, &driver).send().await.unwrap()).await;
    assert_eq!((status, code.as_str()), (403, "wrong_role"));
    assert_eq!(counted(&server, "gateway_auth_failures_total{reason=\"wrong_role\"}").await, 7.0);
    server.stop().await;
}

#[tokio::test]
async fn a_browser_shows_its_token_among_the_subprotocols() {
    let server = server().await;
    let token = token(&server, Role::Driver, "ann");
    let handshake = |protocols: String| {
        let mut request = format!("ws://{}/v1/driver", server.addr).into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", protocols.parse().unwrap());
        connect_async(request)
    };
    let (_socket, response) = handshake(format!("hansom.v1.json, bearer.{token}")).await.unwrap();
    assert_eq!(response.headers()["sec-websocket-protocol"], "hansom.v1.json");
    let (status, body) = refused(handshake(format!("graphql-ws, bearer.{token}")).await.err().unwrap());
    assert_eq!((status, &body["code"]), (400, &json!("bad_value")));
    assert_eq!(body["allowed"], "hansom.v1.bin or hansom.v1.json");
    assert!(!body.to_string().contains(&token));
    let (status, body) = refused(handshake("hansom.v1.json, bearer.x".to_owned()).await.err().unwrap());
    assert_eq!((status, &body["code"]), (401, &json!("token_malformed")));
    server.stop().await;
}

#[tokio::test]
async fn tokens_of_another_issuer_are_refused() {
    let server = server().await;
    let other = Keys::new(&Secret::new(SECRET).unwrap(), "someone-else");
    let token = other.mint(&Identity::new(Role::Ops, "kim").unwrap(), std::time::Duration::from_secs(60)).unwrap();
    let (status, code, _) =
        problem(request(&server, Method::GET, "/v1/ops/status", &token).send().await.unwrap()).await;
    assert_eq!((status, code.as_str()), (401, "token_issuer"));
    server.stop().await;
}
