//! `run`: a city of simulated people in virtual time, through the production cores.

use std::time::{Duration, Instant};

use dispatch::{
    CancelReason, Deed, DriverId, DriverInput, DueStop, GiveBackReason, Notice, Order, Party, Policy, RiderId,
    SessionId, StageName, Timestamp, Trip, TripId, TripView, Vehicle,
};
use geo::Resolution;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use crate::booking::wished;
use crate::city::{City, Day};
use crate::company::{SharedRides, would_share};
use crate::demand::{Demand, NotADemand, Request};
use crate::learn::{Diary, Span};
use crate::ledger::Ledger;
use crate::measures::{Gathered, Measures};
use crate::people::{Driver, DriverAct, DriverNews, Drives, Habits, Rider, Scene, StopNews, TripNews, Work, later};
use crate::report::{Report, Timing};
use crate::world::{Delays, FastMap, News, World};

mod turns;

use turns::{Turn, Turns};

/// What kind of day the city has.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// What chance is made from.
    pub seed: u64,
    /// How many drivers work.
    pub drivers: usize,
    /// How many hours pass.
    pub hours: f64,
    /// The day of the week.
    pub day: Day,
    /// The time of day at the start, in seconds after midnight.
    pub start_tod_s: u32,
    /// How many times the data's demand is asked for.
    pub demand: f64,
    /// How people behave.
    pub habits: Habits,
    /// The rules of dispatching.
    pub policy: Policy,
    /// How large a shard is.
    pub shard_resolution: Resolution,
}

/// Keeps the chance that places drivers apart from the chance that makes requests.
const FLEET_CHANCE: u64 = 0x00f1_ee70;

/// A Monday that lies in the data: simulated time starts in its week, so that days and times of day read as they are.
const A_MONDAY_MS: u64 = 1_528_070_400_000; // 2018-06-04 00:00
/// Length of a day, in milliseconds.
const DAY_MS: u64 = 86_400_000;

impl Scenario {
    /// The moment the simulation starts.
    #[must_use]
    pub fn start(&self) -> Timestamp {
        let days = self.day.index() as u64;
        later(Timestamp::from_millis(A_MONDAY_MS), days * DAY_MS + u64::from(self.start_tod_s) * 1_000)
    }

    /// How long it lasts.
    #[must_use]
    pub fn lasts(&self) -> Duration {
        Duration::from_secs_f64(self.hours * 3_600.0)
    }

    /// Where the drivers are when the simulation starts: where riders are at that time of day, which is where the day
    /// before would have left them.
    ///
    /// # Errors
    /// [`NotADemand`] when the start is not within a day or the demand is not above 0.
    pub fn fleet(&self, city: &City) -> Result<Vec<(DriverId, Driver)>, NotADemand> {
        let mut places = Demand::new(city, self.day, self.start_tod_s, self.demand, self.seed ^ FLEET_CHANCE)?;
        let mut rng = Pcg64Mcg::seed_from_u64(self.seed);
        let mut fleet = Vec::with_capacity(self.drivers);
        while fleet.len() < self.drivers {
            let Some(request) = places.next() else { break };
            let name = format!("driver-{}", fleet.len() + 1);
            if let Ok(id) = DriverId::new(&name) {
                fleet.push((id, Driver::new(rng.random(), request.dropoff)));
            }
        }
        Ok(fleet)
    }
}

/// A trip as an app hears of it.
#[must_use]
pub fn trip_news(trip: &Trip) -> TripNews {
    let (pickup, dropoff) = (trip.order.pickup, trip.order.dropoff);
    let stop = |due: DueStop| StopNews {
        trip: due.stop.trip,
        kind: due.stop.kind,
        place: due.place,
        arrived: due.deed() == Deed::PickedUp,
    };
    let stops = if trip.car.has_open() { trip.due_stops().into_iter().map(stop).collect() } else { Vec::new() };
    let pickup_at = trip.order.pickup_at;
    TripNews { id: trip.id, stage: trip.stage.name(), pickup, dropoff, pickup_at, stops }
}

/// What an app makes of a notice, if anything.
#[must_use]
pub fn driver_news(notice: &Notice) -> Option<DriverNews> {
    match notice {
        Notice::Standing { availability, trip, .. } => {
            Some(DriverNews::Standing { availability: *availability, trip: trip.as_ref().map(trip_news) })
        }
        Notice::Offer(offer) => Some(DriverNews::Offer(offer.id)),
        Notice::Withdrawn { offer, .. } | Notice::Declined { offer, .. } => Some(DriverNews::OfferGone(*offer)),
        Notice::Trip { trip, .. } => Some(DriverNews::Trip(trip_news(trip))),
        Notice::Suggestion(suggested) => Some(DriverNews::Suggestion(suggested.to)),
        Notice::Refused { .. } => Some(DriverNews::Refused),
        // The car goes on with its rider; the next trip is told of when it begins.
        Notice::Promised { .. } | Notice::Home { .. } | Notice::Superseded => None,
        // The habits say how often a phone speaks.
        Notice::Demand { .. } => None,
        // The position that follows answers the one; a trip or a standing follows the others.
        Notice::AreYouComing { .. } | Notice::TakenBack { .. } | Notice::PutOnBreak { .. } => None,
    }
}

