//! A receiver over TLS, with a certificate that openssl has made.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use serde_json::json;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::receiver::Receiver;
use super::{SIGNED_WITH, until};
use crate::binary::{Process, hansom, mint};
use crate::street::place;

/// Makes an authority, and by it a certificate for this machine.
const MAKE: &str = "set -e; cd \"$1\"; new() { openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \"$@\"; }; \
    new -x509 -keyout ca.key -out ca.pem -subj /CN=tests -days 400; \
    new -keyout key.pem -out asked.pem -subj /CN=receiver; \
    echo subjectAltName=IP:127.0.0.1 > names; \
    openssl x509 -req -in asked.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days \"$2\" -extfile names -out cert.pem";

/// Writes `ca.pem`, `cert.pem` and `key.pem`, good for three months.
pub(crate) fn certify(folder: &Path) {
    certify_for(90, folder);
}

/// As [`certify`], good for so many days; for less than none it has ended already.
pub(crate) fn certify_for(days: i32, folder: &Path) {
    let made = Command::new("sh").args(["-c", MAKE, "sh"]).arg(folder).arg(days.to_string()).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

fn acceptor(folder: &Path) -> TlsAcceptor {
    certify(folder);
    let certificate = CertificateDer::from_pem_file(folder.join("cert.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(folder.join("key.pem")).unwrap();
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
    TlsAcceptor::from(Arc::new(config))
}

#[tokio::test]
async fn a_receiver_over_tls_is_told_when_the_machine_trusts_it_and_not_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::over_tls(acceptor(folder.path())).await;
    let (webhooks, secret) =
        (format!("events.webhooks={}", receiver.url), format!("events.webhook_secret={SIGNED_WITH}"));
    let sets = ["--set", &webhooks, "--set", &secret, "--set", "events.webhook_retry_first=0.05"];
    let data = folder.path().join("data");

    // Another authority than the receiver's.
    let other = tempfile::tempdir().unwrap();
    acceptor(other.path());
    let serve = |roots: &Path| {
        let mut command = hansom();
        command.env("SSL_CERT_FILE", roots.join("ca.pem"));
        Process::start_with(command, &data, &sets)
    };
    let process = serve(other.path());
    let token = mint(&data, &["--rider", "eve"]);
    let body = json!({"pickup": place(0.0), "dropoff": place(5.0)});
    let asked = reqwest::Client::new().post(format!("{}/v1/trips", process.url())).bearer_auth(&token).json(&body);
    assert_eq!(asked.header("Idempotency-Key", "1").send().await.unwrap().status().as_u16(), 201);
    until("it is tried", async || {
        let text = reqwest::get(format!("{}/metrics", process.url())).await.unwrap().text().await.unwrap();
        let failed = text.lines().find(|line| line.starts_with("gateway_events_failed_total{outlet=\"webhook\"}"));
        failed.is_some_and(|line| !line.ends_with(" 0"))
    })
    .await;
    let (code, said) = tokio::task::spawn_blocking(|| process.stop()).await.unwrap();
    assert_eq!((code, receiver.taken_count()), (Some(0), 0));
    assert!(said.contains("invalid peer certificate"), "{said}");

    let process = serve(folder.path());
    until("it has arrived", async || receiver.taken_count() == 1).await;
    assert_eq!(tokio::task::spawn_blocking(|| process.stop()).await.unwrap().0, Some(0));
}
