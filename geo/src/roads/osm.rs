//! What an extract says about roads: positions, ways a car may drive on, forbidden turns.
//!
//! Lives here: the layout of a block of map data, and picking out what matters for driving.
//! Stays out: which tags mean what (`rules`), how pieces fit together (`streets`, `turns`).
//! Touch with care: positions of all nodes are kept (16 bytes each), because they come before the ways that use them.

use super::report::ImportReport;
use super::rules::{self, Barred, Drivable};
use super::shape::Place;
use super::turns::{Restriction, Skipped};
use super::wire::{Fields, Torn, packed, packed_deltas, signed};

/// A node: its number and its position in units of 1e-7 degrees.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    pub(super) id: i64,
    pub(super) lat: i32,
    pub(super) lon: i32,
}

/// A way that a car may drive on.
#[derive(Clone, Debug)]
pub(super) struct Way {
    pub(super) id: i64,
    pub(super) nodes: Vec<i64>,
    pub(super) drivable: Drivable,
}

/// What was picked out of an extract.
#[derive(Debug, Default)]
pub(super) struct Extract {
    pub(super) nodes: Vec<Node>,
    /// Nodes that no car gets past: bollards, blocks, closed gates.
    pub(super) barriers: Vec<i64>,
    pub(super) ways: Vec<Way>,
    pub(super) restrictions: Vec<Restriction>,
    pub(super) report: ImportReport,
}

/// The tags of one object.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tags<'a> {
    pairs: &'a [(&'a str, &'a str)],
}

impl<'a> Tags<'a> {
    /// The tags in these pairs.
    pub(super) fn of(pairs: &'a [(&'a str, &'a str)]) -> Tags<'a> {
        Tags { pairs }
    }

    /// What a tag says, if it is there.
    pub(super) fn get(self, key: &str) -> Option<&'a str> {
        self.pairs.iter().find(|(name, _)| *name == key).map(|(_, value)| *value)
    }

    /// The first of these tags that is there.
    pub(super) fn first(self, keys: &[&str]) -> Option<&'a str> {
        keys.iter().find_map(|key| self.get(key))
    }
}

/// How positions are written in a block, and the texts its tags point to.
struct Block<'a> {
    strings: Vec<&'a str>,
    granularity: i64,
    lat_offset: i64,
    lon_offset: i64,
}

