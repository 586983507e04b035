//! Forbidden turns, obeyed by splitting junctions.
//!
//! A junction where a turn is forbidden gets a copy for each different set of exits that some entry is denied. The
//! entry leads to its copy, and from the copy only the allowed exits go on. So the graph needs no costs of turns, and
//! every method that works on graphs works on it.
//!
//! Lives here: reading restrictions, and the graph of junctions and their copies.
//! Stays out: which of it hangs together (`component`).
//! Touch with care: a direction of a street has one head, but a tail for each copy that it may be entered from.

use std::collections::{BTreeMap, BTreeSet};

use super::osm::Tags;
use super::report::ImportReport;
use super::streets::Streets;

/// A direction of a street: twice its number, plus one against the order of its points.
pub(super) type Arc = u32;

/// What a restriction says, in the numbers of the extract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Restriction {
    /// Whether all other turns are forbidden, and not this one.
    pub(super) only: bool,
    pub(super) from: Vec<i64>,
    pub(super) via: i64,
    pub(super) to: Vec<i64>,
}

/// Why a restriction is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Skipped {
    NotForCars,
    Conditional,
    ViaWay,
    Unclear,
    Elsewhere,
}

const NODE: u64 = 0;
const WAY: u64 = 1;

impl Restriction {
    /// Reads a restriction: `members` are role, kind and number.
    pub(super) fn of(tags: Tags<'_>, members: &[(&str, u64, i64)]) -> Result<Restriction, Skipped> {
        let kind = tags.first(&["restriction:motorcar", "restriction:motor_vehicle", "restriction"]);
        let conditional = ["restriction:conditional", "restriction:motorcar:conditional"];
        let Some(kind) = kind else {
            return Err(if tags.first(&conditional).is_some() { Skipped::Conditional } else { Skipped::NotForCars });
        };
        let excepted = tags.get("except").unwrap_or_default();
        if excepted.split(';').any(|who| ["motorcar", "motor_vehicle", "vehicle"].contains(&who.trim())) {
            return Err(Skipped::NotForCars);
        }
        if ["day_on", "hour_on", "day_off", "hour_off"].iter().any(|key| tags.get(key).is_some()) {
            return Err(Skipped::Conditional);
        }
        if members.iter().any(|&(role, kind, _)| role == "via" && kind == WAY) {
            return Err(Skipped::ViaWay);
        }
        let only = kind.starts_with("only_");
        let with = |wanted: &str, of: u64| -> Vec<i64> {
            members.iter().filter(|(role, kind, _)| *role == wanted && *kind == of).map(|&(_, _, id)| id).collect()
        };
        let (from, via, to) = (with("from", WAY), with("via", NODE), with("to", WAY));
        match via.as_slice() {
            &[via] if (only || kind.starts_with("no_")) && !from.is_empty() && !to.is_empty() => {
                Ok(Restriction { only, from, via, to })
            }
            _ => Err(Skipped::Unclear),
        }
    }
}

/// The graph: junctions and their copies, and from where to where each direction of a street leads.
#[derive(Debug)]
pub(super) struct Turned {
    /// Junctions, copies included. Copies have the highest numbers.
    pub(super) junctions: u32,
    /// Where each direction of a street ends.
    pub(super) heads: Vec<u32>,
    /// A copy from which a direction may be entered beside its own beginning, in order.
    pub(super) more_tails: Vec<(Arc, u32)>,
}

/// The directions that meet at a junction, each with the way it belongs to.
#[derive(Debug, Default)]
struct Meeting {
    entries: Vec<(i64, Arc)>,
    exits: Vec<(i64, Arc)>,
}

