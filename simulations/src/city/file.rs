//! Decodes a `.city` file. `simulations/data/README.md` describes it byte by byte; `convert.py` beside it writes it.
//!
//! Lives here: every check of a file's form and contents.
//! Stays out: what the numbers mean.
//! Touch with care: nothing is allocated on the word of the file alone. Lengths are compared with what the counts
//! read so far call for, and memory grows only as bytes really arrive.

mod cursor;
mod sections;

use std::io::Read;
use std::path::PathBuf;

use flate2::bufread::ZlibDecoder;

use super::City;
use cursor::Cursor;

const MAGIC: &[u8; 8] = b"\x89HCITY\r\n";
const VERSION: u16 = 1;
const SECTIONS: [&str; 5] = ["city", "days", "zones", "trips", "speeds"];
/// The TLC numbers its zones to 263 and adds two for "unknown".
const ZONES_MAX: usize = 300;
/// Outlines larger than this are no outlines of [`ZONES_MAX`] zones.
const OUTLINES_BYTES_MAX: usize = 8 << 20;

/// Why a `.city` file cannot be used. None of them goes away by trying again.
#[derive(Debug, thiserror::Error)]
pub enum CityFileError {
    /// The file cannot be opened or read.
    #[error("cannot read the city file {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The file does not begin as a city file does: it is something else, or was altered in a text-mode transfer.
    #[error("not a city file: it begins with {found:?}, allowed is {:?}", MAGIC.escape_ascii().to_string())]
    NotACityFile {
        /// The first bytes, printable.
        found: String,
    },
    /// The file is of another version of the format. Convert it again with the `convert.py` of this version.
    #[error("version is {found}, allowed is {VERSION}")]
    OtherVersion {
        /// The version that the file states.
        found: u16,
    },
    /// Bytes are missing, added or changed. Fetch the file again.
    #[error("damaged city file: {field} is {found}, allowed is {allowed}")]
    Damaged {
        /// What is wrong.
        field: String,
        /// Its value in this file.
        found: String,
        /// The values it may have.
        allowed: String,
    },
    /// The file is whole but says what cannot be: the program that wrote it has a mistake.
    #[error("impossible city file: {field} is {found}, allowed is {allowed}")]
    Impossible {
        /// What is wrong.
        field: String,
        /// Its value in this file.
        found: String,
        /// The values it may have.
        allowed: String,
    },
}

impl CityFileError {
    fn damaged(field: impl Into<String>, found: impl ToString, allowed: impl ToString) -> CityFileError {
        CityFileError::Damaged { field: field.into(), found: found.to_string(), allowed: allowed.to_string() }
    }

    fn impossible(field: impl Into<String>, found: impl ToString, allowed: impl ToString) -> CityFileError {
        CityFileError::Impossible { field: field.into(), found: found.to_string(), allowed: allowed.to_string() }
    }
}

/// Decodes a whole file.
pub(super) fn read(bytes: &[u8]) -> Result<City, CityFileError> {
    let mut payload = Cursor::new(payload(bytes)?);
    let about = {
        let raw = section(&mut payload, "city", 1, 4096)?;
        sections::about(&raw)?
    };
    let exactly = |length: usize| (length, length);
    let take = |payload: &mut Cursor<'_>, name, (least, most)| section(payload, name, least, most);
    let days_counted = sections::days(&take(&mut payload, "days", exactly(3 * about.days))?)?;
    let zones = sections::zones(&take(&mut payload, "zones", (1, OUTLINES_BYTES_MAX))?, about.zones)?;
    let cells = about.zones * about.zones;
    let trips = take(&mut payload, "trips", exactly(2 * cells * about.days * about.bins))?;
    let (trips, bin_totals) = sections::trips(&trips, about.zones)?;
    let speeds = take(&mut payload, "speeds", exactly(2 * cells * about.hours))?;
    let (speeds_mm_s, speeds_filled) = sections::speeds(&speeds, about.zones)?;
    payload.end("payload")?;
    Ok(City {
        name: about.name,
        axis_deg: about.axis_deg,
        zones,
        days_counted,
        trips,
        bin_totals,
        speeds_mm_s,
        speeds_filled,
        roads: None,
    })
}

/// Checks the header and the checksum; what is left is as it was written.
fn payload(bytes: &[u8]) -> Result<&[u8], CityFileError> {
    if !bytes.starts_with(MAGIC) {
        let found = bytes.get(..MAGIC.len()).unwrap_or(bytes).escape_ascii().to_string();
        return Err(CityFileError::NotACityFile { found });
    }
    let mut header = Cursor::new(&bytes[MAGIC.len()..]);
    let version = header.u16("version")?;
    if version != VERSION {
        return Err(CityFileError::OtherVersion { found: version });
    }
    let sections = header.u16("section count")?;
    if usize::from(sections) != SECTIONS.len() {
        return Err(CityFileError::damaged("section count", sections, SECTIONS.len()));
    }
    let length = header.u32("payload length")?;
    let checksum = header.u32("checksum")?;
    let payload = header.rest();
    if payload.len() != length as usize {
        return Err(CityFileError::damaged("payload length", length, format!("{}, as present", payload.len())));
    }
    let mut crc = flate2::Crc::new();
    crc.update(payload);
    if crc.sum() != checksum {
        let of_payload = format!("{:#010x}, as computed", crc.sum());
        return Err(CityFileError::damaged("checksum", format!("{checksum:#010x}"), of_payload));
    }
    Ok(payload)
}

/// Unpacks the next section, which must be called `name` and hold `least` to `most` bytes.
fn section(payload: &mut Cursor<'_>, name: &str, least: usize, most: usize) -> Result<Vec<u8>, CityFileError> {
    let label = payload.bytes(8, "section name")?;
    let mut expected = [0; 8];
    expected[..name.len()].copy_from_slice(name.as_bytes());
    if label != expected {
        return Err(CityFileError::impossible("section name", label.escape_ascii(), name));
    }
    let field = |part: &str| format!("section {name}: {part}");
    let length = payload.u32(&field("unpacked length"))? as usize;
    if !(least..=most).contains(&length) {
        let allowed = if least == most { format!("{least}") } else { format!("{least} to {most}") };
        return Err(CityFileError::impossible(field("unpacked length"), length, allowed));
    }
    let packed_length = payload.u32(&field("packed length"))? as usize;
    let packed = payload.bytes(packed_length, &field("contents"))?;
    let mut raw = Vec::new();
    let mut unpacker = ZlibDecoder::new(packed);
    unpacker
        .by_ref()
        .take(length as u64 + 1)
        .read_to_end(&mut raw)
        .map_err(|problem| CityFileError::impossible(field("contents"), problem, "a zlib stream"))?;
    if raw.len() != length || unpacker.total_in() != packed_length as u64 {
        let found = format!("{} bytes from {}", raw.len(), unpacker.total_in());
        return Err(CityFileError::impossible(field("contents"), found, format!("{length} from {packed_length}")));
    }
    Ok(raw)
}
