//! All that the future of a run depends on, beside its plan and its data.

use super::optimizer::Optimizer;
use crate::model::Mlp;
use crate::scalar::{Dtype, Scalar};

/// The figures of one evaluation; accuracies are in 0..=1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Accuracies {
    /// On the training samples; none if there are none.
    pub train: Option<f64>,
    /// On the held-out samples; none if none are held out.
    pub heldout: Option<f64>,
    /// The mean over the held-out samples of the output's cross-entropy, by the natural logarithm and without the regulariser; none if none
    /// are held out, and where it is not finite. It is a sum over chunks in their order, so it has the same bits on any number of threads.
    pub heldout_loss: Option<f64>,
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
    /// The learning rate of its last step; none of epochs that a run of an older version took.
    pub learning_rate: Option<f64>,
    /// The Euclidean norm of the gradient of its last mini-batch's objective, the regulariser's included; none as above, and where it is not
    /// finite.
    pub gradient_norm: Option<f64>,
}

impl EpochFigures {
    /// Those of an epoch that is not evaluated yet, given the learning rate and the gradient of its last step.
    pub(super) fn new<T: Scalar>(
        epoch: usize,
        error: f64,
        learning_rate: T,
        gradient: &[T],
    ) -> Self {
        Self {
            epoch,
            error,
            accuracies: None,
            learning_rate: Some(spelled(learning_rate)),
            gradient_norm: Some(euclidean(gradient)).filter(|norm| norm.is_finite()),
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

/// The number by its shortest decimals: 0.001 where the type has no such number.
fn spelled<T: Scalar>(number: T) -> f64 {
    let wide = number.wide();
    match T::DTYPE {
        Dtype::F32 => (wide as f32).to_string().parse().unwrap_or(wide),
        Dtype::F64 => wide,
    }
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
    /// The best network so far, which a run that may end early ends with; none before the first evaluation, and in other runs.
    pub best: Option<Kept<T>>,
}

/// The parameters after an epoch.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept<T> {
    /// The epoch, counted from 0.
    pub epoch: usize,
    /// Laid out as those of the network.
    pub parameters: Vec<T>,
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
            best: None,
        }
    }
}
