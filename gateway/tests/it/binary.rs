use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::street::Phone;

pub(crate) fn hansom() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hansom"));
    command.env_clear();
    command
}

pub(crate) fn run(command: &mut Command) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

/// A server in a process of its own; killed when the test fails half-way.
pub(crate) struct Process {
    child: Child,
    banner: Vec<String>,
}

impl Process {
    pub(crate) fn start(data: &Path, more: &[&str]) -> Process {
        Process::start_with(hansom(), data, more)
    }

    /// Starts it with what the command has already, such as variables of the environment.
    pub(crate) fn start_with(mut command: Command, data: &Path, more: &[&str]) -> Process {
        command.arg("serve").arg("--data-dir").arg(data).args(["--listen", "127.0.0.1:0"]).args(more);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let banner: Vec<String> = lines.take(5).map(Result::unwrap).collect();
        Process { child, banner }
    }

    pub(crate) fn url(&self) -> &str {
        self.banner[0].rsplit(' ').next().unwrap()
    }

    /// A line of what it said at its start.
    pub(crate) fn banner(&self, nth: usize) -> &str {
        &self.banner[nth]
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it at once, without a word.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn stop(mut self) -> (Option<i32>, String) {
        let told = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(told.success());
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap().code(), said)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn mint(data: &Path, who: &[&str]) -> String {
    let (code, out, err) = run(hansom().arg("token").args(who).arg("--data-dir").arg(data));
    assert_eq!((code, err.as_str()), (Some(0), ""));
    out.trim().to_owned()
}

#[tokio::test]
async fn serve_greets_takes_its_own_tokens_and_stops_when_told() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let process = Process::start(&data, &["--time-scale", "5"]);
    assert!(process.banner[0].starts_with("hansom ") && process.url().starts_with("http://127.0.0.1:"));
    for (line, word) in process.banner.iter().zip(["listens at", "SQLite", "5 times as fast", "/docs", "hansom token"])
    {
        assert!(line.contains(word), "{line}");
    }
    let ready = reqwest::get(format!("{}/readyz", process.url())).await.unwrap();
    assert_eq!(ready.status().as_u16(), 200);

    let token = mint(&data, &["--driver", "ann", "--ttl", "5m"]);
    let mut request = format!("{}/v1/driver", process.url().replace("http", "ws")).into_client_request().unwrap();
    request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    let mut phone = Phone(connect_async(request).await.unwrap().0);
    assert_eq!(phone.hear().await["driver"], "ann");

    let closing = tokio::spawn(async move { phone.closed().await });
    let (code, said) = tokio::task::spawn_blocking(|| process.stop()).await.unwrap();
    assert_eq!(closing.await.unwrap().1, Some(1012));
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("DEVELOPMENT TOKENS ARE ON") && said.contains("dev-secret"), "{said}");
    assert!(!said.contains(&token));
}

#[test]
fn log_lines_are_json_when_asked() {
    let directory = tempfile::tempdir().unwrap();
    let secret = directory.path().join("secret");
    std::fs::write(&secret, "0123456789abcdef0123456789abcdef").unwrap();
    let more = ["--log-format", "json", "--jwt-secret-file", secret.to_str().unwrap()];
    let process = Process::start(&directory.path().join("data"), &more);
    assert!(process.banner[2].contains("tokens issued by hansom"), "{:?}", process.banner);
    let (code, said) = process.stop();
    assert_eq!(code, Some(0), "{said}");
    assert!(!said.contains("DEVELOPMENT") && said.lines().count() > 0, "{said}");
    for line in said.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert!(line["level"].is_string());
    }
}

#[test]
fn what_cannot_be_set_ends_with_2_and_a_reason() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("hansom.toml");
    let serve = |set: &dyn Fn(&mut Command)| {
        let mut command = hansom();
        set(command.arg("serve"));
        let (code, out, err) = run(&mut command);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{err}");
        err
    };
    let said = serve(&|command| {
        command.args(["--shard-resolution", "9"]);
    });
    assert_eq!(
        said,
        "hansom: setting shard_resolution is 9 (from --shard-resolution), allowed is an H3 resolution from 3 to 7\n"
    );
    let said = serve(&|command| {
        command.env("HANSOM_LIMITS_FRAME_BYTES", "many");
    });
    assert!(said.contains("limits.frame_bytes is \"many\" (from HANSOM_LIMITS_FRAME_BYTES)"), "{said}");
    let said = serve(&|command| {
        command.env("HANSOM_LISTNE", "x");
    });
    assert!(said.contains("HANSOM_LISTNE is unknown") && said.contains("did you mean HANSOM_LISTEN?"), "{said}");
    std::fs::write(&file, "[policy]\noffer_last = 3\n").unwrap();
    let said = serve(&|command| {
        command.arg("--config").arg(&file);
    });
    assert!(
        said.contains("policy.offer_last is unknown") && said.contains("did you mean policy.offer_lasts?"),
        "{said}"
    );
    let said = serve(&|command| {
        command.args(["--set", "policy.match_every=0"]);
    });
    assert!(said.contains("policy.match_every is 0 s (from --set), allowed is 0.05 to 60 s"), "{said}");
    let said = serve(&|command| {
        command.args(["--jwt-secret-file", "/nowhere/secret"]);
    });
    assert!(said.contains("/nowhere/secret"), "{said}");
    let said = serve(&|command| {
        command.arg("--listne").arg("x");
    });
    assert!(said.contains("--listen"), "{said}");
}

#[test]
fn token_says_what_is_wrong_with_what_it_is_asked() {
    let directory = tempfile::tempdir().unwrap();
    let token = |arguments: &[&str]| run(hansom().arg("token").args(arguments).current_dir(&directory));
    let (code, _, said) = token(&["--driver", "two words"]);
    assert_eq!(code, Some(2));
    assert_eq!(said, "hansom: driver is \"two words\", allowed is 1 to 64 letters, digits or any of . _ : @ | -\n");
    assert_eq!(token(&[]).0, Some(2));
    assert_eq!(token(&["--driver", "ann", "--rider", "eve"]).0, Some(2));
    assert_eq!(token(&["--driver", "ann", "--ttl", "soon"]).0, Some(2));
    let (code, _, said) = token(&["--driver", "ann", "--secret", "short"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("jwt_secret is (hidden)") && !said.contains("short"), "{said}");
    let (code, out, _) = token(&["--ops", "kim", "--secret", "0123456789abcdef0123456789abcdef"]);
    assert_eq!((code, out.split('.').count()), (Some(0), 3));
}

#[test]
fn settings_lists_them_all() {
    let (code, out, _) = run(hansom().arg("settings"));
    assert_eq!(code, Some(0));
    assert!(out.contains("policy.speed_mps") && out.contains("HANSOM_JWT_SECRET_FILE"), "{out}");
}
