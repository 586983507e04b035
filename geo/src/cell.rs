//! H3 cells: the hexagons that shards and index buckets are made of.

use std::fmt;
use std::str::FromStr;

use h3o::{CellIndex, LatLng};

use crate::{Meters, Point, distance};

/// How fine a cell is: 0 (a continent) to 15 (a square metre).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Resolution(h3o::Resolution);

/// A number that is no H3 resolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("resolution is {0}, allowed is 0 to 15")]
pub struct NotAResolution(pub u8);

impl Resolution {
    /// The buckets of the nearest-driver index: an edge of about 200 m.
    pub const INDEX: Resolution = Resolution(h3o::Resolution::Nine);
    /// The default size of a shard: about 250 km2, an edge of 9.9 km.
    pub const SHARD: Resolution = Resolution(h3o::Resolution::Five);

    /// Checks a resolution.
    ///
    /// # Errors
    /// [`NotAResolution`] when `value` is above 15.
    pub fn new(value: u8) -> Result<Resolution, NotAResolution> {
        h3o::Resolution::try_from(value).map(Resolution).map_err(|_| NotAResolution(value))
    }

    /// The number itself, 0 to 15.
    #[must_use]
    pub fn get(self) -> u8 {
        u8::from(self.0)
    }
}

/// One H3 cell.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell(CellIndex);

/// Something that is no H3 cell.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cell is {value}, allowed is an H3 cell index such as 852a1073fffffff")]
pub struct NotACell {
    /// What was given.
    pub value: String,
}

impl Cell {
    /// The cell of this resolution that holds `point`.
    #[must_use]
    pub fn at(point: Point, resolution: Resolution) -> Cell {
        let position = LatLng::new(point.lat(), point.lon()).expect("a Point is finite");
        Cell(position.to_cell(resolution.0))
    }

    /// Reads a cell from its 64-bit index.
    ///
    /// # Errors
    /// [`NotACell`] when the bits are not a cell of H3.
    pub fn from_bits(bits: u64) -> Result<Cell, NotACell> {
        CellIndex::try_from(bits).map(Cell).map_err(|_| NotACell { value: format!("{bits:x}") })
    }

    /// The 64-bit index, as every H3 library writes it.
    #[must_use]
    pub fn bits(self) -> u64 {
        u64::from(self.0)
    }

    /// How fine this cell is.
    #[must_use]
    pub fn resolution(self) -> Resolution {
        Resolution(self.0.resolution())
    }

    /// The coarser cell this one belongs to; `None` when `resolution` is finer than this cell's.
    #[must_use]
    pub fn parent(self, resolution: Resolution) -> Option<Cell> {
        self.0.parent(resolution.0).map(Cell)
    }

    /// The middle of the cell.
    #[must_use]
    pub fn centre(self) -> Point {
        let centre = LatLng::from(self.0);
        Point::new(centre.lat(), centre.lng()).expect("the centre of a cell is on Earth")
    }

    /// The way to the farthest corner, and a centimetre: every point of the cell is at most this far from
    /// [`Cell::centre`]. The centimetre is for the poles: H3 takes latitudes from an arcsine, and within metres of a
    /// pole its centres and corners are up to 4 mm off.
    #[must_use]
    pub fn reach(self) -> Meters {
        let centre = self.centre();
        self.outline()
            .into_iter()
            .map(|corner| distance(centre, corner))
            .map(|metres| Meters::new(metres.get() + 0.01).unwrap_or(metres))
            .fold(Meters::ZERO, |a, b| if b > a { b } else { a })
    }

    /// The corners, in order around the cell.
    #[must_use]
    pub fn outline(self) -> Vec<Point> {
        let corner = |at: &LatLng| Point::new(at.lat(), at.lng()).expect("a corner of a cell is on Earth");
        self.0.boundary().iter().map(corner).collect()
    }

    /// The cells that touch this one (six, or five around a pentagon), in the order of their indexes.
    #[must_use]
    pub fn neighbours(self) -> Vec<Cell> {
        self.disk(1).into_iter().filter(|&cell| cell != self).collect()
    }

    /// This cell and every cell up to `rings` steps away, in the order of their indexes.
    #[must_use]
    pub fn disk(self, rings: u32) -> Vec<Cell> {
        let mut cells: Vec<Cell> = self.0.grid_disk_safe(rings).map(Cell).collect();
        cells.sort_unstable();
        cells
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.bits())
    }
}

impl fmt::Debug for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cell({self})")
    }
}

impl FromStr for Cell {
    type Err = NotACell;

    fn from_str(text: &str) -> Result<Cell, NotACell> {
        let wrong = || NotACell { value: text.to_owned() };
        Cell::from_bits(u64::from_str_radix(text, 16).map_err(|_| wrong())?).map_err(|_| wrong())
    }
}
