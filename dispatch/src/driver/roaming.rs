//! Where a driver without work is told to wait better. Told, and nothing more: it holds nobody and nothing is written.

use super::LiveDriver;
use crate::{Availability, Effect, Notice, Suggested, Timestamp};

impl LiveDriver {
    /// The shard thinks the driver had better wait elsewhere. Who is busy by now does not hear of it.
    pub(super) fn suggested(&mut self, now: Timestamp, suggested: Suggested, out: &mut Vec<Effect>) {
        if self.availability() == Availability::Available {
            self.suggested = Some(suggested);
            self.show_suggestion(now, out);
        }
    }

    /// Work is expected around here, or no longer.
    pub(super) fn demand(&mut self, near: bool, out: &mut Vec<Effect>) {
        if std::mem::replace(&mut self.near_demand, near) != near {
            self.tell(Notice::Demand { near }, out);
        }
    }

    /// Shows what is still open, if the driver is free to follow.
    pub(super) fn show_suggestion(&self, now: Timestamp, out: &mut Vec<Effect>) {
        let open = self.suggested.filter(|suggested| now < suggested.until);
        if let Some(suggested) = open.filter(|_| self.availability() == Availability::Available) {
            self.tell(Notice::Suggestion(suggested), out);
        }
    }

    /// Forgets a suggestion that has run out, or that an offer, a trip or the end of work has overtaken. Not one of a driver
    /// who is only reserved: most of them are free again before they hear of it.
    pub(super) fn keep_suggestion(&mut self, now: Timestamp) {
        let free = matches!(self.availability(), Availability::Available | Availability::Reserved);
        self.suggested = self.suggested.filter(|suggested| free && now < suggested.until);
    }
}
