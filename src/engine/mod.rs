//! How a batch's products are computed, and the choice between the ways.
//!
//! An engine supplies the three matrix products of a layer and knows nothing of batches, losses or optimizers. What
//! calls it decides how the work is cut; every call computes one whole product on one thread.

pub mod blas;
mod matrix;
mod naive;
mod scale;
pub mod stopwatch;
pub mod workspace;

use ndarray::{ArrayView2, ArrayViewMut2};
use serde::{Deserialize, Serialize};

pub use blas::Blas;
pub use matrix::{Matrix, Units};
pub use naive::Naive;

use crate::kernels::Level;
use crate::scalar::{Dtype, Scalar};

/// Which engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EngineKind {
    /// The fastest that this build and machine offer.
    Auto,
    /// Plain loops on one thread: the baseline to beat, and the oracle.
    Naive,
    /// Products through BLAS (or, in a build without one, ndarray's own).
    Blas,
    /// The first layer's products in integers, straight from the pixels; further layers as `Blas`. In `f32` only.
    Fixed,
}

impl EngineKind {
    /// What a finished model is asked with, so that its answers are those of the numbers in its file: weights rounded to 16 bits
    /// would change probabilities by some 3e-5.
    pub const ANSWERS: Self = Self::Blas;

    /// What `Auto` stands for on this CPU, in this type: integers where it has instructions for them.
    #[must_use]
    pub fn resolve(self, dtype: Dtype) -> Self {
        match self {
            Self::Auto if dtype == Dtype::F32 && Level::detect() > Level::PORTABLE => Self::Fixed,
            Self::Auto => Self::Blas,
            other => other,
        }
    }

    /// The name by which it is asked for.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Naive => "naive",
            Self::Blas => "blas",
            Self::Fixed => "fixed",
        }
    }

    /// The engine; for `Fixed`, that of its further layers.
    #[must_use]
    pub fn engine<T: Scalar>(self) -> &'static dyn Engine<T> {
        match self {
            Self::Naive => &Naive,
            _ => &Blas,
        }
    }
}

/// The products of a layer. Matrices are row-major with contiguous rows; each output is summed by one thread, in an order
/// that depends on the shapes alone.
pub trait Engine<T: Scalar>: Sync {
    /// `z = x wᵀ`: `x` is `(images, inputs)`, `w` `(outputs, inputs)`, `z` `(images, outputs)` and overwritten.
    fn forward(&self, x: ArrayView2<'_, T>, w: ArrayView2<'_, T>, z: ArrayViewMut2<'_, T>);

    /// `d_x = d_z w`: `d_z` is `(images, outputs)`, `w` `(outputs, inputs)`, `d_x` `(images, inputs)` and overwritten.
    fn backward(&self, d_z: ArrayView2<'_, T>, w: ArrayView2<'_, T>, d_x: ArrayViewMut2<'_, T>);

    /// `d_w = d_zᵀ x`, or with `accumulate` `d_w += d_zᵀ x`: `d_z` is `(images, outputs)`, `x` `(images, inputs)`, `d_w`
    /// `(outputs, inputs)`; any block of rows of `d_w` goes with the same columns of `d_z`, any block of its columns
    /// with the same columns of `x`.
    fn gradient(
        &self,
        d_z: ArrayView2<'_, T>,
        x: ArrayView2<'_, T>,
        d_w: ArrayViewMut2<'_, T>,
        accumulate: bool,
    );
}
