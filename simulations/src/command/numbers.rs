//! Numbers of the command line: how they are read, and what is allowed.

pub(super) fn in_range(text: &str, least: f64, most: f64, unit: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if (least..=most).contains(&value) => Ok(value),
        _ => Err(format!("allowed is a number from {least} to {most}{unit}")),
    }
}

pub(super) fn hours(text: &str) -> Result<f64, String> {
    in_range(text, 0.01, 168.0, " (hours)")
}

pub(super) fn demand(text: &str) -> Result<f64, String> {
    in_range(text, 0.0001, 100.0, "")
}

pub(super) fn speed(text: &str) -> Result<f64, String> {
    in_range(text, 0.1, 100.0, "")
}

pub(super) fn ping_every(text: &str) -> Result<f64, String> {
    in_range(text, 0.5, 25.0, " (seconds)")
}

pub(super) fn time_of_day(text: &str) -> Result<u32, String> {
    crate::compare::time_of_day(text).ok_or_else(|| "allowed is a time from 00:00 to 23:59".to_owned())
}
