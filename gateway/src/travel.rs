//! The travel times of a city, and what a free car is worth where, from the files that its settings name.
//!
//! Lives here: reading those files once, at the start.
//! Stays out: what is in them, which `geo` and [`crate::worth`] know and check.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dispatch::Values;
use geo::roads::Roads;
use geo::{RoadTimes, SpeedFactors, Travel};

use crate::config::Settings;
use crate::worth::read_worth;

/// A file that a setting names cannot be used. Give another one, or make it anew.
#[derive(Debug, thiserror::Error)]
#[error("setting {key}: the file {} cannot be used", .path.display())]
pub struct BadFile {
    /// Which setting.
    pub key: &'static str,
    /// Which file.
    pub path: PathBuf,
    /// Why not.
    pub source: Box<dyn Error + Send + Sync>,
}

/// The travel times of the policy; where the settings name a road graph, that graph in front of the policy's straight
/// line.
pub(crate) fn travel(settings: &Settings) -> Result<Travel, BadFile> {
    let travel = settings.city.policy.travel.clone();
    let Some(path) = &settings.roads else { return Ok(travel) };
    let roads = Roads::read(&read("city.roads", path)?).map_err(|why| bad("city.roads", path, why))?;
    let factors = match &settings.speed_factors {
        None => SpeedFactors::free_flow(),
        Some(path) => {
            let wrong = |why: Box<dyn Error + Send + Sync>| bad("city.speed_factors", path, why);
            let text = String::from_utf8(read("city.speed_factors", path)?).map_err(|why| wrong(why.into()))?;
            text.parse().map_err(|why: geo::NotSpeedFactors| wrong(why.into()))?
        }
    };
    Ok(Travel::by(Arc::new(RoadTimes::new(roads, factors)), travel.straight_line()))
}

/// The worth of free cars, where the settings name a file of it.
pub(crate) fn worth(settings: &Settings) -> Result<Option<Arc<Values>>, BadFile> {
    let Some(path) = &settings.worth else { return Ok(None) };
    let wrong = |why: Box<dyn Error + Send + Sync>| bad("policy.worth", path, why);
    let text = String::from_utf8(read("policy.worth", path)?).map_err(|why| wrong(why.into()))?;
    let values = read_worth(&text, settings.city.policy.utc_offset_min).map_err(|why| wrong(why.into()))?;
    Ok(Some(Arc::new(values)))
}

fn read(key: &'static str, path: &Path) -> Result<Vec<u8>, BadFile> {
    fs::read(path).map_err(|why| bad(key, path, why))
}

fn bad(key: &'static str, path: &Path, why: impl Into<Box<dyn Error + Send + Sync>>) -> BadFile {
    BadFile { key, path: path.to_owned(), source: why.into() }
}

#[cfg(test)]
mod tests;
