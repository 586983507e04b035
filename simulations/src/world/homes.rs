//! Who lives where: claiming shards, letting them go, waking and moving drivers, rebuilding trips.
//!
//! The same work as `actors` does in its node, its shards and its offices; a letter for a shard that is being claimed
//! waits for it, one for a driver who has moved follows.

use dispatch::{
    Absent, DriverId, DriverInput, Effect, Epoch, Generation, LiveDriver, LiveShard, LiveTrip, SessionId, ShardId,
    TripId, to_absent_driver,
};
use persistence::{DriverRow, LoadedShard};

use super::{Actor, Happening, Letter, News, Who, World};

/// How many letters wait for a shard that is being claimed. Those beyond are lost, as on a network.
const HELD_MAX: usize = 10_000;

impl Letter {
    /// The shard it goes to.
    pub(super) fn home(&self) -> ShardId {
        match self {
            Letter::Core(Effect::ToTrip { to, .. }) => to.home(),
            Letter::Core(Effect::ToDriver { home, .. }) => *home,
            Letter::Core(Effect::ToShard { to, .. }) => *to,
            Letter::Core(_) => unreachable!("only messages are sent"),
            Letter::Attach(row, _) => row.home.expect("nobody attaches to a driver without a home"),
            Letter::Install(_, to, _) => *to,
        }
    }
}

impl World {
    // ---- shards ----------------------------------------------------------------------------------------------------

    /// Claims a shard and takes up what is in it, unless it is owned.
    pub(super) fn own(&mut self, shard: ShardId) -> Epoch {
        if let Some(&epoch) = self.epochs.get(&shard) {
            return epoch;
        }
        let epoch = self.store.claim_now(shard);
        let loaded = self.store.load_now(shard);
        self.open(shard, epoch, loaded);
        epoch
    }

    /// Lets a shard go and claims it anew. Letters wait until it is there again.
    pub(super) fn step_down(&mut self, shard: ShardId) {
        if self.epochs.remove(&shard).is_none() || self.coming.contains_key(&shard) {
            return;
        }
        self.faulted.step_downs += 1;
        if let Some(witness) = &mut self.witness {
            witness.note(self.now, "let go", &shard);
        }
        self.frozen.remove(&shard);
        self.shards.remove(&shard);
        self.trips.retain(|trip, _| trip.home() != shard);
        self.rebuilding.retain(|trip| trip.home() != shard);
        self.moved.retain(|(office, _), _| *office != shard);
        self.last_words.retain(|(office, _), _| *office != shard);
        let mut gone: Vec<(ShardId, DriverId)> =
            self.drivers.keys().filter(|(home, _)| *home == shard).cloned().collect();
        gone.sort();
        gone.into_iter().for_each(|(home, driver)| self.dismiss(home, &driver));
        match &mut self.chance {
            None => drop(self.own(shard)),
            Some(chance) => {
                let (until, _) = chance.claim();
                self.coming.insert(shard, Vec::new());
                self.plan(self.now + until, Happening::Claim(shard));
            }
        }
    }

    /// Claimed first and loaded afterwards: what is loaded then is the truth of the new epoch.
    pub(super) fn claim(&mut self, shard: ShardId) {
        let epoch = self.store.claim_now(shard);
        let loaded = self.store.load_now(shard);
        let takes = self.chance.as_mut().map(|chance| chance.claim().1).unwrap_or_default();
        self.plan(self.now + takes, Happening::Loaded(shard, epoch, Box::new(loaded)));
    }

    pub(super) fn loaded(&mut self, shard: ShardId, epoch: Epoch, loaded: LoadedShard) {
        let Some(held) = self.coming.remove(&shard) else { return };
        self.open(shard, epoch, loaded);
        self.at_once.extend(held);
    }

