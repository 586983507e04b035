//! The trip records that New York's Taxi and Limousine Commission publishes, read from the files as users have them.
//!
//! Lives here: [`open`], which streams the trips of a CSV, gzipped CSV or Parquet file of any year, yellow or green;
//! [`requests`], which turns trips into demand.
//! Stays out: fares, passengers and every other column; fetching files.
//! Touch with care: times. The records state New York's wall clock without an offset; nothing here converts it.
//!
//! Which columns a file has decides what it says about places: coordinates up to mid-2016, zone numbers since. Rows
//! that cannot be used are counted by reason and passed over, since every month has some; a file that is no trip
//! record, or breaks off, is an error.

mod columnar;
mod columns;
mod replay;
mod text;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use geo::Point;

pub use replay::{Replay, day, requests};

/// Highest zone number that is a place. The TLC uses 264 for "unknown" and 265 for "outside of the city".
pub const ZONE_MAX: u16 = 263;

/// One recorded trip.
///
/// Times are milliseconds since 1970-01-01 00:00 as New York's clocks showed them: the wall clock read as if it were
/// UTC. They order and subtract like real ones except across the two nights a year when clocks change, and
/// `pickup_at.rem_euclid(86_400_000)` is the time of day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TlcTrip {
    /// When the meter was switched on, in milliseconds of the wall clock.
    pub pickup_at: i64,
    /// When the meter was switched off, in milliseconds of the wall clock; never before `pickup_at`.
    pub dropoff_at: i64,
    /// Where the meter was switched on.
    pub pickup: Place,
    /// Where the meter was switched off.
    pub dropoff: Place,
}

/// Where something happened, as exactly as the record says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Place {
    /// At this point.
    At(Point),
    /// Somewhere in the zone with this TLC number, 1 to [`ZONE_MAX`].
    Zone(u16),
}

/// Why a row was passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Skipped {
    /// A field that is needed is empty, or the row ends before it.
    Missing,
    /// A field is there but is no time or number.
    Malformed,
    /// A coordinate is zero, as the meters write when they had no fix, or not on Earth.
    Nowhere,
    /// A zone number is 264 or 265 ("unknown", "outside") or none that the TLC gives out.
    UnknownZone,
    /// The trip ends before it begins.
    BackInTime,
}

impl std::fmt::Display for Skipped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Skipped::Missing => "with a field missing",
            Skipped::Malformed => "with a field that is no time or number",
            Skipped::Nowhere => "with a coordinate that is nowhere",
            Skipped::UnknownZone => "with an unknown zone",
            Skipped::BackInTime => "that end before they begin",
        })
    }
}

/// Why a file cannot be read as trip records, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum TlcError {
    /// The file cannot be opened or read. Check the path and the permissions.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The file has no column for something a trip needs: it is no trip record, or of a kind without places.
    #[error(
        "{} has no column for the {missing} of a trip ({}); its columns are {found}",
        path.display(), names.join(", ")
    )]
    NoColumn {
        /// The file.
        path: PathBuf,
        /// What there is no column for.
        missing: &'static str,
        /// The names it may have, in any mixture of capitals.
        names: &'static [&'static str],
        /// The columns there are, cut off when they are many.
        found: String,
    },
    /// A Parquet column holds another type than trips have there.
    #[error("{}, column {column}: it holds {found}, allowed is {allowed}", path.display())]
    WrongType {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// What the column holds.
        found: String,
        /// What it may hold.
        allowed: &'static str,
    },
    /// The file breaks off or is damaged: what came before this row was good. Fetch the file again.
    #[error("{}, row {row}, column {column}: {problem}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The row, counted from 1; in text the header is row 1. In Parquet it is the first row of the batch that
        /// could not be read, or 0 for the file's frame.
        row: u64,
        /// The column, or `-` where it has no bearing.
        column: String,
        /// What was wrong.
        problem: String,
    },
}

/// A row of a file, before it is known to be a usable trip. Fields keep the reason why they cannot be read.
pub(crate) struct Row {
    pickup_at: Field,
    dropoff_at: Field,
    places: Places<Field>,
}

/// What a field says, as a number: milliseconds, degrees or a zone. All of them fit a double exactly.
pub(crate) type Field = Result<f64, Skipped>;

/// The two ways in which trip records have told where.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Places<T> {
    Coordinates { pickup: [T; 2], dropoff: [T; 2] },
    Zones { pickup: T, dropoff: T },
}

/// Something that hands out rows one by one.
trait Rows {
    /// The next row, or `None` after the last.
    fn next_row(&mut self) -> Option<Result<Row, TlcError>>;
}

