use std::path::PathBuf;

use super::*;

fn settings(filter: &str) -> Settings {
    let nowhere = PathBuf::from("/nowhere");
    Settings {
        quick: true,
        filter: filter.to_owned(),
        seed: 1,
        data: Some(nowhere.join("data")),
        pyhailing_python: Some(nowhere.join("python")),
        ..Settings::default()
    }
}

#[test]
fn a_case_without_its_data_is_a_row_that_says_what_is_missing() {
    let rows = run(&settings("")).unwrap();
    for case in ["pyhailing", "dense", "PM3h", "Thursday", "cabs"] {
        assert!(rows.iter().any(|row| row.name.contains(case)), "there is a row about {case}");
    }
    for row in rows {
        let reason = row.skipped.clone().unwrap_or_default();
        assert!(reason.contains("/nowhere"), "{row:?} says what was looked for");
        assert_eq!((row.ours, row.holds), (None, None), "{row:?} claims nothing");
    }
}

#[test]
fn a_filter_picks_cases_and_a_wrong_one_says_what_there_is() {
    let rows = run(&settings("pyhailing SUI")).unwrap();
    assert!(!rows.is_empty() && rows.iter().all(|row| row.name.contains("pyhailing SUI")), "{rows:?}");
    assert!(run(&settings("warp drive")).unwrap_err().to_string().contains("--filter"));
}
