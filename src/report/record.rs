//! What is recorded of an epoch: a line of the metrics files.

use serde::{Deserialize, Serialize};

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
    /// Seconds spent in epochs up to the end of this one, evaluations not counted.
    pub seconds: f64,
}

/// The best epoch so far.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Best {
    /// The epoch, counted from 0.
    pub epoch: usize,
    /// Its accuracy on the held-out images, in 0..=1.
    pub heldout_accuracy: f64,
}

impl Best {
    /// The better of the best epoch so far and this one; the earlier one where they are alike.
    pub(super) fn or(best: Option<Self>, record: &EpochRecord) -> Option<Self> {
        let this = record.heldout_accuracy.map(|heldout_accuracy| Self {
            epoch: record.epoch,
            heldout_accuracy,
        });
        match (best, this) {
            (Some(best), Some(this)) if this.heldout_accuracy > best.heldout_accuracy => Some(this),
            (None, this) => this,
            (best, _) => best,
        }
    }
}
