//! The actor of one live trip: a mailbox, [`LiveTrip`], and those who wait for an answer.

use std::collections::HashMap;
use std::rc::Rc;

use actix::prelude::*;
use dispatch::{AskId, Effect, LiveTrip, TripInput, WriteError};
use persistence::Done;
use tokio::sync::oneshot;

use crate::alarm::Alarm;
use crate::letters::{AskTrip, Quit, TripAnswer, TripMail};
use crate::office::Office;

/// The number of the question that made the trip.
pub(crate) const FIRST_ASK: AskId = AskId(0);

/// One live trip.
#[derive(Debug)]
pub(crate) struct TripActor {
    live: LiveTrip,
    first: Vec<Effect>,
    /// Who waits for which answer. Dropped with the actor: then they are told to ask again.
    asks: HashMap<AskId, oneshot::Sender<TripAnswer>>,
    asked: u64,
    office: Rc<Office>,
    alarm: Alarm,
    /// Whether this actor ends as it should. One that does not has panicked, and is rebuilt from its row.
    done: bool,
}

impl TripActor {
    pub(crate) fn start_with(
        live: LiveTrip,
        first: Vec<Effect>,
        reply: Option<oneshot::Sender<TripAnswer>>,
        office: Rc<Office>,
    ) -> Addr<TripActor> {
        let asks = reply.into_iter().map(|reply| (FIRST_ASK, reply)).collect();
        TripActor { live, first, asks, asked: FIRST_ASK.0, office, alarm: Alarm::default(), done: false }.start()
    }

    fn take(&mut self, input: TripInput, context: &mut Context<Self>) {
        let effects = self.live.step(self.office.shared.clock.now(), &self.office.policy(), input);
        self.perform(effects, context);
    }

    fn perform(&mut self, effects: Vec<Effect>, context: &mut Context<Self>) {
        for effect in effects {
            match effect {
                Effect::Commit(write) => {
                    let outcome = self.office.commit(write).into_actor(self);
                    context.spawn(outcome.map(|outcome, actor, context| {
                        let input = match outcome {
                            Ok(Done::Journaled { .. }) => TripInput::Written,
                            Ok(Done::Moved { .. }) => TripInput::NotWritten(WriteError::Stale),
                            Err(why) => TripInput::NotWritten(why),
                        };
                        actor.take(input, context);
                    }));
                }
                Effect::Answer { ask, answer } => {
                    if let Some(reply) = self.asks.remove(&ask) {
                        // Nobody waits any more: the answer is in the store for whoever asks again.
                        let _ = reply.send(answer);
                    }
                }
                Effect::Publish(view) => {
                    if view.eta.is_some_and(|eta| eta.is_fallback()) {
                        self.office.shared.metrics.etas_fallback.with_label_values(&["rider"]).inc();
                    }
                    self.office.publish(view);
                }
                Effect::Retire => {
                    // What is already in the mailbox is still answered.
                    self.done = true;
                    self.office.forget_trip(self.live.trip().id);
                    context.address().do_send(Quit);
                }
                Effect::Rebuild { shard: true } => self.office.step_down(),
                Effect::Rebuild { shard: false } => {
                    self.done = true;
                    self.office.rebuild_trip(self.live.trip().id);
                    return context.stop();
                }
                message => self.office.deliver(message),
            }
        }
        let clock = self.office.shared.clock;
        let deadline = self.live.deadline(&self.office.policy());
        self.alarm.set(deadline, &clock, context, |actor, context| {
            actor.alarm.rang();
            actor.take(TripInput::TimePassed, context);
        });
    }
}

impl Actor for TripActor {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Context<Self>) {
        self.office.shared.metrics.trips.inc();
        let first = std::mem::take(&mut self.first);
        self.perform(first, context);
    }

    fn stopped(&mut self, _: &mut Context<Self>) {
        self.office.shared.metrics.trips.dec();
        if !self.done {
            self.office.fell();
            self.office.rebuild_trip(self.live.trip().id);
        }
    }
}

impl Handler<TripMail> for TripActor {
    type Result = ();

    fn handle(&mut self, TripMail(input): TripMail, context: &mut Context<Self>) {
        self.take(input, context);
    }
}

impl Handler<AskTrip> for TripActor {
    type Result = ();

    fn handle(&mut self, AskTrip { wanted, reply }: AskTrip, context: &mut Context<Self>) {
        self.asked += 1;
        let ask = AskId(self.asked);
        self.asks.insert(ask, reply);
        self.take(wanted.input(ask), context);
    }
}

impl Handler<Quit> for TripActor {
    type Result = ();

    fn handle(&mut self, _: Quit, context: &mut Context<Self>) {
        self.done = true;
        context.stop();
    }
}

#[cfg(test)]
impl Handler<crate::letters::Burst> for TripActor {
    type Result = ();

    fn handle(&mut self, burst: crate::letters::Burst, _: &mut Context<Self>) {
        panic!("as a bug would: {burst:?}");
    }
}
