//! `hansom-sim import`: the roads of a city, from an OpenStreetMap extract into a file.
//!
//! Lives here: opening and writing files, the summary, what to do about each error.
//! Stays out: what an extract means (`geo::roads`).
//! Touch with care: the file appears whole or not at all, also when the machine stops in between.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

use geo::roads::{ImportError, ImportReport, Progress, Roads};
use serde_json::{Value, json};

/// Why there is no file of roads now.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// The extract cannot be opened. Check the path.
    #[error("{} cannot be opened; give the path of an .osm.pbf extract of a city", .extract.display())]
    Unopened {
        /// Its path.
        extract: PathBuf,
        /// Why not.
        #[source]
        why: io::Error,
    },
    /// The extract cannot be made into roads.
    #[error("{}: {}", .extract.display(), advice(.why))]
    NoRoads {
        /// Its path.
        extract: PathBuf,
        /// Why not.
        #[source]
        why: ImportError,
    },
    /// The roads cannot be written. Choose another place.
    #[error("{} cannot be written; choose another place with --out", .out.display())]
    Unwritten {
        /// The path of the file of roads.
        out: PathBuf,
        /// Why not.
        #[source]
        why: io::Error,
    },
}

/// What to do about an extract that gives no roads.
fn advice(why: &ImportError) -> &'static str {
    match why {
        ImportError::Unreadable(_) => "check the disk and try again",
        ImportError::NotPbf { .. } => "give an .osm.pbf file, or convert this one to it",
        ImportError::Truncated { .. } | ImportError::Damaged { .. } => "download it again",
        ImportError::Unsupported { .. } => "write it anew as a plain extract with zlib compression",
        ImportError::NoRoads { .. } => "give an extract that has the streets of a city",
        ImportError::TooLarge { .. } => "cut it into metropolitan areas",
    }
}

/// What an import did.
#[derive(Debug)]
pub struct Imported {
    extract: PathBuf,
    out: PathBuf,
    out_bytes: usize,
    report: ImportReport,
    elapsed_s: f64,
}

/// Reads an extract and writes its roads to `out`, by default `CITY.roads` beside `CITY.osm.pbf`. `progress` hears how
/// much of what is done.
///
/// # Errors
/// [`Failed`] says what to do; whatever was at `out` before is still there then.
pub fn import(
    extract: &Path,
    out: Option<&Path>,
    progress: &mut dyn FnMut(u64, u64, &'static str),
) -> Result<Imported, Failed> {
    let start = Instant::now();
    let unopened = |why| Failed::Unopened { extract: extract.to_owned(), why };
    let file = File::open(extract).map_err(unopened)?;
    let size = file.metadata().map_err(unopened)?.len();
    let imported = Roads::import(BufReader::new(file), &mut |now| match now {
        Progress::Read { bytes } => progress(bytes, size, "reading the extract"),
        Progress::Prepared { junctions, of } => progress(junctions, of, "preparing the roads"),
    });
    let (roads, report) = imported.map_err(|why| Failed::NoRoads { extract: extract.to_owned(), why })?;
    let out = out.map_or_else(|| beside(extract), Path::to_owned);
    let bytes = roads.write();
    write_whole(&out, &bytes).map_err(|why| Failed::Unwritten { out: out.clone(), why })?;
    let (out_bytes, elapsed_s) = (bytes.len(), start.elapsed().as_secs_f64());
    Ok(Imported { extract: extract.to_owned(), out, out_bytes, report, elapsed_s })
}

fn beside(extract: &Path) -> PathBuf {
    let name = extract.file_name().unwrap_or_default().to_string_lossy();
    let city = name.strip_suffix(".pbf").unwrap_or(&name);
    let city = city.strip_suffix(".osm").unwrap_or(city);
    extract.with_file_name(format!("{city}.roads"))
}

/// Writes a file beside its place, then moves it there in one step.
fn write_whole(out: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        // As any other file: the umask takes away what it takes away.
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.prefix(".roads").tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(out)?;
    Ok(())
}

impl Imported {
    /// The summary for people.
    #[must_use]
    pub fn text(&self) -> String {
        let ImportReport { ways, drivable_ways, streets, streets_m, one_way_streets, junctions, .. } = self.report;
        let mib = |bytes: f64| bytes / 1_048_576.0;
        let mut text = format!(
            "{}: {:.1} MiB, {ways} ways, {drivable_ways} of them drivable\n\
             roads: {streets} streets, {one_way_streets} of them one-way, {:.1} km, {junctions} junctions\n\
             turn restrictions: {} of {} obeyed",
            self.extract.display(),
            mib(self.report.bytes as f64),
            streets_m / 1_000.0,
            self.report.restrictions_used,
            self.report.restrictions,
        );
        list(&mut text, "; skipped: ", &self.restrictions_skipped());
        list(&mut text, "\nleft out: ", &self.left_out());
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "\nwrote {} ({:.1} MiB) in {:.1} s",
            self.out.display(),
            mib(self.out_bytes as f64),
            self.elapsed_s
        );
        text
    }

    fn restrictions_skipped(&self) -> [(u64, &'static str); 5] {
        [
            (self.report.restrictions_not_for_cars, "not for cars"),
            (self.report.restrictions_conditional, "at certain hours only"),
            (self.report.restrictions_via_way, "over a way"),
            (self.report.restrictions_unclear, "unclear"),
            (self.report.restrictions_elsewhere, "not on these roads"),
        ]
    }

    fn left_out(&self) -> [(u64, &'static str); 4] {
        [
            (self.report.dropped_streets, "streets that one cannot both reach and leave"),
            (self.report.closed_ways, "ways closed to the public"),
            (self.report.missing_nodes, "points beyond the edge of the extract"),
            (self.report.barriers, "passages with a barrier"),
        ]
    }

    /// The summary for programs. What depends on the machine is under `timing`.
    #[must_use]
    pub fn json(&self) -> Value {
        let report = &self.report;
        json!({
            "extract": self.extract.display().to_string(),
            "extract_bytes": report.bytes,
            "out": self.out.display().to_string(),
            "out_bytes": self.out_bytes,
            "nodes": report.nodes,
            "ways": {
                "all": report.ways,
                "drivable": report.drivable_ways,
                "one_way": report.one_way_ways,
                "closed": report.closed_ways,
            },
            "barriers": report.barriers,
            "missing_nodes": report.missing_nodes,
            "restrictions": {
                "all": report.restrictions,
                "used": report.restrictions_used,
                "not_for_cars": report.restrictions_not_for_cars,
                "conditional": report.restrictions_conditional,
                "via_way": report.restrictions_via_way,
                "unclear": report.restrictions_unclear,
                "elsewhere": report.restrictions_elsewhere,
            },
            "dropped": { "streets": report.dropped_streets, "length_m": report.dropped_m.round() },
            "streets": {
                "all": report.streets,
                "one_way": report.one_way_streets,
                "length_m": report.streets_m.round(),
            },
            "junctions": report.junctions,
            "copies": report.copies,
            "shortcuts": report.shortcuts,
            "timing": { "elapsed_s": self.elapsed_s },
        })
    }
}

/// Adds what there is of these to a text.
fn list(text: &mut String, before: &str, counts: &[(u64, &str)]) {
    let counts: Vec<String> =
        counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    if !counts.is_empty() {
        text.push_str(before);
        text.push_str(&counts.join(", "));
    }
}
