//! A core in memory, and when it is woken.
//!
//! Lives here: [`Actor`], and how an alarm is set. Stays out: what wakes it ([`super::Agenda`]).
//! Touch with care: only the alarm that is set may ring; what was planned before it finds another time there.

use dispatch::Timestamp;

/// A core in memory. Answers are for the actor who asked: its number dies with it.
#[derive(Debug)]
pub(super) struct Actor<T> {
    pub(super) core: T,
    pub(super) number: u64,
    /// When it is woken next.
    pub(super) alarm: Option<Timestamp>,
}

impl<T> Actor<T> {
    pub(super) fn new(core: T, number: u64) -> Actor<T> {
        Actor { core, number, alarm: None }
    }

    /// Sets its alarm to this deadline. Returns when to wake it, if that is sooner than planned. One that rings too
    /// early is harmless: it finds nothing due, and sets the next one.
    pub(super) fn rings(&mut self, now: Timestamp, deadline: Option<Timestamp>) -> Option<Timestamp> {
        sooner(&mut self.alarm, now, deadline)
    }
}

/// Sets an alarm to a deadline, unless it rings before; returns when, if it was set.
pub(super) fn sooner(alarm: &mut Option<Timestamp>, now: Timestamp, deadline: Option<Timestamp>) -> Option<Timestamp> {
    let at = deadline?.max(now);
    if alarm.is_some_and(|set| set <= at) {
        return None;
    }
    *alarm = Some(at);
    Some(at)
}
