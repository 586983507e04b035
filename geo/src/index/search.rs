//! Finding the nearest: the bucket of the question, its two rings, and the tree only when those do not suffice.
//!
//! Lives here: [`NearIndex::nearest`] and its relatives, [`InOrder`].
//! Stays out: how things move.
//! Touch with care: two kinds of distance meet here. The *horizon* is true: nothing beyond it can matter. The *limit*
//! is rough: the horizon, widened by what a rough distance may be off. A bucket may be passed over only by a horizon.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::iter::Peekable;
use std::time::Duration;

use super::angles::{Ruler, widened};
use super::city::{Centre, Member, NOBODY};
use super::{Angles, Near, NearIndex, Search};
use crate::{EARTH_RADIUS_M, Meters, Point};

/// Room for rounding where chords and distances meet, in metres.
const ROUNDING_METRES: f64 = 1e-3;

impl<K: Clone + Ord> NearIndex<K> {
    /// The `k` nearest things that a search wants, nearest first; equal distances in the order of their names.
    ///
    /// Equal to measuring everything: by great-circle distance, to a micrometre, between the question rounded and
    /// the things rounded as [`NearIndex::point`] tells.
    #[must_use]
    pub fn nearest(&self, from: Point, k: usize, search: &Search) -> Vec<Near<'_, K>> {
        self.nearest_where(from, k, search, |_| true)
    }

    /// As [`NearIndex::nearest`], of the things whose name passes `wanted`.
    #[must_use]
    pub fn nearest_where(
        &self,
        from: Point,
        k: usize,
        search: &Search,
        wanted: impl Fn(&K) -> bool,
    ) -> Vec<Near<'_, K>> {
        if k == 0 || self.is_empty() {
            return Vec::new();
        }
        let ruler = Ruler::new(from, search.within);
        let mut list = Shortlist::new(k, search.within);
        let since = search.seen_since_ms();
        let mut take = |bucket: u32, list: &mut Shortlist| {
            for member in self.city.members(bucket) {
                let square = ruler.rough(member.at);
                if square <= list.limit_square && search.wants(member.tags) {
                    let slot = &self.slots[member.number as usize];
                    if slot.seen_ms >= since && wanted(&slot.key) {
                        list.take(square, *member);
                    }
                }
            }
        };
        let start = self.city.bucket_at(Angles::of(from));
        let settled = start.is_some_and(|start| self.search_rings(start, &ruler, &mut list, &mut take));
        if !settled {
            self.search_tree(from, start, &ruler, &mut list, &mut take);
        }
        let mut found: Vec<(f64, Member)> =
            list.entries.iter().map(|(_, member)| (ruler.exact(member.at), *member)).collect();
        found.retain(|(distance, _)| *distance <= search.within.get());
        let key = |member: &Member| &self.slots[member.number as usize].key;
        found.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then_with(|| key(&a.1).cmp(key(&b.1))));
        found.truncate(k);
        found.into_iter().map(|(distance, member)| self.near(distance, member, search)).collect()
    }

    /// Everything that a search wants, nearest first, for as long as the caller asks; equal distances in the order of
    /// their names. Costs more for each thing than [`NearIndex::nearest`]: for callers who cannot say how many they
    /// will need.
    pub fn in_order(&self, from: Point, search: &Search) -> InOrder<'_, K> {
        let buckets: Box<dyn Iterator<Item = (&Centre, f64)> + '_> =
            Box::new(self.city.tree().nearest_neighbor_iter_with_distance_2(from.unit()));
        InOrder {
            index: self,
            search: *search,
            ruler: Ruler::new(from, search.within),
            buckets: buckets.peekable(),
            found: BinaryHeap::new(),
        }
    }

    /// Looks at a bucket and its two rings. Returns whether nothing outside them can matter.
    fn search_rings(
        &self,
        start: u32,
        ruler: &Ruler,
        list: &mut Shortlist,
        take: &mut impl FnMut(u32, &mut Shortlist),
    ) -> bool {
        let around = self.city.around(start);
        take(start, list);
        let reach = self.city.reach_max() as f32;
        for &link in around.links.iter().take_while(|link| **link != NOBODY) {
            let limit = widened(list.horizon + reach);
            if ruler.rough(self.city.centre(link)) <= limit * limit {
                take(link, list);
            }
        }
        let clear = around.clearance - ruler.exact(self.city.centre(start)) - ROUNDING_METRES;
        f64::from(list.horizon) <= clear
    }

    /// Looks at every bucket that can matter, the nearest first, except those that [`Self::search_rings`] has seen.
    fn search_tree(
        &self,
        from: Point,
        start: Option<u32>,
        ruler: &Ruler,
        list: &mut Shortlist,
        take: &mut impl FnMut(u32, &mut Shortlist),
    ) {
        let links = start.map(|start| (start, &self.city.around(start).links));
        let seen = |bucket: u32| links.is_some_and(|(start, links)| bucket == start || links.contains(&bucket));
        let (mut horizon, mut chord_square_max) = (f32::NAN, 0.0);
        for (centre, chord_square) in self.city.tree().nearest_neighbor_iter_with_distance_2(from.unit()) {
            if list.horizon != horizon {
                horizon = list.horizon;
                chord_square_max = chord_square_of(f64::from(horizon) + self.city.reach_max() + ROUNDING_METRES);
            }
            if chord_square > chord_square_max {
                break;
            }
            let bucket = centre.data;
            let limit = widened(list.horizon + self.city.around(bucket).reach as f32);
            if !seen(bucket) && ruler.rough(self.city.centre(bucket)) <= limit * limit {
                take(bucket, list);
            }
        }
    }

    fn near(&self, distance: f64, member: Member, search: &Search) -> Near<'_, K> {
        let slot = &self.slots[member.number as usize];
        Near {
            key: &slot.key,
            point: member.at.point(),
            distance: Meters::new(distance).expect("a distance between two places is finite and not negative"),
            age: Duration::from_millis(search.now_ms.saturating_sub(slot.seen_ms).max(0).unsigned_abs()),
            heading: slot.heading.degrees(),
            accuracy: slot.accuracy.metres(),
            tags: member.tags,
        }
    }
}

