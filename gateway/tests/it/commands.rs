//! `hansom ops`, as a person or a script at a terminal meets it, and the signal that reads the settings anew.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::binary::{Process, hansom, mint, run};

fn ops(process: &Process, data: &Path, more: &[&str]) -> (Option<i32>, String, String) {
    let mut command = hansom();
    command.arg("ops").args(more).args(["--url", process.url()]).arg("--data-dir").arg(data);
    run(&mut command)
}

fn json(process: &Process, data: &Path, more: &[&str]) -> Value {
    let (code, out, err) = ops(process, data, &[more, &["--output", "json"]].concat());
    assert_eq!(code, Some(0), "{more:?}: {err}");
    serde_json::from_str(&out).unwrap()
}

fn value(policy: &Value, name: &str) -> (String, String) {
    let row = policy["values"].as_array().unwrap().iter().find(|row| row["name"] == name).unwrap();
    (row["value"].as_str().unwrap().to_owned(), row["origin"].as_str().unwrap().to_owned())
}

#[test]
fn ops_lists_for_people_and_for_scripts_and_says_no_by_its_exit_code() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let process = Process::start(&data, &[]);
    let (code, out, err) = ops(&process, &data, &["drivers"]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(out.starts_with("driver  availability  trip"), "{out}");
    for (what, rows) in
        [("drivers", "drivers"), ("trips", "trips"), ("shards", "shards"), ("policy-history", "revisions")]
    {
        assert_eq!(json(&process, &data, &[what])[rows], Value::Array(Vec::new()), "{what}");
    }
    let (code, _, err) = ops(&process, &data, &["drivers", "--availability", "asleep"]);
    assert_eq!(code, Some(1));
    assert!(err.contains("availability is asleep") && err.contains("on_break"), "{err}");
    let (code, _, err) = ops(&process, &data, &["explain", "no trip"]);
    assert_eq!(code, Some(1), "{err}");
    assert_eq!(json(&process, &data, &["why-not", "ann"])["driver"], "ann");
    let eve = mint(&data, &["--rider", "eve"]);
    assert_eq!(ops(&process, &data, &["trips", "--token", &eve]).0, Some(1), "not the role for it");
    assert_eq!(ops(&process, &data, &["trips", "--limit", "many"]).0, Some(2));
    let mut nobody = hansom();
    nobody.args(["ops", "trips", "--token", &eve, "--url", "http://127.0.0.1:1"]);
    assert_eq!(run(&mut nobody).0, Some(1), "nobody is there");
    assert_eq!(json(&process, &data, &["drain", "--window-ms", "100"])["draining"], true);
    assert_eq!(json(&process, &data, &["undrain"])["draining"], false);
}

#[test]
fn a_policy_is_changed_at_the_terminal_and_by_a_file_that_is_read_anew() {
    let directory = tempfile::tempdir().unwrap();
    let (data, file) = (directory.path().join("data"), directory.path().join("hansom.toml"));
    std::fs::write(&file, "[policy]\nsearch_lasts = 100\noffer_lasts = 10\n").unwrap();
    let process = Process::start(&data, &["--config", file.to_str().unwrap()]);
    let (code, out, err) = ops(&process, &data, &["policy", "--set", "policy.offer_lasts=33", "--reason", "rain"]);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("revision: 1") && out.contains("to: 33"), "{out}");
    let (code, _, err) = ops(&process, &data, &["policy", "--set", "policy.offer_lasts=0"]);
    assert_eq!(code, Some(1));
    assert!(err.contains("policy.offer_lasts") && err.contains("1 to 120 s"), "{err}");

    std::fs::write(&file, "[policy]\nsearch_lasts = 200\noffer_lasts = 11\n").unwrap();
    let told = Command::new("kill").args(["-HUP", &process.id().to_string()]).status().unwrap();
    assert!(told.success());
    let policy = loop {
        let policy = json(&process, &data, &["policy"]);
        if policy["revision"] == 2 {
            break policy;
        }
    };
    assert_eq!(value(&policy, "policy.search_lasts").0, "200");
    assert!(value(&policy, "policy.search_lasts").1.ends_with("hansom.toml"));
    assert_eq!(value(&policy, "policy.offer_lasts"), ("33".to_owned(), "revision 1 by hansom-ops".to_owned()));
    let history = json(&process, &data, &["policy-history"]);
    assert_eq!(history["revisions"].as_array().unwrap().len(), 2, "{history}");

    // Also while the server is at work: whoever prints the settings is told what counts before them.
    let mut print = hansom();
    print.args(["config", "print", "--origin", "--stored", "--config"]).arg(&file).arg("--data-dir").arg(&data);
    let (code, out, err) = run(&mut print);
    assert_eq!(code, Some(0), "{err}");
    let line = out.lines().find(|line| line.starts_with("policy.offer_lasts")).unwrap();
    assert!(line.contains(" 33 ") && line.ends_with("the store, revision 2"), "{line}");
}
