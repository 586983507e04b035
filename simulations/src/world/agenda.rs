//! What is bound to happen, and when: first what is due first, of one moment what was caused first.
//!
//! Lives here: [`Agenda`]. Stays out: what it means that something happens.
//! Touch with care: what is to happen is hundreds of bytes, and there are tens of thousands of it at a time. It stays
//! where it was put; only small keys move.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use dispatch::Timestamp;

/// Things in the order of time.
#[derive(Debug)]
pub(super) struct Agenda<T> {
    due: BinaryHeap<Reverse<(Timestamp, u64, u32)>>,
    things: Vec<Option<T>>,
    vacant: Vec<u32>,
    caused: u64,
}

impl<T> Default for Agenda<T> {
    fn default() -> Agenda<T> {
        Agenda { due: BinaryHeap::new(), things: Vec::new(), vacant: Vec::new(), caused: 0 }
    }
}

impl<T> Agenda<T> {
    /// This happens then, after whatever was planned for the same moment before.
    pub(super) fn plan(&mut self, at: Timestamp, thing: T) {
        self.caused += 1;
        let place = self.vacant.pop().unwrap_or_else(|| {
            self.things.push(None);
            u32::try_from(self.things.len() - 1).expect("four thousand million things are not bound to happen at once")
        });
        self.things[place as usize] = Some(thing);
        self.due.push(Reverse((at, self.caused, place)));
    }

    /// When the next thing is due.
    pub(super) fn next_at(&self) -> Option<Timestamp> {
        self.due.peek().map(|Reverse((at, _, _))| *at)
    }

    /// The next thing that is due by then, and when it is.
    pub(super) fn take(&mut self, until: Timestamp) -> Option<(Timestamp, T)> {
        self.next_at().filter(|at| *at <= until)?;
        let Reverse((at, _, place)) = self.due.pop()?;
        self.vacant.push(place);
        self.things[place as usize].take().map(|thing| (at, thing))
    }

    /// Everything, in order; nothing is left.
    pub(super) fn take_all(&mut self) -> Vec<T> {
        let mut all = Vec::with_capacity(self.due.len());
        while let Some(Reverse((_, _, place))) = self.due.pop() {
            all.extend(self.things[place as usize].take());
        }
        self.things.clear();
        self.vacant.clear();
        all
    }
}

#[cfg(test)]
mod tests;
