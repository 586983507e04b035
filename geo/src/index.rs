//! Who is near: an R-tree over the occupied H3 cells, with buckets of things inside.
//!
//! Why not one R-tree of things: a car moves every few seconds, and taking a point out of a big tree and putting it
//! back costs twenty times more than moving it between two buckets. The tree only changes when a cell becomes
//! occupied or empty.
//!
//! Why it is exact: distances are compared as chords between unit vectors, which is a metric and grows with the
//! great-circle distance. Every bucket keeps its reach, the largest chord from its centre to anything ever put into
//! it since it was created. By the triangle inequality nothing in a bucket is closer to the query than
//! `chord(query, centre) - reach`. Buckets come out of the tree nearest centre first, so once
//! `chord(query, centre) - largest reach` exceeds the k-th best, nothing better can follow. No property of H3's
//! geometry is assumed: a thing filed under a wrong cell would cost time, not truth.

use std::collections::HashMap;
use std::hash::Hash;

use rstar::RTree;
use rstar::primitives::GeomWithData;

use crate::{Cell, EARTH_RADIUS_M, Meters, Point, Resolution, distance};

/// Room for rounding in the bounds: 1e-12 of the Earth's radius is 6 micrometres.
const ROUNDING: f64 = 1e-12;

type Centre = GeomWithData<[f64; 3], usize>;

/// Moving things by position, for "who is nearest" questions. `K` names a thing.
#[derive(Debug)]
pub struct NearIndex<K> {
    resolution: Resolution,
    centres: RTree<Centre>,
    slots: HashMap<Cell, usize>,
    buckets: Vec<Bucket<K>>,
    free: Vec<usize>,
    places: HashMap<K, Place>,
    reach_max: f64,
}

#[derive(Debug)]
struct Bucket<K> {
    cell: Cell,
    centre: [f64; 3],
    reach: f64,
    members: Vec<Member<K>>,
}

#[derive(Debug)]
struct Member<K> {
    key: K,
    unit: [f64; 3],
    point: Point,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    bucket: usize,
    member: usize,
}

/// One answer to "who is near".
#[derive(Clone, Debug, PartialEq)]
pub struct Near<K> {
    /// Who.
    pub key: K,
    /// Where.
    pub point: Point,
    /// How far from the question, along a great circle.
    pub distance: Meters,
}

impl<K: Clone + Ord + Hash> NearIndex<K> {
    /// An empty index with buckets of this resolution.
    #[must_use]
    pub fn new(resolution: Resolution) -> NearIndex<K> {
        NearIndex {
            resolution,
            centres: RTree::new(),
            slots: HashMap::new(),
            buckets: Vec::new(),
            free: Vec::new(),
            places: HashMap::new(),
            reach_max: 0.0,
        }
    }

    /// How many things are in the index.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether nothing is in the index.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Where a thing is, if it is in the index.
    #[must_use]
    pub fn get(&self, key: &K) -> Option<Point> {
        self.places.get(key).map(|place| self.buckets[place.bucket].members[place.member].point)
    }

    /// Puts a thing at a point; a thing that is already here moves.
    pub fn put(&mut self, key: K, point: Point) {
        let cell = Cell::at(point, self.resolution);
        if let Some(&place) = self.places.get(&key) {
            if self.buckets[place.bucket].cell == cell {
                let unit = point.unit();
                let bucket = &mut self.buckets[place.bucket];
                bucket.members[place.member] = Member { key, unit, point };
                bucket.reach = bucket.reach.max(chord(bucket.centre, unit));
                self.reach_max = self.reach_max.max(bucket.reach);
                return;
            }
            self.take_out(place);
        }
        self.put_in(key, point, cell);
    }

    /// Takes a thing out. Returns whether it was here.
    pub fn remove(&mut self, key: &K) -> bool {
        let Some(place) = self.places.remove(key) else { return false };
        self.take_out(place);
        true
    }

    /// The `k` nearest things within a distance, nearest first; equal distances in the order of their keys.
    /// Equal to a scan of everything by great-circle distance (to a micrometre).
    #[must_use]
    pub fn nearest(&self, from: Point, k: usize, within: Meters) -> Vec<Near<K>> {
        self.nearest_where(from, k, within, |_| true)
    }

