//! What a server says of itself and lets others see: modes, headers, origins, traces, log lines, secrets.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use gateway::{Mode, Role, Settings};
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::binary::{Process, hansom, run};
use crate::events::tls::certify;
use crate::street::{Phone, ask, place, problem, request, serve, server, settings, token};

/// Not what anybody uses, and easily found.
const SECRET: &str = "f3a91c07d2b64e58890ab7c6d5e4f312";

fn with_secret() -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    std::fs::write(&path, SECRET).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

#[test]
fn production_refuses_what_is_unsafe_and_says_what_to_do() {
    let (folder, secret) = with_secret();
    let weak = folder.path().join("weak");
    std::fs::write(&weak, "a".repeat(64)).unwrap();
    let weak = weak.to_str().unwrap();
    certify(folder.path());
    let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    let certificate = format!("tls.certificate={}", certificate.display());
    let key = format!("tls.key={}", key.display());
    let behind = "tls.behind_proxy=true";
    for (flags, key, advice) in [
        (vec!["--set", behind], "jwt_secret_file", "openssl rand"),
        (vec!["--jwt-secret-file", &secret], "tls.certificate", "tls.behind_proxy = true"),
        (
            vec!["--jwt-secret-file", &secret, "--set", behind, "--set", "cors.origins=*"],
            "cors.origins",
            "your own pages",
        ),
        (vec!["--jwt-secret-file", weak, "--set", behind], "different bytes", "openssl rand"),
        (vec!["--jwt-secret-file", &secret, "--set", &certificate], "tls.key", "go together"),
        (vec!["--jwt-secret-file", &secret, "--set", &key], "tls.certificate", "go together"),
        (vec!["--jwt-secret-file", &secret, "--set", behind, "--time-scale", "2"], "time_scale", "allowed is 1"),
        (vec!["--set", "jwt_secret=short", "--set", behind], "jwt_secret", "32 to 4096 bytes"),
    ] {
        let mut command = hansom();
        command.args(["serve", "--mode", "production", "--listen", "127.0.0.1:0", "--data-dir"]);
        let (code, out, err) = run(command.arg(folder.path().join("data")).args(&flags));
        assert_eq!((code, out.as_str()), (Some(2), ""), "{flags:?}: {err}");
        assert!(err.contains(key) && err.contains(advice), "{flags:?}: {err}");
    }
    let (code, _, err) = run(hansom().args(["serve", "--mode", "productive"]));
    assert_eq!(code, Some(2));
    assert!(err.contains("mode is \"productive\" (from --mode), allowed is development, or production"), "{err}");
}

#[test]
fn the_doctor_knows_what_is_safe() {
    let (folder, secret) = with_secret();
    certify(folder.path());
    let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    let (certificate, key) =
        (format!("tls.certificate={}", certificate.display()), format!("tls.key={}", key.display()));
    let doctor = |more: &[&str]| {
        let mut command = hansom();
        command.args(["doctor", "--listen", "127.0.0.1:0", "--data-dir"]).arg(folder.path().join("data")).args(more);
        run(&mut command)
    };
    let (code, out, _) = doctor(&[]);
    assert_eq!(code, Some(0), "{out}");
    for doubtful in ["look  tokens", "look  mode", "look  tls"] {
        assert!(out.contains(doubtful), "{out}");
    }
    let safe = ["--mode", "production", "--jwt-secret-file", &secret, "--set", &certificate, "--set", &key, "--set"];
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o644)).unwrap();
    let (code, out, _) = doctor(&[&safe[..], &["cors.origins=https://app.example"]].concat());
    assert_eq!(code, Some(0), "{out}");
    for said in ["ok    mode", "ok    tls", "ok    secret", "look  secrets"] {
        assert!(out.contains(said), "{said}: {out}");
    }
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).unwrap();
    let (_, out, _) = doctor(&safe[..safe.len() - 1]);
    assert!(!out.contains("look  secrets"), "{out}");

    let (code, out, _) = doctor(&["--set", &certificate, "--set", &format!("tls.key={secret}")]);
    assert_eq!(code, Some(1), "{out}");
    assert!(out.contains("BAD   tls"), "{out}");
    let (code, out, _) = doctor(&["--set", "jwt_jwks=http://127.0.0.1:1/keys"]);
    assert_eq!(code, Some(1), "{out}");
    assert!(out.contains("BAD   tokens") && out.contains("jwt_jwks"), "{out}");
}

