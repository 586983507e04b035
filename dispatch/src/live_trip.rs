//! A trip as it is worked on: the search for a driver, the offers, and what waits for the store.
//!
//! Lives here: [`LiveTrip::step`], the trip's side of reserve, offer, commit, confirm.
//! Stays out: which steps are legal ([`Trip::apply`]), who is chosen (the shard's plan).
//! Touch with care: write, then tell. The record in memory advances when the store says so, and while it is asked
//! everything else waits in line; so a cancellation and an acceptance can never both win.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use crate::{
    AskId, CallOff, CancelReason, CarPosition, Deed, DriverAsk, DriverChange, DriverId, DriverInput, Effect, Epoch,
    Event, GiveBackReason, OfferFate, Party, Policy, RETRY_AFTER, Refusal, RequestKey, RiderCaps, ShardId, Sharing,
    Stage, StageName, Timestamp, Trip, TripId, TripInput, TripView, TripWrite, Withdrawal, Write, fee_stage,
};

use crate::cancellation::no_show_in;
use guest::Company;
use search::{Search, Yes};
use watch::Watch;
use way::Way;

pub use host::answer_from_record;
pub use reroute::answer_reroute_of_ended;

mod guest;
mod host;
mod outcome;
mod reroute;
mod schedule;
mod search;
mod sharing;
mod watch;
mod way;

/// How many inputs may wait while the store is asked. More means that someone shouts: they are told to come back.
const LINE_MAX: usize = 32;

/// One trip, as its actor holds it.
#[derive(Clone, Debug)]
pub struct LiveTrip {
    trip: Trip,
    epoch: Epoch,
    /// The home shard of the committed driver.
    driver_home: Option<ShardId>,
    search: Search,
    company: Company,
    attempts: u32,
    offers: u32,
    without: BTreeSet<DriverId>,
    pending: Option<Pending>,
    line: VecDeque<TripInput>,
    car: Option<CarPosition>,
    way: Option<Way>,
    /// While the car is on its way to the pickup.
    watch: Option<Watch>,
    history: Vec<(u32, StageName, Timestamp)>,
    /// Memory may differ from what is stored: nothing is decided on it any more. Whoever rebuilds the trip starts anew.
    broken: bool,
    /// After the store was too busy for a deadline: when to try again.
    not_before: Timestamp,
    /// When the search of a ride for later begins, once that has been looked at.
    activates_at: Option<Timestamp>,
}

/// A step the store was asked to make durable.
#[derive(Clone, Debug)]
struct Pending {
    event: Event,
    after: Trip,
    asker: Asker,
}

/// Who waits for the outcome.
#[derive(Clone, Debug)]
enum Asker {
    Person(AskId),
    Driver { driver: DriverId, home: ShardId, ask: DriverAsk },
    Nobody,
}

impl LiveTrip {
    /// A rider's request, on its way to the store. Returns the trip and the first effects.
    #[must_use]
    pub fn requested(
        id: TripId,
        epoch: Epoch,
        event: Event,
        at: Timestamp,
        key: Option<RequestKey>,
        caps: Option<RiderCaps>,
        ask: AskId,
    ) -> Option<(LiveTrip, Vec<Effect>)> {
        let after = Trip::begin(id, &event, at).ok()?;
        let mut live = LiveTrip::around(after.clone(), epoch, None);
        live.history.clear();
        let write = TripWrite { event: event.clone(), at, after: after.clone(), driver: DriverChange::None, key, caps };
        live.pending = Some(Pending { event, after, asker: Asker::Person(ask) });
        Some((live, vec![Effect::Commit(Write::Trip(write))]))
    }

    /// A trip as the store knows it, under a new owner. Returns the trip and the first effects: a trip without a
    /// driver searches on.
    #[must_use]
    pub fn restored(trip: Trip, epoch: Epoch, driver_home: Option<ShardId>) -> (LiveTrip, Vec<Effect>) {
        let mut live = LiveTrip::around(trip, epoch, driver_home);
        let mut out = Vec::new();
        if live.trip.stage == Stage::Searching {
            live.seek(&mut out);
        }
        live.compare_soon();
        out.push(Effect::Publish(live.view()));
        (live, out)
    }

    fn around(trip: Trip, epoch: Epoch, driver_home: Option<ShardId>) -> LiveTrip {
        LiveTrip {
            epoch,
            driver_home,
            search: Search::default(),
            company: Company::default(),
            attempts: 0,
            offers: 0,
            without: BTreeSet::new(),
            pending: None,
            line: VecDeque::new(),
            car: None,
            way: None,
            watch: None,
            history: vec![(trip.version, trip.stage.told_as(), trip.since)],
            broken: false,
            not_before: Timestamp::default(),
            activates_at: None,
            trip,
        }
    }

