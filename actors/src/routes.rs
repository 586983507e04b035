//! Which shard is where on this node, and how a letter gets there from any thread.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use actix::dev::ToEnvelope;
use actix::prelude::*;
use dispatch::{Absent, Effect, ShardId, to_absent_shard};
use tracing::warn;

use crate::letters::{Forward, Letter};
use crate::metrics::Metrics;
use crate::node::NodeActor;
use crate::shard::ShardActor;

/// The owned shards of this node. Read by every thread, written by the [`NodeActor`] alone.
#[derive(Clone, Debug)]
pub(crate) struct Routes(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    shards: RwLock<HashMap<ShardId, Addr<ShardActor>>>,
    node: OnceLock<Addr<NodeActor>>,
    metrics: Metrics,
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

    pub(crate) fn get(&self, shard: ShardId) -> Option<Addr<ShardActor>> {
        self.0.shards.read().unwrap_or_else(PoisonError::into_inner).get(&shard).cloned()
    }

    pub(crate) fn all(&self) -> Vec<(ShardId, Addr<ShardActor>)> {
        let shards = self.0.shards.read().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = shards.iter().map(|(shard, addr)| (*shard, addr.clone())).collect();
        all.sort_by_key(|(shard, _)| *shard);
        all
    }

    pub(crate) fn insert(&self, shard: ShardId, addr: Addr<ShardActor>) {
        self.0.shards.write().unwrap_or_else(PoisonError::into_inner).insert(shard, addr);
        self.0.metrics.shards.inc();
    }

    pub(crate) fn remove(&self, shard: ShardId) -> Option<Addr<ShardActor>> {
        let removed = self.0.shards.write().unwrap_or_else(PoisonError::into_inner).remove(&shard);
        if removed.is_some() {
            self.0.metrics.shards.dec();
        }
        removed
    }

    /// Sends a letter to a shard, from a thread of actors. A shard that nobody owns yet is owned first if the letter
    /// is worth it.
    pub(crate) fn send(&self, shard: ShardId, letter: Letter) {
        let letter = match self.get(shard) {
            Some(addr) => match post(&addr, letter, "shard", &self.0.metrics) {
                None => return,
                Some(unsent) => unsent,
            },
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

/// Puts a message into a mailbox. When it is full the message waits outside, in the arbiter's own queue, so that
/// nothing between drivers and trips is lost; the counter shows it. A closed mailbox gives the message back.
pub(crate) fn post<A, M>(addr: &Addr<A>, message: M, actor: &str, metrics: &Metrics) -> Option<M>
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
            metrics.mailbox_full.with_label_values(&[actor]).inc();
            let waiting = addr.send(message);
            actix::spawn(async move {
                if waiting.await.is_err() {
                    warn!("an actor closed while a message waited for room in its mailbox");
                }
            });
            None
        }
    }
}
