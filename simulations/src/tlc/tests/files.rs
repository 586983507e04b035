use std::path::{Path, PathBuf};
use std::sync::Arc;

use parquet::data_type::{Int32Type, Int64Type};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use rand::Rng;

use super::*;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/fixtures").join(name)
}

/// What goes wrong with a file of these contents, its path cut off.
fn problem(name: &str, bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    let error = match open(&path) {
        Err(error) => error,
        Ok(trips) => trips.map(Result::err).find_map(|error| error).expect("the file was read without an error"),
    };
    error.to_string().replace(path.to_str().unwrap(), name)
}

#[test]
fn parquet_of_today_tells_zones() {
    let (trips, skipped) = read_path(&fixture("yellow_zones_zstd.parquet"));
    assert_eq!(trips.len(), 46);
    // 2024-03-14 17:00:00, then every 67 seconds; rides of 300 seconds and 13 more each time.
    let start = 1_710_435_600_000;
    let first =
        TlcTrip { pickup_at: start, dropoff_at: start + 300_000, pickup: Place::Zone(4), dropoff: Place::Zone(12) };
    assert_eq!(trips[0], first);
    let last = trips[45];
    assert_eq!((last.pickup_at, last.dropoff_at - last.pickup_at), (start + 49 * 67_000, 300_000 + 49 * 13_000));
    assert_eq!((last.pickup, last.dropoff), (Place::Zone(161), Place::Zone(100)));
    assert_eq!(skipped, [(Skipped::Missing, 1), (Skipped::UnknownZone, 2), (Skipped::BackInTime, 1)]);
}

#[test]
fn parquet_of_earlier_years_tells_points() {
    let int96 = read_path(&fixture("green_coordinates_snappy.parquet"));
    let text = read_path(&fixture("yellow_2009_gzip.parquet"));
    assert_eq!(int96, text, "the same rows, with times in 12 bytes and as text");
    assert_eq!(int96.0.len(), 48);
    assert_eq!(int96.0[1].pickup, at(40.7112, -74.0043));
    assert_eq!(int96.0[1].pickup_at, 1_710_435_667_000);
    assert_eq!(int96.1, [(Skipped::Nowhere, 1), (Skipped::BackInTime, 1)]);
}

/// A Parquet file with two INT64 times as `unit` and two INT32 zones, without nulls, in row groups of `group` rows.
fn parquet(unit: &str, rows: i64, group: i64, units_per_s: i64) -> Vec<u8> {
    let schema = format!(
        "message trips {{
            required int64 tpep_pickup_datetime {unit};
            required int64 tpep_dropoff_datetime {unit};
            required int32 PULocationID;
            required int32 DOLocationID;
        }}"
    );
    let schema = Arc::new(parse_message_type(&schema).unwrap());
    let mut file = SerializedFileWriter::new(Vec::new(), schema, Arc::default()).unwrap();
    for start in (0..rows).step_by(group as usize) {
        let seconds: Vec<i64> = (start..rows.min(start + group)).collect();
        let mut columns = file.next_row_group().unwrap();
        for later in [0, 60] {
            let times: Vec<i64> = seconds.iter().map(|second| (second + later) * units_per_s).collect();
            let mut column = columns.next_column().unwrap().unwrap();
            column.typed::<Int64Type>().write_batch(&times, None, None).unwrap();
            column.close().unwrap();
        }
        for zone in [43, 161] {
            let mut column = columns.next_column().unwrap().unwrap();
            column.typed::<Int32Type>().write_batch(&vec![zone; seconds.len()], None, None).unwrap();
            column.close().unwrap();
        }
        columns.close().unwrap();
    }
    file.into_inner().unwrap()
}

#[test]
fn parquet_times_come_in_many_units_and_batches() {
    for (unit, units_per_s) in
        [("(TIMESTAMP_MILLIS)", 1_000), ("(TIMESTAMP_MICROS)", 1_000_000), ("(TIMESTAMP(NANOS,false))", 1_000_000_000)]
    {
        for (rows, group) in [(0, 1), (1, 1), (20_000, 7_000), (20_000, 100_000)] {
            let (trips, skipped) = read(&parquet(unit, rows, group, units_per_s));
            assert_eq!((trips.len() as i64, skipped.len()), (rows, 0));
            for (second, trip) in trips.iter().enumerate() {
                let at = second as i64 * 1000;
                assert_eq!((trip.pickup_at, trip.dropoff_at, trip.pickup), (at, at + 60_000, Place::Zone(43)));
            }
        }
    }
}