    /// The record.
    #[must_use]
    pub fn trip(&self) -> &Trip {
        &self.trip
    }

    /// The trip as riders and ops see it.
    #[must_use]
    pub fn view(&self) -> TripView {
        TripView {
            trip: self.trip.clone(),
            car: self.car,
            eta: self.way.map(|way| way.eta),
            next_stop_eta: self.way.and_then(|way| way.to_stop),
            history: self.history.clone(),
            offers: self.offers,
            shared_with: self.shared_with(),
            promise: self.company.promise(),
            promised: self.search.promise().map(|(driver, _)| driver.clone()),
        }
    }

    /// When time alone will change something. Nothing does while the store is asked.
    #[must_use]
    pub fn deadline(&self, policy: &Policy) -> Option<Timestamp> {
        if self.pending.is_some() || self.broken {
            return None;
        }
        let stage = self.stage_ends(policy).map(|at| at.max(self.not_before));
        let watch = self.watch_deadline(policy).map(|at| at.max(self.not_before));
        self.search.deadline().into_iter().chain(stage).chain(watch).chain(self.company.deadline()).min()
    }

    fn stage_ends(&self, policy: &Policy) -> Option<Timestamp> {
        // Whoever has time until a moment wished for is not late before it.
        let from = self.trip.waits_from();
        match self.trip.stage.name() {
            StageName::Scheduled => Some(self.activation(policy)),
            StageName::Searching => Some(from + policy.search_lasts),
            StageName::EnRoute => Some(from + policy.pickup_lasts),
            StageName::Arrived => Some(from + policy.boarding_lasts),
            StageName::InProgress | StageName::DrivingOn => Some(self.trip.since + policy.ride_lasts),
            StageName::Completed | StageName::Cancelled | StageName::Expired => None,
        }
    }

    /// Decides what `input` does to this trip at `now`. Overdue deadlines are settled first.
    pub fn step(&mut self, now: Timestamp, policy: &Policy, input: TripInput) -> Vec<Effect> {
        let mut out = Vec::new();
        if self.broken {
            return out;
        }
        match input {
            // A position never waits: it changes nothing that is stored.
            TripInput::CarMoved(car) => self.car_moved(now, car, policy, &mut out),
            TripInput::Sharing(input @ Sharing::Rides { .. }) => self.shared(now, policy, input, &mut out),
            TripInput::Written => self.written(now, policy, &mut out),
            TripInput::NotWritten(why) => self.not_written(now, policy, why, &mut out),
            input if self.pending.is_some() => {
                self.wait_in_line(input, &mut out);
                return out;
            }
            input => {
                self.settle(now, policy, &mut out);
                self.decide_or_wait(now, policy, input, &mut out);
            }
        }
        while self.pending.is_none() && !self.broken && !self.line.is_empty() {
            // Settled first: who waits in line with a "yes" is not overdue.
            self.settle(now, policy, &mut out);
            if self.pending.is_none()
                && let Some(input) = self.line.pop_front()
            {
                self.decide(now, policy, input, &mut out);
            }
        }
        out
    }

    fn wait_in_line(&mut self, input: TripInput, out: &mut Vec<Effect>) {
        if input == TripInput::TimePassed {
            return;
        }
        if self.line.len() < LINE_MAX {
            self.line.push_back(input);
        } else {
            self.refuse(&input, Refusal::Busy { retry_after: RETRY_AFTER }, out);
        }
    }

    /// Settling may have asked the store, so an input may still have to wait.
    fn decide_or_wait(&mut self, now: Timestamp, policy: &Policy, input: TripInput, out: &mut Vec<Effect>) {
        if self.pending.is_some() {
            self.wait_in_line(input, out);
        } else {
            self.decide(now, policy, input, out);
        }
    }

    fn settle(&mut self, now: Timestamp, policy: &Policy, out: &mut Vec<Effect>) {
        if self.pending.is_some() {
            return;
        }
        self.look_ahead(now, policy);
        if self.stage_ends(policy).is_some_and(|at| at.max(self.not_before) <= now) {
            self.overdue(now, policy, out);
            return;
        }
        self.settle_company(now, policy, out);
        self.settle_watch(now, policy, out);
        if self.pending.is_none() {
            self.settle_search(now, policy, out);
        }
    }

