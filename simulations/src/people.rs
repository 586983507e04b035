//! Drivers and riders as they behave: what they do when they hear something, and when.
//!
//! Lives here: decisions of simulated people, from their own seeded chance. The same people drive real sockets in
//! `demo` and virtual time in `run`.
//! Stays out: sockets, the city's server, the clock.
//! Touch with care: a person knows only what the app was told. After a lost connection the app is told how the driver
//! stands, and the driver goes on from there.

use dispatch::{Availability, OfferId, StageName, StopKind, Timestamp, TripId};
use geo::Point;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use crate::city::{City, Journey};

mod work;

pub use work::Work;
use work::{Clock, Phase};

/// How people behave. Numbers without another source are our own judgement of what a city looks like.
#[derive(Clone, Debug)]
pub struct Habits {
    /// How long a driver looks at an offer before answering, in ms: from, to.
    pub think_ms: (u64, u64),
    /// The share of offers a driver declines.
    pub declines: f64,
    /// The share of offers a driver does not answer at all.
    pub ignores: f64,
    /// The share of accepted trips a driver gives back before the pickup.
    pub gives_back: f64,
    /// How long a rider takes to get into the car, in ms: from, to.
    pub boarding_ms: (u64, u64),
    /// How long a rider waits for a driver to accept before calling off, in ms: from, to.
    pub patience_ms: (u64, u64),
    /// The share of riders who call off while the car is on its way.
    pub changes_mind: f64,
    /// The share of suggestions where to wait that an idle driver follows.
    pub follows: f64,
    /// How often a phone sends its position, in ms.
    pub ping_every_ms: u64,
    /// The share of riders who ask for a car for later.
    pub prebooked: f64,
    /// The share of riders who would share a car.
    pub shares: f64,
    /// How far ahead those want to be picked up, in ms: from, to.
    pub ahead_ms: (u64, u64),
}

impl Default for Habits {
    fn default() -> Habits {
        Habits {
            think_ms: (1_500, 6_000),
            declines: 0.06,
            ignores: 0.02,
            gives_back: 0.01,
            boarding_ms: (15_000, 75_000),
            patience_ms: (180_000, 600_000),
            changes_mind: 0.02,
            follows: 0.6,
            ping_every_ms: 4_000,
            prebooked: 0.0,
            shares: 0.0,
            ahead_ms: (900_000, 2_700_000),
        }
    }
}

/// Where and when people are: the city and the time of day at the start of the simulation.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// Streets and speeds.
    pub city: &'a City,
    /// The moment the simulation began.
    pub start: Timestamp,
    /// What time of day it was then, in seconds after midnight.
    pub start_tod_s: u32,
    /// How people behave.
    pub habits: &'a Habits,
}

impl Scene<'_> {
    /// The time of day at a moment, in seconds after midnight.
    #[must_use]
    pub fn tod_s(&self, now: Timestamp) -> u32 {
        let passed = now.since(self.start).as_secs() + u64::from(self.start_tod_s);
        u32::try_from(passed % 86_400).unwrap_or(0)
    }
}

/// A trip as an app is told about it.
#[derive(Clone, Debug, PartialEq)]
pub struct TripNews {
    /// Which.
    pub id: TripId,
    /// How it stands.
    pub stage: StageName,
    /// From where.
    pub pickup: Point,
    /// To where.
    pub dropoff: Point,
    /// When the rider wants to be picked up, unless that is now.
    pub pickup_at: Option<Timestamp>,
    /// While others share the car: what is to be done for whom, first things first.
    pub stops: Vec<StopNews>,
}

/// Something the driver of a shared car has to do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StopNews {
    /// For whose trip.
    pub trip: TripId,
    /// What.
    pub kind: StopKind,
    /// Where.
    pub place: Point,
    /// Whether the car is there.
    pub arrived: bool,
}

/// What a driver's app is told, whatever carried it.
#[derive(Clone, Debug, PartialEq)]
pub enum DriverNews {
    /// How the driver stands.
    Standing {
        /// How.
        availability: Availability,
        /// The trip the driver is committed to.
        trip: Option<TripNews>,
    },
    /// A ride is offered.
    Offer(OfferId),
    /// An offer is taken back, or can no longer be answered.
    OfferGone(OfferId),
    /// The driver's trip is won or has moved on.
    Trip(TripNews),
    /// More work is to be expected there.
    Suggestion(Point),
    /// A command was not done.
    Refused,
}

