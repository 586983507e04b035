//! How long until a car is there, and who says so.

use std::time::Duration;

use geo::Estimate;

/// How long until a car is where it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Eta {
    /// How long.
    pub time: Duration,
    /// The provider of travel times that says so, such as `roads`.
    pub by: &'static str,
    /// The provider that was chosen, when it could not tell and another one had to.
    pub instead_of: Option<&'static str>,
}

impl Eta {
    /// Whether the chosen provider could not tell.
    #[must_use]
    pub fn is_fallback(&self) -> bool {
        self.instead_of.is_some()
    }
}

impl From<Estimate> for Eta {
    fn from(estimate: Estimate) -> Eta {
        let Estimate { drive, by, instead_of } = estimate;
        Eta { time: drive.time, by, instead_of: instead_of.map(|(chosen, _)| chosen) }
    }
}
