//! Stochastic gradient descent.

use super::{Optimizer, Pace, Row};
use crate::kernels::{self, Descent, Level};
use crate::scalar::Scalar;

/// Stochastic gradient descent with momentum: `v = momentum v + d_w`, `w = w - learning_rate v`; looking ahead, `w = w - learning_rate
/// (d_w + momentum v)`. Without momentum nothing is remembered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sgd<T> {
    /// The share of the last step's velocity that is kept, in `0..1`.
    pub momentum: T,
    /// Whether the step looks ahead along the velocity, as Nesterov's does.
    pub nesterov: bool,
    /// The instructions that its kernels may use.
    pub level: Level,
}

impl<T: Scalar> Optimizer<T> for Sgd<T> {
    fn slots(&self) -> usize {
        usize::from(self.momentum != T::zero())
    }

    fn pace(&self, learning_rate: T, _step: u64) -> Pace<T> {
        Pace {
            length: learning_rate,
            of_root: T::one(),
        }
    }

    fn update(&self, pace: Pace<T>, row: Row<'_, T>) {
        let Self {
            momentum,
            nesterov,
            level,
        } = *self;
        let Row {
            parameters,
            gradient,
            mut slots,
        } = row;
        if momentum == T::zero() {
            kernels::combine(level, -pace.length, gradient, T::one(), parameters);
            return;
        }
        let mut velocity = slots.row_mut(0);
        let velocity = velocity.as_slice_mut().expect("contiguous rows");
        let descent = Descent {
            learning_rate: pace.length,
            momentum,
        };
        if nesterov {
            kernels::descend_ahead(level, descent, gradient, velocity, parameters);
        } else {
            kernels::descend(level, descent, gradient, velocity, parameters);
        }
    }
}
