//! A made-up town, written as a real OSM PBF extract: for tests, benchmarks and demos that have no map at hand.
//!
//! Lives here: a grid of blocks with avenues and side streets, one-ways, gaps, bends and forbidden turns, all decided
//! by a seed; and the encoder for it.
//! Stays out: anything that only a real city has.
//! Touch with care: benchmarks compare towns over time. A change of what a seed makes is a change of every figure.

use std::io::Write as _;

use super::wire::Message;
use crate::{Meters, Point};

/// What a town is like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Town {
    /// How many junctions from west to east.
    pub width: u32,
    /// How many junctions from south to north.
    pub height: u32,
    /// The same seed makes the same town, to the byte.
    pub seed: u64,
    /// The south-western corner.
    pub corner: Point,
    /// How long a block is.
    pub block: Meters,
    /// How many of 1000 blocks of side street are missing.
    pub missing: u32,
    /// How many of 1000 junctions forbid a left turn or a turn back.
    pub restricted: u32,
    /// Whether the blocks of the file are packed with zlib, as those of most extracts are.
    pub packed: bool,
}

impl Default for Town {
    /// 32 by 32 junctions a hundred metres apart, with 7 % of the side streets missing and a restriction at every tenth
    /// junction.
    fn default() -> Town {
        Town {
            width: 32,
            height: 32,
            seed: 1,
            corner: Point::new(40.5, -74.2).expect("on Earth"),
            block: Meters::whole(100),
            missing: 70,
            restricted: 100,
            packed: true,
        }
    }
}

/// Nodes, ways or relations in one block of the file, as the format advises.
const BLOCK: usize = 8_000;
const M_PER_DEGREE: f64 = crate::EARTH_RADIUS_M * std::f64::consts::PI / 180.0;

/// The texts that tags point to; the first one is nothing, by the definition of the format.
const STRINGS: [&str; 15] = [
    "",
    "highway",
    "trunk",
    "secondary",
    "residential",
    "oneway",
    "yes",
    "-1",
    "type",
    "restriction",
    "no_left_turn",
    "from",
    "via",
    "to",
    "only_straight_on",
];

fn text(string: &str) -> u64 {
    STRINGS.iter().position(|known| *known == string).unwrap_or(0) as u64
}

/// Spreads a number over all bits, so that neighbours have nothing in common.
fn mix(seed: u64, number: u64) -> u64 {
    let mut bits = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ number.wrapping_add(0x2545_f491_4f6c_dd1d);
    for shift in [31, 29, 32] {
        bits = (bits ^ bits >> shift).wrapping_mul(0xd6e8_feb8_6659_fd93);
    }
    bits ^ bits >> 30
}

/// What a whole street from one end of the town to the other is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Kind {
    class: &'static str,
    oneway: Option<&'static str>,
}

struct Way {
    nodes: Vec<i64>,
    kind: Kind,
}

struct Turn {
    from: i64,
    via: i64,
    to: i64,
    kind: &'static str,
}

/// Everything in a town, before it is written.
#[derive(Default)]
struct Map {
    nodes: Vec<(i64, Point)>,
    ways: Vec<Way>,
    turns: Vec<Turn>,
}

