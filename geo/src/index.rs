//! Who is near: an R-tree over the occupied H3 cells, with buckets of things inside.
//!
//! Lives here: [`NearIndex`]: things come, move, leave, and are found. Around it: positions in whole numbers
//! (`angles`), the ground of a cell (`ground`), the buckets and their neighbours (`city`), the search (`search`).
//! Stays out: what a thing is, what time it is.
//! Touch with care: an answer equals a scan of everything. That rests on four promises, each tested on its own:
//! `Ground::holds` never says yes outside the cell; a bucket's reach covers its things; a bucket's clearance is no
//! longer than the way to anything outside it and its two rings; a rough distance is off by no more than its bound.
//!
//! Why not one R-tree of things: a car moves every few seconds, and taking a point out of a big tree and putting it
//! back costs twenty times more than moving it between two buckets. The tree changes only when a cell is entered for
//! the first time. Why not the plain grid that this resembles: it has a seam, poles, and one size for the whole Earth.

mod angles;
mod city;
mod fix;
mod ground;
mod search;

use crate::{Cell, Point, Resolution};

use angles::Angles;
use city::{City, Member};
use fix::{Accuracy, Heading};

pub use fix::{Fix, Near, Search, Tags};
pub use search::InOrder;

/// Moving things by position, for "who is nearest" questions. `K` names a thing; equal distances are told in the
/// order of the names.
///
/// A thing in the index is reached by the [`Handle`] that [`NearIndex::insert`] gave: the caller keeps it with
/// whatever else it knows of the thing, so that a move costs no look-up.
#[derive(Debug)]
pub struct NearIndex<K> {
    city: City,
    slots: Vec<Slot<K>>,
    /// Vacant places in `slots`. A vacant place keeps its last name until it is taken again.
    vacant: Vec<u32>,
}

/// One thing in the index. It cannot be copied, so that what has left cannot be moved. It belongs to the index that
/// gave it: another one may panic, or move another thing.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a thing whose handle is lost can never leave the index"]
pub struct Handle(u32);

/// What is known of a thing beyond its position: found by its number, so that buckets stay small.
#[derive(Clone, Debug)]
struct Slot<K> {
    bucket: u32,
    place: u32,
    seen_ms: i64,
    heading: Heading,
    accuracy: Accuracy,
    key: K,
}

impl<K: Clone + Ord> NearIndex<K> {
    /// An empty index with buckets of this resolution: [`Resolution::INDEX`] for a city; one step coarser where
    /// there are fewer than five things to a cell.
    #[must_use]
    pub fn new(resolution: Resolution) -> NearIndex<K> {
        NearIndex { city: City::new(resolution), slots: Vec::new(), vacant: Vec::new() }
    }

    /// How many things are in the index.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len() - self.vacant.len()
    }

    /// Whether nothing is in the index.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Puts a thing in.
    pub fn insert(&mut self, key: K, tags: Tags, fix: Fix) -> Handle {
        let number = self.vacant.pop().unwrap_or_else(|| {
            u32::try_from(self.slots.len()).expect("four thousand million things do not fit into memory")
        });
        let at = Angles::of(fix.point);
        let (bucket, place) = self.city.enter(at, Member { at, number, tags });
        let (heading, accuracy) = (Heading::of(fix.heading), Accuracy::of(fix.accuracy));
        let slot = Slot { bucket, place, seen_ms: fix.seen_ms, heading, accuracy, key };
        match self.slots.get_mut(number as usize) {
            Some(vacant) => *vacant = slot,
            None => {
                spare(&mut self.slots);
                self.slots.push(slot);
            }
        }
        Handle(number)
    }

    /// Moves a thing. Within its cell that is a test of six borders and no H3 at all.
    pub fn update(&mut self, handle: &Handle, fix: Fix) {
        let slot = &mut self.slots[handle.0 as usize];
        slot.seen_ms = fix.seen_ms;
        slot.heading = Heading::of(fix.heading);
        slot.accuracy = Accuracy::of(fix.accuracy);
        let at = Angles::of(fix.point);
        if !self.city.moved_within(slot.bucket, slot.place, at) {
            self.change_bucket(handle.0, at);
        }
    }

    /// Moves many things, in order: the same as [`NearIndex::update`] for each.
    pub fn update_all<'a>(&mut self, moves: impl IntoIterator<Item = (&'a Handle, Fix)>) {
        for (handle, fix) in moves {
            self.update(handle, fix);
        }
    }

    /// Takes a thing out.
    pub fn remove(&mut self, handle: Handle) {
        let slot = &self.slots[handle.0 as usize];
        self.leave(slot.bucket, slot.place);
        self.vacant.push(handle.0);
        self.forget_empty();
    }

    /// Gives a thing other marks.
    pub fn retag(&mut self, handle: &Handle, tags: Tags) {
        let slot = &self.slots[handle.0 as usize];
        self.city.member_mut(slot.bucket, slot.place).tags = tags;
    }

    /// Who this is.
    #[must_use]
    pub fn key(&self, handle: &Handle) -> &K {
        &self.slots[handle.0 as usize].key
    }

    /// Where a thing is: rounded to 2^-32 of a turn, at most 4.7 mm off on each axis.
    #[must_use]
    pub fn point(&self, handle: &Handle) -> Point {
        let slot = &self.slots[handle.0 as usize];
        self.city.member(slot.bucket, slot.place).at.point()
    }

    /// The cell under which a thing is filed: the one that holds it.
    #[must_use]
    pub fn cell(&self, handle: &Handle) -> Cell {
        self.city.cell(self.slots[handle.0 as usize].bucket)
    }

    /// The memory held, in bytes, as far as the index knows: the capacity of everything it allocated, and the
    /// R-tree's nodes estimated at twice their leaves.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        self.slots.capacity() * size_of::<Slot<K>>() + self.vacant.capacity() * 4 + self.city.heap_bytes()
    }

    fn change_bucket(&mut self, number: u32, at: Angles) {
        let Slot { bucket, place, .. } = self.slots[number as usize];
        let tags = self.city.member(bucket, place).tags;
        let into = self.city.bucket_from(bucket, at);
        if into == bucket {
            self.city.member_mut(bucket, place).at = at;
            return;
        }
        self.leave(bucket, place);
        let place = self.city.join(into, Member { at, number, tags });
        let slot = &mut self.slots[number as usize];
        (slot.bucket, slot.place) = (into, place);
        self.forget_empty();
    }

    /// Takes a member out of its bucket; the last member moves into its place.
    fn leave(&mut self, bucket: u32, place: u32) {
        if let Some(moved) = self.city.leave(bucket, place) {
            self.slots[moved as usize].place = place;
        }
    }

    /// Forgets empty buckets when there are many. Numbers of buckets change: only when nothing is under way.
    fn forget_empty(&mut self) {
        if self.city.has_many_empty() {
            for (slot, bucket) in self.city.forget_empty() {
                self.slots[slot as usize].bucket = bucket;
            }
        }
    }
}

/// Makes room for one more by an eighth at a time: doubling would leave a quarter of the memory unused on average.
fn spare<T>(list: &mut Vec<T>) {
    if list.len() == list.capacity() {
        list.reserve_exact(list.len() / 8 + 4);
    }
}

#[cfg(test)]
mod tests;
