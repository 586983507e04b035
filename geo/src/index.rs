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
mod bucket;
mod city;
mod fix;
mod ground;
mod search;

use crate::{Cell, Point, Resolution};

use angles::Angles;
use bucket::{Member, Who};
use city::City;
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
    /// Whether it may change its resolution.
    adapts: bool,
    /// Where to find each thing, by its number: all that a move has to read.
    places: Vec<Place>,
    /// What else is known of each thing, by its number: a move only writes it.
    slots: Vec<Slot<K>>,
    /// Numbers that no thing has. Their slots keep the last name until they are taken again.
    vacant: Vec<u32>,
}

/// One thing in the index. It cannot be copied, so that what has left cannot be moved. It belongs to the index that
/// gave it: another one may panic, or move another thing.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a thing whose handle is lost can never leave the index"]
pub struct Handle(u32);

/// How many moves of a batch are looked up at a time: enough to wait for the memory of all of them at once.
const TOGETHER: usize = 16;

/// A thing on its way.
#[derive(Clone, Copy)]
struct Move {
    number: u32,
    at: Angles,
    place: Place,
}

/// In which bucket a thing is, and where in it.
#[derive(Clone, Copy, Debug)]
struct Place {
    bucket: u32,
    member: u32,
}

/// What is known of a thing beyond its position.
#[derive(Clone, Copy, Debug)]
struct Slot<K> {
    seen_ms: i64,
    heading: Heading,
    accuracy: Accuracy,
    key: K,
}

impl<K: Clone + Ord> Default for NearIndex<K> {
    fn default() -> NearIndex<K> {
        NearIndex::new()
    }
}

impl<K: Clone + Ord> NearIndex<K> {
    /// An empty index whose cells suit its crowd: of resolution 9 (0.1 km2) where there are dozens of things to each,
    /// up to 7 (5 km2) where there are few. It changes by itself, in well under a microsecond for each thing, and
    /// only when its crowd has grown or shrunk many times over.
    #[must_use]
    pub fn new() -> NearIndex<K> {
        NearIndex { adapts: true, ..NearIndex::with_cells(Resolution::INDEX) }
    }

    /// An empty index with cells of this resolution, for good.
    #[must_use]
    pub fn with_cells(resolution: Resolution) -> NearIndex<K> {
        let (places, slots, vacant) = (Vec::new(), Vec::new(), Vec::new());
        NearIndex { city: City::new(resolution), adapts: false, places, slots, vacant }
    }

    /// The resolution of its cells, as of now.
    #[must_use]
    pub fn resolution(&self) -> Resolution {
        self.city.resolution()
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
        let place = self.city.enter(Member { at, who: Who { number, tags } });
        let (heading, accuracy) = (Heading::of(fix.heading), Accuracy::of(fix.accuracy));
        let slot = Slot { seen_ms: fix.seen_ms, heading, accuracy, key };
        match self.slots.get_mut(number as usize) {
            Some(vacant) => {
                *vacant = slot;
                self.places[number as usize] = place;
            }
            None => {
                spare(&mut self.slots);
                self.slots.push(slot);
                spare(&mut self.places);
                self.places.push(place);
            }
        }
        self.tidy_up();
        Handle(number)
    }

    /// Moves a thing. Within its cell that is a test of six borders and no H3 at all.
    pub fn update(&mut self, handle: &Handle, fix: Fix) {
        let at = Angles::of(fix.point);
        let place = self.places[handle.0 as usize];
        self.note(handle.0, &fix);
        if self.city.holds(place, at) {
            self.city.put(place, at);
        } else {
            self.change_bucket(handle.0, at);
        }
    }

