//! Products as plain loops: what BLAS and SIMD are compared with, and what tests trust.
//!
//! Honest, not crippled: loops run along contiguous rows, over slices without bounds checks, compiled with the same flags
//! as everything else. What is left out is what makes a fast product: no blocking for caches or registers, no reordering of a sum
//! so that it fits vectors, no threads.

use ndarray::{ArrayView2, ArrayViewMut2};

use super::products::Engine;
use crate::scalar::Scalar;

/// Plain loops.
#[derive(Clone, Copy, Debug)]
pub struct Naive;

impl<T: Scalar> Engine<T> for Naive {
    fn forward(&self, x: ArrayView2<'_, T>, w: ArrayView2<'_, T>, mut z: ArrayViewMut2<'_, T>) {
        for (x, mut z) in x.rows().into_iter().zip(z.rows_mut()) {
            let x = x.to_slice().expect("contiguous rows");
            for (w, z) in w.rows().into_iter().zip(&mut z) {
                let w = w.to_slice().expect("contiguous rows");
                *z = x.iter().zip(w).map(|(&x, &w)| x * w).sum();
            }
        }
    }

    fn backward(
        &self,
        d_z: ArrayView2<'_, T>,
        w: ArrayView2<'_, T>,
        mut d_x: ArrayViewMut2<'_, T>,
    ) {
        d_x.fill(T::zero());
        for (d_z, mut d_x) in d_z.rows().into_iter().zip(d_x.rows_mut()) {
            for (&d_z, w) in d_z.iter().zip(w.rows()) {
                add_scaled(
                    d_z,
                    w.to_slice().expect("contiguous rows"),
                    d_x.as_slice_mut().expect("contiguous rows"),
                );
            }
        }
    }

    fn gradient(
        &self,
        d_z: ArrayView2<'_, T>,
        x: ArrayView2<'_, T>,
        mut d_w: ArrayViewMut2<'_, T>,
        accumulate: bool,
    ) {
        if !accumulate {
            d_w.fill(T::zero());
        }
        for (d_z, x) in d_z.rows().into_iter().zip(x.rows()) {
            for (&d_z, mut d_w) in d_z.iter().zip(d_w.rows_mut()) {
                add_scaled(
                    d_z,
                    x.to_slice().expect("contiguous rows"),
                    d_w.as_slice_mut().expect("contiguous rows"),
                );
            }
        }
    }
}

/// `sum += factor · row`.
fn add_scaled<T: Scalar>(factor: T, row: &[T], sum: &mut [T]) {
    for (sum, &number) in sum.iter_mut().zip(row) {
        *sum += factor * number;
    }
}
