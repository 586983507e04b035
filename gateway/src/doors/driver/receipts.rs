//! Which position is to be acknowledged, and when: the latest, and at most once a second.

use std::time::Duration;

use tokio::time::Instant;

/// Positions are acknowledged at most this often.
const ACK_EVERY: Duration = Duration::from_secs(1);

/// Which position is to be acknowledged, and when.
#[derive(Debug, Default)]
pub(super) struct Receipts {
    owed: Option<Receipt>,
    given_at: Option<Instant>,
}

/// The latest position that was not acknowledged yet.
#[derive(Debug)]
pub(super) struct Receipt {
    pub(super) seq: u64,
    pub(super) taken: bool,
    heard_at: Instant,
}

impl Receipts {
    /// Notes the latest position, and whether it was taken.
    pub(super) fn owe(&mut self, seq: u64, taken: bool, now: Instant) {
        self.owed = Some(Receipt { seq, taken, heard_at: now });
    }

    /// As [`Receipts::owe`], for the highest number of a batch: refused if what counted of it was.
    pub(super) fn owe_up_to(&mut self, seq: u64, now: Instant) {
        let taken = self.owed.as_ref().is_none_or(|owed| owed.taken);
        self.owe(seq, taken, now);
    }

    /// When the next receipt may be given, if one is owed.
    pub(super) fn due(&self) -> Option<Instant> {
        let owed = self.owed.as_ref()?;
        Some(self.given_at.map_or(owed.heard_at, |given| given + ACK_EVERY))
    }

    /// The receipt that is due, if one is.
    pub(super) fn give(&mut self, now: Instant) -> Option<Receipt> {
        if self.due().is_none_or(|due| due > now) {
            return None;
        }
        self.given_at = Some(now);
        self.owed.take()
    }
}

#[cfg(test)]
mod tests;
