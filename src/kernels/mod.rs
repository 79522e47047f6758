//! Loops over plain slices, where the time goes.
//!
//! A kernel takes slices, returns numbers at most, allocates nothing, spawns nothing and knows no model. The body of most is plain
//! Rust in [`portable`], written so that the compiler vectorises it; the functions here run that same body compiled for the
//! instructions that a [`Level`] promises. Rust contracts no multiplication and addition into one rounding, so every level gives
//! the same bits.
//!
//! Reading order: `level.rs` (what a CPU offers, and why a call is sound), this file with [`portable`], then the first layer's
//! products in integers: `shape.rs`, `panels.rs` and `tiles.rs` (how their pixels lie), [`integer`] (the products), whose operands
//! [`crate::input::packed`] owns; [`float`] multiplies the same pixels, and matrices, in `f32`. [`peak`] says how fast all this could be.

#![allow(unsafe_code)]

pub mod float;
pub mod integer;
mod level;
mod panels;
pub mod peak;
pub mod portable;
mod shape;
mod tiles;

pub use level::Level;
use level::Set;
pub use panels::{PanelMemory, PanelShape, Panels};
use portable::Halves;
pub use portable::{Descent, LeftOut, Moments, Normal};
pub use shape::{COLUMNS, Line, QUAD};
pub use tiles::{Placement, Tiles};

use crate::scalar::Scalar;

