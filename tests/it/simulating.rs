//! What a simulation promises: every trip accounted for, the same bytes for the same seed, an honest exit code.

use std::process::Command;

use serde_json::Value;

use crate::server::binary;

fn simulate(arguments: &[&str]) -> (Option<i32>, Value, String) {
    let output = Command::new(binary("hansom-sim")).args(arguments).output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap_or_default(), complaint)
}

/// The keys of the summary that scripts rely on, with the sums checked.
fn check_summary(report: &Value) {
    let number = |key: &str| report[key].as_u64().unwrap_or_else(|| panic!("{key} is a number in {report}"));
    for key in ["seed", "drivers", "offers", "pings"] {
        assert!(number(key) > 0, "{key} counts something");
    }
    for place in ["/simulated_hours", "/match_rate", "/pickup_wait_s/p50", "/pickup_wait_s/p95"] {
        assert!(report.pointer(place).and_then(Value::as_f64).is_some_and(|value| value > 0.0), "{place} in {report}");
    }
    let ends = ["completed", "cancelled", "expired", "unfinished"].map(number);
    assert_eq!(number("requested"), ends.iter().sum::<u64>(), "every trip is accounted for");
    assert!(ends[0] > 0, "some trips are driven to their end: {report}");
    for key in ["requested", "completed", "cancelled", "expired", "unfinished"] {
        assert_eq!(report["journal"][key], report[key], "the journal says the same of {key}");
    }
    assert_eq!(number("invariant_violations"), 0, "{report}");
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let run = |seed: &str| {
        let (code, mut report, _) =
            simulate(&["run", "--drivers", "120", "--hours", "0.7", "--seed", seed, "--output", "json"]);
        assert_eq!(code, Some(0));
        check_summary(&report);
        let timing = report.as_object_mut().unwrap().remove("timing").unwrap();
        assert!(timing["simulated_hours_per_wall_second"].as_f64().unwrap() > 0.0);
        report.to_string()
    };
    let first = run("7");
    assert_eq!(first, run("7"));
    assert_ne!(first, run("8"));
}

#[test]
fn phones_that_speak_seldom_make_less_work_and_trips_all_the_same() {
    let run = |seconds: &str| {
        let drives = ["run", "--drivers", "80", "--hours", "0.5", "--ping-every", seconds, "--output", "json"];
        let (code, report, complaint) = simulate(&drives);
        assert_eq!(code, Some(0), "{complaint}");
        check_summary(&report);
        report["pings"].as_u64().unwrap()
    };
    let (often, seldom) = (run("4"), run("20"));
    assert!(seldom * 3 < often, "{seldom} of {often}");
    let (code, _, complaint) = simulate(&["run", "--ping-every", "31"]);
    assert_eq!(code, Some(2));
    assert!(
        complaint.contains("--ping-every") && complaint.contains("allowed is a number from 0.5 to 25"),
        "{complaint}"
    );
}

#[test]
fn who_books_ahead_is_met_in_time_and_the_summary_says_how_often() {
    let run = |share: &str| {
        let (code, mut report, complaint) =
            simulate(&["run", "--drivers", "120", "--hours", "1.2", "--prebooked", share, "--output", "json"]);
        assert_eq!(code, Some(0), "{complaint}");
        check_summary(&report);
        report.as_object_mut().unwrap().remove("timing").unwrap();
        report
    };
    assert_eq!(run("0").get("for_later"), None);
    let booked = run("0.3");
    assert_eq!(booked, run("0.3"));
    let number = |key: &str| booked["for_later"][key].as_u64().unwrap();
    assert!(number("booked") >= number("arrived") && number("arrived") > 10, "{booked}");
    assert!(number("in_time") * 2 > number("arrived"), "most cars are there when they should be: {booked}");
}

#[test]
fn a_run_on_the_speeds_of_the_streets_is_another_run_and_repeatable() {
    let run = |travel: &str| {
        let (code, mut report, complaint) =
            simulate(&["run", "--drivers", "120", "--hours", "0.7", "--travel", travel, "--output", "json"]);
        assert_eq!(code, Some(0), "{complaint}");
        check_summary(&report);
        report.as_object_mut().unwrap().remove("timing").unwrap();
        report
    };
    let (straight, zones) = (run("straight"), run("zones"));
    assert_eq!(zones, run("zones"));
    assert_ne!(zones["pickup_wait_s"], straight["pickup_wait_s"]);
    assert!(zones["etas_fallback"].is_u64() && straight.get("etas_fallback").is_none());
}

