//! What a ride costs, in whole minor units of one currency.
//!
//! Lives here: [`Fare`], [`Currency`], [`Surge`] and their limits; the arithmetic of a [`Tariff`].
//! Stays out: how high the surge is, how long the way takes, who pays whom.
//! Touch with care: amounts are integers, and every rounding says which way it goes. A fare is in the journal: what was
//! a legal fare stays one.

mod tariff;

use std::fmt;
use std::str::FromStr;

pub use tariff::{NotATariff, PRICE_MAX, Tariff};

/// The largest amount of a fare, in minor units: ten billion of a currency with cents. Fits a JSON number exactly.
pub const AMOUNT_MAX: i64 = 1_000_000_000_000;

/// A currency by its ISO 4217 code, such as `USD`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// What a code looks like, as an error tells it.
    pub const ALLOWED: &str = "three capital letters such as USD";

    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("three ASCII letters")
    }
}

impl Default for Currency {
    /// US dollars, in cents: what the city of the default policy pays with.
    fn default() -> Currency {
        Currency(*b"USD")
    }
}

impl FromStr for Currency {
    type Err = NotACurrency;

    fn from_str(text: &str) -> Result<Currency, NotACurrency> {
        let code: [u8; 3] = text.as_bytes().try_into().map_err(|_| NotACurrency)?;
        if code.iter().all(u8::is_ascii_uppercase) { Ok(Currency(code)) } else { Err(NotACurrency) }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that is no currency's code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no currency, allowed is {}", Currency::ALLOWED)]
pub struct NotACurrency;

/// By how much a price is multiplied, in percent: from 100, which changes nothing, to 1000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Surge(u16);

impl Surge {
    /// No surge.
    pub const NONE: Surge = Surge(100);

    /// The highest there is.
    pub const MAX: Surge = Surge(1_000);

    /// This many percent; `None` below 100 and above 1000.
    #[must_use]
    pub fn percent(percent: u16) -> Option<Surge> {
        (Surge::NONE.0..=Surge::MAX.0).contains(&percent).then_some(Surge(percent))
    }

    /// In percent: 150 is one and a half times.
    #[must_use]
    pub fn get(self) -> u16 {
        self.0
    }
}

impl Default for Surge {
    fn default() -> Surge {
        Surge::NONE
    }
}

impl fmt::Display for Surge {
    /// As a factor: `1.50`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

/// What a ride costs, agreed before it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fare {
    minor: i64,
    currency: Currency,
    surge: Surge,
}

/// An amount that no ride costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an amount is {0} minor units, allowed is 0 to {AMOUNT_MAX}")]
pub struct BadAmount(pub i64);

impl Fare {
    /// `minor` units of a currency, of which the part that surges was multiplied by `surge`.
    ///
    /// # Errors
    /// [`BadAmount`] below zero and above [`AMOUNT_MAX`].
    pub fn new(minor: i64, currency: Currency, surge: Surge) -> Result<Fare, BadAmount> {
        if (0..=AMOUNT_MAX).contains(&minor) { Ok(Fare { minor, currency, surge }) } else { Err(BadAmount(minor)) }
    }

    /// The amount, in minor units: cents of dollars, whole yen.
    #[must_use]
    pub fn minor(self) -> i64 {
        self.minor
    }

    /// Of which currency.
    #[must_use]
    pub fn currency(&self) -> &Currency {
        &self.currency
    }

    /// The surge it was priced at. The amount already contains it.
    #[must_use]
    pub fn surge(self) -> Surge {
        self.surge
    }
}

#[cfg(test)]
mod tests;
