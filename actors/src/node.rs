//! The actor of the node: which shards it owns, and how it comes to own them.
//!
//! Lives here: claiming, loading, placing shards on arbiters, stepping down.
//! Stays out: what happens inside a shard.
//! Touch with care: a shard is claimed first and loaded afterwards, in that order: what is loaded then is the truth
//! of the new epoch, because no earlier owner can write any more.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use actix::prelude::*;
use dispatch::{Epoch, ShardId};
use persistence::{LoadedShard, StoreError};
use tokio::sync::oneshot;
use tracing::{error, info, warn};

use crate::falls::Falls;
use crate::handle::CityError;
use crate::letters::{Forward, Letter, Own, Quit, StepDown};
use crate::office::Shared;
use crate::routes::{Depth, Door};
use crate::shard::ShardActor;
use crate::snapshots::{self, Recalled};

/// How long to wait before a shard that could not be claimed is claimed again.
const CLAIM_AGAIN_AFTER: Duration = Duration::from_millis(500);
/// How many letters wait for a shard that is being claimed. Those beyond are lost, as on a network.
const HELD_MAX: usize = 10_000;

type OwnReply = oneshot::Sender<Result<Door, CityError>>;

/// The shards of one node.
#[derive(Debug)]
pub(crate) struct NodeActor {
    shared: Shared,
    arbiters: Vec<ArbiterHandle>,
    coming: HashMap<ShardId, Coming>,
    owned: HashMap<ShardId, Epoch>,
    /// Shards that were let go lately.
    falls: HashMap<ShardId, Falls>,
}

/// What a new owner knows of a shard: the truth, and hints.
#[derive(Debug)]
pub(crate) struct Recovered {
    pub(crate) loaded: LoadedShard,
    pub(crate) recalled: Recalled,
}

/// Who and what waits for a shard that is being claimed.
#[derive(Debug, Default)]
struct Coming {
    replies: Vec<OwnReply>,
    letters: Vec<Letter>,
}

impl NodeActor {
    pub(crate) fn new(shared: Shared, arbiters: Vec<ArbiterHandle>) -> NodeActor {
        NodeActor { shared, arbiters, coming: HashMap::new(), owned: HashMap::new(), falls: HashMap::new() }
    }

    /// Claims and loads a shard unless that is already on its way.
    fn bring(&mut self, shard: ShardId, context: &mut Context<Self>) -> &mut Coming {
        if !self.coming.contains_key(&shard) {
            self.shared.metrics.recovering.inc();
            match self.falls.get(&shard).map(Falls::wait).unwrap_or_default() {
                Duration::ZERO => self.claim(shard, context),
                wait => drop(context.run_later(wait, move |actor, context| actor.claim(shard, context))),
            }
        }
        self.coming.entry(shard).or_default()
    }

    /// Lets go of a shard, if it is owned: its actor has panicked or must not be trusted. The next owner is a new one.
    fn let_go(&mut self, shard: ShardId) {
        let Some(epoch) = self.owned.remove(&shard) else { return };
        warn!(%shard, epoch = epoch.0, "a shard is let go, to be claimed anew");
        self.shared.metrics.rebuilt.with_label_values(&["shard"]).inc();
        self.falls.entry(shard).or_default().note(Instant::now());
        if let Some(door) = self.shared.routes.remove(shard) {
            door.addr.do_send(Quit);
        }
    }

