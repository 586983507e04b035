use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use super::*;

fn by_looking_at_all(at: &[[f64; 2]], from: [f64; 2]) -> Option<usize> {
    let away = |node: &usize| (at[*node][0] - from[0]).powi(2) + (at[*node][1] - from[1]).powi(2);
    (0..at.len()).min_by(|a, b| away(a).total_cmp(&away(b)).then(a.cmp(b)))
}

#[test]
fn the_nearest_node_is_the_nearest_of_all_inside_and_outside() {
    let mut chance = Pcg64Mcg::seed_from_u64(5);
    for count in [0, 1, 2, 7, 300] {
        // Crowded here, thin there, on a line, and all in one place.
        let shapes: [fn(f64, f64) -> [f64; 2]; 4] =
            [|x, y| [x, y], |x, y| [x.powi(4) * 10.0, y], |x, _| [x, 40.7], |_, _| [1.0, 2.0]];
        for shape in shapes {
            let at: Vec<[f64; 2]> = (0..count).map(|_| shape(chance.random(), chance.random())).collect();
            let grid = Grid::new(at.clone());
            for _ in 0..200 {
                let from = [chance.random_range(-1.0..3.0), chance.random_range(-1.0..3.0)];
                assert_eq!(grid.nearest(from), by_looking_at_all(&at, from), "{from:?} of {count}");
            }
            for (node, place) in at.iter().enumerate() {
                assert_eq!(grid.nearest(*place), by_looking_at_all(&at, *place), "at node {node}");
            }
        }
    }
}
