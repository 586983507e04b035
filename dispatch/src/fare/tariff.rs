//! What a ride of so many metres and seconds costs.

use std::fmt;
use std::str::FromStr;

use geo::Drive;

use super::{AMOUNT_MAX, Surge};
use crate::FeeStage;

/// The largest price of a tariff, in minor units: ten million of a currency with cents.
pub const PRICE_MAX: i64 = 1_000_000_000;

/// The prices of one class of vehicles, all in minor units of one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tariff {
    /// For getting in.
    pub base: i64,
    /// For each kilometre.
    pub km: i64,
    /// For each minute.
    pub minute: i64,
    /// No ride costs less, the booking fee aside.
    pub minimum: i64,
    /// On top of every ride: neither surged nor discounted.
    pub booking: i64,
    /// What a rider pays who calls off when the driver has driven for him already; nobody pays more than the fare.
    pub cancelling: i64,
}

impl Tariff {
    /// What a text looks like that is a tariff, as an error tells it.
    pub const ALLOWED: &str =
        "base=, km=, minute=, minimum=, booking=, cancelling= in any order, each from 0 to 1000000000 minor units";

    /// What a ride costs, in minor units.
    ///
    /// `(base + km + minutes) * surge * (100 % - discount)`, exactly, and then rounded once, to the nearest unit, halves
    /// up. Then at least [`Tariff::minimum`], then [`Tariff::booking`] on top, and never above [`AMOUNT_MAX`]. Metres and
    /// milliseconds count as whole numbers, the fraction is dropped. More metres, milliseconds or surge never cost less.
    #[must_use]
    pub fn price(&self, drive: Drive, surge: Surge, discount_percent: u8) -> i64 {
        // In 60,000ths of a minor unit times ten thousand. The largest factors together are below 2^107.
        const UNIT: i128 = 60_000 * 100 * 100;
        let metres = drive.distance.get() as i128;
        let millis = i128::try_from(drive.time.as_millis()).unwrap_or(i128::MAX).min(1 << 48);
        let metered = i128::from(self.base) * 60_000
            + i128::from(self.km) * metres.min(1 << 48) * 60
            + i128::from(self.minute) * millis;
        let scaled = metered * i128::from(surge.get()) * i128::from(100 - discount_percent.min(100));
        let rounded = (scaled + UNIT / 2) / UNIT;
        let price = rounded.max(i128::from(self.minimum)) + i128::from(self.booking);
        i64::try_from(price).unwrap_or(AMOUNT_MAX).min(AMOUNT_MAX)
    }

    /// What calling off at this stage costs the rider of a ride of `fare` minor units: half of [`Tariff::cancelling`]
    /// (rounded down) while a driver is on the way, all of it when one has waited, and never more than the ride.
    #[must_use]
    pub fn cancellation_fee(&self, stage: FeeStage, fare: i64) -> i64 {
        let fee = match stage {
            FeeStage::Free => 0,
            FeeStage::Late => self.cancelling / 2,
            FeeStage::NoShow => self.cancelling,
        };
        fee.min(fare)
    }

    /// Whether every price is from 0 to [`PRICE_MAX`].
    #[must_use]
    pub fn is_sane(&self) -> bool {
        self.prices().into_iter().all(|(_, price)| (0..=PRICE_MAX).contains(&price))
    }

    fn prices(&self) -> [(&'static str, i64); 6] {
        [
            ("base", self.base),
            ("km", self.km),
            ("minute", self.minute),
            ("minimum", self.minimum),
            ("booking", self.booking),
            ("cancelling", self.cancelling),
        ]
    }
}

impl fmt::Display for Tariff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, (name, price)) in self.prices().into_iter().enumerate() {
            let gap = if nth == 0 { "" } else { " " };
            write!(f, "{gap}{name}={price}")?;
        }
        Ok(())
    }
}

/// A text that is no tariff.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no tariff, allowed is {}", Tariff::ALLOWED)]
pub struct NotATariff;

impl FromStr for Tariff {
    type Err = NotATariff;

    /// Reads what [`Tariff`] shows. What is not named is 0; what is named twice, or unknown, is an error.
    fn from_str(text: &str) -> Result<Tariff, NotATariff> {
        let mut tariff = Tariff { base: 0, km: 0, minute: 0, minimum: 0, booking: 0, cancelling: 0 };
        let mut named = Vec::new();
        for part in text.split_whitespace() {
            let (name, price) = part.split_once('=').ok_or(NotATariff)?;
            let price = price.parse().map_err(|_| NotATariff)?;
            let place = match name {
                "base" => &mut tariff.base,
                "km" => &mut tariff.km,
                "minute" => &mut tariff.minute,
                "minimum" => &mut tariff.minimum,
                "booking" => &mut tariff.booking,
                "cancelling" => &mut tariff.cancelling,
                _ => return Err(NotATariff),
            };
            *place = price;
            named.push(name);
        }
        let doubled = named.iter().enumerate().any(|(nth, name)| named[..nth].contains(name));
        if named.is_empty() || doubled || !tariff.is_sane() { Err(NotATariff) } else { Ok(tariff) }
    }
}
