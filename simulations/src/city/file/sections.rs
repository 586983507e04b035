//! What the sections of a `.city` file hold, once unpacked.

use geo::Point;

use super::cursor::Cursor;
use super::{CityFileError, ZONES_MAX};
use crate::city::outline::{NotAnOutline, Outline, PIECES_MAX};
use crate::city::{BINS_PER_DAY, Day, HOURS_PER_DAY, Zone};

/// The section `city`: what the others are measured by.
pub(super) struct About {
    pub(super) name: String,
    pub(super) axis_deg: f64,
    pub(super) days: usize,
    pub(super) bins: usize,
    pub(super) hours: usize,
    pub(super) zones: usize,
}

pub(super) fn about(raw: &[u8]) -> Result<About, CityFileError> {
    let mut cursor = Cursor::new(raw);
    let name = cursor.text("city: name")?;
    let axis = cursor.i32("city: axis")?;
    if !(-180_000_000..=180_000_000).contains(&axis) {
        return Err(CityFileError::impossible("city: axis", axis, "-180000000 to 180000000 microdegrees"));
    }
    let days = usize::from(cursor.u8("city: days")?);
    let bins = usize::from(cursor.u16("city: bins per day")?);
    let hours = usize::from(cursor.u8("city: speeds per day")?);
    let zones = usize::from(cursor.u16("city: zones")?);
    cursor.end("city")?;
    for (field, found, allowed) in [
        ("city: days", days, Day::ALL.len()),
        ("city: bins per day", bins, BINS_PER_DAY),
        ("city: speeds per day", hours, HOURS_PER_DAY),
    ] {
        if found != allowed {
            return Err(CityFileError::impossible(field, found, allowed));
        }
    }
    if !(1..=ZONES_MAX).contains(&zones) {
        return Err(CityFileError::impossible("city: zones", zones, format!("1 to {ZONES_MAX}")));
    }
    Ok(About { name, axis_deg: f64::from(axis) / 1e6, days, bins, hours, zones })
}

pub(super) fn days(raw: &[u8]) -> Result<[u16; Day::ALL.len()], CityFileError> {
    let mut cursor = Cursor::new(raw);
    let mut days_counted = [0; Day::ALL.len()];
    for (index, counted) in days_counted.iter_mut().enumerate() {
        let weekday = cursor.u8("days: weekday")?;
        if usize::from(weekday) != index {
            return Err(CityFileError::impossible(format!("days[{index}]: weekday"), weekday, index));
        }
        *counted = cursor.u16("days: counted")?;
        if !(1..=366).contains(counted) {
            return Err(CityFileError::impossible(format!("days[{index}]: counted"), *counted, "1 to 366"));
        }
    }
    cursor.end("days")?;
    Ok(days_counted)
}

pub(super) fn zones(raw: &[u8], count: usize) -> Result<Vec<Zone>, CityFileError> {
    let mut cursor = Cursor::new(raw);
    let mut zones: Vec<Zone> = Vec::with_capacity(count);
    let mut pieces_left = PIECES_MAX;
    for index in 0..count {
        let field = |part: &str| format!("zones[{index}]: {part}");
        let id = cursor.u16(&field("id"))?;
        if zones.last().is_some_and(|before| before.id() >= id) {
            return Err(CityFileError::impossible(field("id"), id, "more than the id before"));
        }
        let name = cursor.text(&field("name"))?;
        let polygons = polygons(&mut cursor, field)?;
        let rings = polygons.iter().flatten().map(Vec::as_slice);
        let outline = Outline::new(rings, &mut pieces_left).map_err(|why| {
            let (found, allowed) = match why {
                NotAnOutline::NoArea => ("without area", "a shape with area".to_owned()),
                NotAnOutline::TooIntricate => ("too intricate", format!("{PIECES_MAX} pieces in a whole city")),
            };
            CityFileError::impossible(field("outline"), found, allowed)
        })?;
        zones.push(Zone::new(id, name, polygons, outline));
    }
    cursor.end("zones")?;
    Ok(zones)
}

