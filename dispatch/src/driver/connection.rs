//! The line to the driver's app: taken up, lost, hung up.
//!
//! Lives here: what a connection, and the end of one, does to a driver.
//! Stays out: sockets, and how a message that was missed is said again (the actor keeps those).
//! Touch with care: a line that broke is not a driver who left. For [`crate::OfferPolicy::reconnect_within`] an open offer
//! stays open and the driver wants what he wanted; nothing new is offered meanwhile, for nobody would see it.

use super::next::Next;
use super::{LiveDriver, State};
use crate::{Effect, Generation, Notice, Policy, SessionId, Timestamp, Wish};

/// A connection that broke, until it is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lost {
    pub(super) session: SessionId,
    pub(super) until: Timestamp,
}

impl LiveDriver {
    /// Whether nobody is connected, nor expected back in a moment.
    pub(super) fn is_away(&self) -> bool {
        self.session.is_none() && self.lost.is_none()
    }

    pub(super) fn connected(
        &mut self,
        now: Timestamp,
        session: SessionId,
        generation: Generation,
        out: &mut Vec<Effect>,
    ) {
        match self.session {
            Some(old) if old >= session => {
                out.push(Effect::ToSession { driver: self.id.clone(), session, notice: Notice::Superseded });
                return;
            }
            Some(old) => {
                out.push(Effect::ToSession { driver: self.id.clone(), session: old, notice: Notice::Superseded });
            }
            None => {}
        }
        (self.session, self.lost) = (Some(session), None);
        if generation > self.generation {
            if matches!(self.state, State::Moving { .. }) {
                // Settled here again while the word of the move was on its way: it would lead to a home that the row no
                // longer names. The row is right; the app connects again to whoever is made from it.
                return out.push(Effect::Rebuild { shard: false });
            }
            self.generation = generation;
        }
        if matches!(self.state, State::Engaged { .. }) {
            // The row this driver was made from may be older than the end of the trip.
            self.read_row(out);
        }
        self.tell(Notice::Home { home: self.home }, out);
        // Before the phone is told: whoever hears that the driver is here may ask the shard for a ride next.
        self.tell_recalled(out);
        self.tell_standing(None, out);
        // An offer that is still open is shown again: the phone may have lost its connection, not its driver.
        match (&self.state, &self.next) {
            (State::Offered { offer, .. }, _) | (State::Engaged { .. }, Some(Next::Offered { offer, .. })) => {
                self.tell(Notice::Offer(offer.clone()), out);
            }
            _ => {}
        }
        if self.near_demand {
            self.tell(Notice::Demand { near: true }, out);
        }
        self.show_suggestion(now, out);
    }

    /// The line broke without a word: the app may be back in a moment, as after a tunnel.
    pub(super) fn line_lost(&mut self, now: Timestamp, policy: &Policy, session: SessionId, out: &mut Vec<Effect>) {
        let patience = policy.offers.reconnect_within;
        if self.session != Some(session) {
            return;
        }
        if patience.is_zero() {
            return self.disconnected(session, out);
        }
        (self.session, self.lost) = (None, Some(Lost { session, until: now + patience }));
        self.tell_host(out);
        // What was not shown yet nobody can have seen: the next driver is asked at once.
        if let State::Reserved { offer, .. } = &self.state {
            self.give_up(*offer, out);
        }
        if matches!(self.next, Some(Next::Reserved { .. })) {
            self.drop_next(None, out);
        }
    }

    /// The app hung up, or a lost line was given up.
    pub(super) fn disconnected(&mut self, session: SessionId, out: &mut Vec<Effect>) {
        let lost = self.lost.filter(|lost| lost.session == session);
        if self.session != Some(session) && lost.is_none() {
            return;
        }
        (self.session, self.lost) = (None, None);
        self.tell_host(out);
        if !matches!(self.next, Some(Next::Promised { .. })) {
            self.drop_next(None, out);
        }
        match &self.state {
            // Nobody can answer: the next driver is asked at once, not when the offer runs out.
            State::Reserved { offer, .. } => self.give_up(*offer, out),
            State::Offered { offer, .. } => self.give_up(offer.id, out),
            State::Idle | State::Recalling { .. } | State::Engaged { .. } | State::Moving { .. } => {}
        }
        if !matches!(self.state, State::Engaged { .. }) {
            self.wish = Wish::Rest;
        }
        self.retire_if_gone(out);
    }

    /// Gives a lost line up when its time is over.
    pub(super) fn settle_lost(&mut self, now: Timestamp, out: &mut Vec<Effect>) {
        if let Some(lost) = self.lost.filter(|lost| lost.until <= now) {
            self.disconnected(lost.session, out);
        }
    }
}

#[cfg(test)]
mod tests;
