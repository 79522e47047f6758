//! What goes into a run, beside its plan, and what comes out of it.

use super::checkpoint::Checkpoint;
use super::plan::Plan;
use super::state::{Accuracies, EpochFigures};
use crate::error::Result;
use crate::model::{AnyModel, Model};

/// A run that is to be trained, with whoever watches it.
#[derive(Clone, Copy, Debug)]
pub struct Running<'a, O> {
    /// What it does.
    pub plan: &'a Plan<'a>,
    /// Where it goes on; none where it begins.
    pub checkpoint: Option<&'a Checkpoint>,
    /// Who watches it.
    pub observer: O,
}

/// The end of a run that was trained side by side with others.
#[derive(Debug)]
pub struct End<O> {
    /// The run's number, counted from 0.
    pub run: usize,
    /// Who watched it.
    pub observer: O,
    /// What it leaves, or what ended it.
    pub outcome: Result<Outcome>,
}

/// Who is told of runs that have ended, as soon as they have; runs that end at the same moment are told together.
pub type Ended<'a, O> = dyn FnMut(Vec<End<O>>) + Send + 'a;

/// What a group leaves of a run: the trained network, the figures of each epoch, and the epoch whose network it is, where that is the best one.
pub(super) type Finished<T> = (Model<T>, Vec<EpochFigures>, Option<usize>);

/// What a run leaves.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The trained network with what it needs to predict.
    pub model: AnyModel,
    /// The error of the last epoch, or of the one whose network was restored: the mean of its mini-batches' errors, each before its update.
    pub error: f64,
    /// The evaluation after that epoch, by the forward pass of the steps: where that multiplies integers, a few answers may
    /// differ from those of a [`Predictor`](crate::evaluate::Predictor), which `test_accuracy` comes from.
    pub accuracies: Accuracies,
    /// The epoch whose network `model` is, counted from 0, where the plan lets a run end early
    /// ([`TrainOptions::early_stopping`](super::TrainOptions::early_stopping)); none where it is that of the last one anyway.
    pub restored: Option<usize>,
    /// The accuracy on the official test samples, in 0..=1, scaled by the means and deviations of the training samples; none where
    /// there are no test samples.
    pub test_accuracy: Option<f64>,
    /// The number of samples that it was trained on.
    pub training_samples: usize,
    /// The figures of every epoch, in their order.
    pub history: Vec<EpochFigures>,
}
