use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::*;

fn row(ours: Option<f64>, peer: Option<f64>, target: Option<Target>) -> Row {
    Row::new("update", "ns", ours, ("somebody 1.2", peer), target)
}

#[test]
fn a_ratio_is_what_the_target_speaks_of() {
    for (ours, peer, target, ratio, holds) in [
        (100.0, 2_500.0, Some(Target::times_faster(25.0)), 25.0, Some(true)),
        (100.0, 2_499.0, Some(Target::times_faster(25.0)), 24.99, Some(false)),
        (90.0, 30.0, Some(Target::within_times(3.0)), 3.0, Some(true)),
        (91.0, 26.0, Some(Target::within_times(3.0)), 3.5, Some(false)),
        (32.0, 20.0, Some(Target::times_more(1.6)), 1.6, Some(true)),
        (64.0, 128.0, Some(Target::at_most(64.0)), 2.0, Some(true)),
        (65.0, 130.0, Some(Target::at_most(64.0)), 2.0, Some(false)),
        (50.0, 100.0, None, 2.0, None),
    ] {
        let row = row(Some(ours), Some(peer), target);
        assert!((row.ratio.unwrap() - ratio).abs() < 1e-9, "{row:?}");
        assert_eq!(row.holds, holds, "{row:?}");
    }
}

#[test]
fn a_missing_figure_leaves_no_verdict_that_needs_it() {
    let without_peer = row(Some(100.0), None, Some(Target::times_faster(25.0)));
    assert_eq!((without_peer.ratio, without_peer.holds), (None, None));
    let needs_no_peer = row(Some(60.0), None, Some(Target::at_most(64.0)));
    assert_eq!((needs_no_peer.ratio, needs_no_peer.holds), (None, Some(true)));
    for nonsense in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(row(Some(nonsense), Some(1.0), None).ours, None, "{nonsense} measures nothing");
    }
}

#[test]
fn scripts_can_rely_on_the_keys() {
    let full = serde_json::to_value(row(Some(2.0), Some(100.0), Some(Target::times_faster(25.0)))).unwrap();
    let target = json!({"of": "peer/ours", "op": ">=", "value": 25.0});
    let expected = json!({
        "name": "update", "ours": 2.0, "peer": 100.0, "peer_name": "somebody 1.2", "unit": "ns", "ratio": 50.0,
        "target": target, "holds": true,
    });
    assert_eq!(full, expected);
    let skipped = serde_json::to_value(row(None, None, None).because("nobody is there")).unwrap();
    for key in ["ours", "peer", "ratio", "target", "holds"] {
        assert_eq!(skipped.get(key), Some(&Value::Null), "{key} in {skipped}");
    }
    assert_eq!(skipped["skipped"], "nobody is there");
}

#[test]
fn people_get_a_table_that_sums_up() {
    let rows = [
        row(Some(156.25), Some(4_100.0), Some(Target::times_faster(25.0))),
        row(Some(156.25), Some(38.0), Some(Target::within_times(3.0))),
        row(Some(1_234_567.0), None, None).because("nobody is there"),
    ];
    let text = table(&rows);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 5, "{text}");
    assert!(lines[1].contains("peer/ours   26.2  ours at least 25x faster  holds"), "{text}");
    assert!(lines[2].contains("ours/peer   4.11  ours within 3x            MISSED"), "{text}");
    assert!(lines[3].contains("1,234,567") && lines[3].ends_with("skipped: nobody is there"), "{text}");
    assert!(lines[4].starts_with("3 cases: 1 of 2 targets hold, 1 MISSED, 1 skipped"), "{text}");
    let unit = lines[0].find("unit").unwrap();
    assert!(lines[1..4].iter().all(|line| line[unit..].starts_with("ns ")), "{text}");
}

#[test]
fn contenders_take_turns_and_the_middle_counts() {
    assert_eq!(turns(0, 3).collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(turns(4, 3).collect::<Vec<_>>(), [1, 2, 0]);
    let mut samples = Samples::default();
    for figure in [3.0, 900.0, 1.0] {
        samples.note("ours", "update", figure);
    }
    assert_eq!(samples.median("ours", "update"), Some(3.0));
    assert_eq!(samples.median("theirs", "update"), None);
    assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
}

#[test]
fn cpu_time_of_a_thread_grows_with_work() {
    let ns = cpu::time(|| assert!((0..3_000_000_u64).map(std::hint::black_box).sum::<u64>() > 0));
    assert!(ns > 0.0);
}

#[test]
fn cpu_time_of_a_process_grows_while_it_works_and_ends_with_it() {
    let mut child = Command::new("yes").stdout(Stdio::null()).spawn().unwrap();
    let began = Instant::now();
    // A system that does not count in /proc has nothing to grow.
    if let Some(before) = cpu::process_ns(child.id()) {
        while cpu::process_ns(child.id()).unwrap() <= before {
            assert!(began.elapsed() < Duration::from_secs(60), "a child that works has no CPU time");
            std::thread::yield_now();
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(cpu::process_ns(child.id()), None);
}
