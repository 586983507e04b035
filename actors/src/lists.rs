//! Who and what is in the city now, a page at a time.
//!
//! Lives here: the questions, how a shard's actor answers them, and how the answers of all shards become one page.
//! Stays out: who may ask, and what is shown of it (the doors).
//! Touch with care: nobody is stopped for a list. A shard with too much to do is not asked, one that does not answer in
//! time is not waited for, and both are named; each shard makes one page at most.

use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;
use dispatch::{
    CarNearby, DriverFilter, DriverId, DriverSeen, RiderId, ShardId, StageName, Timestamp, TripId, TripView,
};
use geo::{Cell, Meters, Point, Resolution, distance};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::handle::{City, CityError, ShardStatus};
use crate::letters::Report;
use crate::shard::ShardActor;

/// How long a shard may take for its page. It takes milliseconds, so more means that it is in trouble.
const ANSWERS_WITHIN: Duration = Duration::from_millis(500);

/// A shard this part full is not asked for lists: drivers and riders go first.
const ASKED_BELOW: usize = 2;

/// Which live trips to list: those of which all of this is so, in the order of their names, which is that of requests.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TripFilter {
    /// Behind this one.
    pub after: Option<TripId>,
    /// In this state, as its rider is told.
    pub state: Option<StageName>,
    /// Whose pickup is in this cell.
    pub cell: Option<Cell>,
    /// Whose state has not changed for so long.
    pub stale_for: Option<Duration>,
    /// This rider's.
    pub rider: Option<RiderId>,
    /// This driver's.
    pub driver: Option<DriverId>,
    /// The most to be listed.
    pub most: usize,
}

impl TripFilter {
    pub(crate) fn wants(&self, now: Timestamp, view: &TripView) -> bool {
        let trip = &view.trip;
        let here = |cell: Cell| Cell::at(trip.order.pickup, cell.resolution()) == cell;
        self.state.is_none_or(|state| trip.stage.told_as() == state)
            && self.cell.is_none_or(here)
            && self.stale_for.is_none_or(|stale| now.since(trip.since) >= stale)
            && self.rider.as_ref().is_none_or(|rider| *rider == trip.rider)
            && self.driver.as_ref().is_none_or(|driver| trip.stage.driver() == Some(driver))
    }
}

/// A page, and whose part of it is missing.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed<T> {
    /// What was found, in order.
    pub rows: Vec<T>,
    /// Whether there is more behind the last.
    pub more: bool,
    /// The shards that did not answer in time, or had too much to do to be asked.
    pub silent: Vec<ShardId>,
}

/// Someone wants to see drivers.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Vec<DriverSeen>")]
pub(crate) struct ListDrivers(DriverFilter);

/// Someone wants to see trips.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Vec<Arc<TripView>>")]
pub(crate) struct ListTrips(TripFilter);

/// Someone wants to see free cars.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Vec<CarNearby>")]
pub(crate) struct ListCars {
    from: Point,
    within: Meters,
    resolution: Resolution,
    most: usize,
}

impl Handler<ListDrivers> for ShardActor {
    type Result = MessageResult<ListDrivers>;

    fn handle(&mut self, ListDrivers(filter): ListDrivers, _: &mut Context<Self>) -> Self::Result {
        let policy = self.policy();
        MessageResult(self.live().drivers(self.now(), &policy, &filter))
    }
}

impl Handler<ListTrips> for ShardActor {
    type Result = MessageResult<ListTrips>;

    fn handle(&mut self, ListTrips(filter): ListTrips, _: &mut Context<Self>) -> Self::Result {
        MessageResult(self.office().trips_seen(self.now(), &filter))
    }
}

impl Handler<ListCars> for ShardActor {
    type Result = MessageResult<ListCars>;

    fn handle(&mut self, asked: ListCars, _: &mut Context<Self>) -> Self::Result {
        let ListCars { from, within, resolution, most } = asked;
        let policy = self.policy();
        MessageResult(self.live().cars_nearby(self.now(), &policy, from, (within, resolution), most))
    }
}

impl City {
    /// The drivers at home on this node, by name. `shard` asks that one alone.
    ///
    /// # Errors
    /// [`CityError::Stopping`].
    pub async fn drivers(&self, shard: Option<ShardId>, filter: DriverFilter) -> Result<Listed<DriverSeen>, CityError> {
        let most = filter.most;
        // One more than is shown, to know whether there is more.
        let asked = ListDrivers(DriverFilter { most: most + 1, ..filter });
        let (mut rows, silent) = self.ask_shards(|one| shard.is_none_or(|shard| shard == one), asked).await?;
        rows.sort_by(|a, b| (&a.driver, a.shard).cmp(&(&b.driver, b.shard)));
        // Whoever moves house in this moment may be in two lists.
        rows.dedup_by(|b, a| a.driver == b.driver);
        Ok(page(rows, most, silent))
    }

