//! A driver on line: the only authority over that driver's availability.
//!
//! Lives here: what a driver may be asked, told and committed to, and in which order.
//! Stays out: positions (the shard holds them), who is chosen (the plan), what is stored (the trip writes it).
//! Touch with care: [`LiveDriver::step`]. Two trips that want the same driver ask here, and one is refused; a
//! reservation that is never confirmed runs out, but only after the row was read: the store may know more.

use std::time::Duration;

use crate::{
    Availability, Deed, DriverAsk, DriverId, DriverInput, Effect, Generation, Notice, Offer, OfferId, Ping, Policy,
    Refusal, SessionId, ShardId, ShardInput, Standing, Suggested, Timestamp, Trip, TripId, TripInput, Vehicle, Wish,
    Withdrawal,
};

use connection::Lost;
use manner::Manner;
pub(crate) use manner::leads_home;
use next::Next;

mod connection;
mod manner;
mod next;
mod offers;
mod roaming;
mod rows;
mod sharing;
mod telling;

/// How long to wait before a row that could not be read is read again.
const READ_AGAIN_AFTER: Duration = Duration::from_millis(500);

/// How often a driver on a trip compares memory with the row: the letter that the trip has ended may have been lost
/// with a node, and nobody would send it again.
const COMPARE_EVERY: Duration = Duration::from_secs(60);

/// One driver, as the actor of that driver holds it.
#[derive(Clone, Debug)]
pub struct LiveDriver {
    id: DriverId,
    home: ShardId,
    generation: Generation,
    session: Option<SessionId>,
    /// The connection that broke a moment ago, if none was opened since.
    lost: Option<Lost>,
    /// What the driver drives, as the app said when the driver went on line. Nobody else knows.
    vehicle: Option<Vehicle>,
    wish: Wish,
    state: State,
    /// While on a trip with a rider in the car: what is agreed about the next one.
    next: Option<Next>,
    /// Since when the driver waits for work, offers included.
    since: Timestamp,
    /// Numbers the readings of the row: an answer to an older one says nothing of what is held now.
    reads: u64,
    /// When to compare memory with the row: again and again while on a trip; once more after an offer ran out and the
    /// row did not know of the trip, which may only have been written late.
    compare_at: Option<Timestamp>,
    /// Where the driver had better wait for work: shown again after a lost connection, nowhere else.
    suggested: Option<Suggested>,
    /// Whether work is expected around here.
    near_demand: bool,
    /// The trip that ended last, so that a repeated report of its end is answered, not refused.
    last: Option<Trip>,
    /// How the driver deals with offers.
    manner: Manner,
    /// Where the driver was under the shard's last owner, until the shard can be told.
    recalled: Option<Ping>,
}

/// What the driver is held by.
#[derive(Clone, Debug, PartialEq)]
enum State {
    Idle,
    Reserved {
        offer: OfferId,
        until: Timestamp,
    },
    Offered {
        offer: Offer,
        until: Timestamp,
    },
    /// The reservation ran out: the row is being read before the driver is free again.
    Recalling {
        offer: OfferId,
        again_at: Option<Timestamp>,
    },
    Engaged {
        trip: Trip,
    },
    Moving {
        to: ShardId,
        last: Ping,
    },
}

impl LiveDriver {
    /// A driver as the store knows it: free, or committed to a trip. Nobody is connected yet.
    #[must_use]
    pub fn restored(id: DriverId, home: ShardId, generation: Generation, trip: Option<Trip>) -> LiveDriver {
        let state = trip.map_or(State::Idle, |trip| State::Engaged { trip });
        LiveDriver {
            id,
            home,
            generation,
            session: None,
            lost: None,
            vehicle: None,
            // Whoever is on a trip was at work when it began, but with which vehicle only the app knows: the trip is the
            // last one until the driver goes on line again and says so.
            wish: Wish::Rest,
            state,
            next: None,
            since: Timestamp::default(),
            reads: 0,
            compare_at: None,
            suggested: None,
            near_demand: false,
            last: None,
            manner: Manner::default(),
            recalled: None,
        }
    }

