//! Roads as bytes: written once by an import, read at every start.
//!
//! All numbers are little-endian. A head of 24 bytes (magic, version, CRC-32 of the body, length of the body), then the
//! body: seven lengths, then the lists they belong to. Costs of shortcuts are not stored, they are added up again.
//!
//! Lives here: the layout, and the checks that let the rest believe what was read.
//! Stays out: files; whoever has the bytes brings them.
//! Touch with care: every index is checked here, once. A change of the layout is a new [`VERSION`].

use super::cost::Cost;
use super::hierarchy::{ARC, Hierarchy, Link, Star};
use super::shape::{Place, length_cm};
use super::streets::STREETS_MAX;
use super::{Network, Roads};

/// The first bytes of every file.
const MAGIC: [u8; 8] = *b"HNSMROAD";
/// The layout of this build.
const VERSION: u32 = 1;
const HEAD: usize = 8 + 4 + 4 + 8;

/// Why bytes are not roads.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoadsFileError {
    /// Something else altogether. Give a file that an import made.
    #[error("not a roads file: it does not begin with HNSMROAD")]
    Foreign,
    /// Made by another version of this program. Import the extract again with this one.
    #[error("the roads file has layout {found}, this build reads layout {expected}")]
    OtherVersion {
        /// The layout of the file.
        found: u32,
        /// The layout that can be read.
        expected: u32,
    },
    /// It is shorter or longer than it says. Copy it again.
    #[error("the roads file has {found} bytes, its head promises {expected}")]
    Cut {
        /// How many bytes there are.
        found: u64,
        /// How many there should be.
        expected: u64,
    },
    /// Its bytes have changed, or were never right. Copy it again, or import the extract again.
    #[error("the roads file is damaged: {what}")]
    Damaged {
        /// What does not add up.
        what: &'static str,
    },
}

fn damaged(what: &'static str) -> RoadsFileError {
    RoadsFileError::Damaged { what }
}

/// Writes the body of a file.
pub(super) fn write(network: &Network) -> Vec<u8> {
    let Hierarchy { up, down } = &network.hierarchy;
    let lengths = [
        network.ms.len(),
        network.places.len(),
        network.first_tail.len(),
        network.tails.len(),
        up.first.len(),
        up.links.len(),
        down.links.len(),
    ];
    let mut body = Vec::new();
    let mut put = |number: u32| body.extend_from_slice(&number.to_le_bytes());
    lengths.iter().for_each(|&length| put(length as u32));
    network.first_place.iter().for_each(|&first| put(first));
    network.places.iter().for_each(|place| [place.lat, place.lon].iter().for_each(|&unit| put(unit.cast_unsigned())));
    network.ms.iter().flatten().for_each(|&ms| put(ms));
    network.heads.iter().for_each(|&head| put(head));
    network.first_tail.iter().for_each(|&first| put(first));
    network.tails.iter().for_each(|&tail| put(tail));
    for star in [up, down] {
        star.first.iter().for_each(|&first| put(first));
        star.links.iter().for_each(|link| [link.other, link.via].iter().for_each(|&number| put(number)));
    }
    let mut bytes = Vec::with_capacity(HEAD + body.len());
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    bytes.extend_from_slice(&checksum(&body).to_le_bytes());
    bytes.extend_from_slice(&(body.len() as u64).to_le_bytes());
    bytes.extend_from_slice(&body);
    bytes
}

fn checksum(body: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(body);
    crc.sum()
}

/// Reads a file, and checks everything that a search relies on.
pub(super) fn read(bytes: &[u8]) -> Result<Network, RoadsFileError> {
    if !bytes.starts_with(&MAGIC) {
        return Err(RoadsFileError::Foreign);
    }
    let (head, body) =
        bytes.split_at_checked(HEAD).ok_or(RoadsFileError::Cut { found: bytes.len() as u64, expected: HEAD as u64 })?;
    let mut head = Numbers { rest: &head[MAGIC.len()..] };
    let (version, crc) = (head.next()?, head.next()?);
    let length = u64::from(head.next()?) | u64::from(head.next()?) << 32;
    if version != VERSION {
        return Err(RoadsFileError::OtherVersion { found: version, expected: VERSION });
    }
    if length != body.len() as u64 {
        let expected = length.saturating_add(HEAD as u64);
        return Err(RoadsFileError::Cut { found: bytes.len() as u64, expected });
    }
    if crc != checksum(body) {
        return Err(damaged("its checksum is another"));
    }
    let mut numbers = Numbers { rest: body };
    let network = lists(&mut numbers)?;
    if !numbers.rest.is_empty() {
        return Err(damaged("there is more than its lists"));
    }
    check(network)
}

/// Numbers that are still to be read.
struct Numbers<'a> {
    rest: &'a [u8],
}

impl Numbers<'_> {
    fn next(&mut self) -> Result<u32, RoadsFileError> {
        let (number, rest) = self.rest.split_first_chunk().ok_or(damaged("a list is not all there"))?;
        self.rest = rest;
        Ok(u32::from_le_bytes(*number))
    }

    /// A list of `length` groups of `N` numbers. Room is made only for what is there.
    fn list<const N: usize>(&mut self, length: usize) -> Result<Vec<[u32; N]>, RoadsFileError> {
        let bytes = length.checked_mul(4 * N).and_then(|bytes| self.rest.split_at_checked(bytes));
        let (list, rest) = bytes.ok_or(damaged("a list is not all there"))?;
        self.rest = rest;
        let (groups, _) = list.as_chunks::<4>().0.as_chunks::<N>();
        Ok(groups.iter().map(|group| group.map(u32::from_le_bytes)).collect())
    }

    fn flat(&mut self, length: usize) -> Result<Vec<u32>, RoadsFileError> {
        Ok(self.list::<1>(length)?.into_iter().map(|[number]| number).collect())
    }

    fn star(&mut self, junctions: usize, links: usize) -> Result<Star, RoadsFileError> {
        let first = self.flat(junctions)?;
        let links = self.list(links)?.into_iter().map(|[other, via]| Link { other, via, cost: Cost::MAX }).collect();
        Ok(Star { first, links })
    }
}

