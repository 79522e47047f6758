//! What a model file says beside its tensors: its metadata.

use serde::{Deserialize, Serialize};

use super::activation::{Activation, Output, Probability};

/// Whether pixels are standardised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scale {
    /// Pixels 0..=255 as they are.
    None,
    /// Per pixel, minus the mean, over the standard deviation.
    Standard,
}

/// By whose figures the held-out images are standardised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HeldoutScale {
    /// By their own: the article's leak.
    Own,
    /// By the training images'.
    Train,
}

/// What a model file says beside its tensors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelInfo {
    /// Version of the format.
    pub format: u32,
    /// Rows of an image.
    pub rows: usize,
    /// Columns of an image.
    pub columns: usize,
    /// The name of each class.
    pub classes: Vec<String>,
    /// What hidden layers do to their weighted sums.
    pub activation: Activation,
    /// What the output layer does.
    pub output: Output,
    /// How probabilities are made of outputs.
    pub probability: Probability,
    /// Whether pixels are standardised.
    pub scale: Scale,
    /// By whose figures the held-out images were.
    pub heldout_scale: HeldoutScale,
    /// The share of the training file that was held out.
    pub holdout: f64,
    /// The seed of that split and of the initial weights.
    pub seed: u32,
    /// SHA-256 of the label file that it was trained with, in hexadecimal.
    pub labels_sha256: String,
}

impl ModelInfo {
    /// The version that is written; readers refuse a higher one.
    pub const FORMAT: u32 = 1;

    /// The file's metadata.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("plain fields")
    }
}
