//! A very small city: owners of shards with their cores, letters on their way, papers on the store's desk, apps.
//!
//! Lives here: what the state is, how it is compared, how it begins.
//! Stays out: what cores want done ([`super::shell`]); what may happen next ([`super::events`]).
//! Touch with care: everything that may change what follows must be hashed. What is left out is taken for equal.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use dispatch::invariants::{Running, Violation};
use dispatch::{
    DriverId, DriverInput, Effect, Epoch, Generation, LiveDriver, LiveTrip, Notice, OfferId, Policy, Refusal,
    SessionId, ShardId, StageName, Timestamp, Trip, TripId, WriteError,
};
use persistence::{Done, DriverRow, Guarded, MemoryStore};

use super::sealed::Sealed;
use super::{Bounds, Mistake};

/// An owner of a shard: later ones have higher epochs, and an earlier one may not know yet.
pub(super) type Owner = (ShardId, Epoch);

/// A core in the memory of an owner.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Who {
    Trip(TripId),
    Driver(DriverId),
}

/// What one owner of a shard holds in memory.
#[derive(Clone, Debug, Default, PartialEq, Hash)]
pub(super) struct Office {
    /// Every owner has a clock of its own, and it need not agree with any other.
    pub(super) now: Timestamp,
    pub(super) trips: BTreeMap<TripId, Arc<Sealed<LiveTrip>>>,
    pub(super) drivers: BTreeMap<DriverId, Arc<Sealed<LiveDriver>>>,
    pub(super) moved: BTreeMap<DriverId, ShardId>,
    pub(super) rebuilding: BTreeSet<TripId>,
}

/// What goes from one core to another. Any of them may overtake any other.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly all letters are words of cores: boxing them saves nothing")]
pub(super) enum Letter {
    Core(Effect),
    Install(Box<LiveDriver>, ShardId, Generation),
}

impl Letter {
    pub(super) fn home(&self) -> Option<ShardId> {
        match self {
            Letter::Core(Effect::ToTrip { to, .. }) => Some(to.home()),
            Letter::Core(Effect::ToDriver { home, .. }) => Some(*home),
            Letter::Core(Effect::ToShard { to, .. }) | Letter::Install(_, to, _) => Some(*to),
            Letter::Core(_) => None,
        }
    }
}

/// What lies on the store's desk.
#[derive(Clone, Debug)]
pub(super) enum Paper {
    /// Not done yet. Whoever asked may be gone by now; it may be done all the same, at any time, or never.
    Write { guarded: Box<Guarded>, to: Option<(Owner, Who)> },
    /// Done or refused, and not told yet.
    Told { outcome: Result<Done, WriteError>, to: (Owner, Who) },
    /// A driver's core asks for its row.
    Read { number: u64, to: (Owner, Who) },
    /// The row as it was when it was read.
    Row { number: u64, row: Box<Option<Trip>>, to: (Owner, Who) },
    /// The row of someone who is not in memory, and the letter that waits for it.
    Woken { row: Box<Option<DriverRow>>, input: Box<DriverInput>, driver: DriverId, at: Owner },
}

impl Paper {
    /// Who waits for it.
    pub(super) fn to(&self) -> Option<(&Owner, Option<&Who>)> {
        match self {
            Paper::Write { to: None, .. } => None,
            Paper::Write { to: Some((owner, who)), .. }
            | Paper::Told { to: (owner, who), .. }
            | Paper::Read { to: (owner, who), .. }
            | Paper::Row { to: (owner, who), .. } => Some((owner, Some(who))),
            Paper::Woken { at, .. } => Some((at, None)),
        }
    }
}

/// A driver's app, and the person who looks at it.
#[derive(Clone, Debug, PartialEq, Hash)]
pub(super) struct App {
    /// The session, and the owner it speaks to.
    pub(super) line: Option<(SessionId, Owner)>,
    /// On whose ground the car is.
    pub(super) place: ShardId,
    pub(super) works: bool,
    /// The offer that is shown, and whether "yes" was said to it.
    pub(super) offer: Option<(OfferId, bool)>,
    pub(super) trip: Option<Shown>,
    /// The next ride that was promised, and how often the way of the present trip had been changed then.
    pub(super) promised: Option<(OfferId, u16)>,
}

