//! Cells of H3.

use arbitrary::Arbitrary;
use geo::{Cell, Point, Resolution, distance};

use crate::places::Place;

/// What is asked of cells.
#[derive(Arbitrary, Debug)]
pub struct Question<'a> {
    place: Place,
    resolution: u8,
    coarser: u8,
    rings: u8,
    bits: u64,
    text: &'a str,
}

/// The widest disk that is asked for.
const RINGS: u8 = 4;

/// Asks, and holds the answers against what is promised.
///
/// # Panics
/// When a promise is broken.
pub fn run(question: &Question<'_>) {
    let rings = u32::from(question.rings % RINGS);
    if let Ok(cell) = question.text.parse::<Cell>() {
        sound(cell, rings);
    }
    if let Ok(cell) = Cell::from_bits(question.bits) {
        assert_eq!(cell.bits(), question.bits, "the bits of a cell are those it came from");
        sound(cell, rings);
    }
    // Bits that are a cell more often than not: the mode of one, and unused digits of seven.
    let resolution = question.bits >> 52 & 15;
    let unused = (1_u64 << (45 - 3 * resolution)) - 1;
    if let Ok(cell) = Cell::from_bits(question.bits & !(0xff << 56) | 1 << 59 | unused) {
        sound(cell, rings);
    }
    let (Ok(resolution), Ok(other)) =
        (Resolution::new(question.resolution % 16), Resolution::new(question.coarser % 16))
    else {
        panic!("0 to 15 are resolutions")
    };
    if let Some(point) = question.place.point() {
        let cell = Cell::at(point, resolution);
        assert_eq!(cell.resolution(), resolution);
        holds(cell, point);
        sound(cell, rings);
        assert_eq!(cell.parent(other).map(Cell::resolution), (other <= resolution).then_some(other));
        assert_eq!(cell.parent(resolution), Some(cell), "a cell is its own parent");
    }
}

/// A point is within reach of its cell.
fn holds(cell: Cell, point: Point) {
    let (away, reach) = (distance(cell.centre(), point).get(), cell.reach().get());
    assert!(away <= reach, "{point:?} is {away} m from the centre of {cell}, its reach is {reach} m");
}

/// What holds for every cell.
fn sound(cell: Cell, rings: u32) {
    assert_eq!(Cell::from_bits(cell.bits()), Ok(cell));
    assert_eq!(cell.to_string().parse(), Ok(cell), "a cell is read as it is written");
    assert_eq!(Cell::at(cell.centre(), cell.resolution()), cell, "a cell holds its centre");
    let outline = cell.outline();
    assert!((5..=10).contains(&outline.len()), "{cell} has {} corners", outline.len());
    let disk = cell.disk(rings);
    let (edge, all) = (rings as usize, 1 + 3 * rings as usize * (rings as usize + 1));
    // At resolution 0 a disk may go round the Earth and meet itself.
    assert!(
        disk.len() <= all && disk.len() > 5 * edge * (edge + 1) / 2 - 2 * edge,
        "{} within {rings} of {cell}",
        disk.len()
    );
    assert!(disk.windows(2).all(|pair| pair[0] < pair[1]), "a disk of {cell} is in order, each cell once");
    assert!(disk.contains(&cell) && disk.iter().all(|other| other.resolution() == cell.resolution()));
    // The dearest question: not of every cell.
    for next in cell.neighbours().into_iter().filter(|_| rings == 1) {
        assert!(next != cell && next.neighbours().contains(&cell), "{next} beside {cell} knows it");
    }
}
