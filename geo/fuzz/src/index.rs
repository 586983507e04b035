//! The index of moving things.

use std::time::Duration;

use arbitrary::Arbitrary;
use geo::{Meters, NearIndex, Resolution, Search, Tags};

use crate::oracle::{Change, Everything};
use crate::places::{self, Place};

/// An index and what happens to it.
#[derive(Arbitrary, Debug)]
pub struct Input {
    /// The resolution of its cells, if it may not choose.
    pub resolution: Option<u8>,
    /// What happens.
    pub steps: Vec<Step>,
}

/// One thing that happens.
#[derive(Arbitrary, Debug)]
pub enum Step {
    /// A thing comes or moves.
    Put(u8, Place, u8, u8),
    /// Many move at once: so many steps north and east of a place.
    Move(Place, u8, Vec<(u8, i8, i8)>),
    /// A whole crowd comes, or goes on by one: so many times 3e-8 degrees apart.
    Crowd(u8, Place, u16),
    /// A thing leaves.
    Remove(u8),
    /// A crowd leaves.
    Disperse(u8),
    /// A thing gets other marks.
    Retag(u8, u8),
    /// Somebody asks who is near.
    Ask(Question),
}

/// Who is near?
#[derive(Arbitrary, Debug)]
pub struct Question {
    from: Place,
    k: u8,
    /// In units that grow: from millimetres to half the Earth.
    within: (u16, u8),
    all: u8,
    any: u8,
    none: u8,
    now_ms: u8,
    age_max_ms: Option<u8>,
}

/// So few things that steps often mean the same one, twice in a batch too.
const FEW: u8 = 24;
/// Things of crowds have names of their own.
const CROWDS: u16 = 1_000;

/// Does as it is told, and compares every answer with the oracle's.
///
/// # Panics
/// When an answer is wrong.
pub fn run(input: Input) {
    let resolution = input.resolution.and_then(|number| Resolution::new(number % 16).ok());
    let mut index = resolution.map_or_else(NearIndex::new, NearIndex::with_cells);
    let mut all = Everything::default();
    for step in input.steps {
        for change in changes(&step) {
            let batch = matches!(change, Change::Move(_));
            all.apply(&mut index, change);
            if batch && index.len() < 100 {
                all.check(&index).unwrap_or_else(|why| panic!("after a batch: {why}"));
            }
        }
        if let Step::Ask(question) = step
            && let Some(from) = question.from.point()
        {
            let k = usize::from(question.k);
            all.ask(&index, from, k, &question.search()).unwrap_or_else(|why| panic!("{why}"));
        }
    }
    all.check(&index).unwrap_or_else(|why| panic!("{why}"));
}

impl Question {
    fn search(&self) -> Search {
        let metres = f64::from(self.within.0) * 0.001 * 2.0_f64.powi(i32::from(self.within.1 % 20));
        let within = Search::within(Meters::new(metres).unwrap_or(Meters::ZERO));
        let [all, any, none] = [self.all, self.any, self.none].map(|marks| Tags(u32::from(marks)));
        let age = self.age_max_ms.map(|ms| Duration::from_millis(u64::from(ms)));
        Search { all, any, none, ..within }.seen(i64::from(self.now_ms), age)
    }
}

fn changes(step: &Step) -> Vec<Change> {
    let few = |key: u8| u16::from(key % FEW);
    let put = |key: u16, place: &Place, tags: u8, ms: u8| {
        place.point().map(|point| Change::Put(key, point, u32::from(tags), i64::from(ms)))
    };
    let crowd = |number: u8| CROWDS + u16::from(number) * 40..CROWDS + u16::from(number) * 40 + 70;
    match step {
        Step::Put(key, place, tags, ms) => put(few(*key), place, *tags, *ms).into_iter().collect(),
        Step::Move(place, step, moves) => {
            let Some(middle) = place.point() else { return Vec::new() };
            let moved = |(key, north, east): &(u8, i8, i8)| {
                let at = places::steps_from((middle.lat(), middle.lon()), *step, *north, *east)?;
                Some((few(*key), at, i64::from(*key)))
            };
            vec![Change::Move(moves.iter().filter_map(moved).collect())]
        }
        Step::Crowd(number, place, apart) => {
            let Some(from) = place.point() else { return Vec::new() };
            let apart = f64::from(*apart) * 3e-8;
            let at = |(key, count): (u16, u8)| {
                let east = from.lon() + apart * f64::from(count % 14);
                let lon = if east > 180.0 { east - 360.0 } else { east };
                let point = geo::Point::new((from.lat() + apart * f64::from(count / 14)).min(90.0), lon).ok()?;
                Some(Change::Put(key, point, u32::from(count), i64::from(count)))
            };
            crowd(*number).zip(0..).filter_map(at).collect()
        }
        Step::Remove(key) => vec![Change::Remove(few(*key))],
        Step::Disperse(number) => crowd(*number).map(Change::Remove).collect(),
        Step::Retag(key, tags) => vec![Change::Retag(few(*key), u32::from(*tags))],
        Step::Ask(_) => Vec::new(),
    }
}
