//! The obvious way: one R-tree of all cars, each taken out and put back when it moves.
//!
//! Lives here: `rstar` over unit vectors, whose chords grow with the great-circle distance, so that it is exact
//! everywhere; its default parameters.
//! Stays out: anything cleverer, which is what is compared with it.

use geo::EARTH_RADIUS_M;
use rstar::RTree;
use rstar::primitives::GeomWithData;

use super::city::Move;
use super::contender::{Contender, Found};

type Car = GeomWithData<[f64; 3], u32>;

pub(super) struct OneTree {
    tree: RTree<Car>,
    places: Vec<[f64; 3]>,
}

fn unit(lat: f64, lon: f64) -> [f64; 3] {
    let (sin_lat, cos_lat) = lat.to_radians().sin_cos();
    let (sin_lon, cos_lon) = lon.to_radians().sin_cos();
    [cos_lat * cos_lon, cos_lat * sin_lon, sin_lat]
}

impl OneTree {
    pub(super) fn new(cars: impl Iterator<Item = Move>) -> OneTree {
        let places: Vec<_> = cars.map(|car| unit(car.lat, car.lon)).collect();
        let cars = (0..).zip(&places).map(|(id, &place)| Car::new(place, id)).collect();
        OneTree { tree: RTree::bulk_load(cars), places }
    }
}

impl Contender for OneTree {
    fn update(&mut self, id: u32, lat: f64, lon: f64) {
        let new = unit(lat, lon);
        let old = std::mem::replace(&mut self.places[id as usize], new);
        let was_there = self.tree.remove(&Car::new(old, id));
        debug_assert!(was_there.is_some(), "car {id} is in the tree where we put it");
        self.tree.insert(Car::new(new, id));
    }

    fn nearest(&mut self, lat: f64, lon: f64, k: usize, within_m: f64, out: &mut Vec<Found>) {
        out.clear();
        for (car, squared_chord) in self.tree.nearest_neighbor_iter_with_distance_2(unit(lat, lon)).take(k) {
            let away_m = 2.0 * EARTH_RADIUS_M * (0.5 * squared_chord.sqrt()).min(1.0).asin();
            if away_m > within_m {
                break;
            }
            out.push(Found { id: car.data, away_m });
        }
    }
}
