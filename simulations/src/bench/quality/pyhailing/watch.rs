//! When a vehicle that is driving will be done, from what it has shown so far.
//!
//! Lives here: the legs that are being driven, when they began, how far they are.
//! Stays out: what is done about it.
//!
//! A leg is driven at one speed that is drawn when it begins. Two looks at it, or its known beginning and one look, give
//! its end exactly; before that it is what is to be expected.

use super::agent::{Epoch, Job, Vehicle};
use super::model::{Model, Xy, km};

/// What is known about the leg a vehicle drives.
#[derive(Clone, Copy, Debug)]
struct Leg {
    job: Job,
    ends: [Xy; 2],
    /// A moment and how much of the leg was over by then: its beginning, or the first look at it.
    since: (f64, f64),
    done_at: f64,
    sure: bool,
}

/// What is known about the vehicles of one episode.
#[derive(Debug)]
pub(super) struct Watch {
    legs: Vec<Option<Leg>>,
    seen_at: f64,
}

impl Watch {
    pub(super) fn new(vehicles: usize) -> Watch {
        Watch { legs: vec![None; vehicles], seen_at: 0.0 }
    }

    /// Looks at all vehicles.
    pub(super) fn see(&mut self, model: &Model, epoch: &Epoch) {
        for (known, shown) in self.legs.iter_mut().zip(&epoch.vehicles) {
            *known = look(known.as_ref(), shown, model, (self.seen_at, epoch.time));
        }
        self.seen_at = epoch.time;
    }

    /// In how many seconds a vehicle's leg ends.
    pub(super) fn ends_in(&self, vehicle: usize, now: f64) -> f64 {
        self.legs[vehicle].map_or(0.0, |leg| (leg.done_at - now).max(0.0))
    }
}

fn look(known: Option<&Leg>, shown: &Vehicle, model: &Model, (seen_at, now): (f64, f64)) -> Option<Leg> {
    let (job, ends) = (shown.jobs[0], shown.ends[0]);
    if !matches!(job, Job::Setup | Job::Process) {
        return None;
    }
    let way = km(ends[0], ends[1]);
    let over = if way > 1e-9 { (1.0 - km(shown.at, ends[1]) / way).clamp(0.0, 1.0) } else { 1.0 };
    let same = known.filter(|leg| leg.job == job && leg.ends == ends);
    // A leg begins when the one before it ends, and the first one when it was decided on, which is when one looked last;
    // if neither is known, it is known from the first look on.
    let before = known.filter(|leg| leg.sure && leg.done_at <= now && leg.ends[1] == ends[0]);
    let since = match (same, before) {
        (Some(leg), _) => leg.since,
        (None, Some(leg)) => (leg.done_at, 0.0),
        (None, None) if known.is_none() && job == Job::Setup => (seen_at, 0.0),
        (None, None) => (now, over),
    };
    if let Some(leg) = same.filter(|leg| leg.sure) {
        return Some(*leg);
    }
    let (driven, passed) = (over - since.1, now - since.0);
    if driven > 1e-6 && passed > 1e-6 {
        let done_at = now + (1.0 - over) * passed / driven;
        return Some(Leg { job, ends, since, done_at, sure: true });
    }
    let (here, there) = (model.zone_at(shown.at), model.zone_at(ends[1]));
    let left = model.expected_s((shown.at, here), (ends[1], there), now);
    Some(Leg { job, ends, since, done_at: now + left, sure: false })
}
