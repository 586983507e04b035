//! The search for a driver: whom the trip has asked, in which wave, and whose turn is next.
//!
//! Lives here: the attempts of a wave, from the reservation to the end of the offer.
//! Stays out: what the store says to an acceptance (see `outcome`), who is proposed (the shard's plan).
//! Touch with care: several drivers may be reserved or look at an offer at once; only one of them can be won, because
//! while the store is asked about the first "yes" every other one waits in the trip's line.

use std::collections::VecDeque;
use std::time::Duration;

use super::{Asker, LiveTrip};
use crate::{
    DriverAsk, DriverId, DriverInput, Effect, Event, Offer, OfferFate, OfferId, Outcome, Policy, Proposal, Seeker,
    ShardId, ShardInput, Timestamp, TripInput, Withdrawal,
};

/// How the search for a driver stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Search {
    /// The wave under way, from 1; 0 before the first.
    wave: u32,
    /// How many times the search was widened.
    widened: u32,
    /// The shard has it on its list.
    seeking: bool,
    /// Whether this wave has shown an offer to anyone.
    shown: bool,
    /// Who is still to be asked in this wave, in this order, and when the next one's turn comes.
    queue: VecDeque<Proposal>,
    next_at: Timestamp,
    attempts: Vec<Attempt>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Attempt {
    pub(super) offer: OfferId,
    pub(super) driver: DriverId,
    pub(super) home: ShardId,
    wave: u32,
    pickup_eta: Duration,
    busy_for: Duration,
    until: Timestamp,
    /// Whether the driver is looking at the offer, or only about to be reserved.
    is_shown: bool,
    /// Whether the driver said yes, and has to drop somebody off first.
    is_promised: bool,
}

/// A driver's "yes" to an offer.
#[derive(Debug)]
pub(super) struct Yes {
    pub(super) offer: OfferId,
    pub(super) by: DriverId,
    pub(super) home: ShardId,
    pub(super) ask: DriverAsk,
}

impl Search {
    /// When time alone will change something.
    pub(super) fn deadline(&self) -> Option<Timestamp> {
        let next = (!self.queue.is_empty()).then_some(self.next_at);
        self.attempts.iter().map(|attempt| attempt.until).chain(next).min()
    }

    /// Whether the shard is expected to propose somebody.
    pub(super) fn is_seeking(&self) -> bool {
        self.seeking
    }

    /// Whether no driver holds an offer or a reservation, or is about to get one.
    pub(super) fn asks_nobody(&self) -> bool {
        self.attempts.is_empty() && self.queue.is_empty()
    }

    /// The attempt that waits for an answer of the driver's actor.
    pub(super) fn is_reserving(&self, offer: OfferId) -> bool {
        self.attempts.iter().any(|attempt| attempt.offer == offer && !attempt.is_shown)
    }

    pub(super) fn holds(&self, offer: OfferId) -> bool {
        self.attempts.iter().any(|attempt| attempt.offer == offer)
    }

    /// Whether this driver is looking at this offer.
    pub(super) fn is_shown_to(&self, offer: OfferId, driver: &DriverId) -> bool {
        self.attempts.iter().any(|attempt| attempt.offer == offer && attempt.driver == *driver && attempt.is_shown)
    }

    /// The driver who will come when the rider in the car has got out, and until when that is waited for.
    pub(super) fn promise(&self) -> Option<(&DriverId, Timestamp)> {
        self.attempts.iter().find(|attempt| attempt.is_promised).map(|attempt| (&attempt.driver, attempt.until))
    }

    /// Takes an attempt off the list.
    pub(super) fn take(&mut self, offer: OfferId) -> Option<Attempt> {
        let place = self.attempts.iter().position(|attempt| attempt.offer == offer)?;
        Some(self.attempts.remove(place))
    }

    /// Takes the attempt to win this driver off the list.
    pub(super) fn take_of(&mut self, driver: &DriverId) -> Option<Attempt> {
        let offer = self.attempts.iter().find(|attempt| attempt.driver == *driver)?.offer;
        self.take(offer)
    }

    /// Takes every attempt off the list.
    pub(super) fn take_all(&mut self) -> Vec<Attempt> {
        self.queue.clear();
        self.seeking = false;
        std::mem::take(&mut self.attempts)
    }
}

