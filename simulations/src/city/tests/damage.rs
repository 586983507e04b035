use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64;

use crate::city::file::CityFileError;
use crate::city::small::{SmallCity, numbers, sealed, zone};
use crate::city::{City, MANHATTAN};

fn small() -> SmallCity {
    SmallCity::new(|pair, day, bin| (pair + day + bin) as u16, |pair, hour| 3_000 + (10 * pair + hour) as u16)
}

fn message(bytes: &[u8]) -> String {
    City::read(bytes).map(|_| ()).unwrap_err().to_string()
}

#[test]
fn any_bit_flipped_in_the_shipped_file_is_noticed() {
    let mut rng = Pcg64::seed_from_u64(7);
    let offsets = (0..20).chain((0..300).map(|_| rng.next_u64() as usize % MANHATTAN.len())).collect::<Vec<_>>();
    let mut bytes = MANHATTAN.to_vec();
    for offset in offsets {
        let flip = 1 << (rng.next_u64() % 8);
        bytes[offset] ^= flip;
        assert!(City::read(&bytes).is_err(), "bit {flip} of byte {offset}");
        bytes[offset] ^= flip;
    }
    assert!(City::read(&bytes).is_ok());
}

#[test]
fn a_file_cut_anywhere_is_noticed() {
    let mut rng = Pcg64::seed_from_u64(8);
    for length in (0..64).chain((0..300).map(|_| rng.next_u64() as usize % MANHATTAN.len())) {
        assert!(City::read(&MANHATTAN[..length]).is_err(), "cut after {length} bytes");
    }
    let mut longer = MANHATTAN.to_vec();
    longer.push(0);
    assert!(City::read(&longer).is_err());
}

#[test]
fn contents_that_pass_the_checksum_never_panic() {
    let mut rng = Pcg64::seed_from_u64(9);
    let sound = small().file();
    let mut refused = 0;
    for _ in 0..3_000 {
        let mut payload = sound[20..].to_vec();
        for _ in 0..1 + rng.next_u64() % 3 {
            let offset = rng.next_u64() as usize % payload.len();
            payload[offset] = rng.next_u64() as u8;
        }
        refused += usize::from(City::read(&sealed(&payload)).is_err());
    }
    assert!(refused > 2_500, "{refused}");
    for section in ["city", "days", "zones"] {
        for _ in 0..1_500 {
            let changed = small().with(section, |raw| {
                let offset = rng.next_u64() as usize % raw.len();
                raw[offset] = rng.next_u64() as u8;
                if rng.next_u64() % 4 == 0 {
                    raw.truncate(offset);
                }
            });
            let _either_way = City::read(&changed.file());
        }
    }
}

