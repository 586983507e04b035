//! How a driver deals with offers, and what follows: how many more are shown, a break, the way home.
//!
//! Lives here: the share of offers a driver accepts, the cap on offers an hour, the count of unanswered ones, go-home.
//! Stays out: what an offer does to the driver's availability (see `offers`).
//! Touch with care: all of it is kept in memory alone; a driver rebuilt after a crash begins with a clean sheet, but for the
//! share of offers accepted, which a snapshot may know.

use std::collections::VecDeque;
use std::time::Duration;

use geo::{Point, distance};

use super::LiveDriver;
use crate::{Cap, DriverAsk, Effect, HomewardPolicy, Notice, Policy, Refusal, Timestamp, Wish};

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

/// The acceptance of who accepts everything.
const ALWAYS: u32 = 1_000;

/// How much of the share of accepted offers one answer is: a tenth, so that the last twenty or so count.
const SMOOTHING: u32 = 10;

/// How a driver has dealt with offers so far.
#[derive(Clone, Debug)]
pub(super) struct Manner {
    /// Of [`ALWAYS`], smoothed.
    acceptance: u32,
    /// How many offers in a row were not answered.
    unanswered: u32,
    /// When offers were shown, the latest last; as many as the cap needs.
    shown: VecDeque<Timestamp>,
    /// Nothing is shown until then: the cap is reached.
    rests_until: Option<Timestamp>,
    homeward: Option<Homeward>,
    /// When go-home was used, the latest last; as many as the cap needs.
    went_home: VecDeque<Timestamp>,
}

/// Where the driver wants to get to, and until when only rides that lead there are wanted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Homeward {
    pub(super) to: Point,
    pub(super) until: Timestamp,
}

impl Default for Manner {
    fn default() -> Manner {
        Manner {
            acceptance: ALWAYS,
            unanswered: 0,
            shown: VecDeque::new(),
            rests_until: None,
            homeward: None,
            went_home: VecDeque::new(),
        }
    }
}

impl Manner {
    /// Of 100 offers, how many this driver accepts.
    pub(super) fn acceptance(&self) -> u8 {
        u8::try_from((self.acceptance + 5) / 10).unwrap_or(100)
    }

    /// The same of a thousand, as it is handed on.
    pub(super) fn of_a_thousand(&self) -> u16 {
        u16::try_from(self.acceptance).unwrap_or(u16::MAX)
    }

    /// So many of a thousand were accepted under the shard's last owner.
    pub(super) fn accepted(&mut self, of_a_thousand: u16) {
        self.acceptance = u32::from(of_a_thousand).min(ALWAYS);
    }

    pub(super) fn homeward(&self) -> Option<Homeward> {
        self.homeward
    }

    /// Whether the driver has been shown as many offers as are good for anyone in an hour.
    pub(super) fn is_resting(&self) -> bool {
        self.rests_until.is_some()
    }

    /// When time alone will change something.
    pub(super) fn deadline(&self) -> Option<Timestamp> {
        self.rests_until.into_iter().chain(self.homeward.map(|homeward| homeward.until)).min()
    }

    /// Forgets what is over. Returns whether the way home is.
    pub(super) fn settle(&mut self, now: Timestamp) -> bool {
        self.rests_until = self.rests_until.filter(|until| *until > now);
        let before = self.homeward;
        self.homeward = before.filter(|homeward| homeward.until > now);
        self.homeward != before
    }

    pub(super) fn shown(&mut self, now: Timestamp, policy: &Policy) {
        let most = policy.offers.per_hour_max;
        if most == 0 {
            return;
        }
        self.shown.push_back(now);
        while self.shown.len() > most {
            self.shown.pop_front();
        }
        let oldest = self.shown.front().filter(|_| self.shown.len() == most);
        self.rests_until = oldest.map(|oldest| *oldest + HOUR).filter(|until| *until > now);
    }

    /// The driver has said something to an offer, whatever it was.
    pub(super) fn spoke(&mut self) {
        self.unanswered = 0;
    }

    /// An offer has come to a yes, or to a no.
    pub(super) fn judged(&mut self, yes: bool) {
        let aim = if yes { ALWAYS } else { 0 };
        self.acceptance = (self.acceptance * (SMOOTHING - 1) + aim) / SMOOTHING;
        if yes && self.acceptance + SMOOTHING > ALWAYS {
            // Whole numbers never quite arrive.
            self.acceptance = ALWAYS;
        }
    }

    /// Only rides that lead home from now on; none of that when there is no home.
    fn heads(&mut self, now: Timestamp, home: Option<Point>, policy: &HomewardPolicy) -> Result<(), Refusal> {
        let Some(to) = home else {
            self.homeward = None;
            return Ok(());
        };
        if self.homeward.is_some_and(|homeward| homeward.to == to) {
            return Ok(());
        }
        while self.went_home.len() > policy.per_day_max || self.went_home.front().is_some_and(|at| *at + DAY <= now) {
            self.went_home.pop_front();
        }
        if self.went_home.len() >= policy.per_day_max {
            let again_at = self.went_home.front().map_or(now + DAY, |oldest| *oldest + DAY);
            return Err(Refusal::Capped { cap: Cap::GoHome, retry_after: again_at.since(now) });
        }
        self.went_home.push_back(now);
        self.homeward = Some(Homeward { to, until: now + policy.lasts });
        Ok(())
    }
}

/// Whether a ride brings a driver who is `here` clearly closer to where he wants to get to: it ends near there, or at
/// least so much of the driven way is way home (all along great circles).
pub(crate) fn leads_home(here: Point, pickup: Point, dropoff: Point, home: Point, policy: &HomewardPolicy) -> bool {
    let metres = |from, to| distance(from, to).get();
    let gained = metres(here, home) - metres(dropoff, home);
    let driven = metres(here, pickup) + metres(pickup, dropoff);
    gained > 0.0 && (metres(dropoff, home) <= policy.near.get() || gained >= policy.progress * driven)
}

impl LiveDriver {
    /// Where the driver wants to get to. Returns whether that is granted.
    pub(super) fn heads_home(
        &mut self,
        now: Timestamp,
        policy: &Policy,
        home: Option<Point>,
        ask: DriverAsk,
        out: &mut Vec<Effect>,
    ) -> bool {
        if self.session != Some(ask.session) {
            return false;
        }
        match self.manner.heads(now, home, &policy.homeward) {
            Ok(()) => true,
            Err(why) => {
                self.tell(Notice::Refused { ask, why }, out);
                false
            }
        }
    }

    /// An offer ran out on the screen. Who answers none of them is not there: he gets a break until he says otherwise.
    pub(super) fn was_silent(&mut self, policy: &Policy, out: &mut Vec<Effect>) {
        self.manner.judged(false);
        self.manner.unanswered += 1;
        let unanswered = self.manner.unanswered;
        if policy.offers.unanswered_max > 0 && unanswered >= policy.offers.unanswered_max {
            self.manner.unanswered = 0;
            self.wish = Wish::Break;
            self.tell(Notice::PutOnBreak { unanswered }, out);
            self.tell_standing(None, out);
        }
    }
}

#[cfg(test)]
mod tests;