    fn decide(&mut self, now: Timestamp, policy: &Policy, input: TripInput, out: &mut Vec<Effect>) {
        let searching = self.trip.stage == Stage::Searching;
        match input {
            TripInput::Matched { proposals, widened } if searching && self.search.is_seeking() => {
                self.matched_or_shared(now, policy, (proposals, widened), out);
            }
            TripInput::Sharing(input) => self.shared(now, policy, input, out),
            TripInput::Reserved { offer, home, .. } if self.search.is_reserving(offer) => {
                self.reserved(now, policy, offer, home, out);
            }
            // Late or doubled, of the driver who has won: to take the offer back would take the trip from him.
            TripInput::Reserved { by, .. } | TripInput::Promised { by, .. }
                if self.trip.stage.committed_driver() == Some(&by) => {}
            TripInput::Reserved { offer, by, home } if !self.search.holds(offer) => {
                // An answer that came too late: the reservation must not hang until it runs out.
                let input = DriverInput::Withdraw { offer, why: Withdrawal::Expired };
                out.push(Effect::ToDriver { to: by, home, input });
            }
            TripInput::Busy { offer } | TripInput::Declined { offer } if self.search.is_reserving(offer) => {
                self.turned_down(now, policy, offer, OfferFate::Busy, out);
            }
            TripInput::Promised { offer, by, home } if self.search.is_shown_to(offer, &by) => {
                self.promised(now, policy, offer, home, out);
            }
            TripInput::Promised { offer, by, home } => {
                let input = DriverInput::Withdraw { offer, why: Withdrawal::Taken };
                out.push(Effect::ToDriver { to: by, home, input });
            }
            TripInput::Declined { offer } => self.turned_down(now, policy, offer, OfferFate::Declined, out),
            TripInput::Accepted { offer, by, home, ask } if self.search.is_shown_to(offer, &by) => {
                self.said_yes(now, Yes { offer, by, home, ask }, out);
            }
            TripInput::Did { by, home, deed, ask } => {
                self.did(now, policy, deed, Asker::Driver { driver: by, home, ask }, out);
            }
            TripInput::Cancel { by, reason, ask } => self.cancel(now, policy, by, reason, ask, out),
            TripInput::Reroute { wanted, ask } => self.reroute(now, policy, &wanted, ask, out),
            // The same "yes" once more, after it won.
            TripInput::Accepted { offer, by, home, ask }
                if self.trip.stage.committed_driver() == Some(&by) && offer.trip == self.trip.id =>
            {
                let input = DriverInput::Progress { trip: self.trip.clone(), ask: Some(ask) };
                out.push(Effect::ToDriver { to: by, home, input });
            }
            input @ TripInput::Accepted { offer, .. } => self.refuse(&input, Refusal::OfferGone { offer }, out),
            // Late, doubled or overtaken: nothing follows from it.
            _ => {}
        }
    }

    fn did(&mut self, now: Timestamp, policy: &Policy, deed: Deed, asker: Asker, out: &mut Vec<Effect>) {
        let Asker::Driver { driver, ask, home } = &asker else { return };
        if !self.is_driven_by(driver) {
            let why = Refusal::NotYourTrip { trip: self.trip.id };
            self.answer(&asker, Err(why), out);
        } else if reroute::means_another_way(deed, &self.trip) {
            self.answer(&asker, Err(Refusal::Outdated { version: self.trip.version }), out);
        } else if already_done(deed, &self.trip) {
            let input = DriverInput::Progress { trip: self.trip.clone(), ask: Some(*ask) };
            out.push(Effect::ToDriver { to: driver.clone(), home: *home, input });
        } else if deed == Deed::GaveBack(GiveBackReason::RiderNoShow) {
            self.stood_up(now, policy, asker, out);
        } else {
            self.propose(deed.event(), now, asker, out);
        }
    }

    /// The driver says that the rider does not come: for whoever has waited long enough the trip is over.
    fn stood_up(&mut self, now: Timestamp, policy: &Policy, asker: Asker, out: &mut Vec<Effect>) {
        let left = no_show_in(&self.trip, now, policy);
        if matches!(self.trip.stage, Stage::Arrived { .. }) && left > Duration::ZERO {
            self.answer(&asker, Err(Refusal::TooEarly { retry_after: left }), out);
        } else {
            let event = self.called_off(now, policy, Party::Driver, CancelReason::RiderNoShow);
            self.propose(event, now, asker, out);
        }
    }

    /// A stage has lasted as long as it may.
    fn overdue(&mut self, now: Timestamp, policy: &Policy, out: &mut Vec<Effect>) {
        let reason = match self.trip.stage.name() {
            StageName::EnRoute => CancelReason::PickupTooLate,
            StageName::Arrived => CancelReason::RiderNoShow,
            StageName::InProgress | StageName::DrivingOn => CancelReason::RideTooLong,
            StageName::Scheduled if !self.is_missed(now, policy) => {
                return self.propose(Event::Activated, now, Asker::Nobody, out);
            }
            StageName::Scheduled | StageName::Searching => {
                return self.propose(Event::Expired, now, Asker::Nobody, out);
            }
            StageName::Completed | StageName::Cancelled | StageName::Expired => return,
        };
        let event = self.called_off(now, policy, Party::System, reason);
        self.propose(event, now, Asker::Nobody, out);
    }