/// What a driver does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DriverAct {
    /// Says yes.
    Accept(OfferId),
    /// Says no.
    Decline(OfferId),
    /// Is at the pickup.
    Arrived(TripId),
    /// Has the rider in the car.
    PickedUp(TripId),
    /// Has let the rider out.
    DroppedOff(TripId),
    /// Gives the trip back.
    GiveBack(TripId),
    /// Wants work.
    Online,
}

/// How long an app waits for an answer before it says the same thing again.
const SAY_AGAIN_MS: u64 = 15_000;

/// How many drives began in a city with roads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drives {
    /// Along the roads.
    pub by_road: u64,
    /// Along the grid, because there was no road within reach of one end.
    pub off_road: u64,
}

impl std::ops::AddAssign for Drives {
    fn add_assign(&mut self, more: Drives) {
        self.by_road += more.by_road;
        self.off_road += more.off_road;
    }
}

/// A simulated driver.
#[derive(Debug)]
pub struct Driver {
    rng: Pcg64Mcg,
    parked: Point,
    drive: Option<(Journey, Timestamp)>,
    drives: Drives,
    /// How many suggestions were followed.
    followed: u64,
    work: Work,
    clock: Clock,
    trip: Option<TripNews>,
    next: Option<(Timestamp, DriverAct)>,
    /// What the driver will say to the offer on the screen, also while a rider is in the car.
    answer: Option<(Timestamp, DriverAct)>,
}

impl Driver {
    /// A driver parked somewhere, with chance of their own.
    #[must_use]
    pub fn new(seed: u64, parked: Point) -> Driver {
        Driver {
            rng: Pcg64Mcg::seed_from_u64(seed),
            parked,
            drive: None,
            drives: Drives::default(),
            followed: 0,
            work: Work::default(),
            clock: Clock::default(),
            trip: None,
            next: None,
            answer: None,
        }
    }

    /// Where the car is, and its heading while it moves.
    #[must_use]
    pub fn position(&self, now: Timestamp) -> (Point, Option<f64>) {
        match &self.drive {
            None => (self.parked, None),
            Some((journey, since)) => {
                let (point, heading, _) = journey.at(millis(*since, now));
                (point, Some(heading))
            }
        }
    }

    /// How many drives the driver has begun so far; none are counted in a city without roads.
    #[must_use]
    pub fn drives(&self) -> Drives {
        self.drives
    }

    /// How many suggestions the driver has followed so far.
    #[must_use]
    pub fn followed(&self) -> u64 {
        self.followed
    }

    /// What the driver has done up to a moment.
    #[must_use]
    pub fn work(&self, now: Timestamp) -> Work {
        let mut work = self.work;
        self.count(now, &mut work);
        work
    }

    /// The trip the driver is on, as far as the app knows.
    #[must_use]
    pub fn trip(&self) -> Option<&TripNews> {
        self.trip.as_ref()
    }

    /// When the driver will do something if nothing is heard before.
    #[must_use]
    pub fn next_at(&self) -> Option<Timestamp> {
        self.next.into_iter().chain(self.answer).map(|(at, _)| at).min()
    }

    /// The app is told something.
    pub fn hears(&mut self, now: Timestamp, news: DriverNews, scene: Scene<'_>) {
        match news {
            DriverNews::Standing { availability, trip } => self.stands(now, availability, trip, scene),
            DriverNews::Offer(offer) => {
                // Who was on the way to a better place to wait stops and looks.
                if self.trip.is_none() {
                    self.park(now);
                }
                let think = self.between(scene.habits.think_ms);
                let mood: f64 = self.rng.random();
                self.answer = if mood < scene.habits.ignores {
                    None
                } else if mood < scene.habits.ignores + scene.habits.declines {
                    Some((later(now, think), DriverAct::Decline(offer)))
                } else {
                    Some((later(now, think), DriverAct::Accept(offer)))
                };
            }
            DriverNews::OfferGone(offer) => {
                let about = |act: DriverAct| act == DriverAct::Accept(offer) || act == DriverAct::Decline(offer);
                if self.answer.is_some_and(|(_, act)| about(act)) {
                    self.answer = None;
                }
            }
            DriverNews::Trip(trip) => self.goes_on(now, trip, scene),
            DriverNews::Suggestion(to) => {
                if self.trip.is_none() && self.answer.is_none() && self.rng.random_bool(scene.habits.follows) {
                    self.followed += 1;
                    self.drive_to(now, to, scene);
                }
            }
            DriverNews::Refused => {}
        }
    }

