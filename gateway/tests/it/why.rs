use gateway::{Role, Server};
use reqwest::Method;
use serde_json::{Value, json};

use crate::street::{Phone, ask, json_of, problem, request, server, token};

async fn get(server: &Server, path: &str, token: &str) -> Value {
    let (status, body) = json_of(request(server, Method::GET, path, token).send().await.unwrap()).await;
    assert_eq!(status, 200, "{body}");
    body
}

#[tokio::test]
async fn ops_are_told_why_a_trip_got_this_driver_and_why_another_got_none() {
    let server = server().await;
    let kim = token(&server, Role::Ops, "kim");
    let (mut near, _far) = (Phone::on_line(&server, "near", 1.0).await, Phone::on_line(&server, "far", 3.0).await);
    let trip: Value = ask(&server, "eve", "1", 0.0).send().await.unwrap().json().await.unwrap();
    let id = trip["id"].as_str().unwrap().to_owned();
    let offer = near.hear_type("offer").await;
    near.answer(json!({"type": "accept", "id": 10, "offer": offer["offer"]})).await;

    // The end of an attempt travels to the shard as a letter.
    let told = loop {
        let told = get(&server, &format!("/v1/trips/{id}/explain"), &kim).await;
        if told["attempts"].as_array().unwrap().iter().any(|attempt| attempt["fate"] == "committed") {
            break told;
        }
    };
    let decision = &told["decisions"][0];
    assert_eq!((&told["trip"], &decision["chosen"], &decision["candidates"]), (&json!(id), &json!("near"), &json!(2)));
    assert!(decision["summary"].as_str().unwrap().starts_with("near for "), "{decision}");
    let considered = decision["considered"].as_array().unwrap();
    let fates: Vec<_> = considered.iter().map(|one| (one["driver"].clone(), one["fate"].clone())).collect();
    assert_eq!(fates, [(json!("near"), json!("chosen")), (json!("far"), json!("not_needed"))]);
    for one in considered {
        let factors = one["factors_ms"].as_object().unwrap();
        assert!(factors["pickup"].as_i64().unwrap() > 0);
        assert_eq!(factors.values().map(|part| part.as_i64().unwrap()).sum::<i64>(), one["cost_ms"].as_i64().unwrap());
    }
    let steps: Vec<_> = told["attempts"].as_array().unwrap().iter().map(|one| one["fate"].clone()).collect();
    assert_eq!(steps, ["offered", "accepted", "committed"]);

    let told = get(&server, "/v1/drivers/far/why-not", &kim).await;
    assert_eq!((&told["now"]["availability"], &told["now"]["matchable"]), (&json!("available"), &json!(true)));
    let lost = told["reasons"].as_array().unwrap().iter().find(|one| one["what"] == "lost").unwrap();
    assert_eq!((&lost["trip"], &lost["to"]), (&json!(id), &json!("near")));
    assert!(lost["dearer_ms"].as_i64().unwrap() > 0);
    let later = format!("/v1/drivers/far/why-not?since={}", lost["at_ms"].as_u64().unwrap() + 1);
    assert_eq!(get(&server, &later, &kim).await["reasons"], json!([]), "nothing has happened since");
    server.stop().await;
}

#[tokio::test]
async fn why_is_for_ops_and_a_bad_question_is_named() {
    let server = server().await;
    let (eve, kim) = (token(&server, Role::Rider, "eve"), token(&server, Role::Ops, "kim"));
    let trip: Value = ask(&server, "eve", "1", 0.0).send().await.unwrap().json().await.unwrap();
    let explain = format!("/v1/trips/{}/explain", trip["id"].as_str().unwrap());
    for path in [explain.as_str(), "/v1/drivers/ann/why-not"] {
        let (status, code, _) = problem(request(&server, Method::GET, path, &eve).send().await.unwrap()).await;
        assert_eq!((status, code.as_str()), (403, "wrong_role"), "{path}");
    }
    let stranger = get(&server, "/v1/drivers/nobody/why-not", &kim).await;
    assert_eq!((stranger.get("now"), &stranger["reasons"]), (None, &json!([])));
    for (path, field, value) in [
        ("/v1/drivers/ann/why-not?since=yesterday", "since", "yesterday"),
        ("/v1/drivers/ann/why-not?until=5", "query", "until"),
        ("/v1/drivers/a%20b/why-not", "id", "a b"),
    ] {
        let (status, _, body) = problem(request(&server, Method::GET, path, &kim).send().await.unwrap()).await;
        assert_eq!((status, &body["field"], &body["value"]), (400, &json!(field), &json!(value)), "{path}: {body}");
    }
    let unknown = "/v1/trips/019b1c2d-8e5f-852a-9072-0123456789ab/explain";
    let (status, code, _) = problem(request(&server, Method::GET, unknown, &kim).send().await.unwrap()).await;
    assert_eq!((status, code.as_str()), (404, "unknown_trip"));
    server.stop().await;
}
