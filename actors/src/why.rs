//! Why it was decided so: what shards remember, asked from outside.
//!
//! Lives here: the two questions, and how a shard's actor answers them.
//! Stays out: what is remembered ([`dispatch::Chronicle`]), and who may ask (the doors).
//! Touch with care: an answer is made on the shard's own thread, so it is bounded by what the shard remembers.

use actix::prelude::*;
use dispatch::{DriverId, Explanation, Present, Reason, ShardId, Timestamp, TripId};

use crate::handle::{City, CityError};
use crate::shard::ShardActor;

/// Someone asks how a trip was matched.
#[derive(Debug, Message)]
#[rtype(result = "Explanation")]
pub(crate) struct Explain(pub(crate) TripId);

/// Someone asks why a driver had no work.
#[derive(Debug, Message)]
#[rtype(result = "WhyNotHere")]
pub(crate) struct AskWhyNot {
    pub(crate) driver: DriverId,
    pub(crate) since: Timestamp,
}

/// What one shard knows of it.
#[derive(Debug)]
pub(crate) struct WhyNotHere {
    present: Option<Present>,
    reasons: Vec<(Timestamp, Reason)>,
}

/// Why a driver had no work, or had, as far as the shards of this node remember.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WhyNot {
    /// How the driver stands now, and where at home; `None` when no shard of this node knows the driver.
    pub present: Option<(ShardId, Present)>,
    /// What happened, oldest first.
    pub reasons: Vec<(Timestamp, Reason)>,
}

impl Handler<Explain> for ShardActor {
    type Result = MessageResult<Explain>;

    fn handle(&mut self, Explain(trip): Explain, _: &mut Context<Self>) -> Self::Result {
        MessageResult(self.live().explain(trip))
    }
}

impl Handler<AskWhyNot> for ShardActor {
    type Result = MessageResult<AskWhyNot>;

    fn handle(&mut self, AskWhyNot { driver, since }: AskWhyNot, _: &mut Context<Self>) -> Self::Result {
        let policy = self.policy();
        let present = self.live().present(self.now(), &policy, &driver);
        MessageResult(WhyNotHere { present, reasons: self.live().why_not(&driver, since) })
    }
}

impl City {
    /// How a trip was matched, as far as its shard remembers: nothing for a trip of long ago, or from before a restart.
    ///
    /// # Errors
    /// [`CityError`] when the city cannot answer now.
    pub async fn explain(&self, trip: TripId) -> Result<Explanation, CityError> {
        self.check_running()?;
        match self.routes().get(trip.home()) {
            None => Ok(Explanation::default()),
            Some(door) => door.addr.send(Explain(trip)).await.map_err(|_| CityError::come_back()),
        }
    }

    /// Why a driver had no work since then, or had. Every shard of this node is asked: a driver near a border is
    /// considered by shards it does not live in.
    ///
    /// # Errors
    /// [`CityError`] when the city is stopping. A shard that does not answer is left out.
    pub async fn why_not(&self, driver: &DriverId, since: Timestamp) -> Result<WhyNot, CityError> {
        self.check_running()?;
        let mut found = WhyNot::default();
        for (shard, door) in self.routes().all() {
            let Ok(here) = door.addr.send(AskWhyNot { driver: driver.clone(), since }).await else { continue };
            found.present = found.present.or(here.present.map(|present| (shard, present)));
            found.reasons.extend(here.reasons);
        }
        // Stable: one shard's reasons of the same moment stay in their order.
        found.reasons.sort_by_key(|(at, _)| *at);
        Ok(found)
    }
}
