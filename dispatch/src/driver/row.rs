//! What follows from the driver's own row, whenever memory may be behind it.

use super::{COMPARE_EVERY, LiveDriver, READ_AGAIN_AFTER, State, Wish};
use crate::{Effect, Notice, Timestamp, Trip, Withdrawal};

impl LiveDriver {
    pub(super) fn row(&mut self, now: Timestamp, row: Result<Option<Trip>, ()>, out: &mut Vec<Effect>) {
        match (&self.state, row) {
            (State::Recalling { .. }, Ok(Some(trip))) => {
                self.engage(trip.clone());
                self.tell(Notice::Trip { trip, ask: None }, out);
            }
            (State::Recalling { offer, .. }, Ok(None)) => {
                let offer = *offer;
                self.state = State::Idle;
                self.compare_at = Some(now + COMPARE_EVERY);
                self.tell(Notice::Withdrawn { offer, why: Withdrawal::Expired }, out);
                self.retire_if_gone(out);
            }
            (State::Recalling { offer, .. }, Err(())) => {
                self.state = State::Recalling { offer: *offer, again_at: Some(now + READ_AGAIN_AFTER) };
            }
            // A row that was read before the last word of the trip is older than memory.
            (State::Engaged { trip: held }, Ok(Some(trip))) if held.id != trip.id || held.version < trip.version => {
                self.engage(trip.clone());
                self.tell(Notice::Trip { trip, ask: None }, out);
            }
            // Free in memory only: the word that the driver has won a trip was lost.
            (State::Idle, Ok(Some(trip))) => {
                self.engage(trip.clone());
                self.tell(Notice::Trip { trip, ask: None }, out);
            }
            (State::Idle, Err(())) => self.compare_at = Some(now + READ_AGAIN_AFTER),
            (State::Engaged { .. }, Ok(None)) => {
                // The trip has ended and the letter that says so was lost.
                self.state = State::Idle;
                self.compare_at = None;
                if self.session.is_none() {
                    self.wish = Wish::Rest;
                }
                self.tell_standing(None, out);
                self.retire_if_gone(out);
            }
            _ => {}
        }
    }
}
