//! What an epoch's last step leaves to be told.

use super::state::LastStep;
use super::step::Learner;
use crate::scalar::{Dtype, Scalar};

impl LastStep {
    /// That of the step that a network took last.
    pub(super) fn of<T: Scalar>(learner: &Learner<T>) -> Self {
        let norm = euclidean(learner.gradient());
        Self {
            learning_rate: learner.learning_rate.wide(),
            gradient_norm: Some(norm).filter(|norm| norm.is_finite()),
        }
    }
}

/// The Euclidean norm of some numbers, summed in an order of its own that threads do not change.
fn euclidean<T: Scalar>(numbers: &[T]) -> f64 {
    const SUMS: usize = 8;
    let mut sums = [0.0; SUMS];
    for numbers in numbers.chunks(SUMS) {
        for (sum, number) in sums.iter_mut().zip(numbers) {
            *sum += number.wide() * number.wide();
        }
    }
    sums.iter().sum::<f64>().sqrt()
}

/// A number of that type by its shortest decimals: 0.001 where the type has no such number.
pub(super) fn spelled(dtype: Dtype, number: f64) -> f64 {
    match dtype {
        Dtype::F32 => (number as f32).to_string().parse().unwrap_or(number),
        Dtype::F64 => number,
    }
}
