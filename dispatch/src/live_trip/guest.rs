//! A trip whose rider would share a car, or does: the guest's side of the protocol.
//!
//! Lives here: collecting what hosts say it would cost to take the rider along, choosing between them and a car of his
//! own, joining, and following the host from then on.
//! Stays out: whether the rider fits in (the host says: `host`), the search for a car of his own (`search`).
//! Touch with care: two records, two commits, and always in this order: first the host's, then the guest's. The host's
//! is the truth about who is in the car, the guest's about what his rider was told. Each tells the other what it holds,
//! whenever it changes and from time to time, and whoever finds himself contradicted gives way by a step of his own:
//! so no letter between them has to arrive, and none does harm that comes late.

use std::time::Duration;

use super::{Asker, LiveTrip};
use crate::{
    CancelReason, Effect, Event, FeeStage, GiveBackReason, HostSays, Party, Policy, Promise, Proposal, RiderLeg,
    Sharing, Stage, Timestamp, TripId, TripInput,
};

/// How many quotes are kept: the cheapest of so many is cheap enough.
const QUOTES_MOST: usize = 64;
/// How long a host may take to write a guest down: a commit, and the letters around it.
const JOIN_WITHIN: Duration = Duration::from_secs(2);
/// How often a host and its guests compare what they hold.
pub(super) const COMPARE_EVERY: Duration = Duration::from_secs(20);

/// What is known about sharing, beyond the record. May be lost without harm.
#[derive(Clone, Debug, Default)]
pub(super) struct Company {
    /// What hosts have said it would cost to take this rider along.
    quotes: Vec<(i64, TripId)>,
    /// The shard's plan, which waits until hosts have had time to answer.
    held: Option<(Vec<Proposal>, u32)>,
    /// When to choose.
    decide_at: Option<Timestamp>,
    /// The host that was asked to write this rider down, and how long that is waited for.
    joining: Option<(TripId, Timestamp)>,
    /// When to compare records with the other side.
    pub(super) compare_at: Option<Timestamp>,
    /// As a guest: how the host last said that the rider stands.
    told: Option<RiderLeg>,
    /// As a guest: what was promised, and with how many others the car is shared.
    promise: Option<Promise>,
    pub(super) with: u8,
    /// As a host: what the driver drives, while more riders are welcome.
    pub(super) vehicle: Option<crate::Vehicle>,
}

impl Company {
    pub(super) fn deadline(&self) -> Option<Timestamp> {
        let joining = self.joining.map(|(_, until)| until);
        [joining, self.decide_at, self.compare_at].into_iter().flatten().min()
    }

    pub(super) fn promise(&self) -> Option<Promise> {
        self.promise
    }
}

impl LiveTrip {
    /// The shard's plan gives this trip drivers of its own. A rider who would share lets hosts answer first.
    pub(super) fn matched_or_shared(
        &mut self,
        now: Timestamp,
        policy: &Policy,
        plan: (Vec<Proposal>, u32),
        out: &mut Vec<Effect>,
    ) {
        if !(policy.pooling.on && self.trip.order.shared) {
            let (proposals, widened) = plan;
            return self.matched(now, policy, proposals, widened, out);
        }
        self.company.held = Some(plan);
        let at = now + policy.reply_within;
        self.company.decide_at = Some(self.company.decide_at.map_or(at, |planned| planned.min(at)));
    }

    /// A host says what it would cost.
    pub(super) fn quoted(&mut self, now: Timestamp, policy: &Policy, host: TripId, added_cost: i64) {
        let wanted = self.trip.stage == Stage::Searching && self.trip.order.shared && self.search.asks_nobody();
        let company = &mut self.company;
        if wanted && company.joining.is_none() && company.quotes.len() < QUOTES_MOST {
            company.quotes.retain(|(_, known)| *known != host);
            company.quotes.push((added_cost, host));
            // The shard's plan may be on its way: without it nobody knows what a car of his own would cost.
            company.decide_at.get_or_insert(now + policy.match_every + policy.reply_within);
        }
    }

    /// Settles what is due between a trip and those it shares a car with.
    pub(super) fn settle_company(&mut self, now: Timestamp, policy: &Policy, out: &mut Vec<Effect>) {
        let joined_late = self.company.joining.is_some_and(|(_, until)| until <= now);
        if joined_late {
            self.company.joining = None;
        }
        if joined_late || self.company.decide_at.is_some_and(|at| at <= now) {
            self.choose(now, policy, out);
        }
        if self.company.compare_at.is_some_and(|at| at <= now) {
            self.compare(now, out);
        }
    }

    /// A place in another rider's car or a car of his own, whichever costs less; the next best when that comes to
    /// nothing.
    fn choose(&mut self, now: Timestamp, policy: &Policy, out: &mut Vec<Effect>) {
        self.company.decide_at = None;
        if self.trip.stage != Stage::Searching {
            return;
        }
        if !self.search.asks_nobody() {
            self.company.quotes.clear();
        }
        let own = self.company.held.as_ref().and_then(|(proposals, _)| self.cost_alone(now, policy, proposals));
        // The cheapest last; of two alike the older trip's car.
        self.company.quotes.sort_unstable_by(|a, b| b.cmp(a));
        match self.company.quotes.pop() {
            Some((cost, host)) if own.is_none_or(|own| cost < own) => {
                self.company.joining = Some((host, now + JOIN_WITHIN));
                let seeker = Box::new(self.seeker(false));
                let input = Sharing::Join { seeker, rider: self.trip.rider.clone() };
                out.push(Effect::ToTrip { to: host, input: TripInput::Sharing(input) });
            }
            _ => {
                self.company.quotes.clear();
                if let Some((proposals, widened)) = self.company.held.take() {
                    self.matched(now, policy, proposals, widened, out);
                }
            }
        }
    }

