//! Which runs of a sweep are best.

use std::cmp::Ordering;

use super::journal::Entry;
use crate::train::Metric;

impl Entry {
    /// The run's figure by a metric, of the network that it leaves; none where it diverged, or where there is no such figure.
    #[must_use]
    pub fn figure(&self, metric: Metric) -> Option<f64> {
        let summary = self.summary()?;
        let figure = match metric {
            Metric::HeldoutAccuracy => summary.heldout_accuracy?,
            Metric::HeldoutLoss => summary.heldout_loss?,
            Metric::Error => summary.final_error,
        };
        (!figure.is_nan()).then_some(figure)
    }

    /// Where it stands among others by a metric.
    #[must_use]
    pub fn standing(&self, metric: Metric) -> Standing {
        let figure = self.figure(metric);
        Standing {
            run: self.run,
            pruned: self.pruned(),
            has_figure: figure.is_some(),
            cost: figure.map_or(f64::INFINITY, |figure| metric.cost(figure)),
        }
    }
}

/// Runs from the best to the worst by a metric; pruned ones come behind those that were not, the later the better, those without a figure
/// come last, and equals in the order of the plan.
#[must_use]
pub fn ranked<'a>(metric: Metric, entries: impl IntoIterator<Item = &'a Entry>) -> Vec<&'a Entry> {
    let mut ranked: Vec<&Entry> = entries.into_iter().collect();
    ranked.sort_by_cached_key(|entry| entry.standing(metric));
    ranked
}

/// All of a run that its rank depends on: the lesser one is the better run.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    /// Its number in the plan.
    pub run: usize,
    has_figure: bool,
    /// The epochs after which it was pruned.
    pruned: Option<usize>,
    /// What is smaller for a better figure.
    cost: f64,
}

impl Standing {
    /// Where it stands at a rung, where runs that go on are compared with those that have ended: by the figure alone.
    #[must_use]
    pub fn at_rung(self) -> Self {
        let pruned = None;
        Self { pruned, ..self }
    }
}

impl Ord for Standing {
    fn cmp(&self, other: &Self) -> Ordering {
        let epochs = |standing: &Self| standing.pruned.unwrap_or(usize::MAX);
        (other.has_figure.cmp(&self.has_figure))
            .then(epochs(other).cmp(&epochs(self)))
            .then(self.cost.total_cmp(&other.cost))
            .then(self.run.cmp(&other.run))
    }
}

impl PartialOrd for Standing {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Standing {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Standing {}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::sweep::journal::{Divergence, Ending};

    /// A run with these figures; without them one that diverged.
    pub(in crate::sweep) fn entry(run: usize, figures: Option<(Option<f64>, f64)>) -> Entry {
        let ending = match figures {
            None => Ending::Diverged(Divergence {
                diverged: "error".to_owned(),
                epoch: 0,
                step: 1,
                settings: serde_json::Map::new(),
            }),
            Some((accuracy, error)) => {
                let line = serde_json::json!({
                    "preset": "plain", "seed": 1, "epochs": 1, "engine": "blas", "dtype": "f32", "threads": 1,
                    "final_error": error, "train_accuracy": null, "heldout_accuracy": accuracy,
                    "test_accuracy": null, "train_seconds": 1.0, "total_seconds": 1.0,
                    "prepare_seconds": 0.0, "evaluation_seconds": 0.0, "images_per_second": 1.0,
                    "peak_rss_bytes": null, "run_dir": "r", "model": "m",
                    "blas": { "name": "b", "version": "1", "core": "c", "threading": "none" },
                    "version": "0", "commit": "0", "labels_sha256": "",
                });
                Ending::Trained(serde_json::from_value(line).unwrap())
            }
        };
        let assigned = String::new();
        Entry {
            run,
            assigned,
            ending,
        }
    }

    fn runs(metric: Metric, entries: &[Entry]) -> Vec<usize> {
        let ranked = ranked(metric, entries);
        ranked.iter().map(|entry| entry.run).collect()
    }

    #[test]
    fn the_best_come_first_and_what_has_no_figure_last() {
        let entries = [
            entry(1, None),
            entry(2, Some((Some(0.5), 3.0))),
            entry(3, Some((None, 1.0))),
            entry(5, Some((Some(0.75), 1e300))),
            entry(4, Some((Some(0.75), 2.0))),
            entry(6, Some((Some(-0.0), 3.0))),
            entry(7, Some((Some(0.0), -1.0))),
        ];
        let by_accuracy = runs(Metric::HeldoutAccuracy, &entries);
        assert_eq!(by_accuracy, [4, 5, 2, 7, 6, 1, 3]);
        assert_eq!(runs(Metric::Error, &entries), [7, 3, 4, 2, 6, 5, 1]);
    }
}
