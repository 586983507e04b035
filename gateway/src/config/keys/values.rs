//! How the text of a setting is read, where its type does not know: `None` when it is no value of this kind.

use std::path::PathBuf;
use std::time::Duration;

use dispatch::Method;
use geo::{Meters, StraightLine};

use super::super::{LogFormat, Settings};

/// Changes one of the two numbers of the straight line.
pub(super) fn straight_line(settings: &mut Settings, detour: Option<&str>, speed_mps: Option<&str>) -> Option<()> {
    let travel = &mut settings.city.policy.travel;
    let now = travel.straight_line();
    let detour = detour.map_or(Some(now.detour()), |text| text.parse().ok())?;
    let speed_mps = speed_mps.map_or(Some(now.speed_mps()), |text| text.parse().ok())?;
    *travel = travel.clone().or_straight(StraightLine::new(detour, speed_mps).ok()?);
    Some(())
}

pub(super) fn seconds(text: &str) -> Option<Duration> {
    Duration::try_from_secs_f64(text.parse().ok()?).ok()
}

pub(super) fn meters(text: &str) -> Option<Meters> {
    Meters::new(text.parse().ok()?).ok()
}

pub(super) fn path(text: &str) -> Option<PathBuf> {
    (!text.is_empty()).then(|| PathBuf::from(text))
}

pub(super) fn file(path: Option<&PathBuf>) -> String {
    path.map_or("(none)".to_owned(), |path| path.display().to_string())
}

pub(super) fn log_format(text: &str) -> Option<LogFormat> {
    match text {
        "text" => Some(LogFormat::Text),
        "json" => Some(LogFormat::Json),
        _ => None,
    }
}

pub(super) fn method(text: &str) -> Option<Method> {
    match text {
        "batched" => Some(Method::Batched),
        "nearest" => Some(Method::Nearest),
        _ => None,
    }
}
