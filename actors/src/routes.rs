//! Which shard is where on this node, and how a letter gets there from any thread.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use actix::dev::ToEnvelope;
use actix::prelude::*;
use dispatch::{Absent, Effect, ShardId, to_absent_shard};

use crate::letters::{Forward, Letter};
use crate::metrics::Metrics;
use crate::node::NodeActor;
use crate::shard::ShardActor;

/// The owned shards of this node. Read by every thread, written by the [`NodeActor`] alone.
#[derive(Clone, Debug)]
pub(crate) struct Routes(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    shards: RwLock<HashMap<ShardId, Door>>,
    node: OnceLock<Addr<NodeActor>>,
    metrics: Metrics,
}

/// The way to an owned shard.
#[derive(Clone, Debug)]
pub(crate) struct Door {
    pub(crate) addr: Addr<ShardActor>,
    pub(crate) depth: Depth,
}

/// How many messages wait for a shard. actix's own limit is no limit here: it grants a slot to each sender, and every
/// thread and session is one; so what comes in is counted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Depth(Arc<AtomicUsize>);

impl Depth {
    pub(crate) fn raise(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn lower(&self) {
        // Who sends raises first; saturating all the same, for a wrapped count would shut the door for ever.
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |depth| Some(depth.saturating_sub(1)));
    }

    pub(crate) fn is_below(&self, limit: usize) -> bool {
        self.0.load(Ordering::Relaxed) < limit
    }
}

impl Routes {
    pub(crate) fn new(metrics: Metrics) -> Routes {
        Routes(Arc::new(Inner { shards: RwLock::default(), node: OnceLock::new(), metrics }))
    }

    /// Names the node's actor, once, at start.
    pub(crate) fn set_node(&self, node: Addr<NodeActor>) {
        let already = self.0.node.set(node).is_err();
        debug_assert!(!already, "a node has one NodeActor");
    }

    pub(crate) fn node(&self) -> Option<&Addr<NodeActor>> {
        self.0.node.get()
    }

    /// The way to a shard that is alive. One that has panicked is on its way to being claimed anew.
    pub(crate) fn get(&self, shard: ShardId) -> Option<Door> {
        let shards = self.0.shards.read().unwrap_or_else(PoisonError::into_inner);
        shards.get(&shard).filter(|door| door.addr.connected()).cloned()
    }

    pub(crate) fn all(&self) -> Vec<(ShardId, Door)> {
        let shards = self.0.shards.read().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = shards.iter().map(|(shard, door)| (*shard, door.clone())).collect();
        all.sort_by_key(|(shard, _)| *shard);
        all
    }

    pub(crate) fn insert(&self, shard: ShardId, door: Door) {
        let before = self.0.shards.write().unwrap_or_else(PoisonError::into_inner).insert(shard, door);
        if before.is_none() {
            self.0.metrics.shards.inc();
        }
    }

    pub(crate) fn remove(&self, shard: ShardId) -> Option<Door> {
        let removed = self.0.shards.write().unwrap_or_else(PoisonError::into_inner).remove(&shard);
        if removed.is_some() {
            self.0.metrics.shards.dec();
        }
        removed
    }

    /// Sends a letter to a shard. A shard that nobody owns yet is owned first if the letter is worth it. Never refuses:
    /// what drivers and trips say to each other is bounded by the protocol, which answers before it asks again.
    pub(crate) fn send(&self, shard: ShardId, letter: Letter) {
        let letter = match self.get(shard) {
            Some(door) => {
                door.depth.raise();
                match post(&door.addr, letter) {
                    None => return,
                    Some(unsent) => unsent,
                }
            }
            None => letter,
        };
        if let Letter::Shard(input) = &letter {
            match to_absent_shard(shard, input) {
                Absent::Ignore => return,
                Absent::Do(effects) => {
                    for effect in effects {
                        if let Effect::ToShard { to, input } = effect {
                            self.send(to, Letter::Shard(input));
                        }
                    }
                    return;
                }
                Absent::Wake => {}
            }
        }
        if let Some(node) = self.node() {
            // The node's mailbox is empty but for moments of change: waiting for room is not worth a case of its own.
            node.do_send(Forward { shard, letter });
        }
    }
}

/// Puts a message into a mailbox, whatever its capacity says: see [`Depth`]. A closed mailbox gives the message back.
pub(crate) fn post<A, M>(addr: &Addr<A>, message: M) -> Option<M>
where
    A: Actor + Handler<M>,
    A::Context: ToEnvelope<A, M>,
    M: Message + Send + 'static,
    M::Result: Send,
{
    match addr.try_send(message) {
        Ok(()) => None,
        Err(SendError::Closed(message)) => Some(message),
        Err(SendError::Full(message)) => {
            addr.do_send(message);
            None
        }
    }
}
