//! Commands that only look, as a person at a terminal meets them.

use serde_json::Value;

use crate::binary::{Process, hansom, run};

#[test]
fn config_says_what_holds_and_who_says_so_and_hides_secrets() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("hansom.toml");
    std::fs::write(&file, "jwt_secret = \"0123456789abcdef0123456789abcdef\"\n[limits]\nconnections = 77\n").unwrap();
    let print = || {
        let mut command = hansom();
        command.args(["config", "print"]).arg("--config").arg(&file).args(["--set", "policy.cadence.idle=8"]);
        command.env("HANSOM_LOG", "warn");
        command
    };
    let (code, out, err) = run(print().args(["--origin", "--given"]));
    assert_eq!((code, err.as_str()), (Some(0), ""));
    let line = |name: &str| out.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name}: {out}"));
    assert!(line("limits.connections").contains("77") && line("limits.connections").ends_with("hansom.toml"), "{out}");
    assert!(line("log ").ends_with("HANSOM_LOG") && line("policy.cadence.idle").ends_with("--set"), "{out}");
    assert!(!out.contains("0123456789abcdef"), "{out}");
    assert_eq!(out.lines().count(), 4, "only what is given: {out}");

    let (_, out, _) = run(print().args(["--output", "json"]));
    let all: Vec<Value> = serde_json::from_str(&out).unwrap();
    let idle = all.iter().find(|setting| setting["name"] == "policy.cadence.idle").unwrap();
    assert_eq!((&idle["value"], &idle["origin"]), (&"8".into(), &"--set".into()));
    assert!(all.len() > 100 && !out.contains("0123456789abcdef"));
}

#[test]
fn config_check_names_the_first_mistake() {
    let (code, out, _) = run(hansom().args(["config", "check"]));
    assert_eq!((code, out.as_str()), (Some(0), "the settings can be\n"));
    let (code, _, err) = run(hansom().args(["config", "check", "--set", "policy.cadence.idle=99"]));
    assert_eq!(code, Some(2));
    assert!(err.contains("policy.cadence.idle") && err.contains("99"), "{err}");
}

#[test]
fn the_doctor_says_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let doctor = |more: &[&str]| {
        let mut command = hansom();
        command.arg("doctor").arg("--data-dir").arg(directory.path()).args(["--listen", "127.0.0.1:0"]).args(more);
        run(&mut command)
    };
    let (code, out, err) = doctor(&[]);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    assert!(out.contains("look  tokens") && out.contains("do: for people, give a secret"), "{out}");
    assert!(out.contains("ok    store") && out.contains("ok    listen"), "{out}");
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0, "it leaves nothing behind");

    let nowhere = ["--output", "json", "--set", "postgres=postgres://nobody:secret@127.0.0.1:1/none"];
    let (code, out, err) = doctor(&nowhere);
    assert_eq!(code, Some(1), "{out}");
    assert!(err.contains("a server would not work so"), "{err}");
    let findings: Vec<Value> = serde_json::from_str(&out).unwrap();
    let store = findings.iter().find(|finding| finding["about"] == "store").unwrap();
    assert_eq!(store["verdict"], "bad");
    assert!(store["advice"].is_string() && !out.contains("secret@"), "{out}");
}

#[tokio::test]
async fn the_doctor_may_look_while_a_server_works() {
    let directory = tempfile::tempdir().unwrap();
    let process = Process::start(directory.path(), &[]);
    let listen = process.url().trim_start_matches("http://").to_owned();
    let mut command = hansom();
    command.arg("doctor").arg("--data-dir").arg(directory.path()).args(["--listen", &listen]);
    let (code, out, _) = run(&mut command);
    assert_eq!(code, Some(0), "{out}");
    assert!(out.contains("look  listen") && out.contains("ok    store"), "{out}");
    process.stop();
}

#[test]
fn a_shell_and_a_manual_know_every_command() {
    let (code, page, _) = run(hansom().arg("man"));
    assert_eq!(code, Some(0));
    for shell in ["bash", "zsh", "fish"] {
        let (code, script, _) = run(hansom().args(["completions", shell]));
        assert_eq!(code, Some(0));
        for command in ["serve", "doctor", "config", "backup"] {
            assert!(script.contains(command), "{shell} does not know {command}");
            assert!(page.contains(command), "the manual does not know {command}");
        }
    }
}