impl LiveTrip {
    /// The shard's plan: whom to ask in this wave, the one to be asked first in front.
    pub(super) fn matched(
        &mut self,
        now: Timestamp,
        policy: &Policy,
        proposals: Vec<Proposal>,
        widened: u32,
        out: &mut Vec<Effect>,
    ) {
        self.search.seeking = false;
        self.search.widened = self.search.widened.max(widened);
        self.search.queue.clear();
        for proposal in proposals {
            let known = self.search.queue.iter().any(|other| other.driver == proposal.driver);
            if !known && !self.without.contains(&proposal.driver) {
                self.search.queue.push_back(proposal);
            }
        }
        self.search.next_at = now;
        self.go_on(now, policy, out);
    }

    /// Settles what has run out, and gives the next driver of the wave his turn.
    pub(super) fn settle_search(&mut self, now: Timestamp, policy: &Policy, out: &mut Vec<Effect>) {
        if self.search.deadline().is_none_or(|at| at > now) {
            return;
        }
        let overdue = |attempt: &&Attempt| attempt.until <= now && !self.is_yes_in_line(attempt.offer);
        let overdue: Vec<OfferId> = self.search.attempts.iter().filter(overdue).map(|attempt| attempt.offer).collect();
        for offer in overdue {
            let Some(attempt) = self.search.take(offer) else { continue };
            let fate = if attempt.is_shown {
                self.without.insert(attempt.driver.clone());
                OfferFate::Expired
            } else {
                OfferFate::Busy
            };
            self.withdraw(now, attempt, Withdrawal::Expired, fate, out);
        }
        self.go_on(now, policy, out);
    }

    /// A "yes" that came in time waits until the store has spoken about an earlier one: its offer is not to run out
    /// in the meantime.
    pub(super) fn is_yes_in_line(&self, offer: OfferId) -> bool {
        self.line.iter().any(|input| matches!(input, TripInput::Accepted { offer: said, .. } if *said == offer))
    }

    /// What is next: another driver of the wave, or, when nobody is left to wait for, another wave.
    pub(super) fn go_on(&mut self, now: Timestamp, policy: &Policy, out: &mut Vec<Effect>) {
        while let Some(proposal) = self.search.queue.front() {
            if self.search.next_at > now && !self.search.attempts.is_empty() {
                return;
            }
            let proposal = proposal.clone();
            self.search.queue.pop_front();
            self.search.next_at = now + policy.offers.stagger;
            self.reserve(now, policy, proposal, out);
        }
        if self.search.attempts.is_empty() && !self.search.seeking {
            self.seek(out);
        }
    }

    fn reserve(&mut self, now: Timestamp, policy: &Policy, proposal: Proposal, out: &mut Vec<Effect>) {
        self.attempts += 1;
        let offer = OfferId { trip: self.trip.id, epoch: self.epoch, attempt: self.attempts };
        let Proposal { driver, home, pickup_eta, busy_for } = proposal;
        let until = now + policy.offer_lasts + policy.reservation_grace;
        let order = &self.trip.order;
        let input = DriverInput::Reserve { offer, until, needs: order.needs, way: (order.pickup, order.dropoff) };
        out.push(Effect::ToDriver { to: driver.clone(), home, input });
        let until = now + policy.reply_within;
        let wave = self.search.wave;
        self.search.attempts.push(Attempt {
            offer,
            driver,
            home,
            wave,
            pickup_eta,
            busy_for,
            until,
            is_shown: false,
            is_promised: false,
        });
    }

    /// The driver is ours for a while: the offer is shown.
    pub(super) fn reserved(
        &mut self,
        now: Timestamp,
        policy: &Policy,
        id: OfferId,
        home: ShardId,
        out: &mut Vec<Effect>,
    ) {
        let until = now + policy.offer_lasts;
        let Some(attempt) = self.search.attempts.iter_mut().find(|attempt| attempt.offer == id) else { return };
        (attempt.home, attempt.until, attempt.is_shown) = (home, until, true);
        let attempt = attempt.clone();
        let offer = Offer { id, order: self.trip.order, pickup_eta: attempt.pickup_eta, until, after: None };
        self.offers += 1;
        self.search.shown = true;
        out.push(Effect::ToDriver { to: attempt.driver.clone(), home, input: DriverInput::Offer(offer) });
        self.tell_fate(now, &attempt, OfferFate::Offered, out);
    }

