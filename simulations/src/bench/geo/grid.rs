//! The floor: a flat grid of 200 m squares that knows the city's outline beforehand.
//!
//! Lives here: buckets of 32-bit angles, one array for each coordinate, scanned eight cars at a time.
//! Stays out: the antimeridian, the poles, cars outside the city, exactness beyond some millimetres: what ours has to
//! carry and this need not. So it says what there is to lose, not what could be used.

use geo::EARTH_RADIUS_M;

use super::city::{MIDDLE, Move, degrees};
use super::contender::{Contender, Found};

/// The side of a square, in metres.
const SQUARE_M: f64 = 200.0;
/// The largest part of a square's side that the projection can hide: the bound on the next ring is that much lower.
const BOUND: f64 = 0.99;
/// Angles are counted in 2^32 parts of a full turn: 9.3 mm on the ground.
const PARTS_PER_DEGREE: f64 = 4_294_967_296.0 / 360.0;
const M_PER_PART: f64 = EARTH_RADIUS_M * std::f64::consts::TAU / 4_294_967_296.0;
const NOWHERE: (u32, u32) = (u32::MAX, 0);

fn parts(degrees: f64) -> i32 {
    (degrees * PARTS_PER_DEGREE) as i64 as i32
}

/// A place to measure from: squared distances in the plane that touches the Earth there, off by 2 mm at 5 km.
struct From {
    lat: i32,
    lon: i32,
    m_per_part_lon: f32,
    narrows: f32,
}

impl From {
    fn new(lat: f64, lon: f64) -> From {
        let (sin, cos) = lat.to_radians().sin_cos();
        let radians_per_part = std::f64::consts::TAU / 4_294_967_296.0;
        From {
            lat: parts(lat),
            lon: parts(lon),
            m_per_part_lon: (cos * M_PER_PART) as f32,
            narrows: (sin * 0.5 * M_PER_PART * radians_per_part) as f32,
        }
    }

    #[inline(always)]
    fn squared_m(&self, lat: i32, lon: i32) -> f32 {
        let dlat = lat.wrapping_sub(self.lat) as f32;
        let dlon = lon.wrapping_sub(self.lon) as f32;
        let north = dlat * M_PER_PART as f32;
        let east = dlon * (self.m_per_part_lon - self.narrows * dlat);
        east * east + north * north
    }
}

/// The best so far, nearest first, as squared metres and car.
struct Best {
    k: usize,
    limit: f32,
    cars: Vec<(f32, u32)>,
}

impl Best {
    fn reset(&mut self, k: usize, within_m: f64) {
        self.k = k;
        self.limit = (within_m * within_m) as f32;
        self.cars.clear();
    }

    #[inline(always)]
    fn offer(&mut self, squared_m: f32, id: u32) {
        if squared_m < self.limit {
            self.insert(squared_m, id);
        }
    }

    #[inline(never)]
    fn insert(&mut self, squared_m: f32, id: u32) {
        if self.cars.len() == self.k {
            self.cars.pop();
        }
        let mut place = self.cars.len();
        self.cars.push((squared_m, id));
        while place > 0 && self.cars[place - 1].0 > squared_m {
            self.cars[place] = self.cars[place - 1];
            place -= 1;
        }
        self.cars[place] = (squared_m, id);
        if self.cars.len() == self.k {
            self.limit = self.cars[self.k - 1].0;
        }
    }
}

#[derive(Clone, Default)]
struct Bucket {
    lat: Vec<i32>,
    lon: Vec<i32>,
    id: Vec<u32>,
}

impl Bucket {
    #[inline(always)]
    fn push(&mut self, lat: i32, lon: i32, id: u32) -> u32 {
        self.lat.push(lat);
        self.lon.push(lon);
        self.id.push(id);
        (self.id.len() - 1) as u32
    }

    /// Takes out the car at `place`; answers the car that is there now, if any.
    #[inline(always)]
    fn remove(&mut self, place: usize) -> Option<u32> {
        self.lat.swap_remove(place);
        self.lon.swap_remove(place);
        self.id.swap_remove(place);
        self.id.get(place).copied()
    }

    #[inline(always)]
    fn scan(&self, from: &From, best: &mut Best) {
        let count = self.id.len();
        let (lat, lon, id) = (&self.lat[..count], &self.lon[..count], &self.id[..count]);
        let mut at = 0;
        while at + 8 <= count {
            let squared: [f32; 8] = std::array::from_fn(|lane| from.squared_m(lat[at + lane], lon[at + lane]));
            if squared.iter().fold(false, |any, &squared| any | (squared < best.limit)) {
                for lane in 0..8 {
                    best.offer(squared[lane], id[at + lane]);
                }
            }
            at += 8;
        }
        for at in at..count {
            best.offer(from.squared_m(lat[at], lon[at]), id[at]);
        }
    }
}

