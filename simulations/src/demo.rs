//! The city on real sockets. (in progress)
use crate::{city::City, report::Report, virtual_city::Scenario};
#[derive(Debug)]
pub struct Stage {
    pub speed: f64,
    pub data_dir: std::path::PathBuf,
    pub live: bool,
}
pub fn run(_: City, _: Scenario, _: &Stage) -> Result<Report, Box<dyn std::error::Error>> {
    Err("not yet".into())
}
