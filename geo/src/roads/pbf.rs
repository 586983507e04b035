//! The blobs of an OSM PBF file, and what can be wrong with one.
//!
//! Lives here: framing, decompression, the features a reader must know, the errors of an import.
//! Stays out: what is inside a block (`osm`).
//! Touch with care: lengths are checked against the limits of the format before a byte is read for them.

use std::io::{self, Read};

use super::wire::{Fields, Torn};

/// The longest header of a blob: 64 KiB, by the definition of the format.
const HEADER_MAX: u32 = 64 * 1024;
/// The longest blob, packed or unpacked: 32 MiB, by the definition of the format.
const BLOB_MAX: u64 = 32 * 1024 * 1024;

/// Why an extract cannot be made into roads.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The source failed. Try again when it can be read.
    #[error("the extract cannot be read")]
    Unreadable(#[source] io::Error),
    /// This is no OSM PBF file at all. Give another file, or convert it (from .osm XML, say) first.
    #[error("not an OSM PBF file: {why}")]
    NotPbf {
        /// What gave it away.
        why: &'static str,
    },
    /// The file ends too early. Download it again.
    #[error("the extract is truncated: it ends within the block that begins at byte {block_at}")]
    Truncated {
        /// Where the block begins that is not all there.
        block_at: u64,
    },
    /// A sound file that uses something this reader does not know. Write it anew with common settings.
    #[error("the extract needs {what}, which is not supported; supported are dense nodes and zlib or no compression")]
    Unsupported {
        /// A required feature or a compression, by its name.
        what: String,
    },
    /// The bytes contradict the format. Download it again.
    #[error("the extract is damaged: {what} in the block that begins at byte {block_at}")]
    Damaged {
        /// What does not add up.
        what: &'static str,
        /// Where the block begins that holds it.
        block_at: u64,
    },
    /// A sound file, but no two places in it are joined by a road for cars both ways. Give an extract with
    /// `highway` ways.
    #[error("no road for cars in the extract: {ways} ways, {drivable} of them drivable")]
    NoRoads {
        /// How many ways it has.
        ways: u64,
        /// How many of them a car may drive on.
        drivable: u64,
    },
    /// More roads than one set of files can number. Cut the extract into metropolitan areas.
    #[error("the extract has too many roads: more than {limit} {what}")]
    TooLarge {
        /// What there are too many of.
        what: &'static str,
        /// How many are possible.
        limit: u64,
    },
}

/// The blocks of a file, one after the other.
#[derive(Debug)]
pub(super) struct Blocks<R> {
    source: R,
    at: u64,
    block_at: u64,
    headed: bool,
}

impl<R: Read> Blocks<R> {
    /// The blocks of this file.
    pub(super) fn of(source: R) -> Blocks<R> {
        Blocks { source, at: 0, block_at: 0, headed: false }
    }

    /// How many bytes were read.
    pub(super) fn bytes_read(&self) -> u64 {
        self.at
    }

    /// Names the present block in an error.
    pub(super) fn damaged(&self, what: &'static str) -> ImportError {
        ImportError::Damaged { what, block_at: self.block_at }
    }

    /// The next block of map data, unpacked. Checks the header block on the way.
    pub(super) fn next(&mut self) -> Result<Option<Vec<u8>>, ImportError> {
        loop {
            let Some((kind, blob)) = self.blob()? else {
                return if self.headed { Ok(None) } else { Err(ImportError::NotPbf { why: "it is empty" }) };
            };
            if kind == Kind::Header {
                let block = self.unpack(&blob)?;
                known_features(&block).map_err(|why| why.unwrap_or_else(|| self.damaged("a torn header")))?;
                self.headed = true;
            } else if kind == Kind::Map {
                return self.unpack(&blob).map(Some);
            }
        }
    }

