//! Finding the nearest: the bucket of the question, its two rings, and the tree only when those do not suffice.
//!
//! Lives here: [`NearIndex::nearest`] and its relatives, [`InOrder`].
//! Stays out: how things move.
//! Touch with care: two kinds of distance meet here. The *horizon* is true: nothing beyond it can matter. The *limit*
//! is rough: the horizon, widened by what a rough distance may be off. A bucket may be passed over only by a horizon.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::iter::Peekable;

use super::angles::{Ruler, widened, widened_square};
use super::bucket::{Bucket, Member};
use super::city::{Centre, NOBODY};
use super::{Angles, Near, NearIndex, Place, Search};
use crate::{EARTH_RADIUS_M, Meters, Point};

/// Room where rounded places meet places as they are, and chords meet distances: twice 7 mm, and more, in metres.
const ROUNDING_METRES: f64 = 0.02;

/// An index of no more things than this is searched from end to end.
const FEW: usize = 64;

impl<K: Clone + Ord> NearIndex<K> {
    /// The `k` nearest things that a search wants, nearest first; equal distances in the order of their names.
    ///
    /// Equal to measuring everything: by great-circle distance, to a micrometre, between the question rounded and
    /// the things rounded as [`NearIndex::point`] tells.
    #[must_use]
    pub fn nearest(&self, from: Point, k: usize, search: &Search) -> Vec<Near<'_, K>> {
        self.find(from, k, search, None)
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
        self.find(from, k, search, Some(&wanted))
    }

    /// Everything that a search wants, in no order that means anything, but the same for the same history. Looks at
    /// each thing once: for those who want most of what there is.
    #[must_use]
    pub fn all(&self, from: Point, search: &Search) -> Vec<Near<'_, K>> {
        let ruler = Ruler::new(from, search.within);
        let since = search.seen_since_ms();
        let mut found = Vec::with_capacity(self.len());
        for bucket in self.city.inhabited() {
            for member in self.city.bucket(bucket).members() {
                let near = self.near(ruler.exact(member.at), member, search);
                let wanted = search.wants(member.who.tags) && near.slot.seen_ms >= since;
                if wanted && near.metres <= search.within.get() {
                    found.push(near);
                }
            }
        }
        found
    }

    fn find(&self, from: Point, k: usize, search: &Search, wanted: Option<&dyn Fn(&K) -> bool>) -> Vec<Near<'_, K>> {
        if k == 0 || self.is_empty() {
            return Vec::new();
        }
        let ruler = Ruler::new(from, search.within);
        let mut list = Shortlist::new(k, search.within);
        // Whose a position is, and what else is known of it, lies elsewhere in memory: it is fetched only when asked
        // about.
        let since = search.seen_since_ms();
        let (any_tags, any_age) = (search.wants_any_tags(), since == i64::MIN);
        let wants = |bucket: &Bucket, place: usize| {
            let slot = || &self.slots[bucket.who(place).number as usize];
            (any_tags || search.wants(bucket.who(place).tags))
                && (any_age || slot().seen_ms >= since)
                && wanted.is_none_or(|wanted| wanted(&slot().key))
        };
        let mut take = |number: u32, list: &mut Shortlist| list.scan(&ruler, number, self.city.bucket(number), wants);
        if self.len() <= k.max(FEW) {
            self.search_all(&ruler, &mut list, &mut take);
        } else {
            let start = self.city.start(Angles::of(from));
            let settled = start.is_some_and(|start| self.search_rings(start, &ruler, &mut list, &mut take));
            if !settled {
                self.search_tree(from, start, &ruler, &mut list, &mut take);
            }
        }
        let mut found: Vec<Near<'_, K>> = Vec::with_capacity(list.entries.len());
        for place in list.places() {
            let member = self.city.member(place);
            let distance = ruler.exact(member.at);
            if distance <= search.within.get() {
                let near = self.near(distance, member, search);
                // They come roughly in order: each goes a step or two back, if at all.
                let place = found.iter().rposition(|other| !near.is_before(other)).map_or(0, |before| before + 1);
                found.insert(place, near);
            }
        }
        found.truncate(k);
        found
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

    /// Looks at every bucket that can matter, in no order: where hardly anything is left out anyway, putting the buckets
    /// in order costs more than looking at them.
    fn search_all(&self, ruler: &Ruler, list: &mut Shortlist, take: &mut impl FnMut(u32, &mut Shortlist)) {
        for bucket in self.city.inhabited() {
            let limit = widened(list.horizon + self.city.around(bucket).reach as f32);
            if ruler.rough(self.city.centre(bucket)) <= limit * limit {
                take(bucket, list);
            }
        }
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

    fn near(&self, metres: f64, member: Member, search: &Search) -> Near<'_, K> {
        Near { slot: &self.slots[member.who.number as usize], member, metres, now_ms: search.now_ms }
    }
}

