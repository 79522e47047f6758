//! What a sweep has found so far: the ranking, the spread over seeds, and the effect of each setting.

use serde::Serialize;

use super::assignment::Assignment;
use super::journal::Entry;
use super::ranking::ranked;
use crate::error::Result;
use crate::train::Metric;

/// Settings that are seeds, and the fold of a cross-validation, which is like one: runs that differ in nothing else are repetitions.
const SEEDS: [&str; 4] = ["seed", "split_seed", "order_seed", "fold"];

/// The results of runs that have ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Results {
    /// Runs that have ended.
    pub ended: usize,
    /// Of these, the ones that diverged.
    pub diverged: usize,
    /// And those that were pruned.
    pub pruned: usize,
    /// Seconds in the epochs of all runs.
    pub train_seconds: f64,
    /// Seconds that the runs took in all.
    pub total_seconds: f64,
    /// The runs, the best one first; those that were pruned stand behind those that were not.
    pub runs: Vec<Ranked>,
    /// Runs that differ in seeds and folds alone, put together; the best mean first. Empty where neither is swept.
    pub over_seeds: Vec<Figures>,
    /// For each setting that is swept and is neither seed nor fold: the runs by its values, in the order of the plan.
    pub by_setting: Vec<Effect>,
}

/// A run in the ranking.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ranked {
    /// Its number in the plan.
    pub run: usize,
    /// What the plan says of it: settings and their values, as text, in the order of the plan.
    pub assigned: Vec<(String, String)>,
    /// The figure by which runs are compared; none where the run diverged.
    pub figure: Option<f64>,
    /// The epochs after which it was pruned, with that figure; none where it was not.
    pub pruned: Option<usize>,
    /// The accuracy on the test images.
    pub test_accuracy: Option<f64>,
    /// Seconds in its epochs.
    pub train_seconds: Option<f64>,
}

/// The figure of some runs. It is that of the runs that were not pruned: after fewer epochs a figure is another one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figures {
    /// What the runs have in common, as text.
    pub of: String,
    /// How many runs have a figure.
    pub runs: usize,
    /// How many diverged.
    pub diverged: usize,
    /// How many were pruned.
    pub pruned: usize,
    /// The mean of the figures.
    pub mean: Option<f64>,
    /// Their standard deviation, from n - 1; none for fewer than two.
    pub deviation: Option<f64>,
    /// The best of them.
    pub best: Option<f64>,
}

/// Runs by the values of a setting.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Effect {
    /// The setting, as a flag spells it.
    pub setting: String,
    /// Each of its values.
    pub values: Vec<Figures>,
}

impl Results {
    /// The results of these runs, compared by `metric`.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::error::Error::Setting) for a run whose assignment is none.
    pub fn of(entries: &[Entry], metric: Metric) -> Result<Self> {
        let mut runs = Vec::new();
        for entry in ranked(metric, entries) {
            let summary = entry.summary();
            let assignment: Assignment = entry.assigned.parse()?;
            let words = assignment.to_string();
            let pairs = words.split(' ').filter_map(|pair| pair.split_once('='));
            runs.push(Ranked {
                run: entry.run,
                assigned: pairs
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .collect(),
                figure: entry.figure(metric),
                pruned: entry.pruned(),
                test_accuracy: summary.and_then(|summary| summary.test_accuracy),
                train_seconds: summary.map(|summary| summary.train_seconds),
            });
        }
        let seconds = |of: fn(&crate::report::Summary) -> f64| {
            let all = entries.iter().filter_map(Entry::summary);
            all.map(of).sum::<f64>()
        };
        Ok(Self {
            ended: runs.len(),
            diverged: entries.len() - entries.iter().filter_map(Entry::summary).count(),
            pruned: entries.iter().filter_map(Entry::pruned).count(),
            train_seconds: seconds(|summary| summary.train_seconds),
            total_seconds: seconds(|summary| summary.total_seconds),
            over_seeds: over_seeds(&runs, metric),
            by_setting: by_setting(&runs, metric),
            runs,
        })
    }
}

/// Whether a setting is a seed.
pub(super) fn is_seed(name: &str) -> bool {
    SEEDS.contains(&name.replace('-', "_").as_str())
}

/// Runs that differ in seeds alone.
fn over_seeds(runs: &[Ranked], metric: Metric) -> Vec<Figures> {
    let has_seed = |run: &Ranked| run.assigned.iter().any(|(name, _)| is_seed(name));
    if !runs.iter().any(has_seed) {
        return Vec::new();
    }
    let rest = |run: &Ranked| {
        let pairs = run.assigned.iter().filter(|(name, _)| !is_seed(name));
        let pairs: Vec<String> = pairs
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        match pairs.is_empty() {
            true => "all".to_owned(),
            false => pairs.join(" "),
        }
    };
    let mut groups = grouped(runs, rest, metric);
    groups.sort_by(|a, b| {
        let cost = |figures: &Figures| figures.mean.map_or(f64::INFINITY, |mean| metric.cost(mean));
        cost(a).total_cmp(&cost(b))
    });
    groups
}

/// For each setting that differs and is no seed, the runs by its values.
fn by_setting(runs: &[Ranked], metric: Metric) -> Vec<Effect> {
    let names = runs.first().map(|run| &run.assigned);
    let names = names.into_iter().flatten().map(|(name, _)| name);
    let mut in_order: Vec<Ranked> = runs.to_vec();
    in_order.sort_by_key(|run| run.run);
    let effect = |name: &String| {
        let value = |run: &Ranked| {
            let pair = run.assigned.iter().find(|(own, _)| own == name);
            pair.map_or_else(String::new, |(_, value)| value.clone())
        };
        let values = grouped(&in_order, value, metric);
        let setting = name.clone();
        (values.len() > 1).then_some(Effect { setting, values })
    };
    names
        .filter(|name| !is_seed(name))
        .filter_map(effect)
        .collect()
}

