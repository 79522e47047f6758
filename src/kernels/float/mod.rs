//! Products in `f32`, of matrices and straight from packed pixels.
//!
//! Every output is one chain of fused multiply-adds along the inner dimension, in rising order. That order is the same whatever the
//! instructions, the sizes of blocks and the number of threads, and a fused multiply-add rounds once wherever it is computed: so
//! every level gives the same bits, and an image's answer does not depend on which images it is computed with. A zero pixel adds
//! nothing to a chain, so that black may be left out without a trace, as in [`super::integer`].
//!
//! By Higham, Accuracy and Stability of Numerical Algorithms (2002), equation 3.5, such a sum of k products is within
//! `k u / (1 - k u)` times the sum of the products' magnitudes of the exact one, where `u = 2⁻²⁴`.
//!
//! Reading order: `tile.rs` (what is computed at once, and in which order), `vectors.rs` (what an instruction set supplies),
//! `product.rs` and `copy.rs` (matrices), `pixels.rs` (packed pixels).

mod copy;
mod pixels;
mod product;
mod tile;
mod vectors;

use ndarray::{ArrayView2, ArrayViewMut2};

pub use pixels::{Bytes, Deltas, Weights};
use product::{Operand, Output};

use super::level::Level;

/// `c = a b`, or with `accumulate` `c += a b`, for `a` of `(m, k)`, `b` of `(k, n)` and `c` of `(m, n)`, which lie as they like but for
/// `c`, whose rows or columns are contiguous.
///
/// # Panics
/// If the shapes do not fit together, or neither rows nor columns of `c` are contiguous.
pub fn multiply(
    level: Level,
    a: ArrayView2<'_, f32>,
    b: ArrayView2<'_, f32>,
    mut c: ArrayViewMut2<'_, f32>,
    accumulate: bool,
) {
    let ((m, k), (inner, n)) = (a.dim(), b.dim());
    assert!(
        inner == k && c.dim() == (m, n),
        "matrices that can be multiplied"
    );
    if c.is_empty() {
        return;
    }
    let contiguous = |length: usize, stride: isize| length <= 1 || stride == 1;
    if !contiguous(n, c.strides()[1]) {
        assert!(contiguous(m, c.strides()[0]), "contiguous rows or columns");
        let (a, b) = (a.reversed_axes(), b.reversed_axes());
        return multiply(level, b, a, c.reversed_axes(), accumulate);
    }
    let output = Output {
        start: c.as_mut_ptr(),
        row_stride: c.strides()[0],
    };
    // SAFETY: the views may be read and written to, and their shapes were checked.
    unsafe { product::multiply(level, operand(&a), operand(&b), output, accumulate) }
}

fn operand(matrix: &ArrayView2<'_, f32>) -> Operand {
    let (rows, columns) = matrix.dim();
    let strides = matrix.strides();
    Operand {
        start: matrix.as_ptr(),
        rows,
        columns,
        strides: [strides[0], strides[1]],
    }
}