/// The best so far by rough distance, nearest first: `k`, and whoever is too close to the last of them to be told
/// apart roughly.
struct Shortlist {
    k: usize,
    /// The square of the rough distance as the bits of an `f32`, which sort like numbers, over a place in `taken`.
    entries: Vec<u64>,
    /// Where everyone is who ever was on the list.
    taken: Vec<Place>,
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
        let room = k.min(64) + 8;
        let (entries, taken) = (Vec::with_capacity(room), Vec::with_capacity(4 * room));
        Shortlist { k, entries, taken, horizon, limit_square: limit * limit }
    }

    /// Where those are who are on the list, roughly nearest first.
    fn places(&self) -> impl Iterator<Item = Place> {
        self.entries.iter().map(|entry| self.taken[(*entry & u64::from(u32::MAX)) as usize])
    }

    /// Takes in whoever of a bucket is near enough and wanted.
    #[inline]
    fn scan(&mut self, ruler: &Ruler, number: u32, bucket: &Bucket, wants: impl Fn(&Bucket, usize) -> bool) {
        let before = self.taken.len();
        let (eights, rest) = bucket.positions().as_chunks::<8>();
        for (place, eight) in (0..).step_by(8).zip(eights) {
            let squares = ruler.rough_eight(*eight);
            if squares.iter().fold(false, |any, square| any | (*square <= self.limit_square)) {
                for (place, square) in (place..).zip(squares) {
                    if square <= self.limit_square && wants(bucket, place) {
                        self.take(square, Place { bucket: number, member: place as u32 });
                    }
                }
            }
        }
        for (place, at) in (bucket.len() - rest.len()..).zip(rest) {
            let square = ruler.rough(*at);
            if square <= self.limit_square && wants(bucket, place) {
                self.take(square, Place { bucket: number, member: place as u32 });
            }
        }
        if self.taken.len() > before
            && let Some(last) = self.entries.get(self.k - 1)
        {
            self.horizon = self.horizon.min(widened(square_in(*last).sqrt()));
        }
    }

    fn take(&mut self, square: f32, place: Place) {
        let entry = u64::from(square.to_bits()) << 32 | self.taken.len() as u64;
        self.taken.push(place);
        self.entries.push(entry);
        let mut rank = self.entries.len() - 1;
        while rank > 0 && self.entries[rank - 1] > entry {
            self.entries[rank] = self.entries[rank - 1];
            rank -= 1;
        }
        self.entries[rank] = entry;
        if let Some(last) = self.entries.get(self.k - 1) {
            self.limit_square = self.limit_square.min(widened_square(square_in(*last)));
            while self.entries.last().is_some_and(|entry| square_in(*entry) > self.limit_square) {
                self.entries.pop();
            }
        }
    }
}

/// The square in an entry of a [`Shortlist`].
fn square_in(entry: u64) -> f32 {
    f32::from_bits((entry >> 32) as u32)
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
struct Found<'a, K>(Near<'a, K>);

impl<K: Ord> Ord for Found<'_, K> {
    fn cmp(&self, other: &Self) -> Ordering {
        other.0.metres.total_cmp(&self.0.metres).then_with(|| other.0.key().cmp(self.0.key()))
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
            let ready = self.found.peek().is_some_and(|found| to_come.is_none_or(|to_come| found.0.metres < to_come));
            if ready || to_come.is_none() {
                return self.found.pop().map(|found| found.0);
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
        for member in self.index.city.bucket(bucket).members() {
            let near = self.index.near(self.ruler.exact(member.at), member, &self.search);
            let wanted = self.search.wants(member.who.tags) && near.slot.seen_ms >= since;
            if wanted && near.metres <= self.search.within.get() {
                self.found.push(Found(near));
            }
        }
    }
}