#[tokio::test]
async fn each_mode_says_loudly_which_it_is() {
    let (folder, secret) = with_secret();
    let production = ["--mode", "production", "--jwt-secret-file", &secret, "--set", "tls.behind_proxy=true"];
    for (flags, loud, mode) in [(&[][..], true, "development"), (&production[..], false, "production")] {
        let process = Process::start(&folder.path().join(mode), flags);
        assert!(process.banner(2).starts_with(&format!("mode     {mode}:")), "{}", process.banner(2));
        let response = reqwest::get(format!("{}/livez", process.url())).await.unwrap();
        let said = response.headers().get("x-hansom-mode").map(|value| value.to_str().unwrap());
        assert_eq!(said, loud.then_some("development"));
        let (code, log) = tokio::task::spawn_blocking(|| process.stop()).await.unwrap();
        assert_eq!((code, log.contains("DEVELOPMENT TOKENS ARE ON")), (Some(0), loud), "{log}");
    }
    let process = Process::start(&folder.path().join("between"), &["--jwt-secret-file", &secret]);
    let (_, log) = tokio::task::spawn_blocking(|| process.stop()).await.unwrap();
    assert!(log.contains("development mode: --mode production"), "{log}");
}

fn has(response: &Response, name: &str) -> String {
    response.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
}

#[tokio::test]
async fn every_answer_says_how_browsers_shall_treat_it() {
    let server = server().await;
    let kim = token(&server, Role::Ops, "kim");
    for (path, json) in [("/v1/ops/status", true), ("/livez", false), ("/nowhere", true), ("/v1/trips/x", true)] {
        let response = request(&server, Method::GET, path, &kim).send().await.unwrap();
        assert_eq!(has(&response, "x-content-type-options"), "nosniff", "{path}");
        assert_eq!(has(&response, "referrer-policy"), "no-referrer", "{path}");
        assert!(has(&response, "content-security-policy").contains("frame-ancestors 'none'"), "{path}");
        assert_eq!(has(&response, "cache-control"), if json { "no-store" } else { "" }, "{path}");
        assert_eq!(has(&response, "strict-transport-security"), "", "only over TLS: {path}");
        assert_eq!(has(&response, "access-control-allow-origin"), "", "nobody was named: {path}");
    }
    server.stop().await;
}

#[tokio::test]
async fn pages_of_named_origins_may_ask_and_no_others() {
    let origins = vec!["https://app.example".to_owned(), "http://localhost:3000".to_owned()];
    let server = serve(Settings { cors_origins: origins, ..settings() }).await;
    let preflight = async |origin: &str, method: &str| {
        let url = format!("{}/v1/trips", server.url());
        let asked = Client::new().request(Method::OPTIONS, url).header("origin", origin);
        let asked = asked.header("access-control-request-method", method);
        asked.header("access-control-request-headers", "authorization,idempotency-key").send().await.unwrap()
    };
    for origin in ["https://app.example", "http://localhost:3000"] {
        let answer = preflight(origin, "POST").await;
        assert!(answer.status().is_success());
        assert_eq!(has(&answer, "access-control-allow-origin"), origin);
        let (methods, headers) =
            (has(&answer, "access-control-allow-methods"), has(&answer, "access-control-allow-headers"));
        assert!(methods.contains("POST") && methods.contains("DELETE") && !methods.contains("TRACE"), "{methods}");
        assert!(headers.contains("authorization") && headers.contains("idempotency-key"), "{headers}");
        assert_eq!(
            (has(&answer, "access-control-max-age"), has(&answer, "x-content-type-options")),
            ("600".into(), "nosniff".into())
        );
        assert_eq!(has(&answer, "access-control-allow-credentials"), "");
        // Also when it says no, or a page could not read why.
        let refused = Client::new().get(format!("{}/v1/ops/status", server.url())).header("origin", origin);
        let refused = refused.send().await.unwrap();
        assert_eq!((refused.status().as_u16(), has(&refused, "access-control-allow-origin")), (401, origin.to_owned()));
        assert!(has(&refused, "access-control-expose-headers").contains("retry-after"));
        assert!(has(&refused, "vary").contains("origin"), "caches must tell them apart");
    }
    for origin in ["https://evil.example", "https://app.example.evil", "https://app.example:8443", "null"] {
        assert_eq!(has(&preflight(origin, "POST").await, "access-control-allow-origin"), "", "{origin}");
    }
    server.stop().await;

    let server = serve(Settings { cors_origins: vec!["*".to_owned()], ..settings() }).await;
    let any = Client::new().get(format!("{}/livez", server.url())).header("origin", "https://x.example");
    let any = any.send().await.unwrap();
    assert_eq!(has(&any, "access-control-allow-origin"), "*");
    assert_eq!(has(&any, "access-control-allow-credentials"), "", "never together with any origin");
    server.stop().await;
}

