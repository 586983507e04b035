//! The buckets: one for each H3 cell that was entered, linked to those within two rings.
//!
//! Lives here: which bucket a position belongs to, moving in and out, opening and forgetting buckets.
//! Stays out: names of things, searching.
//! Touch with care: buckets are linked both ways or not at all; a bucket is forgotten only when it is empty.

use std::collections::HashMap;

use rstar::RTree;
use rstar::primitives::GeomWithData;

use super::angles::{Angles, Ruler};
use super::bucket::{Bucket, Member};
use super::ground::{self, Ground};
use super::{Place, Tags};
use crate::{Cell, Meters, Resolution};

/// The centre of a bucket as a unit vector, and its number.
pub(super) type Centre = GeomWithData<[f64; 3], u32>;

/// With fewer things than this to an occupied cell, coarser cells are better; with more than that, finer ones. A
/// step between resolutions is a factor of seven, so neither can follow the other at once.
const FEW: usize = 4;
const MANY: usize = 64;
/// Cells of 5 km2 and of 0.1 km2: the range in which an index adapts itself. In coarser cells a search visits too many
/// things, in finer ones cars change cells with nearly every position.
const COARSEST: u8 = 7;
const FINEST: u8 = 9;

/// A cell has at most 18 others within two rings.
const LINKS: usize = 18;
/// No bucket.
pub(super) const NOBODY: u32 = u32::MAX;

/// What a search, or a move into another cell, touches as well.
#[derive(Debug)]
pub(super) struct Around {
    pub(super) cell: Cell,
    /// Buckets within two rings; [`NOBODY`] from the first place that is not taken.
    pub(super) links: [u32; LINKS],
    /// See [`ground::clearance`].
    pub(super) clearance: f64,
    /// No member is farther from the centre than this, in metres.
    pub(super) reach: f64,
}

#[derive(Debug)]
pub(super) struct City {
    resolution: Resolution,
    tree: RTree<Centre>,
    by_cell: HashMap<Cell, u32>,
    /// Some bucket whose centre lies in this square of latitude and longitude: where a search begins.
    by_square: HashMap<(i32, i32), u32>,
    grounds: Vec<Ground>,
    buckets: Vec<Bucket>,
    arounds: Vec<Around>,
    /// The centres again, packed, for a glance at eighteen neighbours.
    centres: Vec<Angles>,
    /// The longest reach of any bucket, in metres.
    reach_max: f64,
    /// Steps of latitude to a step of longitude at the bucket opened last: only for choosing whom to ask first.
    shrink: f32,
    empty: usize,
}

impl City {
    pub(super) fn new(resolution: Resolution) -> City {
        City {
            resolution,
            tree: RTree::new(),
            by_cell: HashMap::new(),
            by_square: HashMap::new(),
            grounds: Vec::new(),
            buckets: Vec::new(),
            arounds: Vec::new(),
            centres: Vec::new(),
            reach_max: 0.0,
            shrink: 1.0,
            empty: 0,
        }
    }

    pub(super) fn resolution(&self) -> Resolution {
        self.resolution
    }

    pub(super) fn tree(&self) -> &RTree<Centre> {
        &self.tree
    }

    pub(super) fn reach_max(&self) -> f64 {
        self.reach_max
    }

    pub(super) fn centre(&self, bucket: u32) -> Angles {
        self.centres[bucket as usize]
    }

    pub(super) fn around(&self, bucket: u32) -> &Around {
        &self.arounds[bucket as usize]
    }

    pub(super) fn cell(&self, bucket: u32) -> Cell {
        self.arounds[bucket as usize].cell
    }

    /// The buckets with anything in them.
    pub(super) fn inhabited(&self) -> impl Iterator<Item = u32> {
        (0..).zip(&self.buckets).filter(|(_, bucket)| !bucket.is_empty()).map(|(number, _)| number)
    }

    pub(super) fn bucket(&self, bucket: u32) -> &Bucket {
        &self.buckets[bucket as usize]
    }

    pub(super) fn member(&self, place: Place) -> Member {
        self.buckets[place.bucket as usize].member(place.member as usize)
    }

    #[inline]
    pub(super) fn put(&mut self, place: Place, at: Angles) {
        self.buckets[place.bucket as usize].put(place.member as usize, at);
    }

    pub(super) fn retag(&mut self, place: Place, tags: Tags) {
        self.buckets[place.bucket as usize].retag(place.member as usize, tags);
    }

