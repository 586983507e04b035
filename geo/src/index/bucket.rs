//! The things of one cell.
//!
//! Lives here: [`Bucket`]: positions side by side, and beside them whose they are.
//! Stays out: cells and distances.
//! Touch with care: the two lists are always of one length and in one order.

use super::angles::Angles;
use super::{Tags, spare};

/// A thing in a bucket.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member {
    pub(super) at: Angles,
    pub(super) who: Who,
}

/// Whose a position is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Who {
    /// The number of the thing in the index.
    pub(super) number: u32,
    pub(super) tags: Tags,
}

/// The things of one cell. A search reads many positions and few names, so they do not lie together.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    at: Vec<Angles>,
    who: Vec<Who>,
}

impl Bucket {
    pub(super) fn len(&self) -> usize {
        self.at.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.at.is_empty()
    }

    pub(super) fn positions(&self) -> &[Angles] {
        &self.at
    }

    #[inline]
    pub(super) fn who(&self, place: usize) -> Who {
        self.who[place]
    }

    pub(super) fn member(&self, place: usize) -> Member {
        Member { at: self.at[place], who: self.who[place] }
    }

    pub(super) fn members(&self) -> impl Iterator<Item = Member> {
        self.at.iter().zip(&self.who).map(|(&at, &who)| Member { at, who })
    }

    #[inline]
    pub(super) fn put(&mut self, place: usize, at: Angles) {
        self.at[place] = at;
    }

    pub(super) fn retag(&mut self, place: usize, tags: Tags) {
        self.who[place].tags = tags;
    }

    /// Puts a thing in; tells its place.
    pub(super) fn push(&mut self, member: Member) -> usize {
        spare(&mut self.at);
        self.at.push(member.at);
        spare(&mut self.who);
        self.who.push(member.who);
        self.at.len() - 1
    }

    /// Takes a thing out. The last one takes its place: tells its number, if there is one.
    pub(super) fn take(&mut self, place: usize) -> Option<u32> {
        self.at.swap_remove(place);
        self.who.swap_remove(place);
        // A crowd has left: give back what it needed.
        if self.at.capacity() > 32 && self.at.len() < self.at.capacity() / 4 {
            self.at.shrink_to(self.at.len() * 2);
            self.who.shrink_to(self.who.len() * 2);
        }
        self.who.get(place).map(|moved| moved.number)
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.at.capacity() * size_of::<Angles>() + self.who.capacity() * size_of::<Who>()
    }
}