/// Applies the restrictions to the streets, and counts what was used.
pub(super) fn turned(streets: &Streets, restrictions: &[Restriction], report: &mut ImportReport) -> Turned {
    let meetings = meetings(streets);
    let mut denied: BTreeMap<u32, BTreeMap<Arc, BTreeSet<Arc>>> = BTreeMap::new();
    for restriction in restrictions {
        match denials(restriction, streets, &meetings) {
            Ok((junction, pairs)) => {
                report.restrictions_used += 1;
                for (entry, exit) in pairs {
                    denied.entry(junction).or_default().entry(entry).or_default().insert(exit);
                }
            }
            Err(why) => report.skip(why),
        }
    }
    let mut heads: Vec<u32> = streets.streets.iter().flat_map(|street| [street.ends[1], street.ends[0]]).collect();
    let mut junctions = streets.junctions;
    let mut more_tails = Vec::new();
    for (junction, entries) in &denied {
        let mut copies: BTreeMap<&BTreeSet<Arc>, u32> = BTreeMap::new();
        for (&entry, exits) in entries {
            let copy = *copies.entry(exits).or_insert_with(|| {
                junctions += 1;
                junctions - 1
            });
            heads[entry as usize] = copy;
        }
        let exits = &meetings[junction].exits;
        for (denied, copy) in copies {
            more_tails.extend(exits.iter().filter(|(_, exit)| !denied.contains(exit)).map(|&(_, exit)| (exit, copy)));
        }
    }
    report.copies = u64::from(junctions - streets.junctions);
    more_tails.sort_unstable();
    Turned { junctions, heads, more_tails }
}

/// The directions at each junction that some restriction leads over.
fn meetings(streets: &Streets) -> BTreeMap<u32, Meeting> {
    let mut meetings: BTreeMap<u32, Meeting> =
        streets.vias.iter().map(|&(_, junction)| (junction, Meeting::default())).collect();
    for (number, street) in streets.streets.iter().enumerate() {
        for (direction, _) in street.ms.iter().enumerate().filter(|&(_, &ms)| ms > 0) {
            let arc = (2 * number + direction) as Arc;
            if let Some(tail) = meetings.get_mut(&street.ends[direction]) {
                tail.exits.push((street.way, arc));
            }
            if let Some(head) = meetings.get_mut(&street.ends[1 - direction]) {
                head.entries.push((street.way, arc));
            }
        }
    }
    meetings
}

/// The junction and the pairs of entry and exit that a restriction denies.
fn denials(
    restriction: &Restriction,
    streets: &Streets,
    meetings: &BTreeMap<u32, Meeting>,
) -> Result<(u32, Vec<(Arc, Arc)>), Skipped> {
    let place = streets.vias.binary_search_by_key(&restriction.via, |&(node, _)| node);
    let junction = place.map(|place| streets.vias[place].1).map_err(|_| Skipped::Elsewhere)?;
    let meeting = meetings.get(&junction).ok_or(Skipped::Elsewhere)?;
    let (mut entries, mut exits) = (Vec::new(), Vec::new());
    for from in &restriction.from {
        entries.extend(the_one(&meeting.entries, *from)?);
    }
    for to in &restriction.to {
        exits.extend(the_one(&meeting.exits, *to)?);
    }
    if entries.is_empty() || exits.is_empty() {
        return Err(Skipped::Elsewhere);
    }
    let denied = |exit: &Arc| exits.contains(exit) != restriction.only;
    let all = meeting.exits.iter().map(|&(_, exit)| exit).filter(denied);
    let pairs = all.flat_map(|exit| entries.iter().map(move |&entry| (entry, exit))).collect();
    Ok((junction, pairs))
}

/// The one direction of a way at a junction, if it has any. Two would leave open which turn is meant.
fn the_one(directions: &[(i64, Arc)], way: i64) -> Result<Option<Arc>, Skipped> {
    let mut of_way = directions.iter().filter(|(id, _)| *id == way).map(|&(_, arc)| arc);
    match (of_way.next(), of_way.next()) {
        (_, Some(_)) => Err(Skipped::Unclear),
        (one, None) => Ok(one),
    }
}