    fn claim(&self, shard: ShardId, context: &mut Context<Self>) {
        let shared = self.shared.clone();
        let claimed = self.shared.runtime.spawn(async move {
            let epoch = shared.store.claim(shard).await?;
            let loaded = shared.store.load(shard).await?;
            let recalled = snapshots::recall(&shared, shard, epoch).await;
            Ok::<_, StoreError>((epoch, Recovered { loaded, recalled }))
        });
        context.spawn(claimed.into_actor(self).map(move |claimed, actor, context| match claimed {
            Ok(Ok((epoch, recovered))) => actor.own(shard, epoch, recovered),
            Ok(Err(why)) => {
                warn!(%shard, error = &why as &dyn std::error::Error, "a shard cannot be claimed now");
                actor.claim_later(shard, why, context);
            }
            Err(stopped) => {
                error!(%shard, error = &stopped as &dyn std::error::Error, "claiming a shard broke off");
                actor.claim_later(shard, StoreError::Unavailable(Box::new(stopped)), context);
            }
        }));
    }

    /// Whoever asked is told; letters wait on.
    fn claim_later(&mut self, shard: ShardId, why: StoreError, context: &mut Context<Self>) {
        let mut why = Some(why);
        if let Some(coming) = self.coming.get_mut(&shard) {
            for reply in coming.replies.drain(..) {
                let error = why.take().map_or_else(CityError::come_back, CityError::Store);
                drop(reply.send(Err(error)));
            }
        }
        context.run_later(CLAIM_AGAIN_AFTER, move |actor, context| actor.claim(shard, context));
    }

    fn own(&mut self, shard: ShardId, epoch: Epoch, recovered: Recovered) {
        // H3 indexes of one resolution differ in their middle bits: mix them before taking the remainder.
        let mixed = shard.0.bits().wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        let arbiter = usize::try_from(mixed).unwrap_or(0) % self.arbiters.len();
        let (shared, depth) = (self.shared.clone(), Depth::default());
        let door = depth.clone();
        let addr = ShardActor::start_in_arbiter(&self.arbiters[arbiter], move |_| {
            ShardActor::new(shard, epoch, recovered, shared, depth)
        });
        self.owned.insert(shard, epoch);
        self.shared.metrics.recovering.dec();
        let door = Door { addr, depth: door };
        self.shared.routes.insert(shard, door.clone());
        let Coming { replies, letters } = self.coming.remove(&shard).unwrap_or_default();
        for letter in letters {
            door.depth.raise();
            door.addr.do_send(letter);
        }
        for reply in replies {
            drop(reply.send(Ok(door.clone())));
        }
    }
}

impl Actor for NodeActor {
    type Context = Context<Self>;
}

impl Handler<Own> for NodeActor {
    type Result = ();

    fn handle(&mut self, Own { shard, reply }: Own, context: &mut Context<Self>) {
        match self.shared.routes.get(shard) {
            Some(door) => drop(reply.send(Ok(door))),
            None => {
                self.let_go(shard);
                self.bring(shard, context).replies.push(reply);
            }
        }
    }
}

impl Handler<Forward> for NodeActor {
    type Result = ();

    fn handle(&mut self, Forward { shard, letter }: Forward, context: &mut Context<Self>) {
        if let Some(door) = self.shared.routes.get(shard) {
            door.depth.raise();
            door.addr.do_send(letter);
            return;
        }
        self.let_go(shard);
        let coming = self.bring(shard, context);
        if coming.letters.len() < HELD_MAX {
            coming.letters.push(letter);
        } else {
            warn!(%shard, "a letter is lost: too many wait for a shard that cannot be claimed");
        }
    }
}

impl Handler<StepDown> for NodeActor {
    type Result = ();

    fn handle(&mut self, StepDown { shard, epoch }: StepDown, context: &mut Context<Self>) {
        if self.owned.get(&shard) != Some(&epoch) {
            return; // said twice, or said of an owner that is gone
        }
        self.let_go(shard);
        self.bring(shard, context);
    }
}

impl Handler<Quit> for NodeActor {
    type Result = ();

    fn handle(&mut self, _: Quit, context: &mut Context<Self>) {
        for (shard, door) in self.shared.routes.all() {
            self.shared.routes.remove(shard);
            door.addr.do_send(Quit);
        }
        info!(shards = self.owned.len(), "node stops");
        context.stop();
    }
}
