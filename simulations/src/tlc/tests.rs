mod files;

use rand::SeedableRng;
use rand_pcg::Pcg64;
use std::io::Write;

use super::columns::{Contents, field};
use super::*;
use crate::city::City;
use crate::demand::TRIP_MIN_M;

/// 2015-01-15 19:05:39 on New York's clocks, read as if it were UTC.
const PICKUP_AT: i64 = 1_421_348_739_000;

const OF_2015: &str = "\
VendorID,tpep_pickup_datetime,tpep_dropoff_datetime,passenger_count,trip_distance,pickup_longitude,pickup_latitude,RateCodeID,store_and_fwd_flag,dropoff_longitude,dropoff_latitude,total_amount
2,2015-01-15 19:05:39,2015-01-15 19:23:42,1,1.59,-73.993896484,40.75011062622,1,N,-73.974784851,40.750617981,17.05
1,2015-01-15 19:05:40,2015-01-15 19:06:00,1,.5,0,0,1,N,-73.97,40.75,5
1,2015-01-15 19:05:41,2015-01-15 19:06:00,1,.5,-73.99,40.74,1,N,0,0,5
1,2015-01-15 19:05:42,2015-01-15 19:05:41,1,.5,-73.99,40.74,1,N,-73.97,40.75,5
1,2015-01-15 19:05:43,2015-01-15 19:06:00,1,.5,-73.99,940.74,1,N,-73.97,40.75,5
1,2015-01-15 19:05:44,2015-02-31 19:06:00,1,.5,-73.99,40.74,1,N,-73.97,40.75,5
1,2015-01-15 19:05:45,2015-01-15 19:06:00,1,.5,west,40.74,1,N,-73.97,40.75,5
1,2015-01-15 19:05:46
1,2015-01-15 19:05:47,2015-01-15 19:05:47,1,.5,-73.99,40.74,1,N,-73.97,40.75,5
";

const OF_2019: &str = "\
VendorID,tpep_pickup_datetime,tpep_dropoff_datetime,PULocationID,DOLocationID
1,2019-03-01 00:24:41,2019-03-01 00:25:31,145,145
1,2019-03-01 00:24:42,2019-03-01 00:25:31,264,145
1,2019-03-01 00:24:43,2019-03-01 00:25:31,145,265
1,2019-03-01 00:24:44,2019-03-01 00:25:31,0,145
1,2019-03-01 00:24:45,2019-03-01 00:25:31,145.5,145
1,2019-03-01 00:24:46,2019-03-01 00:25:31,161.0,43.0
1,2019-03-01 00:24:47,,161,43
";

/// The trips and the skipped rows of a file with these contents.
fn read(bytes: &[u8]) -> (Vec<TlcTrip>, Vec<(Skipped, u64)>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trips");
    std::fs::write(&path, bytes).unwrap();
    read_path(&path)
}

