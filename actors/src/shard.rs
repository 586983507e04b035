//! The actor of one owned shard: its mailbox, [`LiveShard`], and the registry of everyone who lives in it.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use actix::prelude::*;
use dispatch::{
    Decision, Effect, Epoch, Event, LiveShard, LiveTrip, Policy, RiderCaps, ShardCounts, ShardId, ShardInput, Surge,
    Timestamp, TripInput, TripView,
};
use persistence::{LoadedShard, Snapshot};
use tokio::sync::watch;
use tracing::{debug, info};

use crate::alarm::Alarm;
use crate::handle::ShardStatus;
use crate::letters::{AskOf, Attach, Letter, Look, Plug, Quiesce, Quit, Quote, Report, Request, TakeSnapshot};
use crate::metrics::grow;
use crate::node::Recovered;
use crate::office::{Office, Shared, come_back};
use crate::routes::{Depth, post};
use crate::trip::FIRST_ASK;

/// One owned shard.
#[derive(Debug)]
pub(crate) struct ShardActor {
    live: LiveShard,
    office: Rc<Office>,
    /// The policy of the last step: another one is told to the core first.
    policy: Rc<Policy>,
    loaded: LoadedShard,
    alarm: Alarm,
    counted: ShardCounts,
    /// The cells where rides cost more, as the gauge has them.
    surging: BTreeMap<Surge, i64>,
    /// How much has come in and was not looked at yet. Doors and the fast road keep away when it is too much.
    depth: Depth,
    /// Whether anything has happened since the last snapshot.
    stirred: bool,
    /// Whether this actor ends as it should. One that does not has panicked, and its shard is claimed anew.
    done: bool,
}

impl ShardActor {
    /// A shard as its new owner loaded it. Must be made on the arbiter it will live on.
    pub(crate) fn new(shard: ShardId, epoch: Epoch, recovered: Recovered, shared: Shared, depth: Depth) -> ShardActor {
        let Recovered { loaded, recalled } = recovered;
        let office = Office::new(shard, epoch, recalled.hints, shared);
        let policy = office.policy();
        let mut live = LiveShard::new(shard, &policy);
        live.take_up(office.shared.clock.now(), &policy, &recalled.learned);
        ShardActor {
            live,
            office,
            policy,
            loaded,
            alarm: Alarm::default(),
            counted: ShardCounts::default(),
            surging: BTreeMap::new(),
            depth,
            stirred: false,
            done: false,
        }
    }

    /// The core, to be looked at.
    pub(crate) fn live(&self) -> &LiveShard {
        &self.live
    }

    /// Who lives here.
    pub(crate) fn office(&self) -> &Office {
        &self.office
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.office.shared.clock.now()
    }

    /// The policy for the next step; the core knows of it when this returns.
    pub(crate) fn policy(&mut self) -> Rc<Policy> {
        let policy = self.office.policy();
        if !Rc::ptr_eq(&policy, &self.policy) {
            self.live.adopt(&policy);
            self.policy = Rc::clone(&policy);
        }
        policy
    }

    fn take(&mut self, input: ShardInput, context: &mut Context<Self>) {
        self.stirred |= input != ShardInput::TimePassed;
        let policy = self.policy();
        let effects = self.live.step(self.office.shared.clock.now(), &policy, input);
        for effect in effects {
            match effect {
                Effect::Log(decision) => log(&decision),
                effect => self.office.deliver(effect),
            }
        }
        self.count();
        let clock = self.office.shared.clock;
        self.alarm.set(self.live.deadline(), &clock, context, |actor, context| {
            actor.alarm.rang();
            actor.take(ShardInput::TimePassed, context);
        });
    }

