//! The shell of virtual time: effects of the cores become inputs of other cores, in the order in which they were caused.
//!
//! The same work as `actors` does with mailboxes; what it decides is only when something arrives.

use dispatch::{
    Absent, AskId, DriverId, DriverInput, Effect, Epoch, LiveDriver, LiveShard, LiveTrip, Notice, Party, Refusal,
    ShardId, ShardInput, Timestamp, TripId, TripInput, TripView, Write, WriteError, answer_from_record,
    to_absent_driver, to_absent_shard, to_absent_trip,
};
use persistence::{Done, DriverRow, Fence, Guarded};

use super::{Happening, News, Who, World};

impl World {
    pub(super) fn own(&mut self, shard: ShardId) -> Epoch {
        if let Some(&epoch) = self.epochs.get(&shard) {
            return epoch;
        }
        let epoch = self.store.claim_now(shard);
        self.epochs.insert(shard, epoch);
        self.shards.insert(shard, LiveShard::new(shard, &self.policy));
        let loaded = self.store.load_now(shard);
        for row in loaded.drivers {
            self.wake_driver(row);
        }
        for (trip, driver_home) in loaded.trips {
            let id = trip.id;
            let (live, effects) = LiveTrip::restored(trip, epoch, driver_home);
            self.trips.insert(id, live);
            self.perform(&Who::Trip(id), effects);
        }
        epoch
    }

    pub(super) fn wake_driver(&mut self, row: DriverRow) {
        let Some(home) = row.home else { return };
        let known = self.drivers.get(&row.id).is_some_and(|live| live.home() == home);
        if !known {
            let live = LiveDriver::restored(row.id.clone(), home, row.generation, row.trip);
            let mut effects = Vec::new();
            live.tell_shard(&mut effects);
            self.drivers.insert(row.id.clone(), live);
            self.perform(&Who::Driver(row.id), effects);
        }
    }