impl Town {
    /// The town as an OSM PBF extract. A town of 0 or 1 junctions has no roads, and an import says so.
    #[must_use]
    pub fn pbf(&self) -> Vec<u8> {
        let map = self.map();
        let mut file = Vec::new();
        let header = Message::default().bytes(4, b"OsmSchema-V0.6").bytes(4, b"DenseNodes").bytes(16, b"hansom");
        self.blob(&mut file, "OSMHeader", &header.done());
        for nodes in map.nodes.chunks(BLOCK) {
            let dense = Message::default()
                .packed_deltas(1, nodes.iter().map(|(id, _)| *id))
                .packed_deltas(8, nodes.iter().map(|(_, point)| (point.lat() * 1e7).round() as i64))
                .packed_deltas(9, nodes.iter().map(|(_, point)| (point.lon() * 1e7).round() as i64));
            self.block(&mut file, Message::default().bytes(2, &dense.done()));
        }
        for (place, ways) in map.ways.chunks(BLOCK).enumerate() {
            let first = place * BLOCK + 1;
            let group = ways
                .iter()
                .enumerate()
                .fold(Message::default(), |group, (place, way)| group.bytes(3, &way.message((first + place) as u64)));
            self.block(&mut file, group);
        }
        for (place, turns) in map.turns.chunks(BLOCK).enumerate() {
            let first = place * BLOCK + 1;
            let group = turns
                .iter()
                .enumerate()
                .fold(Message::default(), |group, (place, turn)| group.bytes(4, &turn.message((first + place) as u64)));
            self.block(&mut file, group);
        }
        file
    }

    /// Where the junction in this column from the west and this row from the south is.
    #[must_use]
    pub fn junction(&self, column: u32, row: u32) -> Point {
        self.place(f64::from(column), f64::from(row))
    }

    /// A place in the town, in blocks from the south-western corner.
    fn place(&self, column: f64, row: f64) -> Point {
        let lat = (self.corner.lat() + row * self.block.get() / M_PER_DEGREE).clamp(-90.0, 90.0);
        let stretch = self.corner.lat().to_radians().cos().max(0.01);
        let lon = self.corner.lon() + column * self.block.get() / M_PER_DEGREE / stretch;
        // East of the antimeridian comes the west.
        let lon = (lon + 180.0).rem_euclid(360.0) - 180.0;
        Point::new(lat, lon).unwrap_or(self.corner)
    }

    /// The number of the node at a junction.
    fn node(&self, column: u32, row: u32) -> i64 {
        i64::from(row) * i64::from(self.width) + i64::from(column) + 1
    }

    fn kind(number: u32) -> Kind {
        match number {
            _ if number.is_multiple_of(50) => Kind { class: "trunk", oneway: None },
            _ if number.is_multiple_of(10) => Kind { class: "secondary", oneway: None },
            _ if number.is_multiple_of(3) => Kind { class: "residential", oneway: None },
            _ if number.is_multiple_of(2) => Kind { class: "residential", oneway: Some("yes") },
            _ => Kind { class: "residential", oneway: Some("-1") },
        }
    }

    fn chance(&self, of_1000: u32, number: u64) -> bool {
        mix(self.seed, number) % 1_000 < u64::from(of_1000)
    }

    fn is_restricted(&self, node: i64) -> bool {
        self.chance(self.restricted, node.cast_unsigned() << 3)
    }

    fn map(&self) -> Map {
        let mut map = Map::default();
        for row in 0..self.height {
            for column in 0..self.width {
                map.nodes.push((self.node(column, row), self.junction(column, row)));
            }
        }
        for row in 0..self.height {
            self.street(&mut map, row, (0..self.width).map(|column| (column, row)));
        }
        for column in 0..self.width {
            self.street(&mut map, column, (0..self.height).map(|row| (column, row)));
        }
        self.forbid_turns(&mut map);
        map
    }

