//! Ours: [`geo::NearIndex`], used as a region uses it.
//!
//! Lives here: raw numbers in, checked points, an index, raw numbers out. Stays out: everything that makes it fast.

use geo::{Meters, NearIndex, Point, Resolution};

use super::city::Move;
use super::contender::{Contender, Found};

pub(super) struct Ours {
    index: NearIndex<u32>,
}

fn point(lat: f64, lon: f64) -> Point {
    Point::new(lat, lon).expect("the city of the comparison is on Earth")
}

impl Ours {
    pub(super) fn new(cars: impl Iterator<Item = Move>) -> Ours {
        let mut index = NearIndex::new(Resolution::INDEX);
        for car in cars {
            index.put(car.id, point(car.lat, car.lon));
        }
        Ours { index }
    }

    /// How many bytes of the heap the index holds, all its cars together.
    pub(super) fn heap_bytes(&self) -> Option<usize> {
        None
    }
}

impl Contender for Ours {
    fn update(&mut self, id: u32, lat: f64, lon: f64) {
        self.index.put(id, point(lat, lon));
    }

    fn nearest(&mut self, lat: f64, lon: f64, k: usize, within_m: f64, out: &mut Vec<Found>) {
        let within = Meters::new(within_m).expect("a distance to look within");
        let found = self.index.nearest(point(lat, lon), k, within);
        out.clear();
        out.extend(found.iter().map(|near| Found { id: near.key, away_m: near.distance.get() }));
    }
}
