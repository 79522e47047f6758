//! What is recorded of an epoch: a line of the metrics files.

use serde::{Deserialize, Serialize};

/// One epoch, as it is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// Which, from 0.
    pub epoch: usize,
    /// The mean of its batches' errors, each before its update.
    pub error: f64,
    /// Accuracy on the training images after it, in 0..=1, if evaluated.
    pub train_accuracy: Option<f64>,
    /// Accuracy on the held-out images after it, if evaluated and if there are any.
    pub heldout_accuracy: Option<f64>,
    /// Seconds spent in epochs so far, evaluation not counted.
    pub seconds: f64,
}
