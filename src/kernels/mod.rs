//! Loops over plain slices, where the time goes that the products leave.
//!
//! A kernel takes slices, returns numbers at most, allocates nothing, spawns nothing and knows no model. Its body is plain
//! Rust in [`portable`], written so that the compiler vectorises it; the functions here run that same body
//! compiled for the instructions that a [`Level`] promises. Rust contracts no multiplication and addition into one
//! rounding, so every level gives the same bits.

#![allow(unsafe_code)]

mod level;
pub mod peak;
pub mod portable;

pub use level::Level;
use level::Set;

use crate::scalar::Scalar;

/// Compiles a portable kernel for every level: a safe entry that matches on the level, and under it one function a set
/// of instructions. A macro, because the alternative is three copies of every signature.
macro_rules! for_every_level {
    ($(#[$doc:meta])* $name:ident<$scalar:ident>($($argument:ident: $type:ty),*) $(-> $result:ty)?) => {
        $(#[$doc])*
        #[inline]
        pub fn $name<$scalar: Scalar>(level: Level, $($argument: $type),*) $(-> $result)? {
            #[cfg(target_arch = "x86_64")]
            mod x86 {
                use super::*;

                #[target_feature(enable = "avx2,fma")]
                pub(super) fn avx2<$scalar: Scalar>($($argument: $type),*) $(-> $result)? {
                    portable::$name($($argument),*)
                }

                #[target_feature(enable = "avx2,fma,avx512f,avx512bw")]
                pub(super) fn avx512<$scalar: Scalar>($($argument: $type),*) $(-> $result)? {
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
    /// `scaled[i] = factor[i] · pixels[i] + offset[i]`: stages pixels. Overwrites `scaled`.
    scale<T>(pixels: &[u8], factor: &[T], offset: &[T], scaled: &mut [T])
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
    /// The sum of magnitudes and the sum of squares, accumulated in lanes of `T`.
    norms<T>(values: &[T]) -> (f64, f64)
}
