//! What a model file says beside its tensors: its metadata.

use serde::{Deserialize, Serialize};

use super::activation::{Activation, Output, Probability};

/// Whether pixels are standardised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scale {
    /// Pixels 0..=255 as they are.
    None,
    /// From each pixel its mean is subtracted, and the difference is divided by the pixel's standard deviation.
    Standard,
}

/// The images whose means and deviations standardise the held-out images.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HeldoutScale {
    /// The held-out images themselves: the article's leak.
    Own,
    /// The training images.
    Train,
}

/// The most classes: labels are bytes.
pub(super) const MOST_CLASSES: usize = 256;

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
    /// The activation of the hidden layers.
    pub activation: Activation,
    /// The activation of the output layer.
    pub output: Output,
    /// How probabilities are made of outputs.
    pub probability: Probability,
    /// Whether pixels are standardised.
    pub scale: Scale,
    /// The images whose means and deviations standardised the held-out images.
    pub heldout_scale: HeldoutScale,
    /// The share of the training file that was held out.
    pub holdout: f64,
    /// The seed of that split. In most runs it is that of the initial weights too.
    pub seed: u32,
    /// SHA-256 of the label file that it was trained with, in hexadecimal; empty for an imported model.
    pub labels_sha256: String,
    /// SHA-256 of the image file that it was trained with; empty where it is not known.
    #[serde(default)] // models of older versions have none
    pub images_sha256: String,
}

impl ModelInfo {
    /// The version that is written; readers refuse any other.
    pub const FORMAT: u32 = 1;

    /// The file's metadata.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("plain fields")
    }

    /// Refuses more classes than labels of one byte can name; the error says so in words.
    pub(super) fn check_classes(&self) -> Result<(), String> {
        match self.classes.len() {
            found if found > MOST_CLASSES => Err(format!(
                "expected at most {MOST_CLASSES} classes, found {found}"
            )),
            _ => Ok(()),
        }
    }
}
