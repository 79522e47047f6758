//! All that the future of a run depends on, beside its plan and its data.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::optimizer::Optimizer;
use crate::model::{Layer, Mlp};
use crate::network::folded;
use crate::scalar::Scalar;

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
    /// The Euclidean norm of the gradient of its last mini-batch's objective, the regulariser's included, as the step takes it: where
    /// `clip_norm` shortens it, of the shortened one. None as above, and where it is not finite.
    pub gradient_norm: Option<f64>,
}

/// The state of a run between two steps. Random numbers are a pure function of seed, purpose and index, so none are kept here.
#[derive(Clone, Debug, PartialEq)]
pub struct State<T> {
    /// The network with its parameters.
    pub mlp: Mlp<T>,
    /// What the optimizer remembers: layer after layer, of the weights, then of the biases, then of the gains, each `(slots, parameters)`.
    pub slots: Vec<T>,
    /// Of layers that are normalised, running means of what mini-batches found out, as [`crate::network::Memory::follow`] has them.
    pub figures: Vec<T>,
    /// The number of steps that were taken since the run began.
    pub step: u64,
    /// The epoch that is under way, or the next one, counted from 0.
    pub epoch: usize,
    /// The number of the next mini-batch of the epoch, counted from 0.
    pub batch: usize,
    /// The sum of the errors of the epoch's mini-batches so far.
    pub error_sum: f64,
    /// What is told of the step that was taken last, where that is the last one of its epoch.
    pub last_step: Option<LastStep>,
    /// The epochs that are over.
    pub history: Vec<EpochFigures>,
    /// The best network so far, which a run that may end early ends with; none before the first evaluation, and in other runs.
    pub best: Option<Kept<T>>,
}

/// What is told of a step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LastStep {
    /// Its learning rate.
    pub learning_rate: f64,
    /// The Euclidean norm of its gradient; none where it is not finite.
    pub gradient_norm: Option<f64>,
}

/// The network that [answered](State::answering) after an epoch.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept<T> {
    /// The epoch, counted from 0.
    pub epoch: usize,
    /// Its parameters, laid out as those of the network in training, but [without norms](crate::model::Layout::without_norms).
    pub parameters: Vec<T>,
}

impl<T> Kept<T> {
    /// The network of a run in whose training it is `mlp`.
    pub(super) fn network(self, mlp: &Mlp<T>) -> Mlp<T> {
        Mlp {
            layout: mlp.layout.without_norms(),
            parameters: self.parameters,
            ..*mlp
        }
    }
}

impl<T: Scalar> State<T> {
    /// The state before the first step.
    #[must_use]
    pub fn new(mlp: Mlp<T>, optimizer: &dyn Optimizer<T>) -> Self {
        Self {
            slots: vec![T::zero(); mlp.parameters.len() * optimizer.slots()],
            figures: vec![T::zero(); mlp.layout.running_figures()],
            mlp,
            step: 0,
            epoch: 0,
            batch: 0,
            error_sum: 0.0,
            last_step: None,
            history: Vec::new(),
            best: None,
        }
    }

    /// The network that answers: the mean of the parameters where `optimizer` remembers one, and layers that are normalised as plain ones.
    /// Its shape is that of the model's file.
    #[must_use]
    pub fn answering(&self, optimizer: &dyn Optimizer<T>) -> Cow<'_, Mlp<T>> {
        let mut network = Cow::Borrowed(&self.mlp);
        if let Some((slot, factor)) = optimizer.average(self.step) {
            network.to_mut().parameters = self.slot(slot, optimizer.slots(), factor);
        }
        if network.layout.has_norms() {
            network = Cow::Owned(folded(&network, &self.figures));
        }
        network
    }

    /// The numbers of slot number `slot` of `slots`, laid out as the parameters are, times `factor`.
    fn slot(&self, slot: usize, slots: usize, factor: T) -> Vec<T> {
        let mut numbers = Vec::with_capacity(self.mlp.parameters.len());
        let mut rest = &*self.slots;
        for part in self.mlp.layout.layers().iter().flat_map(Layer::parts) {
            let (these, others) = rest.split_at(part.len() * slots);
            rest = others;
            let row = &these[slot * part.len()..][..part.len()];
            numbers.extend(row.iter().map(|&number| number * factor));
        }
        numbers
    }
}
