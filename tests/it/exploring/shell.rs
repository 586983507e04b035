//! The shell around the cores: effects become letters, papers on the store's desk, and words to apps.
//!
//! The same work as `actors` does with mailboxes. It decides nothing: what arrives, when and whether is up to
//! [`super::events`].

use std::sync::Arc;

use dispatch::invariants::{Running, Violation};
use dispatch::{
    Absent, AskId, Availability, DriverId, DriverInput, Effect, LiveDriver, LiveTrip, Notice, Party, Policy, Refusal,
    SessionId, ShardId, ShardInput, Trip, TripId, TripInput, TripView, Write, WriteError, answer_for_ended,
    answer_from_record, to_absent_driver, to_absent_trip, to_rebuilding_trip,
};
use persistence::{Done, DriverRow, Fence, Guarded};

use super::city::{App, City, Letter, Owner, Paper, Shown, Who};
use super::events::{self, KEYED};
use super::{Mistake, people};

impl City {
    // ---- the cores -------------------------------------------------------------------------------------------------

    pub(super) fn step_trip(&mut self, policy: &Policy, owner: Owner, trip: TripId, input: TripInput) {
        let Some(office) = self.offices.get(&owner) else { return };
        let Some(live) = office.trips.get(&trip) else { return self.absent_trip(owner, trip, input) };
        let mut live = (***live).clone();
        let effects = live.step(office.now, policy, input);
        self.put_trip(owner, live);
        self.perform(owner, &Who::Trip(trip), effects);
    }

    pub(super) fn step_driver(&mut self, policy: &Policy, owner: Owner, driver: &DriverId, input: DriverInput) {
        let Some(office) = self.offices.get(&owner) else { return };
        let Some(live) = office.drivers.get(driver) else { return self.absent_driver(owner, driver, input) };
        let mut live = (***live).clone();
        let effects = live.step(office.now, policy, input);
        let (generation, home, gone) = (live.generation(), live.home(), live.is_gone());
        self.put_driver(owner, live);
        self.broken.extend(self.promises.acts(driver, generation, home));
        self.perform(owner, &Who::Driver(driver.clone()), effects);
        if gone {
            self.dismiss(owner, driver);
        }
    }

    pub(super) fn put_trip(&mut self, owner: Owner, live: LiveTrip) {
        let (id, sealed) = (live.trip().id, self.seal(live));
        if let Some(office) = self.office(owner) {
            office.trips.insert(id, sealed);
        }
    }

    fn put_driver(&mut self, owner: Owner, live: LiveDriver) {
        let (id, sealed) = (live.id().clone(), self.seal(live));
        if let Some(office) = self.office(owner) {
            office.drivers.insert(id, sealed);
        }
    }

    // ---- what they want done ---------------------------------------------------------------------------------------

