//! A copy of the store, taken while a server works on it, and a server that goes on from the copy.

use std::path::Path;
use std::process::Output;

use gateway::Role;

use crate::postgres;
use crate::restarting::{look, request};
use crate::server::{Process, binary};

fn hansom(data_dir: &Path, settings: &[(&str, &str)], command: &[&str]) -> Output {
    let mut run = std::process::Command::new(binary("hansom"));
    run.args(command).arg("--data-dir").arg(data_dir).env_remove("HANSOM_CONFIG");
    run.envs(settings.iter().copied()).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Asks for a ride, copies the store under the working server, restores it elsewhere, and looks at the ride there.
async fn goes_on_from_a_copy(before: &[(&str, &str)], after: &[(&str, &str)]) {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let copy = first.path().join("copy");
    let name = copy.to_str().unwrap();
    let server = Process::start_with(first.path(), before);
    let (status, asked) = request(&server, &server.token(Role::Rider, "eve"), "one").await;
    assert_eq!(status, 201, "{asked}");
    let copied = hansom(first.path(), before, &["backup", name]);
    assert!(copied.status.success(), "{}", said(&copied));
    let (status, _) = request(&server, &server.token(Role::Rider, "bob"), "two").await;
    assert_eq!(status, 201, "the server goes on");

    let restored = hansom(second.path(), after, &["restore", name]);
    assert!(restored.status.success(), "{}", said(&restored));
    let again = hansom(second.path(), after, &["restore", name]);
    assert_eq!(again.status.code(), Some(1), "a store is not written over");
    assert!(!said(&again).is_empty());
    let other = Process::start_with(second.path(), after);
    let trip = asked["id"].as_str().unwrap();
    let eve = other.token(Role::Rider, "eve");
    assert_eq!(look(&other, &eve, trip).await["state"], "searching");
    let (status, replayed) = request(&other, &eve, "one").await;
    assert_eq!((status, &replayed["id"]), (200, &asked["id"]), "keys are in the copy, too");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_sqlite_under_a_working_server_is_a_whole_store() {
    goes_on_from_a_copy(&[], &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_postgres_by_its_own_tools_is_a_whole_store() {
    let (before, after) = (postgres::bare().await, postgres::bare().await);
    let folder = tempfile::tempdir().unwrap();
    let (before, after) = ([("HANSOM_POSTGRES", before.as_str())], [("HANSOM_POSTGRES", after.as_str())]);
    assert!(hansom(folder.path(), &before, &["migrate"]).status.success());
    goes_on_from_a_copy(&before, &after).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_copy_makes_no_store() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("text");
    std::fs::write(&file, "some text").unwrap();
    let data = folder.path().join("data");
    let refused = hansom(&data, &[], &["restore", file.to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(said(&refused).contains("damaged or no database of Hansom"), "{}", said(&refused));
    assert!(!data.join("hansom.sqlite").exists());
    let nothing = hansom(&data, &[], &["backup", folder.path().join("copy").to_str().unwrap()]);
    assert!(said(&nothing).contains("there is no store in it") || said(&nothing).contains("cannot be used"));
    assert_eq!(nothing.status.code(), Some(1));
}