    /// Does what is due, if anything.
    pub fn acts(&mut self, now: Timestamp) -> Option<DriverAct> {
        if let Some((_, answer)) = self.answer.take_if(|(at, _)| *at <= now) {
            return Some(answer);
        }
        let (_, act) = self.next.filter(|(at, _)| *at <= now)?;
        // Said again until the app is told what came of it: the answer changes or clears what is next.
        self.next = Some((later(now, SAY_AGAIN_MS), act));
        Some(act)
    }

    fn stands(&mut self, now: Timestamp, availability: Availability, trip: Option<TripNews>, scene: Scene<'_>) {
        match trip {
            Some(trip) => self.goes_on(now, trip, scene),
            None => {
                if self.trip.take().is_some() {
                    self.park(now);
                    self.turns_to(now, Phase::Free);
                }
                // Off line, or on a break that the city gave: these people want to work.
                let idle = matches!(availability, Availability::Offline | Availability::OnBreak);
                self.next = idle.then_some((now, DriverAct::Online));
            }
        }
    }

    fn goes_on(&mut self, now: Timestamp, trip: TripNews, scene: Scene<'_>) {
        let same = |held: &TripNews| held.stage == trip.stage && held.stops.first() == trip.stops.first();
        let known = self.trip.as_ref().is_some_and(|held| held.id == trip.id && same(held));
        if known && self.next.is_some() {
            return;
        }
        match trip.stage {
            _ if !trip.stops.is_empty() => self.goes_to_stop(now, trip.stops[0], scene),
            StageName::EnRoute => {
                self.turns_to(now, Phase::ToPickup);
                let driven = self.drive_to(now, trip.pickup, scene);
                let gives_back = self.rng.random_bool(scene.habits.gives_back);
                let act = if gives_back { DriverAct::GiveBack(trip.id) } else { DriverAct::Arrived(trip.id) };
                self.next = Some((later(now, if gives_back { driven / 2 } else { driven }), act));
            }
            StageName::Arrived => {
                self.park(now);
                self.turns_to(now, Phase::Waiting);
                let boarding = self.between(scene.habits.boarding_ms);
                // Who comes early waits until the rider wanted to go.
                let ready = trip.pickup_at.map_or(now, |wished| wished.max(now));
                self.next = Some((later(ready, boarding), DriverAct::PickedUp(trip.id)));
            }
            StageName::InProgress => {
                self.turns_to(now, Phase::WithRider);
                let driven = self.drive_to(now, trip.dropoff, scene);
                self.next = Some((later(now, driven), DriverAct::DroppedOff(trip.id)));
            }
            // Ended for this driver, or given back: the car stays where it is and waits for the next offer.
            StageName::Scheduled
            | StageName::Searching
            | StageName::Completed
            | StageName::Cancelled
            | StageName::Expired
            | StageName::DrivingOn => {
                if self.trip.as_ref().is_none_or(|held| held.id == trip.id) {
                    self.trip = None;
                    self.next = None;
                    self.park(now);
                    self.turns_to(now, Phase::Free);
                }
                return;
            }
        }
        self.trip = Some(trip);
    }

    /// The first thing that is to be done with a shared car.
    fn goes_to_stop(&mut self, now: Timestamp, stop: StopNews, scene: Scene<'_>) {
        let (after, act) = match stop.kind {
            StopKind::Pickup if stop.arrived => {
                self.park(now);
                (self.between(scene.habits.boarding_ms), DriverAct::PickedUp(stop.trip))
            }
            StopKind::Pickup => (self.drive_to(now, stop.place, scene), DriverAct::Arrived(stop.trip)),
            StopKind::Dropoff => (self.drive_to(now, stop.place, scene), DriverAct::DroppedOff(stop.trip)),
        };
        self.next = Some((later(now, after), act));
    }

