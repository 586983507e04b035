use std::time::Duration;

use super::*;

fn read(text: &str) -> Result<Variant, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bold.toml");
    std::fs::write(&path, text).unwrap();
    let origin = path.display().to_string();
    Variant::read(&path).map_err(|bad| bad.to_string().replace(&origin, "bold.toml"))
}

#[test]
fn a_file_says_the_policy_in_the_words_of_the_settings_and_the_city() {
    let bold = read(
        "[policy]\nmethod = \"nearest\"\noffer_lasts = 7\n[policy.offers]\nradius = 2000\n\
         [city]\ndrivers = 90\nhours = 0.5\nday = \"monday\"\nstart = \"08:30\"\ndemand = 0.02\n",
    )
    .unwrap();
    assert_eq!(bold.name, "bold");
    assert_eq!(bold.policy.method, dispatch::Method::Nearest);
    assert_eq!(bold.policy.offer_lasts, Duration::from_secs(7));
    assert_eq!(bold.policy.offers.radius.get(), 2_000.0);
    let city = CityOfFile {
        drivers: Some(90),
        hours: Some(0.5),
        day: "monday".parse().ok(),
        start_tod_s: Some(30_600),
        demand: Some(0.02),
    };
    assert_eq!(bold.city, city);
    assert_eq!(read("").unwrap().policy, Policy::default());
}

#[test]
fn what_cannot_be_is_refused_with_its_key_its_value_and_what_is_allowed() {
    for (text, says) in [
        (
            "[policy]\noffer_lasts = 500\n",
            "setting policy.offer_lasts is 500 s (from bold.toml), allowed is 1 to 120 s",
        ),
        ("[policy]\nmetod = \"nearest\"\n", "policy.metod is unknown (from bold.toml), did you mean policy.method?"),
        ("[policy]\nmethod = \"best\"\n", "policy.method is \"best\" (from bold.toml), allowed is"),
        ("listen = \"0.0.0.0:80\"\n", "setting listen is unknown (from bold.toml)"),
        (
            "[city]\ndrivers = 0\n",
            "setting city.drivers is 0 (from bold.toml), allowed is a whole number from 1 to 100000",
        ),
        ("[city]\ndrivers = 1.5\n", "city.drivers is 1.5"),
        ("[city]\nday = \"sunday\"\n", "city.day is \"sunday\" (from bold.toml), allowed is"),
        ("[city]\nstart = \"24:00\"\n", "allowed is a time from 00:00 to 23:59"),
        ("[city]\nhours = 0\n", "allowed is a number from 0.01 to 168"),
        ("[city]\nroads = \"here\"\n", "setting city.roads is unknown (from bold.toml)"),
        ("city = 3\n", "setting city is 3 (from bold.toml), allowed is a table"),
        ("[policy\n", "settings file bold.toml: line 1"),
    ] {
        let found = read(text).expect_err(text);
        assert!(found.contains(says), "{found} does not say {says}");
    }
}

#[test]
fn only_the_number_of_drivers_may_differ() {
    let of = |drivers, hours| CityOfFile { drivers: Some(drivers), hours: Some(hours), ..CityOfFile::default() };
    assert!(CityOfFile::shared(&of(100, 2.0), &of(200, 2.0), "b.toml").is_ok());
    let found = CityOfFile::shared(&of(100, 2.0), &of(100, 3.0), "b.toml").unwrap_err().to_string();
    assert!(found.contains("city.hours is 3.0 (from b.toml), allowed is 2.0, as in the other file"), "{found}");
}

#[test]
fn a_policy_that_is_compared_with_itself_does_not_differ_and_pairs_are_the_same_days() {
    let city = City::manhattan().unwrap();
    let scenario = |policy: Policy| Scenario {
        seed: 0,
        drivers: 40,
        hours: 0.3,
        day: "thursday".parse().unwrap(),
        start_tod_s: 61_200,
        demand: 0.008,
        habits: crate::people::Habits::default(),
        policy,
        shard_resolution: geo::Resolution::SHARD,
    };
    let (usual, brief) = (Policy::default(), Policy { offer_lasts: Duration::from_secs(2), ..Policy::default() });
    let names = || ("usual".to_owned(), "other".to_owned());
    let with = |other: Policy| {
        let scenarios = (scenario(usual.clone()), scenario(other));
        compare(&city, names(), (&scenarios.0, &scenarios.1), &[3, 4, 5], &|_| {}).unwrap()
    };
    let same = with(usual.clone());
    assert!(same.holds());
    assert!(same.rows.iter().all(|row| row.a == row.b && row.paired.interval == Some((0.0, 0.0))));
    let other = with(brief);
    assert!(other.holds());
    // Two seconds are too short for most drivers: each pair meets the same requests, and fewer are matched.
    assert_eq!(other.a, same.a);
    assert_eq!(other.b.day.iter().map(|slot| slot.requested).sum::<u64>(), other.a.requested);
    let rate = &other.rows[0];
    assert!(rate.paired.is_clear() && rate.paired.difference < 0.0, "{rate:?}");
    assert!(other.text().lines().nth(2).unwrap().ends_with("worse"), "{}", other.text());
}
