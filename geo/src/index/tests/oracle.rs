//! The index's oracle: a list of everything, scanned from end to end.
//!
//! Lives here: changes, the list, the comparison of answers. The tests of this crate and its fuzz targets (`geo/fuzz`)
//! share this file: it knows the crate's public names only, and takes them from the root of whoever includes it.
//! Touch with care: all that is learnt here from the index under test is handles, and how it rounds positions, which is
//! checked against the positions it was given.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::{Fix, Handle, Near, NearIndex, Point, Resolution, Search, Tags, distance};

/// A change to the index.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// A thing comes with these marks, or moves.
    Put(u16, Point, u32, i64),
    /// Those of these things that are there move, all in one batch.
    Move(Vec<(u16, Point, i64)>),
    /// A thing leaves.
    Remove(u16),
    /// A thing gets other marks.
    Retag(u16, u32),
}

/// What is known of one thing.
#[derive(Debug)]
pub(crate) struct Thing {
    /// Its handle in the index.
    pub(crate) handle: Handle,
    /// Where it should be.
    at: Point,
    /// Where that is as exactly as the index keeps it.
    pub(crate) point: Point,
    tags: Tags,
    seen_ms: i64,
}

/// Everything in an index.
#[derive(Debug, Default)]
pub(crate) struct Everything(pub(crate) BTreeMap<u16, Thing>);

/// A point may be moved by so many metres when an index rounds it: 4.7 mm on each axis, and some for the arithmetic.
const ROUNDED_M: f64 = 0.01;

/// A point as an index keeps it: one with large cells, for they are quickly measured.
fn kept(point: Point) -> Point {
    let mut index = Resolution::new(0).map_or_else(|_| NearIndex::new(), NearIndex::with_cells);
    let handle = index.insert((), Tags::NONE, Fix::at(point, 0));
    index.point(&handle)
}

/// What an answer says: how far, and who.
pub(crate) fn told(near: &Near<'_, u16>) -> (f64, u16) {
    (near.distance().get(), *near.key())
}

impl Everything {
    /// Changes an index and this list alike.
    pub(crate) fn apply(&mut self, index: &mut NearIndex<u16>, change: Change) {
        match change {
            Change::Put(key, at, tags, seen_ms) => match self.0.get_mut(&key) {
                Some(thing) => {
                    index.update(&thing.handle, Fix::at(at, seen_ms));
                    (thing.at, thing.point, thing.seen_ms) = (at, index.point(&thing.handle), seen_ms);
                }
                None => {
                    let handle = index.insert(key, Tags(tags), Fix::at(at, seen_ms));
                    let point = index.point(&handle);
                    self.0.insert(key, Thing { handle, at, point, tags: Tags(tags), seen_ms });
                }
            },
            Change::Move(moves) => {
                let fixes =
                    moves.iter().filter_map(|&(key, at, ms)| Some((&self.0.get(&key)?.handle, Fix::at(at, ms))));
                index.update_all(fixes);
                for (key, at, seen_ms) in moves {
                    if let Some(thing) = self.0.get_mut(&key) {
                        (thing.at, thing.point, thing.seen_ms) = (at, index.point(&thing.handle), seen_ms);
                    }
                }
            }
            Change::Remove(key) => {
                if let Some(thing) = self.0.remove(&key) {
                    index.remove(thing.handle);
                }
            }
            Change::Retag(key, tags) => {
                if let Some(thing) = self.0.get_mut(&key) {
                    index.retag(&thing.handle, Tags(tags));
                    thing.tags = Tags(tags);
                }
            }
        }
    }

    /// Measures everything, with the haversine formula. Nearest first.
    pub(crate) fn scan(&self, from: Point, search: &Search) -> Vec<(f64, u16)> {
        let from = kept(from);
        let wanted = |thing: &Thing| {
            let age = Duration::from_millis((search.now_ms - thing.seen_ms).max(0).unsigned_abs());
            let fresh = search.age_max.is_none_or(|most| age <= most);
            let Tags(tags) = thing.tags;
            fresh
                && tags & search.all.0 == search.all.0
                && (search.any.0 == 0 || tags & search.any.0 > 0)
                && tags & search.none.0 == 0
        };
        let measured = self.0.iter().filter(|(_, thing)| wanted(thing));
        let mut found: Vec<(f64, u16)> =
            measured.map(|(&key, thing)| (distance(from, thing.point).get(), key)).collect();
        found.retain(|(metres, _)| *metres <= search.within.get());
        found.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        found
    }

    /// Asks an index who is near, in both ways, and compares the answers with a scan.
    pub(crate) fn ask(&self, index: &NearIndex<u16>, from: Point, k: usize, search: &Search) -> Result<(), String> {
        let expected = self.scan(from, search);
        let found: Vec<(f64, u16)> = index.nearest(from, k, search).iter().map(told).collect();
        same(&found, &expected, k.min(expected.len())).map_err(|why| format!("nearest: {why}"))?;
        let in_order: Vec<(f64, u16)> = index.in_order(from, search).map(|near| told(&near)).collect();
        same(&in_order, &expected, expected.len()).map_err(|why| format!("in_order: {why}"))
    }

    /// Compares what an index knows of each thing.
    pub(crate) fn check(&self, index: &NearIndex<u16>) -> Result<(), String> {
        if index.len() != self.0.len() {
            return Err(format!("{} things, there are {}", index.len(), self.0.len()));
        }
        for (key, thing) in &self.0 {
            let (found, at) = (index.key(&thing.handle), index.point(&thing.handle));
            if found != key || at != thing.point || distance(at, thing.at).get() > ROUNDED_M {
                return Err(format!("{found} at {at:?}, this is {key} at {:?}", thing.at));
            }
            let (filed, cell) = (index.cell(&thing.handle), crate::Cell::at(at, index.resolution()));
            if filed != cell {
                return Err(format!("{key} is filed under {filed}, it is in {cell}"));
            }
        }
        Ok(())
    }
}

/// Whether an answer is the beginning of `expected`, up to `count`: the distances to a micrometre, the names wherever
/// distances tell them apart.
fn same(found: &[(f64, u16)], expected: &[(f64, u16)], count: usize) -> Result<(), String> {
    if found.len() != count {
        return Err(format!("{} found, there are {count}", found.len()));
    }
    for (place, (a, b)) in found.iter().zip(expected).enumerate() {
        let near = |other: Option<&(f64, u16)>| other.is_some_and(|(metres, _)| (metres - b.0).abs() < 1e-5);
        let told_apart =
            !near(expected.get(place + 1)) && !near(place.checked_sub(1).and_then(|before| expected.get(before)));
        if (a.0 - b.0).abs() >= 2e-6 || told_apart && a.1 != b.1 {
            return Err(format!("{a:?} is not {b:?}"));
        }
    }
    Ok(())
}
