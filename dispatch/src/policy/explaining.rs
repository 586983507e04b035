//! How much is remembered of why it was decided so.

use super::BadPolicy;

/// How much a shard remembers of its decisions, and how many of them are written down.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Explaining {
    /// So many decisions a shard remembers, about 1 kB each, and four times as many attempts and standings of drivers,
    /// about 100 B each. 0 remembers nothing.
    pub decisions_max: usize,
    /// So many candidates of each decision: the cheapest, and the one who was chosen.
    pub candidates_max: usize,
    /// Of 1,000 trips, the decisions of how many are written to the log as they are made. Chosen by the trip's name, so
    /// that a trip is there as a whole or not at all.
    pub journal_permille: u16,
}

impl Default for Explaining {
    fn default() -> Explaining {
        Explaining { decisions_max: 4_000, candidates_max: 8, journal_permille: 10 }
    }
}

impl Explaining {
    pub(super) fn check(&self) -> Result<(), BadPolicy> {
        let whole = |field, value: usize, most: usize, allowed| {
            if value <= most { Ok(()) } else { Err(BadPolicy { field, value: value.to_string(), allowed }) }
        };
        whole("explain.decisions_max", self.decisions_max, 1_000_000, "0 to 1000000")?;
        whole("explain.candidates_max", self.candidates_max, 256, "0 to 256")?;
        whole("explain.journal_permille", usize::from(self.journal_permille), 1_000, "0 to 1000")
    }
}
