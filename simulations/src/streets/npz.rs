//! Arrays of numbers as NumPy's `savez_compressed` stores them: a ZIP archive of `.npy` files.
//!
//! Lives here: the ZIP directory, the header of an array, numbers of the kinds that occur.
//! Stays out: arrays of more than one dimension, of objects, of complex numbers; archives above 4 GiB.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use flate2::read::DeflateDecoder;

/// An archive in memory, its checksums unchecked until an array is taken out.
#[derive(Clone, Debug)]
pub struct Npz {
    path: PathBuf,
    bytes: Vec<u8>,
    entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    name: String,
    method: u16,
    checksum: u32,
    packed: usize,
    unpacked: usize,
    local_header: usize,
}

/// Why an array cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum NpzError {
    /// The file cannot be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The archive or an array in it is not as it should be.
    #[error("{}: {field} is {found}, allowed is {allowed}", path.display())]
    Wrong {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        field: String,
        /// What is there.
        found: String,
        /// What may be there.
        allowed: &'static str,
    },
}

/// An array of more bytes than this is not read.
const ARRAY_BYTES_MAX: usize = 1 << 30;

impl Npz {
    /// Reads an archive.
    ///
    /// # Errors
    /// [`NpzError`] when it cannot be read or is no ZIP archive.
    pub fn open(path: &Path) -> Result<Npz, NpzError> {
        let bytes = std::fs::read(path).map_err(|source| NpzError::Unreadable { path: path.to_owned(), source })?;
        let mut npz = Npz { path: path.to_owned(), bytes, entries: Vec::new() };
        npz.entries = npz.directory().ok_or_else(|| npz.wrong("directory", "none", "that of a ZIP archive"))?;
        Ok(npz)
    }

    /// The numbers of an array of one dimension, in the precision of a double.
    ///
    /// # Errors
    /// [`NpzError`] when there is no such array, it is damaged, or not of a kind that is read here.
    pub fn numbers(&self, name: &str) -> Result<Vec<f64>, NpzError> {
        let bytes = self.unpacked(name)?;
        let header = || self.wrong(&format!("header of {name}"), "another one", "that of a .npy array, version 1 to 3");
        let (head, data) = split(&bytes).ok_or_else(header)?;
        let kind = quoted(head, "'descr':").ok_or_else(header)?;
        if !head.contains("'fortran_order': False") {
            return Err(header());
        }
        let shape = head.split("'shape':").nth(1).and_then(|rest| rest.split(['(', ')']).nth(1)).ok_or_else(header)?;
        let count: Option<usize> = shape.trim_end_matches(',').trim().parse().ok();
        let count = count.ok_or_else(|| self.wrong(&format!("shape of {name}"), shape, "one dimension"))?;
        let numbers = of_kind(kind, data);
        let numbers =
            numbers.ok_or_else(|| self.wrong(&format!("kind of {name}"), kind, "<f4, <f8, <i2, <i4, <i8 or |u1"))?;
        if numbers.len() != count {
            return Err(self.wrong(&format!("length of {name}"), &numbers.len().to_string(), "what its header says"));
        }
        Ok(numbers)
    }

    fn directory(&self) -> Option<Vec<Entry>> {
        // The end of the directory is 22 bytes and a remark of at most 65,535.
        let from = self.bytes.len().saturating_sub(22 + 65_535);
        let end = self.bytes[from..].windows(4).rposition(|four| four == b"PK\x05\x06")? + from;
        let (count, mut at) = (self.u16(end + 10)?, self.u32(end + 16)? as usize);
        let mut entries = Vec::new();
        for _ in 0..count {
            if self.bytes.get(at..at + 4)? != b"PK\x01\x02" {
                return None;
            }
            let lengths = [28, 30, 32].map(|place| self.u16(at + place).map(usize::from));
            let [name, extra, remark] = [lengths[0]?, lengths[1]?, lengths[2]?];
            entries.push(Entry {
                name: String::from_utf8(self.bytes.get(at + 46..at + 46 + name)?.to_vec()).ok()?,
                method: self.u16(at + 10)?,
                checksum: self.u32(at + 16)?,
                packed: self.u32(at + 20)? as usize,
                unpacked: self.u32(at + 24)? as usize,
                local_header: self.u32(at + 42)? as usize,
            });
            at += 46 + name + extra + remark;
        }
        Some(entries)
    }

