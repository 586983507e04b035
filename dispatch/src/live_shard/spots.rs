//! The drivers at home in a shard, found by name or by number.
//!
//! Lives here: [`Spots`], and [`Filed`], which is how the indexes of positions name a driver.
//! Stays out: what a spot says.
//! Touch with care: a number is a driver's for as long as the driver lives here, and may be somebody else's afterwards.
//! Whoever leaves must leave the indexes first. The order of numbers is that of arrival, the same in every run.

use std::collections::HashMap;

use super::Spot;
use crate::DriverId;

/// A map of drivers that is asked for every position. Its hash is seeded anew in each process, as the standard one is.
pub(super) type ByDriver<T> = HashMap<DriverId, T, foldhash::fast::RandomState>;

/// A driver as the indexes name it: whoever is found there is looked up by number. Sorted by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Filed {
    pub(super) driver: DriverId,
    pub(super) number: u32,
}

/// Everybody's spot.
#[derive(Debug, Default)]
pub(super) struct Spots {
    numbers: ByDriver<u32>,
    spots: Vec<Option<Spot>>,
    vacant: Vec<u32>,
}

impl Spots {
    pub(super) fn get(&self, driver: &DriverId) -> Option<&Spot> {
        self.numbers.get(driver).and_then(|&number| self.at(number))
    }

    pub(super) fn get_mut(&mut self, driver: &DriverId) -> Option<&mut Spot> {
        let number = *self.numbers.get(driver)?;
        self.spots.get_mut(number as usize)?.as_mut()
    }

    /// The spot with this number.
    pub(super) fn at(&self, number: u32) -> Option<&Spot> {
        self.spots.get(number as usize)?.as_ref()
    }

    /// Gives a driver who has none a spot, made for the number it gets.
    pub(super) fn settle(&mut self, driver: &DriverId, new: impl FnOnce(u32) -> Spot) {
        if self.numbers.contains_key(driver) {
            return;
        }
        let number = self.vacant.pop().unwrap_or_else(|| {
            self.spots.push(None);
            u32::try_from(self.spots.len() - 1).expect("four thousand million drivers do not fit into memory")
        });
        self.spots[number as usize] = Some(new(number));
        self.numbers.insert(driver.clone(), number);
    }

    pub(super) fn remove(&mut self, driver: &DriverId) {
        if let Some(number) = self.numbers.remove(driver) {
            self.spots[number as usize] = None;
            self.vacant.push(number);
        }
    }

    /// All of them, in the order of their numbers.
    pub(super) fn values(&self) -> impl Iterator<Item = &Spot> {
        self.spots.iter().flatten()
    }

    /// All of them with their names, in an order that must not be seen.
    #[expect(clippy::disallowed_methods, reason = "whoever asks sorts them")]
    pub(super) fn unsorted(&self) -> impl Iterator<Item = (&DriverId, &Spot)> {
        self.numbers.iter().filter_map(|(driver, &number)| Some((driver, self.at(number)?)))
    }
}

#[cfg(test)]
mod tests;