    fn count(&mut self) {
        let (now, seen, metrics) = (self.live.counts(), &mut self.counted, &self.office.shared.metrics);
        grow(&metrics.pings.with_label_values(&["taken"]), &mut seen.pings, now.pings);
        grow(&metrics.pings.with_label_values(&["late"]), &mut seen.pings_late, now.pings_late);
        grow(&metrics.pings.with_label_values(&["doubled"]), &mut seen.pings_doubled, now.pings_doubled);
        grow(&metrics.pings.with_label_values(&["implausible"]), &mut seen.pings_implausible, now.pings_implausible);
        grow(&metrics.pings.with_label_values(&["stray"]), &mut seen.pings_stray, now.pings_stray);
        grow(&metrics.rounds, &mut seen.rounds, now.rounds);
        grow(&metrics.rounds_cut_short, &mut seen.rounds_cut_short, now.rounds_cut_short);
        grow(&metrics.matches, &mut seen.matches, now.matches);
        grow(&metrics.etas_fallback.with_label_values(&["match"]), &mut seen.etas_fallback, now.etas_fallback);
        grow(&metrics.suggestions, &mut seen.suggestions, now.suggestions);
        let (seen, now) = (&mut seen.rounds_without_neighbours, now.rounds_without_neighbours);
        grow(&metrics.rounds_without_neighbours, seen, now);
        self.count_surging(self.live.surging().clone());
    }

    /// Brings the gauge, which all shards of the node share, up to date.
    fn count_surging(&mut self, now: BTreeMap<Surge, i64>) {
        if now == self.surging {
            return;
        }
        let gauge = |surge: &Surge| self.office.shared.metrics.surge_cells.with_label_values(&[&surge.to_string()]);
        self.surging.iter().for_each(|(surge, cells)| gauge(surge).sub(*cells));
        now.iter().for_each(|(surge, cells)| gauge(surge).add(*cells));
        self.surging = now;
    }
}

/// Writes a decision down, for people who study them. Drivers are named: the level is DEBUG.
fn log(decision: &Decision) {
    debug!(
        target: "decision",
        trip = %decision.trip,
        policy = decision.policy,
        riders = decision.riders,
        candidates = decision.candidates,
        chosen = ?decision.chosen,
        considered = ?decision.considered,
        passed_over = ?decision.passed_over,
        "matched"
    );
}

impl Actor for ShardActor {
    type Context = Context<Self>;

    fn started(&mut self, _: &mut Context<Self>) {
        let loaded = std::mem::take(&mut self.loaded);
        let (trips, drivers) = (loaded.trips.len(), loaded.drivers.len());
        for driver in &loaded.drivers {
            self.office.driver(driver);
        }
        let now = self.now();
        self.live.expect(now, self.office.expected(now));
        for (trip, driver_home) in loaded.trips {
            let (live, effects) = LiveTrip::restored(trip, self.office.epoch, driver_home);
            self.office.begin_trip(live, effects, None);
        }
        info!(shard = %self.office.shard, epoch = self.office.epoch.0, trips, drivers, "shard owned");
    }

    fn stopped(&mut self, _: &mut Context<Self>) {
        self.office.close();
        self.count_surging(BTreeMap::new());
        if !self.done {
            self.office.step_down();
        }
    }
}

impl Handler<Letter> for ShardActor {
    type Result = ();

    fn handle(&mut self, letter: Letter, context: &mut Context<Self>) {
        self.depth.lower();
        match letter {
            Letter::Shard(input) => self.take(input, context),
            Letter::Pings { pings, timed } => {
                self.take(ShardInput::Pings(pings), context);
                let seconds = &self.office.shared.metrics.ping_to_index_seconds;
                timed.into_iter().for_each(|since| seconds.observe(since.elapsed().as_secs_f64()));
            }
            Letter::Driver { to, input } => self.office.to_driver(to, self.office.shard, input),
            Letter::Trip { to, input } => self.office.to_trip(to, input),
            // Made from the row, which knew of the move: whoever comes now is older, and its app connects again.
            Letter::Install(resident) if self.office.has_driver(resident.live.id()) => {}
            Letter::Install(resident) => {
                let mut resident = *resident;
                let effects = resident.live.moved_in(self.office.shard, resident.generation);
                if resident.live.is_gone() {
                    // Hung up on the way: nobody moves in, and no letter is sent on after somebody who came back.
                    self.office.forget_move(resident.live.id());
                    effects.into_iter().for_each(|effect| self.office.deliver(effect));
                } else {
                    self.office.install(resident.live, resident.lines, resident.log, effects);
                }
            }
        }
    }
}

impl Handler<Request> for ShardActor {
    type Result = ();

