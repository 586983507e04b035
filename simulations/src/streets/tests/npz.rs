use std::io::Write as _;

use flate2::Compression;
use flate2::write::DeflateEncoder;

use super::super::*;

/// A `.npy` file of one dimension, version 1.
fn npy(kind: &str, count: usize, data: &[u8]) -> Vec<u8> {
    let head = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({count},), }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((head.len() as u16).to_le_bytes());
    bytes.extend(head.as_bytes());
    bytes.extend(data);
    bytes
}

/// A ZIP archive of these files, packed or not.
fn zip(files: &[(&str, Vec<u8>)], packs: bool) -> Vec<u8> {
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes) in files {
        let mut crc = flate2::Crc::new();
        crc.update(bytes);
        let mut packer = DeflateEncoder::new(Vec::new(), Compression::default());
        packer.write_all(bytes).unwrap();
        let packed = if packs { packer.finish().unwrap() } else { bytes.clone() };
        let method: u16 = if packs { 8 } else { 0 };
        let mut sizes = Vec::new();
        sizes.extend(crc.sum().to_le_bytes());
        sizes.extend((packed.len() as u32).to_le_bytes());
        sizes.extend((bytes.len() as u32).to_le_bytes());
        sizes.extend((name.len() as u16).to_le_bytes());
        sizes.extend([0, 0]);
        let at = archive.len() as u32;
        directory.extend(b"PK\x01\x02\x14\x00\x14\x00\x00\x00");
        directory.extend(method.to_le_bytes());
        directory.extend([0; 4]);
        directory.extend(&sizes);
        directory.extend([0; 10]);
        directory.extend(at.to_le_bytes());
        directory.extend(name.as_bytes());
        archive.extend(b"PK\x03\x04\x14\x00\x00\x00");
        archive.extend(method.to_le_bytes());
        archive.extend([0; 4]);
        archive.extend(&sizes);
        archive.extend(name.as_bytes());
        archive.extend(packed);
    }
    let (begin, length) = (archive.len() as u32, directory.len() as u32);
    archive.extend(directory);
    archive.extend(b"PK\x05\x06\x00\x00\x00\x00");
    archive.extend((files.len() as u16).to_le_bytes());
    archive.extend((files.len() as u16).to_le_bytes());
    archive.extend(length.to_le_bytes());
    archive.extend(begin.to_le_bytes());
    archive.extend([0, 0]);
    archive
}

fn open(bytes: &[u8]) -> Result<Npz, NpzError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("some.npz");
    std::fs::write(&path, bytes).unwrap();
    Npz::open(&path)
}

#[test]
fn numbers_of_every_kind_come_back_packed_or_not() {
    let floats: Vec<u8> = [1.5_f32, -2.0].iter().flat_map(|value| value.to_le_bytes()).collect();
    let whole: Vec<u8> = [7_i16, -9, 300].iter().flat_map(|value| value.to_le_bytes()).collect();
    let files = [("t.npy", npy("<f4", 2, &floats)), ("o.npy", npy("<i2", 3, &whole))];
    for packs in [true, false] {
        let npz = open(&zip(&files, packs)).unwrap();
        assert_eq!(npz.numbers("t").unwrap(), [1.5, -2.0]);
        assert_eq!(npz.numbers("o").unwrap(), [7.0, -9.0, 300.0]);
    }
}

#[test]
fn an_array_that_cannot_be_read_is_named() {
    let said =
        |files: &[(&str, Vec<u8>)], name: &str| open(&zip(files, true)).unwrap().numbers(name).unwrap_err().to_string();
    assert!(said(&[], "t").contains("array is t"));
    assert!(said(&[("t.npy", npy("<c8", 1, &[0; 8]))], "t").contains("kind of t is <c8"));
    assert!(said(&[("t.npy", npy("<f4", 3, &[0; 8]))], "t").contains("length of t is 2"));
    assert!(said(&[("t.npy", b"nothing".to_vec())], "t").contains("header of t"));
    assert!(open(b"no archive at all").unwrap_err().to_string().contains("directory is none"));
}

#[test]
fn a_flipped_bit_is_found_by_the_checksum() {
    let mut bytes = zip(&[("t.npy", npy("<f4", 1, &[0, 0, 128, 63]))], false);
    let place = bytes.windows(4).position(|four| four == [0, 0, 128, 63]).unwrap();
    bytes[place + 3] ^= 1;
    assert!(open(&bytes).unwrap().numbers("t").unwrap_err().to_string().contains("contents of t is damaged"));
}
