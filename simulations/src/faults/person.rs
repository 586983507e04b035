//! A driver of the town, as unreliable as a person and a phone can be.
//!
//! Lives here: what a driver does about what the app shows, where the car is.
//! Stays out: the city; who says what over which session ([`super::town`]).

use dispatch::{
    Availability, Deed, DriverId, GiveBackReason, Notice, OfferId, Refusal, SessionId, ShardId, StageName, Timestamp,
    Trip, TripId,
};
use geo::Point;
use rand::RngExt;
use rand_pcg::Pcg64Mcg;

use super::temper::Temper;
use crate::people::later;

/// Half the side of the town's square, in metres: at resolution 6 some ten shards lie in it.
pub(super) const HALF_SIDE_M: f64 = 5_000.0;
/// What a driver is about to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    Connect,
    Online,
    Offline,
    HangUp,
    Answer(OfferId, bool),
    Does(TripId, Deed),
}

/// One driver.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) id: DriverId,
    pub(super) session: Option<SessionId>,
    next: Option<(Timestamp, Act)>,
    /// The same about an offer: one may come while the driver is on a trip.
    reply: Option<(Timestamp, Act)>,
    /// The home the app was told of last.
    pub(super) home: Option<ShardId>,
    /// In metres east and north of the town's centre.
    at: (f64, f64),
    to: (f64, f64),
    trip: Option<TripId>,
    /// Said that this trip is the last one.
    rests: bool,
    /// Offers and trips of the past, for those who mix things up.
    old: Vec<(OfferId, TripId)>,
    /// How many times as long as in a storm this takes between one deed and the next, and for a rest.
    pace: u64,
    rest: u64,
}

/// The point so many metres east and north of the town's centre.
pub(super) fn point((east, north): (f64, f64)) -> Point {
    let (lat, lon) = (40.75 + north / 111_194.9, -73.98 + east / 84_237.0);
    Point::new(lat, lon).expect("the town is far from the poles and from the edge of the map")
}

/// Somewhere in the town.
pub(super) fn somewhere(rng: &mut Pcg64Mcg) -> (f64, f64) {
    (rng.random_range(-HALF_SIDE_M..HALF_SIDE_M), rng.random_range(-HALF_SIDE_M..HALF_SIDE_M))
}

impl Person {
    pub(super) fn new(number: usize, now: Timestamp, temper: &Temper, rng: &mut Pcg64Mcg) -> Person {
        let id = DriverId::new(&format!("driver-{number}")).expect("letters, a dash and a number");
        let next = Some((later(now, rng.random_range(0..5_000)), Act::Connect));
        Person {
            id,
            session: None,
            next,
            reply: None,
            home: None,
            at: somewhere(rng),
            to: somewhere(rng),
            trip: None,
            rests: false,
            old: Vec::new(),
            pace: temper.pace,
            rest: temper.rest,
        }
    }

    /// Where the car is.
    pub(super) fn place(&self) -> Point {
        point(self.at)
    }

    /// Drives on, so many metres.
    pub(super) fn drive(&mut self, step: f64, rng: &mut Pcg64Mcg) {
        let (east, north) = (self.to.0 - self.at.0, self.to.1 - self.at.1);
        let left = east.hypot(north);
        if left <= step {
            self.to = somewhere(rng);
        } else {
            self.at = (self.at.0 + east / left * step, self.at.1 + north / left * step);
        }
    }

    /// The connection is gone: the driver tries again soon.
    pub(super) fn lost(&mut self, now: Timestamp, away_ms: u64) {
        (self.session, self.trip, self.reply) = (None, None, None);
        self.next = Some((later(now, away_ms), Act::Connect));
    }

    /// The app shows something. `storm` is whether people are unreliable, too.
    pub(super) fn hears(&mut self, now: Timestamp, notice: &Notice, storm: bool, rng: &mut Pcg64Mcg) {
        match notice {
            Notice::Offer(offer) => {
                self.old.push((offer.id, offer.id.trip));
                self.reply = self.mood(now, offer.id, storm, rng);
            }
            Notice::Withdrawn { offer, .. } | Notice::Declined { offer, .. } | Notice::Promised { offer, .. } => {
                self.gone(*offer);
            }
            Notice::Refused { why: Refusal::OfferGone { offer }, .. } => self.gone(*offer),
            Notice::Trip { trip, .. } => self.goes_on(now, trip, storm, rng),
            Notice::Standing { trip: Some(trip), .. } => self.goes_on(now, trip, storm, rng),
            Notice::Standing { availability, trip: None, .. } => {
                (self.trip, self.reply) = (None, None);
                let rests = matches!(availability, Availability::Offline | Availability::OnBreak);
                self.next = rests.then(|| (self.rested(now, storm, rng), Act::Online));
            }
            Notice::TakenBack { trip, .. } => {
                if self.trip == Some(*trip) {
                    (self.trip, self.next) = (None, None);
                }
            }
            Notice::PutOnBreak { .. } => self.next = Some((self.rested(now, storm, rng), Act::Online)),
            Notice::AreYouComing { .. } | Notice::Suggestion(_) => {}
            Notice::Refused { .. } | Notice::Home { .. } | Notice::Demand { .. } => {}
            Notice::Superseded => self.lost(now, 1_000),
        }
    }

