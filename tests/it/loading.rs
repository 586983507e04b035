//! Many sockets at once: what a real server holds, and what it keeps up when it is asked for more than it can carry.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use indicatif::ProgressBar;
use serde_json::Value;
use simulations::load::{Load, Phase, Plan, Target};

use crate::browser::Browser;
use crate::server::binary;

/// Files that client and server each need beside their sockets.
const FILES_BESIDE: u64 = 400;

/// So many sockets, or as many as this machine lets one process have: then that is said.
fn as_many_as_may_be(sockets: u32) -> u32 {
    let files = gateway::raise_open_files().unwrap();
    let room = files.now.map_or(u64::from(sockets), |now| now.saturating_sub(FILES_BESIDE));
    let room = u32::try_from(room).unwrap_or(u32::MAX);
    if room < sockets {
        println!("NOT {sockets} sockets but {room}: the hard limit of open files (ulimit -Hn) is too low here");
    }
    sockets.min(room)
}

fn plan(drivers: u32, rate: f64, phases: &[(&str, f64, u64)]) -> Plan {
    let connections = ("HANSOM_LIMITS_CONNECTIONS", (drivers + 500).to_string());
    // What is looked at is the city under too much, not the door that shows those out who send too much.
    let floods = ("HANSOM_LIMITS_FRAMES_PER_SOCKET", "1000000".to_owned());
    let phase = |(name, share, seconds): &(&str, f64, u64)| Phase {
        name: (*name).to_owned(),
        share: *share,
        lasts: Duration::from_secs(*seconds),
    };
    Plan {
        target: Target::Own { hansom: binary("hansom"), settings: vec![connections, floods] },
        drivers: drivers as usize,
        rate,
        requests: 4.0,
        phases: phases.iter().map(phase).collect(),
        opening_rate: 2_000.0,
        burst: 1,
        steered: false,
        seed: 1,
    }
}

fn run(plan: &Plan) -> Load {
    let load = plan.run(&ProgressBar::hidden()).unwrap();
    println!("{}", load.text());
    load
}

#[test]
fn fifteen_thousand_sockets_are_held_without_an_error() {
    let drivers = as_many_as_may_be(15_000);
    let load = run(&plan(drivers, f64::from(drivers) / 4.0, &[("load", 1.0, 6)]));
    assert_eq!(load.on_line, drivers as usize);
    assert!(load.errors.is_empty(), "{:?}", load.errors);
    let part = &load.parts[0];
    assert!(part.positions["taken"] > part.asked, "positions reach the index: {part:?}");
    assert!(part.ping_to_index.is_some(), "and that is timed: {part:?}");
    assert!(load.requested > 0 && load.rides > 0, "rides are asked for and driven: {load:?}");
}

#[test]
fn twice_what_can_be_carried_sheds_positions_and_serves_every_rider() {
    // More than two cores can parse, in packets of sixteen, so that the clients do not run out first.
    let phases = [("half", 0.25, 3), ("twice", 1.0, 4), ("half again", 0.25, 5)];
    let plan = Plan { burst: 16, requests: 10.0, opening_rate: 500.0, ..plan(400, 400_000.0, &phases) };
    let load = run(&plan);
    assert_eq!(load.on_line, 400, "{:?}", load.errors);
    let [_, twice, after] = &load.parts[..] else { panic!("three phases: {load:?}") };
    let given_up = |part: &simulations::load::Part| {
        let shed: f64 = ["coalesced", "shed"].iter().filter_map(|outcome| part.positions.get(outcome)).sum();
        shed + (part.unsent + part.late) as f64
    };
    assert!(given_up(twice) > 0.5 * twice.sent, "only the latest position of each driver goes on: {twice:?}");
    // Whoever drives a ride goes on with it, and whoever asks for one is offered to drivers, in the middle of it and after.
    for part in [twice, after] {
        for (what, spread) in [("offers", part.request_to_offer), ("answers", part.accept_to_trip)] {
            assert!(spread.is_some_and(|spread| spread.count > 0), "{what} in {part:?}");
        }
    }
    let wrong: Vec<&String> = load.errors.keys().filter(|kind| !kind.starts_with("refused: offer_gone")).collect();
    assert!(wrong.is_empty(), "nobody is hung up on, and no request fails: {:?}", load.errors);
    assert_eq!(load.reopened, 0);
}