/// A grid over a city that never grows.
pub(super) struct Grid {
    buckets: Vec<Bucket>,
    places: Vec<(u32, u32)>,
    corner: (f64, f64),
    squares_per_degree: (f64, f64),
    side: i64,
    best: Best,
}

impl Grid {
    pub(super) fn new(cars: impl Iterator<Item = Move>, half_m: f64) -> Grid {
        let side = (2.0 * half_m / SQUARE_M).ceil() as i64 + 4;
        let (far, corner) = (degrees(SQUARE_M, SQUARE_M), degrees(-half_m, -half_m));
        let mut grid = Grid {
            buckets: vec![Bucket::default(); (side * side) as usize],
            places: Vec::new(),
            corner,
            squares_per_degree: (1.0 / (far.0 - MIDDLE.0), 1.0 / (far.1 - MIDDLE.1)),
            side,
            best: Best { k: 1, limit: 0.0, cars: Vec::with_capacity(64) },
        };
        for car in cars {
            grid.places.push(NOWHERE);
            grid.update(car.id, car.lat, car.lon);
        }
        grid
    }

    /// How many squares to the east and to the north of the corner, with a row of room outside the city.
    #[inline(always)]
    fn position(&self, lat: f64, lon: f64) -> (f64, f64) {
        let east = (lon - self.corner.1) * self.squares_per_degree.1;
        let north = (lat - self.corner.0) * self.squares_per_degree.0;
        (east + 1.0, north + 1.0)
    }

    #[inline(always)]
    fn square(&self, (east, north): (f64, f64)) -> (i64, i64) {
        ((east as i64).clamp(0, self.side - 1), (north as i64).clamp(0, self.side - 1))
    }

    /// Scans the squares `ring` steps away from one.
    fn scan_ring(&self, (x, y): (i64, i64), ring: i64, from: &From, best: &mut Best) {
        let inside = 0..self.side;
        let mut scan = |x: i64, y: i64| self.buckets[(y * self.side + x) as usize].scan(from, best);
        if ring == 0 {
            return scan(x, y);
        }
        for y in [y - ring, y + ring].into_iter().filter(|y| inside.contains(y)) {
            for x in (x - ring).max(0)..=(x + ring).min(self.side - 1) {
                scan(x, y);
            }
        }
        for x in [x - ring, x + ring].into_iter().filter(|x| inside.contains(x)) {
            for y in (y - ring + 1).max(0)..=(y + ring - 1).min(self.side - 1) {
                scan(x, y);
            }
        }
    }
}

impl Contender for Grid {
    fn update(&mut self, id: u32, lat: f64, lon: f64) {
        let (x, y) = self.square(self.position(lat, lon));
        let square = (y * self.side + x) as u32;
        let (old, place) = self.places[id as usize];
        let (lat, lon) = (parts(lat), parts(lon));
        if old == square {
            let bucket = &mut self.buckets[old as usize];
            bucket.lat[place as usize] = lat;
            bucket.lon[place as usize] = lon;
            return;
        }
        if old != NOWHERE.0
            && let Some(moved) = self.buckets[old as usize].remove(place as usize)
        {
            self.places[moved as usize].1 = place;
        }
        let place = self.buckets[square as usize].push(lat, lon, id);
        self.places[id as usize] = (square, place);
    }

    fn nearest(&mut self, lat: f64, lon: f64, k: usize, within_m: f64, out: &mut Vec<Found>) {
        let mut best = std::mem::replace(&mut self.best, Best { k: 0, limit: 0.0, cars: Vec::new() });
        best.reset(k, within_m);
        let from = From::new(lat, lon);
        let position = self.position(lat, lon);
        let square = self.square(position);
        let (east, north) = (position.0 - square.0 as f64, position.1 - square.1 as f64);
        // From the place to the nearest side of its own square, as a part of a side.
        let margin = east.min(1.0 - east).min(north).min(1.0 - north).max(0.0);
        for ring in 0..self.side {
            let nearest_m = ((ring as f64 - 1.0 + margin) * SQUARE_M * BOUND).max(0.0);
            if ring > 0 && (nearest_m * nearest_m) as f32 >= best.limit {
                break;
            }
            self.scan_ring(square, ring, &from, &mut best);
        }
        out.clear();
        out.extend(best.cars.iter().map(|&(squared, id)| Found { id, away_m: f64::from(squared.sqrt()) }));
        self.best = best;
    }
}
