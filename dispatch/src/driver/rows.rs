//! What is stored about a driver: a new home, and the trip the driver is committed to, as the row or the trip says it.
//!
//! Lives here: the move to another shard, and what follows when the row was read.
//! Stays out: when it is read (see [`LiveDriver::step`]).
//! Touch with care: a row that cannot be read says nothing; it is read again.

use super::{COMPARE_EVERY, LiveDriver, READ_AGAIN_AFTER, State};
use crate::{
    Availability, DriverAsk, Effect, Generation, Notice, Ping, ShardId, ShardInput, Standing, Timestamp, Trip, Wish,
    Withdrawal, Write,
};

impl LiveDriver {
    /// Takes the driver into its new home, after the move is written. The shell calls it where it installs the driver.
    pub fn moved_in(&mut self, home: ShardId, generation: Generation) -> Vec<Effect> {
        self.home = home;
        self.generation = generation;
        let before = std::mem::replace(&mut self.state, State::Idle);
        let mut out = Vec::new();
        self.tell_shard(&mut out);
        if let State::Moving { last, .. } = before {
            out.push(Effect::ToShard { to: home, input: ShardInput::Pings(vec![last]) });
        }
        self.tell(Notice::Home { home }, &mut out);
        // The new home has its own idea of demand.
        self.demand(false, &mut out);
        out
    }

    pub(super) fn crossed(&mut self, to: ShardId, last: Ping, out: &mut Vec<Effect>) {
        if self.availability() == Availability::Available && to != self.home {
            self.state = State::Moving { to, last };
            let (driver, from, generation) = (self.id.clone(), self.home, self.generation);
            out.push(Effect::Commit(Write::Move { driver, from, generation, to }));
        }
    }

    pub(super) fn move_written(&mut self, result: Result<Generation, crate::WriteError>, out: &mut Vec<Effect>) {
        let State::Moving { to, .. } = self.state else { return };
        match result {
            Ok(generation) => {
                // The old home forgets the driver; the new one hears of it in `moved_in`.
                let input = ShardInput::DriverIs { driver: self.id.clone(), standing: Standing::Gone };
                out.push(Effect::ToShard { to: self.home, input });
                out.push(Effect::HandOver { to, generation });
            }
            Err(crate::WriteError::Busy) => self.state = State::Idle,
            Err(crate::WriteError::Fenced | crate::WriteError::Unknown) => out.push(Effect::Rebuild { shard: true }),
            Err(_) => out.push(Effect::Rebuild { shard: false }),
        }
    }

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
                // As the one who hears it from the trip: what was agreed about the next ride was for the old way.
                let other_way = held.id != trip.id || held.route.changes != trip.route.changes;
                self.engage(trip.clone());
                self.stays_longer(other_way, out);
                self.tell(Notice::Trip { trip, ask: None }, out);
            }
            // Free in memory only: the word that the driver has won a trip was lost, or not believed.
            (State::Idle | State::Reserved { .. } | State::Offered { .. }, Ok(Some(trip))) => {
                self.give_up_for(&trip, out);
                self.engage(trip.clone());
                self.tell_host(out);
                self.tell(Notice::Trip { trip, ask: None }, out);
            }
            (State::Idle, Err(())) => self.compare_at = Some(now + READ_AGAIN_AFTER),
            (State::Engaged { .. }, Ok(None)) => {
                // The trip has ended and the letter that says so was lost.
                self.state = State::Idle;
                self.compare_at = None;
                if self.is_away() {
                    self.wish = Wish::Rest;
                }
                self.tell_standing(None, out);
                self.retire_if_gone(out);
            }
            _ => {}
        }
    }

    /// The store has the driver on this trip: what any other trip asks is declined.
    fn give_up_for(&mut self, trip: &Trip, out: &mut Vec<Effect>) {
        match &self.state {
            State::Reserved { offer, .. } if offer.trip != trip.id => self.give_up(*offer, out),
            State::Offered { offer, .. } if offer.id.trip != trip.id => {
                let offer = offer.id;
                self.give_up(offer, out);
                self.tell(Notice::Withdrawn { offer, why: Withdrawal::NotCommitted }, out);
            }
            _ => {}
        }
    }

    pub(super) fn progressed(&mut self, trip: Trip, ask: Option<DriverAsk>, out: &mut Vec<Effect>) {
        if trip.stage.committed_driver() != Some(&self.id) {
            // A report that was repeated is answered with the end, and may overtake the word that the driver is free.
            return self.freed(trip, ask, out);
        }
        match &self.state {
            State::Engaged { trip: held } if held.id == trip.id && held.version <= trip.version => {
                let rerouted = held.route.changes != trip.route.changes;
                self.state = State::Engaged { trip: trip.clone() };
                self.stays_longer(rerouted, out);
                self.tell(Notice::Trip { trip, ask }, out);
            }
            _ => {}
        }
    }
}