#[test]
fn a_run_along_roads_is_another_run_and_repeatable() {
    let run = |more: &[&str]| {
        let all =
            [&["run", "--drivers", "80", "--hours", "0.5", "--demand", "0.01", "--output", "json"], more].concat();
        let (code, mut report, complaint) = simulate(&all);
        assert_eq!(code, Some(0), "{complaint}");
        check_summary(&report);
        report.as_object_mut().unwrap().remove("timing").unwrap();
        let drives = ["drives_by_road", "drives_off_road"].map(|key| report.as_object_mut().unwrap().remove(key));
        (report, drives.map(|count| count.and_then(|count| count.as_u64())))
    };
    let (grid, none) = run(&[]);
    assert_eq!(none, [None, None]);
    let (town, drives) = run(&["--town"]);
    assert!(drives[0] > Some(50) && drives[1] == Some(0), "{drives:?}");
    assert_ne!(town["pickup_wait_s"], grid["pickup_wait_s"]);
    assert_eq!(run(&["--town"]), (town, drives));

    // Roads that are elsewhere, as a graph and as the extract that it is made of: all drives take the grid.
    let folder = tempfile::tempdir().unwrap();
    let extract = geo::roads::town::Town { width: 4, height: 4, ..Default::default() }.pbf();
    let (roads, _) = geo::roads::Roads::import(extract.as_slice(), &mut |_| {}).unwrap();
    for (name, bytes) in [("town.osm.pbf", extract), ("town.roads", roads.write())] {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let (elsewhere, drives) = run(&["--roads", path.to_str().unwrap()]);
        assert!(drives[0] == Some(0) && drives[1] > Some(50), "{drives:?}");
        assert_eq!(elsewhere, grid);
    }
}

#[test]
fn a_day_under_each_method_breaks_no_promise() {
    for method in ["nearest", "batched"] {
        let (code, report, _) = simulate(&[
            "run",
            "--drivers",
            "100",
            "--hours",
            "24",
            "--start",
            "00:00",
            "--method",
            method,
            "--shard-resolution",
            "7",
            "--output",
            "json",
        ]);
        assert_eq!(code, Some(0), "{method}: {report}");
        check_summary(&report);
    }
}

#[test]
fn a_demo_on_real_sockets_accounts_for_every_trip() {
    let (code, report, complaint) =
        simulate(&["demo", "--drivers", "60", "--hours", "0.4", "--speed", "100", "--seed", "3", "--output", "json"]);
    assert_eq!(code, Some(0), "{report} {complaint}");
    check_summary(&report);
    assert!(report["wall_seconds"].as_f64().is_some_and(|seconds| seconds > 1.0));
}

#[test]
fn recorded_trips_of_the_tlc_are_driven_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trips.csv");
    let mut file = "VendorID,tpep_pickup_datetime,tpep_dropoff_datetime,PULocationID,DOLocationID\n".to_owned();
    for minute in 0..60 {
        let (from, to) = ([161, 237, 48][minute % 3], [230, 79, 162][minute % 3]);
        file.push_str(&format!("2,2019-03-07 17:{minute:02}:10,2019-03-07 17:{minute:02}:50,{from},{to}\n"));
    }
    file.push_str(
        "2,2019-03-07 17:05:00,2019-03-07 17:01:00,161,230\n2,2019-03-08 17:05:00,2019-03-08 17:21:00,161,230\n",
    );
    std::fs::write(&path, file).unwrap();
    let path = path.to_str().unwrap();
    let (code, report, said) = simulate(&[
        "run",
        "--trips",
        path,
        "--date",
        "2019-03-07",
        "--hours",
        "1.5",
        "--drivers",
        "40",
        "--output",
        "json",
    ]);
    assert_eq!(code, Some(0), "{said}");
    check_summary(&report);
    assert_eq!(report["requested"], 60);
    assert!(said.contains("60 trips of the day") && said.contains("1 that end before they begin"), "{said}");

    let (code, _, said) = simulate(&["run", "--trips", path, "--date", "2019-13-07"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("allowed is a date such as"), "{said}");
}

#[test]
fn bad_arguments_name_what_is_allowed() {
    for (arguments, says) in [
        (vec!["run", "--drivers", "0"], "1..=100000"),
        (vec!["run", "--hours", "NaN"], "allowed is a number from 0.01 to 168"),
        (vec!["run", "--start", "25:00"], "00:00 to 23:59"),
        (vec!["run", "--day", "sunday"], "monday"),
        (vec!["run", "--shard-resolution", "9"], "3..=7"),
        (vec!["run", "--city", "/nowhere/at.all"], "/nowhere/at.all"),
        (vec!["demo", "--speed", "0"], "allowed is a number from 0.1 to 100"),
        (vec!["run", "--prebooked", "1.5"], "allowed is a number from 0 to 1"),
        (vec!["run", "--travel", "roads"], "--travel roads needs --roads FILE or --town"),
        (vec!["run", "--roads", "/nowhere/at.all"], "/nowhere/at.all"),
        (
            vec!["run", "--roads", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")],
            "neither a road graph nor an extract",
        ),
        (vec!["fly"], "unrecognized subcommand"),
    ] {
        let (code, _, complaint) = simulate(&arguments);
        assert_eq!(code, Some(2), "{arguments:?}: {complaint}");
        assert!(complaint.contains(says), "{arguments:?}: {complaint}");
    }
}

#[test]
fn a_damaged_city_file_is_refused_and_says_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("broken.city");
    std::fs::write(&path, b"not a city at all").unwrap();
    let (code, _, complaint) = simulate(&["run", "--city", path.to_str().unwrap()]);
    assert_eq!(code, Some(2));
    assert!(complaint.contains("it begins with"), "{complaint}");
}
