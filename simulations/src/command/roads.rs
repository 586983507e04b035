//! The roads that the command line names: a road graph, an extract, or a town made up on the spot.
//!
//! Lives here: which roads there are, and whom dispatching asks for travel times. Stays out: who drives on them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use dispatch::Policy;
use geo::roads::town::Town;
use geo::roads::{Roads, RoadsFileError};
use geo::{EARTH_RADIUS_M, Meters, Point, RoadTimes, Travel};

use super::Failure;
use crate::city::City;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum TravelArgument {
    /// Straight lines at one speed.
    Straight,
    /// The mean speeds between the city's zones by the hour of the day: those that cars drive at here.
    Zones,
    /// The roads of --roads or --town, in free flow.
    Roads,
}

#[derive(Clone, Debug, Args)]
pub(super) struct RoadArguments {
    /// Where dispatching takes its travel times from.
    #[arg(long, value_enum, default_value_t = TravelArgument::Straight)]
    travel: TravelArgument,
    /// The roads that cars drive along, one-ways and forbidden turns minded: a road graph, or an OSM PBF extract,
    /// which is then imported first. Cars with no road within 500 m drive along the grid, as all do without this.
    #[arg(long, value_name = "FILE", conflicts_with = "town")]
    roads: Option<PathBuf>,
    /// A made-up town over the whole city in the place of --roads: blocks of 100 m, avenues, one-ways.
    #[arg(long)]
    town: bool,
}

impl RoadArguments {
    /// The city with the roads, and where dispatching takes its travel times from.
    pub(super) fn laid(&self, city: City) -> Result<(City, Travel), Failure> {
        let roads = self.load(&city)?;
        let straight = Policy::default().travel;
        let line = straight.straight_line();
        let travel = match (self.travel, &roads) {
            (TravelArgument::Straight, _) => straight,
            (TravelArgument::Zones, _) => Travel::by(Arc::new(city.zone_speeds()?), line),
            (TravelArgument::Roads, Some(roads)) => Travel::by(Arc::clone(roads) as _, line),
            (TravelArgument::Roads, None) => return Err("--travel roads needs --roads FILE or --town".into()),
        };
        let city = match roads {
            Some(roads) => city.with_roads(roads),
            None => city,
        };
        Ok((city, travel))
    }

    /// The roads, and how fast the city's traffic is on them by the hour; `None` if there are to be none.
    fn load(&self, city: &City) -> Result<Option<Arc<RoadTimes>>, Failure> {
        let roads = match &self.roads {
            Some(path) => read(path).map_err(|why| format!("{}: {why}", path.display()))?,
            None if self.town => import(&town_over(city)?.pbf())?,
            None => return Ok(None),
        };
        Ok(Some(Arc::new(RoadTimes::new(roads, city.speed_factors()))))
    }
}

fn read(path: &Path) -> Result<Roads, Failure> {
    let bytes = std::fs::read(path)?;
    match Roads::read(&bytes) {
        Err(RoadsFileError::Foreign) => {
            import(&bytes).map_err(|why| format!("neither a road graph nor an extract: {why}").into())
        }
        read => Ok(read?),
    }
}

fn import(extract: &[u8]) -> Result<Roads, Failure> {
    Ok(Roads::import(extract, &mut |_| {})?.0)
}

/// A town that covers the city from corner to corner.
fn town_over(city: &City) -> Result<Town, Failure> {
    let block = Meters::whole(100);
    let (mut south, mut west, mut north, mut east) = (90.0, 180.0, -90.0, -180.0);
    for bounds in city.zones().iter().map(crate::city::Zone::bounds) {
        (south, west) = (bounds.south.min(south), bounds.west.min(west));
        (north, east) = (bounds.north.max(north), bounds.east.max(east));
    }
    let blocks = |degrees: f64| (degrees.to_radians() * EARTH_RADIUS_M / block.get()).ceil() as u32 + 2;
    let width = blocks((east - west) * south.to_radians().cos());
    Ok(Town {
        width,
        height: blocks(north - south),
        corner: Point::new(south, west)?,
        block,
        packed: false,
        ..Town::default()
    })
}
