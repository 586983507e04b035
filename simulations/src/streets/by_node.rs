//! A time table as a provider of travel times: what dispatching asks about points, answered between nodes.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use foldhash::fast::FixedState;
use geo::{Drive, Meters, NoDrive, Point, TravelTimes, WeekTime, distance};

use super::nearest::Grid;
use super::{Streets, TimeTable};

/// Times between the nodes nearest to the points asked about; getting to a node and away from it takes no time. The
/// same at every hour.
#[derive(Clone)]
pub struct NodeTimes {
    table: Arc<TimeTable>,
    /// The same turned round, as what is asked is how long it takes from many places to one: tenths of a second and
    /// metres of one way lie together, and those of all ways to one node side by side.
    to_it: Arc<[[u16; 2]]>,
    points: Arc<[Point]>,
    /// The nodes by where they are: cars and riders mostly are at nodes, and need no search.
    at: Arc<HashMap<[i64; 2], u32, FixedState>>,
    grid: Arc<Grid>,
    /// Degrees of longitude, in degrees of latitude.
    shrink: f64,
    snap_max: Meters,
}

/// Points that are no nodes of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there are {points} nodes and times between {nodes}, allowed is as many")]
pub struct NotNodeTimes {
    /// How many points.
    pub points: usize,
    /// How many nodes of the table.
    pub nodes: usize,
}

impl NodeTimes {
    /// Points farther than `snap_max` from every node are outside. The nodes lie within some hundred kilometres: nearest
    /// is meant on a flat map.
    ///
    /// # Errors
    /// [`NotNodeTimes`] when the table is one of other streets.
    pub fn new(streets: &Streets, table: Arc<TimeTable>, snap_max: Meters) -> Result<NodeTimes, NotNodeTimes> {
        let points = streets.points();
        if points.len() != table.nodes() {
            return Err(NotNodeTimes { points: points.len(), nodes: table.nodes() });
        }
        let middle = points.iter().map(|point| point.lat()).sum::<f64>() / points.len().max(1) as f64;
        let shrink = middle.to_radians().cos();
        let grid = Arc::new(Grid::new(points.iter().map(|point| [point.lat(), point.lon() * shrink]).collect()));
        let at = Arc::new(if snap_max.get() < 1.0 { HashMap::default() } else { alone(points) });
        let to_it = table.ways_to().into();
        Ok(NodeTimes { table, to_it, points: points.into(), at, grid, shrink, snap_max })
    }

    /// The node nearest to a point, if it is near enough.
    #[must_use]
    pub fn node_at(&self, point: Point) -> Option<usize> {
        if let Some(&node) = self.at.get(&steps(point)) {
            return Some(node as usize);
        }
        let node = self.grid.nearest([point.lat(), point.lon() * self.shrink])?;
        (distance(self.points[node], point) <= self.snap_max).then_some(node)
    }

    fn drive_into(&self, from: Point, to: Point, to_node: usize) -> Result<Drive, NoDrive> {
        let from_node = self.node_at(from).ok_or(NoDrive::Outside { at: from })?;
        let [tenths, meters] = self.to_it[to_node * self.points.len() + from_node];
        let millis = TimeTable::millis_of(tenths).ok_or(NoDrive::NoWay { from, to })?;
        Ok(Drive { time: Duration::from_millis(millis), distance: Meters::whole(u32::from(meters)) })
    }
}

/// A point in whole steps of 2^-32 of a turn (9 mm): as fine as the index of moving cars tells where they are, so that a
/// car at a node is found at it.
fn steps(point: Point) -> [i64; 2] {
    [point.lat(), point.lon()].map(|degrees| (degrees * (4_294_967_296.0 / 360.0)).round() as i64)
}

/// The nodes that are surely the nearest to whatever is within a step of them: those with no other within some steps.
fn alone(points: &[Point]) -> HashMap<[i64; 2], u32, FixedState> {
    let mut at: HashMap<[i64; 2], u32, FixedState> = HashMap::default();
    let mut crowded = HashSet::new();
    for (node, &point) in (0..).zip(points) {
        if at.insert(steps(point), node).is_some() {
            crowded.insert(steps(point));
        }
    }
    let near =
        |[lat, lon]: [i64; 2]| (-3..=3).flat_map(move |north| (-3..=3).map(move |east| [lat + north, lon + east]));
    crowded.extend(at.keys().filter(|place| near(**place).any(|other| other != **place && at.contains_key(&other))));
    at.retain(|place, _| !crowded.contains(place));
    at
}

impl TravelTimes for NodeTimes {
    fn name(&self) -> &'static str {
        "nodes"
    }

    fn drive(&self, from: Point, to: Point, _: WeekTime) -> Result<Drive, NoDrive> {
        let to_node = self.node_at(to).ok_or(NoDrive::Outside { at: to })?;
        self.drive_into(from, to, to_node)
    }

    fn drives_to(&self, from: &[Point], to: Point, _: WeekTime) -> Vec<Result<Drive, NoDrive>> {
        let Some(to_node) = self.node_at(to) else { return vec![Err(NoDrive::Outside { at: to }); from.len()] };
        from.iter().map(|&from| self.drive_into(from, to, to_node)).collect()
    }
}

impl fmt::Debug for NodeTimes {
    /// How much there is, not all of it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeTimes")
            .field("table", &self.table)
            .field("snap_max", &self.snap_max)
            .finish_non_exhaustive()
    }
}
