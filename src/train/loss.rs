//! The losses: cross-entropies and their derivatives by the output's weighted sums.
//!
//! Legend: `z` weighted sums, `a` outputs, `y` the image's class, `c` any class.
//!
//! | output | loss of an image | derivative by `z_c` |
//! |---|---|---|
//! | sigmoid | `-log a_y - sum over c != y of log(1 - a_c)` | `a_c - [c = y]` |
//! | softmax | `-log a_y` | `a_c - [c = y]` |
//!
//! The article reports less than it descends on: of the sigmoids' cross-entropy it keeps only `-log a_y`
//! ([`ErrorForm::Article`]). Logarithms are taken of weighted sums, not of outputs, so that a saturated output gives a
//! large loss, not an infinite one: `-log sigmoid(z) = max(-z, 0) - log max(a, 1 - a)`, whose second term lies in
//! `[0, log 2]`. The logarithm of a product replaces the sum of logarithms: one for hundreds of factors.

use serde::{Deserialize, Serialize};

use crate::kernels::Level;
use crate::model::Output;
use crate::scalar::Scalar;

/// Which figure a run reports as its error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ErrorForm {
    /// What the gradient descends on: the batch's loss, summed or averaged as `reduction` says, plus
    /// `l2/2 |w|² + l1 |w|₁`.
    Objective,
    /// The article's: `0.5 / classes` times the sum of `-log a_y` over the batch, plus
    /// `0.5 (l2/2 |w|² + l1/2 |w|₁)`.
    Article,
}

/// Turns a chunk's weighted sums `z` into deltas `d` (both rows of `classes` numbers) and returns its loss, summed over
/// its images, as `form` wants it (without its factor). Overwrites `d`.
#[expect(clippy::too_many_arguments)]
pub fn loss_and_delta<T: Scalar>(
    level: Level,
    output: Output,
    form: ErrorForm,
    classes: usize,
    z: &[T],
    labels: impl Iterator<Item = u8> + Clone,
    d: &mut [T],
) -> f64 {
    d.copy_from_slice(z);
    output.forward(level, d, classes);
    let loss = loss(output, form, classes, z, d, labels.clone());
    for (d, label) in d.chunks_exact_mut(classes).zip(labels) {
        d[usize::from(label)] -= T::one();
    }
    loss
}

/// The loss of some images, summed, from weighted sums `z` and outputs `a`.
#[expect(clippy::too_many_arguments)]
pub fn loss<T: Scalar>(
    output: Output,
    form: ErrorForm,
    classes: usize,
    z: &[T],
    a: &[T],
    labels: impl Iterator<Item = u8>,
) -> f64 {
    let mut sum = 0.0;
    let mut factors = LogProduct::default();
    for ((z, a), label) in z
        .chunks_exact(classes)
        .zip(a.chunks_exact(classes))
        .zip(labels)
    {
        let (z_y, a_y) = (z[usize::from(label)].wide(), a[usize::from(label)].wide());
        match (output, form) {
            (Output::Softmax, _) => {
                // -log a_y = (max z - z_y) - log max a: the largest output is 1 / classes at least.
                let highest = |row: &[T]| {
                    row.iter()
                        .map(|value| value.wide())
                        .fold(f64::NEG_INFINITY, f64::max)
                };
                sum += highest(z) - z_y;
                factors.multiply(highest(a));
            }
            (Output::Sigmoid, ErrorForm::Article) => {
                sum += (-z_y).max(0.0);
                factors.multiply(a_y.max(1.0 - a_y));
            }
            (Output::Sigmoid, ErrorForm::Objective) => {
                // -log(1 - a_c) = max(z_c, 0) - log max(a_c, 1 - a_c), and -log a_y is that minus z_y.
                for (z, a) in z.iter().zip(a) {
                    sum += z.wide().max(0.0);
                    factors.multiply(a.wide().max(1.0 - a.wide()));
                }
                sum -= z_y;
            }
        }
        sum += 0.0 * a_y; // `max` drops NaN; this keeps it
    }
    sum - factors.log()
}

/// The logarithm of a product of factors in `[2⁻⁸, 1]`.
struct LogProduct {
    product: f64,
    factors: u32,
    log: f64,
}

impl Default for LogProduct {
    fn default() -> Self {
        Self {
            product: 1.0,
            factors: 0,
            log: 0.0,
        }
    }
}

impl LogProduct {
    /// Factors after which the product might leave the normal numbers: 2⁻⁸ to this power is 2⁻⁹⁶⁰.
    const MOST: u32 = 120;

    fn multiply(&mut self, factor: f64) {
        self.product *= factor;
        self.factors += 1;
        if self.factors == Self::MOST {
            *self = Self {
                product: 1.0,
                factors: 0,
                log: self.log(),
            };
        }
    }

    fn log(&self) -> f64 {
        self.log + self.product.ln()
    }
}