fn read_path(path: &Path) -> (Vec<TlcTrip>, Vec<(Skipped, u64)>) {
    let mut trips = open(path).unwrap();
    let read = trips.by_ref().collect::<Result<Vec<_>, _>>().unwrap();
    let skipped = trips.skipped().iter().map(|(&reason, &count)| (reason, count)).collect();
    (read, skipped)
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

fn at(latitude: f64, longitude: f64) -> Place {
    Place::At(Point::new(latitude, longitude).unwrap())
}

#[test]
fn a_file_of_2015_tells_points() {
    let (trips, skipped) = read(OF_2015.as_bytes());
    let first = TlcTrip {
        pickup_at: PICKUP_AT,
        dropoff_at: PICKUP_AT + 18 * 60_000 + 3_000,
        pickup: at(40.750_110_626_22, -73.993_896_484),
        dropoff: at(40.750_617_981, -73.974_784_851),
    };
    assert_eq!(trips[0], first);
    assert_eq!(trips.len(), 2, "the last one takes no time, which is not before it began");
    use Skipped::{BackInTime, Malformed, Missing, Nowhere};
    assert_eq!(skipped, [(Missing, 1), (Malformed, 2), (Nowhere, 3), (BackInTime, 1)]);
}

#[test]
fn a_file_of_today_tells_zones() {
    let (trips, skipped) = read(OF_2019.as_bytes());
    let places: Vec<_> = trips.iter().map(|trip| (trip.pickup, trip.dropoff)).collect();
    assert_eq!(places, [(Place::Zone(145), Place::Zone(145)), (Place::Zone(161), Place::Zone(43))]);
    assert_eq!(skipped, [(Skipped::Missing, 1), (Skipped::Malformed, 1), (Skipped::UnknownZone, 3)]);
}

#[test]
fn line_ends_quotes_a_byte_order_mark_and_gzip_make_no_difference() {
    let plain = read(OF_2015.as_bytes());
    let windows = format!("\u{feff}{}", OF_2015.replace('\n', "\r\n"));
    assert_eq!(read(windows.as_bytes()), plain);
    let quoted: String = OF_2015.lines().map(|line| format!("\"{}\"\n", line.replace(',', "\",\""))).collect();
    assert_eq!(read(quoted.as_bytes()), plain);
    assert_eq!(read(&gzipped(OF_2015.as_bytes())), plain);
    let cut = OF_2015.len() / 2;
    let members = [gzipped(&OF_2015.as_bytes()[..cut]), gzipped(&OF_2015.as_bytes()[cut..])].concat();
    assert_eq!(read(&members), plain, "a gzip of two members, as `cat a.gz b.gz` makes");
    // The files of 2010 to 2013 have a blank after each comma of the header and an empty line below it.
    let (header, rows) = OF_2015.split_once('\n').unwrap();
    let old = format!("{}\r\n\r\n{rows}", header.replace(',', ", "));
    assert_eq!(read(old.as_bytes()), plain);
    assert_eq!(read(OF_2015.trim_end().as_bytes()), plain, "no line break at the end");
}

#[test]
fn quotes_may_hold_commas_quotes_and_line_breaks() {
    let csv = "note,tpep_pickup_datetime,tpep_dropoff_datetime,PULocationID,DOLocationID,more\n\
        \"said \"\"hi\"\", left\nand came back\",2019-03-01 00:00:01,2019-03-01 00:00:02,\"145\",43,\"\"\n\
        ,2019-03-01 00:00:03,2019-03-01 00:00:04,1,\"2\"\"\",x\n\
        \u{df},2019-03-01 00:00:05,2019-03-01 00:00:06,3,4,x\n";
    let (trips, skipped) = read(csv.as_bytes());
    assert_eq!(trips.iter().map(|trip| trip.pickup).collect::<Vec<_>>(), [Place::Zone(145), Place::Zone(3)]);
    assert_eq!(skipped, [(Skipped::Malformed, 1)], "a quote inside a number");
    let latin = csv.replace('\u{df}', "?").into_bytes().into_iter().map(|byte| if byte == b'?' { 0xdf } else { byte });
    assert_eq!(read(&latin.collect::<Vec<u8>>()).0, trips, "not UTF-8 in a field that is not needed");
}

#[test]
fn every_year_is_known_by_its_columns() {
    let time = "2012-06-01 10:00:00,2012-06-01 10:20:00";
    let points = "40.75,-73.99,40.76,-73.98";
    for (header, row, zones) in [
        ("Trip_Pickup_DateTime,Trip_Dropoff_DateTime,Start_Lat,Start_Lon,End_Lat,End_Lon", points, false),
        (
            "pickup_datetime,dropoff_datetime,pickup_latitude,pickup_longitude,dropoff_latitude,dropoff_longitude",
            points,
            false,
        ),
        (
            "lpep_pickup_datetime,Lpep_dropoff_datetime,Pickup_latitude,Pickup_longitude,Dropoff_latitude,Dropoff_longitude",
            points,
            false,
        ),
        ("lpep_pickup_datetime,lpep_dropoff_datetime,PULocationID,DOLocationID", "145,43", true),
        ("tpep_pickup_datetime,tpep_dropoff_datetime,PULocationID,DOLocationID", "145,43", true),
        ("pickup_datetime,dropOff_datetime,PUlocationID,DOlocationID", "145,43", true),
        ("pickup_datetime,dropoff_datetime,pickup_location_id,dropoff_location_id", "145,43", true),
    ] {
        let (trips, skipped) = read(format!("{header}\n{time},{row}\n").as_bytes());
        let expected = if zones { Place::Zone(145) } else { at(40.75, -73.99) };
        assert_eq!((trips.len(), trips[0].pickup, skipped.len()), (1, expected, 0), "{header}");
    }
}

#[test]
fn times_are_read_as_the_clock_showed_them() {
    let read = |text| field(text, Contents::Time);
    for text in ["2015-01-15 19:05:39", "2015-01-15T19:05:39", " 2015-01-15 19:05:39.000000 ", "01/15/2015 07:05:39 PM"]
    {
        assert_eq!(read(text), Ok(PICKUP_AT as f64), "{text}");
    }
    assert_eq!(read("2015-01-15 19:05:39.25"), Ok(PICKUP_AT as f64 + 250.0));
    assert_eq!(read("1970-01-01 00:00:00"), Ok(0.0));
    assert_eq!(read("2016-02-29 00:00:00"), Ok(1_456_704_000_000.0));
    assert_eq!(read("01/01/1970 12:00:00 AM"), Ok(0.0));
    assert_eq!(read("01/01/1970 12:30:00 PM"), Ok(45_000_000.0));
    assert_eq!(read(" "), Err(Skipped::Missing));
    for text in [
        "2015-02-29 00:00:00",
        "2015-13-01 00:00:00",
        "2015-00-01 00:00:00",
        "2015-01-00 00:00:00",
        "2015-01-15",
        "2015-01-15 24:00:00",
        "2015-01-15 19:60:00",
        "2015-01-15 19:05:60",
        "2015-01-15 19:05",
        "15-01 19:05:39",
        "2015-01-15 -1:05:39",
        "2015-01-15 19:05:39.",
        "2015-01-15 19:05:39.1234567890",
        "0000-01-01 00:00:00",
        "13/15/2015 07:05:39 PM",
        "01/15/2015 13:05:39 PM",
        "01/15/2015 00:05:39 AM",
        "01/15/2015 07:05:39",
        "01/15/2015 07:05:39 XM",
        "01/15/2015 07:05:39 PM X",
        "1421348739",
        "yesterday",
        "99999999999-01-01 00:00:00",
    ] {
        assert_eq!(read(text), Err(Skipped::Malformed), "{text}");
    }
}

#[test]
fn every_day_of_the_calendar_follows_the_one_before() {
    let mut expected = 0;
    for year in 1970..2101 {
        for month in 1..13 {
            for day_of_month in 1..32 {
                if let Some(window) = day(&format!("{year}-{month:02}-{day_of_month:02}")) {
                    assert_eq!(window, expected..expected + 86_400_000);
                    expected += 86_400_000;
                }
            }
        }
    }
    assert_eq!(expected, 4_133_980_800_000, "2101-01-01");
    assert_eq!(day("2015-1-1"), day("2015-01-01"));
    assert_eq!(day("2015-02-30"), None);
}

#[test]
fn trips_in_the_city_become_requests() {
    let city = City::manhattan().unwrap();
    let window = day("2019-03-01").unwrap();
    let trip = |second: i64, pickup, dropoff| TlcTrip {
        pickup_at: window.start + second * 1000,
        dropoff_at: window.start + second * 1000 + 600_000,
        pickup,
        dropoff,
    };
    let (west, east) = (at(40.7527, -73.9935), at(40.7527, -73.9772));
    let trips = [
        trip(90, west, east),
        trip(30, Place::Zone(161), Place::Zone(161)),
        trip(60, west, Place::Zone(43)),
        trip(-1, west, east),
        trip(86_400, west, east),
        trip(40, Place::Zone(132), east),   // JFK
        trip(41, west, at(40.7527, -74.1)), // New Jersey
        trip(86_399, east, west),
    ];
    let replay = |seed| requests(trips.into_iter().map(Ok), &city, window.clone(), seed).unwrap();
    let first = replay(1);
    assert_eq!((first.outside_window, first.outside_city), (2, 2));
    let times: Vec<u64> = first.requests.iter().map(|request| request.at_ms).collect();
    assert_eq!(times, [30_000, 60_000, 90_000, 86_399_000]);
    let [drawn, half, recorded, _] = first.requests[..] else { panic!("four requests") };
    let zone_of = |point| city.zone(city.zone_at(point).unwrap()).id();
    assert_eq!((zone_of(drawn.pickup), zone_of(drawn.dropoff)), (161, 161));
    assert!(geo::distance(drawn.pickup, drawn.dropoff).get() >= TRIP_MIN_M);
    assert_eq!((Place::At(half.pickup), zone_of(half.dropoff)), (west, 43));
    assert_eq!((Place::At(recorded.pickup), Place::At(recorded.dropoff)), (west, east));
    assert_eq!(replay(1), first);
    assert_ne!(replay(2).requests[0], first.requests[0]);
}

#[test]
fn requests_pass_on_the_error_that_ends_the_trips() {
    let city = City::manhattan().unwrap();
    let error = || TlcError::Damaged { path: "a".into(), row: 3, column: "-".into(), problem: "gone".into() };
    let replay = requests([Err(error())], &city, 0..1, 1);
    assert_eq!(replay.unwrap_err().to_string(), "a, row 3, column -: gone");
}
