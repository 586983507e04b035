//! The actor of one driver: a mailbox, [`LiveDriver`], and the lines to the driver's app.

use std::rc::Rc;

use actix::prelude::*;
use dispatch::{DriverInput, Effect, LiveDriver, Notice, SessionId, WriteError};
use persistence::Done;
use tracing::{debug, warn};

use crate::alarm::Alarm;
use crate::letters::{DriverMail, Leave, Letter, Line, Plug, Quit, Resident};
use crate::office::Office;
use crate::told::{Log, News, Told};

/// One driver on line.
#[derive(Debug)]
pub(crate) struct DriverActor {
    live: LiveDriver,
    /// The newest session and those it supersedes, until they have been told.
    lines: Vec<Line>,
    log: Log,
    first: Vec<Effect>,
    office: Rc<Office>,
    alarm: Alarm,
    /// After moving house, until the letters that were already in the mailbox have followed.
    moved: bool,
}

impl DriverActor {
    pub(crate) fn start_with(
        live: LiveDriver,
        lines: Vec<Line>,
        log: Log,
        first: Vec<Effect>,
        office: Rc<Office>,
    ) -> Addr<DriverActor> {
        DriverActor { live, lines, log, first, office, alarm: Alarm::default(), moved: false }.start()
    }

    fn take(&mut self, input: DriverInput, context: &mut Context<Self>) {
        if self.moved {
            return self.office.to_driver(self.live.id().clone(), self.office.shard, input);
        }
        let effects = self.live.step(self.office.shared.clock.now(), &self.office.policy(), input);
        self.perform(effects, context);
        if self.live.session().is_none() {
            // Nobody listens at the other ends; letting go of them ends the sessions.
            self.lines.clear();
        }
        if self.live.is_gone() && !self.moved {
            self.retire(context);
        }
    }

    /// Leaves the registry, then goes when what is already in the mailbox has been read.
    fn retire(&mut self, context: &mut Context<Self>) {
        self.office.forget_driver(self.live.id());
        self.lines.clear();
        context.address().do_send(Leave);
    }

    fn perform(&mut self, effects: Vec<Effect>, context: &mut Context<Self>) {
        for effect in effects {
            match effect {
                Effect::ToSession { session, notice, .. } => self.tell(session, notice, context),
                Effect::Commit(write) => {
                    let outcome = self.office.commit(write).into_actor(self);
                    context.spawn(outcome.map(|outcome, actor, context| {
                        let result = outcome.and_then(|done| match done {
                            Done::Moved { generation } => Ok(generation),
                            Done::Journaled { .. } => Err(WriteError::Stale),
                        });
                        actor.take(DriverInput::MoveWritten(result), context);
                    }));
                }
                Effect::ReadRow { number } => {
                    let row = self.office.read_driver(self.live.id().clone()).into_actor(self);
                    context.spawn(row.map(move |row, actor, context| {
                        let row = row.map(|row| row.and_then(|row| row.trip));
                        actor.take(DriverInput::Row { number, row }, context);
                    }));
                }
                Effect::HandOver { to, generation } => {
                    self.office.moved_away(self.live.id(), to);
                    let lines = std::mem::take(&mut self.lines);
                    let log = std::mem::take(&mut self.log);
                    let resident = Resident { live: self.live.clone(), generation, lines, log };
                    self.office.shared.routes.send(to, Letter::Install(Box::new(resident)));
                    self.moved = true;
                    return context.address().do_send(Leave);
                }
                Effect::Retire => self.retire(context),
                Effect::Rebuild { shard: true } => self.office.step_down(),
                Effect::Rebuild { shard: false } => {
                    // The sessions end with the actor; the app connects again and is given the row's truth.
                    warn!(driver = %self.live.id(), "a driver is rebuilt from its row");
                    self.office.shared.metrics.rebuilt.with_label_values(&["driver"]).inc();
                    return self.retire(context);
                }
                message => self.office.deliver(message),
            }
        }
        let clock = self.office.shared.clock;
        self.alarm.set(self.live.deadline(), &clock, context, |actor, context| {
            actor.alarm.rang();
            actor.take(DriverInput::TimePassed, context);
        });
    }

    fn tell(&mut self, session: SessionId, notice: Notice, context: &mut Context<Self>) {
        let place = self.lines.iter().position(|line| line.session == session);
        let confirmed = place.map_or(0, |place| self.lines[place].notices.confirmed());
        let cursor = self.log.write(&notice, confirmed);
        // What is said to a line that broke is only kept.
        let Some(place) = place else { return };
        if matches!(notice, Notice::Offer(_)) {
            self.office.shared.metrics.offers.inc();
        }
        let last_word = notice == Notice::Superseded;
        let told = Told { cursor, news: News::Notice(notice) };
        let sent = self.lines[place].notices.try_send(Box::new(told)).is_ok();
        if last_word || !sent {
            self.lines.remove(place);
        }
        if !sent && self.live.session() == Some(session) {
            // A socket that does not take what it is told is as good as closed; dropping the line closes it.
            debug!(driver = %self.live.id(), "a driver's socket is too slow or gone");
            context.notify(DriverMail(DriverInput::LineLost { session }));
        }
    }
}

impl Actor for DriverActor {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Context<Self>) {
        self.office.shared.metrics.drivers.inc();
        let first = std::mem::take(&mut self.first);
        self.perform(first, context);
    }

    fn stopped(&mut self, _: &mut Context<Self>) {
        self.office.shared.metrics.drivers.dec();
    }
}

impl Handler<DriverMail> for DriverActor {
    type Result = ();

    fn handle(&mut self, DriverMail(input): DriverMail, context: &mut Context<Self>) {
        self.take(input, context);
    }
}

impl Handler<Plug> for DriverActor {
    type Result = ();

    fn handle(&mut self, Plug(line, generation): Plug, context: &mut Context<Self>) {
        let session = line.session;
        // The same session again, when an app that moved is given back to its old home: only its new line is alive.
        self.lines.retain(|known| known.session != session);
        self.log.open(session, self.live.generation());
        for missed in line.resume.map(|heard| self.log.since(heard)).into_iter().flatten() {
            // A channel that was made a moment ago has room.
            let _ = line.notices.try_send(Box::new(missed));
        }
        self.lines.push(line);
        self.take(DriverInput::Connected { session, generation }, context);
    }
}

impl Handler<Leave> for DriverActor {
    type Result = ();

    fn handle(&mut self, _: Leave, context: &mut Context<Self>) {
        // An app may have connected between the decision to leave and the end of the mailbox.
        let needed = !self.moved && !self.live.is_gone() && !self.office.is_closed();
        if !(needed && self.office.readmit(self.live.id(), context.address())) {
            context.stop();
        }
    }
}

impl Handler<Quit> for DriverActor {
    type Result = ();

    fn handle(&mut self, _: Quit, context: &mut Context<Self>) {
        context.stop();
    }
}

#[cfg(test)]
impl Handler<crate::letters::Burst> for DriverActor {
    type Result = ();

    fn handle(&mut self, burst: crate::letters::Burst, _: &mut Context<Self>) {
        panic!("as a bug would: {burst:?}");
    }
}