    /// As [`NearIndex::nearest`], of the things that pass `wanted`.
    #[must_use]
    pub fn nearest_where(&self, from: Point, k: usize, within: Meters, wanted: impl Fn(&K) -> bool) -> Vec<Near<K>> {
        let mut best: Vec<(f64, &Member<K>)> = Vec::with_capacity(k.min(self.len()) + 1);
        if k == 0 {
            return Vec::new();
        }
        let query = from.unit();
        let mut limit = chord_of(within) + ROUNDING;
        for (centre, squared) in self.centres.nearest_neighbor_iter_with_distance_2(query) {
            let to_centre = squared.sqrt();
            if to_centre - self.reach_max > limit {
                break;
            }
            let bucket = &self.buckets[centre.data];
            if to_centre - bucket.reach > limit {
                continue;
            }
            for member in &bucket.members {
                let away = chord(query, member.unit);
                if away > limit || !wanted(&member.key) {
                    continue;
                }
                let after = best.partition_point(|&(d, other)| (d, &other.key) < (away, &member.key));
                best.insert(after, (away, member));
                best.truncate(k);
                if best.len() == k {
                    limit = limit.min(best[k - 1].0 + ROUNDING);
                }
            }
        }
        let answer = |(_, member): (f64, &Member<K>)| Near {
            key: member.key.clone(),
            point: member.point,
            distance: distance(from, member.point),
        };
        let mut found: Vec<Near<K>> = best.into_iter().map(answer).filter(|near| near.distance <= within).collect();
        found.sort_by(|a, b| a.distance.get().total_cmp(&b.distance.get()).then_with(|| a.key.cmp(&b.key)));
        found
    }

    fn put_in(&mut self, key: K, point: Point, cell: Cell) {
        let slot = match self.slots.get(&cell) {
            Some(&slot) => slot,
            None => self.occupy(cell),
        };
        let unit = point.unit();
        let bucket = &mut self.buckets[slot];
        bucket.reach = bucket.reach.max(chord(bucket.centre, unit) + ROUNDING);
        self.reach_max = self.reach_max.max(bucket.reach);
        self.places.insert(key.clone(), Place { bucket: slot, member: bucket.members.len() });
        bucket.members.push(Member { key, unit, point });
    }

    /// Takes the member at `place` out of its bucket; the caller has forgotten, or is about to renew, its place.
    fn take_out(&mut self, place: Place) {
        let bucket = &mut self.buckets[place.bucket];
        bucket.members.swap_remove(place.member);
        if let Some(moved) = bucket.members.get(place.member) {
            self.places.insert(moved.key.clone(), place);
        }
        if self.buckets[place.bucket].members.is_empty() {
            self.vacate(place.bucket);
        }
    }

    fn occupy(&mut self, cell: Cell) -> usize {
        let centre = cell.centre().unit();
        let bucket = Bucket { cell, centre, reach: 0.0, members: Vec::new() };
        let slot = match self.free.pop() {
            Some(slot) => {
                self.buckets[slot] = bucket;
                slot
            }
            None => {
                self.buckets.push(bucket);
                self.buckets.len() - 1
            }
        };
        self.slots.insert(cell, slot);
        self.centres.insert(GeomWithData::new(centre, slot));
        slot
    }

    fn vacate(&mut self, slot: usize) {
        let bucket = &self.buckets[slot];
        self.centres.remove(&GeomWithData::new(bucket.centre, slot));
        self.slots.remove(&bucket.cell);
        self.free.push(slot);
    }
}

/// The straight line between two unit vectors.
fn chord(a: [f64; 3], b: [f64; 3]) -> f64 {
    ((a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2) + (a[2] - b[2]).powi(2)).sqrt()
}

/// The chord that spans a distance along the ground; half the Earth or more spans it whole.
fn chord_of(distance: Meters) -> f64 {
    let angle = (distance.get() / EARTH_RADIUS_M).min(std::f64::consts::PI);
    2.0 * (angle / 2.0).sin()
}

#[cfg(test)]
mod tests;
