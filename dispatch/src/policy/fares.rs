//! What rides cost: the currency, a tariff for each class of vehicles, and how long a quote holds.
//!
//! Stays out: the arithmetic ([`crate::Tariff::price`]), the surge of a place ([`crate::SurgeMap`]).

use std::time::Duration;

use geo::{Drive, Meters};

use super::BadPolicy;
use crate::{Class, Currency, Fare, Needs, Surge, Tariff, Trip};

/// What rides cost.
#[derive(Clone, Debug, PartialEq)]
pub struct FarePolicy {
    /// Of which currency every amount is.
    pub currency: Currency,
    /// The prices of the plainest car, and of a request that names no class.
    pub economy: Tariff,
    /// The prices of a better car.
    pub comfort: Tariff,
    /// The prices of a large car.
    pub xl: Tariff,
    /// The prices of the best there is.
    pub premium: Tariff,
    /// What is taken off for a rider who lets others ride along, of 100. A quarter: about what two of three such rides
    /// must be shared for to pay.
    pub shared_discount: u8,
    /// How long a quote is honoured. Two minutes are enough to call across the room who comes along, and the cars
    /// around are still about the same (Namma Yatri went from 30 minutes to 5, Beckn's examples have 30 s).
    pub quote_lasts: Duration,
    /// How far the places of a request may be from those of its quote: a phone's position jitters, a block does not.
    pub quote_slack: Meters,
}

impl Default for FarePolicy {
    /// Cents of dollars, in the order of what apps took in New York for the economy class. A judgement: every city sets
    /// its own.
    fn default() -> FarePolicy {
        let tariff =
            |base, km, minute, minimum| Tariff { base, km, minute, minimum, booking: 0, cancelling: minimum / 2 };
        FarePolicy {
            currency: Currency::default(),
            economy: tariff(255, 110, 35, 700),
            comfort: tariff(350, 150, 45, 900),
            xl: tariff(385, 175, 50, 1_050),
            premium: tariff(700, 235, 65, 1_500),
            shared_discount: 25,
            quote_lasts: Duration::from_secs(120),
            quote_slack: Meters::whole(50),
        }
    }
}

impl FarePolicy {
    /// The prices for these needs.
    #[must_use]
    pub fn tariff(&self, needs: Needs) -> &Tariff {
        match needs.class() {
            None | Some(Class::Economy) => &self.economy,
            Some(Class::Comfort) => &self.comfort,
            Some(Class::Xl) => &self.xl,
            Some(Class::Premium) => &self.premium,
        }
    }

    /// What this ride costs.
    #[must_use]
    pub fn fare(&self, needs: Needs, shared: bool, drive: Drive, surge: Surge) -> Fare {
        let discount = if shared { self.shared_discount } else { 0 };
        let minor = self.tariff(needs).price(drive, surge, discount);
        Fare::new(minor, self.currency, surge).expect("a price is from 0 to the largest amount")
    }

    /// What the rider of a trip that was called off pays for that, in minor units of the currency of its fare, by these
    /// prices; nothing for the stage that is free. `None` for every other trip, and where no fare was agreed.
    #[must_use]
    pub fn cancellation_fee(&self, trip: &Trip) -> Option<i64> {
        let (off, fare) = (trip.stage.called_off()?, trip.order.fare?);
        Some(self.tariff(trip.order.needs).cancellation_fee(off.fee, fare.minor()))
    }

    /// Checks every number once, at the border.
    pub(super) fn check(&self) -> Result<(), BadPolicy> {
        let tariffs = [
            ("fares.economy", &self.economy),
            ("fares.comfort", &self.comfort),
            ("fares.xl", &self.xl),
            ("fares.premium", &self.premium),
        ];
        if let Some((field, tariff)) = tariffs.into_iter().find(|(_, tariff)| !tariff.is_sane()) {
            return Err(BadPolicy { field, value: tariff.to_string(), allowed: Tariff::ALLOWED });
        }
        if self.shared_discount > 90 {
            let value = self.shared_discount.to_string();
            return Err(BadPolicy { field: "fares.shared_discount", value, allowed: "0 to 90 percent" });
        }
        if !(5.0..=3_600.0).contains(&self.quote_lasts.as_secs_f64()) {
            let value = format!("{} s", self.quote_lasts.as_secs_f64());
            return Err(BadPolicy { field: "fares.quote_lasts", value, allowed: "5 s to 1 h" });
        }
        if !(0.0..=1_000.0).contains(&self.quote_slack.get()) {
            let value = format!("{} m", self.quote_slack.get());
            return Err(BadPolicy { field: "fares.quote_slack", value, allowed: "0 to 1 km" });
        }
        Ok(())
    }
}