    pub(super) fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Wake(who) => {
                self.alarms.remove(&who);
                match who {
                    Who::Trip(trip) => self.step_trip(trip, TripInput::TimePassed),
                    Who::Driver(driver) => self.step_live_driver(&driver, DriverInput::TimePassed),
                    Who::Shard(shard) => self.step_shard(shard, ShardInput::TimePassed),
                }
            }
            Happening::Written(trip, input) => {
                self.writes_pending -= 1;
                self.step_trip(trip, input);
            }
            Happening::Moved(driver, input) => {
                self.writes_pending -= 1;
                self.step_live_driver(&driver, input);
            }
            Happening::Read(driver, input) => self.step_live_driver(&driver, input),
            Happening::Letter(effect) => self.at_once.push_back(effect),
        }
    }

    pub(super) fn settle_at_once(&mut self) {
        while let Some(effect) = self.at_once.pop_front() {
            match effect {
                Effect::ToTrip { to, input } => self.step_trip(to, input),
                Effect::ToDriver { to, home, input } => self.step_driver(&to, home, input),
                Effect::ToShard { to, input } => self.step_shard(to, input),
                _ => {}
            }
        }
    }

    fn step_trip(&mut self, trip: TripId, input: TripInput) {
        if let Some(live) = self.trips.get_mut(&trip) {
            let effects = live.step(self.now, &self.policy, input);
            return self.perform(&Who::Trip(trip), effects);
        }
        match (to_absent_trip(trip, &input), input) {
            (Absent::Do(effects), _) => self.at_once.extend(effects),
            (Absent::Wake, TripInput::Cancel { by, ask, .. }) => {
                let answer = self.answer_from_store(trip, by);
                self.news.push_back(News::Answer { ask, answer });
            }
            (Absent::Wake, TripInput::Sharing(input)) => {
                let stored = self.store.trip_now(trip);
                self.at_once.extend(answer_from_record(trip, stored.as_ref(), &input));
            }
            (Absent::Wake | Absent::Ignore, _) => {}
        }
    }

    fn answer_from_store(&self, trip: TripId, by: Party) -> Result<TripView, Refusal> {
        let stored = self.store.trip_now(trip).ok_or(Refusal::UnknownTrip { trip })?;
        let busy = Refusal::Busy { retry_after: dispatch::RETRY_AFTER };
        dispatch::answer_for_ended(&stored, by).unwrap_or(Err(busy))?;
        Ok(LiveTrip::restored(stored, Epoch(0), None).0.view())
    }

    /// Letters follow a driver who has moved: in virtual time there is one register of drivers for all shards.
    fn step_driver(&mut self, driver: &DriverId, home: ShardId, input: DriverInput) {
        if self.drivers.contains_key(driver) {
            return self.step_live_driver(driver, input);
        }
        match to_absent_driver(driver, home, &input) {
            Absent::Do(effects) => self.at_once.extend(effects),
            Absent::Wake => {
                if let Some(row) = self.store.driver_now(driver)
                    && row.home.is_some()
                {
                    self.wake_driver(row);
                    self.step_driver(driver, home, input);
                }
            }
            Absent::Ignore => {}
        }
    }

    fn step_live_driver(&mut self, driver: &DriverId, input: DriverInput) {
        if let Some(live) = self.drivers.get_mut(driver) {
            let effects = live.step(self.now, &self.policy, input);
            self.perform(&Who::Driver(driver.clone()), effects);
        }
    }

    fn step_shard(&mut self, shard: ShardId, input: ShardInput) {
        if !self.shards.contains_key(&shard) {
            match to_absent_shard(shard, &input) {
                Absent::Do(effects) => return self.at_once.extend(effects),
                Absent::Ignore => return,
                Absent::Wake => {
                    self.own(shard);
                }
            }
        }
        let Some(live) = self.shards.get_mut(&shard) else { return };
        let effects = live.step(self.now, &self.policy, input);
        self.perform(&Who::Shard(shard), effects);
    }

    pub(super) fn perform(&mut self, who: &Who, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::ToTrip { .. } | Effect::ToDriver { .. } | Effect::ToShard { .. } => self.send(who, effect),
                Effect::ToSession { driver, session, notice } => {
                    self.offers += u64::from(matches!(notice, Notice::Offer(_)));
                    self.suggestions += u64::from(matches!(notice, Notice::Suggestion(_)));
                    self.news.push_back(News::Driver { driver, session, notice });
                }
                Effect::Commit(write) => self.commit(who, write),
                Effect::ReadRow { number } => self.read_row(who, number),
                Effect::Answer { ask, answer } => self.news.push_back(News::Answer { ask, answer }),
                Effect::Publish(view) => self.news.push_back(News::Trip(view)),
                // In virtual time whoever studies decisions asks for them.
                Effect::Log(_) => {}
                Effect::HandOver { to, generation } => self.hand_over(who, to, generation),
                Effect::Retire => self.forget(who),
                Effect::Rebuild { .. } => self.rebuild(who),
            }
        }
        self.set_alarm(who);
    }

    /// A message inside a shard is there at once; between shards it takes its time.
    fn send(&mut self, from: &Who, effect: Effect) {
        let to = match &effect {
            Effect::ToTrip { to, .. } => to.home(),
            Effect::ToDriver { home, .. } => *home,
            Effect::ToShard { to, .. } => *to,
            _ => return,
        };
        let from = match from {
            Who::Trip(trip) => Some(trip.home()),
            Who::Driver(driver) => self.drivers.get(driver).map(LiveDriver::home),
            Who::Shard(shard) => Some(*shard),
        };
        if from == Some(to) {
            self.at_once.push_back(effect);
        } else {
            self.plan(self.now + self.delays.letter, Happening::Letter(effect));
        }
    }

    fn commit(&mut self, who: &Who, write: Write) {
        let shard = match (who, &write) {
            (Who::Trip(trip), _) => trip.home(),
            (_, Write::Move { from, .. }) => *from,
            _ => return,
        };
        let Some(&epoch) = self.epochs.get(&shard) else { return };
        let guarded = Guarded { fence: Fence { shard, epoch }, write };
        let outcome = self.store.commit_now(vec![guarded]).pop().unwrap_or(Err(WriteError::Unknown));
        let told = match who {
            Who::Trip(trip) => {
                Happening::Written(*trip, outcome.map_or_else(TripInput::NotWritten, |_| TripInput::Written))
            }
            Who::Driver(driver) => {
                let moved = outcome.and_then(|done| match done {
                    Done::Moved { generation } => Ok(generation),
                    Done::Journaled { .. } => Err(WriteError::Stale),
                });
                Happening::Moved(driver.clone(), DriverInput::MoveWritten(moved))
            }
            Who::Shard(_) => return,
        };
        self.writes_pending += 1;
        self.plan(self.now + self.delays.commit, told);
    }

    fn read_row(&mut self, who: &Who, number: u64) {
        let Who::Driver(driver) = who else { return };
        let trip = self.store.driver_now(driver).and_then(|row| row.trip);
        self.plan(
            self.now + self.delays.commit,
            Happening::Read(driver.clone(), DriverInput::Row { number, row: Ok(trip) }),
        );
    }

    fn hand_over(&mut self, who: &Who, to: ShardId, generation: dispatch::Generation) {
        let Who::Driver(driver) = who else { return };
        self.own(to);
        if let Some(live) = self.drivers.get_mut(driver) {
            let effects = live.moved_in(to, generation);
            let gone = live.is_gone();
            self.perform(who, effects);
            if gone {
                self.forget(who);
            }
        }
    }

    fn forget(&mut self, who: &Who) {
        match who {
            Who::Trip(trip) => drop(self.trips.remove(trip)),
            Who::Driver(driver) => drop(self.drivers.remove(driver)),
            Who::Shard(_) => {}
        }
    }

    /// What is in memory may be wrong: the rows are right.
    fn rebuild(&mut self, who: &Who) {
        self.forget(who);
        match who {
            Who::Trip(trip) => {
                let Some(row) = self.store.trip_now(*trip).filter(|row| row.stage.name().is_active()) else { return };
                let driver = row.stage.committed_driver().and_then(|driver| self.store.driver_now(driver));
                let epoch = self.own(trip.home());
                let (live, effects) = LiveTrip::restored(row, epoch, driver.and_then(|driver| driver.home));
                self.trips.insert(*trip, live);
                self.perform(who, effects);
            }
            Who::Driver(driver) => {
                if let Some(row) = self.store.driver_now(driver) {
                    self.wake_driver(row);
                }
            }
            Who::Shard(_) => {}
        }
    }

    fn set_alarm(&mut self, who: &Who) {
        let deadline = match who {
            Who::Trip(trip) => self.trips.get(trip).and_then(|live| live.deadline(&self.policy)),
            Who::Driver(driver) => self.drivers.get(driver).and_then(LiveDriver::deadline),
            Who::Shard(shard) => self.shards.get(shard).and_then(LiveShard::deadline),
        };
        let Some(at) = deadline.map(|at| at.max(self.now)) else { return };
        // An alarm that rings too early is harmless: it finds nothing due, and sets the next one.
        if self.alarms.get(who).is_none_or(|&set| at < set) {
            self.alarms.insert(who.clone(), at);
            self.plan(at, Happening::Wake(who.clone()));
        }
    }

    pub(super) fn plan(&mut self, at: Timestamp, happening: Happening) {
        self.caused += 1;
        self.future.insert((at, self.caused), happening);
    }

    pub(super) fn next_ask(&mut self) -> AskId {
        self.asks += 1;
        AskId(self.asks)
    }
}
