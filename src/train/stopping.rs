//! When a run ends before its epochs are over, and which of its networks it then leaves.
//!
//! Both are pure functions of the epochs that are over, so a run that goes on from a checkpoint ends where it would have ended.

use super::metric::Metric;
use super::optimizer::Optimizer;
use super::options::TrainOptions;
use super::state::{EpochFigures, Kept, State};
use crate::error::{Error, Result};
use crate::scalar::Scalar;

/// Ends a run when so many evaluations one after the other have found nothing better.
///
/// An evaluation is better where its figure is better by more than `min_delta` than that of the last evaluation that was better; the first is.
/// So small gains add up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stopping {
    /// The number of evaluations that find nothing better.
    pub patience: usize,
    /// By how much a figure must be better.
    pub min_delta: f64,
    /// Which figure it is.
    pub metric: Metric,
}

impl Stopping {
    /// Whether the run ends after these epochs. Those that were not evaluated do not count.
    pub fn is_over(&self, epochs: impl IntoIterator<Item = EpochFigures>) -> bool {
        let mut best = f64::INFINITY;
        let mut waited = 0;
        for epoch in epochs {
            if epoch.accuracies.is_none() {
                continue;
            }
            let figure = self.metric.of_epoch(&epoch);
            let cost = figure.map_or(f64::INFINITY, |figure| self.metric.cost(figure));
            if cost < best - self.min_delta {
                (best, waited) = (cost, 0);
            } else {
                waited += 1;
            }
        }
        waited >= self.patience
    }
}

impl TrainOptions {
    /// The figure by which the best network is told.
    #[must_use]
    pub fn metric(&self) -> Metric {
        self.metric.unwrap_or_default()
    }

    /// What ends a run early; none where nothing does.
    #[must_use]
    pub fn stopping(&self) -> Option<Stopping> {
        Some(Stopping {
            patience: self.early_stopping?,
            min_delta: self.min_delta.unwrap_or_default(),
            metric: self.metric(),
        })
    }

    /// Refuses an end that never comes, and a difference without an end that it is for.
    pub(super) fn check_stopping(&self) -> Result<()> {
        let refuse = |setting, reason: String| Err(Error::Setting { setting, reason });
        match (self.early_stopping, self.min_delta) {
            (Some(0), _) => {
                return refuse(
                    "early_stopping",
                    "expected a number of evaluations from 1, found 0".to_owned(),
                );
            }
            (None, Some(found)) => {
                return refuse(
                    "min_delta",
                    format!("expected early_stopping beside it, found {found:?} alone"),
                );
            }
            (_, Some(found)) if !(0.0..=1e6).contains(&found) => {
                return refuse(
                    "min_delta",
                    format!("expected a number from 0 to 1e6, found {found:?}"),
                );
            }
            _ => {}
        }
        if self.early_stopping.is_some() && self.eval_every == Some(0) {
            return refuse(
                "early_stopping",
                "expected evaluations between epochs, found eval_every 0".to_owned(),
            );
        }
        Ok(())
    }

    /// Refuses to tell the best network by what is not held out; `holds_out` says whether something is.
    pub(super) fn check_metric(&self, holds_out: bool) -> Result<()> {
        if holds_out || !self.metric().is_heldout() {
            return Ok(());
        }
        let (setting, reason) = match (self.metric, self.early_stopping) {
            (Some(Metric::HeldoutLoss), _) => (
                "metric",
                "expected held-out images, whose loss is asked for, found --holdout 0",
            ),
            (Some(_), _) => (
                "metric",
                "expected held-out images, whose accuracy is asked for, found --holdout 0",
            ),
            (None, Some(_)) => (
                "early_stopping",
                "expected held-out images, whose accuracy decides, or --metric error, found --holdout 0",
            ),
            (None, None) => return Ok(()),
        };
        Err(Error::Setting {
            setting,
            reason: reason.to_owned(),
        })
    }
}

impl<T: Scalar> State<T> {
    /// Whether a run of these settings has taken all its epochs, or has found nothing better for as long as it has patience.
    pub(super) fn is_over(&self, settings: &TrainOptions) -> bool {
        // In the middle of an epoch it was decided before that the run goes on.
        let stopping = settings.stopping().filter(|_| self.batch == 0);
        self.epoch >= settings.epochs
            || stopping.is_some_and(|stopping| stopping.is_over(self.history.iter().copied()))
    }