    /// What a car of his own costs, in the unit of the pooling planner; `None` when none was found.
    fn cost_alone(&self, now: Timestamp, policy: &Policy, proposals: &[Proposal]) -> Option<i64> {
        let way = proposals.first()?.pickup_eta;
        let ride = policy.eta(self.trip.order.pickup, self.trip.order.dropoff, now).time;
        let pooling = &policy.pooling;
        let drive = (way + ride).as_millis() * u128::from(pooling.drive_weight);
        let time = (way + pooling.boarding + ride).as_millis() * u128::from(pooling.rider_weight);
        Some(i64::try_from(drive + time).unwrap_or(i64::MAX))
    }

    /// A host says how this rider stands with it, by its record.
    pub(super) fn host_says(&mut self, now: Timestamp, policy: &Policy, says: HostSays, out: &mut Vec<Effect>) {
        let HostSays { host, driver, leg, promise, with } = says;
        let joining = self.company.joining.is_some_and(|(joining, _)| joining == host);
        match (&self.trip.stage, leg, driver) {
            (Stage::Searching, Some(_), Some(driver)) if self.trip.order.shared => {
                (self.company.promise, self.company.with, self.company.told) = (promise, with, None);
                self.propose(Event::Shared { host, driver }, now, Asker::Nobody, out);
            }
            (Stage::Searching, None, _) if joining => {
                self.company.joining = None;
                self.choose(now, policy, out);
            }
            (Stage::Shared { host: mine, .. }, leg, _) if *mine == host => {
                if let Some(leg) = leg {
                    let news = (self.company.promise, self.company.with) != (promise, with);
                    (self.company.promise, self.company.with, self.company.told) = (promise, with, Some(leg));
                    self.company.compare_at = Some(now + 2 * COMPARE_EVERY);
                    if news {
                        out.push(Effect::Publish(self.view()));
                    }
                    self.catch_up(now, out);
                } else {
                    self.lost_host(now, out);
                }
            }
            (_, Some(leg), _) if leg != RiderLeg::Out => self.tell_host(host, false, out),
            _ => {}
        }
    }

    /// Takes the next step on the way to how the host says that the rider stands.
    fn catch_up(&mut self, now: Timestamp, out: &mut Vec<Effect>) {
        let (Stage::Shared { leg, .. }, Some(told)) = (&self.trip.stage, self.company.told) else { return };
        let event = match (leg, told) {
            (RiderLeg::Waiting, RiderLeg::Arrived) => Event::DriverArrived,
            (RiderLeg::Waiting | RiderLeg::Arrived, RiderLeg::Aboard | RiderLeg::Out) => Event::PickedUp,
            (RiderLeg::Aboard, RiderLeg::Out) => Event::DroppedOff,
            // So it is, or it was so before.
            _ => return,
        };
        self.propose(event, now, Asker::Nobody, out);
    }

    /// The car does not take this rider any more: he waits for another one. If he is in it, only people can help.
    fn lost_host(&mut self, now: Timestamp, out: &mut Vec<Effect>) {
        let aboard = matches!(self.trip.stage, Stage::Shared { leg: RiderLeg::Aboard, .. });
        let by = Party::System;
        let event = if aboard {
            Event::Cancelled { by, reason: CancelReason::Other, fee: FeeStage::Free }
        } else {
            Event::GivenBack { by, reason: GiveBackReason::Other }
        };
        self.propose(event, now, Asker::Nobody, out);
    }

    fn tell_host(&self, host: TripId, with_you: bool, out: &mut Vec<Effect>) {
        let input = Sharing::GuestSays { guest: self.trip.id, with_you };
        out.push(Effect::ToTrip { to: host, input: TripInput::Sharing(input) });
    }

    /// Asks the other side whether it holds the same.
    fn compare(&mut self, now: Timestamp, out: &mut Vec<Effect>) {
        self.company.compare_at = None;
        if let Some(host) = self.trip.stage.host() {
            self.tell_host(host, true, out);
        } else if self.trip.car.has_open() {
            self.tell_guests(out);
        } else {
            return;
        }
        self.company.compare_at = Some(now + COMPARE_EVERY);
    }

    /// A step of a guest is durable.
    pub(super) fn guest_stepped(&mut self, now: Timestamp, was: Option<TripId>, out: &mut Vec<Effect>) {
        let company = &mut self.company;
        match self.trip.stage.host() {
            Some(host) if was.is_none() => {
                (company.quotes, company.held, company.decide_at, company.joining) = (Vec::new(), None, None, None);
                company.compare_at = Some(now + COMPARE_EVERY);
                self.tell_host(host, true, out);
            }
            Some(_) => self.catch_up(now, out),
            None => {
                *company = Company::default();
                (self.car, self.driver_home) = (None, None);
                // The host knows that the rider has got out; of anything else it may not.
                if let Some(host) = was.filter(|_| !matches!(self.trip.stage, Stage::Completed { .. })) {
                    self.tell_host(host, false, out);
                }
                if self.trip.stage == Stage::Searching {
                    self.seek(out);
                }
            }
        }
    }
}