    /// A bucket near a position to begin a search at, if there is one: of those that can be seen from some bucket of
    /// the same square, the one whose centre is nearest. Any other would do: the search only takes longer.
    pub(super) fn start(&self, at: Angles) -> Option<u32> {
        let some = self.by_square.get(&square(at, self.resolution)).copied()?;
        let nearest = self.nearest_link(some, at).filter(|(away, _)| *away < self.square_from(some, at));
        Some(nearest.map_or(some, |(_, link)| link))
    }

    /// The neighbour within two rings whose centre is nearest to a position, and roughly the square of how far.
    fn nearest_link(&self, bucket: u32, at: Angles) -> Option<(f32, u32)> {
        let links = self.arounds[bucket as usize].links.iter().take_while(|link| **link != NOBODY);
        links.map(|link| (self.square_from(*link, at), *link)).min_by(|a, b| a.0.total_cmp(&b.0))
    }

    /// The square of roughly how far a position is from a bucket's centre, in steps.
    #[inline]
    fn square_from(&self, bucket: u32, at: Angles) -> f32 {
        let (lat, lon) = at.offset_from(self.centres[bucket as usize]);
        let lon = lon * self.shrink;
        lat * lat + lon * lon
    }

    /// Whether a position surely lies in the cell of this bucket.
    #[inline]
    pub(super) fn holds(&self, place: Place, at: Angles) -> bool {
        self.grounds[place.bucket as usize].holds(at)
    }

    /// The bucket that a position belongs to, for a thing that comes from another one nearby: the neighbour whose
    /// centre is nearest is asked first, and H3 only when that one is not sure.
    pub(super) fn bucket_from(&mut self, from: u32, at: Angles) -> u32 {
        match self.nearest_link(from, at) {
            Some((_, link)) if self.grounds[link as usize].holds(at) => link,
            _ => self.bucket_of(at),
        }
    }

    /// Puts a new thing into the bucket of its cell; tells its place.
    pub(super) fn enter(&mut self, member: Member) -> Place {
        let bucket = self.bucket_of(member.at);
        self.join(bucket, member)
    }

    /// Puts a thing into a bucket; tells its place.
    pub(super) fn join(&mut self, bucket: u32, member: Member) -> Place {
        let members = &mut self.buckets[bucket as usize];
        self.empty -= usize::from(members.is_empty());
        Place { bucket, member: members.push(member) as u32 }
    }

    /// Takes a member out. Tells which thing took its place, if one did.
    pub(super) fn leave(&mut self, place: Place) -> Option<u32> {
        let members = &mut self.buckets[place.bucket as usize];
        let moved = members.take(place.member as usize);
        self.empty += usize::from(members.is_empty());
        moved
    }

    /// The bucket that holds a position by H3's word; opened when it is the first visit.
    fn bucket_of(&mut self, at: Angles) -> u32 {
        let cell = Cell::at(at.point(), self.resolution);
        let bucket = self.by_cell.get(&cell).copied().unwrap_or_else(|| self.open(cell));
        // H3's word against the corners it told: whoever is filed here is within reach, come what may.
        let away = Ruler::new(self.centres[bucket as usize].point(), Meters::ZERO).exact(at);
        let around = &mut self.arounds[bucket as usize];
        around.reach = around.reach.max(away);
        self.reach_max = self.reach_max.max(around.reach);
        bucket
    }

    fn open(&mut self, cell: Cell) -> u32 {
        let bucket = u32::try_from(self.grounds.len()).expect("H3 has fewer cells of a city than that");
        let ground = Ground::of(cell);
        let (near, far) = (cell.disk(2), cell.disk(3));
        let third: Vec<Cell> = far.into_iter().filter(|cell| near.binary_search(cell).is_err()).collect();
        let mut links = [NOBODY; LINKS];
        let mut taken = 0;
        for other in near {
            if let Some(&other) = self.by_cell.get(&other) {
                links[taken] = other;
                taken += 1;
                link(&mut self.arounds[other as usize].links, bucket);
            }
        }
        let around = Around { cell, links, clearance: ground::clearance(cell, &third), reach: ground::reach(cell) };
        self.reach_max = self.reach_max.max(around.reach);
        self.shrink = cell.centre().lat().to_radians().cos() as f32;
        self.tree.insert(GeomWithData::new(cell.centre().unit(), bucket));
        self.by_cell.insert(cell, bucket);
        self.by_square.insert(square(ground.centre(), self.resolution), bucket);
        self.centres.push(ground.centre());
        self.grounds.push(ground);
        self.buckets.push(Bucket::default());
        self.arounds.push(around);
        self.empty += 1;
        bucket
    }

    /// How many buckets have somebody in them.
    fn occupied(&self) -> usize {
        self.buckets.len() - self.empty
    }

