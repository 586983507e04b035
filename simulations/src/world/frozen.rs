//! Owners of shards that stand still for a while, as a machine that is paused does: nothing in them happens, the world
//! goes on without them, and then all that came meanwhile is there at once.
//!
//! Touch with care: the store does not stand still with them. Whoever claims the shard meanwhile is met by an owner who
//! does not know, when that one goes on.

use std::time::Duration;

use dispatch::ShardId;

use super::{Happening, World};

impl World {
    /// A shard's owner stands still for this long.
    pub fn freeze(&mut self, shard: ShardId, lasts: Duration) {
        self.faulted.freezes += 1;
        let until = self.now + lasts;
        if let Some(witness) = &mut self.witness {
            witness.note(self.now, "frozen", &(shard, until));
        }
        let known = self.frozen.entry(shard).or_insert(until);
        *known = (*known).max(until);
    }

    /// Whether a shard's owner stands still now.
    pub(super) fn is_frozen(&self, shard: ShardId) -> bool {
        self.frozen.get(&shard).is_some_and(|until| *until > self.now)
    }

    /// Puts off what is for someone who stands still; gives it back otherwise.
    pub(super) fn put_off(&mut self, happening: Happening) -> Option<Happening> {
        let Some(home) = where_it_happens(&happening).filter(|home| self.is_frozen(*home)) else {
            return Some(happening);
        };
        let until = self.frozen.get(&home).copied().unwrap_or(self.now);
        let now = self.now;
        if let Happening::Wake(who) = &happening {
            match self.alarm_of(who) {
                Some(alarm) if *alarm == Some(now) => *alarm = Some(until),
                _ => return Some(happening), // overtaken: it rings for nobody
            }
        }
        self.plan(until, happening);
        None
    }
}

/// In whose memory something happens; `None` for what happens in the store, or before there is an owner.
fn where_it_happens(happening: &Happening) -> Option<ShardId> {
    match happening {
        Happening::Wake(who) => Some(who.home()),
        Happening::Letter(letter) => Some(letter.home()),
        Happening::Written(told) => Some(told.who.home()),
        Happening::Fetched(fetch, _) => Some(fetch.home),
        Happening::Woken(office, ..) => Some(*office),
        Happening::Rebuilt(trip, _) => Some(trip.home()),
        Happening::Write(..) | Happening::Fetch(_) | Happening::Claim(_) | Happening::Loaded(..) => None,
    }
}