/// The best so far by rough distance, nearest first: `k`, and whoever is too close to the last of them to be told
/// apart roughly.
struct Shortlist {
    k: usize,
    entries: Vec<(f32, Member)>,
    /// Nothing truly farther away than this can matter, in metres.
    horizon: f32,
    /// Whatever is not beyond the horizon has a rough distance of which the square is at most this.
    limit_square: f32,
}

impl Shortlist {
    fn new(k: usize, within: Meters) -> Shortlist {
        // To the next f32 above: a share of 1e-6 is more than that.
        let horizon = within.get() as f32 * (1.0 + 1e-6);
        let limit = widened(horizon);
        Shortlist { k, entries: Vec::with_capacity(k.min(64) + 4), horizon, limit_square: limit * limit }
    }

    fn take(&mut self, square: f32, member: Member) {
        self.entries.push((square, member));
        let mut place = self.entries.len() - 1;
        while place > 0 && self.entries[place - 1].0 > square {
            self.entries.swap(place - 1, place);
            place -= 1;
        }
        if self.entries.len() >= self.k {
            self.horizon = self.horizon.min(widened(self.entries[self.k - 1].0.sqrt()));
            let limit = widened(self.horizon);
            self.limit_square = self.limit_square.min(limit * limit);
            while self.entries.last().is_some_and(|(square, _)| *square > self.limit_square) {
                self.entries.pop();
            }
        }
    }
}

/// The square of the straight line that spans a distance along the ground; half the Earth or more spans it whole.
fn chord_square_of(metres: f64) -> f64 {
    let half_angle = (metres / EARTH_RADIUS_M).min(std::f64::consts::PI) / 2.0;
    4.0 * half_angle.sin().powi(2)
}

/// The other way round.
fn metres_of(chord_square: f64) -> f64 {
    2.0 * EARTH_RADIUS_M * (chord_square.sqrt() / 2.0).min(1.0).asin()
}

/// Things from near to far; see [`NearIndex::in_order`].
pub struct InOrder<'a, K> {
    index: &'a NearIndex<K>,
    search: Search,
    ruler: Ruler,
    buckets: Peekable<Box<dyn Iterator<Item = (&'a Centre, f64)> + 'a>>,
    found: BinaryHeap<Found<'a, K>>,
}

/// A thing that was measured and not told yet. The greatest is the nearest.
struct Found<'a, K> {
    distance: f64,
    key: &'a K,
    member: Member,
}

impl<K: Ord> Ord for Found<'_, K> {
    fn cmp(&self, other: &Self) -> Ordering {
        other.distance.total_cmp(&self.distance).then_with(|| other.key.cmp(self.key))
    }
}

impl<K: Ord> PartialOrd for Found<'_, K> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<K: Ord> PartialEq for Found<'_, K> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<K: Ord> Eq for Found<'_, K> {}

impl<'a, K: Clone + Ord> Iterator for InOrder<'a, K> {
    type Item = Near<'a, K>;

    fn next(&mut self) -> Option<Near<'a, K>> {
        loop {
            let reach = self.index.city.reach_max() + ROUNDING_METRES;
            // Nothing in the buckets to come is nearer than this.
            let to_come = self.buckets.peek().map(|(_, chord_square)| metres_of(*chord_square) - reach);
            let to_come = to_come.filter(|metres| *metres <= self.search.within.get());
            let ready = self.found.peek().is_some_and(|found| to_come.is_none_or(|to_come| found.distance < to_come));
            if ready || to_come.is_none() {
                let index = self.index;
                return self.found.pop().map(|found| index.near(found.distance, found.member, &self.search));
            }
            if let Some((centre, _)) = self.buckets.next() {
                self.measure(centre.data);
            }
        }
    }
}

impl<K: Clone + Ord> InOrder<'_, K> {
    fn measure(&mut self, bucket: u32) {
        let since = self.search.seen_since_ms();
        for member in self.index.city.members(bucket) {
            let slot = &self.index.slots[member.number as usize];
            let distance = self.ruler.exact(member.at);
            let wanted = self.search.wants(member.tags) && slot.seen_ms >= since;
            if wanted && distance <= self.search.within.get() {
                self.found.push(Found { distance, key: &slot.key, member: *member });
            }
        }
    }
}