    /// Who.
    #[must_use]
    pub fn id(&self) -> &DriverId {
        &self.id
    }

    /// The shard this driver is at home in.
    #[must_use]
    pub fn home(&self) -> ShardId {
        self.home
    }

    /// The number of homes this driver has had, as far as it knows.
    #[must_use]
    pub fn generation(&self) -> Generation {
        self.generation
    }

    /// The connection the driver's app speaks over.
    #[must_use]
    pub fn session(&self) -> Option<SessionId> {
        self.session
    }

    /// How the driver stands.
    #[must_use]
    pub fn availability(&self) -> Availability {
        match &self.state {
            State::Idle if self.session.is_none() => Availability::Offline,
            State::Idle => match self.wish {
                Wish::Work => Availability::Available,
                Wish::Rest => Availability::Offline,
                Wish::Break => Availability::OnBreak,
            },
            State::Reserved { .. } | State::Recalling { .. } | State::Moving { .. } => Availability::Reserved,
            State::Offered { .. } => Availability::Offered,
            State::Engaged { trip } => Availability::from(&trip.stage),
        }
    }

    /// The trip the driver is committed to.
    #[must_use]
    pub fn trip(&self) -> Option<&Trip> {
        match &self.state {
            State::Engaged { trip } => Some(trip),
            State::Idle | State::Reserved { .. } | State::Offered { .. } => None,
            State::Recalling { .. } | State::Moving { .. } => None,
        }
    }

