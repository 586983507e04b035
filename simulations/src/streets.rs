//! A city as numbered nodes: its street graph, and how long the fastest way takes from each node to each other.
//!
//! Lives here: [`Streets`], read from the tables of the Manhattan graph of Alonso-Mora's group; all times at once
//! ([`TimeTable`]); the same as a provider of travel times ([`NodeTimes`]); where a car is on its way ([`Ways`]); arrays
//! of numbers as NumPy stores them ([`Npz`]).
//! Stays out: roads as dispatching in production knows them (`geo::roads`), where the files are.
//! Touch with care: the time of an edge (see [`Streets::open`]) is what published figures on this graph were made with:
//! another rule, and nothing can be compared.

mod by_node;
mod nearest;
mod npz;
mod time_table;
mod ways;

use std::path::{Path, PathBuf};

use geo::{Point, distance};

pub use by_node::{NodeTimes, NotNodeTimes};
pub use npz::{Npz, NpzError};
pub use time_table::{NotATimeTable, TimeTable};
pub use ways::Ways;

/// No car is faster in the city, in metres a second: what is taken where the data says so all the same.
const SPEED_MAX_MPS: f64 = 20.0;
/// No edge takes less, in seconds.
const EDGE_MIN_S: f64 = 1.0;
/// Nodes are numbered in 16 bits.
const NODES_MAX: usize = 1 << 16;

/// A street from one node to another, one way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Street {
    /// The node it begins at.
    pub from: usize,
    /// The node it leads to.
    pub to: usize,
    /// How long a car takes, in seconds.
    pub seconds: f64,
    /// How long it is, in metres.
    pub meters: f64,
}

/// A directed graph of streets. Nodes are numbered from 0 in the order of the file's ids.
#[derive(Clone, Debug, PartialEq)]
pub struct Streets {
    points: Vec<Point>,
    streets: Vec<Street>,
}

/// Why streets cannot be read. None of it goes away by trying again.
#[derive(Debug, thiserror::Error)]
pub enum StreetsError {
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A file says what cannot be.
    #[error("{} line {line}: {field} is {found:?}, allowed is {allowed}", path.display())]
    Wrong {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// Which column, or what else is wrong.
        field: &'static str,
        /// What is there.
        found: String,
        /// What may be there.
        allowed: &'static str,
    },
}

impl Streets {
    /// Reads `points.csv` (id, latitude, longitude), `edges.csv` (id, node from, node to) and `week.csv` (edge id, seconds
    /// in each hour of a working day) of a folder; none has a line of heads.
    ///
    /// An edge takes the mean of its 24 hours: their columns seem shifted against the clock by some hours, so single ones
    /// are not to be trusted. 17 edges have no time at all and others imply racing cars, so it takes at least its length
    /// (great circle) at 20 m/s, and a second.
    ///
    /// # Errors
    /// [`StreetsError`] names the file and the line.
    pub fn open(folder: &Path) -> Result<Streets, StreetsError> {
        let points = Sheet::read(folder.join("points.csv"))?;
        let mut nodes = Vec::with_capacity(points.rows.len());
        for row in 0..points.rows.len() {
            let point = Point::new(points.number(row, 1, "latitude")?, points.number(row, 2, "longitude")?);
            nodes.push((
                points.id(row, 0, "id")?,
                point.map_err(|why| points.wrong(row, why.field, why.value, "degrees"))?,
            ));
        }
        nodes.sort_by_key(|(id, _)| *id);
        if nodes.is_empty() || nodes.len() > NODES_MAX {
            return Err(points.wrong(0, "number of points", nodes.len(), "1 to 65536"));
        }
        let node = |sheet: &Sheet, row: usize, column: usize| {
            let id = sheet.id(row, column, "node")?;
            nodes
                .binary_search_by_key(&id, |(id, _)| *id)
                .map_err(|_| sheet.wrong(row, "node", id, "the id of a point"))
        };
        let edges = Sheet::read(folder.join("edges.csv"))?;
        let hours = Sheet::read(folder.join("week.csv"))?;
        let mut seconds = Vec::with_capacity(hours.rows.len());
        for row in 0..hours.rows.len() {
            let columns = hours.rows[row].len().saturating_sub(1);
            let mut sum = 0.0;
            for column in 1..=columns {
                sum += hours.number(row, column, "seconds")?;
            }
            if columns == 0 || sum < 0.0 {
                return Err(hours.wrong(row, "seconds", sum, "at least one number, none below 0"));
            }
            seconds.push((hours.id(row, 0, "edge")?, sum / columns as f64));
        }
        seconds.sort_by_key(|(id, _)| *id);
        let mut streets = Vec::with_capacity(edges.rows.len());
        for row in 0..edges.rows.len() {
            let id = edges.id(row, 0, "id")?;
            let (from, to) = (node(&edges, row, 1)?, node(&edges, row, 2)?);
            let mean = seconds.binary_search_by_key(&id, |(id, _)| *id).map(|place| seconds[place].1);
            let mean = mean.map_err(|_| edges.wrong(row, "id", id, "an edge with a line in week.csv"))?;
            let meters = distance(nodes[from].1, nodes[to].1).get();
            streets.push(Street { from, to, seconds: mean.max(meters / SPEED_MAX_MPS).max(EDGE_MIN_S), meters });
        }
        Ok(Streets { points: nodes.into_iter().map(|(_, point)| point).collect(), streets })
    }

    /// Streets between points; a street that begins or ends at no point is left out.
    #[must_use]
    pub fn new(points: Vec<Point>, mut streets: Vec<Street>) -> Streets {
        streets.retain(|street| street.from < points.len() && street.to < points.len());
        Streets { points, streets }
    }

    /// Where each node is.
    #[must_use]
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// Every street.
    #[must_use]
    pub fn streets(&self) -> &[Street] {
        &self.streets
    }
}

/// A file of numbers with commas.
struct Sheet {
    path: PathBuf,
    rows: Vec<Vec<String>>,
}

impl Sheet {
    fn read(path: PathBuf) -> Result<Sheet, StreetsError> {
        let text =
            std::fs::read_to_string(&path).map_err(|source| StreetsError::Unreadable { path: path.clone(), source })?;
        let cells = |line: &str| line.split(',').map(|cell| cell.trim().to_owned()).collect();
        Ok(Sheet { path, rows: text.lines().map(cells).collect() })
    }

    fn cell<T: std::str::FromStr>(
        &self,
        row: usize,
        column: usize,
        field: &'static str,
        allowed: &'static str,
    ) -> Result<T, StreetsError> {
        let text = self.rows[row].get(column).map_or("", String::as_str);
        text.parse().map_err(|_| self.wrong(row, field, text, allowed))
    }

    fn number(&self, row: usize, column: usize, field: &'static str) -> Result<f64, StreetsError> {
        let value: f64 = self.cell(row, column, field, "a number")?;
        if value.is_finite() { Ok(value) } else { Err(self.wrong(row, field, value, "a finite number")) }
    }

    fn id(&self, row: usize, column: usize, field: &'static str) -> Result<u32, StreetsError> {
        self.cell(row, column, field, "a whole number")
    }

    fn wrong(&self, row: usize, field: &'static str, found: impl ToString, allowed: &'static str) -> StreetsError {
        let (path, line, found) = (self.path.clone(), row + 1, found.to_string());
        StreetsError::Wrong { path, line, field, found, allowed }
    }
}

#[cfg(test)]
mod tests;
