//! Ours: [`geo::NearIndex`], used as a region uses it.
//!
//! Lives here: raw numbers in, checked points, an index, raw numbers out. Stays out: everything that makes it fast.
//! Moves come in batches of a hundred, as they do from a shard's mailbox and as Redis gets them: a row about updates is
//! about batches.
//! Touch with care: the caller of the index keeps a handle for each driver, and here too finding it is timed.

use geo::{Fix, Handle, Meters, NearIndex, Point, Search, Tags};

use super::city::Move;
use super::contender::{Contender, Found};

/// All cars are seen at once: the age of a position is not what is compared.
const SEEN_MS: i64 = 0;

pub(super) struct Ours {
    index: NearIndex<u32>,
    handles: Vec<Handle>,
}

fn point(lat: f64, lon: f64) -> Point {
    Point::new(lat, lon).expect("the city of the comparison is on Earth")
}

fn fix(lat: f64, lon: f64) -> Fix {
    Fix::at(point(lat, lon), SEEN_MS)
}

impl Ours {
    pub(super) fn new(cars: impl Iterator<Item = Move>) -> Ours {
        let mut index = NearIndex::new();
        let handles = cars.map(|car| index.insert(car.id, Tags::NONE, fix(car.lat, car.lon))).collect();
        Ours { index, handles }
    }

    /// How many bytes of the heap the index holds for all its cars, their handles included.
    pub(super) fn heap_bytes(&self) -> usize {
        self.index.heap_bytes() + self.handles.capacity() * size_of::<Handle>()
    }
}

impl Contender for Ours {
    fn update(&mut self, id: u32, lat: f64, lon: f64) {
        self.index.update(&self.handles[id as usize], fix(lat, lon));
    }

    fn update_all(&mut self, moves: &[Move]) {
        let moves = moves.iter().map(|car| (&self.handles[car.id as usize], fix(car.lat, car.lon)));
        self.index.update_all(moves);
    }

    fn nearest(&mut self, lat: f64, lon: f64, k: usize, within_m: f64, out: &mut Vec<Found>) {
        let within = Meters::new(within_m).expect("a distance to look within");
        let found = self.index.nearest(point(lat, lon), k, &Search::within(within));
        out.clear();
        out.extend(found.iter().map(|near| Found { id: *near.key(), away_m: near.distance().get() }));
    }
}
