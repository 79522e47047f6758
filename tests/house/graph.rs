//! Circles in a graph of imports.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, VecDeque};

/// The imports from file to file, both by number, with the line of the first one.
pub type Edges = BTreeMap<usize, BTreeMap<usize, usize>>;

/// Circles that share no import, the shortest first: while there are any, a shortest one is taken and its imports are removed.
pub fn circles(mut edges: Edges) -> Vec<Vec<usize>> {
    let mut found = Vec::new();
    loop {
        let starts: Vec<usize> = edges.keys().copied().collect();
        let shortest = starts.iter().filter_map(|&start| way_back(&edges, start));
        let Some(circle) = shortest.min_by_key(Vec::len) else {
            return found;
        };
        for (from, to) in pairs(&circle) {
            edges.get_mut(&from).expect("an import").remove(&to);
        }
        found.push(circle);
    }
}

/// Each file of a circle with the one that it imports.
pub fn pairs(circle: &[usize]) -> impl Iterator<Item = (usize, usize)> {
    let next = circle.iter().cycle().skip(1);
    circle.iter().copied().zip(next.copied())
}

/// The shortest way from a file back to itself; none where there is no way.
fn way_back(edges: &Edges, start: usize) -> Option<Vec<usize>> {
    let mut reached_from = BTreeMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(file) = queue.pop_front() {
        for &next in edges.get(&file).into_iter().flat_map(BTreeMap::keys) {
            if next == start {
                let mut way = vec![file];
                while way[way.len() - 1] != start {
                    way.push(reached_from[&way[way.len() - 1]]);
                }
                way.reverse();
                return Some(way);
            }
            if let Entry::Vacant(entry) = reached_from.entry(next) {
                entry.insert(file);
                queue.push_back(next);
            }
        }
    }
    None
}