impl Extract {
    /// Takes in a block of map data.
    pub(super) fn take_in(&mut self, bytes: &[u8]) -> Result<(), Torn> {
        let mut block = Block { strings: Vec::new(), granularity: 100, lat_offset: 0, lon_offset: 0 };
        let mut groups = Vec::new();
        let mut fields = Fields::of(bytes);
        while let Some((field, value)) = fields.next()? {
            match field {
                1 => block.strings = strings(value.bytes()?)?,
                2 => groups.push(value.bytes()?),
                17 => block.granularity = i64::try_from(value.number()?).map_err(|_| Torn)?,
                19 => block.lat_offset = value.number()? as i64,
                20 => block.lon_offset = value.number()? as i64,
                _ => {}
            }
        }
        for group in groups {
            let mut fields = Fields::of(group);
            while let Some((field, value)) = fields.next()? {
                match field {
                    1 => self.node(&block, value.bytes()?)?,
                    2 => self.dense_nodes(&block, value.bytes()?)?,
                    3 => self.way(&block, value.bytes()?)?,
                    4 => self.relation(&block, value.bytes()?)?,
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn node(&mut self, block: &Block<'_>, bytes: &[u8]) -> Result<(), Torn> {
        let mut fields = Fields::of(bytes);
        let (mut id, mut lat, mut lon, mut keys, mut values) = (0, 0, 0, Vec::new(), Vec::new());
        while let Some((field, value)) = fields.next()? {
            match field {
                1 => id = signed(value.number()?),
                2 => keys = packed(value.bytes()?)?,
                3 => values = packed(value.bytes()?)?,
                8 => lat = signed(value.number()?),
                9 => lon = signed(value.number()?),
                _ => {}
            }
        }
        self.place(block, id, lat, lon)?;
        if rules::is_barrier(Tags::of(&block.tags(&keys, &values)?)) {
            self.barriers.push(id);
        }
        Ok(())
    }

    fn dense_nodes(&mut self, block: &Block<'_>, bytes: &[u8]) -> Result<(), Torn> {
        let mut fields = Fields::of(bytes);
        let (mut ids, mut lats, mut lons, mut tags) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        while let Some((field, value)) = fields.next()? {
            match field {
                1 => ids = packed_deltas(value.bytes()?)?,
                8 => lats = packed_deltas(value.bytes()?)?,
                9 => lons = packed_deltas(value.bytes()?)?,
                10 => tags = packed(value.bytes()?)?,
                _ => {}
            }
        }
        if ids.len() != lats.len() || ids.len() != lons.len() {
            return Err(Torn);
        }
        for ((&id, &lat), &lon) in ids.iter().zip(&lats).zip(&lons) {
            self.place(block, id, lat, lon)?;
        }
        // Key, value, key, value, 0 for each node; nothing at all when no node has a tag.
        let of_each = tags.split(|&key| key == 0);
        for (&id, pairs) in ids.iter().zip(of_each).filter(|(_, pairs)| !pairs.is_empty()) {
            let keys: Vec<u64> = pairs.iter().step_by(2).copied().collect();
            let values: Vec<u64> = pairs.iter().skip(1).step_by(2).copied().collect();
            if rules::is_barrier(Tags::of(&block.tags(&keys, &values)?)) {
                self.barriers.push(id);
            }
        }
        Ok(())
    }

    fn place(&mut self, block: &Block<'_>, id: i64, lat: i64, lon: i64) -> Result<(), Torn> {
        let (lat, lon) = (block.degrees(block.lat_offset, lat)?, block.degrees(block.lon_offset, lon)?);
        if !(Place { lat, lon }).is_sound() {
            return Err(Torn);
        }
        self.report.nodes += 1;
        self.nodes.push(Node { id, lat, lon });
        Ok(())
    }

    fn way(&mut self, block: &Block<'_>, bytes: &[u8]) -> Result<(), Torn> {
        let mut fields = Fields::of(bytes);
        let (mut id, mut keys, mut values, mut refs) = (0, Vec::new(), Vec::new(), &[][..]);
        while let Some((field, value)) = fields.next()? {
            match field {
                1 => id = value.number()? as i64,
                2 => keys = packed(value.bytes()?)?,
                3 => values = packed(value.bytes()?)?,
                8 => refs = value.bytes()?,
                _ => {}
            }
        }
        self.report.ways += 1;
        match rules::drivable(Tags::of(&block.tags(&keys, &values)?)) {
            Ok(drivable) => {
                self.report.drivable_ways += 1;
                self.report.one_way_ways +=
                    u64::from(drivable.forward_kmh.is_none() || drivable.backward_kmh.is_none());
                self.ways.push(Way { id, nodes: packed_deltas(refs)?, drivable });
            }
            Err(Barred::NoAccess) => self.report.closed_ways += 1,
            Err(Barred::NotForCars) => {}
        }
        Ok(())
    }

    fn relation(&mut self, block: &Block<'_>, bytes: &[u8]) -> Result<(), Torn> {
        let mut fields = Fields::of(bytes);
        let (mut keys, mut values, mut roles) = (Vec::new(), Vec::new(), Vec::new());
        let (mut members, mut kinds) = (Vec::new(), Vec::new());
        while let Some((field, value)) = fields.next()? {
            match field {
                2 => keys = packed(value.bytes()?)?,
                3 => values = packed(value.bytes()?)?,
                8 => roles = packed(value.bytes()?)?,
                9 => members = packed_deltas(value.bytes()?)?,
                10 => kinds = packed(value.bytes()?)?,
                _ => {}
            }
        }
        let tags = block.tags(&keys, &values)?;
        let tags = Tags::of(&tags);
        if !tags.get("type").is_some_and(|kind| kind == "restriction" || kind.starts_with("restriction:")) {
            return Ok(());
        }
        self.report.restrictions += 1;
        let members = roles.iter().zip(&members).zip(&kinds);
        let members = members.map(|((&role, &id), &kind)| Ok((block.string(role)?, kind, id)));
        match Restriction::of(tags, &members.collect::<Result<Vec<_>, Torn>>()?) {
            Ok(restriction) => self.restrictions.push(restriction),
            Err(why) => self.report.skip(why),
        }
        Ok(())
    }
}

impl<'a> Block<'a> {
    /// A written coordinate in units of 1e-7 degrees.
    fn degrees(&self, offset: i64, written: i64) -> Result<i32, Torn> {
        let nanos = written.checked_mul(self.granularity).and_then(|nanos| nanos.checked_add(offset)).ok_or(Torn)?;
        i32::try_from(nanos / 100).map_err(|_| Torn)
    }

    fn string(&self, index: u64) -> Result<&'a str, Torn> {
        usize::try_from(index).ok().and_then(|index| self.strings.get(index)).copied().ok_or(Torn)
    }

    fn tags(&self, keys: &[u64], values: &[u64]) -> Result<Vec<(&'a str, &'a str)>, Torn> {
        if keys.len() != values.len() {
            return Err(Torn);
        }
        keys.iter().zip(values).map(|(&key, &value)| Ok((self.string(key)?, self.string(value)?))).collect()
    }
}

/// The texts of a block. One that is not UTF-8 reads as empty: no rule asks for such a tag.
fn strings(table: &[u8]) -> Result<Vec<&str>, Torn> {
    let mut fields = Fields::of(table);
    let mut strings = Vec::new();
    while let Some((field, value)) = fields.next()? {
        if field == 1 {
            strings.push(std::str::from_utf8(value.bytes()?).unwrap_or_default());
        }
    }
    Ok(strings)
}

impl ImportReport {
    /// Counts a restriction that is not used.
    pub(super) fn skip(&mut self, why: Skipped) {
        *match why {
            Skipped::NotForCars => &mut self.restrictions_not_for_cars,
            Skipped::Conditional => &mut self.restrictions_conditional,
            Skipped::ViaWay => &mut self.restrictions_via_way,
            Skipped::Unclear => &mut self.restrictions_unclear,
            Skipped::Elsewhere => &mut self.restrictions_elsewhere,
        } += 1;
    }
}
