//! Products in `f32`, of matrices and straight from packed pixels.
//!
//! Every output is a chain of fused multiply-adds along the inner dimension, in rising order (a gradient from pixels: several chains, one
//! after the other, of a number of images that depends on sizes alone). That order is the same whatever the
//! instructions, the sizes of blocks and the number of threads, and a fused multiply-add rounds once wherever it is computed: so
//! every level gives the same bits, and an image's answer does not depend on which images it is computed with. A zero pixel adds
//! nothing to a chain, so that black may be left out without a trace, as in [`super::integer`].
//!
//! By Higham, Accuracy and Stability of Numerical Algorithms (2002), equation 3.5, such a sum of k products is within
//! `k u / (1 - k u)` times the sum of the products' magnitudes of the exact one, where `u = 2⁻²⁴`.
//!
//! Reading order: `tile.rs` (what is computed at once, and in which order), `vectors.rs` (what an instruction set supplies),
//! `product.rs` and `copy.rs` (matrices), `widened.rs` and `pixels.rs` (packed pixels).

mod copy;
mod pixels;
mod product;
mod tile;
mod vectors;
mod widened;

use ndarray::{ArrayView2, ArrayViewMut2};

pub use pixels::{Deltas, Weights};
use product::{Operand, Output};
pub use widened::Bytes;

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
    if k == 0 && !accumulate {
        c.fill(0.0);
    }
    if c.is_empty() || k == 0 {
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

/// The sum of `a b` over `count` pairs that `operands` gives, as [`multiply`] has each of them: `c = Σ a b`, with the bits of one after
/// the other. There is one pair at least.
///
/// # Panics
/// As [`multiply`], and if the rows of `c` are not contiguous.
pub fn multiply_and_add_up<'f>(
    level: Level,
    count: usize,
    operands: &dyn Fn(usize) -> [ArrayView2<'f, f32>; 2],
    mut c: ArrayViewMut2<'_, f32>,
) {
    let (m, n) = c.dim();
    assert!(n <= 1 || c.strides()[1] == 1, "contiguous rows");
    let shapes = (0..count).map(|number| operands(number)[0].ncols());
    if c.is_empty() || shapes.sum::<usize>() == 0 {
        return c.fill(0.0);
    }
    let output = Output {
        start: c.as_mut_ptr(),
        row_stride: c.strides()[0],
    };
    let pair = |number: usize| {
        let [a, b] = operands(number);
        let ((rows, k), (inner, columns)) = (a.dim(), b.dim());
        assert!(
            inner == k && (rows, columns) == (m, n),
            "matrices that can be multiplied"
        );
        [operand(&a), operand(&b)]
    };
    // SAFETY: the views may be read and written to, and their shapes are checked.
    unsafe { product::multiply_and_add_up(level, count, &pair, output) }
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
