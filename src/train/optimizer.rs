//! What a step does to parameters, given their gradient.

use ndarray::ArrayViewMut2;

use crate::kernels::{self, Descent, Level};
use crate::scalar::Scalar;

/// Parameters that lie side by side, with their gradient and what the optimizer remembers of them.
#[derive(Debug)]
pub struct Row<'a, T> {
    /// The parameters.
    pub parameters: &'a mut [T],
    /// Their gradient.
    pub gradient: &'a [T],
    /// What is remembered of each, `(slots, parameters)`, with contiguous rows.
    pub slots: ArrayViewMut2<'a, T>,
}

/// An update rule: a pure function of a row, its slots and the learning rate.
pub trait Optimizer<T: Scalar>: Sync + Send + std::fmt::Debug {
    /// Numbers that are remembered of each parameter; they start at 0.
    fn slots(&self) -> usize;

    /// Moves the parameters of a row against their gradient, `learning_rate` times as far.
    fn update(&self, learning_rate: T, row: Row<'_, T>);
}

/// Stochastic gradient descent with momentum: `v = momentum v + d_w`, `w = w - learning_rate v` (B. Polyak, 1964, in the
/// form that PyTorch uses). Without momentum nothing is remembered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sgd<T> {
    /// The share of the last step's velocity that is kept, in `0..1`.
    pub momentum: T,
    /// The instructions that its kernels may use.
    pub level: Level,
}

impl<T: Scalar> Optimizer<T> for Sgd<T> {
    fn slots(&self) -> usize {
        usize::from(self.momentum != T::zero())
    }

    fn update(&self, learning_rate: T, row: Row<'_, T>) {
        let Self { momentum, level } = *self;
        let Row {
            parameters,
            gradient,
            mut slots,
        } = row;
        if momentum == T::zero() {
            kernels::combine(level, -learning_rate, gradient, T::one(), parameters);
            return;
        }
        let mut velocity = slots.row_mut(0);
        let velocity = velocity.as_slice_mut().expect("contiguous rows");
        let pace = Descent {
            learning_rate,
            momentum,
        };
        kernels::descend(level, pace, gradient, velocity, parameters);
    }
}