    fn open(&mut self, shard: ShardId, epoch: Epoch, loaded: LoadedShard) {
        self.epochs.insert(shard, epoch);
        self.shards.insert(shard, LiveShard::new(shard, &self.policy));
        for row in loaded.drivers {
            self.wake(shard, &row);
        }
        for (trip, driver_home) in loaded.trips {
            let (live, effects) = LiveTrip::restored(trip, epoch, driver_home);
            self.begin_trip(live, effects);
        }
    }

    /// Keeps a letter for a shard that is being claimed or stands still; gives it back when the shard is there.
    pub(super) fn hold(&mut self, letter: Letter) -> Option<Letter> {
        let Some(held) = self.coming.get_mut(&letter.home()) else {
            return match self.put_off(Happening::Letter(letter)) {
                Some(Happening::Letter(letter)) => Some(letter),
                _ => None,
            };
        };
        if held.len() < HELD_MAX {
            held.push(letter);
        }
        None
    }

    // ---- trips -----------------------------------------------------------------------------------------------------

    pub(super) fn begin_trip(&mut self, live: LiveTrip, effects: Vec<Effect>) {
        let id = live.trip().id;
        let number = self.next_actor();
        self.trips.insert(id, Actor::new(live, number));
        let who = Who::Trip(id);
        self.perform(&who, effects);
        self.set_alarm(&who);
    }

    /// What is in memory may be wrong: the row is right, and is read.
    pub(super) fn rebuild_trip(&mut self, trip: TripId) {
        self.trips.remove(&trip);
        let Some(&epoch) = self.epochs.get(&trip.home()) else { return };
        match self.asks_store() {
            None => self.step_down(trip.home()),
            Some(takes) => {
                self.rebuilding.insert(trip);
                self.plan(self.now + takes, Happening::Rebuilt(trip, epoch));
            }
        }
    }

    pub(super) fn rebuilt(&mut self, trip: TripId, epoch: Epoch) {
        if !self.rebuilding.remove(&trip) || self.epochs.get(&trip.home()) != Some(&epoch) {
            return;
        }
        let Some(row) = self.store.trip_now(trip).filter(|row| row.stage.name().is_active()) else { return };
        let driver = row.stage.committed_driver().and_then(|driver| self.store.driver_now(driver));
        let (live, effects) = LiveTrip::restored(row, epoch, driver.and_then(|driver| driver.home));
        self.begin_trip(live, effects);
    }

    // ---- drivers ---------------------------------------------------------------------------------------------------

    /// The driver who lives here; made from the row when there is none.
    pub(super) fn wake(&mut self, office: ShardId, row: &DriverRow) {
        if self.drivers.contains_key(&(office, row.id.clone())) {
            return;
        }
        let mut live = LiveDriver::restored(row.id.clone(), office, row.generation, row.trip.clone());
        let mut effects = Vec::new();
        live.tell_shard(&mut effects);
        self.install(live, effects);
    }

    fn install(&mut self, live: LiveDriver, effects: Vec<Effect>) {
        let (home, driver) = (live.home(), live.id().clone());
        let number = self.next_actor();
        self.dismiss(home, &driver);
        self.moved.remove(&(home, driver.clone()));
        self.drivers.insert((home, driver.clone()), Actor::new(live, number));
        let who = Who::Driver(home, driver);
        self.perform(&who, effects);
        self.set_alarm(&who);
    }

    /// Forgets a driver. With the actor end its lines: the app whose line it was must connect again.
    pub(super) fn dismiss(&mut self, home: ShardId, driver: &DriverId) {
        let Some(actor) = self.drivers.remove(&(home, driver.clone())) else { return };
        if let Some(session) = actor.core.session()
            && self.lines.get(driver).is_some_and(|line| line.session == session)
        {
            self.lines.remove(driver);
            if let Some(witness) = &mut self.witness {
                witness.hung_up(self.now, driver, session);
            }
            self.news.push_back(News::HungUp { driver: driver.clone(), session });
        }
    }

    pub(super) fn attach(&mut self, row: &DriverRow, session: SessionId) {
        let Some(home) = row.home else { return };
        self.own(home);
        self.wake(home, row);
        drop(self.step_live_driver(home, &row.id, DriverInput::Connected { session, generation: row.generation }));
    }

