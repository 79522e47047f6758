//! Which runs of a sweep are trained side by side.

use std::collections::HashMap;

use gingham::train::Sight;

/// The most runs that are trained side by side where nothing else is asked for.
const MOST: usize = 32;

/// Runs that see the same mini-batches, put together as they come in the plan, at most so many in a group. A group has the indices of its
/// runs; what has ended already changes no group.
pub fn groups(sights: impl Iterator<Item = Sight>, size: Option<usize>) -> Vec<Vec<usize>> {
    let size = size.unwrap_or(MOST);
    let mut groups: Vec<Vec<usize>> = Vec::new();
    // Of those that see the same, the group that is not full.
    let mut open: HashMap<Sight, usize> = HashMap::new();
    for (run, sight) in sights.enumerate() {
        let last = open.get(&sight).copied();
        match last.filter(|&group| groups[group].len() < size) {
            Some(group) => groups[group].push(run),
            None => {
                open.insert(sight, groups.len());
                groups.push(vec![run]);
            }
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use gingham::data::Dataset;
    use gingham::machine::Machine;
    use gingham::train::{Plan, TrainOptions};

    use super::*;

    #[test]
    fn runs_that_see_the_same_come_together() {
        let pixels =
            ndarray::Array3::from_shape_fn((20, 2, 2), |(image, row, _)| (image * 7 + row) as u8);
        let labels: Vec<u8> = (0..20).map(|image| image % 2).collect();
        let train = gingham::data::Labelled::from_arrays(pixels.view(), &labels).unwrap();
        let dataset = Dataset::new(train, None).unwrap();
        let machine = Machine::new(1).unwrap();
        let sight = |seed: u32| {
            let options = TrainOptions {
                split_seed: Some(seed),
                batches: Some(2),
                ..TrainOptions::default()
            };
            Plan::new(&options, &dataset, &machine).unwrap().sight()
        };
        let seeds = [1, 2, 1, 1, 2, 1, 3];
        let of = |size| groups(seeds.into_iter().map(sight), size);
        assert_eq!(of(None), [vec![0, 2, 3, 5], vec![1, 4], vec![6]]);
        let pairs = [vec![0, 2], vec![1, 4], vec![3, 5], vec![6]];
        assert_eq!(of(Some(2)), pairs);
        assert_eq!(of(Some(1)).len(), 7);
    }
}
