//! The work that every index is given: cars that walk the streets of a flat city, and people who look for one.
//!
//! Lives here: where the cars are, their steps, the questions. Everything from one seed.
//! Stays out: indexes and clocks. Work is made before anything is timed.

use geo::EARTH_RADIUS_M;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// The middle of the city: latitude and longitude in degrees.
pub(super) const MIDDLE: (f64, f64) = (40.75, -73.97);
/// Metres in a degree of latitude.
const M_PER_DEGREE: f64 = EARTH_RADIUS_M * std::f64::consts::PI / 180.0;
/// How far a car drives between two positions it sends, in metres, give or take [`STEP_VARIES`]: about four seconds.
const STEP_M: f64 = 30.0;
const STEP_VARIES: f64 = 0.2;
/// How many steps end in a turn.
const TURNS: f64 = 0.15;
/// A city wider than this has a centre of [`CENTRE_KM`] with half of its cars.
const CENTRE_FROM_KM: f64 = 30.0;
const CENTRE_KM: f64 = 10.0;
/// How far a person stands from some car, at most, to the east and to the north, in metres.
const ASKS_WITHIN_M: f64 = 300.0;

/// A car's new position in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Move {
    pub(super) id: u32,
    pub(super) lat: f64,
    pub(super) lon: f64,
}

/// Where somebody looks for a car, in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Question {
    pub(super) lat: f64,
    pub(super) lon: f64,
}

/// What an index has to do in one round: 100 moves, a question, 100 moves, a question and so on.
#[derive(Clone, Debug, Default)]
pub(super) struct Work {
    pub(super) moves: Vec<Move>,
    pub(super) questions: Vec<Question>,
}

/// How many moves come between two questions.
pub(super) const MOVES_PER_QUESTION: usize = 100;

impl Work {
    /// The moves, a hundred at a time, each hundred with the question that follows it.
    pub(super) fn stretches(&self) -> impl Iterator<Item = (&[Move], Question)> {
        self.moves.chunks(MOVES_PER_QUESTION).zip(self.questions.iter().copied())
    }
}

/// A square city of cars.
#[derive(Clone, Debug)]
pub(super) struct StreetCity {
    places: Vec<(f64, f64)>,
    headings: Vec<u8>,
    half_m: f64,
    rng: Pcg64Mcg,
}

impl StreetCity {
    /// A city `km` kilometres across.
    pub(super) fn new(cars: u32, km: f64, seed: u64) -> StreetCity {
        let mut rng = Pcg64Mcg::seed_from_u64(seed);
        let half_m = km * 500.0;
        let places = (0..cars).map(|car| {
            let central = km > CENTRE_FROM_KM && car % 2 == 0;
            let half = if central { CENTRE_KM * 500.0 } else { half_m };
            degrees(rng.random_range(-half..half), rng.random_range(-half..half))
        });
        let places = places.collect();
        let headings = (0..cars).map(|_| rng.random_range(0..4)).collect();
        StreetCity { places, headings, half_m, rng }
    }

    /// Where the cars are, in the order of their numbers.
    pub(super) fn moves(&self) -> impl Iterator<Item = Move> {
        (0..).zip(&self.places).map(|(id, &(lat, lon))| Move { id, lat, lon })
    }

    /// How many there are.
    pub(super) fn cars(&self) -> usize {
        self.places.len()
    }

    /// From the middle to an edge, in metres.
    pub(super) fn half_m(&self) -> f64 {
        self.half_m
    }

    /// The next stretches of work: each [`MOVES_PER_QUESTION`] moves and a question.
    pub(super) fn work(&mut self, stretches: usize) -> Work {
        let mut work = Work::default();
        for _ in 0..stretches {
            work.moves.extend((0..MOVES_PER_QUESTION).map(|_| self.step()));
            work.questions.push(self.question());
        }
        work
    }

    /// Some car drives on along its street, or turns back at the edge of the city.
    fn step(&mut self) -> Move {
        let car = self.rng.random_range(0..self.places.len());
        if self.rng.random_bool(TURNS) {
            self.headings[car] = (self.headings[car] + if self.rng.random_bool(0.5) { 1 } else { 3 }) % 4;
        }
        let step = STEP_M * self.rng.random_range(1.0 - STEP_VARIES..1.0 + STEP_VARIES);
        let (east, north) = [(step, 0.0), (0.0, step), (-step, 0.0), (0.0, -step)][usize::from(self.headings[car])];
        let (lat, lon) = self.places[car];
        let (dlat, dlon) = (north / M_PER_DEGREE, east / m_per_degree_lon());
        let (new_lat, new_lon) = (lat + dlat, lon + dlon);
        let (y, x) = ((new_lat - MIDDLE.0) * M_PER_DEGREE, (new_lon - MIDDLE.1) * m_per_degree_lon());
        if x.abs().max(y.abs()) > self.half_m {
            self.headings[car] = (self.headings[car] + 2) % 4;
        } else {
            self.places[car] = (new_lat, new_lon);
        }
        let (lat, lon) = self.places[car];
        Move { id: car as u32, lat, lon }
    }

    /// Somebody near some car.
    fn question(&mut self) -> Question {
        let (lat, lon) = self.places[self.rng.random_range(0..self.places.len())];
        let mut aside = || self.rng.random_range(-ASKS_WITHIN_M..ASKS_WITHIN_M);
        let (east, north) = (aside(), aside());
        Question { lat: lat + north / M_PER_DEGREE, lon: lon + east / m_per_degree_lon() }
    }
}

/// Metres in a degree of longitude, in the middle of the city.
fn m_per_degree_lon() -> f64 {
    M_PER_DEGREE * MIDDLE.0.to_radians().cos()
}

/// Latitude and longitude of a place so many metres to the east and to the north of the middle.
pub(super) fn degrees(east_m: f64, north_m: f64) -> (f64, f64) {
    (MIDDLE.0 + north_m / M_PER_DEGREE, MIDDLE.1 + east_m / m_per_degree_lon())
}
