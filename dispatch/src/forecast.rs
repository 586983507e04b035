//! How many requests are to be expected: where, at which time of day, learned from those that came.
//!
//! Lives here: rates by place number ([`Rates`]), the same by H3 cell with a bound ([`Forecast`]).
//! Stays out: who is sent there ([`crate::reposition`]); what a request is worth; files.
//! Touch with care: [`Rates::rate`] mixes counts of former days with the last half hour; both are counts over a time
//! that was really watched, and neither may be divided by a time that was not.
//!
//! How: each slot of the day (a quarter of an hour, say) remembers a decaying count of requests and of days watched.
//! Its rate is their quotient, smoothed over the slots before and after and over the places around. To this comes the
//! last half hour, an exponentially decaying count, as if it were `recent_worth_days` days of history, and less for
//! moments farther ahead: alone on the first day, a slight correction after weeks.

mod by_cell;
mod handed_on;

use std::time::Duration;

use crate::policy::RepositionPolicy;
use crate::{Slots, Timestamp};

pub use by_cell::Forecast;

/// Before anything is known nothing is expected: so many days without a request stand at the beginning, or the very
/// first request, a second after the watch began, would make thousands an hour.
const DOUBT_DAYS: f64 = 0.05;

/// What is known about one place.
#[derive(Clone, Debug, Default, PartialEq)]
struct Known {
    /// Requests in each slot, of former days, decayed. Empty until the first one is written into it.
    usual: Vec<f32>,
    /// Requests in the slot that is not over.
    open: f32,
    /// Requests of late, decayed to the moment of `Rates::recent_at`.
    recent: f64,
    /// The places around, by number.
    around: Vec<usize>,
}

/// Requests by place and time of day, learned as they come. Places are numbers from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Rates {
    slots: Slots,
    /// What a count is multiplied by when the next day of its kind is added.
    keeps: f32,
    recent_worth_days: f64,
    recent_lasts_s: f64,
    neighbours_share: f64,
    /// How many days each slot was watched, decayed as the counts are.
    days: Vec<f32>,
    places: Vec<Known>,
    /// The running number of the slot that is being counted; `None` before anything was seen.
    open: Option<u64>,
    /// From when on the open slot was watched, as a share of it.
    open_from: f64,
    /// To which moment `Known::recent` is decayed, and how much of such a memory had been watched by then: 0 to 1.
    recent_at: Timestamp,
    recent_watched: f64,
}

impl Rates {
    /// Nothing known yet about any place.
    #[must_use]
    pub fn new(policy: &RepositionPolicy, slots: Slots) -> Rates {
        Rates {
            slots,
            keeps: (1.0 - 1.0 / policy.days_remembered.max(1.0)) as f32,
            recent_worth_days: policy.recent_worth_days,
            recent_lasts_s: policy.recent_lasts.as_secs_f64(),
            neighbours_share: policy.neighbours_share,
            days: vec![0.0; slots.count()],
            places: Vec::new(),
            open: None,
            open_from: 0.0,
            recent_at: Timestamp::default(),
            recent_watched: 0.0,
        }
    }

    /// How many places there are.
    #[must_use]
    pub fn places(&self) -> usize {
        self.places.len()
    }

    /// The parts of the day that rates are kept for.
    #[must_use]
    pub fn slots(&self) -> Slots {
        self.slots
    }

    /// Adds a place and says which places it touches. Numbers that are not there yet are left out. Answers its number.
    pub fn add_place(&mut self, around: &[usize]) -> usize {
        let number = self.places.len();
        self.places.push(Known::default());
        self.join(number, around);
        number
    }

    /// Forgets what is known about a place; it touches these from now on.
    fn replace_place(&mut self, number: usize, around: &[usize]) {
        for other in std::mem::take(&mut self.places[number].around) {
            self.places[other].around.retain(|&place| place != number);
        }
        self.places[number] = Known::default();
        self.join(number, around);
    }

    fn join(&mut self, number: usize, around: &[usize]) {
        for &other in around {
            if other < self.places.len() && other != number && !self.places[number].around.contains(&other) {
                self.places[number].around.push(other);
                if !self.places[other].around.contains(&number) {
                    self.places[other].around.push(number);
                }
            }
        }
    }

    /// Counts what is known from elsewhere: so many requests at a place in a slot, over as many days as
    /// [`Rates::remember_days`] says of that slot.
    pub fn remember(&mut self, place: usize, slot: usize, requests: f64) {
        let slots = self.slots.count();
        if let Some(known) = self.places.get_mut(place)
            && slot < slots
            && requests.is_finite()
        {
            known.usual.resize(slots, 0.0);
            known.usual[slot] += requests.max(0.0) as f32;
        }
    }

    /// Says over how many days the requests of [`Rates::remember`] came in this slot.
    pub fn remember_days(&mut self, slot: usize, days: f64) {
        if let Some(watched) = self.days.get_mut(slot)
            && days.is_finite()
        {
            *watched += days.max(0.0) as f32;
        }
    }

