use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use geo::Point;

use super::traces::{DriveTimes, Ride, fixes, rides};

fn packed(text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("some.csv.gz");
    let mut packer = GzEncoder::new(std::fs::File::create(&path).unwrap(), Compression::default());
    packer.write_all(text.as_bytes()).unwrap();
    packer.finish().unwrap();
    (folder, path)
}

/// Cabs that drive 40 km north at 10 m/s with a rider, a fix every 50 s; the last one stands with nobody in it.
fn traces() -> String {
    let mut text = "unix,cab,lat,lon,occupied\n".to_owned();
    for cab in 0..4 {
        for number in 0..80 {
            let lat = 37.4 + f64::from(number) * 500.0 / 111_195.0 + f64::from(cab) / 1_000.0;
            text.push_str(&format!("{},{cab},{lat:.6},-122.4,1\n", 1_000 + number * 50));
        }
    }
    (0..60).for_each(|minute| text.push_str(&format!("{},9,37.5,-122.4,0\n", 1_000 + minute * 60)));
    text
}

fn point(north_m: f64) -> Point {
    Point::new(37.42 + north_m / 111_195.0, -122.4).unwrap()
}

fn seconds(times: &DriveTimes, from: Point, to: Point) -> f64 {
    times.drive((from, times.cell_at(from)), (to, times.cell_at(to))).0
}

#[test]
fn drives_take_as_long_as_pieces_of_real_rides_did() {
    let (_folder, path) = packed(&traces());
    let times = DriveTimes::learn(&fixes(&path).unwrap()).unwrap();
    for (meters, expected) in [(2_000.0, 200.0), (5_000.0, 500.0), (20_000.0, 2_000.0)] {
        let found = seconds(&times, point(0.0), point(meters));
        assert!((found - expected).abs() < 0.15 * expected, "{meters} m take {found} s");
    }
    assert_eq!(seconds(&times, point(0.0), point(0.0)), 0.0);
}

#[test]
fn estimates_are_made_as_slow_as_the_real_rides_were() {
    let (_folder, path) = packed(&traces());
    let times = DriveTimes::learn(&fixes(&path).unwrap()).unwrap();
    let before = seconds(&times, point(0.0), point(5_000.0));
    let ride = Ride { pickup_unix_s: 0, cab: 1, dropoff_unix_s: 1_000, from: point(0.0), to: point(5_000.0) };
    let after = seconds(&times.calibrated(&[ride]), point(0.0), point(5_000.0));
    assert!(before < 600.0 && (after - 1_000.0).abs() < 1.0, "{before} s, then {after} s");
}

#[test]
fn a_line_that_makes_no_sense_is_named() {
    let (_folder, path) = packed("heads\n5,1,9,37.7,-122.4,37.8,-122.4\n9,1,5,37.7,-122.4,37.8,-122.4\n");
    assert!(rides(&path).unwrap_err().contains("line 3"), "let out before being picked up");
}
