//! Successive halving: most runs end after few epochs, the best go on (Jamieson and Talwalkar, *Non-stochastic best arm identification and
//! hyperparameter optimization*, AISTATS 2016).
//!
//! A sweep has rungs. Of the runs that reach one, the best R-th part by the sweep's metric go on to R times the epochs; the others are
//! pruned. A rung is a pause of a run's whole plan and no shorter plan, so what goes on has the bits of a run that never paused.

use std::collections::BTreeSet;

use super::ranking::Standing;

/// By how much the runs get fewer from rung to rung, and the epochs more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Halving {
    factor: usize,
}

impl Halving {
    /// Of runs at a rung, one in `factor` goes on.
    ///
    /// # Panics
    /// If `factor` is less than 2.
    #[must_use]
    pub fn new(factor: u32) -> Self {
        assert!(factor >= 2, "fewer runs from rung to rung");
        Self {
            factor: factor as usize,
        }
    }

    /// How often `runs` runs are pruned, of which none takes fewer than `epochs` epochs: as long as there are as many runs for the last
    /// rung to begin with one at least, and as each rung has more epochs than the one before.
    #[must_use]
    pub fn prunings(self, runs: usize, epochs: usize) -> u32 {
        let is_one_more = |prunings: u32| {
            let has_runs = self.power(prunings + 1) <= runs;
            has_runs && self.epochs(epochs, prunings + 1) < self.epochs(epochs, prunings)
        };
        let mut prunings = 0;
        while is_one_more(prunings) {
            prunings += 1;
        }
        prunings
    }

    /// The epochs of a run that takes `epochs` in all up to where runs are still to be pruned `prunings` times: the part
    /// `1 / factor^prunings` of them, rounded up.
    #[must_use]
    pub fn epochs(self, epochs: usize, prunings: u32) -> usize {
        epochs.div_ceil(self.power(prunings))
    }

    /// How many of `runs` runs at a rung go on: one in `factor`, rounded down, and one at least.
    #[must_use]
    pub fn going_on(self, runs: usize) -> usize {
        (runs / self.factor).max(1)
    }

    fn power(self, exponent: u32) -> usize {
        self.factor.saturating_pow(exponent)
    }
}

/// A rung. Who goes on depends on the figures alone and not on the order in which they come, so a run is out as soon as enough others are
/// better.
#[derive(Clone, Debug)]
pub struct Rung {
    going_on: usize,
    best: BTreeSet<Standing>,
}

impl Rung {
    /// A rung from which so many runs go on.
    #[must_use]
    pub fn new(going_on: usize) -> Self {
        let best = BTreeSet::new();
        Self { going_on, best }
    }

    /// Takes a run that has reached the rung; returns the one that is out now, which may be this one.
    pub fn take(&mut self, standing: Standing) -> Option<Standing> {
        self.best.insert(standing);
        let is_full = self.best.len() > self.going_on;
        is_full.then(|| self.best.pop_last()).flatten()
    }

    /// The runs that are not out, in the order of the plan.
    #[must_use]
    pub fn going_on(&self) -> Vec<usize> {
        let mut runs: Vec<usize> = self.best.iter().map(|standing| standing.run).collect();
        runs.sort_unstable();
        runs
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::Metric;
    use crate::sweep::ranking::tests::entry;

    /// The epochs of all rungs, and the runs at each.
    fn rungs(factor: u32, runs: usize, epochs: usize) -> Vec<(usize, usize)> {
        let halving = Halving::new(factor);
        let mut at = runs;
        let rungs = (0..=halving.prunings(runs, epochs)).rev();
        rungs
            .map(|rung| {
                let here = (halving.epochs(epochs, rung), at);
                at = halving.going_on(at);
                here
            })
            .collect()
    }

    #[test]
    fn the_last_rung_has_all_epochs_and_one_run_at_least() {
        assert_eq!(rungs(3, 27, 300), [(12, 27), (34, 9), (100, 3), (300, 1)]);
        assert_eq!(rungs(2, 10, 8), [(1, 10), (2, 5), (4, 2), (8, 1)]);
        assert_eq!(rungs(4, 40, 10), [(1, 40), (3, 10), (10, 2)]);
        assert_eq!(rungs(3, 1000, 5), [(1, 1000), (2, 333), (5, 111)]);
        assert_eq!(rungs(3, 2, 300), [(300, 2)], "too few to prune");
        assert_eq!(rungs(2, 100, 1), [(1, 100)], "too short to prune");
        assert_eq!(rungs(u32::MAX, 100, 30), [(30, 100)]);
        for (factor, runs, epochs) in (2..6).flat_map(|f| (1..40).map(move |n| (f, n, n * 3))) {
            let rungs = rungs(factor, runs, epochs);
            assert!(rungs.is_sorted_by(|a, b| a.0 < b.0 && a.1 > b.1));
            assert_eq!(rungs.last().unwrap().0, epochs);
        }
    }

    #[test]
    fn who_goes_on_does_not_depend_on_the_order() {
        // Runs 2 and 4 are alike: the earlier one goes on. Run 5 diverged.
        let accuracies = [Some(0.1), Some(0.7), Some(0.9), Some(0.7), None];
        let entries = (1..).zip(accuracies);
        let entries: Vec<_> = entries
            .map(|(run, accuracy)| entry(run, accuracy.map(|accuracy| (Some(accuracy), 1.0))))
            .collect();
        for first in 0..5 {
            for step in 1..5 {
                let mut rung = Rung::new(2);
                let order = (0..5).map(|place| &entries[(first + place * step) % 5]);
                let mut out: Vec<usize> = order
                    .filter_map(|entry| rung.take(entry.standing(Metric::HeldoutAccuracy)))
                    .map(|standing| standing.run)
                    .collect();
                out.sort_unstable();
                assert_eq!((rung.going_on(), out), (vec![2, 3], vec![1, 4, 5]));
            }
        }
    }
}
