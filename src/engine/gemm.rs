//! Products through BLAS by way of ndarray.
//!
//! In a build without the feature `blas`, ndarray's pure-Rust product (the crate matrixmultiply) takes the same calls.

use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayBase, ArrayView2, ArrayViewMut2, Axis, Ix2, RawData};

use super::products::Engine;
use crate::scalar::Scalar;

/// BLAS.
#[derive(Clone, Copy, Debug)]
pub struct Blas;

impl<T: Scalar> Engine<T> for Blas {
    fn forward(&self, x: ArrayView2<'_, T>, w: ArrayView2<'_, T>, z: ArrayViewMut2<'_, T>) {
        product(x, w.reversed_axes(), z, false);
    }

    fn backward(&self, d_z: ArrayView2<'_, T>, w: ArrayView2<'_, T>, d_x: ArrayViewMut2<'_, T>) {
        product(d_z, w, d_x, false);
    }

    fn gradient(
        &self,
        d_z: ArrayView2<'_, T>,
        x: ArrayView2<'_, T>,
        d_w: ArrayViewMut2<'_, T>,
        accumulate: bool,
    ) {
        product(d_z.reversed_axes(), x, d_w, accumulate);
    }
}

/// `c = a b`, or with `accumulate` `c += a b`.
///
/// # Panics
/// If a matrix has no unit stride: ndarray would leave BLAS without a word.
fn product<T: Scalar>(
    a: ArrayView2<'_, T>,
    b: ArrayView2<'_, T>,
    c: ArrayViewMut2<'_, T>,
    accumulate: bool,
) {
    // An axis of one number may have any stride: there is nothing to stride to.
    let (a, b, mut c) = (with_strides(a), with_strides(b), with_strides(c));
    let unit = |matrix: &ArrayView2<'_, T>| {
        matrix
            .shape()
            .iter()
            .zip(matrix.strides())
            .any(|(&length, &stride)| length <= 1 || stride == 1)
    };
    assert!(
        unit(&a) && unit(&b) && unit(&c.view()),
        "matrices that BLAS takes"
    );
    let beta = if accumulate { T::one() } else { T::zero() };
    general_mat_mul(T::one(), &a, &b, beta, &mut c);
}

/// The same matrix, where axes of one number have a stride that BLAS takes: slicing leaves them with none, and ndarray then
/// leaves BLAS.
fn with_strides<S: RawData>(mut matrix: ArrayBase<S, Ix2>) -> ArrayBase<S, Ix2> {
    for axis in [Axis(0), Axis(1)] {
        if matrix.len_of(axis) == 1 {
            matrix = matrix.index_axis_move(axis, 0).insert_axis(axis);
        }
    }
    matrix
}
