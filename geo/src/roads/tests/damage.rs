//! Whatever the bytes are, the answer is roads or an error that says what is wrong.

use proptest::prelude::*;

use super::oracle::Oracle;
use super::sketch::Sketch;
use crate::roads::town::Town;
use crate::roads::{ImportError, Roads, RoadsFileError};

fn town() -> Town {
    Town { width: 12, height: 12, ..Town::default() }
}

fn import(bytes: &[u8]) -> Result<Roads, ImportError> {
    Roads::import(bytes, &mut |_| {}).map(|(roads, _)| roads)
}

fn complaint(bytes: &[u8]) -> String {
    import(bytes).unwrap_err().to_string()
}

fn resealed(mut file: Vec<u8>) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(&file[24..]);
    file[12..16].copy_from_slice(&crc.sum().to_le_bytes());
    file
}

#[test]
fn what_is_no_extract_is_named() {
    assert_eq!(complaint(b""), "not an OSM PBF file: it is empty");
    assert_eq!(
        complaint(b"<?xml version=\"1.0\"?><osm/>"),
        "not an OSM PBF file: it does not begin with the length of a header"
    );
    assert_eq!(complaint(b"abc"), "not an OSM PBF file: it is shorter than a header");
    assert_eq!(complaint(&[0, 0, 0, 9, 1]), "not an OSM PBF file: it ends within its first header");
    assert_eq!(complaint(&[0, 0, 0, 2, 255, 255]), "not an OSM PBF file: its first header makes no sense");
    let pbf = town().pbf();
    let length = u32::from_be_bytes(pbf[..4].try_into().unwrap()) as usize;
    let headless: Vec<u8> = [&pbf[..4], &pbf[4..4 + length]].concat();
    assert!(matches!(import(&headless), Err(ImportError::Truncated { block_at: 0 })));
}

#[test]
fn what_cannot_be_used_is_named() {
    let no_roads = Sketch::default().node(1, 0.0, 0.0, &[]).way(1, &[1, 1], &[("highway", "footway")]);
    assert_eq!(
        no_roads.import().unwrap_err().to_string(),
        "no road for cars in the extract: 1 ways, 0 of them drivable"
    );
    assert!(matches!(import(&Town { width: 1, height: 1, ..town() }.pbf()), Err(ImportError::NoRoads { .. })));
    assert!(matches!(import(&Town { width: 0, height: 0, ..town() }.pbf()), Err(ImportError::NoRoads { .. })));
    let needs = Sketch::default().needs("HistoricalInformation").import().unwrap_err();
    assert!(matches!(&needs, ImportError::Unsupported { .. }));
    assert!(needs.to_string().starts_with("the extract needs the feature \"HistoricalInformation\""), "{needs}");
}

#[test]
fn a_place_that_is_not_on_earth_is_damage_however_far_away_it_is() {
    for (lat, lon) in [
        (900_000_001, 0),
        (0, -1_800_000_001),
        (i64::from(i32::MIN), 0),
        (0, i64::from(i32::MIN)),
        (i64::MIN, i64::MAX),
        (i64::MAX / 100, 0),
    ] {
        let far = Sketch::default().node_written(1, lat, lon, &[]).node(2, 0.0, 0.0, &[]);
        let error = far.way(1, &[1, 2], &[("highway", "primary")]).import().unwrap_err();
        assert!(matches!(error, ImportError::Damaged { .. }), "{lat} {lon}: {error}");
    }
    let pole = Sketch::default().node_written(1, 900_000_000, -1_800_000_000, &[]).node(2, 0.0, 0.0, &[]);
    assert!(pole.way(1, &[1, 2], &[("highway", "primary")]).import().is_ok());
}

#[test]
fn a_truncated_extract_is_named_wherever_it_ends() {
    let pbf = town().pbf();
    let mut truncated = 0;
    for length in (0..pbf.len()).step_by(7) {
        match import(&pbf[..length]) {
            Err(ImportError::Truncated { .. }) => truncated += 1,
            Err(ImportError::NotPbf { .. }) => assert!(length < 40, "{length}"),
            // Between two blocks nothing tells that more should follow.
            Ok(_) | Err(ImportError::NoRoads { .. }) => {}
            Err(other) => panic!("{length}: {other}"),
        }
    }
    assert!(truncated > pbf.len() / 7 - 20);
}

#[test]
fn files_of_others_and_other_versions_are_named() {
    let file = import(&town().pbf()).unwrap().write();
    let error = |bytes: &[u8]| Roads::read(bytes).map(|_| ()).unwrap_err();
    assert_eq!(error(b""), RoadsFileError::Foreign);
    assert_eq!(error(&town().pbf()), RoadsFileError::Foreign);
    assert_eq!(error(&file[..10]), RoadsFileError::Cut { found: 10, expected: 24 });
    assert_eq!(
        error(&file[..file.len() - 1]),
        RoadsFileError::Cut { found: file.len() as u64 - 1, expected: file.len() as u64 }
    );
    let mut newer = file.clone();
    newer[8] = 9;
    assert_eq!(error(&newer).to_string(), "the roads file has layout 9, this build reads layout 1");
    let mut longer = file.clone();
    longer.push(0);
    assert!(matches!(error(&longer), RoadsFileError::Cut { .. }));
    let mut other = file;
    *other.last_mut().unwrap() ^= 1;
    assert_eq!(error(&other).to_string(), "the roads file is damaged: its checksum is another");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_damaged_extract_never_panics(flips in prop::collection::vec((any::<prop::sample::Index>(), 0u8..8), 1..4)) {
        // Without compression, so that the damage reaches the fields.
        let mut pbf = Town { packed: false, width: 6, height: 6, ..town() }.pbf();
        for (place, bit) in flips {
            let place = place.index(pbf.len());
            pbf[place] ^= 1 << bit;
        }
        if let Ok(roads) = import(&pbf) {
            Oracle::of(&roads).check(1, 1);
        }
    }

    #[test]
    fn a_damaged_file_is_noticed(place in any::<prop::sample::Index>(), bit in 0u8..8, length in any::<prop::sample::Index>()) {
        let mut file = import(&Town { width: 6, height: 6, ..town() }.pbf()).unwrap().write();
        prop_assert!(Roads::read(&file[..length.index(file.len())]).is_err());
        let place = place.index(file.len());
        file[place] ^= 1 << bit;
        prop_assert!(Roads::read(&file).is_err());
    }

    #[test]
    fn a_forged_file_never_panics(
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u32>(), any::<bool>()), 1..4),
    ) {
        let mut file = import(&Town { width: 6, height: 6, ..town() }.pbf()).unwrap().write();
        for (place, value, small) in flips {
            let place = 24 + place.index(file.len() / 4 - 6) * 4;
            let value = if small { value % 300 } else { value };
            file[place..place + 4].copy_from_slice(&value.to_le_bytes());
        }
        // What is still sound in itself may give wrong answers, but it gives them.
        if let Ok(roads) = Roads::read(&resealed(file)) {
            let points: Vec<_> = (0..roads.streets()).map(|street| roads.line(street)[0]).collect();
            for &to in points.iter().take(5) {
                let _ = roads.drives_to(&points, to);
                let _ = roads.drives_from(to, &points);
                for &from in points.iter().take(9) {
                    let _ = roads.route(from, to).map(|route| route.at(1_000));
                }
            }
        }
    }
}
