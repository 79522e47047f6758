//! Which runs of a sweep are best.

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
}

/// Runs from the best to the worst by a metric; those without a figure come last, and equals in the order of the plan.
#[must_use]
pub fn ranked<'a>(metric: Metric, entries: impl IntoIterator<Item = &'a Entry>) -> Vec<&'a Entry> {
    let cost = |entry: &Entry| {
        let figure = entry.figure(metric);
        figure.map_or(f64::INFINITY, |figure| metric.cost(figure))
    };
    let mut ranked: Vec<&Entry> = entries.into_iter().collect();
    ranked.sort_by(|a, b| {
        let order = b.figure(metric).is_some().cmp(&a.figure(metric).is_some());
        order
            .then(cost(a).total_cmp(&cost(b)))
            .then(a.run.cmp(&b.run))
    });
    ranked
}

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
