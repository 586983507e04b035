use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::*;
use crate::wire::NewTripBody;

fn document() -> Value {
    serde_json::from_str(&OPENAPI).expect("the document is JSON")
}

/// A schema of the document as one that stands alone.
fn alone(document: &Value, name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}"), "components": document["components"]})
}

fn fits(schema: &Value, value: &Value) -> bool {
    jsonschema::validator_for(schema).expect("a schema").is_valid(value)
}

#[test]
fn every_address_of_the_doors_is_in_the_document() {
    let routes = include_str!("../../doors.rs").lines().filter_map(|line| line.trim().strip_prefix(".route(\""));
    let routes: BTreeSet<&str> = routes.filter_map(|rest| rest.split('"').next()).collect();
    let document = document();
    let described: BTreeSet<&str> =
        document["paths"].as_object().expect("paths").keys().map(String::as_str).chain(documents()).collect();
    assert_eq!(routes, described);
}

/// The addresses that lead to documents: those do not describe themselves.
fn documents() -> [&'static str; 3] {
    ["/docs", "/openapi.json", "/asyncapi.json"]
}

#[test]
fn every_answer_has_a_name_for_its_request_and_every_door_but_the_open_ones_needs_a_token() {
    let document = document();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("methods") {
            assert!(operation["operationId"].is_string(), "{method} {path}");
            let open = operation["tags"] == json!(["health"]);
            assert_eq!(operation["security"] == json!([{}]), open, "{method} {path}");
            for (status, response) in operation["responses"].as_object().expect("responses") {
                assert!(response["headers"]["X-Request-Id"].is_object(), "{method} {path} {status}");
            }
        }
    }
}

#[test]
fn a_body_is_read_exactly_when_the_document_allows_it() {
    let document = document();
    let (new, asked) = (alone(&document, "NewTrip"), alone(&document, "Asked"));
    let place = json!({"lat": 40.75, "lon": -73.98});
    let whole = json!({
        "pickup": place, "dropoff": {"lat": 40.76, "lon": -73.98}, "pickup_at_ms": 1_764_000_000_000_u64, "shared": true,
        "needs": {"class": "xl", "seats": 6, "wheelchair": true, "pets": false},
    });
    let with = |path: &[&str], value: Value| {
        let mut body = whole.clone();
        let inner = path.iter().fold(&mut body, |inner, name| &mut inner[*name]);
        *inner = value;
        body
    };
    let bodies = [
        whole.clone(),
        with(&["needs"], Value::Null),
        with(&["needs", "class"], Value::Null),
        with(&["needs", "class"], json!("tank")),
        with(&["needs", "seats"], json!(0)),
        with(&["needs", "seats"], json!(8)),
        with(&["needs", "seats"], json!(9)),
        with(&["needs", "seats"], json!(1.5)),
        with(&["needs", "wings"], json!(2)),
        with(&["shared"], json!("yes")),
        with(&["pickup_at_ms"], json!(-1)),
        with(&["pickup", "lat"], json!(90.0)),
        with(&["pickup", "lat"], json!(90.5)),
        with(&["pickup", "lon"], json!(-180.5)),
        with(&["pickup", "lat"], json!("40")),
        with(&["pickup"], json!([40.75, -73.98])),
        with(&["dropoff"], Value::Null),
        with(&["color"], json!("red")),
    ];
    for body in bodies {
        assert_eq!(fits(&new, &body), NewTripBody::read(&body.to_string()).is_ok(), "{body}");
        assert_eq!(fits(&asked, &body), NewTripBody::read_order(&body.to_string()).is_ok(), "{body}");
    }
    let quoted = with(&["quote"], json!("eyJ"));
    assert!(fits(&new, &quoted) && NewTripBody::read(&quoted.to_string()).is_ok());
    assert!(!fits(&asked, &quoted) && NewTripBody::read_order(&quoted.to_string()).is_err());
    let long = with(&["quote"], json!("x".repeat(1_025)));
    assert!(!fits(&new, &long) && NewTripBody::read(&long.to_string()).is_err());
}

#[test]
fn the_document_in_the_repository_is_the_one_that_is_served() {
    let kept = include_str!("../../../openapi.json");
    assert!(*OPENAPI == kept, "gateway/openapi.json is old: `cargo run -p gateway -- openapi > gateway/openapi.json`");
}