/// The usable trips of a file in the file's order, which is by pickup time only roughly. After an error it ends.
pub struct TlcTrips {
    rows: Box<dyn Rows>,
    skipped: BTreeMap<Skipped, u64>,
    ended: bool,
}

/// Opens a file of trip records: CSV, gzipped CSV or Parquet, told apart by their contents, not by their names.
///
/// # Errors
/// [`TlcError::Unreadable`] when the file cannot be opened, [`TlcError::NoColumn`] or [`TlcError::WrongType`] when it
/// holds no trips, [`TlcError::Damaged`] when a Parquet file or a gzip header is broken.
pub fn open(path: impl AsRef<Path>) -> Result<TlcTrips, TlcError> {
    let path = path.as_ref().to_path_buf();
    let unreadable = |source| TlcError::Unreadable { path: path.clone(), source };
    let mut file = BufReader::new(File::open(&path).map_err(unreadable)?);
    let start = file.fill_buf().map_err(unreadable)?;
    // The name counts too: a Parquet file that lost its beginning is not to be taken for a CSV.
    let parquet_by_name = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("parquet"));
    let rows: Box<dyn Rows> = if start.starts_with(b"PAR1") || parquet_by_name {
        Box::new(columnar::ColumnarRows::open(File::open(&path).map_err(unreadable)?, path)?)
    } else if start.starts_with(&[0x1f, 0x8b]) {
        let unpacked: Box<dyn Read> = Box::new(flate2::bufread::MultiGzDecoder::new(file));
        Box::new(text::TextRows::open(Box::new(BufReader::new(unpacked)), path)?)
    } else {
        Box::new(text::TextRows::open(Box::new(file), path)?)
    };
    Ok(TlcTrips { rows, skipped: BTreeMap::new(), ended: false })
}

impl TlcTrips {
    /// How many rows were passed over so far, by reason.
    #[must_use]
    pub fn skipped(&self) -> &BTreeMap<Skipped, u64> {
        &self.skipped
    }
}

impl Iterator for TlcTrips {
    type Item = Result<TlcTrip, TlcError>;

    fn next(&mut self) -> Option<Result<TlcTrip, TlcError>> {
        while !self.ended {
            match self.rows.next_row() {
                None => self.ended = true,
                Some(Err(error)) => {
                    self.ended = true;
                    return Some(Err(error));
                }
                Some(Ok(row)) => match row.trip() {
                    Ok(trip) => return Some(Ok(trip)),
                    Err(reason) => *self.skipped.entry(reason).or_insert(0) += 1,
                },
            }
        }
        None
    }
}

impl std::fmt::Debug for TlcTrips {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TlcTrips").field("skipped", &self.skipped).field("ended", &self.ended).finish_non_exhaustive()
    }
}

impl Row {
    /// The trip that this row records, or why it is none.
    fn trip(self) -> Result<TlcTrip, Skipped> {
        let (pickup_at, dropoff_at) = (milliseconds(self.pickup_at?)?, milliseconds(self.dropoff_at?)?);
        let (pickup, dropoff) = match self.places {
            Places::Coordinates { pickup, dropoff } => (point(pickup)?, point(dropoff)?),
            Places::Zones { pickup, dropoff } => (zone(pickup?)?, zone(dropoff?)?),
        };
        if dropoff_at < pickup_at {
            return Err(Skipped::BackInTime);
        }
        Ok(TlcTrip { pickup_at, dropoff_at, pickup, dropoff })
    }
}

fn milliseconds(field: f64) -> Result<i64, Skipped> {
    // Up to here a double holds whole milliseconds exactly; it is the year 287,396.
    if field.abs() < 9.007_199_254_740_992e15 { Ok(field as i64) } else { Err(Skipped::Malformed) }
}

fn point([latitude, longitude]: [Field; 2]) -> Result<Place, Skipped> {
    let (latitude, longitude) = (latitude?, longitude?);
    if latitude == 0.0 || longitude == 0.0 {
        return Err(Skipped::Nowhere);
    }
    Point::new(latitude, longitude).map(Place::At).map_err(|_| Skipped::Nowhere)
}

fn zone(field: f64) -> Result<Place, Skipped> {
    if field.fract() != 0.0 {
        return Err(Skipped::Malformed);
    }
    let known = (1.0..=f64::from(ZONE_MAX)).contains(&field);
    if known { Ok(Place::Zone(field as u16)) } else { Err(Skipped::UnknownZone) }
}
