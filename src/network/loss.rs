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
//! `[0, log 2]`. With label smoothing `s`, the target `[c = y]` is `(1 - s) [c = y] + s / classes` in both columns. The logarithm of a product replaces the sum of logarithms: one is taken for every 120 factors.

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

/// How the loss of images is computed from the weighted sums of the output layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Loss<'a> {
    /// What the output layer does to its weighted sums, which decides the cross-entropy.
    pub output: Output,
    /// Which figure is reported.
    pub form: ErrorForm,
    /// The number of classes.
    pub classes: usize,
    /// The share of each image's target that is spread evenly over all classes, in `0..1`. With the figure of [`ErrorForm::Article`] it
    /// must be 0.
    pub label_smoothing: f64,
    /// What the losses of each class's images are multiplied by; empty: 1.
    pub class_weights: &'a [f64],
}

impl Loss<'_> {
    /// Turns the weighted sums `z` of some images into deltas `d` (both rows of `classes` numbers) and returns their loss,
    /// summed over the images, without the factors of [`ErrorForm`] and of the reduction. Overwrites `d`.
    ///
    /// # Panics
    /// If a label is none of the classes, or `d` and `z` differ in size.
    pub fn with_delta<T: Scalar>(
        self,
        level: Level,
        z: &[T],
        labels: impl Iterator<Item = u8> + Clone,
        d: &mut [T],
    ) -> f64 {
        if !self.class_weights.is_empty() {
            return self.weighted_with_delta(level, z, labels, d);
        }
        let loss = self.of_sums(level, z, labels.clone(), d);
        let (of_label, of_each) = (T::of(1.0 - self.label_smoothing), T::of(self.of_each()));
        for (d, label) in d.chunks_exact_mut(self.classes).zip(labels) {
            d[usize::from(label)] -= of_label;
            if self.label_smoothing != 0.0 {
                d.iter_mut().for_each(|d| *d -= of_each);
            }
        }
        loss
    }

    /// The same, image by image, with the weights of their classes.
    fn weighted_with_delta<T: Scalar>(
        self,
        level: Level,
        z: &[T],
        labels: impl Iterator<Item = u8>,
        d: &mut [T],
    ) -> f64 {
        let alike = Loss {
            class_weights: &[],
            ..self
        };
        let rows = z.chunks_exact(self.classes);
        let mut sum = 0.0;
        for ((z, d), label) in rows.zip(d.chunks_exact_mut(self.classes)).zip(labels) {
            let weight = self.class_weights[usize::from(label)];
            sum += weight * alike.with_delta(level, z, std::iter::once(label), d);
            let weight = T::of(weight);
            d.iter_mut().for_each(|d| *d *= weight);
        }
        sum
    }

    /// The loss of some images, summed over them and not weighted, from weighted sums `z`, and their outputs into `a` (both rows of `classes`
    /// numbers). Overwrites `a`.
    ///
    /// # Panics
    /// If a label is none of the classes, or `a` and `z` differ in size.
    pub fn of_sums<T: Scalar>(
        self,
        level: Level,
        z: &[T],
        labels: impl Iterator<Item = u8>,
        a: &mut [T],
    ) -> f64 {
        a.copy_from_slice(z);
        self.output.forward(level, a, self.classes);
        self.of_outputs(z, a, labels)
    }

    /// The share of the target that every class has, whatever the label.
    fn of_each(self) -> f64 {
        self.label_smoothing / self.classes as f64
    }

    /// The loss of some images, summed over them and not weighted, from weighted sums `z` and outputs `a` (both rows of `classes` numbers).
    ///
    /// # Panics
    /// If a label is none of the classes.
    pub fn of_outputs<T: Scalar>(self, z: &[T], a: &[T], labels: impl Iterator<Item = u8>) -> f64 {
        let Self {
            output,
            form,
            classes,
            label_smoothing,
            class_weights: _,
        } = self;
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
            if label_smoothing != 0.0 {
                // Both losses are linear in the target, and `-z_c` is its factor: of the label there is less, of all classes a little.
                let all: f64 = z.iter().map(|z| z.wide()).sum();
                sum += label_smoothing * z_y - self.of_each() * all;
            }
            sum += 0.0 * a_y; // `max` drops NaN; this keeps it
        }
        sum - factors.log()
    }
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
