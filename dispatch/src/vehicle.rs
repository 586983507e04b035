//! What a car offers and what a rider needs, and the marks by which the one is found for the other.
//!
//! Lives here: [`Vehicle`], [`Needs`], their limits and names, and the layout of [`geo::Tags`].
//! Stays out: where a car is, and whether it is free.
//! Touch with care: a search asks for marks, a driver asks [`Needs::fits`]; both must always say the same. The marks are
//! kept nowhere, so their layout may change from one version to the next.

use std::fmt;
use std::str::FromStr;

use geo::Tags;

/// The most seats for riders that a vehicle may have, or a request may ask for.
pub const SEATS_MAX: u8 = 8;

/// What kind of ride it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// The plainest.
    #[default]
    Economy,
    /// A better car.
    Comfort,
    /// A large car.
    Xl,
    /// The best there is.
    Premium,
}

impl Class {
    /// Every class, plainest first.
    pub const ALL: [Class; 4] = [Class::Economy, Class::Comfort, Class::Xl, Class::Premium];

    /// The names of all classes, as an error tells them.
    pub const ALLOWED: &str = "economy, comfort, xl or premium";

    /// The name in text, as stores and doors write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Class::Economy => "economy",
            Class::Comfort => "comfort",
            Class::Xl => "xl",
            Class::Premium => "premium",
        }
    }

    /// Bits 0 to 3: one for each class.
    const fn mark(self) -> Tags {
        Tags(match self {
            Class::Economy => 1,
            Class::Comfort => 1 << 1,
            Class::Xl => 1 << 2,
            Class::Premium => 1 << 3,
        })
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Class {
    type Err = NotAClass;

    fn from_str(text: &str) -> Result<Class, NotAClass> {
        Class::ALL.into_iter().find(|class| class.as_str() == text).ok_or(NotAClass)
    }
}

/// A text that names no class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no class of vehicles, allowed is {}", Class::ALLOWED)]
pub struct NotAClass;

/// A number of seats that no vehicle has and nobody may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("seats is {0}, allowed is 1 to {SEATS_MAX}")]
pub struct BadSeats(pub u8);

/// What a driver's vehicle offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Vehicle {
    class: Class,
    seats: u8,
    wheelchair: bool,
    pets: bool,
}

impl Default for Vehicle {
    /// An economy car of four seats: what a driver drives who says nothing of it.
    fn default() -> Vehicle {
        Vehicle { class: Class::Economy, seats: 4, wheelchair: false, pets: false }
    }
}

impl Vehicle {
    /// A vehicle of 1 to [`SEATS_MAX`] seats for riders; `wheelchair` when one can be taken on board in it, `pets` when
    /// they may come along.
    ///
    /// # Errors
    /// [`BadSeats`] for any other number of seats.
    pub fn new(class: Class, seats: u8, wheelchair: bool, pets: bool) -> Result<Vehicle, BadSeats> {
        seats_in_range(seats)?;
        Ok(Vehicle { class, seats, wheelchair, pets })
    }

    /// What kind of ride it gives.
    #[must_use]
    pub fn class(self) -> Class {
        self.class
    }

    /// How many riders it takes.
    #[must_use]
    pub fn seats(self) -> u8 {
        self.seats
    }

    /// Whether it takes a wheelchair.
    #[must_use]
    pub fn wheelchair(self) -> bool {
        self.wheelchair
    }

    /// Whether pets may come along.
    #[must_use]
    pub fn pets(self) -> bool {
        self.pets
    }

    /// Its marks in the index: all that it can do.
    ///
    /// | bits | mean |
    /// | --- | --- |
    /// | 0 to 3 | the class: economy, comfort, xl, premium; exactly one is set |
    /// | 4 to 10 | at least 2, 3, ... 8 seats; a car of five has the first four |
    /// | 11 | takes a wheelchair |
    /// | 12 | takes pets |
    ///
    /// At least one seat is true of every vehicle and needs no bit, so a request that needs nothing asks for no mark.
    #[must_use]
    pub fn tags(self) -> Tags {
        self.class.mark().and(marks(self.seats, self.wheelchair, self.pets))
    }
}

/// What a rider needs of a vehicle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Needs {
    class: Option<Class>,
    seats: u8,
    wheelchair: bool,
    pets: bool,
}

impl Default for Needs {
    /// One seat in any vehicle.
    fn default() -> Needs {
        Needs { class: None, seats: 1, wheelchair: false, pets: false }
    }
}

impl Needs {
    /// So many seats, 1 to [`SEATS_MAX`], in a vehicle of this class or, without one, of any.
    ///
    /// # Errors
    /// [`BadSeats`] for any other number of seats.
    pub fn new(class: Option<Class>, seats: u8, wheelchair: bool, pets: bool) -> Result<Needs, BadSeats> {
        seats_in_range(seats)?;
        Ok(Needs { class, seats, wheelchair, pets })
    }

    /// The class it must be of, if any.
    #[must_use]
    pub fn class(self) -> Option<Class> {
        self.class
    }

    /// How many seats it must have.
    #[must_use]
    pub fn seats(self) -> u8 {
        self.seats
    }

    /// Whether it must take a wheelchair.
    #[must_use]
    pub fn wheelchair(self) -> bool {
        self.wheelchair
    }

    /// Whether it must take pets.
    #[must_use]
    pub fn pets(self) -> bool {
        self.pets
    }

    /// Whether this vehicle has all of it.
    #[must_use]
    pub fn fits(self, vehicle: Vehicle) -> bool {
        self.class.is_none_or(|class| class == vehicle.class)
            && self.seats <= vehicle.seats
            && (vehicle.wheelchair || !self.wheelchair)
            && (vehicle.pets || !self.pets)
    }

    /// The marks that a vehicle must have, all of them, to fit: the whole question in one mask. See [`Vehicle::tags`].
    #[must_use]
    pub fn tags(self) -> Tags {
        self.class.map_or(Tags::NONE, Class::mark).and(marks(self.seats, self.wheelchair, self.pets))
    }
}

fn seats_in_range(seats: u8) -> Result<(), BadSeats> {
    if (1..=SEATS_MAX).contains(&seats) { Ok(()) } else { Err(BadSeats(seats)) }
}

/// Bits 4 to 12. `seats` is in range: so many seats beyond the first one, so many bits from the fourth.
const fn marks(seats: u8, wheelchair: bool, pets: bool) -> Tags {
    let seats = ((1 << (seats - 1)) - 1) << 4;
    Tags(seats | (wheelchair as u32) << 11 | (pets as u32) << 12)
}

#[cfg(test)]
mod tests;