    /// Whether nobody is connected and nothing holds the driver, so that its actor may go.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.is_away() && self.state == State::Idle
    }

    /// When time alone will change something.
    #[must_use]
    pub fn deadline(&self) -> Option<Timestamp> {
        let lost = self.lost.map(|lost| lost.until);
        self.state_ends().into_iter().chain(self.manner.deadline()).chain(lost).min()
    }

    fn state_ends(&self) -> Option<Timestamp> {
        match &self.state {
            State::Reserved { until, .. } | State::Offered { until, .. } => Some(*until),
            State::Recalling { again_at, .. } => *again_at,
            State::Engaged { .. } => {
                self.compare_at.into_iter().chain(self.next.as_ref().and_then(Next::deadline)).min()
            }
            State::Idle => self.compare_at,
            State::Moving { .. } => None,
        }
    }

    /// Decides what `input` does to this driver at `now`. Overdue deadlines are settled first.
    pub fn step(&mut self, now: Timestamp, policy: &Policy, input: DriverInput) -> Vec<Effect> {
        let mut out = Vec::new();
        let (standing_before, memory_before, waited) = (self.standing(), self.memory(), self.waits_for_work());
        self.settle(now, &mut out);
        self.decide(now, policy, input, &mut out);
        if self.next.is_some() && self.state == State::Idle {
            self.go_on_to_next(now, &mut out);
        }
        match &self.state {
            State::Engaged { .. } => drop(self.compare_at.get_or_insert(now + COMPARE_EVERY)),
            _ if self.is_away() => self.compare_at = None,
            _ => {}
        }
        self.keep_suggestion(now);
        if !waited && self.waits_for_work() {
            self.since = now;
        }
        let standing = self.standing();
        if self.memory() != memory_before || (standing_before == Standing::Gone && standing != standing_before) {
            self.tell_memory(&mut out);
        }
        if standing != standing_before {
            // First of all: whoever hears anything else may speak to the shard next.
            let mut first = Vec::with_capacity(out.len() + 1);
            self.tell_shard_standing(&mut first);
            first.append(&mut out);
            return first;
        }
        out
    }

    fn settle(&mut self, now: Timestamp, out: &mut Vec<Effect>) {
        self.settle_lost(now, out);
        if self.manner.settle(now) {
            self.tell_standing(None, out);
        }
        if self.state_ends().is_none_or(|deadline| deadline > now) {
            return;
        }
        let offer = match &self.state {
            State::Reserved { offer, .. } | State::Recalling { offer, .. } => *offer,
            State::Offered { offer, .. } => offer.id,
            State::Engaged { .. } => {
                self.settle_next(now, out);
                if self.compare_at.is_some_and(|at| at <= now) {
                    self.compare_at = Some(now + COMPARE_EVERY);
                    self.read_row(out);
                }
                return;
            }
            State::Idle => {
                self.compare_at = None;
                return self.read_row(out);
            }
            State::Moving { .. } => return,
        };
        self.state = State::Recalling { offer, again_at: None };
        self.read_row(out);
    }

    fn read_row(&mut self, out: &mut Vec<Effect>) {
        self.reads += 1;
        out.push(Effect::ReadRow { number: self.reads });
    }

    /// On this trip from now on. A reading that began before says nothing of it.
    fn engage(&mut self, trip: Trip) {
        if self.trip().is_none_or(|held| held.id != trip.id) {
            self.reads += 1;
        }
        self.state = State::Engaged { trip };
    }

    fn decide(&mut self, now: Timestamp, policy: &Policy, input: DriverInput, out: &mut Vec<Effect>) {
        match input {
            DriverInput::Connected { session, generation } => self.connected(now, session, generation, out),
            DriverInput::Disconnected { session } => self.disconnected(session, out),
            DriverInput::LineLost { session } => self.line_lost(now, policy, session, out),
            DriverInput::GoOnline { ask, last, vehicle, homeward } => {
                if !self.heads_home(now, policy, homeward, ask, out) {
                    return;
                }
                self.drives(vehicle, ask, out);
                self.manner.spoke();
                // Before the answer: whoever knows that the driver is on line may ask the shard for a ride next.
                if let Some(last) = last {
                    out.push(Effect::ToShard { to: self.home, input: ShardInput::Pings(vec![last]) });
                }
                self.wishes(Wish::Work, ask, out);
                self.tell_host(out);
            }
            DriverInput::GoOffline { ask, on_break } => {
                self.wishes(if on_break { Wish::Break } else { Wish::Rest }, ask, out);
                self.tell_host(out);
            }
            DriverInput::GoHome { ask, homeward } => {
                if self.heads_home(now, policy, homeward, ask, out) {
                    self.tell_standing(Some(ask), out);
                }
            }
            DriverInput::Reserve { offer, until, needs, way } => {
                let wanted = self.wants(policy, needs, way);
                self.reserve(offer, until, wanted, out);
            }
            DriverInput::Offer(offer) => self.offered(now, policy, offer, out),
            DriverInput::Withdraw { offer, why } => self.withdrawn(policy, offer, why, out),
            DriverInput::Answer { offer, yes, ask } => self.answered(offer, yes, ask, out),
            DriverInput::Confirm { offer, trip, ask } => self.confirmed(offer, trip, ask, out),
            DriverInput::Does { trip, deed, ask } => self.does(trip, deed, ask, out),
            DriverInput::Progress { trip, ask } => self.progressed(trip, ask, out),
            DriverInput::Freed { trip, ask } => self.freed(trip, ask, out),
            DriverInput::AreYouComing { trip, reason } if self.trip().is_some_and(|held| held.id == trip) => {
                self.tell(Notice::AreYouComing { trip, reason }, out);
            }
            DriverInput::AreYouComing { .. } => {}
            DriverInput::TakenBack { trip, reason } => {
                if self.trip().is_some_and(|held| held.id == trip.id) {
                    self.tell(Notice::TakenBack { trip: trip.id, reason }, out);
                }
                self.freed(trip, None, out);
            }
            DriverInput::Refused { ask, why } => self.refused(ask, why, out),
            DriverInput::Crossed { to, last } => self.crossed(to, last, out),
            DriverInput::MoveWritten(result) => self.move_written(result, out),
            DriverInput::Row { number, row } if number == self.reads => self.row(now, row, out),
            DriverInput::Row { .. } => {}
            DriverInput::Suggest(suggested) => self.suggested(now, suggested, out),
            DriverInput::Demand { near } => self.demand(near, out),
            DriverInput::TimePassed => {}
        }
    }

    fn wishes(&mut self, wish: Wish, ask: DriverAsk, out: &mut Vec<Effect>) {
        if self.session != Some(ask.session) {
            return;
        }
        self.wish = wish;
        if wish != Wish::Work {
            self.drop_next(Some(Withdrawal::NotCommitted), out);
            match &self.state {
                State::Reserved { offer, .. } => self.give_up(*offer, out),
                State::Offered { offer, .. } => self.give_up(offer.id, out),
                State::Idle | State::Recalling { .. } | State::Engaged { .. } | State::Moving { .. } => {}
            }
        }
        self.tell_standing(Some(ask), out);
    }

    fn refused(&mut self, ask: DriverAsk, why: Refusal, out: &mut Vec<Effect>) {
        let otherwise = match (&why, self.trip()) {
            (Refusal::NotYourTrip { trip }, Some(held)) => *trip == held.id,
            (Refusal::Outdated { version }, Some(held)) => *version > held.version,
            _ => false,
        };
        if otherwise {
            // The trip says otherwise than memory: the row decides.
            self.read_row(out);
        }
        if !self.refused_next(&why, out) {
            self.tell(Notice::Refused { ask, why }, out);
        }
    }

    fn does(&mut self, trip: TripId, deed: Deed, ask: DriverAsk, out: &mut Vec<Effect>) {
        if self.session != Some(ask.session) {
            return;
        }
        let engaged = self.trip().is_some_and(|held| held.id == trip);
        if engaged {
            let input = TripInput::Did { by: self.id.clone(), home: self.home, deed, ask };
            out.push(Effect::ToTrip { to: trip, input });
        } else if self.does_for_guest(trip, deed, ask, out) {
        } else if let Some(last) = self.last.clone().filter(|last| last.id == trip) {
            self.tell(Notice::Trip { trip: last, ask: Some(ask) }, out);
        } else {
            self.tell(Notice::Refused { ask, why: Refusal::NotYourTrip { trip } }, out);
        }
    }

    fn freed(&mut self, trip: Trip, ask: Option<DriverAsk>, out: &mut Vec<Effect>) {
        let held = self.trip().filter(|held| held.id == trip.id);
        if held.or(self.last.as_ref()).is_some_and(|known| known.id == trip.id && known.version > trip.version) {
            return; // late: the driver has won the same trip again
        }
        // Freed of what was never won: this has overtaken the word of it, which must not count when it comes.
        let offered = matches!(&self.state, State::Offered { offer, .. } if offer.id.trip == trip.id);
        let goes = held.is_some() || offered;
        self.last = Some(trip.clone());
        if !goes {
            // A row that is being read now may be older than this end, and nobody would know later: it is read anew.
            return self.read_row(out);
        }
        self.state = State::Idle;
        self.compare_at = None;
        // A row that is being read now is older than the end of the trip.
        self.reads += 1;
        if self.is_away() {
            self.wish = Wish::Rest;
        }
        self.tell(Notice::Trip { trip, ask }, out);
        if self.vehicle.is_none() {
            // Rebuilt during the trip: the app hears that the driver must go on line again.
            self.tell_standing(None, out);
        }
        self.retire_if_gone(out);
    }

    fn retire_if_gone(&self, out: &mut Vec<Effect>) {
        if self.is_gone() {
            out.push(Effect::Retire);
        }
    }
}

#[cfg(test)]
mod tests;
