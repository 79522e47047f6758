//! Kernels in plain Rust: the bodies of all levels. The parent module says what each computes.

use crate::scalar::Scalar;

/// Lanes of the sums below: enough independent ones that the compiler can keep two vectors of any width busy.
const LANES: usize = 16;

/// See [`super::scale`].
#[inline(always)]
pub fn scale<T: Scalar>(pixels: &[u8], factor: &[T], offset: &[T], scaled: &mut [T]) {
    for (((scaled, &pixel), &factor), &offset) in
        scaled.iter_mut().zip(pixels).zip(factor).zip(offset)
    {
        *scaled = factor * T::of_pixel(pixel) + offset;
    }
}

/// See [`super::exp`].
#[inline(always)]
pub fn exp<T: Scalar>(values: &mut [T]) {
    for value in values {
        *value = value.exp_clamped();
    }
}

/// `e^x` in `f32`, for [`super::exp`].
///
/// `e^x = 2^n e^r` with `n` the integer nearest to `x / ln 2`, `|r| <= ln 2 / 2`, and `e^r` by its Taylor polynomial of
/// degree 7 (remainder below 5e-9). `n` appears in the low bits of `x / ln 2 + 1.5 · 2²³`; ln 2 is split in two
/// so that `n` times the first part is exact (W. Cody, W. Waite, "Software Manual for the Elementary Functions", 1980).
#[inline(always)]
pub fn exp_f32(x: f32) -> f32 {
    const LOWEST: f32 = -87.3;
    const HIGHEST: f32 = 88.7;
    const ROUND: f32 = 12_582_912.0; // 1.5 · 2²³
    const LN_2_HIGH: f32 = 355.0 / 512.0;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    // Comparisons that are false for NaN, so that it passes.
    let x = if x < LOWEST { LOWEST } else { x };
    let x = if x > HIGHEST { HIGHEST } else { x };
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
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
    let n = (shifted.to_bits() as i32).wrapping_sub(ROUND.to_bits() as i32);
    let half = n >> 1;
    let power = |n: i32| f32::from_bits((n.wrapping_add(127) as u32) << 23);
    polynomial * power(half) * power(n.wrapping_sub(half))
}

/// See [`super::sigmoid`].
#[inline(always)]
pub fn sigmoid<T: Scalar>(values: &mut [T]) {
    for value in values {
        *value = T::one() / (T::one() + (-*value).exp_clamped());
    }
}

/// See [`super::add`].
#[inline(always)]
pub fn add<T: Scalar>(sum: &mut [T], values: &[T]) {
    for (sum, &value) in sum.iter_mut().zip(values) {
        *sum += value;
    }
}

/// See [`super::sigmoid_backward`].
#[inline(always)]
pub fn sigmoid_backward<T: Scalar>(a: &[T], d: &mut [T]) {
    for (d, &a) in d.iter_mut().zip(a) {
        *d *= a * (T::one() - a);
    }
}

/// See [`super::norms`].
#[inline(always)]
pub fn norms<T: Scalar>(values: &[T]) -> (f64, f64) {
    let (mut magnitudes, mut squares) = ([T::zero(); LANES], [T::zero(); LANES]);
    let (chunks, rest) = values.as_chunks::<LANES>();
    for chunk in chunks {
        for lane in 0..LANES {
            magnitudes[lane] += chunk[lane].abs();
            squares[lane] += chunk[lane] * chunk[lane];
        }
    }
    for (lane, &value) in rest.iter().enumerate() {
        magnitudes[lane] += value.abs();
        squares[lane] += value * value;
    }
    let total = |lanes: [T; LANES]| lanes.iter().map(|lane| lane.wide()).sum();
    (total(magnitudes), total(squares))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_within_two_units_in_the_last_place() {
        let arguments: Vec<f32> = (-873_000..=887_000)
            .map(|step| step as f32 * 1e-4)
            .collect();
        let mut values = arguments.clone();
        exp(&mut values);
        for (x, value) in arguments.iter().zip(values) {
            let truth = f64::from(*x).exp();
            let unit = f64::from((truth as f32).next_up()) - f64::from(truth as f32);
            assert!(
                (f64::from(value) - truth).abs() <= 2.0 * unit,
                "e^{x} = {truth}, got {value}"
            );
        }
    }

    #[test]
    fn exp_clamps_infinities_and_keeps_nan() {
        let mut values = [
            f32::NEG_INFINITY,
            -1e30,
            -100.0,
            -0.0,
            0.0,
            100.0,
            f32::INFINITY,
            f32::NAN,
        ];
        exp(&mut values);
        assert!(
            values[..3]
                .iter()
                .all(|&value| value > 0.0 && value < 2e-38),
            "{values:?}"
        );
        assert_eq!(values[3..5], [1.0, 1.0]);
        assert!(
            values[5..7]
                .iter()
                .all(|&value| value.is_finite() && value > 3e38),
            "{values:?}"
        );
        assert!(values[7].is_nan());
    }

    #[test]
    fn sigmoid_is_the_sigmoid() {
        let arguments: Vec<f64> = (-400..=400).map(|step| f64::from(step) * 0.1).collect();
        let mut wide = arguments.clone();
        sigmoid(&mut wide);
        let mut narrow: Vec<f32> = arguments.iter().map(|&x| x as f32).collect();
        let exact: Vec<f64> = narrow
            .iter()
            .map(|&x| 1.0 / (1.0 + (-f64::from(x)).exp()))
            .collect();
        sigmoid(&mut narrow);
        for (place, x) in arguments.iter().enumerate() {
            assert_eq!(wide[place], 1.0 / (1.0 + (-x).exp()));
            let error = (f64::from(narrow[place]) - exact[place]).abs() / exact[place];
            assert!(error < 4e-7, "sigmoid({x}): relative error {error}");
        }
    }

    #[test]
    fn norms_of_every_length() {
        for length in 0..40 {
            let values: Vec<f64> = (0..length).map(|i| f64::from(i) * 0.5 - 7.0).collect();
            let (magnitudes, squares) = norms(&values);
            assert_eq!(magnitudes, values.iter().map(|x| x.abs()).sum::<f64>());
            assert_eq!(squares, values.iter().map(|x| x * x).sum::<f64>());
        }
    }
}
