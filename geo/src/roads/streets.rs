//! Ways cut into streets: pieces from one junction to the next.
//!
//! Lives here: finding junctions, cutting, measuring.
//! Stays out: which turns are allowed (`turns`), which streets hang together (`component`).
//! Touch with care: nothing here depends on the order of the nodes in the file, only on the order of the ways.

use super::osm::{Extract, Node};
use super::pbf::ImportError;
use super::shape::{Place, length_cm};

/// Streets and directions together are numbered in 31 bits.
pub(super) const STREETS_MAX: usize = 1 << 29;
/// Points of all streets together are numbered in 32 bits.
const PLACES_MAX: usize = u32::MAX as usize;

/// A piece of way between two junctions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Street {
    /// The way it is a piece of.
    pub(super) way: i64,
    /// Where it begins and where it ends: junctions.
    pub(super) ends: [u32; 2],
    /// Its first point among all places, and the one after its last.
    pub(super) places: (u32, u32),
    /// Its length in centimetres.
    pub(super) cm: u32,
    /// The time it takes forward and backward, in milliseconds; 0 where that is not allowed.
    pub(super) ms: [u32; 2],
}

/// All streets of an extract.
#[derive(Debug, Default)]
pub(super) struct Streets {
    pub(super) streets: Vec<Street>,
    pub(super) places: Vec<Place>,
    pub(super) junctions: u32,
    /// The junctions at which turn restrictions hold, by the number of their node, sorted.
    pub(super) vias: Vec<(i64, u32)>,
}

/// Nobody's junction.
const NONE: u32 = u32::MAX;

struct Cutter<'a> {
    nodes: &'a [Node],
    /// How often streets touch a node: 2 or more makes a junction.
    touched: Vec<u8>,
    barrier: Vec<bool>,
    junction: Vec<u32>,
    cut: Streets,
}

impl Streets {
    /// Cuts the ways of an extract. Counts barriers and missing nodes in its report.
    pub(super) fn cut(extract: &mut Extract) -> Result<Streets, ImportError> {
        let mut nodes = std::mem::take(&mut extract.nodes);
        nodes.sort_by_key(|node| node.id);
        nodes.dedup_by_key(|node| node.id);
        if nodes.len() >= NONE as usize {
            return Err(ImportError::TooLarge { what: "nodes", limit: u64::from(NONE) });
        }
        let mut cutter = Cutter::of(&nodes, &extract.barriers);
        let runs: Vec<Vec<Vec<u32>>> =
            extract.ways.iter().map(|way| cutter.runs(&way.nodes, &mut extract.report.missing_nodes)).collect();
        for run in runs.iter().flatten() {
            cutter.touch(run);
        }
        extract.report.barriers = cutter.barriers();
        for (way, runs) in extract.ways.iter().zip(&runs) {
            for run in runs {
                let kmh = [way.drivable.forward_kmh, way.drivable.backward_kmh];
                cutter.pieces(way.id, kmh, run)?;
            }
        }
        let mut vias: Vec<i64> = extract.restrictions.iter().map(|restriction| restriction.via).collect();
        vias.sort_unstable();
        vias.dedup();
        cutter.cut.vias = vias.into_iter().filter_map(|via| Some((via, cutter.junction_at(via)?))).collect();
        Ok(cutter.cut)
    }
}

impl<'a> Cutter<'a> {
    fn of(nodes: &'a [Node], barriers: &[i64]) -> Cutter<'a> {
        let mut cutter = Cutter {
            nodes,
            touched: vec![0; nodes.len()],
            barrier: vec![false; nodes.len()],
            junction: vec![NONE; nodes.len()],
            cut: Streets::default(),
        };
        for &id in barriers {
            if let Some(place) = cutter.find(id) {
                cutter.barrier[place as usize] = true;
            }
        }
        cutter
    }

    fn find(&self, id: i64) -> Option<u32> {
        self.nodes.binary_search_by_key(&id, |node| node.id).ok().map(|place| place as u32)
    }

    fn junction_at(&self, id: i64) -> Option<u32> {
        let junction = self.junction[self.find(id)? as usize];
        (junction != NONE).then_some(junction)
    }

    /// The unbroken runs of known nodes along a way, each with two nodes or more.
    fn runs(&self, way: &[i64], missing: &mut u64) -> Vec<Vec<u32>> {
        let known: Vec<Option<u32>> = way.iter().map(|&id| self.find(id)).collect();
        *missing += known.iter().filter(|node| node.is_none()).count() as u64;
        let runs = known.split(Option::is_none).map(|run| {
            let mut run: Vec<u32> = run.iter().flatten().copied().collect();
            run.dedup();
            run
        });
        runs.filter(|run| run.len() > 1).collect()
    }

    /// A street goes past a node twice, but ends at it once; both ends of a way are junctions in any case.
    fn touch(&mut self, run: &[u32]) {
        for &node in run {
            self.touched[node as usize] = self.touched[node as usize].saturating_add(1);
        }
        for &end in [run.first(), run.last()].into_iter().flatten() {
            self.touched[end as usize] = self.touched[end as usize].saturating_add(1);
        }
    }

    fn barriers(&self) -> u64 {
        self.touched.iter().zip(&self.barrier).filter(|&(&touched, &barrier)| touched > 0 && barrier).count() as u64
    }

    fn is_junction(&self, node: u32) -> bool {
        self.touched[node as usize] > 1 || self.barrier[node as usize]
    }

    fn pieces(&mut self, way: i64, kmh: [Option<f64>; 2], run: &[u32]) -> Result<(), ImportError> {
        let mut start = 0;
        for end in 1..run.len() {
            if self.is_junction(run[end]) {
                self.piece(way, kmh, &run[start..=end])?;
                start = end;
            }
        }
        Ok(())
    }

    fn piece(&mut self, way: i64, kmh: [Option<f64>; 2], run: &[u32]) -> Result<(), ImportError> {
        let &[first, .., last] = run else { return Ok(()) };
        let begin = self.cut.places.len();
        self.cut.places.extend(run.iter().map(|&node| {
            let node = self.nodes[node as usize];
            Place { lat: node.lat, lon: node.lon }
        }));
        if self.cut.streets.len() >= STREETS_MAX || self.cut.places.len() > PLACES_MAX {
            return Err(ImportError::TooLarge { what: "streets or points", limit: STREETS_MAX as u64 });
        }
        let cm = length_cm(&self.cut.places[begin..]);
        let ends = [self.junction(first), self.junction(last)];
        let ms = kmh.map(|kmh| kmh.map_or(0, |kmh| drive_ms(cm, kmh)));
        let places = (begin as u32, self.cut.places.len() as u32);
        self.cut.streets.push(Street { way, ends, places, cm, ms });
        Ok(())
    }

    /// The junction at a node. At a barrier each street gets one of its own, so that nothing leads past it.
    fn junction(&mut self, node: u32) -> u32 {
        let known = self.junction[node as usize];
        if known != NONE && !self.barrier[node as usize] {
            return known;
        }
        let new = self.cut.junctions;
        self.cut.junctions += 1;
        self.junction[node as usize] = new;
        new
    }
}

/// At least a millisecond: a street that takes no time would hide among others.
fn drive_ms(cm: u32, kmh: f64) -> u32 {
    // A centimetre at 1 km/h takes 36 ms.
    (f64::from(cm) * 36.0 / kmh).round().clamp(1.0, f64::from(u32::MAX >> 1)) as u32
}
