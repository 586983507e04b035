//! The city's speeds as a provider of travel times.

use std::collections::{BTreeMap, BTreeSet};

use geo::{Cell, NotZoneSpeeds, Resolution, SpeedFactors, ZoneSpeeds};

use super::{City, MIN_SPEED_MPS, Zone, ZoneIndex};

/// How fine the ground of a zone is cut: cells of 0.015 km2 with an edge of 76 m. Finer than any zone, coarser than the
/// error of a phone.
const ZONE_RESOLUTION: u8 = 10;
/// Farther than from the centre of such a cell to that of the next.
const STEP_M: f64 = 200.0;
/// Road metres for each metre of air on a grid of streets, over all directions: 4 / pi.
const GRID_DETOUR: f64 = 2.0 * std::f64::consts::FRAC_2_PI;

impl City {
    /// How fast the traffic is by the hour, for roads: the mean over all pairs of zones of [`City::share_of_free_flow`],
    /// alike on all days. What dispatch may know of the drives that [`City::drive`] makes pair by pair.
    #[must_use]
    pub fn speed_factors(&self) -> SpeedFactors {
        let mean = |hour: u32| {
            let pairs = self.zone_indices().flat_map(|from| self.zone_indices().map(move |to| (from, to)));
            let sum: f64 = pairs.map(|(from, to)| self.share_of_free_flow(from, to, hour * 3_600)).sum();
            // A pair without traffic may be as slow as a walk, but not all of them on average; and none is above 1.
            (sum / (self.zones.len() * self.zones.len()) as f64).clamp(0.05, 1.0)
        };
        let hours: Vec<f64> = (0..24).map(mean).collect();
        SpeedFactors::new(&hours).unwrap_or_else(|_| SpeedFactors::free_flow())
    }

    /// The travel times that the data's speeds give: zones numbered as in [`City::zones`], the speeds of
    /// [`City::speed`] (but never below [`MIN_SPEED_MPS`], as in [`City::leg`]), alike on all days, and a grid's detour.
    ///
    /// A cell of H3 resolution 10 belongs to the zone that its centre lies in. A cell beside such a one whose own centre
    /// lies in none, at a shore or at the end of the city, belongs to the zone nearest to it; farther out nothing is
    /// known.
    ///
    /// # Errors
    /// [`NotZoneSpeeds::NoCells`] for a city so small that no cell has its centre in it.
    pub fn zone_speeds(&self) -> Result<ZoneSpeeds, NotZoneSpeeds> {
        let Ok(resolution) = Resolution::new(ZONE_RESOLUTION) else { return Err(NotZoneSpeeds::NoCells) };
        let mut zone_of: BTreeMap<Cell, ZoneIndex> = BTreeMap::new();
        for zone in &self.zones {
            let inside = around(zone, resolution).into_iter().filter(|cell| zone.contains(cell.centre()));
            zone_of.extend(inside.filter_map(|cell| Some((cell, self.zone_at(cell.centre())?))));
        }
        let beside: BTreeSet<Cell> =
            zone_of.keys().flat_map(|cell| cell.neighbours()).filter(|cell| !zone_of.contains_key(cell)).collect();
        zone_of.extend(beside.into_iter().map(|cell| (cell, self.nearest_zone(cell.centre()))));

        // A city file numbers its zones with 16 bits, so none is lost here.
        let number = |zone: ZoneIndex| u16::try_from(zone.get()).unwrap_or(u16::MAX);
        let cells = zone_of.into_iter().map(|(cell, zone)| (cell, number(zone)));
        let least = (MIN_SPEED_MPS * 1_000.0).ceil() as u16;
        let speeds = self.speeds_mm_s.iter().map(|speed| (*speed).max(least)).collect();
        ZoneSpeeds::new(cells, u16::try_from(self.zones.len()).unwrap_or(u16::MAX), speeds, GRID_DETOUR)
    }
}

/// Every cell that may have its centre in `zone`: from the corners of its outline on, to the box around it.
fn around(zone: &Zone, resolution: Resolution) -> BTreeSet<Cell> {
    let mut seen: BTreeSet<Cell> = zone.rings().flatten().map(|&corner| Cell::at(corner, resolution)).collect();
    let mut edge: Vec<Cell> = seen.iter().copied().collect();
    while let Some(cell) = edge.pop() {
        let near = |next: &Cell| zone.bounds().distance_m(next.centre()) <= STEP_M;
        edge.extend(cell.neighbours().into_iter().filter(|next| near(next) && seen.insert(*next)));
    }
    seen
}