fn lists(numbers: &mut Numbers<'_>) -> Result<Network, RoadsFileError> {
    let [streets, places, first_tail, tails, junctions, up, down] =
        numbers.list::<7>(1)?.first().ok_or(damaged("a list is not all there"))?.map(|length| length as usize);
    if streets > STREETS_MAX {
        return Err(damaged("too many streets"));
    }
    let first_place = numbers.flat(streets + 1)?;
    let place = |[lat, lon]: [u32; 2]| Place { lat: lat.cast_signed(), lon: lon.cast_signed() };
    let places = numbers.list(places)?.into_iter().map(place).collect();
    let ms = numbers.list(streets)?;
    let heads = numbers.flat(2 * streets)?;
    let first_tail = numbers.flat(first_tail)?;
    let tails = numbers.flat(tails)?;
    let hierarchy = Hierarchy { up: numbers.star(junctions, up)?, down: numbers.star(junctions, down)? };
    Ok(Network { first_place, places, cm: Vec::new(), ms, heads, first_tail, tails, hierarchy })
}

/// Whether these are the beginnings of `count` runs in a list of `length`.
fn are_firsts(first: &[u32], count: usize, length: usize) -> bool {
    let ends = first.first() == Some(&0) && first.last().is_some_and(|&last| last as usize == length);
    first.len() == count + 1 && ends && first.is_sorted()
}

fn check(mut network: Network) -> Result<Network, RoadsFileError> {
    let (streets, junctions) = (network.ms.len(), network.hierarchy.junctions());
    let lines = are_firsts(&network.first_place, streets, network.places.len());
    if !lines || network.first_place.windows(2).any(|pair| pair[1] - pair[0] < 2) {
        return Err(damaged("a street has no line"));
    }
    if !network.places.iter().all(|place| place.is_sound()) {
        return Err(damaged("a point is not on Earth"));
    }
    if !are_firsts(&network.first_tail, 2 * streets, network.tails.len()) {
        return Err(damaged("the beginnings of the streets are not in order"));
    }
    if network.heads.iter().chain(&network.tails).any(|&junction| junction >= junctions.max(1)) {
        return Err(damaged("a street leads to an unknown junction"));
    }
    if streets == 0 || junctions == 0 || junctions >= ARC || network.ms.iter().flatten().any(|&ms| ms >= 1 << 31) {
        return Err(damaged("there is no street, or an endless one"));
    }
    network.cm = (0..streets as u32).map(|street| length_cm(network.line(street))).collect();
    let links = network.hierarchy.up.links.len().max(network.hierarchy.down.links.len());
    for star in [&network.hierarchy.up, &network.hierarchy.down] {
        if !are_firsts(&star.first, junctions as usize, star.links.len()) || links >= ARC as usize {
            return Err(damaged("the hierarchy is not in order"));
        }
    }
    add_up(&mut network)?;
    Ok(network)
}

/// Gives every link its cost, from the bottom up: a shortcut's halves lie lower than itself.
fn add_up(network: &mut Network) -> Result<(), RoadsFileError> {
    for junction in 0..network.hierarchy.junctions() {
        for upward in [true, false] {
            let star = if upward { &network.hierarchy.up } else { &network.hierarchy.down };
            let range = star.first[junction as usize] as usize..star.first[junction as usize + 1] as usize;
            for place in range {
                let star = if upward { &network.hierarchy.up } else { &network.hierarchy.down };
                let Link { other, via, .. } = star.links[place];
                if other <= junction || other >= network.hierarchy.junctions() {
                    return Err(damaged("a link does not lead up"));
                }
                let (tail, head) = if upward { (junction, other) } else { (other, junction) };
                let cost = cost_of(network, via, tail, head, junction)?;
                let star = if upward { &mut network.hierarchy.up } else { &mut network.hierarchy.down };
                star.links[place].cost = cost;
            }
        }
    }
    Ok(())
}

fn cost_of(network: &Network, via: u32, tail: u32, head: u32, lower: u32) -> Result<Cost, RoadsFileError> {
    if via & ARC != 0 {
        let arc = via & !ARC;
        let known = (arc as usize) < network.heads.len() && network.ms_of(arc) > 0;
        if !known || network.heads[arc as usize] != head || !network.tails_of(arc).contains(&tail) {
            return Err(damaged("a link is not the street it says"));
        }
        return Ok(network.cost_of(arc));
    }
    if via >= lower {
        return Err(damaged("a shortcut leads over a higher junction"));
    }
    let halves = (network.hierarchy.down.link(via, tail), network.hierarchy.up.link(via, head));
    let (Some(first), Some(second)) = halves else { return Err(damaged("a shortcut leads over nothing")) };
    Ok(first.cost.plus(second.cost))
}

impl Roads {
    /// The roads as bytes, for [`Roads::read`].
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        write(&self.network)
    }

    /// Roads from the bytes that [`Roads::write`] gave. The reach is the default one.
    ///
    /// # Errors
    /// [`RoadsFileError`] says what to do about a file that is foreign, damaged, cut or of another version.
    pub fn read(bytes: &[u8]) -> Result<Roads, RoadsFileError> {
        read(bytes).map(Roads::of)
    }
}
