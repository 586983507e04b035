//! The city as it is played on: cells in the place of nodes, and times between them as the traces have them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use geo::{Cell, Meters, Point, Resolution};
use rand::SeedableRng;
use rand::seq::SliceRandom as _;
use rand_pcg::Pcg64Mcg;

use super::traces::{DriveTimes, Fix, Ride, fixes, rides};
use crate::bench::quality::play::{Ground, Wanted};
use crate::streets::{NodeTimes, Street, Streets, TimeTable, Ways};

/// A place counts as a node when no other is nearer; suggestions lead to middles of cells, all of which are near one.
const SNAP_MAX: Meters = Meters::whole(5_000);

/// A phone was wrong now and then and saw its cab in another county: no drive counts as longer, in seconds and metres.
const LONGEST: (f64, f64) = (6_500.0, 65_000.0);

/// The day: what it is played on, who wants to ride, where each cab was first seen.
#[derive(Debug)]
pub(super) struct DayOfCabs {
    pub(super) ground: Ground,
    pub(super) wanted: Vec<Wanted>,
    pub(super) first_seen: Vec<usize>,
    /// The first request, in milliseconds since the Unix epoch.
    pub(super) begins_ms: u64,
}

impl DayOfCabs {
    pub(super) fn open(folder: &Path, done: &mut dyn FnMut(usize)) -> Result<DayOfCabs, String> {
        let fixes = fixes(&folder.join("gps_2008-05-30.csv.gz"))?;
        let rides = rides(&folder.join("trips_2008-05-30.csv.gz"))?;
        let times = DriveTimes::learn(&fixes)?.calibrated(&rides);
        let first = first_fixes(&fixes, &rides);
        // Resolution 9: a cell is 350 m across, about a minute.
        let resolution = Resolution::new(9).map_err(|why| why.to_string())?;
        let places = rides.iter().flat_map(|ride| [ride.from, ride.to]).chain(first.iter().map(|fix| fix.point));
        let cells: BTreeSet<Cell> = places.map(|point| Cell::at(point, resolution)).collect();
        let numbers: BTreeMap<Cell, usize> = cells.iter().enumerate().map(|(number, &cell)| (cell, number)).collect();
        let node = |point: Point| numbers[&Cell::at(point, resolution)];
        let begins_ms = rides.first().ok_or("no trip on this day")?.pickup_unix_s * 1_000;
        let wanted: Vec<Wanted> = rides
            .iter()
            .map(|ride| Wanted {
                at_ms: ride.pickup_unix_s * 1_000 - begins_ms,
                from: node(ride.from),
                to: node(ride.to),
                ride_ms: Some((ride.dropoff_unix_s - ride.pickup_unix_s) * 1_000),
            })
            .collect();
        let ground = ground(&cells, &numbers, &times, done)?;
        let first_seen = first.iter().map(|fix| node(fix.point)).collect();
        Ok(DayOfCabs { ground, wanted, first_seen, begins_ms })
    }

    /// Where so many cars start: at the first fixes of as many cabs, drawn without taking one twice while there are others.
    pub(super) fn starts(&self, cars: usize, seed: u64) -> Vec<(usize, u64)> {
        let mut order = self.first_seen.clone();
        order.shuffle(&mut Pcg64Mcg::seed_from_u64(seed));
        order.iter().cycle().take(cars).map(|&node| (node, 0)).collect()
    }
}

/// The first fix of each cab that carried somebody.
fn first_fixes(fixes: &[Fix], rides: &[Ride]) -> Vec<Fix> {
    let working: BTreeSet<u32> = rides.iter().map(|ride| ride.cab).collect();
    let mut first: BTreeMap<u32, Fix> = BTreeMap::new();
    for fix in fixes.iter().filter(|fix| working.contains(&fix.cab)) {
        let seen = first.entry(fix.cab).or_insert(*fix);
        if fix.unix_s < seen.unix_s {
            *seen = *fix;
        }
    }
    first.into_values().collect()
}

fn ground(
    cells: &BTreeSet<Cell>,
    numbers: &BTreeMap<Cell, usize>,
    times: &DriveTimes,
    done: &mut dyn FnMut(usize),
) -> Result<Ground, String> {
    let places: Vec<(Point, Cell)> = cells.iter().map(|cell| (cell.centre(), times.cell_at(cell.centre()))).collect();
    let row = |from: usize, reached: &mut [(f64, f64)]| {
        for (to, reached) in reached.iter_mut().enumerate() {
            let (seconds, meters) = times.drive(places[from], places[to]);
            *reached = (seconds.min(LONGEST.0), meters.min(LONGEST.1));
        }
    };
    let table = TimeTable::by_rows(places.len(), row, done).map_err(|why| why.to_string())?;
    // Cars go from cell to cell, so that one on its way can be sent elsewhere.
    let mut streets = Vec::new();
    for (&cell, &from) in numbers {
        for to in cell.neighbours().iter().filter_map(|cell| numbers.get(cell).copied()) {
            let (seconds, meters) = times.drive(places[from], places[to]);
            streets.push(Street { from, to, seconds, meters });
        }
    }
    let streets = Streets::new(places.iter().map(|&(point, _)| point).collect(), streets);
    let table = Arc::new(table);
    let nodes = NodeTimes::new(&streets, Arc::clone(&table), SNAP_MAX).map_err(|why| why.to_string())?;
    Ok(Ground { ways: Ways::new(&streets), to_it: table.turned_round(), streets, table, nodes })
}