    /// A driver's home is another shard now: it is sent there, and letters follow.
    pub(super) fn hand_over(&mut self, who: &Who, to: ShardId, generation: Generation) {
        let Who::Driver(from, driver) = who else { return };
        let Some(actor) = self.drivers.remove(&(*from, driver.clone())) else { return };
        self.moved.insert((*from, driver.clone()), to);
        let install = Letter::Install(Box::new(actor.core.clone()), to, generation);
        match &mut self.chance {
            None => self.post(self.delays.letter, install),
            Some(chance) => {
                // It cannot come twice: a driver is handed from one mailbox to another.
                match chance.ways(&mut self.faulted).first().copied() {
                    Some(way) => self.plan(self.now + self.delays.letter + way, Happening::Letter(install)),
                    None => self.lost_on_the_way(driver, actor.core.session()),
                }
            }
        }
    }

    fn lost_on_the_way(&mut self, driver: &DriverId, session: Option<SessionId>) {
        if let Some(session) = session.filter(|session| self.session(driver) == Some(*session)) {
            self.lines.remove(driver);
            if let Some(witness) = &mut self.witness {
                witness.hung_up(self.now, driver, session);
            }
            self.news.push_back(News::HungUp { driver: driver.clone(), session });
        }
    }

    pub(super) fn moves_in(&mut self, mut live: LiveDriver, to: ShardId, generation: Generation) {
        self.own(to);
        if self.drivers.contains_key(&(to, live.id().clone())) {
            // Made from the row, which knew of the move: whoever comes now is older.
            return self.lost_on_the_way(&live.id().clone(), live.session());
        }
        let effects = live.moved_in(to, generation);
        if live.is_gone() {
            // Hung up on the way: nobody moves in, and no letter is sent on after somebody who came back.
            self.moved.remove(&(to, live.id().clone()));
            let who = Who::Shard(to);
            effects.into_iter().for_each(|effect| self.send(&who, effect));
        } else {
            self.install(live, effects);
        }
    }

    /// A letter for a driver who is not in memory here.
    pub(super) fn deliver_to_absent(&mut self, home: ShardId, driver: DriverId, input: DriverInput) {
        let here = Who::Shard(home);
        if let Some(&to) = self.moved.get(&(home, driver.clone())) {
            return self.send(&here, Effect::ToDriver { to: driver, home: to, input });
        }
        match to_absent_driver(&driver, home, &input) {
            Absent::Ignore => {}
            Absent::Do(effects) => effects.into_iter().for_each(|effect| self.send(&here, effect)),
            Absent::Wake => {
                let Some(&epoch) = self.epochs.get(&home) else { return };
                let Some(takes) = self.asks_store() else { return };
                let row = self.store.driver_now(&driver).map(Box::new);
                self.plan(self.now + takes, Happening::Woken(home, epoch, row, Box::new(input)));
            }
        }
    }

    pub(super) fn woken(&mut self, office: ShardId, epoch: Epoch, row: Option<Box<DriverRow>>, input: DriverInput) {
        let Some(row) = row.filter(|_| self.epochs.get(&office) == Some(&epoch)) else { return };
        match row.home {
            Some(home) if home == office => {
                self.wake(office, &row);
                self.step_driver(row.id, home, input);
            }
            Some(home) => self.send(&Who::Shard(office), Effect::ToDriver { to: row.id, home, input }),
            None => {}
        }
    }

    pub(super) fn next_actor(&mut self) -> u64 {
        self.actors += 1;
        self.actors
    }

    pub(super) fn number_of(&self, who: &Who) -> Option<u64> {
        match who {
            Who::Trip(trip) => self.trips.get(trip).map(|actor| actor.number),
            Who::Driver(home, driver) => self.drivers.get(&(*home, driver.clone())).map(|actor| actor.number),
            Who::Shard(_) => None,
        }
    }
}