    fn called_off(&self, now: Timestamp, policy: &Policy, by: Party, reason: CancelReason) -> Event {
        Event::Cancelled { by, reason, fee: fee_stage(&self.trip, by, reason, now, policy) }
    }

    fn cancel(
        &mut self,
        now: Timestamp,
        policy: &Policy,
        by: Party,
        reason: CancelReason,
        ask: AskId,
        out: &mut Vec<Effect>,
    ) {
        match answer_for_ended(&self.trip, by) {
            Some(answer) => {
                let answer = answer.map(|()| self.view());
                out.push(Effect::Answer { ask, answer });
            }
            None => {
                let event = self.called_off(now, policy, by, reason);
                self.propose(event, now, Asker::Person(ask), out);
            }
        }
    }

    /// Asks the store for a step, if it is legal.
    fn propose(&mut self, event: Event, at: Timestamp, asker: Asker, out: &mut Vec<Effect>) {
        let after = match self.trip.apply(&event, at) {
            Ok(after) => after,
            Err(illegal) => {
                let why = Refusal::IllegalStep { from: illegal.from, wanted: illegal.event };
                self.answer(&asker, Err(why), out);
                return;
            }
        };
        let before = self.trip.stage.committed_driver();
        let driver = match (before, after.stage.committed_driver()) {
            (None, Some(taken)) => DriverChange::Take(taken.clone()),
            (Some(freed), None) => DriverChange::Free(freed.clone()),
            _ => DriverChange::None,
        };
        let write = TripWrite { event: event.clone(), at, after: after.clone(), driver, key: None, caps: None };
        self.pending = Some(Pending { event, after, asker });
        out.push(Effect::Commit(Write::Trip(write)));
    }

    fn tell_driver(&self, driver: &DriverId, input: DriverInput, out: &mut Vec<Effect>) {
        let home = self.driver_home.unwrap_or_else(|| self.trip.id.home());
        out.push(Effect::ToDriver { to: driver.clone(), home, input });
    }

    fn answer(&self, asker: &Asker, answer: Result<(), Refusal>, out: &mut Vec<Effect>) {
        match asker {
            Asker::Person(ask) => out.push(Effect::Answer { ask: *ask, answer: answer.map(|()| self.view()) }),
            Asker::Driver { driver, home, ask } => {
                if let Err(why) = answer {
                    let input = DriverInput::Refused { ask: *ask, why };
                    out.push(Effect::ToDriver { to: driver.clone(), home: *home, input });
                }
            }
            Asker::Nobody => {}
        }
    }

    /// Answers an input that asks something with a refusal.
    fn refuse(&self, input: &TripInput, why: Refusal, out: &mut Vec<Effect>) {
        match input {
            TripInput::Accepted { by, home, ask, .. }
            | TripInput::Did { by, home, ask, .. }
            | TripInput::Sharing(Sharing::Did { by, home, ask, .. }) => {
                let asker = Asker::Driver { driver: by.clone(), home: *home, ask: *ask };
                self.answer(&asker, Err(why), out);
            }
            TripInput::Cancel { ask, .. } | TripInput::Reroute { ask, .. } => {
                out.push(Effect::Answer { ask: *ask, answer: Err(why) });
            }
            _ => {}
        }
    }
}

/// Whether a driver reports what is already so: a command that was sent twice is answered twice.
fn already_done(deed: Deed, trip: &Trip) -> bool {
    let stage = &trip.stage;
    match deed {
        Deed::StopReached { stop, .. } => (1..=trip.route.made).contains(&stop),
        Deed::Arrived => {
            matches!(stage.told_as(), StageName::Arrived | StageName::InProgress | StageName::Completed)
        }
        Deed::PickedUp => matches!(stage.told_as(), StageName::InProgress | StageName::Completed),
        Deed::DroppedOff => stage.told_as() == StageName::Completed,
        Deed::GaveBack(_) => false,
    }
}

/// What to answer someone who wants a trip called off that has ended; `None` when it has not.
#[must_use]
pub fn answer_for_ended(trip: &Trip, by: Party) -> Option<Result<(), Refusal>> {
    match &trip.stage {
        Stage::Cancelled { by: already, .. } | Stage::DrivingOn { off: Some(CallOff { by: already, .. }), .. }
            if *already == by =>
        {
            Some(Ok(()))
        }
        // The system may stop the car; for the rider it is over.
        Stage::DrivingOn { .. } if by != Party::System => {
            Some(Err(Refusal::IllegalStep { from: trip.stage.told_as(), wanted: "cancelled" }))
        }
        stage if !stage.name().is_active() => {
            Some(Err(Refusal::IllegalStep { from: stage.name(), wanted: "cancelled" }))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
