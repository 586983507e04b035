//! From an extract to roads.
//!
//! Lives here: the order of the steps.
//! Stays out: the steps.

use std::io::Read;

use super::component;
use super::contract::{Input, contract};
use super::osm::Extract;
use super::pbf::{Blocks, ImportError};
use super::report::{ImportReport, Progress};
use super::streets::Streets;
use super::turns::{Arc, Turned, turned};
use super::wire::Torn;
use super::{Network, Roads};

impl Roads {
    /// Makes roads of an OSM PBF extract of any size that memory holds (about 16 bytes a node of the extract). Reads
    /// from beginning to end, once; `progress` hears how far it is.
    ///
    /// The same extract gives the same roads, to the byte.
    ///
    /// # Errors
    /// [`ImportError`] says what to do about an extract that cannot be read, is none, is cut, is damaged, needs
    /// something unknown, or has no roads.
    pub fn import(
        extract: impl Read,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(Roads, ImportReport), ImportError> {
        let mut extract = gather(extract, progress)?;
        let streets = Streets::cut(&mut extract)?;
        let Extract { restrictions, mut report, .. } = extract;
        let turned = turned(&streets, &restrictions, &mut report);
        let parts = Parts::of(&streets, &turned, &mut report)
            .ok_or(ImportError::NoRoads { ways: report.ways, drivable: report.drivable_ways })?;
        let of = u64::from(parts.junctions);
        let inputs = parts.inputs();
        let made = contract(parts.junctions, &inputs, &mut |junctions| progress(Progress::Prepared { junctions, of }));
        report.junctions = of;
        report.shortcuts = made.hierarchy.shortcuts() as u64;
        let mut network = parts.network;
        network
            .heads
            .iter_mut()
            .chain(&mut network.tails)
            .for_each(|junction| *junction = made.rank[*junction as usize]);
        network.hierarchy = made.hierarchy;
        Ok((Roads::of(network), report))
    }
}

fn gather(extract: impl Read, progress: &mut dyn FnMut(Progress)) -> Result<Extract, ImportError> {
    let mut blocks = Blocks::of(extract);
    let mut gathered = Extract::default();
    while let Some(block) = blocks.next()? {
        gathered.take_in(&block).map_err(|Torn| blocks.damaged("a field that makes no sense"))?;
        progress(Progress::Read { bytes: blocks.bytes_read() });
    }
    gathered.report.bytes = blocks.bytes_read();
    Ok(gathered)
}

/// The network without its hierarchy.
struct Parts {
    junctions: u32,
    network: Network,
}

/// Stands for a junction that is not in the network.
const GONE: u32 = u32::MAX;

impl Parts {
    /// Keeps what hangs together, with new numbers without gaps. `None` if that is nothing.
    fn of(streets: &Streets, turned: &Turned, report: &mut ImportReport) -> Option<Parts> {
        let (numbers, junctions) = kept(streets, turned);
        let number = |junction: u32| Some(numbers[junction as usize]).filter(|&number| number != GONE);
        let mut network = Network { first_place: vec![0], first_tail: vec![0], ..Network::default() };
        let mut more = turned.more_tails.iter().copied().peekable();
        for (street, old) in streets.streets.iter().zip(0u32..) {
            let mut open = [false; 2];
            let mut tails = [Vec::new(), Vec::new()];
            for direction in [0, 1] {
                let arc: Arc = 2 * old + direction as u32;
                tails[direction].extend(number(street.ends[direction]));
                while let Some((_, tail)) = more.next_if(|&(of, _)| of == arc) {
                    tails[direction].extend(number(tail));
                }
                let leads_on = number(turned.heads[arc as usize]).is_some() && !tails[direction].is_empty();
                open[direction] = street.ms[direction] > 0 && leads_on;
            }
            let metres = f64::from(street.cm) / 100.0;
            if open == [false, false] {
                report.dropped_streets += 1;
                report.dropped_m += metres;
                continue;
            }
            report.streets += 1;
            report.streets_m += metres;
            report.one_way_streets += u64::from(open != [true, true]);
            let (begin, end) = street.places;
            network.places.extend_from_slice(&streets.places[begin as usize..end as usize]);
            network.first_place.push(network.places.len() as u32);
            network.cm.push(street.cm);
            network.ms.push([0, 1].map(|direction| if open[direction] { street.ms[direction] } else { 0 }));
            for direction in [0, 1] {
                let head = number(turned.heads[2 * old as usize + direction]).filter(|_| open[direction]);
                network.heads.push(head.unwrap_or(0));
                network.tails.extend(tails[direction].iter().filter(|_| open[direction]));
                network.first_tail.push(network.tails.len() as u32);
            }
        }
        (!network.ms.is_empty()).then_some(Parts { junctions, network })
    }

    /// The edges of the graph: each open direction from each of its tails.
    fn inputs(&self) -> Vec<Input> {
        let network = &self.network;
        let arcs = 0..network.heads.len() as Arc;
        let edges = arcs.flat_map(|arc| {
            let (head, cost) = (network.heads[arc as usize], network.cost_of(arc));
            network.tails_of(arc).iter().map(move |&tail| Input { tail, head, arc, cost })
        });
        edges.collect()
    }
}

/// The new number of each junction, [`GONE`] for those outside the largest strongly connected component, and how
/// many are left.
fn kept(streets: &Streets, turned: &Turned) -> (Vec<u32>, u32) {
    let mut edges = Vec::with_capacity(turned.heads.len() + turned.more_tails.len());
    for (number, street) in streets.streets.iter().enumerate() {
        for direction in [0, 1].into_iter().filter(|&direction| street.ms[direction] > 0) {
            edges.push((street.ends[direction], turned.heads[2 * number + direction]));
        }
    }
    edges.extend(turned.more_tails.iter().map(|&(arc, tail)| (tail, turned.heads[arc as usize])));
    let mut numbers = vec![GONE; turned.junctions as usize];
    let mut count = 0;
    for (junction, kept) in component::largest(turned.junctions as usize, &edges).into_iter().enumerate() {
        if kept {
            numbers[junction] = count;
            count += 1;
        }
    }
    (numbers, count)
}
