//! What a model file says beside its tensors: its metadata.

use serde::{Deserialize, Serialize};

use super::activation::{Activation, Output, Probability};
use crate::data::{Fold, HoldOut, Samples, SplitRule, Standardizer};

/// Whether pixels are standardised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scale {
    /// Pixels 0..=255 as they are.
    None,
    /// From each pixel its mean is subtracted, and the difference is divided by the pixel's standard deviation.
    Standard,
    /// From each pixel the mean of all pixels is subtracted, and the difference is divided by their standard deviation.
    Global,
}

impl Scale {
    /// What scales samples so, by the figures of those at `indices`.
    ///
    /// # Panics
    /// If an index is beyond the samples.
    #[must_use]
    pub fn standardizer<'a>(
        self,
        samples: impl Into<Samples<'a>>,
        indices: &[u32],
    ) -> Standardizer {
        let samples = samples.into();
        match self {
            Self::None => Standardizer::identity(samples.per_sample()),
            Self::Standard => Standardizer::fit(samples, indices),
            Self::Global => Standardizer::fit_global(samples, indices),
        }
    }
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
    /// The share of the training file that was held out; 0 where a fold or a validation set was.
    pub holdout: f64,
    /// Whether each class had the same share among the held-out images.
    #[serde(default, skip_serializing_if = "is_off")]
    pub stratify: bool,
    /// The fold that was held out; none where no cross-validation was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fold: Option<Fold>,
    /// The validation set that was held out, where there was one: then all images of the training file were trained on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<Digests>,
    /// The seed of that split. In most runs it is that of the initial weights too.
    pub seed: u32,
    /// SHA-256 of the label file that it was trained with, in hexadecimal; empty for an imported model.
    pub labels_sha256: String,
    /// SHA-256 of the image file that it was trained with; empty where it is not known.
    #[serde(default)] // models of older versions have none
    pub images_sha256: String,
}

/// What tells a file of images and a file of labels from all others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digests {
    /// SHA-256 of the label file, in hexadecimal.
    pub labels_sha256: String,
    /// SHA-256 of the image file; empty for samples that are no images.
    pub images_sha256: String,
}

fn is_off(setting: &bool) -> bool {
    !setting
}

impl ModelInfo {
    /// The version that is written; readers refuse any other.
    pub const FORMAT: u32 = 1;

    /// The file's metadata.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("plain fields")
    }

    /// How the training file was split.
    #[must_use]
    pub fn split_rule(&self) -> SplitRule {
        SplitRule {
            hold_out: self
                .fold
                .map_or(HoldOut::Share(self.holdout), HoldOut::Fold),
            stratify: self.stratify,
            seed: self.seed,
        }
    }

    /// Whether a part of the training file was held out.
    #[must_use]
    pub fn holds_out(&self) -> bool {
        self.holdout > 0.0 || self.fold.is_some()
    }

    /// Refuses a split that cannot be; the error says so in words.
    pub(super) fn check_split(&self) -> Result<(), String> {
        if !(0.0..1.0).contains(&self.holdout) {
            return Err(format!(
                "holdout: expected a share from 0 to below 1, found {}",
                self.holdout
            ));
        }
        match self.fold {
            Some(Fold { number, of }) if number == 0 || number > of || of < 2 => Err(format!(
                "fold: expected one of at least 2, counted from 1, found {number} of {of}"
            )),
            _ => Ok(()),
        }
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