/// The figures of runs by what they have in common, in the order in which that is met.
fn grouped(runs: &[Ranked], of: impl Fn(&Ranked) -> String, metric: Metric) -> Vec<Figures> {
    let mut places = std::collections::HashMap::new();
    let mut groups: Vec<(String, usize, Vec<Option<f64>>)> = Vec::new();
    for run in runs {
        let name = of(run);
        let place = *places.entry(name.clone()).or_insert(groups.len());
        if place == groups.len() {
            groups.push((name, 0, Vec::new()));
        }
        match run.pruned {
            Some(_) => groups[place].1 += 1,
            None => groups[place].2.push(run.figure),
        }
    }
    groups
        .into_iter()
        .map(|(of, pruned, figures)| {
            let known: Vec<f64> = figures.iter().flatten().copied().collect();
            let count = known.len() as f64;
            let mean = (!known.is_empty()).then(|| known.iter().sum::<f64>() / count);
            let deviation = mean.filter(|_| known.len() > 1).map(|mean| {
                let squares: f64 = known.iter().map(|figure| (figure - mean).powi(2)).sum();
                (squares / (count - 1.0)).sqrt()
            });
            let best = known
                .iter()
                .copied()
                .min_by(|a, b| metric.cost(*a).total_cmp(&metric.cost(*b)));
            Figures {
                of,
                runs: known.len(),
                diverged: figures.len() - known.len(),
                pruned,
                mean,
                deviation,
                best,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::ranking::tests::entry;

    fn assigned(run: usize, assigned: &str, accuracy: Option<f64>) -> Entry {
        Entry {
            assigned: assigned.to_owned(),
            ..entry(run, accuracy.map(|accuracy| (Some(accuracy), 1.0)))
        }
    }

    #[test]
    fn seeds_are_repetitions_and_settings_have_effects() {
        let entries = [
            assigned(1, "learning-rate=0.1 hidden=6 seed=1", Some(0.5)),
            assigned(2, "learning-rate=0.1 hidden=6 seed=2", Some(0.75)),
            assigned(3, "learning-rate=0.1 hidden=5-4 seed=1", Some(0.25)),
            assigned(4, "learning-rate=0.1 hidden=5-4 seed=2", None),
        ];
        let results = Results::of(&entries, Metric::HeldoutAccuracy).unwrap();
        assert_eq!((results.ended, results.diverged), (4, 1));
        assert_eq!((results.train_seconds, results.total_seconds), (3.0, 3.0));
        let ranks: Vec<usize> = results.runs.iter().map(|run| run.run).collect();
        assert_eq!(ranks, [2, 1, 3, 4]);
        let six = Figures {
            of: "learning-rate=0.1 hidden=6".to_owned(),
            runs: 2,
            diverged: 0,
            pruned: 0,
            mean: Some(0.625),
            deviation: Some(0.125 * 2.0_f64.sqrt()),
            best: Some(0.75),
        };
        let five = Figures {
            of: "learning-rate=0.1 hidden=5-4".to_owned(),
            runs: 1,
            diverged: 1,
            pruned: 0,
            mean: Some(0.25),
            deviation: None,
            best: Some(0.25),
        };
        assert_eq!(results.over_seeds, [six.clone(), five.clone()]);
        let value = |of: &str, figures: Figures| Figures {
            of: of.to_owned(),
            ..figures
        };
        let effect = Effect {
            setting: "hidden".to_owned(),
            values: vec![value("6", six), value("5-4", five)],
        };
        assert_eq!(results.by_setting, [effect]);
    }

    #[test]
    fn pruned_runs_stand_behind_and_are_in_no_mean() {
        let entries = [
            assigned(1, "l2=0 seed=1", Some(0.9)).pruned_after(1),
            assigned(2, "l2=0 seed=2", Some(0.5)).pruned_after(3),
            assigned(3, "l2=1 seed=1", Some(0.25)),
            assigned(4, "l2=1 seed=2", Some(0.75)),
            assigned(5, "l2=2 seed=1", None),
        ];
        let results = Results::of(&entries, Metric::HeldoutAccuracy).unwrap();
        assert_eq!((results.ended, results.diverged, results.pruned), (5, 1, 2));
        let ranks = results.runs.iter().map(|run| (run.run, run.pruned));
        let ranks: Vec<_> = ranks.collect();
        let expected = [(4, None), (3, None), (2, Some(3)), (1, Some(1)), (5, None)];
        assert_eq!(ranks, expected);
        let counts = |figures: &Figures| (figures.runs, figures.pruned, figures.mean);
        let values: Vec<_> = results.by_setting[0].values.iter().map(counts).collect();
        assert_eq!(values, [(0, 2, None), (2, 0, Some(0.5)), (0, 0, None)]);
    }

    #[test]
    fn without_seeds_or_runs_there_is_nothing_to_put_together() {
        let none = Results::of(&[], Metric::Error).unwrap();
        assert_eq!((none.ended, none.runs.len()), (0, 0));
        let entries = [
            assigned(1, "l2=0", Some(0.5)),
            assigned(2, "l2=1", Some(0.5)),
        ];
        let results = Results::of(&entries, Metric::HeldoutAccuracy).unwrap();
        assert!(results.over_seeds.is_empty() && results.by_setting[0].values.len() == 2);
        let bad = [assigned(1, "l2", None)];
        assert!(Results::of(&bad, Metric::Error).is_err());
    }
}
