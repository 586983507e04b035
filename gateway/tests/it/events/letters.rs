//! Dead letters, as an operator meets them.

use dispatch::Timestamp;
use gateway::Role;
use persistence::{DeadLetter, LetterId, Store};
use reqwest::Method;
use serde_json::json;

use super::receiver::{Receiver, Reply};
use super::{SIGNED_WITH, store, telling, until, write_trips};
use crate::binary::{hansom, run};
use crate::street::{json_of, problem, request, token};

async fn bury(store: &dyn Store, outlet: &str, line: u64) {
    let id = LetterId { outlet: outlet.to_owned(), line };
    let reason = "answered 500 Internal Server Error".to_owned();
    let at = Timestamp::from_millis(1_790_000_000_000);
    store.bury(DeadLetter { id, event: format!("trip.{line}"), attempts: 3, reason, at, due: false }).await.unwrap();
}

#[tokio::test]
async fn ops_list_dead_letters_page_by_page_and_have_them_tried_again() {
    let store = store();
    for (outlet, line) in [("app", 7), ("billing", 3), ("billing", 12)] {
        bury(&*store, outlet, line).await;
    }
    let server = telling(&store, &[]).await;
    let ops = token(&server, Role::Ops, "olga");
    let ask =
        async |method: Method, path: &str| json_of(request(&server, method, path, &ops).send().await.unwrap()).await;
    let (status, page) = ask(Method::GET, "/v1/ops/dead-letters?limit=2").await;
    let first = json!({
        "id": "app/7", "event": "trip.7", "attempts": 3, "reason": "answered 500 Internal Server Error",
        "at_ms": 1_790_000_000_000_u64, "due": false
    });
    assert_eq!((status, &page["dead_letters"][0], &page["next"]), (200, &first, &json!("billing/3")));
    let (_, rest) = ask(Method::GET, "/v1/ops/dead-letters?limit=2&after=billing/3").await;
    assert_eq!((rest["dead_letters"].as_array().unwrap().len(), &rest["next"]), (1, &json!(null)));
    let again = ask(Method::POST, "/v1/ops/dead-letters/billing/12/redeliver").await;
    assert_eq!(again, (202, json!({"due": 1})));
    let (_, page) = ask(Method::GET, "/v1/ops/dead-letters?after=billing/3").await;
    assert_eq!(page["dead_letters"][0]["due"], true);
    assert_eq!(ask(Method::POST, "/v1/ops/dead-letters/redeliver").await, (202, json!({"due": 3})));

    let refused =
        async |method: Method, path: &str| problem(request(&server, method, path, &ops).send().await.unwrap()).await;
    let (status, code, _) = refused(Method::POST, "/v1/ops/dead-letters/billing/4/redeliver").await;
    assert_eq!((status, code.as_str()), (404, "not_found"));
    for (path, field) in [
        ("/v1/ops/dead-letters?limit=0", "limit"),
        ("/v1/ops/dead-letters?limit=1001", "limit"),
        ("/v1/ops/dead-letters?after=billing", "after"),
        ("/v1/ops/dead-letters?before=1", "query"),
    ] {
        let (status, _, body) = refused(Method::GET, path).await;
        assert_eq!((status, &body["field"]), (400, &json!(field)), "{path}");
    }
    let eve = token(&server, Role::Rider, "eve");
    for (method, path) in [
        (Method::GET, "/v1/ops/dead-letters"),
        (Method::POST, "/v1/ops/dead-letters/redeliver"),
        (Method::POST, "/v1/ops/dead-letters/billing/12/redeliver"),
    ] {
        let (status, code, _) = problem(request(&server, method, path, &eve).send().await.unwrap()).await;
        assert_eq!((status, code.as_str()), (403, "wrong_role"));
    }
    server.stop().await;
}

#[tokio::test]
async fn the_command_lists_them_and_has_them_tried_again() {
    let receiver = Receiver::start(|seen| Reply::Status(if seen.attempt > 2 { 200 } else { 404 })).await;
    let (store, to) = (store(), format!("billing={}", receiver.url));
    write_trips(&store, 2).await;
    let settings = [
        ("webhooks", &*to),
        ("webhook_secret", SIGNED_WITH),
        ("webhook_attempts", "2"),
        ("webhook_retry_first", "0.01"),
    ];
    let server = telling(&store, &settings).await;
    until("all is given up", async || store.dead_letters(None, 9).await.unwrap().len() == 4).await;
    let url = server.url();
    let command = async |words: &'static [&'static str]| {
        let url = url.clone();
        let said = move || {
            let mut command = hansom();
            command.env("HANSOM_JWT_SECRET", String::from_utf8_lossy(crate::street::SECRET).as_ref());
            run(command.arg("events").args(words).args(["--url", &url]))
        };
        tokio::task::spawn_blocking(said).await.unwrap()
    };
    let (code, said, _) = command(&["dead-letters"]).await;
    assert_eq!(code, Some(0));
    assert!(said.contains("billing/1 ") && said.contains("tried 2 times: answered 404 Not Found"), "{said}");
    assert!(said.ends_with("4 dead letters\n"), "{said}");
    let (code, said, _) = command(&["dead-letters", "--json"]).await;
    let listed: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!((code, listed.as_array().unwrap().len(), &listed[3]["id"]), (Some(0), 4, &json!("billing/4")));

    let (code, said, _) = command(&["redeliver", "billing/2"]).await;
    assert_eq!((code, said.as_str()), (Some(0), "1 to be tried again\n"));
    until("it has arrived", async || receiver.taken_count() == 1).await;
    let (code, _, said) = command(&["redeliver", "billing/99"]).await;
    assert_eq!((code, said.as_str()), (Some(1), "hansom: there is no dead letter billing/99\n"));
    let (code, _, said) = command(&["redeliver", "billing"]).await;
    assert_eq!(code, Some(2));
    assert!(said.contains("allowed is an outlet and a line, as in billing/4711"), "{said}");
    assert_eq!(command(&["redeliver"]).await.0, Some(2), "it does not guess");
    assert_eq!(command(&["redeliver", "--all"]).await.0, Some(0));
    until("all has arrived", async || receiver.taken_count() == 4).await;
    until("all is forgotten", async || store.dead_letters(None, 9).await.unwrap().is_empty()).await;
    assert_eq!(command(&["dead-letters"]).await.1, "0 dead letters\n");
    server.stop().await;
}