struct Seat {
    id: DriverId,
    session: SessionId,
    person: Driver,
}

/// A simulation under way.
struct Play<'a> {
    scenario: &'a Scenario,
    scene: Scene<'a>,
    world: World,
    seats: Vec<Seat>,
    seat_of: FastMap<DriverId, usize>,
    riders: FastMap<TripId, Rider>,
    turns: Turns,
    ledger: Ledger,
    gathered: Gathered,
    rng: Pcg64Mcg,
    pings: u64,
    said: u64,
    /// What drivers do with their time, if somebody wants to know.
    diary: Option<Diary>,
}

/// Runs a scenario to its end, on the city's own demand or on requests recorded elsewhere (in the order of time).
/// `progress` is called about once a minute of the city.
///
/// # Errors
/// [`NotADemand`] when the start is not within a day or the demand is not above 0.
pub fn run(
    city: &City,
    scenario: &Scenario,
    recorded: Option<Vec<Request>>,
    progress: &mut dyn FnMut(Timestamp, &Ledger),
) -> Result<Report, NotADemand> {
    Ok(run_measured(city, scenario, recorded, progress)?.0)
}

/// The same, and what the run is judged by.
///
/// # Errors
/// As [`run`].
pub fn run_measured(
    city: &City,
    scenario: &Scenario,
    recorded: Option<Vec<Request>>,
    progress: &mut dyn FnMut(Timestamp, &Ledger),
) -> Result<(Report, Measures), NotADemand> {
    let (report, measures, _) = run_explained(city, scenario, recorded, 0, progress)?;
    Ok((report, measures))
}

/// The same, and why the riders waited who waited longest, in words: so many of them.
///
/// # Errors
/// As [`run`].
pub fn run_explained(
    city: &City,
    scenario: &Scenario,
    recorded: Option<Vec<Request>>,
    longest: usize,
    progress: &mut dyn FnMut(Timestamp, &Ledger),
) -> Result<(Report, Measures, Vec<String>), NotADemand> {
    let began = Instant::now();
    let play = played(city, scenario, recorded, None, progress)?;
    let measures = play.measures();
    let explained = crate::explained::longest_waits(&play.ledger, &play.world, longest);
    Ok((play.report(began.elapsed()), measures, explained))
}

/// As [`run`], and what drivers did with their time.
///
/// # Errors
/// As [`run`].
pub fn run_with_diary(city: &City, scenario: &Scenario) -> Result<(Report, Vec<Span>), NotADemand> {
    let began = Instant::now();
    let mut play = played(city, scenario, None, Some(Diary::default()), &mut |_, _| {})?;
    let spans = play.diary.take().map(Diary::into_spans).unwrap_or_default();
    Ok((play.report(began.elapsed()), spans))
}

fn played<'a>(
    city: &'a City,
    scenario: &'a Scenario,
    recorded: Option<Vec<Request>>,
    diary: Option<Diary>,
    progress: &mut dyn FnMut(Timestamp, &Ledger),
) -> Result<Play<'a>, NotADemand> {
    let scene = Scene { city, start: scenario.start(), start_tod_s: scenario.start_tod_s, habits: &scenario.habits };
    let world = World::new(scenario.start(), scenario.policy.clone(), scenario.shard_resolution, Delays::default())
        .stages_only();
    let mut play = Play {
        scenario,
        scene,
        world,
        seats: Vec::new(),
        seat_of: FastMap::default(),
        riders: FastMap::default(),
        turns: Turns::default(),
        ledger: Ledger::default(),
        gathered: Gathered::default(),
        rng: Pcg64Mcg::seed_from_u64(scenario.seed ^ 0x5eed_0f00),
        pings: 0,
        said: 0,
        diary,
    };
    play.seat_fleet()?;
    match recorded {
        Some(requests) => play.play(requests.into_iter(), progress),
        None => {
            let demand = Demand::new(city, scenario.day, scenario.start_tod_s, scenario.demand, scenario.seed)?;
            play.play(demand, progress);
        }
    }
    Ok(play)
}

