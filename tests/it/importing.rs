//! What `hansom-sim import` promises: roads of a town, or a word on what to do and nothing touched.

use std::fs;
use std::path::Path;
use std::process::Command;

use geo::roads::Roads;
use geo::roads::town::Town;
use serde_json::Value;

use crate::server::binary;

fn import(extract: &Path, more: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(binary("hansom-sim")).arg("import").arg(extract).args(more).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_town_becomes_a_file_that_answers() {
    let folder = tempfile::tempdir().unwrap();
    let extract = folder.path().join("town.osm.pbf");
    let town = Town::default();
    fs::write(&extract, town.pbf()).unwrap();

    let (code, out, complaint) = import(&extract, &[]);
    assert_eq!((code, complaint.as_str()), (Some(0), ""), "nobody watches, so there is no progress to see");
    let out: Vec<&str> = out.lines().collect();
    assert!(out[0].ends_with("of them drivable") && out[1].starts_with("roads: 1"), "{out:?}");
    assert!(out.iter().any(|line| line.starts_with("wrote ") && line.contains("town.roads")), "{out:?}");
    let roads = Roads::read(&fs::read(folder.path().join("town.roads")).unwrap()).unwrap();
    let drive = roads.drive(town.junction(3, 3), town.junction(20, 20)).unwrap();
    assert!(drive.distance.get() >= 3_000.0);

    let elsewhere = folder.path().join("other file");
    let (code, out, _) = import(&extract, &["--out", elsewhere.to_str().unwrap(), "--output", "json"]);
    assert_eq!(code, Some(0));
    let out: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(out["out_bytes"], fs::metadata(&elsewhere).unwrap().len());
    assert_eq!(out["streets"]["all"], roads.streets());
    assert!(out["restrictions"]["used"].as_u64().unwrap() > 10, "{out}");
    assert_eq!(fs::read(&elsewhere).unwrap(), fs::read(folder.path().join("town.roads")).unwrap());
}

#[test]
fn an_extract_that_cannot_be_used_leaves_the_roads_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let extract = folder.path().join("town.osm.pbf");
    let out = folder.path().join("town.roads");
    fs::write(&out, "old").unwrap();
    let pbf = Town::default().pbf();
    let cases: [(&[u8], &str); 4] = [
        (&pbf[..pbf.len() - 100], "download it again: the extract is truncated"),
        (b"<osm version=\"0.6\">", "give an .osm.pbf file, or convert this one to it: not an OSM PBF file"),
        (b"", "not an OSM PBF file: it is empty"),
        (&Town { width: 1, height: 1, ..Town::default() }.pbf(), "no road for cars in the extract"),
    ];
    for (bytes, expected) in cases {
        fs::write(&extract, bytes).unwrap();
        let (code, said, complaint) = import(&extract, &[]);
        assert_eq!((code, said.as_str()), (Some(2), ""), "{expected}");
        assert!(complaint.contains(expected), "{complaint:?} should say {expected:?}");
        assert_eq!(fs::read(&out).unwrap(), b"old");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "no half a file is left behind");

    let (code, _, complaint) = import(&folder.path().join("nowhere.osm.pbf"), &[]);
    assert_eq!(code, Some(2));
    assert!(complaint.contains("nowhere.osm.pbf cannot be opened"), "{complaint}");
    fs::write(&extract, &pbf).unwrap();
    let (code, _, complaint) = import(&extract, &["--out", "/nowhere/town.roads"]);
    assert_eq!(code, Some(2));
    assert!(complaint.contains("choose another place with --out"), "{complaint}");
}