    fn drive_to(&mut self, now: Timestamp, to: Point, scene: Scene<'_>) -> u64 {
        let (from, _) = self.position(now);
        let journey = scene.city.drive(from, to, scene.tod_s(now));
        let duration = journey.duration_ms();
        self.turns_to(now, self.clock.phase);
        if scene.city.roads().is_some() {
            let by_road = u64::from(journey.is_by_road());
            self.drives += Drives { by_road, off_road: 1 - by_road };
        }
        self.parked = to;
        self.drive = Some((journey, now));
        duration
    }

    /// What was done so far is counted as what it was, what comes as this.
    fn turns_to(&mut self, now: Timestamp, phase: Phase) {
        let mut work = self.work;
        self.count(now, &mut work);
        self.work = work;
        self.clock = Clock { phase, since: Some(now) };
    }

    fn count(&self, now: Timestamp, work: &mut Work) {
        let Some(since) = self.clock.since else { return };
        let metres = self.drive.as_ref().map_or(0.0, |(journey, began)| {
            let whole = journey.duration_ms().max(1) as f64;
            let share = |at| (millis(*began, at) as f64 / whole).min(1.0);
            journey.distance_m() * (share(now) - share(since.max(*began)))
        });
        work.add(self.clock.phase, now.since(since).as_secs_f64(), metres);
    }

    fn park(&mut self, now: Timestamp) {
        self.turns_to(now, self.clock.phase);
        self.parked = self.position(now).0;
        self.drive = None;
    }

    fn between(&mut self, (from, to): (u64, u64)) -> u64 {
        self.rng.random_range(from..=to.max(from))
    }
}

/// A simulated rider: asks once, watches, may lose patience.
#[derive(Clone, Debug)]
pub struct Rider {
    /// When the rider calls off if no driver has accepted by then.
    pub patient_until: Timestamp,
    /// When the rider calls off although a car is on its way, if ever: after the acceptance, in ms.
    pub changes_mind_after_ms: Option<u64>,
    gives_up_at: Option<Timestamp>,
    stage: Option<StageName>,
}

impl Rider {
    /// A rider who wants a car at `now`.
    #[must_use]
    pub fn new(seed: u64, now: Timestamp, habits: &Habits) -> Rider {
        let mut rng = Pcg64Mcg::seed_from_u64(seed);
        let patient_until = later(now, rng.random_range(habits.patience_ms.0..=habits.patience_ms.1));
        let changes = rng.random_bool(habits.changes_mind);
        let changes_mind_after_ms = changes.then(|| rng.random_range(5_000..=90_000));
        Rider { patient_until, changes_mind_after_ms, gives_up_at: Some(patient_until), stage: None }
    }

    /// The trip stands so. Returns whether that is news.
    pub fn sees(&mut self, now: Timestamp, stage: StageName) -> bool {
        if self.stage == Some(stage) {
            return false;
        }
        self.stage = Some(stage);
        self.gives_up_at = match stage {
            StageName::Searching => Some(self.patient_until.max(later(now, 30_000))),
            StageName::EnRoute => self.changes_mind_after_ms.map(|after| later(now, after)),
            StageName::Scheduled | StageName::Arrived | StageName::InProgress => None,
            StageName::DrivingOn | StageName::Completed | StageName::Cancelled | StageName::Expired => None,
        };
        true
    }

    /// How the trip stands, as far as the rider has seen.
    #[must_use]
    pub fn stage(&self) -> Option<StageName> {
        self.stage
    }

    /// When the rider will call off if nothing is seen before.
    #[must_use]
    pub fn next_at(&self) -> Option<Timestamp> {
        self.gives_up_at
    }

    /// Whether the rider calls off now.
    pub fn calls_off(&mut self, now: Timestamp) -> bool {
        let due = self.gives_up_at.is_some_and(|at| at <= now);
        if due {
            self.gives_up_at = None;
        }
        due
    }
}

/// A moment some milliseconds after another.
#[must_use]
pub fn later(from: Timestamp, millis: u64) -> Timestamp {
    from + std::time::Duration::from_millis(millis)
}

fn millis(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.since(from).as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
