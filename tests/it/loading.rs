//! Many sockets at once: what a real server holds, and what it keeps up when it is asked for more than it can carry.

use std::path::Path;
use std::time::Duration;

use indicatif::ProgressBar;
use serde_json::Value;
use simulations::load::{Load, Phase, Plan, Target};

use crate::server::{Process, binary};

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
    let phase = |(name, share, seconds): &(&str, f64, u64)| Phase {
        name: (*name).to_owned(),
        share: *share,
        lasts: Duration::from_secs(*seconds),
    };
    Plan {
        target: Target::Own { hansom: binary("hansom"), settings: vec![connections] },
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