    /// The driver said no, or cannot be had.
    pub(super) fn turned_down(
        &mut self,
        now: Timestamp,
        policy: &Policy,
        offer: OfferId,
        fate: OfferFate,
        out: &mut Vec<Effect>,
    ) {
        let Some(attempt) = self.search.take(offer) else { return };
        if attempt.is_shown {
            self.without.insert(attempt.driver.clone());
        }
        self.tell_fate(now, &attempt, fate, out);
        self.go_on(now, policy, out);
    }

    /// A driver who is about to drop somebody off says yes: the search rests until he can be had, or the time for that
    /// is over. Nobody else is asked meanwhile.
    pub(super) fn promised(
        &mut self,
        now: Timestamp,
        policy: &Policy,
        offer: OfferId,
        home: ShardId,
        out: &mut Vec<Effect>,
    ) {
        let Some(mut attempt) = self.search.take(offer) else { return };
        for other in self.search.take_all() {
            let fate = if other.is_shown { OfferFate::Withdrawn } else { OfferFate::Busy };
            self.withdraw(now, other, Withdrawal::Taken, fate, out);
        }
        (attempt.home, attempt.is_promised) = (home, true);
        attempt.until = now + policy.forward.hold(attempt.busy_for);
        self.tell_fate(now, &attempt, OfferFate::Promised, out);
        self.search.attempts.push(attempt);
        out.push(Effect::Publish(self.view()));
    }

    /// A driver accepts: the store is asked, and whoever says yes after this one waits in line.
    pub(super) fn said_yes(&mut self, now: Timestamp, yes: Yes, out: &mut Vec<Effect>) {
        let Yes { offer, by, home, ask } = yes;
        if let Some(attempt) = self.search.attempts.iter().find(|attempt| attempt.offer == offer) {
            self.tell_fate(now, attempt, OfferFate::Accepted, out);
        }
        self.driver_home = Some(home);
        let asker = Asker::Driver { driver: by.clone(), home, ask };
        self.propose(Event::Assigned { driver: by }, now, asker, out);
    }

    /// Takes an offer or a reservation back.
    pub(super) fn withdraw(
        &self,
        now: Timestamp,
        attempt: Attempt,
        why: Withdrawal,
        fate: OfferFate,
        out: &mut Vec<Effect>,
    ) {
        self.tell_fate(now, &attempt, fate, out);
        let input = DriverInput::Withdraw { offer: attempt.offer, why };
        out.push(Effect::ToDriver { to: attempt.driver, home: attempt.home, input });
    }

    /// Asks the shard for the drivers of the next wave; of the same one, when it has not asked anybody.
    pub(super) fn seek(&mut self, out: &mut Vec<Effect>) {
        let search = &mut self.search;
        let at_once = search.wave == 0 || search.shown;
        if at_once {
            search.widened = search.widened.max(search.wave);
            search.wave += 1;
        }
        (search.shown, search.seeking) = (false, true);
        let seeker = self.seeker(at_once);
        out.push(Effect::ToShard { to: self.trip.id.home(), input: ShardInput::Seek(seeker) });
    }

    pub(super) fn seeker(&self, at_once: bool) -> Seeker {
        let search = &self.search;
        Seeker {
            trip: self.trip.id,
            pickup: self.trip.order.pickup,
            dropoff: self.trip.order.dropoff,
            needs: self.trip.order.needs,
            shared: self.trip.order.shared && self.trip.order.stops.is_empty(),
            pickup_at: self.trip.order.pickup_at,
            requested_at: self.trip.requested_at,
            without: self.without.clone(),
            wave: search.wave,
            widened: search.widened,
            at_once,
        }
    }

    /// For the record of who was asked.
    pub(super) fn tell_fate(&self, now: Timestamp, attempt: &Attempt, fate: OfferFate, out: &mut Vec<Effect>) {
        let Attempt { offer, ref driver, wave, .. } = *attempt;
        let outcome = Outcome { trip: self.trip.id, driver: driver.clone(), offer, wave, fate, at: now };
        out.push(Effect::ToShard { to: self.trip.id.home(), input: ShardInput::Outcome(outcome) });
    }
}