    /// Whether more buckets are empty than are worth their memory. Opening one takes some twenty microseconds, so
    /// empty ones are kept for a while.
    pub(super) fn has_many_empty(&self) -> bool {
        self.empty > 4 * self.occupied() + 1_024
    }

    /// The resolution that would suit this many things better, if another one would: coarser when there are so few to
    /// a cell that searches mostly visit cells, finer when there are so many that they mostly visit things.
    pub(super) fn better_resolution(&self, things: usize) -> Option<Resolution> {
        let now = self.resolution.get();
        let better = if things < FEW * self.occupied() && now > COARSEST {
            now - 1
        } else if things > MANY * self.occupied() && things > 64 && now < FINEST {
            now + 1
        } else {
            return None;
        };
        Resolution::new(better).ok()
    }

    /// Everyone, bucket by bucket.
    pub(super) fn everyone(&self) -> impl Iterator<Item = Member> {
        self.buckets.iter().flat_map(Bucket::members)
    }

    /// Forgets the empty buckets. Tells the new bucket of every thing.
    pub(super) fn forget_empty(&mut self) -> Vec<(u32, u32)> {
        let mut number = vec![NOBODY; self.buckets.len()];
        let mut kept = 0;
        for (bucket, number) in self.buckets.iter().zip(&mut number) {
            if !bucket.is_empty() {
                *number = kept;
                kept += 1;
            }
        }
        keep(&mut self.grounds, &number);
        keep(&mut self.arounds, &number);
        keep(&mut self.centres, &number);
        keep(&mut self.buckets, &number);
        for around in &mut self.arounds {
            around.links = renumbered(&around.links, &number);
        }
        self.by_cell = self.arounds.iter().zip(0..).map(|(around, bucket)| (around.cell, bucket)).collect();
        let squares = self.centres.iter().zip(0..);
        self.by_square = squares.map(|(centre, bucket)| (square(*centre, self.resolution), bucket)).collect();
        let centre = |(around, bucket): (&Around, u32)| GeomWithData::new(around.cell.centre().unit(), bucket);
        self.tree = RTree::bulk_load(self.arounds.iter().zip(0..).map(centre).collect());
        self.reach_max = self.arounds.iter().map(|around| around.reach).fold(0.0, f64::max);
        self.empty = 0;
        let moved = |(members, bucket): (&Bucket, u32)| -> Vec<(u32, u32)> {
            members.members().map(|member| (member.who.number, bucket)).collect()
        };
        self.buckets.iter().zip(0..).flat_map(moved).collect()
    }

    pub(super) fn heap_bytes(&self) -> usize {
        let members: usize = self.buckets.iter().map(Bucket::heap_bytes).sum();
        members
            + self.buckets.capacity() * size_of::<Bucket>()
            + self.grounds.capacity() * size_of::<Ground>()
            + self.arounds.capacity() * size_of::<Around>()
            + self.centres.capacity() * size_of::<Angles>()
            + self.by_cell.capacity() * (size_of::<(Cell, u32)>() + 1)
            + self.by_square.capacity() * (size_of::<((i32, i32), u32)>() + 1)
            + self.tree.size() * 2 * size_of::<Centre>()
    }
}

/// The square that a position lies in. Its sides are powers of two: about 600 m of latitude for cells of resolution 9,
/// so that some centre lies in nearly every square of a city; twice and a half as long for each coarser resolution.
fn square(at: Angles, resolution: Resolution) -> (i32, i32) {
    let coarser = 9 - i32::from(resolution.get());
    let shift = (16 + (coarser * 7).div_euclid(5)).clamp(0, 30);
    (at.lat >> shift, at.lon >> shift)
}

/// Keeps of a list what has a new number.
fn keep<T>(list: &mut Vec<T>, number: &[u32]) {
    let mut stays = number.iter().map(|number| *number != NOBODY);
    list.retain(|_| stays.next().unwrap_or(false));
}

fn link(links: &mut [u32; LINKS], bucket: u32) {
    let free = links.iter_mut().find(|link| **link == NOBODY);
    *free.expect("a cell has at most eighteen others within two rings") = bucket;
}

fn renumbered(links: &[u32; LINKS], number: &[u32]) -> [u32; LINKS] {
    let mut kept = [NOBODY; LINKS];
    let alive = links.iter().filter(|link| **link != NOBODY).map(|link| number[*link as usize]);
    for (place, link) in kept.iter_mut().zip(alive.filter(|link| *link != NOBODY)) {
        *place = link;
    }
    kept
}
