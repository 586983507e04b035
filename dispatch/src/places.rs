//! Cells by number: so that tables are plain rows, and there is a bound to how many there can be.
//!
//! Lives here: which cell has which number.
//! Stays out: what the rows hold.

use std::collections::BTreeMap;

use geo::{Cell, Point, Resolution};

/// Cells of one resolution, numbered from 0 in the order in which they came.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Places {
    resolution: Resolution,
    max: usize,
    number_of: BTreeMap<Cell, usize>,
    cells: Vec<Cell>,
}

impl Places {
    pub(crate) fn new(resolution: Resolution, max: usize) -> Places {
        Places { resolution, max, number_of: BTreeMap::new(), cells: Vec::new() }
    }

    pub(crate) fn cell_at(&self, point: Point) -> Cell {
        Cell::at(point, self.resolution)
    }

    pub(crate) fn resolution(&self) -> Resolution {
        self.resolution
    }

    pub(crate) fn find(&self, cell: Cell) -> Option<usize> {
        self.number_of.get(&cell).copied()
    }

    pub(crate) fn cells(&self) -> &[Cell] {
        &self.cells
    }

    pub(crate) fn is_full(&self) -> bool {
        self.cells.len() >= self.max
    }

    /// Numbers a cell that has none yet; `None` when there is no room.
    pub(crate) fn add(&mut self, cell: Cell) -> Option<usize> {
        if self.is_full() {
            return None;
        }
        let number = self.cells.len();
        self.cells.push(cell);
        self.number_of.insert(cell, number);
        Some(number)
    }

    /// Gives the number of another cell to a new one.
    pub(crate) fn replace(&mut self, number: usize, cell: Cell) {
        self.number_of.remove(&self.cells[number]);
        self.cells[number] = cell;
        self.number_of.insert(cell, number);
    }

    /// The numbers of the cells that touch this one and have a number.
    pub(crate) fn around(&self, cell: Cell) -> Vec<usize> {
        cell.neighbours().into_iter().filter_map(|neighbour| self.find(neighbour)).collect()
    }
}
