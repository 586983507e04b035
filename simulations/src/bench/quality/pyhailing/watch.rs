//! When a vehicle that is driving will be done, from what it has shown so far.
//!
//! Lives here: the legs that are being driven, when they began, how far they are.
//! Stays out: what is done about it.
//!
//! A leg is driven at one speed that is drawn when it begins. Two looks at it give its end exactly. After one look it is
//! judged by when it must have begun, and never told on as known: an error of that grows with each leg and each early
//! look, from the last digit to minutes.

use super::agent::{Epoch, Job, Vehicle};
use super::model::{Model, Xy, km};

/// What is known about the leg a vehicle drives.
#[derive(Clone, Copy, Debug)]
struct Leg {
    job: Job,
    ends: [Xy; 2],
    /// The first look at it: when, and how much of the leg was over.
    first: (f64, f64),
    done_at: f64,
    /// Whether two looks say so.
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
    if let Some(leg) = known.filter(|leg| leg.job == job && leg.ends == ends) {
        let tells = !leg.sure && over - leg.first.1 > 1e-6 && now > leg.first.0;
        return Some(if tells { Leg { done_at: ends_at(leg.first, (now, over)), sure: true, ..*leg } } else { *leg });
    }
    // A leg begins when the one before it ends, and the first one when it was decided on, which is when one looked last.
    let before = known.filter(|leg| leg.sure && leg.done_at <= now && leg.ends[1] == ends[0]).map(|leg| leg.done_at);
    let begins = before.or_else(|| (known.is_none() && job == Job::Setup).then_some(seen_at));
    let judged = begins.filter(|&begins| over > 1e-6 && now > begins).map(|begins| ends_at((begins, 0.0), (now, over)));
    let done_at = judged.unwrap_or_else(|| {
        let (here, there) = (model.zone_at(shown.at), model.zone_at(ends[1]));
        now + model.expected_s((shown.at, here), (ends[1], there), now)
    });
    Some(Leg { job, ends, first: (now, over), done_at, sure: false })
}

/// When a leg ends of which so much was over at two moments.
fn ends_at(first: (f64, f64), last: (f64, f64)) -> f64 {
    last.0 + (1.0 - last.1) * (last.0 - first.0) / (last.1 - first.1)
}