impl App {
    /// Not connected, on this ground.
    pub(super) fn new(place: ShardId) -> App {
        App { line: None, place, works: false, offer: None, trip: None, promised: None }
    }

    /// A trip is shown: the driver's own, or one that was.
    pub(super) fn sees(&mut self, driver: &DriverId, trip: &Trip) {
        if self.offer.is_some_and(|(offer, _)| offer.trip == trip.id) {
            self.offer = None;
        }
        if trip.stage.committed_driver() == Some(driver) {
            let (stop, rerouted) = (trip.next_stop(), trip.route.changes);
            self.trip = Some(Shown { trip: trip.id, stage: trip.stage.name(), said: false, stop, rerouted });
        } else if self.trip.is_some_and(|shown| shown.trip == trip.id) {
            self.trip = None;
        }
    }

    /// What was promised about the next ride, as far as the app hears of it.
    pub(super) fn promises(&mut self, notice: &Notice) {
        match notice {
            Notice::Promised { offer, .. } if self.promised.is_none() => {
                self.promised = self.trip.map(|shown| (*offer, shown.rerouted));
            }
            Notice::Withdrawn { offer, .. }
            | Notice::Declined { offer, .. }
            | Notice::Refused { why: Refusal::OfferGone { offer }, .. } => {
                self.promised = self.promised.filter(|(promised, _)| promised != offer);
            }
            Notice::Trip { trip, .. } => {
                self.promised = self.promised.filter(|(promised, _)| promised.trip != trip.id);
            }
            _ => {}
        }
    }

    /// The next ride was promised for another way than the present one.
    pub(super) fn outlived(&self) -> Option<Violation> {
        let ((offer, for_way), shown) = (self.promised?, self.trip?);
        let what = format!("its way was changed, and {offer} is still promised for the time after it");
        let version = shown.rerouted.into();
        (shown.rerouted != for_way).then_some(Violation::Illegal { trip: shown.trip, version, what })
    }
}

/// A trip, as its driver's app shows it.
#[derive(Clone, Copy, Debug, PartialEq, Hash)]
pub(super) struct Shown {
    pub(super) trip: TripId,
    pub(super) stage: StageName,
    /// Its next step was reported.
    pub(super) said: bool,
    /// The number of the stop that comes next.
    pub(super) stop: Option<u8>,
    pub(super) rerouted: u16,
}

/// A trip, as its rider's app shows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Hash)]
pub(super) struct Seen {
    pub(super) version: u32,
    /// It leads over the other stop, or to the other end, and not to where it led at first.
    pub(super) elsewhere: bool,
}

/// The whole city at one moment.
#[derive(Clone)]
pub(super) struct City {
    pub(super) store: Arc<Sealed<MemoryStore>>,
    /// The promises, as production, simulations and this carry them along.
    pub(super) promises: Arc<Sealed<Running>>,
    pub(super) offices: BTreeMap<Owner, Arc<Office>>,
    /// The latest owner of each shard.
    pub(super) owners: BTreeMap<ShardId, Epoch>,
    pub(super) letters: Vec<Arc<Sealed<Letter>>>,
    pub(super) desk: Vec<Arc<Sealed<Paper>>>,
    pub(super) apps: BTreeMap<DriverId, App>,
    /// The trips whose riders may change the way.
    pub(super) riders: BTreeMap<TripId, Seen>,
    /// What may still happen.
    pub(super) left: Bounds,
    /// A write under an epoch that was not the latest was done.
    pub(super) overruled_wrote: bool,
    pub(super) broken: Vec<Violation>,
    /// After the storm nobody compares states any more.
    pub(super) calm: bool,
    pub(super) mistake: Option<Mistake>,
    /// Whether rides halt on their way.
    pub(super) halts: bool,
}

impl City {
    pub(super) fn empty(bounds: Bounds, mistake: Option<Mistake>, halts: bool) -> City {
        let mut promises = Running::default();
        promises.listens_to_drivers();
        City {
            store: Sealed::new(MemoryStore::default()),
            promises: Sealed::new(promises),
            offices: BTreeMap::new(),
            owners: BTreeMap::new(),
            letters: Vec::new(),
            desk: Vec::new(),
            apps: BTreeMap::new(),
            riders: BTreeMap::new(),
            left: bounds,
            overruled_wrote: false,
            broken: Vec::new(),
            calm: false,
            mistake,
            halts,
        }
    }

