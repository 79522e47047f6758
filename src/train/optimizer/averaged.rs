//! A mean of the parameters over the steps.

use ndarray::s;

use super::{Optimizer, Pace, Row, weight_of};
use crate::kernels::{self, Level};
use crate::scalar::Scalar;

/// Another optimizer, and beside it an exponential mean of the parameters after each step: `mean = decay mean + (1 - decay) w`, in the
/// slot behind those of the other one. Divided by the sum of its weights, it is what the network answers with.
#[derive(Debug)]
pub struct Averaged<T> {
    /// How parameters move.
    pub optimizer: Box<dyn Optimizer<T>>,
    /// The share of the mean that is kept, in `0..1`.
    pub decay: f64,
    /// The instructions that its kernels may use.
    pub level: Level,
}

impl<T: Scalar> Optimizer<T> for Averaged<T> {
    fn slots(&self) -> usize {
        self.optimizer.slots() + 1
    }

    fn pace(&self, learning_rate: T, step: u64) -> Pace<T> {
        self.optimizer.pace(learning_rate, step)
    }

    fn update(&self, pace: Pace<T>, row: Row<'_, T>) {
        let own = self.optimizer.slots();
        let Row {
            parameters,
            gradient,
            mut slots,
        } = row;
        let of_other = Row {
            parameters: &mut *parameters,
            gradient,
            slots: slots.slice_mut(s![..own, ..]),
        };
        self.optimizer.update(pace, of_other);
        let mut mean = slots.row_mut(own);
        let mean = mean.as_slice_mut().expect("contiguous rows");
        let (kept, new) = (T::of(self.decay), T::of(1.0 - self.decay));
        kernels::combine(self.level, new, parameters, kept, mean);
    }

    fn average(&self, steps: u64) -> Option<(usize, T)> {
        let weight = weight_of(self.decay, steps);
        (steps > 0).then(|| (self.optimizer.slots(), T::of(weight.recip())))
    }
}
