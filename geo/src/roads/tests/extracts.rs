//! Real places, where they are at hand: extracts beside the repository, which are not part of it.

use std::fs;
use std::path::Path;

use super::oracle::Oracle;
use crate::roads::Roads;

#[test]
fn drives_in_real_places_equal_dijkstra() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/osm");
    let places = ["monaco.osm.pbf", "andorra.osm.pbf", "Helsinki.osm.pbf", "manhattan_midtown_bbox.osm.pbf"];
    let mut seen = 0;
    for place in places {
        let Ok(extract) = fs::File::open(folder.join(place)) else {
            eprintln!("skipped: {place} is not in {}", folder.display());
            continue;
        };
        let (roads, report) = Roads::import(extract, &mut |_| {}).unwrap();
        assert!(report.streets > 500, "{place}: {report:?}");
        assert!(report.dropped_m < report.streets_m / 5.0, "{place}: {report:?}");
        let again = Roads::read(&roads.write()).unwrap();
        assert_eq!(again.network.hierarchy, roads.network.hierarchy, "{place}");
        Oracle::of(&again).check(7, 25);
        eprintln!("{place}: {report:?}");
        seen += 1;
    }
    eprintln!("{seen} of {} real places were compared", places.len());
}
