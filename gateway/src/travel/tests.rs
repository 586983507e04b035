use geo::roads::town::Town;
use geo::{Point, WeekTime};

use super::*;

/// Settings that name files of this content; the folder they lie in.
fn settings(roads: &[u8], factors: Option<&str>) -> (Settings, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let (graph, text) = (folder.path().join("town.roads"), folder.path().join("factors.txt"));
    fs::write(&graph, roads).unwrap();
    fs::write(&text, factors.unwrap_or_default()).unwrap();
    let settings = Settings { roads: Some(graph), speed_factors: factors.map(|_| text), ..Settings::default() };
    (settings, folder)
}

fn town() -> (Town, Vec<u8>) {
    let town = Town { width: 8, height: 8, ..Town::default() };
    let (roads, _) = Roads::import(town.pbf().as_slice(), &mut |_| {}).unwrap();
    (town, roads.write())
}

fn said(settings: &Settings) -> String {
    let error = travel(settings).unwrap_err();
    format!("{error}: {}", error.source)
}

#[test]
fn without_a_file_travel_is_as_the_policy_has_it() {
    let settings = Settings::default();
    assert_eq!(travel(&settings).unwrap(), settings.city.policy.travel);
}

#[test]
fn a_road_graph_is_asked_first_and_the_straight_line_stays_behind_it() {
    let (town, roads) = town();
    let (settings, _folder) = settings(&roads, Some(&"0.5 ".repeat(24)));
    let travel = travel(&settings).unwrap();
    assert_eq!((travel.name(), travel.straight_line()), ("roads", settings.city.policy.travel.straight_line()));
    let (from, to, at) = (town.junction(1, 1), town.junction(6, 6), WeekTime::new(0).unwrap());
    let estimate = travel.estimate(from, to, at);
    let free = Roads::read(&roads).unwrap().drive(from, to).unwrap();
    assert_eq!((estimate.by, estimate.drive.time), ("roads", free.time * 2));
    let nowhere = Point::new(0.0, 0.0).unwrap();
    assert_eq!(travel.estimate(nowhere, to, at).by, "straight_line");
}

#[test]
fn a_file_that_cannot_be_used_is_named_with_its_setting() {
    let (_, roads) = town();
    let (foreign, folder) = settings(b"hello", None);
    let path = folder.path().join("town.roads");
    let named = format!("setting city.roads: the file {} cannot be used: ", path.display());
    assert!(said(&foreign).starts_with(&named) && said(&foreign).contains("HNSMROAD"), "{}", said(&foreign));
    let (torn, _folder) = settings(&roads[..roads.len() - 1], None);
    assert!(said(&torn).contains("its head promises"), "{}", said(&torn));
    let missing = Settings { roads: Some("/nowhere/town.roads".into()), ..Settings::default() };
    assert!(
        said(&missing).starts_with("setting city.roads: the file /nowhere/town.roads cannot be used: No such file")
    );
    let (slow, _folder) = settings(&roads, Some("0.01"));
    assert!(said(&slow).starts_with("setting city.speed_factors: the file "), "{}", said(&slow));
    assert!(said(&slow).ends_with("speed factors are 1 numbers, allowed is 24 (a day) or 168 (a week from Monday)"));
}

#[test]
fn a_table_of_worth_is_read_for_the_policy_and_one_that_is_wrong_is_named_by_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("worth.txt");
    let text = "hansom-worth 1\nresolution 8\nslot_min 240\nday_kinds alike\n882a100d25fffff 1 2 3 4 5 ";
    let settings = Settings { worth: Some(path.clone()), ..Settings::default() };
    fs::write(&path, format!("{text}6\n")).unwrap();
    assert_eq!(worth(&settings).unwrap().unwrap().rows().count(), 1);
    fs::write(&path, format!("{text}six\n")).unwrap();
    let error = worth(&settings).unwrap_err();
    assert_eq!(
        format!("{error}: {}", error.source),
        format!(
            "setting policy.worth: the file {} cannot be used: line 5: worth is six, allowed is a number from -86400 to 86400",
            path.display()
        )
    );
    assert_eq!(worth(&Settings::default()).unwrap(), None);
    let complaint = settings.check().unwrap_err().to_string();
    assert!(complaint.ends_with("allowed is only with policy.weights.future above 0"), "{complaint}");
}