#[tokio::test]
async fn a_trace_is_carried_into_the_answer_and_a_broken_one_ignored() {
    let server = server().await;
    let alive = async |trace: &str| {
        let asked = Client::new().get(format!("{}/livez", server.url())).header("traceparent", trace);
        has(&asked.send().await.unwrap(), "traceresponse")
    };
    let said = alive("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").await;
    assert!(said.starts_with("00-0af7651916cd43dd8448eb211c80319c-") && said.ends_with("-01"), "{said}");
    for broken in ["", "00", "00-0-0-0", "00-00000000000000000000000000000000-b7ad6b7169203331-01", &"x".repeat(4_000)]
    {
        assert_eq!(alive(broken).await, "", "{broken}");
    }
    server.stop().await;
}

/// A phone or a rider's window at a process.
async fn connect(process: &Process, path: &str, token: &str) -> Phone {
    let mut request = format!("{}{path}", process.url().replace("http", "ws")).into_client_request().unwrap();
    request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    Phone(connect_async(request).await.unwrap().0)
}

#[tokio::test]
async fn a_ride_leaves_no_name_no_place_and_no_secret_in_the_log() {
    let (folder, secret) = with_secret();
    let data = folder.path().join("data");
    let flags = ["--jwt-secret-file", &secret, "--log-format", "json", "--set", "policy.match_every=0.05"];
    let process = Process::start(&data, &flags);
    let mint = |who: &[&str]| {
        let (code, out, err) = run(hansom().arg("token").args(who).args(["--secret-file", &secret]));
        assert_eq!(code, Some(0), "{err}");
        out.trim().to_owned()
    };
    let (driver, rider) = (mint(&["--driver", "ann-of-the-log"]), mint(&["--rider", "eve-of-the-log"]));
    let here = json!({"lat": 40.751_234_5, "lon": -73.987_654_3});
    let mut ann = connect(&process, "/v1/driver", &driver).await;
    let mut online = here.clone();
    (online["type"], online["id"]) = (json!("online"), json!(1));
    ann.answer(online).await;
    let mut ping = here.clone();
    (ping["type"], ping["seq"]) = (json!("ping"), json!(1));
    ann.say(ping).await;
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let asked = Client::new().post(format!("{}/v1/trips", process.url())).bearer_auth(&rider);
    let asked = asked.header("traceparent", format!("00-{trace}-b7ad6b7169203331-01")).header("Idempotency-Key", "1");
    let trip: Value =
        asked.json(&json!({"pickup": here, "dropoff": place(5.0)})).send().await.unwrap().json().await.unwrap();
    let offer = ann.hear_type("offer").await["offer"].clone();
    ann.answer(json!({"type": "accept", "id": 2, "offer": offer})).await;
    for (id, step) in [(3, "arrived"), (4, "picked_up"), (5, "dropped_off")] {
        let answer = ann.answer(json!({"type": step, "id": id, "trip": trip["id"]})).await;
        assert_eq!(answer["type"], "trip", "{answer}");
    }
    // Those who make mistakes are no less people.
    for (body, bearer) in [("{\"pickup\":{\"lat\":40.7512345}}", rider.as_str()), ("{}", &format!("{rider}x"))] {
        let asked = Client::new().post(format!("{}/v1/trips", process.url())).bearer_auth(bearer);
        let asked = asked.header("content-type", "application/json").header("Idempotency-Key", "2");
        assert!(asked.body(body).send().await.unwrap().status().is_client_error());
    }
    ann.say(json!({"type": "ping", "seq": "x", "lat": 40.751_234_5})).await;
    ann.hear_type("error").await;
    drop(ann);
    let (code, log) = tokio::task::spawn_blocking(|| process.stop()).await.unwrap();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("the doors are open"), "there is a log: {log}");
    let signature = |token: &str| token.rsplit('.').next().unwrap().to_owned();
    for private in ["of-the-log", "40.75", "-73.98", SECRET, &signature(&driver), &signature(&rider)] {
        assert!(!log.contains(private), "{private} is in the log: {log}");
    }
}

