//! What a step does to a parameter, given its gradient.

use ndarray::ArrayViewMut2;

use crate::kernels::{self, Descent, Level};
use crate::scalar::Scalar;

/// An update rule. It sees a run of parameters that lie side by side, and what it remembers of each.
pub trait Optimizer<T: Scalar>: Sync {
    /// Numbers that it remembers of each parameter; they start at 0.
    fn slots(&self) -> usize;

    /// Moves the parameters `w` against their gradient `d_w`. `state` is `(slots, w.len())`. `step` counts from 0.
    fn update(&self, step: u64, w: &mut [T], d_w: &[T], state: ArrayViewMut2<'_, T>);
}

/// Stochastic gradient descent with momentum: `v = momentum v + d_w`, `w = w - learning_rate v` (B. Polyak, 1964, in the
/// form that PyTorch uses). Without momentum nothing is remembered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sgd<T> {
    /// The step's length by the gradient's.
    pub learning_rate: T,
    /// The share of the last step's velocity that is kept, in `0..1`.
    pub momentum: T,
    /// The instructions that its kernels may use.
    pub level: Level,
}

impl<T: Scalar> Optimizer<T> for Sgd<T> {
    fn slots(&self) -> usize {
        usize::from(self.momentum != T::zero())
    }

    fn update(&self, _step: u64, w: &mut [T], d_w: &[T], mut state: ArrayViewMut2<'_, T>) {
        let Self {
            learning_rate,
            momentum,
            level,
        } = *self;
        if momentum == T::zero() {
            kernels::combine(level, -learning_rate, d_w, T::one(), w);
            return;
        }
        let mut velocity = state.row_mut(0);
        let velocity = velocity.as_slice_mut().expect("rows that lie side by side");
        let pace = Descent {
            learning_rate,
            momentum,
        };
        kernels::descend(level, pace, d_w, velocity, w);
    }
}
