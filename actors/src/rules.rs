//! The policy in force, which may change while the city is at work.
//!
//! Lives here: [`Rules`], shared by all of a node, and [`Ruled`], the copy that one shard goes by.
//! Stays out: what may be changed, who may, and where it is kept (the gateway).
//! Touch with care: a shard looks for a new policy between two messages, never within one: every step of a core is made
//! under one policy. It costs one relaxed load where nothing has changed.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use dispatch::{BadPolicy, Policy};
use tracing::info;

use crate::handle::City;

/// The policy in force on this node.
#[derive(Clone, Debug)]
pub(crate) struct Rules(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// Counts the changes.
    number: AtomicU64,
    policy: RwLock<Arc<Policy>>,
}

impl Rules {
    pub(crate) fn new(policy: Policy) -> Rules {
        Rules(Arc::new(Shared { number: AtomicU64::new(0), policy: RwLock::new(Arc::new(policy)) }))
    }

    pub(crate) fn now(&self) -> Arc<Policy> {
        Arc::clone(&self.0.policy.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts another policy in force.
    pub(crate) fn change(&self, policy: Policy) {
        let mut held = self.0.policy.write().unwrap_or_else(PoisonError::into_inner);
        *held = Arc::new(policy);
        // While it is held: whoever sees the new number finds the new policy.
        self.0.number.fetch_add(1, Ordering::Release);
    }
}

/// The policy one shard goes by. A copy of its own: shards on other threads count other references.
#[derive(Debug)]
pub(crate) struct Ruled {
    rules: Rules,
    number: Cell<u64>,
    policy: RefCell<Rc<Policy>>,
}

impl Ruled {
    pub(crate) fn by(rules: Rules) -> Ruled {
        let number = Cell::new(rules.0.number.load(Ordering::Acquire));
        let policy = RefCell::new(Rc::new(rules.now().as_ref().clone()));
        Ruled { rules, number, policy }
    }

    /// The policy for the next message.
    pub(crate) fn now(&self) -> Rc<Policy> {
        let number = self.rules.0.number.load(Ordering::Relaxed);
        if number != self.number.get() {
            self.number.set(self.rules.0.number.load(Ordering::Acquire));
            *self.policy.borrow_mut() = Rc::new(self.rules.now().as_ref().clone());
        }
        Rc::clone(&self.policy.borrow())
    }
}

impl City {
    /// Every number a decision depends on, as it is in force now.
    #[must_use]
    pub fn policy(&self) -> Arc<Policy> {
        self.rules().now()
    }

    /// Puts another policy in force. Every shard goes by it from its next message on; what was decided stays decided.
    ///
    /// # Errors
    /// [`BadPolicy`] when a number is out of range: nothing is changed then.
    pub fn adopt(&self, policy: Policy) -> Result<(), BadPolicy> {
        policy.check()?;
        info!(version = policy.version, "another policy is in force");
        self.rules().change(policy);
        Ok(())
    }
}
