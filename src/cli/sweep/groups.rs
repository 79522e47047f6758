//! Which runs of a sweep are trained side by side.

use std::collections::HashMap;

use gingham::machine::Machine;
use gingham::train::{Plan, Sight};

/// The most runs that are trained side by side where nothing else is asked for. Measured: `benches/record/2026-11-26-sweep.md`.
const MOST: usize = 32;
/// Memory that a group may take where the system does not tell how much there is.
const BYTES_WHERE_UNKNOWN: u64 = 1 << 30;

/// What decides with which others a run is trained.
#[derive(Clone)]
pub struct Wanted {
    sight: Sight,
    bytes: u64,
}

impl From<&Plan<'_>> for Wanted {
    fn from(plan: &Plan<'_>) -> Self {
        Self {
            sight: plan.sight(),
            bytes: plan.bytes_beside(),
        }
    }
}

/// How large a group may be.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    runs: usize,
    bytes: u64,
}

impl Limits {
    /// How many runs of so many bytes have room at the same time.
    pub fn room(self, bytes: u64) -> usize {
        usize::try_from(self.bytes / bytes.max(1)).unwrap_or(usize::MAX)
    }

    /// Whether runs are to be trained one after the other.
    pub fn is_one(self) -> bool {
        self.runs == 1
    }

    /// So many runs, if that is asked for, in a quarter of the memory.
    pub fn new(runs: Option<u32>, machine: &Machine) -> Self {
        Self {
            runs: runs.map_or(MOST, |runs| runs as usize),
            bytes: machine
                .memory_bytes()
                .map_or(BYTES_WHERE_UNKNOWN, |bytes| bytes / 4),
        }
    }
}

/// Runs that see the same mini-batches, put together as they come in the plan. A group has the indices of its runs; what has ended already
/// changes no group.
pub fn groups(wanted: Vec<Wanted>, limits: Limits) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    // Of those that see the same, the group that is not full, and the memory that is left to it.
    let mut open: HashMap<Sight, (usize, u64)> = HashMap::new();
    for (run, Wanted { sight, bytes }) in wanted.into_iter().enumerate() {
        let fits =
            |&(group, left): &(usize, u64)| groups[group].len() < limits.runs && bytes <= left;
        let (group, left) = open.get(&sight).copied().filter(fits).unwrap_or_else(|| {
            groups.push(Vec::new());
            (groups.len() - 1, limits.bytes)
        });
        groups[group].push(run);
        open.insert(sight, (group, left.saturating_sub(bytes)));
    }
    groups
}

#[cfg(test)]
mod tests {
    use gingham::data::Dataset;
    use gingham::train::TrainOptions;

    use super::*;

    #[test]
    fn runs_that_see_the_same_come_together() {
        let pixels =
            ndarray::Array3::from_shape_fn((20, 2, 2), |(image, row, _)| (image * 7 + row) as u8);
        let labels: Vec<u8> = (0..20).map(|image| image % 2).collect();
        let train = gingham::data::Labelled::from_arrays(pixels.view(), &labels).unwrap();
        let dataset = Dataset::new(train, None).unwrap();
        let machine = Machine::new(1).unwrap();
        let wanted = |seed: u32, bytes: u64| {
            let options = TrainOptions {
                split_seed: Some(seed),
                batches: Some(2),
                ..TrainOptions::default()
            };
            let plan = Plan::new(&options, &dataset, &machine).unwrap();
            assert!(plan.bytes_beside() > 0);
            let sight = plan.sight();
            Wanted { sight, bytes }
        };
        let seeds = [1, 2, 1, 1, 2, 1, 3];
        let of = |runs, bytes| {
            let wanted = seeds.into_iter().map(|seed| wanted(seed, 10)).collect();
            groups(wanted, Limits { runs, bytes })
        };
        assert_eq!(of(32, 1000), [vec![0, 2, 3, 5], vec![1, 4], vec![6]]);
        let pairs = [vec![0, 2], vec![1, 4], vec![3, 5], vec![6]];
        assert_eq!(of(2, 1000), pairs);
        assert_eq!(of(32, 29), pairs, "two have room");
        for [runs, bytes] in [[1, 1000], [32, 10], [32, 0]] {
            assert_eq!(of(runs as usize, bytes).len(), 7);
        }
    }
}