    /// When a rest ends that begins now. In the calm nobody rests for long.
    fn rested(&self, now: Timestamp, storm: bool, rng: &mut Pcg64Mcg) -> Timestamp {
        let times = if storm { self.rest } else { 1 };
        later(now, rng.random_range(500..8_000) * times)
    }

    fn mood(&self, now: Timestamp, offer: OfferId, storm: bool, rng: &mut Pcg64Mcg) -> Option<(Timestamp, Act)> {
        let (mood, soon) = (rng.random_range(0..100), rng.random_range(200..8_000));
        match mood {
            _ if !storm => Some((later(now, soon), Act::Answer(offer, true))),
            0..70 => Some((later(now, soon), Act::Answer(offer, true))),
            // At the last moment, and beyond it.
            70..80 => Some((later(now, rng.random_range(10_000..22_000)), Act::Answer(offer, true))),
            80..90 => Some((later(now, soon), Act::Answer(offer, false))),
            90..93 => Some((later(now, soon), Act::Offline)),
            93..96 => Some((later(now, soon), Act::HangUp)),
            _ => None,
        }
    }

    fn gone(&mut self, offer: OfferId) {
        if matches!(self.reply, Some((_, Act::Answer(about, _))) if about == offer) {
            self.reply = None;
        }
    }

    fn goes_on(&mut self, now: Timestamp, trip: &Trip, storm: bool, rng: &mut Pcg64Mcg) {
        if matches!(self.reply, Some((_, Act::Answer(offer, _))) if offer.trip == trip.id) {
            self.reply = None;
        }
        let pace = self.pace;
        let wait = |rng: &mut Pcg64Mcg| later(now, rng.random_range(1_000..25_000) * pace);
        let mut about = trip.id;
        let deed = match trip.stage.name() {
            StageName::EnRoute if storm && rng.random_bool(0.06) => Deed::GaveBack(GiveBackReason::Other),
            StageName::EnRoute | StageName::Arrived | StageName::InProgress | StageName::DrivingOn => {
                let Some(due) = trip.due_stops().first().copied() else { return };
                about = due.stop.trip;
                // Some get out before the last stop.
                let halts = trip.next_stop().filter(|_| due.deed() == Deed::DroppedOff && rng.random_bool(0.9));
                halts.map_or(due.deed(), |stop| Deed::StopReached { stop, rerouted: Some(trip.route.changes) })
            }
            StageName::Scheduled
            | StageName::Searching
            | StageName::Completed
            | StageName::Cancelled
            | StageName::Expired => {
                if self.trip.is_none_or(|held| held == trip.id) {
                    self.trip = None;
                    self.next = self.rests.then(|| (wait(rng), Act::Online));
                }
                return;
            }
        };
        self.trip = Some(trip.id);
        // Now and then one drives away and is not heard of again: the deadlines of the trip must end it.
        let dark = storm && rng.random_bool(0.03);
        self.next = (!dark).then(|| (wait(rng), Act::Does(about, deed)));
    }

    /// When something is due.
    pub(super) fn next_at(&self) -> Option<Timestamp> {
        self.next.iter().chain(&self.reply).map(|(at, _)| *at).min()
    }

    /// Waits for a word of the city, and asks to work if none comes.
    pub(super) fn waits(&mut self, now: Timestamp) {
        if self.next.is_none() {
            self.next = Some((later(now, 6_000), Act::Online));
        }
    }

    /// What is due, if anything. What the city must answer is said again until it does.
    pub(super) fn acts(&mut self, now: Timestamp, rng: &mut Pcg64Mcg) -> Option<Act> {
        self.rests = matches!(self.reply, Some((at, Act::Offline)) if at <= now) || self.rests;
        let again = |rng: &mut Pcg64Mcg, act| Some((later(now, rng.random_range(4_000..9_000)), act));
        if let Some((_, act)) = self.reply.take_if(|(at, _)| *at <= now) {
            if let Act::Answer(_, true) = act {
                self.reply = again(rng, act);
            } else if act != Act::HangUp && self.trip.is_none() {
                self.next = Some((later(now, rng.random_range(5_000..20_000)), Act::Online));
            }
            return Some(act);
        }
        let (_, act) = self.next.filter(|(at, _)| *at <= now)?;
        self.rests &= act != Act::Online;
        self.next = if act == Act::Connect { None } else { again(rng, act) };
        Some(act)
    }

    /// Something that makes no sense, or is long over.
    pub(super) fn mixes_up(&self, rng: &mut Pcg64Mcg) -> Option<Act> {
        let place = rng.random_range(0..self.old.len().max(1));
        let (offer, trip) = *self.old.get(self.old.len().checked_sub(1 + place.min(5))?)?;
        Some(match rng.random_range(0..7) {
            0 => Act::Answer(offer, true),
            1 => Act::Answer(offer, false),
            2 => Act::Does(trip, Deed::Arrived),
            3 => Act::Does(trip, Deed::PickedUp),
            4 => Act::Does(trip, Deed::DroppedOff),
            5 => {
                let rerouted = rng.random_bool(0.7).then(|| rng.random_range(0..4));
                Act::Does(trip, Deed::StopReached { stop: rng.random_range(1..=3), rerouted })
            }
            _ => Act::Does(trip, Deed::GaveBack(GiveBackReason::Other)),
        })
    }
}