    /// Moves many things: in the end each is where [`NearIndex::update`] for each, in order, would have left it. The cells
    /// may be of another size, for those are chosen by the changes there were.
    ///
    /// Faster than that, for the memory of several things is fetched at a time.
    pub fn update_all<'a>(&mut self, moves: impl IntoIterator<Item = (&'a Handle, Fix)>) {
        let mut moves = moves.into_iter();
        let mut some =
            [Move { number: 0, at: Angles { lat: 0, lon: 0 }, place: Place { bucket: 0, member: 0 } }; TOGETHER];
        loop {
            let mut count = 0;
            for (one, (handle, fix)) in some.iter_mut().zip(moves.by_ref()) {
                *one = Move { number: handle.0, at: Angles::of(fix.point), place: self.places[handle.0 as usize] };
                self.note(handle.0, &fix);
                count += 1;
            }
            if count == 0 {
                return;
            }
            self.move_some(&some[..count]);
        }
    }

    /// First whoever stays in its cell, then the others, for those change the places of third ones.
    fn move_some(&mut self, some: &[Move]) {
        let mut leaving = 0_u32;
        for (index, one) in some.iter().enumerate() {
            if self.city.holds(one.place, one.at) {
                self.city.put(one.place, one.at);
            } else {
                leaving |= 1 << index;
            }
        }
        while leaving != 0 {
            let index = leaving.trailing_zeros() as usize;
            leaving &= leaving - 1;
            let one = some[index];
            // Of several moves of one thing the last counts; the others did not leave its bucket.
            if some[index + 1..].iter().all(|later| later.number != one.number) {
                self.change_bucket(one.number, one.at);
            }
        }
    }

    /// Takes a thing out.
    pub fn remove(&mut self, handle: Handle) {
        self.leave(self.places[handle.0 as usize]);
        self.vacant.push(handle.0);
        self.tidy_up();
    }

    /// Gives a thing other marks.
    pub fn retag(&mut self, handle: &Handle, tags: Tags) {
        self.city.retag(self.places[handle.0 as usize], tags);
    }

    /// Who this is.
    #[must_use]
    pub fn key(&self, handle: &Handle) -> &K {
        &self.slots[handle.0 as usize].key
    }

    /// Where a thing is: rounded to 2^-32 of a turn, at most 4.7 mm off on each axis.
    #[must_use]
    pub fn point(&self, handle: &Handle) -> Point {
        self.city.member(self.places[handle.0 as usize]).at.point()
    }

    /// The cell under which a thing is filed: the one that holds it.
    #[must_use]
    pub fn cell(&self, handle: &Handle) -> Cell {
        self.city.cell(self.places[handle.0 as usize].bucket)
    }

    /// The memory held, in bytes, as far as the index knows: the capacity of everything it allocated, and the
    /// R-tree's nodes estimated at twice their leaves.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        self.slots.capacity() * size_of::<Slot<K>>()
            + self.places.capacity() * size_of::<Place>()
            + self.vacant.capacity() * size_of::<u32>()
            + self.city.heap_bytes()
    }

    #[inline]
    fn note(&mut self, number: u32, fix: &Fix) {
        let slot = &mut self.slots[number as usize];
        slot.seen_ms = fix.seen_ms;
        slot.heading = Heading::of(fix.heading);
        slot.accuracy = Accuracy::of(fix.accuracy);
    }

    fn change_bucket(&mut self, number: u32, at: Angles) {
        let place = self.places[number as usize];
        let who = self.city.member(place).who;
        let into = self.city.bucket_from(place.bucket, at);
        if into == place.bucket {
            self.city.put(place, at);
            return;
        }
        self.leave(place);
        self.places[number as usize] = self.city.join(into, Member { at, who });
        self.tidy_up();
    }

    /// Takes a member out of its bucket; the last member moves into its place.
    fn leave(&mut self, place: Place) {
        if let Some(moved) = self.city.leave(place) {
            self.places[moved as usize] = place;
        }
    }

    /// Forgets empty buckets when there are many, and changes to another resolution when that suits the crowd better.
    /// Places change: only when nothing is under way.
    fn tidy_up(&mut self) {
        if self.adapts
            && let Some(better) = self.city.better_resolution(self.len())
        {
            let mut city = City::new(better);
            for member in self.city.everyone() {
                self.places[member.who.number as usize] = city.enter(member);
            }
            self.city = city;
        } else if self.city.has_many_empty() {
            for (number, bucket) in self.city.forget_empty() {
                self.places[number as usize].bucket = bucket;
            }
        }
    }
}

/// Makes room for one more by an eighth at a time: doubling would leave a quarter of the memory unused on average.
fn spare<T>(list: &mut Vec<T>) {
    if list.len() == list.capacity() {
        list.reserve_exact(list.len() / 8 + 2);
    }
}

#[cfg(test)]
mod tests;
