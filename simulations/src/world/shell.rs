//! The shell of virtual time: effects of the cores become inputs of other cores, in the order in which they were caused.
//!
//! The same work as `actors` does with mailboxes; what it decides is only when something arrives.

use dispatch::{
    Absent, AskId, DriverId, DriverInput, Effect, Epoch, LiveDriver, LiveShard, LiveTrip, Notice, Party, Ping, Refusal,
    SessionId, ShardId, ShardInput, StageName, Timestamp, TripId, TripInput, TripView, WriteError, answer_from_record,
    to_absent_shard, to_absent_trip, to_rebuilding_trip,
};
use persistence::Done;

use super::carry::{Fetch, Told};
use super::{Happening, Letter, News, Planted, Who, World, sooner};

impl World {
    pub(super) fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Wake(who) => {
                let now = self.now;
                // Only the alarm that is set rings: an earlier one that took its place has set the next.
                let rings = self.alarm_of(&who).and_then(|alarm| alarm.take_if(|at| *at == now));
                match who {
                    _ if rings.is_none() => {}
                    Who::Trip(trip) => drop(self.step_live_trip(trip, TripInput::TimePassed)),
                    Who::Driver(home, driver) => {
                        drop(self.step_live_driver(home, &driver, DriverInput::TimePassed));
                    }
                    Who::Shard(shard) => self.step_live_shard(shard, ShardInput::TimePassed),
                }
            }
            Happening::Letter(letter) => self.at_once.push_back(letter),
            Happening::Write(guarded, told) => self.write_now(*guarded, told),
            Happening::Written(told) => self.written(told),
            Happening::Fetch(fetch) => self.fetch(fetch),
            Happening::Fetched(fetch, row) => {
                let Fetch { driver, home, number, reading, .. } = fetch;
                if self.number_of(&Who::Driver(home, driver.clone())) == Some(number) {
                    drop(self.step_live_driver(home, &driver, DriverInput::Row { number: reading, row }));
                }
            }
            Happening::Woken(office, epoch, row, input) => self.woken(office, epoch, row, *input),
            Happening::Rebuilt(trip, epoch) => self.rebuilt(trip, epoch),
            Happening::Claim(shard) => self.claim(shard),
            Happening::Loaded(shard, epoch, loaded) => self.loaded(shard, epoch, *loaded),
        }
    }

    /// The answer is for the actor who asked, not for one that took its place.
    fn written(&mut self, told: Told) {
        self.writes_pending = self.writes_pending.saturating_sub(1);
        let Told { who, number, outcome, .. } = told;
        if self.number_of(&who) != Some(number) {
            return;
        }
        match who {
            Who::Trip(trip) => {
                let input = match outcome {
                    Ok(Done::Journaled { .. }) => TripInput::Written,
                    Ok(Done::Moved { .. }) => TripInput::NotWritten(WriteError::Stale),
                    Err(why) => TripInput::NotWritten(why),
                };
                drop(self.step_live_trip(trip, input));
            }
            Who::Driver(home, driver) => {
                let moved = outcome.and_then(|done| match done {
                    Done::Moved { generation } => Ok(generation),
                    Done::Journaled { .. } => Err(WriteError::Stale),
                });
                drop(self.step_live_driver(home, &driver, DriverInput::MoveWritten(moved)));
            }
            Who::Shard(_) => {}
        }
    }

    pub(super) fn settle_at_once(&mut self) {
        while let Some(letter) = self.at_once.pop_front() {
            self.deliver(letter);
        }
    }

    /// A letter is there.
    pub(super) fn deliver(&mut self, letter: Letter) {
        match self.hold(letter) {
            None => {}
            Some(Letter::Core(Effect::ToTrip { to, input })) => self.step_trip(to, input),
            Some(Letter::Core(Effect::ToDriver { to, home, input })) => self.step_driver(to, home, input),
            Some(Letter::Core(Effect::ToShard { to, input })) => self.step_shard(to, input),
            Some(Letter::Core(_)) => {}
            Some(Letter::Attach(row, session)) => self.attach(&row, session),
            Some(Letter::Install(live, to, generation)) => self.moves_in(*live, to, generation),
        }
    }

    fn step_trip(&mut self, trip: TripId, input: TripInput) {
        self.own(trip.home());
        let Some(input) = self.step_live_trip(trip, input) else { return };
        let here = Who::Shard(trip.home());
        if self.rebuilding.contains(&trip) {
            if let TripInput::Cancel { ask, .. } = input {
                let answer = Err(Refusal::Busy { retry_after: dispatch::RETRY_AFTER });
                self.news.push_back(News::Answer { ask, answer });
            } else if let Some(effect) = to_rebuilding_trip(&input) {
                self.send(&here, effect);
            }
            return;
        }
        match (to_absent_trip(trip, &input), input) {
            (Absent::Do(effects), _) => effects.into_iter().for_each(|effect| self.send(&here, effect)),
            (Absent::Wake, TripInput::Cancel { by, ask, .. }) => {
                let answer = self.answer_from_store(trip, by);
                self.answers(ask, answer);
            }
            (Absent::Wake, TripInput::Sharing(input)) => {
                let stored = self.store.trip_now(trip);
                answer_from_record(trip, stored.as_ref(), &input)
                    .into_iter()
                    .for_each(|effect| self.send(&here, effect));
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

    pub(super) fn step_driver(&mut self, driver: DriverId, home: ShardId, input: DriverInput) {
        self.own(home);
        if let Some(input) = self.step_live_driver(home, &driver, input) {
            self.deliver_to_absent(home, driver, input);
        }
    }

    fn step_shard(&mut self, shard: ShardId, input: ShardInput) {
        if !self.shards.contains_key(&shard) {
            match to_absent_shard(shard, &input) {
                Absent::Do(effects) => {
                    let here = Who::Shard(shard);
                    return effects.into_iter().for_each(|effect| self.send(&here, effect));
                }
                Absent::Ignore => return,
                Absent::Wake => drop(self.own(shard)),
            }
        }
        self.step_live_shard(shard, input);
    }

    // ---- the cores -------------------------------------------------------------------------------------------------

    /// Gives the input back when the trip is not in memory.
    fn step_live_trip(&mut self, trip: TripId, input: TripInput) -> Option<TripInput> {
        let Some(actor) = self.trips.get_mut(&trip) else { return Some(input) };
        let who = Who::Trip(trip);
        if let Some(witness) = &mut self.witness {
            witness.step(self.now, &who, &input);
        }
        if let (TripInput::CarMoved(car), true) = (&input, self.stages_only) {
            let effects = actor.core.follow_car(self.now, &self.policy, *car);
            // Only a car on its way to the pickup is waited for.
            if !effects.is_empty() || actor.core.trip().stage.name() == StageName::EnRoute {
                let wake_at = actor.rings(self.now, actor.core.deadline(&self.policy));
                self.perform(&who, effects);
                self.wake_at(wake_at, who);
            }
            return None;
        }
        let effects = actor.core.step(self.now, &self.policy, input);
        let wake_at = actor.rings(self.now, actor.core.deadline(&self.policy));
        self.perform(&who, effects);
        self.wake_at(wake_at, who);
        None
    }

    /// Gives the input back when the driver is not in memory.
    pub(super) fn step_live_driver(
        &mut self,
        home: ShardId,
        driver: &DriverId,
        input: DriverInput,
    ) -> Option<DriverInput> {
        let key = (home, driver.clone());
        let Some(actor) = self.drivers.get_mut(&key) else { return Some(input) };
        let who = Who::Driver(home, key.1);
        if let Some(witness) = &mut self.witness {
            witness.step(self.now, &who, &input);
        }
        let effects = actor.core.step(self.now, &self.policy, input);
        if let Some(witness) = &mut self.witness {
            witness.stepped(&actor.core);
        }
        let gone = actor.core.is_gone();
        let wake_at = actor.rings(self.now, LiveDriver::deadline(&actor.core));
        self.perform(&who, effects);
        if gone {
            self.dismiss(home, driver);
        }
        self.wake_at(wake_at, who);
        None
    }

    fn step_live_shard(&mut self, shard: ShardId, input: ShardInput) {
        let Some(live) = self.shards.get_mut(&shard) else { return };
        let who = Who::Shard(shard);
        if let Some(witness) = &mut self.witness {
            witness.step(self.now, &who, &input);
        }
        let effects = live.step(self.now, &self.policy, input);
        self.perform(&who, effects);
        self.set_alarm(&who);
    }

    /// A position is there. This is most of what happens in a city: what nearly always follows, that the trip hears where
    /// its car is, needs no letter.
    pub(super) fn pinged(&mut self, home: ShardId, ping: Ping) {
        if self.witness.is_some() || !self.shards.contains_key(&home) {
            return self.step_shard(home, ShardInput::Pings(vec![ping]));
        }
        let Some(live) = self.shards.get_mut(&home) else { return };
        let (who, mut effects) = (Who::Shard(home), std::mem::take(&mut self.spare));
        live.ping(self.now, &self.policy, ping, &mut effects);
        match effects.pop() {
            None => self.set_alarm(&who),
            Some(Effect::ToTrip { to, input }) if effects.is_empty() && to.home() == home => {
                self.set_alarm(&who);
                if let Some(input) = self.step_live_trip(to, input) {
                    self.step_trip(to, input);
                }
            }
            Some(last) => {
                effects.push(last);
                self.perform(&who, effects.drain(..));
                self.set_alarm(&who);
            }
        }
        self.spare = effects;
    }

    // ---- what they want done ---------------------------------------------------------------------------------------

    pub(super) fn perform(&mut self, who: &Who, effects: impl IntoIterator<Item = Effect>) {
        for effect in effects {
            match effect {
                Effect::ToTrip { .. } | Effect::ToDriver { .. } | Effect::ToShard { .. } => self.send(who, effect),
                Effect::ToSession { driver, session, notice } => self.tells(driver, session, notice),
                Effect::Commit(write) => self.commit(who, write),
                Effect::ReadRow { number } => self.read_row(who, number),
                Effect::Answer { ask, answer } => self.answers(ask, answer),
                Effect::Publish(view) => {
                    if let Some(witness) = &mut self.witness {
                        witness.told(&view.trip);
                    }
                    self.news.push_back(News::Trip(view));
                }
                // In virtual time whoever studies decisions asks for them.
                Effect::Log(_) => {}
                Effect::HandOver { to, generation } => self.hand_over(who, to, generation),
                Effect::Retire => self.forget(who),
                Effect::Rebuild { shard: true } => return self.step_down(who.home()),
                Effect::Rebuild { shard: false } => return self.rebuild(who),
            }
        }
    }

    fn answers(&mut self, ask: AskId, answer: Result<TripView, Refusal>) {
        if let (Some(witness), Ok(view)) = (&mut self.witness, &answer) {
            witness.told(&view.trip);
        }
        self.news.push_back(News::Answer { ask, answer });
    }

    /// Over a line that is gone nobody is told anything; but an older session still hears that it is superseded.
    fn tells(&mut self, driver: DriverId, session: SessionId, notice: Notice) {
        match self.lines.get_mut(&driver) {
            Some(line) if line.session == session => {
                if let Notice::Home { home } = &notice {
                    line.home = *home;
                }
            }
            _ if notice == Notice::Superseded => {}
            _ => return,
        }
        if self.planted == Some(Planted::SilentWithdrawal) && matches!(notice, Notice::Withdrawn { .. }) {
            return;
        }
        self.offers += u64::from(matches!(notice, Notice::Offer(_)));
        self.suggestions += u64::from(matches!(notice, Notice::Suggestion(_)));
        if let Some(witness) = &mut self.witness {
            witness.noticed(self.now, &driver, session, &notice);
        }
        self.news.push_back(News::Driver { driver, session, notice });
    }

    fn forget(&mut self, who: &Who) {
        match who {
            Who::Trip(trip) => drop(self.trips.remove(trip)),
            Who::Driver(home, driver) => self.dismiss(*home, driver),
            Who::Shard(_) => {}
        }
    }

    /// What is in memory may be wrong: the rows are right.
    fn rebuild(&mut self, who: &Who) {
        match who {
            Who::Trip(trip) => self.rebuild_trip(*trip),
            // The sessions end with the actor; the app connects again and is given the row's truth.
            Who::Driver(home, driver) => self.dismiss(*home, driver),
            Who::Shard(_) => {}
        }
    }

    /// The alarm of whoever is in memory.
    pub(super) fn alarm_of(&mut self, who: &Who) -> Option<&mut Option<Timestamp>> {
        match who {
            Who::Trip(trip) => self.trips.get_mut(trip).map(|actor| &mut actor.alarm),
            Who::Driver(home, driver) => self.drivers.get_mut(&(*home, driver.clone())).map(|actor| &mut actor.alarm),
            Who::Shard(shard) => Some(self.shard_alarms.entry(*shard).or_default()),
        }
    }

    pub(super) fn set_alarm(&mut self, who: &Who) {
        let (now, policy) = (self.now, &self.policy);
        let wake_at = match who {
            Who::Trip(trip) => self.trips.get_mut(trip).and_then(|actor| actor.rings(now, actor.core.deadline(policy))),
            Who::Driver(home, driver) => {
                let actor = self.drivers.get_mut(&(*home, driver.clone()));
                actor.and_then(|actor| actor.rings(now, LiveDriver::deadline(&actor.core)))
            }
            Who::Shard(shard) => {
                let deadline = self.shards.get(shard).and_then(LiveShard::deadline);
                sooner(self.shard_alarms.entry(*shard).or_default(), now, deadline)
            }
        };
        self.wake_at(wake_at, who.clone());
    }

    fn wake_at(&mut self, at: Option<Timestamp>, who: Who) {
        if let Some(at) = at {
            self.plan(at, Happening::Wake(who));
        }
    }

    pub(super) fn plan(&mut self, at: Timestamp, happening: Happening) {
        self.future.plan(at, happening);
    }

    pub(super) fn next_ask(&mut self) -> AskId {
        self.asks += 1;
        AskId(self.asks)
    }
}