/// Compiles a portable kernel for every level: a safe entry that matches on the level, and under it one function a set
/// of instructions. A macro, because the alternative is three copies of every signature.
macro_rules! for_every_level {
    ($(#[$doc:meta])* $name:ident $(<$scalar:ident>)? ($($argument:ident: $type:ty),*) $(-> $result:ty)?) => {
        $(#[$doc])*
        #[inline]
        pub fn $name $(<$scalar: Scalar>)? (level: Level, $($argument: $type),*) $(-> $result)? {
            #[cfg(target_arch = "x86_64")]
            mod x86 {
                use super::*;

                #[target_feature(enable = "avx2,fma")]
                pub(super) fn avx2 $(<$scalar: Scalar>)? ($($argument: $type),*) $(-> $result)? {
                    portable::$name($($argument),*)
                }

                #[target_feature(enable = "avx2,fma,avx512f,avx512bw,avx512vl,avx512vnni")]
                pub(super) fn avx512 $(<$scalar: Scalar>)? ($($argument: $type),*) $(-> $result)? {
                    portable::$name($($argument),*)
                }
            }
            match level.set() {
                Set::Portable => portable::$name($($argument),*),
                // SAFETY: a level of this set exists only where the CPU was found to have its instructions.
                #[cfg(target_arch = "x86_64")]
                Set::Avx2 => unsafe { x86::avx2($($argument),*) },
                // SAFETY: as above.
                #[cfg(target_arch = "x86_64")]
                Set::Avx512 => unsafe { x86::avx512($($argument),*) },
            }
        }
    };
}

for_every_level! {
    /// `standardized[i] = factor[i] · pixels[i] + offset[i]`. Overwrites `standardized`.
    standardize<T>(pixels: &[u8], factor: &[T], offset: &[T], standardized: &mut [T])
}

for_every_level! {
    /// Replaces every value `z` by `1 / (1 + e^-z)`, in `f32` within a relative error of 4e-7.
    sigmoid<T>(values: &mut [T])
}

for_every_level! {
    /// Replaces every value by its exponential: in `f32` within 2 units in the last place between -87.3 and 88.7, to which
    /// arguments are clamped; in `f64` the system's, clamped to -708 and 709. NaN stays NaN.
    exp<T>(values: &mut [T])
}

for_every_level! {
    /// `sum[i] += values[i]`.
    add<T>(sum: &mut [T], values: &[T])
}

for_every_level! {
    /// `d[i] *= a[i] · (1 - a[i])`: back through the sigmoid, whose values were `a`.
    sigmoid_backward<T>(a: &[T], d: &mut [T])
}

for_every_level! {
    /// The sum of magnitudes and the sum of squares, accumulated in partial sums of `T`.
    norms<T>(values: &[T]) -> (f64, f64)
}

for_every_level! {
    /// The sum of `a[i] · b[i]`, accumulated in partial sums.
    dot(a: &[f32], b: &[f32]) -> f32
}

for_every_level! {
    /// The sum of values, accumulated in partial sums.
    sum(values: &[f32]) -> f32
}

for_every_level! {
    /// The largest magnitude, and the sum of magnitudes, accumulated in partial sums; the sum is not finite where a value is not.
    magnitudes(values: &[f32]) -> (f32, f32)
}

for_every_level! {
    /// `words[i] = values[i] · factor`, rounded to the nearest integer, ties to even, low byte first; the product must lie
    /// within 16 bits. Returns the numbers' sum.
    quantize_words(values: &[f32], factor: f32, words: &mut [[u8; 2]]) -> i32
}

for_every_level! {
    /// As [`quantize_words`], in [`Halves`].
    quantize_halves(values: &[f32], factor: f32, halves: Halves<'_>) -> i32
}

for_every_level! {
    /// As [`quantize_words`]; returns the sum of the numbers times `by`, accumulated in partial sums.
    dot_words(values: &[f32], factor: f32, by: &[f32], words: &mut [[u8; 2]]) -> f32
}

for_every_level! {
    /// As [`dot_words`], in [`Halves`].
    dot_halves(values: &[f32], factor: f32, by: &[f32], halves: Halves<'_>) -> f32
}

for_every_level! {
    /// `product[i] = a[i] · b[i]`. Overwrites `product`.
    multiply(a: &[f32], b: &[f32], product: &mut [f32])
}

for_every_level! {
    /// `y[i] = a · x[i] + b · y[i]`.
    combine<T>(a: T, x: &[T], b: T, y: &mut [T])
}

for_every_level! {
    /// A step along a velocity that decays: `velocity[i] = momentum · velocity[i] + d_w[i]`, `w[i] -= learning_rate · velocity[i]`.
    descend<T>(pace: Descent<T>, d_w: &[T], velocity: &mut [T], w: &mut [T])
}

for_every_level! {
    /// As [`descend`], looking ahead: `w[i] -= learning_rate · (d_w[i] + momentum · velocity[i])`, by the new velocity.
    descend_ahead<T>(pace: Descent<T>, d_w: &[T], velocity: &mut [T], w: &mut [T])
}

for_every_level! {
    /// A step by the ratio of two moments: `first[i] += new_first · (d_w[i] - first[i])`,
    /// `second[i] = beta2 · second[i] + new_second · d_w[i]²`, `w[i] -= length · first[i] / (sqrt(second[i]) · of_root + epsilon)`.
    adapt<T>(by: Moments<T>, d_w: &[T], moments: [&mut [T]; 2], w: &mut [T])
}

for_every_level! {
    /// Overwrites the lines `to` by pixels of those of `from`: `indices` has, for each of four, the index of a pixel (counted from the
    /// first pixel of `from`), or nothing, which makes a zero.
    scatter(indices: &[[Option<u32>; QUAD]], from: &[Line], to: &mut [Line])
}

for_every_level! {
    /// The mean of values, and the sum of the squares of their distances from it, accumulated in partial sums.
    moments<T>(values: &[T]) -> (T, T)
}

for_every_level! {
    /// The sums of `d[i] x[i]` and of `d[i]`, accumulated in partial sums.
    product_sums<T>(d: &[T], x: &[T]) -> (T, T)
}

for_every_level! {
    /// By a mean, a factor, a gain and a bias of all: `x[i] = (z[i] - mean) factor`, which overwrites `x`, and `z[i] = gain x[i] + bias`.
    normalize_unit<T>(line: [T; 4], z: &mut [T], x: &mut [T])
}

for_every_level! {
    /// By a factor, a mean and a slope of all: `d[i] = factor (d[i] - mean - x[i] slope)`.
    denormalize_unit<T>(line: [T; 3], x: &[T], d: &mut [T])
}

for_every_level! {
    /// `squares[i] += (values[i] - mean[i])²`.
    add_deviations<T>(mean: &[T], values: &[T], squares: &mut [T])
}

for_every_level! {
    /// `sums[i] += a[i] · b[i]`.
    add_products<T>(a: &[T], b: &[T], sums: &mut [T])
}

for_every_level! {
    /// As [`normalize_unit`], with numbers of each `i`.
    normalize<T>(by: Normal<'_, T>, z: &mut [T], x: &mut [T])
}

for_every_level! {
    /// `d[i] = gain[i] factor[i] (d[i] - mean[i] inverse - x[i] bias[i] inverse)`, where `mean` has the sums of all images' `d[i]` and `bias`
    /// those of `d[i] x[i]`. The last argument is `(x, d)`.
    denormalize<T>(by: Normal<'_, T>, inverse: T, numbers: (&[T], &mut [T]))
}

for_every_level! {
    /// Of one unit: `values[i]` becomes 0 where the hash of `keys[i]` and the unit says so, and else is multiplied by a factor.
    drop_of_unit<T>(drop: LeftOut<T>, keys: &[u32], values: &mut [T])
}

for_every_level! {
    /// The same of one image, which has `key`, and its units from the first on.
    drop_of_image<T>(drop: LeftOut<T>, key: u32, values: &mut [T])
}

/// Asks for some numbers from an address on, which will be read soon, and need not be there. Nothing is read.
#[inline(always)]
pub fn ask_for<T>(address: *const T, numbers: usize) {
    #[cfg(target_arch = "x86_64")]
    {
        const LINE: usize = 64;
        for line in 0..(numbers * size_of::<T>()).div_ceil(LINE) {
            #[allow(unused_unsafe)] // newer compilers know that it is safe
            // SAFETY: a prefetch of any address is sound, and every 64-bit CPU has it.
            unsafe {
                use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
                _mm_prefetch::<_MM_HINT_T0>(address.cast::<u8>().wrapping_add(line * LINE).cast());
            }
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (address, numbers);
}

for_every_level! {
    /// The gradient from its sums: `d_w[i] = (d_w[i] - sum · mean[i]) · factor[i]`.
    centre(sum: f32, mean: &[f32], factor: &[f32], d_w: &mut [f32])
}

for_every_level! {
    /// `sums[i] += (values[i] - from)²`.
    add_squares(from: f32, values: &[f32], sums: &mut [f32])
}

for_every_level! {
    /// What the points `(xs[i], ys[i])` do to the point `(x, y)` by Student's kernel `q[i] = 1 / (1 + dx[i]² + dy[i]²)`, where
    /// `dx[i] = x - xs[i]`: the sums of `q[i]`, `q[i]² dx[i]` and `q[i]² dy[i]`, accumulated in partial sums.
    repel(point: [f32; 2], xs: &[f32], ys: &[f32]) -> [f32; 3]
}

for_every_level! {
    /// As [`repel`], weighted: the sums of `weights[i] q[i] dx[i]` and `weights[i] q[i] dy[i]`.
    attract(point: [f32; 2], xs: &[f32], ys: &[f32], weights: &[f32]) -> [f32; 2]
}