    pub(super) fn perform(&mut self, owner: Owner, who: &Who, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::ToTrip { .. } | Effect::ToDriver { .. } => self.post(Letter::Core(effect)),
                // What else a shard is told serves its proposals, and here anybody may be proposed.
                Effect::ToShard { input: ShardInput::Seek(_), .. } => self.post(Letter::Core(effect)),
                Effect::ToShard { .. } | Effect::Log(_) => {}
                Effect::ToSession { driver, session, notice } => self.tells(owner, &driver, session, &notice),
                Effect::Commit(write) => self.commit(owner, who, write),
                Effect::ReadRow { number } => self.lay(Paper::Read { number, to: (owner, who.clone()) }),
                Effect::Answer { ask, answer } => self.answered(ask, answer),
                Effect::Publish(view) => self.rider_sees(&view.trip),
                Effect::HandOver { to, generation } => self.hand_over(owner, who, to, generation),
                Effect::Retire => self.forget(owner, who),
                Effect::Rebuild { shard: true } => return self.step_down(owner),
                Effect::Rebuild { shard: false } => {
                    self.forget(owner, who);
                    if let (Who::Trip(trip), Some(office)) = (who, self.office(owner)) {
                        office.rebuilding.insert(*trip);
                    }
                    return;
                }
            }
        }
    }

    fn commit(&mut self, owner: Owner, who: &Who, write: Write) {
        let (shard, epoch) = owner;
        let guarded = Box::new(Guarded { fence: Fence { shard, epoch }, write });
        let to = (owner, who.clone());
        if self.mistake == Some(Mistake::EagerWrite) && matches!(who, Who::Trip(_)) {
            self.lay(Paper::Write { guarded, to: None });
            return self.lay(Paper::Told { outcome: Ok(Done::Journaled { seq: 0 }), to });
        }
        self.lay(Paper::Write { guarded, to: Some(to) });
    }

    /// A rider is answered.
    fn answered(&mut self, ask: AskId, answer: Result<TripView, Refusal>) {
        let trip = match answer {
            Ok(view) => {
                self.rider_sees(&view.trip);
                self.was_done(ask, &view.trip);
                view.trip.id
            }
            Err(Refusal::SameKey { trip }) => trip,
            Err(_) => return,
        };
        if ask == KEYED {
            self.with_promises(|promises| promises.acknowledged(&events::key(), trip).into_iter().collect());
        }
    }

    /// A rider's app shows the latest that it heard.
    fn rider_sees(&mut self, trip: &Trip) {
        self.broken.extend(self.promises.told(trip));
        if let Some(seen) = self.riders.get_mut(&trip.id).filter(|seen| seen.version < trip.version) {
            *seen = people::seen(trip);
        }
    }

    /// A rider is told that the way is as the rider wanted it: so it is, and was not so only before.
    fn was_done(&mut self, ask: AskId, trip: &Trip) {
        let Some(wished) = people::wished(ask) else { return };
        let seen = people::seen(trip);
        if seen.version < wished.version || seen.elsewhere != wished.elsewhere {
            let what = format!("a rider who saw version {} is told that the way is as wished", wished.version);
            self.broken.push(Violation::Illegal { trip: trip.id, version: trip.version, what });
        }
    }

    pub(super) fn with_promises(&mut self, check: impl FnOnce(&mut Running) -> Vec<Violation>) {
        let mut promises = (**self.promises).clone();
        self.broken.extend(check(&mut promises));
        self.promises = self.seal(promises);
    }

    // ---- apps ------------------------------------------------------------------------------------------------------

    fn tells(&mut self, owner: Owner, driver: &DriverId, session: SessionId, notice: &Notice) {
        let Some(app) = self.apps.get_mut(driver) else { return };
        let Some((_, speaks_to)) = app.line.as_mut().filter(|(known, _)| *known == session) else { return };
        if self.mistake == Some(Mistake::SilentWithdrawal) && matches!(notice, Notice::Withdrawn { .. }) {
            return;
        }
        if matches!(notice, Notice::Home { .. }) {
            *speaks_to = owner;
        }
        let shown = |app: &App, offer| app.offer.is_some_and(|(known, _)| known == offer);
        match notice {
            Notice::Offer(offer) => app.offer = Some((offer.id, false)),
            Notice::Withdrawn { offer, .. } | Notice::Declined { offer, .. } | Notice::Promised { offer, .. }
                if shown(app, *offer) =>
            {
                app.offer = None;
            }
            Notice::Refused { why: Refusal::OfferGone { offer }, .. } if shown(app, *offer) => app.offer = None,
            Notice::Refused { .. } => {
                // To be said once more.
                app.offer = app.offer.map(|(offer, _)| (offer, false));
                app.trip = app.trip.map(|shown| Shown { said: false, ..shown });
            }
            Notice::Trip { trip, .. } => app.sees(driver, trip),
            Notice::Standing { availability, trip, .. } => {
                app.works = !matches!(availability, Availability::Offline | Availability::OnBreak);
                app.offer = app.offer.filter(|_| *availability == Availability::Offered);
                match trip {
                    Some(trip) => app.sees(driver, trip),
                    None => app.trip = None,
                }
            }
            Notice::Superseded => app.line = None,
            _ => {}
        }
        app.promises(notice);
        self.broken.extend(app.outlived());
        self.with_promises(|promises| promises.noticed(driver, session, notice));
    }

    pub(super) fn hung_up(&mut self, driver: &DriverId) {
        let Some(app) = self.apps.get_mut(driver) else { return };
        let Some((session, _)) = app.line.take() else { return };
        (app.offer, app.trip, app.promised, app.works) = (None, None, None, false);
        self.with_promises(|promises| {
            promises.hung_up(driver, session);
            Vec::new()
        });
    }

    // ---- coming and going ------------------------------------------------------------------------------------------

    /// Answers for a core that is gone go nowhere; what it wanted written may be written all the same.
    fn nobody_waits(&mut self, is_gone: impl Fn(&Owner, Option<&Who>) -> bool) {
        for paper in std::mem::take(&mut self.desk) {
            match (paper.to(), &**paper) {
                (Some((owner, who)), Paper::Write { guarded, .. }) if is_gone(owner, who) => {
                    self.lay(Paper::Write { guarded: guarded.clone(), to: None });
                }
                (Some((owner, who)), _) if is_gone(owner, who) => {}
                _ => self.refile(paper),
            }
        }
    }

    fn forget(&mut self, owner: Owner, who: &Who) {
        match who {
            Who::Trip(trip) => {
                if let Some(office) = self.office(owner) {
                    office.trips.remove(trip);
                }
                self.nobody_waits(|to, waits| *to == owner && waits == Some(who));
            }
            Who::Driver(driver) => self.dismiss(owner, driver),
        }
    }

    /// Forgets a driver. With the core ends its line: the app must connect again.
    fn dismiss(&mut self, owner: Owner, driver: &DriverId) {
        let Some(live) = self.office(owner).and_then(|office| office.drivers.remove(driver)) else { return };
        let who = Who::Driver(driver.clone());
        self.nobody_waits(|to, waits| *to == owner && waits == Some(&who));
        let line = self.apps.get(driver).and_then(|app| app.line);
        if live.session().is_some() && line.map(|(session, _)| session) == live.session() {
            self.hung_up(driver);
        }
    }

    /// An owner is no more, and with it all that was in its memory.
    pub(super) fn step_down(&mut self, owner: Owner) {
        let Some(office) = self.offices.remove(&owner) else { return };
        self.nobody_waits(|to, _| *to == owner);
        for (driver, live) in &office.drivers {
            let line = self.apps.get(driver).and_then(|app| app.line);
            if live.session().is_some() && line.map(|(session, _)| session) == live.session() {
                self.hung_up(driver);
            }
        }
    }

    /// A new owner: claimed first, loaded afterwards.
    pub(super) fn claim(&mut self, shard: ShardId, now: dispatch::Timestamp) {
        let store = (**self.store).clone();
        let (epoch, loaded) = (store.claim_now(shard), store.load_now(shard));
        self.store = self.seal(store);
        let owner = (shard, epoch);
        self.owners.insert(shard, epoch);
        self.offices.insert(owner, Arc::new(super::city::Office { now, ..Default::default() }));
        for row in &loaded.drivers {
            self.wake(owner, row);
        }
        for (trip, driver_home) in loaded.trips {
            self.restore(owner, trip, driver_home);
        }
    }

    fn restore(&mut self, owner: Owner, trip: Trip, driver_home: Option<ShardId>) {
        let id = trip.id;
        let (live, effects) = LiveTrip::restored(trip, owner.1, driver_home);
        self.put_trip(owner, live);
        self.perform(owner, &Who::Trip(id), effects);
    }

    /// The row of a trip that is to be rebuilt has been read.
    pub(super) fn rebuild(&mut self, owner: Owner, trip: TripId) {
        if let Some(office) = self.office(owner) {
            office.rebuilding.remove(&trip);
        }
        let Some(row) = self.store.trip_now(trip).filter(|row| row.stage.name().is_active()) else { return };
        let driver = row.stage.committed_driver().and_then(|driver| self.store.driver_now(driver));
        self.restore(owner, row, driver.and_then(|driver| driver.home));
    }

    /// The core of a driver who lives here; made from the row when there is none.
    pub(super) fn wake(&mut self, owner: Owner, row: &DriverRow) {
        let Some(office) = self.office(owner) else { return };
        if !office.drivers.contains_key(&row.id) {
            office.moved.remove(&row.id);
            let live = LiveDriver::restored(row.id.clone(), owner.0, row.generation, row.trip.clone());
            self.put_driver(owner, live);
        }
    }

    fn hand_over(&mut self, owner: Owner, who: &Who, to: ShardId, generation: dispatch::Generation) {
        let (Who::Driver(driver), Some(office)) = (who, self.office(owner)) else { return };
        let Some(live) = office.drivers.remove(driver) else { return };
        office.moved.insert(driver.clone(), to);
        self.nobody_waits(|known, waits| *known == owner && waits == Some(who));
        self.post(Letter::Install(Box::new((**live).clone()), to, generation));
    }

    /// A driver moves in, unless made from the row, which knew of the move, before.
    pub(super) fn moves_in(&mut self, owner: Owner, mut live: LiveDriver, generation: dispatch::Generation) {
        let (driver, session) = (live.id().clone(), live.session());
        let known = self.offices.get(&owner).is_some_and(|office| office.drivers.contains_key(&driver));
        let effects = if known { Vec::new() } else { live.moved_in(owner.0, generation) };
        if known || live.is_gone() {
            let line = self.apps.get(&driver).and_then(|app| app.line);
            if session.is_some() && line.map(|(session, _)| session) == session {
                self.hung_up(&driver);
            }
        } else {
            if let Some(office) = self.office(owner) {
                office.moved.remove(&driver);
            }
            self.put_driver(owner, live);
        }
        self.perform(owner, &Who::Driver(driver), effects);
    }

    // ---- who is not in memory --------------------------------------------------------------------------------------

    fn absent_trip(&mut self, owner: Owner, trip: TripId, input: TripInput) {
        if self.offices.get(&owner).is_some_and(|office| office.rebuilding.contains(&trip)) {
            return to_rebuilding_trip(&input).into_iter().for_each(|effect| self.post(Letter::Core(effect)));
        }
        match (to_absent_trip(trip, &input), input) {
            (Absent::Do(effects), _) => effects.into_iter().for_each(|effect| self.post_effect(effect)),
            (Absent::Wake, TripInput::Cancel { by, .. }) => self.answer_from_store(trip, by),
            (Absent::Wake, TripInput::Sharing(input)) => {
                let stored = self.store.trip_now(trip);
                let effects = answer_from_record(trip, stored.as_ref(), &input);
                effects.into_iter().for_each(|effect| self.post_effect(effect));
            }
            (Absent::Wake | Absent::Ignore, _) => {}
        }
    }

    fn answer_from_store(&mut self, trip: TripId, by: Party) {
        if let Some(stored) = self.store.trip_now(trip)
            && answer_for_ended(&stored, by) == Some(Ok(()))
        {
            self.broken.extend(self.promises.told(&stored));
        }
    }

    fn absent_driver(&mut self, owner: Owner, driver: &DriverId, input: DriverInput) {
        let moved = self.offices.get(&owner).and_then(|office| office.moved.get(driver)).copied();
        if let Some(home) = moved {
            return self.post(Letter::Core(Effect::ToDriver { to: driver.clone(), home, input }));
        }
        match to_absent_driver(driver, owner.0, &input) {
            Absent::Ignore => {}
            Absent::Do(effects) => effects.into_iter().for_each(|effect| self.post_effect(effect)),
            Absent::Wake => {
                let row = Box::new(self.store.driver_now(driver));
                self.lay(Paper::Woken { row, input: Box::new(input), driver: driver.clone(), at: owner });
            }
        }
    }

    fn post_effect(&mut self, effect: Effect) {
        if !matches!(effect, Effect::ToShard { .. }) {
            self.post(Letter::Core(effect));
        }
    }

    // ---- the store -------------------------------------------------------------------------------------------------

    /// Does a write, unless a guard forbids it.
    pub(super) fn execute(&mut self, mut guarded: Guarded) -> Result<Done, WriteError> {
        let store = (**self.store).clone();
        let latest = self.owners.get(&guarded.fence.shard).copied();
        let overruled = latest != Some(guarded.fence.epoch);
        if matches!(self.mistake, Some(Mistake::NoEpochs | Mistake::NoGuards)) {
            guarded.fence.epoch = latest.unwrap_or(guarded.fence.epoch);
        }
        let mut about = None;
        match &mut guarded.write {
            Write::Trip(write) => {
                let held = store.trip_now(write.after.id).map_or(0, |trip| trip.version);
                if matches!(self.mistake, Some(Mistake::NoVersions | Mistake::NoGuards)) {
                    write.after.version = held + 1;
                }
                about = Some(write.after.id);
            }
            Write::Move { .. } => {}
        }
        let read = store.journal_now().len() as u64;
        let outcome = store.commit_now(vec![guarded]).pop().unwrap_or(Err(WriteError::Unknown));
        if outcome.is_ok() {
            self.overruled_wrote |= overruled;
            let drivers: Vec<DriverRow> = self.apps.keys().filter_map(|driver| store.driver_now(driver)).collect();
            let row = about.and_then(|trip| store.trip_now(trip));
            let new = store.read_now(read, 1);
            self.with_promises(|promises| {
                let mut found: Vec<Violation> = new.iter().flat_map(|(_, entry)| promises.journaled(entry)).collect();
                found.extend(row.iter().filter_map(|row| promises.trip_row(row)));
                for row in drivers {
                    let trip = row.trip.map(|trip| trip.id);
                    found.extend(promises.driver_row(&row.id, trip, row.generation, row.home));
                }
                found
            });
            self.store = self.seal(store);
        }
        outcome
    }

    /// A core hears what became of its write.
    pub(super) fn tell_outcome(
        &mut self,
        policy: &Policy,
        (owner, who): (Owner, Who),
        outcome: Result<Done, WriteError>,
    ) {
        match who {
            Who::Trip(trip) => {
                let input = match outcome {
                    Ok(Done::Journaled { .. }) => TripInput::Written,
                    Ok(Done::Moved { .. }) => TripInput::NotWritten(WriteError::Stale),
                    Err(why) => TripInput::NotWritten(why),
                };
                self.step_trip(policy, owner, trip, input);
            }
            Who::Driver(driver) => {
                let moved = outcome.and_then(|done| match done {
                    Done::Moved { generation } => Ok(generation),
                    Done::Journaled { .. } => Err(WriteError::Stale),
                });
                self.step_driver(policy, owner, &driver, DriverInput::MoveWritten(moved));
            }
        }
    }
}