    /// A street along these junctions. It ends, and goes on as another way, at gaps and where turns are forbidden.
    fn street(&self, map: &mut Map, number: u32, junctions: impl Iterator<Item = (u32, u32)>) {
        let kind = Town::kind(number);
        let mut nodes: Vec<i64> = Vec::new();
        let mut finish = |nodes: Vec<i64>| {
            if nodes.len() > 1 {
                map.ways.push(Way { nodes, kind });
            }
        };
        let mut before: Option<(u32, u32)> = None;
        for (column, row) in junctions {
            let node = self.node(column, row);
            if let Some((west, south)) = before {
                let block = node.cast_unsigned() << 3 | if south == row { 1 } else { 2 };
                if kind.class == "residential" && self.chance(self.missing, block) {
                    finish(std::mem::take(&mut nodes));
                } else if mix(self.seed, block | 4).is_multiple_of(4) {
                    // A bend in the middle of the block, up to a tenth of it aside.
                    let aside = (mix(self.seed, block) >> 20) as f64 / (1u64 << 44) as f64 * 0.2 - 0.1;
                    let (east, north) = if south == row { (0.5, aside) } else { (aside, 0.5) };
                    let bend = self.place(f64::from(west) + east, f64::from(south) + north);
                    let id = i64::from(self.width) * i64::from(self.height) + map.nodes.len() as i64 + 1;
                    map.nodes.push((id, bend));
                    nodes.push(id);
                }
            }
            nodes.push(node);
            if self.is_restricted(node) {
                finish(std::mem::take(&mut nodes));
                nodes.push(node);
            }
            before = Some((column, row));
        }
        finish(nodes);
    }

    /// At each restricted junction one way may not turn into another, or may only go straight on.
    fn forbid_turns(&self, map: &mut Map) {
        let mut ends: Vec<(i64, i64)> = Vec::new();
        for (way, id) in map.ways.iter().zip(1..) {
            ends.extend([way.nodes.first(), way.nodes.last()].into_iter().flatten().map(|&node| (node, id)));
        }
        ends.sort_unstable();
        for meeting in ends.chunk_by(|a, b| a.0 == b.0).filter(|meeting| self.is_restricted(meeting[0].0)) {
            let via = meeting[0].0;
            let bits = mix(self.seed, via.cast_unsigned() << 3 | 7);
            let pick = |bits: u64| meeting[bits as usize % meeting.len()].1;
            let kind = if bits.is_multiple_of(5) { "only_straight_on" } else { "no_left_turn" };
            map.turns.push(Turn { from: pick(bits >> 8), via, to: pick(bits >> 16), kind });
        }
    }

    fn block(&self, file: &mut Vec<u8>, group: Message) {
        let table = STRINGS.iter().fold(Message::default(), |table, string| table.bytes(1, string.as_bytes()));
        let block = Message::default().bytes(1, &table.done()).bytes(2, &group.done());
        self.blob(file, "OSMData", &block.done());
    }

    fn blob(&self, file: &mut Vec<u8>, kind: &str, block: &[u8]) {
        let blob = if self.packed {
            let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
            let packed = packer.write_all(block).and_then(|()| packer.finish());
            let packed = packed.expect("writing to memory does not fail");
            Message::default().number(2, block.len() as u64).bytes(3, &packed)
        } else {
            Message::default().bytes(1, block)
        };
        let blob = blob.done();
        let header = Message::default().bytes(1, kind.as_bytes()).number(3, blob.len() as u64).done();
        file.extend_from_slice(&(header.len() as u32).to_be_bytes());
        file.extend_from_slice(&header);
        file.extend_from_slice(&blob);
    }
}

impl Way {
    fn message(&self, id: u64) -> Vec<u8> {
        let tags = [("highway", Some(self.kind.class)), ("oneway", self.kind.oneway)];
        let tags = tags.into_iter().filter_map(|(key, value)| Some((text(key), text(value?))));
        let (keys, values): (Vec<u64>, Vec<u64>) = tags.unzip();
        let way = Message::default().number(1, id).packed(2, keys).packed(3, values);
        way.packed_deltas(8, self.nodes.iter().copied()).done()
    }
}

impl Turn {
    fn message(&self, id: u64) -> Vec<u8> {
        let (node, way) = (0, 1);
        Message::default()
            .number(1, id)
            .packed(2, [text("type"), text("restriction")])
            .packed(3, [text("restriction"), text(self.kind)])
            .packed(8, [text("from"), text("via"), text("to")])
            .packed_deltas(9, [self.from, self.via, self.to])
            .packed(10, [way, node, way])
            .done()
    }
}
