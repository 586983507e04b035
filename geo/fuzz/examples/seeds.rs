//! Writes a few small towns for the targets that read files to begin with.

use std::fs;
use std::path::Path;

use geo::roads::Roads;
use geo::roads::town::Town;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for target in ["osm", "roads_file"] {
        fs::create_dir_all(corpus.join(target))?;
    }
    for (number, size, restricted, packed) in
        [(1, 2, 0, false), (2, 3, 500, false), (3, 3, 1_000, true), (4, 4, 500, false), (5, 5, 300, true)]
    {
        let town = Town { width: size, height: size, seed: number, restricted, packed, ..Town::default() };
        let extract = town.pbf();
        // The first byte tells the target that a whole file follows.
        fs::write(corpus.join("osm").join(format!("town-{number}")), [&[0], extract.as_slice()].concat())?;
        if let Ok((roads, _)) = Roads::import(extract.as_slice(), &mut |_| {}) {
            fs::write(corpus.join("roads_file").join(format!("town-{number}")), roads.write())?;
        }
    }
    Ok(())
}