    /// A request came up at a place. Moments may be handed in late, by less than a slot, and count as now.
    pub fn observe(&mut self, place: usize, at: Timestamp) {
        self.watch(at);
        if let Some(known) = self.places.get_mut(place) {
            known.open += 1.0;
            known.recent += 1.0;
        }
    }

    /// Time has passed, whether a request came or not. Without it a city that is asleep would seem not to be watched.
    pub fn watch(&mut self, now: Timestamp) {
        let running = self.slots.running(now);
        let Some(open) = self.open else {
            (self.open, self.open_from, self.recent_at) = (Some(running), self.slots.share_over(now), now);
            return;
        };
        if running > open {
            self.close(open, running);
        }
        let passed = now.since(self.recent_at).as_secs_f64();
        if passed > 0.0 {
            let keeps = (-passed / self.recent_lasts_s).exp();
            self.places.iter_mut().for_each(|known| known.recent *= keeps);
            self.recent_watched = 1.0 - (1.0 - self.recent_watched) * keeps;
            self.recent_at = now;
        }
    }

    /// Writes the open slot, and those that passed without a request, into the history.
    fn close(&mut self, open: u64, running: u64) {
        // After a pause longer than all slots there is nothing more to learn from emptiness: nobody was watching.
        let paused = running - open > self.slots.of_a_day() as u64;
        let watched = (1.0 - self.open_from).clamp(0.0, 1.0) as f32;
        self.add_day(self.slots.of_running(open), watched);
        if !paused {
            for number in open + 1..running {
                self.add_day(self.slots.of_running(number), 1.0);
            }
        }
        (self.open, self.open_from) = (Some(running), 0.0);
    }

    /// Adds what the open slot counted as so much of a day.
    fn add_day(&mut self, slot: usize, watched: f32) {
        let (slots, keeps) = (self.slots.count(), 1.0 - (1.0 - self.keeps) * watched);
        self.days[slot] = self.days[slot] * keeps + watched;
        for known in &mut self.places {
            let counted = std::mem::take(&mut known.open);
            if known.usual.is_empty() && counted == 0.0 {
                continue;
            }
            known.usual.resize(slots, 0.0);
            known.usual[slot] = known.usual[slot] * keeps + counted;
        }
    }

    /// How many requests an hour are to be expected at a place at a moment: now or soon after. 0 where nothing is
    /// known.
    #[must_use]
    pub fn rate(&self, place: usize, at: Timestamp) -> f64 {
        let Some(known) = self.places.get(place) else { return 0.0 };
        let own = self.own_rate(known, at);
        if known.around.is_empty() || self.neighbours_share == 0.0 {
            return own;
        }
        let others: f64 = known.around.iter().map(|&other| self.own_rate(&self.places[other], at)).sum();
        let others = others / known.around.len() as f64;
        own + self.neighbours_share * (others - own)
    }

    /// Requests an hour at a moment, by what was counted at this place alone.
    fn own_rate(&self, known: &Known, at: Timestamp) -> f64 {
        let slot = self.slots.at(at);
        let slot_s = self.slots.lasts().as_secs_f64();
        let [before, after] = self.slots.around(slot);
        let sum = |of: &[f32]| -> f64 {
            let get = |slot: usize| of.get(slot).copied().map_or(0.0, f64::from);
            2.0 * get(slot) + get(before) + get(after)
        };
        // The slot counts twice, so four slots are one day four times over.
        let (requests, days) = (sum(&known.usual) / 4.0, sum(&self.days) / 4.0);
        // What happened of late says less and less about later.
        let still_true = (-at.since(self.recent_at).as_secs_f64() / self.recent_lasts_s).exp();
        let recent_worth_days = self.recent_worth_days * still_true;
        let recent_days = recent_worth_days * self.recent_watched;
        // At a steady rate `recent` is that rate times `recent_lasts_s`, of which so much has been watched.
        let recent = recent_worth_days * known.recent / self.recent_lasts_s * slot_s;
        (requests + recent) / (days + recent_days + DOUBT_DAYS) * 3_600.0 / slot_s
    }

    /// How many requests are to be expected at a place from a moment on, over so long a time.
    #[must_use]
    pub fn expected(&self, place: usize, from: Timestamp, over: Duration) -> f64 {
        let (mut now, mut left, mut sum) = (from, over, 0.0);
        while left > Duration::ZERO {
            let step = self.slots.left(now).min(left);
            sum += self.rate(place, now) * step.as_secs_f64() / 3_600.0;
            (now, left) = (now + step, left.saturating_sub(step));
        }
        sum
    }

    /// How many requests of a place are remembered, of whatever time.
    fn remembered(&self, place: usize) -> f64 {
        self.places.get(place).map_or(0.0, |known| {
            known.usual.iter().map(|&requests| f64::from(requests)).sum::<f64>() + f64::from(known.open) + known.recent
        })
    }
}

#[cfg(test)]
mod tests;
