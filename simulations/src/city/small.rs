//! A city small enough to be changed at will: the writer of `.city` files that the tests use.

use std::io::Write;
use std::sync::Arc;

use geo::roads::Roads;
use geo::roads::town::Town;
use geo::{Point, RoadTimes, SpeedFactors};

use super::City;

/// The contents of a `.city` file before packing, one list of bytes for each section.
#[derive(Clone)]
pub(crate) struct SmallCity {
    pub(crate) sections: Vec<(&'static str, Vec<u8>)>,
}

/// A ring of (latitude, longitude) in microdegrees.
type Ring = [(i32, i32)];

impl SmallCity {
    /// Two zones side by side on the equator, 0.01 degrees wide and high each: 7, a square with a square hole, and 9,
    /// two half-height islands. `trips` answers by pair, day and bin; `speed` in mm/s by pair and hour.
    pub(crate) fn new(trips: impl Fn(usize, usize, usize) -> u16, speed: impl Fn(usize, usize) -> u16) -> SmallCity {
        let mut about = text("Two");
        about.extend(30_000_000_i32.to_le_bytes());
        about.extend([5, 96, 0, 24, 2, 0]);
        let days = (0..5).flat_map(|day| [day, 50, 0]).collect();
        let mut zones = Vec::new();
        zone(&mut zones, 7, "Ring", &[&[&square(0, 0, 10_000, 10_000), &square(2_500, 2_500, 5_000, 5_000)]]);
        zone(&mut zones, 9, "Isles", &[&[&square(0, 10_000, 4_000, 10_000)], &[&square(6_000, 10_000, 4_000, 10_000)]]);
        let trips = (0..4 * 5 * 96).map(|cell| trips(cell / 480, cell / 96 % 5, cell % 96));
        let speeds = (0..4 * 24).map(|cell| speed(cell / 24, cell % 24));
        SmallCity {
            sections: vec![
                ("city", about),
                ("days", days),
                ("zones", zones),
                ("trips", numbers(trips)),
                ("speeds", numbers(speeds)),
            ],
        }
    }

    /// The same with other bytes in one section.
    pub(crate) fn with(&self, name: &str, change: impl FnOnce(&mut Vec<u8>)) -> SmallCity {
        let mut changed = self.clone();
        let section = changed.sections.iter_mut().find(|section| section.0 == name).unwrap();
        change(&mut section.1);
        changed
    }

    /// The file, with lengths and checksum to match.
    pub(crate) fn file(&self) -> Vec<u8> {
        let mut payload = Vec::new();
        for (name, raw) in &self.sections {
            let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
            packer.write_all(raw).unwrap();
            let packed = packer.finish().unwrap();
            let mut label = [0; 8];
            label[..name.len()].copy_from_slice(name.as_bytes());
            payload.extend(label);
            payload.extend((raw.len() as u32).to_le_bytes());
            payload.extend((packed.len() as u32).to_le_bytes());
            payload.extend(packed);
        }
        sealed(&payload)
    }
}

/// Manhattan with the roads of a made-up town over its middle, about 4 km wide and high.
pub(crate) fn manhattan_with_town() -> (City, Town) {
    let corner = Point::new(40.735, -74.005).unwrap();
    let town = Town { width: 40, height: 40, corner, restricted: 200, missing: 100, ..Town::default() };
    let (roads, report) = Roads::import(town.pbf().as_slice(), &mut |_| {}).unwrap();
    assert!(report.one_way_streets > 500 && report.restrictions_used > 100, "{report:?}");
    let roads = Arc::new(RoadTimes::new(roads, SpeedFactors::free_flow()));
    (City::manhattan().unwrap().with_roads(roads), town)
}

/// A header for `payload`, and the payload.
pub(crate) fn sealed(payload: &[u8]) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(payload);
    let mut file = b"\x89HCITY\r\n\x01\0\x05\0".to_vec();
    file.extend((payload.len() as u32).to_le_bytes());
    file.extend(crc.sum().to_le_bytes());
    file.extend(payload);
    file
}

fn text(text: &str) -> Vec<u8> {
    let mut bytes = vec![text.len() as u8];
    bytes.extend(text.as_bytes());
    bytes
}

fn square(south: i32, west: i32, height: i32, width: i32) -> Vec<(i32, i32)> {
    vec![(south, west), (south, west + width), (south + height, west + width), (south + height, west)]
}

pub(crate) fn zone(into: &mut Vec<u8>, id: u16, name: &str, polygons: &[&[&Ring]]) {
    into.extend(id.to_le_bytes());
    into.extend(text(name));
    into.extend((polygons.len() as u16).to_le_bytes());
    for polygon in polygons {
        into.extend((polygon.len() as u16).to_le_bytes());
        for ring in *polygon {
            into.extend((ring.len() as u32).to_le_bytes());
            into.extend(ring[0].0.to_le_bytes());
            into.extend(ring[0].1.to_le_bytes());
            for (before, after) in ring.iter().zip(&ring[1..]) {
                into.extend(varint(after.0 - before.0));
                into.extend(varint(after.1 - before.1));
            }
        }
    }
}

fn varint(value: i32) -> Vec<u8> {
    let mut left = ((value << 1) ^ (value >> 31)) as u32;
    let mut bytes = Vec::new();
    while left >= 0x80 {
        bytes.push(left as u8 | 0x80);
        left >>= 7;
    }
    bytes.push(left as u8);
    bytes
}

pub(crate) fn numbers(values: impl Iterator<Item = u16>) -> Vec<u8> {
    let mut before = 0_u16;
    let steps: Vec<u16> = values
        .map(|value| {
            let step = value.wrapping_sub(before) as i16;
            before = value;
            ((step << 1) ^ (step >> 15)) as u16
        })
        .collect();
    steps.iter().map(|step| *step as u8).chain(steps.iter().map(|step| (step >> 8) as u8)).collect()
}
