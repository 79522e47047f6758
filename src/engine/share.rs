//! What a chunk of images adds to a layer's gradient, and the sums over its images.

use std::ops::Range;

use ndarray::{ArrayView2, ArrayViewMut2, s};

use super::products::Engine;
use crate::kernels::{self, Level};
use crate::scalar::Scalar;

/// A chunk's share in the gradient of a weight matrix, or of a block of it.
#[derive(Clone, Debug)]
pub enum Share<'a, T> {
    /// The share itself, `(outputs, inputs)`.
    Sum(ArrayView2<'a, T>),
    /// The factors of the share, `deltaᵀ input`.
    Factors {
        /// `(images, outputs)`
        delta: ArrayView2<'a, T>,
        /// `(images, inputs)`
        input: ArrayView2<'a, T>,
    },
}

impl<T: Scalar> Share<'_, T> {
    /// The share in the gradient of a block.
    ///
    /// # Panics
    /// If the block leaves the matrix.
    #[must_use]
    pub fn block(self, rows: &Range<usize>, columns: &Range<usize>) -> Self {
        match self {
            Self::Sum(sum) => Self::Sum(sum.slice_move(s![rows.clone(), columns.clone()])),
            Self::Factors { delta, input } => Self::Factors {
                delta: delta.slice_move(s![.., rows.clone()]),
                input: input.slice_move(s![.., columns.clone()]),
            },
        }
    }

    /// Begins the gradient `d_w` with the share or, with `accumulate`, adds the share to it.
    ///
    /// # Panics
    /// If the shapes differ, or rows are not contiguous.
    pub fn add_to(
        self,
        mut d_w: ArrayViewMut2<'_, T>,
        engine: &dyn Engine<T>,
        level: Level,
        accumulate: bool,
    ) {
        match self {
            Self::Factors { delta, input } => engine.gradient(delta, input, d_w, accumulate),
            Self::Sum(sum) => {
                for (sum, mut d_w) in sum.rows().into_iter().zip(d_w.rows_mut()) {
                    let sum = sum.to_slice().expect("contiguous rows");
                    let d_w = d_w.as_slice_mut().expect("contiguous rows");
                    if accumulate {
                        kernels::add(level, d_w, sum);
                    } else {
                        d_w.copy_from_slice(sum);
                    }
                }
            }
        }
    }
}

/// Replaces `sums` by the sum of all rows of `matrices`, added up in their order.
pub fn sum_of_rows<'a, T: Scalar>(
    matrices: impl Iterator<Item = ArrayView2<'a, T>>,
    sums: &mut [T],
) {
    sums.fill(T::zero());
    for matrix in matrices {
        for row in matrix.rows() {
            for (sum, &number) in sums.iter_mut().zip(row) {
                *sum += number;
            }
        }
    }
}
