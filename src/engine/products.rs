//! What an engine is: the three products of a layer.

use ndarray::{ArrayView2, ArrayViewMut2};

use crate::scalar::Scalar;

/// The products of a layer. Matrices are row-major with contiguous rows; each output is summed by one thread, in an order
/// that depends on the shapes alone.
pub trait Engine<T: Scalar>: Sync + std::fmt::Debug {
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

    /// The sum over `chunks` chunks of images of [`Self::gradient`], whose `d_z` and `x` `factors` gives. Overwrites `d_w`. One at least.
    fn gradient_of_chunks<'f>(
        &self,
        chunks: usize,
        factors: &dyn Fn(usize) -> [ArrayView2<'f, T>; 2],
        mut d_w: ArrayViewMut2<'_, T>,
    ) {
        for chunk in 0..chunks {
            let [d_z, x] = factors(chunk);
            self.gradient(d_z, x, d_w.view_mut(), chunk > 0);
        }
    }
}