    fn handle(&mut self, request: Request, _: &mut Context<Self>) {
        let Request { trip, rider, order, at, key, reply } = request;
        let policy = self.policy();
        let event = Event::Requested { rider, order: self.live.priced(at, &policy, order) };
        let caps = RiderCaps::of(&policy, at);
        match LiveTrip::requested(trip, self.office.epoch, event, at, Some(key), Some(caps), FIRST_ASK) {
            Some((live, effects)) => self.office.begin_trip(live, effects, Some(reply)),
            None => drop(reply.send(Err(come_back()))),
        }
    }
}

impl Handler<Quote> for ShardActor {
    type Result = MessageResult<Quote>;

    fn handle(&mut self, Quote(order): Quote, _: &mut Context<Self>) -> Self::Result {
        let (now, policy) = (self.now(), self.policy());
        MessageResult(self.live.estimate(now, &policy, &order))
    }
}

impl Handler<AskOf> for ShardActor {
    type Result = ();

    fn handle(&mut self, AskOf { trip, asked }: AskOf, _: &mut Context<Self>) {
        // Dropping the reply makes the asker look into the store: the trip has ended, or its actor is being rebuilt.
        let Some(addr) = self.office.trip(trip) else { return };
        if post(&addr, asked).is_some() {
            self.office.to_trip(trip, TripInput::TimePassed);
        }
    }
}

impl Handler<Look> for ShardActor {
    type Result = Option<watch::Receiver<Arc<TripView>>>;

    fn handle(&mut self, Look(trip): Look, _: &mut Context<Self>) -> Self::Result {
        self.office.watch(trip)
    }
}

impl Handler<Attach> for ShardActor {
    type Result = ();

    fn handle(&mut self, Attach { row, line }: Attach, _: &mut Context<Self>) {
        let driver = self.office.driver(&row);
        // Closed only in the moment of a panic: the dropped line makes the app connect again.
        drop(post(&driver, Plug(line, row.generation)));
    }
}

impl Handler<Report> for ShardActor {
    type Result = MessageResult<Report>;

    fn handle(&mut self, _: Report, _: &mut Context<Self>) -> Self::Result {
        let policy = self.policy();
        MessageResult(ShardStatus {
            shard: self.office.shard,
            epoch: self.office.epoch,
            drivers: self.office.drivers_live(),
            drivers_free: self.live.free(),
            trips: self.office.trips_live(),
            trips_waiting: self.live.waiting(),
            surging: self.live.surging().clone(),
            counts: self.live.counts(),
            policy: policy.version.clone(),
        })
    }
}

impl Handler<TakeSnapshot> for ShardActor {
    type Result = MessageResult<TakeSnapshot>;

    fn handle(&mut self, _: TakeSnapshot, _: &mut Context<Self>) -> Self::Result {
        if !std::mem::take(&mut self.stirred) {
            return MessageResult(None);
        }
        let (shard, epoch, taken_at) = (self.office.shard, self.office.epoch, self.now());
        let mut hints = self.live.hints();
        hints.extend(self.office.hints_left(taken_at));
        let learned = self.live.learned(taken_at);
        MessageResult(Some(Snapshot { shard, epoch, taken_at, hints, learned }))
    }
}

impl Handler<Quiesce> for ShardActor {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, _: Quiesce, _: &mut Context<Self>) -> Self::Result {
        Box::pin(self.office.quiesce())
    }
}

impl Handler<Quit> for ShardActor {
    type Result = ();

    fn handle(&mut self, _: Quit, context: &mut Context<Self>) {
        self.done = true;
        context.stop();
    }
}

#[cfg(test)]
impl Handler<crate::letters::Burst> for ShardActor {
    type Result = ();

    fn handle(&mut self, burst: crate::letters::Burst, _: &mut Context<Self>) {
        match &burst {
            crate::letters::Burst::Shard => panic!("as a bug would"),
            crate::letters::Burst::Stall(enough) => {
                let _ = enough.lock().expect("nobody panics with it").recv();
            }
            crate::letters::Burst::Trip(trip) => self.office.trip(*trip).expect("it lives").do_send(burst),
            crate::letters::Burst::Driver(driver) => {
                self.office.live_driver(driver).expect("it lives").do_send(burst);
            }
        }
    }
}