    fn blob(&mut self) -> Result<Option<(Kind, Vec<u8>)>, ImportError> {
        self.block_at = self.at;
        let length = self.read(4)?;
        let Ok(length) = <[u8; 4]>::try_from(length.as_slice()) else {
            return match (length.is_empty(), self.headed) {
                (true, _) => Ok(None),
                (false, true) => Err(ImportError::Truncated { block_at: self.block_at }),
                (false, false) => Err(ImportError::NotPbf { why: "it is shorter than a header" }),
            };
        };
        let length = u32::from_be_bytes(length);
        if length > HEADER_MAX || length == 0 {
            return Err(self.strange("it does not begin with the length of a header", "the length of a header"));
        }
        let header = self.read(u64::from(length))?;
        if header.len() < length as usize {
            return match self.headed {
                true => Err(ImportError::Truncated { block_at: self.block_at }),
                false => Err(ImportError::NotPbf { why: "it ends within its first header" }),
            };
        }
        let Ok((kind, size)) = blob_header(&header) else {
            return Err(self.strange("its first header makes no sense", "a torn header"));
        };
        if !self.headed && kind != Kind::Header {
            return Err(ImportError::NotPbf { why: "it does not begin with an OSMHeader block" });
        }
        if size > BLOB_MAX {
            return Err(self.damaged("a block of more than 32 MiB"));
        }
        let blob = self.read(size)?;
        if (blob.len() as u64) < size {
            return Err(ImportError::Truncated { block_at: self.block_at });
        }
        Ok(Some((kind, blob)))
    }

    /// The same surprise means another thing in a first block than in a later one.
    fn strange(&self, first: &'static str, later: &'static str) -> ImportError {
        if self.headed { self.damaged(later) } else { ImportError::NotPbf { why: first } }
    }

    /// Up to `length` bytes: fewer only at the end of the file.
    fn read(&mut self, length: u64) -> Result<Vec<u8>, ImportError> {
        let mut bytes = Vec::new();
        self.source.by_ref().take(length).read_to_end(&mut bytes).map_err(ImportError::Unreadable)?;
        self.at += bytes.len() as u64;
        Ok(bytes)
    }

    fn unpack(&self, blob: &[u8]) -> Result<Vec<u8>, ImportError> {
        let torn = |_: Torn| self.damaged("a torn blob");
        let mut fields = Fields::of(blob);
        let (mut size, mut packed) = (None, None);
        while let Some((field, value)) = fields.next().map_err(torn)? {
            match field {
                1 => return Ok(value.bytes().map_err(torn)?.to_vec()),
                2 => size = Some(value.number().map_err(torn)?),
                3 => packed = Some(value.bytes().map_err(torn)?),
                4 => return Err(ImportError::Unsupported { what: "LZMA compression".to_owned() }),
                5 => return Err(ImportError::Unsupported { what: "bzip2 compression".to_owned() }),
                6 => return Err(ImportError::Unsupported { what: "LZ4 compression".to_owned() }),
                7 => return Err(ImportError::Unsupported { what: "Zstandard compression".to_owned() }),
                _ => {}
            }
        }
        let (Some(size), Some(packed)) = (size, packed) else { return Err(self.damaged("a blob without data")) };
        if size > BLOB_MAX {
            return Err(self.damaged("a block of more than 32 MiB"));
        }
        let mut block = Vec::new();
        let unpacked = flate2::read::ZlibDecoder::new(packed).take(size + 1).read_to_end(&mut block);
        match unpacked {
            Ok(length) if length as u64 == size => Ok(block),
            Ok(_) => Err(self.damaged("a block of another size than it says")),
            Err(_) => Err(self.damaged("a block that cannot be unpacked")),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Header,
    Map,
    Other,
}

fn blob_header(header: &[u8]) -> Result<(Kind, u64), Torn> {
    let mut fields = Fields::of(header);
    let (mut kind, mut size) = (None, None);
    while let Some((field, value)) = fields.next()? {
        match field {
            1 => kind = Some(value.bytes()?),
            3 => size = Some(value.number()?),
            _ => {}
        }
    }
    let kind = match kind.ok_or(Torn)? {
        b"OSMHeader" => Kind::Header,
        b"OSMData" => Kind::Map,
        _ => Kind::Other,
    };
    Ok((kind, size.ok_or(Torn)?))
}

/// Refuses a file that says one must know something to read it that is not known here; `None` is a torn header.
fn known_features(header: &[u8]) -> Result<(), Option<ImportError>> {
    let mut fields = Fields::of(header);
    while let Some((field, value)) = fields.next().map_err(|Torn| None)? {
        if field != 4 {
            continue;
        }
        let feature = value.bytes().map_err(|Torn| None)?;
        if feature != b"OsmSchema-V0.6" && feature != b"DenseNodes" {
            let name = String::from_utf8_lossy(&feature[..feature.len().min(60)]).into_owned();
            return Err(Some(ImportError::Unsupported { what: format!("the feature {name:?}") }));
        }
    }
    Ok(())
}
