//! Worth by H3 cell and time of day, for a real city.
//!
//! Lives here: which cells have a row, how times of day become knots.
//! Stays out: the table itself ([`super::ValueTable`]).

use geo::{Cell, Point, Resolution};

use super::ValueTable;
use crate::places::Places;
use crate::{Slots, Timestamp};

/// What a free car is worth by cell and time of day. A slot's worth holds at its beginning; in between it is a
/// straight line to the next slot's, on the same kind of day. Bounded: past `cells_max` no cell is added.
#[derive(Clone, Debug, PartialEq)]
pub struct Values {
    places: Places,
    slots: Slots,
    table: ValueTable,
}

impl Values {
    /// Nothing is worth anything yet.
    #[must_use]
    pub fn new(resolution: Resolution, slots: Slots, cells_max: usize) -> Values {
        let places = Places::new(resolution, cells_max);
        Values { places, slots, table: ValueTable::new(0, slots.count()) }
    }

    /// The parts of the day that have a worth of their own.
    #[must_use]
    pub fn slots(&self) -> Slots {
        self.slots
    }

    /// How fine the cells are.
    #[must_use]
    pub fn resolution(&self) -> Resolution {
        self.places.resolution()
    }

    /// What a free car in this cell is worth at this moment, in the unit the table was taught in (for
    /// [`crate::Policy::worth`]: seconds of driving to a pickup); 0 for a cell that is not known.
    #[must_use]
    pub fn worth(&self, cell: Cell, at: Timestamp) -> f64 {
        let Some(place) = self.places.find(cell) else { return 0.0 };
        let (slot, share) = (self.slots.at(at), self.slots.share_over(at));
        let [_, next] = self.slots.around(slot);
        self.table.at(place, slot) * (1.0 - share) + self.table.at(place, next) * share
    }

    /// The worth of the cell that holds a point.
    #[must_use]
    pub fn worth_at(&self, point: Point, at: Timestamp) -> f64 {
        self.worth(self.places.cell_at(point), at)
    }

    /// What a car gains by being free at `to` instead of at `from`, each a place and a time: the factor of a cost.
    #[must_use]
    pub fn difference(&self, from: (Point, Timestamp), to: (Point, Timestamp)) -> f64 {
        self.worth_at(to.0, to.1) - self.worth_at(from.0, from.1)
    }

    /// A car that was free at `from` earned so much and is free again at `to`: a step of this size (0 to 1) towards it.
    pub fn learn(&mut self, from: (Point, Timestamp), earned: f64, to: (Point, Timestamp), step: f64) {
        let told = earned + self.worth_at(to.0, to.1);
        let off = told - self.worth_at(from.0, from.1);
        let cell = self.places.cell_at(from.0);
        let Some(place) = self.row_of(cell) else { return };
        let (slot, share) = (self.slots.at(from.1), self.slots.share_over(from.1));
        let [_, next] = self.slots.around(slot);
        for (slot, share) in [(slot, 1.0 - share), (next, share)] {
            self.table.set(place, slot, self.table.at(place, slot) + step.clamp(0.0, 1.0) * share * off);
        }
    }

    /// The row of a cell, a new one if there is room.
    fn row_of(&mut self, cell: Cell) -> Option<usize> {
        self.places.find(cell).or_else(|| {
            self.places.add(cell)?;
            Some(self.table.add_place())
        })
    }

    /// Writes the worth of a cell in a slot. Answers whether it is in the table now: not when the cell is of another
    /// resolution, the slot does not exist, the worth is not finite, or the table is full.
    pub fn set(&mut self, cell: Cell, slot: usize, worth: f64) -> bool {
        if cell.resolution() != self.resolution() || slot >= self.slots.count() || !worth.is_finite() {
            return false;
        }
        let Some(place) = self.row_of(cell) else { return false };
        self.table.set(place, slot, worth);
        true
    }

    /// Every cell and its worth in each slot, in the order in which the cells came.
    pub fn rows(&self) -> impl Iterator<Item = (Cell, &[f32])> {
        self.places.cells().iter().enumerate().map(|(place, &cell)| (cell, self.table.row(place)))
    }
}
