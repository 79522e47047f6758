//! The exponential and the sigmoid.

use crate::scalar::Scalar;

/// See [`crate::kernels::exp`].
#[inline(always)]
pub fn exp<T: Scalar>(values: &mut [T]) {
    for value in values {
        *value = value.exp_clamped();
    }
}

/// See [`crate::kernels::sigmoid`].
#[inline(always)]
pub fn sigmoid<T: Scalar>(values: &mut [T]) {
    for value in values {
        *value = T::one() / (T::one() + (-*value).exp_clamped());
    }
}

/// See [`crate::kernels::sigmoid_backward`].
#[inline(always)]
pub fn sigmoid_backward<T: Scalar>(a: &[T], d: &mut [T]) {
    for (d, &a) in d.iter_mut().zip(a) {
        *d *= a * (T::one() - a);
    }
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
}
