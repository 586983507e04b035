//! The map of those who were not served: hexagons of H3, darker where more riders waited in vain.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use geo::{Cell, Point};

use super::{Figure, Side, escaped};
use crate::measures::CellDemand;

/// So many shades there are.
const SHADES: u64 = 5;
/// How wide a map is drawn, in units of its own.
const WIDE: f64 = 400.0;
/// How many cells the table lists.
const ROWS_MAX: usize = 25;

/// From degrees to units of the drawing: a flat map is good enough for a city.
struct Frame {
    west: f64,
    north: f64,
    /// How much narrower a degree of longitude is here.
    narrow: f64,
    scale: f64,
    high: f64,
}

impl Frame {
    fn around(points: impl Iterator<Item = Point> + Clone) -> Frame {
        let fold = |of: fn(Point) -> f64, pick: fn(f64, f64) -> f64, from| points.clone().map(of).fold(from, pick);
        let (south, north) = (fold(Point::lat, f64::min, 90.0), fold(Point::lat, f64::max, -90.0));
        let (west, east) = (fold(Point::lon, f64::min, 180.0), fold(Point::lon, f64::max, -180.0));
        let narrow = f64::midpoint(south, north).to_radians().cos();
        let scale = WIDE / ((east - west) * narrow).max(1e-6);
        Frame { west, north, narrow, scale, high: ((north - south) * scale).clamp(40.0, 900.0) }
    }

    fn place(&self, point: Point) -> (f64, f64) {
        ((point.lon() - self.west) * self.narrow * self.scale, (self.north - point.lat()) * self.scale)
    }
}

/// Which shade so many riders are, when the worst cell has `most`: 0 for none.
fn shade(unserved: u64, most: u64) -> u64 {
    if unserved == 0 { 0 } else { 1 + ((unserved - 1) * (SHADES - 1) / most.max(1)).min(SHADES - 2) }
}

fn draw(frame: &Frame, cells: &[CellDemand], most: u64, name: &str) -> String {
    let label = format!("Map of requests without a driver, {name}");
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDE} {:.0}\" role=\"img\" aria-label=\"{}\"><title>{1}</title>",
        frame.high,
        escaped(&label)
    );
    for demand in cells {
        let mut path = String::new();
        for (place, corner) in demand.cell.outline().into_iter().enumerate() {
            let (x, y) = frame.place(corner);
            let _ = write!(path, "{}{x:.1} {y:.1}", if place == 0 { "M" } else { "L" });
        }
        let CellDemand { cell, requested, unserved } = demand;
        let _ = write!(
            svg,
            "<path class=\"hex s{}\" d=\"{path}Z\"><title>{cell}: {unserved} of {requested}</title></path>",
            shade(*unserved, most)
        );
    }
    svg.push_str("</svg>");
    svg
}

/// Where riders waited in vain.
pub(super) fn unserved(sides: &[Side<'_>]) -> String {
    let title = "Requests without a driver";
    let corners = || sides.iter().flat_map(|side| &side.measures.cells).flat_map(|demand| demand.cell.outline());
    let corners: Vec<Point> = corners().collect();
    let frame = Frame::around(corners.iter().copied());
    let most = sides.iter().flat_map(|side| &side.measures.cells).map(|demand| demand.unserved).max().unwrap_or(0);
    let mut drawing = "<div class=\"maps\">".to_owned();
    for side in sides {
        let map = draw(&frame, &side.measures.cells, most, &side.name);
        let _ = write!(drawing, "<div><h3>{}</h3>{map}</div>", escaped(&side.name));
    }
    drawing.push_str("</div><p class=\"note\">Lightest: all were served. Darkest: ");
    let _ = write!(drawing, "{most} requests without a driver in one cell.</p>");
    let mut by_cell: BTreeMap<Cell, Vec<(u64, u64)>> = BTreeMap::new();
    for (place, side) in sides.iter().enumerate() {
        for demand in &side.measures.cells {
            by_cell.entry(demand.cell).or_insert_with(|| vec![(0, 0); sides.len()])[place] =
                (demand.unserved, demand.requested);
        }
    }
    let mut worst: Vec<(Cell, Vec<(u64, u64)>)> = by_cell.into_iter().collect();
    worst.sort_by_key(|(cell, counts)| (std::cmp::Reverse(counts.iter().map(|(count, _)| *count).max()), *cell));
    let row = |(cell, counts): (Cell, Vec<(u64, u64)>)| {
        let counts = counts.into_iter().map(|(unserved, requested)| format!("{unserved} of {requested}"));
        std::iter::once(cell.to_string()).chain(counts).collect()
    };
    let rows = worst.into_iter().take(ROWS_MAX).map(row).collect();
    let sums = sides.iter().map(|side| {
        let unserved: u64 = side.measures.cells.iter().map(|demand| demand.unserved).sum();
        if sides.len() == 1 { unserved.to_string() } else { format!("{}: {unserved}", side.name) }
    });
    let says = format!("by H3 cell of the pickup; {}", sums.collect::<Vec<_>>().join("; "));
    let head = std::iter::once("Cell (the worst)".to_owned()).chain(sides.iter().map(|side| side.name.clone()));
    Figure { id: "unserved", title, says, drawing, head: head.collect(), rows }.html()
}