fn load_of(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(binary("hansom-sim")).arg("load").args(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// The drawings of a picture: from where to where each reaches, and how many curves it has.
const DRAWINGS: &str = "[...document.querySelectorAll('svg svg')].map(drawing => {
    const box = drawing.getBoundingClientRect();
    return { from: box.top, to: box.bottom, curves: drawing.querySelectorAll('path.curve').length };
})";

/// A picture opens by itself: its drawings stand below each other, and nothing else is needed.
async fn check_picture(picture: &Path) {
    let Some(mut browser) = Browser::start().await else { return };
    browser.open(picture).await;
    let drawings = browser.evaluate(DRAWINGS).await;
    let drawings = drawings.as_array().unwrap();
    assert_eq!(drawings.len(), 3, "{drawings:?}");
    let mut above = 0.0;
    for drawing in drawings {
        let (from, to) = (drawing["from"].as_f64().unwrap(), drawing["to"].as_f64().unwrap());
        assert!(above <= from && from + 50.0 < to, "{drawings:?}");
        assert_eq!(drawing["curves"], 2, "{drawings:?}");
        above = to;
    }
    assert_eq!((browser.requests(), browser.complaints()), (vec![], vec![]));
}

#[tokio::test]
async fn a_load_on_a_server_that_runs_is_reported_to_programs_and_people_and_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let server = crate::server::Process::start(folder.path(), 1.0);
    let (secret, report) = (folder.path().join("dev-secret"), folder.path().join("load.html"));
    let picture = folder.path().join("load.svg");
    let given = ["--url", server.url(), "--secret-file", secret.to_str().unwrap()];
    let small = ["--drivers", "40", "--rate", "80", "--riders", "8", "--seconds", "3", "--output", "json"];
    let drawn = ["--report", report.to_str().unwrap(), "--picture", picture.to_str().unwrap()];
    let (code, said, complaint) = load_of(&[&given[..], &small[..], &drawn[..]].concat());
    let load: Value = serde_json::from_str(&said).unwrap_or_else(|_| panic!("{said}{complaint}"));
    assert_eq!((code, &load["errors"]), (Some(0), &serde_json::json!({})), "{said}");
    assert_eq!(load["on_line"], 40);
    let part = &load["parts"][0];
    assert!(part["sent"].as_f64().unwrap() > 40.0, "{part}");
    assert!(part["positions"]["taken"].as_f64().unwrap() > 100.0, "{part}");
    for timed in ["ping_to_ack", "request_to_offer", "accept_to_trip"] {
        assert!(part[timed]["p50_ms"].as_f64().unwrap() > 0.0, "{timed} in {part}");
    }
    assert!(load["rides"].as_u64().unwrap() > 0, "{load}");
    assert_eq!(load["memory_per_socket"], Value::Null, "nobody said which process it is");
    let page = std::fs::read_to_string(report).unwrap();
    for id in ["positions", "offers", "accepts", "receipts", "cores"] {
        assert!(page.contains(&format!("<figure id=\"{id}\">")), "{id}");
    }
    for outside in ["<script", "@import", "url(", "<img", " src="] {
        assert!(!page.contains(outside), "{outside}");
    }
    check_picture(&picture).await;
}

#[test]
fn a_load_that_cannot_be_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, [7; 32]).unwrap();
    let secret = secret.to_str().unwrap();
    for (arguments, says) in [
        (&["--url", "https://example.com", "--secret-file", secret][..], "allowed is http://HOST:PORT"),
        (&["--url", "http://127.0.0.1:1"], "--secret-file"),
        (&["--drivers", "0"], "1..=1000000"),
        (&["--rate=-1"], "0 to 10000000"),
    ] {
        let (code, said, complaint) = load_of(arguments);
        assert_eq!((code, said.as_str()), (Some(2), ""), "{arguments:?} {complaint}");
        assert!(complaint.contains(says), "{arguments:?} {complaint}");
    }
}

#[test]
fn the_doors_are_measured_beside_both_peers() {
    let programs = binary("hansom-sim").parent().unwrap().to_owned();
    let settings = simulations::bench::Settings { quick: true, programs: Some(programs), ..Default::default() };
    let rows = simulations::bench::gateway::run(&settings).unwrap();
    assert_eq!(rows.len(), 4);
    for row in rows {
        assert!(row.ours.is_some() && row.peer.is_some() && row.skipped.is_none(), "{row:?}");
    }
}
