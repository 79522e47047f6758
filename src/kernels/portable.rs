//! Kernels in plain Rust: the bodies of all levels. The parent module says what each computes.

use super::QUAD;
use super::pack::Line;
use crate::scalar::Scalar;

/// Lanes of the sums below: enough independent ones that the compiler can keep two vectors of any width busy.
const LANES: usize = 32;

/// See [`super::standardize`].
#[inline(always)]
pub fn standardize<T: Scalar>(pixels: &[u8], factor: &[T], offset: &[T], standardized: &mut [T]) {
    for (((standardized, &pixel), &factor), &offset) in
        standardized.iter_mut().zip(pixels).zip(factor).zip(offset)
    {
        *standardized = factor * T::of_pixel(pixel) + offset;
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

/// Calls `each` for all values in groups of [`LANES`], the last one filled up with zeros.
#[inline(always)]
fn by_lanes<T: Scalar>(values: &[T], mut each: impl FnMut(&[T; LANES])) {
    let (groups, rest) = values.as_chunks::<LANES>();
    groups.iter().for_each(&mut each);
    if !rest.is_empty() {
        let mut last = [T::zero(); LANES];
        last[..rest.len()].copy_from_slice(rest);
        each(&last);
    }
}

/// All lanes joined: the upper half with the lower, again and again. One after the other would take longer than what they come
/// from, where that is a row of a block.
#[inline(always)]
fn joined<T: Copy>(lanes: [T; LANES], join: impl Fn(T, T) -> T) -> T {
    let lanes: [T; 16] = std::array::from_fn(|lane| join(lanes[lane], lanes[lane + 16]));
    let lanes: [T; 8] = std::array::from_fn(|lane| join(lanes[lane], lanes[lane + 8]));
    let lanes: [T; 4] = std::array::from_fn(|lane| join(lanes[lane], lanes[lane + 4]));
    let lanes: [T; 2] = std::array::from_fn(|lane| join(lanes[lane], lanes[lane + 2]));
    join(lanes[0], lanes[1])
}

/// See [`super::norms`].
#[inline(always)]
pub fn norms<T: Scalar>(values: &[T]) -> (f64, f64) {
    let (mut magnitudes, mut squares) = ([T::zero(); LANES], [T::zero(); LANES]);
    by_lanes(values, |values| {
        for lane in 0..LANES {
            magnitudes[lane] += values[lane].abs();
            squares[lane] += values[lane] * values[lane];
        }
    });
    let total = |lanes: [T; LANES]| joined(lanes.map(Scalar::wide), |a, b| a + b);
    (total(magnitudes), total(squares))
}

/// See [`super::magnitudes`].
#[inline(always)]
pub fn magnitudes(values: &[f32]) -> (f32, f32) {
    // A comparison that is false for NaN; the sum does not lose it.
    let larger = |a: f32, b: f32| if a > b { a } else { b };
    let (mut largest, mut sums) = ([0.0_f32; LANES], [0.0_f32; LANES]);
    by_lanes(values, |values| {
        for lane in 0..LANES {
            let magnitude = values[lane].abs();
            largest[lane] = larger(magnitude, largest[lane]);
            sums[lane] += magnitude;
        }
    });
    (joined(largest, larger), joined(sums, |a, b| a + b))
}

/// What makes a number's nearest integer, ties to even, appear in its low bits: 1.5 · 2²³.
const ROUND: f32 = 12_582_912.0;

/// The nearest integer of a number within 22 bits, and the same as a number.
#[inline(always)]
fn nearest(value: f32) -> (i32, f32) {
    let shifted = value + ROUND;
    let integer = (shifted.to_bits() as i32).wrapping_sub(ROUND.to_bits() as i32);
    (integer, shifted - ROUND)
}

/// See [`super::quantize_words`].
#[inline(always)]
pub fn quantize_words(values: &[f32], factor: f32, words: &mut [[u8; 2]]) -> i32 {
    let mut sum = 0_i32;
    for (word, &value) in words.iter_mut().zip(values) {
        let number = nearest(value * factor).0 as i16;
        *word = number.to_le_bytes();
        sum = sum.wrapping_add(number.into());
    }
    sum
}

/// See [`super::quantize_halves`].
#[inline(always)]
pub fn quantize_halves(values: &[f32], factor: f32, high: &mut [u8], low: &mut [u8]) -> i32 {
    let mut sum = 0_i32;
    for ((high, low), &value) in high.iter_mut().zip(low).zip(values) {
        let number = nearest(value * factor).0;
        *high = high_half(number);
        *low = number as u8;
        sum = sum.wrapping_add((number as i16).into());
    }
    sum
}

/// See [`super::dot_words`].
#[inline(always)]
pub fn dot_words(values: &[f32], factor: f32, by: &[f32], words: &mut [[u8; 2]]) -> f32 {
    let mut sums = [0.0_f32; LANES];
    let (values, last_values) = values.as_chunks::<LANES>();
    let (by, last_by) = by.as_chunks::<LANES>();
    let (words, last_words) = words.as_chunks_mut::<LANES>();
    for ((values, by), words) in values.iter().zip(by).zip(words) {
        let numbers = rounded_and_added(values, factor, by, &mut sums);
        *words = numbers.map(|number| (number as i16).to_le_bytes());
    }
    let last = last_values.iter().zip(last_by).zip(last_words);
    for (((value, by), word), sum) in last.zip(&mut sums) {
        let (number, rounded) = nearest(value * factor);
        *word = (number as i16).to_le_bytes();
        *sum += rounded * by;
    }
    joined(sums, |a, b| a + b)
}

/// See [`super::dot_halves`].
#[inline(always)]
pub fn dot_halves(values: &[f32], factor: f32, by: &[f32], high: &mut [u8], low: &mut [u8]) -> f32 {
    let mut sums = [0.0_f32; LANES];
    let (values, last_values) = values.as_chunks::<LANES>();
    let (by, last_by) = by.as_chunks::<LANES>();
    let (high, last_high) = high.as_chunks_mut::<LANES>();
    let (low, last_low) = low.as_chunks_mut::<LANES>();
    for (((values, by), high), low) in values.iter().zip(by).zip(high).zip(low) {
        let numbers = rounded_and_added(values, factor, by, &mut sums);
        *high = numbers.map(high_half);
        *low = numbers.map(|number| number as u8);
    }
    let last = last_values.iter().zip(last_by).zip(last_high).zip(last_low);
    for ((((value, by), high), low), sum) in last.zip(&mut sums) {
        let (number, rounded) = nearest(value * factor);
        (*high, *low) = (high_half(number), number as u8);
        *sum += rounded * by;
    }
    joined(sums, |a, b| a + b)
}

/// What is to be multiplied with 256, where the rest is a byte with a sign.
#[inline(always)]
fn high_half(number: i32) -> u8 {
    (number.wrapping_add(128) >> 8) as u8
}

/// The numbers of a group; adds their products to the lanes.
#[inline(always)]
fn rounded_and_added(
    values: &[f32; LANES],
    factor: f32,
    by: &[f32; LANES],
    sums: &mut [f32; LANES],
) -> [i32; LANES] {
    let mut numbers = [0; LANES];
    for lane in 0..LANES {
        let (number, rounded) = nearest(values[lane] * factor);
        sums[lane] += rounded * by[lane];
        numbers[lane] = number;
    }
    numbers
}

/// See [`super::multiply`].
#[inline(always)]
pub fn multiply(a: &[f32], b: &[f32], product: &mut [f32]) {
    for ((product, a), b) in product.iter_mut().zip(a).zip(b) {
        *product = a * b;
    }
}

/// See [`super::combine`].
#[inline(always)]
pub fn combine<T: Scalar>(a: T, x: &[T], b: T, y: &mut [T]) {
    for (y, &x) in y.iter_mut().zip(x) {
        *y = a * x + b * *y;
    }
}

/// See [`super::descend`].
#[inline(always)]
pub fn descend<T: Scalar>(
    learning_rate: T,
    momentum: T,
    d_w: &[T],
    velocity: &mut [T],
    w: &mut [T],
) {
    for ((w, &d_w), velocity) in w.iter_mut().zip(d_w).zip(velocity) {
        *velocity = momentum * *velocity + d_w;
        *w -= learning_rate * *velocity;
    }
}

/// See [`super::pack::Lines::scatter`].
#[inline(always)]
pub fn scatter(places: &[[Option<u32>; QUAD]], from: &[Line], to: &mut [Line]) {
    for (places, to) in places.iter().zip(to) {
        let mut quads = [0_u32; super::COLUMNS];
        for (to, place) in places.iter().enumerate() {
            let Some(place) = place.map(|place| place as usize) else {
                continue;
            };
            let (from, _) = from[place / QUAD].0.as_chunks::<QUAD>();
            let right = place % QUAD * 8;
            for (quad, &from) in quads.iter_mut().zip(from) {
                *quad |= (u32::from_le_bytes(from) >> right & 0xFF) << (to * 8);
            }
        }
        for (to, quad) in to.0.as_chunks_mut().0.iter_mut().zip(quads) {
            *to = quad.to_le_bytes();
        }
    }
}

/// See [`super::centre`].
#[inline(always)]
pub fn centre(sum: f32, mean: &[f32], factor: &[f32], d_w: &mut [f32]) {
    for ((d_w, &mean), &factor) in d_w.iter_mut().zip(mean).zip(factor) {
        *d_w = (*d_w - sum * mean) * factor;
    }
}

/// See [`super::add_squares`].
#[inline(always)]
pub fn add_squares(from: f32, values: &[f32], sums: &mut [f32]) {
    for (sum, &value) in sums.iter_mut().zip(values) {
        let difference = value - from;
        *sum += difference * difference;
    }
}

/// Lanes of the forces' sums: a division keeps a vector's unit busier than the chain of additions behind it.
const FORCE_LANES: usize = 16;

/// See [`super::repel`].
#[inline(always)]
pub fn repel(x: f32, y: f32, xs: &[f32], ys: &[f32]) -> [f32; 3] {
    let mut sums = [[0.0_f32; FORCE_LANES]; 3];
    let mut each = |lane: usize, other_x: f32, other_y: f32| {
        let (dx, dy) = (x - other_x, y - other_y);
        let q = 1.0 / (1.0 + dx * dx + dy * dy);
        sums[0][lane] += q;
        sums[1][lane] += q * q * dx;
        sums[2][lane] += q * q * dy;
    };
    let ((xs, last_xs), (ys, last_ys)) = (xs.as_chunks(), ys.as_chunks());
    for (xs, ys) in xs.iter().zip(ys) {
        let (xs, ys): (&[f32; FORCE_LANES], &[f32; FORCE_LANES]) = (xs, ys);
        for lane in 0..FORCE_LANES {
            each(lane, xs[lane], ys[lane]);
        }
    }
    for (lane, (&x, &y)) in last_xs.iter().zip(last_ys).enumerate() {
        each(lane, x, y);
    }
    sums.map(|lanes| lanes.iter().sum())
}

/// See [`super::attract`].
#[inline(always)]
pub fn attract(x: f32, y: f32, xs: &[f32], ys: &[f32], weights: &[f32]) -> [f32; 2] {
    let mut sums = [[0.0_f32; FORCE_LANES]; 2];
    let mut each = |lane: usize, other_x: f32, other_y: f32, weight: f32| {
        let (dx, dy) = (x - other_x, y - other_y);
        let q = weight / (1.0 + dx * dx + dy * dy);
        sums[0][lane] += q * dx;
        sums[1][lane] += q * dy;
    };
    let (xs, last_xs) = xs.as_chunks::<FORCE_LANES>();
    let (ys, last_ys) = ys.as_chunks::<FORCE_LANES>();
    let (weights, last_weights) = weights.as_chunks::<FORCE_LANES>();
    for ((xs, ys), weights) in xs.iter().zip(ys).zip(weights) {
        for lane in 0..FORCE_LANES {
            each(lane, xs[lane], ys[lane], weights[lane]);
        }
    }
    let last = last_xs.iter().zip(last_ys).zip(last_weights);
    for (lane, ((&x, &y), &weight)) in last.enumerate() {
        each(lane, x, y, weight);
    }
    sums.map(|lanes| lanes.iter().sum())
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