fn polygons(cursor: &mut Cursor<'_>, field: impl Fn(&str) -> String) -> Result<Vec<Vec<Vec<Point>>>, CityFileError> {
    let count = |cursor: &mut Cursor<'_>, part: &str| match cursor.u16(&field(part))? {
        // Without this a few bytes could ask for a great many empty lists.
        0 => Err(CityFileError::impossible(field(part), 0, "1 to 65535")),
        count => Ok(count),
    };
    let mut polygons = Vec::new();
    for _ in 0..count(cursor, "polygons")? {
        let mut rings = Vec::new();
        for _ in 0..count(cursor, "rings")? {
            rings.push(ring(cursor, &field("ring"))?);
        }
        polygons.push(rings);
    }
    Ok(polygons)
}

/// Points in whole microdegrees: the first in full, the others as steps.
fn ring(cursor: &mut Cursor<'_>, field: &str) -> Result<Vec<Point>, CityFileError> {
    let count = cursor.u32(field)? as usize;
    // The first point takes 8 bytes and each step at least 2, so this many points must still be there.
    if count < 3 || 8 + 2 * (count - 1) > cursor.left() {
        let allowed = format!("3 to {}", cursor.left().saturating_sub(6) / 2);
        return Err(CityFileError::impossible(field, format!("{count} points"), allowed));
    }
    let mut at = (i64::from(cursor.i32(field)?), i64::from(cursor.i32(field)?));
    let mut points = Vec::with_capacity(count);
    loop {
        let point = Point::new(at.0 as f64 / 1e6, at.1 as f64 / 1e6)
            .map_err(|wrong| CityFileError::impossible(field, wrong, "a point on Earth"))?;
        points.push(point);
        if points.len() == count {
            return Ok(points);
        }
        at = (at.0 + cursor.varint(field)?, at.1 + cursor.varint(field)?);
    }
}

/// The trips by day, bin and pair, and their sums by day and bin. The file has them by pair, day and bin, because
/// steps from bin to bin are small and pack well; drawing a request wants all pairs of a bin side by side.
pub(super) fn trips(raw: &[u8], zones: usize) -> Result<(Vec<u16>, Vec<u64>), CityFileError> {
    let pairs = zones * zones;
    let bins = Day::ALL.len() * BINS_PER_DAY;
    let mut trips = vec![0; pairs * bins];
    let mut totals = vec![0; bins];
    for (cell, count) in numbers(raw).enumerate() {
        let (pair, bin) = (cell / bins, cell % bins);
        trips[bin * pairs + pair] = count;
        totals[bin] += u64::from(count);
    }
    if totals.iter().all(|&total| total == 0) {
        return Err(CityFileError::impossible("trips", "none at all", "at least one trip"));
    }
    Ok((trips, totals))
}

/// The speeds by pair and hour without gaps, and how many gaps were filled.
pub(super) fn speeds(raw: &[u8], zones: usize) -> Result<(Vec<u16>, usize), CityFileError> {
    let read: Vec<u16> = numbers(raw).collect();
    let mut filled = read.clone();
    let mut gaps = 0;
    for hour in 0..HOURS_PER_DAY {
        let known = read.iter().skip(hour).step_by(HOURS_PER_DAY).filter(|&&speed| speed > 0);
        let (sum, count) = known.fold((0_u64, 0_u64), |(sum, count), &speed| (sum + u64::from(speed), count + 1));
        if count == 0 {
            let field = format!("speeds: hour {hour}");
            return Err(CityFileError::impossible(field, "without any speed", "a speed for at least one pair"));
        }
        for pair in (0..zones * zones).filter(|pair| read[pair * HOURS_PER_DAY + hour] == 0) {
            let way_back = (pair % zones) * zones + pair / zones;
            let speed = read[way_back * HOURS_PER_DAY + hour];
            filled[pair * HOURS_PER_DAY + hour] = if speed > 0 { speed } else { (sum / count) as u16 };
            gaps += 1;
        }
    }
    Ok((filled, gaps))
}

/// 16-bit numbers written as zigzag steps modulo 65,536, all low bytes first and then all high bytes.
fn numbers(raw: &[u8]) -> impl Iterator<Item = u16> + '_ {
    let (low, high) = raw.split_at(raw.len() / 2);
    let mut before = 0_u16;
    low.iter().zip(high).map(move |(&low, &high)| {
        let step = u16::from_le_bytes([low, high]);
        before = before.wrapping_add((step >> 1) ^ (step & 1).wrapping_neg());
        before
    })
}
