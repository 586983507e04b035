//! What goes wrong with a city at large: nodes that die, shards that are lost, connections that break; and what whoever
//! brings it about may look at.

use std::time::Duration;

use dispatch::{Availability, DriverId, DriverInput, Effect, SessionId, ShardId, TripId};

use super::{Happening, Letter, Line, World};

impl World {
    /// The node dies and is started again: memory is gone, what was on its way is lost, the rows are read. A write that
    /// was on its way to the store may have been done.
    pub fn crash(&mut self) {
        self.faulted.crashes += 1;
        for happening in self.future.take_all() {
            if let Happening::Write(guarded, _) = happening
                && self.chance.as_mut().is_none_or(|chance| chance.outlives())
            {
                let _ = self.write(*guarded);
            }
        }
        self.shards.clear();
        self.trips.clear();
        self.drivers.clear();
        self.moved.clear();
        self.rebuilding.clear();
        self.coming.clear();
        self.frozen.clear();
        self.lines.clear();
        self.shard_alarms.clear();
        self.last_words.clear();
        self.last_letters.clear();
        self.at_once.clear();
        self.news.clear();
        self.epochs.clear();
        self.writes_pending = 0;
        self.store_busy_until = self.now;
        for shard in self.store.shards_with_work_now() {
            self.own(shard);
        }
        self.settle_at_once();
    }

    /// The shards with an owner, in order.
    #[must_use]
    pub fn owned(&self) -> Vec<ShardId> {
        self.epochs.keys().copied().collect()
    }

    /// The owner of a shard lets it go, and it is claimed anew; the others go on.
    pub fn let_go(&mut self, shard: ShardId) {
        self.step_down(shard);
        self.settle_at_once();
    }

    /// Another node claims a shard and dies at once: its owner here hears of it from the store, when it next writes.
    pub fn usurp(&mut self, shard: ShardId) {
        self.faulted.usurped += 1;
        self.store.claim_now(shard);
    }

    /// The connection of a driver's app breaks. The app knows at once, the city only after this time.
    pub fn cut(&mut self, driver: &DriverId, noticed_after: Duration) {
        let Some(Line { session, home }) = self.lines.remove(driver) else { return };
        self.faulted.lines_cut += 1;
        if let Some(witness) = &mut self.witness {
            witness.hung_up(self.now, driver, session);
        }
        let input = DriverInput::LineLost { session };
        self.post(noticed_after, Letter::Core(Effect::ToDriver { to: driver.clone(), home, input }));
        self.settle_at_once();
    }

    /// The session a driver's app has, as the city's door knows it.
    #[must_use]
    pub fn session(&self, driver: &DriverId) -> Option<SessionId> {
        self.lines.get(driver).map(|line| line.session)
    }

    /// How a driver stands in the home its app speaks to, and over which session: for whoever wants to compare it with
    /// the rows.
    #[must_use]
    pub fn standing(&self, driver: &DriverId) -> Option<(Availability, Option<SessionId>, Option<TripId>)> {
        let home = self.lines.get(driver)?.home;
        let live = &self.drivers.get(&(home, driver.clone()))?.core;
        Some((live.availability(), live.session(), live.trip().map(|trip| trip.id)))
    }

    /// Whether the shard that a driver's app speaks to would match the driver.
    #[must_use]
    pub fn is_matched(&self, driver: &DriverId) -> bool {
        let shard = self.lines.get(driver).and_then(|line| self.shards.get(&line.home));
        shard.is_some_and(|shard| shard.is_free(driver))
    }
}
