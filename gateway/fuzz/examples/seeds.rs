//! Writes the good messages of every target, to begin with.

use std::fs;
use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for target in gateway::fuzzing::TARGETS {
        let folder = corpus.join(target.name);
        fs::create_dir_all(&folder)?;
        for (nth, seed) in (target.seeds)().into_iter().enumerate() {
            fs::write(folder.join(format!("good-{nth}")), seed)?;
        }
    }
    Ok(())
}
