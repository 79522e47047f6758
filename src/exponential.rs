//! The exponential in `f32`, and the rounding that it is made with: beneath both the [`Scalar`](crate::scalar::Scalar) that offers it
//! and the kernels.

/// What makes a number's nearest integer, ties to even, appear in its low bits: 1.5 · 2²³.
const ROUND: f32 = 12_582_912.0;

/// The integer nearest to a value within 22 bits, ties to even: as an integer, and as a floating-point number.
#[inline(always)]
pub(crate) fn nearest(value: f32) -> (i32, f32) {
    let shifted = value + ROUND;
    let integer = (shifted.to_bits() as i32).wrapping_sub(ROUND.to_bits() as i32);
    (integer, shifted - ROUND)
}

/// `e^x`, within 2 units in the last place between -87.3 and 88.7, to which arguments are clamped; NaN stays NaN.
///
/// `e^x = 2^n e^r` with `n` the integer nearest to `x / ln 2`, `|r| <= ln 2 / 2`, and `e^r` by its Taylor polynomial of
/// degree 7 (remainder below 5e-9). ln 2 is split in two so
/// that `n` times the first part is exact (W. Cody, W. Waite, "Software Manual for the Elementary Functions", 1980).
#[inline(always)]
pub(crate) fn exp_f32(x: f32) -> f32 {
    const LOWEST: f32 = -87.3;
    const HIGHEST: f32 = 88.7;
    const LN_2_HIGH: f32 = 355.0 / 512.0;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    // These comparisons are false for NaN, so that it passes.
    let x = if x < LOWEST { LOWEST } else { x };
    let x = if x > HIGHEST { HIGHEST } else { x };
    let (power_of_2, n) = nearest(x * std::f32::consts::LOG2_E);
    let r = (x - n * LN_2_HIGH) - n * LN_2_LOW;
    let mut polynomial = 1.0 / 5040.0;
    for coefficient in [
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
        1.0,
    ] {
        polynomial = polynomial * r + coefficient;
    }
    // 2^n in two factors: n = 128 is within the range, and 2¹²⁸ is no f32.
    let half = power_of_2 >> 1;
    let power = |n: i32| f32::from_bits((n.wrapping_add(127) as u32) << 23);
    polynomial * power(half) * power(power_of_2.wrapping_sub(half))
}
