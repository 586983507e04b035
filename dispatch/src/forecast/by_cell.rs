//! Rates by H3 cell, for a city that nobody has drawn a map of.
//!
//! Lives here: which cells are counted, and which make room when there are too many.
//! Stays out: how rates are learned ([`super::Rates`]).

use std::time::Duration;

use geo::{Cell, Point};

use super::Rates;
use crate::places::Places;
use crate::policy::RepositionPolicy;
use crate::{BadPolicy, Slots, Timestamp};

/// A cell with fewer requests remembered than this makes room for a new one.
const QUIET: f64 = 0.5;

/// The demand of a city by cell and time of day, learned as requests come. Bounded: see [`Forecast::shed`].
#[derive(Clone, Debug, PartialEq)]
pub struct Forecast {
    pub(super) places: Places,
    pub(super) rates: Rates,
    shed: u64,
}

impl Forecast {
    /// Nothing known yet.
    ///
    /// # Errors
    /// [`BadPolicy`] when a day cannot be cut into slots of `policy.slot_min`.
    pub fn new(policy: &RepositionPolicy, utc_offset_min: i16) -> Result<Forecast, BadPolicy> {
        let slots = Slots::new(policy.slot_min, policy.day_kinds, utc_offset_min)?;
        let places = Places::new(policy.resolution, policy.cells_max);
        Ok(Forecast { places, rates: Rates::new(policy, slots), shed: 0 })
    }

    /// A request came up here.
    pub fn observe(&mut self, pickup: Point, at: Timestamp) {
        let cell = self.places.cell_at(pickup);
        self.rates.watch(at);
        match self.places.find(cell).or_else(|| self.admit(cell)) {
            Some(place) => self.rates.observe(place, at),
            None => self.shed += 1,
        }
    }

    /// Time has passed, whether a request came or not.
    pub fn watch(&mut self, now: Timestamp) {
        self.rates.watch(now);
    }

    pub(super) fn admit(&mut self, cell: Cell) -> Option<usize> {
        let around = self.places.around(cell);
        if self.places.add(cell).is_some() {
            return Some(self.rates.add_place(&around));
        }
        let quiet = (0..self.rates.places()).find(|&place| self.rates.remembered(place) < QUIET)?;
        self.places.replace(quiet, cell);
        let around = self.places.around(cell);
        self.rates.replace_place(quiet, &around);
        Some(quiet)
    }

    /// Which cell a point is counted in.
    #[must_use]
    pub fn cell_at(&self, point: Point) -> Cell {
        self.places.cell_at(point)
    }

    /// Requests an hour to be expected in a cell at a moment, now or soon; 0 for a cell that is not known.
    #[must_use]
    pub fn rate(&self, cell: Cell, at: Timestamp) -> f64 {
        self.places.find(cell).map_or(0.0, |place| self.rates.rate(place, at))
    }

    /// How many requests are to be expected in a cell from a moment on, over so long a time.
    #[must_use]
    pub fn expected(&self, cell: Cell, from: Timestamp, over: Duration) -> f64 {
        self.places.find(cell).map_or(0.0, |place| self.rates.expected(place, from, over))
    }

    /// Every cell that is counted and what is to be expected there, in the order in which the cells came.
    pub fn all_expected(&self, from: Timestamp, over: Duration) -> impl Iterator<Item = (Cell, f64)> {
        let cells = self.places.cells().iter().enumerate();
        cells.map(move |(place, &cell)| (cell, self.rates.expected(place, from, over)))
    }

    /// How many cells are counted.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.cells().len()
    }

    /// Whether no request came yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many requests were not counted because there were too many cells and none of them was quiet.
    #[must_use]
    pub fn shed(&self) -> u64 {
        self.shed
    }
}