#[test]
fn wrong_files_are_told_what_is_wrong() {
    let names = "pickup_datetime, trip_pickup_datetime";
    let no_time = "has no column for the pickup time of a trip (tpep_pickup_datetime, lpep_pickup_datetime, ";
    assert_eq!(problem("a.csv", b""), format!("a.csv {no_time}{names}); its columns are none"));
    assert_eq!(
        problem("a.csv", b"<!DOCTYPE html>\n<title>404"),
        format!("a.csv {no_time}{names}); its columns are <!DOCTYPE html>")
    );
    assert_eq!(
        problem("a.csv", b"pickup_datetime,dropoff_datetime,pickup_latitude,pickup_longitude,dropoff_latitude"),
        "a.csv has no column for the drop-off longitude of a trip (dropoff_longitude, end_lon); its columns are \
         pickup_datetime, dropoff_datetime, pickup_latitude, pickup_longitude, dropoff_latitude"
    );
    assert!(problem("a.csv", b"pickup_datetime,dropoff_datetime\n").contains("no column for the pickup zone"));
    assert!(problem("a.csv", &[b'x'; 70_000]).contains("a.csv, row 1, column -: a record longer than 65536 bytes"));
    let mut unclosed = OF_2019.as_bytes().to_vec();
    unclosed.extend(b"\"");
    unclosed.extend(vec![b'\n'; 70_000]);
    assert!(problem("a.csv", &unclosed).contains("a.csv, row 9, column -: a record longer than 65536 bytes"));
    assert!(problem("a.parquet", OF_2019.as_bytes()).starts_with("a.parquet, row 0, column -: not a whole Parquet"));
    assert_eq!(
        problem("a", &parquet("", 10, 10, 1)),
        "a, column tpep_pickup_datetime: it holds INT64 without a logical type, allowed is INT64 as a timestamp, \
         INT96, or text"
    );
    assert!(open("/no/such/file").unwrap_err().to_string().starts_with("cannot read /no/such/file"));
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(open(folder.path()), Err(TlcError::Unreadable { .. })), "a folder");
}

#[test]
fn a_gzip_that_breaks_off_gives_its_rows_and_then_an_error() {
    let mut csv = OF_2019.to_owned();
    for second in 0..5_000 {
        csv.push_str(&format!(
            "1,2019-03-01 01:{:02}:{:02},2019-03-01 05:00:00,{},43\n",
            second / 60 % 60,
            second % 60,
            1 + second * 7 % 263
        ));
    }
    let whole = gzipped(csv.as_bytes());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.csv.gz");
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let mut trips = open(&path).unwrap();
    let read: Vec<_> = trips.by_ref().collect();
    let (last, good) = read.split_last().unwrap();
    assert!(good.len() > 1_000 && good.iter().all(Result::is_ok), "{}", good.len());
    let Err(TlcError::Damaged { row, .. }) = last else { panic!("{last:?}") };
    let skipped: u64 = trips.skipped().values().sum();
    assert_eq!(*row, good.len() as u64 + skipped + 2, "after the header and the good rows");
    assert!(trips.next().is_none(), "it stays ended");
}

#[test]
fn a_damaged_parquet_file_never_panics() {
    let mut rng = Pcg64::seed_from_u64(1);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.parquet");
    for name in ["yellow_zones_zstd.parquet", "green_coordinates_snappy.parquet", "yellow_2009_gzip.parquet"] {
        let sound = std::fs::read(fixture(name)).unwrap();
        for length in (0..sound.len()).step_by(97) {
            std::fs::write(&path, &sound[..length]).unwrap();
            assert!(matches!(open(&path), Err(TlcError::Damaged { row: 0, .. })), "{name} cut after {length} bytes");
        }
        for _ in 0..400 {
            let mut bytes = sound.clone();
            let offset = rng.next_u64() as usize % bytes.len();
            bytes[offset] = rng.next_u64() as u8;
            std::fs::write(&path, &bytes).unwrap();
            let _either_way = open(&path).map(Iterator::count);
        }
    }
}

#[test]
fn the_samples_of_the_tlc_are_read_where_they_are_at_hand() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/nyc_tlc_samples");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        eprintln!("skipped: {} is not there", folder.display());
        return;
    };
    let city = City::manhattan().unwrap();
    let mut files = 0;
    for path in entries.map(|entry| entry.unwrap().path()) {
        if !path.file_name().unwrap().to_str().unwrap().starts_with("yellow_sample_") {
            continue;
        }
        let (trips, skipped) = read_path(&path);
        let passed_over: u64 = skipped.iter().map(|(_, count)| count).sum();
        assert_eq!(trips.len() as u64 + passed_over, 10_000, "{}", path.display());
        assert!(trips.len() > 9_700, "{} {skipped:?}", path.display());
        let replay = requests(trips.into_iter().map(Ok), &city, i64::MIN..i64::MAX, 1).unwrap();
        // Four yellow trips of five stay in Manhattan.
        assert!((7_700..8_300).contains(&replay.requests.len()), "{}", replay.requests.len());
        files += 1;
    }
    assert!(files > 0, "no yellow_sample_ file in {}", folder.display());
}