impl Play<'_> {
    fn seat_fleet(&mut self) -> Result<(), NotADemand> {
        let every = self.scene.habits.ping_every_ms.max(1);
        // Phones speak at random moments, in the order of the seats: what is asked for next lies next in memory.
        let fleet = self.scenario.fleet(self.scene.city)?;
        let mut phases: Vec<u64> = fleet.iter().map(|_| self.rng.random_range(0..every)).collect();
        phases.sort_unstable();
        for ((id, person), phase) in fleet.into_iter().zip(phases) {
            let now = self.world.now();
            let (at, _) = person.position(now);
            let session = self.world.connect(&id, at);
            let place = self.seats.len();
            self.seat_of.insert(id.clone(), place);
            self.seats.push(Seat { id, session, person });
            self.turns.plan(later(now, phase), Turn::Ping(place));
        }
        Ok(())
    }

    fn play(&mut self, mut demand: impl Iterator<Item = Request>, progress: &mut dyn FnMut(Timestamp, &Ledger)) {
        let (start, end) = (self.scenario.start(), self.scenario.start() + self.scenario.lasts());
        let mut request = demand.next();
        if let Some(first) = &request {
            self.turns.plan(later(start, first.at_ms), Turn::Ask);
        }
        let mut shown = start;
        loop {
            while let Some(news) = self.world.hear() {
                self.hear(news);
            }
            let next = self.turns.next_at().map_or(end, |at| at.min(end));
            self.world.advance(next);
            if self.world.now() < next {
                continue; // somebody heard something
            }
            if self.world.now() >= end {
                break;
            }
            let Some(turn) = self.turns.take() else { continue };
            match turn {
                Turn::Ask => {
                    if let Some(asked) = request.take() {
                        self.ask(&asked);
                    }
                    request = demand.next();
                    if let Some(next) = &request {
                        self.turns.plan(later(start, next.at_ms), Turn::Ask);
                    }
                }
                Turn::Ping(place) => self.ping(place),
                Turn::Driver(place) => self.act(place),
                Turn::Rider(trip) => self.rider_turn(trip),
            }
            if self.world.now().since(shown) >= Duration::from_secs(60) {
                shown = self.world.now();
                progress(shown, &self.ledger);
            }
        }
        // What the store has done in the last moment is still told, so that the books can be compared.
        loop {
            while let Some(news) = self.world.hear() {
                self.hear(news);
            }
            match self.world.next_at() {
                Some(at) if self.world.writes_pending() > 0 => self.world.advance(at),
                _ => break,
            }
        }
    }

    fn ask(&mut self, request: &Request) {
        self.said += 1;
        let Ok(rider) = RiderId::new(&format!("rider-{}", self.said)) else { return };
        let (key, chance) = (format!("request-{}", self.said), self.rng.random());
        self.ledger.asked();
        let pickup_at = wished(&mut self.rng, self.scene.habits, self.world.now());
        let shared = would_share(self.scenario.seed.rotate_left(32) ^ self.said, self.scene.habits.shares);
        let order = Order { pickup_at, shared, ..Order::new(request.pickup, request.dropoff) };
        let (trip, _) = self.world.request(rider, order, key, chance);
        if let Some(wished) = pickup_at {
            self.ledger.wished(trip, wished);
        }
        let person = Rider::new(self.rng.random(), pickup_at.unwrap_or(self.world.now()), self.scene.habits);
        self.riders.insert(trip, person);
        self.rider_next(trip);
    }

    fn ping(&mut self, place: usize) {
        let now = self.world.now();
        let seat = &self.seats[place];
        let (point, heading) = seat.person.position(now);
        if let Some(diary) = &mut self.diary {
            diary.is_at(place, point, now);
        }
        self.world.ping(&seat.id, point, heading);
        self.pings += 1;
        self.turns.plan(later(now, self.scene.habits.ping_every_ms.max(1)), Turn::Ping(place));
    }

    fn act(&mut self, place: usize) {
        let now = self.world.now();
        let seat = &mut self.seats[place];
        if let Some(act) = seat.person.acts(now) {
            self.said += 1;
            let ask = World::ask(seat.session, self.said);
            let does = |trip, deed| DriverInput::Does { trip, deed, ask };
            let input = match act {
                DriverAct::Accept(offer) => DriverInput::Answer { offer, yes: true, ask },
                DriverAct::Decline(offer) => DriverInput::Answer { offer, yes: false, ask },
                DriverAct::Arrived(trip) => does(trip, Deed::Arrived),
                DriverAct::PickedUp(trip) => does(trip, Deed::PickedUp),
                DriverAct::DroppedOff(trip) => does(trip, Deed::DroppedOff),
                DriverAct::GiveBack(trip) => does(trip, Deed::GaveBack(GiveBackReason::Other)),
                DriverAct::Online => {
                    DriverInput::GoOnline { ask, last: None, vehicle: Vehicle::default(), homeward: None }
                }
            };
            let (id, position) = (seat.id.clone(), seat.person.position(now));
            // Apps send where they are with what they do, so that nothing is decided on an old position.
            self.world.ping(&id, position.0, position.1);
            self.world.says(&id, input);
        }
        self.driver_next(place);
    }

    fn rider_turn(&mut self, trip: TripId) {
        let now = self.world.now();
        if self.riders.get_mut(&trip).is_some_and(|rider| rider.calls_off(now)) {
            let reason = match self.riders.get(&trip).and_then(Rider::stage) {
                Some(StageName::EnRoute) => CancelReason::ChangedMind,
                _ => CancelReason::WaitedTooLong,
            };
            self.world.cancel_because(trip, Party::Rider, reason);
        }
    }

    fn hear(&mut self, news: News) {
        let now = self.world.now();
        match news {
            News::Driver { driver, session, notice } => {
                let Some(&place) = self.seat_of.get(&driver) else { return };
                if self.seats[place].session != session {
                    return;
                }
                if let Notice::Trip { trip, .. } = &notice {
                    self.ledger.told(trip.id, trip.version, trip.stage.told_as(), trip.since);
                    if let Some(diary) = &mut self.diary {
                        diary.hears(place, trip.stage.name(), self.seats[place].person.position(now).0, now);
                    }
                    if let (StageName::Completed, Some(fare)) = (trip.stage.name(), trip.order.fare) {
                        self.gathered.paid(place, trip.id, fare.minor());
                    }
                }
                if let Some(news) = driver_news(&notice) {
                    self.seats[place].person.hears(now, news, self.scene);
                    self.driver_next(place);
                }
            }
            News::HungUp { driver, session } => {
                let Some(&place) = self.seat_of.get(&driver) else { return };
                if self.seats[place].session == session {
                    let (at, _) = self.seats[place].person.position(now);
                    self.seats[place].session = self.world.connect(&driver, at);
                }
            }
            News::Trip(view) => self.see(&view),
            News::Answer { answer: Ok(view), .. } => {
                if view.trip.version == 1 {
                    self.ledger.answered();
                }
                self.see(&view);
            }
            News::Answer { answer: Err(_), .. } => {}
        }
    }

    fn see(&mut self, view: &TripView) {
        let trip = &view.trip;
        for (version, stage, since) in &view.history {
            self.ledger.told(trip.id, *version, *stage, *since);
        }
        let stage = trip.stage.told_as();
        let Some(rider) = self.riders.get_mut(&trip.id) else { return };
        let news = rider.sees(self.world.now(), stage);
        if news {
            self.gathered.sees(view);
        }
        if !stage.is_active() {
            self.riders.remove(&trip.id);
        } else if news {
            self.rider_next(trip.id);
        }
    }

    fn driver_next(&mut self, place: usize) {
        if let Some(at) = self.seats[place].person.next_at() {
            self.turns.plan(at, Turn::Driver(place));
        }
    }

    fn rider_next(&mut self, trip: TripId) {
        if let Some(at) = self.riders.get(&trip).and_then(Rider::next_at) {
            self.turns.plan(at, Turn::Rider(trip));
        }
    }

    fn measures(&self) -> Measures {
        let now = self.world.now();
        let work: Vec<Work> = self.seats.iter().map(|seat| seat.person.work(now)).collect();
        let Scenario { start_tod_s, hours, .. } = *self.scenario;
        self.gathered.measures(self.scenario.start(), start_tod_s, hours, &work)
    }

    /// What came of riders who would share; `None` where nobody would.
    fn shared_rides(&self) -> Option<SharedRides> {
        let direct =
            |from, to, at| Duration::from_millis(self.scene.city.drive(from, to, self.scene.tod_s(at)).duration_ms());
        (self.scene.habits.shares > 0.0).then(|| SharedRides::of(&self.world.store().journal_now(), direct))
    }

    fn report(&self, took: Duration) -> Report {
        let store = self.world.store();
        let (journal, violations) =
            self.ledger.compare(&store.journal_now(), &store.all_trips_now(), &store.all_drivers_now());
        let wall_seconds = took.as_secs_f64();
        let report = Report {
            seed: self.scenario.seed,
            simulated_hours: self.scenario.hours,
            drivers: self.seats.len(),
            demand: self.scenario.demand,
            offers: self.world.offers(),
            suggestions: self.world.suggestions(),
            followed: self.seats.iter().map(|seat| seat.person.followed()).sum(),
            shared_rides: self.shared_rides(),
            pings: self.pings,
            etas_fallback: (!self.scenario.policy.travel.is_straight()).then(|| self.world.counts().etas_fallback),
            timing: Some(Timing {
                wall_seconds,
                simulated_hours_per_wall_second: self.scenario.hours / wall_seconds.max(1e-9),
            }),
            ..Report::from_books(&self.ledger, journal, &violations)
        };
        let mut drives = Drives::default();
        self.seats.iter().for_each(|seat| drives += seat.person.drives());
        if self.scene.city.roads().is_some() { report.with_drives(drives) } else { report }
    }
}
