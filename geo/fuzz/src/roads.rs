//! Roads from bytes: an extract of OpenStreetMap, and the file that an import makes.

use geo::roads::Roads;

/// Where the checksum of a roads file is, and where what it covers begins.
const CHECKSUM: std::ops::Range<usize> = 12..16;
const LENGTH: std::ops::Range<usize> = 16..24;
const HEAD: usize = 24;
/// So many streets are driven from and to.
const STREETS: u32 = 6;

/// Reads a roads file: as it is, and with a head that fits what follows.
///
/// # Panics
/// When reading or asking does, or when what was read is written as something else.
pub fn read(bytes: &[u8]) {
    drive(Roads::read(bytes).ok(), Trust::Forged);
    if bytes.len() >= HEAD {
        let mut sealed = bytes.to_vec();
        sealed[..12].copy_from_slice(b"HNSMROAD\x01\0\0\0");
        sealed[CHECKSUM].copy_from_slice(&crc32(&bytes[HEAD..]).to_le_bytes());
        sealed[LENGTH].copy_from_slice(&((bytes.len() - HEAD) as u64).to_le_bytes());
        let roads = Roads::read(&sealed).ok();
        if let Some(roads) = &roads {
            assert!(roads.write() == sealed, "roads are written as they were read");
        }
        drive(roads, Trust::Forged);
    }
}

/// Imports an extract: the bytes as they are, or what they say as the only block of one.
///
/// # Panics
/// When the import does, or when its roads are read back as others.
pub fn import(bytes: &[u8]) {
    let Some((&kind, rest)) = bytes.split_first() else { return };
    let whole = match kind {
        0 => rest.to_vec(),
        _ => [blob(b"OSMHeader", &[]), blob(b"OSMData", rest)].concat(),
    };
    if let Ok((roads, _)) = Roads::import(whole.as_slice(), &mut |_| {}) {
        let file = roads.write();
        let again = Roads::read(&file).unwrap_or_else(|why| panic!("an import that cannot be read: {why}"));
        assert!(again.write() == file, "roads are written as they were read");
        drive(Some(again), Trust::Imported);
    }
}

/// Whether roads fit together. A file with the right checksum may still contradict itself: then answers are of little
/// use, but there are some.
#[derive(Clone, Copy, PartialEq)]
enum Trust {
    Imported,
    Forged,
}

/// Drives between the first few streets.
fn drive(roads: Option<Roads>, trust: Trust) {
    let Some(roads) = roads else { return };
    let streets = 0..roads.streets().min(STREETS);
    let points: Vec<_> = streets.filter_map(|street| roads.line(street).first().copied()).collect();
    for &to in &points {
        let _ = roads.drives_from(to, &points);
        let drives = roads.drives_to(&points, to);
        for (&from, drive) in points.iter().zip(drives) {
            let _ = roads.snap(from);
            if let Ok(route) = roads.route(from, to) {
                let agrees = Ok(route.drive()) == drive;
                assert!(agrees || trust == Trust::Forged, "a route is the drive with its course");
                let _ = (route.at(0), route.at(1_000), route.at(u64::MAX));
            }
        }
    }
}

/// A block of an extract, not packed.
fn blob(kind: &[u8], block: &[u8]) -> Vec<u8> {
    let body = [&[0x0a], varint(block.len()).as_slice(), block].concat();
    let header = [&[0x0a], varint(kind.len()).as_slice(), kind, &[0x18], varint(body.len()).as_slice()].concat();
    [(header.len() as u32).to_be_bytes().as_slice(), &header, &body].concat()
}

fn varint(number: usize) -> Vec<u8> {
    let (mut bytes, mut left) = (Vec::new(), number);
    while left >= 0x80 {
        bytes.push(left as u8 | 0x80);
        left >>= 7;
    }
    bytes.push(left as u8);
    bytes
}

/// The CRC-32 of zlib, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| crc >> 1 ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 })
    })
}