    /// Keeps the network that answers where the run may end early and the epoch that ended last is the best so far. Of equals the earlier one
    /// stays.
    pub(super) fn keep_best(&mut self, settings: &TrainOptions, optimizer: &dyn Optimizer<T>) {
        let Some(Stopping { metric, .. }) = settings.stopping() else {
            return;
        };
        let cost = |epoch: &EpochFigures| {
            let figure = metric.of_epoch(epoch);
            figure.map_or(f64::INFINITY, |figure| metric.cost(figure))
        };
        let Some(last) = self.history.last().filter(|last| last.accuracies.is_some()) else {
            return;
        };
        let best = self.best.as_ref();
        let best = best.map(|best| self.history.get(best.epoch).map_or(f64::INFINITY, cost));
        if best.is_some_and(|best| cost(last) >= best) {
            return;
        }
        let epoch = last.epoch;
        // The buffer is taken again.
        let mut parameters = self
            .best
            .take()
            .map_or_else(Vec::new, |best| best.parameters);
        parameters.clear();
        parameters.extend_from_slice(&self.answering(optimizer).parameters);
        self.best = Some(Kept { epoch, parameters });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::Accuracies;

    fn epochs(accuracies: &[Option<f64>]) -> Vec<EpochFigures> {
        let of = |(epoch, heldout): (usize, &Option<f64>)| EpochFigures {
            epoch,
            error: 1.0,
            accuracies: heldout.map(|heldout| Accuracies {
                train: Some(0.5),
                heldout: Some(heldout),
                heldout_loss: Some(1.0 - heldout),
            }),
            learning_rate: None,
            gradient_norm: None,
        };
        accuracies.iter().enumerate().map(of).collect()
    }

    /// The epochs after which the run ends, counted from 1; 0 where it does not.
    fn ends(accuracies: &[f64], patience: usize, min_delta: f64, metric: Metric) -> usize {
        let figures: Vec<_> = accuracies.iter().copied().map(Some).collect();
        let stopping = Stopping {
            patience,
            min_delta,
            metric,
        };
        let all = epochs(&figures);
        let is_over = |count: &usize| stopping.is_over(all[..*count].iter().copied());
        (1..=all.len()).find(is_over).unwrap_or_default()
    }

    #[test]
    fn patience_counts_from_the_last_better_evaluation() {
        for metric in [Metric::HeldoutAccuracy, Metric::HeldoutLoss] {
            let rising = [0.5, 0.625, 0.625, 0.5, 0.75, 0.75, 0.75];
            assert_eq!(ends(&rising, 1, 0.0, metric), 3, "equals are not better");
            assert_eq!(ends(&rising, 2, 0.0, metric), 4);
            assert_eq!(ends(&rising, 3, 0.0, metric), 0);
            assert_eq!(ends(&rising, 1, 0.125, metric), 2);
            // 0.75 is better than 0.5 by more than 0.125, though not than 0.625.
            assert_eq!(ends(&rising, 4, 0.125, metric), 0);
            assert_eq!(ends(&rising, 3, 0.125, metric), 4);
            let slow: Vec<f64> = (0..9).map(|epoch| f64::from(epoch) / 16.0).collect();
            assert_eq!(ends(&slow, 2, 0.1, metric), 0, "small gains add up");
            assert_eq!(ends(&slow, 1, 0.1, metric), 2);
        }
        assert_eq!(ends(&[0.5; 4], 2, 0.0, Metric::Error), 3);
    }

    #[test]
    fn what_was_not_evaluated_does_not_count() {
        let figures = [Some(0.5), None, None, None, Some(0.5), None];
        let stopping = Stopping {
            patience: 2,
            min_delta: 0.0,
            metric: Metric::Error,
        };
        assert!(!stopping.is_over(epochs(&figures)));
        assert!(!stopping.is_over([]));
        let mut all = epochs(&[Some(0.5), Some(0.75), Some(1.0)]);
        for epoch in &mut all[1..] {
            epoch.accuracies.as_mut().unwrap().heldout_loss = None;
        }
        let metric = Metric::HeldoutLoss;
        let is_over = Stopping { metric, ..stopping }.is_over(all);
        assert!(is_over, "a loss that is no number is not better");
    }
}
