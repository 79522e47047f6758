//! What the steps of a run descend on: the loss of a mini-batch's images and a regulariser for the weights.

use serde::{Deserialize, Serialize};

use crate::kernels::{self, Level};
use crate::network::ErrorForm;
use crate::scalar::Scalar;

/// Whether the losses of a batch's images are added up or averaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reduction {
    /// Added up.
    Sum,
    /// Averaged.
    Mean,
}

/// Which gradient the L1 term has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum L1Form {
    /// `l1 sign(w)`.
    Sign,
    /// `l1 w`: the article's, which makes it a second L2.
    Linear,
}

/// What pulls weights (never biases) towards zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Regularizer {
    /// Factor of the sum of magnitudes.
    pub l1: f64,
    /// Which gradient that has.
    pub l1_form: L1Form,
    /// Factor of half the sum of squares.
    pub l2: f64,
}

/// The objective that a step descends on, and how it is reported.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Objective {
    /// Whether the images' losses are added up or averaged.
    pub reduction: Reduction,
    /// What is added for the weights' sake.
    pub regularizer: Regularizer,
    /// Which figure is reported.
    pub error: ErrorForm,
}

impl Objective {
    /// The factor of the gradient of the images' losses.
    #[must_use]
    pub fn image_factor(&self, images: usize) -> f64 {
        match self.reduction {
            Reduction::Sum => 1.0,
            Reduction::Mean => 1.0 / images as f64,
        }
    }

    /// The error of a mini-batch of `images` images, from the sum of their losses and the norms of all weights.
    #[must_use]
    pub fn error(&self, images: usize, classes: usize, loss: f64, norms: Norms) -> f64 {
        let Regularizer { l1, l1_form, l2 } = self.regularizer;
        match (self.error, l1_form) {
            (ErrorForm::Article, _) => {
                0.5 * (loss / classes as f64
                    + l2 / 2.0 * norms.squares
                    + l1 / 2.0 * norms.magnitudes)
            }
            (ErrorForm::Objective, L1Form::Sign) => {
                self.image_factor(images) * loss + l2 / 2.0 * norms.squares + l1 * norms.magnitudes
            }
            (ErrorForm::Objective, L1Form::Linear) => {
                self.image_factor(images) * loss + (l1 + l2) / 2.0 * norms.squares
            }
        }
    }
}

/// Of some numbers, the sum of magnitudes and the sum of squares.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Norms {
    /// The sum of magnitudes.
    pub magnitudes: f64,
    /// The sum of squares.
    pub squares: f64,
}

impl Norms {
    pub(super) fn of<T: Scalar>(level: Level, numbers: &[T]) -> Self {
        let (magnitudes, squares) = kernels::norms(level, numbers);
        Self {
            magnitudes,
            squares,
        }
    }
}

impl std::ops::Add for Norms {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            magnitudes: self.magnitudes + other.magnitudes,
            squares: self.squares + other.squares,
        }
    }
}
