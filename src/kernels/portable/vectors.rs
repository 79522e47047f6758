//! Sums and products of vectors, element by element.

use crate::scalar::Scalar;

/// See [`crate::kernels::add`].
#[inline(always)]
pub fn add<T: Scalar>(sum: &mut [T], values: &[T]) {
    for (sum, &value) in sum.iter_mut().zip(values) {
        *sum += value;
    }
}

/// See [`crate::kernels::multiply`].
#[inline(always)]
pub fn multiply(a: &[f32], b: &[f32], product: &mut [f32]) {
    for ((product, a), b) in product.iter_mut().zip(a).zip(b) {
        *product = a * b;
    }
}

/// See [`crate::kernels::combine`].
#[inline(always)]
pub fn combine<T: Scalar>(a: T, x: &[T], b: T, y: &mut [T]) {
    for (y, &x) in y.iter_mut().zip(x) {
        *y = a * x + b * *y;
    }
}

/// How fast [`crate::kernels::descend`] goes.
#[derive(Clone, Copy, Debug)]
pub struct Descent<T> {
    /// How much of the velocity a weight moves by.
    pub learning_rate: T,
    /// How much of the velocity stays.
    pub momentum: T,
}

/// See [`crate::kernels::descend`].
#[inline(always)]
pub fn descend<T: Scalar>(pace: Descent<T>, d_w: &[T], velocity: &mut [T], w: &mut [T]) {
    let Descent {
        learning_rate,
        momentum,
    } = pace;
    for ((w, &d_w), velocity) in w.iter_mut().zip(d_w).zip(velocity) {
        *velocity = momentum * *velocity + d_w;
        *w -= learning_rate * *velocity;
    }
}

/// See [`crate::kernels::descend_ahead`].
#[inline(always)]
pub fn descend_ahead<T: Scalar>(pace: Descent<T>, d_w: &[T], velocity: &mut [T], w: &mut [T]) {
    let Descent {
        learning_rate,
        momentum,
    } = pace;
    for ((w, &d_w), velocity) in w.iter_mut().zip(d_w).zip(velocity) {
        *velocity = momentum * *velocity + d_w;
        *w -= learning_rate * (d_w + momentum * *velocity);
    }
}

/// What [`crate::kernels::adapt`] does with two moments of a gradient.
#[derive(Clone, Copy, Debug)]
pub struct Moments<T> {
    /// The factor of the ratio of moments that a weight moves by.
    pub length: T,
    /// The factor of the root of the second moment.
    pub of_root: T,
    /// What is added to that.
    pub epsilon: T,
    /// The weight of a new number in the first moment.
    pub new_first: T,
    /// The share of the second moment that is kept.
    pub beta2: T,
    /// The weight of a new square in the second moment.
    pub new_second: T,
}

/// See [`crate::kernels::adapt`].
#[inline(always)]
pub fn adapt<T: Scalar>(by: Moments<T>, d_w: &[T], moments: [&mut [T]; 2], w: &mut [T]) {
    let [first, second] = moments;
    let all = w.iter_mut().zip(d_w).zip(first).zip(second);
    for (((w, &d_w), first), second) in all {
        *first += by.new_first * (d_w - *first);
        *second = by.beta2 * *second + by.new_second * d_w * d_w;
        *w -= by.length * *first / (second.sqrt() * by.of_root + by.epsilon);
    }
}

/// See [`crate::kernels::centre`].
#[inline(always)]
pub fn centre(sum: f32, mean: &[f32], factor: &[f32], d_w: &mut [f32]) {
    for ((d_w, &mean), &factor) in d_w.iter_mut().zip(mean).zip(factor) {
        *d_w = (*d_w - sum * mean) * factor;
    }
}

/// See [`crate::kernels::add_squares`].
#[inline(always)]
pub fn add_squares(from: f32, values: &[f32], sums: &mut [f32]) {
    for (sum, &value) in sums.iter_mut().zip(values) {
        let difference = value - from;
        *sum += difference * difference;
    }
}
