//! What is recorded of an epoch: a line of the metrics files.

use serde::{Deserialize, Serialize};

use crate::train::{Accuracies, EpochFigures, Metric};

/// One epoch, as it is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// The number of the epoch, from 0.
    pub epoch: usize,
    /// The mean of the errors of its mini-batches, each measured before the update.
    pub error: f64,
    /// Accuracy on the training images after the epoch, in 0..=1, if it was evaluated.
    pub train_accuracy: Option<f64>,
    /// Accuracy on the held-out images after the epoch, if it was evaluated and if there are any.
    pub heldout_accuracy: Option<f64>,
    /// The mean loss of the held-out images after the epoch, if it was evaluated and if there are any.
    #[serde(default)] // runs of older versions have none, nor what follows but the seconds
    pub heldout_loss: Option<f64>,
    /// The learning rate of its last step.
    #[serde(default)]
    pub learning_rate: Option<f64>,
    /// The Euclidean norm of the gradient of its last mini-batch's objective.
    #[serde(default)]
    pub gradient_norm: Option<f64>,
    /// Seconds spent in epochs up to the end of this one, evaluations not counted.
    pub seconds: f64,
    /// Training images a second of this epoch, evaluation not counted.
    #[serde(default)]
    pub images_per_second: Option<f64>,
}

impl EpochRecord {
    /// The record of an epoch of `images` training images, if their number is known, after one whose record is `before`.
    pub(super) fn new(
        figures: &EpochFigures,
        seconds: f64,
        images: Option<usize>,
        before: Option<&Self>,
    ) -> Self {
        let accuracies = figures.accuracies.unwrap_or_default();
        let of_epoch_s = seconds - before.map_or(0.0, |before| before.seconds);
        let per_second = images.map(|images| images as f64 / of_epoch_s);
        Self {
            epoch: figures.epoch,
            error: figures.error,
            train_accuracy: accuracies.train,
            heldout_accuracy: accuracies.heldout,
            seconds,
            heldout_loss: accuracies.heldout_loss,
            learning_rate: figures.learning_rate,
            gradient_norm: figures.gradient_norm,
            images_per_second: per_second.filter(|number| number.is_finite()),
        }
    }

    /// The epoch's figures as the run has them.
    pub(super) fn figures(&self) -> EpochFigures {
        let accuracies = Accuracies {
            train: self.train_accuracy,
            heldout: self.heldout_accuracy,
            heldout_loss: self.heldout_loss,
        };
        EpochFigures {
            epoch: self.epoch,
            error: self.error,
            accuracies: Some(accuracies).filter(|found| *found != Accuracies::default()),
            learning_rate: self.learning_rate,
            gradient_norm: self.gradient_norm,
        }
    }
}

/// The best epoch so far.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Best {
    /// The epoch, counted from 0.
    pub epoch: usize,
    /// Its accuracy on the held-out images, in 0..=1, if there are any.
    pub heldout_accuracy: Option<f64>,
    /// Their mean loss.
    pub heldout_loss: Option<f64>,
    /// What is smaller for a better epoch.
    cost: f64,
}

impl Best {
    /// The better of the best epoch so far and this one by `metric`; the earlier one where they are alike.
    pub(super) fn or(best: Option<Self>, record: &EpochRecord, metric: Metric) -> Option<Self> {
        let this = metric.of_epoch(&record.figures()).map(|figure| Self {
            epoch: record.epoch,
            heldout_accuracy: record.heldout_accuracy,
            heldout_loss: record.heldout_loss,
            cost: metric.cost(figure),
        });
        match (best, this) {
            (Some(best), Some(this)) if this.cost < best.cost => Some(this),
            (None, this) => this,
            (best, _) => best,
        }
    }
}