    pub(super) fn seal<T: fmt::Debug>(&self, value: T) -> Arc<Sealed<T>> {
        if self.calm { Sealed::blank(value) } else { Sealed::new(value) }
    }

    /// Puts something where its like lie: the order in which it came is forgotten, except in the calm.
    fn file<T: fmt::Debug>(calm: bool, drawer: &mut Vec<Arc<Sealed<T>>>, sealed: Arc<Sealed<T>>) {
        let place = if calm { drawer.len() } else { drawer.partition_point(|other| other.print() < sealed.print()) };
        drawer.insert(place, sealed);
    }

    pub(super) fn post(&mut self, letter: Letter) {
        let sealed = self.seal(letter);
        City::file(self.calm, &mut self.letters, sealed);
    }

    pub(super) fn lay(&mut self, paper: Paper) {
        let sealed = self.seal(paper);
        City::file(self.calm, &mut self.desk, sealed);
    }

    /// Puts a paper back as it was.
    pub(super) fn refile(&mut self, paper: Arc<Sealed<Paper>>) {
        City::file(self.calm, &mut self.desk, paper);
    }

    /// Every owner of a shard who lives, later ones last.
    pub(super) fn owners_of(&self, shard: ShardId) -> impl DoubleEndedIterator<Item = Owner> + '_ {
        self.offices.range((shard, Epoch(0))..=(shard, Epoch(u64::MAX))).map(|(owner, _)| *owner)
    }

    pub(super) fn office(&mut self, owner: Owner) -> Option<&mut Office> {
        self.offices.get_mut(&owner).map(Arc::make_mut)
    }

    /// When time alone changes something for a core.
    pub(super) fn deadline(&self, policy: &Policy, owner: Owner, who: &Who) -> Option<Timestamp> {
        let office = self.offices.get(&owner)?;
        let at = match who {
            Who::Trip(trip) => office.trips.get(trip)?.deadline(policy),
            Who::Driver(driver) => office.drivers.get(driver)?.deadline(),
        };
        at.map(|at| at.max(office.now))
    }

    pub(super) fn cores(&self) -> impl Iterator<Item = (Owner, Who)> + '_ {
        self.offices.iter().flat_map(|(owner, office)| {
            let trips = office.trips.keys().map(|trip| Who::Trip(*trip));
            let drivers = office.drivers.keys().map(|driver| Who::Driver(driver.clone()));
            trips.chain(drivers).map(|who| (*owner, who))
        })
    }

    /// Nothing is on its way that somebody waits for, and every shard has an owner.
    pub(super) fn is_still(&self) -> bool {
        let seeks = |letter: &Arc<Sealed<Letter>>| matches!(***letter, Letter::Core(Effect::ToShard { .. }));
        self.letters.iter().all(seeks)
            && self.desk.iter().all(|paper| paper.to().is_none())
            && self.offices.values().all(|office| office.rebuilding.is_empty())
            && self.owners.keys().all(|shard| self.owners_of(*shard).next().is_some())
    }
}

impl Hash for City {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.store.hash(state);
        self.promises.hash(state);
        self.offices.hash(state);
        self.letters.hash(state);
        self.desk.hash(state);
        self.apps.hash(state);
        self.riders.hash(state);
        self.left.hash(state);
        (self.overruled_wrote, self.broken.len()).hash(state);
    }
}

impl PartialEq for City {
    fn eq(&self, other: &City) -> bool {
        self.store == other.store
            && self.promises == other.promises
            && self.offices == other.offices
            && self.letters == other.letters
            && self.desk == other.desk
            && self.apps == other.apps
            && self.riders == other.riders
            && self.left == other.left
            && (self.overruled_wrote, &self.broken) == (other.overruled_wrote, &other.broken)
    }
}

impl fmt::Debug for City {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let trips = self.store.all_trips_now();
        let stages: Vec<_> = trips.iter().map(|trip| (trip.id, trip.version, trip.stage.name())).collect();
        f.debug_struct("City")
            .field("rows", &stages)
            .field("owners", &self.offices.keys().collect::<Vec<_>>())
            .field("letters", &self.letters.len())
            .field("desk", &self.desk.len())
            .field("broken", &self.broken)
            .finish_non_exhaustive()
    }
}
