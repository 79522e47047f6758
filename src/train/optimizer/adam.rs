//! Adam.

use ndarray::Axis;

use super::{Optimizer, Pace, Row, weight_of};
use crate::kernels::{self, Level, Moments};
use crate::scalar::Scalar;

/// Adam: `m = beta1 m + (1 - beta1) d_w`, `v = beta2 v + (1 - beta2) d_w²`, and, with both divided by the sum of their weights,
/// `w = w - learning_rate m / (sqrt(v) + epsilon)` (D. Kingma, J. Ba, 2014, algorithm 1).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adam<T> {
    /// The share of the first moment that is kept, in `0..1`.
    pub beta1: f64,
    /// The share of the second moment that is kept, in `0..1`.
    pub beta2: f64,
    /// What is added to the root of the second moment.
    pub epsilon: T,
    /// The instructions that its kernels may use.
    pub level: Level,
}

impl<T: Scalar> Optimizer<T> for Adam<T> {
    fn slots(&self) -> usize {
        2
    }

    fn pace(&self, learning_rate: T, step: u64) -> Pace<T> {
        Pace {
            length: T::of(learning_rate.wide() / weight_of(self.beta1, step)),
            of_root: T::of(weight_of(self.beta2, step).sqrt().recip()),
        }
    }

    fn update(&self, pace: Pace<T>, row: Row<'_, T>) {
        let Row {
            parameters,
            gradient,
            slots,
        } = row;
        let (mut first, mut second) = slots.split_at(Axis(0), 1);
        let first = first.as_slice_mut().expect("contiguous rows");
        let mut second = second.row_mut(0);
        let second = second.as_slice_mut().expect("contiguous rows");
        let moments = Moments {
            length: pace.length,
            of_root: pace.of_root,
            epsilon: self.epsilon,
            new_first: T::of(1.0 - self.beta1),
            beta2: T::of(self.beta2),
            new_second: T::of(1.0 - self.beta2),
        };
        kernels::adapt(self.level, moments, gradient, [first, second], parameters);
    }
}