#[test]
fn the_header_says_what_is_wrong_with_it() {
    let sound = small().file();
    let changed = |offset: usize, bytes: &[u8]| {
        let mut file = sound.clone();
        file[offset..offset + bytes.len()].copy_from_slice(bytes);
        message(&file)
    };
    assert!(City::read(&sound).is_ok());
    assert_eq!(
        message(b"PK\x03\x04 and so on"),
        r#"not a city file: it begins with "PK\\x03\\x04 and", allowed is "\\x89HCITY\\r\\n""#
    );
    assert_eq!(message(b""), r#"not a city file: it begins with "", allowed is "\\x89HCITY\\r\\n""#);
    assert_eq!(changed(8, &[2]), "version is 2, allowed is 1");
    assert_eq!(changed(10, &[6]), "damaged city file: section count is 6, allowed is 5");
    let length = sound.len() - 20;
    assert_eq!(
        changed(12, &[0xff; 4]),
        format!("damaged city file: payload length is 4294967295, allowed is {length}, as present")
    );
    assert!(changed(16, &[0; 4]).starts_with("damaged city file: checksum is 0x00000000, allowed is 0x"));
    assert_eq!(
        message(&sound[..15]),
        "damaged city file: payload length is cut short after 3 bytes, allowed is 4 bytes"
    );
}

#[test]
fn impossible_contents_are_named() {
    let about = |place: usize, value: u8| small().with("city", move |raw| raw[place] = value);
    let replaced = |name, raw: Vec<u8>| small().with(name, |old| *old = raw);
    let mut two_days = vec![0, 50, 0];
    two_days.extend([0, 50, 0].repeat(4));
    let mut empty_zone = Vec::new();
    zone(&mut empty_zone, 7, "Line", &[&[&[(0, 0), (0, 10), (0, 20)]]]);
    let many_points = {
        let mut raw = vec![7, 0, 1, b'A', 1, 0, 1, 0];
        raw.extend(u32::MAX.to_le_bytes());
        raw
    };
    // A comb whose teeth all cross all bands: few bytes that would ask for 16 million pieces.
    let comb: Vec<(i32, i32)> =
        (0..4_000).map(|tooth| (if tooth % 2 == 0 { tooth } else { 900_000 - tooth }, tooth)).collect();
    let mut intricate = Vec::new();
    zone(&mut intricate, 7, "Comb", &[&[&comb]]);
    for (city, expected) in [
        (about(8, 6), "city: days is 6, allowed is 5"),
        (about(9, 95), "city: bins per day is 95, allowed is 96"),
        (about(11, 25), "city: speeds per day is 25, allowed is 24"),
        (about(12, 0), "city: zones is 0, allowed is 1 to 300"),
        (about(13, 0xff), "city: zones is 65282, allowed is 1 to 300"),
        (about(7, 0x7f), "city: axis is 2143929216, allowed is -180000000 to 180000000 microdegrees"),
        (about(1, 0xff), "city: name is \\xffwo, allowed is UTF-8 text"),
        (replaced("days", two_days), "days[1]: weekday is 0, allowed is 1"),
        (small().with("days", |raw| raw[1] = 0), "days[0]: counted is 0, allowed is 1 to 366"),
        (replaced("zones", many_points), "zones[0]: ring is 4294967295 points, allowed is 3 to 0"),
        (replaced("zones", empty_zone), "zones[0]: outline is without area, allowed is a shape with area"),
        (replaced("zones", intricate), "zones[0]: outline is too intricate, allowed is 2000000 pieces in a whole city"),
        (small().with("zones", |raw| raw[7] = 0), "zones[0]: polygons is 0, allowed is 1 to 65535"),
        (
            small().with("zones", |raw| raw.push(0)),
            "zones is 1 bytes too long, allowed is nothing after the last value",
        ),
        (replaced("trips", vec![0; 3_840]), "trips is none at all, allowed is at least one trip"),
        (small().with("trips", |raw| raw.push(0)), "section trips: unpacked length is 3841, allowed is 3840"),
        (
            replaced("speeds", numbers((0..96).map(|cell| if cell % 24 == 6 { 0 } else { 9 }))),
            "speeds: hour 6 is without any speed, allowed is a speed for at least one pair",
        ),
    ] {
        assert_eq!(message(&city.file()), format!("impossible city file: {expected}"));
    }
}

#[test]
fn zones_out_of_order_are_refused() {
    let mut raw = Vec::new();
    let square = [(0, 0), (0, 100), (100, 100), (100, 0)];
    zone(&mut raw, 9, "A", &[&[&square]]);
    zone(&mut raw, 9, "B", &[&[&square]]);
    let file = small().with("zones", |old| *old = raw).file();
    assert_eq!(message(&file), "impossible city file: zones[1]: id is 9, allowed is more than the id before");
}

#[test]
fn a_section_that_unpacks_to_more_than_it_says_is_refused() {
    let sound = small().file();
    // The first section's unpacked length, right after its name.
    let mut payload = sound[20..].to_vec();
    payload[8] -= 1;
    assert!(message(&sealed(&payload)).starts_with("impossible city file: section city: contents is "));
    payload[8..12].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(
        message(&sealed(&payload)),
        "impossible city file: section city: unpacked length is 4294967295, allowed is 1 to 4096"
    );
    payload[..4].copy_from_slice(b"town");
    assert!(message(&sealed(&payload)).contains("section name is town\\x00\\x00\\x00\\x00, allowed is city"));
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = City::open("/no/such/file.city").unwrap_err();
    assert!(matches!(&error, CityFileError::Unreadable { .. }));
    assert_eq!(error.to_string(), "cannot read the city file /no/such/file.city");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("small.city");
    std::fs::write(&path, small().file()).unwrap();
    assert_eq!(City::open(&path).unwrap().name(), "Two");
}
