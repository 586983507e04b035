//! The largest part of the graph in which every junction can be reached from every other.
//!
//! Lives here: strongly connected components, by the algorithm of Tarjan with a stack of its own instead of recursion.
//! Stays out: what the junctions are.
//! Touch with care: equal sizes are decided by the order of the edges, never by chance.

/// Edges sorted by where they begin: `targets[first[v]..first[v + 1]]` are the ends of those that begin at `v`.
#[derive(Debug)]
struct Adjacency {
    first: Vec<u32>,
    targets: Vec<u32>,
}

impl Adjacency {
    fn of(nodes: usize, edges: &[(u32, u32)]) -> Adjacency {
        let mut first = vec![0u32; nodes + 1];
        for &(tail, _) in edges {
            first[tail as usize + 1] += 1;
        }
        for node in 0..nodes {
            first[node + 1] += first[node];
        }
        let mut next = first.clone();
        let mut targets = vec![0u32; edges.len()];
        for &(tail, head) in edges {
            targets[next[tail as usize] as usize] = head;
            next[tail as usize] += 1;
        }
        Adjacency { first, targets }
    }
}

const UNSEEN: u32 = u32::MAX;

/// Which nodes belong to the largest strongly connected component.
pub(super) fn largest(nodes: usize, edges: &[(u32, u32)]) -> Vec<bool> {
    let component = components(nodes, edges);
    let mut sizes = vec![0usize; nodes];
    for &number in &component {
        sizes[number as usize] += 1;
    }
    let best = sizes.iter().enumerate().max_by_key(|&(number, &size)| (size, std::cmp::Reverse(number)));
    let best = best.map_or(0, |(number, _)| number as u32);
    component.into_iter().map(|number| number == best).collect()
}

/// The number of each node's component.
fn components(nodes: usize, edges: &[(u32, u32)]) -> Vec<u32> {
    let graph = Adjacency::of(nodes, edges);
    let mut seen = vec![UNSEEN; nodes];
    let mut lowest = vec![0u32; nodes];
    let mut component = vec![UNSEEN; nodes];
    let mut next = graph.first.clone();
    let (mut open, mut path) = (Vec::new(), Vec::new());
    let (mut count, mut components) = (0u32, 0u32);
    for root in 0..nodes {
        if seen[root] != UNSEEN {
            continue;
        }
        path.push(root);
        while let Some(&node) = path.last() {
            if seen[node] == UNSEEN {
                (seen[node], lowest[node]) = (count, count);
                count += 1;
                open.push(node);
            }
            if next[node] < graph.first[node + 1] {
                let target = graph.targets[next[node] as usize] as usize;
                next[node] += 1;
                if seen[target] == UNSEEN {
                    path.push(target);
                } else if component[target] == UNSEEN {
                    lowest[node] = lowest[node].min(seen[target]);
                }
                continue;
            }
            path.pop();
            if let Some(&before) = path.last() {
                lowest[before] = lowest[before].min(lowest[node]);
            }
            if lowest[node] == seen[node] {
                while let Some(member) = open.pop() {
                    component[member] = components;
                    if member == node {
                        break;
                    }
                }
                components += 1;
            }
        }
    }
    component
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn reached(nodes: usize, edges: &[(u32, u32)], from: usize) -> Vec<bool> {
        let mut seen = vec![false; nodes];
        let mut open = vec![from];
        while let Some(node) = open.pop() {
            if !std::mem::replace(&mut seen[node], true) {
                open.extend(edges.iter().filter(|edge| edge.0 as usize == node).map(|edge| edge.1 as usize));
            }
        }
        seen
    }

    proptest! {
        #[test]
        fn two_nodes_share_a_component_when_each_reaches_the_other(
            edges in prop::collection::vec((0u32..12, 0u32..12), 0..30),
        ) {
            let component = components(12, &edges);
            let reach: Vec<_> = (0..12).map(|from| reached(12, &edges, from)).collect();
            for a in 0..12 {
                for b in 0..12 {
                    prop_assert_eq!(component[a] == component[b], reach[a][b] && reach[b][a]);
                }
            }
            let kept = largest(12, &edges);
            let sizes: Vec<_> = (0..12).map(|a| (0..12).filter(|&b| component[a] == component[b]).count()).collect();
            prop_assert_eq!(kept.iter().filter(|kept| **kept).count(), *sizes.iter().max().unwrap());
        }
    }

    #[test]
    fn a_road_of_a_million_junctions_needs_no_deep_stack() {
        let edges: Vec<_> = (0..1_000_000u32).map(|node| (node, (node + 1) % 1_000_000)).collect();
        assert!(largest(1_000_000, &edges).into_iter().all(|kept| kept));
    }
}
