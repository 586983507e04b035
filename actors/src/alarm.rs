//! Waking a sleeper. Deadlines live in the cores and are settled at every message; an alarm only makes sure that an
//! actor to whom nobody writes looks at the clock in time.

use actix::prelude::*;
use dispatch::Timestamp;

use crate::clock::Clock;

/// At most one alarm of an actor, for the earliest deadline of its core.
#[derive(Debug, Default)]
pub(crate) struct Alarm {
    set: Option<(Timestamp, SpawnHandle)>,
}

impl Alarm {
    /// Sets the alarm to `deadline`, or off. `wake` is what the actor does when it rings.
    pub(crate) fn set<A>(
        &mut self,
        deadline: Option<Timestamp>,
        clock: &Clock,
        context: &mut Context<A>,
        wake: fn(&mut A, &mut Context<A>),
    ) where
        A: Actor<Context = Context<A>>,
    {
        if self.set.map(|(at, _)| at) == deadline {
            return;
        }
        if let Some((_, handle)) = self.set.take() {
            context.cancel_future(handle);
        }
        if let Some(at) = deadline {
            let wait = clock.wall(at.since(clock.now()));
            self.set = Some((at, context.run_later(wait, wake)));
        }
    }

    /// The alarm has rung.
    pub(crate) fn rang(&mut self) {
        self.set = None;
    }
}
