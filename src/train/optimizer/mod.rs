//! What a step does to parameters, given their gradient.
//!
//! | optimizer | remembers | source |
//! |---|---|---|
//! | [`Sgd`] | nothing, or a velocity | B. Polyak, 1964; looking ahead: Y. Nesterov, 1983, I. Sutskever et al., 2013 |
//! | [`Adam`] | two moments | D. Kingma, J. Ba, 2014; beside [`Rule::keep`](super::update::Rule::keep) it is `AdamW`, I. Loshchilov, F. Hutter, 2017 |
//! | [`Averaged`] | what another one does, and a mean of the parameters | B. Polyak, A. Juditsky, 1992, with the weights of D. Kingma, J. Ba, 2014 |
//!
//! The forms are PyTorch's.

mod adam;
mod averaged;
mod kind;
mod sgd;

pub use adam::Adam;
pub use averaged::Averaged;
pub use kind::OptimizerKind;
pub use sgd::Sgd;

use ndarray::ArrayViewMut2;

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

/// What all rows of one step share: computed once a step, in 64 bits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace<T> {
    /// How far parameters move: the factor of the velocity, or of the ratio of moments.
    pub length: T,
    /// What [`Adam`] multiplies the root of the second moment by; of others 1.
    pub of_root: T,
}

/// An update rule: a pure function of a row, its slots and the pace of the step.
pub trait Optimizer<T: Scalar>: Sync + Send + std::fmt::Debug {
    /// Numbers that are remembered of each parameter; they start at 0.
    fn slots(&self) -> usize;

    /// What the rows of step number `step`, counted from 1, share at this learning rate.
    fn pace(&self, learning_rate: T, step: u64) -> Pace<T>;

    /// Moves the parameters of a row against their gradient.
    fn update(&self, pace: Pace<T>, row: Row<'_, T>);

    /// The mean of the parameters over the steps, where it is remembered: the number of its slot, and the factor that makes it a mean of
    /// those `steps` steps that were taken.
    fn average(&self, steps: u64) -> Option<(usize, T)> {
        let _ = steps;
        None
    }
}

/// `1 - factor^steps`: the sum of the weights `(1 - factor) factor^i` of an exponential mean of so many numbers.
fn weight_of(factor: f64, steps: u64) -> f64 {
    let steps = i32::try_from(steps).unwrap_or(i32::MAX);
    1.0 - factor.powi(steps)
}
