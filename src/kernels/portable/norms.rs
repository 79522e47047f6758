//! Batch normalisation: of one unit for many images, and of one image for many units.

use super::sums::{LANES, joined};
use crate::scalar::Scalar;

/// Of each unit, a line: `gain (z - mean) factor + bias`.
#[derive(Clone, Copy, Debug)]
pub struct Normal<'a, T> {
    /// What is taken away.
    pub mean: &'a [T],
    /// The factor of what is left.
    pub factor: &'a [T],
    /// The factor of that.
    pub gain: &'a [T],
    /// What is added.
    pub bias: &'a [T],
}

/// See [`crate::kernels::moments`].
#[inline(always)]
pub fn moments<T: Scalar>(values: &[T]) -> (T, T) {
    let add = |a: T, b: T| a + b;
    let (groups, rest) = values.as_chunks::<LANES>();
    let mut sums = [T::zero(); LANES];
    for group in groups {
        for lane in 0..LANES {
            sums[lane] += group[lane];
        }
    }
    for (sum, &value) in sums.iter_mut().zip(rest) {
        *sum += value;
    }
    let mean = joined(sums, add) / T::of(values.len() as f64);
    let mut squares = [T::zero(); LANES];
    for group in groups {
        for lane in 0..LANES {
            let distance = group[lane] - mean;
            squares[lane] += distance * distance;
        }
    }
    for (square, &value) in squares.iter_mut().zip(rest) {
        *square += (value - mean) * (value - mean);
    }
    (mean, joined(squares, add))
}

/// See [`crate::kernels::product_sums`].
#[inline(always)]
pub fn product_sums<T: Scalar>(d: &[T], x: &[T]) -> (T, T) {
    let add = |a: T, b: T| a + b;
    let ((d, last_d), (x, last_x)) = (d.as_chunks::<LANES>(), x.as_chunks::<LANES>());
    let (mut products, mut sums) = ([T::zero(); LANES], [T::zero(); LANES]);
    for (d, x) in d.iter().zip(x) {
        for lane in 0..LANES {
            products[lane] += d[lane] * x[lane];
            sums[lane] += d[lane];
        }
    }
    let last = last_d.iter().zip(last_x);
    for ((product, sum), (&d, &x)) in products.iter_mut().zip(&mut sums).zip(last) {
        *product += d * x;
        *sum += d;
    }
    (joined(products, add), joined(sums, add))
}

/// See [`crate::kernels::normalize_unit`].
#[inline(always)]
pub fn normalize_unit<T: Scalar>(line: [T; 4], z: &mut [T], x: &mut [T]) {
    let [mean, factor, gain, bias] = line;
    for (z, x) in z.iter_mut().zip(x) {
        *x = (*z - mean) * factor;
        *z = gain * *x + bias;
    }
}

/// See [`crate::kernels::denormalize_unit`].
#[inline(always)]
pub fn denormalize_unit<T: Scalar>(line: [T; 3], x: &[T], d: &mut [T]) {
    let [factor, mean, slope] = line;
    for (d, &x) in d.iter_mut().zip(x) {
        *d = factor * (*d - mean - x * slope);
    }
}

/// See [`crate::kernels::add_deviations`].
#[inline(always)]
pub fn add_deviations<T: Scalar>(mean: &[T], values: &[T], squares: &mut [T]) {
    for ((square, &mean), &value) in squares.iter_mut().zip(mean).zip(values) {
        *square += (value - mean) * (value - mean);
    }
}

/// See [`crate::kernels::add_products`].
#[inline(always)]
pub fn add_products<T: Scalar>(a: &[T], b: &[T], sums: &mut [T]) {
    for ((sum, &a), &b) in sums.iter_mut().zip(a).zip(b) {
        *sum += a * b;
    }
}

/// See [`crate::kernels::normalize`].
#[inline(always)]
pub fn normalize<T: Scalar>(by: Normal<'_, T>, z: &mut [T], x: &mut [T]) {
    let units = by.mean.iter().zip(by.factor).zip(by.gain).zip(by.bias);
    for ((z, x), (((&mean, &factor), &gain), &bias)) in z.iter_mut().zip(x).zip(units) {
        *x = (*z - mean) * factor;
        *z = gain * *x + bias;
    }
}

/// See [`crate::kernels::denormalize`].
#[inline(always)]
pub fn denormalize<T: Scalar>(by: Normal<'_, T>, inverse: T, (x, d): (&[T], &mut [T])) {
    let units = by.mean.iter().zip(by.factor).zip(by.gain).zip(by.bias);
    for ((d, &x), (((&d_bias, &factor), &gain), &d_gain)) in d.iter_mut().zip(x).zip(units) {
        *d = gain * factor * (*d - d_bias * inverse - x * (d_gain * inverse));
    }
}