#[tokio::test]
async fn a_line_that_is_logged_for_a_request_names_its_trace() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path(), &["--log", "gateway=debug", "--log-format", "json"]);
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let asked = Client::new().get(format!("{}/livez", process.url()));
    asked.header("traceparent", format!("00-{trace}-b7ad6b7169203331-00")).send().await.unwrap();
    let (_, log) = tokio::task::spawn_blocking(|| process.stop()).await.unwrap();
    let line = log.lines().find(|line| line.contains("\"/livez\"")).unwrap();
    assert!(line.contains(trace), "{line}");
}

#[test]
fn nothing_that_is_printed_holds_a_secret() {
    let (folder, secret) = with_secret();
    let hidden = "hidden-password-of-the-tests";
    let mut file = tempfile::NamedTempFile::new().unwrap();
    write!(
        file,
        "jwt_secret = \"{SECRET}\"\npostgres = \"postgres://me:{hidden}@127.0.0.1:1/none\"\n\
         redis = \"redis://:{hidden}@127.0.0.1:1/0\"\n[events]\nredis = \"redis://:{hidden}@127.0.0.1:1/0\"\n\
         webhooks = \"https://one.example/{hidden}\"\nwebhook_secret = \"{SECRET}\"\nwebhook_secret_old = \"{SECRET}\"\n"
    )
    .unwrap();
    let said = |command: &mut Command| {
        let (_, out, err) = run(command);
        assert!(!out.is_empty() || !err.is_empty());
        format!("{out}{err}")
    };
    let with_file = |arguments: &[&str]| said(hansom().args(arguments).arg("--config").arg(file.path()));
    for (what, text) in [
        ("print", with_file(&["config", "print", "--origin"])),
        ("print as json", with_file(&["config", "print", "--output", "json"])),
        ("check", with_file(&["config", "check"])),
        ("doctor", with_file(&["doctor"])),
        ("a start that fails", with_file(&["serve", "--listen", "127.0.0.1:0"])),
        ("migrate", with_file(&["migrate"])),
        ("a mistake beside it", with_file(&["config", "check", "--set", "mode=x"])),
        (
            "a secret that is too long",
            said(hansom().args(["config", "check", "--set"]).arg(format!("jwt_secret={}", SECRET.repeat(200)))),
        ),
        ("a secret in the wrong place", said(hansom().args(["config", "check"]).env("HANSOM_JWT_SECRE", SECRET))),
        (
            "an address that is none",
            said(hansom().args(["config", "check"]).env("HANSOM_POSTGRES", format!("mysql://{hidden}"))),
        ),
        ("a secret file", said(hansom().args(["config", "print", "--jwt-secret-file", &secret]))),
    ] {
        assert!(!text.contains(SECRET) && !text.contains(hidden), "{what}: {text}");
    }
    let mut settings = Settings { mode: Mode::Production, ..settings() };
    settings.secret = gateway::SecretFrom::Given(gateway::Secret::new(SECRET.as_bytes()).unwrap());
    settings.events.webhook_secret = Some(gateway::Secret::new(SECRET.as_bytes()).unwrap());
    settings.postgres = gateway::DatabaseUrl::new(&format!("postgres://me:{hidden}@host/db"));
    let shown = format!("{settings:?} {settings:#?}");
    assert!(!shown.contains(SECRET) && !shown.contains(hidden), "{shown}");
    drop(folder);
}

#[tokio::test]
async fn an_error_sends_nothing_of_a_token_or_a_key_back() {
    let server = server().await;
    let eve = token(&server, Role::Rider, "eve");
    let (status, code, body) =
        problem(request(&server, Method::GET, "/v1/ops/status", &eve).send().await.unwrap()).await;
    assert_eq!((status, code.as_str()), (403, "wrong_role"));
    assert!(!body.to_string().contains(&eve));
    let reused = ask(&server, "eve", "key-of-eve", 0.0).send().await.unwrap();
    assert!(reused.status().is_success());
    let shown = format!("{:?} {server:?}", server.keys());
    assert!(!shown.contains("0123456789abcdef") && !shown.contains(&eve), "{shown}");
    server.stop().await;
}
