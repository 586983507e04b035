//! The house rules that a machine can check.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The house, from the inside out, and which rooms a crate may know.
const HOUSE: [(&str, &[&str]); 7] = [
    ("geo", &[]),
    ("dispatch", &["geo"]),
    ("persistence", &["dispatch", "geo"]),
    ("actors", &["dispatch", "geo", "persistence"]),
    ("gateway", &["actors", "dispatch", "geo", "persistence"]),
    ("simulations", &["actors", "dispatch", "gateway", "geo", "persistence"]),
    ("tests", &["actors", "dispatch", "gateway", "geo", "persistence", "simulations"]),
];

fn manifest(krate: &str) -> toml::Table {
    let path = root().join(krate).join("Cargo.toml");
    fs::read_to_string(&path).unwrap().parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The crates of the house that a crate depends on, in whatever way.
fn knows(krate: &str) -> BTreeSet<String> {
    let manifest = manifest(krate);
    let names: BTreeSet<&str> = HOUSE.iter().map(|(name, _)| *name).collect();
    let sections = ["dependencies", "dev-dependencies", "build-dependencies"];
    let tables = sections.iter().filter_map(|section| manifest.get(*section)?.as_table());
    tables.flat_map(|table| table.keys()).filter(|name| names.contains(name.as_str())).cloned().collect()
}

#[test]
fn dependencies_point_inwards() {
    for (krate, may) in HOUSE {
        let may: BTreeSet<String> = may.iter().map(ToString::to_string).collect();
        let outwards: Vec<String> = knows(krate).difference(&may).cloned().collect();
        assert!(outwards.is_empty(), "{krate} must not know {outwards:?}: see the table of crates in README.md");
    }
}

#[test]
fn the_pure_crates_know_no_clock_no_runtime_and_no_format() {
    for krate in ["geo", "dispatch"] {
        let manifest = manifest(krate);
        let dependencies = manifest["dependencies"].as_table().unwrap();
        for forbidden in ["tokio", "actix", "axum", "sqlx", "redis", "serde", "serde_json", "rand", "tracing"] {
            assert!(!dependencies.contains_key(forbidden), "{krate} decides, it does not act: no {forbidden}");
        }
        let rules = fs::read_to_string(root().join(krate).join(".clippy.toml")).unwrap();
        assert!(rules.contains("std::time::Instant::now"), "{krate}/.clippy.toml forbids clocks");
    }
}

fn files(under: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(under).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && name != "node_modules" && !name.starts_with('.') {
            files(&path, ending, found);
        } else if name.ends_with(ending) {
            found.push(path);
        }
    }
}

#[test]
fn every_module_says_what_lives_in_it() {
    let mut sources = Vec::new();
    for (krate, _) in HOUSE {
        files(&root().join(krate), ".rs", &mut sources);
    }
    assert!(sources.len() > 30, "the sources were not found");
    for path in sources.iter().filter(|path| !path.ends_with("tests.rs") && !path.to_string_lossy().contains("/tests/"))
    {
        let text = fs::read_to_string(path).unwrap();
        assert!(text.starts_with("//!"), "{} does not open with what lives here", path.display());
    }
}

#[test]
fn every_crate_has_a_readme_and_every_promise_is_kept_now() {
    for (krate, _) in HOUSE {
        let readme = fs::read_to_string(root().join(krate).join("README.md")).unwrap_or_default();
        assert!(readme.lines().count() >= 8, "{krate}/README.md says what the crate is for");
    }
    // Put together here, so that this file does not find itself.
    let holes = ["todo!(", "unimplemented!(", "[ignore"].map(|hole| hole.replacen('[', "#[", 1));
    let mut sources = Vec::new();
    files(root(), ".rs", &mut sources);
    for path in sources.iter().filter(|path| !path.ends_with(file!())) {
        let text = fs::read_to_string(path).unwrap();
        for (place, line) in text.lines().enumerate() {
            let hole = holes.iter().any(|hole| line.contains(hole));
            assert!(!hole, "{}:{}: {line}", path.display(), place + 1);
        }
    }
}
