//! All that the future of a run depends on, beside its plan and its data.

use super::optimizer::Optimizer;
use crate::model::Mlp;
use crate::scalar::Scalar;

/// The accuracies of one evaluation, in 0..=1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Accuracies {
    /// On the training samples; none if there are none.
    pub train: Option<f64>,
    /// On the held-out samples; none if none are held out.
    pub heldout: Option<f64>,
}

/// An epoch that is over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EpochFigures {
    /// The epoch's number, counted from 0.
    pub epoch: usize,
    /// The mean of its mini-batches' errors, each before its update.
    pub error: f64,
    /// What was evaluated after it; none if nothing was.
    pub accuracies: Option<Accuracies>,
}

/// The state of a run between two steps. Random numbers are a pure function of seed, purpose and index, so none are kept here.
#[derive(Clone, Debug, PartialEq)]
pub struct State<T> {
    /// The network with its parameters.
    pub mlp: Mlp<T>,
    /// What the optimizer remembers: layer after layer, of the weights and then of the biases, each `(slots, parameters)`.
    pub slots: Vec<T>,
    /// The number of steps that were taken since the run began.
    pub step: u64,
    /// The epoch that is under way, or the next one, counted from 0.
    pub epoch: usize,
    /// The number of the next mini-batch of the epoch, counted from 0.
    pub batch: usize,
    /// The sum of the errors of the epoch's mini-batches so far.
    pub error_sum: f64,
    /// The epochs that are over.
    pub history: Vec<EpochFigures>,
}

impl<T: Scalar> State<T> {
    /// The state before the first step.
    #[must_use]
    pub fn new(mlp: Mlp<T>, optimizer: &dyn Optimizer<T>) -> Self {
        Self {
            slots: vec![T::zero(); mlp.parameters.len() * optimizer.slots()],
            mlp,
            step: 0,
            epoch: 0,
            batch: 0,
            error_sum: 0.0,
            history: Vec::new(),
        }
    }
}