    /// The live trips of this node, in the order in which they were requested. `shard` asks that one alone.
    ///
    /// # Errors
    /// [`CityError::Stopping`].
    pub async fn trips(&self, shard: Option<ShardId>, filter: TripFilter) -> Result<Listed<Arc<TripView>>, CityError> {
        let most = filter.most;
        let asked = ListTrips(TripFilter { most: most + 1, ..filter });
        let (mut rows, silent) = self.ask_shards(|one| shard.is_none_or(|shard| shard == one), asked).await?;
        rows.sort_by_key(|view| view.trip.id);
        Ok(page(rows, most, silent))
    }

    /// The shards of this node behind `after`, by cell, and how they are doing.
    ///
    /// # Errors
    /// [`CityError::Stopping`].
    pub async fn shards(&self, after: Option<ShardId>, most: usize) -> Result<Listed<ShardStatus>, CityError> {
        let wanted = |one: ShardId| after.is_none_or(|after| after < one);
        let (mut rows, silent) = self.ask_shards(wanted, Report).await?;
        rows.sort_by_key(|status| status.shard);
        Ok(page(rows, most, silent))
    }

    /// Free cars around a place, nearest cell first.
    ///
    /// # Errors
    /// [`CityError::Stopping`].
    pub async fn cars_nearby(
        &self,
        from: Point,
        within: Meters,
        resolution: Resolution,
        most: usize,
    ) -> Result<Vec<CarNearby>, CityError> {
        // Drivers are at home a little beyond a shard's border, too: twice its reach covers that.
        let wanted = |one: ShardId| distance(from, one.0.centre()).get() <= within.get() + 2.0 * one.0.reach().get();
        let (mut cars, _) = self.ask_shards(wanted, ListCars { from, within, resolution, most }).await?;
        let away = |car: &CarNearby| distance(from, car.cell.centre()).get() as u64;
        cars.sort_by(|a, b| (away(a), a.cell, &a.driver).cmp(&(away(b), b.cell, &b.driver)));
        cars.dedup_by(|b, a| a.driver == b.driver);
        cars.truncate(most);
        Ok(cars)
    }

    /// Asks shards all at once; whoever does not answer in time is named.
    async fn ask_shards<M, R>(
        &self,
        wanted: impl Fn(ShardId) -> bool,
        message: M,
    ) -> Result<(Vec<R>, Vec<ShardId>), CityError>
    where
        M: Asks<R>,
        R: Send + 'static,
        ShardActor: Handler<M>,
    {
        self.check_running()?;
        let (mut answers, mut silent) = (JoinSet::new(), Vec::new());
        let limit = self.settings().shard_mailbox / ASKED_BELOW;
        for (shard, door) in self.routes().all().into_iter().filter(|(shard, _)| wanted(*shard)) {
            if !door.depth.is_below(limit) {
                silent.push(shard);
                continue;
            }
            let asked = door.addr.send(message.clone());
            answers.spawn(async move { (shard, timeout(ANSWERS_WITHIN, asked).await) });
        }
        let mut rows = Vec::new();
        while let Some(answer) = answers.join_next().await {
            match answer.map_err(|_| CityError::Stopping)? {
                (_, Ok(Ok(found))) => rows.extend(M::rows(found)),
                (shard, _) => silent.push(shard),
            }
        }
        silent.sort_unstable();
        Ok((rows, silent))
    }
}

/// A question whose answer is rows.
pub(crate) trait Asks<R>: Message<Result: Send + 'static> + Clone + Send + 'static {
    /// The rows of an answer.
    fn rows(answer: Self::Result) -> Vec<R>;
}

impl Asks<DriverSeen> for ListDrivers {
    fn rows(answer: Vec<DriverSeen>) -> Vec<DriverSeen> {
        answer
    }
}

impl Asks<Arc<TripView>> for ListTrips {
    fn rows(answer: Vec<Arc<TripView>>) -> Vec<Arc<TripView>> {
        answer
    }
}

impl Asks<CarNearby> for ListCars {
    fn rows(answer: Vec<CarNearby>) -> Vec<CarNearby> {
        answer
    }
}

impl Asks<ShardStatus> for Report {
    fn rows(answer: ShardStatus) -> Vec<ShardStatus> {
        vec![answer]
    }
}

fn page<T>(mut rows: Vec<T>, most: usize, silent: Vec<ShardId>) -> Listed<T> {
    let more = rows.len() > most;
    rows.truncate(most);
    Listed { rows, more, silent }
}
