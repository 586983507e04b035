//! A time table as a provider of travel times: what dispatching asks about points, answered between nodes.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use geo::{Drive, Meters, NoDrive, Point, TravelTimes, WeekTime, distance};

use super::nearest::Grid;
use super::{Streets, TimeTable};

/// Times between the nodes nearest to the points asked about; getting to a node and away from it takes no time. The
/// same at every hour.
#[derive(Clone)]
pub struct NodeTimes {
    table: Arc<TimeTable>,
    points: Arc<[Point]>,
    /// The nodes by where they are, to the last bit: cars and riders mostly are at nodes, and need no search.
    at: Arc<HashMap<[u64; 2], usize>>,
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
        // Of nodes in one place the lowest, as the grid answers.
        let at = Arc::new(points.iter().enumerate().rev().map(|(node, &point)| (bits(point), node)).collect());
        Ok(NodeTimes { table, points: points.into(), at, grid, shrink, snap_max })
    }

    /// The node nearest to a point, if it is near enough.
    #[must_use]
    pub fn node_at(&self, point: Point) -> Option<usize> {
        if let Some(&node) = self.at.get(&bits(point)) {
            return Some(node);
        }
        let node = self.grid.nearest([point.lat(), point.lon() * self.shrink])?;
        (distance(self.points[node], point) <= self.snap_max).then_some(node)
    }

    fn drive_into(&self, from: Point, to: Point, to_node: usize) -> Result<Drive, NoDrive> {
        let from_node = self.node_at(from).ok_or(NoDrive::Outside { at: from })?;
        let millis = self.table.millis(from_node, to_node).ok_or(NoDrive::NoWay { from, to })?;
        let distance = Meters::whole(self.table.meters(from_node, to_node));
        Ok(Drive { time: Duration::from_millis(millis), distance })
    }
}

fn bits(point: Point) -> [u64; 2] {
    [point.lat().to_bits(), point.lon().to_bits()]
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