    fn unpacked(&self, name: &str) -> Result<Vec<u8>, NpzError> {
        let file = format!("{name}.npy");
        let entry = self.entries.iter().find(|entry| entry.name == file);
        let entry = entry.ok_or_else(|| self.wrong("array", name, "one of the archive"))?;
        let damaged = || self.wrong(&format!("contents of {name}"), "damaged", "as their checksum says");
        if entry.unpacked > ARRAY_BYTES_MAX {
            return Err(self.wrong(&format!("size of {name}"), &entry.unpacked.to_string(), "at most 1 GiB"));
        }
        let packed = || {
            let at = entry.local_header;
            let begin = at + 30 + usize::from(self.u16(at + 26)?) + usize::from(self.u16(at + 28)?);
            self.bytes.get(begin..begin.checked_add(entry.packed)?)
        };
        let packed = packed().ok_or_else(damaged)?;
        let mut bytes = Vec::with_capacity(entry.unpacked);
        match entry.method {
            0 => bytes.extend_from_slice(packed),
            8 => {
                let mut unpacker = DeflateDecoder::new(packed).take(entry.unpacked as u64 + 1);
                unpacker.read_to_end(&mut bytes).map_err(|_| damaged())?;
            }
            other => return Err(self.wrong("compression", &other.to_string(), "stored (0) or deflated (8)")),
        }
        let mut crc = flate2::Crc::new();
        crc.update(&bytes);
        if bytes.len() == entry.unpacked && crc.sum() == entry.checksum { Ok(bytes) } else { Err(damaged()) }
    }

    fn u16(&self, at: usize) -> Option<u16> {
        self.bytes.get(at..at + 2).and_then(|two| two.try_into().ok()).map(u16::from_le_bytes)
    }

    fn u32(&self, at: usize) -> Option<u32> {
        self.bytes.get(at..at + 4).and_then(|four| four.try_into().ok()).map(u32::from_le_bytes)
    }

    fn wrong(&self, field: &str, found: &str, allowed: &'static str) -> NpzError {
        NpzError::Wrong { path: self.path.clone(), field: field.to_owned(), found: found.to_owned(), allowed }
    }
}

/// The header of a `.npy` file and what follows it.
fn split(bytes: &[u8]) -> Option<(&str, &[u8])> {
    if bytes.get(..6)? != b"\x93NUMPY" {
        return None;
    }
    let (length, begin): (usize, usize) = match bytes.get(6)? {
        1 => (usize::from(u16::from_le_bytes(bytes.get(8..10)?.try_into().ok()?)), 10),
        _ => (u32::from_le_bytes(bytes.get(8..12)?.try_into().ok()?) as usize, 12),
    };
    let end = begin.checked_add(length)?;
    Some((std::str::from_utf8(bytes.get(begin..end)?).ok()?, &bytes[end..]))
}

/// The text in quotes after a key.
fn quoted<'a>(head: &'a str, key: &str) -> Option<&'a str> {
    head.split(key).nth(1)?.split('\'').nth(1)
}

/// Numbers from their bytes; `None` for a kind that is not read here. Above 2^53 the last digits are lost.
fn of_kind(kind: &str, data: &[u8]) -> Option<Vec<f64>> {
    macro_rules! read {
        ($type:ty) => {
            data.chunks_exact(size_of::<$type>())
                .filter_map(|bytes| bytes.try_into().ok().map(|bytes| <$type>::from_le_bytes(bytes) as f64))
                .collect()
        };
    }
    Some(match kind {
        "<f4" => read!(f32),
        "<f8" => read!(f64),
        "<i2" => read!(i16),
        "<i4" => read!(i32),
        "<i8" => read!(i64),
        "|u1" => read!(u8),
        _ => return None,
    })
}
