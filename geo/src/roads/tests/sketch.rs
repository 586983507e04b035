//! Small maps drawn by hand, written as an extract.

use crate::Point;
use crate::roads::wire::Message;
use crate::roads::{ImportError, ImportReport, Roads};

/// A map: nodes on a grid of a hundredth of a degree around 0, 0.
#[derive(Default)]
pub(super) struct Sketch {
    strings: Vec<String>,
    groups: Vec<Vec<u8>>,
    features: Vec<String>,
}

type Tags<'a> = &'a [(&'a str, &'a str)];

/// The place of a node of a sketch.
pub(super) fn at(east: f64, north: f64) -> Point {
    Point::new(north / 100.0, east / 100.0).unwrap()
}

impl Sketch {
    fn text(&mut self, text: &str) -> u64 {
        if self.strings.is_empty() {
            self.strings.push(String::new());
        }
        let known = self.strings.iter().position(|known| known == text);
        known.unwrap_or_else(|| {
            self.strings.push(text.to_owned());
            self.strings.len() - 1
        }) as u64
    }

    fn tags(&mut self, message: Message, tags: Tags<'_>) -> Message {
        let keys: Vec<u64> = tags.iter().map(|(key, _)| self.text(key)).collect();
        let values: Vec<u64> = tags.iter().map(|(_, value)| self.text(value)).collect();
        message.packed(2, keys).packed(3, values)
    }

    /// Requires a feature of its reader.
    pub(super) fn needs(mut self, feature: &str) -> Sketch {
        self.features.push(feature.to_owned());
        self
    }

    /// A node, not dense.
    pub(super) fn node(self, id: i64, east: f64, north: f64, tags: Tags<'_>) -> Sketch {
        let place = at(east, north);
        let units = |degrees: f64| (degrees * 1e7).round() as i64;
        self.node_written(id, units(place.lat()), units(place.lon()), tags)
    }

    /// A node with these numbers for a place, which may be on no Earth.
    pub(super) fn node_written(mut self, id: i64, lat: i64, lon: i64, tags: Tags<'_>) -> Sketch {
        let message = self.tags(Message::default().signed(1, id), tags);
        let message = message.signed(8, lat).signed(9, lon);
        self.groups.push(Message::default().bytes(1, &message.done()).done());
        self
    }

    pub(super) fn way(mut self, id: u64, nodes: &[i64], tags: Tags<'_>) -> Sketch {
        let message = self.tags(Message::default().number(1, id), tags);
        let message = message.packed_deltas(8, nodes.iter().copied());
        self.groups.push(Message::default().bytes(3, &message.done()).done());
        self
    }

    /// A restriction. Members are role, kind (0 node, 1 way) and number.
    pub(super) fn turn(mut self, members: &[(&str, u64, i64)], tags: Tags<'_>) -> Sketch {
        let tags: Vec<_> = [("type", "restriction")].iter().chain(tags).copied().collect();
        let message = self.tags(Message::default().number(1, 1), &tags);
        let roles: Vec<u64> = members.iter().map(|(role, ..)| self.text(role)).collect();
        let message = message
            .packed(8, roles)
            .packed_deltas(9, members.iter().map(|member| member.2))
            .packed(10, members.iter().map(|member| member.1));
        self.groups.push(Message::default().bytes(4, &message.done()).done());
        self
    }

    pub(super) fn pbf(&self) -> Vec<u8> {
        let blob = |kind: &str, block: Vec<u8>| {
            let blob = Message::default().bytes(1, &block).done();
            let header = Message::default().bytes(1, kind.as_bytes()).number(3, blob.len() as u64).done();
            [&(header.len() as u32).to_be_bytes()[..], &header, &blob].concat()
        };
        let features = self.features.iter().fold(Message::default(), |all, one| all.bytes(4, one.as_bytes()));
        let table = self.strings.iter().fold(Message::default(), |all, one| all.bytes(1, one.as_bytes()));
        // The groups before the texts they point to: the order of fields is free.
        let block = self.groups.iter().fold(Message::default(), |all, one| all.bytes(2, one));
        let block = block.bytes(1, &table.done()).done();
        [blob("OSMHeader", features.done()), blob("OSMData", block)].concat()
    }

    pub(super) fn import(&self) -> Result<(Roads, ImportReport), ImportError> {
        Roads::import(self.pbf().as_slice(), &mut |_| {})
    }
}
